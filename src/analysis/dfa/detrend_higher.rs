//! Stage `dfa/detrend_higher`: the residual of every window from its least-squares parabola or cubic,
//! orders 2 and 3.
//!
//! Place in the flow: takes the place of [`super::detrend`] between [`super::profile`] and
//! [`super::fluctuation`], with the same bindings.
//!
//! # What it computes
//! Bindings: `shape`, `sizes`, `profile` (rows × steps), `levels` (rows × ceil(steps / 32)) →
//! `residuals` (rows × windows), each `Σ r²` in the scaled unit of the profile.
//!
//! One invocation per window, piece by piece as in [`super::detrend`]; a piece fits its own
//! polynomial in two passes and joins the window by [`super::stretch::join`]. A residual below
//! what `f32` resolves of the parabola or cubic that was taken out
//! ([`super::stretch::UNRESOLVED`]) is 0: a straight trend has no fluctuation at order 2, and gets no
//! exponent from rounding. A piece of 2 samples has no parabola, one of 3 no cubic: those
//! coefficients are 0 and weigh nothing.
//!
//! # Order of summation
//! In sequence within a piece; 32 pieces in sequence into a group, groups in sequence into the
//! window.

use super::detrend::every_window;
use super::params::{Shape, SizeRecord};
use super::stretch::{Stretch, divide, join, mean_squares, settled};
use super::summary::Summary;
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage.
pub struct DetrendHigher;

impl Stage for DetrendHigher {
    fn name(&self) -> &'static str {
        "dfa/detrend_higher"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/detrend_higher.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/window.wgsl"),
            include_str!("../../../shaders/shared/leaf_higher.wgsl"),
            include_str!("../../../shaders/shared/block.wgsl"),
            include_str!("../../../shaders/shared/stretch.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        64
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
            Binding::read("profile", "f32"),
            Binding::read("levels", "f32"),
            Binding::read_write("residuals", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let shape = Shape::from_bytes(params);
        grid((shape.rows * shape.windows).div_ceil(self.lanes()))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        every_window::<Stretch>(bound);
    }
}

/// The four polynomials at sample `i` of `count`.
fn polynomials(i: usize, count: f32) -> [f32; 4] {
    let square = count * count;
    let u = (2.0 * i as f32 + 1.0 - count) / count;
    [
        1.0,
        u,
        u * u - (square - 1.0) / (3.0 * square),
        u * (u * u - (3.0 * square - 7.0) / (5.0 * square)),
    ]
}

impl Summary for Stretch {
    const KEPT: usize = 6;

    fn leaf(profile: &[f32], before: f32, order: u32) -> Self {
        let samples = profile.len() as f32;
        let mut moments = [0.0; 4];
        for (i, p) in profile.iter().enumerate() {
            let values = polynomials(i, samples);
            for (moment, value) in moments.iter_mut().zip(values) {
                *moment += value * (p - before);
            }
        }
        let squares = mean_squares(samples, order);
        let [m0, m1, m2, m3] = moments.map(|moment| moment / samples);
        let coefficients =
            [m0, divide(m1, squares[1]), divide(m2, squares[2]), divide(m3, squares[3])];
        let mut residual = 0.0;
        for (i, p) in profile.iter().enumerate() {
            let values = polynomials(i, samples);
            let fitted = values[0] * coefficients[0]
                + values[1] * coefficients[1]
                + values[2] * coefficients[2]
                + values[3] * coefficients[3];
            let distance = p - before - fitted;
            residual += distance * distance;
        }
        let sum = profile[profile.len() - 1] - before;
        Self { count: samples, sum, residual, coefficients }
    }

    fn tilted(self, tilt: f32) -> Self {
        let [c0, c1, c2, c3] = self.coefficients;
        let line = [tilt * (self.count + 1.0) * 0.5, tilt * self.count * 0.5];
        Self {
            sum: self.sum + tilt * self.count,
            coefficients: [c0 + line[0], c1 + line[1], c2, c3],
            ..self
        }
    }

    fn join(self, next: Self, order: u32) -> Self {
        join(self, next, order)
    }

    fn rest(self, order: u32) -> f32 {
        settled(self, order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_has_its_polynomial_and_residual() {
        // A parabola behind a value of 10, tilted: the residual stays 0.
        let parabola: Vec<f32> = (0..9).map(|i| 10.0 + (i * i) as f32).collect();
        for order in [2, 3] {
            let stretch = Stretch::leaf(&parabola, 10.0, order).tilted(0.5);
            assert!(stretch.residual < 1e-8 && (stretch.sum - 68.5).abs() < 1e-5);
            // The mean of i² is 22.7; the tilt adds 2.5. u² has (9/2)² = 20.25.
            assert!((stretch.coefficients[0] - (204.0 / 9.0 + 2.5)).abs() < 1e-5);
            assert!((stretch.coefficients[2] - 20.25).abs() < 1e-4);
        }
        // Too few samples for a degree: no coefficient, and no residual.
        for samples in 1..=3 {
            let short = Stretch::leaf(&parabola[..samples], 10.0, 3);
            assert!(short.residual < 1e-10);
            assert!(short.coefficients[samples..].iter().all(|c| *c == 0.0));
        }
    }
}

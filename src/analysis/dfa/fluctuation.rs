//! Stage `dfa/fluctuation`: root mean square of the residuals of each size.
//!
//! Place in the flow: reads what [`super::detrend`] wrote; [`super::exponent`] fits what it writes.
//!
//! # What it computes
//! Bindings: `shape`, `sizes`, `residuals` (rows × windows), `marks` (rows) → `fluctuations` (rows
//! × sizes): `F(n) = unit · sqrt(Σ R / windows / n)`, or where the convention averages roots `unit ·
//! Σ sqrt(R / n) / windows`, in the unit of the trace. Traces that are constant or not finite get
//! 0; their mark says so.
//!
//! # Order of summation
//! One workgroup per trace and size. Lane `l` adds the windows `l, l + LANES, ...` in runs of 32,
//! and the runs; lanes are added in a tree, the upper half onto the lower until one is left.
//! (Without the runs a million samples in windows of 8 were off by 1.3e-6.)

use super::params::{Mark, Shape, SizeRecord};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage.
pub struct Fluctuation;

const LANES: usize = 32;

/// Windows that a lane adds up before it adds them to its total; `RUN` in the shader.
pub const RUN: usize = 32;

impl Stage for Fluctuation {
    fn name(&self) -> &'static str {
        "dfa/fluctuation"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/fluctuation.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/mark.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        LANES as u32
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
            Binding::read("residuals", "f32"),
            Binding::read_records("marks", Mark::FIELDS, Mark::SIZE),
            Binding::read_write("fluctuations", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let shape = Shape::from_bytes(params);
        grid(shape.rows * shape.sizes)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let shape: Shape = bound.params(0);
        let sizes: &[SizeRecord] = bound.take(1);
        let residuals: &[f32] = bound.take(2);
        let marks: &[Mark] = bound.take(3);
        let fluctuations: &mut [f32] = bound.take(4);
        let windows = shape.windows as usize;
        for (row, mark) in marks.iter().enumerate().take(shape.rows as usize) {
            for (place, size) in sizes.iter().enumerate() {
                let begin = row * windows + size.first as usize;
                let residuals = &residuals[begin..][..size.count as usize];
                let fluctuation = mark.unit * average(residuals, size.size, shape.roots);
                fluctuations[row * sizes.len() + place] = fluctuation;
            }
        }
    }
}

/// `F` of windows of `size` samples in the scaled unit, from their residuals.
pub(super) fn average(residuals: &[f32], size: u32, roots: u32) -> f32 {
    let (count, samples) = (residuals.len() as f32, size as f32);
    if roots == 0 {
        (add_up(residuals, |residual| residual) / count / samples).sqrt()
    } else {
        add_up(residuals, |residual| (residual / samples).sqrt()) / count
    }
}

/// The sum of what each of `values` contributes, in the order of a workgroup.
fn add_up(values: &[f32], contribution: impl Fn(f32) -> f32) -> f32 {
    let mut partial = [0.0f32; LANES];
    for (lane, partial) in partial.iter_mut().enumerate() {
        let (mut total, mut run, mut added) = (0.0, 0.0, 0);
        for value in values.iter().skip(lane).step_by(LANES) {
            run += contribution(*value);
            added += 1;
            if added == RUN {
                total += run;
                run = 0.0;
                added = 0;
            }
        }
        *partial = total + run;
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            partial[lane] += partial[lane + half];
        }
        half /= 2;
    }
    partial[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_added_once() {
        for count in [1, LANES - 1, LANES, LANES + 1, 3 * LANES + 7, RUN * LANES + 40] {
            let values: Vec<f32> = (1..=count).map(|i| i as f32).collect();
            assert_eq!(add_up(&values, |value| value), (count * (count + 1) / 2) as f32);
        }
    }
}

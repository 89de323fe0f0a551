//! The continuous-time network, backward on the CPU: gradients through time of a pass of
//! [`super::advance`] that began at a state of zeros.
//!
//! Place in the flow: floor 3, training only.
//!
//! ```text
//! dh_t   = grad_hidden_t + (1 - g) dh_{t+1} + dpre_{t+1} Wᵀ       from the last step to the first
//! dpre_t = g dh_t f'        f' from f's own value: ReLU 0 or 1, softplus 1 − e⁻ᵃ, tanh 1 − a²
//! (db; dU; dW) = sum over rows and steps of (1, u_t, h_{t-1})ᵀ dpre_t
//! ```
//!
//! Noise inside is part of f's argument and noise outside is a constant, so that both sites have the
//! same formulas. What is smaller than [`SMALLEST_GRADIENT`](super::super::activations::SMALLEST_GRADIENT)
//! becomes zero. Order of summation: 16 rows by 16 steps at a time, from the last step to the first,
//! steps from last to first within, rows in order; then the groups of 16 rows in order: the same
//! bits on any number of threads.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::super::activations::{flush, softplus_slope};
use super::super::products::{
    FEW_ROWS, Line, MANY_ROWS, add_product, add_transposed_product, floats, floats_mut, load,
    store, vectors, vectors_mut, zeros,
};
use super::advance::{CHUNK_ROWS, Row, VECTORS};
use super::weights::Weights;
use crate::analysis::noise::Nonlinearity;

/// Time steps gathered before their share of the weights' gradients is added.
const STEPS_PER_PRODUCT: usize = 16;

/// What the backward pass reads.
#[derive(Clone, Copy)]
pub(super) struct Saved<'a> {
    /// The rows of the pass.
    pub rows: &'a [Row],
    /// u of every drive, `[drives, steps, I]`.
    pub drive: &'a [f32],
    /// Its steps.
    pub steps: usize,
    /// h, `[rows, steps, N]`.
    pub hidden: &'a [f32],
    /// What f gave, `[rows, steps, N]`.
    pub active: &'a [f32],
    /// The loss's gradient for h, `[rows, steps, N]`.
    pub grad_hidden: &'a [f32],
}

/// The gradients of b `[N]`, U `[I, N]` and W `[N, N]`.
pub(super) struct Gradients {
    pub bias: Vec<f32>,
    pub input: Vec<f32>,
    pub recurrent: Vec<f32>,
}

/// The gradients of a pass.
pub(super) fn backward(weights: &Weights, saved: Saved<'_>) -> Gradients {
    let states = saved.rows.len() * saved.steps * weights.units;
    for array in [saved.hidden, saved.active, saved.grad_hidden] {
        assert_eq!(array.len(), states, "a number per row, step and unit");
    }
    Arch::new().dispatch(Pass { weights, saved })
}

struct Pass<'a> {
    weights: &'a Weights,
    saved: Saved<'a>,
}

impl WithSimd for Pass<'_> {
    type Output = Gradients;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Gradients {
        let Self { weights, saved } = self;
        let panel = VECTORS * S::F32_LANES;
        let transposed = &weights.pack_transposed(panel);
        let groups: Vec<usize> = (0..saved.rows.len()).step_by(CHUNK_ROWS).collect();
        let partial: Vec<Vec<Line>> = groups
            .into_par_iter()
            .map(|first| simd.vectorize(Group { weights, transposed, saved, first }))
            .collect();
        let (depth, units) = (weights.depth(), weights.units);
        let width = depth.next_multiple_of(MANY_ROWS);
        let mut all = vec![0.0; depth * units];
        for partial in &partial {
            for (at, sum) in all.iter_mut().enumerate() {
                let (row, unit) = (at / units, at % units);
                *sum += floats(partial)[(unit / panel * width + row) * panel + unit % panel];
            }
        }
        let recurrent = all.split_off((1 + weights.inputs) * units);
        let input = all.split_off(units);
        Gradients { bias: all, input, recurrent }
    }
}

/// Up to [`CHUNK_ROWS`] rows from `first` on; gives (db; dU; dW), `[panel][width][panel's columns]`.
#[derive(Clone, Copy)]
struct Group<'a> {
    weights: &'a Weights,
    transposed: &'a [Line],
    saved: Saved<'a>,
    first: usize,
}

impl WithSimd for Group<'_> {
    type Output = Vec<Line>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Line> {
        if S::REGISTER_COUNT < 32 {
            self.run::<S, FEW_ROWS>(simd)
        } else {
            self.run::<S, MANY_ROWS>(simd)
        }
    }
}

impl Group<'_> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) -> Vec<Line> {
        let Saved { rows, drive, steps, hidden, .. } = self.saved;
        let Weights { inputs, units, .. } = *self.weights;
        let panel = VECTORS * S::F32_LANES;
        let padded = units.next_multiple_of(panel);
        let width = self.weights.depth().next_multiple_of(MANY_ROWS);
        let rows = &rows[self.first..][..CHUNK_ROWS.min(rows.len() - self.first)];
        let tile_rows = rows.len().next_multiple_of(R);
        let depth = tile_rows * STEPS_PER_PRODUCT.min(steps);
        // Of every row and gathered step: dpre, `[panel][row and step][panel's columns]`, and what
        // pre was a weighted sum of.
        let (mut grad_pre, mut factors) = (zeros(depth * padded), zeros(depth * width));
        let mut sums = zeros(width * padded);
        let mut carried = zeros(tile_rows * padded);
        let mut gathered = 0;
        for step in (0..steps).rev() {
            let (grad_pre, factors) = (floats_mut(&mut grad_pre), floats_mut(&mut factors));
            let carried = floats_mut(&mut carried);
            for (row, about) in rows.iter().enumerate() {
                let place = (self.first + row) * steps + step;
                let factors = &mut factors[(gathered + row) * width..][..width];
                factors[0] = 1.0;
                let from = (about.drive as usize * steps + step) * inputs;
                factors[1..=inputs].copy_from_slice(&drive[from..][..inputs]);
                let before = &mut factors[1 + inputs..][..units];
                match step {
                    0 => before.fill(0.0),
                    _ => before.copy_from_slice(&hidden[(place - 1) * units..][..units]),
                }
                let carried = &mut carried[row * padded..][..padded];
                for unit in (0..units).step_by(S::F32_LANES) {
                    let at = (unit / panel * depth + gathered + row) * panel + unit % panel;
                    let to = &mut grad_pre[at..][..S::F32_LANES];
                    let carried = &mut carried[unit..][..S::F32_LANES];
                    let dpre = self.differentiate(simd, place, unit, carried);
                    store(simd, to, dpre);
                }
            }
            self.carry::<S, R>(simd, grad_pre, [depth, gathered], carried);
            gathered += tile_rows;
            if gathered == depth || step == 0 {
                let factors = &factors[..gathered * width];
                let panels = vectors::<S, VECTORS>(grad_pre).chunks_exact(depth);
                let sums = vectors_mut::<S, VECTORS>(floats_mut(&mut sums)).chunks_exact_mut(width);
                for (sums, grad_pre) in sums.zip(panels) {
                    for (tile, sums) in sums.as_chunks_mut::<R>().0.iter_mut().enumerate() {
                        let place = [width, tile * R];
                        *sums = add_transposed_product(simd, factors, place, grad_pre, *sums);
                    }
                }
                gathered = 0;
            }
        }
        sums
    }

    /// dpre of a vector of units from `unit` on, of row and step `place`; `carried`, dh from the step
    /// after, becomes its share of dh of the step before.
    #[inline(always)]
    fn differentiate<S: Simd>(
        &self,
        simd: S,
        place: usize,
        unit: usize,
        carried: &mut [f32],
    ) -> S::f32s {
        let (units, dynamics) = (self.weights.units, self.weights.dynamics);
        let count = S::F32_LANES.min(units - unit);
        let of = |values: &[f32]| load(simd, &values[place * units + unit..][..count]);
        let dh = flush(simd, simd.add_f32s(load(simd, carried), of(self.saved.grad_hidden)));
        store(simd, carried, simd.mul_f32s(simd.splat_f32s(1.0 - dynamics.rate), dh));
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let active = of(self.saved.active);
        let slope = match dynamics.nonlinearity {
            Nonlinearity::Relu => simd.select_f32s(simd.greater_than_f32s(active, zero), one, zero),
            Nonlinearity::SoftPlus => softplus_slope(simd, active),
            Nonlinearity::Tanh => simd.negate_mul_add_e_f32s(active, active, one),
        };
        let taken = simd.mul_f32s(simd.splat_f32s(dynamics.rate), dh);
        flush(simd, simd.mul_f32s(taken, slope))
    }

    /// Adds dpre Wᵀ of the `at`-th rows of `depth` to `carried` `[row][padded]`.
    #[inline(always)]
    fn carry<S: Simd, const R: usize>(
        &self,
        simd: S,
        grad_pre: &[f32],
        [depth, at]: [usize; 2],
        carried: &mut [f32],
    ) {
        let panel = VECTORS * S::F32_LANES;
        let padded = self.weights.units.next_multiple_of(panel);
        for (tile, carried) in carried.chunks_exact_mut(R * padded).enumerate() {
            let columns = vectors::<S, VECTORS>(floats(self.transposed)).chunks_exact(padded);
            for (column, weights) in columns.enumerate() {
                let mut sums: [[S::f32s; VECTORS]; R] = std::array::from_fn(|row| {
                    vectors::<S, VECTORS>(&carried[row * padded + column * panel..])[0]
                });
                for (from, weights) in weights.chunks_exact(panel).enumerate() {
                    let rows = &grad_pre[(from * depth + at + tile * R) * panel..];
                    sums = add_product(simd, rows, panel, weights, sums);
                }
                for (row, sums) in sums.into_iter().enumerate() {
                    let to = &mut carried[row * padded + column * panel..];
                    vectors_mut::<S, VECTORS>(to)[0] = sums;
                }
            }
        }
    }
}

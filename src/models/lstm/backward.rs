//! The recurrence of the LSTM, backward: stage `lstm/backward` and its twin, which is also the CPU
//! path.
//!
//! Place in the flow: floor 3, training only. From the loss's gradient for the hidden states it
//! makes the gradients for x and for the weights.
//!
//! ```text
//! dh_t = grad_hidden_t + dz_{t+1} · Uᵀ         from the last step to the first
//! do = dh tanh(C)            dC_t = dC_{t+1} f_{t+1} + dh o (1 − tanh²(C))
//! di = dC candidate          df = dC C_{t-1}          dcandidate = dC i
//! dz = (di i (1−i), df f (1−f), dcandidate (1−candidate²), do o (1−o))
//! dx_t = dz_t · Wᵀ           (db; dW; dU) = sum over rows and steps of (1, x_t, h_{t-1})ᵀ dz_t
//! ```
//!
//! Shapes as in `forward`; dz is `[B, T, 4H]`. `tanh(C)` is computed again rather than kept. The
//! shader takes U as `[to, from, gate]`, gives dz and leaves the rest to Burn's matrix products; so
//! does the twin, with the identity for a kernel, under which dx is dz. The CPU path uses up dz while it is in the cache and
//! never holds all of it. What is smaller than
//! [`SMALLEST_GRADIENT`](super::SMALLEST_GRADIENT) becomes zero. Order of summation of
//! the weights' gradients: per group of rows, 16 rows by 16 steps at a time from the last step to
//! the first, steps from last to first within, rows in order; then the groups in order. Groups
//! depend on the batch alone, so any number of threads gives the same bits.

use super::forward::{CHUNK_ROWS, identity, recurrent_of};
use super::packing::{Gradients, Weights};
use super::sizes::{LANES, Parameters, Sizes};
use crate::gpu::stage::{Binding, Bound, Stage};
use crate::models::activations::{flush, tanh};
use crate::models::products::{
    FEW_ROWS, Line, MANY_ROWS, add_product, add_transposed_product, floats, floats_mut, load,
    store, vectors, vectors_mut, zeros,
};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Stage `lstm/backward`.
pub struct BackwardStage;

impl Stage for BackwardStage {
    fn name(&self) -> &'static str {
        "lstm/backward"
    }

    fn source(&self) -> &'static [&'static str] {
        &[include_str!("../../../shaders/lstm/backward.wgsl")]
    }

    fn lanes(&self) -> u32 {
        LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const {
            &[
                Parameters::BINDING,
                Binding::read_write("grad_hidden", "f32"),
                Binding::read_write("cell", "f32"),
                Binding::read_write("gates", "f32"),
                Parameters::weights("transposed"),
                Binding::read_write("grad_z", "f32"),
            ]
        }
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        Parameters::groups(params)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let sizes: Sizes = bound.params::<Parameters>(0).into();
        let (units, transposed) = (sizes.hidden, bound.take::<f32>(4));
        let recurrent =
            recurrent_of(units, |from, to, gate| transposed[(to * units + from) * 4 + gate]);
        let (kernel, bias) = (identity(units), vec![0.0; 4 * units]);
        let weights = Weights { kernel: &kernel, recurrent: &recurrent, bias: &bias };
        let (grad_hidden, cell) = (bound.take::<f32>(1), bound.take::<f32>(2));
        let gates = bound.take::<f32>(3);
        // h and x enter the weights' gradients alone, which are not asked for here.
        let (hidden, x) = (vec![0.0; cell.len()], vec![0.0; gates.len()]);
        let saved = Saved { x: &x, hidden: &hidden, cell, gates, grad_hidden };
        backward(sizes, saved, weights, bound.take(5));
    }
}

/// Most groups of rows: each keeps its own sums of the weights' gradients, which are 4 MiB at 512
/// units.
const MOST_ROW_GROUPS: usize = 32;
/// Time steps gathered before their share of the weights' gradients is added: with 16 rows an inner
/// dimension of 256, long enough to pay for reading and writing the sums, short enough to be still
/// in the second cache.
const STEPS_PER_PRODUCT: usize = 16;

/// What the backward pass reads.
#[derive(Clone, Copy)]
pub(super) struct Saved<'a> {
    /// `[B, T, E]`.
    pub x: &'a [f32],
    /// h, `[B, T, H]`.
    pub hidden: &'a [f32],
    /// C, `[B, T, H]`.
    pub cell: &'a [f32],
    /// Activated, `[B, T, 4H]`.
    pub gates: &'a [f32],
    /// The loss's gradient for h, `[B, T, H]`.
    pub grad_hidden: &'a [f32],
}

impl Saved<'_> {
    /// The part of rows `from` on, `count` at most.
    fn rows(self, sizes: Sizes, from: usize, count: usize) -> Self {
        let (until, steps) = ((from + count).min(sizes.batch), sizes.steps);
        let part = |width: usize| from * steps * width..until * steps * width;
        let (of_input, of_unit) = (part(sizes.inputs), part(sizes.hidden));
        Self {
            x: &self.x[of_input],
            hidden: &self.hidden[of_unit.clone()],
            cell: &self.cell[of_unit.clone()],
            gates: &self.gates[part(4 * sizes.hidden)],
            grad_hidden: &self.grad_hidden[of_unit],
        }
    }
}

/// Runs the recurrence backward: writes the gradient for x `[B, T, E]`, returns those of the
/// weights.
pub(super) fn backward(
    sizes: Sizes,
    saved: Saved<'_>,
    weights: Weights<'_>,
    grad_x: &mut [f32],
) -> Gradients {
    sizes.check(sizes.inputs, &[saved.x, grad_x]);
    sizes.check(sizes.hidden, &[saved.hidden, saved.cell, saved.grad_hidden]);
    sizes.check(4 * sizes.hidden, &[saved.gates]);
    Arch::new().dispatch(BackwardPass { sizes, saved, weights, grad_x })
}

/// All groups of rows, and the sum of what they give.
struct BackwardPass<'a> {
    sizes: Sizes,
    saved: Saved<'a>,
    weights: Weights<'a>,
    grad_x: &'a mut [f32],
}

impl WithSimd for BackwardPass<'_> {
    type Output = Gradients;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Gradients {
        let Self { sizes, saved, weights, grad_x } = self;
        let width = sizes.depth().next_multiple_of(MANY_ROWS);
        let padded = sizes.hidden.next_multiple_of(S::F32_LANES);
        let mut total = zeros(width * 4 * padded);
        if !sizes.is_empty() {
            let transposed = &weights.pack_transposed(sizes, S::F32_LANES);
            let group = sizes.batch.div_ceil(CHUNK_ROWS).div_ceil(MOST_ROW_GROUPS) * CHUNK_ROWS;
            let partial: Vec<Vec<Line>> = grad_x
                .par_chunks_mut(group * sizes.steps * sizes.inputs)
                .enumerate()
                .map(|(at, grad_x)| {
                    let batch = group.min(sizes.batch - at * group);
                    let saved = saved.rows(sizes, at * group, batch);
                    let sizes = Sizes { batch, ..sizes };
                    simd.vectorize(BackwardGroup { sizes, width, transposed, saved, grad_x })
                })
                .collect();
            for partial in partial {
                let values = floats(&partial);
                floats_mut(&mut total).iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
            }
        }
        Gradients::unpack(floats(&total), sizes, S::F32_LANES, width)
    }
}

/// The recurrence backward of one group of rows, chunk after chunk; gives the group's share of the
/// weights' gradients, as [`Weights::pack`] lays out, with `width` rows.
struct BackwardGroup<'a> {
    sizes: Sizes,
    width: usize,
    /// As [`Weights::pack_transposed`] gives them.
    transposed: &'a [Line],
    saved: Saved<'a>,
    grad_x: &'a mut [f32],
}

impl WithSimd for BackwardGroup<'_> {
    type Output = Vec<Line>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Line> {
        let Self { sizes, width, transposed, saved, grad_x } = self;
        let mut sums = zeros(width * 4 * sizes.hidden.next_multiple_of(S::F32_LANES));
        let chunks = grad_x.chunks_mut(CHUNK_ROWS * sizes.steps * sizes.inputs);
        for (at, grad_x) in chunks.enumerate() {
            let saved = saved.rows(sizes, at * CHUNK_ROWS, CHUNK_ROWS);
            let chunk = Chunk { sizes, width, transposed, saved };
            if S::REGISTER_COUNT < 32 {
                chunk.run::<S, FEW_ROWS>(simd, grad_x, floats_mut(&mut sums));
            } else {
                chunk.run::<S, MANY_ROWS>(simd, grad_x, floats_mut(&mut sums));
            }
        }
        sums
    }
}

/// Up to [`CHUNK_ROWS`] rows.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    sizes: Sizes,
    width: usize,
    transposed: &'a [Line],
    saved: Saved<'a>,
}

/// What a step hands to the one before it, of every row, of padded width. Rows and units that pad
/// stay zero.
struct Carried {
    /// dh, then the step's dx.
    grad_hidden: Vec<Line>,
    /// dC.
    grad_cell: Vec<Line>,
}

impl Chunk<'_> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S, grad_x: &mut [f32], sums: &mut [f32]) {
        let Self { sizes: Sizes { steps, inputs, hidden: units, .. }, width, saved, .. } = self;
        let padded = units.next_multiple_of(S::F32_LANES);
        let stride = padded + inputs.next_multiple_of(S::F32_LANES);
        let rows = grad_x.len() / (steps * inputs);
        let tile_rows = rows.next_multiple_of(R);
        let depth = tile_rows * STEPS_PER_PRODUCT.min(steps);
        // Of every row and gathered step: dz, and what its z was a weighted sum of.
        let (mut grad_z, mut factors) = (zeros(depth * 4 * padded), zeros(depth * width));
        let mut carried = Carried {
            grad_hidden: zeros(tile_rows * stride),
            grad_cell: zeros(tile_rows * padded),
        };
        let mut gathered = 0;
        for step in (0..steps).rev() {
            let (grad_z, factors) = (floats_mut(&mut grad_z), floats_mut(&mut factors));
            for row in 0..rows {
                let place = row * steps + step;
                let factors = &mut factors[(gathered + row) * width..][..width];
                factors[0] = 1.0;
                factors[1..=inputs].copy_from_slice(&saved.x[place * inputs..][..inputs]);
                let before = &mut factors[1 + inputs..][..units];
                match step {
                    0 => before.fill(0.0),
                    _ => before.copy_from_slice(&saved.hidden[(place - 1) * units..][..units]),
                }
                for (bundle, grad_z) in
                    grad_z.chunks_exact_mut(depth * 4 * S::F32_LANES).enumerate()
                {
                    let at = (gathered + row) * 4 * S::F32_LANES;
                    let grad_z = &mut grad_z[at..][..4 * S::F32_LANES];
                    let dz = &mut vectors_mut::<S, 4>(grad_z)[0];
                    let unit = bundle * S::F32_LANES;
                    *dz =
                        self.differentiate(simd, [row, step, unit], &mut carried, [padded, stride]);
                }
            }
            let grad_hidden = floats_mut(&mut carried.grad_hidden);
            self.multiply::<S, R>(simd, grad_z, [depth, gathered], grad_hidden, stride);
            for (row, carried) in grad_hidden.chunks_exact(stride).take(rows).enumerate() {
                let grad_x = &mut grad_x[(row * steps + step) * inputs..][..inputs];
                let vectors = carried[padded..].chunks_exact(S::F32_LANES);
                for (to, from) in grad_x.chunks_mut(S::F32_LANES).zip(vectors) {
                    store(simd, to, flush(simd, load(simd, from)));
                }
            }
            gathered += tile_rows;
            if gathered == depth || step == 0 {
                let factors = &factors[..gathered * width];
                add_weights::<S, R>(simd, factors, grad_z, [width, depth], sums);
                gathered = 0;
            }
        }
    }

    /// dz of a vector of units from `unit` on, and dC handed to the step before; formulas at the
    /// head of the file.
    #[inline(always)]
    fn differentiate<S: Simd>(
        &self,
        simd: S,
        [row, step, unit]: [usize; 3],
        carried: &mut Carried,
        [padded, stride]: [usize; 2],
    ) -> [S::f32s; 4] {
        let (units, place) = (self.sizes.hidden, row * self.sizes.steps + step);
        let count = S::F32_LANES.min(units - unit);
        let state = |values: &[f32], place| load(simd, &values[place * units + unit..][..count]);
        let gate = |gate| state(self.saved.gates, 4 * place + gate);
        let (i, f, candidate, o) = (gate(0), gate(1), gate(2), gate(3));
        let zero = simd.splat_f32s(0.0);
        let before = if step > 0 { state(self.saved.cell, place - 1) } else { zero };
        let squashed = tanh(simd, state(self.saved.cell, place));
        let from_after = &floats(&carried.grad_hidden)[row * stride + unit..];
        let dh = simd.add_f32s(load(simd, from_after), state(self.saved.grad_hidden, place));
        let dh = flush(simd, dh);
        let carried = &mut floats_mut(&mut carried.grad_cell)[row * padded + unit..];
        let through = simd.mul_f32s(simd.mul_f32s(dh, o), less_square(simd, squashed));
        let dc = simd.add_f32s(load(simd, carried), through);
        store(simd, &mut carried[..S::F32_LANES], flush(simd, simd.mul_f32s(dc, f)));
        // d sigmoid = s (1 − s); d tanh = 1 − t².
        let one = simd.splat_f32s(1.0);
        let slope = |gate| simd.mul_f32s(gate, simd.sub_f32s(one, gate));
        let of_gate = |upstream, value, slope| {
            flush(simd, simd.mul_f32s(simd.mul_f32s(upstream, value), slope))
        };
        [
            of_gate(dc, candidate, slope(i)),
            of_gate(dc, before, slope(f)),
            of_gate(dc, i, less_square(simd, candidate)),
            of_gate(dh, squashed, slope(o)),
        ]
    }

    /// dh of the step before and dx of this one, `[row][stride]`, from the `at`-th dz on of `depth`.
    #[inline(always)]
    fn multiply<S: Simd, const R: usize>(
        &self,
        simd: S,
        grad_z: &[f32],
        [depth, at]: [usize; 2],
        out: &mut [f32],
        stride: usize,
    ) {
        let long = 4 * self.sizes.hidden.next_multiple_of(S::F32_LANES);
        for start in (0..stride).step_by(4 * S::F32_LANES) {
            let panel = &floats(self.transposed)[start * long..];
            let place = [depth, at, start, stride];
            match (stride - start) / S::F32_LANES {
                1 => multiply_panel::<S, R, 1>(
                    simd,
                    grad_z,
                    &panel[..long * S::F32_LANES],
                    place,
                    out,
                ),
                2 => multiply_panel::<S, R, 2>(
                    simd,
                    grad_z,
                    &panel[..2 * long * S::F32_LANES],
                    place,
                    out,
                ),
                3 => multiply_panel::<S, R, 3>(
                    simd,
                    grad_z,
                    &panel[..3 * long * S::F32_LANES],
                    place,
                    out,
                ),
                _ => multiply_panel::<S, R, 4>(
                    simd,
                    grad_z,
                    &panel[..4 * long * S::F32_LANES],
                    place,
                    out,
                ),
            }
        }
    }
}

/// The columns from `start` on of [`Chunk::multiply`], `V` vectors of them.
#[inline(always)]
fn multiply_panel<S: Simd, const R: usize, const V: usize>(
    simd: S,
    grad_z: &[f32],
    panel: &[f32],
    [depth, at, start, stride]: [usize; 4],
    out: &mut [f32],
) {
    let bundle = 4 * S::F32_LANES;
    for (tile, out) in out.chunks_exact_mut(R * stride).enumerate() {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        let panels = vectors::<S, V>(panel).chunks_exact(bundle);
        for (grad_z, panel) in grad_z.chunks_exact(depth * bundle).zip(panels) {
            let rows = &grad_z[(at + tile * R) * bundle..];
            sums = add_product(simd, rows, bundle, panel, sums);
        }
        for (out, sums) in out.chunks_exact_mut(stride).zip(sums) {
            vectors_mut::<S, V>(&mut out[start..])[0] = sums;
        }
    }
}

/// Adds what the gathered steps give to the weights' gradients: factorsᵀ · dz.
#[inline(always)]
fn add_weights<S: Simd, const R: usize>(
    simd: S,
    factors: &[f32],
    grad_z: &[f32],
    [width, depth]: [usize; 2],
    sums: &mut [f32],
) {
    let bundles = vectors::<S, 4>(grad_z).chunks_exact(depth);
    for (sums, grad_z) in vectors_mut::<S, 4>(sums).chunks_exact_mut(width).zip(bundles) {
        for (tile, sums) in sums.as_chunks_mut::<R>().0.iter_mut().enumerate() {
            *sums = add_transposed_product(simd, factors, [width, tile * R], grad_z, *sums);
        }
    }
}

/// `1 − x²`.
#[inline(always)]
fn less_square<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    simd.negate_mul_add_e_f32s(x, x, simd.splat_f32s(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::forward::{Written, forward};
    use super::*;

    const SIZES: Sizes = Sizes { batch: 17, steps: 18, inputs: 2, hidden: 5 };

    /// The sum of all hidden states over x, kernel, recurrent and bias; and the states.
    fn total([x, kernel, recurrent, bias]: &[Vec<f32>; 4]) -> (f64, [Vec<f32>; 3]) {
        let states = SIZES.batch * SIZES.steps * SIZES.hidden;
        let [mut gates, mut cell, mut hidden] =
            [4, 1, 1].map(|width| vec![f32::NAN; width * states]);
        let written = Written { gates: &mut gates, cell: &mut cell, hidden: &mut hidden };
        forward(SIZES, x, Weights { kernel, recurrent, bias }, written);
        (hidden.iter().map(|value| f64::from(*value)).sum(), [gates, cell, hidden])
    }

    #[test]
    fn every_gradient_is_a_slope_of_the_forward_pass() {
        let value = |at: usize| ((at * 7919 + 13) % 101) as f32 / 100.0 - 0.5;
        let mut data = [17 * 18 * 2, 40, 100, 20].map(|count| (0..count).map(value).collect());
        let (_, [gates, cell, hidden]) = total(&data);
        let (ones, mut grad_x) = (vec![1.0; hidden.len()], vec![f32::NAN; data[0].len()]);
        let [x, kernel, recurrent, bias] = &data;
        let saved = Saved { x, hidden: &hidden, cell: &cell, gates: &gates, grad_hidden: &ones };
        let Gradients { kernel, recurrent, bias } =
            backward(SIZES, saved, Weights { kernel, recurrent, bias }, &mut grad_x);
        let step = 1.0 / 64.0;
        for (which, found) in [grad_x, kernel, recurrent, bias].iter().enumerate() {
            for at in [0, 7, found.len() / 2, found.len() - 1] {
                let mut moved = |by: f32| {
                    let old = data[which][at];
                    data[which][at] = old + by;
                    let (total, _) = total(&data);
                    data[which][at] = old;
                    total
                };
                let slope = (moved(step) - moved(-step)) / f64::from(2.0 * step);
                let (found, by) = (f64::from(found[at]), 2e-3 * slope.abs().max(1.0));
                assert!((found - slope).abs() < by, "{which} at {at}: {found} {slope}");
            }
        }
    }
}

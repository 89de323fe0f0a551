//! The recurrence of the LSTM, backward: stage `lstm/backward` and its twin, which is also the CPU
//! path.
//!
//! Place in the flow: floor 3, training only. From the loss's gradient for the hidden states it
//! makes the gradient for z, from which the ordinary autodiff of the input projection goes on, and
//! the one for U.
//!
//! ```text
//! dh_t = grad_hidden_t + dz_{t+1} · Uᵀ         from the last step to the first
//! do = dh tanh(C)            dC_t = dC_{t+1} f_{t+1} + dh o (1 − tanh²(C))
//! di = dC candidate          df = dC C_{t-1}          dcandidate = dC i
//! dz = (di i (1−i), df f (1−f), dcandidate (1−candidate²), do o (1−o))
//! dU = sum over rows and steps of h_{t-1}ᵀ dz_t
//! ```
//!
//! Shapes as in `forward`; dz is `[B, T, 4H]`, dU `[H, 4H]`. `tanh(C)` is computed again rather
//! than kept. What is smaller than [`SMALLEST_GRADIENT`](super::activations::SMALLEST_GRADIENT)
//! becomes zero. Order of summation of dU: per group of rows, steps from last to first, rows in
//! order; then the groups in order. Groups depend on the batch alone, so any number of threads
//! gives the same bits.

use super::activations::{flush, tanh};
use super::forward::{CHUNK_ROWS, copy_rows};
use super::products::{
    Panels, SHORT_ROWS, add_rows_times_panels, add_transposed_product, padded_units,
};
use super::sizes::{LANES, Parameters, Sizes};
use crate::gpu::stage::{Binding, Bound, Stage};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Stage `lstm/backward`. The shader makes dz and takes U transposed; dU is a matrix product of
/// Burn's there.
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
                Binding::read_write("transposed", "f32"),
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
        let recurrent: Vec<f32> = (0..transposed.len())
            .map(|at| transposed[at % (4 * units) * units + at / (4 * units)])
            .collect();
        let (grad_hidden, cell) = (bound.take::<f32>(1), bound.take::<f32>(2));
        let grad_z = bound.take::<f32>(5);
        grad_z.copy_from_slice(bound.take(3));
        // h enters dU alone, which is not asked for here.
        let hidden = vec![0.0; cell.len()];
        let saved = Saved { recurrent: &recurrent, hidden: &hidden, cell, grad_hidden };
        backward(sizes, grad_z, saved);
    }
}

/// Most groups of rows: each keeps its own dU, which is 4 MiB at 512 units.
const MOST_ROW_GROUPS: usize = 32;
/// Time steps gathered before their share of dU is added: with 12 rows an inner dimension of 96,
/// long enough to pay for reading and writing dU, short enough to be still in the second cache.
const STEPS_PER_PRODUCT: usize = 8;

/// What the backward pass reads.
#[derive(Clone, Copy)]
pub(super) struct Saved<'a> {
    /// U, `[H, 4H]`.
    pub recurrent: &'a [f32],
    /// h, `[B, T, H]`.
    pub hidden: &'a [f32],
    /// C, `[B, T, H]`.
    pub cell: &'a [f32],
    /// The loss's gradient for h, `[B, T, H]`.
    pub grad_hidden: &'a [f32],
}

/// Runs the recurrence backward: on entry `gates` holds the activated gates, on return dz. Returns
/// dU `[H, 4H]`.
pub(super) fn backward(sizes: Sizes, gates: &mut [f32], saved: Saved<'_>) -> Vec<f32> {
    let Saved { recurrent, hidden, cell, grad_hidden } = saved;
    sizes.check(gates, recurrent, &[hidden, cell, grad_hidden]);
    let units = sizes.hidden;
    if sizes.is_empty() {
        return vec![0.0; 4 * units * units];
    }
    let transposed = Arch::new().dispatch(PackTransposed { recurrent, units });
    let chunks = sizes.batch.div_ceil(CHUNK_ROWS);
    let group_rows = chunks.div_ceil(MOST_ROW_GROUPS) * CHUNK_ROWS;
    let row = sizes.steps * units;
    let partial: Vec<Vec<f32>> = gates
        .par_chunks_mut(group_rows * 4 * row)
        .zip(hidden.par_chunks(group_rows * row))
        .zip(cell.par_chunks(group_rows * row))
        .zip(grad_hidden.par_chunks(group_rows * row))
        .map(|(((gates, hidden), cell), grad_hidden)| {
            let saved = Saved { recurrent, hidden, cell, grad_hidden };
            Arch::new().dispatch(BackwardGroup {
                steps: sizes.steps,
                units,
                transposed: &transposed,
                gates,
                saved,
            })
        })
        .collect();
    let mut partial = partial.into_iter();
    let mut total = partial.next().expect("a batch that is not empty has a group");
    for partial in partial {
        total.iter_mut().zip(partial).for_each(|(total, value)| *total += value);
    }
    total
}

/// Uᵀ with the rows of each gate padded to whole vectors.
struct PackTransposed<'a> {
    recurrent: &'a [f32],
    units: usize,
}

impl WithSimd for PackTransposed<'_> {
    type Output = Panels;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Panels {
        let (units, padded) = (self.units, padded_units::<S>(self.units));
        Panels::pack::<S>(4 * padded, padded, |row, column| {
            let (gate, unit) = (row / padded, row % padded);
            if unit < units && column < units {
                self.recurrent[column * 4 * units + gate * units + unit]
            } else {
                0.0
            }
        })
    }
}

/// The recurrence backward of one group of rows, chunk after chunk; gives the group's share of dU.
struct BackwardGroup<'a> {
    steps: usize,
    units: usize,
    transposed: &'a Panels,
    gates: &'a mut [f32],
    saved: Saved<'a>,
}

/// Buffers of one chunk, all of padded width. Rows and units that pad them stay zero.
struct Scratch {
    /// Activated gates, one row.
    gates: Vec<f32>,
    /// C of the step and of the one before, one row each.
    cell: Vec<f32>,
    cell_before: Vec<f32>,
    /// dh and dC of every row.
    grad_hidden: Vec<f32>,
    grad_cell: Vec<f32>,
    /// dz and h of the step before, of every row and of [`STEPS_PER_PRODUCT`] steps.
    grad_z: Vec<f32>,
    hidden_before: Vec<f32>,
}

impl Scratch {
    fn new(tile_rows: usize, padded: usize) -> Self {
        let zeros = |count: usize| vec![0.0f32; count * padded];
        Self {
            gates: zeros(4),
            cell: zeros(1),
            cell_before: zeros(1),
            grad_hidden: zeros(tile_rows),
            grad_cell: zeros(tile_rows),
            grad_z: zeros(4 * tile_rows * STEPS_PER_PRODUCT),
            hidden_before: zeros(tile_rows * STEPS_PER_PRODUCT),
        }
    }
}

impl WithSimd for BackwardGroup<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let Self { steps, units, transposed, gates, saved } = self;
        let padded = padded_units::<S>(units);
        let row = steps * units;
        let mut sum = vec![0.0f32; padded * 4 * padded];
        let chunks = gates
            .chunks_mut(CHUNK_ROWS * 4 * row)
            .zip(saved.hidden.chunks(CHUNK_ROWS * row))
            .zip(saved.cell.chunks(CHUNK_ROWS * row))
            .zip(saved.grad_hidden.chunks(CHUNK_ROWS * row));
        for (((gates, hidden), cell), grad_hidden) in chunks {
            let saved = Saved { hidden, cell, grad_hidden, ..saved };
            backward_chunk(simd, [steps, units], transposed, gates, saved, &mut sum);
        }
        let mut recurrent = vec![0.0f32; 4 * units * units];
        for (from, to) in sum.chunks_exact(4 * padded).zip(recurrent.chunks_exact_mut(4 * units)) {
            copy_rows(from, padded, to, units);
        }
        recurrent
    }
}

#[inline(always)]
fn backward_chunk<S: Simd>(
    simd: S,
    [steps, units]: [usize; 2],
    transposed: &Panels,
    gates: &mut [f32],
    saved: Saved<'_>,
    sum: &mut [f32],
) {
    let padded = padded_units::<S>(units);
    let rows = saved.cell.len() / (steps * units);
    let tile_rows = rows.next_multiple_of(SHORT_ROWS);
    let mut scratch = Scratch::new(tile_rows, padded);
    let (mut gathered, block) = (0, tile_rows * padded);
    for step in (0..steps).rev() {
        for row in 0..rows {
            let at = gathered * tile_rows + row;
            step_of_row(
                simd,
                [row * steps + step, step, row, at],
                units,
                gates,
                saved,
                &mut scratch,
            );
        }
        scratch.grad_hidden.fill(0.0);
        let grad_z = &scratch.grad_z[4 * gathered * block..][..4 * block];
        let (stride, grad_hidden) = (4 * padded, &mut scratch.grad_hidden);
        add_rows_times_panels(simd, grad_z, stride, transposed, grad_hidden);
        gathered += 1;
        if gathered == STEPS_PER_PRODUCT || step == 0 {
            let left = &scratch.hidden_before[..gathered * block];
            let right = &scratch.grad_z[..4 * gathered * block];
            add_transposed_product(simd, left, padded, right, 4 * padded, sum);
            gathered = 0;
        }
    }
}

/// One step of one row: `gates` of that step become dz, which `scratch` keeps too.
#[inline(always)]
fn step_of_row<S: Simd>(
    simd: S,
    [place, step, row, at]: [usize; 4],
    units: usize,
    gates: &mut [f32],
    saved: Saved<'_>,
    scratch: &mut Scratch,
) {
    let padded = scratch.cell.len();
    let of_step = |values: &'_ [f32], place: usize| -> [usize; 2] {
        debug_assert!((place + 1) * units <= values.len());
        [place * units, (place + 1) * units]
    };
    let gates = &mut gates[4 * place * units..][..4 * units];
    copy_rows(gates, units, &mut scratch.gates, padded);
    let [start, end] = of_step(saved.cell, place);
    scratch.cell[..units].copy_from_slice(&saved.cell[start..end]);
    let hidden_before = &mut scratch.hidden_before[at * padded..][..units];
    if step > 0 {
        scratch.cell_before[..units].copy_from_slice(&saved.cell[start - units..start]);
        hidden_before.copy_from_slice(&saved.hidden[start - units..start]);
    } else {
        scratch.cell_before.fill(0.0);
        hidden_before.fill(0.0);
    }
    let grad_hidden = &mut scratch.grad_hidden[row * padded..][..padded];
    for (sum, value) in grad_hidden.iter_mut().zip(&saved.grad_hidden[start..end]) {
        *sum += value;
    }
    let grad_z = &mut scratch.grad_z[4 * at * padded..][..4 * padded];
    let cells = [&scratch.cell[..], &scratch.cell_before[..]];
    let grad_cell = &mut scratch.grad_cell[row * padded..][..padded];
    differentiate(simd, &scratch.gates, cells, grad_hidden, grad_cell, grad_z);
    copy_rows(grad_z, padded, gates, units);
}

/// dz of one row and step, and dC handed to the step before; formulas at the head of the file.
#[inline(always)]
fn differentiate<S: Simd>(
    simd: S,
    gates: &[f32],
    [cell, cell_before]: [&[f32]; 2],
    grad_hidden: &[f32],
    grad_cell: &mut [f32],
    grad_z: &mut [f32],
) {
    let one = simd.splat_f32s(1.0);
    let vectors = |values| S::as_simd_f32s(values).0;
    let (gates, cell, cell_before) = (vectors(gates), vectors(cell), vectors(cell_before));
    let grad_hidden = vectors(grad_hidden);
    let (grad_cell, _) = S::as_mut_simd_f32s(grad_cell);
    let (grad_z, _) = S::as_mut_simd_f32s(grad_z);
    let count = cell.len();
    let (grad_i, grad_z) = grad_z.split_at_mut(count);
    let (grad_f, grad_z) = grad_z.split_at_mut(count);
    let (grad_candidate, grad_o) = grad_z.split_at_mut(count);
    for at in 0..count {
        let [i, f, candidate, o] = std::array::from_fn(|gate| gates[gate * count + at]);
        let squashed = tanh(simd, cell[at]);
        let dh = flush(simd, grad_hidden[at]);
        let through = simd.mul_f32s(simd.mul_f32s(dh, o), less_square(simd, squashed));
        let dc = simd.add_f32s(grad_cell[at], through);
        // d sigmoid = s (1 − s); d tanh = 1 − t².
        let slope = |gate| simd.mul_f32s(gate, simd.sub_f32s(one, gate));
        let of_gate = |upstream, value, slope| {
            flush(simd, simd.mul_f32s(simd.mul_f32s(upstream, value), slope))
        };
        grad_i[at] = of_gate(dc, candidate, slope(i));
        grad_f[at] = of_gate(dc, cell_before[at], slope(f));
        grad_candidate[at] = of_gate(dc, i, less_square(simd, candidate));
        grad_o[at] = of_gate(dh, squashed, slope(o));
        grad_cell[at] = flush(simd, simd.mul_f32s(dc, f));
    }
}

/// `1 − x²`.
#[inline(always)]
fn less_square<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    simd.negate_mul_add_e_f32s(x, x, simd.splat_f32s(1.0))
}

#[cfg(test)]
mod tests {
    use super::super::forward::forward;
    use super::*;

    /// The sum of all hidden states.
    fn total(sizes: Sizes, projected: &[f32], recurrent: &[f32]) -> f64 {
        let mut gates = projected.to_vec();
        let mut states = [vec![0.0; gates.len() / 4], vec![0.0; gates.len() / 4]];
        let [hidden, cell] = &mut states;
        forward(sizes, &mut gates, recurrent, hidden, cell);
        hidden.iter().map(|value| f64::from(*value)).sum()
    }

    #[test]
    fn dz_and_du_are_the_slopes_of_the_forward_pass() {
        let sizes = Sizes { batch: 13, steps: 3, hidden: 5 };
        let value = |at: usize| ((at * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
        let mut projected: Vec<f32> = (0..13 * 3 * 20).map(value).collect();
        let mut recurrent: Vec<f32> = (0..100).map(|at| value(at + 5) / 2.0).collect();
        let mut gates = projected.clone();
        let (mut hidden, mut cell) = (vec![f32::NAN; 195], vec![f32::NAN; 195]);
        forward(sizes, &mut gates, &recurrent, &mut hidden, &mut cell);
        let ones = vec![1.0; 195];
        let saved =
            Saved { recurrent: &recurrent, hidden: &hidden, cell: &cell, grad_hidden: &ones };
        let grad_recurrent = backward(sizes, &mut gates, saved);
        let step = 1.0 / 64.0;
        for at in [0, 7, 333, 779] {
            let old = std::mem::replace(&mut projected[at], value(at) + step);
            let above = total(sizes, &projected, &recurrent);
            projected[at] = old - step;
            let slope = (above - total(sizes, &projected, &recurrent)) / f64::from(2.0 * step);
            projected[at] = old;
            assert!((f64::from(gates[at]) - slope).abs() < 1e-3, "dz {at}: {} {slope}", gates[at]);
        }
        for at in [0, 28, 51, 99] {
            let old = recurrent[at];
            recurrent[at] = old + step;
            let above = total(sizes, &projected, &recurrent);
            recurrent[at] = old - step;
            let slope = (above - total(sizes, &projected, &recurrent)) / f64::from(2.0 * step);
            recurrent[at] = old;
            let found = f64::from(grad_recurrent[at]);
            assert!((found - slope).abs() < 2e-3, "dU {at}: {found} {slope}");
        }
    }
}

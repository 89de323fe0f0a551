//! The recurrence of the LSTM, forward: stage `lstm/forward` and its twin, which is also the CPU
//! path.
//!
//! Place in the flow: floor 3, between the input projection (an ordinary matrix product) and
//! whatever reads the hidden states: the classifier's readout in training, the recording in
//! analysis.
//!
//! ```text
//! z_t  = projected_t + h_{t-1} · U            4H numbers: i, f, candidate, o (Keras's order)
//! i, f, o = sigmoid(z)      candidate = tanh(z)
//! C_t  = f C_{t-1} + i candidate
//! h_t  = o tanh(C_t)                          h and C before the first step are zero
//! ```
//!
//! Shapes: projected and gates `[B, T, 4H]`, recurrent U `[H, 4H]`, hidden and cell `[B, T, H]`;
//! the cell that is written is C itself. Order of summation: the twin starts at the projected value
//! and adds `h_k U_kj` for k = 0, 1, ..., each with one fused multiply-add where the processor has
//! it. The shader adds in the same order, but a driver may or may not fuse, and its `exp` and
//! `tanh` are the driver's.

use super::activations::{sigmoid, tanh};
use super::products::{Panels, SHORT_ROWS, add_rows_times_panels, padded_units};
use super::sizes::{LANES, Parameters, Sizes};
use crate::gpu::stage::{Binding, Bound, Stage};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Stage `lstm/forward`.
pub struct ForwardStage;

impl Stage for ForwardStage {
    fn name(&self) -> &'static str {
        "lstm/forward"
    }

    fn source(&self) -> &'static [&'static str] {
        &[include_str!("../../../shaders/lstm/forward.wgsl")]
    }

    fn lanes(&self) -> u32 {
        LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const {
            &[
                Parameters::BINDING,
                Binding::read_write("projected", "f32"),
                Binding::read_write("recurrent", "f32"),
                Binding::read_write("hidden", "f32"),
                Binding::read_write("cell", "f32"),
                Binding::read_write("gates", "f32"),
            ]
        }
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        Parameters::groups(params)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let sizes = bound.params::<Parameters>(0).into();
        let gates = bound.take::<f32>(5);
        gates.copy_from_slice(bound.take(1));
        forward(sizes, gates, bound.take(2), bound.take(3), bound.take(4));
    }
}

/// Batch rows of one piece of work. Fixed, so that neither results nor their order depend on how
/// many threads there are; 12 rows are two register tiles, and 128 rows keep 11 threads busy.
pub(super) const CHUNK_ROWS: usize = 12;

/// Runs the recurrence over `sizes`: on entry `gates` holds the projected input, on return the
/// activated gates; `hidden` and `cell` are written throughout.
pub(super) fn forward(
    sizes: Sizes,
    gates: &mut [f32],
    recurrent: &[f32],
    hidden: &mut [f32],
    cell: &mut [f32],
) {
    sizes.check(gates, recurrent, &[hidden, cell]);
    if sizes.is_empty() {
        return;
    }
    let packed = Arch::new().dispatch(PackRecurrent { recurrent, units: sizes.hidden });
    let row = sizes.steps * sizes.hidden;
    gates
        .par_chunks_mut(CHUNK_ROWS * 4 * row)
        .zip(hidden.par_chunks_mut(CHUNK_ROWS * row))
        .zip(cell.par_chunks_mut(CHUNK_ROWS * row))
        .for_each(|((gates, hidden), cell)| {
            Arch::new().dispatch(ForwardChunk {
                steps: sizes.steps,
                units: sizes.hidden,
                packed: &packed,
                gates,
                hidden,
                cell,
            });
        });
}

/// U with each gate's columns padded to whole vectors.
struct PackRecurrent<'a> {
    recurrent: &'a [f32],
    units: usize,
}

impl WithSimd for PackRecurrent<'_> {
    type Output = Panels;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Panels {
        let (units, padded) = (self.units, padded_units::<S>(self.units));
        Panels::pack::<S>(units, 4 * padded, |row, column| {
            let (gate, unit) = (column / padded, column % padded);
            if unit < units { self.recurrent[row * 4 * units + gate * units + unit] } else { 0.0 }
        })
    }
}

/// The recurrence of up to [`CHUNK_ROWS`] batch rows.
struct ForwardChunk<'a> {
    steps: usize,
    units: usize,
    packed: &'a Panels,
    gates: &'a mut [f32],
    hidden: &'a mut [f32],
    cell: &'a mut [f32],
}

impl WithSimd for ForwardChunk<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { steps, units, packed, gates, hidden, cell } = self;
        let padded = padded_units::<S>(units);
        let rows = cell.len() / (steps * units);
        let tile_rows = rows.next_multiple_of(SHORT_ROWS);
        // Rows and units that pad the scratch stay zero: a zero candidate leaves C and h zero.
        let mut z = vec![0.0f32; tile_rows * 4 * padded];
        let mut h = vec![0.0f32; tile_rows * padded];
        let mut c = vec![0.0f32; rows * padded];
        for step in 0..steps {
            for row in 0..rows {
                let projected = &gates[(row * steps + step) * 4 * units..][..4 * units];
                copy_rows(projected, units, &mut z[row * 4 * padded..][..4 * padded], padded);
            }
            add_rows_times_panels(simd, &h, padded, packed, &mut z);
            for row in 0..rows {
                let z = &mut z[row * 4 * padded..][..4 * padded];
                let c = &mut c[row * padded..][..padded];
                let h = &mut h[row * padded..][..padded];
                activate(simd, z, c, h);
                let at = row * steps + step;
                copy_rows(z, padded, &mut gates[at * 4 * units..][..4 * units], units);
                cell[at * units..][..units].copy_from_slice(&c[..units]);
                hidden[at * units..][..units].copy_from_slice(&h[..units]);
            }
        }
    }
}

/// Copies rows of `from_width` numbers to rows of `to_width`, as many as both have.
#[inline(always)]
pub(super) fn copy_rows(from: &[f32], from_width: usize, to: &mut [f32], to_width: usize) {
    let width = from_width.min(to_width);
    for (from, to) in from.chunks_exact(from_width).zip(to.chunks_exact_mut(to_width)) {
        to[..width].copy_from_slice(&from[..width]);
    }
}

/// One step of one row: `z` becomes the activated gates, `c` and `h` those of the step.
#[inline(always)]
fn activate<S: Simd>(simd: S, z: &mut [f32], c: &mut [f32], h: &mut [f32]) {
    let units = c.len();
    let (input, z) = z.split_at_mut(units);
    let (forget, z) = z.split_at_mut(units);
    let (candidate, output) = z.split_at_mut(units);
    let vectors = |values| S::as_mut_simd_f32s(values).0.iter_mut();
    let gates = vectors(input).zip(vectors(forget)).zip(vectors(candidate)).zip(vectors(output));
    for ((((i, f), candidate), o), (c, h)) in gates.zip(vectors(c).zip(vectors(h))) {
        *i = sigmoid(simd, *i);
        *f = sigmoid(simd, *f);
        *candidate = tanh(simd, *candidate);
        *o = sigmoid(simd, *o);
        *c = simd.mul_add_e_f32s(*f, *c, simd.mul_f32s(*i, *candidate));
        *h = simd.mul_f32s(*o, tanh(simd, *c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_and_two_steps_worked_out_by_hand() {
        let parameters = Parameters { batch: 1, steps: 2, hidden: 1 };
        let mut words = bytemuck::cast::<_, [u32; 3]>(parameters).to_vec();
        let floats =
            |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        // z of i, f, candidate, o; in the second step U adds to the candidate alone.
        let mut projected = floats(&[0.0, 0.0, 1.0, 0.0, 100.0, -100.0, 0.0, 100.0]);
        let mut recurrent = floats(&[0.0, 0.0, 2.0, 0.0]);
        let [mut hidden, mut cell] = [floats(&[f32::NAN; 2]), floats(&[f32::NAN; 2])];
        let mut gates = floats(&[f32::NAN; 8]);
        let bound: [&mut [u32]; 6] =
            [&mut words, &mut projected, &mut recurrent, &mut hidden, &mut cell, &mut gates];
        ForwardStage.twin(&mut Bound::new(bound));
        let first = 0.5 * 1.0f32.tanh();
        let candidate = (2.0 * (0.5 * first.tanh())).tanh();
        let expected = [first, candidate];
        for (found, expected) in cell.iter().zip(expected) {
            assert!((f32::from_bits(*found) - expected).abs() < 1e-6);
        }
        let expected = [0.5 * first.tanh(), candidate.tanh()];
        for (found, expected) in hidden.iter().zip(expected) {
            assert!((f32::from_bits(*found) - expected).abs() < 1e-6);
        }
        assert!(gates.iter().all(|gate| f32::from_bits(*gate).is_finite()));
    }
}

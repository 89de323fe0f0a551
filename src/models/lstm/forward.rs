//! The recurrence of the LSTM, forward: stage `lstm/forward` and its twin, which is also the CPU
//! path.
//!
//! Place in the flow: floor 3, between the embedded input and whatever reads the hidden states: the
//! classifier's readout in training, the recording in analysis.
//!
//! ```text
//! z_t  = b + x_t · W + h_{t-1} · U            4H numbers: i, f, candidate, o (Keras's order)
//! i, f, o = sigmoid(z)      candidate = tanh(z)
//! C_t  = f C_{t-1} + i candidate
//! h_t  = o tanh(C_t)                          h and C before the first step are zero
//! ```
//!
//! Shapes: x `[B, T, E]`, kernel W `[E, 4H]`, recurrent U `[H, 4H]`, bias b `[4H]`, gates
//! `[B, T, 4H]`, hidden and cell `[B, T, H]`; the cell that is written is C itself. The shader takes
//! b + x · W (`projected`, `[B, T, 4H]`), an ordinary matrix product, in place of x, and U as
//! `[from, to, gate]`; so does the twin, with the identity for a kernel. The CPU path makes z in one sum and never holds the
//! projected input. Order of summation: b, `x_k W_kj` for k = 0, 1, ..., then `h_k U_kj`, each with
//! one fused multiply-add where the processor has it. The shader adds in the same order, but a
//! driver may or may not fuse, and its `exp` and `tanh` are the driver's.

use super::packing::Weights;
use super::sizes::{LANES, Parameters, Sizes};
use crate::gpu::stage::{Binding, Bound, Stage};
use crate::models::activations::{sigmoid, tanh};
use crate::models::products::{
    FEW_ROWS, Line, MANY_ROWS, add_product, floats, floats_mut, load, store, vectors, zeros,
};
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
                Parameters::weights("recurrent"),
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
        let sizes: Sizes = bound.params::<Parameters>(0).into();
        let (kernel, bias) = (identity(sizes.hidden), vec![0.0; 4 * sizes.hidden]);
        let (x, of_gates) = (bound.take::<f32>(1), bound.take::<f32>(2));
        let recurrent = recurrent_of(sizes.hidden, |from, to, gate| {
            of_gates[(from * sizes.hidden + to) * 4 + gate]
        });
        let weights = Weights { kernel: &kernel, recurrent: &recurrent, bias: &bias };
        let (hidden, cell, gates) = (bound.take(3), bound.take(4), bound.take(5));
        forward(sizes, x, weights, Written { gates, cell, hidden });
    }
}

/// Batch rows of one piece of work. Fixed, so that neither results nor their order depend on how
/// many threads there are; 16 rows are whole register tiles, and 128 rows keep 8 threads busy.
pub(super) const CHUNK_ROWS: usize = 16;

/// The identity `[4H, 4H]`: the kernel of an input that is projected already.
pub(super) fn identity(units: usize) -> Vec<f32> {
    let width = 4 * units;
    (0..width * width).map(|at| if at % (width + 1) == 0 { 1.0 } else { 0.0 }).collect()
}

/// U `[H, 4H]` by its entries: from a unit, to a unit's gate.
pub(super) fn recurrent_of(units: usize, entry: impl Fn(usize, usize, usize) -> f32) -> Vec<f32> {
    let width = 4 * units;
    let places = (0..units * width).map(|at| (at / width, at % width));
    places.map(|(from, column)| entry(from, column % units, column / units)).collect()
}

/// What the forward pass writes: the activated gates `[B, T, 4H]`, C and h `[B, T, H]`.
pub(super) struct Written<'a> {
    pub gates: &'a mut [f32],
    pub cell: &'a mut [f32],
    pub hidden: &'a mut [f32],
}

#[cfg(test)]
thread_local! {
    /// How often [`forward`] was called on this thread, for the test that recording costs no pass.
    static PASSES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Runs the recurrence over `x` `[B, T, E]`.
pub(super) fn forward(sizes: Sizes, x: &[f32], weights: Weights<'_>, written: Written<'_>) {
    #[cfg(test)]
    PASSES.set(PASSES.get() + 1);
    let Written { gates, cell, hidden } = written;
    sizes.check(sizes.inputs, &[x]);
    sizes.check(sizes.hidden, &[cell, hidden]);
    sizes.check(4 * sizes.hidden, &[gates]);
    if sizes.is_empty() {
        return;
    }
    let weights = &Arch::new().dispatch(Pack { sizes, weights });
    let chunk = CHUNK_ROWS * sizes.steps * sizes.hidden;
    gates
        .par_chunks_mut(4 * chunk)
        .zip(cell.par_chunks_mut(chunk))
        .zip(hidden.par_chunks_mut(chunk))
        .zip(x.par_chunks(CHUNK_ROWS * sizes.steps * sizes.inputs))
        .for_each(|(((gates, cell), hidden), x)| {
            let written = Written { gates, cell, hidden };
            Arch::new().dispatch(ForwardChunk { sizes, x, weights, written });
        });
}

struct Pack<'a> {
    sizes: Sizes,
    weights: Weights<'a>,
}

impl WithSimd for Pack<'_> {
    type Output = Vec<Line>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Vec<Line> {
        self.weights.pack(self.sizes, S::F32_LANES)
    }
}

/// The recurrence of up to [`CHUNK_ROWS`] batch rows.
struct ForwardChunk<'a> {
    sizes: Sizes,
    x: &'a [f32],
    /// As [`Weights::pack`] gives them.
    weights: &'a [Line],
    written: Written<'a>,
}

impl WithSimd for ForwardChunk<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT < 32 {
            self.run::<S, FEW_ROWS>(simd);
        } else {
            self.run::<S, MANY_ROWS>(simd);
        }
    }
}

impl ForwardChunk<'_> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) {
        let Self { sizes: Sizes { steps, inputs, hidden: units, .. }, x, weights, .. } = self;
        let (mut written, depth) = (self.written, self.sizes.depth());
        let padded = units.next_multiple_of(S::F32_LANES);
        let rows = x.len() / (steps * inputs);
        let tile_rows = rows.next_multiple_of(R);
        // One, x and h of every row. Rows and units that pad the scratch stay zero: a zero
        // candidate leaves C and h zero.
        let stride = 1 + inputs + padded;
        let (mut now, mut next) = (zeros(tile_rows * stride), zeros(tile_rows * stride));
        let mut cell = zeros(tile_rows * padded);
        let weights = vectors::<S, 4>(floats(weights));
        for step in 0..steps {
            let factors = floats_mut(&mut now).chunks_exact_mut(stride);
            for (factors, x) in factors.zip(x.chunks_exact(steps * inputs)) {
                factors[0] = 1.0;
                factors[1..=inputs].copy_from_slice(&x[step * inputs..][..inputs]);
            }
            let (factors, next_factors) = (floats(&now), floats_mut(&mut next));
            for (bundle, weights) in weights.chunks_exact(depth).enumerate() {
                for first in (0..rows).step_by(R) {
                    let zero = [[simd.splat_f32s(0.0); 4]; R];
                    let factors = &factors[first * stride..];
                    let z = add_product(simd, factors, stride, weights, zero);
                    for (row, z) in (first..rows).zip(z) {
                        let unit = bundle * S::F32_LANES;
                        let cell = &mut floats_mut(&mut cell)[row * padded + unit..];
                        let (gates, c, h) = activate(simd, z, load(simd, cell));
                        store(simd, &mut cell[..S::F32_LANES], c);
                        let at = row * stride + 1 + inputs + unit;
                        store(simd, &mut next_factors[at..][..S::F32_LANES], h);
                        let place = row * steps + step;
                        written.write(simd, [place, unit, units], gates, c, h);
                    }
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
    }
}

impl Written<'_> {
    /// A vector of units from `unit` on, of row and step `place`.
    #[inline(always)]
    fn write<S: Simd>(
        &mut self,
        simd: S,
        [place, unit, units]: [usize; 3],
        gates: [S::f32s; 4],
        c: S::f32s,
        h: S::f32s,
    ) {
        let count = S::F32_LANES.min(units - unit);
        for (gate, value) in gates.into_iter().enumerate() {
            let at = (4 * place + gate) * units + unit;
            store(simd, &mut self.gates[at..][..count], value);
        }
        store(simd, &mut self.cell[place * units + unit..][..count], c);
        store(simd, &mut self.hidden[place * units + unit..][..count], h);
    }
}

/// One step of a vector of units: `z` and C of the step before to gates, C and h.
#[inline(always)]
fn activate<S: Simd>(
    simd: S,
    [i, f, candidate, o]: [S::f32s; 4],
    cell: S::f32s,
) -> ([S::f32s; 4], S::f32s, S::f32s) {
    // Not by `map`: what a closure does inside the library's functions is compiled without vectors.
    let (i, f, o) = (sigmoid(simd, i), sigmoid(simd, f), sigmoid(simd, o));
    let candidate = tanh(simd, candidate);
    let c = simd.mul_add_e_f32s(f, cell, simd.mul_f32s(i, candidate));
    ([i, f, candidate, o], c, simd.mul_f32s(o, tanh(simd, c)))
}

#[cfg(test)]
mod tests {
    use super::super::{Lstm, States};
    use super::*;
    use burn::tensor::{Device, Tensor};

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

    #[test]
    fn recording_is_the_forward_pass_itself_and_no_other() {
        let counted = |run: &dyn Fn() -> Tensor<3>| {
            let before = PASSES.get();
            let hidden = run().to_data();
            (PASSES.get() - before, hidden)
        };
        for device in [Device::flex(), Device::flex().autodiff()] {
            let lstm = Lstm::new(3, 5, 1, &device);
            let x = || Tensor::arange(0..17 * 4 * 3, &device).float().cos().reshape([17, 4, 3]);
            let forward = counted(&|| lstm.forward(x()));
            let record = counted(&|| {
                let States { gates, cell, hidden } = lstm.record(x());
                assert_eq!((gates.dims(), cell.dims()), ([17, 4, 20], [17, 4, 5]));
                // What is recorded belongs together: h is the output gate times tanh(C).
                let product = gates.slice_dim(2, 15..20) * cell;
                assert!((product - hidden.clone()).abs().max().into_scalar::<f32>() < 1e-6);
                hidden
            });
            assert_eq!(forward, record, "passes and hidden states");
            assert_eq!(record.0, 1, "passes");
        }
    }
}

//! The continuous-time network, forward on the CPU: many rows side by side, each with its own input,
//! noise level and noise.
//!
//! Place in the flow: floor 3. Training's forward pass, the simulation of ensembles and the twin of
//! stage `ctrnn/simulate` are this one function.
//!
//! ```text
//! pre_t = b + u_t U + h_{t-1} W            h before the first step is what `state` holds
//! inside:  active = f(pre + s ξ)           total = active
//! outside: active = f(pre)                 total = active + s ξ
//! h_t   = (1 - g) h_{t-1} + g total        z_t = c + h_t V
//! ```
//!
//! ξ of a row's unit and step is the deviate of [`Philox`] at `[unit, step / 4, draw, index]`, step
//! modulo 4. Order of summation: b, `u_k U_kj` for k = 0, 1, ..., then `h_k W_kj`, one fused
//! multiply-add each where the processor has it; the readout in as many partial sums as a vector
//! has lanes. What is smaller than [`SMALLEST_GRADIENT`](super::super::activations::SMALLEST_GRADIENT)
//! in h becomes zero: the state of a silent unit decays into denormals, which are a hundred times
//! as slow.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::super::activations::{flush, softplus, tanh};
use super::super::products::{
    FEW_ROWS, Line, MANY_ROWS, add_product, floats, floats_mut, load, store, vectors, zeros,
};
use super::weights::Weights;
use crate::analysis::noise::{Nonlinearity, Site};
use crate::signal::philox::{Philox, STEPS_PER_BLOCK};

/// Rows of one piece of work: whole register tiles, and 64 rows keep 4 threads busy. Fixed, so that
/// nothing depends on the number of threads.
pub(super) const CHUNK_ROWS: usize = 16;

/// Vectors side by side in a register tile.
pub(super) const VECTORS: usize = 4;

/// One simulated trajectory: what drives it, and with which noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Which of the drives.
    pub drive: u32,
    /// Which realisation of the noise.
    pub draw: u32,
    /// s, the standard deviation of the noise per unit and step.
    pub level: f32,
}

/// Some steps of some rows.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The rows.
    pub rows: &'a [Row],
    /// u of every drive, `[drives, steps, I]`.
    pub drive: &'a [f32],
    /// The number of the first step.
    pub first: usize,
    /// How many.
    pub steps: usize,
    /// The stream of noise.
    pub noise: Philox,
    /// The last of the noise's counters: the batch of a training.
    pub index: u32,
}

/// What is kept of a call, where it is wanted; each is filled whole.
#[derive(Debug, Default)]
pub struct Kept<'a> {
    /// z, `[rows, steps, O]`.
    pub outputs: Option<&'a mut [f32]>,
    /// h, `[rows, steps, N]`.
    pub hidden: Option<&'a mut [f32]>,
    /// What f gave, without noise outside, `[rows, steps, N]`.
    pub active: Option<&'a mut [f32]>,
}

impl<'a> Kept<'a> {
    /// The parts of the first `rows` rows, taken off.
    fn split(&mut self, rows: usize, [units, outputs]: [usize; 2]) -> Self {
        fn first<'a>(all: &mut Option<&'a mut [f32]>, count: usize) -> Option<&'a mut [f32]> {
            let (head, tail) = all.take()?.split_at_mut(count);
            *all = Some(tail);
            Some(head)
        }
        Self {
            outputs: first(&mut self.outputs, rows * outputs),
            hidden: first(&mut self.hidden, rows * units),
            active: first(&mut self.active, rows * units),
        }
    }
}

/// Steps `call`'s rows on from `state` `[rows, N]`, which is left as the last step leaves it.
///
/// # Panics
/// A length does not fit, or a row names a drive that is not there.
pub fn advance(weights: &Weights, call: &Call<'_>, state: &mut [f32], mut kept: Kept<'_>) {
    weights.check();
    let Weights { inputs, units, outputs, .. } = *weights;
    let (rows, steps) = (call.rows.len(), call.steps);
    assert_eq!(state.len(), rows * units, "a state per row");
    for (kept, width) in [(&kept.outputs, outputs), (&kept.hidden, units), (&kept.active, units)] {
        let length = kept.as_ref().map(|kept| kept.len());
        assert!(length.is_none_or(|length| length == rows * steps * width), "all rows and steps");
    }
    let drives = call.drive.len() / (steps * inputs).max(1);
    assert!(call.rows.iter().all(|row| (row.drive as usize) < drives.max(1)), "a drive per row");
    let packed = &Arch::new().dispatch(Pack { weights });
    let sizes = [steps * units, steps * outputs];
    let rows = call.rows.chunks(CHUNK_ROWS);
    let chunks: Vec<_> = rows
        .zip(state.chunks_mut(CHUNK_ROWS * units))
        .map(|(rows, state)| (rows, state, kept.split(rows.len(), sizes)))
        .collect();
    chunks.into_par_iter().for_each(|(rows, state, kept)| {
        let call = Call { rows, ..*call };
        Arch::new().dispatch(Chunk { weights, packed, call, state, kept });
    });
}

/// The weights as the passes read them, for this processor's vectors.
struct Packed {
    weights: Vec<Line>,
    readout: Vec<Line>,
}

struct Pack<'a> {
    weights: &'a Weights,
}

impl WithSimd for Pack<'_> {
    type Output = Packed;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Packed {
        let width = VECTORS * S::F32_LANES;
        Packed {
            weights: self.weights.pack(width),
            readout: self.weights.pack_readout(self.weights.units.next_multiple_of(width)),
        }
    }
}

/// Up to [`CHUNK_ROWS`] rows.
struct Chunk<'a> {
    weights: &'a Weights,
    packed: &'a Packed,
    call: Call<'a>,
    state: &'a mut [f32],
    kept: Kept<'a>,
}

impl WithSimd for Chunk<'_> {
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

impl Chunk<'_> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(mut self, simd: S) {
        let Weights { inputs, units, .. } = *self.weights;
        let (rows, depth) = (self.call.rows, self.weights.depth());
        let width = VECTORS * S::F32_LANES;
        let padded = units.next_multiple_of(width);
        // One, u and h of every row, now and after the step. What pads them meets zero weights.
        let stride = 1 + inputs + padded;
        let tile_rows = rows.len().next_multiple_of(R);
        let (mut now, mut next) = (zeros(tile_rows * stride), zeros(tile_rows * stride));
        // No noise for units that only pad: it is half the work of a small network.
        let drawn = units.next_multiple_of(S::F32_LANES);
        let mut noise = zeros(rows.len() * STEPS_PER_BLOCK * drawn);
        for (factors, state) in
            floats_mut(&mut now).chunks_exact_mut(stride).zip(self.state.chunks_exact(units))
        {
            factors[1 + inputs..][..units].copy_from_slice(state);
        }
        for step in 0..self.call.steps {
            let time = self.call.first + step;
            if step == 0 || time.is_multiple_of(STEPS_PER_BLOCK) {
                self.draw(time / STEPS_PER_BLOCK, floats_mut(&mut noise), drawn);
            }
            for (row, factors) in rows.iter().zip(floats_mut(&mut now).chunks_exact_mut(stride)) {
                let place = (row.drive as usize * self.call.steps + step) * inputs;
                factors[0] = 1.0;
                factors[1..=inputs].copy_from_slice(&self.call.drive[place..][..inputs]);
            }
            let (factors, next_factors) = (floats(&now), floats_mut(&mut next));
            let panels = vectors::<S, VECTORS>(floats(&self.packed.weights)).chunks_exact(depth);
            for (panel, weights) in panels.enumerate() {
                for first in (0..rows.len()).step_by(R) {
                    let zero = [[simd.splat_f32s(0.0); VECTORS]; R];
                    let factors = &factors[first * stride..];
                    let sums = add_product(simd, factors, stride, weights, zero);
                    for (place, pre) in sums.into_iter().enumerate().take(rows.len() - first) {
                        let row = first + place;
                        let at = (row * STEPS_PER_BLOCK + time % STEPS_PER_BLOCK) * drawn;
                        let noise = &floats(&noise)[at + panel * width..];
                        let from = place * stride + 1 + inputs + panel * width;
                        let before = &factors[from..][..width];
                        let to = row * stride + 1 + inputs + panel * width;
                        let after = &mut next_factors[to..][..width];
                        self.step(simd, [row, step, panel * width], pre, (noise, before), after);
                    }
                }
            }
            self.read_out(simd, step, next_factors, [padded, stride]);
            std::mem::swap(&mut now, &mut next);
        }
        for (factors, state) in
            floats(&now).chunks_exact(stride).zip(self.state.chunks_exact_mut(units))
        {
            state.copy_from_slice(&factors[1 + inputs..][..units]);
        }
    }

    /// The noise of four steps of every row that has any, of `drawn` units.
    #[inline(always)]
    fn draw(&self, block: usize, noise: &mut [f32], drawn: usize) {
        let Call { rows, noise: stream, index, .. } = self.call;
        for (row, noise) in rows.iter().zip(noise.chunks_exact_mut(STEPS_PER_BLOCK * drawn)) {
            if row.level != 0.0 {
                stream.fill([block as u32, row.draw, index], noise);
            }
        }
    }

    /// One step of the units from `unit` on of a row: `after` becomes h, from `before`, the sums
    /// `pre` and the `noise`.
    #[inline(always)]
    fn step<S: Simd>(
        &mut self,
        simd: S,
        [row, step, unit]: [usize; 3],
        pre: [S::f32s; VECTORS],
        (noise, before): (&[f32], &[f32]),
        after: &mut [f32],
    ) {
        let dynamics = self.weights.dynamics;
        let (units, level) = (self.weights.units, simd.splat_f32s(self.call.rows[row].level));
        let (keep, take) = (simd.splat_f32s(1.0 - dynamics.rate), simd.splat_f32s(dynamics.rate));
        for (vector, pre) in pre.into_iter().enumerate() {
            let lanes = vector * S::F32_LANES..(vector + 1) * S::F32_LANES;
            let unit = unit + lanes.start;
            if unit >= units {
                break;
            }
            let xi = load(simd, &noise[lanes.clone()]);
            let active = match dynamics.site {
                Site::Inside => {
                    value(simd, dynamics.nonlinearity, simd.mul_add_e_f32s(level, xi, pre))
                }
                Site::Outside => value(simd, dynamics.nonlinearity, pre),
            };
            let total = match dynamics.site {
                Site::Inside => active,
                Site::Outside => simd.mul_add_e_f32s(level, xi, active),
            };
            let before = load(simd, &before[lanes.clone()]);
            let h = simd.mul_add_e_f32s(take, total, simd.mul_f32s(keep, before));
            let h = flush(simd, h);
            store(simd, &mut after[lanes], h);
            let place = (row * self.call.steps + step) * units + unit;
            let count = S::F32_LANES.min(units - unit);
            for (kept, value) in [(&mut self.kept.hidden, h), (&mut self.kept.active, active)] {
                if let Some(kept) = kept {
                    store(simd, &mut kept[place..][..count], value);
                }
            }
        }
    }

    /// z of every row from its new state.
    #[inline(always)]
    fn read_out<S: Simd>(
        &mut self,
        simd: S,
        step: usize,
        factors: &[f32],
        [padded, stride]: [usize; 2],
    ) {
        let Weights { inputs, outputs, ref readout_bias, .. } = *self.weights;
        let Some(kept) = &mut self.kept.outputs else { return };
        let rows = factors.chunks_exact(stride).take(self.call.rows.len());
        for (row, factors) in rows.enumerate() {
            let h = &factors[1 + inputs..][..padded];
            let kept = &mut kept[(row * self.call.steps + step) * outputs..][..outputs];
            let weights = floats(&self.packed.readout).chunks_exact(padded);
            for ((z, weights), bias) in kept.iter_mut().zip(weights).zip(readout_bias) {
                let mut sum = simd.splat_f32s(0.0);
                let pairs = h.chunks_exact(S::F32_LANES).zip(weights.chunks_exact(S::F32_LANES));
                for (h, weight) in pairs {
                    sum = simd.mul_add_e_f32s(load(simd, h), load(simd, weight), sum);
                }
                *z = bias + simd.reduce_sum_f32s(sum);
            }
        }
    }
}

/// f.
#[inline(always)]
fn value<S: Simd>(simd: S, nonlinearity: Nonlinearity, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    match nonlinearity {
        // By a comparison that a NaN fails: `max` would lose it.
        Nonlinearity::Relu => simd.select_f32s(simd.less_than_f32s(x, zero), zero, x),
        Nonlinearity::SoftPlus => softplus(simd, x),
        Nonlinearity::Tanh => tanh(simd, x),
    }
}

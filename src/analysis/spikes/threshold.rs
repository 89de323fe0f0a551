//! Stage `spikes/threshold`: which units are active, a bit per unit and step.
//!
//! Place in the flow: floor 2, the first thing that happens to activations. The twin is the host
//! path.
//!
//! # What it computes
//! Bindings: `chunk`, `activations` (steps × units, f32) → `bits` (words × units,
//! [`super::chunk`]): whether an activation is above the threshold. Floats are compared as whole
//! numbers in [`order`], so that host and device agree to the bit: a device may take a denormal
//! number for 0. A NaN is never above.
//!
//! `activations` is a buffer of Burn's, bound where it lies and only read; why it is declared
//! `read_write` says `recording/traces`.

use rayon::prelude::*;

use super::chunk::{self, BITS, BLOCK, Chunk, order};
use crate::gpu::stage::{Binding, Bound, Stage};

/// The bits of infinity, above which only NaN lie: `INFINITE` in the shader.
pub const INFINITE: u32 = 0x7f80_0000;

/// The stage.
pub struct Threshold;

impl Stage for Threshold {
    fn name(&self) -> &'static str {
        "spikes/threshold"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/spikes/threshold.wgsl"),
            include_str!("../../../shaders/shared/chunk.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        chunk::LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Chunk::BINDING,
            Binding::read_write("activations", "u32"),
            Binding::read_write("bits", "u32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let chunk = Chunk::from_bytes(params);
        chunk::groups(chunk.words() * chunk.units as usize)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let chunk: Chunk = bound.params(0);
        pack(&chunk, bound.take(1), bound.take(2));
    }
}

/// Packs `activations`, given by their bits.
pub(super) fn pack(chunk: &Chunk, activations: &[u32], bits: &mut [u32]) {
    let (units, threshold) = (chunk.units as usize, chunk.threshold);
    let rows = bits.par_chunks_mut(units).zip(activations.par_chunks(units * BITS));
    rows.for_each(|(words, steps)| {
        words.par_chunks_mut(BLOCK).enumerate().for_each(|(block, words)| {
            words.fill(0);
            for (step, activations) in steps.chunks_exact(units).enumerate() {
                let activations = &activations[block * BLOCK..][..words.len()];
                for (word, &activation) in words.iter_mut().zip(activations) {
                    let number = activation & !(1 << 31) <= INFINITE;
                    *word |= u32::from(number & (order(activation) > threshold)) << step;
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_say_what_a_comparison_of_floats_says() {
        let values = [
            0.0,
            -0.0,
            1e-45,
            -1e-45,
            0.5,
            -0.5,
            f32::MAX,
            f32::MIN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            -f32::NAN,
            f32::MIN_POSITIVE,
        ];
        for threshold in values.into_iter().filter(|threshold| !threshold.is_nan()) {
            let units = values.len();
            let chunk = Chunk::new(units as u32, 33, 0, 1, threshold);
            let activations: Vec<f32> = (0..33)
                .flat_map(|step| (0..units).map(move |unit| values[(unit + step) % units]))
                .collect();
            let mut bits = vec![u32::MAX; 2 * units];
            pack(&chunk, bytemuck::cast_slice(&activations), &mut bits);
            for (at, activation) in activations.iter().enumerate() {
                let (step, unit) = (at / units, at % units);
                let bit = bits[step / BITS * units + unit] >> (step % BITS) & 1;
                assert_eq!(bit == 1, *activation > threshold, "{activation} above {threshold}");
            }
            assert!(bits[units..].iter().all(|word| *word <= 1), "no bit behind the last step");
        }
    }
}

//! Stage `spikes/count`: the spikes of each unit in each window.
//!
//! Place in the flow: floor 2, after [`super::threshold`]. The twin is the host path.
//!
//! # What it computes
//! Bindings: `chunk`, `bits` (words × units) → `counts` (windows × units): for each window of
//! which a step lies in the chunk, the set bits of its steps there. Windows need be no multiple of
//! 32 steps, nor begin or end with the chunk: [`super::statistics`] joins the parts.

use rayon::prelude::*;

use super::chunk::{self, BITS, BLOCK, Chunk};
use crate::gpu::stage::{Binding, Bound, Stage};

/// The stage.
pub struct Count;

impl Stage for Count {
    fn name(&self) -> &'static str {
        "spikes/count"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/spikes/count.wgsl"),
            include_str!("../../../shaders/shared/chunk.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        chunk::LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] =
            &[Chunk::BINDING, Binding::read("bits", "u32"), Binding::read_write("counts", "u32")];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let chunk = Chunk::from_bytes(params);
        chunk::groups(chunk.windows as usize * chunk.units as usize)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let chunk: Chunk = bound.params(0);
        count(&chunk, bound.take(1), bound.take(2));
    }
}

/// Counts the set bits of each window.
pub(super) fn count(chunk: &Chunk, bits: &[u32], counts: &mut [u32]) {
    let units = chunk.units as usize;
    counts.par_chunks_mut(units).enumerate().for_each(|(at, counts)| {
        let part = chunk.part(at);
        let last = (part.end - 1) / BITS;
        counts.par_chunks_mut(BLOCK).enumerate().for_each(|(block, counts)| {
            counts.fill(0);
            for word in part.start / BITS..=last {
                let mut wanted = u32::MAX;
                if word == part.start / BITS {
                    wanted <<= part.start % BITS;
                }
                if word == last {
                    wanted &= u32::MAX >> (BITS - 1 - (part.end - 1) % BITS);
                }
                let bits = &bits[word * units + block * BLOCK..][..counts.len()];
                let pairs = counts.iter_mut().zip(bits);
                pairs.for_each(|(count, bits)| *count += (bits & wanted).count_ones());
            }
        });
    });
}

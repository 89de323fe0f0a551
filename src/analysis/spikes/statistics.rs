//! Stage `spikes/statistics`: what rate, variance and Fano factor are made of, per unit.
//!
//! Place in the flow: floor 2, after [`super::count`], chunk by chunk. The twin is the host path.
//!
//! # What it computes
//! Bindings: `chunk`, `counts` (windows × units) → `counted` (units), to which it adds: the spikes
//! of the windows that end in the chunk, the squares of their counts, and what the window that goes
//! on has so far. Whole numbers only, 64 bits for the squares: the variance is a small difference
//! of `m·Σc²` and `(Σc)²`, for which a float32 has not the digits, and the host divides once per
//! unit ([`super::fano::Counts`]). So every path gives the same numbers to the bit.

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use super::chunk::{self, BLOCK, Chunk};
use super::fano::Counts;
use crate::gpu::stage::{Binding, Bound, Stage};

/// Sums over the windows of one unit.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Counted {
    /// Spikes so far of the window that has not ended.
    pub open: u32,
    /// Spikes in whole windows.
    pub spikes: u32,
    /// Sum of the squared counts of whole windows, its low and its high word.
    pub squares: [u32; 2],
}

impl Counted {
    const FIELDS: &[(&str, u32)] =
        &[("open", 0), ("spikes", 4), ("squares_low", 8), ("squares_high", 12)];

    /// The sums of `windows` whole windows.
    pub(super) fn counts(&self, windows: u64) -> Counts {
        let squares = u128::from(wide(self.squares));
        Counts { windows: windows.into(), spikes: self.spikes.into(), squares }
    }
}

/// A number of 64 bits that lies in two words, the low one first.
pub(super) fn wide([low, high]: [u32; 2]) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// The words of a number, the low one first.
pub(super) fn narrow(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

/// The stage.
pub struct Statistics;

impl Stage for Statistics {
    fn name(&self) -> &'static str {
        "spikes/statistics"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/spikes/statistics.wgsl"),
            include_str!("../../../shaders/shared/chunk.wgsl"),
            include_str!("../../../shaders/shared/wide.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        chunk::LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Chunk::BINDING,
            Binding::read("counts", "u32"),
            Binding::read_write_records("counted", Counted::FIELDS, size_of::<Counted>() as u32),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        chunk::groups(Chunk::from_bytes(params).units as usize)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let chunk: Chunk = bound.params(0);
        add(&chunk, bound.take(1), bound.take(2));
    }
}

/// Adds the counts of a chunk.
pub(super) fn add(chunk: &Chunk, counts: &[u32], counted: &mut [Counted]) {
    let units = chunk.units as usize;
    counted.par_chunks_mut(BLOCK).enumerate().for_each(|(block, counted)| {
        for (at, counts) in counts.chunks_exact(units).enumerate() {
            let counts = &counts[block * BLOCK..][..counted.len()];
            let closes = chunk.closes(at);
            for (record, &count) in counted.iter_mut().zip(counts) {
                record.open += count;
                if closes {
                    record.spikes += record.open;
                    let square = u64::from(record.open).pow(2);
                    record.squares = narrow(wide(record.squares).wrapping_add(square));
                    record.open = 0;
                }
            }
        }
    });
}

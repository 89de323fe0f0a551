//! A stretch of time of all units: the parameter block of the stages of spikes.
//!
//! Place in the flow: floor 2, plain data, read by shaders and twins; `tests/shaders.rs` holds
//! names, offsets and size against `shaders/shared/chunk.wgsl`.
//!
//! Units lie side by side: bit `i % 32` of word `i / 32 * units + unit` says whether the unit
//! spikes at step `i` of the chunk. Bits behind the last step are 0.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use crate::gpu::stage::{Binding, grid};

/// Steps of a word: `BITS` in the shaders.
pub const BITS: usize = 32;

/// Invocations per workgroup of the stages of spikes.
pub(super) const LANES: u32 = 64;

/// Units that one thread of the host takes at a time.
pub(super) const BLOCK: usize = 1024;

/// The bits of a float that is no NaN as a whole number, in the order of the values; -0 lies just
/// below 0.
pub fn order(word: u32) -> u32 {
    if word >> 31 == 1 { !word } else { word | 1 << 31 }
}

/// Steps `start..start + steps` of `units` units.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Chunk {
    /// Units side by side.
    pub units: u32,
    /// Steps.
    pub steps: u32,
    /// The steps before this chunk: windows lie side by side from the first step of all.
    pub start: u32,
    /// Steps of a window.
    pub window: u32,
    /// Windows of which a step lies in the chunk.
    pub windows: u32,
    /// The threshold, by [`order`].
    pub threshold: u32,
}

impl Chunk {
    /// The block as the shaders declare it.
    pub(super) const BINDING: Binding = Binding::uniform(
        "chunk",
        &[
            ("units", 0),
            ("steps", 4),
            ("start", 8),
            ("window", 12),
            ("windows", 16),
            ("threshold", 20),
        ],
        24,
    );

    /// The block for windows of `window` steps and activations above `threshold`.
    ///
    /// # Panics
    /// There is no step or the window is empty; `start + steps + window` is 2^32 or more.
    pub fn new(units: u32, steps: u32, start: u32, window: u32, threshold: f32) -> Self {
        assert!(steps > 0 && window > 0, "{steps} steps in windows of {window}");
        let end = start.checked_add(steps).filter(|end| end.checked_add(window).is_some());
        let end = end.expect("steps are counted in 32 bits");
        let windows = (end - 1) / window - start / window + 1;
        let threshold = order((threshold + 0.0).to_bits());
        Self { units, steps, start, window, windows, threshold }
    }

    /// Reads the block back from the bytes of binding 0.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        bytemuck::pod_read_unaligned(bytes)
    }

    /// Words per unit.
    pub fn words(&self) -> usize {
        (self.steps as usize).div_ceil(BITS)
    }

    /// The part of window `at` that lies in the chunk, in steps from its beginning.
    pub(super) fn part(&self, at: usize) -> Range<usize> {
        let [start, steps, window] = [self.start, self.steps, self.window].map(|n| n as usize);
        let begin = (start / window + at) * window;
        begin.max(start) - start..(begin + window).min(start + steps) - start
    }

    /// Whether window `at` ends in the chunk.
    pub(super) fn closes(&self, at: usize) -> bool {
        (self.start / self.window + at as u32 + 1) * self.window <= self.start + self.steps
    }
}

/// A grid of at least `invocations` invocations.
pub(super) fn groups(invocations: usize) -> [u32; 3] {
    let groups = invocations.div_ceil(LANES as usize);
    grid(u32::try_from(groups).expect("a device binds fewer than 2^32 words"))
}

//! Which numbers of a recorded tensor are traces: the parameter block of the stages of recording.
//!
//! Place in the flow: floor 3, plain data, read by shaders and twins; `tests/shaders.rs` holds
//! names, offsets and size against `shaders/shared/extent.wgsl`.

use bytemuck::{Pod, Zeroable};

use crate::gpu::stage::Binding;

/// `units` neighbouring columns of a tensor `[reviews, steps, width]`, row-major: one gate of
/// `[B, T, 4H]`, or all of `[B, T, H]`. Their traces are `reviews * units` rows of `steps` samples,
/// row `review * units + unit`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Extent {
    /// Reviews, B.
    pub reviews: u32,
    /// Samples per trace, T.
    pub steps: u32,
    /// Columns of the tensor.
    pub width: u32,
    /// The first column that is a unit.
    pub first: u32,
    /// Units: columns from there on.
    pub units: u32,
    /// `1 / units`, by which a sum over the units becomes their mean.
    pub share: f32,
}

impl Extent {
    /// The block as the shaders declare it.
    pub(super) const BINDING: Binding = Binding::uniform(
        "extent",
        &[("reviews", 0), ("steps", 4), ("width", 8), ("first", 12), ("units", 16), ("share", 20)],
        24,
    );

    /// The columns `first..first + units` of a tensor of `shape`.
    ///
    /// # Panics
    /// There are no such columns, or a size is beyond 32 bits. (Shaders count the numbers of a
    /// tensor in 32 bits too: no device binds as many as 2^32.)
    pub fn new(shape: [usize; 3], first: usize, units: usize) -> Self {
        let [reviews, steps, width] = shape;
        assert!(units > 0 && first + units <= width, "{first} + {units} of {width} columns");
        let word = |size: usize| u32::try_from(size).expect("a size of a tensor fits in 32 bits");
        Self {
            reviews: word(reviews),
            steps: word(steps),
            width: word(width),
            first: word(first),
            units: word(units),
            share: 1.0 / units as f32,
        }
    }

    /// The traces of the means over the units, one per review, as if each were the only unit.
    pub fn population(&self) -> Self {
        Self { width: 1, first: 0, units: 1, share: 1.0, ..*self }
    }

    /// Traces: reviews times units.
    pub fn rows(&self) -> usize {
        self.reviews as usize * self.units as usize
    }

    /// Samples per trace.
    pub fn steps(&self) -> usize {
        self.steps as usize
    }

    /// Reads the block back from the bytes of binding 0.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        bytemuck::pod_read_unaligned(bytes)
    }
}

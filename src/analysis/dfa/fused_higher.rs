//! Stage `dfa/fused_higher`: what [`super::fused`] is, at orders 2 and 3.
//!
//! Place in the flow: as there, with the same bindings; a node keeps a parabola or cubic.

use super::params::Shape;
use super::stretch::Stretch;
use super::tree::{BINDINGS, LANES, every_trace};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage, with so many words of workgroup memory.
pub struct FusedHigher(pub u32);

impl Stage for FusedHigher {
    fn name(&self) -> &'static str {
        "dfa/fused_higher"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/fused_higher.wgsl"),
            include_str!("../../../shaders/shared/fused.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/mark.wgsl"),
            include_str!("../../../shaders/shared/leaf_higher.wgsl"),
            include_str!("../../../shaders/shared/stretch.wgsl"),
            include_str!("../../../shaders/shared/block.wgsl"),
            include_str!("../../../shaders/shared/line.wgsl"),
            include_str!("../../../shaders/shared/logarithm.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        LANES
    }

    fn words(&self) -> Option<u32> {
        Some(self.0)
    }

    fn bindings(&self) -> &'static [Binding] {
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        grid(Shape::from_bytes(params).rows)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        every_trace::<Stretch>(bound);
    }
}

//! Stage `dfa/fused`: all of the DFA of a trace that fits into workgroup memory, from one read.
//!
//! Place in the flow: takes the place of the four separate stages at order 1 where the device has
//! room ([`super::chain::fused`]); [`super::fused_higher`] does at orders 2 and 3. The separate stages stay the readable
//! definition, and the way of long traces.
//!
//! # What it computes
//! Bindings: `shape`, `sizes`, `weights`, `traces` (rows × steps) → `fluctuations` (rows × sizes),
//! `exponents` (rows), as [`super::fluctuation`] and [`super::exponent`] write them. From memory come
//! 4 bytes per sample, and go 4 per size and 16 per trace; the separate stages move about `20 +
//! 8·windows/samples` bytes per sample, and read the profile once per size and window.
//!
//! One workgroup per trace. In its memory lie the profile and a tree over the profile's blocks: a node
//! summarises a block, a pair of blocks, a pair of pairs, about the mean of its blocks' levels. A
//! window takes the largest nodes that lie in it, at most two of each length, and fits polynomials of
//! its own to what it has of the blocks at its ends. So its cost grows with the logarithm of its
//! size: what more sizes cost is mostly the small ones.
//!
//! # Order of summation
//! Nodes from left to right; 32 lanes, a team, add up the windows of one size as a workgroup of
//! [`super::fluctuation`] does. The separate stages fold a window block by block: both are within 1e-6
//! of float64 at order 1, 1e-5 at orders 2 and 3, and equal each other to rounding.

use super::block::Block;
use super::params::Shape;
use super::tree::{BINDINGS, LANES, every_trace};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage, with so many words of workgroup memory.
pub struct Fused(pub u32);

impl Stage for Fused {
    fn name(&self) -> &'static str {
        "dfa/fused"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/fused.wgsl"),
            include_str!("../../../shaders/shared/fused.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/mark.wgsl"),
            include_str!("../../../shaders/shared/leaf.wgsl"),
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
        every_trace::<Block>(bound);
    }
}

//! Stage `dfa/fused`: all of the DFA of a trace that fits into workgroup memory, from one read.
//!
//! Place in the flow: takes the place of the four separate stages where the device has room
//! ([`Fused::fitting`]); longer traces go by [`super::tiles`]. The separate stages stay the readable
//! definition.
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
//! its own to what it has of the blocks at its ends; one no longer than a block is fitted from its
//! samples alone. So its cost grows with the logarithm of its size: what more sizes cost is mostly the
//! small ones.
//!
//! # Order of summation
//! Nodes from left to right; 32 lanes, a team, add up the windows of one size as a workgroup of
//! [`super::fluctuation`] does. The separate stages fold a window block by block: both are within 1e-6
//! of float64 at order 1, 1e-5 at orders 2 and 3, and equal each other to rounding.

use super::block::Block;
use super::exponent;
use super::fluctuation::average;
use super::params::{DEFINED, ExponentRecord, Seen, Shape, SizeRecord, Weight};
use super::plan::DfaPlan;
use super::stretch::Stretch;
use super::summary::{Summary, Trend};
use super::tree::{LANES, Tree, words};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage.
pub struct Fused {
    /// What it takes out.
    pub trend: Trend,
    /// Words of workgroup memory.
    pub words: u32,
}

impl Fused {
    /// What WebGPU's default limits hold, for the table of stages.
    pub const fn small(trend: Trend) -> Self {
        Self { trend, words: 3584 }
    }

    /// The stage for traces of `plan` on a device that gives a workgroup `bytes` of memory; none where
    /// they do not fit.
    pub fn fitting(bytes: u32, plan: &DfaPlan) -> Option<Self> {
        let trend = Trend::of(plan.order());
        let words = match trend {
            Trend::Line => words::<Block>(bytes, plan.steps()),
            Trend::Curve => words::<Stretch>(bytes, plan.steps()),
        };
        words.map(|words| Self { trend, words })
    }
}

impl Stage for Fused {
    fn name(&self) -> &'static str {
        "dfa/fused"
    }

    fn source(&self) -> &'static [&'static str] {
        match self.trend {
            Trend::Line => &[
                include_str!("../../../shaders/dfa/fused.wgsl"),
                include_str!("../../../shaders/shared/tree.wgsl"),
                include_str!("../../../shaders/shared/largest.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/starts.wgsl"),
                include_str!("../../../shaders/shared/mark.wgsl"),
                include_str!("../../../shaders/shared/node.wgsl"),
                include_str!("../../../shaders/shared/leaf.wgsl"),
                include_str!("../../../shaders/shared/block.wgsl"),
                include_str!("../../../shaders/shared/blocks.wgsl"),
                include_str!("../../../shaders/shared/line.wgsl"),
                include_str!("../../../shaders/shared/logarithm.wgsl"),
            ],
            Trend::Curve => &[
                include_str!("../../../shaders/dfa/fused.wgsl"),
                include_str!("../../../shaders/shared/tree.wgsl"),
                include_str!("../../../shaders/shared/largest.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/starts.wgsl"),
                include_str!("../../../shaders/shared/mark.wgsl"),
                include_str!("../../../shaders/shared/node_higher.wgsl"),
                include_str!("../../../shaders/shared/leaf_higher.wgsl"),
                include_str!("../../../shaders/shared/blocks.wgsl"),
                include_str!("../../../shaders/shared/stretch.wgsl"),
                include_str!("../../../shaders/shared/line.wgsl"),
                include_str!("../../../shaders/shared/logarithm.wgsl"),
            ],
        }
    }

    fn lanes(&self) -> u32 {
        LANES
    }

    fn words(&self) -> Option<u32> {
        Some(self.words)
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
            Binding::read_records("weights", Weight::FIELDS, Weight::SIZE),
            Binding::read("traces", "f32"),
            Binding::read_write("fluctuations", "f32"),
            Binding::read_write_records("exponents", ExponentRecord::FIELDS, ExponentRecord::SIZE),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        grid(Shape::from_bytes(params).rows)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        match self.trend {
            Trend::Line => every_trace::<Block>(bound),
            Trend::Curve => every_trace::<Stretch>(bound),
        }
    }
}

fn every_trace<S: Summary>(bound: &mut Bound<'_>) {
    let shape: Shape = bound.params(0);
    let sizes: &[SizeRecord] = bound.take(1);
    let weights: &[Weight] = bound.take(2);
    let traces: &[f32] = bound.take(3);
    let fluctuations: &mut [f32] = bound.take(4);
    let exponents: &mut [ExponentRecord] = bound.take(5);
    let rows = traces.chunks_exact(shape.steps as usize).zip(exponents);
    let found = fluctuations.chunks_exact_mut(sizes.len());
    for ((trace, exponent), found) in rows.zip(found).take(shape.rows as usize) {
        let seen = Seen::of(trace);
        let mark = seen.mark();
        let scale = (mark.status == DEFINED).then(|| seen.scale());
        let tree = Tree::<S>::new(trace, scale, shape.order);
        for (f, size) in found.iter_mut().zip(sizes) {
            let sum = tree.sum(size, 0, shape.roots);
            *f = mark.unit * average(sum, size, shape.roots);
        }
        *exponent = exponent::fit(found, weights, mark.status);
    }
}

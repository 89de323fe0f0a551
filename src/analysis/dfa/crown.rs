//! Stage `dfa/crown`: the tree over the tiles of each trace, and what its tiles have shown.
//!
//! Place in the flow: between [`super::tiles`], all of whose dispatches it comes after, and
//! [`super::across`].
//!
//! # What it computes
//! Bindings: `shape`, `views` (rows × tiles) → `nodes` (those above the tiles, beside what
//! [`super::tiles`] wrote), `marks` (rows), as [`super::profile`] makes them.
//!
//! One workgroup per trace. What the tiles have shown gives its status and unit. Pairs of tiles, pairs
//! of pairs and so on are joined as within a tile, in the unit of the trace: powers of two, so that a
//! node changes its unit exactly (what is below the smallest float of the trace's unit becomes 0).
//!
//! # Order of summation
//! Every node is its left half joined with its right.

use super::block::{Block, TILE_LEVEL};
use super::params::{Mark, Seen, Shape};
use super::stretch::Stretch;
use super::summary::{Summary, Trend};
use super::tiles::Tiled;
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage.
pub struct Crown(pub Trend);

impl Stage for Crown {
    fn name(&self) -> &'static str {
        "dfa/crown"
    }

    fn source(&self) -> &'static [&'static str] {
        match self.0 {
            Trend::Line => &[
                include_str!("../../../shaders/dfa/crown.wgsl"),
                include_str!("../../../shaders/shared/tile.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/mark.wgsl"),
                include_str!("../../../shaders/shared/node.wgsl"),
                include_str!("../../../shaders/shared/block.wgsl"),
                include_str!("../../../shaders/shared/blocks.wgsl"),
            ],
            Trend::Curve => &[
                include_str!("../../../shaders/dfa/crown.wgsl"),
                include_str!("../../../shaders/shared/tile.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/mark.wgsl"),
                include_str!("../../../shaders/shared/node_higher.wgsl"),
                include_str!("../../../shaders/shared/blocks.wgsl"),
                include_str!("../../../shaders/shared/stretch.wgsl"),
            ],
        }
    }

    fn lanes(&self) -> u32 {
        128
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("views", Seen::FIELDS, Seen::SIZE),
            Binding::read_write("nodes", "f32"),
            Binding::read_write_records("marks", Mark::FIELDS, Mark::SIZE),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        grid(Shape::from_bytes(params).rows)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        match self.0 {
            Trend::Line => every_trace::<Block>(bound),
            Trend::Curve => every_trace::<Stretch>(bound),
        }
    }
}

fn every_trace<S: Summary>(bound: &mut Bound<'_>) {
    let shape: Shape = bound.params(0);
    let views: &[Seen] = bound.take(1);
    let nodes: &mut [f32] = bound.take(2);
    let marks: &mut [Mark] = bound.take(3);
    let tiles = shape.tiles as usize;
    for (row, mark) in marks.iter_mut().enumerate().take(shape.rows as usize) {
        let own = &views[row * tiles..][..tiles];
        *mark = own[1..].iter().fold(own[0], |seen, next| seen.and(*next)).mark();
        let tiled = Tiled::new(shape, row, views, *mark);
        let mut level = TILE_LEVEL + 1;
        while tiled.blocks() >> level > 0 {
            for i in 0..tiled.blocks() >> level {
                let (left, right) = (i << level, (i << level) + (1 << (level - 1)));
                let (level_left, left_half) = tiled.node::<S>(nodes, level - 1, left);
                let (level_right, right_half) = tiled.node::<S>(nodes, level - 1, right);
                let mean = 0.5 * (level_left + level_right);
                let right_half = right_half.tilted(level_right - mean);
                let whole = left_half.tilted(level_left - mean).join(right_half, shape.order);
                let words = &mut nodes[tiled.place::<S>(level, left)..][..1 + S::KEPT];
                words[0] = mean;
                whole.keep(&mut words[1..]);
            }
            level += 1;
        }
    }
}

//! Stage `dfa/across`: the windows of a long trace that go beyond the tile in which they start.
//!
//! Place in the flow: after [`super::tiles`] and [`super::crown`]; [`super::fluctuation`] adds up over
//! the tiles what it leaves.
//!
//! # What it computes
//! Bindings: `shape`, `sizes`, `heads` and `tails` (the pieces of trace in which windows start and
//! end: twice the same, but where a trace lies in several), `views`, `nodes`, `marks` → `sums` (rows ×
//! sizes × tiles), to which are added the windows of each size that start in a tile and end in another
//! one; what [`super::tiles`] wrote there is brought to the unit of the trace first. Where a trace lies
//! in pieces, there is a dispatch for each two, a piece with itself before others.
//!
//! One invocation per trace, size and tile: no more than two windows in any convention. A window takes
//! the largest nodes that lie in it, as within a tile, and what is left at its ends (less than two
//! blocks each) from the samples: up to 126 per window, while sizes above a tile have fewer windows
//! than there are tiles. So the stage reads few samples, and its work grows with the number of tiles,
//! not with the size of the windows.
//!
//! # Order of summation
//! Pieces and nodes from left to right, windows by their number. Two that end in different pieces, and
//! so in different dispatches, are longer than a tile, in which then lies no window of the size: they
//! are added to 0, and which comes first is no matter.

use super::block::{BLOCK, Block, TILE};
use super::fluctuation::contribution;
use super::params::{DEFINED, Mark, Seen, Shape, SizeRecord};
use super::profile::integrate;
use super::stretch::Stretch;
use super::summary::{Rest, Summary, Trend};
use super::tiles::Tiled;
use super::tree::largest;
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage.
pub struct Across(pub Trend);

impl Stage for Across {
    fn name(&self) -> &'static str {
        "dfa/across"
    }

    fn source(&self) -> &'static [&'static str] {
        match self.0 {
            Trend::Line => &[
                include_str!("../../../shaders/dfa/across.wgsl"),
                include_str!("../../../shaders/shared/tile.wgsl"),
                include_str!("../../../shaders/shared/largest.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/starts.wgsl"),
                include_str!("../../../shaders/shared/mark.wgsl"),
                include_str!("../../../shaders/shared/node.wgsl"),
                include_str!("../../../shaders/shared/leaf.wgsl"),
                include_str!("../../../shaders/shared/block.wgsl"),
                include_str!("../../../shaders/shared/blocks.wgsl"),
            ],
            Trend::Curve => &[
                include_str!("../../../shaders/dfa/across.wgsl"),
                include_str!("../../../shaders/shared/tile.wgsl"),
                include_str!("../../../shaders/shared/largest.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/starts.wgsl"),
                include_str!("../../../shaders/shared/mark.wgsl"),
                include_str!("../../../shaders/shared/node_higher.wgsl"),
                include_str!("../../../shaders/shared/leaf_higher.wgsl"),
                include_str!("../../../shaders/shared/blocks.wgsl"),
                include_str!("../../../shaders/shared/stretch.wgsl"),
            ],
        }
    }

    fn lanes(&self) -> u32 {
        64
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
            Binding::read("heads", "f32"),
            Binding::read("tails", "f32"),
            Binding::read_records("views", Seen::FIELDS, Seen::SIZE),
            Binding::read("nodes", "f32"),
            Binding::read_records("marks", Mark::FIELDS, Mark::SIZE),
            Binding::read_write("sums", "vec2<f32>"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let shape = Shape::from_bytes(params);
        grid((shape.rows * shape.sizes * shape.span).div_ceil(self.lanes()))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        match self.0 {
            Trend::Line => every_tile::<Block>(bound),
            Trend::Curve => every_tile::<Stretch>(bound),
        }
    }
}

fn every_tile<S: Summary>(bound: &mut Bound<'_>) {
    let shape: Shape = bound.params(0);
    let sizes: &[SizeRecord] = bound.take(1);
    let heads: &[f32] = bound.take(2);
    let tails: &[f32] = bound.take(3);
    let views: &[Seen] = bound.take(4);
    let nodes: &[f32] = bound.take(5);
    let marks: &[Mark] = bound.take(6);
    let sums: &mut [Rest] = bound.take(7);
    let tiles = shape.tiles as usize;
    for (row, mark) in marks.iter().enumerate().take(shape.rows as usize) {
        if mark.status != DEFINED {
            continue;
        }
        let tiled = Tiled::new(shape, row, views, *mark);
        let trace = Trace { shape, row, heads, tails, mark, nodes, tiled };
        for (place, size) in sizes.iter().enumerate() {
            for tile in shape.first..shape.first + shape.span {
                let sum = &mut sums[(row * sizes.len() + place) * tiles + tile as usize];
                if shape.head == shape.tail {
                    let ratio = trace.tiled.ratio(tile as usize);
                    let ratio = if shape.roots == 1 { ratio } else { ratio * ratio };
                    *sum = sum.map(|of_tile| of_tile * ratio);
                }
                let begin = tile * TILE as u32;
                let close = (begin + TILE as u32).min(shape.steps);
                for window in size.starts(begin, close).into_iter().flat_map(|[_, across]| across) {
                    let start = size.start(window);
                    let end = start + size.size;
                    let last = (end - 1) / TILE as u32;
                    if (shape.tail..shape.tail + shape.piece).contains(&last) {
                        let residual = trace.residual::<S>(start as usize, end as usize);
                        *sum += contribution(residual, size.size, shape.roots);
                    }
                }
            }
        }
    }
}

/// A trace with the tree over it.
struct Trace<'a> {
    shape: Shape,
    row: usize,
    heads: &'a [f32],
    tails: &'a [f32],
    mark: &'a Mark,
    nodes: &'a [f32],
    tiled: Tiled<'a>,
}

impl Trace<'_> {
    /// The samples `start .. end`, all of one tile, as they are.
    fn samples(&self, start: usize, end: usize) -> &[f32] {
        let Shape { steps, head, tail, piece, .. } = self.shape;
        let (from, first) = if start / TILE < (head + piece) as usize {
            (self.heads, head)
        } else {
            (self.tails, tail)
        };
        let place = self.row * steps as usize + start - first as usize * TILE;
        &from[place..][..end - start]
    }

    /// `level_of_window` in the shader.
    fn level<S: Summary>(&self, start: usize, end: usize, scale: f32) -> f32 {
        let first = start.div_ceil(2 * BLOCK);
        let last = if end == self.shape.steps as usize {
            self.tiled.blocks() / 2
        } else {
            end / (2 * BLOCK)
        };
        if last <= first {
            let [left, right] = [start, end - 1].map(|at| self.samples(at, at + 1)[0]);
            return 0.5 * (left * scale + right * scale);
        }
        let (level, pair) = largest(first, last);
        self.tiled.node::<S>(self.nodes, level + 1, 2 * pair).0
    }

    /// What is left of the window `start .. end` without its polynomial.
    fn residual<S: Summary>(&self, start: usize, end: usize) -> Rest {
        let order = self.shape.order;
        let scale = f32::from_bits((254 << 23) - self.mark.unit.to_bits());
        let window_level = self.level::<S>(start, end, scale);
        let blocks = self.tiled.blocks();
        let mut total = S::default();
        let mut leaned = 0.0;
        let mut at = start;
        while at < end {
            let block = at / BLOCK;
            let mut level = 0;
            while at == block * BLOCK
                && block.is_multiple_of(2 << level)
                && block + (2 << level) <= blocks
                && self.tiled.end(level + 1, block) <= end
            {
                level += 1;
            }
            let next = self.tiled.end(level, block).min(end);
            let (own_level, piece) = if level > 0 {
                self.tiled.node::<S>(self.nodes, level, block)
            } else {
                let mut profile = [0.0; BLOCK];
                let profile = &mut profile[..next - at];
                let level = integrate(self.samples(at, next), scale, profile);
                let piece = S::leaf(profile, 0.0, order);
                leaned += piece.lean();
                (level, piece)
            };
            total = total.join(piece.tilted(own_level - window_level), order);
            at = next;
        }
        total.rest(leaned, order)
    }
}

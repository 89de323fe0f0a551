//! Stage `dfa/tiles`: the windows inside each tile of a long trace, from one read of it, and the tree
//! over the tile.
//!
//! Place in the flow: the first of three for traces that do not fit into workgroup memory;
//! [`super::crown`] grows the tree on, [`super::across`] adds the windows that leave their tile,
//! [`super::fluctuation`] and [`super::exponent`] do the rest.
//!
//! # What it computes
//! Bindings: `shape` ([`Shape::tiled`]), `sizes`, `traces` (rows × steps, or a piece of one trace) →
//! `views` (rows × tiles: [`Seen`]), `nodes` (rows × tiles × 64 × [1 + kept words](Summary::KEPT)),
//! `sums` (rows × sizes × tiles), of the tiles `first .. first + span`.
//!
//! One workgroup per tile of 2,048 samples, which does with it what [`super::fused`] does with a
//! short trace: scales it by a power of two of its own, integrates it in blocks, grows the tree, and
//! adds up the windows of each size that lie inside. The nodes of two blocks and more are kept: with
//! them a trace is measured further from 20 (28 at orders 2 and 3) bytes per 32 samples, and never is
//! there a profile of the whole. A tile that is not finite counts as zeros.
//!
//! A trace that is too long for one binding lies in pieces of whole tiles, each of which is bound for
//! a dispatch; so is a share of the tiles where a dispatch would take long.
//!
//! # Order of summation
//! Within a tile as in [`super::fused`], whatever the pieces and dispatches.

use super::block::{BLOCK, Block, TILE, TILE_LEVEL, TILE_NODES};
use super::params::{Mark, Seen, Shape, SizeRecord};
use super::stretch::Stretch;
use super::summary::{Rest, Summary, Trend};
use super::tree::{LANES, Tree, words};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// Words of a node: the level it is integrated about, and what is kept of a summary.
pub const fn record(trend: Trend) -> usize {
    1 + match trend {
        Trend::Line => Block::KEPT,
        Trend::Curve => Stretch::KEPT,
    }
}

/// The stage.
pub struct Tiles(pub Trend);

impl Stage for Tiles {
    fn name(&self) -> &'static str {
        "dfa/tiles"
    }

    fn source(&self) -> &'static [&'static str] {
        match self.0 {
            Trend::Line => &[
                include_str!("../../../shaders/dfa/tiles.wgsl"),
                include_str!("../../../shaders/shared/tile.wgsl"),
                include_str!("../../../shaders/shared/tree.wgsl"),
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
                include_str!("../../../shaders/dfa/tiles.wgsl"),
                include_str!("../../../shaders/shared/tile.wgsl"),
                include_str!("../../../shaders/shared/tree.wgsl"),
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
        LANES
    }

    fn words(&self) -> Option<u32> {
        match self.0 {
            Trend::Line => words::<Block>(u32::MAX, TILE),
            Trend::Curve => words::<Stretch>(u32::MAX, TILE),
        }
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
            Binding::read("traces", "f32"),
            Binding::read_write_records("views", Seen::FIELDS, Seen::SIZE),
            Binding::read_write("nodes", "f32"),
            Binding::read_write("sums", "vec2<f32>"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let shape = Shape::from_bytes(params);
        grid(shape.rows * shape.span)
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
    let traces: &[f32] = bound.take(2);
    let views: &mut [Seen] = bound.take(3);
    let nodes: &mut [f32] = bound.take(4);
    let sums: &mut [Rest] = bound.take(5);
    let (steps, tiles) = (shape.steps as usize, shape.tiles as usize);
    for row in 0..shape.rows as usize {
        for tile in shape.first as usize..(shape.first + shape.span) as usize {
            let begin = tile * TILE;
            let place = row * steps + begin - shape.head as usize * TILE;
            let samples = &traces[place..][..TILE.min(steps - begin)];
            let seen = Seen::of(samples);
            views[row * tiles + tile] = seen;
            let scale = seen.is_finite().then(|| seen.scale());
            let tree = Tree::<S>::new(samples, scale, shape.order);
            let record = 1 + S::KEPT;
            let kept = &mut nodes[(row * tiles + tile) * TILE_NODES * record..];
            for (i, words) in kept.chunks_exact_mut(record).take(TILE_NODES).enumerate() {
                let (level, node) = tree.at(2 * i + 1).unwrap_or_default();
                words[0] = level;
                node.keep(&mut words[1..]);
            }
            for (place, size) in sizes.iter().enumerate() {
                let sum = tree.sum(size, begin as u32, shape.roots);
                sums[(row * sizes.len() + place) * tiles + tile] = sum;
            }
        }
    }
}

/// One trace of those measured in tiles, for the twins of what comes after.
pub(super) struct Tiled<'a> {
    shape: Shape,
    row: usize,
    views: &'a [Seen],
    mark: Mark,
}

impl<'a> Tiled<'a> {
    /// Trace `row`, marked, of those that `views` show.
    pub(super) fn new(shape: Shape, row: usize, views: &'a [Seen], mark: Mark) -> Self {
        let tiles = shape.tiles as usize;
        Self { shape, row, views: &views[row * tiles..][..tiles], mark }
    }

    /// What the unit of the tile is in the unit of the trace: a power of two, or 0.
    pub(super) fn ratio(&self, tile: usize) -> f32 {
        let own = 127 + (self.views[tile].mark().unit.to_bits() >> 23);
        f32::from_bits(own.saturating_sub(self.mark.unit.to_bits() >> 23) << 23)
    }

    /// Blocks of the trace.
    pub(super) fn blocks(&self) -> usize {
        (self.shape.steps as usize).div_ceil(BLOCK)
    }

    /// The sample behind the node of `level` that begins with `block`.
    pub(super) fn end(&self, level: usize, block: usize) -> usize {
        ((block + (1 << level)) * BLOCK).min(self.shape.steps as usize)
    }

    /// Where in `nodes` the node of `level`, 1 or more, lies that begins with `block`.
    pub(super) fn place<S: Summary>(&self, level: usize, block: usize) -> usize {
        let tiles = self.row * self.shape.tiles as usize;
        (tiles * TILE_NODES + block + (1 << (level - 1)) - 1) * (1 + S::KEPT)
    }

    /// The level that this node is integrated about and the node, in the unit of the trace.
    pub(super) fn node<S: Summary>(&self, nodes: &[f32], level: usize, block: usize) -> (f32, S) {
        let words = &nodes[self.place::<S>(level, block)..][..1 + S::KEPT];
        let count = (self.end(level, block) - block * BLOCK) as f32;
        let ratio = if level > TILE_LEVEL { 1.0 } else { self.ratio(block / (TILE / BLOCK)) };
        (words[0] * ratio, S::kept(&words[1..], count).scaled(ratio))
    }
}

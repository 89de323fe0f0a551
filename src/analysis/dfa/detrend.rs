//! Stage `dfa/detrend`: the residual of every window from its least-squares polynomial.
//!
//! Place in the flow: reads what [`super::profile`] wrote; [`super::fluctuation`] adds up what it
//! writes.
//!
//! # What it computes
//! Bindings: `shape`, `sizes` (one record per size), `profile` (rows × steps), `levels` (rows ×
//! ceil(steps / 32)) → `residuals` (rows × windows; windows ordered by size, then by start), each
//! `Σ r²` in the scaled unit of the profile.
//!
//! One invocation per window, of any size and start. It walks the window in pieces cut at the
//! borders of the profile's blocks. A piece subtracts the profile's value before it, fits its own
//! polynomial (at most 32 samples; a line centred and less their chord), tilts by how far its block's
//! level lies above the window's (a tilt leaves the residual alone) and joins the window by
//! [`super::block::merge`] at order 1, [`super::stretch::join`] at orders 2 and 3.
//! The window's level is near the mean of its blocks' levels: with the first block's instead, white
//! noise of a million samples was off by 1.8e-6, for a level off by 0.2 sd is a line that rises by
//! 20,000 over a window of 100,000 samples.
//!
//! With the residual goes the doubt about it, a share of the square of what was taken out
//! ([`super::block::DOUBT`], [`super::stretch::DOUBT`]): a straight trend gets no exponent from
//! rounding at order 2. A piece of 2 samples has no parabola, one of 3 no cubic: those coefficients are
//! 0 and weigh nothing.
//!
//! # Order of summation
//! In sequence within a piece; 32 pieces are merged in sequence into a group, groups in sequence
//! into the window: two levels, so that a window of 250,000 samples is no chain of 7,800 merges.

use std::ops::Range;

use super::block::{BLOCK, Block};
use super::params::{Shape, SizeRecord};
use super::stretch::Stretch;
use super::summary::{Rest, Summary, Trend};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// Pieces folded into a group before groups are folded into the window; `GROUP` in the shader.
pub const GROUP: usize = 32;

/// The stage.
pub struct Detrend(pub Trend);

impl Stage for Detrend {
    fn name(&self) -> &'static str {
        "dfa/detrend"
    }

    fn source(&self) -> &'static [&'static str] {
        match self.0 {
            Trend::Line => &[
                include_str!("../../../shaders/dfa/detrend.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/window.wgsl"),
                include_str!("../../../shaders/shared/leaf.wgsl"),
                include_str!("../../../shaders/shared/block.wgsl"),
                include_str!("../../../shaders/shared/blocks.wgsl"),
            ],
            Trend::Curve => &[
                include_str!("../../../shaders/dfa/detrend.wgsl"),
                include_str!("../../../shaders/shared/shape.wgsl"),
                include_str!("../../../shaders/shared/window.wgsl"),
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
            Binding::read("profile", "f32"),
            Binding::read("levels", "f32"),
            Binding::read_write("residuals", "vec2<f32>"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let shape = Shape::from_bytes(params);
        grid((shape.rows * shape.windows).div_ceil(self.lanes()))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        match self.0 {
            Trend::Line => every_window::<Block>(bound),
            Trend::Curve => every_window::<Stretch>(bound),
        }
    }
}

/// Writes what is left of every window of every trace.
fn every_window<S: Summary>(bound: &mut Bound<'_>) {
    let shape: Shape = bound.params(0);
    let sizes: &[SizeRecord] = bound.take(1);
    let profile: &[f32] = bound.take(2);
    let levels: &[f32] = bound.take(3);
    let residuals: &mut [Rest] = bound.take(4);
    let (steps, windows) = (shape.steps as usize, shape.windows as usize);
    let blocks = steps.div_ceil(BLOCK);
    for row in 0..shape.rows as usize {
        let profile = &profile[row * steps..][..steps];
        let levels = &levels[row * blocks..][..blocks];
        let residuals = &mut residuals[row * windows..][..windows];
        for size in sizes {
            for window in 0..size.count {
                let start = size.start(window) as usize;
                let end = start + size.size as usize;
                let left = fold::<S>(profile, levels, start..end, shape.order);
                residuals[(size.first + window) as usize] = left;
            }
        }
    }
}

/// Folds the pieces of one window, cut at the borders of blocks.
fn fold<S: Summary>(profile: &[f32], levels: &[f32], window: Range<usize>, order: u32) -> Rest {
    let Range { start, end } = window;
    let covered = &levels[start / BLOCK..=(end - 1) / BLOCK];
    let mut above = 0.0;
    for level in covered {
        above += level - covered[0];
    }
    let level = covered[0] + above / covered.len() as f32;
    let (mut total, mut group) = (S::default(), S::default());
    let (mut pieces, mut at, mut leaned) = (0, start, 0.0);
    while at < end {
        let next = ((at / BLOCK + 1) * BLOCK).min(end);
        let before = if at.is_multiple_of(BLOCK) { 0.0 } else { profile[at - 1] };
        let tilt = levels[at / BLOCK] - level;
        let piece = S::leaf(&profile[at..next], before, order);
        if next - at < BLOCK {
            leaned += piece.lean();
        }
        group = group.join(piece.tilted(tilt), order);
        pieces += 1;
        if pieces == GROUP {
            total = total.join(group, order);
            group = S::default();
            pieces = 0;
        }
        at = next;
    }
    total.join(group, order).rest(leaned, order)
}

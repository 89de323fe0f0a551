//! Stage `dfa/detrend`: the residual of every window from its least-squares line, order 1.
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
//! line (at most 32 samples, centred, less their chord), tilts by how far its block's level lies above
//! the window's (a tilt leaves the residual alone) and joins the window by [`super::block::merge`].
//! The window's level is near the mean of its blocks' levels: with the first block's instead, white
//! noise of a million samples was off by 1.8e-6, for a level off by 0.2 sd is a line that rises by
//! 20,000 over a window of 100,000 samples.
//!
//! # Order of summation
//! In sequence within a piece; 32 pieces are merged in sequence into a group, groups in sequence
//! into the window: two levels, so that a window of 250,000 samples is no chain of 7,800 merges.

use std::ops::Range;

use super::block::{BLOCK, Block, merge, spread};
use super::params::{Shape, SizeRecord};
use super::summary::Summary;
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// Pieces folded into a group before groups are folded into the window; `GROUP` in the shader.
pub const GROUP: usize = 32;

/// The stage.
pub struct Detrend;

impl Stage for Detrend {
    fn name(&self) -> &'static str {
        "dfa/detrend"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/detrend.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/window.wgsl"),
            include_str!("../../../shaders/shared/leaf.wgsl"),
            include_str!("../../../shaders/shared/block.wgsl"),
        ]
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
            Binding::read_write("residuals", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let shape = Shape::from_bytes(params);
        grid((shape.rows * shape.windows).div_ceil(self.lanes()))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        every_window::<Block>(bound);
    }
}

/// Writes what is left of every window of every trace.
pub(super) fn every_window<S: Summary>(bound: &mut Bound<'_>) {
    let shape: Shape = bound.params(0);
    let sizes: &[SizeRecord] = bound.take(1);
    let profile: &[f32] = bound.take(2);
    let levels: &[f32] = bound.take(3);
    let residuals: &mut [f32] = bound.take(4);
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
                let whole = fold::<S>(profile, levels, start..end, shape.order);
                residuals[(size.first + window) as usize] = whole.rest(shape.order);
            }
        }
    }
}

/// Folds the pieces of one window, cut at the borders of blocks.
fn fold<S: Summary>(profile: &[f32], levels: &[f32], window: Range<usize>, order: u32) -> S {
    let Range { start, end } = window;
    let covered = &levels[start / BLOCK..=(end - 1) / BLOCK];
    let mut above = 0.0;
    for level in covered {
        above += level - covered[0];
    }
    let level = covered[0] + above / covered.len() as f32;
    let (mut total, mut group) = (S::default(), S::default());
    let (mut pieces, mut at) = (0, start);
    while at < end {
        let next = ((at / BLOCK + 1) * BLOCK).min(end);
        let before = if at.is_multiple_of(BLOCK) { 0.0 } else { profile[at - 1] };
        let tilt = levels[at / BLOCK] - level;
        group = group.join(S::leaf(&profile[at..next], before, order).tilted(tilt), order);
        pieces += 1;
        if pieces == GROUP {
            total = total.join(group, order);
            group = S::default();
            pieces = 0;
        }
        at = next;
    }
    total.join(group, order)
}

impl Summary for Block {
    const KEPT: usize = 4;

    fn leaf(profile: &[f32], before: f32, _order: u32) -> Self {
        let samples = profile.len() as f32;
        let centre = (samples - 1.0) * 0.5;
        let rise = profile[profile.len() - 1] - before;
        let chord = rise / samples;
        let (mut sum, mut moment, mut square) = (0.0, 0.0, 0.0);
        for (i, p) in profile.iter().enumerate() {
            let t = i as f32;
            let d = p - before - chord * (t + 1.0);
            sum += d;
            moment += (t - centre) * d;
            square += d * d;
        }
        let mean = sum / samples;
        let slope = moment / spread(samples).max(0.5);
        let mut residual = square - sum * mean - moment * slope;
        if residual < square / 64.0 {
            residual = 0.0;
            for (i, p) in profile.iter().enumerate() {
                let t = i as f32;
                let distance = p - before - chord * (t + 1.0) - mean - slope * (t - centre);
                residual += distance * distance;
            }
        }
        Self {
            count: samples,
            sum: rise,
            mean: mean + chord * (samples + 1.0) * 0.5,
            slope: slope + chord,
            residual,
        }
    }

    fn tilted(self, tilt: f32) -> Self {
        Self {
            sum: self.sum + tilt * self.count,
            mean: self.mean + tilt * (self.count + 1.0) * 0.5,
            slope: self.slope + tilt,
            ..self
        }
    }

    fn join(self, next: Self, _order: u32) -> Self {
        merge(self, next)
    }

    fn rest(self, _order: u32) -> f32 {
        self.residual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_has_its_line_and_residual() {
        // The profile 1, 3, 2, 4 behind a value of 10: line 1.3 + 0.8·i, residual 1.8.
        let block = Block::leaf(&[11.0, 13.0, 12.0, 14.0], 10.0, 1);
        assert_eq!((block.sum, block.mean), (4.0, 2.5));
        assert!((block.slope - 0.8).abs() < 1e-6 && (block.residual - 1.8).abs() < 1e-6);
        let tilted = block.tilted(2.0);
        assert_eq!((tilted.sum, tilted.mean, tilted.residual), (12.0, 7.5, block.residual));
        // The slope of one sample weighs nothing: it is the chord's.
        let one = Block { count: 1.0, sum: 3.0, mean: 3.0, slope: 3.0, residual: 0.0 };
        assert_eq!(Block::leaf(&[5.0], 3.0, 1).tilted(1.0), one);
    }
}

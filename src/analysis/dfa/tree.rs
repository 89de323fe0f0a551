//! Twin of `shaders/shared/{tree,largest}.wgsl`: the profile of a stretch of a trace, with a tree over
//! its blocks, from which windows of any size are folded.
//!
//! Place in the flow: under [`super::fused`], which says what it is for, and [`super::tiles`].

use super::block::BLOCK;
use super::params::SizeRecord;
use super::summary::{Rest, Summary};
use super::{fluctuation, profile};

/// Lanes that work on one size together; `TEAM` in the shader.
pub const TEAM: usize = 32;

/// Teams per workgroup.
const TEAMS: usize = 4;

/// Workgroup memory is asked for in steps of as many words, so that few pipelines are made.
const STEP: usize = 512;

/// Words of workgroup memory for a stretch of `samples` samples on a device that gives a workgroup
/// `bytes`; none where it does not fit.
pub fn words<S: Summary>(bytes: u32, samples: usize) -> Option<u32> {
    let nodes = 2 * samples.div_ceil(BLOCK);
    let words = (samples + nodes * (1 + S::KEPT)).next_multiple_of(STEP);
    let all = (words + 4 * TEAMS * TEAM) * size_of::<f32>();
    (all <= bytes as usize).then_some(words as u32)
}

/// Lanes of a stage that grows such a tree.
pub(super) const LANES: u32 = (TEAMS * TEAM) as u32;

/// The profile of a stretch, with a tree over its blocks.
pub(super) struct Tree<S> {
    order: u32,
    profile: Vec<f32>,
    /// Level by level, from the blocks up: the level that a node is integrated about, and the node.
    nodes: Vec<Vec<(f32, S)>>,
}

impl<S: Summary> Tree<S> {
    /// Of `trace` times `scale`; without one, of zeros.
    pub(super) fn new(trace: &[f32], scale: Option<f32>, order: u32) -> Self {
        let mut profile = vec![0.0; trace.len()];
        let blocks = trace.chunks(BLOCK).zip(profile.chunks_mut(BLOCK));
        let node = |(samples, integrated): (&[f32], &mut [f32])| {
            let level = scale.map_or(0.0, |scale| profile::integrate(samples, scale, integrated));
            (level, S::leaf(integrated, 0.0, order))
        };
        let mut nodes = vec![blocks.map(node).collect::<Vec<_>>()];
        while nodes[nodes.len() - 1].len() > 1 {
            let pair = |pair: &[(f32, S)]| {
                let [(level_left, left), (level_right, right)] = [pair[0], pair[1]];
                let mean = 0.5 * (level_left + level_right);
                let right = right.tilted(level_right - mean);
                (mean, left.tilted(level_left - mean).join(right, order))
            };
            nodes.push(nodes[nodes.len() - 1].chunks_exact(2).map(pair).collect());
        }
        Self { order, profile, nodes }
    }

    /// What the windows of a size add up to that lie in the stretch, which begins at sample `begin`
    /// of the trace.
    pub(super) fn sum(&self, size: &SizeRecord, begin: u32, roots: u32) -> Rest {
        let [[front, _], [back, _]] = size.starts(begin, begin + self.profile.len() as u32);
        let contribution = |window| {
            let start = (size.start(window) - begin) as usize;
            let residual = self.residual(start, start + size.size as usize);
            fluctuation::contribution(residual, size.size, roots)
        };
        let all: Vec<Rest> = front.chain(back).map(contribution).collect();
        fluctuation::add_up(&all, |value| value)
    }

    /// The node at `place` of all in order, where there is one: every node lies between its halves.
    pub(super) fn at(&self, place: usize) -> Option<(f32, S)> {
        let level = place.trailing_ones() as usize;
        let blocks = (place + 1 - (1 << level)) / 2;
        self.nodes.get(level)?.get(blocks >> level).copied()
    }

    /// The sample behind the node of `level` that begins with `block`.
    fn end(&self, level: usize, block: usize) -> usize {
        ((block + (1 << level)) * BLOCK).min(self.profile.len())
    }

    /// `level_of_window` in the shader.
    fn level(&self, start: usize, end: usize) -> f32 {
        let first = start.div_ceil(BLOCK);
        let last = if end == self.profile.len() { self.nodes[0].len() } else { end / BLOCK };
        if last <= first {
            return 0.5 * (self.nodes[0][start / BLOCK].0 + self.nodes[0][(end - 1) / BLOCK].0);
        }
        let (level, block) = largest(first, last);
        self.nodes[level][block >> level].0
    }

    /// What is left of the window `start .. end` without its polynomial.
    fn residual(&self, start: usize, end: usize) -> Rest {
        if end - start <= BLOCK {
            return self.residual_of_piece(start, end);
        }
        self.residual_of_pieces(start, end)
    }

    /// The profile before sample `at`.
    fn before(&self, at: usize) -> f32 {
        if at.is_multiple_of(BLOCK) { 0.0 } else { self.profile[at - 1] }
    }

    /// Of a window no longer than a block, which goes on in the next block at most.
    fn residual_of_piece(&self, start: usize, end: usize) -> Rest {
        let block = start / BLOCK;
        let seam = end.min((block + 1) * BLOCK);
        let mut profile = self.profile[start..end].to_vec();
        let mut leaned = 0.0;
        if seam < end {
            let tilt = self.nodes[0][block + 1].0 - self.nodes[0][block].0;
            let rise = self.profile[seam - 1] + tilt;
            let beyond = (end - seam) as f32;
            leaned = tilt * tilt * beyond * beyond * beyond / 3.0;
            for (i, p) in profile[seam - start..].iter_mut().enumerate() {
                *p += rise + tilt * i as f32;
            }
        }
        S::leaf(&profile, self.before(start), self.order).rest(leaned, self.order)
    }

    /// Of a longer one.
    fn residual_of_pieces(&self, start: usize, end: usize) -> Rest {
        let window_level = self.level(start, end);
        let mut total = S::default();
        let mut leaned = 0.0;
        let mut at = start;
        while at < end {
            let block = at / BLOCK;
            let mut level = 0;
            let mut next = self.end(0, block);
            let piece = if at.is_multiple_of(BLOCK) && next <= end {
                while block.is_multiple_of(2 << level)
                    && block + (2 << level) <= self.nodes[0].len()
                    && self.end(level + 1, block) <= end
                {
                    level += 1;
                    next = self.end(level, block);
                }
                self.nodes[level][block >> level].1
            } else {
                next = next.min(end);
                let piece = S::leaf(&self.profile[at..next], self.before(at), self.order);
                leaned += piece.lean();
                piece
            };
            let tilt = self.nodes[level][block >> level].0 - window_level;
            total = total.join(piece.tilted(tilt), self.order);
            at = next;
        }
        total.rest(leaned, self.order)
    }
}

/// The largest node of a tree between `first` and `last` of its lowest: its level and the first of the
/// lowest under it. `largest_between` in the shader.
pub(super) fn largest(first: usize, last: usize) -> (usize, usize) {
    let high = (first ^ last).ilog2();
    let middle = (last >> high) << high;
    if last - middle > middle - first {
        return ((last - middle).ilog2() as usize, middle);
    }
    let level = (middle - first).ilog2() as usize;
    (level, middle - (1 << level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::block::Block;
    use crate::analysis::dfa::stretch::Stretch;
    use crate::signal::noise;

    #[test]
    fn it_is_taken_where_a_stretch_fits() {
        // WebGPU promises 16 KiB: 2,700 samples, 170 nodes of 5 words, and 512 words for sums.
        assert_eq!(words::<Block>(16_384, 2700), Some(3584));
        assert_eq!(words::<Block>(16_384, 3000), None);
        assert_eq!(words::<Block>(32_768, 4096), Some(5632));
        assert_eq!(words::<Stretch>(32_768, 4096), Some(6144));
    }

    #[test]
    fn a_short_window_leaves_the_same_in_one_piece_or_two() {
        let trace: Vec<f32> = noise::pink(200, 1, 0);
        let (line, curve) =
            (Tree::<Block>::new(&trace, Some(1.0), 1), Tree::<Stretch>::new(&trace, Some(1.0), 3));
        for size in 8..=BLOCK {
            for start in 0..=trace.len() - size {
                let end = start + size;
                let found = [
                    (line.residual_of_piece(start, end), line.residual_of_pieces(start, end)),
                    (curve.residual_of_piece(start, end), curve.residual_of_pieces(start, end)),
                ];
                for (one, two) in found {
                    assert!(
                        (one.residual / two.residual - 1.0).abs() < 1e-4,
                        "{start}..{end}: {one:?} {two:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_largest_node_between_two_is_found() {
        for last in 1..70usize {
            for first in 0..last {
                let (level, block) = largest(first, last);
                assert!(block >= first && block + (1 << level) <= last);
                assert!(block.is_multiple_of(1 << level));
                let fits = |level: u32| first.next_multiple_of(1 << level) + (1 << level) <= last;
                assert!(!fits(level as u32 + 1), "{first} {last}");
            }
        }
    }
}

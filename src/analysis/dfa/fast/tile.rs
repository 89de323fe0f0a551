//! A tile of a bundle of traces: the small windows that begin in it, and its blocks.
//!
//! Place in the flow: the task that [`super`] runs first; [`super::joined`] uses the blocks.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Work;
use super::bundle::Bundle;
use super::many::Many;
use super::one::One;
use super::rows::Rows;
use super::stretch::Stretch;
use super::value::Value;

/// Numbers of the profile that all small sizes are measured on before the next: the nearest cache
/// holds them.
const NEAR: usize = 4096;

/// What a tile gives.
pub struct Tile {
    /// Per size that is done window by window and trace, the sum over the windows that begin here.
    pub totals: Vec<f64>,
    /// Blocks, pairs of blocks and so on that lie here, level by level.
    pub levels: Vec<Vec<f64>>,
    /// How far the profile goes from zero, per trace, at every eighth sample.
    pub reach: Vec<f64>,
}

/// What a thread keeps from tile to tile.
#[derive(Default)]
pub struct Scratch {
    /// The profile of the samples from the tile's first on, led by a zero.
    pub profile: Vec<f64>,
}

/// The small windows that begin in a tile, and its blocks.
pub struct InTile<'a, const K: usize> {
    /// The plan, laid out.
    pub work: &'a Work<'a, K>,
    /// The traces.
    pub rows: &'a Rows<'a>,
    /// Which tile, counted from the first sample.
    pub tile: usize,
    /// This thread's.
    pub scratch: &'a mut Scratch,
}

impl<const K: usize> WithSimd for InTile<'_, K> {
    type Output = Tile;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Tile {
        if self.work.width == 1 { self.run(One(simd)) } else { self.run(Many(simd)) }
    }
}

impl<const K: usize> InTile<'_, K> {
    #[inline(always)]
    fn run<B: Bundle>(self, bundle: B) -> Tile {
        let work = self.work;
        let (steps, width) = (work.plan.steps(), work.width);
        let begin = self.tile * work.tile;
        let end = (begin + work.tile).min(steps);
        let sizes = &work.plan.sizes()[..work.joined_from];
        let largest = sizes.last().map_or(0, |size| size.size);
        let wide = bundle.wide();
        let several = wide.width() / width;
        let profile = &mut self.scratch.profile;
        self.rows.profile(bundle, begin..(end + several * largest).min(steps), profile);
        let mut totals = vec![0.0; sizes.len() * width];
        let places = sizes.iter().zip(&work.direct);
        for from in (begin..end).step_by(NEAR / width) {
            let near = from..(from + NEAR / width).min(end);
            for ((size, degrees), total) in places.clone().zip(totals.chunks_exact_mut(width)) {
                let (mut sum, mut wide_sum) = (bundle.load(total), wide.zero());
                let length = size.size + 1;
                for (origin, count) in [(0, size.front), (size.back, size.count - size.front)] {
                    let groups = if several > 1 { count / several } else { 0 };
                    let stride = several * size.stride;
                    for group in begun(&near, origin, stride, groups) {
                        let profile = &profile[origin + group * stride - begin..];
                        let moments = bundle.moments_beside(profile, size.stride, degrees);
                        let window = Stretch::from_moments(moments, degrees);
                        wide_sum = wide_sum.plus(work.contribution(wide, &window, size.size));
                    }
                    let origin = origin + groups * stride;
                    let others = count - groups * several;
                    for window in begun(&near, origin, size.stride, others) {
                        let start = origin + window * size.stride - begin;
                        let samples = &profile[start * width..][..length * width];
                        let window = Stretch::of(bundle, samples, degrees);
                        sum = sum.plus(work.contribution(bundle, &window, size.size));
                    }
                }
                bundle.store(sum.plus(bundle.total(wide_sum)), total);
            }
        }
        let levels = if work.joined_from < work.plan.sizes().len() {
            work.levels(bundle, &profile[..(end - begin + 1) * width])
        } else {
            Vec::new()
        };
        let mut reach = vec![0.0f64; width];
        for samples in profile.chunks_exact(width).step_by(8) {
            reach.iter_mut().zip(samples).for_each(|(reach, y)| *reach = reach.max(y.abs()));
        }
        Tile { totals, levels, reach }
    }
}

/// Which of `count` things, one every `stride` samples from `origin` on, begin in `part`.
fn begun(part: &Range<usize>, origin: usize, stride: usize, count: usize) -> Range<usize> {
    let from = part.start.saturating_sub(origin).div_ceil(stride);
    let to = part.end.saturating_sub(origin).div_ceil(stride);
    from.min(count)..to.min(count)
}

//! Large windows, joined from the blocks that lie in them and the samples at either end.
//!
//! Place in the flow: the task that [`super`] runs once the blocks of all tiles are there.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Work;
use super::bundle::Bundle;
use super::many::Many;
use super::one::One;
use super::rows::Rows;
use super::stretch::Stretch;
use super::value::Value;
use crate::analysis::dfa::plan::WindowSize;

/// Some large windows of one size.
pub struct Joined<'a, const K: usize> {
    /// The plan, laid out.
    pub work: &'a Work<'a, K>,
    /// The traces.
    pub rows: &'a Rows<'a>,
    /// Blocks, pairs of blocks and so on.
    pub levels: &'a [Vec<f64>],
    /// The profile of the whole trace, where it is short enough to be kept.
    pub whole: Option<&'a [f64]>,
    /// The size.
    pub size: &'a WindowSize,
    /// Which windows.
    pub windows: Range<usize>,
}

impl<const K: usize> WithSimd for Joined<'_, K> {
    /// The sum over the windows, per trace.
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        if self.work.width == 1 { self.run(One(simd)) } else { self.run(Many(simd)) }
    }
}

impl<const K: usize> Joined<'_, K> {
    #[inline(always)]
    fn run<B: Bundle>(self, bundle: B) -> Vec<f64> {
        let mut profile = Vec::new();
        let mut sum = bundle.zero();
        for window in self.windows.clone() {
            let start = self.size.start(window);
            let window = self.window(bundle, start, start + self.size.size, &mut profile);
            sum = sum.plus(self.work.contribution(bundle, &window, self.size.size));
        }
        let mut total = vec![0.0; bundle.width()];
        bundle.store(sum, &mut total);
        total
    }

    #[inline(always)]
    fn window<B: Bundle>(
        &self,
        bundle: B,
        start: usize,
        end: usize,
        profile: &mut Vec<f64>,
    ) -> Stretch<B::Value, K> {
        let work = self.work;
        let numbers = Stretch::<B::Value, K>::numbers(work.width);
        let (mut at, last) = (start.div_ceil(work.block), end / work.block);
        let head = start..at * work.block;
        let mut joined = None;
        if !head.is_empty() {
            joined = Some(self.piece(bundle, head, profile));
        }
        while at < last {
            // The largest run of blocks that begins here and ends inside.
            let level = at.trailing_zeros().min((last - at).ilog2()) as usize;
            let numbers = &self.levels[level][(at >> level) * numbers..][..numbers];
            let next = Stretch::load(bundle, numbers, &work.levels[level]);
            joined = Some(match joined {
                Some(before) => Stretch::join(before, next),
                None => next,
            });
            at += 1 << level;
        }
        let tail = last * work.block..end;
        match joined {
            Some(before) if tail.is_empty() => before,
            Some(before) => before.join(self.piece(bundle, tail, profile)),
            None => self.piece(bundle, tail, profile),
        }
    }

    /// Fewer samples than a block has.
    #[inline(always)]
    fn piece<B: Bundle>(
        &self,
        bundle: B,
        samples: Range<usize>,
        profile: &mut Vec<f64>,
    ) -> Stretch<B::Value, K> {
        let degrees = &self.work.pieces[samples.len()];
        if let Some(whole) = self.whole {
            let width = bundle.width();
            let profile = &whole[samples.start * width..(samples.end + 1) * width];
            return Stretch::of(bundle, profile, degrees);
        }
        self.rows.profile(bundle, samples, profile);
        Stretch::of(bundle, profile, degrees)
    }
}

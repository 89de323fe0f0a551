//! The fast CPU path: DFA in f64 on vector registers, in parallel over traces, and over the windows
//! of a long trace.
//!
//! Place in the flow: what users without a GPU run, behind [`super::Path::Cpu`]. Not a twin: it
//! owes the shaders nothing and is held to the oracle like they are.
//!
//! # Arithmetic
//! The profile of a stretch is `p_t = Σ (x - mean)`, from zero before the stretch; the difference
//! of `f32` and a mean is good to f64. With the chord taken out first, `d_t = p_t - t·p_k/k`, one
//! pass over `Σ Q_j d` and `Σ d²` gives polynomial and residual with their digits ([`sums`]). A
//! constant stretch gives `d = 0` exactly.
//!
//! Small windows are done so, one by one ([`tile`]). Larger ones are joined ([`joined`],
//! [`stretch`]): the trace is cut into blocks of [`BLOCK`] samples, whose polynomials are made once
//! and joined in pairs, pairs in pairs, and so on; a window takes the samples before its first
//! block, the largest blocks that lie inside it (at most two of each length), and the samples
//! behind the last. Its cost no longer grows with its size.
//!
//! # Memory
//! Nothing is kept per sample: a tile of the profile at a time, and the blocks, which are longer in
//! longer traces so that there are at most [`MOST_BLOCKS`]: 5 MB for a trace of any length.
//!
//! # Registers
//! Many traces: a register holds one sample of each of several traces ([`many`]). Few or long ones:
//! consecutive samples of one ([`one`]), but one sample of each of several of its small windows. The instruction set is chosen at run time (pulp). Sums are
//! taken tile by tile and in order: the same whatever the number of threads.

mod bundle;
mod joined;
mod many;
mod one;
mod rows;
mod stretch;
mod sums;
mod tile;
mod value;

use bundle::{Bundle, Degrees};
use joined::Joined;
use many::Many;
use one::One;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use rows::{Means, Rows};
use stretch::Stretch;
pub use tile::Scratch;
use tile::{InTile, Tile};
use value::Value;

use super::plan::{DfaPlan, WindowSize};
use crate::signal::Traces;

/// Samples of the smallest block.
const BLOCK: usize = 32;

/// The same where one trace is measured.
const BLOCK_ALONE: usize = 128;

/// Blocks of a trace, at most. Twice as many take 3 MB more where a trace is long; `analyze` of 10⁸
/// samples takes 3 % less time, of 2·10⁷ none.
const MOST_BLOCKS: usize = 1 << 15;

/// Samples of a tile where one trace is measured. A tenth of that is integrated twice, for the
/// windows that reach into the next tile.
const TILE: usize = 32_768;

/// The same where several are measured together, and more samples than [`WHOLE_TOGETHER`].
const TILE_TOGETHER: usize = 1024;

/// Samples of traces that are measured together as a single tile.
const WHOLE_TOGETHER: usize = 8192;

/// Longer traces are measured one by one, each by all threads.
const LONGEST_TOGETHER: usize = 1 << 17;

/// What rounding may leave of a window in which nothing happens, per sample of it and unit of the
/// profile: each sum is off by half an ulp at most, which bends a line by a quarter of what it adds up
/// to. `F` no larger than this is 0, in traces side by side as in lone ones.
const ROUNDING: f64 = f64::EPSILON / 8.0;

/// Windows of one task.
const WINDOWS: usize = 128;

/// `F(n)` of every trace, rows × sizes, by all threads. A NaN or an infinity makes every size NaN
/// that has a window over it.
pub fn fluctuations(traces: &Traces, plan: &DfaPlan) -> Vec<f64> {
    let mut found = vec![0.0; traces.rows() * plan.sizes().len()];
    by_order(traces.values(), plan, None, &mut found);
    found
}

/// The same into `found`, of traces that are short and few enough for one thread, whose `scratch`
/// serves all its calls.
pub fn fluctuations_of(traces: &[f32], plan: &DfaPlan, scratch: &mut Scratch, found: &mut [f64]) {
    by_order(traces, plan, Some(scratch), found);
}

fn by_order(traces: &[f32], plan: &DfaPlan, scratch: Option<&mut Scratch>, found: &mut [f64]) {
    match plan.order() {
        1 => measure::<2>(traces, plan, scratch, found),
        2 => measure::<3>(traces, plan, scratch, found),
        _ => measure::<4>(traces, plan, scratch, found),
    }
}

fn measure<const K: usize>(
    traces: &[f32],
    plan: &DfaPlan,
    scratch: Option<&mut Scratch>,
    found: &mut [f64],
) {
    let arch = Arch::new();
    let (steps, sizes) = (plan.steps(), plan.sizes().len());
    let width = arch.dispatch(Width);
    let long = steps > LONGEST_TOGETHER;
    // Below half a bundle the registers would be mostly empty.
    let together = if traces.len() / steps > width / 2 && !long { width } else { 1 };
    let work = Work::<K>::new(plan, together);
    let bundle = |scratch: &mut Scratch, (out, rows)| work.measure(arch, rows, out, scratch);
    let (rows, outs) = (together * steps, together * sizes);
    let mut own = Scratch::default();
    if let Some(scratch) = scratch.or(long.then_some(&mut own)) {
        found.chunks_mut(outs).zip(traces.chunks(rows)).for_each(|row| bundle(scratch, row));
    } else {
        let rows = traces.par_chunks(rows);
        found.par_chunks_mut(outs).zip(rows).for_each_init(Scratch::default, bundle);
    }
}

/// How many traces a bundle holds on this processor.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        Many(simd).width()
    }
}

/// A plan, laid out for this path: `K - 1` is the order.
struct Work<'a, const K: usize> {
    plan: &'a DfaPlan,
    /// Traces per bundle.
    width: usize,
    /// Samples per block.
    block: usize,
    /// Samples per tile, a power of two of blocks.
    tile: usize,
    /// The sizes below this one are done window by window, the others joined.
    joined_from: usize,
    /// Degrees of the sizes that are done window by window.
    direct: Vec<Degrees<K>>,
    /// Degrees of 0 to `block - 1` samples.
    pieces: Vec<Degrees<K>>,
    /// Degrees of one block, two, four, and so on.
    levels: Vec<Degrees<K>>,
}

impl<'a, const K: usize> Work<'a, K> {
    fn new(plan: &'a DfaPlan, width: usize) -> Self {
        let block = if width > 1 { BLOCK } else { BLOCK_ALONE }
            .max(plan.steps().div_ceil(MOST_BLOCKS).next_power_of_two());
        let tile = match plan.steps() {
            steps if width > 1 && steps <= WHOLE_TOGETHER => steps.next_power_of_two(),
            _ if width > 1 => TILE_TOGETHER,
            _ => TILE,
        };
        let sizes = plan.sizes();
        let joined_from = sizes.partition_point(|size| size.size < 3 * block);
        let blocks = plan.steps() / block;
        let levels = (0..=blocks.checked_ilog2().unwrap_or(0))
            .map(|level| Degrees::new((block << level) as f64))
            .collect();
        Self {
            plan,
            width,
            block,
            tile: tile.max(8 * block),
            joined_from,
            direct: sizes[..joined_from].iter().map(|s| Degrees::new(s.size as f64)).collect(),
            pieces: (0..block).map(|count| Degrees::new(count as f64)).collect(),
            levels,
        }
    }

    /// `F` of the traces of one bundle.
    fn measure(&self, arch: Arch, rows: &[f32], out: &mut [f64], scratch: &mut Scratch) {
        let steps = self.plan.steps();
        let means = arch.dispatch(Means { rows, steps, width: self.width });
        let rows = &Rows { values: rows, steps, means };
        let measured =
            |scratch: &mut Scratch, tile| arch.dispatch(InTile { work: self, rows, tile, scratch });
        let alone = steps <= self.tile;
        let mut tiles: Vec<Tile> = if alone {
            vec![measured(scratch, 0)]
        } else {
            let tiles = (0..steps.div_ceil(self.tile)).into_par_iter();
            tiles.map_init(Scratch::default, measured).collect()
        };
        let mut reach = vec![0.0f64; self.width];
        for tile in &tiles {
            reach.iter_mut().zip(&tile.reach).for_each(|(reach, far)| *reach = reach.max(*far));
        }
        // The profile of a single tile is the whole, and serves the large windows too.
        let whole = alone.then_some(scratch.profile.as_slice());
        let levels = &if self.joined_from < self.plan.sizes().len() {
            self.gather(arch, &mut tiles)
        } else {
            Vec::new()
        };
        for (place, size) in self.plan.sizes().iter().enumerate() {
            let mut total = vec![0.0; self.width];
            if place < self.joined_from {
                for tile in &tiles {
                    add(&mut total, &tile.totals[place * self.width..][..self.width]);
                }
            } else {
                let tasks = size.count.div_ceil(WINDOWS);
                let task = |task: usize| {
                    let windows = task * WINDOWS..((task + 1) * WINDOWS).min(size.count);
                    arch.dispatch(Joined { work: self, rows, levels, whole, size, windows })
                };
                let parts: Vec<Vec<f64>> = (0..tasks).into_par_iter().map(task).collect();
                parts.iter().for_each(|part| add(&mut total, part));
            }
            let rows = out.chunks_exact_mut(self.plan.sizes().len());
            for ((row, total), reach) in rows.zip(total).zip(&reach) {
                let found = self.average(total, size);
                let rounding = ROUNDING * size.size as f64 * reach;
                row[place] = if found <= rounding { 0.0 } else { found };
            }
        }
    }

    /// The levels of all tiles, and those above.
    fn gather(&self, arch: Arch, tiles: &mut [Tile]) -> Vec<Vec<f64>> {
        let mut levels: Vec<Vec<f64>> = Vec::new();
        for level in 0..self.levels.len() {
            let parts = || tiles.iter().filter_map(|tile| tile.levels.get(level));
            let mut joined = Vec::with_capacity(parts().map(Vec::len).sum());
            for found in tiles.iter_mut().filter_map(|tile| tile.levels.get_mut(level)) {
                joined.append(&mut std::mem::take(found));
            }
            let below = levels.last();
            let complete = self.tile >= self.block << level;
            levels.push(match below {
                Some(below) if !complete => arch.dispatch(Pairs { work: self, level, below }),
                _ => joined,
            });
        }
        levels
    }

    fn average(&self, total: f64, size: &WindowSize) -> f64 {
        let mean = total / size.count as f64;
        if self.plan.convention().averages_roots() {
            mean
        } else {
            (mean / size.size as f64).sqrt()
        }
    }

    /// What a window adds to the total.
    #[inline(always)]
    fn contribution<B: Bundle>(
        &self,
        bundle: B,
        window: &Stretch<B::Value, K>,
        size: usize,
    ) -> B::Value {
        let residual = window.settled(bundle.zero());
        if self.plan.convention().averages_roots() {
            residual.scaled(1.0 / size as f64).root()
        } else {
            residual
        }
    }

    /// The blocks of a tile's `profile`, level by level.
    #[inline(always)]
    fn levels<B: Bundle>(&self, bundle: B, profile: &[f64]) -> Vec<Vec<f64>> {
        let (width, block) = (self.width, self.block);
        let numbers = Stretch::<B::Value, K>::numbers(width);
        let blocks = (profile.len() / width - 1) / block;
        let mut lowest = vec![0.0; blocks * numbers];
        for (i, out) in lowest.chunks_exact_mut(numbers).enumerate() {
            let samples = &profile[i * block * width..][..(block + 1) * width];
            Stretch::of(bundle, samples, &self.levels[0]).store(bundle, out);
        }
        let mut levels = vec![lowest];
        while self.block << levels.len() <= self.tile && levels.len() < self.levels.len() {
            let level = levels.len();
            levels.push(self.pairs(bundle, level, &levels[level - 1]));
        }
        levels
    }

    /// One level above `below`, which has the stretches of `level - 1`.
    #[inline(always)]
    fn pairs<B: Bundle>(&self, bundle: B, level: usize, below: &[f64]) -> Vec<f64> {
        let numbers = Stretch::<B::Value, K>::numbers(self.width);
        let degrees = &self.levels[level - 1];
        let mut joined = vec![0.0; below.len() / numbers / 2 * numbers];
        for (pair, out) in below.chunks_exact(2 * numbers).zip(joined.chunks_exact_mut(numbers)) {
            let left = Stretch::load(bundle, pair, degrees);
            let right = Stretch::load(bundle, &pair[numbers..], degrees);
            left.join(right).store(bundle, out);
        }
        joined
    }
}

fn add(total: &mut [f64], part: &[f64]) {
    total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
}

/// One level of blocks from the level below.
struct Pairs<'a, const K: usize> {
    work: &'a Work<'a, K>,
    level: usize,
    below: &'a [f64],
}

impl<const K: usize> WithSimd for Pairs<'_, K> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let Self { work, level, below } = self;
        if work.width == 1 {
            work.pairs(One(simd), level, below)
        } else {
            work.pairs(Many(simd), level, below)
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;
    use crate::analysis::dfa::{Convention, Settings, oracle};
    use crate::signal::noise;

    /// Runs every task on one instruction set.
    fn measure_by<const K: usize>(
        arch: Arch,
        trace: &[f32],
        plan: &DfaPlan,
        width: usize,
    ) -> Vec<f64> {
        let work = Work::<K>::new(plan, width);
        let mut out = vec![f64::NAN; plan.sizes().len()];
        work.measure(arch, trace, &mut out, &mut Scratch::default());
        out
    }

    /// What this processor offers, from the widest registers down.
    fn instruction_sets() -> Vec<Arch> {
        let mut sets = vec![Arch::new(), Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        sets.extend(pulp::x86::V3::try_new().map(Arch::V3));
        sets
    }

    /// Holds both layouts to the formula, at every order and convention, on every instruction set.
    fn check(trace: &[f32]) {
        instruction_sets().into_iter().for_each(|arch| check_on(arch, trace));
    }

    fn check_on(arch: Arch, trace: &[f32]) {
        let width = arch.dispatch(Width);
        for convention in Convention::ALL {
            for order in 1..=3 {
                let windows = vec![6, 7, 9, 30, 95, 96, 97, 128, 333, 500, 1111];
                let settings = Settings { windows, order, convention };
                let plan = DfaPlan::new(trace.len(), &settings).expect("the windows fit");
                let expected = oracle::fluctuations(trace, &plan);
                for width in [1, width] {
                    let found = match order {
                        1 => measure_by::<2>(arch, trace, &plan, width),
                        2 => measure_by::<3>(arch, trace, &plan, width),
                        _ => measure_by::<4>(arch, trace, &plan, width),
                    };
                    for (f, e) in found.iter().zip(&expected) {
                        let what =
                            format!("{arch:?}, {convention:?}, order {order}, width {width}");
                        assert!((f - e).abs() < 1e-10 * e, "{what}: {f} for {e}");
                    }
                }
            }
        }
    }

    #[test]
    fn both_layouts_give_the_formula_at_every_order_and_convention() {
        check(&noise::brownian(2500, 2, 0));
    }

    #[test]
    fn no_window_is_lost_where_tiles_meet() {
        check(&noise::pink(2 * TILE + 1234, 2, 0));
    }

    #[test]
    fn registers_of_one_lane_give_the_formula() {
        let trace = noise::pink(1700, 2, 0);
        let settings = Settings { windows: vec![4, 31, 400, 850], ..Settings::default() };
        let plan = DfaPlan::new(1700, &settings).expect("the windows fit");
        let expected = oracle::fluctuations(&trace, &plan);
        for width in [1, 2] {
            let work = Work::<2>::new(&plan, width);
            let means = Means { rows: &trace, steps: 1700, width }.with_simd(Scalar);
            let rows = Rows { values: &trace, steps: 1700, means };
            let scratch = &mut Scratch::default();
            let tile = InTile { work: &work, rows: &rows, tile: 0, scratch }.with_simd(Scalar);
            for (place, expected) in expected[..2].iter().enumerate() {
                let found = work.average(tile.totals[place * width], &plan.sizes()[place]);
                assert!((found - expected).abs() < 1e-11 * expected, "{found} for {expected}");
            }
            let levels = &work.gather(Arch::new(), &mut [tile]);
            let (size, windows) = (&plan.sizes()[3], 0..plan.sizes()[3].count);
            let joined = Joined { work: &work, rows: &rows, levels, whole: None, size, windows };
            let found = work.average(joined.with_simd(Scalar)[0], size);
            assert!((found - expected[3]).abs() < 1e-11 * expected[3], "{found}");
        }
    }
}

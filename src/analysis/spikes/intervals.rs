//! Intervals between spikes: CV, CV2 and LV; stage `spikes/intervals`.
//!
//! Place in the flow: the bins that hold spikes, and how many, in; three numbers out. Formulas and
//! the rule for several spikes in a bin: [`super`]. Of units whose spikes come chunk by chunk as
//! bits ([`super::threshold`]) the stage, whose twin is the host path, gathers the sums.
//!
//! # What the stage computes
//! Bindings: `chunk`, `bits` (words × units) → `spaced` (units), to which it adds the spikes and
//! the squared intervals, and `ratios` (units × 4 words), to which it adds
//! `│a - b│ / (a + b)` of neighbouring intervals and its square, in units of 2^-32. Whole numbers
//! only, which no order of addition changes and no length of a train wears out: CV is equal to the
//! bit on every path, CV2 and LV as good as a division of float32, 3e-7.

use std::sync::LazyLock;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use super::chunk::{self, BITS, BLOCK, Chunk};
use super::statistics::{narrow, wide};
use crate::gpu::stage::{Binding, Bound, Stage};

/// Measures of the intervals of one train; `None` where undefined. No units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Irregularity {
    /// The coefficient of variation, `sd / mean` with the population's sd.
    pub cv: Option<f64>,
    /// CV2 of Holt, Softky, Koch and Douglas, J. Neurophysiol. 75, 1806 (1996).
    pub cv2: Option<f64>,
    /// LV of Shinomoto, Shima and Tanji, Neural Comput. 15, 2823 (2003).
    pub lv: Option<f64>,
}

/// The measures of a train whose bins `active` (in order) hold spikes, `counts[bin]` of them each.
///
/// `k` spikes of one bin make `k - 1` intervals of 0, and the last of them the next one. Sums of
/// intervals are whole numbers and exact below 2^32 bins.
pub fn measure(active: &[usize], counts: &[u32]) -> Irregularity {
    let zeros = |bin: usize| u64::from(counts[bin]) - 1;
    let mut intervals = active.first().map_or(0, |&bin| zeros(bin));
    let (mut squares, mut ratios) = (0u128, Ratios::default());
    let mut previous = (intervals > 0).then_some(0);
    // Two intervals of 0 in a row have no ratio; one stands between two others.
    let mut both_zero = intervals > 1;
    for pair in active.windows(2) {
        let (distance, zeros) = ((pair[1] - pair[0]) as u64, zeros(pair[1]));
        if let Some(previous) = previous {
            ratios.add(previous, distance);
        }
        if zeros > 0 {
            ratios.add(distance, 0);
        }
        both_zero |= zeros > 1;
        previous = Some(if zeros > 0 { 0 } else { distance });
        intervals += 1 + zeros;
        squares += u128::from(distance) * u128::from(distance);
    }
    // The sum of all intervals: from the first spike to the last.
    let sum = active.first().zip(active.last()).map_or(0, |(first, last)| last - first) as u64;
    conclude(intervals, sum, squares, (!both_zero).then_some(ratios))
}

/// The measures of `intervals` intervals by their sum, their squares' sum and their ratios' where
/// those are defined.
fn conclude(intervals: u64, sum: u64, squares: u128, ratios: Option<Ratios>) -> Irregularity {
    if intervals < 2 || sum == 0 {
        return Irregularity::default();
    }
    let spread = (u128::from(intervals) * squares - u128::from(sum) * u128::from(sum)) as f64;
    let pairs = (intervals - 1) as f64;
    Irregularity {
        cv: Some(spread.sqrt() / sum as f64),
        cv2: ratios.as_ref().map(|ratios| 2.0 * ratios.sum / pairs),
        lv: ratios.as_ref().map(|ratios| 3.0 * ratios.squares / pairs),
    }
}

/// Sums over neighbouring intervals of `r = │a - b│ / (a + b)`.
#[derive(Default)]
struct Ratios {
    sum: f64,
    squares: f64,
}

impl Ratios {
    fn add(&mut self, a: u64, b: u64) {
        let ratio = a.abs_diff(b) as f64 / (a + b) as f64;
        self.sum += ratio;
        self.squares += ratio * ratio;
    }
}

/// Sums over the intervals of one unit, so far.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Spaced {
    /// Spikes.
    pub spikes: u32,
    /// The step of the first spike, from 1; 0 where there is none.
    pub first: u32,
    /// The step of the last spike, from 1; 0 where there is none.
    pub last: u32,
    /// The last interval, in steps; 0 where there is none.
    pub previous: u32,
    /// Sum of the squared intervals, its low and its high word.
    pub squares: [u32; 2],
}

/// Words of the sums over ratios of one unit: two numbers of 64 bits.
pub const RATIO_WORDS: usize = 4;

/// A ratio of 1 in the sums: `ONE` in the shader.
pub const ONE: f32 = 4_294_967_296.0;

/// The largest ratio, so that it fits in 32 bits: `BELOW_ONE` in the shader.
pub const BELOW_ONE: f32 = 0.999_999_94;

impl Spaced {
    const FIELDS: &[(&str, u32)] = &[
        ("spikes", 0),
        ("first", 4),
        ("last", 8),
        ("previous", 12),
        ("squares_low", 16),
        ("squares_high", 20),
    ];

    /// The measures, with the sums over ratios.
    pub(super) fn irregularity(&self, ratios: &[u32]) -> Irregularity {
        let share = |low: usize| wide([ratios[low], ratios[low + 1]]) as f64 / f64::from(ONE);
        let intervals = u64::from(self.spikes).saturating_sub(1);
        let sum = u64::from(self.last - self.first);
        let ratios = Ratios { sum: share(0), squares: share(2) };
        conclude(intervals, sum, wide(self.squares).into(), Some(ratios))
    }

    /// Adds the spike at step `now`, from 1.
    #[inline]
    fn spike(&mut self, now: u32, ratios: &mut [u64; 2], table: &[[u32; 2]]) {
        if self.last == 0 {
            self.first = now;
        } else {
            let interval = now - self.last;
            let square = u64::from(interval).pow(2);
            self.squares = narrow(wide(self.squares).wrapping_add(square));
            if self.previous != 0 {
                let pair = [self.previous, interval];
                let known = table.get((pair[0] as usize) << SHORT | pair[1] as usize);
                let known = known.filter(|_| (pair[0] | pair[1]) >> SHORT == 0);
                let [once, squared] = known.map_or_else(|| ratio(pair), |words| *words);
                ratios[0] += u64::from(once);
                ratios[1] += u64::from(squared);
            }
            self.previous = interval;
        }
        self.last = now;
    }
}

/// The ratio of two neighbouring intervals and its square, in units of 1 / [`ONE`].
fn ratio([previous, interval]: [u32; 2]) -> [u32; 2] {
    let change = interval.abs_diff(previous) as f32;
    let ratio = (change / (interval + previous) as f32).min(BELOW_ONE);
    [(ratio * ONE) as u32, (ratio * ratio * ONE) as u32]
}

/// Bits of a short interval: ratios of two of them are looked up, for a unit that is often active
/// has hardly any others, and a division per spike is what takes the time.
const SHORT: u32 = 5;

/// The ratios of short intervals, `previous << SHORT | interval`.
static RATIOS: LazyLock<Vec<[u32; 2]>> = LazyLock::new(|| {
    let pairs = (0..1u32 << (2 * SHORT)).map(|at| [at >> SHORT, at & ((1 << SHORT) - 1)]);
    pairs.map(|pair| if pair == [0, 0] { [0, 0] } else { ratio(pair) }).collect()
});

/// The stage.
pub struct Intervals;

impl Stage for Intervals {
    fn name(&self) -> &'static str {
        "spikes/intervals"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/spikes/intervals.wgsl"),
            include_str!("../../../shaders/shared/chunk.wgsl"),
            include_str!("../../../shaders/shared/wide.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        chunk::LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Chunk::BINDING,
            Binding::read("bits", "u32"),
            Binding::read_write_records("spaced", Spaced::FIELDS, size_of::<Spaced>() as u32),
            Binding::read_write("ratios", "u32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        chunk::groups(Chunk::from_bytes(params).units as usize)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let chunk: Chunk = bound.params(0);
        add(&chunk, bound.take(1), bound.take(2), bound.take(3));
    }
}

/// Adds the spikes of a chunk.
pub(super) fn add(chunk: &Chunk, bits: &[u32], spaced: &mut [Spaced], ratios: &mut [u32]) {
    let (units, table) = (chunk.units as usize, RATIOS.as_slice());
    let blocks = spaced.par_chunks_mut(BLOCK).zip(ratios.par_chunks_mut(RATIO_WORDS * BLOCK));
    blocks.enumerate().for_each(|(block, (spaced, ratios))| {
        let records = spaced.iter_mut().zip(ratios.as_chunks_mut::<RATIO_WORDS>().0);
        for (unit, (record, ratios)) in records.enumerate() {
            let [a, b, c, d] = *ratios;
            let mut sums = [wide([a, b]), wide([c, d])];
            for (word, words) in bits.chunks_exact(units).enumerate() {
                let mut left = words[block * BLOCK + unit];
                record.spikes += left.count_ones();
                while left != 0 {
                    let step = (word * BITS) as u32 + left.trailing_zeros();
                    record.spike(chunk.start + step + 1, &mut sums, table);
                    left &= left - 1;
                }
            }
            let [[a, b], [c, d]] = sums.map(narrow);
            *ratios = [a, b, c, d];
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[u32]) -> Irregularity {
        let active: Vec<usize> = (0..counts.len()).filter(|&bin| counts[bin] > 0).collect();
        measure(&active, counts)
    }

    /// The formulas, word by word, with an interval for every two consecutive spikes.
    fn plainly(counts: &[u32]) -> [f64; 3] {
        let times = counts.iter().enumerate().flat_map(|(i, &n)| (0..n).map(move |_| i as f64));
        let times: Vec<f64> = times.collect();
        let intervals: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let middle = mean(&intervals);
        let squares: Vec<f64> = intervals.iter().map(|i| (i - middle).powi(2)).collect();
        let pairs = intervals.windows(2).map(|p| (p[1] - p[0]).abs() / (p[1] + p[0]));
        let ratios: Vec<f64> = pairs.collect();
        let ratios_squared: Vec<f64> = ratios.iter().map(|r| r * r).collect();
        [mean(&squares).sqrt() / middle, 2.0 * mean(&ratios), 3.0 * mean(&ratios_squared)]
    }

    #[test]
    fn several_spikes_in_a_bin_are_intervals_of_zero() {
        for counts in [
            &[1, 0, 0, 1, 1, 0, 1][..],
            &[2, 0, 1, 0, 0, 1],
            &[0, 1, 0, 2, 0, 2, 1],
            &[2, 2, 2],
            &[0, 1, 0, 2, 0],
        ] {
            let found = of(counts);
            for (found, expected) in [found.cv, found.cv2, found.lv].iter().zip(plainly(counts)) {
                let found = found.expect("defined");
                assert!((found - expected).abs() < 1e-14, "{counts:?}: {found} {expected}");
            }
        }
    }

    #[test]
    fn three_spikes_in_a_bin_leave_only_cv() {
        for counts in [&[3, 0, 1][..], &[1, 0, 3], &[1, 0, 0, 4, 1]] {
            let found = of(counts);
            let expected = plainly(counts);
            assert!((found.cv.expect("defined") - expected[0]).abs() < 1e-14, "{counts:?}");
            assert!(expected[1].is_nan() && found.cv2.is_none() && found.lv.is_none());
        }
    }

    #[test]
    fn too_few_intervals_or_none_that_last_are_undefined() {
        for counts in [&[0, 0, 0][..], &[0, 1, 0], &[1, 0, 1], &[0, 2, 0], &[0, 5, 0], &[]] {
            assert_eq!(of(counts), Irregularity::default(), "{counts:?}");
        }
    }
}

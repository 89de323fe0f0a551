//! The error of alpha: an interval for the exponent of one trace whose coverage is tested, and an
//! estimate without the bias of short traces.
//!
//! Place in the flow: a [`DfaPlan`] gives a [`Calibration`], once for all traces of a length; an
//! `alpha` that was measured with the plan (any path) gives an [`Interval`].
//!
//! # Why not the standard error of the fit
//! [`super::Exponent::stderr`] takes the `F(n)` for independent. They are not: all sizes see the
//! same samples, so a trace's points lie on a smooth curve close to *some* line, and the error
//! comes out several times too small (`tests/interval.rs` prints its coverage).
//!
//! # Formula
//! Write `a` for the measured exponent and `q_p(alpha)` for the `p`-quantile of `a` over traces of
//! true exponent `alpha`, this length and these windows. At confidence `c` the interval is
//!
//! `{ alpha : q_((1-c)/2)(alpha) ≤ a ≤ q_((1+c)/2)(alpha) }`,
//!
//! all the exponents that the measured one does not contradict (inversion of a test, Neyman, Phil.
//! Trans. R. Soc. A 236, 333, 1937). It covers the truth with probability `c` whatever the truth
//! is, is not symmetric about `a`, and takes out the bias. `unbiased` solves `q_0.5(alpha) = a`: as
//! often above the truth as below.
//!
//! The quantiles are simulated: self-similar Gaussian traces ([`crate::signal::fractional`], Davies
//! & Harte 1987, exact covariance) of 24 exponents from 0.02 to 1.98, denser at the ends, measured
//! by the fast path with the very same plan. At each the mean `m`, the standard deviation `s` and
//! quantiles of `(a - m)/s` are taken. What small windows add, `e(alpha)`, is the slope of
//! `ln E F²(n) / 2`, exact ([`super::expected`]); `ln s`, `(m - e)/s` and the standardised quantiles
//! are smoothed over `alpha` by truncated Chebyshev series (degrees 6, 4, 2), and the sums
//! `e + s·((m - e)/s + quantile)` are made non-decreasing.
//!
//! # How to read it
//! It answers: *if this trace is self-similar Gaussian noise over the fitted windows*, which
//! exponents would give such an `a`? It does not cover that the trace is something else: a crossover
//! or short memory (AR) has no one exponent to cover; heavy tails, non-stationarity and artefacts
//! scatter `a` more than Gaussian noise does; nor does it cover point samples of fractional Brownian
//! motion with `alpha` a little over 1, whose small windows look white (head of
//! `signal::fractional`). Look at the local slopes and the verdict first.
//!
//! An end that reaches the end of the grid is *open*: the exponent may lie beyond, where order 1
//! cannot tell (its `a` saturates at 2).
//!
//! # Long traces
//! Up to [`LONGEST`] samples the plan is simulated as it is. Beyond, traces of that length
//! stand for it, under sizes 8 percent apart, simulated once for all plans of an order and a
//! convention: sizes are divided by a factor `g` that keeps `N/n` of the largest size (or keeps the
//! largest size at 256 or more, with the scatter scaled by the square root of the number of such
//! windows, the law of independent windows), and the nearest simulated size stands for each. What
//! small windows add does not scale: `e(alpha)` is that of the true sizes, and only the deviation
//! from it is taken from the simulation; sizes below
//! 8 samples after the division deviate too little to count and get none. Held to direct
//! simulation at 65,536 samples in `tests/interval.rs`.
//!
//! # Cost
//! 24 times [`traces_per_exponent`] traces, all cores; memory a few megabytes. On two shared cores
//! 0.5 to 0.7 s for 500 samples, 1.8 to 2.6 s for 4,096 and 20 sizes, 3 to 5 s for the first longer
//! trace of a process and milliseconds for the others.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use serde::Serialize;

use super::expected::Diagonals;
use super::plan::{Convention, DfaPlan, Settings};
use super::simulated::{self, LONGEST, TOGETHER};
use crate::error::{Error, Result};

/// Exponents simulated, less one.
const INTERVALS: usize = 23;

/// The grid is `1 ± REACH`.
const REACH: f64 = 0.98;

/// Degrees of the smooth curves of `ln s`, of `(m - e)/s` and of the standardised quantiles.
const DEGREES: [usize; 3] = [6, 4, 2];

/// Points of the table that is searched.
const TABLE: usize = 393;

/// Windows of a reduced plan have at least as many samples.
const SMALLEST_REDUCED: f64 = 8.0;

/// What is known of the exponent of one trace.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end, at least 0.02.
    pub low: f64,
    /// Upper end, at most 1.98.
    pub high: f64,
    /// The estimate without bias (median-unbiased), within the same bounds.
    pub unbiased: f64,
    /// The lower end is the end of the grid: the exponent may be lower.
    pub open_low: bool,
    /// The upper end is the end of the grid: the exponent may be higher.
    pub open_high: bool,
}

/// How measured exponents scatter about the true ones, for one plan. See the head of this file.
#[derive(Clone, Debug)]
pub struct Calibration {
    alphas: Vec<f64>,
    /// Quantiles of the measured exponent at each of `alphas`: lower, median, upper.
    curves: [Vec<f64>; 3],
}

impl Calibration {
    /// Simulates traces for `plan`. The same arguments give the same calibration.
    ///
    /// # Errors
    /// `confidence` is not within 0.5 to 0.99: too few traces are simulated to know the tails
    /// further out.
    pub fn new(plan: &DfaPlan, confidence: f64, seed: u64) -> Result<Self> {
        if !(0.5..=0.99).contains(&confidence) {
            return Err(Error::new(format!(
                "expected a confidence from 0.5 to 0.99, found {confidence}"
            ))
            .remedy("0.95 is usual"));
        }
        let measured = Reduced::new(plan, seed)?.exponents(plan);
        let tail = (1.0 - confidence) / 2.0;
        Ok(Self::from_measured(plan, &measured, [tail, 0.5, 1.0 - tail]))
    }

    /// The interval of the measured exponent `alpha_hat`; all NaN where that is NaN.
    pub fn interval(&self, alpha_hat: f64) -> Interval {
        if alpha_hat.is_nan() {
            let nan = f64::NAN;
            return Interval {
                low: nan,
                high: nan,
                unbiased: nan,
                open_low: false,
                open_high: false,
            };
        }
        let [lower, median, upper] = &self.curves;
        // The largest values of the lower curve are met by the largest exponents: that curve ends
        // the interval above.
        let solve = |curve: &[f64]| invert(&self.alphas, curve, alpha_hat);
        let (low, high) = (solve(upper), solve(lower));
        Interval {
            low,
            high,
            unbiased: solve(median),
            open_low: low <= self.alphas[0],
            open_high: high >= self.alphas[TABLE - 1],
        }
    }

    /// Lower quantile, median and upper quantile of the measured exponent where the true one is
    /// `alpha`, held to the grid.
    pub fn band(&self, alpha: f64) -> [f64; 3] {
        [0, 1, 2].map(|curve| invert(&self.curves[curve], &self.alphas, alpha))
    }

    fn from_measured(plan: &DfaPlan, measured: &[Vec<f64>], tails: [f64; 3]) -> Self {
        let exponents = grid();
        let summaries: Vec<Summary> =
            measured.iter().map(|values| Summary::new(values, tails)).collect();
        let series = |degree, value: &dyn Fn(usize) -> f64| {
            Series::new((0..=INTERVALS).map(value).collect(), degree)
        };
        let deviation = series(DEGREES[0], &|i| summaries[i].deviation.ln());
        let diagonals = Diagonals::new(&sizes_of(plan), plan.order());
        let bias = series(DEGREES[1], &|i| {
            (summaries[i].mean - expected_slope(exponents[i], plan, &diagonals))
                / deviation.at(exponents[i]).exp()
        });
        let quantiles = [0, 1, 2].map(|q| series(DEGREES[2], &|i| summaries[i].quantiles[q]));
        let alphas: Vec<f64> =
            (0..TABLE).map(|i| 1.0 - REACH + 2.0 * REACH * i as f64 / (TABLE - 1) as f64).collect();
        let expected: Vec<f64> =
            alphas.par_iter().map(|&alpha| expected_slope(alpha, plan, &diagonals)).collect();
        let curves = quantiles.map(|quantile| {
            let mut highest = f64::NEG_INFINITY;
            let value = |(&alpha, expected): (&f64, &f64)| {
                let shift = bias.at(alpha) + quantile.at(alpha);
                highest = highest.max(expected + deviation.at(alpha).exp() * shift);
                highest
            };
            alphas.iter().zip(&expected).map(value).collect()
        });
        Self { alphas, curves }
    }
}

/// Traces that a calibration simulates per exponent, for traces of `steps` samples: 2,000 for short
/// ones, falling to 480, so that the time stays the same over a wide range of lengths.
pub fn traces_per_exponent(steps: usize) -> usize {
    (3_276_800 / steps).clamp(480, 2000).next_multiple_of(TOGETHER)
}

/// The exponents simulated: Chebyshev points, in increasing order.
fn grid() -> Vec<f64> {
    let point = |i| 1.0 - REACH * (std::f64::consts::PI * i as f64 / INTERVALS as f64).cos();
    (0..=INTERVALS).map(point).collect()
}

/// The exponent of the expected squares, `e(alpha)`: what a measured one tends to in an endless
/// trace with the windows of `plan`.
fn expected_slope(alpha: f64, plan: &DfaPlan, diagonals: &Diagonals) -> f64 {
    let squares = diagonals.expected_square(alpha);
    plan.line().slope.iter().zip(&squares).map(|(weight, square)| weight * square.ln() / 2.0).sum()
}

/// The sizes of `plan`.
fn sizes_of(plan: &DfaPlan) -> Vec<usize> {
    plan.sizes().iter().map(|size| size.size).collect()
}

/// How a plan is read off a simulated one.
struct Reduced {
    simulated: Arc<Simulated>,
    /// For each size of the full plan the place of the size that stands for it; none where the size
    /// is too small to matter.
    place: Vec<Option<usize>>,
    /// Variance of the full plan's exponents over that of the reduced plan's.
    variance: f64,
}

impl Reduced {
    fn new(plan: &DfaPlan, seed: u64) -> Result<Self> {
        let steps = plan.steps();
        let sizes = sizes_of(plan);
        if steps <= LONGEST {
            let place = (0..sizes.len()).map(Some).collect();
            let simulated = Arc::new(Simulated::new(plan.clone(), seed));
            return Ok(Self { simulated, place, variance: 1.0 });
        }
        let simulated = Simulated::of_long_traces(plan, seed)?;
        let largest = sizes.last().copied().unwrap_or(1) as f64;
        let (shortening, factor) = simulated::reduction(steps, largest);
        let known = sizes_of(&simulated.plan);
        let nearest = |size: f64| {
            let above = known.partition_point(|&n| (n as f64) < size).min(known.len() - 1);
            let below = above.saturating_sub(1);
            let closer = size * size < (known[below] * known[above]) as f64;
            if closer { below } else { above }
        };
        let place = sizes
            .iter()
            .map(|&size| size as f64 / factor)
            .map(|size| (factor == 1.0 || size >= SMALLEST_REDUCED).then(|| nearest(size)))
            .collect();
        Ok(Self { simulated, place, variance: factor / shortening })
    }

    /// Exponents that the full plan would measure, a list for each exponent of the grid.
    fn exponents(&self, full: &DfaPlan) -> Vec<Vec<f64>> {
        let diagonals = Diagonals::new(&sizes_of(full), full.order());
        let columns = self.simulated.plan.sizes().len();
        let list = |(alpha, deviations): (f64, &Vec<f64>)| {
            let slopes: Vec<f64> =
                deviations.chunks_exact(columns).map(|trace| self.slope(full, trace)).collect();
            let mean = slopes.iter().sum::<f64>() / slopes.len() as f64;
            // The mean of a logarithm's deviation is a variance; the deviations are its root.
            let centre = expected_slope(alpha, full, &diagonals) + mean * self.variance;
            let root = self.variance.sqrt();
            slopes.iter().map(|slope| centre + (slope - mean) * root).collect()
        };
        let exponents: Vec<(f64, &Vec<f64>)> =
            grid().into_iter().zip(&self.simulated.deviations).collect();
        exponents.into_par_iter().map(list).collect()
    }

    /// What the exponent of one simulated trace deviates from the expected.
    fn slope(&self, full: &DfaPlan, deviations: &[f64]) -> f64 {
        let pairs = full.line().slope.iter().zip(&self.place);
        pairs.filter_map(|(weight, at)| at.map(|at| weight * deviations[at])).sum()
    }
}

/// A simulation, by the order, convention and seed that it was made for.
type Kept = ((usize, Convention, u64), Arc<Simulated>);

/// Simulated traces under one plan.
struct Simulated {
    plan: DfaPlan,
    /// For each exponent of the grid, traces × sizes: `ln F` less half of `ln E F²`.
    deviations: Vec<Vec<f64>>,
}

impl Simulated {
    fn new(plan: DfaPlan, seed: u64) -> Self {
        let (alphas, count) = (grid(), traces_per_exponent(plan.steps()));
        let stream = (seed, "dfa/interval");
        let mut deviations = simulated::fluctuations(&plan, &alphas, count, stream);
        let diagonals = Diagonals::new(&sizes_of(&plan), plan.order());
        deviations.par_iter_mut().zip(alphas).for_each(|(found, alpha)| {
            let expected = diagonals.expected_square(alpha);
            for trace in found.chunks_exact_mut(expected.len()) {
                trace.iter_mut().zip(&expected).for_each(|(f, e)| *f = f.ln() - e.ln() / 2.0);
            }
        });
        Self { plan, deviations }
    }

    /// What stands for all long traces of one order, convention and seed: sizes 8 percent apart,
    /// simulated once per process and kept.
    fn of_long_traces(plan: &DfaPlan, seed: u64) -> Result<Arc<Self>> {
        static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
        let (order, convention) = (plan.order(), plan.convention());
        let key = (order, convention, seed);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, simulated)) = kept.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(simulated));
        }
        let ratio = (LONGEST as f64 / SMALLEST_REDUCED).ln();
        let count = (ratio / 1.08f64.ln()).ceil();
        let size = |i: f64| (SMALLEST_REDUCED * (ratio * i / count).exp()).round() as usize;
        let mut windows: Vec<usize> = (0..=count as usize).map(|i| size(i as f64)).collect();
        windows.dedup();
        let settings = Settings { windows, order, convention };
        // nolds' layout has no window of the whole length.
        let plan = DfaPlan::new(LONGEST, &settings).or_else(|_| {
            let windows = settings.windows[..settings.windows.len() - 1].to_vec();
            DfaPlan::new(LONGEST, &Settings { windows, order, convention })
        })?;
        let simulated = Arc::new(Self::new(plan, seed));
        kept.push((key, Arc::clone(&simulated)));
        Ok(simulated)
    }
}

/// The measured exponents of one true exponent.
struct Summary {
    mean: f64,
    deviation: f64,
    /// Of the exponents less the mean, over the deviation.
    quantiles: [f64; 3],
}

impl Summary {
    fn new(values: &[f64], tails: [f64; 3]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let deviation = square.sqrt();
        let mut sorted: Vec<f64> = values.iter().map(|x| (x - mean) / deviation).collect();
        sorted.sort_by(f64::total_cmp);
        Self { mean, deviation, quantiles: tails.map(|tail| quantile(&sorted, tail)) }
    }
}

/// Interpolated between order statistics, the `i`-th of `count` at `(i + 0.5) / count`.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = (sorted.len() - 1) as f64;
    let place = (share * sorted.len() as f64 - 0.5).clamp(0.0, last);
    let below = place.floor();
    let above = sorted[place.ceil() as usize];
    sorted[below as usize] + (place - below) * (above - sorted[below as usize])
}

/// A truncated Chebyshev series through values at [`grid`].
struct Series(Vec<f64>);

impl Series {
    /// The sums that are orthogonal on the Chebyshev points: least squares with half weight at the
    /// two ends.
    fn new(values: Vec<f64>, degree: usize) -> Self {
        let end = |i: usize| if i == 0 || i == INTERVALS { 0.5 } else { 1.0 };
        let coefficient = |k: usize| {
            let angle = std::f64::consts::PI * k as f64 / INTERVALS as f64;
            let terms = values.iter().enumerate();
            // The grid begins at the low end, where the polynomial of degree k has (-1)^k.
            let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
            let sum: f64 = terms.map(|(i, v)| end(i) * v * (angle * i as f64).cos()).sum();
            let norm = if k == 0 { 1.0 } else { 2.0 };
            sign * norm * sum / INTERVALS as f64
        };
        Self((0..=degree).map(coefficient).collect())
    }

    fn at(&self, alpha: f64) -> f64 {
        let angle = ((alpha - 1.0) / REACH).clamp(-1.0, 1.0).acos();
        self.0.iter().enumerate().map(|(k, c)| c * (k as f64 * angle).cos()).sum()
    }
}

/// The argument at which the non-decreasing `curve` reaches `value`, linear between points, held to
/// the ends.
fn invert(arguments: &[f64], curve: &[f64], value: f64) -> f64 {
    let above = curve.partition_point(|&y| y < value);
    if above == 0 {
        return arguments[0];
    }
    if above == curve.len() {
        return arguments[curve.len() - 1];
    }
    let share = (value - curve[above - 1]) / (curve[above] - curve[above - 1]);
    arguments[above - 1] + share * (arguments[above] - arguments[above - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(steps: usize, windows: &[usize]) -> DfaPlan {
        let settings = Settings { windows: windows.to_vec(), ..Settings::default() };
        DfaPlan::new(steps, &settings).expect("the windows fit")
    }

    #[test]
    fn the_series_gives_back_a_polynomial() {
        let cubic = |x: f64| 2.0 - x + 3.0 * x * x - 0.5 * x * x * x;
        let series = Series::new(grid().into_iter().map(cubic).collect(), 3);
        for x in [0.02, 0.3, 1.0, 1.7, 1.98] {
            assert!((series.at(x) - cubic(x)).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn ends_are_open_and_nothing_is_invented() {
        let plan = plan(200, &[8, 16, 32, 50]);
        let calibration = Calibration::new(&plan, 0.9, 1).expect("a confidence");
        let below = calibration.interval(-1.0);
        assert!(below.open_low && !below.open_high && below.low <= 0.02 + 1e-12);
        let above = calibration.interval(3.0);
        assert!(above.open_high && !above.open_low && above.high >= 1.98 - 1e-12);
        let between = calibration.interval(0.8);
        assert!(between.low < between.unbiased && between.unbiased < between.high);
        assert!(calibration.interval(f64::NAN).unbiased.is_nan());
        let [low, median, high] = calibration.band(between.unbiased);
        assert!(low < median && median < high && (median - 0.8).abs() < 1e-9);
        assert!(Calibration::new(&plan, 0.999, 1).is_err());
        assert!(Calibration::new(&plan, f64::NAN, 1).is_err());
    }
}

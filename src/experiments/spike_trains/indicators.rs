//! What is said of a layer as a whole, and the identity of the shuffled order.
//!
//! Place in the flow: floor 4, statistics of units in, a handful of numbers out. Indicators after
//! Lehmler, Saif-ur-Rehman, Glasmachers and Iossifidis, arXiv 2308.00858 (2023).

use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analysis::spikes::{Counts, SpikeStatistics};
use crate::signal::random;

/// Indicators of some units; `None` where no unit defines them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicators {
    /// Units.
    pub units: usize,
    /// Share of units that never spike.
    pub dead: f64,
    /// Share of units that spike at every step.
    pub always_on: f64,
    /// MFR: the mean over all units of the rate, spikes per step.
    pub mean_rate: Option<f64>,
    /// The variance of the rate over all units, `ddof = 1`.
    pub rate_variance: Option<f64>,
    /// MFF: the mean Fano factor (`ddof = 1`) over the units that spike; 0 for one that always
    /// does.
    pub mean_fano: Option<f64>,
    /// Its variance over those units, `ddof = 1`.
    pub fano_variance: Option<f64>,
    /// The mean coefficient of variation of the intervals between spikes over the units that have
    /// two of them or more; few intervals give a small one.
    #[serde(default)]
    pub mean_cv: Option<f64>,
    /// What coins of the same rates have: the mean of `sqrt(1 - p)` over the same units.
    #[serde(default)]
    pub coin_cv: Option<f64>,
}

impl Indicators {
    /// Of `units`, whose statistics have one window.
    pub fn of<'a>(units: impl IntoIterator<Item = &'a SpikeStatistics>) -> Self {
        let units: Vec<&SpikeStatistics> = units.into_iter().collect();
        let share = |holds: &dyn Fn(&SpikeStatistics) -> bool| {
            units.iter().filter(|unit| holds(unit)).count() as f64 / units.len().max(1) as f64
        };
        let rates: Vec<f64> = units.iter().map(|unit| unit.rate(1.0)).collect();
        let fanos = units.iter().filter_map(|unit| unit.counts[0].fano_unbiased());
        let fanos: Vec<f64> = fanos.collect();
        let coin = |unit: &SpikeStatistics| (1.0 - unit.rate(1.0)).max(0.0).sqrt();
        let (cvs, coins): (Vec<f64>, Vec<f64>) =
            units.iter().filter_map(|unit| Some((unit.cv?, coin(unit)))).unzip();
        let [(mean_rate, rate_variance), (mean_fano, fano_variance), (mean_cv, _), (coin_cv, _)] =
            [rates, fanos, cvs, coins].map(|values| moments(&values));
        Self {
            units: units.len(),
            dead: share(&|unit| unit.active_bins == 0),
            always_on: share(&|unit| unit.active_bins == unit.bins),
            mean_rate,
            rate_variance,
            mean_fano,
            fano_variance,
            mean_cv,
            coin_cv,
        }
    }
}

/// Mean and variance (`ddof = 1`), where there are enough values.
fn moments(values: &[f64]) -> (Option<f64>, Option<f64>) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    ((count > 0.0).then_some(mean), (count > 1.0).then_some(squares / (count - 1.0)))
}

/// The variance `w p (1 - p)` of the count of a coin that spikes as often as `counts`, of windows of
/// `window` steps.
fn variance(counts: &Counts, window: usize) -> f64 {
    let mean = counts.spikes as f64 / counts.windows as f64;
    mean * (1.0 - mean / window as f64)
}

/// How far the Fano factor of `counts` is from that of a coin, in standard errors: see [`Identity`].
/// `None` of fewer than two windows, and of a unit that is dead or always on.
fn deviation(counts: &Counts, window: usize) -> Option<f64> {
    let windows = counts.windows as f64;
    let steps = windows * window as f64;
    let p = counts.spikes as f64 / steps;
    let variance = variance(counts, window);
    if counts.windows < 2 || variance <= 0.0 {
        return None;
    }
    let expected = (1.0 - p) * steps / (steps - 1.0);
    let excess = (1.0 - 6.0 * p * (1.0 - p)) / variance;
    let error = (1.0 - p) * (2.0 / (windows - 1.0) + excess / windows).sqrt();
    counts.fano_unbiased().map(|fano| (fano - expected) / error)
}

/// Units whose coins take their chance from one stream.
const TOGETHER: usize = 1_024;

/// The largest deviation, without its sign, of a coin for each of `units` that [`Identity::of`]
/// looks at: of the unit's rate, thrown anew in as many windows, independently. One simulation of
/// the distribution of that maximum; whole counts are drawn (binomial), not steps. Chance from the
/// stream `spikes/coins` of `seed`. `None` where no unit is looked at.
pub fn largest_by_chance<'a>(
    units: impl IntoIterator<Item = &'a SpikeStatistics>,
    window: usize,
    seed: u64,
) -> Option<f64> {
    let counts = units.into_iter().map(|unit| &unit.counts[0]);
    let counts: Vec<&Counts> = counts.filter(|counts| variance(counts, window) >= 1.0).collect();
    let largest = |(at, counts): (usize, &[&Counts])| {
        let mut chance = random::stream(seed, "spikes/coins", at as u64);
        let thrown = counts.iter().filter_map(|counts| {
            let p = counts.spikes as f64 / (counts.windows as f64 * window as f64);
            let coin = Binomial::new(window as u64, p).ok()?;
            let windows = 0..counts.windows;
            let thrown: Counts = windows.map(|_| coin.sample(&mut chance)).collect();
            deviation(&thrown, window).map(f64::abs)
        });
        thrown.fold(None, |most: Option<f64>, one| Some(most.map_or(one, |most| most.max(one))))
    };
    counts.par_chunks(TOGETHER).enumerate().filter_map(largest).reduce_with(f64::max)
}

/// How far the Fano factors of units are from `1 - p`, in standard errors.
///
/// Where every picture is shown once, at random, the `N` steps of a unit that spikes at a share `p`
/// of them are a draw without replacement, and the Fano factor (`ddof = 1`) of the windows that
/// they are cut into has the expectation `(1 - p) N / (N - 1)`, exactly. Its standard error over
/// `m` windows of `w` steps is taken from the binomial count's fourth moment:
/// `(1 - p) sqrt(2 / (m - 1) + (1 - 6 p (1 - p)) / (m w p (1 - p)))`. Units see the same order:
/// their deviations are not independent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Units with `w p (1 - p)` of at least 1, which alone are looked at: rarer counts are far from
    /// normal.
    pub units: usize,
    /// The mean deviation.
    pub mean: f64,
    /// The root of the mean squared deviation: 1 where the identity holds.
    pub root_mean_square: f64,
    /// The largest deviation, without its sign.
    pub largest: f64,
    /// The largest deviation of as many independent coins of the same rates in as many windows, a
    /// simulation; of the shuffled order, at the end of training and before it.
    #[serde(default)]
    pub by_chance: Option<f64>,
    /// Units that spike, but too rarely (or too often) to be looked at.
    #[serde(default)]
    pub rare: usize,
}

impl Identity {
    /// Of `units`, whose statistics have one window, of `window` steps; `None` where no unit can be
    /// looked at.
    pub fn of<'a>(
        units: impl IntoIterator<Item = &'a SpikeStatistics>,
        window: usize,
    ) -> Option<Self> {
        let (mut deviations, mut rare) = (Vec::new(), 0);
        for counts in units.into_iter().map(|unit| &unit.counts[0]) {
            match variance(counts, window) {
                variance if variance >= 1.0 => deviations.extend(deviation(counts, window)),
                variance => rare += usize::from(variance > 0.0),
            }
        }
        let count = deviations.len() as f64;
        (count > 0.0).then(|| Self {
            units: deviations.len(),
            mean: deviations.iter().sum::<f64>() / count,
            root_mean_square: (deviations.iter().map(|z| z * z).sum::<f64>() / count).sqrt(),
            largest: deviations.iter().fold(0.0, |most, z| z.abs().max(most)),
            by_chance: None,
            rare,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::spikes;
    use crate::signal::SpikeTrains;
    use rand::RngExt;

    #[test]
    fn indicators_worked_out_by_hand() {
        // Dead; always on; counts 2, 0, 1 in windows of 2: mean 1, variance 1.
        let counts = vec![0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1];
        let trains = SpikeTrains::new(counts, 6).expect("whole trains");
        let units = spikes::measure(&trains, &[2]).expect("they fit");
        let found = Indicators::of(&units);
        assert_eq!((found.units, found.dead, found.always_on), (3, 1.0 / 3.0, 1.0 / 3.0));
        assert_eq!((found.mean_rate, found.rate_variance), (Some(0.5), Some(0.25)));
        assert_eq!((found.mean_fano, found.fano_variance), (Some(0.5), Some(0.5)));
        // Intervals of 1 step alone, CV 0; intervals 1 and 4, CV 1.5 / 2.5. Rates 1 and 1/2.
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.expect("defined") - expected).abs() < 1e-12, "{found:?} {expected}");
        };
        near(found.mean_cv, 0.3);
        near(found.coin_cv, 0.5f64.sqrt() / 2.0);
        let trains = SpikeTrains::new(vec![1, 1, 1, 0, 0, 0, 1, 0], 8).expect("a train");
        let one = Indicators::of(&spikes::measure(&trains, &[2]).expect("it fits"));
        near(one.mean_cv, 0.5f64.sqrt());
        near(one.coin_cv, 0.5f64.sqrt());
        let none = Indicators::of(&units[..1]);
        assert_eq!((none.mean_rate, none.rate_variance), (Some(0.0), None));
        assert_eq!((none.mean_fano, none.fano_variance), (None, None));
        assert_eq!((none.mean_cv, none.coin_cv), (None, None));
        assert_eq!(Identity::of(&units, 2), None, "no unit has enough spikes");
    }
    /// Coins thrown step by step, `rates[i]` the chance of unit `i`.
    fn coins(rates: &[f64], steps: usize, seed: u64) -> Vec<SpikeStatistics> {
        let mut chance = random::stream(seed, "test/coins", 0);
        let step = |rate: &f64| u32::from(chance.random_bool(*rate));
        let counts = rates.iter().flat_map(|rate| std::iter::repeat_n(rate, steps)).map(step);
        let trains = SpikeTrains::new(counts.collect(), steps).expect("whole trains");
        spikes::measure(&trains, &[100]).expect("they fit")
    }

    #[test]
    fn coins_are_as_far_from_the_identity_as_chance_lets_them_and_rare_ones_are_counted_out() {
        // 20 too rare, one that is always on, and one that is dead.
        let mut rates = vec![0.004; 20];
        rates.extend([1.0, 0.0]);
        rates.extend((0..2_000).map(|unit| 0.05 + 0.9 * f64::from(unit) / 2_000.0));
        let units = coins(&rates, 2_000, 3);
        let found = Identity::of(&units, 100).expect("units that spike");
        assert_eq!((found.units, found.rare, found.by_chance), (2_000, 20, None));
        assert!((0.9..1.1).contains(&found.root_mean_square), "{found:?}");
        // The largest of 2,000: of 20 windows the upper tail of chi-squared is long.
        let chance: Vec<f64> =
            (0..20).filter_map(|seed| largest_by_chance(&units, 100, seed)).collect();
        assert_eq!(chance.len(), 20);
        let most = chance.iter().copied().fold(0.0, f64::max);
        let least = chance.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(3.0 < least && least < most && most < 8.0, "{least} {most}");
        assert!((0.8 * least..1.2 * most).contains(&found.largest), "{found:?} {least} {most}");
        assert_eq!(largest_by_chance(&units, 100, 3), Some(chance[3]), "the same seed");
        assert_eq!(largest_by_chance(&units[..22], 100, 1), None);
    }
}

//! The Poisson model: are spike counts Poisson or binomial, intervals exponential or geometric, and
//! units independent? How many units of a layer say no.
//!
//! Place in the flow: statistics of all units and the [`Train`]s of some in, one [`PoissonSummary`]
//! per layer out ([`summary`]). [`Dispersion`] needs sums only, [`Fits`] and [`correlation()`] the
//! spikes; [`Rejected`] sums up over units.
//!
//! # Formula
//! A unit spikes at some of the steps, at most once each; `c` are its counts in `m` windows of `w`
//! steps, `c̄` their mean, `p = c̄ / w`. Steps after the last whole window are left out.
//!
//! | question | model | statistic |
//! |---|---|---|
//! | dispersion | Poisson | `D = Σ(c - c̄)² / c̄ = (m - 1)·Fano`, Fano with `ddof = 1` |
//! | dispersion | binomial(w, p) | `D / (1 - p)` |
//! | counts | Poisson(c̄) | `X² = Σ(seen - expected)² / expected` |
//! | counts | binomial(w, p) | `X²` |
//! | intervals | geometric(p) | `X²` of `P(k) = p (1 - p)^(k - 1)` |
//! | intervals | exponential(p) | `X²` of `P(k) = exp(-p (k - 1)) - exp(-p k)` |
//! | pairs | independent units | correlation of their counts: mean 0, sd `1 / √(m - 1)` |
//!
//! Where the model holds, the dispersions are chi-squared with `m - 1` degrees of freedom, and both
//! tails speak against it; `X²` is chi-squared with two degrees fewer than cells, for the total and
//! for the mean, and the upper tail speaks against it. Cells are neighbouring counts or intervals,
//! put together until 5 are expected in each. Over units stand the share of p values below 5 % and
//! the share that is rejected at a false-discovery rate of 5 %.
//!
//! Sources: R. A. Fisher, Biometrics 6, 17 (1950) for the dispersion test; K. Pearson, Philos. Mag.
//! 50, 157 (1900) for X²; Y. Benjamini & Y. Hochberg, J. R. Stat. Soc. B 57, 289 (1995) for the
//! false-discovery rate. Tails and chances are statrs'.
//!
//! # How to read it
//! A coin per step is binomial with geometric intervals, and the more it spikes the less it is
//! Poisson: its Fano factor is `1 - p`. So units shown pictures in random order should pass the
//! binomial tests, and fail the Poisson tests where `p` is large or windows are many; that a unit
//! fails them says nothing more of the network than its rate. An exponential time, rounded up to
//! whole steps, is geometric with chance `1 - exp(-p)`: the test of the exponential asks whether
//! that is near `p`.
//!
//! # Limits
//! - A dead unit and one that is always on are counted out, and so is one whose count has too
//!   small a variance ([`dispersion::SMALLEST_VARIANCE`]) or leaves fewer than three cells: each
//!   test says how many units it took. Nothing is ever NaN.
//! - Dispersion and histograms do not see the order of windows: a rate that drifts slowly looks
//!   like one that differs from window to window at random.
//! - The mean is estimated from the counts, not from the cells; X² then lies between χ² with
//!   cells - 2 and with cells - 1 degrees of freedom (Chernoff & Lehmann, Ann. Math. Stat. 25, 579,
//!   1954), so that slightly more than 5 % fall below 5 % where cells are few.
//! - Units see the same pictures: their p values depend on one another. The control of
//!   the false-discovery rate is proven for independent and for positively dependent tests only,
//!   and the error of a share over units is not binomial. Pairs share units: the error of the mean
//!   correlation is not `sd / √pairs`.
//! - With very many windows every small deviation is found: read the shares beside the Fano factor.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::ChiSquared;

use super::SpikeStatistics;

pub mod correlation;
pub mod discovery;
pub mod dispersion;
pub mod fit;
#[cfg(test)]
mod tests;
mod train;

pub use correlation::{Correlation, correlation};
pub use discovery::{LEVEL, Rejected, discoveries};
pub use dispersion::Dispersion;
pub use fit::Fits;
pub use train::Train;

/// What the units of a layer say of the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PoissonSummary {
    /// Units of the layer.
    pub units: usize,
    /// Those of them that are dead or always on in every whole window: never tested.
    pub constant: usize,
    /// Units whose trains were kept, for the fits and the correlation.
    pub kept: usize,
    /// Dispersion of counts against Poisson, all units.
    pub poisson_dispersion: Rejected,
    /// Dispersion of counts against binomial, all units.
    pub binomial_dispersion: Rejected,
    /// Histogram of counts against Poisson, kept units.
    pub poisson_fit: Rejected,
    /// Histogram of counts against binomial, kept units.
    pub binomial_fit: Rejected,
    /// Intervals against exponential, kept units.
    pub exponential_intervals: Rejected,
    /// Intervals against geometric, kept units.
    pub geometric_intervals: Rejected,
    /// Counts of pairs of kept units.
    pub correlation: Correlation,
}

/// What the units of a layer say of the model: `statistics` of all, whose first window is of
/// `window` steps, and the trains `kept` of some, of equal length. `seed` draws the pairs.
///
/// # Panics
/// The window is empty, `statistics` have no window, or the trains differ in length.
pub fn summary(
    statistics: &[SpikeStatistics],
    kept: &[Train],
    window: usize,
    seed: u64,
) -> PoissonSummary {
    let dispersions = statistics.par_iter().map(|unit| Dispersion::of(&unit.counts[0], window));
    let dispersions: Vec<Dispersion> = dispersions.collect();
    let fits: Vec<Fits> = kept.par_iter().map(|train| Fits::of(train, window)).collect();
    let varies = |unit: &&SpikeStatistics| {
        let counts = &unit.counts[0];
        chance(counts.spikes as f64, (counts.windows * window as u128) as f64).is_some()
    };
    PoissonSummary {
        units: statistics.len(),
        constant: statistics.len() - statistics.iter().filter(varies).count(),
        kept: kept.len(),
        poisson_dispersion: Rejected::of(dispersions.iter().map(|unit| unit.poisson)),
        binomial_dispersion: Rejected::of(dispersions.iter().map(|unit| unit.binomial)),
        poisson_fit: Rejected::of(fits.iter().map(|unit| unit.poisson)),
        binomial_fit: Rejected::of(fits.iter().map(|unit| unit.binomial)),
        exponential_intervals: Rejected::of(fits.iter().map(|unit| unit.exponential)),
        geometric_intervals: Rejected::of(fits.iter().map(|unit| unit.geometric)),
        correlation: correlation(kept, window, seed),
    }
}

/// The share of `steps` with one of `spikes`; `None` for a unit that is dead or always on, and
/// where there is no step.
fn chance(spikes: f64, steps: f64) -> Option<f64> {
    Some(spikes / steps).filter(|p| 0.0 < *p && *p < 1.0)
}

/// Chi-squared with `freedom` degrees of freedom.
fn chi_squared(freedom: f64) -> ChiSquared {
    ChiSquared::new(freedom).expect("at least one degree of freedom")
}

//! The dispersion test: do window counts vary as those of a Poisson process, or of a coin per step?
//!
//! Place in the flow: the sums over the window counts of a unit in, two p values out; so it is done
//! for every unit, whose spikes need not be kept. Formulas: [`super`].

use statrs::distribution::ContinuousCDF;

use super::{chance, chi_squared};
use crate::analysis::spikes::Counts;

/// The smallest variance of a count under a model that is tested: with fewer spikes the sum of
/// squares takes few values and its upper tail is far longer than that of chi-squared (ten spikes
/// in 600 windows meet by chance in every fourteenth unit, for a p value of 0.002). From 1 on, of
/// 58,000 to 100,000 simulated coins in 40 or 600 windows 4.3 to 5.0 % have p values below 5 %
/// against binomial, and none is discovered ([`super::discoveries`]).
pub const SMALLEST_VARIANCE: f64 = 1.0;

/// Two-sided p values of one unit; `None` for one that is dead or always on, has fewer than two
/// windows or, under the model, a variance of the count below [`SMALLEST_VARIANCE`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dispersion {
    /// Against Poisson counts: small for a variance off the mean in either direction.
    pub poisson: Option<f64>,
    /// Against binomial counts of the unit's rate.
    pub binomial: Option<f64>,
}

impl Dispersion {
    /// Of a unit with `counts` in windows of `window` steps, each with a spike or none.
    pub fn of(counts: &Counts, window: usize) -> Self {
        let windows = counts.windows as f64;
        let chance = chance(counts.spikes as f64, windows * window as f64);
        let (Some(p), Some(fano)) = (chance, counts.fano_unbiased()) else {
            return Self::default();
        };
        let mean = window as f64 * p;
        // Both are the sum of squares over the variance of a count under the model.
        let test = |factor: f64| {
            let enough = mean * factor >= SMALLEST_VARIANCE;
            enough.then(|| two_sided((windows - 1.0) * fano / factor, windows - 1.0))
        };
        Self { poisson: test(1.0), binomial: test(1.0 - p) }
    }
}

fn two_sided(statistic: f64, freedom: f64) -> f64 {
    let distribution = chi_squared(freedom);
    let tail = distribution.cdf(statistic).min(distribution.sf(statistic));
    (2.0 * tail).clamp(0.0, 1.0)
}

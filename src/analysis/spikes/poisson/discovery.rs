//! How many of many units are rejected: the plain share, and with the false-discovery rate held.
//!
//! Place in the flow: p values of units in, one [`Rejected`] out.

use serde::{Deserialize, Serialize};

/// The level of a test, and the false-discovery rate.
pub const LEVEL: f64 = 0.05;

/// What a test says of many units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// Units that could be tested.
    pub tested: usize,
    /// Share of them whose p value is below [`LEVEL`]; about that where the model holds. `None`
    /// where no unit was tested.
    pub share: Option<f64>,
    /// Share of them that is rejected at a false-discovery rate of [`LEVEL`] ([`discoveries`]):
    /// about 0 where the model holds for all.
    pub discovered: Option<f64>,
}

impl Rejected {
    /// Of units with these p values, `None` for one that could not be tested.
    pub fn of(units: impl IntoIterator<Item = Option<f64>>) -> Self {
        let p: Vec<f64> = units.into_iter().flatten().collect();
        let share = |rejected: usize| (!p.is_empty()).then(|| rejected as f64 / p.len() as f64);
        Self {
            tested: p.len(),
            share: share(p.iter().filter(|&&p| p < LEVEL).count()),
            discovered: share(discoveries(&p, LEVEL)),
        }
    }
}

/// How many of the hypotheses with p values `p` are rejected when at most the share `rate` of the
/// rejected ones is expected to be true: the largest `k` whose `k`-th smallest p value is at most
/// `rate·k / n`.
///
/// Benjamini & Hochberg, J. R. Stat. Soc. B 57, 289 (1995); proven for independent p values, and
/// for positively dependent ones by Benjamini & Yekutieli, Ann. Stat. 29, 1165 (2001).
pub fn discoveries(p: &[f64], rate: f64) -> usize {
    let mut sorted = p.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let bound = |k: usize| rate * k as f64 / p.len() as f64;
    (1..=p.len()).rev().find(|&k| sorted[k - 1] <= bound(k)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fifteen comparisons of Benjamini & Hochberg (1995), section 4.1: four are rejected,
    /// where Bonferroni's rule rejects three.
    #[test]
    fn the_example_of_the_paper() {
        let p = [
            0.4262, 0.0001, 0.0278, 0.0004, 0.0019, 0.0095, 0.0201, 1.0, 0.0298, 0.0344, 0.0459,
            0.3240, 0.5719, 0.6528, 0.7590,
        ];
        assert_eq!(discoveries(&p, 0.05), 4);
        let found = Rejected::of(p.into_iter().map(Some).chain([None, None]));
        assert_eq!(found.tested, 15);
        assert_eq!((found.share, found.discovered), (Some(9.0 / 15.0), Some(4.0 / 15.0)));
    }

    #[test]
    fn a_later_p_value_takes_earlier_ones_with_it() {
        // Only the third is below its bound, 0.05.
        assert_eq!(discoveries(&[0.045, 0.049, 0.04], 0.05), 3);
        assert_eq!(discoveries(&[0.06, 0.04, 0.04], 0.05), 0);
    }

    #[test]
    fn nothing_tested_is_no_share() {
        let nothing = Rejected { tested: 0, share: None, discovered: None };
        assert_eq!(Rejected::of([None, None]), nothing);
        assert_eq!(discoveries(&[], 0.05), 0);
    }
}

//! Do the indicators tell memorising networks from generalising ones, and how early?
//!
//! Place in the flow: floor 4, one number per network in, differences with intervals and areas
//! under the ROC curve out. No direction is presumed: an area below 0.5 says that the memorising
//! networks have the smaller numbers.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::signal::random;

/// Resamplings per interval.
const DRAWS: usize = 2_000;

/// Two groups of networks in one indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Networks in each group.
    pub networks: (usize, usize),
    /// Mean of both.
    pub means: (f64, f64),
    /// First minus second.
    pub difference: f64,
    /// The 95 % interval of the difference, a percentile bootstrap over networks of each group;
    /// `None` where a group has fewer than 3.
    pub interval: Option<(f64, f64)>,
    /// The area under the ROC curve: the share of pairs in which the first has the larger number,
    /// ties counted half.
    pub auc: f64,
}

impl Difference {
    /// `first` against `second`, one number per network; `None` where either is empty. Chance from
    /// the stream `spikes/difference` of `seed` and `index`.
    pub fn of(first: &[f64], second: &[f64], seed: u64, index: u64) -> Option<Self> {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        if first.is_empty() || second.is_empty() {
            return None;
        }
        let means = (mean(first), mean(second));
        let mut chance = random::stream(seed, "spikes/difference", index);
        let mut resampled = |values: &[f64]| {
            let drawn = (0..values.len()).map(|_| values[chance.random_range(0..values.len())]);
            drawn.sum::<f64>() / values.len() as f64
        };
        let enough = first.len().min(second.len()) >= 3;
        let interval = enough.then(|| {
            let mut draws: Vec<f64> =
                (0..DRAWS).map(|_| resampled(first) - resampled(second)).collect();
            draws.sort_unstable_by(f64::total_cmp);
            (draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40])
        });
        let networks = (first.len(), second.len());
        let difference = means.0 - means.1;
        Some(Self { networks, means, difference, interval, auc: auc(first, second) })
    }
}

/// The share of pairs in which the one of `first` is larger, ties counted half.
fn auc(first: &[f64], second: &[f64]) -> f64 {
    let pair = |one: &f64, other: &f64| match one.total_cmp(other) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let won: f64 =
        first.iter().flat_map(|one| second.iter().map(move |other| pair(one, other))).sum();
    won / (first.len() * second.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_and_intervals_of_groups_worked_out_by_hand() {
        assert_eq!(auc(&[2.0, 3.0], &[0.0, 1.0]), 1.0);
        assert_eq!(auc(&[0.0], &[1.0, 2.0]), 0.0);
        assert_eq!(auc(&[1.0, 1.0], &[1.0]), 0.5);
        assert_eq!(auc(&[1.0, 3.0], &[2.0, 4.0]), 0.25);
        let found = Difference::of(&[1.0, 1.1, 1.2], &[0.0, 0.1, 0.2], 1, 0).expect("both there");
        assert!((found.difference - 1.0).abs() < 1e-12);
        let (low, high) = found.interval.expect("three each");
        assert!(low >= 0.8 - 1e-12 && high <= 1.2 + 1e-12 && low < high, "{low} {high}");
        assert_eq!(found, Difference::of(&[1.0, 1.1, 1.2], &[0.0, 0.1, 0.2], 1, 0).expect("again"));
        let few = Difference::of(&[1.0], &[0.0], 1, 0).expect("both there");
        assert_eq!((few.interval, few.auc), (None, 1.0));
        assert_eq!(Difference::of(&[], &[0.0], 1, 0), None);
    }
}

//! Two groups of networks in one number: how far apart they are, and how surely.
//!
//! Place in the flow: floor 4, one number per network in, a difference with its interval and the
//! area under the ROC curve out. No direction is presumed: an area below 0.5 says that the first
//! have the smaller numbers.

use serde::{Deserialize, Serialize};

use crate::analysis::bootstrap;
use crate::signal::random;

/// Two groups of networks in one indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Networks in each group.
    pub networks: (usize, usize),
    /// Mean of both.
    pub means: (f64, f64),
    /// First minus second.
    pub difference: f64,
    /// The 95 % interval of the difference ([`bootstrap::interval`] of the differences of pairs);
    /// `None` for fewer than two pairs.
    pub interval: Option<(f64, f64)>,
    /// The area under the ROC curve: the share of pairs, whatever their seeds, in which the first
    /// has the larger number, ties counted half.
    pub auc: f64,
}

impl Difference {
    /// `first` against `second`, one number per network; `None` where they are empty. Those at one
    /// place are a pair: networks of one seed, which have initial weights and the order of pictures
    /// in common and so do not differ independently. Chance from the stream `spikes/difference` of
    /// `seed` and `index`.
    ///
    /// # Panics
    /// They differ in length.
    pub fn of(first: &[f64], second: &[f64], seed: u64, index: u64) -> Option<Self> {
        assert_eq!(first.len(), second.len(), "networks are compared in pairs");
        if first.is_empty() {
            return None;
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let means = (mean(first), mean(second));
        let pairs: Vec<f64> = first.iter().zip(second).map(|(one, other)| one - other).collect();
        let mut chance = random::stream(seed, "spikes/difference", index);
        Some(Self {
            networks: (first.len(), second.len()),
            means,
            difference: means.0 - means.1,
            interval: bootstrap::interval(&pairs, &mut chance).map(<(f64, f64)>::from),
            auc: auc(first, second),
        })
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
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn areas_and_intervals_of_groups_worked_out_by_hand() {
        assert_eq!(auc(&[2.0, 3.0], &[0.0, 1.0]), 1.0);
        assert_eq!(auc(&[0.0], &[1.0, 2.0]), 0.0);
        assert_eq!(auc(&[1.0, 1.0], &[1.0]), 0.5);
        assert_eq!(auc(&[1.0, 3.0], &[2.0, 4.0]), 0.25);
        let of = |first: &[f64], second: &[f64]| Difference::of(first, second, 1, 0);
        // What pairs have in common does not make their difference less certain.
        let found = of(&[1.0, 6.0, 3.0], &[0.0, 5.0, 2.0]).expect("both there");
        assert_eq!((found.networks, found.difference), ((3, 3), 1.0));
        assert_eq!((found.interval, found.auc), (Some((1.0, 1.0)), 6.0 / 9.0));
        let found = of(&[1.0, 1.1, 1.2], &[0.2, 0.1, 0.0]).expect("both there");
        let (low, high) = found.interval.expect("three pairs");
        // Differences 0.8, 1, 1.2: 0.2 either way, times sqrt(3 / 2) 4.3027 / 1.96.
        assert!((low - 0.4623).abs() < 1e-3 && (high - 1.5377).abs() < 1e-3, "{low} {high}");
        assert_eq!(found, of(&[1.0, 1.1, 1.2], &[0.2, 0.1, 0.0]).expect("again"));
        let few = of(&[1.0], &[0.0]).expect("both there");
        assert_eq!((few.interval, few.auc), (None, 1.0));
        assert_eq!(of(&[], &[]), None);
    }

    #[test]
    fn where_kinds_do_not_differ_one_interval_in_twenty_leaves_zero_out() {
        for (count, shared) in [(3, 0.0), (3, 3.0), (5, 1.0), (10, 1.0)] {
            let mut chance = random::stream(1, "test/null", count as u64);
            let mut normal = || -> f64 { StandardNormal.sample(&mut chance) };
            let held = (0..1_000).filter(|&index| {
                let seeds: Vec<f64> = (0..count).map(|_| shared * normal()).collect();
                let [one, other] = [(); 2]
                    .map(|()| seeds.iter().map(|seed| seed + normal()).collect::<Vec<f64>>());
                let found = Difference::of(&one, &other, 1, index).expect("both there");
                let (low, high) = found.interval.expect("pairs");
                assert!(high - low < 30.0, "what seeds share does not widen it");
                (low..=high).contains(&0.0)
            });
            // A standard error of 0.007. Percentiles over the networks of each group hold 0 in 0.80
            // of the cases of 3 without what is shared, and in all of them with it.
            let share = held.count() as f64 / 1_000.0;
            assert!((0.925..0.975).contains(&share), "{share} of the intervals of {count}");
        }
    }
}

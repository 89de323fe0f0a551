//! Do units spike together? Correlation of window counts between pairs of units.
//!
//! Place in the flow: kept [`Train`]s in, one [`Correlation`] out. Formulas: [`super`].

use rand::seq::index;
use serde::{Deserialize, Serialize};

use super::Train;
use crate::signal::random;

/// The most pairs that are looked at.
pub const MOST_PAIRS: usize = 1000;

/// Pearson's correlation of window counts over pairs of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Pairs: all, or [`MOST_PAIRS`] drawn at random, of the units whose counts vary.
    pub pairs: usize,
    /// The mean over pairs; 0 is expected of independent units. `None` where there is no pair.
    pub mean: Option<f64>,
    /// The standard deviation over pairs, `ddof = 1`; `None` below two pairs.
    pub sd: Option<f64>,
    /// What independent units are expected to have: `1 / sqrt(m - 1)` for `m` windows; `None` where
    /// there is no pair.
    pub independent_sd: Option<f64>,
}

/// Of trains of equal length in windows of `window` steps; which pairs is drawn from the stream
/// `spikes/pairs` of `seed`.
///
/// # Panics
/// The trains differ in length, or the window is empty.
pub fn correlation(trains: &[Train], window: usize, seed: u64) -> Correlation {
    let steps = trains.first().map_or(0, Train::steps);
    assert!(trains.iter().all(|train| train.steps() == steps), "trains of {steps} steps");
    let scores = trains.iter().filter_map(|train| {
        let counts: Vec<f64> = train.counts(window).iter().map(|&count| count as f64).collect();
        let (_, deviations, length) = centred(&counts);
        let scaled = deviations.into_iter().map(|deviation| deviation / length);
        (length > 0.0).then(|| scaled.collect())
    });
    let scores: Vec<Vec<f64>> = scores.collect();
    let all = scores.len() * scores.len().saturating_sub(1) / 2;
    let mut chance = random::stream(seed, "spikes/pairs", 0);
    let drawn = index::sample(&mut chance, all, all.min(MOST_PAIRS)).into_iter();
    let correlations = drawn.map(|number| {
        let [first, second] = pair(number).map(|unit| &scores[unit]);
        first.iter().zip(second).map(|(a, b)| a * b).sum()
    });
    let correlations: Vec<f64> = correlations.collect();
    let (mean, _, length) = centred(&correlations);
    let pairs = correlations.len();
    Correlation {
        pairs,
        mean: (pairs > 0).then_some(mean),
        sd: (pairs > 1).then(|| length / (pairs as f64 - 1.0).sqrt()),
        independent_sd: (pairs > 0).then(|| 1.0 / ((steps / window) as f64 - 1.0).sqrt()),
    }
}

/// The mean of some values, their deviations from it, and the root of the sum of their squares.
fn centred(values: &[f64]) -> (f64, Vec<f64>, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let squares: f64 = deviations.iter().map(|deviation| deviation * deviation).sum();
    (mean, deviations, squares.sqrt())
}

/// Pair `number` of (0, 1), (0, 2), (1, 2), (0, 3), ...
fn pair(number: usize) -> [usize; 2] {
    let second = (8 * number + 1).isqrt().div_ceil(2);
    [number - second * (second - 1) / 2, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_numbered_once_each() {
        let pairs: Vec<[usize; 2]> =
            (1..40).flat_map(|second| (0..second).map(move |first| [first, second])).collect();
        assert_eq!((0..pairs.len()).map(pair).collect::<Vec<_>>(), pairs);
    }

    #[test]
    fn correlations_worked_out_by_hand() {
        let train = |bits: [u8; 8]| bits.into_iter().map(|bit| bit == 1).collect::<Train>();
        // Counts 2, 1, 0, 1; its opposite; one that never varies, though it spikes; a dead one.
        let one = train([1, 1, 0, 1, 0, 0, 1, 0]);
        let opposite = train([0, 0, 1, 0, 1, 1, 0, 1]);
        let even = train([1, 0, 0, 1, 1, 0, 0, 1]);
        let dead = train([0; 8]);
        let found = correlation(&[one.clone(), even, opposite, dead, one.clone()], 2, 1);
        // -1, -1, 1.
        assert_eq!(found.pairs, 3);
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.expect("defined") - expected).abs() < 1e-12, "{found:?} {expected}");
        };
        near(found.mean, -1.0 / 3.0);
        near(found.sd, (4.0f64 / 3.0).sqrt());
        near(found.independent_sd, 1.0 / 3.0f64.sqrt());
        let twice = [one.clone(), one];
        for (trains, window) in [(&twice[..0], 2), (&twice[..1], 2), (&twice[..], 8)] {
            assert_eq!(correlation(trains, window, 1), Correlation::default());
        }
    }
}

//! How well an output tells a weak signal from none: the control for stochastic resonance.
//!
//! Place in the flow: outputs of a network at each noise level, with the signal and without, in;
//! d' and the area under the ROC curve out. A system that only noise lifts over its threshold
//! detects best at some noise above 0 (Gammaitoni et al., Rev. Mod. Phys. 70, 223, 1998); where
//! no noise detects best, a preferred noise has another cause.
//!
//! # Formula
//! - `d' = |mean1 - mean2| / √((var1 + var2)/2)`, variances with `ddof = 1`;
//! - area = the chance that an output with the signal is larger than one without, ties counting
//!   half (Mann & Whitney's U over the number of pairs): 0.5 tells nothing, 1 and 0 everything.
//!
//! # What is undefined
//! d' is `None` where neither output fluctuates: two fixed outputs are told apart perfectly or not
//! at all, and no finite d' says which (the area does: 1, 0 or 0.5). [`best`] passes it over, so a
//! resonance is claimed only among levels above 0; hold the area at 0 beside it.

use serde::{Deserialize, Serialize};

use super::{Nonlinearity, activation, checked_finite, checked_length, checked_noise};
use crate::error::{Error, Result};

/// How well the signal is seen at one noise level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The noise level.
    pub noise: f64,
    /// d', 0 or more; `None` where neither output fluctuates.
    pub d_prime: Option<f64>,
    /// Area under the ROC curve, 0 to 1.
    pub area: f64,
}

/// How well the outputs `with` the signal are told from those `without` it at `noise`.
///
/// # Errors
/// Fewer than two outputs on a side, values that are no numbers, a negative noise level.
pub fn detection(noise: f64, without: &[f64], with: &[f64]) -> Result<Detection> {
    let noise = checked_noise(noise)?;
    checked_finite("output without the signal", without)?;
    checked_finite("output with the signal", with)?;
    if without.len() < 2 || with.len() < 2 {
        return Err(Error::new("fewer than two outputs with the signal or without it")
            .remedy("draw the noise twice or more on both sides"));
    }
    let ((mean_a, variance_a), (mean_b, variance_b)) = (moments(without), moments(with));
    let d_prime = ratio(mean_b - mean_a, variance_a, variance_b);
    Ok(Detection { noise, d_prime, area: area(without, with) })
}

/// The level of the largest d', the lowest of equals; `None` where there is no d' at all.
pub fn best(detections: &[Detection]) -> Option<Detection> {
    let mut best: Option<Detection> = None;
    for detection in detections.iter().filter(|detection| detection.d_prime.is_some()) {
        if best.is_none_or(|best| detection.d_prime > best.d_prime) {
            best = Some(*detection);
        }
    }
    best
}

/// d' of one activation `f(mu + signal + s xi)` against `f(mu + s xi)`, in closed form for ReLU: for
/// `mu` below the kink it has a maximum at a noise above 0, well above the kink it only falls.
/// `None` where neither fluctuates (`s = 0`).
///
/// # Errors
/// Values that are no numbers, a negative noise level.
pub fn of_unit(f: Nonlinearity, mu: f64, signal: f64, noise: f64) -> Result<Option<f64>> {
    let without = activation::moments(f, mu, noise)?;
    let with = activation::moments(f, mu + signal, noise)?;
    Ok(ratio(with.mean - without.mean, without.variance, with.variance))
}

/// d' at each of `levels` from `without` and `with` `[levels, draws]`: [`detection`] row by row.
///
/// # Errors
/// As [`detection`], and lengths that do not fit.
pub fn curve(levels: &[f64], without: &[f64], with: &[f64]) -> Result<Vec<Detection>> {
    if levels.is_empty() {
        return Err(Error::new("no noise levels").remedy("test at one level or more"));
    }
    checked_length("outputs with the signal", with.len(), without.len())?;
    let draws = without.len() / levels.len();
    checked_length("outputs without the signal", without.len(), levels.len() * draws)?;
    let row = |(at, noise): (usize, &f64)| {
        let row = at * draws..(at + 1) * draws;
        detection(*noise, &without[row.clone()], &with[row])
    };
    levels.iter().enumerate().map(row).collect()
}

fn ratio(difference: f64, one: f64, other: f64) -> Option<f64> {
    let variance = 0.5 * (one + other);
    (variance > 0.0).then(|| difference.abs() / variance.sqrt())
}

fn moments(values: &[f64]) -> (f64, f64) {
    // About the first value, so that equal values have a variance of exactly 0.
    let (count, level) = (values.len() as f64, values[0]);
    let mean = values.iter().map(|value| value - level).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - level - mean).powi(2)).sum();
    (level + mean, squares / (count - 1.0))
}

/// By ranks, tied values sharing the middle of theirs.
fn area(without: &[f64], with: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = without.iter().map(|value| (*value, false)).collect();
    all.extend(with.iter().map(|value| (*value, true)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut before, mut pairs) = (0.0, 0.0);
    // `chunk_by` holds -0 and 0 for equal, which `total_cmp` leaves side by side.
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let with = tied.iter().filter(|value| value.1).count() as f64;
        let without = tied.len() as f64 - with;
        pairs += with * (before + 0.5 * without);
        before += without;
    }
    pairs / (without.len() as f64 * with.len() as f64)
}

//! The noise that a network prefers: the level at which its loss is least, with an interval.
//!
//! Place in the flow: losses of one network over test levels and draws of the noise in, its
//! preferred noise and two ratios out; then the mean over networks.
//!
//! # Method
//! The draws are common random numbers: draw `d` is the same noise at every level but for its size.
//! So a bootstrap draws whole columns, and differences between levels are seen far more sharply
//! than the standard errors of the levels suggest. The preferred noise is the minimum of the mean
//! curve: the lowest level of the grid, refined by the parabola through it and its two neighbours
//! (whose distances may differ); at an end of the grid it is the end itself. The interval is the
//! bootstrap's 2.5th and 97.5th percentile (Efron 1979), chance from the stream `noise/preference`.
//!
//! # What is undefined
//! `None`: preferred/training without training noise; loss(0)/loss(preferred) where the grid has
//! no level 0 or the lowest loss is 0; an interval of one draw or of one network.
//!
//! # How to read it
//! loss(0)/loss(preferred) is 1 where no noise is best, and never below: it takes the lowest mean
//! loss of the grid (not of the parabola), and the lowest of several is biased downwards by chance.
//! Look at its interval: one that begins at 1 shows nothing. An interval over draws says how well
//! one network's preference is known; networks differ by more, which [`over_networks`] sees.

use serde::{Deserialize, Serialize};

use rand::RngExt;

use super::super::bootstrap::{self, RESAMPLES, percentiles};
use super::{checked_finite, checked_length, checked_noise};
use crate::error::{Error, Result};
use crate::signal::random::stream;

/// Losses of one network.
#[derive(Clone, Copy, Debug)]
pub struct Losses<'a> {
    /// Test noise levels, ascending.
    pub levels: &'a [f64],
    /// Draws per level.
    pub draws: usize,
    /// Losses `[levels, draws]`, row-major.
    pub losses: &'a [f64],
}

/// A number with its 95 % interval, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower and upper end.
    pub interval: Option<[f64; 2]>,
}

impl Estimate {
    /// Of a number that cannot be below `low` or above `high`: an interval that a correction for few
    /// networks took further ends there.
    pub fn within(self, low: f64, high: f64) -> Self {
        let interval = self.interval.map(|ends| ends.map(|end| end.max(low).min(high)));
        Self { interval, ..self }
    }
}

/// What one network prefers.
#[derive(Clone, Debug, PartialEq)]
pub struct Preference {
    /// Mean loss per level.
    pub mean: Vec<f64>,
    /// Its standard error per level; `None` for one draw.
    pub standard_error: Option<Vec<f64>>,
    /// The preferred noise.
    pub preferred: Estimate,
    /// Preferred over training noise.
    pub ratio: Option<Estimate>,
    /// loss(0) over loss(preferred): how much worse the network is without noise.
    pub gain: Option<Estimate>,
}

impl<'a> Losses<'a> {
    /// Mean losses, preferred noise and ratios of a network trained at noise level `training`;
    /// chance from `seed` and `index`, the network's number.
    ///
    /// # Errors
    /// No levels or draws; levels that are negative or do not ascend; lengths that do not fit;
    /// losses that are no numbers.
    pub fn preference(&self, training: f64, seed: u64, index: u64) -> Result<Preference> {
        let training = checked_noise(training)?;
        self.check()?;
        let all = vec![1.0; self.draws];
        let mean = self.mean(&all);
        let resampled: Vec<[Option<f64>; 2]> = match self.draws {
            1 => Vec::new(),
            draws => {
                let mut chance = stream(seed, "noise/preference", index);
                let mut weights = vec![0.0; draws];
                let resample = |_| {
                    weights.fill(0.0);
                    (0..draws).for_each(|_| weights[chance.random_range(0..draws)] += 1.0);
                    self.found(&self.mean(&weights))
                };
                (0..RESAMPLES).map(resample).collect()
            }
        };
        let [preferred, gain] = self.found(&mean);
        let estimate = |value: f64, which: usize, unit: f64| {
            let values = resampled.iter().map(|found| Some(found[which]? / unit));
            let values: Option<Vec<f64>> = values.collect();
            Estimate { value: value / unit, interval: values.and_then(percentiles) }
        };
        let preferred = preferred.unwrap_or(self.levels[0]);
        Ok(Preference {
            standard_error: self.standard_error(&mean),
            preferred: estimate(preferred, 0, 1.0),
            ratio: (training > 0.0).then(|| estimate(preferred, 0, training)),
            gain: gain.map(|gain| estimate(gain, 1, 1.0)),
            mean,
        })
    }

    fn check(&self) -> Result<()> {
        if self.levels.is_empty() || self.draws == 0 {
            return Err(Error::new("no noise levels, or no draws of the noise")
                .remedy("test at one level or more, with a draw or more"));
        }
        self.levels.iter().try_for_each(|level| checked_noise(*level).map(drop))?;
        if !self.levels.is_sorted_by(|a, b| a < b) {
            return Err(Error::new("the noise levels do not ascend")
                .remedy("sort them, and give each once"));
        }
        checked_length("losses", self.losses.len(), self.levels.len() * self.draws)?;
        checked_finite("loss", self.losses)
    }

    /// Mean loss per level, the draws weighted.
    fn mean(&self, weights: &[f64]) -> Vec<f64> {
        let mean = |losses: &[f64]| {
            losses.iter().zip(weights).map(|(loss, weight)| loss * weight).sum::<f64>()
                / self.draws as f64
        };
        self.losses.chunks_exact(self.draws).map(mean).collect()
    }

    fn standard_error(&self, mean: &[f64]) -> Option<Vec<f64>> {
        let draws = self.draws as f64;
        let error = |(losses, mean): (&[f64], &f64)| {
            let squares: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
            (squares / ((draws - 1.0) * draws)).sqrt()
        };
        (self.draws > 1)
            .then(|| self.losses.chunks_exact(self.draws).zip(mean).map(error).collect())
    }

    /// Preferred noise and loss(0)/loss(preferred) of a mean curve.
    fn found(&self, mean: &[f64]) -> [Option<f64>; 2] {
        let lowest = lowest(mean);
        let gain = (self.levels[0] == 0.0 && mean[lowest] > 0.0).then(|| mean[0] / mean[lowest]);
        [Some(refined(self.levels, mean, lowest)), gain]
    }
}

/// The level at which `losses` (one per level, all finite, levels ascending) are least: see the
/// module; `None` without levels.
pub fn argmin(levels: &[f64], losses: &[f64]) -> Option<f64> {
    let fits = !levels.is_empty() && levels.len() == losses.len();
    fits.then(|| refined(levels, losses, lowest(losses)))
}

/// The mean of one number per network, with an interval over networks ([`bootstrap`]): for the ratios of
/// [`Preference`]. `name` is what is averaged, a stream of its own. `None` without networks.
///
/// # Errors
/// Where a value is no number.
pub fn over_networks(values: &[f64], seed: u64, name: &str) -> Result<Option<Estimate>> {
    checked_finite("value of network", values)?;
    let count = values.len();
    if count == 0 {
        return Ok(None);
    }
    let mut chance = stream(seed, &format!("noise/networks/{name}"), 0);
    let value = values.iter().sum::<f64>() / count as f64;
    Ok(Some(Estimate { value, interval: bootstrap::interval(values, &mut chance) }))
}

/// The first of the lowest.
fn lowest(losses: &[f64]) -> usize {
    (1..losses.len()).fold(0, |best, at| if losses[at] < losses[best] { at } else { best })
}

fn refined(levels: &[f64], losses: &[f64], lowest: usize) -> f64 {
    if lowest == 0 || lowest + 1 == levels.len() {
        return levels[lowest];
    }
    // The vertex of the parabola, from the slopes of its two chords at their middles.
    let [a, b, c] = [levels[lowest - 1], levels[lowest], levels[lowest + 1]];
    let left = (losses[lowest] - losses[lowest - 1]) / (b - a);
    let right = (losses[lowest + 1] - losses[lowest]) / (c - b);
    if right - left > 0.0 { 0.5 * (a + b) - left * 0.5 * (c - a) / (right - left) } else { b }
}

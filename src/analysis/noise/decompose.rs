//! Bias and variance of a noisy network's outputs.
//!
//! Place in the flow: outputs of one network at one noise level come in draw by draw; what is kept
//! is one mean and one sum of squares per output value, whatever the number of draws.
//!
//! # Formula
//! With the weights `w` of trial and step, and `z` of draw `d`:
//!
//! - `loss = mean over draws of Σ w Σ_o (z_d - y)² / (O Σ w)`,
//! - `variance = Σ w Σ_o var z / (O Σ w)`, over draws (`ddof = 1`),
//! - `bias² = Σ w Σ_o (mean z - y)² / (O Σ w) - variance / draws`.
//!
//! The mean of a few draws lies beside the mean of all by chance, which its square takes for bias:
//! what that adds, `variance / draws` in expectation, is taken off again. So both are unbiased, and
//! `loss = bias² + variance` holds to rounding; where there is no bias, bias² may come out below 0.
//! Of one draw the variance is not known; it is given as 0.

use super::checked_length;
use crate::error::{Error, Result};

/// Collects the outputs of one noise level; targets and weights are borrowed.
#[derive(Clone, Debug)]
pub struct Collector<'a> {
    targets: &'a [f32],
    weights: &'a [f32],
    outputs: usize,
    draws: u64,
    mean: Vec<f64>,
    squares: Vec<f64>,
    loss: f64,
}

/// Where the loss comes from; all in squared output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decomposition {
    /// Square of the mean error; below 0 by chance where there is none.
    pub bias: f64,
    /// Fluctuation about the mean output.
    pub variance: f64,
    /// Mean loss over the draws: the sum of both.
    pub loss: f64,
}

/// How far the mean output moves from the output without noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Weighted mean of the signed differences.
    pub mean: f64,
    /// Root of the weighted mean of their squares.
    pub rms: f64,
}

impl<'a> Collector<'a> {
    /// For `targets` `[trials, steps, outputs]` and `weights` `[trials, steps]` (0 where a step is
    /// not judged).
    ///
    /// # Errors
    /// Lengths that do not fit, values that are no numbers, weights below 0 or all 0.
    pub fn new(targets: &'a [f32], weights: &'a [f32], outputs: usize) -> Result<Self> {
        checked_length("targets", targets.len(), weights.len() * outputs)?;
        let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        let numbers = targets.iter().all(|target| target.is_finite()) && sum.is_finite();
        if !numbers || weights.iter().any(|weight| *weight < 0.0) || sum <= 0.0 || outputs == 0 {
            return Err(Error::new("targets that are no numbers, or weights that judge nothing")
                .remedy("give each step a weight of 0 or more, and one step a weight above 0"));
        }
        let (mean, squares) = (vec![0.0; targets.len()], vec![0.0; targets.len()]);
        Ok(Self { targets, weights, outputs, draws: 0, mean, squares, loss: 0.0 })
    }

    /// Adds one draw, `values` `[trials, steps, outputs]`, and gives its loss.
    ///
    /// # Errors
    /// A length that does not fit, a value that is no number; then nothing was added.
    pub fn add(&mut self, values: &[f32]) -> Result<f64> {
        checked_length("outputs", values.len(), self.targets.len())?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::new(format!("output {at} is {}", values[at]))
                .remedy("the network diverges at this noise; test at smaller levels"));
        }
        self.draws += 1;
        let draws = self.draws as f64;
        // Welford's update: no square of a large mean is ever taken away from another.
        for ((value, mean), squares) in values.iter().zip(&mut self.mean).zip(&mut self.squares) {
            let before = f64::from(*value) - *mean;
            *mean += before / draws;
            *squares += before * (f64::from(*value) - *mean);
        }
        let loss =
            self.weighted(|at| (f64::from(values[at]) - f64::from(self.targets[at])).powi(2));
        self.loss += (loss - self.loss) / draws;
        Ok(loss)
    }

    /// Bias², variance and loss of the draws so far; `None` before the first.
    pub fn decomposition(&self) -> Option<Decomposition> {
        let draws = self.draws as f64;
        (self.draws > 0).then(|| {
            let off = self.weighted(|at| (self.mean[at] - f64::from(self.targets[at])).powi(2));
            let variance = self.weighted(|at| self.squares[at]) / (draws - 1.0).max(1.0);
            Decomposition { bias: off - variance / draws, variance, loss: self.loss }
        })
    }

    /// The mean outputs so far, `[trials, steps, outputs]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// How far the mean outputs lie from `still`, the outputs without noise; `None` before the
    /// first draw.
    ///
    /// # Errors
    /// A length that does not fit.
    pub fn shift(&self, still: &[f32]) -> Result<Option<Shift>> {
        checked_length("outputs without noise", still.len(), self.targets.len())?;
        let difference = |at: usize| self.mean[at] - f64::from(still[at]);
        Ok((self.draws > 0).then(|| Shift {
            mean: self.weighted(difference),
            rms: self.weighted(|at| difference(at).powi(2)).sqrt(),
        }))
    }

    /// The weighted mean of `of(index)`.
    fn weighted(&self, of: impl Fn(usize) -> f64) -> f64 {
        let (mut sum, mut all) = (0.0, 0.0);
        for (step, weight) in self.weights.iter().enumerate() {
            let weight = f64::from(*weight);
            all += weight;
            if weight > 0.0 {
                let first = step * self.outputs;
                sum += weight * (first..first + self.outputs).map(&of).sum::<f64>();
            }
        }
        sum / (all * self.outputs as f64)
    }
}

//! The noise preferred by units at the kink: the study's mechanism in one formula.
//!
//! Place in the flow: a closed form that [`preference`](super::preference) measures on networks.
//!
//! # Formula
//! `N` ReLU units without feedback, arguments 0, noise inside, averaged by the readout. One unit's
//! mean is `s/√(2 pi)`, its activation's variance `s² (1/2 - 1/(2 pi))`, and leaking leaves
//! `g/(2-g)` of that. A readout trained to no mean error at noise `s` has at noise `s'` the loss
//!
//! `L(s') = (s' - s)²/(2 pi) + (1/2 - 1/(2 pi)) k s'²`, `k = g/((2-g) N)`,
//!
//! which is least at `s'/s = (1/(2 pi)) / (1/(2 pi) + (1/2 - 1/(2 pi)) k)`: 0.90 for one unit at
//! `g = 0.1`, 0.998 for 50, 0.32 for one unit at `g = 1`. Many units or slow ones average the
//! noise away, and what is left is the bias.

use std::f64::consts::PI;

use super::{checked_noise, checked_rate};
use crate::error::{Error, Result};

/// Square of the mean of `relu(xi)`: `1/(2 pi)`, about 0.1592.
pub const BIAS: f64 = 0.5 / PI;
/// Variance of `relu(xi)`: `1/2 - 1/(2 pi)`, about 0.3408.
pub const VARIANCE: f64 = 0.5 - BIAS;

/// `N` units at the kink, averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kink(f64);

impl Kink {
    /// `units` units at `g = rate`.
    ///
    /// # Errors
    /// Where `g` lies outside (0, 1] or there are no units.
    pub fn new(rate: f64, units: usize) -> Result<Self> {
        let rate = checked_rate(rate)?;
        if units == 0 {
            return Err(Error::new("no units").remedy("give the formula one unit or more"));
        }
        Ok(Self(rate / ((2.0 - rate) * units as f64)))
    }

    /// `L(tested)` after training at noise `trained`, in squared output.
    ///
    /// # Errors
    /// Where a noise level is negative or no number.
    pub fn loss(self, trained: f64, tested: f64) -> Result<f64> {
        let (trained, tested) = (checked_noise(trained)?, checked_noise(tested)?);
        Ok(BIAS * (tested - trained).powi(2) + VARIANCE * self.0 * tested * tested)
    }

    /// The preferred noise over the training noise: the same for every training noise above 0.
    pub fn preferred_ratio(self) -> f64 {
        BIAS / (BIAS + VARIANCE * self.0)
    }
}

//! How far from the nonlinearity the units of a network work.
//!
//! Place in the flow: mean arguments of units (of the closure, or simulated; units times inputs)
//! in, a summary out: networks trained with noise outside can be held against those with noise
//! inside.
//!
//! # What "the nonlinearity" is
//! Where noise shifts the mean the most, that is where `|f''|` is largest:
//!
//! | f | place | there |
//! |---|---|---|
//! | ReLU | argument 0 | the kink |
//! | SoftPlus | argument 0 | `f'' = 1/4`, half as much at ±1.76 |
//! | tanh | arguments ±artanh(1/√3) = ±0.6585 | `│f''│ = 4/(3√3)`; at 0 tanh is straight |
//!
//! The distance is that of the argument's mean from the nearest such place, in standard deviations:
//! of the noise (`s`: what the injected noise alone can reach) or of the argument (`√v`: what the
//! unit reaches). Distances in `s` of noise outside are formal, for that noise never enters an
//! argument: take `√v` there.

use serde::{Deserialize, Serialize};

use super::{Nonlinearity, checked_finite, checked_length, checked_noise};
use crate::error::{Error, Result};

/// artanh(1/√3).
const TANH: f64 = 0.658_478_948_462_408_4;

/// Distances of a network's units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// Median distance, in standard deviations.
    pub median: f64,
    /// Share of the units within one standard deviation, 0 to 1.
    pub within: f64,
    /// Units that were counted: those whose argument fluctuates.
    pub counted: usize,
}

/// The distance of the argument `mu` from where `f` bends most, in units of the argument.
pub fn from_nonlinearity(f: Nonlinearity, mu: f64) -> f64 {
    match f {
        Nonlinearity::Relu | Nonlinearity::SoftPlus => mu.abs(),
        Nonlinearity::Tanh => (mu.abs() - TANH).abs(),
    }
}

/// Distances of arguments `mu` in units of one noise level; `None` at noise 0 or without units.
///
/// # Errors
/// Values that are no numbers, a negative noise level.
pub fn in_noise(f: Nonlinearity, mu: &[f64], noise: f64) -> Result<Option<Distances>> {
    let variance = checked_noise(noise)?.powi(2);
    in_deviations(f, mu, &vec![variance; mu.len()])
}

/// Distances of arguments `mu` in units of their own standard deviations, `variance` beside each
/// (noise inside included). Units with variance 0 have none and are not counted; `None` where no
/// unit is left.
///
/// # Errors
/// Lengths that do not fit, values that are no numbers, a negative variance.
pub fn in_deviations(f: Nonlinearity, mu: &[f64], variance: &[f64]) -> Result<Option<Distances>> {
    checked_length("variances of arguments", variance.len(), mu.len())?;
    checked_finite("argument", mu)?;
    checked_finite("variance", variance)?;
    if let Some(negative) = variance.iter().find(|variance| **variance < 0.0) {
        return Err(Error::new(format!("a variance has to be 0 or more, found {negative}"))
            .remedy("give variances, not their logarithms"));
    }
    let moving = mu.iter().zip(variance).filter(|(_, variance)| **variance > 0.0);
    let mut distances: Vec<f64> =
        moving.map(|(mu, variance)| from_nonlinearity(f, *mu) / variance.sqrt()).collect();
    distances.sort_by(f64::total_cmp);
    let counted = distances.len();
    let within = distances.iter().filter(|distance| **distance <= 1.0).count();
    Ok((counted > 0).then(|| Distances {
        median: 0.5 * (distances[(counted - 1) / 2] + distances[counted / 2]),
        within: within as f64 / counted as f64,
        counted,
    }))
}

//! Noise in recurrent networks: what theory expects of it, and the measures of how much of it a
//! network prefers.
//!
//! Place in the flow: floor 2, f64 on the CPU, pure functions: numbers in, numbers out, no network
//! and no device. The model is that of Eckstein & Srinivasan (arXiv 2601.04539), row vectors, `W`
//! `[from, to]`:
//!
//! | site | one step |
//! |---|---|
//! | [`Site::Inside`] | `h' = (1-g) h + g f(h W + x + s xi)` |
//! | [`Site::Outside`] | `h' = (1-g) h + g (f(h W + x) + s xi)` |
//!
//! `f` is a [`Nonlinearity`], `x` all input to the units (bias included), `g = dt/tau` in (0, 1],
//! `xi` a standard normal number per unit and step, `s` the noise level, not rescaled by `√dt`.

//!
//! | module | question |
//! |---|---|
//! | [`activation`] | what does noise do to one activation, and to a unit without feedback? |
//! | [`closure`] | where does a network with noise settle, and how much does it fluctuate? |
//! | [`neuron`] | one neuron, exactly: its stationary law, its best weight, the noise it prefers |
//! | [`kink`] | the noise preferred by units at the kink, in one formula |
//! | [`preference`] | at which noise is a network's loss least, and how sure is that? |
//! | [`decompose`] | how much of the loss is bias, how much variance? |
//! | [`detect`] | does noise help to see a weak signal (stochastic resonance)? |
//! | [`distance`] | how far from the nonlinearity do the units work? |
//! | [`shift`] | how far does noise move their means? |
//!
//! Bad input (NaN, a negative noise level, `g` outside (0, 1], lengths that do not fit) is an
//! error; what is undefined is `None`; neither is ever a number.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub mod activation;
pub mod closure;
pub mod decompose;
pub mod detect;
pub mod distance;
pub mod kink;
mod linear;
pub mod neuron;
mod normal;
pub mod preference;
pub mod shift;
mod transition;

/// The activation function `f` of a unit: its one home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nonlinearity {
    /// `max(x, 0)`.
    Relu,
    /// `ln(1 + e^x)`; "softplus" in files, as the field writes it.
    #[serde(rename = "softplus", alias = "soft-plus")]
    SoftPlus,
    /// The hyperbolic tangent.
    Tanh,
}

impl Nonlinearity {
    /// `f(x)`; softplus without overflow at any x. NaN stays NaN.
    pub fn value(self, x: f64) -> f64 {
        match self {
            // `x.max(0.0)` would make a 0 of NaN.
            Self::Relu if x < 0.0 => 0.0,
            Self::Relu => x,
            Self::SoftPlus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Tanh => x.tanh(),
        }
    }

    /// Whether `f` takes the value `y`, and larger and smaller ones.
    pub fn passes(self, y: f64) -> bool {
        match self {
            Self::Relu | Self::SoftPlus => y > 0.0,
            Self::Tanh => y.abs() < 1.0,
        }
    }

    /// `f'(x)`; that of ReLU at its kink is 0, as the gradient's in training.
    pub fn slope(self, x: f64) -> f64 {
        match self {
            Self::Relu => f64::from(u8::from(x > 0.0)),
            Self::SoftPlus => sigmoid(x),
            Self::Tanh => 1.0 - x.tanh().powi(2),
        }
    }
}

impl fmt::Display for Nonlinearity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Relu => "relu",
            Self::SoftPlus => "softplus",
            Self::Tanh => "tanh",
        })
    }
}

/// Where the noise is added: its one home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Site {
    /// To the argument of the activation function.
    Inside,
    /// To its value.
    Outside,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
        })
    }
}

/// `1 / (1 + e^-x)`, without overflow.
fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

/// `noise`, if it is a noise level: a number of 0 or more.
fn checked_noise(noise: f64) -> Result<f64> {
    if noise >= 0.0 && noise.is_finite() {
        return Ok(noise);
    }
    let error = Error::new(format!("a noise level has to be 0 or more and finite, found {noise}"));
    Err(error.remedy("noise levels are standard deviations; give 0 for none"))
}

/// `rate`, if it is a `g`: in (0, 1].
fn checked_rate(rate: f64) -> Result<f64> {
    if rate > 0.0 && rate <= 1.0 {
        return Ok(rate);
    }
    let error = Error::new(format!("g = dt/tau has to lie in (0, 1], found {rate}"));
    Err(error.remedy("choose a time step no longer than the time constant"))
}

/// An error, unless all of `values`, called `what`, are numbers.
fn checked_finite(what: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::new(format!("{what} {at} is {}, not a finite number", values[at]))
            .remedy("look for a network that diverged, or a smaller noise")),
    }
}

/// An error, unless `what` has the `expected` length.
fn checked_length(what: &str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::new(format!("{expected} {what} expected, {found} found"))
        .remedy("check the shapes of what is handed over"))
}

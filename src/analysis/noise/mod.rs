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

use std::fmt;

use serde::{Deserialize, Serialize};

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

//! What noise does to one activation: mean, variance and mean slope of `f(mu + s xi)`.
//!
//! Place in the flow: the first of the closed forms that simulations are held against;
//! [`closure`](super::closure) puts whole networks together from it.
//!
//! # Formulas
//! With `z = mu/s`, `Phi` and `phi` the distribution and density of the standard normal:
//!
//! | f | mean | variance | mean slope |
//! |---|---|---|---|
//! | ReLU | `mu Phi(z) + s phi(z)` | `(mu² + s²) Phi(z) + mu s phi(z) - mean²` | `Phi(z)` |
//! | SoftPlus, tanh | by quadrature | by quadrature | by quadrature |
//!
//! The quadrature is right to 1e-12 of `max(1, s, |f(mu)|)` (its square for the variance) up to
//! `s = 50`, and to 1e-6 beyond, where its points stop growing finer (`tests/noise_theory.rs`).
//! The mean slope `E f'` is the regression of the activation on its argument (Stein's lemma), of
//! ReLU and of the smooth functions alike. `s = 0` is exact: `f(mu)`, 0, `f'(mu)`.

use std::f64::consts::PI;

use super::{Nonlinearity, Site, checked_finite, checked_noise, checked_rate, normal, sigmoid};
use crate::error::{Error, Result};

/// Moments of an activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// `E a`.
    pub mean: f64,
    /// `E a² - (E a)²`, not negative.
    pub variance: f64,
    /// `E f'`: how much the mean moves with the argument's mean.
    pub slope: f64,
}

/// Moments of `f(mu + s xi)`: the argument is normal with mean `mu` and standard deviation `s`.
///
/// # Errors
/// Where `mu` is no finite number or `s` is negative.
pub fn moments(f: Nonlinearity, mu: f64, s: f64) -> Result<Moments> {
    checked_finite("argument", &[mu])?;
    Ok(of_normal(f, mu, checked_noise(s)?))
}

/// Moments of the activation of a unit whose argument `mu` stands still, with noise of level `s`
/// at `site`: inside, those of [`moments`]; outside, mean `f(mu)`, variance `s²`, slope `f'(mu)`.
///
/// # Errors
/// As [`moments`].
pub fn at_site(f: Nonlinearity, site: Site, mu: f64, s: f64) -> Result<Moments> {
    match site {
        Site::Inside => moments(f, mu, s),
        Site::Outside => {
            let still = moments(f, mu, 0.0)?;
            Ok(Moments { variance: checked_noise(s)?.powi(2), ..still })
        }
    }
}

/// The mean of softplus under weak noise, to second order: `softplus(mu) + (s²/2) sig(mu) (1 -
/// sig(mu))`, `sig` the logistic function.
///
/// It is off by at most `s⁴/64` (the fourth derivative is nowhere above 1/8): 1 % of the largest
/// shift at `s = 0.28`, 12 % at `s = 1`. Beyond that take [`moments`].
///
/// # Errors
/// As [`moments`].
pub fn softplus_second_order(mu: f64, s: f64) -> Result<f64> {
    checked_finite("argument", &[mu])?;
    let slope = sigmoid(mu);
    let curvature = slope * sigmoid(-mu);
    Ok(Nonlinearity::SoftPlus.value(mu) + 0.5 * checked_noise(s)?.powi(2) * curvature)
}

/// The variance of `h' = (1-g) h + g a` where the activations `a` are independent from step to
/// step, that is without recurrent feedback: `g/(2-g) Var(a)`.
///
/// # Errors
/// Where `g` lies outside (0, 1], or the variance is negative.
pub fn without_feedback(rate: f64, variance: f64) -> Result<f64> {
    let rate = checked_rate(rate)?;
    if !(variance >= 0.0 && variance.is_finite()) {
        let error = Error::new(format!("a variance has to be 0 or more, found {variance}"));
        return Err(error.remedy("give the variance of the activation"));
    }
    Ok(rate / (2.0 - rate) * variance)
}

/// [`moments`], unchecked.
pub(super) fn of_normal(f: Nonlinearity, mu: f64, s: f64) -> Moments {
    if s == 0.0 {
        return Moments { mean: f.value(mu), variance: 0.0, slope: f.slope(mu) };
    }
    match f {
        Nonlinearity::Relu => rectified(mu, s),
        _ => by_quadrature(f, mu, s),
    }
}

fn rectified(mu: f64, s: f64) -> Moments {
    let z = mu / s;
    let (density, below, above) =
        (normal::density(z), normal::distribution(-z), normal::distribution(z));
    // The mean and variance of relu(z + xi). Far above the kink the textbook form takes z² from z²;
    // there the same is written about the straight line, from which little is missing.
    let (mean, variance) = if z > 0.0 {
        let missing = density - z * below;
        (z + missing, 1.0 + (z * z - 1.0) * below - z * density - missing * missing)
    } else {
        let mean = z * above + density;
        (mean, (z * z + 1.0) * above + z * density - mean * mean)
    };
    // Below z = -38 both are 0, and the difference of two zeros may be a negative one.
    Moments { mean: s * mean.max(0.0), variance: s * s * variance.max(0.0), slope: above }
}

fn by_quadrature(f: Nonlinearity, mu: f64, s: f64) -> Moments {
    // About f(mu), so that weak noise keeps its digits.
    let level = f.value(mu);
    let (mut first, mut second, mut slope) = (0.0, 0.0, 0.0);
    for (xi, weight) in normal::rule(strip(f, s)) {
        let x = mu + s * xi;
        let difference = f.value(x) - level;
        first += weight * difference;
        second += weight * difference * difference;
        slope += weight * f.slope(x);
    }
    Moments { mean: level + first, variance: (second - first * first).max(0.0), slope }
}

/// How far from the real axis `f(mu + s xi)` stays analytic in `xi`: softplus has its branch
/// points at ±i pi, tanh its poles at ±i pi/2. ReLU has none to speak of.
pub(super) fn strip(f: Nonlinearity, s: f64) -> f64 {
    match f {
        Nonlinearity::Relu => f64::INFINITY,
        Nonlinearity::SoftPlus => PI / s,
        Nonlinearity::Tanh => 0.5 * PI / s,
    }
}

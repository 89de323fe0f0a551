//! The single-neuron regulator, exactly: one neuron that has to hold its state at a target.
//!
//! Place in the flow: the one trained network whose optimum is known without training; the
//! regulator task is held against it.
//!
//! # Formula
//! `h' = (1-g) h + g f(w h + b + s xi)` (inside) or `h' = (1-g) h + g (f(w h + b) + s xi)`
//! (outside); the loss is `E[(h - z*)²]` in the stationary state, mean and variance of which
//! [`Neuron::stationary`] takes from the transition operator (private module `transition`, right
//! to about 1e-8 of the standard deviation; `s = 0` is exact). [`best`] gives the weights that
//! minimise it.
//!
//! On a straight piece of slope 1 (a ReLU far above its kink) both sites are the AR(1) process with
//! `lambda = 1 - g (1 - w)`, mean `b/(1 - w)` and variance `g² s²/(1 - lambda²)` ([`linear`]); its
//! best weights are `w = 1 - 1/g`, `b = z*/g`, which forget the past at once, with loss `g² s²`.
//! Its loss grows with the noise it is tested with: such a neuron prefers none.
//!
//! So does the best neuron near the kink, until the noise is well above the target: at `z* = 1` the
//! best ReLU and SoftPlus neurons with noise inside prefer none up to `s = 2` for `g` = 0.1 and 0.2
//! (at 4 they prefer 0.6 `s`), at `g = 1` up to `s = 1` (at 2: 0.9 and 0.7 `s`). One neuron's
//! variance outweighs the bias that it is trained to compensate; many neurons' does not
//! ([`kink`](super::kink)).

use super::{Nonlinearity, Site, checked_finite, checked_noise, checked_rate, transition};
use crate::error::{Error, Result};

/// Evaluations of one descent, at most.
const EVALUATIONS: usize = 400;
/// A descent ends where its triangle is smaller than this, in `w g` and in units of target + noise.
const SMALLEST: f64 = 1e-7;
/// Levels of the first look for the preferred noise.
const LEVELS: usize = 40;
/// Steps without noise before a resting point is given up.
const STEPS: usize = 100_000;

/// One neuron: what it does in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neuron {
    /// `f`.
    pub nonlinearity: Nonlinearity,
    /// Where the noise is added.
    pub site: Site,
    /// `g`, in (0, 1].
    pub rate: f64,
    /// `w`.
    pub weight: f64,
    /// `b`.
    pub bias: f64,
}

/// A stationary law.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// `E h`.
    pub mean: f64,
    /// `Var h`.
    pub variance: f64,
    points: Vec<(f64, f64)>,
}

/// A neuron with the best weights, and what it reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The neuron.
    pub neuron: Neuron,
    /// Its loss at the noise it was made for.
    pub loss: f64,
}

/// The noise at which a neuron's loss is least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preferred {
    /// The noise level.
    pub noise: f64,
    /// The loss there.
    pub loss: f64,
}

impl Neuron {
    /// The stationary law at noise level `noise`, of the state that is reached from `h = 0`.
    ///
    /// # Errors
    /// Bad input; a neuron that runs away or, without noise, comes to no rest; feedback so steep
    /// or so slow that more than 80 panels would be needed.
    pub fn stationary(&self, noise: f64) -> Result<Law> {
        checked_rate(self.rate)?;
        checked_finite("weight or bias", &[self.weight, self.bias])?;
        let noise = checked_noise(noise)?;
        let points = match noise {
            0.0 => self.rest().map(|h| vec![(h, 1.0)]),
            _ => transition::stationary(self, noise),
        };
        let law = points.map(Law::new).filter(|law| law.mean.is_finite() && law.variance >= 0.0);
        law.ok_or_else(|| {
            let Self { weight, bias, rate, .. } = self;
            let what = format!("w = {weight}, b = {bias}, g = {rate}, noise {noise}");
            Error::new(format!("no stationary state was found of a neuron with {what}"))
                .remedy("choose a weight below 1 and not far below 1 - 2/g")
        })
    }

    /// `E[(h - target)²]` at noise level `noise`.
    ///
    /// # Errors
    /// As [`Neuron::stationary`].
    pub fn loss(&self, noise: f64, target: f64) -> Result<f64> {
        checked_finite("target", &[target])?;
        Ok(self.stationary(noise)?.loss(target))
    }

    /// The noise level in [0, `highest`] at which the loss is least: the lowest of 41 levels, then
    /// golden section between its neighbours to 1e-6 of `highest`. Levels at which there is no
    /// stationary state are passed over.
    ///
    /// # Errors
    /// Bad input; no level with a stationary state.
    pub fn preferred(&self, target: f64, highest: f64) -> Result<Preferred> {
        checked_finite("target", &[target])?;
        let highest = checked_noise(highest)?;
        let loss = |noise: f64| self.loss(noise, target).unwrap_or(f64::INFINITY);
        let level = |at: usize| highest * at as f64 / LEVELS as f64;
        let losses: Vec<f64> = (0..=LEVELS).map(|at| loss(level(at))).collect();
        let lowest = (0..=LEVELS).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap_or(0);
        if losses[lowest] == f64::INFINITY {
            // Says why.
            self.loss(highest, target)?;
        }
        let within = (level(lowest.saturating_sub(1)), level((lowest + 1).min(LEVELS)));
        let noise = golden(within, 1e-6 * highest, loss);
        // At an end the end itself, not a point beside it that rounding made lower.
        let (found, at_level) = (loss(noise), losses[lowest]);
        Ok(if found < at_level * (1.0 - 1e-9) {
            Preferred { noise, loss: found }
        } else {
            Preferred { noise: level(lowest), loss: at_level }
        })
    }

    /// One step from `h` with the standard normal number `xi`.
    pub fn step(&self, h: f64, noise: f64, xi: f64) -> f64 {
        let argument = self.weight * h + self.bias;
        let activation = match self.site {
            Site::Inside => self.nonlinearity.value(argument + noise * xi),
            Site::Outside => self.nonlinearity.value(argument) + noise * xi,
        };
        (1.0 - self.rate) * h + self.rate * activation
    }

    /// Where it rests without noise.
    fn rest(&self) -> Option<f64> {
        let mut h = 0.0;
        for _ in 0..STEPS {
            let next = self.step(h, 0.0, 0.0);
            // Slow neurons change little while far from rest; below 4 ulp nothing is told apart.
            let still = 1e-13 * self.rate + 4.0 * f64::EPSILON;
            if (next - h).abs() <= still * (1.0 + h.abs()) {
                return Some(next);
            }
            h = next;
        }
        None
    }
}

impl Law {
    fn new(points: Vec<(f64, f64)>) -> Self {
        let mean = points.iter().map(|(h, weight)| weight * h).sum();
        let variance = points.iter().map(|(h, weight)| weight * (h - mean) * (h - mean)).sum();
        Self { mean, variance, points }
    }

    /// `E[(h - target)²]`.
    pub fn loss(&self, target: f64) -> f64 {
        (self.mean - target).powi(2) + self.variance
    }

    /// `E q(h)` of a function that is smooth on the scale of the noise; no share of time, no
    /// quantile.
    pub fn expectation(&self, q: impl Fn(f64) -> f64) -> f64 {
        self.points.iter().map(|(h, weight)| weight * q(*h)).sum()
    }
}

/// Mean and variance of a neuron on a straight piece of slope 1: `b/(1 - w)` and
/// `g² s²/(1 - lambda²)`, `lambda = 1 - g (1 - w)`; `None` where |lambda| is not below 1.
///
/// # Errors
/// Bad input.
pub fn linear(rate: f64, weight: f64, bias: f64, noise: f64) -> Result<Option<(f64, f64)>> {
    let (rate, noise) = (checked_rate(rate)?, checked_noise(noise)?);
    checked_finite("weight or bias", &[weight, bias])?;
    let lambda = 1.0 - rate * (1.0 - weight);
    let variance = (rate * noise).powi(2) / (1.0 - lambda * lambda);
    Ok((lambda.abs() < 1.0).then_some((bias / (1.0 - weight), variance)))
}

/// The weight and bias with which a neuron holds `target` best under noise of level `noise` (above
/// 0): the lowest of two descents (Nelder & Mead 1965), one from the best linear neuron, one from
/// the neuron without feedback.
///
/// # Errors
/// Bad input; no noise, without which every neuron that rests at the target is best; a target that
/// `f` does not pass ([`Nonlinearity::passes`]), which infinite weights hold best.
pub fn best(
    nonlinearity: Nonlinearity,
    site: Site,
    rate: f64,
    noise: f64,
    target: f64,
) -> Result<Best> {
    let (rate, noise) = (checked_rate(rate)?, checked_noise(noise)?);
    checked_finite("target", &[target])?;
    if noise == 0.0 {
        return Err(Error::new("without noise no neuron is better than another that is right")
            .remedy("ask for the best neuron at a noise level above 0"));
    }
    if !nonlinearity.passes(target) {
        return Err(Error::new(format!(
            "{nonlinearity} does not pass the target {target}: no neuron is best"
        ))
        .remedy("hold a level above 0, and of tanh one below 1"));
    }
    // The argument at the target moves the mean, the weight the fluctuations: nearly independent.
    let unit = target.abs() + noise;
    let neuron = |[weight, argument]: [f64; 2]| {
        let (weight, argument) = (weight / rate, argument * unit);
        Neuron { nonlinearity, site, rate, weight, bias: argument - weight * target }
    };
    let loss = |at: [f64; 2]| neuron(at).loss(noise, target).unwrap_or(f64::INFINITY);
    let starts = [[rate - 1.0, target / unit], [0.0, target / unit]];
    let found = starts.map(|start| descend(descend(start, 0.2, loss), 0.02, loss));
    let best = if loss(found[1]) < loss(found[0]) { found[1] } else { found[0] };
    let neuron = neuron(best);
    Ok(Best { neuron, loss: neuron.loss(noise, target)? })
}

/// Nelder and Mead's descent in the plane from `start` with first steps of `size`.
fn descend(start: [f64; 2], size: f64, loss: impl Fn([f64; 2]) -> f64) -> [f64; 2] {
    let corner = |at: [f64; 2]| (loss(at), at);
    let [x, y] = start;
    let mut corners = [corner(start), corner([x + size, y]), corner([x, y + size])];
    for _ in 0..EVALUATIONS / 2 {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let [(lowest, best), (middle, second), (highest, worst)] = corners;
        let far = |p: [f64; 2]| (p[0] - best[0]).abs().max((p[1] - best[1]).abs());
        if far(second).max(far(worst)) < SMALLEST {
            break;
        }
        // The point on the line from the worst corner through the middle of the others.
        let along = |t: f64| {
            let coordinate = |k: usize| {
                let middle = 0.5 * (best[k] + second[k]);
                middle + t * (middle - worst[k])
            };
            corner([coordinate(0), coordinate(1)])
        };
        let reflected = along(1.0);
        corners[2] = if reflected.0 < lowest {
            let further = along(2.0);
            if further.0 < reflected.0 { further } else { reflected }
        } else if reflected.0 < middle {
            reflected
        } else {
            let nearer = if reflected.0 < highest { along(0.5) } else { along(-0.5) };
            if nearer.0 < highest.min(reflected.0) {
                nearer
            } else {
                let half = |p: [f64; 2]| [0.5 * (p[0] + best[0]), 0.5 * (p[1] + best[1])];
                corners[1] = corner(half(second));
                corner(half(worst))
            }
        };
    }
    corners.iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(start, |lowest| lowest.1)
}

/// The minimum of `loss` in `within`, to `width`, by golden section.
fn golden(within: (f64, f64), width: f64, loss: impl Fn(f64) -> f64) -> f64 {
    const SECTION: f64 = 0.618_033_988_749_894_8;
    let (mut low, mut high) = within;
    let (mut a, mut b) = (high - SECTION * (high - low), low + SECTION * (high - low));
    let (mut loss_a, mut loss_b) = (loss(a), loss(b));
    while high - low > width {
        if loss_a < loss_b {
            (high, b, loss_b) = (b, a, loss_a);
            a = high - SECTION * (high - low);
            loss_a = loss(a);
        } else {
            (low, a, loss_a) = (a, b, loss_b);
            b = low + SECTION * (high - low);
            loss_b = loss(b);
        }
    }
    0.5 * (low + high)
}

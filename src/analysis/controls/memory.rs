//! Short memory against a power law: which of three spectra makes the trace most likely.
//!
//! Place in the flow: a trace in, [`Memory`] out; [`super::verdict`] reads it. The DFA cannot tell
//! these well by its slope: an AR(1) of time constant 5 has the exponent of 1/f noise over the usual
//! windows. Its spectrum has a knee, which the likelihood sees.
//!
//! # Formula
//! Of the periodogram `I_k = |Σ_t x_t exp(-2πi·kt/N)|² / N`, the bins `k ≥ 1` of periods that the
//! smallest window holds, `k ≤ N / n_min`, take part: there the ways in which one law can be sampled
//! (point samples, averages, a bare `1/f^β`) agree within a few percent. With a model's expected
//! periodogram `g_k`, ordinates are independent exponentials of mean `c·g_k` (Whittle, Ark. Mat. 2,
//! 423, 1953), so with the scale `c` at its best, over `M` bins,
//!
//! `-2 ln L = 2·M·ln(Σ I_k/g_k / M) + 2·Σ ln g_k` (+ constant),  `AIC = -2 ln L + 2·parameters`,
//! `BIC = -2 ln L + ln M·parameters`.
//!
//! `g` is the expectation for a trace of this very length, leakage included, from the
//! covariance `γ(h)`: the transform of `((N-h)·γ(h) + h·γ(N-h)) / N` ("debiased Whittle",
//! Sykulski et al., Biometrika 106, 251, 2019). At `k ≥ 1` a generalised covariance will do.
//!
//! | model | `γ(h)` | parameters |
//! |---|---|---|
//! | white | 0 for `h > 0` | scale |
//! | power law | self-similar noise of `0 < α < 2` ([`crate::signal::fractional`]) | scale, `α` |
//! | AR(1) | `exp(-h/τ)`, τ from 0.25 samples to the length of the trace | scale, `τ` |
//!
//! Neighbouring bins, up to [`BREADTH`] of their frequency apart, are averaged first, which loses
//! next to nothing of such smooth spectra and makes the cost of a fit independent of the length.
//!
//! # How to read it
//! [`Memory::score`] above 0: AR(1) is the better model, below: the power law. It grows with the
//! length. It says nothing of whether the better one is good: [`Memory::misfit`] does for AR(1). Not
//! Gaussian, periodic or drifting traces are compared all the same, by their spectra.

use std::sync::Arc;

use rayon::prelude::*;
use realfft::{RealFftPlanner, RealToComplex};
use serde::Serialize;

use crate::signal::fractional;

/// Relative width of the bands in which the periodogram is averaged.
pub const BREADTH: f64 = 0.05;

/// The fewest bins of the periodogram that a comparison needs.
pub const FEWEST_BINS: usize = 8;

/// Exponents of the power laws that are laid out: `(i + 1/2)·STEP` below 2; never 1, where the
/// covariance is a logarithm. Between them `ln g` is nearly linear.
const STEP: f64 = 0.05;

/// The smallest time constant, in samples, and the step of its logarithm.
const SHORTEST: f64 = 0.25;
const LOG_STEP: f64 = 0.2;

/// What the spectrum of one trace says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// `AIC(power law) - AIC(AR(1))`, without unit: positive where short memory explains the trace
    /// better.
    pub score: f64,
    /// `BIC(white)` less the smaller one of the two: positive where the trace is not white.
    pub coloured: f64,
    /// Time constant of the best AR(1), in samples: its correlation falls to 1/e.
    pub time_constant: f64,
    /// Exponent of the best power law, on the scale of the DFA, `(beta + 1) / 2`.
    pub alpha: f64,
    /// What AR(1) leaves unexplained: Lagrange-multiplier statistic of a further factor
    /// `exp(a·ln f + b·(ln f)²)`, less `2·ln M`. Negative where nothing is left.
    pub misfit: f64,
}

/// The models, laid out for traces of one length. `Send + Sync`, cheap to clone.
#[derive(Clone)]
pub struct Models {
    steps: usize,
    /// First bin of every band, and the bin after the last.
    edges: Arc<[usize]>,
    power: Arc<Family>,
    autoregressive: Arc<Family>,
    forward: Arc<dyn RealToComplex<f64>>,
}

/// The expected periodograms of a model, for parameters at equal steps.
struct Family {
    first: f64,
    step: f64,
    /// `ln g` per parameter and band, with mean 0 over the bins.
    levels: Vec<Vec<f64>>,
}

/// The best of a family.
struct Fit {
    parameter: f64,
    /// `-2 ln L`.
    deviance: f64,
    /// `ln g` there.
    level: Vec<f64>,
    /// Its derivative with respect to the parameter.
    change: Vec<f64>,
}

impl Models {
    /// For traces of `steps` samples, looked at down to periods of `smallest` samples; none where
    /// these leave fewer than [`FEWEST_BINS`] bins.
    pub fn new(steps: usize, smallest: usize) -> Option<Self> {
        let last = (steps / smallest.max(2)).min(steps.saturating_sub(1) / 2);
        if last < FEWEST_BINS {
            return None;
        }
        let mut edges = vec![1];
        while let Some(&edge) = edges.last().filter(|&&edge| edge <= last) {
            let broad = (edge as f64 * (1.0 + BREADTH)) as usize;
            edges.push(broad.max(edge + 1).min(last + 1));
        }
        let forward = RealFftPlanner::new().plan_fft_forward(steps);
        let power = |alpha: f64, lag: usize| {
            let sign = if alpha < 1.0 { 1.0 } else { -1.0 };
            sign * fractional::autocovariance(alpha, lag)
        };
        let decay = |logarithm: f64, lag: usize| (-(lag as f64) / logarithm.exp()).exp();
        let exponents = (2.0 / STEP).round() as usize;
        let first = SHORTEST.ln();
        let constants = (((steps as f64).ln() - first) / LOG_STEP).ceil() as usize + 1;
        let family = |first: f64, step: f64, count: usize, covariance: &Covariance| Family {
            first,
            step,
            levels: (0..count)
                .into_par_iter()
                .map(|i| {
                    let parameter = first + step * i as f64;
                    expected(steps, &edges, forward.as_ref(), &|lag| covariance(parameter, lag))
                })
                .collect(),
        };
        Some(Self {
            steps,
            power: Arc::new(family(STEP / 2.0, STEP, exponents, &power)),
            autoregressive: Arc::new(family(first, LOG_STEP, constants, &decay)),
            edges: edges.into(),
            forward,
        })
    }

    /// Compares the models on `trace`; none where it is constant or not finite.
    ///
    /// Panics where the trace has another length.
    pub fn compare(&self, trace: &[f32]) -> Option<Memory> {
        assert_eq!(trace.len(), self.steps, "the length that the models were laid out for");
        let power = self.bands(trace)?;
        let bins = (self.edges[self.edges.len() - 1] - 1) as f64;
        let white = 0.0; // 2·M·ln 1: the mean is taken out, and ln g is 0.
        let law = self.fit(&self.power, &power);
        let decay = self.fit(&self.autoregressive, &power);
        Some(Memory {
            // Both have two parameters.
            score: law.deviance - decay.deviance,
            coloured: white - law.deviance.min(decay.deviance) - bins.ln(),
            time_constant: decay.parameter.exp(),
            alpha: law.parameter,
            misfit: self.misfit(&decay, &power) - 2.0 * bins.ln(),
        })
    }

    /// The periodogram's mean in every band, over its mean over all bins.
    fn bands(&self, trace: &[f32]) -> Option<Vec<f64>> {
        let mean = trace.iter().map(|&x| f64::from(x)).sum::<f64>() / trace.len() as f64;
        let mut samples: Vec<f64> = trace.iter().map(|&x| f64::from(x) - mean).collect();
        let mut spectrum = self.forward.make_output_vec();
        self.forward.process(&mut samples, &mut spectrum).expect("the planner's own lengths");
        let power: Vec<f64> = spectrum.iter().map(|bin| bin.norm_sqr()).collect();
        let sums: Vec<f64> =
            self.edges.windows(2).map(|pair| power[pair[0]..pair[1]].iter().sum()).collect();
        let total: f64 = sums.iter().sum();
        let bins = (self.edges[self.edges.len() - 1] - 1) as f64;
        (total.is_finite() && total > 0.0 && trace.iter().any(|x| *x != trace[0])).then(|| {
            self.counts().zip(&sums).map(|(count, sum)| sum / count / (total / bins)).collect()
        })
    }

    /// Bins of every band.
    fn counts(&self) -> impl Iterator<Item = f64> {
        self.edges.windows(2).map(|pair| (pair[1] - pair[0]) as f64)
    }

    /// The scale that suits `level` best: the mean of `I/g`.
    fn scale(&self, power: &[f64], level: &[f64]) -> f64 {
        let bins = (self.edges[self.edges.len() - 1] - 1) as f64;
        let ratios = power.iter().zip(level).map(|(p, level)| p * (-level).exp());
        self.counts().zip(ratios).map(|(count, ratio)| count * ratio).sum::<f64>() / bins
    }

    /// The best parameter: of those laid out, then between its neighbours by golden section.
    fn fit(&self, family: &Family, power: &[f64]) -> Fit {
        let bins = (self.edges[self.edges.len() - 1] - 1) as f64;
        let deviance = |level: &[f64]| 2.0 * bins * self.scale(power, level).ln();
        let at = |place: f64| deviance(&family.level(place));
        let laid: Vec<f64> = family.levels.iter().map(|level| deviance(level)).collect();
        let best = (0..laid.len()).fold(0, |best, i| if laid[i] < laid[best] { i } else { best });
        let last = (laid.len() - 1) as f64;
        let (mut low, mut high) = ((best as f64 - 1.0).max(0.0), (best as f64 + 1.0).min(last));
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        while high - low > 1e-3 {
            let (left, right) = (high - golden * (high - low), low + golden * (high - low));
            if at(left) < at(right) { high = right } else { low = left }
        }
        let place = (low + high) / 2.0;
        let level = family.level(place);
        let (below, above) =
            (family.level((place - 0.5).max(0.0)), family.level((place + 0.5).min(last)));
        Fit {
            parameter: family.first + family.step * place,
            deviance: deviance(&level),
            change: above.iter().zip(&below).map(|(a, b)| a - b).collect(),
            level,
        }
    }

    /// The Lagrange-multiplier (score) statistic of `exp(a·x + b·x²)`, `x = ln k`, on top of `fit`:
    /// chi-squared of 2 degrees of freedom where the fit is right. The directions that the fit has
    /// used (scale and parameter) are taken out.
    fn misfit(&self, fit: &Fit, power: &[f64]) -> f64 {
        let counts: Vec<f64> = self.counts().collect();
        let scale = self.scale(power, &fit.level);
        let dot = |a: &[f64], b: &[f64]| -> f64 {
            counts.iter().zip(a).zip(b).map(|((m, a), b)| m * a * b).sum()
        };
        let rest: Vec<f64> = power
            .iter()
            .zip(&fit.level)
            .map(|(p, level)| p * (-level).exp() / scale - 1.0)
            .collect();
        let middle = |pair: &[usize]| ((pair[0] + pair[1] - 1) as f64 / 2.0).ln();
        let x: Vec<f64> = self.edges.windows(2).map(middle).collect();
        let used = [vec![1.0; x.len()], fit.change.clone()];
        let further = [x.clone(), x.iter().map(|x| x * x).collect()];
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut statistic = 0.0;
        for (place, mut vector) in used.into_iter().chain(further).enumerate() {
            let before = dot(&vector, &vector);
            for unit in &basis {
                let along = dot(unit, &vector);
                vector.iter_mut().zip(unit).for_each(|(v, u)| *v -= along * u);
            }
            let length = dot(&vector, &vector).sqrt();
            // At the end of the family the parameter may no longer change anything.
            if length * length <= 1e-9 * before || length == 0.0 {
                continue;
            }
            vector.iter_mut().for_each(|v| *v /= length);
            if place >= 2 {
                statistic += dot(&vector, &rest).powi(2);
            }
            basis.push(vector);
        }
        statistic
    }
}

/// A covariance: of a parameter and a lag.
type Covariance = dyn Fn(f64, usize) -> f64 + Sync;

impl Family {
    /// `ln g` between the parameters laid out, linear.
    fn level(&self, place: f64) -> Vec<f64> {
        let below = (place as usize).min(self.levels.len() - 2);
        let share = place - below as f64;
        let pairs = self.levels[below].iter().zip(&self.levels[below + 1]);
        pairs.map(|(a, b)| a + share * (b - a)).collect()
    }
}

/// `ln` of the expected periodogram in every band, with mean 0 over the bins.
fn expected(
    steps: usize,
    edges: &[usize],
    forward: &dyn RealToComplex<f64>,
    covariance: &dyn Fn(usize) -> f64,
) -> Vec<f64> {
    let values: Vec<f64> = (0..=steps).map(covariance).collect();
    let wrapped = |lag: usize| {
        let share = lag as f64 / steps as f64;
        (1.0 - share) * values[lag] + share * values[steps - lag]
    };
    let mut circle: Vec<f64> = (0..steps).map(wrapped).collect();
    let mut spectrum = forward.make_output_vec();
    forward.process(&mut circle, &mut spectrum).expect("the planner's own lengths");
    let count = |pair: &[usize]| (pair[1] - pair[0]) as f64;
    let mean = |pair: &[usize]| {
        spectrum[pair[0]..pair[1]].iter().map(|bin| bin.re).sum::<f64>() / count(pair)
    };
    let levels: Vec<f64> = edges.windows(2).map(|pair| mean(pair).ln()).collect();
    let bins = (edges[edges.len() - 1] - 1) as f64;
    let centre =
        edges.windows(2).zip(&levels).map(|(pair, level)| count(pair) * level).sum::<f64>() / bins;
    levels.iter().map(|level| level - centre).collect()
}

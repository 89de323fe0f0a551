//! Short memory against a power law: which of three spectra makes the trace most likely.
//!
//! Place in the flow: a trace in, [`Memory`] out; [`super::verdict`] reads it. The DFA cannot tell
//! these well by its slope: an AR(1) of time constant 5 has the exponent of 1/f noise over the
//! usual windows. Its spectrum has a knee, which the likelihood sees.
//!
//! # Formula
//! Of the periodogram `I_k = |Σ_t x_t exp(-2πi·kt/N)|² / N`, the bins `1 ≤ k ≤ N / n_min` take part,
//! periods from the smallest window to the trace: there the ways in which one law can be
//! sampled (point samples, averages, a bare `1/f^β`) agree within a few percent. With a model's
//! expected periodogram `g_k`, ordinates are independent exponentials of mean `c·g_k` (Whittle,
//! Ark. Mat. 2, 423, 1953), so with the scale `c` at its best, over `M` bins and up to a constant,
//!
//! `-2 ln L = 2·M·ln(Σ I_k/g_k / M) + 2·Σ ln g_k`,   `BIC = -2 ln L + ln M·parameters`.
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
//! The last two are fitted as they are and with white noise beside them (a third parameter), and
//! the better one by BIC is taken: an AR(1) that is recorded with noise would else be taken for a
//! law.
//!
//! Neighbouring bins, up to [`BREADTH`] of their frequency apart, are averaged first, which loses
//! next to nothing of such smooth spectra and makes the cost of a fit independent of the length.
//!
//! # How to read it
//! [`Memory::score`] above 0: AR(1) is the better model, below: the power law. It grows with the
//! length. It says nothing of whether the better one is good: [`Memory::misfit`] does for AR(1).
//! Not Gaussian, periodic or drifting traces are compared all the same, by their spectra.

use std::sync::Arc;

use rayon::prelude::*;
use realfft::{RealFftPlanner, RealToComplex};
use serde::Serialize;

use crate::analysis::spectrum::fit::ROUNDING;
use crate::signal::fractional;

/// Relative width of the bands in which the periodogram is averaged.
pub const BREADTH: f64 = 0.05;

/// The fewest bins of the periodogram that a comparison needs.
pub const FEWEST_BINS: usize = 8;

/// Exponents of the power laws that are laid out: `(i + 1/2)·STEP` below 2; never 1, where the
/// covariance is a logarithm. Between them `ln g` is nearly linear.
const STEP: f64 = 0.05;

/// The logarithm of the white floor over the geometric mean of the model lies within this of 0.
const FLOOR: f64 = 6.0;

/// The smallest time constant, in samples, and the step of its logarithm.
const SHORTEST: f64 = 0.25;
const LOG_STEP: f64 = 0.2;

/// A model of a spectrum at its best.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Model {
    /// The time constant of an AR(1) in samples (its correlation falls to 1/e), or the exponent of
    /// a power law on the scale of the DFA, `(beta + 1) / 2`.
    pub parameter: f64,
    /// The part of the power in the band that white noise beside it explains; 0 where the model
    /// does without.
    pub white: f64,
}

/// What the spectrum of one trace says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// `BIC(power law) - BIC(AR(1))`, without unit: positive where short memory explains the trace
    /// better.
    pub score: f64,
    /// `BIC(white)` less that of the better one: positive where the trace is not white.
    pub coloured: f64,
    /// The best AR(1).
    pub autoregression: Model,
    /// The best power law.
    pub power_law: Model,
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
    /// Bins of every band, and of all together.
    counts: Arc<[f64]>,
    bins: f64,
    power: Arc<Family>,
    autoregressive: Arc<Family>,
    forward: Arc<dyn RealToComplex<f64>>,
}

/// The expected periodograms of a model, for parameters at equal steps.
struct Family {
    first: f64,
    step: f64,
    /// `g` per parameter and band, of geometric mean 1 over the bins.
    expected: Vec<Vec<f64>>,
}

/// The best of a family.
struct Fit {
    model: Model,
    /// `-2 ln L + ln M·parameters`.
    criterion: f64,
    /// The expected periodogram there.
    g: Vec<f64>,
    /// Its derivatives with respect to the parameters but the scale, over itself.
    changes: Vec<Vec<f64>>,
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
            expected: (0..count)
                .into_par_iter()
                .map(|i| {
                    let parameter = first + step * i as f64;
                    expected(steps, &edges, forward.as_ref(), &|lag| covariance(parameter, lag))
                })
                .collect(),
        };
        let counts: Vec<f64> = edges.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        Some(Self {
            steps,
            bins: counts.iter().sum(),
            counts: counts.into(),
            power: Arc::new(family(STEP / 2.0, STEP, exponents, &power)),
            autoregressive: Arc::new(family(first, LOG_STEP, constants, &decay)),
            edges: edges.into(),
            forward,
        })
    }

    /// Compares the models on `trace`; none where it is constant or not finite, or has no power in
    /// the band.
    ///
    /// Panics where the trace has another length.
    pub fn compare(&self, trace: &[f32]) -> Option<Memory> {
        assert_eq!(trace.len(), self.steps, "the length that the models were laid out for");
        let power = self.bands(trace)?;
        let (law, decay) = (self.fit(&self.power, &power), self.fit(&self.autoregressive, &power));
        // White noise has -2 ln L = 0, because the mean of the periodogram is taken out.
        let white = self.bins.ln();
        Some(Memory {
            score: law.criterion - decay.criterion,
            coloured: white - law.criterion.min(decay.criterion),
            autoregression: Model { parameter: decay.model.parameter.exp(), ..decay.model },
            power_law: law.model,
            misfit: self.misfit(&decay, &power) - 2.0 * self.bins.ln(),
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
        // All of the power may lie beyond the band; what the band then holds is rounding.
        let whole: f64 = power[1..].iter().sum();
        let varies = trace.iter().any(|x| *x != trace[0]);
        let usable = total.is_finite() && total > ROUNDING * whole && varies;
        let mean = total / self.bins;
        usable.then(|| self.counts.iter().zip(&sums).map(|(m, sum)| sum / m / mean).collect())
    }

    /// The scale that suits `g` best: the mean of `I/g`.
    fn scale(&self, power: &[f64], g: &[f64]) -> f64 {
        let sum: f64 = self.counts.iter().zip(power).zip(g).map(|((m, p), g)| m * p / g).sum();
        sum / self.bins
    }

    /// `-2 ln L` without its constant.
    fn deviance(&self, power: &[f64], g: &[f64]) -> f64 {
        let logarithms: f64 = self.counts.iter().zip(g).map(|(m, g)| m * g.ln()).sum();
        2.0 * (self.bins * self.scale(power, g).ln() + logarithms)
    }

    /// The white noise that makes `g` likeliest: where the derivative of `ln L` changes its sign,
    /// by bisection of the logarithm.
    fn floor(&self, power: &[f64], g: &[f64]) -> f64 {
        let rises = |floor: f64| {
            let (mut first, mut second, mut inverse) = (0.0, 0.0, 0.0);
            for ((m, p), g) in self.counts.iter().zip(power).zip(g) {
                let over = 1.0 / (g + floor);
                inverse += m * over;
                first += m * p * over;
                second += m * p * over * over;
            }
            second * self.bins > inverse * first
        };
        let (mut low, mut high) = (-FLOOR, FLOOR);
        while high - low > 0.02 {
            let middle: f64 = (low + high) / 2.0;
            if rises(middle.exp()) { low = middle } else { high = middle }
        }
        ((low + high) / 2.0).exp()
    }

    /// The better one by BIC of the family by itself and the family in white noise.
    fn fit(&self, family: &Family, power: &[f64]) -> Fit {
        let bare = self.best(family, power, false);
        let noisy = self.best(family, power, true);
        if noisy.criterion < bare.criterion { noisy } else { bare }
    }

    /// The likeliest parameter: of those laid out, then between its neighbours.
    fn best(&self, family: &Family, power: &[f64], noisy: bool) -> Fit {
        let floor = |g: &[f64]| if noisy { self.floor(power, g) } else { 0.0 };
        let at = |g: &[f64]| {
            let floor = floor(g);
            self.deviance(power, &raised(g, floor))
        };
        let laid: Vec<f64> = family.expected.iter().map(|g| at(g)).collect();
        let least = (0..laid.len()).fold(0, |best, i| if laid[i] < laid[best] { i } else { best });
        let last = (laid.len() - 1) as f64;
        let (low, high) = ((least as f64 - 1.0).max(0.0), (least as f64 + 1.0).min(last));
        let place = golden(low, high, 1e-2, &|place| at(&family.at(place)));
        let bare = family.at(place);
        let floor = floor(&bare);
        let g = raised(&bare, floor);
        // Relative changes of the expected periodogram with each parameter.
        let (below, above) = ((place - 0.5).max(0.0), (place + 0.5).min(last));
        let pairs = family.at(above).into_iter().zip(family.at(below));
        let moved = pairs.zip(&g).map(|((above, below), g)| (above - below) / g).collect();
        let mut changes = vec![moved];
        if noisy {
            changes.push(g.iter().map(|g| 1.0 / g).collect());
        }
        let total: f64 = self.counts.iter().zip(&g).map(|(m, g)| m * g).sum();
        let deviance = self.deviance(power, &g);
        Fit {
            model: Model {
                parameter: family.first + family.step * place,
                white: floor * self.bins / total,
            },
            criterion: deviance + self.bins.ln() * (1 + changes.len()) as f64,
            changes,
            g,
        }
    }

    /// The Lagrange-multiplier (score) statistic of `exp(a·x + b·x²)`, `x = ln k`, on top of `fit`:
    /// chi-squared of 2 degrees of freedom where the fit is right. The directions that the fit has
    /// used (scale and parameter) are taken out.
    fn misfit(&self, fit: &Fit, power: &[f64]) -> f64 {
        let scale = self.scale(power, &fit.g);
        let dot = |a: &[f64], b: &[f64]| -> f64 {
            self.counts.iter().zip(a).zip(b).map(|((m, a), b)| m * a * b).sum()
        };
        let rest: Vec<f64> = power.iter().zip(&fit.g).map(|(p, g)| p / g / scale - 1.0).collect();
        let middle = |pair: &[usize]| ((pair[0] + pair[1] - 1) as f64 / 2.0).ln();
        let x: Vec<f64> = self.edges.windows(2).map(middle).collect();
        let used = [vec![1.0; x.len()]].into_iter().chain(fit.changes.iter().cloned());
        let further = [x.clone(), x.iter().map(|x| x * x).collect()];
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut statistic = 0.0;
        for (place, mut vector) in used.chain(further).enumerate() {
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
            if place > fit.changes.len() {
                statistic += dot(&vector, &rest).powi(2);
            }
            basis.push(vector);
        }
        statistic
    }
}

/// `g` with white noise.
fn raised(g: &[f64], floor: f64) -> Vec<f64> {
    g.iter().map(|g| g + floor).collect()
}

/// Where `value` is least between `low` and `high`, to within `width`: golden section.
fn golden(mut low: f64, mut high: f64, width: f64, value: &dyn Fn(f64) -> f64) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let inner = |low: f64, high: f64| (high - ratio * (high - low), low + ratio * (high - low));
    let (mut left, mut right) = inner(low, high);
    let (mut at_left, mut at_right) = (value(left), value(right));
    while high - low > width {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = inner(low, high).0;
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = inner(low, high).1;
            at_right = value(right);
        }
    }
    (low + high) / 2.0
}

/// A covariance: of a parameter and a lag.
type Covariance = dyn Fn(f64, usize) -> f64 + Sync;

impl Family {
    /// `g` between the parameters laid out: its logarithm is nearly linear.
    fn at(&self, place: f64) -> Vec<f64> {
        let below = (place as usize).min(self.expected.len() - 2);
        let share = place - below as f64;
        let pairs = self.expected[below].iter().zip(&self.expected[below + 1]);
        pairs.map(|(a, b)| a * (share * (b / a).ln()).exp()).collect()
    }
}

/// The expected periodogram in every band, of geometric mean 1 over the bins.
fn expected(
    steps: usize,
    edges: &[usize],
    forward: &dyn RealToComplex<f64>,
    covariance: &dyn Fn(usize) -> f64,
) -> Vec<f64> {
    let mut circle = forward.make_input_vec();
    circle[0] = covariance(0);
    for lag in 1..=steps / 2 {
        let share = lag as f64 / steps as f64;
        circle[lag] = (1.0 - share) * covariance(lag) + share * covariance(steps - lag);
        circle[steps - lag] = circle[lag];
    }
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
    levels.iter().map(|level| (level - centre).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::noise;

    /// The band means of the periodogram over many traces, of geometric mean 1, and their relative
    /// standard error.
    fn average(models: &Models, make: &dyn Fn(u64) -> Vec<f32>, rows: u64) -> (Vec<f64>, f64) {
        let steps = models.steps;
        let mut sums = vec![0.0; models.counts.len()];
        for trace in (0..rows).map(make) {
            let mean = trace.iter().map(|&x| f64::from(x)).sum::<f64>() / steps as f64;
            let square = trace.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>();
            let mut samples: Vec<f64> = trace.iter().map(|&x| f64::from(x)).collect();
            let mut spectrum = models.forward.make_output_vec();
            models.forward.process(&mut samples, &mut spectrum).expect("own lengths");
            assert!(square > 0.0);
            for (sum, pair) in sums.iter_mut().zip(models.edges.windows(2)) {
                let band = &spectrum[pair[0]..pair[1]];
                *sum += band.iter().map(|bin| bin.norm_sqr()).sum::<f64>() / band.len() as f64;
            }
        }
        let weighted = models.counts.iter().zip(&sums).map(|(m, sum)| m * sum.ln()).sum::<f64>();
        let centre = (weighted / models.bins).exp();
        (sums.iter().map(|sum| sum / centre).collect(), 1.0 / (rows as f64).sqrt())
    }

    #[test]
    fn the_expected_periodogram_is_what_traces_have() {
        for steps in [64, 61] {
            let models = Models::new(steps, 4).expect("enough bins");
            let check = |family: &Family, at: f64, make: &dyn Fn(u64) -> Vec<f32>| {
                let place = (at - family.first) / family.step;
                let (found, error) = average(&models, make, 4000);
                for (found, expected) in found.iter().zip(family.at(place)) {
                    // A leaking spectrum's ordinates have up to twice an exponential's variance.
                    let most = 5.0 * 2f64.sqrt() * error;
                    assert!(
                        (found / expected - 1.0).abs() < most,
                        "{steps} {at}: {found} {expected}"
                    );
                }
            };
            for alpha in [0.325, 0.925, 1.275, 1.525, 1.775] {
                let maker = fractional::Fractional::new(steps, alpha);
                let make = |i| maker.pair(4, "test", i)[0].clone();
                check(&models.power, alpha, &make);
            }
            for constant in [1.0f64, 6.0, 40.0] {
                let phi = (-1.0 / constant).exp();
                let make = |i| noise::autoregressive(steps, phi, 4, i);
                check(&models.autoregressive, constant.ln(), &make);
            }
        }
    }

    #[test]
    fn parameters_come_back_and_the_right_model_leaves_nothing() {
        let models = Models::new(2000, 10).expect("enough bins");
        let rows = 200;
        let all = |make: &dyn Fn(u64) -> Vec<f32>| -> Vec<Memory> {
            (0..rows).map(|i| models.compare(&make(i)).expect("varies")).collect()
        };
        let mean = |found: &[Memory], value: &dyn Fn(&Memory) -> f64| {
            found.iter().map(value).sum::<f64>() / rows as f64
        };
        for constant in [5.0f64, 20.0] {
            let found = all(&|i| noise::autoregressive(2000, (-1.0 / constant).exp(), 6, i));
            let logarithm = mean(&found, &|m| m.autoregression.parameter.ln());
            assert!((logarithm - constant.ln()).abs() < 0.06, "{constant}: {logarithm}");
            let statistic = mean(&found, &|m| m.misfit) + 2.0 * models.bins.ln();
            // Chi-squared of 2 degrees of freedom has mean 2, and four standard errors of 200 of
            // it.
            assert!((statistic - 2.0).abs() < 0.6, "{constant}: {statistic}");
        }
        for alpha in [0.8, 1.1, 1.4] {
            let maker = fractional::Fractional::new(2000, alpha);
            let found = all(&|i| maker.pair(6, "test", i)[0].clone());
            let found = mean(&found, &|m| m.power_law.parameter);
            assert!((found - alpha).abs() < 0.03, "{alpha}: {found}");
        }
    }

    #[test]
    fn nothing_is_said_of_a_constant_or_a_broken_trace_or_too_few_bins() {
        assert!(Models::new(79, 10).is_none() && Models::new(80, 10).is_some());
        let models = Models::new(100, 10).expect("enough bins");
        assert!(models.compare(&[0.1; 100]).is_none());
        assert!(models.compare(&[f32::NAN; 100]).is_none());
    }
}

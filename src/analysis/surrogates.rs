//! Surrogates: traces that share chosen properties with a given one and are otherwise random.
//!
//! Place in the flow: a trace in, a trace of the same length out, which is measured like the
//! original ([`super::controls`] does). A measure that the surrogates share with the trace says no
//! more about it than the property that was kept.
//!
//! | kind | keeps | destroys |
//! |---|---|---|
//! | [`Surrogate::Shuffled`] | every value | all order: white noise of the same distribution |
//! | [`Surrogate::PhaseRandomised`] | periodogram, mean | distribution, all that is not linear |
//! | [`Surrogate::AmplitudeAdjusted`] | every value; nearly the periodogram | the rest |
//! | [`Surrogate::Autoregressive`] | mean, standard deviation, lag-1 correlation | longer memory |
//!
//! # Method
//! - Shuffled: Fisher-Yates.
//! - Phase-randomised (Theiler et al., Physica D 58, 77, 1992): amplitudes of the discrete Fourier
//!   transform are kept, phases drawn uniformly; the bins at 0 and at half the sampling rate, which
//!   are real, stay. The surrogate is periodic in the length of the trace.
//! - Iterated amplitude-adjusted (IAAFT; Schreiber & Schmitz, Phys. Rev. Lett. 77, 635, 1996): from
//!   a shuffle, in turns (1) give the Fourier amplitudes of the trace, (2) give its values by rank,
//!   until the ranks no longer change or [`MOST_ITERATIONS`] are done. It ends with (2): the values
//!   are exact. What is left of the amplitudes, `Σ(|S| - |X|)² / Σ|X|²`, was 1e-6 to 6e-5 for white,
//!   pink and Brownian noise of 503 to 4,096 samples, 3e-3 for the exponential of pink noise and 0.1
//!   for that of twice pink noise: where few values make the variance, the spectrum is not kept.
//! - AR(1): `x_t = φ·x_(t-1) + e_t`, Gaussian `e`, begun in its stationary distribution and then
//!   moved to the mean and the standard deviation of the trace. `φ = r + (1 + 4r)/N`
//!   ([`lag_one`]) from the lag-1 correlation `r`, without its bias to first order (Marriott &
//!   Pope, Biometrika 41, 390, 1954), held within `±(1 - 1/N)`.
//!
//! All in f64 and rounded to `f32` once. Chance comes from the stream of the kind's name, the seed
//! and the index alone.

use std::sync::Arc;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};

use crate::signal::random;

/// Iterations after which an amplitude-adjusted surrogate is taken as it is: the distance to the
/// spectrum falls quickly at first and hardly after some tens (Schreiber & Schmitz 2000).
pub const MOST_ITERATIONS: usize = 100;

/// What a surrogate keeps of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surrogate {
    /// Every value, in random order.
    Shuffled,
    /// The periodogram and the mean; phases at random.
    PhaseRandomised,
    /// Every value, in an order that nearly has the periodogram (IAAFT).
    AmplitudeAdjusted,
    /// Mean, standard deviation and lag-1 correlation: a first-order autoregression.
    Autoregressive,
}

impl Surrogate {
    /// All kinds.
    pub const ALL: [Self; 4] =
        [Self::Shuffled, Self::PhaseRandomised, Self::AmplitudeAdjusted, Self::Autoregressive];

    /// The name of its random stream.
    fn stream(self) -> &'static str {
        match self {
            Self::Shuffled => "surrogates/shuffled",
            Self::PhaseRandomised => "surrogates/phase-randomised",
            Self::AmplitudeAdjusted => "surrogates/amplitude-adjusted",
            Self::Autoregressive => "surrogates/autoregressive",
        }
    }
}

/// Makes surrogates of traces of one length; holds the transforms. `Send + Sync`, cheap to clone.
#[derive(Clone)]
pub struct Surrogates {
    steps: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

impl Surrogates {
    /// For traces of `steps` samples, any number, primes too.
    pub fn new(steps: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let length = steps.max(1);
        Self {
            steps,
            forward: planner.plan_fft_forward(length),
            inverse: planner.plan_fft_inverse(length),
        }
    }

    /// Surrogate `index` of `trace`; none where a sample is NaN or infinite. A constant has itself
    /// as every surrogate.
    ///
    /// Panics where the trace has another length.
    pub fn draw(&self, kind: Surrogate, trace: &[f32], seed: u64, index: u64) -> Option<Vec<f32>> {
        assert_eq!(trace.len(), self.steps, "the length that the surrogates were planned for");
        if trace.iter().any(|x| !x.is_finite()) {
            return None;
        }
        if trace.iter().all(|x| *x == trace[0]) {
            return Some(trace.to_vec());
        }
        let mut chance = random::stream(seed, kind.stream(), index);
        Some(match kind {
            Surrogate::Shuffled => {
                let mut values = trace.to_vec();
                values.shuffle(&mut chance);
                values
            }
            Surrogate::PhaseRandomised => self.phase_randomised(trace, &mut chance),
            Surrogate::AmplitudeAdjusted => self.amplitude_adjusted(trace, &mut chance),
            Surrogate::Autoregressive => autoregressive(trace, &mut chance),
        })
    }

    fn phase_randomised(&self, trace: &[f32], chance: &mut impl rand::Rng) -> Vec<f32> {
        let (mean, _) = moments(trace);
        let mut spectrum = self.transform(trace.iter().map(|&x| f64::from(x) - mean));
        // The bin at half the sampling rate, which only an even length has, is real and stays.
        for bin in &mut spectrum[1..self.steps.div_ceil(2)] {
            *bin = Complex::from_polar(bin.norm(), std::f64::consts::TAU * chance.random::<f64>());
        }
        self.back(&mut spectrum).iter().map(|x| (x + mean) as f32).collect()
    }

    fn amplitude_adjusted(&self, trace: &[f32], chance: &mut impl rand::Rng) -> Vec<f32> {
        let (mean, _) = moments(trace);
        let mut sorted = trace.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let spectrum = self.transform(trace.iter().map(|&x| f64::from(x) - mean));
        let amplitudes: Vec<f64> = spectrum.iter().map(|bin| bin.norm()).collect();
        // `order[rank]` is the time of the sample of that rank.
        let mut order: Vec<usize> = (0..self.steps).collect();
        order.shuffle(chance);
        let mut values = vec![0.0f32; self.steps];
        for _ in 0..MOST_ITERATIONS {
            order.iter().zip(&sorted).for_each(|(&time, &value)| values[time] = value);
            let mut spectrum = self.transform(values.iter().map(|&x| f64::from(x) - mean));
            for (bin, amplitude) in spectrum.iter_mut().zip(&amplitudes) {
                let norm = bin.norm();
                *bin = if norm > 0.0 { *bin * (amplitude / norm) } else { (*amplitude).into() };
            }
            let wanted = self.back(&mut spectrum);
            let before = order.clone();
            order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
            if order == before {
                break;
            }
        }
        order.iter().zip(&sorted).for_each(|(&time, &value)| values[time] = value);
        values
    }

    fn transform(&self, samples: impl Iterator<Item = f64>) -> Vec<Complex<f64>> {
        let mut samples: Vec<f64> = samples.collect();
        let mut spectrum = self.forward.make_output_vec();
        self.forward.process(&mut samples, &mut spectrum).expect("the planner's own lengths");
        spectrum
    }

    fn back(&self, spectrum: &mut [Complex<f64>]) -> Vec<f64> {
        // What a real signal has exactly real may have kept a rounding error.
        spectrum[0].im = 0.0;
        if self.steps.is_multiple_of(2) {
            spectrum[self.steps / 2].im = 0.0;
        }
        let mut samples = self.inverse.make_output_vec();
        self.inverse.process(spectrum, &mut samples).expect("lengths and real bins are right");
        samples.iter_mut().for_each(|x| *x /= self.steps as f64);
        samples
    }
}

/// The lag-1 correlation of `trace` without its bias to first order: `r + (1 + 4r)/N`, held within
/// `±(1 - 1/N)`; NaN for a constant.
pub fn lag_one(trace: &[f32]) -> f64 {
    let (mean, deviation) = moments(trace);
    let count = trace.len() as f64;
    let product = |pair: &[f32]| (f64::from(pair[0]) - mean) * (f64::from(pair[1]) - mean);
    let r = trace.windows(2).map(product).sum::<f64>() / (count * deviation * deviation);
    let most = 1.0 - 1.0 / count;
    (r + (1.0 + 4.0 * r) / count).clamp(-most, most)
}

fn autoregressive(trace: &[f32], chance: &mut impl rand::Rng) -> Vec<f32> {
    let (mean, deviation) = moments(trace);
    let phi = lag_one(trace);
    let innovation = (1.0 - phi * phi).sqrt();
    let mut level = 0.0;
    let samples: Vec<f64> = (0..trace.len())
        .map(|t| {
            let draw: f64 = StandardNormal.sample(chance);
            level = if t == 0 { draw } else { phi * level + innovation * draw };
            level
        })
        .collect();
    let count = samples.len() as f64;
    let centre = samples.iter().sum::<f64>() / count;
    let spread = (samples.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / count).sqrt();
    let scale = if spread > 0.0 { deviation / spread } else { 0.0 };
    samples.iter().map(|x| (mean + scale * (x - centre)) as f32).collect()
}

/// Mean and population standard deviation.
fn moments(trace: &[f32]) -> (f64, f64) {
    let count = trace.len() as f64;
    let mean = trace.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let square = trace.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    (mean, square.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::noise;

    fn amplitudes(trace: &[f32]) -> Vec<f64> {
        let (mean, _) = moments(trace);
        let all = Surrogates::new(trace.len());
        let spectrum = all.transform(trace.iter().map(|&x| f64::from(x) - mean));
        spectrum[1..].iter().map(|bin| bin.norm()).collect()
    }

    fn sorted(trace: &[f32]) -> Vec<f32> {
        let mut values = trace.to_vec();
        values.sort_by(f32::total_cmp);
        values
    }

    #[test]
    fn a_shuffle_keeps_the_values_and_nothing_else() {
        let trace = noise::autoregressive(2000, 0.95, 1, 0);
        let made = Surrogates::new(2000).draw(Surrogate::Shuffled, &trace, 1, 0).expect("finite");
        assert_eq!(sorted(&trace), sorted(&made));
        // Four standard errors of a correlation of 2,000.
        assert!(lag_one(&trace) > 0.9 && lag_one(&made).abs() < 4.0 / 2000f64.sqrt());
    }

    #[test]
    fn random_phases_keep_the_periodogram_and_the_mean() {
        for steps in [500, 503, 4096] {
            let trace: Vec<f32> = noise::pink(steps, 1, 0).iter().map(|x| x + 3.0).collect();
            let all = Surrogates::new(steps);
            let made = all.draw(Surrogate::PhaseRandomised, &trace, 1, 0).expect("finite");
            assert!((moments(&made).0 - moments(&trace).0).abs() < 1e-6);
            let (before, after) = (amplitudes(&trace), amplitudes(&made));
            let power: f64 = before.iter().map(|a| a * a).sum::<f64>() / before.len() as f64;
            for (a, b) in before.iter().zip(&after) {
                // Relative to the mean power: the rounding to f32 is as large at every frequency.
                assert!((a * a - b * b).abs() < 1e-5 * power, "{steps}: {b} for {a}");
            }
            let same = trace.iter().zip(&made).filter(|(a, b)| a == b).count();
            assert!(same < steps / 100, "{same} samples are the same");
        }
    }

    #[test]
    fn amplitude_adjustment_keeps_the_values_and_nearly_the_spectrum() {
        let traces = [
            ("white", noise::white(503, 1, 0), 1e-4),
            ("pink", noise::pink(4096, 1, 0), 1e-4),
            ("skewed", noise::pink(1000, 1, 1).iter().map(|x| x.exp()).collect(), 1e-2),
            ("Brownian", noise::brownian(1000, 1, 0), 1e-3),
        ];
        for (name, trace, most) in traces {
            let all = Surrogates::new(trace.len());
            let made = all.draw(Surrogate::AmplitudeAdjusted, &trace, 1, 0).expect("finite");
            assert_eq!(sorted(&trace), sorted(&made), "{name}");
            let (before, after) = (amplitudes(&trace), amplitudes(&made));
            let left: f64 = before.iter().zip(&after).map(|(a, b)| (a - b).powi(2)).sum();
            let left = left / before.iter().map(|a| a * a).sum::<f64>();
            println!("{name}: {left:.2e}");
            assert!(left < most, "{name}: {left}");
            assert_ne!(trace, made, "{name}");
        }
    }

    #[test]
    fn the_autoregression_has_mean_deviation_and_lag_one() {
        for phi in [-0.5, 0.0, 0.8, 0.98] {
            let trace: Vec<f32> =
                noise::autoregressive(1000, phi, 2, 0).iter().map(|x| 5.0 + 2.0 * x).collect();
            let all = Surrogates::new(1000);
            let draw = |i| all.draw(Surrogate::Autoregressive, &trace, 1, i).expect("finite");
            let (mean, deviation) = moments(&trace);
            let (made_mean, made_deviation) = moments(&draw(0));
            assert!((made_mean - mean).abs() < 1e-5 * deviation);
            assert!((made_deviation / deviation - 1.0).abs() < 1e-5);
            let average = (0..200).map(|i| lag_one(&draw(i))).sum::<f64>() / 200.0;
            assert!((average - lag_one(&trace)).abs() < 0.01, "{phi}: {average}");
        }
    }

    #[test]
    fn the_lag_one_correlation_has_no_bias_to_first_order() {
        for phi in [0.0, 0.5, 0.8] {
            let trace = |i| noise::autoregressive(100, phi, 4, i);
            let mean = (0..4000).map(|i| lag_one(&trace(i))).sum::<f64>() / 4000.0;
            // A standard error of 0.001 to 0.0016; without the correction 0.01 to 0.042 too low.
            assert!((mean - phi).abs() < 0.006, "{phi}: {mean}");
        }
    }

    #[test]
    fn what_is_broken_or_constant_stays_so() {
        let all = Surrogates::new(11);
        for kind in Surrogate::ALL {
            assert_eq!(all.draw(kind, &[2.5; 11], 1, 0), Some(vec![2.5; 11]));
            assert_eq!(all.draw(kind, &[f32::NAN; 11], 1, 0), None);
            let trace = noise::white(11, 1, 0);
            let draw = |seed, index| all.draw(kind, &trace, seed, index);
            assert_eq!(draw(1, 2), draw(1, 2));
            assert!(draw(1, 2) != draw(1, 3) && draw(1, 2) != draw(2, 2));
        }
    }
}

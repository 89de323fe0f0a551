//! Self-similar Gaussian noise with its exact covariance: fractional Gaussian noise and what
//! follows on it above an exponent of 1.
//!
//! Place in the flow: floor 1, beside [`super::noise`]. DFA is held to these signals, and
//! `analysis::dfa::interval` measures with them how far an exponent scatters.
//!
//! # Method
//! Davies & Harte (Biometrika 74, 95, 1987): the autocovariance `γ(0..M/2)` is mirrored into a
//! circle of `M ≥ 2·steps` samples, whose covariance matrix the Fourier transform makes diagonal.
//! Independent normal amplitudes times the square roots of the eigenvalues, transformed back, have
//! exactly this covariance: nothing is truncated and no time has to pass first. Both halves of the
//! circle are such traces; they depend on each other only through their ends.
//!
//! # The family
//! `alpha` in (0, 2) is the DFA exponent of long traces. The profile (running sum) has the
//! generalised covariance `∓|lag|^(2·alpha)`, exactly, on both sides of 1:
//!
//! - `alpha < 1`: fractional Gaussian noise with `H = alpha`, variance 1,
//!   `γ(k) = (|k+1|^2H - 2|k|^2H + |k-1|^2H) / 2`;
//! - `alpha > 1`: fractional Brownian motion with `H = alpha - 1` averaged over each sample's time,
//!   from increments of variance 1 whose `γ` is the fourth difference of `|k|^(2·alpha)`.
//!
//! Averaged, because fractional Brownian motion read off at points ([`brownian`]) is not a
//! continuation of the noise: with small `H` its neighbours differ as white noise does, and the
//! samples' DFA exponent begins near 0.5 again. With averages the two sides meet at 1/f noise.

use std::sync::Arc;

use rand_distr::{Distribution, StandardNormal};
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner};

use super::random;

/// Lags from which differences of powers are summed as a series: below, they are taken directly;
/// above, the difference of nearly equal numbers would lose its digits.
const SERIES_FROM: usize = 32;

/// How close to `alpha = 1` the formulas go, which are 0 there after scaling.
const NEAREST_TO_ONE: f64 = 1e-6;

/// Fractional Gaussian noise of `0 < hurst < 1`: mean 0, variance 1, covariance
/// [`autocovariance`]. DFA exponent `hurst`; `hurst = 0.5` is white noise.
///
/// Panics where `hurst` is outside (0, 1).
pub fn gaussian(steps: usize, hurst: f64, seed: u64, index: u64) -> Vec<f32> {
    check(hurst, 1.0);
    let [first, _] = Fractional::new(steps, hurst).pair(seed, "fractional/gaussian", index);
    first
}

/// Fractional Brownian motion of `0 < hurst < 1` at the times `1 .. steps`: the running sum of
/// [`gaussian`], `Var(x_t - x_s) = |t - s|^(2·hurst)`. DFA exponent `hurst + 1` in windows that are
/// long enough: far above 10 samples where `hurst` is below 0.3, see the head of this file.
///
/// Panics where `hurst` is outside (0, 1).
pub fn brownian(steps: usize, hurst: f64, seed: u64, index: u64) -> Vec<f32> {
    check(hurst, 1.0);
    let mut circle = Circle::default();
    circle.draw(&Fractional::new(steps, hurst), seed, "fractional/brownian", index);
    let mut sums = vec![0.0; steps];
    running_sum(&circle.samples, &mut sums);
    sums
}

/// Noise of DFA exponent `0 < alpha < 2`, of the family above.
///
/// Panics where `alpha` is outside (0, 2).
pub fn self_similar(steps: usize, alpha: f64, seed: u64, index: u64) -> Vec<f32> {
    let [first, _] = Fractional::new(steps, alpha).pair(seed, "fractional/self-similar", index);
    first
}

/// Autocovariance of fractional Gaussian noise of variance 1 at `lag` samples.
pub fn autocovariance(hurst: f64, lag: usize) -> f64 {
    power_difference(2.0 * hurst, lag, 2) / 2.0
}

/// A maker of many traces of one length and exponent: the eigenvalues and the transform, made once.
pub struct Fractional {
    steps: usize,
    summed: bool,
    amplitudes: Vec<f64>,
    transform: Arc<dyn ComplexToReal<f64>>,
}

impl Fractional {
    /// Prepares traces of `steps` samples and DFA exponent `0 < alpha < 2`; costs two transforms of
    /// about `2·steps`. Panics where `alpha` is outside (0, 2).
    pub fn new(steps: usize, alpha: f64) -> Self {
        Self::family(steps, &[alpha]).swap_remove(0)
    }

    /// A maker for each of `alphas`; they share one transform.
    pub fn family(steps: usize, alphas: &[f64]) -> Vec<Self> {
        let length = circle_length(steps);
        let mut planner = RealFftPlanner::<f64>::new();
        let (forward, inverse) =
            (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let mut spectrum = forward.make_output_vec();
        let maker = |&alpha: &f64| {
            check(alpha, 2.0);
            let summed = alpha >= 1.0;
            let from_one = (alpha - 1.0).abs().max(NEAREST_TO_ONE);
            let power = 2.0 * if summed { 1.0 + from_one } else { 1.0 - from_one };
            let order = if summed { 4 } else { 2 };
            let unit = power_difference(power, 0, order);
            let covariance = |lag| power_difference(power, lag, order) / unit;
            let mut circle: Vec<f64> = (0..=length / 2).map(covariance).collect();
            circle.extend_from_within(1..length / 2);
            circle[length / 2 + 1..].reverse();
            forward.process(&mut circle, &mut spectrum).expect("the planner's own lengths");
            // An eigenvalue a rounding error below zero is zero.
            let amplitude = |e: &Complex<f64>| (e.re.max(0.0) / length as f64).sqrt();
            let amplitudes = spectrum.iter().map(amplitude).collect();
            Self { steps, summed, amplitudes, transform: Arc::clone(&inverse) }
        };
        alphas.iter().map(maker).collect()
    }

    /// Two traces of the random stream `(seed, name, index)`. Each has the exact distribution; they
    /// are not quite independent of each other.
    pub fn pair(&self, seed: u64, name: &str, index: u64) -> [Vec<f32>; 2] {
        let mut traces = [vec![0.0; self.steps], vec![0.0; self.steps]];
        let [left, right] = &mut traces;
        self.draw(seed, name, index, &mut Circle::default(), [left, right]);
        traces
    }

    /// The same, into `traces` of `steps` samples each; `circle` may be used again.
    ///
    /// Panics where a trace has another length.
    pub fn draw(
        &self,
        seed: u64,
        name: &str,
        index: u64,
        circle: &mut Circle,
        traces: [&mut [f32]; 2],
    ) {
        circle.draw(self, seed, name, index);
        let half = circle.samples.len() / 2;
        for (start, trace) in [0, half].into_iter().zip(traces) {
            let samples = &circle.samples[start..start + self.steps];
            if self.summed {
                running_sum(samples, trace);
            } else {
                trace.iter_mut().zip(samples).for_each(|(out, &x)| *out = x as f32);
            }
        }
    }
}

/// Buffers of one transform, to be used again for the next.
#[derive(Default)]
pub struct Circle {
    spectrum: Vec<Complex<f64>>,
    samples: Vec<f64>,
    scratch: Vec<Complex<f64>>,
}

impl Circle {
    fn draw(&mut self, maker: &Fractional, seed: u64, name: &str, index: u64) {
        let Fractional { amplitudes, transform, .. } = maker;
        let mut generator = random::stream(seed, name, index);
        let mut draw = || -> f64 { StandardNormal.sample(&mut generator) };
        let last = amplitudes.len() - 1;
        self.spectrum.clear();
        self.spectrum.extend(amplitudes.iter().enumerate().map(|(k, amplitude)| {
            // The length is even: the first and the last bin are real.
            if k == 0 || k == last {
                Complex::new(amplitude * draw(), 0.0)
            } else {
                let scale = amplitude * std::f64::consts::FRAC_1_SQRT_2;
                Complex::new(scale * draw(), scale * draw())
            }
        }));
        self.samples.resize(transform.len(), 0.0);
        self.scratch.resize(transform.get_scratch_len(), Complex::default());
        let Self { spectrum, samples, scratch } = self;
        transform
            .process_with_scratch(spectrum, samples, scratch)
            .expect("the planner's own lengths, and the first and last bin are real");
    }
}

fn check(exponent: f64, below: f64) {
    assert!(
        exponent > 0.0 && exponent < below,
        "expected an exponent between 0 and {below}, found {exponent}"
    );
}

fn running_sum(samples: &[f64], sums: &mut [f32]) {
    let mut level = 0.0;
    for (sum, x) in sums.iter_mut().zip(samples) {
        level += x;
        *sum = level as f32;
    }
}

/// The smallest even `2^a · 3^b · 5^c` that is at least `2·steps`: quick to transform.
fn circle_length(steps: usize) -> usize {
    let least = (2 * steps).max(4);
    let smooth = |mut n: usize| {
        for factor in [2, 3, 5] {
            while n.is_multiple_of(factor) {
                n /= factor;
            }
        }
        n == 1
    };
    (least..=least.next_power_of_two()).find(|&n| n.is_multiple_of(2) && smooth(n)).unwrap_or(least)
}

/// The central difference of `order` 2 or 4 of `|k|^power` at `lag`.
fn power_difference(power: f64, lag: usize, order: usize) -> f64 {
    let k = lag as f64;
    if lag < SERIES_FROM {
        let at = |shift: f64| (k + shift).abs().powf(power);
        return if order == 2 {
            at(1.0) - 2.0 * at(0.0) + at(-1.0)
        } else {
            at(2.0) - 4.0 * at(1.0) + 6.0 * at(0.0) - 4.0 * at(-1.0) + at(-2.0)
        };
    }
    // (2·sinh(D/2))^order in powers of the derivative D.
    let factors = if order == 2 {
        [1.0, 1.0 / 12.0, 1.0 / 360.0, 1.0 / 20160.0]
    } else {
        [1.0, 1.0 / 6.0, 1.0 / 80.0, 17.0 / 30240.0]
    };
    let mut derivative = k.powf(power);
    let mut exponent = power;
    let mut differentiate = |times: usize| {
        for _ in 0..times {
            derivative *= exponent / k;
            exponent -= 1.0;
        }
        derivative
    };
    let mut total = factors[0] * differentiate(order);
    for factor in &factors[1..] {
        total += factor * differentiate(2);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample products at `lag`, averaged over the trace: one number per trace.
    fn products(traces: &[Vec<f32>], lag: usize) -> (f64, f64) {
        let per_trace: Vec<f64> = traces
            .iter()
            .map(|x| {
                let pairs = x.iter().zip(&x[lag..]);
                pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
                    / (x.len() - lag) as f64
            })
            .collect();
        let count = per_trace.len() as f64;
        let mean = per_trace.iter().sum::<f64>() / count;
        let spread = per_trace.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / count;
        (mean, (spread / count).sqrt())
    }

    #[test]
    fn gaussian_noise_has_its_covariance() {
        for hurst in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let traces: Vec<Vec<f32>> = (0..4000).map(|i| gaussian(40, hurst, 5, i)).collect();
            for lag in [0, 1, 2, 3, 7, 20, 39] {
                let (found, error) = products(&traces, lag);
                let expected = autocovariance(hurst, lag);
                assert!((found - expected).abs() < 5.0 * error, "{hurst} {lag}: {found}");
            }
        }
        assert!((autocovariance(0.5, 0) - 1.0).abs() < 1e-15);
        assert!((autocovariance(0.9, 1) - (2f64.powf(0.8) - 1.0)).abs() < 1e-12);
    }

    #[test]
    fn both_halves_of_the_circle_are_traces() {
        let maker = Fractional::new(30, 0.8);
        let second = (0..4000).map(|i| maker.pair(1, "test", i)[1].clone()).collect::<Vec<_>>();
        for lag in [0, 1, 29] {
            let (found, error) = products(&second, lag);
            assert!((found - autocovariance(0.8, lag)).abs() < 5.0 * error, "{lag}: {found}");
        }
    }

    #[test]
    fn brownian_motion_spreads_as_a_power() {
        for hurst in [0.2, 0.5, 0.8] {
            let sums: Vec<f64> =
                (0..4000).map(|i| f64::from(brownian(30, hurst, 2, i)[29]).powi(2)).collect();
            let mean = sums.iter().sum::<f64>() / 4000.0;
            let expected = 30f64.powf(2.0 * hurst);
            // A squared normal has variance 2: one standard error is sqrt(2 / 4000) of it.
            assert!((mean / expected - 1.0).abs() < 5.0 * (2.0f64 / 4000.0).sqrt(), "{hurst}");
        }
    }

    #[test]
    fn averaged_brownian_motion_has_its_increments() {
        // alpha 1.5: increments of averages of Brownian motion have covariance 2/3, 1/6, 0.
        let traces: Vec<Vec<f32>> = (0..4000)
            .map(|i| {
                let x = self_similar(41, 1.5, 3, i);
                x.windows(2).map(|pair| pair[1] - pair[0]).collect()
            })
            .collect();
        for (lag, expected) in [(0, 1.0), (1, 0.25), (2, 0.0), (9, 0.0)] {
            let (found, error) = products(&traces, lag);
            assert!((found - expected).abs() < 5.0 * error, "{lag}: {found}");
        }
    }

    #[test]
    fn the_embedding_is_positive_and_the_series_meets_the_differences() {
        for tenth in (1..40).filter(|&tenth| tenth != 20) {
            let alpha = f64::from(tenth) / 20.0;
            let order = if alpha > 1.0 { 4 } else { 2 };
            let length = 256;
            let mut circle: Vec<f64> = (0..length)
                .map(|i| power_difference(2.0 * alpha, i.min(length - i), order))
                .collect();
            let unit = circle[0];
            let forward = RealFftPlanner::<f64>::new().plan_fft_forward(length);
            let mut spectrum = forward.make_output_vec();
            forward.process(&mut circle, &mut spectrum).expect("own lengths");
            let least = spectrum.iter().map(|e| e.re / unit).fold(f64::INFINITY, f64::min);
            assert!(least > -1e-9, "alpha {alpha}: eigenvalue {least}");
            let series = power_difference(2.0 * alpha, SERIES_FROM, order);
            let k = SERIES_FROM as f64;
            let at = |shift: f64| (k + shift).powf(2.0 * alpha);
            let direct = if order == 2 {
                at(1.0) - 2.0 * at(0.0) + at(-1.0)
            } else {
                at(2.0) - 4.0 * at(1.0) + 6.0 * at(0.0) - 4.0 * at(-1.0) + at(-2.0)
            };
            assert!((series - direct).abs() < 1e-8, "alpha {alpha}: {series} for {direct}");
        }
    }
}

//! Signals whose answer is known: white, pink, Brownian and AR(1) noise.
//!
//! Place in the flow: floor 1. A measure is trusted after it has given these their exponents; tests
//! and benches draw them. Every signal is made in f64 from a named stream of
//! [`crate::signal::random`] and rounded to `f32` once, so the same `(seed, index)` gives the same
//! samples everywhere.

use rand_distr::{Distribution, StandardNormal};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::random;

/// White noise: `steps` independent samples, standard normal. DFA exponent 0.5.
pub fn white(steps: usize, seed: u64, index: u64) -> Vec<f32> {
    normal(steps, seed, "noise/white", index).iter().map(|&x| x as f32).collect()
}

/// Noise of spectrum `1/f^beta` by spectral synthesis, mean 0 and population variance 1. DFA
/// exponent `(beta + 1) / 2`.
///
/// Complex normal amplitudes `f^(-beta/2)` at the frequencies `k / steps`, none at 0, transformed
/// back (Timmer & Koenig 1995). The signal is periodic in `steps`: its largest windows fluctuate a
/// little less than those of a long record cut short. Fewer than 2 steps give zeros.
pub fn coloured(steps: usize, beta: f64, seed: u64, index: u64) -> Vec<f32> {
    if steps < 2 {
        return vec![0.0; steps];
    }
    let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(steps);
    let mut spectrum = inverse.make_input_vec();
    let draws = normal(2 * spectrum.len(), seed, "noise/coloured", index);
    let last = spectrum.len() - 1;
    for (k, amplitude) in spectrum.iter_mut().enumerate().skip(1) {
        let scale = (k as f64).powf(-beta / 2.0);
        // The bin at half the sampling rate, which only an even length has, is real.
        let imaginary =
            if k == last && steps.is_multiple_of(2) { 0.0 } else { draws[2 * k + 1] * scale };
        *amplitude = Complex::new(draws[2 * k] * scale, imaginary);
    }
    let mut samples = inverse.make_output_vec();
    inverse
        .process(&mut spectrum, &mut samples)
        .expect("the planner made both buffers, and the bins at 0 and at one half are real");
    let power = samples.iter().map(|x| x * x).sum::<f64>() / steps as f64;
    samples.iter().map(|x| (x / power.sqrt()) as f32).collect()
}

/// Pink noise: [`coloured`] with `beta = 1`. DFA exponent 1.
pub fn pink(steps: usize, seed: u64, index: u64) -> Vec<f32> {
    coloured(steps, 1.0, seed, index)
}

/// Brownian noise: the running sum of `steps` standard normal draws. DFA exponent 1.5.
pub fn brownian(steps: usize, seed: u64, index: u64) -> Vec<f32> {
    let mut level = 0.0;
    let draws = normal(steps, seed, "noise/brownian", index);
    draws
        .iter()
        .map(|draw| {
            level += draw;
            level as f32
        })
        .collect()
}

/// First-order autoregression `x_t = phi·x_(t-1) + e_t` with standard normal `e`, started in its
/// stationary distribution. `|phi| < 1`; white noise at `phi = 0`. Looks like 1/f over a range of
/// windows and is not: the control that a claim of 1/f needs.
pub fn autoregressive(steps: usize, phi: f64, seed: u64, index: u64) -> Vec<f32> {
    let draws = normal(steps, seed, "noise/autoregressive", index);
    let mut level = 0.0;
    draws
        .iter()
        .enumerate()
        .map(|(t, draw)| {
            level = if t == 0 { draw / (1.0 - phi * phi).sqrt() } else { phi * level + draw };
            level as f32
        })
        .collect()
}

fn normal(count: usize, seed: u64, name: &str, index: u64) -> Vec<f64> {
    let mut generator = random::stream(seed, name, index);
    (0..count).map(|_| StandardNormal.sample(&mut generator)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variance(x: &[f32]) -> f64 {
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / x.len() as f64;
        x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / x.len() as f64
    }

    #[test]
    fn the_colours_have_their_variances() {
        assert!((variance(&white(20_000, 1, 0)) - 1.0).abs() < 0.05);
        assert!((variance(&pink(4096, 1, 0)) - 1.0).abs() < 1e-5);
        assert!((variance(&pink(503, 1, 0)) - 1.0).abs() < 1e-5);
        let ar = variance(&autoregressive(50_000, 0.9, 1, 0));
        assert!((ar - 1.0 / (1.0 - 0.81)).abs() < 0.5, "{ar}");
        let steps = brownian(20_000, 1, 0);
        let increments: Vec<f32> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!((variance(&increments) - 1.0).abs() < 0.05);
    }

    #[test]
    fn the_same_seed_and_index_repeat() {
        assert_eq!(pink(100, 3, 7), pink(100, 3, 7));
        assert_ne!(pink(100, 3, 7), pink(100, 3, 8));
        assert_eq!(coloured(1, 1.0, 0, 0), vec![0.0]);
    }
}

//! Long simulations, which rounding has made others, in distribution; and one neuron against theory.

use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::datasets::tasks::Form;
use noisescope::models::ctrnn::{Dynamics, Ensemble, Moments, Sampling, initial};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::common::engine;
use super::{ALL, SITES, ensemble, network, noise};

/// The largest distance between the distributions of two samples (Kolmogorov and Smirnov), in units
/// of what equal ones pass in one of a thousand pairs.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let sorted = |values: &[f32]| {
        let mut values = values.to_vec();
        values.sort_by(f32::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    let share =
        |all: &[f32], x: f32| all.partition_point(|value| *value <= x) as f64 / all.len() as f64;
    let distance = a.iter().chain(&b).map(|x| (share(&a, *x) - share(&b, *x)).abs());
    let (m, n) = (a.len() as f64, b.len() as f64);
    distance.fold(0.0, f64::max) / (1.949 * ((m + n) / (m * n)).sqrt())
}

/// Mean, variance and the standard errors of both.
fn moments(values: &[f32]) -> [f64; 4] {
    let count = values.len() as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
    let power = |p| values.iter().map(|x| (f64::from(*x) - mean).powi(p)).sum::<f64>() / count;
    let variance = power(2);
    let errors = [variance, power(4) - variance * variance].map(|square| (square / count).sqrt());
    [mean, variance, errors[0], errors[1]]
}

#[test]
fn a_long_simulation_has_the_cpus_distribution() {
    let Some(engine) = engine() else { return };
    let (steps, realisations) = (300, 1500);
    for nonlinearity in ALL {
        for site in SITES {
            let weights = network([1, 24, 1], nonlinearity, site);
            let drives = vec![0.3; steps];
            let ensemble = Ensemble {
                levels: &[0.4],
                realisations,
                outputs_from: steps - 1,
                sampled: Some(Sampling { burn_in: steps - 1, every: 1, bins: None }),
                ..ensemble(&weights, &drives, steps)
            };
            let by_device = ensemble.run(Some(&engine)).expect("simulated");
            // Other noise, so that the two are independent.
            let by_cpu = Ensemble { index: 10, ..ensemble }.run(None).expect("simulated");
            for (found, expected) in by_device.moments.iter().zip(&by_cpu.moments) {
                let error = ((found.variance + expected.variance) / realisations as f64).sqrt();
                let off = (found.mean - expected.mean) / error;
                assert!(off.abs() < 4.0, "{:?}: {off}", weights.dynamics);
            }
            let [a, b] = [&by_device.outputs, &by_cpu.outputs].map(|z| moments(z));
            for at in 0..2 {
                let off = (a[at] - b[at]) / a[at + 2].hypot(b[at + 2]);
                assert!(off.abs() < 4.0, "{:?}: {off}", weights.dynamics);
            }
            let distance = apart(&by_device.outputs, &by_cpu.outputs);
            assert!(distance < 1.0, "{:?}: {distance}", weights.dynamics);
        }
    }
    // The statistic finds a shift of a fifth of a standard deviation.
    let normal = |at: u32, shift: f32| noise().normals([at, 0, 0, 0])[0] + shift;
    let [a, b, c]: [Vec<f32>; 3] = [(0, 0.0), (2000, 0.0), (4000, 0.2)]
        .map(|(first, shift)| (first..first + 1500).map(|at| normal(at, shift)).collect());
    assert!(apart(&a, &b) < 1.0 && apart(&a, &c) > 1.0);
}

/// One unit without feedback: mean and variance in closed form.
#[test]
fn a_neuron_has_the_moments_of_theory() {
    let mut weights = initial(
        &Form::Neuron { level: 1.0 },
        Dynamics { nonlinearity: Nonlinearity::Relu, site: Site::Inside, rate: 0.1 },
        [1, 1, 1],
        1,
    );
    (weights.bias, weights.recurrent) = (vec![0.2], vec![0.0]);
    let (mean, variance) = {
        let (normal, z) = (Normal::standard(), 0.2 / 0.5);
        let mean = 0.2 * normal.cdf(z) + 0.5 * normal.pdf(z);
        let square = (0.04 + 0.25) * normal.cdf(z) + 0.2 * 0.5 * normal.pdf(z);
        (mean, 0.1 / 1.9 * (square - mean * mean))
    };
    let drives = [0.0; 160];
    let count = 40_000;
    let ensemble = Ensemble {
        levels: &[0.5],
        realisations: count,
        outputs_from: 160,
        sampled: Some(Sampling { burn_in: 159, every: 1, bins: None }),
        ..ensemble(&weights, &drives, 160)
    };
    for engine in [None, engine()] {
        let found = ensemble.run(engine.as_ref()).expect("simulated");
        let Moments { count: seen, mean: at, variance: spread } = found.moments[0];
        assert_eq!(seen, count as u64);
        assert!(((at - mean) / (variance / count as f64).sqrt()).abs() < 4.0, "{at} {mean}");
        // A sum of some twenty skewed numbers: fourth moment within 4 of the squared variance.
        let error = variance * (3.0 / count as f64).sqrt();
        assert!(((spread - variance) / error).abs() < 4.0, "{spread} {variance}");
        assert!(found.outputs.is_empty() && found.histograms.is_empty());
    }
}

//! The theory of noise in networks: every closed form against simulation by plain loops, exact
//! answers, and what is undefined.
//!
//! Place in the flow: rung 2 of the rungs of trust, no GPU: `analysis::noise` alone. Simulations are
//! f64, from named streams; "within 4 standard errors" is of the simulation's own.

use std::f64::consts::PI;

use noisescope::analysis::noise::activation::{
    Moments, at_site, moments, softplus_second_order, without_feedback,
};
use noisescope::analysis::noise::closure::Network;
use noisescope::analysis::noise::kink::Kink;
use noisescope::analysis::noise::neuron::{self, Neuron};
use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::signal::random::stream;
use rand_distr::{Distribution, StandardNormal};

#[path = "noise_theory/measures.rs"]
mod measures;

const ALL: [Nonlinearity; 3] = [Nonlinearity::Relu, Nonlinearity::SoftPlus, Nonlinearity::Tanh];
const SITES: [Site; 2] = [Site::Inside, Site::Outside];

fn normals(name: &str, index: u64) -> impl FnMut() -> f64 {
    let mut chance = stream(8, &format!("test/noise/{name}"), index);
    move || StandardNormal.sample(&mut chance)
}

/// Mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count * (count - 1.0))).sqrt())
}

/// Mean and variance of independent values, each with its standard error.
fn mean_and_variance(values: &[f64]) -> [(f64, f64); 2] {
    let first = mean(values);
    let squares: Vec<f64> = values.iter().map(|value| (value - first.0).powi(2)).collect();
    [first, mean(&squares)]
}

#[track_caller]
fn near(what: &str, found: f64, expected: f64, tolerance: f64) {
    let off = (found - expected).abs();
    assert!(off <= tolerance, "{what}: {found} against {expected}, off by {off} > {tolerance}");
}

#[track_caller]
fn within_four(what: &str, theory: f64, (simulated, error): (f64, f64)) {
    assert!(error > 0.0, "{what}: a simulation without an error");
    near(what, theory, simulated, 4.0 * error);
}

/// Simpson's rule for `E q(xi)`, in two parts that meet at `kink`.
fn expected(kink: f64, q: impl Fn(f64) -> f64) -> f64 {
    let part = |from: f64, to: f64| {
        let steps = 40_000;
        let width = (to - from) / steps as f64;
        let at = |i: usize| {
            let x = from + width * i as f64;
            let weight = [1.0, 4.0, 2.0][if i == 0 || i == steps { 0 } else { 2 - i % 2 }];
            weight * q(x) * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
        };
        (0..=steps).map(at).sum::<f64>() * width / 3.0
    };
    let kink = kink.clamp(-10.0, 10.0);
    part(-10.0, kink) + part(kink, 10.0)
}

// ---- one activation ----

#[test]
fn moments_of_activations_agree_with_simulation() {
    for (index, (f, mu, s)) in
        ALL.iter().flat_map(|f| [(f, 0.0, 0.3), (f, -0.7, 1.0), (f, 1.5, 0.5)]).enumerate()
    {
        let mut xi = normals("activation", index as u64);
        let arguments: Vec<f64> = (0..400_000).map(|_| mu + s * xi()).collect();
        let values: Vec<f64> = arguments.iter().map(|x| f.value(*x)).collect();
        let slopes: Vec<f64> = arguments.iter().map(|x| f.slope(*x)).collect();
        let theory = moments(*f, mu, s).expect("moments");
        let what = format!("{f} at {mu}, noise {s}");
        let [first, second] = mean_and_variance(&values);
        within_four(&what, theory.mean, first);
        within_four(&what, theory.variance, second);
        within_four(&what, theory.slope, mean(&slopes));
        // Without feedback h is a leaking sum of such activations.
        let g = 0.3;
        let mut h = theory.mean;
        let mut states = Vec::new();
        for block in values.chunks(40) {
            block.iter().for_each(|a| h += g * (a - h));
            states.push(h);
        }
        let variance = without_feedback(g, theory.variance).expect("a variance");
        within_four(&what, variance, mean_and_variance(&states)[1]);
    }
}

#[test]
fn moments_of_activations_agree_with_a_fine_integral() {
    for (f, s) in ALL.iter().flat_map(|f| [1e-3, 0.1, 1.0, 5.0, 50.0].map(|s| (*f, s))) {
        for mu in [-6.0, -1.0, 0.0, 0.4, 2.0, 30.0] {
            let found = moments(f, mu, s).expect("moments");
            let what = format!("{f} at {mu}, noise {s}");
            let level = f.value(mu);
            let unit = s.max(1.0).max(level.abs());
            let integral = |q: &dyn Fn(f64) -> f64| expected(-mu / s, |xi| q(mu + s * xi));
            let first = integral(&|x| f.value(x) - level);
            let second = integral(&|x| (f.value(x) - level).powi(2)) - first * first;
            // Phi of statrs has ten digits where the argument is of the order of 1.
            let digits = if f == Nonlinearity::Relu { 1e-10 } else { 1e-12 };
            near(&what, found.mean, level + first, digits * unit);
            near(&what, found.variance, second, digits * unit * unit);
            // By Stein's lemma, which knows no derivative.
            let slope = expected(-mu / s, |xi| xi / s * (f.value(mu + s * xi) - level));
            near(&what, found.slope, slope, 10.0 * digits);
        }
    }
    // Far above the kink a ReLU is a line, with all digits; far below it is nothing.
    let above = moments(Nonlinearity::Relu, 1e5, 1e-2).expect("moments");
    assert_eq!(above, Moments { mean: 1e5, variance: 1e-4, slope: 1.0 });
    let below = moments(Nonlinearity::Relu, -1e5, 1e-2).expect("moments");
    assert_eq!((below.mean, below.variance, below.slope), (0.0, 0.0, 0.0));
    let smooth = moments(Nonlinearity::SoftPlus, 0.0, 1e4).expect("moments").mean;
    near("softplus at noise 10000", smooth, 1e4 / (2.0 * PI).sqrt(), 1e-2);
}

#[test]
fn noise_of_nothing_and_noise_outside_are_exact() {
    for f in ALL {
        for mu in [-2.0, 0.0, 0.3, 700.0, -700.0] {
            let still = Moments { mean: f.value(mu), variance: 0.0, slope: f.slope(mu) };
            assert!(still.mean.is_finite() && still.slope.is_finite());
            assert_eq!(moments(f, mu, 0.0).expect("moments"), still);
            let outside = at_site(f, Site::Outside, mu, 0.4).expect("moments");
            assert_eq!(outside, Moments { variance: 0.4 * 0.4, ..still });
            let inside = at_site(f, Site::Inside, mu, 0.4).expect("moments");
            assert_eq!(inside, moments(f, mu, 0.4).expect("moments"));
        }
        assert!(f.value(f64::NAN).is_nan(), "{f} makes a number of NaN");
    }
    let kink = moments(Nonlinearity::Relu, 0.0, 2.0).expect("moments");
    near("mean at the kink", kink.mean, 2.0 / (2.0 * PI).sqrt(), 1e-15);
    near("variance at the kink", kink.variance, 4.0 * (0.5 - 0.5 / PI), 1e-15);
    for (mu, s) in [(0.0, 0.1), (0.0, 0.5), (1.0, 1.0), (-2.0, 0.7), (1.3, 2.0)] {
        let exact = moments(Nonlinearity::SoftPlus, mu, s).expect("moments").mean;
        let second = softplus_second_order(mu, s).expect("a mean");
        let off = (exact - second).abs();
        assert!(off <= s.powi(4) / 64.0, "{mu}, {s}: {off}");
        assert!(off < (exact - Nonlinearity::SoftPlus.value(mu)).abs(), "{mu}, {s}: {off}");
    }
}

// ---- networks ----

/// A random network of `units` units and spectral radius about `radius`, with inputs.
fn random(units: usize, radius: f64, level: f64, index: u64) -> (Vec<f64>, Vec<f64>) {
    let mut xi = normals("network", index);
    let weights = (0..units * units).map(|_| radius / (units as f64).sqrt() * xi()).collect();
    (weights, (0..units).map(|_| level + 0.5 * xi()).collect())
}

/// Per unit, mean and variance with standard errors over 300 runs of 2,000 steps, begun at `start`.
fn simulate(
    (weights, input): &(Vec<f64>, Vec<f64>),
    (f, site, g, s): (Nonlinearity, Site, f64, f64),
    start: &[f64],
    index: u64,
) -> Vec<[(f64, f64); 2]> {
    let (units, runs, settling, steps) = (input.len(), 300, 200, 2_000);
    let mut xi = normals("simulation", index);
    let mut sums = vec![[Vec::new(), Vec::new()]; units];
    for _ in 0..runs {
        let mut h = start.to_vec();
        let mut sum = vec![[0.0; 2]; units];
        for step in 0..settling + steps {
            let mut argument = input.clone();
            for (h, row) in h.iter().zip(weights.chunks_exact(units)) {
                argument.iter_mut().zip(row).for_each(|(x, w)| *x += h * w);
            }
            for (i, (h, x)) in h.iter_mut().zip(argument).enumerate() {
                let a = match site {
                    Site::Inside => f.value(x + s * xi()),
                    Site::Outside => f.value(x) + s * xi(),
                };
                *h += g * (a - *h);
                if step >= settling {
                    let difference = *h - start[i];
                    sum[i][0] += difference;
                    sum[i][1] += difference * difference;
                }
            }
        }
        for (all, sum) in sums.iter_mut().zip(sum) {
            all[0].push(sum[0] / steps as f64);
            all[1].push(sum[1] / steps as f64);
        }
    }
    let unit = |(sums, start): (&[Vec<f64>; 2], &f64)| {
        let (first, second) = (mean(&sums[0]), mean(&sums[1]));
        [(start + first.0, first.1), (second.0 - first.0 * first.0, second.1)]
    };
    sums.iter().zip(start).map(unit).collect()
}

/// The closure's own error beside the simulation's four standard errors: see `closure`, "Exact and
/// not exact". Means in standard deviations of h and as a share of the shift by the noise,
/// variances as a share.
const MEAN_OFF: (f64, f64) = (0.005, 0.01);
const VARIANCE_OFF: f64 = 0.03;
const UNSEEN: f64 = 1e-6;

#[test]
fn the_closure_agrees_with_simulated_recurrent_networks() {
    let mut index = 0;
    for (f, site) in ALL.iter().flat_map(|f| SITES.map(|site| (*f, site))) {
        for (units, g, s) in [(12, 0.1, 0.5), (8, 0.5, 0.2), (20, 0.2, 1.0)] {
            let system = random(units, 0.8, 0.1, index);
            let network = Network::new(&system.0, units, f, site, g).expect("a network");
            let theory = network.stationary(&system.1, s).expect("a stationary state");
            let still = network.fixed_point(&system.1).expect("a fixed point");
            let seen = simulate(&system, (f, site, g, s), &theory.mean, index);
            for (i, [mean, variance]) in seen.iter().enumerate() {
                let deviation = variance.0.sqrt();
                // What happens less often than once in a simulation is not seen by it.
                let own = MEAN_OFF.0 * deviation + MEAN_OFF.1 * (mean.0 - still[i]).abs() + UNSEEN;
                let what = format!("{f} {site}, g {g}, noise {s}, unit {i}");
                near(&format!("mean, {what}"), theory.mean[i], mean.0, 4.0 * mean.1 + own);
                let found = theory.covariance[i * units + i];
                let own = VARIANCE_OFF * variance.0 + UNSEEN;
                near(&format!("variance, {what}"), found, variance.0, 4.0 * variance.1 + own);
            }
            index += 1;
        }
    }
}

#[test]
fn the_closure_is_exact_for_straight_units_and_without_feedback() {
    let (units, g, s) = (9, 0.3, 0.4);
    let (weights, level) = random(units, 0.7, 20.0, 100);
    // Inputs under which the means are these levels, far above the kink.
    let fed = |j: usize| (0..units).map(|i| level[i] * weights[i * units + j]).sum::<f64>();
    let input: Vec<f64> = (0..units).map(|j| level[j] - fed(j)).collect();
    for site in SITES {
        let network =
            Network::new(&weights, units, Nonlinearity::Relu, site, g).expect("a network");
        let found = network.stationary(&input, s).expect("a stationary state");
        assert!(found.argument.iter().all(|mu| *mu > 15.0), "not straight: {:?}", found.argument);
        // Mean and covariance by the steps of the linear network itself.
        let (mut m, mut c) = (vec![0.0; units], vec![0.0; units * units]);
        let w = |from: usize, to: usize| weights[from * units + to];
        let a = |i: usize, j: usize| g * w(i, j) + if i == j { 1.0 - g } else { 0.0 };
        let of = |sum: &dyn Fn(usize) -> f64| (0..units).map(sum).sum::<f64>();
        for _ in 0..2_000 {
            let step = |j: usize| g * input[j] + of(&|i| m[i] * a(i, j));
            m = (0..units).map(step).collect();
            let half = |i: usize, j: usize| of(&|k| c[i * units + k] * a(k, j));
            let half: Vec<f64> =
                (0..units * units).map(|at| half(at / units, at % units)).collect();
            let noise = |i: usize, j: usize| if i == j { g * g * s * s } else { 0.0 };
            let step = |i: usize, j: usize| noise(i, j) + of(&|k| a(k, i) * half[k * units + j]);
            c = (0..units * units).map(|at| step(at / units, at % units)).collect();
        }
        for (found, expected) in found.mean.iter().zip(&m) {
            near("mean", *found, *expected, 1e-9 * expected.abs());
        }
        for (found, expected) in found.covariance.iter().zip(&c) {
            near("covariance", *found, *expected, 1e-12);
        }
        // The readout's variance is that of the sum, covariances included.
        let (mean, variance) = found.output(&vec![1.0; units], &[3.0]).expect("an output");
        near("output", mean[0], 3.0 + m.iter().sum::<f64>(), 1e-7);
        near("output's variance", variance[0], c.iter().sum(), 1e-10);
        let still = network.fixed_point(&input).expect("a fixed point");
        let at_rest = network.stationary(&input, 0.0).expect("a stationary state");
        assert!(still.iter().zip(&m).all(|(still, m)| (still - m).abs() < 1e-8), "not at rest");
        assert!(at_rest.covariance.iter().all(|c| *c == 0.0));
    }
    for (f, site) in ALL.iter().flat_map(|f| SITES.map(|site| (*f, site))) {
        let network = Network::new(&[0.0; 4], 2, f, site, 0.1).expect("a network");
        let found = network.stationary(&[-0.2, 0.3], 0.8).expect("a stationary state");
        for (i, mu) in [-0.2, 0.3].into_iter().enumerate() {
            let one = at_site(f, site, mu, 0.8).expect("moments");
            near("mean", found.mean[i], one.mean, 1e-11);
            near("variance", found.covariance[3 * i], 0.1 / 1.9 * one.variance, 1e-12);
        }
    }
}

#[test]
fn a_network_that_settles_nowhere_gives_no_numbers() {
    let network = |w: &[f64], units, f, g| Network::new(w, units, f, Site::Inside, g);
    let one = |w: f64, f, g| network(&[w], 1, f, g).expect("a network");
    let state = |w: f64, f, g| one(w, f, g).stationary(&[0.5], 0.1);
    assert!(state(1.2, Nonlinearity::Relu, 0.1).is_err(), "it grows without end");
    assert!(state(-3.0, Nonlinearity::Tanh, 1.0).is_err(), "it oscillates");
    assert!(state(-3.0, Nonlinearity::Tanh, 0.1).is_ok(), "slow enough to rest");
    // A line of slope 1 remembers every kick: no variance, at rest or not.
    assert!(one(1.0, Nonlinearity::Relu, 0.1).stationary(&[0.0], 0.1).is_err());
    assert!(network(&[f64::NAN], 1, Nonlinearity::Relu, 0.1).is_err());
    assert!(network(&[0.1; 3], 2, Nonlinearity::Relu, 0.1).is_err());
    assert!(network(&[], 0, Nonlinearity::Relu, 0.1).is_err());
    for g in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(network(&[0.1], 1, Nonlinearity::Relu, g).is_err(), "g = {g}");
        assert!(without_feedback(g, 1.0).is_err() && Kink::new(g, 1).is_err(), "g = {g}");
    }
    let good = one(0.5, Nonlinearity::Tanh, 0.1);
    for (input, s) in
        [(vec![0.1], -0.1), (vec![0.1], f64::NAN), (vec![f64::NAN], 0.1), (vec![], 0.1)]
    {
        assert!(good.stationary(&input, s).is_err(), "{input:?} at noise {s}");
    }
    assert!(good.stationary(&[0.1], 0.2).expect("a state").output(&[1.0], &[0.0, 0.0]).is_err());
    for s in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(moments(Nonlinearity::Relu, 0.0, s).is_err(), "noise {s}");
        assert!(softplus_second_order(0.0, s).is_err(), "noise {s}");
    }
    assert!(moments(Nonlinearity::Tanh, f64::NAN, 0.1).is_err());
    assert!(without_feedback(0.1, -1.0).is_err());
}

// ---- one neuron ----

fn neuron(f: Nonlinearity, site: Site, g: f64, w: f64, b: f64) -> Neuron {
    Neuron { nonlinearity: f, site, rate: g, weight: w, bias: b }
}

#[test]
fn a_neuron_on_a_line_or_without_feedback_has_its_closed_form() {
    for (site, g, w, s) in SITES.iter().flat_map(|site| {
        [
            (*site, 0.1, 0.2, 0.3),
            (*site, 0.1, -9.0, 0.1),
            (*site, 0.5, -1.5, 0.2),
            (*site, 1.0, 0.6, 0.1),
        ]
    }) {
        let b = 5.0 * (1.0 - w);
        let law = neuron(Nonlinearity::Relu, site, g, w, b).stationary(s).expect("a law");
        let (mean, variance) = neuron::linear(g, w, b, s).expect("numbers").expect("stable");
        near(&format!("mean, {site}, g {g}, w {w}"), law.mean, mean, 1e-8 * variance.sqrt());
        near(&format!("variance, {site}, g {g}, w {w}"), law.variance, variance, 1e-8 * variance);
        let fourth = law.expectation(|h| (h - mean).powi(4));
        near("fourth moment", fourth, 3.0 * variance * variance, 1e-7 * variance * variance);
    }
    assert_eq!(neuron::linear(0.1, 1.0, 0.0, 0.1).expect("numbers"), None);
    for (f, site, g) in ALL
        .iter()
        .flat_map(|f| SITES.iter().flat_map(|site| [0.1, 0.5, 1.0].map(|g| (*f, *site, g))))
    {
        for (b, s) in [(0.0, 0.4), (-0.3, 0.2), (0.2, 2.0)] {
            let law = neuron(f, site, g, 0.0, b).stationary(s).expect("a law");
            let one = at_site(f, site, b, s).expect("moments");
            let variance = without_feedback(g, one.variance).expect("a variance");
            near(&format!("mean, {f} {site}, g {g}, {b}, {s}"), law.mean, one.mean, 1e-9);
            near(&format!("variance, {f} {site}, g {g}, {b}, {s}"), law.variance, variance, 1e-9);
        }
    }
}

#[test]
fn the_law_of_a_neuron_agrees_with_a_density_at_g_1() {
    // A ReLU with noise inside at g = 1 is silent or has a density: both by Simpson's rule.
    for (w, b, s) in [(-0.8, 0.3, 0.5), (0.5, -0.1, 0.3), (-2.0, 0.5, 0.4)] {
        let (count, high) = (1_001, (f64::max(b, 0.0) + 8.0 * s) / f64::min(1.0 - w, 1.0));
        let width = high / (count - 1) as f64;
        let at = |i: usize| width * i as f64;
        let phi = |x: f64| (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
        let simpson =
            |i: usize| width / 3.0 * if i == 0 || i == count - 1 { 1.0 } else { [2.0, 4.0][i % 2] };
        let kernel = |h: f64, to: f64| phi((to - w * h - b) / s) / s;
        let rows: Vec<f64> = (0..count * count)
            .map(|index| simpson(index % count) * kernel(at(index % count), at(index / count)))
            .collect();
        let (mut silent, mut density) = (1.0, vec![0.0; count]);
        for _ in 0..60 {
            let from_silence = (0..count).map(|to| silent * kernel(0.0, at(to)));
            let dot = |row: &[f64]| row.iter().zip(&density).map(|(k, p)| k * p).sum::<f64>();
            let next: Vec<f64> =
                rows.chunks_exact(count).zip(from_silence).map(|(row, s)| dot(row) + s).collect();
            silent = 1.0 - (0..count).map(|i| simpson(i) * next[i]).sum::<f64>();
            density = next;
        }
        let moment =
            |k: i32| (0..count).map(|i| simpson(i) * density[i] * at(i).powi(k)).sum::<f64>();
        let law = neuron(Nonlinearity::Relu, Site::Inside, 1.0, w, b).stationary(s).expect("a law");
        near(&format!("mean at w {w}"), law.mean, moment(1), 1e-8);
        near(&format!("variance at w {w}"), law.variance, moment(2) - moment(1).powi(2), 1e-8);
    }
}

#[test]
fn the_law_of_a_neuron_agrees_with_a_density_under_noise_outside() {
    // There h' is normal about a function of h. Simpson's rule with the kink on one of its points.
    for (f, g, w, b, s) in [
        (Nonlinearity::Relu, 0.5, -2.5, 0.4, 0.8),
        (Nonlinearity::Relu, 0.2, 0.4, 0.1, 0.5),
        (Nonlinearity::SoftPlus, 0.5, -4.0, 2.0, 1.0),
        (Nonlinearity::Tanh, 0.5, -5.0, 1.0, 1.0),
        (Nonlinearity::Tanh, 0.2, 0.6, 0.1, 1.0),
    ] {
        let (half, what) = (500, format!("{f}, g {g}, w {w}"));
        let width = 20.0 * g * s / (1.0 - (1.0 - g) * (1.0 - g) + 0.3 * g) / half as f64;
        let count = 2 * half + 1;
        let at = |i: usize| -b / w + width * (i as f64 - half as f64);
        let simpson = |i: usize| width / 3.0 * [2.0, 4.0][i % 2];
        let mut kernel = Vec::new();
        for to in 0..count {
            for from in 0..count {
                let next = (1.0 - g) * at(from) + g * f.value(w * at(from) + b);
                let z = (at(to) - next) / (g * s);
                kernel.push(simpson(from) * (-0.5 * z * z).exp() / (2.0 * PI).sqrt() / (g * s));
            }
        }
        let mut density = vec![0.0; count];
        density[half] = 1.0 / simpson(half);
        for _ in 0..250 {
            let dot = |row: &[f64]| row.iter().zip(&density).map(|(k, p)| k * p).sum::<f64>();
            density = kernel.chunks_exact(count).map(dot).collect();
        }
        let moment =
            |k: i32| (0..count).map(|i| simpson(i) * density[i] * at(i).powi(k)).sum::<f64>();
        near(&format!("the oracle's own mass, {what}"), moment(0), 1.0, 1e-9);
        let law = neuron(f, Site::Outside, g, w, b).stationary(s).expect("a law");
        near(&format!("mean, {what}"), law.mean, moment(1), 1e-8);
        near(&format!("variance, {what}"), law.variance, moment(2) - moment(1).powi(2), 1e-8);
    }
}

#[test]
fn the_law_of_a_neuron_agrees_with_simulation() {
    let cases = [
        (0.1, -6.0, 0.4, 0.5),
        (0.1, 0.5, 0.05, 0.3),
        (0.5, -2.5, 0.2, 1.0),
        (0.5, 0.8, -0.2, 0.4),
    ];
    for (index, (f, site)) in ALL.iter().flat_map(|f| SITES.map(|site| (*f, site))).enumerate() {
        for (g, w, b, s) in cases {
            let one = neuron(f, site, g, w, b);
            let law = one.stationary(s).expect("a law");
            let seen =
                simulate(&(vec![w], vec![b]), (f, site, g, s), &[law.mean], 1_000 + index as u64);
            let what = format!("{f} {site}, g {g}, w {w}, b {b}, noise {s}");
            within_four(&format!("mean, {what}"), law.mean, seen[0][0]);
            within_four(&format!("variance, {what}"), law.variance, seen[0][1]);
            let loss = one.loss(s, 0.7).expect("a loss");
            near(&what, loss, (law.mean - 0.7).powi(2) + law.variance, 1e-14);
        }
    }
}

#[test]
fn the_best_neuron_is_the_linear_one_where_it_is_straight_and_prefers_no_noise() {
    for (site, g, s) in
        SITES.iter().flat_map(|site| [(*site, 0.1, 0.1), (*site, 0.2, 0.05), (*site, 1.0, 0.1)])
    {
        let best = neuron::best(Nonlinearity::Relu, site, g, s, 1.0).expect("a best neuron");
        let what = format!("{site}, g {g}");
        near(&what, best.neuron.weight, 1.0 - 1.0 / g, 1e-3 / g);
        near(&what, best.neuron.bias, 1.0 / g, 1e-3 / g);
        near(&what, best.loss, g * g * s * s, 1e-6 * g * g * s * s);
        let preferred = best.neuron.preferred(1.0, 2.0 * s).expect("a preferred noise");
        assert_eq!(preferred.noise, 0.0, "{what}: {preferred:?}");
    }
    // One neuron that is trained to compensate prefers noise only where it exceeds the target.
    for (s, ratio) in [(1.0, 0.0), (2.0, 0.879)] {
        let best = neuron::best(Nonlinearity::Relu, Site::Inside, 1.0, s, 1.0).expect("a best one");
        let preferred = best.neuron.preferred(1.0, 2.0 * s).expect("a preferred noise");
        near("preferred", preferred.noise / s, ratio, 0.02 * ratio);
    }
    // Near the kink there is no formula: nothing around it may be better.
    for (f, site, s, target) in [
        (Nonlinearity::Relu, Site::Inside, 1.0, 1.0),
        (Nonlinearity::Relu, Site::Outside, 1.0, 1.0),
        (Nonlinearity::SoftPlus, Site::Inside, 0.5, 1.0),
        (Nonlinearity::Tanh, Site::Inside, 0.5, 0.5),
    ] {
        let best = neuron::best(f, site, 0.2, s, target).expect("a best neuron");
        let Neuron { weight, bias, .. } = best.neuron;
        for (dw, db) in
            [(0.05, 0.0), (-0.05, 0.0), (0.0, 0.05), (0.0, -0.05), (0.05, -0.05), (-0.05, 0.05)]
        {
            let loss =
                neuron(f, site, 0.2, weight + dw, bias + db).loss(s, target).expect("a loss");
            assert!(
                loss > best.loss,
                "{f} {site}: better at w {dw:+}, b {db:+}: {loss} < {}",
                best.loss
            );
        }
        let linear = neuron(f, site, 0.2, -4.0, 5.0 * target).loss(s, target).expect("a loss");
        assert!(best.loss < linear, "{f} {site}: {} against {linear}", best.loss);
    }
}

//! The measures of noise preference: units at the kink, preferred noise, bias and variance,
//! detection, distances.
//!
//! Place in the flow: the second half of `noise_theory`; see there.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use noisescope::analysis::noise::decompose::Collector;
use noisescope::analysis::noise::distance::{from_nonlinearity, in_deviations, in_noise};
use noisescope::analysis::noise::kink::{self, Kink};
use noisescope::analysis::noise::neuron::best;
use noisescope::analysis::noise::preference::{Losses, argmin, over_networks};
use noisescope::analysis::noise::{Nonlinearity, Site, detect};
use noisescope::signal::random::stream;
use rand::RngExt;

use super::{ALL, SITES, mean, near, neuron, normals};

#[test]
fn units_at_the_kink_prefer_what_the_formula_says() {
    near("bias", kink::BIAS, 0.5 / PI, 0.0);
    near("variance", kink::VARIANCE, 0.5 - 0.5 / PI, 0.0);
    near("bias, written out", kink::BIAS, 0.1592, 5e-5);
    near("variance, written out", kink::VARIANCE, 0.3408, 5e-5);
    for (g, units, ratio) in [(0.1, 1, 0.90), (0.1, 50, 0.998), (1.0, 1, 0.32)] {
        let kink = Kink::new(g, units).expect("units");
        near(&format!("g {g}, {units} units"), kink.preferred_ratio(), ratio, 0.005);
        let levels: Vec<f64> = (0..=40).map(|at| 0.05 * f64::from(at)).collect();
        let losses: Vec<f64> = levels.iter().map(|s| kink.loss(1.0, *s).expect("a loss")).collect();
        near("argmin", argmin(&levels, &losses).expect("levels"), kink.preferred_ratio(), 1e-12);
        assert!(kink.loss(-1.0, 0.0).is_err() && kink.loss(1.0, f64::NAN).is_err());
    }
    assert!(Kink::new(0.1, 0).is_err());
    // The exact neuron at the kink is the formula's unit.
    for g in [0.1, 1.0] {
        let (s, kink) = (0.4, Kink::new(g, 1).expect("a unit"));
        let one = neuron(Nonlinearity::Relu, Site::Inside, g, 0.0, 0.0);
        let target = s * kink::BIAS.sqrt();
        for tested in [0.0, 0.1, 0.4, 0.7] {
            let loss = one.loss(tested, target).expect("a loss");
            near("loss", loss, kink.loss(s, tested).expect("a loss"), 1e-10);
        }
        let preferred = one.preferred(target, 2.0 * s).expect("a preferred noise");
        near("preferred", preferred.noise / s, kink.preferred_ratio(), 1e-4);
    }
}

#[test]
fn a_neuron_without_a_stationary_state_gives_no_numbers() {
    let relu = |w, b| neuron(Nonlinearity::Relu, Site::Inside, 0.1, w, b);
    assert!(relu(1.5, 1.0).stationary(0.1).is_err(), "it runs away");
    assert!(relu(1.5, 1.0).stationary(0.0).is_err(), "it runs away");
    let swings = neuron(Nonlinearity::Tanh, Site::Inside, 1.0, -3.0, 0.1);
    assert!(swings.stationary(0.0).is_err(), "it swings");
    assert!(relu(1.5, 1.0).preferred(1.0, 0.2).is_err(), "it runs away at every level");
    near("at rest", relu(-9.0, 10.0).stationary(0.0).expect("a law").mean, 1.0, 1e-12);
    for s in [-0.1, f64::NAN] {
        assert!(relu(0.0, 1.0).stationary(s).is_err() && relu(0.0, 1.0).preferred(1.0, s).is_err());
        assert!(best(Nonlinearity::Relu, Site::Inside, 0.1, s, 1.0).is_err());
    }
    assert!(relu(f64::NAN, 1.0).stationary(0.1).is_err());
    assert!(relu(0.0, 1.0).loss(0.1, f64::NAN).is_err());
    assert!(best(Nonlinearity::Relu, Site::Inside, 0.1, 0.0, 1.0).is_err());
    assert!(best(Nonlinearity::Relu, Site::Inside, 1.1, 0.1, 1.0).is_err());
    // Held best by infinite weights, or by none.
    assert!(best(Nonlinearity::Tanh, Site::Inside, 0.1, 0.2, 1.0).is_err());
    assert!(best(Nonlinearity::SoftPlus, Site::Inside, 0.1, 0.2, 0.0).is_err());
    assert!(best(Nonlinearity::Tanh, Site::Inside, 0.1, 0.2, 0.5).is_ok());
}

#[test]
fn the_preferred_noise_of_a_parabola_is_its_minimum_with_the_right_interval() {
    let levels = [0.0, 0.05, 0.1, 0.15, 0.25, 0.3, 0.5, 0.8];
    let (minimum, scatter, draws) = (0.21, 0.06, 900);
    let mut xi = normals("parabola", 0);
    // Every draw is a parabola of its own: the mean's minimum is the mean of theirs.
    let minima: Vec<f64> = (0..draws).map(|_| minimum + scatter * xi()).collect();
    let losses: Vec<f64> =
        levels.iter().flat_map(|s| minima.iter().map(move |m| 0.3 + (s - m).powi(2))).collect();
    let set = Losses { levels: &levels, draws, losses: &losses };
    let found = set.preference(0.2, 8, 0).expect("a preference");
    let (expected, error) = mean(&minima);
    near("minimum", found.preferred.value, expected, 1e-12);
    let [low, high] = found.preferred.interval.expect("an interval");
    assert!(low < minimum && minimum < high, "{low} to {high}");
    near("width of the interval", high - low, 2.0 * 1.96 * error, 0.08 * (high - low));
    let ratio = found.ratio.expect("a ratio");
    near("ratio", ratio.value, expected / 0.2, 1e-12);
    near("ratio's end", ratio.interval.expect("an interval")[1], high / 0.2, 1e-12);
    let gain = found.gain.expect("a gain");
    near("gain", gain.value, found.mean[0] / found.mean[4], 1e-12);
    let [low, high] = gain.interval.expect("an interval");
    assert!(low > 1.0 && low < gain.value && gain.value < high, "{gain:?}");
    let errors = found.standard_error.as_ref().expect("errors");
    near("standard error", errors[2], mean(&losses[2 * draws..3 * draws]).1, 1e-15);
    assert_eq!(set.preference(0.2, 8, 0).expect("a preference"), found, "chance without a name");
    assert_ne!(set.preference(0.2, 8, 1).expect("a preference").preferred, found.preferred);
    // An end is itself; a flat curve prefers its first level; one draw has no interval.
    assert_eq!(argmin(&[0.0, 0.1, 0.2], &[1.0, 2.0, 3.0]), Some(0.0));
    assert_eq!(argmin(&[0.0, 0.1, 0.2], &[3.0, 2.0, 1.0]), Some(0.2));
    assert_eq!(argmin(&[0.3], &[1.0]), Some(0.3));
    assert_eq!(argmin(&[], &[]), None);
    let one = Losses { levels: &[0.1, 0.2], draws: 1, losses: &[1.0, 2.0] };
    let one = one.preference(0.0, 8, 0).expect("a preference");
    assert_eq!(
        (one.preferred.interval, one.standard_error, one.ratio, one.gain),
        (None, None, None, None)
    );
}

#[test]
fn losses_that_are_none_are_refused() {
    let refused = |levels: &[f64], draws, losses: &[f64], training: f64| {
        assert!(
            Losses { levels, draws, losses }.preference(training, 8, 0).is_err(),
            "{levels:?} {losses:?}"
        );
    };
    refused(&[], 1, &[], 0.1);
    refused(&[0.0], 0, &[], 0.1);
    refused(&[0.0, 0.1], 1, &[1.0], 0.1);
    refused(&[0.0, 0.1], 1, &[1.0, f64::NAN], 0.1);
    refused(&[0.0, 0.1], 1, &[1.0, f64::INFINITY], 0.1);
    refused(&[-0.1, 0.1], 1, &[1.0, 1.0], 0.1);
    refused(&[0.1, 0.0], 1, &[1.0, 1.0], 0.1);
    refused(&[0.0, 0.1], 1, &[1.0, 1.0], -0.1);
    refused(&[0.0, 0.1], 1, &[1.0, 1.0], f64::NAN);
}

#[test]
fn a_mean_over_networks_has_the_interval_of_its_standard_error() {
    let mut xi = normals("networks", 0);
    let values: Vec<f64> = (0..200).map(|_| 0.9 + 0.1 * xi()).collect();
    let found = over_networks(&values, 8, "ratio").expect("numbers").expect("networks");
    let (expected, error) = mean(&values);
    near("mean", found.value, expected, 1e-12);
    let [low, high] = found.interval.expect("an interval");
    near("width", high - low, 2.0 * 1.96 * error, 0.08 * (high - low));
    assert!(low < expected && expected < high);
    assert_eq!(over_networks(&[], 8, "ratio").expect("numbers"), None);
    let one = over_networks(&[2.0], 8, "ratio").expect("numbers").expect("a network");
    assert_eq!((one.value, one.interval), (2.0, None));
    // Noise that is preferred is not negative, however wide three networks make the interval.
    let wide = over_networks(&[0.0, 0.0, 0.3], 8, "preferred").expect("numbers").expect("three");
    let [low, high] = wide.interval.expect("an interval");
    assert!(low < 0.0 && high > 0.1, "{low} {high}");
    let bounded = wide.within(0.0, f64::INFINITY);
    assert_eq!((bounded.value, bounded.interval), (wide.value, Some([0.0, high])));
    assert!(over_networks(&[1.0, f64::NAN], 8, "ratio").is_err());
}

#[test]
fn few_draws_make_no_bias() {
    // Right on the mean, 8 draws: over many repeats bias² is 0 and the variance 0.09.
    let (steps, draws, repeats) = (40, 8, 200);
    let mut xi = normals("no bias", 0);
    let (targets, weights) = (vec![1.0f32; steps], vec![1.0f32; steps]);
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..repeats {
        let mut collector = Collector::new(&targets, &weights, 1).expect("targets");
        for _ in 0..draws {
            let outputs: Vec<f32> = (0..steps).map(|_| 1.0 + 0.3 * xi() as f32).collect();
            collector.add(&outputs).expect("a draw");
        }
        let parts = collector.decomposition().expect("draws");
        found[0].push(parts.bias);
        found[1].push(parts.variance);
    }
    for (what, values, expected) in [("bias²", &found[0], 0.0), ("variance", &found[1], 0.09)] {
        let (value, error) = mean(values);
        near(what, value, expected, 4.0 * error);
        // Uncorrected, bias² would be 0.011 and the variance 0.079.
        assert!(4.0 * error < 0.005, "{what} is not known to less than its correction");
    }
}

#[test]
fn bias_and_variance_add_up_to_the_loss() {
    let (steps, outputs, draws) = (30, 2, 50);
    let mut xi = normals("outputs", 0);
    let targets: Vec<f32> = (0..steps * outputs).map(|_| xi() as f32).collect();
    let weights: Vec<f32> = (0..steps).map(|step| (step % 3) as f32).collect();
    let mut collector = Collector::new(&targets, &weights, outputs).expect("targets");
    assert_eq!(collector.decomposition(), None);
    let mut all: Vec<Vec<f32>> = Vec::new();
    let mut losses = Vec::new();
    for _ in 0..draws {
        // An offset of 100 on all that is not judged: it must not be seen.
        let value = |at: usize| {
            targets[at]
                + 0.5
                + 0.3 * xi() as f32
                + if weights[at / outputs] == 0.0 { 100.0 } else { 0.0 }
        };
        all.push((0..steps * outputs).map(value).collect());
        losses.push(collector.add(&all[all.len() - 1]).expect("a draw"));
    }
    let found = collector.decomposition().expect("draws");
    near("identity", found.bias + found.variance, found.loss, 1e-12);
    near("loss", found.loss, mean(&losses).0, 1e-12);
    // The definitions, by plain loops.
    let (mut bias, mut variance, mut sum) = (0.0, 0.0, 0.0);
    for at in 0..steps * outputs {
        let values: Vec<f64> = all.iter().map(|draw| f64::from(draw[at])).collect();
        let weight = f64::from(weights[at / outputs]);
        let (mean, error) = mean(&values);
        // Of the square of a mean's distance, its own variance is no bias.
        bias += weight * ((mean - f64::from(targets[at])).powi(2) - error * error);
        variance += weight * error * error * draws as f64;
        sum += weight;
    }
    near("bias", found.bias, bias / sum, 1e-12);
    near("variance", found.variance, variance / sum, 1e-12);
    let shift = collector.shift(&targets).expect("outputs").expect("draws");
    near(
        "rms shift is the root of bias² and a mean's variance where the still output is right",
        shift.rms,
        (found.bias + found.variance / draws as f64).sqrt(),
        1e-12,
    );
    near("shift", shift.mean, 0.5, 4.0 * 0.3 / (60.0 * draws as f64 * 2.0 / 3.0).sqrt());
    // What is bad is refused and changes nothing.
    let before = collector.decomposition();
    assert!(collector.add(&targets[1..]).is_err());
    let mut broken = targets.clone();
    broken[3] = f32::NAN;
    assert!(collector.add(&broken).is_err() && collector.decomposition() == before);
    assert!(collector.shift(&targets[1..]).is_err());
    assert!(Collector::new(&broken, &weights, outputs).is_err());
    assert!(Collector::new(&targets, &weights[1..], outputs).is_err());
    assert!(Collector::new(&targets, &vec![0.0; steps], outputs).is_err());
    assert!(Collector::new(&targets, &vec![-1.0; steps], outputs).is_err());
    assert!(Collector::new(&[], &[], 0).is_err());
}

#[test]
fn a_signal_is_detected_as_its_size_says() {
    let mut xi = normals("signal", 0);
    let count = 40_000;
    let without: Vec<f64> = (0..count).map(|_| xi()).collect();
    let with: Vec<f64> = (0..count).map(|_| 0.8 + xi()).collect();
    let found = detect::detection(0.5, &without, &with).expect("samples");
    near("d'", found.d_prime.expect("a d'"), 0.8, 4.0 * (2.0 / count as f64).sqrt());
    let area = 0.5 * statrs::function::erf::erfc(-0.8 * FRAC_1_SQRT_2 * FRAC_1_SQRT_2);
    near("area", found.area, area, 4.0 * (area * (1.0 - area) / count as f64).sqrt());
    let turned = detect::detection(0.5, &with, &without).expect("samples");
    near("area, turned round", found.area + turned.area, 1.0, 1e-12);
    // By hand: pairs 1-2 won, 2-2 tied, 3-2 lost, 1-3 won, 2-3 won, 3-3 tied.
    let ties = detect::detection(0.0, &[1.0, 2.0, 3.0], &[2.0, 3.0]).expect("samples");
    near("area with ties", ties.area, 4.0 / 6.0, 1e-15);
    let fixed = detect::detection(0.0, &[0.1; 7], &[0.3; 7]).expect("samples");
    assert_eq!((fixed.d_prime, fixed.area), (None, 1.0));
    let same = detect::detection(0.0, &[0.0; 3], &[-0.0; 3]).expect("samples");
    assert_eq!((same.d_prime, same.area, detect::best(&[fixed, same])), (None, 0.5, None));
    assert!(detect::detection(-0.1, &without, &with).is_err());
    assert!(detect::detection(0.1, &[1.0], &with).is_err());
    assert!(detect::detection(0.1, &[1.0, f64::NAN], &with).is_err());
    assert!(detect::curve(&[], &[], &[]).is_err());
    assert!(detect::curve(&[0.1, 0.2], &[1.0; 4], &[1.0; 5]).is_err());
    assert!(detect::curve(&[0.1, 0.2], &[1.0; 5], &[1.0; 5]).is_err());
}

#[test]
fn noise_helps_a_unit_below_its_threshold_only() {
    let levels: Vec<f64> = (0..=60).map(|at| 0.05 * f64::from(at)).collect();
    let relu = Nonlinearity::Relu;
    let curve = |mu: f64| -> Vec<Option<f64>> {
        levels.iter().map(|s| detect::of_unit(relu, mu, 0.1, *s).expect("numbers")).collect()
    };
    let below = curve(-0.5);
    assert_eq!(below[0], None);
    let top = (1..levels.len()).max_by(|a, b| below[*a].partial_cmp(&below[*b]).expect("numbers"));
    let top = top.expect("levels");
    assert!((5..50).contains(&top), "best at {}", levels[top]);
    assert!(below[1] < below[top] && below[60] < below[top], "{below:?}");
    let above = curve(2.0);
    assert!(above[1..].windows(2).all(|pair| pair[1] < pair[0]), "{above:?}");
    near("far above", above[2].expect("a d'"), 1.0, 1e-12);
    // The measure finds the same optimum in samples.
    let draws = 20_000;
    let mut xi = normals("resonance", 0);
    let noise: Vec<f64> = (0..2 * draws).map(|_| xi()).collect();
    let sample = |signal: f64, xi: &[f64]| -> Vec<f64> {
        let row =
            |s: &f64| xi.iter().map(|xi| relu.value(-0.5 + signal + s * xi)).collect::<Vec<_>>();
        levels.iter().flat_map(row).collect()
    };
    let (without, with) = (sample(0.0, &noise[..draws]), sample(0.1, &noise[draws..]));
    let found = detect::curve(&levels, &without, &with).expect("samples");
    for (found, expected) in found.iter().zip(&below) {
        if let (Some(found), Some(expected)) = (found.d_prime, *expected)
            && expected > 0.01
        {
            near("d'", found, expected, 4.0 * (2.0 / draws as f64).sqrt() * 1.5);
        }
    }
    let best = detect::best(&found).expect("a d'");
    assert!(best.d_prime > Some(0.9 * below[top].expect("a d'")) && best.noise > 0.2, "{best:?}");
}

#[test]
fn distances_are_counted_from_where_the_function_bends_most() {
    for f in [Nonlinearity::SoftPlus, Nonlinearity::Tanh] {
        let bend = |mu: f64| ((f.slope(mu + 1e-4) - f.slope(mu - 1e-4)) / 2e-4).abs();
        let steepest = (0..4_000).map(|at| -2.0 + 1e-3 * f64::from(at));
        let steepest = steepest.max_by(|a, b| bend(*a).total_cmp(&bend(*b))).expect("arguments");
        near(&format!("{f}"), from_nonlinearity(f, steepest), 0.0, 2e-3);
    }
    let mu = [0.05, -0.3, 0.2, -1.0];
    let found = in_noise(Nonlinearity::Relu, &mu, 0.1).expect("numbers").expect("units");
    near("median", found.median, 2.5, 1e-12);
    assert_eq!((found.within, found.counted), (0.25, 4));
    let own = in_deviations(Nonlinearity::Relu, &mu, &[0.25, 0.25, 0.0, 4.0]).expect("numbers");
    let own = own.expect("units");
    near("median", own.median, 0.5, 1e-12);
    assert_eq!((own.within, own.counted), (1.0, 3));
    assert_eq!(in_noise(Nonlinearity::Tanh, &mu, 0.0).expect("numbers"), None);
    assert_eq!(in_noise(Nonlinearity::Tanh, &[], 0.1).expect("numbers"), None);
    assert!(in_noise(Nonlinearity::Relu, &mu, -0.1).is_err());
    assert!(in_noise(Nonlinearity::Relu, &[f64::NAN], 0.1).is_err());
    assert!(in_deviations(Nonlinearity::Relu, &mu, &[1.0]).is_err());
    assert!(in_deviations(Nonlinearity::Relu, &[1.0], &[-1.0]).is_err());
}

#[test]
fn names_are_those_that_people_type() {
    for (f, name) in ALL.iter().zip(["relu", "softplus", "tanh"]) {
        assert_eq!(f.to_string(), name);
        assert_eq!(serde_json::to_string(f).expect("json"), format!("\"{name}\""));
        let mut chance = stream(8, "test/noise/slope", 0);
        for _ in 0..100 {
            let x: f64 = chance.random_range(-4.0..4.0);
            let rise = (f.value(x + 1e-6) - f.value(x - 1e-6)) / 2e-6;
            near(&format!("slope of {f} at {x}"), f.slope(x), rise, 1e-8);
        }
    }
    for (site, name) in SITES.iter().zip(["inside", "outside"]) {
        assert_eq!(
            (site.to_string(), serde_json::to_string(site).expect("json")),
            (name.to_string(), format!("\"{name}\""))
        );
    }
}

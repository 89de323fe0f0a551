//! The error of alpha: does the 95 % interval cover 95 %, and is the estimate without bias?
//!
//! Place in the flow: holds `analysis::dfa::interval` to traces that its calibration has not seen
//! (another seed, another named stream). The tables are printed: `cargo test --release --test
//! interval -- --nocapture`.

use std::sync::LazyLock;
use std::time::Instant;

use noisescope::analysis::dfa::{Calibration, Convention, DfaPlan, Exponent, Path, Settings};
use noisescope::signal::fractional::{self, Fractional};
use noisescope::signal::{Traces, noise};
use rayon::prelude::*;

/// The calibrations' seed, and the traces'.
const CALIBRATION: u64 = 1;
const TRACES: u64 = 20_261_122;

/// The traces that the issue asks for, and as many as are drawn: coverage of 600 has a binomial
/// standard deviation of 0.9 %, of 4,800 one of 0.31 %.
const ASKED: usize = 600;
const DRAWN: usize = 4800;

fn default_plan(steps: usize) -> DfaPlan {
    DfaPlan::new(steps, &Settings::default()).expect("the windows fit")
}

/// 20 sizes from 10 to a quarter of the trace.
fn wide_plan(steps: usize) -> DfaPlan {
    let ratio = (steps as f64 / 40.0).ln() / 19.0;
    let windows = (0..20).map(|i| (10.0 * (ratio * f64::from(i)).exp()).round() as usize).collect();
    DfaPlan::new(steps, &Settings { windows, ..Settings::default() }).expect("the windows fit")
}

/// Made once for all tests: the default windows at 500 samples, and both plans at 4,096.
static PLANS: LazyLock<[(&str, DfaPlan, Calibration); 3]> = LazyLock::new(|| {
    [("default", default_plan(500)), ("10..N/4", wide_plan(4096)), ("default", default_plan(4096))]
        .map(|(name, plan)| {
            let calibration = calibrate(&plan);
            (name, plan, calibration)
        })
});

fn calibrate(plan: &DfaPlan) -> Calibration {
    let begun = Instant::now();
    let calibration = Calibration::new(plan, 0.95, CALIBRATION).expect("a confidence");
    let (steps, sizes) = (plan.steps(), plan.sizes().len());
    println!("calibration of {steps} samples, {sizes} sizes: {:.2?}", begun.elapsed());
    calibration
}

/// Exponents of `count` independent traces of true exponent `alpha`.
fn measured(plan: &DfaPlan, alpha: f64, count: usize) -> Vec<Exponent> {
    let maker = Fractional::new(plan.steps(), alpha);
    let samples: Vec<f32> = (0..count as u64)
        .into_par_iter()
        .flat_map_iter(|i| {
            let [first, _] = maker.pair(TRACES, &format!("test/interval/{alpha}"), i);
            first
        })
        .collect();
    let traces = Traces::new(samples, plan.steps()).expect("whole traces");
    Path::Cpu.measure(&traces, plan).expect("a plan of this length").exponents
}

fn coverage(calibration: &Calibration, exponents: &[Exponent], alpha: f64) -> f64 {
    let covers = |e: &&Exponent| {
        let interval = calibration.interval(e.alpha);
        interval.low <= alpha && alpha <= interval.high
    };
    exponents.iter().filter(covers).count() as f64 / exponents.len() as f64
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

#[test]
fn the_interval_covers_and_the_standard_error_of_the_fit_does_not() {
    println!("  N      H    600 traces  4800 traces  OLS     mean width");
    for (_, plan, calibration) in &PLANS[..2] {
        for hurst in [0.3, 0.5, 0.7, 0.9] {
            let exponents = measured(plan, hurst, DRAWN);
            let asked = coverage(calibration, &exponents[..ASKED], hurst);
            let drawn = coverage(calibration, &exponents, hurst);
            let close = |e: &&Exponent| (e.alpha - hurst).abs() <= 1.96 * e.stderr;
            let ordinary = exponents.iter().filter(close).count() as f64 / DRAWN as f64;
            let width = mean(exponents.iter().map(|e| {
                let interval = calibration.interval(e.alpha);
                interval.high - interval.low
            }));
            let steps = plan.steps();
            println!("{steps:5} {hurst:5} {asked:12.3} {drawn:12.4} {ordinary:7.3} {width:10.3}");
            assert!((0.93..=0.97).contains(&asked), "{steps} {hurst}: {asked}");
            assert!((0.935..=0.965).contains(&drawn), "{steps} {hurst}: {drawn}");
            // The checker can fail: what others report does.
            assert!(ordinary < 0.8, "{steps} {hurst}: the standard error of the fit covers");
        }
    }
}

#[test]
fn the_estimate_has_no_bias() {
    println!("  N      H    windows   bias of alpha  bias of unbiased (standard error)");
    for (name, plan, calibration) in &*PLANS {
        for hurst in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let exponents = measured(plan, hurst, ASKED);
            let raw = mean(exponents.iter().map(|e| e.alpha)) - hurst;
            let corrected: Vec<f64> =
                exponents.iter().map(|e| calibration.interval(e.alpha).unbiased - hurst).collect();
            let bias = mean(corrected.iter().copied());
            let square = mean(corrected.iter().map(|d| (d - bias).powi(2)));
            let error = (square / ASKED as f64).sqrt();
            let steps = plan.steps();
            println!("{steps:5} {hurst:5}   {name:8} {raw:12.4} {bias:12.4} ({error:.4})");
            // Below 0.3 too few exponents lie beneath to be taken for.
            if hurst >= 0.3 {
                assert!(bias.abs() < 0.02, "{steps} {hurst}: {bias}");
            }
            let above = corrected.iter().filter(|&&d| d > 0.0).count() as f64 / ASKED as f64;
            // 0.5 within 4 binomial standard deviations, and one of the simulated median.
            assert!((above - 0.5).abs() < 0.1, "{steps} {hurst}: {above} lie above the truth");
        }
    }
}

#[test]
fn it_covers_steep_and_flat_exponents_too() {
    println!("  N    alpha   600 traces");
    let (_, plan, calibration) = &PLANS[0];
    for alpha in [0.1, 0.95, 1.0, 1.05, 1.2, 1.5, 1.8, 1.9] {
        let covered = coverage(calibration, &measured(plan, alpha, ASKED), alpha);
        println!("  500 {alpha:6} {covered:10.3}");
        // Four binomial standard deviations; the smooth curves bend near the ends.
        assert!((0.91..=0.99).contains(&covered), "{alpha}: {covered}");
    }
    // Point samples of Brownian motion are near enough to averages of it; those of a small H are
    // not, which the documentation says.
    for (hurst, least, most) in
        [(0.05, 0.28, 0.53), (0.1, 0.7, 0.92), (0.5, 0.88, 1.0), (0.8, 0.88, 1.0)]
    {
        let alphas: Vec<f32> =
            (0..200).flat_map(|i| fractional::brownian(500, hurst, TRACES, i)).collect();
        let traces = Traces::new(alphas, 500).expect("whole traces");
        let exponents = Path::Cpu.measure(&traces, plan).expect("the plan's length").exponents;
        let raw = mean(exponents.iter().map(|e| e.alpha));
        let covered = coverage(calibration, &exponents, 1.0 + hurst);
        println!(
            "point samples, alpha {:.1}: measured {raw:.3}, covered {covered:.3}",
            1.0 + hurst
        );
        assert!((least..=most).contains(&covered), "{hurst}: {covered}");
    }
}

#[test]
fn long_traces_are_covered_by_the_reduced_plan() {
    println!("  N      windows  alpha   400 traces   mean of alpha   median of the calibration");
    let steps = 65_536;
    for (name, plan) in [("10..N/4", wide_plan(steps)), ("10..125", default_plan(steps))] {
        let calibration = calibrate(&plan);
        for alpha in [0.3, 1.5] {
            let exponents = measured(&plan, alpha, 400);
            let covered = coverage(&calibration, &exponents, alpha);
            let centre = mean(exponents.iter().map(|e| e.alpha));
            let [_, median, _] = calibration.band(alpha);
            println!("{steps:6} {name} {alpha:8} {covered:10.3} {centre:14.4} {median:14.4}");
            // Four binomial standard deviations of 400.
            assert!((0.905..=0.99).contains(&covered), "{name} {alpha}: {covered}");
        }
    }
}

#[test]
fn every_order_and_convention_is_covered() {
    println!("  N     order  convention                alpha   600 traces   bias of unbiased");
    let windows = wide_plan(4096).sizes().iter().map(|size| size.size).collect::<Vec<_>>();
    for (order, convention, alpha) in [
        (2, Convention::HalfOverlap, 0.5),
        (2, Convention::BothEnds, 1.0),
        (3, Convention::Forward, 0.7),
        (3, Convention::HalfOverlapMeanRms, 1.5),
        (1, Convention::MeanRms, 1.0),
        (1, Convention::HalfOverlapNolds, 1.5),
    ] {
        let settings = Settings { windows: windows.clone(), order, convention };
        let plan = DfaPlan::new(4096, &settings).expect("the windows fit");
        let calibration = calibrate(&plan);
        let exponents = measured(&plan, alpha, ASKED);
        let covered = coverage(&calibration, &exponents, alpha);
        let bias = mean(exponents.iter().map(|e| calibration.interval(e.alpha).unbiased)) - alpha;
        let name = convention.name();
        println!("  4096 {order:5}  {name:24} {alpha:5} {covered:11.3} {bias:12.4}");
        // Four binomial standard deviations.
        assert!((0.91..=0.985).contains(&covered), "{order} {name} {alpha}: {covered}");
        assert!(bias.abs() < 0.02, "{order} {name} {alpha}: {bias}");
    }
}

#[test]
fn parts_of_the_sizes_have_intervals_of_their_own() {
    println!("  N     sizes        alpha   400 traces");
    for (steps, from, to) in [(4096, 10, 60), (4096, 150, 1024), (65_536, 10, 200)] {
        let plan = wide_plan(steps);
        let (places, part) = plan.within(from, to).expect("sizes enough");
        let calibration = calibrate(&part);
        for alpha in [0.5, 1.0] {
            let exponents = measured(&part, alpha, 400);
            let covered = coverage(&calibration, &exponents, alpha);
            println!("{steps:6}  {from:4}..{to:<5} {alpha:6} {covered:10.3}");
            assert!((0.905..=0.99).contains(&covered), "{steps} {from} {to} {alpha}: {covered}");
        }
        // The same F(n), and the same exponent, as of the whole plan.
        let trace = Fractional::new(steps, 1.0).pair(TRACES, "test/interval/part", 0)[0].clone();
        let traces = Traces::new(trace, steps).expect("one");
        let whole = Path::Cpu.measure(&traces, &plan).expect("measured");
        let alone = Path::Cpu.measure(&traces, &part).expect("measured");
        let fitted = part.line().fit(&whole.row(0)[places]);
        assert!((fitted.alpha - alone.exponents[0].alpha).abs() < 1e-12);
    }
}

#[test]
fn known_noises_have_their_exponents() {
    println!("  N     noise          alpha    bias of the mean of 600");
    let mut table = Vec::new();
    for (steps, plan) in [(500, default_plan(500)), (4096, wide_plan(4096))] {
        let mut check = |name: &str, alpha: f64, limit: f64, exponents: &[Exponent]| {
            let bias = mean(exponents.iter().map(|e| e.alpha)) - alpha;
            println!("{steps:6}  {name:12} {alpha:6} {bias:10.4}");
            table.push((format!("{steps} {name}"), bias, limit));
        };
        // At H = 0.1 small windows add 0.03 to 0.05, as the formula of the expected square says.
        for (hurst, limit) in [(0.1, 0.06), (0.3, 0.02), (0.5, 0.02), (0.7, 0.02), (0.9, 0.02)] {
            check("fGn", hurst, limit, &measured(&plan, hurst, ASKED));
        }
        check("fBm, means", 1.5, 0.02, &measured(&plan, 1.5, ASKED));
        // A first-order autoregression of time constant 1 is white to windows of 10 and more.
        let phi = (-1.0f64).exp();
        let rows = (0..ASKED as u64).flat_map(|i| noise::autoregressive(steps, phi, TRACES, i));
        let traces = Traces::new(rows.collect(), steps).expect("whole");
        let found = Path::Cpu.measure(&traces, &plan).expect("measured").exponents;
        // Its small windows still see the correlation.
        check("AR(1), tau 1", 0.5, 0.1, &found);
    }
    for (what, bias, limit) in table {
        assert!(bias.abs() < limit, "{what}: {bias}");
    }
}

#[test]
fn the_same_seed_gives_the_same_interval() {
    let plan = default_plan(500);
    let of = |seed| Calibration::new(&plan, 0.95, seed).expect("a confidence").interval(0.7);
    assert_eq!(of(3), of(3));
    let difference = of(3).low - of(4).low;
    assert!(difference != 0.0 && difference.abs() < 0.02, "{difference}");
}

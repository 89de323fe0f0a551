//! The spectrum: scipy's densities and slopes to 1e-9, exact answers, what is undefined, the 1/f
//! paper's first recipe, and the robust fit against peaks.
//!
//! Place in the flow: rung 2 of the rungs of trust, no GPU. References: `data/reference/psd.md`.

mod common;

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use common::{Reference, Tolerance, assert_close, largest};
use noisescope::analysis::spectrum::{
    Band, Exponent, Method, Settings, Spectra, SpectrumPlan, Status, Window, population,
};
use noisescope::signal::{Traces, noise};

const RATE: f64 = 1000.0;

const REFERENCE: Tolerance = Tolerance {
    relative: 1e-9,
    absolute: 0.0,
    scale: 1e-9,
    reason: "f64 FFTs of other codes; the references confirm each other to 2e-12",
};

const SLOPE: Tolerance = Tolerance {
    relative: 1e-9,
    absolute: 1e-9,
    scale: 1e-9,
    reason: "least squares in f64 on densities that agree to 1e-9; some slopes are near 0",
};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/reference").join(name)
}

fn measure(traces: &Traces, settings: &Settings) -> Spectra {
    let plan = SpectrumPlan::new(traces.steps(), settings).expect("segments fit");
    plan.measure(traces).expect("the plan's length")
}

fn one(samples: Vec<f32>, settings: &Settings) -> Spectra {
    let steps = samples.len();
    measure(&Traces::new(samples, steps).expect("one trace"), settings)
}

fn betas(exponents: &[Exponent]) -> Vec<f64> {
    exponents.iter().map(|e| e.beta().expect("an exponent")).collect()
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

// ---- references ----

struct Case {
    key: String,
    settings: Settings,
    fits: Vec<(Band, Vec<f64>, Vec<f64>)>,
}

fn numbers(json: &serde_json::Value) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(|n| n.as_f64().expect("a number")).collect()
}

fn case(json: &serde_json::Value) -> Case {
    let (arguments, key) = (&json["kwargs"], json["key"].as_str().expect("a key").to_string());
    let window: Window =
        serde_json::from_value(arguments["window"].clone()).expect("scipy's name is ours");
    let count = |name: &str| arguments[name].as_u64().map(|n| n as usize);
    let settings = Settings {
        segment: count("nperseg"),
        overlap: count("noverlap"),
        ..Settings::periodogram(window).at_rate(RATE)
    };
    let fits = json["slopes"].as_object().expect("fits").iter().map(|(band, fit)| {
        let (lo, hi) = band.split_once('-').expect("lo-hi");
        let end = |text: &str| text.parse().expect("hertz");
        let band = Band::new(end(lo), end(hi)).expect("a band");
        (band, numbers(&fit["slope"]), numbers(&fit["log10_intercept"]))
    });
    Case { key, settings, fits: fits.collect() }
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(file("psd.json")).expect("psd.json");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    json["cases"].as_array().expect("cases").iter().map(case).collect()
}

/// The rows of `traces_main.npy` that the references are of.
fn reference_traces() -> Traces {
    let [main, _] = Reference::all();
    let rows = [0, 1, 2, 3, 4, 8].map(|row| main.traces.row(row));
    Traces::new(rows.concat(), main.traces.steps()).expect("whole traces")
}

#[test]
fn densities_and_slopes_are_scipys() {
    let traces = reference_traces();
    let mut archive = npyz::npz::NpzArchive::open(file("psd.npz")).expect("psd.npz");
    let cases = cases();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let array = archive.by_name(&case.key).expect("a zip").expect("the case's array");
        let expected: Vec<f64> = array.into_vec().expect("float64");
        let spectra = measure(&traces, &case.settings);
        let bins = spectra.frequencies().len();
        assert_eq!(expected.len(), traces.rows() * bins, "{}", case.key);
        let mut worst: f64 = 0.0;
        for (row, expected) in expected.chunks_exact(bins).enumerate() {
            let actual = &spectra.row(row)[1..];
            worst = worst.max(largest(actual, &expected[1..]));
            assert_close(&case.key, actual, &expected[1..], &REFERENCE);
        }
        for (band, slopes, intercepts) in &case.fits {
            let found = spectra.exponents(*band, Method::LeastSquares).expect("a band");
            let column = |of: fn(&Exponent) -> f64| found.iter().map(of).collect::<Vec<_>>();
            let slope = column(|e| e.slope().expect("an exponent"));
            assert_close("slope", &slope, slopes, &SLOPE);
            assert_close("intercept", &column(|e| e.intercept), intercepts, &SLOPE);
            let off = slope.iter().zip(slopes).map(|(a, e)| (a - e).abs()).fold(0.0, f64::max);
            println!("{}: density {worst:.1e}, slope {off:.1e} ({band:?})", case.key);
        }
    }
}

// ---- exact answers ----

#[test]
fn a_batch_gives_what_each_trace_gives() {
    let traces = reference_traces();
    let settings = Settings::welch(Window::Hann, 300).at_rate(RATE);
    let together = measure(&traces, &settings);
    for row in 0..traces.rows() {
        assert_eq!(together.row(row), one(traces.row(row).to_vec(), &settings).row(0));
    }
}

#[test]
fn the_size_of_a_trace_does_not_change_its_exponent() {
    for factor in [2f32.powi(-60), 2f32.powi(60)] {
        let samples = noise::pink(2048, 1, 0);
        let scaled = samples.iter().map(|x| x * factor).collect();
        let settings = Settings::periodogram(Window::Hann);
        let (before, after) = (one(samples, &settings), one(scaled, &settings));
        for method in [Method::LeastSquares, Method::Robust] {
            let beta = |spectra: &Spectra| {
                betas(&spectra.exponents(Band::whole(spectra.frequencies()), method).expect("band"))
            };
            let difference = (beta(&before)[0] - beta(&after)[0]).abs();
            assert!(difference < 1e-10, "{method:?} at {factor:e}: {difference:e}");
        }
    }
}

#[test]
fn a_power_law_has_its_exponent_and_no_error() {
    let frequencies: Vec<f64> = (0..200).map(|k| f64::from(k) * 0.5).collect();
    let power: Vec<f64> = frequencies.iter().map(|f| 3.0 / f.powf(1.3)).collect();
    for method in [Method::LeastSquares, Method::Robust] {
        let found = method.fit(&frequencies, &power, Band { lo: 0.0, hi: 50.0 });
        assert!((found.beta - 1.3).abs() < 1e-12, "{method:?}: {found:?}");
        assert!((found.intercept - 3f64.log10()).abs() < 1e-12 && found.stderr < 1e-12);
        assert_eq!(found.bins, 100, "both ends, without frequency 0");
        assert!((found.level(10.0).expect("defined") - (3f64.log10() - 1.3)).abs() < 1e-12);
    }
}

#[test]
fn what_has_no_exponent_is_said_and_never_a_number() {
    let steps = 64;
    let mut broken = noise::white(steps, 1, 0);
    broken[7] = f32::NAN;
    let periodic = (0..steps).map(|i| [1.0f32, 0.0, -1.0, 0.0][i % 4]).collect();
    let rows: [Vec<f32>; 4] = [vec![3.7; steps], broken, periodic, noise::white(steps, 1, 1)];
    let traces = Traces::new(rows.concat(), steps).expect("whole traces");
    let spectra = measure(&traces, &Settings::periodogram(Window::Boxcar));
    assert!(spectra.row(0).iter().all(|p| *p == 0.0), "a constant has no power");
    for method in [Method::LeastSquares, Method::Robust] {
        let band = Band::whole(spectra.frequencies());
        let found = spectra.exponents(band, method).expect("a band");
        let states = [Status::Constant, Status::NonFinite, Status::NoPower, Status::Defined];
        assert_eq!(found.iter().map(|e| e.status).collect::<Vec<_>>(), states);
        for exponent in &found[..3] {
            assert!(exponent.beta.is_nan() && exponent.beta().is_none());
            let json = serde_json::to_value(exponent).expect("JSON");
            assert!(json["beta"].is_null() && json["stderr"].is_null(), "{json}");
        }
        let narrow = Band::new(2.0 / 64.0, 3.0 / 64.0).expect("two bins");
        let found = spectra.exponents(narrow, method).expect("a band");
        assert_eq!(found[3].status, Status::TooFewBins);
    }
    assert!(spectra.pooled().iter().all(|p| p.is_finite()), "the broken trace is left out");
}

#[test]
fn what_cannot_be_measured_is_refused_with_a_remedy() {
    let plan = SpectrumPlan::new(64, &Settings::default()).expect("fits");
    let other = Traces::new(vec![0.0; 65], 65).expect("one trace");
    let hann = Settings::periodogram(Window::Hann);
    let spectra = plan.measure(&Traces::new(vec![0.0; 64], 64).expect("one")).expect("fits");
    let errors = [
        plan.measure(&other).err(),
        SpectrumPlan::new(64, &Settings::welch(Window::Hann, 65)).err(),
        SpectrumPlan::new(64, &hann.clone().at_rate(0.0)).err(),
        SpectrumPlan::new(64, &hann.at_rate(f64::NAN)).err(),
        spectra.exponents(Band { lo: 2.0, hi: 1.0 }, Method::Robust).err(),
        Band::new(f64::NAN, 1.0).err(),
        Band::new(-1.0, 0.0).err(),
        population::exponents(&other, 2).err(),
    ];
    for (index, error) in errors.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("case {index} was accepted"));
        assert!(error.remedy_text().is_some(), "{error}");
    }
}

// ---- the recipe of the paper's first version ----

#[test]
fn white_noise_has_slope_zero_by_the_recipe_of_the_first_version() {
    let (reviews, steps) = (3000, 500);
    let values: Vec<f32> = (0..reviews).flat_map(|i| noise::white(steps, 3, i)).collect();
    let traces = Traces::new(values, steps).expect("whole traces");
    let slopes = |units| -> Vec<f64> {
        let found = population::exponents(&traces, units).expect("whole groups");
        found.iter().map(|e| e.slope().expect("an exponent")).collect()
    };
    let (mean, deviation) = mean_and_deviation(&slopes(1));
    println!("slope of one white trace: {mean:.4} ± {deviation:.4}");
    // Four standard errors: 0.085/sqrt(3000) of the mean, 0.085/sqrt(6000) of the deviation.
    assert!(mean.abs() < 0.0062, "{mean}");
    assert!((deviation - 0.085).abs() < 0.0044, "{deviation}");
    // The logarithm of a mean of ten exponentials: variance trigamma(10) = 0.105 against 1.645.
    let (_, ten) = mean_and_deviation(&slopes(10));
    assert!((ten / deviation - (0.1052f64 / 1.6449).sqrt()).abs() < 0.035, "{ten}");
}

#[test]
fn the_recipe_is_its_formula() {
    let steps = 21;
    let samples = [noise::pink(steps, 1, 0), noise::white(steps, 1, 1)];
    let traces = Traces::new(samples.concat(), steps).expect("two units");
    let (mut frequencies, mut power) = (Vec::new(), Vec::new());
    for k in 1..=steps / 2 {
        let part = |wave: fn(f64) -> f64, trace: &[f32]| -> f64 {
            let angle = |t: usize| TAU * (k * t) as f64 / steps as f64;
            trace.iter().enumerate().map(|(t, &x)| f64::from(x) * wave(angle(t))).sum()
        };
        let sum: f64 =
            samples.iter().map(|x| part(f64::cos, x).powi(2) + part(f64::sin, x).powi(2)).sum();
        frequencies.push(k as f64 / steps as f64);
        power.push(sum + 1e-8);
    }
    let band = Band { lo: 0.0, hi: 0.5 };
    let expected = Method::LeastSquares.fit(&frequencies, &power, band);
    let found = population::exponents(&traces, 2).expect("one group")[0];
    assert!((found.beta - expected.beta).abs() < 1e-10, "{found:?} {expected:?}");
    let constant = Traces::new([vec![1e20; steps], samples[0].clone()].concat(), steps);
    let found = population::exponents(&constant.expect("two"), 1).expect("two groups");
    assert_eq!((found[0].status, found[1].status), (Status::Constant, Status::Defined));
}

// ---- the robust fit ----

const STEPS: usize = 4096;
const TRACES: u64 = 200;

/// Noise of `1/f^beta` that is not periodic: the beginning of records eight times as long.
fn coloured(beta: f64) -> Traces {
    let values = (0..TRACES).flat_map(|i| noise::coloured(8 * STEPS, beta, 5, i)[..STEPS].to_vec());
    Traces::new(values.collect(), STEPS).expect("whole traces")
}

/// From bin 2 for segments, see `spectrum::mod`; from bin 1 for a periodogram.
fn band(spectra: &Spectra, settings: &Settings) -> Band {
    let whole = Band::whole(spectra.frequencies());
    let first = if settings.segment.is_some() { 3.0 } else { 1.0 };
    Band { lo: whole.lo * first, ..whole }
}

/// Exponents by least squares, exponents by the robust fit, standard errors of the robust fit.
fn both(traces: &Traces, settings: &Settings) -> [Vec<f64>; 3] {
    let spectra = measure(traces, settings);
    let band = band(&spectra, settings);
    let fit = |method| spectra.exponents(band, method).expect("a band");
    let robust = fit(Method::Robust);
    let errors = robust.iter().map(|e| e.stderr).collect();
    [betas(&fit(Method::LeastSquares)), betas(&robust), errors]
}

#[test]
fn on_clean_noise_the_robust_fit_is_unbiased_and_as_sharp_as_least_squares() {
    for beta in [0.0, 0.5, 1.0, 1.5] {
        let traces = coloured(beta);
        for (name, settings, widest) in [
            ("periodogram boxcar", Settings::periodogram(Window::Boxcar), 0.95),
            ("periodogram Hann", Settings::periodogram(Window::Hann), 1.05),
            ("Welch Hann 256", Settings::welch(Window::Hann, 256), 1.08),
        ] {
            let [plain, robust, errors] = both(&traces, &settings);
            let ((plain, plain_sd), (mean, sd)) =
                (mean_and_deviation(&plain), mean_and_deviation(&robust));
            let error = mean_and_deviation(&errors).0;
            println!(
                "{name}, beta {beta}: bias {:+.4} (least squares {:+.4}), sd {sd:.4} / \
                 {plain_sd:.4} = {:.3}, standard error {error:.4}",
                mean - beta,
                plain - beta,
                sd / plain_sd
            );
            assert!((mean - beta).abs() < 0.05, "{name}: {mean} instead of {beta}");
            assert!(sd / plain_sd < widest, "{name}, beta {beta}: {sd} against {plain_sd}");
            // Independent bins only where there is no window; leakage of beta 1.5 ties them too.
            if settings.window == Window::Boxcar && beta <= 1.0 {
                assert!((error / sd - 1.0).abs() < 0.2, "{name}: {error} instead of {sd}");
            }
        }
    }
}

/// `traces` with sines at `frequencies` (cycles per sample) that stand `decibels` above each
/// trace's own line.
fn with_peaks(traces: &Traces, settings: &Settings, frequencies: &[f64], decibels: f64) -> Traces {
    let spectra = measure(traces, settings);
    let lines = spectra.exponents(band(&spectra, settings), Method::LeastSquares).expect("a band");
    let mut values = traces.values().to_vec();
    for (peak, frequency) in frequencies.iter().enumerate() {
        let phase = 1.0 + 2.0 * peak as f64;
        let sine = |t: usize| (TAU * frequency * t as f64 + phase).sin() as f32;
        let sine: Vec<f32> = (0..STEPS).map(sine).collect();
        let top = one(sine.clone(), settings).row(0).iter().copied().fold(0.0, f64::max);
        for (trace, line) in values.chunks_exact_mut(STEPS).zip(&lines) {
            let level = line.level(*frequency).expect("an exponent") + decibels / 10.0;
            let amplitude = (10f64.powf(level) / top).sqrt() as f32;
            trace.iter_mut().zip(&sine).for_each(|(x, s)| *x += amplitude * s);
        }
    }
    Traces::new(values, STEPS).expect("whole traces")
}

#[test]
fn peaks_move_least_squares_and_not_the_robust_fit() {
    let moved = |before: &[f64], after: &[f64]| {
        let each: Vec<f64> = before.iter().zip(after).map(|(b, a)| a - b).collect();
        (mean_and_deviation(&each).0, each.iter().map(|d| d.abs()).fold(0.0, f64::max))
    };
    let pink = coloured(1.0);
    for segment in [1024, 256] {
        let settings = Settings::welch(Window::Hann, segment);
        let [plain, robust, _] = both(&pink, &settings);
        for peaks in [&[0.01][..], &[0.01, 0.04], &[0.02, 0.05, 0.11], &[0.3]] {
            let [pulled, held, _] = both(&with_peaks(&pink, &settings, peaks, 20.0), &settings);
            let ((pulled, _), (held, most)) = (moved(&plain, &pulled), moved(&robust, &held));
            println!(
                "Welch {segment}, peaks {peaks:?}: least squares {pulled:+.4}, robust {held:+.4} \
                 (of one trace at most {most:.4})"
            );
            assert!(held.abs() < 0.05, "Welch {segment}, {peaks:?}: {held}");
            assert!(pulled.abs() > 2.0 * held.abs(), "{peaks:?}: {pulled} and {held}");
            // From some height on a peak weighs nothing.
            if segment == 1024 {
                let [_, higher, _] = both(&with_peaks(&pink, &settings, peaks, 30.0), &settings);
                let (higher, _) = moved(&robust, &higher);
                assert!(higher.abs() < 0.05, "30 dB, {peaks:?}: {higher}");
            }
        }
    }
}

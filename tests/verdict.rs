//! The verdict: are traces of known answer called what they are, and is 1/f noise told from short
//! memory?
//!
//! Place in the flow: holds `analysis::controls` to noise that its simulations have not seen (other
//! streams). The tables are printed: `cargo test --release --test verdict -- --nocapture`.

use std::sync::LazyLock;
use std::time::Instant;

use noisescope::analysis::controls::{Census, Controls, Crossover, Judgement, Settings, Verdict};
use noisescope::analysis::dfa::{self, Calibration, Convention, DfaPlan, Path, Status};
use noisescope::signal::{Traces, fractional, noise, random};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// The controls' seed, and the traces'.
const CONTROLS: u64 = 1;
const TRACES: u64 = 20_261_123;

/// Traces per kind of noise: a share has a binomial standard deviation of 3 % at most.
const COUNT: u64 = 300;

/// A plan with all that is made once for it.
struct Setup {
    plan: DfaPlan,
    controls: Controls,
    calibration: Calibration,
}

impl Setup {
    /// About `count` sizes from 10 to a quarter of the trace.
    fn new(steps: usize, count: u32) -> Self {
        let ratio = (steps as f64 / 40.0).ln() / f64::from(count - 1);
        let mut windows: Vec<usize> =
            (0..count).map(|i| (10.0 * (ratio * f64::from(i)).exp()).round() as usize).collect();
        windows.dedup();
        let plan = DfaPlan::new(steps, &dfa::Settings { windows, ..dfa::Settings::default() })
            .expect("the windows fit");
        let begun = Instant::now();
        let controls = Controls::new(&plan, &Settings::default(), CONTROLS).expect("a plan");
        println!("controls of {steps} samples, {count} sizes: {:.2?}", begun.elapsed());
        let calibration = Calibration::new(&plan, 0.95, CONTROLS).expect("a confidence");
        Self { plan, controls, calibration }
    }

    fn judge(&self, samples: Vec<f32>) -> Vec<Judgement> {
        let traces = Traces::new(samples, self.plan.steps()).expect("whole traces");
        let measured = Path::Cpu.measure(&traces, &self.plan).expect("the plan's length");
        let judged = self.controls.judge_all(&traces, &measured, Some(&self.calibration));
        judged.expect("the plan's length")
    }

    fn judge_many(&self, kind: &Kind, count: u64) -> Vec<Judgement> {
        let steps = self.plan.steps();
        self.judge((0..count).into_par_iter().flat_map_iter(|i| kind.draw(steps, i)).collect())
    }
}

static LONG: LazyLock<Setup> = LazyLock::new(|| Setup::new(4096, 20));
static SHORT: LazyLock<Setup> = LazyLock::new(|| Setup::new(500, 15));

/// A noise of known answer.
enum Kind {
    White,
    /// Periodic in the trace, or cut from one eight times as long.
    Pink,
    PinkCut,
    SelfSimilar(f64),
    /// Pink noise through `tanh(2x)`, as a saturated unit has it.
    Squashed,
    /// Point samples of Brownian motion.
    Brownian,
    /// Time constant, and white noise beside it (standard deviations, relative).
    Autoregressive(f64, f64),
    /// Pink noise and white of this relative standard deviation.
    PinkInWhite(f64),
    /// White noise and a random walk of this relative step.
    WhiteAndBrownian(f64),
    /// Spectral exponents below and above the frequency `1/knee`.
    Broken(f64, f64, f64),
}

impl Kind {
    fn draw(&self, steps: usize, index: u64) -> Vec<f32> {
        let white = || noise::white(steps, TRACES, index);
        match *self {
            Self::White => white(),
            Self::Pink => noise::pink(steps, TRACES, index),
            Self::PinkCut => noise::pink(8 * steps, TRACES, index)[..steps].to_vec(),
            Self::Squashed => {
                noise::pink(steps, TRACES, index).iter().map(|x| (2.0 * x).tanh()).collect()
            }
            Self::SelfSimilar(alpha) => fractional::self_similar(steps, alpha, TRACES, index),
            Self::Brownian => noise::brownian(steps, TRACES, index),
            Self::Autoregressive(constant, share) => {
                let phi = (-1.0 / constant).exp();
                let trace = noise::autoregressive(steps, phi, TRACES, index);
                sum(trace, share / (1.0 - phi * phi).sqrt(), white())
            }
            Self::PinkInWhite(share) => sum(noise::pink(steps, TRACES, index), share, white()),
            Self::WhiteAndBrownian(step) => {
                sum(white(), step, noise::brownian(steps, TRACES, index))
            }
            Self::Broken(low, high, knee) => broken(steps, low, high, knee, index),
        }
    }
}

fn sum(trace: Vec<f32>, factor: f64, other: Vec<f32>) -> Vec<f32> {
    trace.iter().zip(&other).map(|(a, b)| a + factor as f32 * b).collect()
}

/// Noise whose spectrum has two slopes, cut from a record four times as long.
fn broken(steps: usize, low: f64, high: f64, knee: f64, index: u64) -> Vec<f32> {
    let mut generator = random::stream(TRACES, "test/verdict/broken", index);
    let mut draw = || -> f64 { StandardNormal.sample(&mut generator) };
    let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(4 * steps);
    let mut spectrum = inverse.make_input_vec();
    let last = spectrum.len() - 1;
    for (k, bin) in spectrum.iter_mut().enumerate().take(last).skip(1) {
        let ratio = k as f64 * knee / (4 * steps) as f64;
        let amplitude = ratio.powf(-if ratio < 1.0 { low } else { high } / 2.0);
        *bin = Complex::new(draw() * amplitude, draw() * amplitude);
    }
    let mut samples = inverse.make_output_vec();
    inverse.process(&mut spectrum, &mut samples).expect("the planner's own lengths");
    samples[..steps].iter().map(|&x| x as f32).collect()
}

fn share(judged: &[Judgement], verdict: Verdict) -> f64 {
    judged.iter().filter(|j| j.verdict == verdict).count() as f64 / judged.len() as f64
}

fn scores(judged: &[Judgement]) -> Vec<f64> {
    judged.iter().filter_map(|j| j.memory.map(|m| m.score)).collect()
}

/// The probability that a score of `a` is above one of `b`: area under the ROC curve.
fn auc(a: &[f64], b: &[f64]) -> f64 {
    let above = |x: &f64| b.iter().map(|y| f64::from(x > y) + 0.5 * f64::from(x == y)).sum::<f64>();
    a.iter().map(above).sum::<f64>() / (a.len() * b.len()) as f64
}

fn one_over_f() -> Vec<Kind> {
    let mut kinds = vec![Kind::Pink, Kind::PinkCut];
    kinds.extend([0.9, 1.0, 1.1].map(Kind::SelfSimilar));
    kinds
}

/// The smallest area of any AR(1) against any 1/f noise.
fn areas(setup: &Setup) -> f64 {
    let law: Vec<Vec<f64>> =
        one_over_f().iter().map(|kind| scores(&setup.judge_many(kind, COUNT))).collect();
    println!("AUC against      pink  pink cut       0.9       1.0       1.1");
    let mut least = f64::INFINITY;
    for constant in [5.0, 10.0, 20.0, 50.0] {
        let decay = scores(&setup.judge_many(&Kind::Autoregressive(constant, 0.0), COUNT));
        let found: Vec<f64> = law.iter().map(|law| auc(&decay, law)).collect();
        let row: Vec<String> = found.iter().map(|auc| format!("{auc:9.4}")).collect();
        println!("AR(1) of {constant:2} {}", row.join(" "));
        least = found.into_iter().fold(least, f64::min);
    }
    least
}

#[test]
fn an_autoregression_is_told_from_one_over_f_noise() {
    let long = areas(&LONG);
    assert!(long > 0.99, "4096 samples: {long}");
    // What 500 samples can tell, for the record.
    let short = areas(&SHORT);
    assert!(short > 0.8, "500 samples: {short}");
    // The checker can fail: the exponents of the DFA cannot do it.
    let alphas = |kind: &Kind| -> Vec<f64> {
        let samples = (0..100).flat_map(|i| kind.draw(4096, i)).collect();
        let traces = Traces::new(samples, 4096).expect("whole traces");
        let measured = Path::Cpu.measure(&traces, &LONG.plan).expect("the plan's length");
        measured.exponents.iter().map(|e| e.alpha).collect()
    };
    let above = auc(&alphas(&Kind::Autoregressive(20.0, 0.0)), &alphas(&Kind::Pink));
    println!("by alpha, AR(1) of 20 against pink: {above:.3}");
    assert!(above.max(1.0 - above) < 0.95, "the exponent tells them: {above}");
}

/// Prints the verdicts of `kinds` and checks the least share of the right one.
fn confusion(setup: &Setup, kinds: &[(&str, Kind, &[Verdict], f64)]) {
    let steps = setup.plan.steps();
    println!(
        "{steps:5} samples      {}  ms",
        Verdict::ALL.map(|v| format!("{:>12}", v.name())).join("")
    );
    for (name, kind, expected, least) in kinds {
        let traces: Vec<f32> =
            (0..COUNT).into_par_iter().flat_map_iter(|i| kind.draw(steps, i)).collect();
        let begun = Instant::now();
        let judged = setup.judge(traces);
        let each = begun.elapsed().as_secs_f64() * 1e3 / COUNT as f64;
        let row = Verdict::ALL.map(|v| format!("{:12.3}", share(&judged, v))).join("");
        println!("{name:18} {row} {each:.2}");
        let found: f64 = expected.iter().map(|&v| share(&judged, v)).sum();
        assert!(found >= *least, "{name}: {found}");
    }
}

#[test]
fn four_thousand_samples_get_their_verdict() {
    use Verdict::{Brownian, Crossover, OneOverF, PowerLaw, ShortMemory, White};
    let knee = 200.0;
    confusion(
        &LONG,
        &[
            ("white", Kind::White, &[White], 0.95),
            ("pink", Kind::Pink, &[OneOverF], 0.93),
            ("pink, cut", Kind::PinkCut, &[OneOverF], 0.92),
            ("pink, squashed", Kind::Squashed, &[OneOverF], 0.88),
            ("alpha 0.3", Kind::SelfSimilar(0.3), &[PowerLaw], 0.95),
            ("alpha 0.6", Kind::SelfSimilar(0.6), &[PowerLaw], 0.7),
            ("alpha 0.9", Kind::SelfSimilar(0.9), &[OneOverF], 0.9),
            ("alpha 1.1", Kind::SelfSimilar(1.1), &[OneOverF], 0.9),
            ("alpha 1.5", Kind::SelfSimilar(1.5), &[Brownian], 0.92),
            ("Brownian", Kind::Brownian, &[Brownian], 0.92),
            ("AR(1) 5", Kind::Autoregressive(5.0, 0.0), &[ShortMemory], 0.97),
            ("AR(1) 10", Kind::Autoregressive(10.0, 0.0), &[ShortMemory], 0.97),
            ("AR(1) 20", Kind::Autoregressive(20.0, 0.0), &[ShortMemory], 0.97),
            ("AR(1) 50", Kind::Autoregressive(50.0, 0.0), &[ShortMemory], 0.97),
            ("AR(1) 20 + white", Kind::Autoregressive(20.0, 1.0), &[ShortMemory], 0.9),
            ("pink + white", Kind::PinkInWhite(1.0), &[OneOverF, Crossover], 0.9),
            ("white + Brownian", Kind::WhiteAndBrownian(0.03), &[Crossover], 0.95),
            ("0.5 to 1.5", Kind::Broken(2.0, 0.0, knee), &[Crossover], 0.95),
            ("1.0 to 1.5", Kind::Broken(2.0, 1.0, knee), &[Crossover], 0.85),
            // An AR(1) in all but name.
            ("1.5 to 0.5", Kind::Broken(0.0, 2.0, knee), &[ShortMemory], 0.95),
            ("1.0 to 0.5", Kind::Broken(0.0, 1.0, knee), &[ShortMemory, Crossover], 0.8),
        ],
    );
}

#[test]
fn five_hundred_samples_get_what_they_can() {
    use Verdict::{Brownian, Crossover, OneOverF, ShortMemory, White};
    confusion(
        &SHORT,
        &[
            ("white", Kind::White, &[White], 0.88),
            ("pink", Kind::Pink, &[OneOverF], 0.73),
            ("pink, cut", Kind::PinkCut, &[OneOverF], 0.65),
            ("alpha 0.9", Kind::SelfSimilar(0.9), &[OneOverF], 0.68),
            ("Brownian", Kind::Brownian, &[Brownian], 0.93),
            ("AR(1) 5", Kind::Autoregressive(5.0, 0.0), &[ShortMemory], 0.84),
            ("AR(1) 10", Kind::Autoregressive(10.0, 0.0), &[ShortMemory], 0.85),
            ("AR(1) 20", Kind::Autoregressive(20.0, 0.0), &[ShortMemory], 0.65),
            ("AR(1) 50", Kind::Autoregressive(50.0, 0.0), &[Brownian], 0.7),
            ("0.5 to 1.5", Kind::Broken(2.0, 0.0, 70.0), &[Crossover], 0.68),
        ],
    );
}

#[test]
fn the_crossover_test_keeps_its_level_and_finds_crossovers() {
    let found = |setup: &Setup, kind: &Kind| {
        let judged = setup.judge_many(kind, COUNT);
        let evidence = |j: &Judgement| j.crossover.map(|c: Crossover| c.evidence);
        [0.0, 2.0, 6.0].map(|above| {
            let real = judged.iter().filter_map(evidence).filter(|e| *e > above).count();
            real as f64 / COUNT as f64
        })
    };
    println!("evidence above            0      2      6      (4096)          (500)");
    let mut kinds: Vec<(String, Kind, f64, f64)> = [0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 1.7]
        .map(|alpha| (format!("alpha {alpha}"), Kind::SelfSimilar(alpha), 0.0, 0.08))
        .into();
    kinds.extend([
        ("pink".into(), Kind::Pink, 0.0, 0.08),
        ("pink, cut".into(), Kind::PinkCut, 0.0, 0.08),
        ("Brownian".into(), Kind::Brownian, 0.0, 0.08),
        ("white + 0.03 Brownian".into(), Kind::WhiteAndBrownian(0.03), 0.97, 1.0),
        ("white + 0.01 Brownian".into(), Kind::WhiteAndBrownian(0.01), 0.8, 1.0),
        ("0.5 to 1.5".into(), Kind::Broken(2.0, 0.0, 200.0), 0.97, 1.0),
        ("1.5 to 0.5".into(), Kind::Broken(0.0, 2.0, 200.0), 0.97, 1.0),
        ("0.75 to 1.0".into(), Kind::Broken(1.0, 0.5, 200.0), 0.2, 1.0),
    ]);
    for (name, kind, least, most) in kinds {
        let (long, short) = (found(&LONG, &kind), found(&SHORT, &kind));
        println!("{name:22} {long:.3?} {short:.3?}");
        // 5 % and three binomial standard deviations.
        assert!((least..=most).contains(&long[1]), "{name}: {}", long[1]);
        assert!(short[1] <= most, "{name}, 500 samples: {}", short[1]);
    }
}

#[test]
fn the_unit_of_a_trace_does_not_matter() {
    let kinds = [
        Kind::White,
        Kind::Pink,
        Kind::Brownian,
        Kind::Autoregressive(20.0, 0.0),
        Kind::WhiteAndBrownian(0.03),
    ];
    let traces: Vec<f32> = kinds.iter().flat_map(|kind| kind.draw(4096, 0)).collect();
    let judged = LONG.judge(traces.clone());
    let times = |factor: f32| LONG.judge(traces.iter().map(|x| x * factor).collect());
    for factor in [2f32.powi(-20), 2f32.powi(20), -1.0] {
        for (a, b) in judged.iter().zip(times(factor)) {
            assert_eq!((a.verdict, a.memory, a.crossover), (b.verdict, b.memory, b.crossover));
            assert_eq!(a.local_slopes, b.local_slopes, "{factor}");
        }
    }
    // Other factors round every sample anew.
    for factor in [1e-6, 1e6, 3.7e-15] {
        for (a, b) in judged.iter().zip(times(factor)) {
            let score = |j: &Judgement| j.memory.expect("defined").score;
            assert_eq!(a.verdict, b.verdict, "{factor}");
            assert!((score(a) - score(&b)).abs() < 1e-3, "{factor}: {} {}", score(a), score(&b));
        }
    }
}

#[test]
fn what_has_no_exponent_is_undefined() {
    let steps = 500;
    let mut broken = noise::white(steps, 1, 0);
    broken[77] = f32::NAN;
    let mut infinite = noise::white(steps, 1, 1);
    infinite[3] = f32::INFINITY;
    let judged = SHORT.judge([vec![0.1; steps], broken, infinite].concat());
    for (found, reason) in judged.iter().zip(["equal", "NaN", "NaN"]) {
        assert_eq!(found.verdict, Verdict::Undefined);
        assert!(found.reasons[0].contains(reason), "{:?}", found.reasons);
        assert!(found.memory.is_none() && found.crossover.is_none());
    }
    let exponent = dfa::Exponent::undefined(Status::NoFluctuation);
    // Nothing but the highest frequency, which no window holds.
    let alternating = (0..steps).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
    assert_eq!(SHORT.judge(alternating)[0].verdict, Verdict::Undefined);
    let sizes = SHORT.plan.sizes().len();
    let trace = noise::white(steps, 1, 0);
    let none = SHORT.controls.judge(0, &trace, &vec![0.0; sizes], &exponent, None);
    assert_eq!(none.verdict, Verdict::Undefined);
}

#[test]
fn any_length_will_do() {
    for (steps, sizes) in [(200, 8), (503, 15), (101, 5), (4093, 20), (65_536, 20)] {
        let setup = Setup::new(steps, sizes);
        let kinds = [Kind::White, Kind::Pink, Kind::Brownian, Kind::Autoregressive(5.0, 0.0)];
        let judged: Vec<Verdict> = setup
            .judge(kinds.iter().flat_map(|kind| kind.draw(steps, 3)).collect())
            .iter()
            .map(|j| j.verdict)
            .collect();
        println!("{steps}: {judged:?}");
        if steps > 4000 {
            use Verdict::{Brownian, OneOverF, ShortMemory, White};
            assert_eq!(judged, [White, OneOverF, Brownian, ShortMemory], "{steps}");
        }
    }
    let tiny = DfaPlan::new(30, &dfa::Settings { windows: vec![4, 5, 6], ..Default::default() });
    let plan = tiny.expect("the windows fit");
    let controls = Controls::new(&plan, &Settings::default(), 1).expect("a plan");
    let traces = Traces::new(noise::pink(30, 1, 0), 30).expect("one");
    let measured = Path::Cpu.measure(&traces, &plan).expect("the plan's length");
    let judged = controls.judge_all(&traces, &measured, None).expect("the plan's length");
    assert_eq!(judged[0].verdict, Verdict::Undefined);
    assert!(
        controls.judge_all(&Traces::new(vec![0.0; 9], 9).expect("one"), &measured, None).is_err()
    );
}

#[test]
fn surrogates_stand_beside_the_trace() {
    let setup = &*SHORT;
    let settings = Settings { surrogates: 19 };
    let controls = Controls::new(&setup.plan, &settings, CONTROLS).expect("a plan");
    let kinds = [Kind::Pink, Kind::Autoregressive(5.0, 0.0), Kind::White];
    for (kind, verdict) in
        kinds.iter().zip([Verdict::OneOverF, Verdict::ShortMemory, Verdict::White])
    {
        let samples: Vec<f32> = (0..40).flat_map(|i| kind.draw(500, i)).collect();
        let traces = Traces::new(samples, 500).expect("whole traces");
        let measured = Path::Cpu.measure(&traces, &setup.plan).expect("the plan's length");
        let begun = Instant::now();
        let judged = controls.judge_all(&traces, &measured, None).expect("the plan's length");
        let each = begun.elapsed() / 40;
        assert_eq!(judged, controls.judge_all(&traces, &measured, None).expect("the same"));
        let census = Census::new(&judged);
        println!("{} ({each:.2?} each): {:?}", verdict.name(), census.surrogates);
        println!("  {}", judged[0].reasons.join("\n  "));
        let outside = |place: usize| census.surrogates[place].2;
        // Shuffled ones differ unless the trace is white; the periodogram explains the exponent.
        assert_eq!(outside(0) > 0.8, verdict != Verdict::White, "{}", verdict.name());
        assert!(outside(1) < 0.3 && outside(2) < 0.3, "{}", verdict.name());
        assert!(verdict == Verdict::OneOverF || outside(3) < 0.3);
    }
    // Surrogates of random phases are periodic: beside a steep trace they have no p.
    let traces = Traces::new(Kind::Brownian.draw(500, 0), 500).expect("one");
    let measured = Path::Cpu.measure(&traces, &setup.plan).expect("the plan's length");
    let judged = controls.judge_all(&traces, &measured, None).expect("the plan's length");
    let ranked: Vec<bool> = judged[0].surrogates.iter().map(|found| found.p.is_some()).collect();
    assert_eq!(ranked, [true, false, false, true], "{:?}", judged[0].reasons);
    // A surrogate without an exponent counts for nothing: here all samples but two are equal.
    let mut spiky = vec![0.0; 500];
    (spiky[20], spiky[400]) = (1.0, -2.0);
    let windows = vec![100, 120, 150];
    let forward = dfa::Settings { windows, convention: Convention::Forward, order: 1 };
    let plan = DfaPlan::new(500, &forward).expect("the windows fit");
    let controls = Controls::new(&plan, &settings, CONTROLS).expect("a plan");
    let traces = Traces::new(spiky, 500).expect("one");
    let measured = Path::Cpu.measure(&traces, &plan).expect("the plan's length");
    let judged = controls.judge_all(&traces, &measured, None).expect("the plan's length");
    for found in &judged[0].surrogates {
        assert!(found.mean.is_finite() && found.p.is_none_or(|p| p > 0.0 && p <= 1.0), "{found:?}");
    }
    let json = serde_json::to_string(&Verdict::ALL).expect("names");
    let names: Vec<String> = serde_json::from_str(&json).expect("names");
    assert_eq!(names, Verdict::ALL.map(Verdict::name));
}

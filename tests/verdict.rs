//! The verdict of traces whose answer is known.
use noisescope::analysis::controls::{Controls, Judgement, Settings, Verdict};
use noisescope::analysis::dfa::{self, Calibration, DfaPlan, Overlap, Path};
use noisescope::signal::{Traces, fractional, noise};
use rayon::prelude::*;
use std::time::Instant;

fn wide(steps: usize, count: usize) -> DfaPlan {
    let ratio = (steps as f64 / 40.0).ln() / (count as f64 - 1.0);
    let mut windows: Vec<usize> =
        (0..count).map(|i| (10.0 * (ratio * i as f64).exp()).round() as usize).collect();
    windows.dedup();
    DfaPlan::new(steps, &dfa::Settings { windows, overlap: Overlap::Half }).expect("fits")
}

type Maker = Box<dyn Fn(usize, u64) -> Vec<f32> + Sync>;
fn judge(
    plan: &DfaPlan,
    controls: &Controls,
    calibration: Option<&Calibration>,
    make: &Maker,
    count: u64,
) -> Vec<Judgement> {
    let samples: Vec<Vec<f32>> =
        (0..count).into_par_iter().map(|i| make(plan.steps(), i)).collect();
    let traces = Traces::new(samples.concat(), plan.steps()).unwrap();
    let measured = Path::Cpu.measure(&traces, plan).unwrap();
    controls.judge_all(&traces, &measured, calibration).unwrap()
}

fn broken(steps: usize, beta_low: f64, beta_high: f64, period: f64, i: u64) -> Vec<f32> {
    use rand_distr::{Distribution, StandardNormal};
    let mut g = noisescope::signal::random::stream(7, "test/broken", i);
    let n = 4 * steps;
    let inverse = realfft::RealFftPlanner::<f64>::new().plan_fft_inverse(n);
    let mut s = inverse.make_input_vec();
    let knee = n as f64 / period;
    for (k, v) in s.iter_mut().enumerate().skip(1) {
        let x = k as f64 / knee;
        let p = if x < 1.0 { x.powf(-beta_low) } else { x.powf(-beta_high) };
        let mut d = || -> f64 { StandardNormal.sample(&mut g) };
        *v = realfft::num_complex::Complex::new(d() * p.sqrt(), d() * p.sqrt());
    }
    let last = s.len() - 1;
    s[last].im = 0.0;
    let mut out = inverse.make_output_vec();
    inverse.process(&mut s, &mut out).unwrap();
    out[..steps].iter().map(|&x| x as f32).collect()
}

fn sum(a: Vec<f32>, b: Vec<f32>, w: f32) -> Vec<f32> {
    a.iter().zip(&b).map(|(a, b)| a + w * b).collect()
}

#[test]
fn explore() {
    let count = 300u64;
    for (steps, sizes) in [(4096usize, 20usize), (500, 15)] {
        let plan = wide(steps, sizes);
        let t = Instant::now();
        let controls = Controls::new(&plan, &Settings::default(), 1).unwrap();
        println!("== {steps}: controls {:?}", t.elapsed());
        let calibration = Calibration::new(&plan, 0.95, 1).unwrap();
        let mut cases: Vec<(String, Maker)> = vec![
            ("white".into(), Box::new(|n, i| noise::white(n, 9, i))),
            ("pink".into(), Box::new(|n, i| noise::pink(n, 9, i))),
            ("pink cut".into(), Box::new(|n, i| noise::pink(8 * n, 9, i)[..n].to_vec())),
            (
                "coloured .5 cut".into(),
                Box::new(|n, i| noise::coloured(8 * n, 0.5, 9, i)[..n].to_vec()),
            ),
            (
                "coloured 1.5 cut".into(),
                Box::new(|n, i| noise::coloured(8 * n, 1.5, 9, i)[..n].to_vec()),
            ),
            ("brownian".into(), Box::new(|n, i| noise::brownian(n, 9, i))),
        ];
        for a in [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.7] {
            let maker: Maker = Box::new(move |n, i| fractional::self_similar(n, a, 9, i));
            cases.push((format!("self-similar {a}"), maker));
        }
        for h in [0.3, 0.7] {
            cases.push((
                format!("fBm points {h}"),
                Box::new(move |n, i| fractional::brownian(n, h, 9, i)),
            ));
        }
        for tau in [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0f64] {
            let phi = (-1.0 / tau).exp();
            cases.push((
                format!("AR {tau}"),
                Box::new(move |n, i| noise::autoregressive(n, phi, 9, i)),
            ));
        }
        for (tau, w) in [(20.0f64, 0.5f32), (20.0, 1.0), (20.0, 2.0)] {
            let phi = (-1.0 / tau).exp();
            let sd = (1.0 / (1.0 - phi * phi)).sqrt() as f32;
            cases.push((
                format!("AR {tau} + white {w}"),
                Box::new(move |n, i| {
                    sum(noise::autoregressive(n, phi, 9, i), noise::white(n, 9, i), w * sd)
                }),
            ));
        }
        for w in [0.5f32, 1.0] {
            cases.push((
                format!("pink + white {w}"),
                Box::new(move |n, i| sum(noise::pink(n, 9, i), noise::white(n, 9, i), w)),
            ));
        }
        cases.push((
            "white + .03 brownian".into(),
            Box::new(|n, i| sum(noise::white(n, 9, i), noise::brownian(n, 9, i), 0.03)),
        ));
        cases.push((
            "white + .01 brownian".into(),
            Box::new(|n, i| sum(noise::white(n, 9, i), noise::brownian(n, 9, i), 0.01)),
        ));
        for (lo, hi) in [
            (0.0, 1.0),
            (0.0, 2.0),
            (1.0, 2.0),
            (0.4, 1.4),
            (1.0, 0.0),
            (2.0, 0.0),
            (2.0, 1.0),
            (1.0, 0.5),
        ] {
            cases.push((
                format!("broken {lo} {hi}"),
                Box::new(move |n, i| broken(n, lo, hi, (10.0 * n as f64).sqrt(), i)),
            ));
        }
        println!(
            "{:22} {}   FA(crossover raw>2, &change>.2, >0)  score mean/sd  tau  alpha_w  ms/trace",
            "",
            Verdict::ALL.map(|v| format!("{:>6.6}", v.name())).join(" ")
        );
        let mut scores: Vec<(String, Vec<f64>)> = Vec::new();
        for (name, make) in &cases {
            let t0 = Instant::now();
            let _ = t0;
            let samples: Vec<Vec<f32>> =
                (0..count).into_par_iter().map(|i| make(steps, i)).collect();
            let traces = Traces::new(samples.concat(), steps).unwrap();
            let measured = Path::Cpu.measure(&traces, &plan).unwrap();
            let t = Instant::now();
            let found = controls.judge_all(&traces, &measured, Some(&calibration)).unwrap();
            let ms = t.elapsed().as_secs_f64() * 1e3 / count as f64;
            let c = |v| found.iter().filter(|j| j.verdict == v).count();
            let x = |f: &dyn Fn(&noisescope::analysis::controls::Crossover) -> bool| {
                found.iter().filter(|j| j.crossover.as_ref().is_some_and(f)).count() as f64
                    / count as f64
            };
            let s: Vec<f64> = found.iter().map(|j| j.memory.unwrap().score).collect();
            let mean = s.iter().sum::<f64>() / count as f64;
            let sd = (s.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
            let med = |f: &dyn Fn(&Judgement) -> f64| {
                let mut v: Vec<f64> = found.iter().map(f).collect();
                v.sort_by(f64::total_cmp);
                v[v.len() / 2]
            };
            println!(
                "{name:22} {}   {:.3} {:.3} {:.3} {:.3} | {:8.1} {:6.1} | {:6.1} {:.2} mis {:.1} | {:.2} {:.2} | {ms:.3}",
                Verdict::ALL.map(|v| format!("{:6}", c(v))).join(" "),
                x(&|c| c.evidence > 0.0),
                x(&|c| c.evidence > 2.0),
                x(&|c| c.evidence > 2.0 && (c.above - c.below).abs() > 0.2),
                x(&|c| c.evidence > 6.0),
                mean,
                sd,
                med(&|j| j.memory.unwrap().time_constant),
                med(&|j| j.memory.unwrap().alpha),
                med(&|j| j.memory.unwrap().misfit),
                med(&|j| j.crossover.unwrap().below),
                med(&|j| j.crossover.unwrap().above)
            );
            scores.push((name.clone(), s));
        }
        for (a, sa) in scores.iter().filter(|s| s.0.starts_with("AR")) {
            for (b, sb) in scores.iter().filter(|s| {
                s.0.starts_with("pink")
                    || s.0.contains(" 0.9")
                    || s.0.ends_with(" 1")
                    || s.0.contains("1.1")
            }) {
                let auc: f64 = sa
                    .iter()
                    .map(|x| sb.iter().map(|y| if x > y { 1.0 } else { 0.0 }).sum::<f64>())
                    .sum::<f64>()
                    / (count * count) as f64;
                print!("{a} vs {b}: {auc:.4}; ");
            }
            println!();
        }
    }
}

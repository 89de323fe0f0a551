//! The page of an analysis, of one trace and of thousands.
//!
//! The analyses here are made up for these tests; their numbers are of no recording.

use noisescope::analysis::controls::memory::Model;
use noisescope::analysis::controls::{Comparison, LocalSlope, Memory, Verdict};
use noisescope::analysis::dfa::Convention;
use noisescope::analysis::surrogates::Surrogate;
use noisescope::experiments::analyze::{Analysis, Fit, Spectrum, Trace};
use noisescope::experiments::outcome::Device;
use noisescope::report;

#[path = "common/page.rs"]
mod checks;
use checks::{loads, unbalanced};

const HOSTILE: &str = "<script>alert(1)</script>&\"\u{1b}[2J</td>";
const WINDOWS: [usize; 8] = [8, 16, 32, 64, 128, 256, 512, 1024];

/// A power law with a wobble; every seventh trace is constant.
fn trace(number: usize) -> Trace {
    let alpha = 0.4 + (number * 37 % 100) as f64 / 80.0;
    let wobble = |at: usize| 0.05 * ((number + at) as f64).sin();
    let value = |at: usize| (WINDOWS[at] as f64).powf(alpha) * (number as f64 + wobble(at)).exp();
    let defined = number % 7 != 6;
    let only = |value: f64| defined.then_some(value);
    let fit = |range: [usize; 2]| Fit {
        range,
        alpha: only(alpha),
        alpha_interval: defined.then_some([alpha - 0.1, alpha + 0.1]),
        alpha_unbiased: only(alpha + 0.01),
        intercept: only(number as f64),
        beta: only(2.0 * alpha - 1.0),
        flags: Vec::new(),
    };
    let slope = |at: usize| LocalSlope { window: WINDOWS[at] as f64, alpha: alpha + wobble(at) };
    let frequency: Vec<f64> = (1..40).map(|band| f64::from(band) / 80.0).collect();
    let model = Model { parameter: 3.0, white: 0.0 };
    Trace {
        name: format!("made-up:{number}"),
        source: "made-up.npy".into(),
        samples: 4096,
        rate: Some(250.0),
        alpha: only(alpha),
        alpha_interval: defined.then_some([alpha - 0.1, alpha + 0.1]),
        alpha_unbiased: only(alpha + 0.01),
        beta: only(2.0 * alpha - 1.0),
        beta_spectral: only(2.0 * alpha - 1.02),
        windows: WINDOWS.to_vec(),
        fluctuation: defined.then(|| (0..WINDOWS.len()).map(value).collect()),
        fits: vec![fit([8, 1024]), fit([64, 1024])],
        local_slopes: if defined { (1..7).map(slope).collect() } else { Vec::new() },
        spectrum: defined.then(|| Spectrum {
            power: frequency.iter().map(|f| f.powf(1.0 - 2.0 * alpha)).collect(),
            frequency,
        }),
        verdict: if defined { Verdict::OneOverF } else { Verdict::Undefined },
        reasons: vec!["a reason with -0.5 units".into()],
        crossover: None,
        memory: defined.then_some(Memory {
            score: -3.0,
            coloured: 2.0,
            autoregression: model,
            power_law: model,
            misfit: 0.0,
        }),
        surrogates: Vec::new(),
        flags: if defined { Vec::new() } else { vec!["constant".into()] },
    }
}

fn analysis(traces: Vec<Trace>) -> Analysis {
    let count = |verdict| traces.iter().filter(|trace| trace.verdict == verdict).count();
    Analysis {
        version: "0.1.0".into(),
        device: Device {
            name: "Made-up Device 9000".into(),
            backend: "vulkan".into(),
            kind: "discrete GPU".into(),
            driver: String::new(),
        },
        notes: Vec::new(),
        order: 1,
        convention: Convention::HalfOverlap,
        seed: 0,
        surrogates: 0,
        gaps: None,
        conventions: vec!["Alpha is the slope.".into()],
        verdicts: Verdict::ALL.map(|verdict| (verdict, count(verdict))).to_vec(),
        traces,
    }
}

fn page(traces: Vec<Trace>) -> String {
    let page = report::analysis::html(&analysis(traces)).expect("the page is drawn");
    assert_eq!(unbalanced(&page), None);
    assert_eq!(loads(&page), Vec::<&str>::new());
    for sign in ["NaN", ">inf", "inf<", " inf ", "undefined ("] {
        assert!(!page.contains(sign), "{sign} is shown");
    }
    page
}

#[test]
fn one_trace_is_read_in_a_sentence() {
    let page = page(vec![trace(0)]);
    assert!(page.contains("1 trace of made-up.npy"));
    assert!(page.contains("class=\"summary\">alpha 0.40 (95\u{a0}% interval 0.30 to 0.50)"));
    assert!(page.contains("0.032 to 4.096 s: 1/f noise; a reason with \u{2212}0.5 units"));
    assert_eq!(page.matches("<svg ").count(), 4);
    assert!(page.contains("Kass") && page.contains("Peng"));
}

#[test]
fn few_traces_are_drawn_one_by_one() {
    let mut traces: Vec<Trace> = (0..5).map(trace).collect();
    for (kind, mean) in Surrogate::ALL.into_iter().zip([0.5, 0.9, 0.9, 1.2]) {
        let compared = Comparison { kind, mean, deviation: 0.1, p: Some(0.1) };
        traces.iter_mut().for_each(|trace| trace.surrogates.push(compared));
    }
    let page = page(traces);
    for number in 0..5 {
        assert!(page.matches(&format!("made-up:{number}")).count() >= 5, "trace {number}");
    }
    assert!(page.contains("alpha 2<span>n 64 to 1024</span>"));
    assert!(page.contains("<th scope=\"row\">phase-randomised</th>"));
    assert!(!page.contains("median; areas"));
}

#[test]
fn thousands_of_traces_stay_readable() {
    let page = page((0..3000).map(trace).collect());
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    assert!(page.contains("3,000 traces: alpha 1.02 (5\u{2013}95\u{a0}%: "), "the sentence");
    assert!(page.contains("86\u{a0}% 1/f, 14\u{a0}% undefined; 428 without an exponent."));
    assert!(page.contains("The 200 most unusual of 3,000 traces"));
    assert_eq!(page.matches("<td class=\"prose\">").count(), 200);
    // Two ranges of sizes, and three panels of the one length.
    assert_eq!(page.matches("<svg ").count(), 5);
    assert!(page.contains("median; areas"));
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("analysis.html"), &page).expect("the page is written");
}

#[test]
fn the_largest_groups_are_drawn_and_the_others_counted() {
    let of_length = |(place, many): (usize, usize)| {
        (0..many).map(move |number| Trace { samples: 1000 + place, ..trace(7 * number) })
    };
    let page = page([3, 20, 2, 4, 5, 1].into_iter().enumerate().flat_map(of_length).collect());
    assert!(page.contains("20 traces of 1,001 samples, 250 Hz"));
    assert!(page.contains("The curves of 3 traces of other lengths are not drawn."));
    assert!(page.contains("1,000 to 1,005 samples"));
}

#[test]
fn hostile_names_stay_text() {
    for many in [1, 5, 30] {
        let mut traces: Vec<Trace> = (0..many).map(trace).collect();
        for trace in &mut traces {
            trace.name = HOSTILE.into();
            trace.source = HOSTILE.into();
            trace.reasons = vec![HOSTILE.into()];
            trace.flags = vec![HOSTILE.into()];
        }
        let page = page(traces);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;"));
        assert!(!page.contains('\u{1b}'));
    }
}

#[test]
fn what_is_undefined_is_a_dash() {
    let nothing = page(Vec::new());
    assert!(nothing.contains("0 traces") && nothing.contains("No exponent is defined."));
    let constant = page(vec![trace(6)]);
    assert!(constant.contains("no exponent (constant)"));
    assert!(constant.contains("<td class=\"number\">\u{2013}</td>"));
    for many in [1, 20] {
        let mut traces: Vec<Trace> = (0..many).map(|number| trace(7 * number)).collect();
        for (place, trace) in traces.iter_mut().enumerate() {
            let fluctuation = trace.fluctuation.as_mut().expect("defined here");
            match place % 4 {
                0 => fluctuation[7] = f64::NAN,
                1 => fluctuation[0] = 0.0,
                2 => fluctuation.fill(f64::NAN),
                _ => trace.spectrum = None,
            }
            trace.local_slopes[0].alpha = f64::NAN;
            trace.fits[1].alpha = None;
            trace.fits[0].intercept = Some(f64::INFINITY);
        }
        page(traces);
    }
}

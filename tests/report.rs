//! The report: an outcome as text, as a page and as JSON.
//!
//! The outcome here is made up for these tests; its figures are of no run. The page of it is
//! written to cargo's folder for tests, to be looked at: `<target>/tmp/report.html`.

use noisescope::analysis::controls::Verdict;
use noisescope::experiments::outcome::{
    Accuracy, Contrast, Control, Corpus, Device, Epoch, ExponentSummary, Fluctuation, Histogram,
    LocalBeta, Outcome, Recording, Spread, Utilisation,
};
use noisescope::report;

#[path = "common/page.rs"]
mod checks;
use checks::{loads, unbalanced};

const QUANTITIES: [&str; 7] = ["input", "f", "i", "o", "candidate", "cell", "hidden"];
const CONDITIONS: [&str; 6] =
    ["trained", "untrained", "shuffled", "padding", "epoch 1", "epoch 14"];
const AGGREGATIONS: [&str; 4] = ["unit", "pooled", "population", "spectral"];
const REVIEWS: usize = 200;

/// Mean and spread of beta, rising with the quantity and with the aggregation.
fn beta(quantity: usize, condition: usize, aggregation: usize) -> (f64, f64) {
    let mean = 0.02 + 0.14 * quantity as f64 * (1.0 - 0.3 * condition as f64);
    let spread = [0.12 + 0.04 * quantity as f64, 0.06, 0.13, 0.04][aggregation];
    (mean * [0.5, 0.8, 1.1, 0.7][aggregation] - 0.01, spread)
}

fn exponent(quantity: usize, condition: usize, aggregation: usize) -> ExponentSummary {
    let (mean, spread) = beta(quantity, condition, aggregation);
    let units = if quantity == 0 { 32 } else { 60 };
    let traces = if aggregation == 0 { REVIEWS * units } else { REVIEWS };
    let undefined = if quantity == 6 && aggregation == 0 { 17 } else { 0 };
    ExponentSummary {
        quantity: QUANTITIES[quantity].into(),
        condition: CONDITIONS[condition].into(),
        aggregation: AGGREGATIONS[aggregation].into(),
        alpha_mean: Some((mean + 1.0) / 2.0),
        beta_mean: Some(mean),
        beta_sd: Some(spread),
        beta_median: Some(mean - 0.004),
        traces: traces - undefined,
        undefined,
    }
}

fn histogram(quantity: usize, condition: usize) -> Histogram {
    let (mean, spread) = beta(quantity, condition, 0);
    let (low, width) = (-1.0, 0.05);
    let count = |bin: usize| {
        let z = (low + (bin as f64 + 0.5) * width - mean) / spread;
        (12_000.0 * (-0.5 * z * z).exp()) as u64 / 20
    };
    Histogram {
        quantity: QUANTITIES[quantity].into(),
        condition: CONDITIONS[condition].into(),
        aggregation: "unit".into(),
        low,
        width,
        counts: (0..80).map(count).collect(),
    }
}

fn fluctuation(quantity: usize, condition: usize, aggregation: usize) -> Fluctuation {
    let windows = vec![10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 72, 86, 104, 125];
    let alpha = (beta(quantity, condition, aggregation).0 + 1.0) / 2.0;
    let intercept = -4.0 + 0.25 * quantity as f64 - 0.5 * aggregation as f64;
    let value = |&window: &usize| {
        let wobble = 0.03 * (window as f64).sin();
        (intercept + alpha * (window as f64).ln() + wobble).exp()
    };
    Fluctuation {
        quantity: QUANTITIES[quantity].into(),
        condition: CONDITIONS[condition].into(),
        aggregation: AGGREGATIONS[aggregation].into(),
        fluctuation: windows.iter().map(value).collect(),
        log_sd: windows.iter().map(|&window| 0.15 + 0.001 * window as f64).collect(),
        windows,
        alpha,
        intercept,
    }
}

fn epoch(epoch: usize) -> Epoch {
    let learned = 1.0 - (-0.35 * epoch as f64).exp();
    Epoch {
        epoch,
        training_loss: 0.70 - 0.55 * learned,
        training_accuracy: 0.50 + 0.46 * learned,
        validation_loss: 0.69 - 0.39 * learned + 0.004 * epoch as f64,
        validation_accuracy: 0.50 + 0.38 * learned - 0.0006 * (epoch * epoch) as f64 / 4.0,
        seconds: 11.3,
    }
}

/// Gates against h, rest against task, right against wrong, in all aggregations.
fn contrasts() -> Vec<Contrast> {
    let of = |about: &str, quantity: &str, first: &str, second: &str, difference: f64| {
        AGGREGATIONS.map(|aggregation| Contrast {
            about: about.into(),
            quantity: quantity.into(),
            first: first.into(),
            second: second.into(),
            aggregation: aggregation.into(),
            reviews: if about == "rightness" { (171, 29) } else { (REVIEWS, REVIEWS) },
            means: (0.7 + difference, 0.7),
            difference,
            interval: (difference - 0.0421, difference + 0.0421),
        })
    };
    [
        of("internal", "f", "f", "hidden", -0.4137),
        of("internal", "cell", "cell", "hidden", 0.2137),
        of("drive", "hidden", "shuffled", "text", 0.0317),
        of("rightness", "hidden", "right", "wrong", -0.0917),
    ]
    .concat()
}

fn control(quantity: usize, condition: usize) -> Control {
    let spread = |mean: f64| Spread { mean: Some(mean), sd: Some(0.11) };
    let mean = beta(quantity, condition, 0).0;
    let local = |sizes, mean| LocalBeta { sizes, beta: spread(mean) };
    Control {
        quantity: QUANTITIES[quantity].into(),
        condition: CONDITIONS[condition].into(),
        traces: 1_903,
        undefined: 17,
        beta: spread(mean),
        local: vec![local([10, 30], mean + 0.06), local([30, 125], mean - 0.05)],
        surrogates: 19,
        autoregressive: spread(mean / 2.0),
        above_autoregressive: 419,
        shuffled: spread(0.003),
        phase_randomised: spread(mean + 0.01),
        verdicts: Verdict::ALL.into_iter().zip([300, 900, 500, 50, 100, 53, 0]).collect(),
    }
}

/// A whole outcome.
fn outcome() -> Outcome {
    let mut exponents = Vec::new();
    let mut histograms = Vec::new();
    let mut fluctuations = Vec::new();
    let mut utilisation = Vec::new();
    for (quantity, quantity_name) in QUANTITIES.iter().enumerate() {
        for (condition, condition_name) in CONDITIONS.iter().enumerate() {
            for aggregation in 0..AGGREGATIONS.len() {
                exponents.push(exponent(quantity, condition, aggregation));
                fluctuations.push(fluctuation(quantity, condition, aggregation));
            }
            histograms.push(histogram(quantity, condition));
            utilisation.push(Utilisation {
                quantity: (*quantity_name).into(),
                condition: (*condition_name).into(),
                sd_mean: 0.21 / (1.0 + quantity as f64),
                below_0_01: 0.011 * quantity as f64,
                below_0_05: 0.07 * quantity as f64,
                beta_mean_used: Some(beta(quantity, condition, 0).0 + 0.03),
            });
        }
    }
    Outcome {
        experiment: "one-over-f".into(),
        seed: 20_240_801,
        version: "0.1.0".into(),
        libraries: vec![("burn".into(), "0.22.1".into())],
        weights: None,
        device: Device {
            name: "Made-up Device 9000".into(),
            backend: "vulkan".into(),
            kind: "discrete GPU".into(),
            driver: "Made-up driver 1.2".into(),
        },
        notes: Vec::new(),
        corpus: Corpus {
            source: "data/aclImdb_v1.tar.gz".into(),
            synthetic: false,
            reviews: 50_000,
            training_reviews: 35_000,
            validation_reviews: 15_000,
            mean_tokens: 236.74,
            series: None,
        },
        accuracy: Accuracy { validation: 0.8719 },
        training: (1..=14).map(epoch).collect(),
        recording: Recording {
            eligible: 1_183,
            reviews: REVIEWS,
            right: 171,
            steps: 500,
            units: 60,
            components: 32,
        },
        exponents,
        histograms,
        fluctuations,
        utilisation,
        contrasts: contrasts(),
        controls: [0, 5, 6].iter().flat_map(|&q| [0, 1].map(|c| control(q, c))).collect(),
        methods: vec![
            "Detrended fluctuation analysis of order 1, windows of 10 to 125 samples, half \
             overlapping, F(n) = sqrt(mean squared residual over all windows)."
                .into(),
            "One exponent per unit & review; traces of 500 tokens.".into(),
        ],
        settings: "seed = 20240801\n\n[dfa]\nwindows = \"10..125\"\norder = 1\n".into(),
        seconds: vec![
            ("reading".into(), 3.2),
            ("training".into(), 158.4),
            ("recording".into(), 4.41),
            ("DFA".into(), 0.62),
        ],
    }
}

/// The same network on the made-up corpus.
fn synthetic() -> Outcome {
    let mut outcome = outcome();
    outcome.corpus.synthetic = true;
    outcome.corpus.source = "built-in".into();
    outcome
}

/// An outcome in which nothing is defined.
fn empty() -> Outcome {
    let mut outcome = outcome();
    for entry in &mut outcome.exponents {
        entry.alpha_mean = None;
        entry.beta_mean = None;
        entry.beta_sd = None;
        entry.beta_median = None;
        entry.undefined += std::mem::take(&mut entry.traces);
    }
    outcome.histograms.clear();
    outcome.fluctuations.clear();
    outcome.utilisation.iter_mut().for_each(|entry| entry.beta_mean_used = None);
    for control in &mut outcome.controls {
        let (quantity, condition) = (control.quantity.clone(), control.condition.clone());
        *control = Control { quantity, condition, undefined: 1_920, ..Control::default() };
    }
    outcome
}

fn page(outcome: &Outcome) -> String {
    let page = report::html(outcome).expect("the page is drawn");
    assert_eq!(unbalanced(&page), None);
    assert_eq!(loads(&page), Vec::<&str>::new());
    assert!(!page.contains("NaN") && !page.contains("inf<"), "a number that is none is shown");
    page
}

#[test]
fn the_checks_can_fail() {
    assert!(unbalanced("<p><b></p></b>").is_some());
    assert!(unbalanced("<p>").is_some());
    assert!(unbalanced("<p title=\"a></p>").is_some());
    assert_eq!(loads("<img src=\"http://a.b/c.png\"/>"), ["src=", "<img"]);
}

#[test]
fn the_page_shows_everything_and_is_the_same_every_time() {
    let outcome = outcome();
    let page = page(&outcome);
    for name in QUANTITIES.iter().chain(&CONDITIONS).chain(&AGGREGATIONS) {
        assert!(
            page.contains(&format!(">{name}<")) || page.contains(&format!(">{name} <")),
            "{name}"
        );
    }
    for figure in
        ["0.833 ± 0.132", "0.002 ± 0.116", "87.2\u{a0}%", "20240801", "2 min 38 s", "0.86"]
    {
        assert!(page.contains(figure), "{figure}");
    }
    for entry in &outcome.exponents {
        let mean = format!("{:.3}", entry.beta_mean.expect("defined here")).replace('-', "−");
        assert!(page.contains(&mean), "beta of {entry:?}");
    }
    // F(n), histograms, the course of hidden, cell and input, training.
    assert_eq!(page.matches("<svg ").count(), 2 + QUANTITIES.len() + 3 + 2);
    let tables = page.matches("<table>").count();
    assert_eq!(page.matches(" aria-label=\"").count(), page.matches("<svg ").count() + tables);
    for claimed in [
        "0.8841 to 0.8919",
        "0.278 to 0.293",
        "9 to 15",
        "0.8597",
        "1.142",
        "−0.414 [−0.456, −0.372]",
        "<td>mixed</td>",
        "<td>open</td>",
    ] {
        assert!(page.contains(claimed), "{claimed}");
    }
    let survives = "Of 1,903 traces of hidden (trained) 26\u{a0}% are called 1/f";
    assert!(page.contains(survives) && page.contains("beta, 30 to 125"));
    assert!(page.contains("Maas") && !page.contains("Synthetic"));
    assert_eq!(page, report::html(&outcome).expect("the page is drawn again"));

    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("report.html"), &page).expect("the page is written");
    let synthetic = report::html(&synthetic()).expect("the page is drawn");
    std::fs::write(folder.join("synthetic.html"), synthetic).expect("the page is written");
}

#[test]
fn a_made_up_corpus_is_named_so() {
    let page = page(&synthetic());
    assert!(page.contains("Synthetic corpus.") && !page.contains("Maas"));
    let text = report::text(&synthetic());
    assert!(text.contains("SYNTHETIC") && text.contains("not IMDb"));
    assert!(!report::text(&outcome()).contains("SYNTHETIC"));
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "<script>alert(1)</script>&\"\u{1b}[2J</pre></title>";
    let mut outcome = outcome();
    outcome.corpus.source = hostile.into();
    outcome.device.name = hostile.into();
    outcome.experiment = hostile.into();
    outcome.version = hostile.into();
    outcome.settings = hostile.into();
    outcome.methods = vec![hostile.into()];
    outcome.seconds[0].0 = hostile.into();
    for name in ["input", "hidden"] {
        let unnamed = |quantity: &mut String| {
            if quantity == name {
                *quantity = format!("{name}{hostile}");
            }
        };
        outcome.exponents.iter_mut().for_each(|entry| unnamed(&mut entry.quantity));
        outcome.histograms.iter_mut().for_each(|entry| unnamed(&mut entry.quantity));
        outcome.utilisation.iter_mut().for_each(|entry| unnamed(&mut entry.quantity));
        outcome.controls.iter_mut().for_each(|entry| unnamed(&mut entry.quantity));
    }
    let page = page(&outcome);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;"));
    assert!(!page.contains('\u{1b}'));
    let text = report::text(&outcome);
    assert!(!text.contains('\u{1b}'));
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn the_text_fits_its_width_and_says_what_counts() {
    for outcome in [outcome(), synthetic(), empty()] {
        let text = report::text(&outcome);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
        for word in
            ["unit", "pooled", "population", "hidden", "2301.08530", "1/f^beta", "0.833 ± 0.132"]
        {
            assert!(text.contains(word), "{word} in\n{text}");
        }
    }
    println!("{}", report::text(&synthetic()));
    let hidden = format!("{:.3} ± 0.360", beta(6, 0, 0).0);
    assert!(report::text(&outcome()).contains(&hidden), "{hidden}");
    assert!(report::text(&empty()).contains("undefined"));
}

#[test]
fn outcomes_without_numbers_still_make_a_report() {
    let nothing = page(&empty());
    assert!(nothing.contains("No fluctuation function") && nothing.contains("No exponent of"));
    let mut bare = empty();
    bare.exponents.clear();
    bare.controls.clear();
    bare.utilisation.clear();
    bare.training.clear();
    bare.seconds.clear();
    bare.methods.clear();
    bare.settings.clear();
    bare.accuracy.validation = f64::NAN;
    assert!(page(&bare).contains("No epoch of training"));
    assert!(report::text(&bare).contains("No exponent was measured"));
}

#[test]
fn strange_numbers_do_not_break_the_figures() {
    let mut outcome = outcome();
    outcome.training.truncate(1);
    page(&outcome);
    outcome.training[0].training_loss = f64::NAN;
    outcome.training[0].validation_accuracy = f64::INFINITY;
    for (place, entry) in outcome.fluctuations.iter_mut().enumerate() {
        match place % 5 {
            0 => entry.fluctuation.fill(f64::NAN),
            1 => entry.fluctuation.fill(0.0),
            2 => entry.fluctuation.truncate(1),
            3 => entry.log_sd.fill(f64::INFINITY),
            _ => (entry.alpha, entry.intercept) = (f64::NAN, f64::NAN),
        }
    }
    for (place, entry) in outcome.histograms.iter_mut().enumerate() {
        match place % 5 {
            0 => entry.counts.clear(),
            1 => entry.counts.fill(0),
            2 => entry.width = 0.0,
            3 => entry.low = f64::NAN,
            _ => entry.counts = vec![3],
        }
    }
    outcome.exponents[0].beta_mean = Some(f64::NAN);
    outcome.exponents[1].beta_sd = None;
    outcome.utilisation[0].sd_mean = f64::NAN;
    page(&outcome);
    for entry in &mut outcome.fluctuations {
        *entry = Fluctuation {
            windows: vec![10],
            fluctuation: vec![0.3],
            log_sd: vec![0.0],
            ..entry.clone()
        };
    }
    page(&outcome);
    report::json(&outcome).expect("what is not finite becomes null");
}

#[test]
fn the_json_is_the_outcome() {
    let outcome = outcome();
    let written = report::json(&outcome).expect("the outcome is written");
    let read: Outcome = serde_json::from_str(&written).expect("the outcome is read back");
    let value = serde_json::to_value(&outcome).expect("it is JSON");
    assert_eq!(serde_json::to_value(&read).expect("it is JSON"), value);
    assert_eq!(value["experiment"], "one-over-f");
    assert_eq!(value["device"]["kind"], "discrete GPU");
    assert_eq!(value["accuracy"]["validation"], 0.8719);
    let entry = &value["exponents"][0];
    for field in [
        "quantity",
        "condition",
        "aggregation",
        "alpha_mean",
        "beta_mean",
        "beta_sd",
        "beta_median",
        "traces",
        "undefined",
    ] {
        assert!(!entry[field].is_null(), "{field}");
    }
}

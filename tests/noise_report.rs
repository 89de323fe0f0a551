//! The report of the noise-preference study: an outcome as text, as a page and as JSON.
//!
//! The outcome here is made up for these tests; its figures are of no run. The page of it is
//! written to cargo's folder for tests, to be looked at: `<target>/tmp/noise-preference.html`.

use noisescope::analysis::noise::Site;
use noisescope::analysis::noise::preference::Estimate;
use noisescope::experiments::noise_preference::found::Outcome;
use noisescope::experiments::outcome::Device;
use noisescope::report::json;
use noisescope::report::noise_preference::{html, text};

#[path = "common/page.rs"]
mod checks;
use checks::{loads, unbalanced};
#[path = "noise_report/outcome.rs"]
mod made_up;
use made_up::*;

/// Sections of the page that need more than networks and groups.
const PARTS: [&str; 8] = [
    "Noise shifts the fixed points",
    "Single units",
    "Distance from the nonlinearity",
    "One neuron, exactly",
    "Through the maze",
    "Does the noise leave a colour?",
    "Is it stochastic resonance?",
    "Theory against simulation",
];

fn page(outcome: &Outcome) -> String {
    let page = html(outcome).expect("the page is drawn");
    assert_eq!(unbalanced(&page), None);
    assert_eq!(loads(&page), Vec::<&str>::new());
    numbers(&page);
    assert_eq!(page, html(outcome).expect("the page is drawn again"));
    page
}

fn terminal(outcome: &Outcome) -> String {
    let shown = text(outcome);
    for line in shown.lines() {
        assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
    }
    numbers(&shown);
    assert_eq!(shown, text(outcome));
    shown
}

/// No word of the rendering is a number that is none.
fn numbers(rendering: &str) {
    for word in rendering.split(|letter: char| !letter.is_alphanumeric()) {
        assert!(!["NaN", "nan", "inf"].contains(&word), "{word} is shown");
    }
}

fn headings(page: &str) -> Vec<&str> {
    page.split("<h2>").skip(1).filter_map(|part| part.split("</h2>").next()).collect()
}

/// The body of the section under `heading`.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let from = page.split(&format!("<h2>{heading}</h2>")).nth(1).expect("the section is there");
    from.split("</section>").next().expect("it ends")
}

#[test]
fn the_page_shows_everything_that_was_found() {
    let outcome = outcome();
    let page = page(&outcome);
    let found = headings(&page);
    let always = "What the paper claims|Preferred noise|Loss against test noise|Bias and variance|\
                  All kinds of networks|Training|Methods|How this was made|Sources";
    for heading in PARTS.into_iter().chain(always.split('|')) {
        assert_eq!(found.iter().filter(|one| **one == heading).count(), 1, "{heading}");
    }
    for (heading, figures) in [
        ("What the paper claims", &["0.95 [0.92, 0.98]", "12.2 [10.7, 13.7]", ">seen</td>"][..]),
        ("What the paper claims", &["± 0.00071 (closure 0.400)", "bias² 0.145 to "]),
        (
            "All kinds of networks",
            &["0.951 [0.917, 0.985]", "0.00312", "0.0417", "25.7 %", "0.731"],
        ),
        ("Noise shifts the fixed points", &["0.0798 ± 0.00014", "0.0800", "97.0 %"]),
        ("Single units", &["unit 17, input \u{2212}0.50", "variance", "density"]),
        ("Distance from the nonlinearity", &["62.5 %", "3.65", "6.54", "12.5 %"]),
        ("One neuron, exactly", &["\u{2212}0.741", "\u{2212}0.752", "0.0217", "0.904", "0.880"]),
        ("Through the maze", &["37.0 % of all its walks", "<polyline", "path length"]),
        ("Does the noise leave a colour?", &["0.830 ± 0.110", "1.21", "0.79", "noise 0.5 s"]),
        ("Is it stochastic resonance?", &["best at s = 1.00", "own preferred noise is 0."]),
        ("Theory against simulation", &["0.199", "0.201", "1.48", "5.20", "apart", "1 of 2"]),
        ("Loss against test noise", &["share that arrives"]),
        ("How this was made", &["20260104", "2 min 35 s", "Made-up Device 9000", "burn 0.22.1"]),
        ("Methods", &["Adam &amp; noise of a &lt; b."]),
        ("Sources", &["2601.04539"]),
    ] {
        for figure in figures {
            let figure = figure.replace(" %", "\u{a0}%");
            let body = section(&page, heading).replace(" %", "\u{a0}%");
            let body = body.replace("\u{a0}±\u{a0}", " ± ");
            assert!(body.contains(&figure), "no `{figure}` under {heading}");
        }
    }
    // Loss, bias and variance, and training: three tasks at two sites each.
    for heading in ["Bias and variance", "Training"] {
        assert_eq!(section(&page, heading).matches("<svg ").count(), 6, "{heading}");
    }
    // Two sites, no noise and the training noise; three quantities at two sites.
    assert_eq!(section(&page, "Through the maze").matches("<svg ").count(), 4 + 6);
    let drawn = page.matches("<svg ").count();
    let tables = page.matches("<table>").count();
    assert_eq!(
        page.matches(" aria-label=\"").count(),
        drawn + tables,
        "all figures say what they are"
    );
    assert_eq!(page.matches("<title>").count(), drawn + 1);

    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("noise-preference.html"), &page).expect("the page is written");
}

#[test]
fn the_text_says_what_counts() {
    let shown = terminal(&outcome());
    for words in [
        "Made-up Device 9000",
        "36 of relu units",
        "1 input, 64 units, 1 output; 60 steps, g = 0.1",
        "0.190 [0.156, 0.224]",
        "0.95 [0.92, 0.98]",
        "12.3 [10.8, 13.8]",
        "25.7 %",
        "0.0417",
        "Noise inside, preferred over training noise: function 0.95, regulator 0.95, maze 0.95",
        "seen in 6, not seen in 0, not clear in 0",
        "1 of 2 closed forms within 4 standard errors",
        "0.399 ± 0.00071 (closure 0.400)",
        "inside 0.731 (6.54)",
        "of the best neuron",
        "0.83 (0.61 without feedback)",
    ] {
        let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "no `{words}` in\n{shown}");
    }
    println!("{shown}");
}

#[test]
fn no_direction_is_presumed() {
    // What was found inside is now found outside, and the other way round.
    let mut other = outcome();
    let turned = |site: Site| if site == Site::Inside { Site::Outside } else { Site::Inside };
    other.groups.iter_mut().for_each(|group| group.site = turned(group.site));
    let shown = terminal(&other).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(shown.matches("seen in 0, not seen in 6, not clear in 0").count(), 2, "{shown}");
    let claimed = page(&other);
    assert!(section(&claimed, "What the paper claims").contains(">not seen</td>"));
    // Intervals that reach over the bounds do not tell.
    let mut open = outcome();
    for group in open.groups.iter_mut().filter(|group| group.level > 0.0) {
        group.ratio = estimate(0.9, 0.5);
        group.gain = Some(Estimate { value: 1.2, interval: Some([1.0, 1.4]) });
    }
    let shown = terminal(&open).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("seen in 0, not seen in 0, not clear in 6"), "{shown}");
    // Training noises that differ in their verdict are told apart.
    open.groups.iter_mut().filter(|group| group.level == 0.2).for_each(|group| {
        group.ratio = estimate(0.3, 0.1);
    });
    let page = page(&open);
    assert!(section(&page, "What the paper claims").contains("not seen at 0.2; not clear at 1"));
}

#[test]
fn what_is_missing_is_left_out() {
    let page = page(&bare());
    let found = headings(&page);
    for heading in PARTS.iter().chain(&["Preferred noise", "Training", "Methods"]) {
        assert!(!found.contains(heading), "{heading}");
    }
    assert!(found.contains(&"Loss against test noise") && found.contains(&"All kinds of networks"));
    terminal(&bare());

    let mut nothing = bare();
    nothing.networks.clear();
    nothing.groups.clear();
    nothing.tasks.clear();
    let found = self::page(&nothing);
    assert_eq!(headings(&found), ["How this was made", "Sources"]);
    assert!(found.contains("No network was trained with noise."));
    terminal(&nothing);
}

#[test]
fn one_network_of_a_kind_proves_nothing() {
    let mut alone = outcome();
    alone.networks.retain(|network| network.seed == 1);
    for group in &mut alone.groups {
        group.networks = 1;
        let [a, b, c] = [&mut group.preferred, &mut group.ratio, &mut group.gain];
        let all = [a, b, c, &mut group.still_ratio, &mut group.bias_left];
        all.into_iter().flatten().for_each(|one| one.interval = None);
    }
    let page = page(&alone);
    let claims = section(&page, "What the paper claims");
    assert!(claims.contains(">not clear</td>") && !claims.contains(">seen</td>"));
    assert!(terminal(&alone).contains("not clear in 6"));
}

#[test]
fn networks_without_training_noise_alone_make_a_page() {
    let mut still = outcome();
    still.networks.retain(|network| network.level == 0.0);
    still.groups.retain(|group| group.level == 0.0);
    let page = page(&still);
    assert!(
        page.contains("No network was trained with noise.")
            && page.contains("trained without noise")
    );
    assert!(headings(&page).contains(&"Is it stochastic resonance?"));
    terminal(&still);
}

#[test]
fn strange_numbers_break_nothing() {
    let mut strange = outcome();
    for (place, network) in strange.networks.iter_mut().enumerate() {
        let bad = [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e-300][place % 5];
        for point in &mut network.curve {
            (point.loss, point.bias, point.variance, point.score) = (bad, bad, bad, Some(bad));
        }
        network.preferred.value = bad;
        network.colours.iter_mut().for_each(|one| (one.beta, one.spectral) = ([bad; 2], None));
        network.walks.iter_mut().for_each(|one| (one.length, one.reached) = (None, bad));
        if let Some(neuron) = &mut network.neuron {
            (neuron.loss, neuron.best_loss, neuron.best) = (bad, 0.0, [bad; 2]);
        }
        if let Some(mechanism) = &mut network.mechanism {
            mechanism.shifts.iter_mut().for_each(|shift| *shift = [bad; 3]);
            for level in &mut mechanism.levels {
                (level.shift, level.shift_closure, level.agree) = (bad, None, Some(bad));
            }
        }
        network.course.truncate(1);
        network.curve.truncate(place % 3);
    }
    for group in &mut strange.groups {
        (group.loss, group.bias_share) = (f64::NAN, Some(f64::INFINITY));
        group.gain = Some(Estimate { value: 1e9, interval: Some([1e8, f64::INFINITY]) });
        group.preferred = Some(Estimate { value: 12_345.678, interval: Some([1.0, 1e12]) });
    }
    strange.checks.push(check("no error", 1.0, 2.0, 0.0));
    strange.checks.push(check("no number", f64::NAN, 2.0, 1.0));
    page(&strange);
    terminal(&strange);
    json(&strange).expect("what is not finite becomes null");
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "<script>alert(1)</script>&\"\u{1b}[2J</pre></title>";
    let mut outcome = outcome();
    let Device { name, kind, .. } = &mut outcome.device;
    for field in [name, kind, &mut outcome.experiment, &mut outcome.version, &mut outcome.settings]
    {
        *field = hostile.into();
    }
    (outcome.methods[0], outcome.seconds[0].0) = (hostile.into(), hostile.into());
    (outcome.checks[0].what, outcome.libraries[0].0) = (hostile.into(), hostile.into());
    outcome.checks[0].simulated = 9.0;
    outcome.tasks[2].measure = Some(hostile.into());
    let page = page(&outcome);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;"));
    assert!(!page.contains('\u{1b}') && !terminal(&outcome).contains('\u{1b}'));
}

#[test]
fn the_json_is_the_outcome() {
    let outcome = outcome();
    let written = json(&outcome).expect("the outcome is written");
    let read: Outcome = serde_json::from_str(&written).expect("the outcome is read back");
    assert_eq!(read.networks.len(), outcome.networks.len());
    let value: serde_json::Value = serde_json::from_str(&written).expect("it is JSON");
    assert_eq!(value["groups"][1]["ratio"]["value"], 0.951);
}

//! The report of the spike-train study: an outcome as text, as a page and as JSON.
//!
//! The outcome here is made up for these tests; its figures are of no run. The page of it is
//! written to cargo's folder for tests, to be looked at: `<target>/tmp/spike-trains.html`.

use noisescope::analysis::spikes::poisson::{PoissonSummary, Rejected};
use noisescope::experiments::outcome::Device;
use noisescope::experiments::spike_trains::difference::Difference;
use noisescope::experiments::spike_trains::found::{
    Comparison, Example, Look, Network, Outcome, Pictures, Seconds, View,
};
use noisescope::experiments::spike_trains::{Identity, Indicators, Order};
use noisescope::report::json;
use noisescope::report::spike_trains::{html, text};

#[path = "common/page.rs"]
mod checks;
use checks::{loads, unbalanced};

const LAYERS: [(&str, usize); 2] = [("1-dense512", 512), ("2-dense512", 512)];
const INDICATORS: [&str; 4] = ["MFR", "MFF", "Var(rate)", "Var(Fano)"];

/// Indicators whose figures are about `rate`.
fn indicators(units: usize, rate: f64) -> Indicators {
    Indicators {
        units,
        dead: 0.0123,
        always_on: 0.0045,
        mean_rate: Some(rate),
        rate_variance: Some(0.08 * rate),
        mean_fano: Some(1.0 - rate),
        fano_variance: Some(0.1),
        mean_cv: Some(0.707),
        coin_cv: Some(0.711),
    }
}

fn example() -> Example {
    let bell = |at: usize| (-(at as f64 - 50.0).powi(2) / 50.0).exp();
    Example {
        raster: (0..40).map(|unit| (unit..200).step_by(1 + unit / 4).collect()).collect(),
        counts: (0..=100).map(|at| (4.0 * bell(at)).round() as u64).collect(),
        poisson: (0..=100).map(|at| 2.0 * bell(at)).collect(),
        binomial: (0..=100).map(|at| 3.0 * bell(at)).collect(),
        rate: 0.5,
    }
}

/// A presentation; `whole` has what is kept at the end and before training only.
fn view(pictures: &str, order: Order, rate: f64, whole: bool) -> View {
    let rejected = Rejected { tested: 180, share: Some(0.051), discovered: Some(0.0) };
    let untested = Rejected { tested: 0, share: None, discovered: None };
    let model = PoissonSummary {
        geometric_intervals: rejected,
        poisson_fit: untested,
        ..PoissonSummary::default()
    };
    let some = |kept: bool| if kept { LAYERS.len() } else { 0 };
    View {
        pictures: pictures.into(),
        order,
        whole: indicators(1024, rate),
        layers: LAYERS.iter().map(|(_, units)| indicators(*units, rate)).collect(),
        poisson: vec![model; some(whole)],
        examples: vec![Some(example()); some(whole)],
        identity: (order == Order::Shuffled).then_some(Identity {
            units: 1000,
            mean: 0.0,
            root_mean_square: 0.98,
            largest: if whole { 4.1 } else { 5.4 },
            by_chance: whole.then_some(4.3),
            rare: 14,
        }),
        rates: vec![vec![3; 20]; some(whole)],
        fanos: vec![(0..40).rev().collect(); some(whole)],
        seconds: Seconds { pictures: 0.5, forward: 1.0, statistics: 0.25, model: 0.125 },
    }
}

fn network(label_noise: f64, seed: u64) -> Network {
    let rate = 0.6 - 0.1 * label_noise + 0.001 * seed as f64;
    let all = |rate: f64| {
        let parts = ["training", "test"].into_iter();
        parts.flat_map(|part| Order::ALL.map(|order| view(part, order, rate, true))).collect()
    };
    let look = |(passes, training_accuracy): (f64, f64)| Look {
        passes,
        training_accuracy,
        test_accuracy: 0.1 + 0.8 * (1.0 - label_noise),
        views: [Order::Shuffled, Order::Blocked]
            .map(|one| view("training", one, rate, false))
            .into(),
    };
    let late = 1.0 + 9.0 * label_noise;
    Network {
        seed,
        label_noise,
        course: [(0.0, 0.1), (0.125, 0.35), (0.5 * late, 0.91), (late, 0.992)].map(look).into(),
        end: all(rate),
        untrained: all(0.5),
    }
}

/// One comparison; its area and interval are those of MFF in `order`, unless it is of another
/// indicator.
fn compared(at: &str, pictures: &str, order: Order, layer: &str, indicator: &str) -> Comparison {
    let (difference, interval, auc) = match (indicator, order) {
        ("MFR" | "Var(rate)", _) => (-0.0878, (-0.0966, -0.0803), 0.0),
        ("MFF", Order::Shuffled) => (0.1149, (0.0618, 0.168), 1.0),
        // All on one side, though the interval holds 0; and the other way round.
        ("MFF", _) => (-1.7433, (-3.5, 0.25), 0.0),
        (_, Order::Shuffled) => (-0.0219, (-0.0383, -0.0055), 0.11),
        _ => (-45.6351, (-151.13, 60.1), 0.44),
    };
    let accuracies = match at {
        "0.3" => (0.351, 0.932),
        "0.9" => (0.913, 0.932),
        _ => (0.992, 0.994),
    };
    Comparison {
        at: at.into(),
        pictures: pictures.into(),
        order,
        layer: layer.into(),
        indicator: indicator.into(),
        accuracies: Some(accuracies),
        difference: Difference {
            networks: (3, 3),
            means: (0.5, 0.6),
            difference,
            interval: Some(interval),
            auc,
        },
    }
}

fn comparisons() -> Vec<Comparison> {
    let mut all = Vec::new();
    for at in ["0.3", "0.9", "end"] {
        for pictures in ["training", "test"] {
            for order in Order::ALL {
                if at != "end" && (pictures == "test" || order == Order::Repeated) {
                    continue;
                }
                for layer in ["all", LAYERS[0].0, LAYERS[1].0] {
                    let one = |indicator| compared(at, pictures, order, layer, indicator);
                    all.extend(INDICATORS.map(one));
                }
            }
        }
    }
    all
}

/// A whole outcome: three networks of each share of random labels.
fn outcome(noises: &[f64]) -> Outcome {
    let networks = |&noise: &f64| [1, 2, 3].map(|seed| network(noise, seed));
    Outcome {
        experiment: "spike-trains".into(),
        seed: 1,
        version: "0.1.0".into(),
        libraries: vec![("burn".into(), "0.22.1".into())],
        device: Device {
            name: "Made-up Device 9000".into(),
            backend: "vulkan".into(),
            kind: "discrete GPU".into(),
            driver: "Made-up driver 1.2".into(),
        },
        images: Pictures {
            source: "made-up pictures".into(),
            synthetic: true,
            shape: [1, 28, 28],
            training: 2000,
            test: 1000,
        },
        architecture: "mlp".into(),
        layers: LAYERS.map(|(name, units)| (name.to_owned(), units)).to_vec(),
        networks: noises.iter().flat_map(networks).collect(),
        until: 0.99,
        comparisons: if noises.len() > 1 { comparisons() } else { Vec::new() },
        methods: vec!["Adam & windows of a < b.".into()],
        settings: "seed = 1\n".into(),
        seconds: vec![("training and looking".into(), 152.0)],
    }
}

fn page(outcome: &Outcome) -> String {
    let page = html(outcome).expect("the page is drawn");
    assert_eq!(unbalanced(&page), None);
    assert_eq!(loads(&page), Vec::<&str>::new());
    for none in ["NaN", "inf<", "undefined %"] {
        assert!(!page.contains(none), "`{none}` on the page");
    }
    page
}

/// What the terminal shows, in one line.
fn terminal(outcome: &Outcome) -> String {
    let shown = text(outcome);
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    assert!(!shown.contains("NaN"), "{shown}");
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A section of the page by its heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let begin = format!("<h2>{heading}</h2>");
    let at = page.find(&begin).unwrap_or_else(|| panic!("no section `{heading}`"));
    page[at..].split("</section>").next().expect("it ends")
}

#[test]
fn the_page_has_every_part_and_the_answer_first() {
    let page = page(&outcome(&[0.0, 1.0]));
    let first = page.find("<h2>").expect("headings");
    assert!(page[first..].starts_with("<h2>What the paper claims"));
    // Panels: accuracies, four of rates, four of Fano factors, minus two of rates in the other
    // order, and two of silent units; MFR and MFF in two orders of two layers; rate and three Fano
    // factors of two layers; two layers in three orders of three kinds.
    for (heading, panels) in [
        ("Over the course of training", 2 + 4 + 2 + 2),
        ("Layer by layer", 2 * 3),
        ("Spread over units", 2 * 4),
        ("Rasters", 2 * 3 * 3),
        ("Counts", 2 * 3 * 3),
    ] {
        assert_eq!(section(&page, heading).matches("<svg ").count(), panels, "{heading}");
    }
    for (heading, words) in [
        ("Over the course of training", "Units that are always on"),
        ("Over the course of training", "dashed: the mean of untrained"),
        ("Layer by layer", "1-dense512, MFF, blocked"),
        ("Layer by layer", ">always on</th>"),
        ("Indicators", ">0.71 / 0.71</td>"),
        ("Indicators", "CV = sqrt(1 \u{2212} p)"),
        ("Spread over units", "2-dense512, Fano factor, repeated"),
        ("Rasters", "memorising, repeated, 1-dense512"),
        ("Counts", "untrained, repeated, 2-dense512"),
        ("Poisson processes, or coins?", ">-/-</td>|\u{2212}/\u{2212}"),
        ("Poisson processes, or coins?", "about 15 windows"),
        ("Times", "passes forward</th>"),
        ("Every difference", "Memorising minus generalising"),
    ] {
        let body = section(&page, heading);
        let found = words.split('|').any(|words| body.contains(words));
        assert!(found, "no `{words}` under {heading}");
    }
    assert!(!page.contains("epoch"), "networks are looked at within epochs, too");
    let drawn = page.matches("<svg ").count() + page.matches("<table>").count();
    assert_eq!(page.matches(" aria-label=\"").count(), drawn, "all figures say what they are");

    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("spike-trains.html"), &page).expect("the page is written");
}

#[test]
fn what_is_not_matched_is_not_compared() {
    let found = outcome(&[0.0, 1.0]);
    let shown = terminal(&found);
    for words in [
        "not comparable at 30.0 % (35.1 against 93.2 %)",
        "equally well fitted at 90.0 %, the end",
        "to the end, on training pictures: from 90.0 % on, memorising smaller: MFR, Var(rate), MFF \
         blocked; from 90.0 % on, memorising larger: MFF shuffled",
        "not to the end: Var(Fano) shuffled, Var(Fano) blocked",
        "(0.00) 0.00 0.00 90.0 %, smaller",
        "0.3 0.12 ± 0.00 93.2 %",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    assert!(!shown.contains("Apart both ways"), "{shown}");
    let mut turning = outcome(&[0.0, 1.0]);
    let early = |one: &&mut Comparison| one.at == "0.9" && one.indicator == "MFF";
    turning.comparisons.iter_mut().filter(early).for_each(|one| one.difference.auc = 1.0);
    assert!(terminal(&turning).contains("Apart both ways, at different accuracies: MFF blocked."));
    let page = page(&found);
    assert!(section(&page, "How early").contains("(0.00)"));
    assert!(section(&page, "Every difference").contains("not comparable"));
    // Without accuracies, as earlier versions wrote them, only the ends are.
    let mut old = outcome(&[0.0, 1.0]);
    old.comparisons.iter_mut().for_each(|one| one.accuracies = None);
    assert!(
        terminal(&old).contains("equally well fitted at the end; not comparable at 30.0 %, 90.0 %")
    );
}

#[test]
fn verdicts_agree_with_areas_and_intervals() {
    let shown = terminal(&outcome(&[0.0, 1.0]));
    for words in [
        "training pictures: apart, memorising smaller: MFR, Var(rate), MFR repeated, Var(rate) \
         repeated; apart, memorising larger: MFF shuffled; leaning, memorising smaller: Var(Fano) \
         shuffled, MFF blocked, MFF repeated; does not tell: Var(Fano) blocked, Var(Fano) repeated",
        "Test pictures: apart",
        "MFF blocked training -1.743 [-3.500, 0.250] 0.00 leans, smaller",
        "Var(Fano) blocked test -45.6 [-151.1, 60.1] 0.44 does not tell",
        // 3 stations' layers: 2 of the way with 6 lines, the end with 10 of both parts.
        "96 lines are looked at",
        "3 and 3 networks an AUC of 0 or 1 in 2 of 20 orders of the networks, 10 %",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
}

#[test]
fn kinds_have_their_own_names() {
    let found = outcome(&[0.25, 0.75]);
    let (shown, page) = (terminal(&found), page(&found));
    assert!(shown.contains("75 % random minus 25 % random at the end"), "{shown}");
    assert!(shown.contains("apart, 75 % random smaller: MFR"), "{shown}");
    assert!(shown.contains("tell 75 % random from 25 % random networks"), "{shown}");
    for word in ["memorising", "generalising"] {
        assert!(!shown.contains(word), "{word} in\n{shown}");
        assert!(!page.contains(word), "{word}");
    }
    // Of many kinds the outer ones are looked at closely, all in the tables.
    let many = self::page(&outcome(&[0.0, 0.25, 0.5, 0.75, 1.0]));
    assert_eq!(section(&many, "Rasters").matches("<svg ").count(), 2 * 3 * 3);
    assert!(section(&many, "Indicators").contains(">50 % random</th>"));
    assert!(section(&many, "Over the course of training").contains("random labels (%)"));
}

#[test]
fn a_network_that_did_not_learn_is_named() {
    let mut found = outcome(&[0.0, 1.0]);
    assert!(!terminal(&found).contains("CAUTION"));
    let last = found.networks[4].course.last_mut().expect("looks");
    last.training_accuracy = 0.873;
    let (shown, page) = (terminal(&found), page(&found));
    assert!(shown.contains("CAUTION 1 of 6 networks ended below 99.0 %"), "{shown}");
    assert!(shown.contains("memorising of seed 2 (87.3 %)"), "{shown}");
    assert!(shown.contains("end*") && page.contains("end*"), "{shown}");
    assert!(page.contains("memorising of seed 2 (87.3\u{a0}%)"));
    // Accuracies that are far apart at the end are not compared there.
    for one in found.comparisons.iter_mut().filter(|one| one.at == "end") {
        one.accuracies = Some((0.873, 0.994));
    }
    let shown = terminal(&found);
    assert!(shown.contains("training pictures: not comparable: MFR"), "{shown}");
    assert!(shown.contains("end not comparable"), "{shown}");
}

#[test]
fn the_identity_counts_units_once_and_says_what_was_left_out() {
    let shown = terminal(&outcome(&[0.0, 1.0]));
    // Six trained networks and three untrained ones, training and test pictures.
    for words in [
        "root mean square 0.98 (1 where the identity holds), largest 4.1, by chance alone 4.3",
        "9,216 hidden units of 9 networks (3 untrained",
        "18,000 values of a unit's Fano factor in 18 presentations",
        "Left out: 252 of units",
        // Three looks after training began, of six networks.
        "The largest of the looks on the way (18 presentations, 18,000 Fano factors): 5.4",
        "the statistics take 0.25 times as long as the passes forward",
        "0.71/0.71",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
}

#[test]
fn one_kind_and_nothing_at_all_make_a_page() {
    let alone = outcome(&[0.0]);
    assert!(page(&alone).contains("There is one kind of network only."));
    assert!(terminal(&alone).contains("one kind of network only"));
    let mut nothing = alone;
    nothing.networks.clear();
    page(&nothing);
    terminal(&nothing);
    let mut few = outcome(&[0.0, 1.0]);
    few.comparisons.iter_mut().for_each(|one| one.difference.interval = None);
    assert!(terminal(&few).contains("too few networks: MFR"));
}

#[test]
fn strange_numbers_break_nothing() {
    let mut strange = outcome(&[0.0, 1.0]);
    for (place, network) in strange.networks.iter_mut().enumerate() {
        let bad = [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e300][place % 5];
        network.course[2].views.iter_mut().for_each(|view| view.whole.mean_rate = Some(bad));
        for view in network.end.iter_mut().chain(&mut network.untrained) {
            view.whole.mean_fano = Some(bad);
            view.layers.truncate(place % 3);
            view.poisson.truncate(place % 2);
            view.rates.truncate(place % 2);
            view.examples = vec![None; place % 3];
            view.identity = view.identity.map(|one| Identity { units: 0, ..one });
        }
        network.course.truncate(4 - place % 3);
    }
    for (place, one) in strange.comparisons.iter_mut().enumerate() {
        one.difference.difference = [f64::NAN, 1e12, -1e-12][place % 3];
        one.difference.interval = Some((f64::NEG_INFINITY, f64::NAN));
    }
    let page = html(&strange).expect("the page is drawn");
    assert_eq!(unbalanced(&page), None);
    assert!(!page.contains("NaN") && !text(&strange).contains("NaN"));
    json(&strange).expect("what is not finite becomes null");
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "<script>alert(1)</script>&\"\u{1b}[2J</pre></title>";
    let mut outcome = outcome(&[0.0, 1.0]);
    let Device { name, kind, .. } = &mut outcome.device;
    for field in [name, kind, &mut outcome.experiment, &mut outcome.version, &mut outcome.settings]
    {
        *field = hostile.into();
    }
    (outcome.methods[0], outcome.seconds[0].0) = (hostile.into(), hostile.into());
    (outcome.layers[0].0, outcome.images.source) = (hostile.into(), hostile.into());
    (outcome.architecture, outcome.comparisons[0].at) = (hostile.into(), hostile.into());
    outcome.comparisons[1].indicator = hostile.into();
    let page = page(&outcome);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;"));
    assert!(!page.contains('\u{1b}') && !text(&outcome).contains('\u{1b}'));
}

#[test]
fn the_json_is_the_outcome() {
    let outcome = outcome(&[0.0, 1.0]);
    let written = json(&outcome).expect("the outcome is written");
    let read: Outcome = serde_json::from_str(&written).expect("the outcome is read back");
    assert_eq!(read.networks.len(), outcome.networks.len());
    assert_eq!(read.comparisons[3].difference, outcome.comparisons[3].difference);
}

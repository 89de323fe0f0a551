//! The study of spike trains as text, page and JSON.
//!
//! Place in the flow: [`Outcome`] -> strings. No direction is presumed of any difference.

mod units;

use super::figures::against::{Against, Series};
use super::html::figures::figure;
use super::html::tables::{headings, number, table};
use super::html::{document, provenance, section};
use super::lines::paragraph;
use super::markup::{Escaped, typeset_prose};
use super::numbers::{count, finite, fixed, percent, several};
use super::paper;
use crate::error::{Error, Result};
use crate::experiments::outcome::Spread;
use crate::experiments::spike_trains::found::{Comparison, Network, Outcome, View};
use crate::experiments::spike_trains::study::INDICATORS;
use crate::experiments::spike_trains::{Indicators, Order};

/// `summary.json`: the outcome itself, indented.
///
/// # Errors
/// When the outcome cannot be written as JSON.
pub fn json(outcome: &Outcome) -> Result<String> {
    let mut written = serde_json::to_string_pretty(outcome)
        .map_err(|error| Error::new("cannot write the outcome as JSON").because(error))?;
    written.push('\n');
    Ok(written)
}

/// The order's name, as settings have it.
fn order(order: Order) -> &'static str {
    match order {
        Order::Shuffled => "shuffled",
        Order::Blocked => "blocked",
        Order::Repeated => "repeated",
    }
}

/// A kind of network, by its share of random labels.
fn kind(label_noise: f64) -> String {
    match label_noise {
        0.0 => "generalising".into(),
        1.0 => "memorising".into(),
        share => format!("{} random", percent(share)),
    }
}

/// A kind of network: its name, and its networks with their views.
type Kind<'a> = (String, Vec<(&'a Network, &'a [View])>);

/// The kinds of an outcome, in the order of their label noise, after the untrained networks.
fn kinds(outcome: &Outcome) -> Vec<Kind<'_>> {
    let mut noises: Vec<f64> = outcome.networks.iter().map(|one| one.label_noise).collect();
    noises.sort_by(f64::total_cmp);
    noises.dedup();
    let first = noises.first().copied();
    let of = |noise: f64| outcome.networks.iter().filter(move |one| one.label_noise == noise);
    // Untrained networks do not differ by their labels.
    let untrained = first.into_iter().flat_map(of).map(|one| (one, one.untrained.as_slice()));
    let mut kinds = vec![("untrained".to_owned(), untrained.collect())];
    for noise in noises {
        kinds.push((kind(noise), of(noise).map(|one| (one, one.end.as_slice())).collect()));
    }
    kinds
}

/// `0.1234 ± 0.0041` over networks; `-` where no network defines it.
fn over(values: impl Iterator<Item = Option<f64>>) -> String {
    with_decimals(values, 4)
}

fn with_decimals(values: impl Iterator<Item = Option<f64>>, decimals: usize) -> String {
    let values: Vec<f64> = values.filter_map(finite).collect();
    let Spread { mean, sd } = Spread::of(&values);
    match (mean, sd) {
        (None, _) => "-".into(),
        (Some(mean), None) => fixed(mean, decimals),
        (Some(mean), Some(sd)) => format!("{} ± {}", fixed(mean, decimals), fixed(sd, decimals)),
    }
}

/// One line of the table of indicators: kind, pictures, order, then the figures.
struct Line {
    kind: String,
    pictures: String,
    order: &'static str,
    figures: Vec<String>,
}

const FIGURES: [&str; 7] =
    ["MFR", "MFF", "Var(rate)", "Var(Fano)", "dead", "always on", "identity"];

/// The indicators of all hidden units at the end, by kind, pictures and order.
fn lines(outcome: &Outcome) -> Vec<Line> {
    let mut lines = Vec::new();
    for (kind, networks) in kinds(outcome) {
        let Some((_, shape)) = networks.first() else { continue };
        for (place, view) in shape.iter().enumerate() {
            let views = || networks.iter().filter_map(|(_, views)| views.get(place));
            let mut figures: Vec<String> = INDICATORS
                .iter()
                .map(|(_, value)| over(views().map(|view| value(&view.whole))))
                .collect();
            let share = |of: fn(&Indicators) -> f64| {
                let mean = Spread::of(&views().map(|view| of(&view.whole)).collect::<Vec<_>>());
                mean.mean.map_or_else(|| "-".into(), percent)
            };
            figures.push(share(|found| found.dead));
            figures.push(share(|found| found.always_on));
            let identity = views().filter_map(|view| Some(view.identity?.root_mean_square));
            figures.push(match view.order {
                Order::Shuffled => over(identity.map(Some)),
                _ => String::new(),
            });
            lines.push(Line {
                kind: kind.clone(),
                pictures: view.pictures.clone(),
                order: order(view.order),
                figures,
            });
        }
    }
    lines
}

/// Accuracy by kind: training and test, and epochs.
fn accuracies(outcome: &Outcome) -> Vec<String> {
    let mut words = Vec::new();
    for (kind, networks) in kinds(outcome).into_iter().skip(1) {
        let lasts = || networks.iter().filter_map(|(network, _)| network.course.last());
        let training = with_decimals(lasts().map(|look| Some(100.0 * look.training_accuracy)), 1);
        let test = with_decimals(lasts().map(|look| Some(100.0 * look.test_accuracy)), 1);
        let epochs = lasts().map(|look| look.epoch).max().unwrap_or(0);
        words.push(format!(
            "{kind}: {}, {training} % of the training labels, {test} % of the test pictures, {} at \
             most",
            several(networks.len(), "network"),
            several(epochs, "epoch")
        ));
    }
    words
}

/// What the identity of the shuffled order says, with the largest deviation seen.
fn identity(outcome: &Outcome) -> String {
    let views = outcome.networks.iter().flat_map(|one| one.end.iter().chain(&one.untrained));
    let shuffled = views.filter(|view| view.order == Order::Shuffled);
    let found: Vec<_> = shuffled.filter_map(|view| view.identity).collect();
    let largest = found.iter().map(|one| one.largest).fold(0.0, f64::max);
    let units: usize = found.iter().map(|one| one.units).sum();
    if units == 0 {
        return "No unit spikes often enough to look at the identity of the shuffled order.".into();
    }
    format!(
        "In the shuffled order a unit is a coin of its own rate p, whatever the network has \
         learned: its Fano factor is 1 - p. Of {} units of all networks none is further from that \
         than {} standard errors. There the mean Fano factor says nothing that the rates do not; \
         only the blocked and the repeated order can.",
        count(units),
        fixed(largest, 1)
    )
}

/// One comparison in words.
fn difference(found: &Comparison) -> String {
    let one = &found.difference;
    let interval = one.interval.map_or_else(String::new, |(low, high)| {
        format!(" [{}, {}]", fixed(low, 4), fixed(high, 4))
    });
    format!("{}{interval}", fixed(one.difference, 4))
}

/// The comparisons of all units.
fn of_all<'a>(outcome: &'a Outcome, at: &'a str) -> impl Iterator<Item = &'a Comparison> {
    outcome.comparisons.iter().filter(move |one| one.layer == "all" && one.at == at)
}

/// What the terminal shows: at most 100 columns wide.
pub fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    let title =
        format!("noisescope {}: {}, seed {}", outcome.version, outcome.experiment, outcome.seed);
    paragraph(&mut text, &title, 0);
    text.push('\n');
    let device = &outcome.device;
    let made_up = if outcome.images.synthetic { "SYNTHETIC: " } else { "" };
    let pictures = &outcome.images;
    for (label, words) in [
        ("device", format!("{} ({}, {})", device.name, device.backend, device.kind)),
        (
            "pictures",
            format!(
                "{made_up}{}; {} training, {} test",
                pictures.source,
                count(pictures.training),
                count(pictures.test)
            ),
        ),
        (
            "network",
            format!(
                "{}: {}",
                outcome.architecture,
                outcome.layers.iter().map(|one| one.0.as_str()).collect::<Vec<_>>().join(", ")
            ),
        ),
    ] {
        paragraph(&mut text, &format!("{label:<11}{words}"), 11);
    }
    for words in accuracies(outcome) {
        paragraph(&mut text, &words, 0);
    }
    text.push_str(
        "\nhidden units at the end of training, mean ± standard deviation over networks\n\n",
    );
    let heading = format!(
        "{:<13}{:<9}{:<9}{:>16}{:>16}{:>18}{:>18}",
        "kind", "pictures", "order", "MFR", "MFF", "Var(rate)", "Var(Fano)"
    );
    text.push_str(&format!("{heading}\n{}\n", "-".repeat(heading.chars().count())));
    for Line { kind, pictures, order, figures } in lines(outcome) {
        text.push_str(&format!(
            "{kind:<13}{pictures:<9}{order:<9}{:>16}{:>16}{:>18}{:>18}\n",
            figures[0], figures[1], figures[2], figures[3]
        ));
    }
    text.push_str("\nmemorising minus generalising, training pictures: difference [95 %], AUC\n\n");
    let mut ats: Vec<&str> = Vec::new();
    for one in &outcome.comparisons {
        if !ats.contains(&one.at.as_str()) {
            ats.push(&one.at);
        }
    }
    for at in ats {
        for one in of_all(outcome, at).filter(|one| one.pictures == "training") {
            text.push_str(&format!(
                "{:<6}{:<10}{:<10}{:>34}   AUC {:.2} ({} and {})\n",
                one.at,
                order(one.order),
                one.indicator,
                difference(one),
                one.difference.auc,
                one.difference.networks.0,
                one.difference.networks.1
            ));
        }
    }
    text.push('\n');
    paragraph(&mut text, &identity(outcome), 0);
    text
}

/// `report.html`: one page that holds its figures and its style.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn html(outcome: &Outcome) -> Result<String> {
    let title = "Activation patterns as spike trains";
    let header = format!(
        "<header>\n<p class=\"name\">noisescope {} \u{b7} {}</p>\n<h1>{title}</h1>\n{}<p \
         class=\"summary\">{}</p>\n<p class=\"byline\">Seed {} \u{b7} {} \u{b7} {}</p>\n</header>\n",
        Escaped(&outcome.version),
        Escaped(&outcome.experiment),
        if outcome.images.synthetic {
            "<p class=\"banner\" role=\"note\"><strong>Synthetic pictures.</strong> The networks \
             learned built-in shapes, made from a seed.</p>\n"
        } else {
            ""
        },
        Escaped(&typeset_prose(&format!("{}.", accuracies(outcome).join("; ")))),
        outcome.seed,
        Escaped(&outcome.images.source),
        Escaped(&outcome.device.name),
    );
    let sections = [
        header,
        section("Indicators", &indicators(outcome)),
        section("Memorising against generalising", &comparisons(outcome)),
        section("Over the epochs", &course(outcome)?),
        section("Spread over units", &units::spread(outcome)?),
        section("Rasters and counts", &units::examples(outcome)?),
        section("Poisson processes, or coins?", &units::model(outcome)),
        section("Layer by layer", &layers(outcome)),
        section("What the paper claims", &claims(outcome)),
        section("Methods", &methods(outcome)),
        section("Settings", &format!("<pre>{}</pre>\n", Escaped(outcome.settings.trim_end()))),
        section("Sources", &provenance::source_list(&[paper::SPIKES])),
    ];
    Ok(document(title, &outcome.version, &sections.concat()))
}

fn methods(outcome: &Outcome) -> String {
    outcome.methods.iter().map(|words| format!("<p>{}</p>\n", Escaped(words))).collect()
}

fn indicators(outcome: &Outcome) -> String {
    let line = |line: &Line| {
        let figures: String = line.figures.iter().map(|figure| number(figure)).collect();
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>{figures}</tr>\n",
            Escaped(&line.kind),
            Escaped(&line.pictures),
            line.order
        )
    };
    let body: String = lines(outcome).iter().map(line).collect();
    let caption = "All hidden units at the end of training, mean \u{b1} standard deviation over \
         networks. MFR, MFF: mean rate and mean Fano factor over units; Var: variance over units; \
         identity: root mean square distance of the Fano factors from 1 minus the rate, in standard \
         errors";
    format!(
        "{}<p class=\"note\">{}</p>\n",
        table(
            caption,
            &headings(&["kind", "pictures", "order"], &FIGURES),
            &format!("<tbody>\n{body}</tbody>\n")
        ),
        Escaped(&typeset_prose(&identity(outcome)))
    )
}

fn comparisons(outcome: &Outcome) -> String {
    let line = |one: &Comparison| {
        let (ones, others) = one.difference.networks;
        let figures = [difference(one), fixed(one.difference.auc, 2), format!("{ones}, {others}")];
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>{}</tr>\n",
            Escaped(&one.at),
            Escaped(&one.pictures),
            order(one.order),
            Escaped(&one.indicator),
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let body: String =
        outcome.comparisons.iter().filter(|one| one.layer == "all").map(line).collect();
    if body.is_empty() {
        return "<p class=\"absent\">There is one kind of network only.</p>\n".into();
    }
    let caption = "Memorising minus generalising networks, all hidden units: difference of means \
         [95 % interval, bootstrap over networks], and the area under the ROC curve of the \
         indicator (0.5: tells nothing apart; 0 or 1: always)";
    let note = "<p class=\"note\">At: the first epoch of each network at which it classifies that \
         share of the training pictures as their labels say, so that both kinds fit what they \
         learn equally well; or the end of training.</p>\n";
    let headings =
        headings(&["at", "pictures", "order", "indicator"], &["difference", "AUC", "networks"]);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n")) + note
}

/// The indicators over the epochs, a panel per indicator and order, a series per kind.
fn course(outcome: &Outcome) -> Result<String> {
    let mut panels = Vec::new();
    let kinds: Vec<Kind<'_>> = kinds(outcome).into_iter().skip(1).collect();
    let looks = outcome.networks.first().and_then(|one| one.course.first());
    let orders: Vec<Order> =
        looks.map_or_else(Vec::new, |look| look.views.iter().map(|view| view.order).collect());
    let mut add = |heading: String, series: Vec<Series<'_>>, name: &str| -> Result<()> {
        let panel = Against { setting: "epoch", name, description: &heading, series, marked: &[] };
        panels.extend(panel.panel()?.map(|svg| format!("<h3>{heading}</h3>\n{svg}")));
        Ok(())
    };
    let points = |networks: &[(&Network, &[View])],
                  value: &dyn Fn(&Network, usize) -> Option<f64>| {
        let of = |network: &Network| -> Vec<(f64, f64)> {
            let places = 0..network.course.len();
            let at = |place: usize| network.course[place].epoch as f64;
            places.filter_map(|place| Some((at(place), value(network, place)?))).collect()
        };
        networks.iter().flat_map(|(network, _)| of(network)).collect::<Vec<_>>()
    };
    for (place, &shown) in orders.iter().enumerate() {
        for (indicator, value) in INDICATORS {
            let found =
                |network: &Network, at: usize| value(&network.course[at].views.get(place)?.whole);
            let series: Vec<Series<'_>> = kinds
                .iter()
                .map(|(kind, networks)| (kind.as_str(), points(networks, &found)))
                .collect();
            add(format!("{indicator}, {}", order(shown)), series, indicator)?;
        }
    }
    for (heading, pick) in [
        (
            "Training accuracy",
            (|network: &Network, at: usize| Some(100.0 * network.course[at].training_accuracy))
                as fn(&Network, usize) -> Option<f64>,
        ),
        ("Test accuracy", |network, at| Some(100.0 * network.course[at].test_accuracy)),
    ] {
        let series: Vec<Series<'_>> =
            kinds.iter().map(|(kind, networks)| (kind.as_str(), points(networks, &pick))).collect();
        add(heading.to_owned(), series, "classified rightly (%)")?;
    }
    let caption = "Training pictures, all hidden units. Points: networks; lines: means over the \
         networks of a kind that still train. Epoch 0: before training.";
    Ok(figure("wide", &panels, caption, "No epoch was looked at."))
}

fn layers(outcome: &Outcome) -> String {
    let mut body = String::new();
    for (kind, networks) in kinds(outcome) {
        let Some((_, shape)) = networks.first() else { continue };
        for (place, view) in shape.iter().enumerate().filter(|(_, one)| one.pictures == "training")
        {
            for (layer, (name, _)) in outcome.layers.iter().enumerate() {
                let figures: String = INDICATORS
                    .iter()
                    .map(|(_, value)| {
                        let of = |(_, views): &(&Network, &[View])| {
                            value(views.get(place)?.layers.get(layer)?)
                        };
                        number(&over(networks.iter().map(of)))
                    })
                    .collect();
                body.push_str(&format!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>{figures}</tr>\n",
                    Escaped(name),
                    Escaped(&kind),
                    order(view.order)
                ));
            }
        }
    }
    let names = INDICATORS.map(|(name, _)| name);
    let caption = "Each hidden layer at the end of training, training pictures";
    let headings = headings(&["layer", "kind", "order"], &names);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// The paper's claim beside what is seen, indicator by indicator.
fn claims(outcome: &Outcome) -> String {
    let line = |one: &Comparison| {
        let verdict = match one.difference.interval {
            Some((low, high)) if low > 0.0 || high < 0.0 => "tells them apart",
            Some(_) => "open",
            None => "too few networks",
        };
        format!(
            "<tr><th scope=\"row\">{}, {}</th>{}{}<td>{verdict}</td></tr>\n",
            Escaped(&one.indicator),
            order(one.order),
            number(&difference(one)),
            number(&fixed(one.difference.auc, 2))
        )
    };
    let body: String =
        of_all(outcome, "end").filter(|one| one.pictures == "training").map(line).collect();
    let caption = "The paper: MFR, MFF and the variances of both over units are stable indicators \
         of memorisation during learning; it gives no number and no direction. Here, at the end of \
         training";
    let headings = headings(&["indicator"], &["memorising \u{2212} generalising", "AUC", ""]);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

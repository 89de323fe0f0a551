//! The study of spike trains as text, page and JSON.
//!
//! Place in the flow: [`Outcome`] -> strings. No direction is presumed of any difference.

mod comparing;
mod course;
mod text;
mod units;

pub use text::text;

use super::html::tables::{headings, number, table};
use super::html::{document, provenance, section};
use super::markup::{Escaped, typeset_prose};
use super::numbers::{count, duration, finite, fixed, percent, several};
use super::paper;
use crate::error::{Error, Result};
use crate::experiments::outcome::Spread;
use crate::experiments::spike_trains::found::{Network, Outcome, View};
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
        share => {
            let hundredths = 100.0 * share;
            let decimals = usize::from((hundredths - hundredths.round()).abs() > 1e-9);
            format!("{} % random", fixed(hundredths, decimals))
        }
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
        let passes = lasts().map(|look| look.passes).fold(0.0, f64::max);
        words.push(format!(
            "{kind}: {}, {training} % of the training labels, {test} % of the test pictures, {} at \
             most",
            several(networks.len(), "network"),
            several(passes as usize, "epoch")
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
         than {} standard errors. For the claim that means: in that order MFF is one minus the mean \
         rate of the units that spike, and Var(Fano) the variance of their rates but for chance. \
         However well they tell memorising from generalising there, it is the rates that tell; only \
         the blocked and the repeated order can add to them.",
        count(units),
        fixed(largest, 1)
    )
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
        section("Memorising against generalising", &comparing::comparisons(outcome)),
        section("How early", &comparing::early(outcome)),
        section("Over the epochs", &course::course(outcome)?),
        section("Spread over units", &units::spread(outcome)?),
        section("Rasters and counts", &units::examples(outcome)?),
        section("Poisson processes, or coins?", &units::model(outcome)),
        section("Layer by layer", &(layers(outcome) + &comparing::by_layer(outcome))),
        section("What the paper claims", &comparing::claims(outcome)),
        section("Times", &times(outcome)),
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

/// Seconds in the passes forward, and in the statistics, of every presentation of every network.
fn shown(outcome: &Outcome) -> (f64, f64) {
    let views = outcome.networks.iter().flat_map(Network::views).map(|view| view.seconds);
    views.fold((0.0, 0.0), |sum, one| (sum.0 + one.forward, sum.1 + one.statistics))
}

/// What the statistics cost beside the passes forward that make the activations.
fn cost(outcome: &Outcome) -> String {
    let (forward, statistics) = shown(outcome);
    let views = outcome.networks.iter().map(|one| one.views().count()).sum();
    format!(
        "Showing the pictures, {}: {} in the passes forward, {} in the statistics of every unit, \
         {} of the first.",
        several(views, "presentation"),
        duration(forward),
        duration(statistics),
        percent(statistics / forward)
    )
}

fn times(outcome: &Outcome) -> String {
    let line = |(what, seconds): &(String, f64)| {
        format!(
            "<tr><th scope=\"row\">{}</th>{}</tr>\n",
            Escaped(what),
            number(&duration(*seconds))
        )
    };
    let body: String = outcome.seconds.iter().map(line).collect();
    let caption = "Wall time of the run's parts";
    format!(
        "{}<p class=\"note\">{}</p>\n",
        table(caption, &headings(&["part"], &["time"]), &format!("<tbody>\n{body}</tbody>\n")),
        Escaped(&typeset_prose(&cost(outcome)))
    )
}

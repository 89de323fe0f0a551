//! The study of spike trains in the terminal.
//!
//! Place in the flow: [`Outcome`] -> text of at most 100 columns: the answer first, then tables.

use super::findings::{accuracies, answers, caution, cost};
use super::identity::identity;
use super::kinds::{beside, both, kinds, mean, order, shortly, values};
use super::model::tested;
use super::stations::{Station, Way, of_all, passes, stations, ways};
use super::tables::{area, difference, orders};
use super::verdicts::Verdict;
use crate::experiments::spike_trains::found::{Outcome, View};
use crate::experiments::spike_trains::{Indicators, Order};
use crate::report::lines::{paragraph, shortened};
use crate::report::markup::printable;
use crate::report::numbers::{count, fixed};

/// Columns of a kind's name.
const KIND: usize = 12;
/// Columns of a layer's name.
const LAYER: usize = 11;

/// What the terminal shows: at most 100 columns wide.
pub(super) fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    head(&mut text, outcome);
    text.push('\n');
    for (label, words) in answers(outcome) {
        paragraph(&mut text, &format!("{label:<11}{words}"), 11);
    }
    end(&mut text, outcome);
    early(&mut text, outcome);
    indicators(&mut text, outcome);
    layers(&mut text, outcome);
    model(&mut text, outcome);
    for words in identity(outcome) {
        text.push('\n');
        paragraph(&mut text, &words, 0);
    }
    text.push('\n');
    paragraph(&mut text, &cost(outcome), 0);
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// A table's headings, and a line under them.
fn heading(text: &mut String, columns: &str) {
    let columns = columns.trim_end();
    text.push_str(&format!("{columns}\n{}\n", "-".repeat(columns.chars().count())));
}

/// What was trained on what, and with what success.
fn head(text: &mut String, outcome: &Outcome) {
    let title =
        format!("noisescope {}: {}, seed {}", outcome.version, outcome.experiment, outcome.seed);
    paragraph(text, &title, 0);
    text.push('\n');
    let (device, pictures) = (&outcome.device, &outcome.images);
    let made_up = if pictures.synthetic { "SYNTHETIC: " } else { "" };
    let layers: Vec<&str> = outcome.layers.iter().map(|one| one.0.as_str()).collect();
    let [training, test] = [pictures.training, pictures.test].map(count);
    for (label, words) in [
        ("device", format!("{} ({}, {})", device.name, device.backend, device.kind)),
        ("pictures", format!("{made_up}{}; {training} training, {test} test", pictures.source)),
        ("network", format!("{}: {}", outcome.architecture, layers.join(", "))),
    ] {
        paragraph(text, &format!("{label:<11}{words}"), 11);
    }
    for words in accuracies(outcome) {
        paragraph(text, &words, 0);
    }
    if let Some(words) = caution(outcome) {
        text.push('\n');
        paragraph(text, &format!("CAUTION    {words}"), 11);
    }
}

/// The differences at the end, training and test pictures.
fn end(text: &mut String, outcome: &Outcome) {
    let stations = stations(outcome);
    let (Some(both), Some(end)) = (both(outcome), stations.last()) else { return };
    text.push('\n');
    let what = format!(
        "{} at the end{}: difference [95 %], AUC (order any: rates are the same in the shuffled and \
         the blocked one)",
        both.minus(),
        if end.short { "*" } else { "" }
    );
    paragraph(text, &what, 0);
    text.push('\n');
    let columns = ["indicator", "order", "pictures", "difference", "AUC", "verdict"];
    let line = |cells: [&str; 6]| {
        format!(
            "{:<11}{:<10}{:<10}{:>29}{:>7}   {}",
            cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]
        )
    };
    heading(text, &line(columns));
    for one in of_all(outcome).filter(|one| one.at == end.at) {
        let (difference, auc) = (difference(one), fixed(one.difference.auc, 2));
        let verdict = Verdict::of(one, end).words();
        let cells = [&one.indicator, orders(one), &one.pictures, &difference, &auc, &verdict];
        text.push_str(&format!("{}\n", line(cells)));
    }
}

/// Stations of the way that have a column.
const MOST_STATIONS: usize = 8;

/// When networks reach the stations, and the areas under the ROC curve there.
fn early(text: &mut String, outcome: &Outcome) {
    let stations = stations(outcome);
    let Some(both) = both(outcome) else { return };
    let first = stations.len().saturating_sub(MOST_STATIONS);
    text.push_str("\npasses over the training pictures until a training accuracy is seen\n\n");
    let [most, least] = [&both.most.0, &both.least.0].map(|name| shortened(name, KIND));
    let line = |cells: [&str; 6]| {
        format!(
            "{:<8}{:>14} passes{:>10}{:>17} passes{:>10}  {}",
            cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]
        )
    };
    heading(text, &line(["at", &least, "accuracy", &most, "accuracy", "comparable"]));
    for station in &stations[first..] {
        let [(high, _), (low, _)] =
            [&both.most.1, &both.least.1].map(|all| passes(all, station.at));
        let [most, least] = station.in_percent();
        let comparable = if station.comparable { "yes" } else { "no" };
        let cells = [
            &station.name()[..],
            &low,
            &format!("{least} %"),
            &high,
            &format!("{most} %"),
            comparable,
        ];
        text.push_str(&format!("{}\n", line(cells).replace(" passes", "       ")));
    }
    let ways = ways(outcome, &stations);
    if ways.is_empty() {
        return;
    }
    text.push_str(
        "\narea under the ROC curve there, training pictures; in brackets: not comparable\n\n",
    );
    let columns: String =
        stations[first..].iter().map(|one| format!("{:>7}", one.name())).collect();
    heading(text, &format!("{:<11}{:<10}{columns}   all apart from", "indicator", "order"));
    for way in ways {
        let Way { indicator, compared, .. } = &way;
        let cell =
            |(station, one): (&Station<'_>, &Option<_>)| format!("{:>7}", area(station, *one));
        let figures: String = stations.iter().zip(compared).skip(first).map(cell).collect();
        let shown = compared.iter().flatten().next().map_or("", |one| orders(one));
        let words = way.words(&stations);
        text.push_str(&format!("{indicator:<11}{shown:<10}{figures}   {words}\n"));
    }
}

/// The indicators of all hidden units at the end.
fn indicators(text: &mut String, outcome: &Outcome) {
    let what = "hidden units at the end of training, mean ± standard deviation over networks; CV of \
         the intervals between spikes / of those of coins of the same rates, sqrt(1 - p)";
    text.push('\n');
    paragraph(text, what, 0);
    text.push('\n');
    let line = |cells: [&str; 8]| {
        format!(
            "{:<13}{:<9}{:<9}{:>14}{:>14}{:>16}{:>15}{:>10}",
            cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]
        )
    };
    let columns = ["kind", "pictures", "order", "MFR", "MFF", "Var(rate)", "Var(Fano)", "CV/coins"];
    heading(text, &line(columns));
    for (kind, networks) in kinds(outcome) {
        let kind = shortened(&kind, KIND);
        let Some((_, shape)) = networks.first() else { continue };
        for (place, view) in shape.iter().enumerate() {
            let found: Vec<&Indicators> =
                networks.iter().filter_map(|(_, views)| Some(&views.get(place)?.whole)).collect();
            let [rate, fano, rates, fanos] = values(&found);
            let [_, _, cv, coins] = beside(&found);
            let cv = format!("{cv}/{coins}");
            let cells =
                [&kind, &view.pictures[..], order(view.order), &rate, &fano, &rates, &fanos, &cv];
            text.push_str(&format!("{}\n", line(cells)));
        }
    }
}

/// Rates, Fano factors, dead and always-on units of each layer.
fn layers(text: &mut String, outcome: &Outcome) {
    text.push_str("\neach layer at the end of training, training pictures\n\n");
    let line = |cells: [&str; 8]| {
        format!(
            "{:<13}{:<12}{:>16}{:>16}{:>15}{:>15}{:>6}{:>7}",
            cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]
        )
    };
    let columns = ["kind", "layer", "MFR", "MFF shuffled", "blocked", "repeated", "dead", "always"];
    heading(text, &line(columns));
    for (kind, networks) in kinds(outcome) {
        for (layer, (name, _)) in outcome.layers.iter().enumerate() {
            let found = |wanted: Order| -> Vec<&Indicators> {
                let this = |view: &&View| view.pictures == "training" && view.order == wanted;
                networks
                    .iter()
                    .filter_map(|(_, views)| views.iter().find(this)?.layers.get(layer))
                    .collect()
            };
            let shuffled = found(Order::Shuffled);
            let fano = |wanted| shortly(found(wanted).iter().map(|one| one.mean_fano));
            let [dead, always, ..] = beside(&shuffled);
            let cells = [
                &shortened(&kind, KIND)[..],
                &shortened(name, LAYER),
                &shortly(shuffled.iter().map(|one| one.mean_rate)),
                &fano(Order::Shuffled),
                &fano(Order::Blocked),
                &fano(Order::Repeated),
                &dead,
                &always,
            ];
            text.push_str(&format!("{}\n", line(cells)));
        }
    }
    text.push_str("dead, always: units that never spike, and that are always on, in percent\n");
}

/// How many units reject the Poisson model and the coin.
fn model(text: &mut String, outcome: &Outcome) {
    text.push('\n');
    let what = "units that reject a model, in percent: p below 0.05 / at a false-discovery rate of \
         5 %; dispersion and counts against Poisson and binomial, intervals against exponential and \
         geometric; -: none could be tested; correlation of counts between units, mean, sd, and the \
         sd of independent ones";
    paragraph(text, what, 0);
    text.push('\n');
    let names = ["disp.P", "disp.B", "count P", "count B", "expon.", "geom."];
    let names: String = names.iter().map(|name| format!("{name:>8}")).collect();
    let columns = ["kind", "order", "layer"];
    heading(
        text,
        &format!(
            "{:<13}{:<9}{:<12}{names}{:>6}{:>6}{:>6}",
            columns[0], columns[1], columns[2], "corr", "sd", "ind."
        ),
    );
    for tested in tested(outcome) {
        let shares: String = (tested.shares.iter()).map(|share| format!("{share:>8}")).collect();
        let means: String = (0..3)
            .map(|place| {
                let mean = mean(tested.correlation.iter().map(|one| one[place]), 2);
                format!("{mean:>6}")
            })
            .collect();
        text.push_str(&format!(
            "{:<13}{:<9}{:<12}{shares}{means}\n",
            shortened(&tested.kind, KIND),
            tested.order,
            shortened(tested.layer, LAYER),
        ));
    }
}

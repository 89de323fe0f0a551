//! The page's tables: verdicts, stations, indicators, layers, every difference.
//!
//! Place in the flow: [`Outcome`] -> `<table>` elements.

use super::kinds::{Both, beside, both, decimals, kinds, order, values};
use super::stations::{Station, Way, of_all, of_rates, passes, repeat, stations, ways};
use super::verdicts::Verdict;
use crate::experiments::spike_trains::found::{Comparison, Network, Outcome, View};
use crate::experiments::spike_trains::{Indicators, Order};
use crate::report::html::tables::{headings, number, table};
use crate::report::markup::Escaped;
use crate::report::numbers::fixed;

/// Said where there is nothing to compare.
const ALONE: &str = "<p class=\"absent\">There is one kind of network only.</p>\n";

/// `-0.0878 [-0.0966, -0.0803]`.
pub(super) fn difference(found: &Comparison) -> String {
    let one = &found.difference;
    let ends = one.interval.map_or([0.0; 2], |(low, high)| [low.abs(), high.abs()]);
    let digits = decimals(one.difference.abs().max(ends[0]).max(ends[1]));
    let interval = one.interval.map_or_else(String::new, |(low, high)| {
        format!(" [{}, {}]", fixed(low, digits), fixed(high, digits))
    });
    format!("{}{interval}", fixed(one.difference, digits))
}

/// The orders that a line stands for: rates are the same in two of them.
pub(super) fn orders(one: &Comparison) -> &'static str {
    match (of_rates(&one.indicator), one.order) {
        (true, Order::Shuffled) => "any",
        (_, shown) => order(shown),
    }
}

/// Cells of words.
fn words(cells: &[&str]) -> String {
    cells.iter().map(|cell| format!("<td class=\"word\">{}</td>", Escaped(cell))).collect()
}

fn numbers(figures: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    figures.into_iter().map(|figure| number(figure.as_ref())).collect()
}

fn row(heading: &str, cells: &str) -> String {
    format!("<tr><th scope=\"row\" class=\"word\">{}</th>{cells}</tr>\n", Escaped(heading))
}

fn rows(caption: &str, headings: &str, body: &str) -> String {
    table(caption, headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// The names of both kinds, as HTML.
fn names(both: &Both<'_>) -> [String; 2] {
    [&both.most.0, &both.least.0].map(|name| Escaped(name).to_string())
}

/// The differences of all units at the end, training and test pictures, with verdicts.
pub(super) fn verdicts(outcome: &Outcome) -> String {
    let stations = stations(outcome);
    let (Some(both), Some(end)) = (both(outcome), stations.last()) else { return ALONE.into() };
    let ways = ways(outcome, &stations);
    let line = |one: &Comparison| {
        let way = ways.iter().filter(|_| one.pictures == "training");
        let way =
            way.into_iter().find(|way| (way.indicator, way.order) == (&one.indicator, one.order));
        let apart = way.map_or_else(|| "\u{2013}".to_owned(), |way| way.words(&stations));
        let cells = words(&[orders(one), &one.pictures])
            + &numbers([difference(one), fixed(one.difference.auc, 2)])
            + &words(&[&Verdict::of(one, end).words(), &apart]);
        row(&one.indicator, &cells)
    };
    let body: String = of_all(outcome).filter(|one| one.at == end.at).map(line).collect();
    let caption = format!(
        "{}, all hidden units, {}: difference of means [95 % interval over networks], area under \
         the ROC curve (0.5: tells nothing apart), and the training accuracy from which on all \
         networks lie apart. Any order: rates are the same in the shuffled and in the blocked one",
        Escaped(&capital(&both.minus())),
        if end.short { "at the end*" } else { "at the end of training" }
    );
    let heads = headings(&["indicator", "order", "pictures"], &["difference", "AUC"])
        + &headings(&["verdict", "all apart from"], &[]);
    rows(&caption, &heads, &body)
}

/// A sentence's first letter.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// When networks reach the stations, with what accuracies, and the areas there.
pub(super) fn early(outcome: &Outcome) -> String {
    let stations = stations(outcome);
    let Some(both) = both(outcome) else { return ALONE.into() };
    let reached = |station: &Station<'_>| {
        let [most, least] = [&both.most.1, &both.least.1].map(|all| passes(all, station.at));
        let [high, low] = station.in_percent();
        let figures = [&least.0, &least.1.to_string(), &low, &most.0, &most.1.to_string(), &high];
        let comparable = if station.comparable { "yes" } else { "no" };
        row(&station.name(), &(numbers(figures) + &words(&[comparable])))
    };
    let body: String = stations.iter().map(reached).collect();
    let [most, least] = names(&both);
    let of = |kind: &str| {
        ["passes", "networks", "accuracy (%)"].map(|figure| format!("{kind}: {figure}"))
    };
    let columns = [of(&least), of(&most)].concat();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let when = rows(
        "Passes over the training pictures at which a training accuracy is seen first, mean \u{b1} \
         standard deviation over the networks that reach it, and the mean accuracy there of \
         those that are compared. Comparable: these accuracies differ by 5 points at most",
        &(headings(&["at"], &columns) + &headings(&["comparable"], &[])),
        &body,
    );
    let line = |way: &Way<'_>| {
        let area = |(station, one): (&Station<'_>, &Option<&Comparison>)| area(station, *one);
        let figures: Vec<String> = stations.iter().zip(&way.compared).map(area).collect();
        let shown = way.compared.iter().flatten().next().map_or("", |one| orders(one));
        let cells = words(&[shown]) + &numbers(figures) + &words(&[&way.words(&stations)]);
        row(way.indicator, &cells)
    };
    let body: String = ways(outcome, &stations).iter().map(line).collect();
    if body.is_empty() {
        return when;
    }
    let column = |station: &Station<'_>| Escaped(&station.name()).to_string();
    let columns: Vec<String> = stations.iter().map(column).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let heads = headings(&["indicator", "order"], &columns) + &headings(&["all apart from"], &[]);
    let caption = "Area under the ROC curve by the training accuracy that both kinds have reached: \
         all hidden units, training pictures; in brackets where the kinds are not comparable. All \
         apart from: the first comparable accuracy from which on, to the end, every network of one \
         kind lies on one side of every network of the other";
    when + &rows(caption, &heads, &body)
}

/// An area; in brackets where the kinds are not comparable.
pub(super) fn area(station: &Station<'_>, one: Option<&Comparison>) -> String {
    match (one.map(|one| fixed(one.difference.auc, 2)), station.comparable) {
        (None, _) => "-".into(),
        (Some(area), true) => area,
        (Some(area), false) => format!("({area})"),
    }
}

/// The indicators of all hidden units at the end, by kind, pictures and order.
pub(super) fn indicators(outcome: &Outcome) -> String {
    let mut body = String::new();
    for (kind, networks) in kinds(outcome) {
        let Some((_, shape)) = networks.first() else { continue };
        for (place, view) in shape.iter().enumerate() {
            let views = || networks.iter().filter_map(|(_, views)| views.get(place));
            let cells = words(&[&view.pictures, order(view.order)])
                + &figures(&views().map(|view| &view.whole).collect::<Vec<_>>());
            body.push_str(&row(&kind, &cells));
        }
    }
    let caption = "All hidden units at the end of training, mean \u{b1} standard deviation over \
         networks. MFR, MFF: mean rate and mean Fano factor over units; Var: variance over units; \
         dead, always on: units that never and that always spike, in percent; CV: mean coefficient of \
         variation of a unit\u{2019}s intervals between spikes; coins: what coins of the same rates \
         have";
    rows(caption, &headings(&["kind", "pictures", "order"], &FIGURES), &body)
}

/// Columns of [`figures`].
const FIGURES: [&str; 7] =
    ["MFR", "MFF", "Var(rate)", "Var(Fano)", "dead", "always on", "CV / coins"];

/// Cells of the indicators, one entry per network, and of what stands beside them.
fn figures(found: &[&Indicators]) -> String {
    let [dead, always_on, cv, coins] = beside(found);
    numbers(values(found)) + &numbers([dead, always_on, format!("{cv} / {coins}")])
}

/// Said under tables of intervals.
pub(super) const INTERVALS: &str = "A coin of rate p has intervals with CV = sqrt(1 - p): where a \
     unit is one, as in the shuffled order, CV says no more than the rate (and is a little smaller \
     where intervals are few); a larger one is of bursts, as pictures of one class or one picture \
     again and again give.";

/// Each layer at the end of training, training pictures.
pub(super) fn layers(outcome: &Outcome) -> String {
    let mut body = String::new();
    for (layer, (name, _)) in outcome.layers.iter().enumerate() {
        for (kind, networks) in kinds(outcome) {
            let Some((_, shape)) = networks.first() else { continue };
            let places = shape.iter().enumerate().filter(|(_, one)| one.pictures == "training");
            for (place, view) in places {
                let of = |(_, views): &(&'_ Network, &'_ [View])| -> Option<Indicators> {
                    views.get(place)?.layers.get(layer).copied()
                };
                let found: Vec<Indicators> = networks.iter().filter_map(of).collect();
                let cells = words(&[&kind, order(view.order)])
                    + &figures(&found.iter().collect::<Vec<_>>());
                body.push_str(&row(name, &cells));
            }
        }
    }
    let caption = "Each hidden layer at the end of training, training pictures; as in the table of \
         all units";
    rows(caption, &headings(&["layer", "kind", "order"], &FIGURES), &body)
}

/// The differences of each layer at the end, training pictures.
pub(super) fn by_layer(outcome: &Outcome) -> String {
    let stations = stations(outcome);
    let (Some(both), Some(end)) = (both(outcome), stations.last()) else { return String::new() };
    let there = |one: &&Comparison| one.at == end.at && one.pictures == "training";
    let mut body = String::new();
    for whole in of_all(outcome).filter(there) {
        let figure = |(name, _): &(String, usize)| {
            let this = |one: &&Comparison| {
                (one.layer == *name && one.order == whole.order) && one.indicator == whole.indicator
            };
            let found = outcome.comparisons.iter().filter(there).find(this);
            found.map_or_else(
                || "-".to_owned(),
                |one| format!("{}; {}", difference(one), area(end, Some(one))),
            )
        };
        let cells = words(&[orders(whole)]) + &numbers(outcome.layers.iter().map(figure));
        body.push_str(&row(&whole.indicator, &cells));
    }
    let caption = format!(
        "{} in each hidden layer at the end{}, training pictures: difference of means [95 % \
         interval]; area under the ROC curve",
        Escaped(&capital(&both.minus())),
        if end.short { "*" } else { " of training" }
    );
    let names: Vec<String> =
        outcome.layers.iter().map(|(name, _)| Escaped(name).to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    rows(&caption, &headings(&["indicator", "order"], &names), &body)
}

/// Every difference, folded.
pub(super) fn differences(outcome: &Outcome) -> String {
    let stations = stations(outcome);
    let Some(both) = both(outcome) else { return String::new() };
    let line = |one: &Comparison| {
        let station = stations.iter().find(|station| station.at == one.at)?;
        let (ones, others) = one.difference.networks;
        let cells = words(&[&station.name(), &one.pictures, orders(one), &one.indicator])
            + &numbers([difference(one), area(station, Some(one)), format!("{ones}, {others}")])
            + &words(&[&Verdict::of(one, station).words()]);
        Some(row(&one.layer, &cells))
    };
    let shown = outcome.comparisons.iter().filter(|one| !repeat(outcome, one));
    let lines: Vec<String> = shown.filter_map(line).collect();
    let caption = format!(
        "{}: difference of means [95 % interval], area under the ROC curve, and networks of both \
         kinds, at each training accuracy and at the end",
        Escaped(&capital(&both.minus()))
    );
    let heads = headings(
        &["layer", "at", "pictures", "order", "indicator"],
        &["difference", "AUC", "networks"],
    ) + &headings(&["verdict"], &[]);
    format!(
        "<details>\n<summary>Every difference, {} lines</summary>\n{}</details>\n",
        lines.len(),
        rows(&caption, &heads, &lines.concat())
    )
}

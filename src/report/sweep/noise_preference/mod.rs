//! A sweep of `noise-preference` as text, CSV and a page.
//!
//! Place in the flow: cells and the studies that they make -> strings.

mod page;

use toml::Table;

use super::{NOTHING, headline, names, row, shown, written};
use crate::error::Result;
use crate::experiments::noise_preference::found::Network;
use crate::experiments::sweep::Collection;
use crate::experiments::sweep::findings::{Preferences, Study};
use crate::report::lines::paragraph;
use crate::report::noise_preference::{LEGEND, preferences, tables};
use crate::report::numbers::{finite, several};

pub(super) use page::page;

/// A cell's findings in a few words.
pub(super) fn brief(found: &Preferences) -> String {
    several(found.outcome.networks.len(), "network")
}

/// What the terminal shows: a table of each study.
pub(super) fn text(cells: &Collection<Preferences>, studies: &[Study]) -> String {
    let mut text = headline(cells);
    if studies.is_empty() {
        return text + NOTHING;
    }
    paragraph(&mut text, LEGEND, 0);
    for study in studies {
        text.push('\n');
        paragraph(&mut text, &title(study), 0);
        text.push_str(&tables(&study.outcome));
        text.push('\n');
        for words in preferences(&study.outcome).into_iter().chain(lacking(study)) {
            paragraph(&mut text, &words, 0);
        }
    }
    text
}

/// What a study lacks of its cells' networks; `None` where it has all.
fn lacking(study: &Study) -> Option<String> {
    let networks = several(study.left_out, "network");
    (study.left_out > 0).then(|| {
        format!(
            "Left out: {networks} trained without noise, tested in units of another training noise \
             than the smallest of this study."
        )
    })
}

/// `model.rate = 0.1, 5 cells: studies/0123456789abcdef`.
fn title(study: &Study) -> String {
    let values = label(&study.values);
    let between = if values.is_empty() { "" } else { ", " };
    let cells = several(study.cells.len(), "cell");
    format!("{values}{between}{cells} together: studies/{}", study.hash)
}

/// `model.rate = 0.1, model.units = 16`.
fn label(values: &Table) -> String {
    let entry = |(name, value): (&String, &toml::Value)| format!("{name} = {}", shown(value));
    values.iter().map(entry).collect::<Vec<_>>().join(", ")
}

/// Columns of a network.
const COLUMNS: [&str; 26] = [
    "cell",
    "device",
    "study",
    "counted",
    "task",
    "site",
    "s",
    "network_seed",
    "loss_s",
    "loss_s_error",
    "loss_0",
    "bias2_s",
    "variance_s",
    "bias2_0",
    "preferred",
    "preferred_low",
    "preferred_high",
    "preferred/s",
    "loss_0/loss_preferred",
    "loss_0/loss_s",
    "score_s",
    "score_0",
    "distance_s",
    "distance_deviations",
    "seconds_training",
    "seconds_testing",
];

/// One row per network of every done cell: what varies, and [`COLUMNS`]. `counted` is 1 where the
/// network is one of its study's, and 0 where another cell's is in its place or it is left out. At s,
/// the training noise, and at 0 are the points of its curve there; intervals over realisations.
pub(super) fn csv(collection: &Collection<Preferences>, studies: &[Study]) -> Result<String> {
    let mut rows = vec![names(&collection.vary, &COLUMNS)];
    for done in &collection.done {
        let study = studies.iter().find(|study| study.cells.contains(&done.cell));
        let hash = study.map_or("", |study| study.hash.as_str());
        for network in &done.found.outcome.networks {
            let counted = study.is_some_and(|study| study.counts(&done.cell, network));
            let counted = if counted { "1" } else { "0" };
            let mut row = row(collection, &done.values, &[&done.cell, &done.device, hash, counted]);
            row.extend(figures(network));
            rows.push(row);
        }
    }
    written(&rows)
}

fn figures(network: &Network) -> Vec<String> {
    let number =
        |value: Option<f64>| finite(value).map_or(String::new(), |value| value.to_string());
    let (trained, still) = (network.at(network.level), network.at(0.0));
    let interval = network.preferred.interval;
    let distance = network.distance;
    let mut figures = vec![network.task.to_string(), network.site.to_string()];
    figures.extend([network.level.to_string(), network.seed.to_string()]);
    figures.extend(
        [
            Some(trained.loss),
            Some(trained.error),
            Some(still.loss),
            Some(trained.bias),
            Some(trained.variance),
            Some(still.bias),
            Some(network.preferred.value),
            interval.map(|ends| ends[0]),
            interval.map(|ends| ends[1]),
            network.ratio.map(|found| found.value),
            network.gain.map(|found| found.value),
            Some(still.loss / trained.loss),
            trained.score,
            still.score,
            distance.map(|found| found.in_noise.median),
            distance.and_then(|found| Some(found.in_deviations?.median)),
            Some(network.seconds[0]),
            Some(network.seconds[1]),
        ]
        .map(number),
    );
    figures
}

//! The rows of the exponents' table: one home for what text and page show.
//!
//! Place in the flow: outcome -> rows -> `text` and `html`. Quantities and conditions stand in the
//! order in which the outcome first names them.

use super::paper;
pub(super) use crate::experiments::exponents::AGGREGATIONS;
use crate::experiments::outcome::{ExponentSummary, Outcome, Words};

/// The networks that read the examples, before and after training.
const READING: [&str; 2] = ["trained", "untrained"];
/// The trained network on the examples, and on what else drove it.
const DRIVEN: [&str; 4] = ["trained", "shuffled", "random", "padding"];

/// One quantity under one condition.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// As the outcome names it.
    pub quantity: &'a str,
    /// As the outcome names it.
    pub condition: &'a str,
    /// In the order of [`AGGREGATIONS`]; `None` where the outcome has no such entry.
    pub cells: [Option<&'a ExponentSummary>; AGGREGATIONS.len()],
    /// What the paper says of it.
    pub paper: Option<&'static paper::Figure>,
}

/// The rows of what read the examples, grouped by quantity.
pub(super) fn rows(outcome: &Outcome) -> Vec<Row<'_>> {
    rows_where(outcome, |condition| READING.contains(&condition))
}

/// The rows of the trained network by what drove it; none where the examples alone did.
pub(super) fn driven(outcome: &Outcome) -> Vec<Row<'_>> {
    let rows = rows_where(outcome, |condition| DRIVEN.contains(&condition));
    if rows.iter().all(|row| row.condition == "trained") { Vec::new() } else { rows }
}

/// All rows, grouped by quantity.
pub(super) fn every(outcome: &Outcome) -> Vec<Row<'_>> {
    rows_where(outcome, |_| true)
}

fn rows_where(outcome: &Outcome, wanted: impl Fn(&str) -> bool) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for quantity in in_order(outcome.exponents.iter().map(|entry| entry.quantity.as_str())) {
        let of_quantity = outcome.exponents.iter().filter(|entry| entry.quantity == quantity);
        let found = in_order(of_quantity.map(|entry| entry.condition.as_str()));
        for condition in found.into_iter().filter(|name| wanted(name)) {
            rows.push(Row {
                quantity,
                condition,
                cells: AGGREGATIONS
                    .map(|aggregation| exponent(outcome, quantity, condition, aggregation)),
                // Its figures are of reviews.
                paper: paper::figure(quantity, condition)
                    .filter(|_| outcome.corpus.series.is_none()),
            });
        }
    }
    rows
}

/// The outcome's entry for one quantity, condition and aggregation.
pub(super) fn exponent<'a>(
    outcome: &'a Outcome,
    quantity: &str,
    condition: &str,
    aggregation: &str,
) -> Option<&'a ExponentSummary> {
    outcome.exponents.iter().find(|entry| {
        entry.quantity == quantity
            && entry.condition == condition
            && entry.aggregation == aggregation
    })
}

/// Each name once, in the order of its first appearance.
pub(super) fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

/// What a quantity is, in words; nothing for a name that the report does not know.
pub(super) fn meaning_of_quantity(outcome: &Outcome, quantity: &str) -> Option<&'static str> {
    Some(match quantity {
        "input" => outcome.corpus.words().input,
        "f" => "forget gate",
        "i" => "input gate",
        "o" => "output gate",
        "candidate" => "candidate value",
        "cell" => "tanh of the cell state",
        "hidden" => "hidden state",
        _ => return None,
    })
}

/// What a condition is, in words.
pub(super) fn meaning_of_condition(outcome: &Outcome, condition: &str) -> Option<&'static str> {
    Some(match (condition, outcome.corpus.series.is_some()) {
        ("trained", false) => "reading the text",
        ("trained", true) => "reading the series",
        ("shuffled", false) => "reading the same words in a random order",
        ("shuffled", true) => "reading the same samples in a random order",
        ("random", false) => "reading words drawn uniformly from the vocabulary",
        ("random", true) => "reading white noise of the same mean and standard deviation",
        ("padding", _) => "fed with padding alone: a transient towards a fixed point, no noise",
        _ => return None,
    })
}

/// What an aggregation takes as one trace, in words.
pub(super) fn meaning_of_aggregation(words: Words, aggregation: &str) -> Option<String> {
    let one = words.one;
    Some(match aggregation {
        "unit" => format!("one exponent for each unit and {one}"),
        "pooled" => format!("one per {one}, from F(n)² averaged over the units"),
        "population" => {
            format!("one per {one}, of the mean over the units, as EEG or fMRI sees a brain")
        }
        "spectral" => format!(
            "one per {one}, minus the slope of a line through the sum of the units' power spectra \
             (the recipe of the paper's first version; no DFA)"
        ),
        _ => return None,
    })
}

//! The terminal's rendering: what was run, what was found, and the table of exponents.
//!
//! Place in the flow: outcome -> text. At most [`WIDTH`] columns, no colours, no control characters
//! whatever the outcome's names hold.

use super::claims::{self, Claim};
use super::lines::{NAME, paragraph, shortened};
use super::markup::printable;
use super::numbers::{count, finite, fixed, percent, spread};
use super::table::{
    AGGREGATIONS, Row, driven, in_order, meaning_of_condition, meaning_of_quantity, rows,
};
use super::{controls, findings, paper};
use crate::experiments::outcome::{Corpus, ExponentSummary, Outcome, Words};

/// Columns of a figure, with the gap before it.
const FIGURE: usize = 15;
/// Columns of a verdict on a claim.
const VERDICT: usize = 21;
/// Columns of the labels of the head.
const LABEL: usize = 11;

/// The whole text, ending in a line feed.
pub(super) fn table(outcome: &Outcome) -> String {
    let mut text = String::new();
    head(&mut text, outcome);
    let rows = rows(outcome);
    if rows.is_empty() {
        text.push_str("\nNo exponent was measured.\n");
        return text;
    }
    text.push_str("\nbeta, mean ± standard deviation over traces\n\n");
    let paper = outcome.corpus.series.is_none().then_some("the paper");
    grid(&mut text, &rows, paper, beta);
    text.push_str("\ntraces with an exponent / undefined\n\n");
    grid(&mut text, &rows, None, traces);
    text.push('\n');
    for note in notes(outcome, &rows) {
        paragraph(&mut text, &note, 0);
    }
    let driven: Vec<Row<'_>> =
        driven(outcome).into_iter().filter(|row| row.quantity == "hidden").collect();
    if !driven.is_empty() {
        text.push_str("\nrest and task: beta of the trained network by what drives it\n\n");
        grid(&mut text, &driven, None, beta);
        text.push('\n');
        let words = driven.iter().filter_map(|row| {
            let meaning = meaning_of_condition(outcome, row.condition)?;
            Some(format!("{}: {meaning}", row.condition))
        });
        let words = format!("{}.", words.collect::<Vec<_>>().join("; "));
        paragraph(&mut text, &words, 0);
    }
    text.push_str("\nwhat the paper claims\n\n");
    for claim in claims::claims(outcome) {
        let Claim { what, ours, verdict, .. } = claim;
        paragraph(&mut text, &format!("{verdict:<VERDICT$}{what}: {ours}"), VERDICT);
    }
    text.push('\n');
    for sentence in findings::sentences(outcome) {
        paragraph(&mut text, &sentence, 0);
    }
    controls::text(&mut text, &outcome.controls);
    text
}

/// What was run, on what, with which success.
fn head(text: &mut String, outcome: &Outcome) {
    let title =
        format!("noisescope {}: {}, seed {}", outcome.version, outcome.experiment, outcome.seed);
    paragraph(text, &title, 0);
    text.push('\n');
    let device = &outcome.device;
    labelled(text, "device", &format!("{} ({}, {})", device.name, device.backend, device.kind));
    labelled(text, "corpus", &corpus(&outcome.corpus));
    let Words { many, steps, held_out, .. } = outcome.corpus.words();
    let epochs = match outcome.training.len() {
        0 => match &outcome.weights {
            Some(path) => format!("weights of {path}"),
            None => "untrained".to_string(),
        },
        1 => "1 epoch".to_string(),
        several => format!("best of {several} epochs"),
    };
    labelled(
        text,
        "accuracy",
        &format!(
            "{} of the {held_out} ({epochs}){}",
            percent(outcome.accuracy.validation),
            findings::majority(outcome)
        ),
    );
    let recording = &outcome.recording;
    labelled(
        text,
        "recorded",
        &format!(
            "{} of {} {many} that are long enough, {} {steps} each; {} units, {} input components",
            count(recording.reviews),
            count(recording.eligible),
            count(recording.steps),
            count(recording.units),
            count(recording.components)
        ),
    );
}

/// The corpus in one line; a made-up one says so first.
fn corpus(corpus: &Corpus) -> String {
    if let Some(series) = &corpus.series {
        return format!(
            "{}; {} series of {} classes, {} to learn from, {} to choose the epoch by, {} to test, \
             {} time steps in the mean",
            corpus.source,
            count(corpus.reviews),
            series.labels.len(),
            count(corpus.training_reviews),
            count(series.choosing),
            count(corpus.validation_reviews),
            fixed(corpus.mean_tokens, 1)
        );
    }
    let made_up = if corpus.synthetic { "SYNTHETIC (made-up reviews, not IMDb): " } else { "" };
    format!(
        "{made_up}{}; {} reviews, {} for training, {} for validation, {} tokens in the mean",
        corpus.source,
        count(corpus.reviews),
        count(corpus.training_reviews),
        count(corpus.validation_reviews),
        fixed(corpus.mean_tokens, 1)
    )
}

/// One grid: a line per row, a column per aggregation, and the paper's figures if they have a
/// heading.
fn grid(
    text: &mut String,
    rows: &[Row<'_>],
    paper: Option<&str>,
    cell: fn(&ExponentSummary) -> String,
) {
    let mut heading = format!("{:<NAME$}{:<NAME$}", "quantity", "condition");
    for aggregation in AGGREGATIONS.iter().copied().chain(paper) {
        heading.push_str(&format!("{aggregation:>FIGURE$}"));
    }
    text.push_str(&heading);
    text.push('\n');
    text.push_str(&"-".repeat(heading.chars().count()));
    text.push('\n');
    for row in rows {
        let mut line = format!(
            "{:<NAME$}{:<NAME$}",
            shortened(row.quantity, NAME - 1),
            shortened(row.condition, NAME - 1)
        );
        for entry in row.cells {
            line.push_str(&format!("{:>FIGURE$}", entry.map_or_else(|| "-".to_string(), cell)));
        }
        if let (Some(_), Some(figure)) = (paper, row.paper) {
            let figure = spread(Some(figure.beta_mean), Some(figure.beta_sd));
            line.push_str(&format!("{figure:>FIGURE$}"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn beta(entry: &ExponentSummary) -> String {
    spread(finite(entry.beta_mean), entry.beta_sd)
}

fn traces(entry: &ExponentSummary) -> String {
    format!("{} / {}", count(entry.traces), count(entry.undefined))
}

/// What the figures mean.
fn notes(outcome: &Outcome, rows: &[Row<'_>]) -> Vec<String> {
    let meanings: Vec<String> = in_order(rows.iter().map(|row| row.quantity))
        .into_iter()
        .filter(|quantity| quantity.chars().count() == 1)
        .filter_map(|quantity| {
            Some(format!("{quantity}: {}", meaning_of_quantity(outcome, quantity)?))
        })
        .collect();
    let mut notes = Vec::new();
    if !meanings.is_empty() {
        notes.push(format!("{}.", meanings.join(", ")));
    }
    notes.push(
        "Sign: a positive beta means S(f) ~ 1/f^beta; beta = 2 alpha - 1, white noise has 0."
            .into(),
    );
    notes.push(
        "Undefined are traces that are constant or not finite; they have no exponent.".into(),
    );
    if outcome.corpus.series.is_none() {
        notes.push(format!("The paper: {}. {}", paper::SHORT_SOURCE, paper::STANDING));
    }
    if outcome.corpus.synthetic {
        notes.push(
            "This corpus is SYNTHETIC: its figures cannot be compared with the paper's, which are \
             for IMDb."
                .into(),
        );
    }
    notes
}

/// A label and what it labels, which hangs beside it where it is long.
fn labelled(text: &mut String, label: &str, value: &str) {
    paragraph(text, &format!("{label:<LABEL$}{}", printable(value).trim()), LABEL);
}

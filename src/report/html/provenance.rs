//! What the run was made with, and the sources: enough to make it again.
//!
//! Place in the flow: outcome -> the last sections of the page.

use super::tables::table;
use crate::experiments::outcome::{Outcome, Words};
use crate::report::findings::majority;
use crate::report::markup::Escaped;
use crate::report::numbers::{count, duration, fixed, percent};
use crate::report::paper::{self, Source};

/// Corpus, recording, device, versions, wall times and settings.
pub(super) fn provenance(outcome: &Outcome) -> String {
    let (corpus, recording, device) = (&outcome.corpus, &outcome.recording, &outcome.device);
    let made_up = if corpus.synthetic { " (synthetic: made-up reviews)" } else { "" };
    let libraries: Vec<String> =
        outcome.libraries.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let driver = if device.driver.is_empty() { "none" } else { &device.driver };
    let weights = outcome.weights.as_deref().unwrap_or("trained in this run");
    let Words { many, steps, held_out, .. } = corpus.words();
    let (accuracy, majority) = (outcome.accuracy.validation, majority(outcome));
    let choosing = corpus.series.as_ref().map_or_else(String::new, |series| {
        format!("{} to choose the best epoch by, ", count(series.choosing))
    });
    let entries = [
        ("experiment", outcome.experiment.clone()),
        ("noisescope", outcome.version.clone()),
        ("with", libraries.join(", ")),
        ("seed", outcome.seed.to_string()),
        ("weights", weights.to_owned()),
        ("device", noted(&device.name, &outcome.notes)),
        ("backend", format!("{}, {}", device.backend, device.kind)),
        ("driver", driver.to_owned()),
        ("corpus", format!("{}{made_up}", corpus.source)),
        (
            many,
            format!(
                "{}: {} for training, {choosing}{} {held_out}; {} {steps} in the mean",
                count(corpus.reviews),
                count(corpus.training_reviews),
                count(corpus.validation_reviews),
                fixed(corpus.mean_tokens, 1)
            ),
        ),
        ("accuracy", format!("{} of the {held_out}{majority}", percent(accuracy))),
        (
            "recorded",
            format!(
                "{} of {} {held_out} with at least {} {steps}; {} units, {} components of the \
                 input",
                count(recording.reviews),
                count(recording.eligible),
                count(recording.steps),
                count(recording.units),
                count(recording.components)
            ),
        ),
    ];
    format!(
        "{}{}<h3>Settings</h3>\n<pre>{}</pre>\n",
        definitions(&entries),
        wall_times(outcome),
        Escaped(outcome.settings.trim_end())
    )
}

/// A device by its name, and what it did not do as it should.
pub(in crate::report) fn noted(device: &str, notes: &[String]) -> String {
    let notes: String = notes.iter().map(|note| format!("; {note}")).collect();
    device.to_owned() + &notes
}

/// A list of names with their values.
pub(in crate::report) fn definitions(entries: &[(&str, String)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", Escaped(value)))
        .collect();
    format!("<dl>\n{entries}</dl>\n")
}

fn wall_times(outcome: &Outcome) -> String {
    if outcome.seconds.is_empty() {
        return String::new();
    }
    let total: f64 = outcome.seconds.iter().map(|part| part.1).sum();
    let line = |name: &str, seconds: f64| {
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td></tr>\n",
            Escaped(name),
            duration(seconds)
        )
    };
    let parts: String = outcome.seconds.iter().map(|(name, s)| line(name, *s)).collect();
    let headings = "<th scope=\"col\">part</th><th scope=\"col\" class=\"number\">wall time</th>";
    let body = format!("<tbody>\n{parts}</tbody>\n<tfoot>\n{}</tfoot>\n", line("together", total));
    table("Wall time of each part", headings, &body)
}

/// The publications that the run leans on.
pub(super) fn sources(outcome: &Outcome) -> String {
    let mut sources = vec![paper::DFA, paper::ONE_OVER_F];
    if outcome.corpus.series.is_some() {
        sources.push(paper::UCR);
    } else if !outcome.corpus.synthetic {
        sources.push(paper::IMDB);
    }
    source_list(&sources)
}

/// Publications as a list.
pub(in crate::report) fn source_list(sources: &[Source]) -> String {
    let items: String = sources
        .iter()
        .map(|source| {
            format!(
                "<li>{} <a href=\"{address}\">{address}</a> ({}).</li>\n",
                Escaped(source.citation),
                Escaped(source.of),
                address = Escaped(source.address)
            )
        })
        .collect();
    format!("<ul class=\"sources\">\n{items}</ul>\n")
}

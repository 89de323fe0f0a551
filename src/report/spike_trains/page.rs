//! The study's page: the answer first, then figures and tables, then how it was made.
//!
//! Place in the flow: [`Outcome`] -> one HTML page that holds its figures and its style.

use super::identity::identity;
use super::{course, examples, findings, model, tables};
use crate::error::Result;
use crate::experiments::spike_trains::found::Outcome;
use crate::report::html::tables::{headings, number, table};
use crate::report::html::{document, provenance, section};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::numbers::duration;
use crate::report::paper;

const TITLE: &str = "Activation patterns as spike trains";

/// The page.
pub(super) fn page(outcome: &Outcome) -> Result<String> {
    let sections = [
        header(outcome),
        section("What the paper claims, and what is seen", &answer(outcome)),
        section("How early", &tables::early(outcome)),
        section("Indicators", &(tables::indicators(outcome) + &note(tables::INTERVALS))),
        section("A coin of its own rate", &identity(outcome).map(|words| prose(&words)).concat()),
        section("Over the course of training", &course::course(outcome)?),
        section(
            "Layer by layer",
            &(tables::by_layer(outcome) + &tables::layers(outcome) + &course::layers(outcome)?),
        ),
        section("Spread over units", &examples::spread(outcome)?),
        section("Poisson processes, or coins?", &(model::table(outcome) + &note(model::READING))),
        section("Rasters", &examples::rasters(outcome)?),
        section("Counts", &examples::counts(outcome)?),
        section("Every difference", &tables::differences(outcome)),
        section("Times", &times(outcome)),
        section("Methods", &methods(outcome)),
        section("Settings", &format!("<pre>{}</pre>\n", Escaped(outcome.settings.trim_end()))),
        section("Sources", &provenance::source_list(&[paper::SPIKES])),
    ];
    Ok(document(TITLE, &outcome.version, &sections.concat()))
}

fn header(outcome: &Outcome) -> String {
    let caution = findings::caution(outcome).map_or_else(String::new, |words| {
        format!(
            "<p class=\"banner\" role=\"note\"><strong>Not all networks learned what they \
             should.</strong> {}</p>\n",
            Escaped(&typeset_prose(&words))
        )
    });
    format!(
        "<header>\n<p class=\"name\">noisescope {} \u{b7} {}</p>\n<h1>{TITLE}</h1>\n{}{caution}<p \
         class=\"summary\">{}</p>\n<p class=\"byline\">Seed {} \u{b7} {} \u{b7} {}</p>\n</header>\n",
        Escaped(&outcome.version),
        Escaped(&outcome.experiment),
        if outcome.images.synthetic {
            "<p class=\"banner\" role=\"note\"><strong>Synthetic pictures.</strong> The networks \
             learned built-in shapes, made from a seed.</p>\n"
        } else {
            ""
        },
        Escaped(&typeset_prose(&format!("{}.", findings::accuracies(outcome).join("; ")))),
        outcome.seed,
        Escaped(&outcome.images.source),
        Escaped(&outcome.device.name),
    )
}

/// The claim, what is seen of it, and the differences at the end.
fn answer(outcome: &Outcome) -> String {
    let one = |(label, words): &(&str, String)| {
        let label = match *label {
            "" => String::new(),
            label => format!("<strong>{label}:</strong> "),
        };
        format!("<p>{label}{}</p>\n", Escaped(&typeset_prose(words)))
    };
    let answers: String = findings::answers(outcome).iter().map(one).collect();
    answers + &tables::verdicts(outcome)
}

/// Our own sentences, with true minus signs in formulas, too.
fn typeset(words: &str) -> String {
    Escaped(&typeset_prose(words).replace(" - ", " \u{2212} ")).to_string()
}

fn prose(words: &str) -> String {
    format!("<p>{}</p>\n", typeset(words))
}

fn note(words: &str) -> String {
    format!("<p class=\"note\">{}</p>\n", typeset(words))
}

fn methods(outcome: &Outcome) -> String {
    outcome.methods.iter().map(|words| prose(words)).collect()
}

fn times(outcome: &Outcome) -> String {
    let line = |what: &str, seconds: f64| {
        format!("<tr><th scope=\"row\">{}</th>{}</tr>\n", Escaped(what), number(&duration(seconds)))
    };
    let spent = findings::spent(outcome);
    let whole: String =
        outcome.seconds.iter().map(|(what, seconds)| line(what, *seconds)).collect();
    let showing: String = [
        ("pictures: order, noise, upload", spent.pictures),
        ("passes forward", spent.forward),
        ("statistics of every unit", spent.statistics),
        ("Poisson model", spent.model),
    ]
    .map(|(what, seconds)| line(what, seconds))
    .concat();
    let body = format!(
        "<tbody>\n{whole}</tbody>\n<tbody>\n<tr><th class=\"group\" scope=\"rowgroup\" \
         colspan=\"2\">of it, all presentations</th></tr>\n{showing}</tbody>\n"
    );
    table("Wall time of the run's parts", &headings(&["part"], &["time"]), &body)
        + &note(&findings::cost(outcome))
}

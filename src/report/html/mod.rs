//! The page: one file that holds its style and its figures and opens without a network.
//!
//! Place in the flow: outcome -> `figures`, `tables`, `findings`, `controls`, `cautions` -> HTML. Every string
//! of the outcome goes through [`Escaped`]; the page runs no script and loads nothing.

pub(super) mod figures;
pub(super) mod provenance;
mod study;
pub(super) mod tables;

use super::cautions::cautions;
use super::markup::{Escaped, typeset_prose};
use super::{controls, findings};
use crate::error::Result;
use crate::experiments::outcome::Outcome;

/// The style, which stands inside the page.
const STYLE: &str = include_str!("page.css");

/// Stands above everything where the reviews are made up.
pub(super) const SYNTHETIC: &str = "<p class=\"banner\" role=\"note\"><strong>Synthetic \
     corpus.</strong> The network learned from built-in, made-up reviews, not from IMDb. The figures \
     below show that the instrument works; they cannot be compared with the paper\u{2019}s.</p>\n";

/// The whole page.
pub(super) fn page(outcome: &Outcome) -> Result<String> {
    let title = title(outcome);
    let sections = [
        header(outcome, &title),
        section("Exponents", &tables::overview(outcome)),
        section("The paper beside this run", &study::claims(outcome)),
        section("Fluctuation functions", &figures::fluctuation(outcome)?),
        section("Spread of beta", &figures::exponents(outcome)?),
        section("Rest and task", &study::drives(outcome)),
        section("Inside and outside", &study::internal(outcome)),
        section("The course of training", &study::course(outcome)?),
        section(&format!("Which {}", outcome.corpus.words().many), &study::groups(outcome)),
        section("All exponents", &tables::exponents(outcome)),
        section("Use of the units", &tables::utilisation(outcome)),
        section("How much of \u{201c}1/f\u{201d} survives", &controls::section(&outcome.controls)),
        section("Before you write \u{201c}1/f\u{201d}", &caution_list(outcome)),
        section("Training", &figures::training(outcome)?),
        section("Methods", &methods(outcome)),
        section("How this was made", &provenance::provenance(outcome)),
        section("Sources", &provenance::sources(outcome)),
    ];
    Ok(document(&title, &outcome.version, &sections.concat()))
}

/// A document around `body`: the head, the style, nothing that is loaded.
pub(super) fn document(title: &str, version: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"generator\" content=\"noisescope {version}\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\
         </main>\n</body>\n</html>\n",
        version = Escaped(version),
        title = Escaped(title),
    )
}

/// The experiment in words; its name where the report knows no words for it.
fn title(outcome: &Outcome) -> String {
    match outcome.experiment.as_str() {
        "one-over-f" => "1/f noise in the activations of an LSTM".to_string(),
        name => name.to_string(),
    }
}

fn header(outcome: &Outcome, title: &str) -> String {
    let corpus = &outcome.corpus;
    let source = if corpus.synthetic { "made-up reviews" } else { corpus.source.as_str() };
    let banner = if corpus.synthetic { SYNTHETIC } else { "" };
    let sentences = findings::sentences(outcome).join(" ");
    format!(
        "<header>\n<p class=\"name\">noisescope {version} \u{b7} {experiment}</p>\n\
         <h1>{title}</h1>\n{banner}<p class=\"summary\">{summary}</p>\n\
         <p class=\"byline\">Seed {seed} \u{b7} {source} \u{b7} {device}</p>\n</header>\n",
        version = Escaped(&outcome.version),
        experiment = Escaped(&outcome.experiment),
        title = Escaped(title),
        summary = Escaped(&typeset_prose(&sentences)),
        seed = outcome.seed,
        source = Escaped(source),
        device = Escaped(&outcome.device.name),
    )
}

pub(super) fn section(heading: &str, body: &str) -> String {
    format!("<section>\n<h2>{heading}</h2>\n{body}</section>\n")
}

fn caution_list(outcome: &Outcome) -> String {
    let items: String = cautions(outcome)
        .iter()
        .map(|caution| {
            format!(
                "<li><strong>{}</strong> {}</li>\n",
                Escaped(&typeset_prose(caution.point)),
                Escaped(&typeset_prose(&caution.reason))
            )
        })
        .collect();
    format!("<ul class=\"cautions\">\n{items}</ul>\n")
}

fn methods(outcome: &Outcome) -> String {
    let paragraphs: String =
        outcome.methods.iter().map(|words| format!("<p>{}</p>\n", Escaped(words))).collect();
    format!(
        "{paragraphs}<p>Signs: alpha is the slope of ln F(n) on ln n and beta = 2 alpha \u{2212} \
         1. A positive beta means S(f) ~ 1/f<sup>beta</sup>: 0 is white noise, 1 is 1/f noise, 2 a \
         random walk. \u{b1} is the standard deviation over traces. A trace that is constant or \
         not finite has no exponent and is counted as undefined.</p>\n"
    )
}

//! The tables on the page: exponents at a glance, all exponents, use of the units.
//!
//! Place in the flow: `table::rows` -> `<table>` elements with captions and scoped headings.

use crate::experiments::outcome::{ExponentSummary, Outcome, Words};
use crate::report::markup::{Escaped, typeset, typeset_prose};
use crate::report::numbers::{count, exponent, finite, fixed, percent, spread};
use crate::report::paper;
use crate::report::table::{
    AGGREGATIONS, Row, every, meaning_of_aggregation, meaning_of_quantity, rows,
};

/// Beta by quantity, condition and aggregation, beside the paper's figures.
pub(super) fn overview(outcome: &Outcome) -> String {
    let rows = rows(outcome);
    if rows.is_empty() {
        return "<p class=\"absent\">No exponent was measured in this run.</p>\n".into();
    }
    let words = outcome.corpus.words();
    let aggregations: Vec<String> = AGGREGATIONS
        .iter()
        .filter_map(|name| Some(format!("<b>{name}</b>: {}", meaning_of_aggregation(words, name)?)))
        .collect();
    let standing = if outcome.corpus.series.is_some() {
        "The paper gives no figures for series.".to_owned()
    } else {
        let standing = typeset_prose(paper::STANDING);
        format!("The paper: {}. {}", Escaped(paper::SHORT_SOURCE), Escaped(&standing))
    };
    format!(
        "{}<p class=\"note\">Aggregations: {}.</p>\n<p class=\"note\">{standing}</p>\n",
        betas(outcome, &rows, "Beta, mean \u{b1} standard deviation over traces"),
        aggregations.join("; "),
    )
}

/// Beta by quantity, condition and aggregation.
pub(super) fn betas(outcome: &Outcome, rows: &[Row<'_>], caption: &str) -> String {
    let mut body = String::new();
    for group in rows.chunk_by(|one, next| one.quantity == next.quantity) {
        body.push_str("<tbody>\n");
        for (place, row) in group.iter().enumerate() {
            let figures: String = row
                .cells
                .iter()
                .map(|entry| number(&entry.map_or_else(|| "\u{2013}".into(), beta)))
                .collect();
            let leading = match place {
                0 => quantity(outcome, row.quantity, group.len()),
                _ => String::new(),
            };
            body.push_str(&format!(
                "<tr>{leading}<th scope=\"row\">{}</th>{figures}{}</tr>\n",
                Escaped(row.condition),
                number(&of_paper(row))
            ));
        }
        body.push_str("</tbody>\n");
    }
    let figures: Vec<&str> = AGGREGATIONS.into_iter().chain(["the paper"]).collect();
    table(caption, &headings(&["quantity", "condition"], &figures), &body)
}

/// Every exponent with its mean alpha, median and counts, one group per aggregation.
pub(super) fn exponents(outcome: &Outcome) -> String {
    let rows = every(outcome);
    if rows.is_empty() {
        return "<p class=\"absent\">No exponent was measured in this run.</p>\n".into();
    }
    let mut body = String::new();
    for (column, aggregation) in AGGREGATIONS.iter().enumerate() {
        let lines: String =
            rows.iter().filter_map(|row| Some(exponent_line(row, row.cells[column]?))).collect();
        if lines.is_empty() {
            continue;
        }
        let meaning =
            meaning_of_aggregation(outcome.corpus.words(), aggregation).unwrap_or_default();
        body.push_str(&format!(
            "<tbody>\n<tr><th class=\"group\" scope=\"rowgroup\" colspan=\"9\">{aggregation} \
             <span>{meaning}</span></th></tr>\n{lines}</tbody>\n"
        ));
    }
    let headings = headings(
        &["quantity", "condition"],
        &["alpha", "beta", "sd", "median", "traces", "undefined", "the paper\u{2019}s beta"],
    );
    let caption = "Alpha and beta by aggregation: mean, standard deviation and median over traces";
    table(caption, &headings, &body)
}

fn exponent_line(row: &Row<'_>, entry: &ExponentSummary) -> String {
    let figures: String = [
        exponent(entry.alpha_mean),
        exponent(entry.beta_mean),
        exponent(entry.beta_sd),
        exponent(entry.beta_median),
        count(entry.traces),
        count(entry.undefined),
        of_paper(row),
    ]
    .iter()
    .map(|figure| number(figure))
    .collect();
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td>{figures}</tr>\n",
        Escaped(row.quantity),
        Escaped(row.condition)
    )
}

/// How much the units move, and beta without those that hardly do.
pub(super) fn utilisation(outcome: &Outcome) -> String {
    if outcome.utilisation.is_empty() {
        return "<p class=\"absent\">The movement of the units was not measured in this run.</p>\n"
            .into();
    }
    let body: String = outcome
        .utilisation
        .iter()
        .map(|entry| {
            let figures: String = [
                fixed(entry.sd_mean, 4),
                percent(entry.below_0_01),
                percent(entry.below_0_05),
                exponent(entry.beta_mean_used),
            ]
            .iter()
            .map(|figure| number(figure))
            .collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td>{figures}</tr>\n",
                Escaped(&entry.quantity),
                Escaped(&entry.condition)
            )
        })
        .collect();
    let headings = headings(
        &["quantity", "condition"],
        &["mean sd", "sd below 0.01", "sd below 0.05", "beta of the others"],
    );
    let Words { one, steps, .. } = outcome.corpus.words();
    let caption = format!(
        "Standard deviation (sd) of single units over the {steps} of a {one}: its mean, the share \
         of traces below two bounds, and the mean beta of the traces of at least 0.01"
    );
    table(&caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

fn beta(entry: &ExponentSummary) -> String {
    spread(finite(entry.beta_mean), entry.beta_sd)
}

fn of_paper(row: &Row<'_>) -> String {
    row.paper
        .map_or_else(String::new, |figure| spread(Some(figure.beta_mean), Some(figure.beta_sd)))
}

/// The heading of a quantity's rows, with what it is in words.
fn quantity(outcome: &Outcome, name: &str, rows: usize) -> String {
    let meaning = meaning_of_quantity(outcome, name)
        .map(|words| format!(" <span>{words}</span>"))
        .unwrap_or_default();
    format!("<th scope=\"rowgroup\" rowspan=\"{rows}\">{}{meaning}</th>", Escaped(name))
}

/// A cell of figures.
pub(in crate::report) fn number(figure: &str) -> String {
    format!("<td class=\"number\">{}</td>", typeset(&Escaped(figure).to_string()))
}

/// Headings of columns of words and of figures.
pub(in crate::report) fn headings(names: &[&str], figures: &[&str]) -> String {
    let names = names.iter().map(|name| format!("<th scope=\"col\">{name}</th>"));
    let figures =
        figures.iter().map(|name| format!("<th scope=\"col\" class=\"number\">{name}</th>"));
    names.chain(figures).collect()
}

/// A table that scrolls by itself where the window is too narrow for it.
pub(in crate::report) fn table(caption: &str, headings: &str, body: &str) -> String {
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n\
         <caption><span>{caption}</span></caption>\n<thead><tr>{headings}</tr></thead>\n{body}\
         </table>\n</div>\n"
    )
}

//! The study's own sections: the paper's claims, rest and task, inside and outside, the course of
//! training, groups of reviews.
//!
//! Place in the flow: outcome -> tables and figures with their captions.

use super::figures::figure;
use super::tables::{betas, headings, number, table};
use crate::error::Result;
use crate::experiments::outcome::{Contrast, Outcome};
use crate::report::claims::{self, Claim, interval};
use crate::report::figures::against::{Against, Series};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::paper;
use crate::report::table::{AGGREGATIONS, driven, in_order, meaning_of_condition};

/// Numbers and claims of the paper, and an independent run, beside this one.
pub(super) fn claims(outcome: &Outcome) -> String {
    let claimed = beside(&claims::claims(outcome), "What the paper claims", "the paper");
    if outcome.corpus.series.is_some() {
        return format!(
            "{claimed}<p class=\"note\">A claimed difference is seen where the 95 % interval over \
             series (bootstrap) lies on the claimed side of 0.</p>\n"
        );
    }
    let note = "<p class=\"note\">A number is within where ours lies no further from the \
         paper\u{2019}s than its own \u{b1}. A claimed difference is seen where the 95 % interval \
         over reviews (bootstrap) lies on the claimed side of 0.</p>\n";
    format!(
        "{}{claimed}{note}<details><summary>An independent run in PyTorch beside this one</summary>\n{}\
         <p class=\"note\">{}</p></details>\n",
        beside(&claims::numbers(outcome), "Every number that is known of the paper", "the paper"),
        beside(&claims::independent(outcome), "An independent run", "PyTorch"),
        Escaped(paper::INDEPENDENT_STANDING)
    )
}

fn beside(claims: &[Claim], caption: &str, source: &str) -> String {
    let line = |claim: &Claim| {
        let words = [&claim.theirs, &claim.ours]
            .map(|words| format!("<td>{}</td>", Escaped(&typeset_prose(words))));
        format!(
            "<tr><th scope=\"row\">{}</th>{}<td>{}</td></tr>\n",
            Escaped(&typeset_prose(&claim.what)),
            words.concat(),
            claim.verdict
        )
    };
    let body: String = claims.iter().map(line).collect();
    let headings = headings(&["", source, "this run", "verdict"], &[]);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// The trained network by what drives it.
pub(super) fn drives(outcome: &Outcome) -> String {
    let rows = driven(outcome);
    if rows.is_empty() {
        return "<p class=\"absent\">Nothing else drove the network in this run.</p>\n".into();
    }
    let words = in_order(rows.iter().map(|row| row.condition)).into_iter().filter_map(|name| {
        Some(format!("<b>{name}</b>: {}", meaning_of_condition(outcome, name)?))
    });
    format!(
        "{}<p class=\"note\">{}. A network without noise of its own relaxes to a fixed point under \
         constant input: beta of padding describes that transient.</p>\n{}",
        betas(outcome, &rows, "Beta of the trained network by what drives it"),
        words.collect::<Vec<_>>().join("; "),
        contrasts(outcome, "drive", "Beta at rest minus beta at task", Some("at rest"))
    )
}

/// Gates and cell against the hidden state, and training against none.
pub(super) fn internal(outcome: &Outcome) -> String {
    let internal = "Beta inside the trained unit minus beta of what leaves it (hidden)";
    contrasts(outcome, "internal", internal, None)
        + &contrasts(outcome, "training", "Beta after training minus beta before", None)
}

/// Reviews classified rightly against the others, longer against shorter ones.
pub(super) fn groups(outcome: &Outcome) -> String {
    let many = outcome.corpus.words().many;
    let right = format!("Beta of {many} classified rightly minus beta of the others");
    let shortest = outcome.contrasts.iter().find(|one| one.about == "length");
    let shortest = shortest.map_or("the shortest", |one| &one.second);
    let longer = format!("Beta of longer {many} minus beta of those of {shortest}");
    contrasts(outcome, "rightness", &right, None)
        + &contrasts(outcome, "length", &longer, Some("length"))
}

/// One table of differences, with a column for what the first is where that varies; a sentence
/// where there are none.
fn contrasts(outcome: &Outcome, about: &str, caption: &str, varies: Option<&str>) -> String {
    let found: Vec<&Contrast> = outcome.contrasts.iter().filter(|one| one.about == about).collect();
    let caption = Escaped(caption);
    if found.is_empty() {
        return format!("<p class=\"absent\">{caption}: too few, or not measured.</p>\n");
    }
    let same = |one: &&Contrast, next: &&Contrast| {
        (&one.quantity, &one.first) == (&next.quantity, &next.first)
    };
    let line = |group: &[&Contrast]| {
        let first = group[0];
        let figures = AGGREGATIONS.map(|aggregation| {
            let entry = group.iter().find(|one| one.aggregation == aggregation);
            number(&entry.map_or_else(|| "\u{2013}".into(), |one| interval(one)))
        });
        let (ones, others) = first.reviews;
        let reviews = if ones == others { ones.to_string() } else { format!("{ones}, {others}") };
        let varying = varies.map(|_| format!("<td>{}</td>", Escaped(&first.first)));
        format!(
            "<tr><th scope=\"row\">{}</th>{}{}{}</tr>\n",
            Escaped(&first.quantity),
            varying.unwrap_or_default(),
            number(&reviews),
            figures.concat()
        )
    };
    let body: String = found.chunk_by(same).map(line).collect();
    let names: Vec<&str> = ["quantity"].into_iter().chain(varies).collect();
    let many = outcome.corpus.words().many;
    let figures: Vec<&str> = [many].into_iter().chain(AGGREGATIONS).collect();
    let caption = format!("{caption}: difference of means [95 % interval, bootstrap over {many}]");
    table(&caption, &headings(&names, &figures), &format!("<tbody>\n{body}</tbody>\n"))
}

/// Beta over the epochs that were kept.
pub(super) fn course(outcome: &Outcome) -> Result<String> {
    let epoch = |condition: &str| match condition {
        "untrained" => Some(0.0),
        kept => kept.strip_prefix("epoch ")?.parse().ok(),
    };
    let points = |quantity: &str, aggregation: &str| -> Vec<(f64, f64)> {
        let entries = outcome
            .exponents
            .iter()
            .filter(|entry| entry.quantity == quantity && entry.aggregation == aggregation);
        entries.filter_map(|entry| Some((epoch(&entry.condition)?, entry.beta_mean?))).collect()
    };
    let mut panels = Vec::new();
    for (quantity, words) in [("hidden", "Hidden state"), ("cell", "Cell"), ("input", "Input")] {
        let series: Vec<Series<'_>> =
            AGGREGATIONS.iter().map(|one| (*one, points(quantity, one))).collect();
        if series.iter().all(|(_, points)| points.len() < 2) {
            continue;
        }
        let description = format!("Beta of {quantity} by aggregation");
        let marked: &[f64] = &[0.0, 1.0];
        let panel =
            Against { setting: "epoch", name: "beta", description: &description, series, marked };
        panels.extend(panel.panel()?.map(|svg| format!("<h3>{words}</h3>\n{svg}")));
    }
    let caption = "Mean beta of the networks that were kept, epoch 0 being the untrained one. \
         Dashed: white noise (0) and 1/f noise (1). Loss and accuracy of the same epochs stand \
         under Training.";
    Ok(figure("wide", &panels, caption, "No epoch of training was kept in this run."))
}

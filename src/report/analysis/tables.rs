//! The tables of the page: verdicts, surrogates, flags, traces.
//!
//! Place in the flow: [`Analysis`] -> `<table>` elements; names and reasons go through [`Escaped`].

use std::collections::BTreeSet;

use super::words::{NONE, number, quantiles, share, word};
use super::{Beside, UNUSUAL, flag_counts, meaning_of};
use crate::analysis::controls::{STEEPEST, Verdict};
use crate::analysis::surrogates::Surrogate;
use crate::experiments::analyze::{Analysis, Fit, Trace};
use crate::report::html::tables::{headings, number as figure, table};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::numbers::{count, several};

/// Traces that have a row; of more, the most unusual have one.
const MOST_ROWS: usize = 200;

/// Traces and shares per verdict, with the medians of alpha and of the score.
pub(super) fn verdicts(analysis: &Analysis) -> String {
    let all = analysis.traces.len();
    let medians = |of: &dyn Fn(&Trace) -> bool| {
        let chosen = || analysis.traces.iter().filter(|trace| of(trace));
        let middle = |values: Vec<f64>| quantiles(values.into_iter(), [0.5]).map(|[middle]| middle);
        let alpha = middle(chosen().filter_map(|trace| trace.alpha).collect());
        let score = middle(chosen().filter_map(|trace| Some(trace.memory?.score)).collect());
        figure(&number(alpha, 2)) + &figure(&number(score, 1))
    };
    let line = |(verdict, traces): &(Verdict, usize)| {
        let percent = 100.0 * *traces as f64 / all.max(1) as f64;
        format!(
            "<tr><th class=\"word\" scope=\"row\">{}</th>{}{}<td class=\"bar\">\
             <span style=\"width:{percent:.1}%\">\
             </span></td>{}<td>{}</td></tr>\n",
            word(*verdict),
            figure(&count(*traces)),
            figure(&share(*traces, all)),
            medians(&|trace| trace.verdict == *verdict),
            meaning_of(*verdict)
        )
    };
    let lines: String = analysis.verdicts.iter().filter(|(_, n)| *n > 0).map(line).collect();
    let together = format!(
        "<tr><th scope=\"row\">together</th>{}<td></td><td></td>{}<td></td></tr>\n",
        figure(&count(all)),
        medians(&|_| true)
    );
    let headings = headings(&["verdict"], &["traces", "share"])
        + "<th scope=\"col\"></th>"
        + &headings(&[], &["median alpha", "median score"])
        + &headings(&["meaning"], &[]);
    let body = format!("<tbody>\n{lines}</tbody>\n<tfoot>\n{together}</tfoot>\n");
    table("Traces per verdict", &headings, &body)
        + "<p class=\"note\">Score: Bayesian information criterion of a power law less that of an \
           AR(1); above 0 short memory explains the spectrum better, and differences below 2 are \
           not worth more than a mention.</p>\n"
}

/// How the exponents compare with those of surrogates; empty where there are none.
pub(super) fn surrogates(traces: &[Trace]) -> String {
    let line = |kind: Surrogate| {
        let beside = Beside::of(traces, kind)?;
        let unusual = match beside.ranked {
            0 => NONE.to_owned(),
            ranked => share(beside.unusual, ranked),
        };
        let (name, keeps) = described(kind);
        Some(format!(
            "<tr><th scope=\"row\">{name}</th>{}{}{}<td>{keeps}</td></tr>\n",
            figure(&count(beside.count)),
            figure(&number(Some(beside.mean), 3)),
            figure(&unusual),
        ))
    };
    let lines: String = Surrogate::ALL.into_iter().filter_map(line).collect();
    if lines.is_empty() {
        return lines;
    }
    let headings = headings(
        &["surrogates"],
        &["traces", "mean alpha", &format!("traces with p \u{2264} {UNUSUAL}")],
    ) + &headings(&["what they keep"], &[]);
    let note = format!(
        "<p class=\"note\">Surrogates of random phases are periodic. Traces of alpha above {STEEPEST} \
         are not, and have no p among them.</p>\n"
    );
    table("Surrogates beside the traces", &headings, &format!("<tbody>\n{lines}</tbody>\n")) + &note
}

fn described(kind: Surrogate) -> (&'static str, &'static str) {
    match kind {
        Surrogate::Shuffled => ("shuffled", "every value, in random order: no memory"),
        Surrogate::PhaseRandomised => ("phase-randomised", "the spectrum; Gaussian values"),
        Surrogate::AmplitudeAdjusted => {
            ("amplitude-adjusted", "every value and nearly the spectrum")
        }
        Surrogate::Autoregressive => ("AR(1)", "mean, variance and the correlation of neighbours"),
    }
}

/// What is unusual and in how many traces; empty where nothing is.
pub(super) fn flags(traces: &[Trace]) -> String {
    let line = |(flag, traces): (&str, usize)| {
        format!("<tr><th scope=\"row\">{}</th>{}</tr>\n", Escaped(flag), figure(&count(traces)))
    };
    let lines: String = flag_counts(traces).into_iter().map(line).collect();
    if lines.is_empty() {
        return lines;
    }
    let body = format!("<tbody>\n{lines}</tbody>\n");
    table("Flags", &headings(&["what is unusual"], &["traces"]), &body)
}

/// A row per trace, or rows of the most unusual.
pub(super) fn traces(traces: &[Trace]) -> String {
    let (rows, note) = chosen(traces);
    let fits = rows.iter().map(|trace| trace.fits.len()).max().unwrap_or(0);
    let files: BTreeSet<&str> = traces.iter().map(|trace| trace.source.as_str()).collect();
    let body: String = rows.iter().map(|trace| row(trace, fits, files.len() > 1)).collect();
    let mut names = vec!["trace"];
    names.extend((files.len() > 1).then_some("file"));
    let alphas: Vec<String> = (0..fits).map(|at| alpha_heading(&rows, at, fits)).collect();
    let mut figures = vec!["samples"];
    figures.extend(alphas.iter().flat_map(|alpha| [alpha.as_str(), "95 % interval"]));
    figures.extend(["unbiased", "beta", "spectral beta"]);
    let headings = headings(&names, &figures) + &headings(&["verdict", "first reason, flags"], &[]);
    let caption = "Exponents and verdict of each trace";
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n")) + &note
}

/// `alpha`, of several with its number, and with its range of sizes where that is the same for all.
fn alpha_heading(rows: &[&Trace], at: usize, fits: usize) -> String {
    if fits == 1 {
        return "alpha".to_owned();
    }
    let mut ranges = rows.iter().filter_map(|trace| Some(trace.fits.get(at)?.range));
    let [from, to] = ranges.next().unwrap_or_default();
    let same = ranges.all(|range| range == [from, to]);
    let range = if same { format!("<span>n {from} to {to}</span>") } else { String::new() };
    format!("alpha {}{range}", at + 1)
}

/// The traces that have a row, in their order, and a sentence about the others.
fn chosen(traces: &[Trace]) -> (Vec<&Trace>, String) {
    if traces.len() <= MOST_ROWS {
        return (traces.iter().collect(), String::new());
    }
    let alphas = traces.iter().filter_map(|trace| trace.alpha);
    let middle = quantiles(alphas, [0.5]).map_or(0.0, |[middle]| middle);
    let distance = |at: usize| traces[at].alpha.map_or(f64::INFINITY, |a| (a - middle).abs());
    let mut order: Vec<usize> = (0..traces.len()).collect();
    order.sort_by(|&one, &other| distance(other).total_cmp(&distance(one)));
    // Flagged traces have half of the rows, so that a flag that all have does not fill the table.
    let (flagged, others): (Vec<usize>, Vec<usize>) =
        order.into_iter().partition(|&at| !traces[at].flags.is_empty());
    let split = flagged.len().min(MOST_ROWS / 2).max(MOST_ROWS.saturating_sub(others.len()));
    let mut rows: Vec<usize> = flagged.into_iter().take(split).chain(others).collect();
    rows.truncate(MOST_ROWS);
    rows.sort_unstable();
    let note = format!(
        "<p class=\"note\">The {MOST_ROWS} most unusual of {}: up to half of them flagged, the \
         others those whose alpha is furthest from the median. --csv FILE has all.</p>\n",
        several(traces.len(), "trace")
    );
    (rows.into_iter().map(|at| &traces[at]).collect(), note)
}

fn row(trace: &Trace, fits: usize, with_file: bool) -> String {
    let mut row = format!("<tr><th scope=\"row\">{}</th>", Escaped(&trace.name));
    if with_file {
        row += &format!("<td>{}</td>", Escaped(&trace.source));
    }
    row += &figure(&count(trace.samples));
    for at in 0..fits {
        let fit = trace.fits.get(at);
        row += &figure(&number(fit.and_then(|fit| fit.alpha), 3));
        row += &figure(&interval(fit.and_then(|fit| fit.alpha_interval), fit));
    }
    row += &figure(&number(trace.alpha_unbiased, 3));
    row += &figure(&number(trace.beta, 3));
    row += &figure(&number(trace.beta_spectral, 3));
    let reason = typeset_prose(trace.reasons.first().map_or(NONE, String::as_str));
    row += &format!("<td>{}</td>", word(trace.verdict));
    row += &format!("<td class=\"prose\">{}", Escaped(&reason));
    for flag in &trace.flags {
        row += &format!("<br/><b>{}</b>", Escaped(&typeset_prose(flag)));
    }
    row + "</td></tr>\n"
}

/// `0.91 to 1.08`, an end that may lie further off left out.
fn interval(interval: Option<[f64; 2]>, fit: Option<&Fit>) -> String {
    let open = |flag: &str| fit.is_some_and(|fit| fit.flags.iter().any(|held| held == flag));
    match interval.filter(|ends| ends.iter().all(|end| end.is_finite())) {
        None => NONE.to_owned(),
        Some([_, high]) if open("interval-open-low") => format!("\u{2264} {high:.2}"),
        Some([low, _]) if open("interval-open-high") => format!("\u{2265} {low:.2}"),
        Some([low, high]) => format!("{low:.2} to {high:.2}"),
    }
}

//! The analysis of anyone's traces as text, page, JSON and CSV.
//!
//! Place in the flow: floor 5; strings out, the caller writes and prints them. `page` puts together
//! what `words`, `tables` and `curves` make of the analysis.

mod curves;
mod page;
mod tables;
pub(super) mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::controls::{Comparison, Verdict};
use crate::analysis::surrogates::Surrogate;
use crate::error::{Error, Result};
use crate::experiments::analyze::{Analysis, Trace};

/// Traces that the terminal shows one by one; of more, quantiles are shown.
const MOST_ROWS: usize = 40;

/// Traces whose numbers are also put into words.
const MOST_READ: usize = 6;

/// The probability up to which a trace stands out from its surrogates.
const UNUSUAL: f64 = 0.1;

/// What the terminal shows: a row per trace, or quantiles and shares where there are many; for few
/// traces also what their numbers mean.
pub fn text(analysis: &Analysis) -> String {
    let mut text = String::new();
    let traces = &analysis.traces;
    if traces.len() <= MOST_ROWS {
        table(&mut text, traces);
    } else {
        text += &quantiles(traces);
        shares(&mut text, analysis);
        unusual(&mut text, traces);
    }
    if traces.len() > MOST_READ {
        surrogates(&mut text, traces);
    }
    if traces.len() <= MOST_READ {
        for trace in traces {
            text.push('\n');
            super::lines::paragraph(&mut text, &format!("{}: {}", trace.name, reading(trace)), 2);
        }
    }
    text.push('\n');
    for sentence in &analysis.conventions {
        super::lines::paragraph(&mut text, sentence, 0);
    }
    text
}

/// What the number of one trace means, in a line.
pub fn reading(trace: &Trace) -> String {
    let Some(alpha) = trace.alpha else {
        return format!("no exponent ({})", trace.flags.join("; "));
    };
    let range = trace.fits.first().map_or([0, 0], |fit| fit.range);
    let spread = trace
        .alpha_interval
        .map_or(String::new(), |[low, high]| format!(" (95 % interval {low:.2} to {high:.2})"));
    let time = trace.rate.map_or(String::new(), |rate| {
        let [from, to] = range.map(|size| size as f64 / rate);
        format!(", {from:.3} to {to:.3} s")
    });
    let mut line = format!(
        "alpha {alpha:.2}{spread} over {} to {} samples{time}: {}",
        range[0],
        range[1],
        meaning_of(trace.verdict)
    );
    for reason in &trace.reasons {
        line += "; ";
        line += reason;
    }
    line
}

/// What a verdict means.
fn meaning_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::White => "white noise, no memory",
        Verdict::ShortMemory => "short memory, as an AR(1) has; not 1/f",
        Verdict::OneOverF => "1/f noise",
        Verdict::Brownian => "Brownian or steeper, a random walk",
        Verdict::Crossover => "a crossover, two exponents; alpha is a mean of both",
        Verdict::PowerLaw => "a power law, neither white nor 1/f",
        Verdict::Undefined => "no verdict",
    }
}

fn table(text: &mut String, traces: &[Trace]) {
    let width = traces.iter().map(|trace| trace.name.chars().count()).max().unwrap_or(0).max(5);
    *text += &format!(
        "{:<width$}   samples   alpha   95 % interval      beta  spectral  verdict\n",
        "trace"
    );
    for trace in traces {
        *text += &format!("{:<width$}  {:>8}  {}\n", trace.name, trace.samples, numbers(trace));
        for fit in trace.fits.iter().skip(1) {
            let range = format!("{} to {}", fit.range[0], fit.range[1]);
            let alpha = fit.alpha.map_or("     -".to_owned(), |alpha| format!("{alpha:6.3}"));
            let interval = interval(fit.alpha_interval, &fit.flags);
            *text += &format!("{:<width$}  {range:>8}  {alpha}  {interval}\n", "");
        }
        for flag in &trace.flags {
            *text += &format!("{:<width$}  ! {flag}\n", "");
        }
    }
}

fn numbers(trace: &Trace) -> String {
    let (Some(alpha), Some(beta)) = (trace.alpha, trace.beta) else {
        return "     -".to_owned();
    };
    let interval = interval(trace.alpha_interval, &trace.flags);
    let spectral = trace.beta_spectral.map_or("-".to_owned(), |beta| format!("{beta:.3}"));
    let verdict = trace.verdict.name();
    format!("{alpha:6.3}  {interval:<16}  {beta:6.3}  {spectral:>8}  {verdict}")
}

fn interval(interval: Option<[f64; 2]>, flags: &[String]) -> String {
    let open = |end: &str| flags.iter().any(|flag| flag.starts_with(end));
    interval.map_or("-".to_owned(), |[low, high]| {
        match (open("interval-open-low"), open("interval-open-high")) {
            (true, _) => format!("{high:6.3} or less"),
            (_, true) => format!("{low:6.3} or more"),
            _ => format!("{low:6.3} to {high:5.3}"),
        }
    })
}

fn quantiles(traces: &[Trace]) -> String {
    let undefined = traces.iter().filter(|trace| trace.alpha.is_none()).count();
    let mut text = format!("{} traces, {undefined} of them without an exponent\n", traces.len());
    let fits = traces.iter().map(|trace| trace.fits.len()).max().unwrap_or(0);
    for at in 0..fits {
        let fits = traces.iter().filter_map(|trace| trace.fits.get(at));
        let mut alphas: Vec<f64> = fits.filter_map(|fit| fit.alpha).collect();
        if alphas.is_empty() {
            continue;
        }
        alphas.sort_unstable_by(f64::total_cmp);
        text += "\nquantile of alpha    5 %     25 %     50 %     75 %     95 %\n                ";
        for share in [0.05, 0.25, 0.5, 0.75, 0.95] {
            let place = (share * (alphas.len() - 1) as f64).round() as usize;
            text += &format!("{:9.3}", alphas[place]);
        }
        text += &format!("   over {}\n", page::range_of(traces, at));
    }
    text
}

/// How the exponents lie among those of surrogates; nothing where there are none.
fn surrogates(text: &mut String, traces: &[Trace]) {
    let mut lines = String::new();
    for kind in Surrogate::ALL {
        let Some(Beside { count, mean, unusual, ranked }) = Beside::of(traces, kind) else {
            continue;
        };
        let name = column_of(kind);
        lines += &format!("{name:<18}  {count:>6}  {mean:10.3}  {unusual:>6} of {ranked}\n");
    }
    if !lines.is_empty() {
        *text += &format!("\nsurrogates          traces  mean alpha  p \u{2264} {UNUSUAL}\n");
        *text += &lines;
    }
}

/// Traces beside their surrogates of one kind.
struct Beside {
    /// Traces that have such surrogates.
    count: usize,
    /// Mean of the surrogates' mean exponents.
    mean: f64,
    /// Traces whose `p` is at most [`UNUSUAL`].
    unusual: usize,
    /// Traces that have a `p`.
    ranked: usize,
}

impl Beside {
    /// None where no trace has surrogates of this kind.
    fn of(traces: &[Trace], kind: Surrogate) -> Option<Self> {
        let found: Vec<&Comparison> =
            traces.iter().flat_map(|t| &t.surrogates).filter(|c| c.kind == kind).collect();
        let ranks: Vec<f64> = found.iter().filter_map(|one| one.p).collect();
        (!found.is_empty()).then(|| Self {
            count: found.len(),
            mean: found.iter().map(|one| one.mean).sum::<f64>() / found.len() as f64,
            unusual: ranks.iter().filter(|p| **p <= UNUSUAL).count(),
            ranked: ranks.len(),
        })
    }
}

fn shares(text: &mut String, analysis: &Analysis) {
    *text += "\nverdict         traces   share\n";
    for (verdict, count) in analysis.verdicts.iter().filter(|(_, count)| *count > 0) {
        let share = 100.0 * *count as f64 / analysis.traces.len() as f64;
        *text += &format!("{:<14}  {count:>6}  {share:>5.1} %\n", verdict.name());
    }
}

/// Traces with flags, by the word that the flag begins with.
fn unusual(text: &mut String, traces: &[Trace]) {
    let counts = flag_counts(traces);
    if !counts.is_empty() {
        *text += "\nflag                traces\n";
    }
    for (word, count) in counts {
        *text += &format!("{word:<18}  {count:>6}\n");
    }
}

/// How many traces have each flag, by the word that it begins with.
fn flag_counts(traces: &[Trace]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for trace in traces {
        let words: BTreeSet<&str> =
            trace.flags.iter().filter_map(|flag| flag.split(':').next()).collect();
        words.into_iter().for_each(|word| *counts.entry(word).or_insert(0) += 1);
    }
    counts
}

/// The name of a kind of surrogates in the table.
fn column_of(kind: Surrogate) -> &'static str {
    match kind {
        Surrogate::Shuffled => "shuffled",
        Surrogate::PhaseRandomised => "phase_randomised",
        Surrogate::AmplitudeAdjusted => "amplitude_adjusted",
        Surrogate::Autoregressive => "ar1",
    }
}

/// One page with figures and tables that opens without a network, however many traces there are.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn html(analysis: &Analysis) -> Result<String> {
    page::page(analysis)
}

/// The analysis as JSON, indented.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(analysis: &Analysis) -> Result<String> {
    serde_json::to_string_pretty(analysis)
        .map_err(|error| Error::new("cannot write the analysis as JSON").because(error))
}

/// One row per trace: source, name, samples, alpha, interval, beta, verdict, score of short memory
/// against a power law, flags, alpha without its bias; range, alpha and interval of every fit; mean
/// exponent and p of every kind of surrogates, where there are any.
///
/// # Errors
/// When it cannot be written as CSV.
pub fn csv(analysis: &Analysis) -> Result<String> {
    let failed = |error| Error::new("cannot write the analysis as CSV").because(error);
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = [
        "source",
        "name",
        "samples",
        "alpha",
        "alpha_low",
        "alpha_high",
        "beta",
        "beta_spectral",
        "verdict",
        "score",
        "flags",
        "alpha_unbiased",
    ];
    let mut head: Vec<String> = head.map(str::to_owned).to_vec();
    let fits = analysis.traces.iter().map(|trace| trace.fits.len()).max().unwrap_or(0);
    for fit in 1..=fits {
        let columns = ["from", "to", "alpha", "alpha_low", "alpha_high"];
        head.extend(columns.map(|column| format!("fit{fit}_{column}")));
    }
    let kinds = if analysis.surrogates > 0 { &Surrogate::ALL[..] } else { &[] };
    for kind in kinds {
        head.extend(["alpha", "p"].map(|column| format!("{}_{column}", column_of(*kind))));
    }
    table.write_record(&head).map_err(failed)?;
    for trace in &analysis.traces {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let end = |at: usize| number(trace.alpha_interval.map(|interval| interval[at]));
        let mut row = vec![
            trace.source.clone(),
            trace.name.clone(),
            trace.samples.to_string(),
            number(trace.alpha),
            end(0),
            end(1),
            number(trace.beta),
            number(trace.beta_spectral),
            trace.verdict.name().to_owned(),
            number(trace.memory.map(|memory| memory.score)),
            trace.flags.join("; "),
            number(trace.alpha_unbiased),
        ];
        for at in 0..fits {
            let fit = trace.fits.get(at);
            let ends = fit.and_then(|fit| fit.alpha_interval);
            let ends = [0, 1].map(|end| number(ends.map(|ends| ends[end])));
            row.extend([0, 1].map(|end| fit.map_or(String::new(), |f| f.range[end].to_string())));
            row.push(number(fit.and_then(|fit| fit.alpha)));
            row.extend(ends);
        }
        for kind in kinds {
            let found = trace.surrogates.iter().find(|found| found.kind == *kind);
            row.push(number(found.map(|found| found.mean)));
            row.push(number(found.and_then(|found| found.p)));
        }
        table.write_record(&row).map_err(failed)?;
    }
    let bytes = table.into_inner().map_err(|error| {
        Error::new("cannot write the analysis as CSV").because(error.into_error())
    })?;
    Ok(String::from_utf8(bytes).expect("CSV of strings is UTF-8"))
}

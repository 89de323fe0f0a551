//! The analysis of anyone's traces as text, JSON and CSV.
//!
//! Place in the flow: floor 5; strings out, the caller writes and prints them.

use crate::error::{Error, Result};
use crate::experiments::analyze::{Analysis, Trace};

/// Traces that the terminal shows one by one; of more, quantiles are shown.
const MOST_ROWS: usize = 40;

/// What the terminal shows: a row per trace, or quantiles where there are many.
pub fn text(analysis: &Analysis) -> String {
    let mut text = String::new();
    let traces = &analysis.traces;
    if traces.len() <= MOST_ROWS {
        let width = traces.iter().map(|trace| trace.name.chars().count()).max().unwrap_or(0).max(5);
        text +=
            &format!("{:<width$}   samples   alpha   95 % interval      beta  spectral\n", "trace");
        for trace in traces {
            text += &format!("{:<width$}  {:>8}  {}\n", trace.name, trace.samples, numbers(trace));
        }
    } else {
        text += &quantiles(traces);
    }
    text.push('\n');
    for sentence in &analysis.conventions {
        super::text::paragraph(&mut text, sentence, 0);
    }
    text
}

fn numbers(trace: &Trace) -> String {
    let (Some(alpha), Some(beta)) = (trace.alpha, trace.beta) else {
        return format!("undefined: {}", trace.flags.join(", "));
    };
    let open = |end: &str| trace.flags.iter().any(|flag| flag == end);
    let interval = trace.alpha_interval.map_or(String::new(), |[low, high]| {
        match (open("interval-open-low"), open("interval-open-high")) {
            (true, _) => format!("{high:6.3} or less"),
            (_, true) => format!("{low:6.3} or more"),
            _ => format!("{low:6.3} to {high:5.3}"),
        }
    });
    let spectral = trace.beta_spectral.map_or("-".to_owned(), |beta| format!("{beta:.3}"));
    format!("{alpha:6.3}  {interval:<16}  {beta:6.3}  {spectral:>8}")
}

fn quantiles(traces: &[Trace]) -> String {
    let mut alphas: Vec<f64> = traces.iter().filter_map(|trace| trace.alpha).collect();
    alphas.sort_unstable_by(f64::total_cmp);
    let undefined = traces.len() - alphas.len();
    let mut text = format!("{} traces, {undefined} of them without an exponent\n", traces.len());
    if alphas.is_empty() {
        return text;
    }
    text += "\nquantile of alpha    5 %     25 %     50 %     75 %     95 %\n                ";
    for share in [0.05, 0.25, 0.5, 0.75, 0.95] {
        let place = (share * (alphas.len() - 1) as f64).round() as usize;
        text += &format!("{:9.3}", alphas[place]);
    }
    text + "\n"
}

/// The analysis as JSON, indented.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(analysis: &Analysis) -> Result<String> {
    serde_json::to_string_pretty(analysis)
        .map_err(|error| Error::new("cannot write the analysis as JSON").because(error))
}

/// One row per trace: source, name, samples, alpha, interval, beta, flags.
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
        "flags",
    ];
    table.write_record(head).map_err(failed)?;
    for trace in &analysis.traces {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let end = |at: usize| number(trace.alpha_interval.map(|interval| interval[at]));
        let row = [
            trace.source.clone(),
            trace.name.clone(),
            trace.samples.to_string(),
            number(trace.alpha),
            end(0),
            end(1),
            number(trace.beta),
            number(trace.beta_spectral),
            trace.flags.join(" "),
        ];
        table.write_record(&row).map_err(failed)?;
    }
    let bytes = table.into_inner().map_err(|error| {
        Error::new("cannot write the analysis as CSV").because(error.into_error())
    })?;
    Ok(String::from_utf8(bytes).expect("CSV of strings is UTF-8"))
}

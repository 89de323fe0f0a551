//! The statistics of anyone's spike trains as text, JSON and CSV.
//!
//! Place in the flow: floor 5; strings out, the caller writes and prints them.

use std::collections::BTreeSet;

use super::numbers::{count, fixed};
use crate::error::{Error, Result};
use crate::experiments::spikes::{SpikeAnalysis, Train};

/// Trains that the terminal shows one by one; of more, quantiles are shown.
const MOST_ROWS: usize = 40;

/// A measure's value for a train, where it is defined.
type Value = Box<dyn Fn(&Train) -> Option<f64>>;

/// One measure: the head of its column, its decimals on the terminal, and its value for a train.
struct Column {
    head: String,
    decimals: usize,
    value: Value,
}

/// The measures that the terminal shows: the rate per second where a width is known, else per bin.
fn columns(trains: &[Train]) -> Vec<Column> {
    fn column(
        head: impl Into<String>,
        decimals: usize,
        value: impl Fn(&Train) -> Option<f64> + 'static,
    ) -> Column {
        Column { head: head.into(), decimals, value: Box::new(value) }
    }
    let mut columns = vec![if trains.iter().any(|train| train.rate.is_some()) {
        column("rate/Hz", 2, |train| train.rate)
    } else {
        column("per bin", 4, |train| Some(train.per_bin))
    }];
    for window in windows(trains) {
        columns.push(column(format!("Fano {window}"), 3, move |train| fano(train, window)));
    }
    columns.push(column("CV", 3, |train| train.cv));
    columns.push(column("CV2", 3, |train| train.cv2));
    columns.push(column("LV", 3, |train| train.lv));
    columns
}

/// Every window that some train was measured with.
fn windows(trains: &[Train]) -> BTreeSet<usize> {
    trains.iter().flat_map(|train| train.fano_windows.iter().copied()).collect()
}

fn fano(train: &Train, window: usize) -> Option<f64> {
    let at = train.fano_windows.iter().position(|w| *w == window)?;
    train.fano[at]
}

/// What the terminal shows: a row per train, or quantiles where there are many.
pub fn text(analysis: &SpikeAnalysis) -> String {
    let trains = &analysis.trains;
    let columns = columns(trains);
    let mut text = if trains.len() <= MOST_ROWS {
        rows(trains, &columns)
    } else {
        quantiles(trains, &columns)
    };
    text.push('\n');
    for sentence in &analysis.conventions {
        super::lines::paragraph(&mut text, sentence, 0);
    }
    text
}

fn cell(value: Option<f64>, column: &Column) -> String {
    value.map_or("-".to_owned(), |value| fixed(value, column.decimals))
}

fn rows(trains: &[Train], columns: &[Column]) -> String {
    let width = trains.iter().map(|train| train.name.chars().count()).max().unwrap_or(0).max(5);
    let mut text = format!("{:<width$} {:>9} {:>8}", "train", "bins", "spikes");
    for column in columns {
        text += &format!(" {:>9}", column.head);
    }
    text.push('\n');
    for train in trains {
        text += &format!("{:<width$} {:>9} {:>8}", train.name, train.bins, train.spikes);
        for column in columns {
            text += &format!(" {:>9}", cell((column.value)(train), column));
        }
        if !train.flags.is_empty() {
            text += &format!("  {}", train.flags.join(", "));
        }
        text.push('\n');
    }
    text
}

fn quantiles(trains: &[Train], columns: &[Column]) -> String {
    let mut text = format!("{} trains", count(trains.len()));
    for flag in ["silent", "always-on", "several-per-bin"] {
        let flagged = trains.iter().filter(|train| train.flags.iter().any(|f| f == flag)).count();
        text += &format!(", {} {flag}", count(flagged));
    }
    text += &format!("\n\n{:<12}", "quantile");
    for share in ["5 %", "25 %", "50 %", "75 %", "95 %"] {
        text += &format!(" {share:>9}");
    }
    text += " undefined\n";
    for column in columns {
        let mut values: Vec<f64> = trains.iter().filter_map(&column.value).collect();
        values.sort_unstable_by(f64::total_cmp);
        text += &format!("{:<12}", column.head);
        for share in [0.05, 0.25, 0.5, 0.75, 0.95] {
            let place = (share * values.len().saturating_sub(1) as f64).round() as usize;
            text += &format!(" {:>9}", cell(values.get(place).copied(), column));
        }
        text += &format!(" {:>9}\n", count(trains.len() - values.len()));
    }
    text
}

/// The statistics as JSON, indented.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn json(analysis: &SpikeAnalysis) -> Result<String> {
    serde_json::to_string_pretty(analysis)
        .map_err(|error| Error::new("cannot write the statistics as JSON").because(error))
}

/// One row per train: source, name, bins, seconds per bin, spikes, rates, a Fano factor per window,
/// CV, CV2, LV, flags; empty where undefined or not measured.
///
/// # Errors
/// When they cannot be written as CSV.
pub fn csv(analysis: &SpikeAnalysis) -> Result<String> {
    let failed = |error| Error::new("cannot write the statistics as CSV").because(error);
    let windows = windows(&analysis.trains);
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> =
        ["source", "name", "bins", "bin_seconds", "spikes", "per_bin", "rate_hz"]
            .map(str::to_owned)
            .into();
    head.extend(windows.iter().map(|window| format!("fano_{window}")));
    head.extend(["cv", "cv2", "lv", "flags"].map(str::to_owned));
    table.write_record(&head).map_err(failed)?;
    for train in &analysis.trains {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let mut row = vec![
            train.source.clone(),
            train.name.clone(),
            train.bins.to_string(),
            number(train.bin_seconds),
            train.spikes.to_string(),
            train.per_bin.to_string(),
            number(train.rate),
        ];
        row.extend(windows.iter().map(|&window| number(fano(train, window))));
        row.extend([train.cv, train.cv2, train.lv].map(number));
        row.push(train.flags.join(" "));
        table.write_record(&row).map_err(failed)?;
    }
    let bytes = table.into_inner().map_err(|error| {
        Error::new("cannot write the statistics as CSV").because(error.into_error())
    })?;
    Ok(String::from_utf8(bytes).expect("CSV of strings is UTF-8"))
}

//! A sweep's cells as text, CSV, JSON and a page.
//!
//! Place in the flow: [`Collection`] -> strings; the caller prints or writes them. Half a sweep is
//! shown like a whole one, and what is missing is said.

mod page;

use toml::{Table, Value};

use super::lines::paragraph;
use super::markup::printable;
use super::numbers::{count, duration, finite, percent, several, spread};
use super::table::AGGREGATIONS;
use crate::analysis::controls::Verdict;
use crate::error::{Error, Result};
use crate::experiments::sweep::{Collection, Finding, State};

/// The page: figures against the first setting that varies, a table of cells, what is missing.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn html(collection: &Collection) -> Result<String> {
    page::page(collection)
}

/// The collection as JSON.
///
/// # Errors
/// When it cannot be written.
pub fn json(collection: &Collection) -> Result<String> {
    serde_json::to_string_pretty(collection)
        .map_err(|error| Error::new("cannot write the sweep as JSON").because(error))
}

/// How the cells stand: one row each, who has which, and the time that is likely left.
pub fn status(collection: &Collection) -> String {
    let mut text = headline(collection);
    let mut rows = vec![names(&collection.vary, &["cell", "state", ""])];
    for found in &collection.done {
        let what = format!("{}, {} right", duration(found.seconds), percent(found.accuracy));
        rows.push(row(collection, &found.values, &[&found.cell, "done", &what]));
    }
    for missing in &collection.missing {
        let (state, words) = standing(&missing.state);
        rows.push(row(collection, &missing.values, &[&missing.cell, state, words]));
    }
    text.push_str(&grid(&rows));
    if let (Some(seconds), false) = (collection.seconds_left(), collection.missing.is_empty()) {
        let workers = collection.running().max(1);
        let left = duration(seconds / workers as f64);
        let workers = several(workers, "worker");
        text.push_str(&format!(
            "\nabout {left} left with {workers}, by the time that done cells took\n"
        ));
    }
    text
}

/// What the terminal shows of the done cells.
pub fn text(collection: &Collection) -> String {
    let mut text = headline(collection);
    if collection.done.is_empty() {
        text.push_str("No cell is done yet; noisescope sweep run does them.\n");
        return text;
    }
    text.push_str("beta of the trained hidden state, mean ± standard deviation over traces\n\n");
    let columns = ["right"].into_iter().chain(AGGREGATIONS).chain(["sd < 0.01", "sd < 0.05"]);
    let columns: Vec<&str> = columns.collect();
    let mut rows = vec![names(&collection.vary, &columns)];
    for found in &collection.done {
        let figures = figures(found);
        let figures: Vec<&str> = figures.iter().map(String::as_str).collect();
        rows.push(row(collection, &found.values, &figures));
    }
    text.push_str(&grid(&rows));
    text.push('\n');
    let notes = "right: share of the validation reviews classified rightly. sd < 0.01: share of the \
         traces of single hidden units with a standard deviation below 0.01.";
    paragraph(&mut text, notes, 0);
    text
}

/// One row per done cell: what varies, accuracy, seconds, device; for each quantity, condition and
/// aggregation mean, standard deviation and median of beta; for each quantity and condition how
/// much the units move; for what was held against controls the traces, how many are called 1/f and
/// lie above their AR(1) surrogates, and the mean beta of those. Empty where undefined.
///
/// # Errors
/// When it cannot be written as CSV.
pub fn csv(collection: &Collection) -> Result<String> {
    let failed = |error| Error::new("cannot write the sweep as CSV").because(error);
    let mut exponents: Vec<[&str; 3]> = Vec::new();
    let mut movements: Vec<[&str; 2]> = Vec::new();
    for found in &collection.done {
        for entry in &found.exponents {
            let key = [entry.quantity.as_str(), &entry.condition, &entry.aggregation];
            exponents.extend((!exponents.contains(&key)).then_some(key));
        }
        for entry in &found.utilisation {
            let key = [entry.quantity.as_str(), entry.condition.as_str()];
            movements.extend((!movements.contains(&key)).then_some(key));
        }
    }
    let mut head = collection.vary.clone();
    head.extend(["cell", "accuracy", "seconds", "device"].map(str::to_owned));
    for key in &exponents {
        let key = key.join("_");
        head.extend(["beta", "beta_sd", "beta_median"].map(|what| format!("{what}_{key}")));
    }
    for key in &movements {
        let key = key.join("_");
        let what = ["sd", "below_0_01", "below_0_05", "beta_used"];
        head.extend(what.map(|what| format!("{what}_{key}")));
    }
    let controlled = controlled(collection);
    for (quantity, condition) in &controlled {
        let what = ["traces_examined", "called_1/f", "above_ar1", "beta_ar1"];
        head.extend(what.map(|what| format!("{what}_{quantity}_{condition}")));
    }
    let number =
        |value: Option<f64>| finite(value).map_or(String::new(), |value| value.to_string());
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(&head).map_err(failed)?;
    for found in &collection.done {
        let mut row: Vec<String> =
            collection.vary.iter().map(|name| shown(&found.values[name.as_str()])).collect();
        row.extend([found.cell.clone(), number(Some(found.accuracy))]);
        row.extend([number(Some(found.seconds)), found.device.clone()]);
        for [quantity, condition, aggregation] in &exponents {
            let entry = found.exponent(quantity, condition, aggregation);
            let values = entry
                .map_or([None; 3], |entry| [entry.beta_mean, entry.beta_sd, entry.beta_median]);
            row.extend(values.map(number));
        }
        for key in &movements {
            let entry = found
                .utilisation
                .iter()
                .find(|entry| [entry.quantity.as_str(), entry.condition.as_str()] == *key);
            row.extend(entry.map_or_else(
                || [const { String::new() }; 4],
                |entry| {
                    let shares = [entry.sd_mean, entry.below_0_01, entry.below_0_05];
                    let [sd, small, larger] = shares.map(|share| number(Some(share)));
                    [sd, small, larger, number(entry.beta_mean_used)]
                },
            ));
        }
        for (quantity, condition) in &controlled {
            let entry = found.control(quantity, condition);
            row.extend(entry.map_or([const { String::new() }; 4], |entry| {
                let counts =
                    [entry.traces, entry.judged(Verdict::OneOverF), entry.above_autoregressive];
                let [traces, called, above] = counts.map(|count| count.to_string());
                [traces, called, above, number(entry.autoregressive.mean)]
            }));
        }
        table.write_record(&row).map_err(failed)?;
    }
    let bytes = table
        .into_inner()
        .map_err(|error| Error::new("cannot write the sweep as CSV").because(error.into_error()))?;
    String::from_utf8(bytes)
        .map_err(|error| Error::new("cannot write the sweep as CSV").because(error))
}

/// Quantities and conditions that any cell held against controls.
fn controlled(collection: &Collection) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    for entry in collection.done.iter().flat_map(|found| &found.controls) {
        let key = (entry.quantity.as_str(), entry.condition.as_str());
        all.extend((!all.contains(&key)).then_some(key));
    }
    all
}

/// `runs/sizes: 12 cells, 5 done, 2 running, 5 open`.
fn headline(collection: &Collection) -> String {
    let cells = several(collection.planned, "cell");
    let mut text = String::new();
    let line = format!("{}: {cells}, {}", collection.folder, counts(collection));
    paragraph(&mut text, &line, 0);
    text.push('\n');
    text
}

/// `5 done, 2 running, 5 open`.
fn counts(collection: &Collection) -> String {
    let mut counts = format!("{} done", count(collection.done.len()));
    for name in ["running", "begun", "failed", "open"] {
        let cells = collection.missing.iter().filter(|cell| standing(&cell.state).0 == name);
        match cells.count() {
            0 => {}
            cells => counts.push_str(&format!(", {} {name}", count(cells))),
        }
    }
    counts
}

/// A state in a word, and what is known of it.
fn standing(state: &State) -> (&'static str, &str) {
    match state {
        State::Done => ("done", ""),
        State::Running(who) => ("running", who),
        State::Failed(why) => ("failed", why),
        State::Begun => ("begun", ""),
        State::Open => ("open", ""),
    }
}

/// Accuracy, beta of the hidden state by aggregation, and the shares of traces that hardly move.
fn figures(found: &Finding) -> Vec<String> {
    let beta = |aggregation: &&str| {
        let entry = found.exponent("hidden", "trained", aggregation);
        entry.map_or_else(|| "-".to_owned(), |entry| spread(entry.beta_mean, entry.beta_sd))
    };
    let movement = found.movement("hidden");
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
    let mut figures = vec![percent(found.accuracy)];
    figures.extend(AGGREGATIONS.iter().map(beta));
    figures.push(share(movement.map(|entry| entry.below_0_01)));
    figures.push(share(movement.map(|entry| entry.below_0_05)));
    figures
}

/// A value as people write it: words without quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn names(vary: &[String], columns: &[&str]) -> Vec<String> {
    vary.iter().map(String::as_str).chain(columns.iter().copied()).map(str::to_owned).collect()
}

fn row(collection: &Collection, values: &Table, columns: &[&str]) -> Vec<String> {
    let values = collection.vary.iter().map(|name| shown(&values[name.as_str()]));
    values.chain(columns.iter().map(|&column| column.to_owned())).collect()
}

/// Rows in columns as wide as their widest entry, the first row underlined.
fn grid(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|entry| printable(entry)).collect()).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..rows[0].len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let entries = row.iter().zip(&widths).map(|(entry, &width)| format!("{entry:<width$}"));
        let line = entries.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
        if place == 0 {
            text.push_str(&"-".repeat(line.trim_end().chars().count()));
            text.push('\n');
        }
    }
    text
}

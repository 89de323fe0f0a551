//! A sweep's cells as text, CSV, JSON and a page.
//!
//! Place in the flow: [`Collected`] -> strings; the caller prints or writes them. Half a sweep is
//! shown like a whole one, and what is missing is said.
//!
//! | file | what it holds |
//! |---|---|
//! | `cells` | what the pages of all experiments share |
//! | `one_over_f`, `noise_preference` | an experiment's own columns and figures |

mod cells;
mod noise_preference;
mod one_over_f;

use serde::Serialize;
use toml::{Table, Value};

use super::lines::paragraph;
use super::markup::printable;
use super::numbers::{count, duration, several};
use crate::error::{Error, Result};
use crate::experiments::sweep::findings::Study;
use crate::experiments::sweep::{Collected, Collection, State};

/// The page: figures against the first setting that varies, a table of cells and of the `studies`
/// that they make, what is missing.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn html(collected: &Collected, studies: &[Study]) -> Result<String> {
    match collected {
        Collected::OneOverF(cells) => one_over_f::page(cells),
        Collected::NoisePreference(cells) => noise_preference::page(cells, studies),
    }
}

/// What was collected, and the studies that it makes, as JSON.
///
/// # Errors
/// When it cannot be written.
pub fn json(collected: &Collected, studies: &[Study]) -> Result<String> {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        collected: &'a Collected,
        #[serde(skip_serializing_if = "<[Study]>::is_empty")]
        studies: &'a [Study],
    }
    serde_json::to_string_pretty(&Whole { collected, studies })
        .map_err(|error| Error::new("cannot write the sweep as JSON").because(error))
}

/// What the terminal shows of the done cells and the studies that they make.
pub fn text(collected: &Collected, studies: &[Study]) -> String {
    match collected {
        Collected::OneOverF(cells) => one_over_f::text(cells),
        Collected::NoisePreference(cells) => noise_preference::text(cells, studies),
    }
}

/// What was found as a table: of `one-over-f` a row per done cell, of `noise-preference` a row per
/// network of each done cell, with the study that it is of. Empty where undefined.
///
/// # Errors
/// When it cannot be written as CSV.
pub fn csv(collected: &Collected, studies: &[Study]) -> Result<String> {
    match collected {
        Collected::OneOverF(cells) => one_over_f::csv(cells),
        Collected::NoisePreference(cells) => noise_preference::csv(cells, studies),
    }
}

/// How the cells stand: one row each, who has which, and the time that is likely left.
pub fn status(collected: &Collected) -> String {
    match collected {
        Collected::OneOverF(cells) => states(cells, one_over_f::brief),
        Collected::NoisePreference(cells) => states(cells, noise_preference::brief),
    }
}

/// [`status`], a cell's findings in a few words by `brief`.
fn states<T>(collection: &Collection<T>, brief: impl Fn(&T) -> String) -> String {
    let mut text = headline(collection);
    let mut rows = vec![names(&collection.vary, &["cell", "state", ""])];
    for done in &collection.done {
        let what = format!("{}, {}", duration(done.seconds), brief(&done.found));
        rows.push(row(collection, &done.values, &[&done.cell, "done", &what]));
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

/// `runs/sizes: 12 cells, 5 done, 2 running, 5 open`.
fn headline<T>(collection: &Collection<T>) -> String {
    let cells = several(collection.planned, "cell");
    let mut text = String::new();
    let line = format!("{}: {cells}, {}", collection.folder, counts(collection));
    paragraph(&mut text, &line, 0);
    text.push('\n');
    text
}

/// Said where there is nothing to show yet.
const NOTHING: &str = "No cell is done yet; noisescope sweep run does them.\n";

/// `5 done, 2 running, 5 open`.
fn counts<T>(collection: &Collection<T>) -> String {
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

/// A value as people write it: words without quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn names(vary: &[String], columns: &[&str]) -> Vec<String> {
    vary.iter().map(String::as_str).chain(columns.iter().copied()).map(str::to_owned).collect()
}

fn row<T>(collection: &Collection<T>, values: &Table, columns: &[&str]) -> Vec<String> {
    let values = collection.vary.iter().map(|name| shown(&values[name.as_str()]));
    values.chain(columns.iter().map(|&column| column.to_owned())).collect()
}

/// Rows as CSV, the heading first.
fn written(rows: &[Vec<String>]) -> Result<String> {
    let cause = |cause: String| Error::new("cannot write the sweep as CSV").because(cause);
    let mut table = csv::Writer::from_writer(Vec::new());
    for row in rows {
        table.write_record(row).map_err(|error| cause(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| cause(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| cause(error.to_string()))
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

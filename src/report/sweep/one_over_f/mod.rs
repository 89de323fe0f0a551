//! A sweep of `one-over-f` as text, CSV and a page.
//!
//! Place in the flow: [`Collection`] -> strings.

mod page;

use super::{NOTHING, grid, headline, names, row, written};
use crate::analysis::controls::Verdict;
use crate::error::Result;
use crate::experiments::sweep::Collection;
use crate::experiments::sweep::findings::Exponents;
use crate::report::lines::paragraph;
use crate::report::numbers::{finite, percent, spread};
use crate::report::table::AGGREGATIONS;

pub(super) use page::page;

/// A cell's findings in a few words.
pub(super) fn brief(found: &Exponents) -> String {
    format!("{} right", percent(found.accuracy))
}

/// What the terminal shows of the done cells.
pub(super) fn text(collection: &Collection<Exponents>) -> String {
    let mut text = headline(collection);
    if collection.done.is_empty() {
        return text + NOTHING;
    }
    text.push_str("beta of the trained hidden state, mean ± standard deviation over traces\n\n");
    let columns = ["right"].into_iter().chain(AGGREGATIONS).chain(["sd < 0.01", "sd < 0.05"]);
    let columns: Vec<&str> = columns.collect();
    let mut rows = vec![names(&collection.vary, &columns)];
    for found in &collection.done {
        let figures = figures(&found.found);
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
pub(super) fn csv(collection: &Collection<Exponents>) -> Result<String> {
    let mut exponents: Vec<[&str; 3]> = Vec::new();
    let mut movements: Vec<[&str; 2]> = Vec::new();
    for found in collection.done.iter().map(|done| &done.found) {
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
    let mut rows = vec![head];
    for done in &collection.done {
        let found = &done.found;
        let mut row = row(collection, &done.values, &[&done.cell]);
        row.extend([number(Some(found.accuracy)), number(Some(done.seconds))]);
        row.push(done.device.clone());
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
        rows.push(row);
    }
    written(&rows)
}

/// Quantities and conditions that any cell held against controls.
fn controlled(collection: &Collection<Exponents>) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    for entry in collection.done.iter().flat_map(|done| &done.found.controls) {
        let key = (entry.quantity.as_str(), entry.condition.as_str());
        all.extend((!all.contains(&key)).then_some(key));
    }
    all
}

/// Accuracy, beta of the hidden state by aggregation, and the shares of traces that hardly move.
fn figures(found: &Exponents) -> Vec<String> {
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

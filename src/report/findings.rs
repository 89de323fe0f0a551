//! What a run found, in plain sentences with their figures.
//!
//! Place in the flow: outcome -> sentences, the first thing on the page and the last at the
//! terminal. The sentences judge by two written rules: [`WHITE_WITHIN`] and [`SAME_WITHIN`].

use super::numbers::{finite, fixed, percent, spread};
use super::table::{AGGREGATIONS, exponent};
use crate::experiments::outcome::{Outcome, Series, Words};

/// A mean beta this near to 0 is called white. One white trace of 500 tokens scatters by about 0.12
/// under the DFA in use, so a mean over many traces that is further off is not chance.
pub(super) const WHITE_WITHIN: f64 = 0.1;

/// Two means this near to each other are called about the same.
const SAME_WITHIN: f64 = 0.02;

/// Two sentences: the input's colour, and the hidden state's before and after training.
pub(super) fn sentences(outcome: &Outcome) -> Vec<String> {
    vec![input(outcome), hidden(outcome)]
}

/// How well the network learned and whether the input is white.
fn input(outcome: &Outcome) -> String {
    let Words { held_out, input, .. } = outcome.corpus.words();
    let learned = format!(
        "The network classified {} of the {held_out} rightly{}",
        percent(outcome.accuracy.validation),
        majority(outcome)
    );
    let entry = exponent(outcome, "input", "trained", "unit");
    let Some(entry) = entry.filter(|entry| finite(entry.beta_mean).is_some()) else {
        return format!("{learned}; no exponent of the input is defined.");
    };
    let mean = entry.beta_mean.unwrap_or_default();
    let colour = if mean.abs() <= WHITE_WITHIN {
        format!("white noise, within {WHITE_WITHIN} of the 0 that white noise has")
    } else if mean > 0.0 {
        "not white: slow changes outweigh fast ones".to_string()
    } else {
        "not white: fast changes outweigh slow ones".to_string()
    };
    format!(
        "{learned}, and what it reads has beta {} ({input}): {colour}.",
        spread(entry.beta_mean, entry.beta_sd)
    )
}

/// What a classifier of series reaches that looks at none, in words that follow an accuracy.
pub(super) fn majority(outcome: &Outcome) -> String {
    let words = |series: &Series| {
        format!(", where the class most frequent in training has {}", percent(series.majority))
    };
    outcome.corpus.series.as_ref().map_or_else(String::new, words)
}

/// The hidden state's beta by aggregation, and what training did to it.
fn hidden(outcome: &Outcome) -> String {
    let parts: Vec<String> =
        AGGREGATIONS.iter().filter_map(|aggregation| compared(outcome, aggregation)).collect();
    if parts.is_empty() {
        return "No exponent of the trained hidden state is defined.".to_string();
    }
    format!("The trained hidden state has beta {}.", parts.join("; "))
}

/// `0.368 ± 0.340 per unit (0.288 below the untrained network's 0.656)`.
fn compared(outcome: &Outcome, aggregation: &str) -> Option<String> {
    let trained = exponent(outcome, "hidden", "trained", aggregation)?;
    let after = finite(trained.beta_mean)?;
    let name = match aggregation {
        "unit" => "per unit",
        "pooled" => "pooled over units",
        "population" => "for the mean over units (population)",
        _ => "by the units' summed spectra",
    };
    let figure = format!("{} {name}", spread(trained.beta_mean, trained.beta_sd));
    let untrained = exponent(outcome, "hidden", "untrained", aggregation);
    let Some(before) = untrained.and_then(|entry| finite(entry.beta_mean)) else {
        return Some(figure);
    };
    let difference = after - before;
    let beside = fixed(before, 3);
    Some(if difference.abs() <= SAME_WITHIN {
        format!("{figure} (about the untrained network's {beside})")
    } else {
        let side = if difference > 0.0 { "above" } else { "below" };
        let by = fixed(difference.abs(), 3);
        format!("{figure} ({by} {side} the untrained network's {beside})")
    })
}

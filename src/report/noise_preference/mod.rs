//! The study of noise preference as text, page and JSON.
//!
//! Place in the flow: [`Outcome`] -> strings. No direction is presumed of any difference.

use crate::error::{Error, Result};
use crate::experiments::noise_preference::found::Outcome;

/// `summary.json`: the outcome itself, indented.
///
/// # Errors
/// When the outcome cannot be written as JSON.
pub fn json(outcome: &Outcome) -> Result<String> {
    let mut written = serde_json::to_string_pretty(outcome)
        .map_err(|error| Error::new("cannot write the outcome as JSON").because(error))?;
    written.push('\n');
    Ok(written)
}

/// The page.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn html(_outcome: &Outcome) -> Result<String> {
    Ok(String::new())
}

/// What the terminal shows.
pub fn text(_outcome: &Outcome) -> String {
    String::new()
}

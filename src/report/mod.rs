//! The report: an outcome as text for the terminal, as a page for the browser and as JSON for
//! programs.
//!
//! Place in the flow: floor 5, `exponents --report--> page`. It knows [`Outcome`]s and runs
//! nothing; it gives strings, and the caller writes the files.
//!
//! | file | what it holds |
//! |---|---|
//! | `table` | the rows that text and page share |
//! | `paper` | the published figures, with source and standing |
//! | `claims` | what the paper claims beside what was found |
//! | `findings` | what was found, in sentences |
//! | `cautions` | how far the figures carry |
//! | `controls` | how much of "1/f" survives, for text and page |
//! | `numbers` | one way to write each kind of number |
//! | `lines` | words in the terminal's lines |
//! | `text` | the terminal's rendering |
//! | `html` | the page, with `markup` (escaping) and `figures` (SVG) |
//! | `sweep` | the cells of a sweep, as text, JSON, CSV and a page |
//! | `spike_trains`, `noise_preference` | those studies, as text, JSON and a page |
//! | `analysis`, `spikes` | anyone's traces (with a page) and spike trains, as text, JSON and CSV |

pub mod analysis;
mod cautions;
mod claims;
mod controls;
mod figures;
mod findings;
mod html;
mod lines;
mod markup;
pub mod noise_preference;
mod numbers;
mod paper;
pub mod spike_trains;
pub mod spikes;
pub mod sweep;
mod table;
mod text;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::experiments::outcome::Outcome;

/// What the terminal shows: at most 100 columns wide, without colours.
pub fn text(outcome: &Outcome) -> String {
    text::table(outcome)
}

/// `report.html`: one page that holds its figures and its style and opens without a network.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn html(outcome: &Outcome) -> Result<String> {
    html::page(outcome)
}

/// `summary.json`: the outcome of any experiment itself, indented. A number that is not finite is written as `null`.
///
/// # Errors
/// When the outcome cannot be written as JSON.
pub fn json(outcome: &impl Serialize) -> Result<String> {
    let mut written = serde_json::to_string_pretty(outcome)
        .map_err(|error| Error::new("cannot write the outcome as JSON").because(error))?;
    written.push('\n');
    Ok(written)
}

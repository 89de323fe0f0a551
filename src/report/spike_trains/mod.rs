//! The study of spike trains as text, page and JSON.
//!
//! Place in the flow: [`Outcome`] -> strings. No direction is presumed of any difference.
//!
//! | file | what it holds |
//! |---|---|
//! | `kinds` | kinds of networks, orders; how numbers over networks are written |
//! | `stations` | training accuracies at which kinds are compared, whether they are equal there |
//! | `verdicts` | whether a difference tells kinds apart |
//! | `findings` | what was found, in sentences |
//! | `identity` | the identity of the shuffled order, in sentences |
//! | `text` | the terminal's rendering |
//! | `page` | the page, of `tables`, `course`, `examples` and `model` |

mod course;
mod examples;
mod findings;
mod identity;
mod kinds;
mod model;
mod page;
mod stations;
mod tables;
mod text;
mod verdicts;

use crate::error::Result;
use crate::experiments::spike_trains::found::Outcome;

/// `report.html`: one page that holds its figures and its style and opens without a network.
///
/// # Errors
/// When a figure cannot be drawn.
pub fn html(outcome: &Outcome) -> Result<String> {
    page::page(outcome)
}

/// What the terminal shows: at most 100 columns wide, without colours.
pub fn text(outcome: &Outcome) -> String {
    text::text(outcome)
}

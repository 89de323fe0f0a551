//! The study of noise preference as text, page and JSON.
//!
//! Place in the flow: [`Outcome`] -> strings. No direction is presumed of any difference.
//!
//! | file | what it holds |
//! |---|---|
//! | `kinds` | networks of one task, site and training noise; how numbers are written |
//! | `claims` | what the paper claims beside what was found, with verdicts |
//! | `findings` | what was found, in sentences |
//! | `text` | the terminal's rendering |
//! | `page` | the page: header, claims, tables, provenance |
//! | `parts` | what its sections are put together from |
//! | `preference` | its figures of loss, preferred noise, bias and variance, training |
//! | `cause` | its figures and tables of the fixed points' shift |
//! | `units` | its figures of single units |
//! | `colours` | its colours of the states: DFA and spectra |
//! | `beside` | its neuron, maze, stochastic resonance, theory against simulation |

mod beside;
mod cause;
mod claims;
mod colours;
mod findings;
mod kinds;
mod page;
mod parts;
mod preference;
mod text;
mod units;

use crate::analysis::noise::Site;
use crate::error::Result;
use crate::experiments::noise_preference::found::Outcome;

pub(super) use claims::PAPER;
pub(super) use page::kinds_table;
pub(super) use text::{LEGEND, tables};

/// The study in words.
pub(super) const TITLE: &str = "Noise preference of recurrent networks";

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

/// What is preferred at each site, beside the claim, in sentences.
pub(super) fn preferences(outcome: &Outcome) -> Vec<String> {
    let sites = [Site::Inside, Site::Outside].into_iter();
    sites.filter_map(|site| findings::preference(outcome, site)).collect()
}

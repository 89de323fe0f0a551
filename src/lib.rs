//! noisescope: an oscilloscope for the noise inside neural networks.
//!
//! ```text
//! text --datasets--> batches --models--> states --recording--> traces --analysis--> exponents
//!      --report--> page
//! ```
//!
//! | floor | modules | |
//! |---|---|---|
//! | 6 | [`cli`] | what the user typed |
//! | 5 | [`report`] | an outcome as text, HTML, figures, CSV, JSON |
//! | 4 | [`experiments`] | the only place where the floors below meet |
//! | 3 | [`models`], [`recording`] | networks and what is recorded of them |
//! | 2 | [`datasets`], [`analysis`] | what goes in; what is measured |
//! | 1 | [`gpu`], [`signal`], [`files`] | devices, stages; traces, noise, streams; files written whole |
//! | 0 | [`error`], [`progress`] | one error type; progress as events |
//!
//! A file uses its own module and any lower floor (`tests/architecture.rs`).

#![forbid(unsafe_code)]

pub mod analysis;
pub mod cli;
pub mod datasets;
pub mod error;
pub mod experiments;
pub mod files;
pub mod gpu;
pub mod models;
pub mod progress;
pub mod recording;
pub mod report;
pub mod signal;

//! Detrended fluctuation analysis.

pub mod plan;

pub use plan::{Overlap, Settings};

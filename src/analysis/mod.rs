//! Measures of traces, each as a f64 oracle, a fast CPU path, and WGSL stages with their twins.
//!
//! Place in the flow: floor 2. Reads [`crate::signal::Traces`], gives fluctuations and exponents; knows nothing of
//! networks.

pub mod dfa;

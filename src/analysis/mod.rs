//! Measures of traces, each as a f64 oracle, a fast CPU path, and WGSL stages with their twins.
//!
//! Place in the flow: floor 2. Reads [`crate::signal::Traces`], gives fluctuations and exponents,
//! and [`crate::signal::SpikeTrains`], gives rates and measures of irregularity; knows nothing of
//! networks.

use crate::gpu::stage::Stage;
use dfa::summary::Trend;

pub mod bootstrap;
pub mod controls;
pub mod dfa;
pub mod noise;
pub mod spectrum;
pub mod spikes;
pub mod surrogates;

/// Every stage of the measures: the tests hold each to its twin.
pub static STAGES: &[&dyn Stage] = &[
    &dfa::profile::Profile,
    &dfa::detrend::Detrend(Trend::Line),
    &dfa::detrend::Detrend(Trend::Curve),
    &dfa::fluctuation::Fluctuation,
    &dfa::exponent::Exponent,
    &dfa::fused::Fused::small(Trend::Line),
    &dfa::fused::Fused::small(Trend::Curve),
    &dfa::tiles::Tiles(Trend::Line),
    &dfa::tiles::Tiles(Trend::Curve),
    &dfa::crown::Crown(Trend::Line),
    &dfa::crown::Crown(Trend::Curve),
    &dfa::across::Across(Trend::Line),
    &dfa::across::Across(Trend::Curve),
    &spikes::threshold::Threshold,
    &spikes::count::Count,
    &spikes::statistics::Statistics,
    &spikes::intervals::Intervals,
];

//! Signals as plain data: traces, named random streams, and noise of known colour.
//!
//! Place in the flow: floor 1. `recording` makes [`Traces`] from a network's states, `analysis`
//! reads them and the [`SpikeTrains`] among them; [`random`] is the only source of chance in the
//! project and [`noise`] the signals whose answer is known.

pub mod fractional;
pub mod gaps;
pub mod logarithm;
pub mod noise;
pub mod outlier;
pub mod philox;
pub mod random;
pub mod resolution;
mod spike_trains;
mod traces;

pub use spike_trains::SpikeTrains;
pub use traces::Traces;

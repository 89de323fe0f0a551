//! The experiments: the only place where data, networks, recording and measures meet.
//!
//! Place in the flow: floor 4. An experiment takes settings and gives an [`outcome::Outcome`];
//! showing it is `report`'s work.

pub mod analyze;
pub mod contrasts;
mod control;
pub mod exponents;
mod groups;
pub mod lock;
pub mod machine;
pub mod noise_preference;
pub mod one_over_f;
pub mod outcome;
pub mod readings;
pub mod run_folder;
pub mod spike_trains;
pub mod spikes;
pub mod sweep;
pub mod table;
pub mod throughput;

//! Networks: the LSTM, and what trains and runs them.

use crate::gpu::stage::Stage;

pub mod lstm;

/// Every stage of this module, for the tests of all stages.
pub static STAGES: &[&dyn Stage] = &[&lstm::FORWARD, &lstm::BACKWARD];

//! Networks: the LSTM, and what trains and runs them.

pub mod lstm;

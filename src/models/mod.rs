//! Networks on Burn: the LSTM as one sequence-level operation and the network built of it, the
//! classifiers of pictures, continuous-time networks under noise, and one training loop.
//!
//! Place in the flow: floor 3, batches in, states out. A Burn upgrade touches this module only.

mod activations;
pub mod adam;
pub mod buffer;
pub mod checkpoint;
pub mod convolution;
pub mod ctrnn;
pub mod device;
pub mod images;
pub mod lstm;
mod products;
pub mod readout;
pub mod sentiment;
pub mod series;
pub mod training;

use crate::gpu::stage::Stage;

/// The networks' stages, for the tests of all stages.
pub static STAGES: &[&dyn Stage] = &[
    &lstm::FORWARD,
    &lstm::BACKWARD,
    &ctrnn::simulate::Simulate::SMALL,
    &ctrnn::moments::MomentsStage,
    &ctrnn::histogram::HistogramStage,
];

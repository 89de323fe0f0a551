//! The continuous-time recurrent network with noise inside or outside its activation function.
//!
//! Place in the flow: floor 3. `trials --Ctrnn::forward--> outputs --> loss` in training;
//! `Weights --advance, or stage ctrnn/simulate--> outputs of thousands of realisations` in analysis.
//! The model is that of Eckstein & Srinivasan (arXiv 2601.04539), see [`advance`].
//!
//! | file | |
//! |---|---|
//! | `weights` | a network as plain numbers |
//! | `advance`, `backward` | the passes on the CPU |
//! | `operation` | both as one operation of Burn |
//! | `network` | the Burn module: initial weights, forms, forward |
//! | `simulate`, `moments`, `histogram` | the stages on a GPU |
//! | `chain` | the stages one after the other |
//! | `ensemble`, `bins` | many realisations, and their simulation on the CPU |
//! | `door` | the simulation, on a GPU or the CPU |
//! | `learning` | its lesson: trials of a task at a noise level |

pub mod advance;
mod backward;
mod bins;
mod chain;
mod door;
mod ensemble;
pub mod histogram;
mod learning;
pub mod moments;
mod network;
mod operation;
pub mod simulate;
mod weights;

pub use bins::Bins;
pub use ensemble::{Ensemble, Moments, Sampling, Simulated};
pub use learning::Learning;
pub use network::{Ctrnn, initial, stepwise};
pub use operation::{CtrnnOperation, Sequence};
pub use weights::{Dynamics, Weights};

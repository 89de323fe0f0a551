//! Our own compute engine on wgpu: adapters, buffers, and the scheme of a stage and its twin.
//!
//! Place in the flow: floor 1. It knows nothing of what is computed: `analysis` and `models`
//! declare stages, this module opens a device and runs them.

mod caught;
pub mod copies;
pub mod count;
pub mod device;
pub mod engine;
pub mod stage;

pub use device::{Choice, Gpu, Opened};
pub use engine::Engine;

//! Recording: a network's states become traces, one per unit and review.
//!
//! Place in the flow: floor 3. It takes states as plain arrays or as buffers of a device, so that
//! it knows no network; batches go through one after the other, and only one is ever in memory.
//! Each step is a stage whose twin is the host path: states are turned into traces ([`traces`]),
//! averaged over the units ([`population`]), asked how far they move ([`spread`]) and how their
//! power is spread over frequencies ([`spectra`], which the host does by an FFT in float64).

pub mod extent;
pub mod on_device;
pub mod population;
pub mod spectra;
pub mod spread;
pub mod store;
pub mod traces;

pub use extent::Extent;
pub use on_device::OnDevice;

use crate::gpu::stage::Stage;

/// The stages of recording, for the tests of all stages.
pub static STAGES: &[&dyn Stage] = &[
    &traces::TracesStage,
    &population::PopulationStage,
    &spread::SpreadStage,
    &spectra::SpectraStage,
];

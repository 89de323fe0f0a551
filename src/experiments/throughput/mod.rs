//! How fast a device copies and measures: `noisescope doctor --bench`.
//!
//! Place in the flow: floor 4; the measures' own engine, first on data that lies on the device, so
//! that neither files nor uploads count, then from host memory ([`from_host`]).
//!
//! The floor of a DFA is one read of the traces at the bandwidth that a copy reaches on the same
//! device in the same run; `times_floor` says how many times that the measure takes. Copies and
//! batches take turns, so that parts and whole were measured side by side.

mod figures;
mod from_host;
mod resident;

use std::sync::Arc;

use serde::Serialize;

pub use figures::{Batch, LaunchBytes, Limits, Seconds};
pub use from_host::{FromHost, StageSeconds, by_stage};
pub use resident::Resident;

use super::analyze::Windows;
use crate::analysis::dfa::{self, Convention, DfaPlan};
use crate::error::Result;
use crate::gpu::{Engine, Gpu};
use crate::signal::noise;

/// Samples per trace.
const SAMPLES: usize = 4096;

/// Runs that each figure is taken from, after one to warm up.
const RUNS: usize = 5;

/// What was measured on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Throughput {
    /// Of this program.
    pub version: &'static str,
    /// The device, its kind and backend, in one line.
    pub device: String,
    /// `"vulkan"`, `"metal"`, `"dx12"`.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// Whether it is a GPU, and not a program on the CPU that calls itself one.
    pub hardware: bool,
    /// What of the device's limits decides how traces are cut.
    pub limits: Limits,
    /// Samples per trace.
    pub samples: usize,
    /// Order of the polynomial.
    pub order: usize,
    /// Window sizes, log-spaced from 8 to a quarter of the trace, side by side.
    pub windows: Vec<usize>,
    /// Bytes per second that a copy moves on the device, read and written: the median's.
    pub copy_bytes_per_second: f64,
    /// One copy of `copy_bytes` bytes.
    pub copy: Seconds,
    /// Bytes of that copy; twice as many are moved.
    pub copy_bytes: u64,
    /// Traces that lie on the device.
    pub resident: Resident,
    /// Traces from host memory.
    pub from_host: FromHost,
}

/// Measures `gpu`.
///
/// # Errors
/// The device failed, or has no memory for two batches.
pub fn measure(gpu: &Gpu) -> Result<Throughput> {
    let windows = Windows::default().sizes(SAMPLES, None)?;
    let settings = dfa::Settings { windows, order: 1, convention: Convention::Forward };
    let plan = DfaPlan::new(SAMPLES, &settings)?;
    let engine = Arc::new(Engine::new(gpu.clone()));
    let timing = Engine::timing(gpu.clone());
    let (copy_bytes, copy, resident) = resident::measure(&engine, &timing, &plan)?;
    Ok(Throughput {
        version: env!("CARGO_PKG_VERSION"),
        device: gpu.description.to_string(),
        backend: gpu.description.backend.clone(),
        driver: gpu.description.driver.clone(),
        hardware: gpu.description.kind.is_hardware(),
        limits: Limits::of(gpu),
        samples: SAMPLES,
        order: plan.order(),
        windows: plan.sizes().iter().map(|size| size.size).collect(),
        copy_bytes_per_second: 2.0 * copy_bytes as f64 / copy.median,
        copy,
        copy_bytes,
        resident,
        from_host: from_host::measure(&engine, &timing, &plan)?,
    })
}

/// Bytes per second that a copy of `buffer` moves on the device, read and written, by the device's
/// clock where it has one.
///
/// # Errors
/// The device failed, or has no memory for the copy.
pub fn copy_bandwidth(engine: &Engine, buffer: &wgpu::Buffer) -> Result<f64> {
    let (bytes, other) = (buffer.size(), engine.empty("copy", buffer.size())?);
    let times = resident::copies_at_once(engine, (buffer, bytes), &other)?;
    let runs = (0..RUNS).map(|_| engine.time_copies((buffer, bytes), &other, times));
    let copy = Seconds::of_copies(&runs.collect::<Result<Vec<_>>>()?);
    Ok(2.0 * bytes as f64 / copy.median)
}

/// So many traces, each of its own up to `DIFFERENT`, then those again.
fn pink(rows: usize) -> Vec<f32> {
    const DIFFERENT: usize = 64;
    let some = (0..DIFFERENT.min(rows) as u64).flat_map(|row| noise::pink(SAMPLES, 1, row));
    some.collect::<Vec<f32>>().into_iter().cycle().take(rows * SAMPLES).collect()
}

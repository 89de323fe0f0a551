//! How fast a device copies and measures: `noisescope doctor --bench`.
//!
//! Place in the flow: floor 4; the measures' own engine on data that lies on the device, so that
//! neither files nor uploads count.
//!
//! The floor of a DFA is one read of the traces at the bandwidth that a copy reaches on the same
//! device in the same run; `share` says how near to it the measure comes.

use std::time::Instant;

use serde::Serialize;

use super::analyze::Windows;
use crate::analysis::dfa::chain::{batch_rows, measure_buffer};
use crate::analysis::dfa::{self, Convention, DfaPlan};
use crate::error::Result;
use crate::gpu::Engine;
use crate::signal::noise;

/// Samples per trace.
const SAMPLES: usize = 4096;

/// Seconds that each figure is taken over, at least.
const SECONDS: f64 = 0.5;

/// What was measured on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Throughput {
    /// The device.
    pub device: String,
    /// Traces per batch.
    pub traces: usize,
    /// Samples per trace.
    pub samples: usize,
    /// Window sizes, log-spaced from 8 to a quarter of the trace, side by side, order 1.
    pub sizes: usize,
    /// Bytes per second that a copy moves on the device, read and written.
    pub copy_bytes_per_second: f64,
    /// Seconds per batch, from submission to F(n) and exponents on the host.
    pub dfa_seconds: f64,
    /// Traces per second.
    pub traces_per_second: f64,
    /// Time of reading the traces once at the copy's bandwidth, over `dfa_seconds`.
    pub share: f64,
}

/// Measures the device of `engine`.
///
/// # Errors
/// The device failed, or has no memory for 128 MiB.
pub fn measure(engine: &Engine) -> Result<Throughput> {
    let windows = Windows::default().sizes(SAMPLES, None)?;
    let settings = dfa::Settings { windows, order: 1, convention: Convention::Forward };
    let plan = DfaPlan::new(SAMPLES, &settings)?;
    let traces = batch_rows(engine.gpu().largest_binding(), &plan)?;
    let trace = noise::pink(SAMPLES, 1, 0);
    let batch = engine.upload("traces", &trace.repeat(traces))?;
    let other = engine.empty("copy", batch.size())?;
    let copy = seconds(|| {
        engine.copy(&batch, &other)?;
        engine.wait()
    })?;
    let whole = || batch.as_entire_buffer_binding();
    let dfa_seconds =
        seconds(|| measure_buffer(engine, whole(), traces, &plan).map(|_measured| ()))?;
    // A copy reads and writes.
    let copy_bytes_per_second = 2.0 * batch.size() as f64 / copy;
    Ok(Throughput {
        device: engine.gpu().description.to_string(),
        traces,
        samples: SAMPLES,
        sizes: plan.sizes().len(),
        copy_bytes_per_second,
        dfa_seconds,
        traces_per_second: traces as f64 / dfa_seconds,
        share: batch.size() as f64 / copy_bytes_per_second / dfa_seconds,
    })
}

/// Mean seconds of `work`, after once to warm up.
fn seconds(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    work()?;
    let start = Instant::now();
    let mut repeats = 0;
    while repeats == 0 || start.elapsed().as_secs_f64() < SECONDS {
        work()?;
        repeats += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(repeats))
}

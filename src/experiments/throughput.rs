//! How fast a device copies and measures: `noisescope doctor --bench`.
//!
//! Place in the flow: floor 4; the measures' own engine, first on data that lies on the device, so
//! that neither files nor uploads count, then from host memory, split into what is on the way.
//!
//! The floor of a DFA is one read of the traces at the bandwidth that a copy reaches on the same
//! device in the same run; `share` says how near to it the measure comes.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::analyze::Windows;
use crate::analysis::dfa::chain::{measure_batch, measure_buffer, rows_on};
use crate::analysis::dfa::{self, Convention, DfaPlan, Path};
use crate::error::Result;
use crate::gpu::engine::Lap;
use crate::gpu::{Engine, Gpu};
use crate::signal::{Traces, noise};

/// Samples per trace.
const SAMPLES: usize = 4096;

/// Traces that are measured from host memory.
const HOST_TRACES: usize = 1000;

/// Seconds that each figure is taken over, at least.
const SECONDS: f64 = 0.5;

/// What was measured on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Throughput {
    /// The device.
    pub device: String,
    /// Whether it is a GPU, and not a program on the CPU that calls itself one.
    pub hardware: bool,
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
    /// The way from host memory.
    pub from_host: FromHost,
}

/// What traces in host memory cost, step by step and as they are measured. Seconds of one set of
/// traces.
#[derive(Clone, Debug, Serialize)]
pub struct FromHost {
    /// Traces.
    pub traces: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// Upload of all of them, by the host's clock until the device has them.
    pub upload_seconds: f64,
    /// Each stage on all of them, by the device's clock (timestamp queries); none where it has no
    /// such clock.
    pub stages: Option<Vec<Lap>>,
    /// Reading F(n) and exponents back, by the host's clock when the device is done.
    pub readback_seconds: f64,
    /// One batch of all, each step after the other, by the host's clock.
    pub one_batch_seconds: f64,
    /// As [`Path::measure`] does it: in several batches, of which the next is uploaded while one is
    /// computed. By the host's clock.
    pub overlapped_seconds: f64,
}

/// Measures `gpu`.
///
/// # Errors
/// The device failed, or has no memory for 128 MiB.
pub fn measure(gpu: &Gpu) -> Result<Throughput> {
    let engine = &Arc::new(Engine::new(gpu.clone()));
    let windows = Windows::default().sizes(SAMPLES, None)?;
    let settings = dfa::Settings { windows, order: 1, convention: Convention::Forward };
    let plan = DfaPlan::new(SAMPLES, &settings)?;
    let traces = rows_on(gpu, &plan)?;
    let trace = noise::pink(SAMPLES, 1, 0);
    let batch = engine.upload("traces", &trace.repeat(traces))?;
    let copy_bytes_per_second = copy_bandwidth(engine, &batch)?;
    let whole = || batch.as_entire_buffer_binding();
    let dfa_seconds =
        seconds(|| measure_buffer(engine, whole(), traces, &plan).map(|_measured| ()))?;
    Ok(Throughput {
        device: gpu.description.to_string(),
        hardware: gpu.description.kind.is_hardware(),
        traces,
        samples: SAMPLES,
        sizes: plan.sizes().len(),
        copy_bytes_per_second,
        dfa_seconds,
        traces_per_second: traces as f64 / dfa_seconds,
        share: batch.size() as f64 / copy_bytes_per_second / dfa_seconds,
        from_host: from_host(engine, &plan)?,
    })
}

/// Bytes per second that a copy of `buffer` moves on the device, read and written.
///
/// # Errors
/// The device failed, or has no memory for the copy.
pub fn copy_bandwidth(engine: &Engine, buffer: &wgpu::Buffer) -> Result<f64> {
    let other = engine.empty("copy", buffer.size())?;
    let copy = seconds(|| {
        engine.copy(buffer, &other)?;
        engine.wait()
    })?;
    Ok(2.0 * buffer.size() as f64 / copy)
}

fn from_host(engine: &Arc<Engine>, plan: &DfaPlan) -> Result<FromHost> {
    let values = noise::pink(SAMPLES, 1, 0).repeat(HOST_TRACES);
    let upload_seconds = seconds(|| {
        let _buffer = engine.upload("traces", &values)?;
        engine.flush()
    })?;
    // F(n) and an exponent of four words per trace.
    let results = engine.empty("results", (HOST_TRACES * (plan.sizes().len() + 4) * 4) as u64)?;
    engine.wait()?;
    let readback_seconds = seconds(|| engine.read::<f32>(&results).map(|_results| ()))?;
    let timing = Engine::timing(engine.gpu().clone());
    measure_batch(&timing, &values, plan)?;
    // Once to warm up.
    timing.laps()?;
    measure_batch(&timing, &values, plan)?;
    let one_batch_seconds = seconds(|| measure_batch(engine, &values, plan).map(|_measured| ()))?;
    let traces = Traces::new(values, SAMPLES)?;
    let path = Path::Gpu(engine.clone());
    let overlapped_seconds = seconds(|| path.measure(&traces, plan).map(|_measured| ()))?;
    Ok(FromHost {
        traces: HOST_TRACES,
        bytes: size_of_val(traces.values()),
        upload_seconds,
        stages: timing.laps()?,
        readback_seconds,
        one_batch_seconds,
        overlapped_seconds,
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

//! Traces from host memory: what is on the way, step by step, and all of it as it is measured.
//!
//! Place in the flow: under [`super::measure`].

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::{Batch, RUNS, SAMPLES, Seconds, pink};
use crate::analysis::dfa::chain::measure_batch;
use crate::analysis::dfa::{DfaPlan, Path};
use crate::error::Result;
use crate::gpu::Engine;
use crate::gpu::engine::Lap;
use crate::signal::Traces;

/// Traces.
const TRACES: usize = 1000;

/// What traces in host memory cost: each step of one batch, and the whole. In each run every step
/// and both wholes were done once, one after the other.
#[derive(Clone, Debug, Serialize)]
pub struct FromHost {
    /// Traces.
    pub traces: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// The host's copy of them into staging.
    pub staging: Seconds,
    /// The device's copy of them from staging.
    pub upload: Seconds,
    /// Each stage on all of them, by the device's clock; none where it has none.
    pub stages: Option<Vec<StageSeconds>>,
    /// The device's copy of F(n) and exponents to the host's memory.
    pub readback: Seconds,
    /// The host's copy of them out of there.
    pub landing: Seconds,
    /// All of them as one batch, every step after the other, by the host's clock.
    pub one_batch: Seconds,
    /// As `--device gpu` measures them: in batches, of which the host fills the next one's staging and
    /// reads the last one's results while the device works on one. The device's own copies wait for
    /// their turn on its queue. By the host's clock.
    pub in_batches: Seconds,
    /// What that one batch hands to the device, counted.
    pub batch: Batch,
}

/// One stage.
#[derive(Clone, Debug, Serialize)]
pub struct StageSeconds {
    /// Its name.
    pub stage: &'static str,
    /// Of all its launches in the batch together.
    pub seconds: Seconds,
}

/// Measures by `engine`, and the stages by `timing`, which takes their times.
///
/// # Errors
/// The device failed or has no memory left.
pub(super) fn measure(engine: &Arc<Engine>, timing: &Engine, plan: &DfaPlan) -> Result<FromHost> {
    let traces = Traces::new(pink(TRACES), SAMPLES)?;
    let bytes: &[u8] = bytemuck::cast_slice(traces.values());
    let path = Path::Gpu(engine.clone());
    let on_device = engine.empty("traces", bytes.len() as u64)?;
    // F(n), and an exponent of four words per trace.
    let results = engine.empty("results", (TRACES * (plan.sizes().len() + 4) * 4) as u64)?;
    let landing = engine.landing(results.size())?;

    timing.counted();
    measure_batch(timing, traces.values(), plan)?;
    let batch = Batch::of(&timing.counted(), TRACES, SAMPLES);
    timing.laps()?;

    let [mut staging, mut landed, mut one_batch, mut in_batches] = [const { Vec::new() }; 4];
    let (mut uploads, mut readbacks, mut stages) = (Vec::new(), Vec::new(), Vec::new());
    // The first run warms up.
    for run in 0..=RUNS {
        if run == 1 {
            [&mut staging, &mut landed, &mut one_batch, &mut in_batches]
                .into_iter()
                .for_each(Vec::clear);
            [&mut uploads, &mut readbacks].into_iter().for_each(Vec::clear);
            stages.clear();
        }
        let (seconds, staged) = timed(|| engine.stage(bytes))?;
        staging.push(seconds);
        uploads.push(engine.time_copies((&staged, staged.size()), &on_device, 1)?);
        measure_batch(timing, traces.values(), plan)?;
        stages.push(timing.laps()?);
        readbacks.push(engine.time_copies((&results, results.size()), &landing, 1)?);
        landed.push(timed(|| engine.landed(&landing))?.0);
        one_batch.push(timed(|| measure_batch(engine, traces.values(), plan))?.0);
        in_batches.push(timed(|| path.measure(&traces, plan))?.0);
    }
    Ok(FromHost {
        traces: TRACES,
        bytes: bytes.len(),
        staging: Seconds::of_host(staging),
        upload: Seconds::of_copies(&uploads),
        stages: stages.into_iter().collect::<Option<Vec<_>>>().map(|runs| by_stage(&runs)),
        readback: Seconds::of_copies(&readbacks),
        landing: Seconds::of_host(landed),
        one_batch: Seconds::of_host(one_batch),
        in_batches: Seconds::of_host(in_batches),
        batch,
    })
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed().as_secs_f64(), done))
}

/// The seconds of each stage in several runs of the same, in the order of the first run; of no runs
/// nothing.
pub fn by_stage(runs: &[Vec<Lap>]) -> Vec<StageSeconds> {
    let mut names: Vec<&'static str> = runs.iter().take(1).flatten().map(|lap| lap.stage).collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    let of = |stage: &str, run: &[Lap]| {
        run.iter().filter(|lap| lap.stage == stage).map(|lap| lap.seconds).sum()
    };
    let seconds = |stage| Seconds::of_device(runs.iter().map(|run| of(stage, run)).collect());
    names.into_iter().map(|stage| StageSeconds { stage, seconds: seconds(stage) }).collect()
}

//! Traces that lie on the device: bandwidth of a copy and the DFA of all of them, taking turns.
//!
//! Place in the flow: under [`super::measure`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use serde::Serialize;

use super::{Batch, RUNS, SAMPLES, Seconds, pink};
use crate::analysis::dfa::DfaPlan;
use crate::analysis::dfa::chain::{measure_buffer, rows_on};
use crate::error::Result;
use crate::gpu::Engine;
use crate::gpu::engine::{Lap, Part};

/// Traces on a GPU that holds them, 1.6 GB.
const WANTED: usize = 100_000;

/// Batches on a software adapter, which would take minutes for all.
const SOFTWARE_BATCHES: usize = 2;

/// Batches that are submitted before the first is read back.
const ABREAST: usize = 4;

/// The most bytes of a copy: far more than any cache holds.
const MOST_COPIED: u64 = 512 << 20;

/// Seconds of copies in one submission, about: long beside what a submission costs.
const COPYING: f64 = 0.05;

/// The DFA of traces that lie on the device.
#[derive(Clone, Debug, Serialize)]
pub struct Resident {
    /// Traces.
    pub traces: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// Traces that were asked for; `traces` are fewer where the device has no memory for all.
    pub wanted: usize,
    /// Buffers that they lie in, each no larger than a binding.
    pub buffers: usize,
    /// Batches, several of which are submitted before the first is read back.
    pub batches: usize,
    /// Reading all traces once at the bandwidth of the copy.
    pub floor_seconds: f64,
    /// All traces: by the device's clock from the first stage's beginning to the last one's end, with
    /// all that lies between; by the host's where the device has no clock.
    pub seconds: Seconds,
    /// What the stages alone took of that, by the device's clock; none where it has none.
    pub stages_seconds: Option<Seconds>,
    /// All traces by the host's clock, until F(n) and exponents are on the host.
    pub host_seconds: Seconds,
    /// Traces per second, by `seconds`.
    pub traces_per_second: f64,
    /// `seconds` over the floor.
    pub times_floor: f64,
    /// `stages_seconds` over the floor.
    pub stages_times_floor: Option<f64>,
    /// The floor over `seconds`.
    pub share: f64,
    /// What one batch hands to the device, counted.
    pub batch: Batch,
}

/// Traces in buffers on the device.
struct Data {
    buffers: Vec<wgpu::Buffer>,
    /// Where the first of them is copied to.
    copy: wgpu::Buffer,
    traces: usize,
    /// Traces per batch.
    rows: usize,
}

/// Measures by `engine`, and by `timing`, which takes the device's times: bytes of a copy, its
/// seconds, and the DFA.
///
/// # Errors
/// The device failed, or has no memory for two batches.
pub(super) fn measure(
    engine: &Engine,
    timing: &Engine,
    plan: &DfaPlan,
) -> Result<(u64, Seconds, Resident)> {
    let rows = rows_on(engine.gpu(), plan)?;
    let hardware = engine.gpu().description.kind.is_hardware();
    let wanted = if hardware { WANTED } else { SOFTWARE_BATCHES * rows };
    let data = Data::as_many_as_fit(engine, wanted, rows)?;
    let from = (&data.buffers[0], data.copy.size());
    let times = copies_at_once(engine, from, &data.copy)?;
    data.measure(engine, plan)?;
    data.measure(timing, plan)?;
    timing.laps()?;

    let (mut copies, mut host) = (Vec::new(), Vec::new());
    let (mut spans, mut stages) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        copies.push(engine.time_copies(from, &data.copy, times)?);
        let start = Instant::now();
        data.measure(engine, plan)?;
        host.push(start.elapsed().as_secs_f64());
        data.measure(timing, plan)?;
        if let Some(laps) = timing.laps()? {
            spans.push(span(&laps));
            stages.push(laps.iter().map(|lap| lap.seconds).sum());
        }
    }
    let copy = Seconds::of_copies(&copies);
    let host_seconds = Seconds::of_host(host);
    // All runs or none: a clock may have run backwards in one.
    let timed = stages.len() == RUNS;
    let stages_seconds = timed.then(|| Seconds::of_device(stages));
    let seconds = if timed { Seconds::of_device(spans) } else { host_seconds.clone() };

    let batches = data.batches();
    let (part, rows) = &batches[0];
    timing.counted();
    measure_buffer(timing, part.clone(), *rows, plan)?;
    let batch = Batch::of(&timing.counted(), *rows, SAMPLES);

    let bytes = (data.traces * SAMPLES * size_of::<f32>()) as u64;
    let floor_seconds = bytes as f64 * copy.median / (2.0 * data.copy.size() as f64);
    let resident = Resident {
        traces: data.traces,
        bytes,
        wanted,
        buffers: data.buffers.len(),
        batches: batches.len(),
        floor_seconds,
        traces_per_second: data.traces as f64 / seconds.median,
        times_floor: seconds.median / floor_seconds,
        stages_times_floor: stages_seconds.as_ref().map(|stages| stages.median / floor_seconds),
        share: floor_seconds / seconds.median,
        seconds,
        stages_seconds,
        host_seconds,
        batch,
    };
    Ok((data.copy.size(), copy, resident))
}

/// How many copies make a submission that is long beside what it costs; warms up, too.
pub(super) fn copies_at_once(
    engine: &Engine,
    from: (&wgpu::Buffer, u64),
    to: &wgpu::Buffer,
) -> Result<u32> {
    engine.time_copies(from, to, 1)?;
    let once = engine.time_copies(from, to, 1)?.host;
    Ok((COPYING / once).ceil().clamp(1.0, 256.0) as u32)
}

/// Seconds from the beginning of the first to the end of the last.
fn span(laps: &[Lap]) -> f64 {
    let first = laps.iter().map(|lap| lap.began).fold(f64::INFINITY, f64::min);
    let last = laps.iter().map(|lap| lap.began + lap.seconds).fold(f64::NEG_INFINITY, f64::max);
    last - first
}

impl Data {
    /// `wanted` traces, or a half, a quarter and so on of them where the device has no memory for
    /// more; one batch of `rows` traces at least.
    fn as_many_as_fit(engine: &Engine, wanted: usize, rows: usize) -> Result<Self> {
        let mut traces = wanted.max(rows);
        loop {
            match Self::new(engine, traces, rows) {
                Err(_) if traces > rows => traces = (traces / 2).max(rows),
                done => return done,
            }
        }
    }

    fn new(engine: &Engine, traces: usize, rows: usize) -> Result<Self> {
        let row = (SAMPLES * size_of::<f32>()) as u64;
        // Whole batches per buffer.
        let fit = (engine.gpu().largest_binding() / row) as usize / rows * rows;
        let sizes = (0..traces).step_by(fit).map(|begin| row * fit.min(traces - begin) as u64);
        let buffers: Vec<wgpu::Buffer> =
            sizes.map(|bytes| engine.empty("traces", bytes)).collect::<Result<_>>()?;
        let copy = engine.empty("copy", buffers[0].size().min(MOST_COPIED))?;
        let batch = engine.upload("batch", &pink(rows.min(traces)))?;
        for buffer in &buffers {
            let whole = (0..buffer.size() / batch.size()).map(|number| number * batch.size());
            engine.copy((&batch, batch.size()), buffer, whole)?;
            let left = buffer.size() % batch.size();
            engine.copy((&batch, left), buffer, (left > 0).then_some(buffer.size() - left))?;
        }
        engine.wait()?;
        Ok(Self { buffers, copy, traces, rows })
    }

    /// The parts of the buffers that are measured at a time, and their traces.
    fn batches(&self) -> Vec<(Part<'_>, usize)> {
        let row = (SAMPLES * size_of::<f32>()) as u64;
        let of = |buffer| {
            let traces = (wgpu::Buffer::size(buffer) / row) as usize;
            (0..traces).step_by(self.rows).map(move |begin| {
                let rows = self.rows.min(traces - begin);
                let size = std::num::NonZeroU64::new(row * rows as u64);
                (Part { buffer, offset: row * begin as u64, size }, rows)
            })
        };
        self.buffers.iter().flat_map(of).collect()
    }

    /// Measures all traces. Each of a few threads submits a batch, waits for it and takes the next, so
    /// that the device always has another one before it.
    fn measure(&self, engine: &Engine, plan: &DfaPlan) -> Result<()> {
        let (batches, next) = (&self.batches(), &AtomicUsize::new(0));
        let work = move || {
            while let Some((part, rows)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                measure_buffer(engine, part.clone(), *rows, plan)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..ABREAST).map(|_| scope.spawn(work)).collect();
            let done = workers.into_iter().map(|worker| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            done.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reaches_from_the_first_beginning_to_the_last_end() {
        let lap = |began, seconds| Lap { stage: "dfa/fused", seconds, began };
        // Not in the order of time: another thread submitted first.
        let laps = [lap(0.0, 1.0), lap(-2.0, 1.5), lap(3.0, 0.5)];
        assert_eq!(span(&laps), 5.5);
    }
}

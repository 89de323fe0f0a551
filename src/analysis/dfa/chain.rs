//! The stages on a device, fused or one after the other, in batches that the device can hold.
//!
//! Place in the flow: [`super::Path::Gpu`] measures with it; what is recorded on the same device
//! goes in as a buffer by [`measure_buffer`], without a trip through host memory.

use std::num::NonZeroU64;

use super::block::{self, Block};
use super::fused::Fused;
use super::fused_higher::FusedHigher;
use super::params::{
    CONSTANT, ExponentRecord, Mark, NO_FLUCTUATION, NON_FINITE, Shape, SizeRecord, Weight,
};
use super::plan::DfaPlan;
use super::stretch::Stretch;
use super::{
    Exponent, Measured, Status, detrend, detrend_higher, exponent, fluctuation, profile, tree,
};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::gpu::engine::{Dispatch, Engine, Fetched, Part};
use crate::gpu::stage::Stage;

/// The largest number of samples whose count `f32` holds exactly.
const MOST_STEPS: usize = 1 << 24;

/// The most bytes of traces per batch: enough to fill a large GPU.
const BATCH_BYTES: u64 = 64 << 20;

/// The most work of one submission, see [`work`]. Systems end a submission that holds the device
/// for about two seconds, and with it the device. A small GPU does about 10^9 a second: half a
/// second. A large one does that in milliseconds, still long beside the tens of microseconds that a
/// submission costs.
const SUBMISSION_WORK: u64 = 1 << 29;

/// The same on a software adapter, which does about 10^8 a second (lavapipe on two cores).
const SOFTWARE_WORK: u64 = SUBMISSION_WORK / 8;

/// The most samples in a window that a software adapter is given: Mesa's breaks off the loops of an
/// invocation after 65,535 rounds in all, without an error, and a window takes a little more than
/// two per sample (found on lavapipe of Mesa 22.3).
const SOFTWARE_WINDOW: usize = 30_000;

/// Traces from host memory are handed over at so many bytes at a time, at least: that takes the
/// host a millisecond, long beside the submission, and holds enough traces to keep a device busy.
const UPLOAD_BYTES: usize = 4 << 20;

/// A binding may begin at every so many words of a buffer: the 256 bytes that no device exceeds.
const ALIGNED_WORDS: u32 = 64;

/// Measures a batch of traces on the device of `engine`: at most [`batch_rows`], row-major.
///
/// # Errors
/// The device failed.
pub fn measure_batch(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<Measured> {
    start(engine, batch, plan)?.finish(engine)
}

/// The same by the separate stages alone, whatever fits.
///
/// # Errors
/// As for [`measure_batch`].
pub fn measure_separately(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<Measured> {
    upload_and_run(engine, batch, plan, None)?.finish(engine)
}

/// Uploads and submits a batch as [`measure_batch`] does, and does not wait: the next may be
/// started while the device works on this one.
///
/// # Errors
/// The device failed.
pub fn start(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<InFlight> {
    upload_and_run(engine, batch, plan, at_once(engine, plan).as_deref())
}

/// A batch that was submitted and is not read back.
pub struct InFlight {
    fetched: Fetched,
    /// Bytes of the fluctuations; behind them come the exponents.
    fluctuations: usize,
}

impl InFlight {
    /// Waits for the batch.
    ///
    /// # Errors
    /// The device failed.
    pub fn finish(self, engine: &Engine) -> Result<Measured> {
        let bytes = engine.take(self.fetched)?;
        let (fluctuations, exponents) = bytes.split_at(self.fluctuations);
        // Bytes need not be aligned.
        let fluctuations: Vec<f32> = bytemuck::pod_collect_to_vec(fluctuations);
        Ok(collect(&fluctuations, &bytemuck::pod_collect_to_vec::<u8, ExponentRecord>(exponents)))
    }
}

fn at_once(engine: &Engine, plan: &DfaPlan) -> Option<Box<dyn Stage>> {
    let Gpu { limits, description, .. } = engine.gpu();
    // A lane of a fused stage goes over a share of all windows.
    let samples = work(&SizeRecord::table(plan), 1) / tree::TEAM as u64;
    let too_long = samples > SOFTWARE_WINDOW as u64 && !description.kind.is_hardware();
    fused(limits.max_compute_workgroup_storage_size, plan).filter(|_| !too_long)
}

/// The stage that measures traces of `plan` from one read, on a device that gives a workgroup `bytes`
/// of memory; none where they do not fit.
pub fn fused(bytes: u32, plan: &DfaPlan) -> Option<Box<dyn Stage>> {
    Some(if plan.order() == 1 {
        Box::new(Fused(tree::words::<Block>(bytes, plan)?))
    } else {
        Box::new(FusedHigher(tree::words::<Stretch>(bytes, plan)?))
    })
}

fn upload_and_run(
    engine: &Engine,
    batch: &[f32],
    plan: &DfaPlan,
    fused: Option<&dyn Stage>,
) -> Result<InFlight> {
    let buffer = engine.upload("traces", batch)?;
    run(engine, buffer.as_entire_buffer_binding(), batch.len() / plan.steps(), plan, fused)
}

/// Measures `rows` traces that lie in `traces`, part of a buffer on the engine's device (row-major
/// `f32`, `STORAGE` usage), after all that was submitted before.
///
/// # Errors
/// There are more rows than one batch takes ([`batch_rows`]); the part is too short; the device
/// failed.
pub fn measure_buffer(
    engine: &Engine,
    traces: Part<'_>,
    rows: usize,
    plan: &DfaPlan,
) -> Result<Measured> {
    let most = rows_on(engine.gpu(), plan)?;
    let bytes = (rows * plan.steps() * size_of::<f32>()) as u64;
    let held = traces.size.map_or(traces.buffer.size() - traces.offset, u64::from);
    if rows == 0 || rows > most || held < bytes {
        return Err(Error::new(format!(
            "expected 1 to {most} traces of {} samples in the buffer, found {rows} in {held} bytes",
            plan.steps()
        ))
        .remedy("hand over fewer traces at a time"));
    }
    run(engine, traces, rows, plan, at_once(engine, plan).as_deref())?.finish(engine)
}

/// [`batch_rows`] on this device, fewer on a software adapter.
///
/// # Errors
/// As for that; a window is longer than a software adapter can take.
pub fn rows_on(gpu: &Gpu, plan: &DfaPlan) -> Result<usize> {
    let longest = plan.sizes().last().map_or(0, |size| size.size);
    if longest > SOFTWARE_WINDOW && !gpu.description.kind.is_hardware() {
        return Err(Error::new(format!(
            "expected windows of at most {SOFTWARE_WINDOW} samples on a software adapter, found \
             {longest}"
        ))
        .at("dfa")
        .remedy("compute with --device cpu, which is faster too"));
    }
    let most = batch_rows(gpu.largest_binding(), plan)? as u64;
    Ok(most.min(rows_of(submission_work(gpu), plan)) as usize)
}

fn submission_work(gpu: &Gpu) -> u64 {
    if gpu.description.kind.is_hardware() { SUBMISSION_WORK } else { SOFTWARE_WORK }
}

/// How many traces are no more work than `most`: at least one, which [`cut`] cuts.
fn rows_of(most: u64, plan: &DfaPlan) -> u64 {
    (most / work(&SizeRecord::table(plan), plan.order())).max(1)
}

/// How many of `rows` traces in host memory to hand over at a time, where a batch takes `most`: a
/// quarter, so that all but the first are uploaded while the device computes; more where that is
/// little, fewer where that is too much.
pub(super) fn rows_at_once(rows: usize, most: usize, plan: &DfaPlan) -> usize {
    let least = (UPLOAD_BYTES / size_of::<f32>() / plan.steps()).max(1);
    rows.div_ceil(4).max(least).min(most)
}

/// How many traces one batch may have on a device whose largest storage binding is `largest` bytes.
///
/// # Errors
/// Not even one fits, or a trace is longer than `f32` counts.
pub fn batch_rows(largest: u64, plan: &DfaPlan) -> Result<usize> {
    let steps = plan.steps();
    // Traces and profile have a word per sample, residuals a word per window.
    let words = steps.max(plan.windows()).max(4 * plan.sizes().len());
    let per_row = (words * size_of::<f32>()) as u64;
    let most = largest.min(BATCH_BYTES.max(per_row)) / per_row;
    let most = most.min(rows_of(SUBMISSION_WORK, plan));
    let error = if steps > MOST_STEPS {
        format!("expected traces of at most {MOST_STEPS} samples on a GPU, found {steps}")
    } else if most == 0 {
        format!(
            "expected traces that take at most {largest} bytes on this device, found {steps} \
             samples in {} windows, which take {per_row}",
            plan.windows()
        )
    } else {
        return Ok(most as usize);
    };
    Err(Error::new(error).at("dfa").remedy("compute with --device cpu, or cut the traces"))
}

/// What the windows of `sizes` cost on one trace: the samples in them, which all are read and
/// fitted, times the order. An estimate from above, for `dfa/fused` reads most of them by blocks.
fn work(sizes: &[SizeRecord], order: usize) -> u64 {
    let samples = sizes.iter().map(|size| u64::from(size.size) * u64::from(size.count));
    samples.sum::<u64>() * order as u64
}

/// The sizes of one trace, which no smaller batch cuts, in parts of at most `most` work, each
/// of which may be bound: its windows begin at a multiple of [`ALIGNED_WORDS`].
fn cut(sizes: Vec<SizeRecord>, order: usize, most: u64) -> Vec<Vec<SizeRecord>> {
    let mut parts = Vec::new();
    let mut part: Vec<SizeRecord> = Vec::new();
    let mut end = 0;
    for mut size in sizes {
        if !part.is_empty() && work(&part, order) + work(&[size], order) > most {
            end = u32::next_multiple_of(end, ALIGNED_WORDS);
            parts.push(std::mem::take(&mut part));
        }
        size.first = end;
        end += size.count;
        part.push(size);
    }
    parts.push(part);
    parts
}

fn run(
    engine: &Engine,
    traces: Part<'_>,
    rows: usize,
    plan: &DfaPlan,
    fused: Option<&dyn Stage>,
) -> Result<InFlight> {
    let shape = Shape::new(rows, plan);
    let weights = engine.upload("weights", &Weight::table(plan))?;
    let fluctuations = engine.empty("fluctuations", words(rows * plan.sizes().len()))?;
    let exponents = engine.empty("exponents", rows as u64 * u64::from(ExponentRecord::SIZE))?;
    if let Some(fused) = fused {
        let shape_buffer = engine.uniform("shape", &shape)?;
        let sizes = engine.upload("sizes", &SizeRecord::table(plan))?;
        let parts = [
            whole(&shape_buffer),
            whole(&sizes),
            whole(&weights),
            traces,
            whole(&fluctuations),
            whole(&exponents),
        ];
        let params = bytemuck::bytes_of(&shape);
        engine.submit(&[Dispatch { stage: fused, params, parts: &parts }])?;
    } else {
        separately(engine, traces, shape, plan, [&weights, &fluctuations, &exponents])?;
    }
    let fetched = engine.fetch(&[&fluctuations, &exponents])?;
    Ok(InFlight { fetched, fluctuations: fluctuations.size() as usize })
}

/// Submits the four separate stages: as one, or one by one where the work is cut.
fn separately(
    engine: &Engine,
    traces: Part<'_>,
    shape: Shape,
    plan: &DfaPlan,
    [weights, fluctuations, exponents]: [&wgpu::Buffer; 3],
) -> Result<()> {
    let rows = shape.rows as usize;
    let blocks = plan.steps().div_ceil(block::BLOCK);
    let table = SizeRecord::table(plan);
    let parts = if rows == 1 {
        cut(table, plan.order(), submission_work(engine.gpu()))
    } else {
        vec![table]
    };
    let table = parts.concat();
    let windows = |table: &[SizeRecord]| table.last().map_or(0, |last| last.first + last.count);

    let shape_buffer = engine.uniform("shape", &shape)?;
    let sizes = engine.upload("sizes", &table)?;
    let profile = engine.empty("profile", words(rows * plan.steps()))?;
    let levels = engine.empty("levels", words(rows * blocks))?;
    let marks = engine.empty("marks", rows as u64 * u64::from(Mark::SIZE))?;
    let residuals = engine.empty("residuals", words(rows * windows(&table) as usize))?;

    // A part sees its own sizes and windows alone.
    let cuts = parts.into_iter().map(|mut table| {
        let first = table[0].first;
        table.iter_mut().for_each(|size| size.first -= first);
        let shape = Shape { sizes: table.len() as u32, windows: windows(&table), ..shape };
        let part = Part {
            buffer: &residuals,
            offset: words(first as usize),
            size: NonZeroU64::new(words(rows * shape.windows as usize)),
        };
        Ok((shape, engine.uniform("shape", &shape)?, engine.upload("sizes", &table)?, part))
    });
    let cuts: Vec<_> = cuts.collect::<Result<_>>()?;

    let detrend: &dyn Stage =
        if plan.order() == 1 { &detrend::Detrend } else { &detrend_higher::DetrendHigher };
    let mut stages: Vec<(&dyn Stage, &Shape, [Part<'_>; 5])> = vec![(
        &profile::Profile,
        &shape,
        [whole(&shape_buffer), traces, whole(&profile), whole(&levels), whole(&marks)],
    )];
    stages.extend(cuts.iter().map(|(shape, shape_buffer, sizes, residuals)| {
        let [shape_buffer, sizes, profile, levels] =
            [shape_buffer, sizes, &profile, &levels].map(whole);
        (detrend, shape, [shape_buffer, sizes, profile, levels, residuals.clone()])
    }));
    stages.push((
        &fluctuation::Fluctuation,
        &shape,
        [&shape_buffer, &sizes, &residuals, &marks, fluctuations].map(whole),
    ));
    stages.push((
        &exponent::Exponent,
        &shape,
        [&shape_buffer, weights, fluctuations, &marks, exponents].map(whole),
    ));
    let dispatches: Vec<Dispatch<'_>> = stages
        .iter()
        .map(|(stage, shape, parts)| Dispatch {
            stage: *stage,
            params: bytemuck::bytes_of(*shape),
            parts,
        })
        .collect();
    let at_once = if cuts.len() == 1 { dispatches.len() } else { 1 };
    dispatches.chunks(at_once).try_for_each(|some| engine.submit(some))
}

fn words(count: usize) -> u64 {
    (count * size_of::<f32>()) as u64
}

fn whole(buffer: &wgpu::Buffer) -> Part<'_> {
    buffer.as_entire_buffer_binding()
}

/// What the device wrote, as the door gives it: NaN where a trace is not finite or has no exponent.
fn collect(fluctuations: &[f32], records: &[ExponentRecord]) -> Measured {
    let sizes = fluctuations.len() / records.len();
    let exponents: Vec<Exponent> = records
        .iter()
        .map(|record| match record.status {
            CONSTANT => Exponent::undefined(Status::Constant),
            NON_FINITE => Exponent::undefined(Status::NonFinite),
            NO_FLUCTUATION => Exponent::undefined(Status::NoFluctuation),
            _ => Exponent {
                alpha: f64::from(record.alpha),
                intercept: f64::from(record.intercept),
                stderr: f64::from(record.stderr),
                status: Status::Defined,
            },
        })
        .collect();
    let fluctuations = fluctuations
        .iter()
        .enumerate()
        .map(|(i, &f)| match exponents[i / sizes].status {
            Status::NonFinite => f64::NAN,
            _ => f64::from(f),
        })
        .collect();
    Measured { fluctuations, exponents, notes: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::{Convention, Settings};

    #[test]
    fn batches_respect_the_largest_binding() {
        let settings = Settings { windows: vec![4, 8, 16], ..Settings::default() };
        let plan = DfaPlan::new(1000, &settings).expect("fits");
        assert_eq!(batch_rows(128 << 20, &plan).expect("fits"), (64 << 20) / 4000);
        assert_eq!(batch_rows(8000, &plan).expect("fits"), 2);
        assert!(batch_rows(3999, &plan).expect_err("too long").remedy_text().is_some());
        // 1,000 samples in 1,238 windows: those decide.
        let windows: Vec<usize> = (4..=8).collect();
        let dense = DfaPlan::new(1000, &Settings { windows, ..settings.clone() }).expect("fits");
        assert!(dense.windows() > 1000 && batch_rows(4000, &dense).is_err());
        let most = batch_rows(8 * dense.windows() as u64, &dense).expect("fits");
        assert_eq!(most, 2);
        let long = DfaPlan::new((1 << 24) + 1, &settings).expect("fits");
        assert!(batch_rows(u64::MAX, &long).is_err());
    }

    #[test]
    fn traces_of_the_host_go_in_quarters() {
        let settings = Settings::default();
        let plan = DfaPlan::new(4096, &settings).expect("fits");
        // 256 of 16 KiB are 4 MiB; 4,096 are the most that a batch takes.
        for (rows, at_once) in [(1, 256), (1000, 256), (4000, 1000), (100_000, 4096)] {
            assert_eq!(rows_at_once(rows, 4096, &plan), at_once);
        }
        let long = DfaPlan::new(1 << 22, &settings).expect("fits");
        assert_eq!([1, 8].map(|rows| rows_at_once(rows, 4, &long)), [1, 2]);
    }

    #[test]
    fn no_submission_is_long() {
        let plan = |steps: usize, count: usize, order| {
            let windows: Vec<usize> = (0..count).map(|i| 8 + i * (steps / 4 - 8) / count).collect();
            let convention = Convention::HalfOverlap;
            DfaPlan::new(steps, &Settings { windows, order, convention }).expect("fits")
        };
        let per_row = |plan: &DfaPlan| work(&SizeRecord::table(plan), plan.order());
        // Half overlap reads every sample twice per size, less what the ends leave out.
        let few = plan(4096, 20, 1);
        assert!((140_000..163_840).contains(&per_row(&few)), "{}", per_row(&few));
        assert_eq!(per_row(&plan(4096, 20, 3)), 3 * per_row(&few));
        for (count, order) in [(10, 1), (20, 1), (80, 1), (80, 3), (1000, 3)] {
            let plan = plan(4096, count, order);
            let rows = batch_rows(128 << 20, &plan).expect("fits") as u64;
            assert!(rows * per_row(&plan) <= SUBMISSION_WORK, "{rows} of {count} sizes");
            // Cut by the work, or by the bytes, and by no more than that.
            let bytes = (rows + 1) * 4 * 4096.max(plan.windows() as u64);
            assert!((rows + 1) * per_row(&plan) > SUBMISSION_WORK || bytes > BATCH_BYTES);
        }
        // One long trace is cut by its sizes.
        let long = plan(1 << 24, 80, 3);
        assert_eq!(batch_rows(1 << 30, &long).expect("fits"), 1);
        let parts = cut(SizeRecord::table(&long), 3, SUBMISSION_WORK);
        assert!(parts.len() > 10 && parts.iter().map(Vec::len).sum::<usize>() == 80);
        for part in &parts {
            assert!(work(part, 3) <= SUBMISSION_WORK);
            assert!(part[0].first.is_multiple_of(ALIGNED_WORDS));
        }
        let apart = |pair: &[SizeRecord]| pair[0].first + pair[0].count <= pair[1].first;
        assert!(parts.concat().windows(2).all(apart));
        // What is short enough stays as it is.
        assert_eq!(cut(SizeRecord::table(&few), 1, SUBMISSION_WORK), [SizeRecord::table(&few)]);
    }
}

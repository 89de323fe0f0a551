//! The stages on a device, fused or one after the other, in batches that the device can hold.
//!
//! Place in the flow: [`super::Path::Gpu`] measures with it; what is recorded on the same device
//! goes in as a buffer by [`measure_buffer`], without a trip through host memory.

use std::num::NonZeroU64;

use super::block::TILE;
use super::fused::Fused;
use super::params::{CONSTANT, ExponentRecord, NON_FINITE, Shape, SizeRecord, UNRESOLVED, Weight};
use super::passes::{self, node_words, whole, words};
use super::plan::DfaPlan;
use super::{Exponent, Measured, Status, on_cpu, tree};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::gpu::engine::{Dispatch, Engine, Fetched, Part};
use crate::signal::Traces;

/// The most samples in a trace: what is counted in 32 bits, windows and starts, stays far below.
const MOST_STEPS: usize = 1 << 30;

/// The most bytes of traces per batch: enough to fill a large GPU.
const BATCH_BYTES: u64 = 64 << 20;

/// The most work of one submission, see [`work`]. Systems end a submission that holds the device
/// for about two seconds, and with it the device. A small GPU does about 10^9 a second: half a
/// second. A large one does that in milliseconds, still long beside the tens of microseconds that a
/// submission costs.
const SUBMISSION_WORK: u64 = 1 << 29;

/// The same on a software adapter, which does about 10^8 a second (lavapipe on two cores).
const SOFTWARE_WORK: u64 = SUBMISSION_WORK / 8;

/// The most rounds of loops that an invocation on a software adapter may take: Mesa's breaks off the
/// loops of an invocation after 65,535 in all, without an error, and a sample takes a little more than
/// two (found on lavapipe of Mesa 22.3).
const SOFTWARE_ROUNDS: usize = 30_000;

/// Traces from host memory are handed over at so many bytes at a time, at least: that takes the
/// host a millisecond, long beside the submission, and holds enough traces to keep a device busy.
const UPLOAD_BYTES: usize = 4 << 20;

/// Measures a batch of traces on the device of `engine`: at most [`batch_rows`], row-major.
///
/// # Errors
/// The device failed.
pub fn measure_batch(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<Measured> {
    start(engine, batch, plan)?.finish(engine, plan)
}

/// The same by the separate stages alone, whatever fits: the readable definition, slower and for
/// traces that one binding holds.
///
/// # Errors
/// As for [`measure_batch`]; a window is longer than a software adapter can take.
pub fn measure_separately(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<Measured> {
    let longest = plan.sizes().last().map_or(0, |size| size.size);
    if longest > SOFTWARE_ROUNDS && is_software(engine.gpu()) {
        return Err(refused(format!(
            "expected windows of at most {SOFTWARE_ROUNDS} samples for the separate stages on a \
             software adapter, found {longest}"
        )));
    }
    upload_and_run(engine, batch, plan, Way::Separate)?.finish(engine, plan)
}

/// Uploads and submits a batch as [`measure_batch`] does, and does not wait: the next may be
/// started while the device works on this one.
///
/// What overlaps then is the host's part: its copy of the next batch into staging, and of the last
/// batch's results out of there. The transfer from staging to the device does not: `write_buffer` puts
/// it at the beginning of the next submission, and wgpu 30 lets no submission begin before the one
/// before has ended (on Vulkan by semaphores, waited for at the top of the pipe).
///
/// # Errors
/// The device failed.
pub fn start(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<InFlight> {
    upload_and_run(engine, batch, plan, Way::of(engine, plan))
}

/// A batch that was submitted and is not read back.
pub struct InFlight {
    fetched: Fetched,
    /// Bytes of the fluctuations; behind them come the exponents.
    fluctuations: usize,
    /// Where the traces lie: buffer, offset and bytes of each piece.
    pieces: Vec<(wgpu::Buffer, u64, Option<NonZeroU64>)>,
}

impl InFlight {
    /// Waits for the batch, which was started under `plan`. The CPU measures the traces that `f32`
    /// does not resolve.
    ///
    /// # Errors
    /// The device failed.
    pub fn finish(self, engine: &Engine, plan: &DfaPlan) -> Result<Measured> {
        let Self { fetched, fluctuations, pieces } = self;
        let bytes = engine.take(fetched)?;
        let (fluctuations, exponents) = bytes.split_at(fluctuations);
        // Bytes need not be aligned.
        let fluctuations: Vec<f32> = bytemuck::pod_collect_to_vec(fluctuations);
        let records: Vec<ExponentRecord> = bytemuck::pod_collect_to_vec(exponents);
        let mut found = collect(&fluctuations, &records);
        let unresolved = |row: &usize| records[*row].status == UNRESOLVED;
        let rows: Vec<usize> = (0..records.len()).filter(unresolved).collect();
        if rows.is_empty() {
            return Ok(found);
        }
        let pieces = pieces.iter().map(|(buffer, offset, size)| {
            let (offset, size) = (*offset, *size);
            Part { buffer, offset, size }
        });
        let traces = read_rows(engine, &pieces.collect::<Vec<_>>(), &rows, plan.steps())?;
        found.replace(&rows, on_cpu(&traces, plan));
        Ok(found)
    }
}

/// The traces `rows` of those that lie in `pieces`: all in one, or a single one in several.
fn read_rows(engine: &Engine, pieces: &[Part<'_>], rows: &[usize], steps: usize) -> Result<Traces> {
    let mut values: Vec<f32> = Vec::new();
    if let [all] = pieces {
        let row = |row: &usize| Part {
            buffer: all.buffer,
            offset: all.offset + words(row * steps),
            size: NonZeroU64::new(words(steps)),
        };
        values = engine.read_parts(&rows.iter().map(row).collect::<Vec<_>>())?;
    } else {
        for piece in pieces {
            values.extend(engine.read_parts::<f32>(std::slice::from_ref(piece))?);
        }
    }
    Traces::new(values, steps)
}

/// How traces are measured.
enum Way {
    /// From workgroup memory, by one stage.
    Fused(Fused),
    /// In tiles, each from workgroup memory.
    Tiled,
    /// By the separate stages.
    Separate,
}

impl Way {
    /// The fastest for traces of `plan` on the device of `engine`.
    fn of(engine: &Engine, plan: &DfaPlan) -> Self {
        // A lane of the fused stage goes over a share of all windows.
        let samples = work(plan) / plan.order() as u64 / tree::TEAM as u64;
        let too_many = samples > SOFTWARE_ROUNDS as u64 && is_software(engine.gpu());
        let bytes = engine.gpu().limits.max_compute_workgroup_storage_size;
        match Fused::fitting(bytes, plan).filter(|_| !too_many) {
            Some(fused) => Self::Fused(fused),
            None => Self::Tiled,
        }
    }
}

fn is_software(gpu: &Gpu) -> bool {
    !gpu.description.kind.is_hardware()
}

fn refused(what: String) -> Error {
    Error::new(what).at("dfa").remedy("compute with --device cpu")
}

/// Tiles of a piece: as many as a binding holds, where it does not hold all traces.
fn tiles_per_piece(gpu: &Gpu, rows: usize, steps: usize) -> usize {
    let all = steps.div_ceil(TILE);
    if words(rows * steps) <= gpu.largest_binding() {
        return all;
    }
    ((gpu.largest_binding() / words(TILE)) as usize).clamp(1, all)
}

fn upload_and_run(engine: &Engine, batch: &[f32], plan: &DfaPlan, way: Way) -> Result<InFlight> {
    let rows = batch.len() / plan.steps();
    let piece = match way {
        Way::Tiled => tiles_per_piece(engine.gpu(), rows, plan.steps()),
        Way::Fused(_) | Way::Separate => plan.steps().div_ceil(TILE),
    };
    let samples = rows * piece * TILE;
    let buffers: Vec<wgpu::Buffer> =
        batch.chunks(samples).map(|piece| engine.upload("traces", piece)).collect::<Result<_>>()?;
    let pieces: Vec<Part<'_>> = buffers.iter().map(whole).collect();
    run(engine, &pieces, piece, rows, plan, way)
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
    let piece = tiles_per_piece(engine.gpu(), rows, plan.steps());
    let cut = (0..rows * plan.steps()).step_by(rows * piece * TILE).map(|begin| {
        let samples = (rows * plan.steps() - begin).min(rows * piece * TILE);
        let (offset, size) = (traces.offset + words(begin), NonZeroU64::new(words(samples)));
        Part { buffer: traces.buffer, offset, size }
    });
    let pieces: Vec<Part<'_>> = cut.collect();
    run(engine, &pieces, piece, rows, plan, Way::of(engine, plan))?.finish(engine, plan)
}

/// [`batch_rows`] on this device, fewer on a software adapter.
///
/// # Errors
/// As for that; there are more sizes than a software adapter can take.
pub fn rows_on(gpu: &Gpu, plan: &DfaPlan) -> Result<usize> {
    // A team of lanes goes over all samples of a tile, twice where windows overlap, for a size, and
    // a workgroup has four.
    let (sizes, most) = (plan.sizes().len(), SOFTWARE_ROUNDS * 4 * tree::TEAM / (2 * TILE));
    if sizes > most && is_software(gpu) {
        return Err(refused(format!(
            "expected at most {most} window sizes on a software adapter, found {sizes}"
        )));
    }
    let most = batch_rows(gpu.largest_binding(), plan)? as u64;
    Ok(most.min(rows_of(submission_work(gpu), plan)) as usize)
}

fn submission_work(gpu: &Gpu) -> u64 {
    if is_software(gpu) { SOFTWARE_WORK } else { SUBMISSION_WORK }
}

/// How many traces are no more work than `most`: at least one, whose tiles are then cut.
fn rows_of(most: u64, plan: &DfaPlan) -> u64 {
    (most / work(plan)).max(1)
}

/// How many of `rows` traces in host memory to hand over at a time, where a batch takes `most`: a
/// quarter, so that the host copies all but the first into staging while the device computes
/// ([`start`]); more where that is little, fewer where that is too much.
pub(super) fn rows_at_once(rows: usize, most: usize, plan: &DfaPlan) -> usize {
    let least = (UPLOAD_BYTES / size_of::<f32>() / plan.steps()).max(1);
    rows.div_ceil(4).max(least).min(most)
}

/// How many traces one batch may have on a device whose largest storage binding is `largest` bytes: one
/// at least, which is bound piece by piece where it is longer than that.
///
/// # Errors
/// Not even the nodes of the tree over one trace fit, or a trace is longer than 32 bits count.
pub fn batch_rows(largest: u64, plan: &DfaPlan) -> Result<usize> {
    let (steps, sizes) = (plan.steps(), plan.sizes().len());
    if steps > MOST_STEPS {
        return Err(refused(format!(
            "expected traces of at most {MOST_STEPS} samples on a GPU, found {steps}"
        )));
    }
    let sums = 2 * sizes * steps.div_ceil(TILE);
    let least = words(node_words(steps, plan).max(sums).max(4 * sizes).max(TILE));
    if least > largest {
        return Err(refused(format!(
            "expected traces of which a binding of {largest} bytes holds the summaries, found \
             {steps} samples in {sizes} window sizes, which take {least}"
        )));
    }
    let per_row = least.max(words(steps));
    let most = largest.min(BATCH_BYTES.max(per_row)) / per_row;
    Ok(most.min(rows_of(SUBMISSION_WORK, plan)).max(1) as usize)
}

/// What the windows of one trace cost: the samples in them times the order. An estimate from above,
/// for most of them are read by blocks.
fn work(plan: &DfaPlan) -> u64 {
    let samples = plan.sizes().iter().map(|size| (size.size * size.count) as u64);
    samples.sum::<u64>() * plan.order() as u64
}

fn run(
    engine: &Engine,
    pieces: &[Part<'_>],
    piece: usize,
    rows: usize,
    plan: &DfaPlan,
    way: Way,
) -> Result<InFlight> {
    let sizes = engine.upload("sizes", &SizeRecord::table(plan))?;
    let weights = engine.upload("weights", &Weight::table(plan))?;
    let fluctuations = engine.empty("fluctuations", words(rows * plan.sizes().len()))?;
    let exponents = engine.empty("exponents", rows as u64 * u64::from(ExponentRecord::SIZE))?;
    let outer = [&sizes, &weights, &fluctuations, &exponents].map(whole);
    match way {
        Way::Fused(stage) => {
            let shape = Shape::new(rows, plan);
            let shape_buffer = engine.uniform("shape", &shape)?;
            let [sizes, weights, fluctuations, exponents] = outer;
            let traces = pieces[0].clone();
            let parts = [whole(&shape_buffer), sizes, weights, traces, fluctuations, exponents];
            let params = bytemuck::bytes_of(&shape);
            engine.submit(&[Dispatch { stage: &stage, params, parts: &parts }])?;
        }
        Way::Tiled => {
            let shape = Shape { piece: piece as u32, ..Shape::tiled(rows, plan) };
            let tiles = submission_work(engine.gpu()) * u64::from(shape.tiles);
            let at_once = tiles / (rows as u64 * work(plan));
            passes::in_tiles(engine, pieces, shape, plan, at_once, outer)?;
        }
        Way::Separate => {
            passes::separately(engine, pieces[0].clone(), Shape::new(rows, plan), plan, outer)?;
        }
    }
    let fetched = engine.fetch(&[whole(&fluctuations), whole(&exponents)])?;
    let pieces = pieces.iter().map(|part| (part.buffer.clone(), part.offset, part.size)).collect();
    Ok(InFlight { fetched, fluctuations: fluctuations.size() as usize, pieces })
}

/// What the device wrote, as the door gives it: NaN where a trace is not finite or has no exponent.
fn collect(fluctuations: &[f32], records: &[ExponentRecord]) -> Measured {
    let sizes = fluctuations.len() / records.len();
    let exponents: Vec<Exponent> = records
        .iter()
        .map(|record| match record.status {
            CONSTANT => Exponent::undefined(Status::Constant),
            NON_FINITE => Exponent::undefined(Status::NonFinite),
            // Until the CPU has measured it.
            UNRESOLVED => Exponent::undefined(Status::NoFluctuation),
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
    Measured { fluctuations, exponents, ..Measured::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::{Convention, Settings};

    #[test]
    fn batches_respect_the_largest_binding() {
        let settings = Settings { windows: vec![4, 8, 16], ..Settings::default() };
        let plan = DfaPlan::new(5000, &settings).expect("fits");
        assert_eq!(batch_rows(128 << 20, &plan).expect("fits"), (64 << 20) / 20_000);
        assert_eq!(batch_rows(40_000, &plan).expect("fits"), 2);
        // One trace may lie in pieces, as long as its nodes fit: three tiles of 64 of five words.
        assert_eq!(batch_rows(19_999, &plan).expect("fits"), 1);
        assert!(batch_rows(3 * 64 * 5 * 4 - 1, &plan).is_err());
        let long = DfaPlan::new(100_000_000, &settings).expect("fits");
        assert_eq!(batch_rows(128 << 20, &long).expect("fits"), 1);
        let longer = DfaPlan::new(300_000_000, &settings).expect("fits");
        assert!(batch_rows(128 << 20, &longer).expect_err("too long").remedy_text().is_some());
        let longest = DfaPlan::new(MOST_STEPS + 1, &settings).expect("fits");
        assert!(batch_rows(u64::MAX, &longest).is_err());
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
        // Half overlap reads every sample twice per size, less what the ends leave out.
        let few = plan(4096, 20, 1);
        assert!((140_000..163_840).contains(&work(&few)), "{}", work(&few));
        assert_eq!(work(&plan(4096, 20, 3)), 3 * work(&few));
        for (count, order) in [(10, 1), (20, 1), (80, 1), (80, 3), (1000, 3)] {
            let plan = plan(4096, count, order);
            let rows = batch_rows(128 << 20, &plan).expect("fits") as u64;
            assert!(rows * work(&plan) <= SUBMISSION_WORK, "{rows} of {count} sizes");
            // Cut by the work, or by the bytes, and by no more than that.
            let bytes = (rows + 1) * 4 * 4096;
            assert!((rows + 1) * work(&plan) > SUBMISSION_WORK || bytes > BATCH_BYTES);
        }
        assert_eq!(batch_rows(1 << 30, &plan(1 << 24, 80, 3)).expect("fits"), 1);
    }
}

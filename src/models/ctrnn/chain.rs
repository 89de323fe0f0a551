//! The stages of an ensemble on a device, one after the other, in pieces.
//!
//! Place in the flow: floor 3, under [`Ensemble::run`]. Rows go in pieces that every binding holds;
//! a piece's steps in dispatches that end where states are sampled, that take a device no seconds,
//! and whose invocations stay below the rounds after which Mesa's software adapter breaks off their
//! loops without a word. The state stays on the device between them; queue order is the only
//! synchronisation, and outputs of a piece come back while the next is under way.

use bytemuck::Zeroable;

use super::ensemble::{Ensemble, Moments, Simulated};
use super::histogram::HistogramStage;
use super::moments::{Moment, MomentsStage, Sample};
use super::simulate::{Simulate, Simulation, fours_of, readout_of};
use crate::error::{Error, Result};
use crate::gpu::Engine;
use crate::gpu::engine::{Dispatch, Fetched};
use crate::signal::philox::STEPS_PER_BLOCK;

/// The most rows at a time: a mean takes two rounds of a loop per row.
const MOST_ROWS: usize = 16_384;

/// The most rounds of loops per invocation; the software adapter ends them at 65,535.
const MOST_ROUNDS: usize = 60_000;

/// Multiply-adds of a dispatch: a second or so of two cores.
const MOST_WORK: usize = 1 << 32;

/// What one ensemble needs on a device.
struct Chain<'a> {
    ensemble: &'a Ensemble<'a>,
    engine: &'a Engine,
    stage: Simulate,
    /// All but rows and steps.
    simulation: Simulation,
    /// Levels, drive, b, U and W, V and c.
    given: [wgpu::Buffer; 5],
    /// Counts and moments.
    moments: [wgpu::Buffer; 2],
    histograms: wgpu::Buffer,
}

/// Simulates on the device of `engine`.
///
/// # Errors
/// The network, its drives or what is kept of it do not fit the device, or that failed.
pub(super) fn on_device(ensemble: &Ensemble<'_>, engine: &Engine) -> Result<Simulated> {
    let chain = Chain::new(ensemble, engine)?;
    let at_once = chain.rows_at_once()?;
    let rows = ensemble.rows();
    let mut outputs = Vec::with_capacity(rows * ensemble.kept());
    let mut take = |fetched: Option<Fetched>| -> Result<()> {
        if let Some(fetched) = fetched {
            outputs.extend(bytemuck::pod_collect_to_vec::<u8, f32>(&engine.take(fetched)?));
        }
        Ok(())
    };
    let mut before = None;
    for first in (0..rows).step_by(at_once) {
        let piece = chain.piece(first, at_once.min(rows - first))?;
        take(std::mem::replace(&mut before, piece))?;
    }
    take(before)?;
    // Also where nothing is kept the work is done when this returns.
    engine.wait()?;
    let (moments, histograms) = chain.statistics()?;
    let path = engine.gpu().description.to_string();
    Ok(Simulated { outputs, moments, histograms, seconds: 0.0, path })
}

/// The stage for a network of `[inputs, units, outputs]` on the device of `engine`, and the quads
/// of rows that a workgroup takes.
///
/// # Errors
/// A workgroup does not hold the network.
pub(super) fn fitting(engine: &Engine, sizes: [usize; 3]) -> Result<(Simulate, u32)> {
    let bytes = engine.gpu().limits.max_compute_workgroup_storage_size;
    let [inputs, units, outputs] = sizes;
    Simulate::fitting(bytes, sizes).ok_or_else(|| {
        refused(format!(
            "expected a network that a workgroup of {bytes} bytes and {} units holds, found \
             {inputs} inputs, {units} units, {outputs} outputs",
            super::simulate::LANES
        ))
    })
}

impl<'a> Chain<'a> {
    fn new(ensemble: &'a Ensemble<'a>, engine: &'a Engine) -> Result<Self> {
        let weights = ensemble.weights;
        let gpu = engine.gpu();
        let (stage, quads) = fitting(engine, weights.sizes())?;
        let given = [
            ("levels", ensemble.levels.to_vec()),
            ("drive", ensemble.drives.to_vec()),
            ("bias", weights.bias.clone()),
            ("weights", fours_of(weights)),
            ("readout", readout_of(weights)),
        ];
        let cells = ensemble.groups() * weights.units;
        let bins = ensemble.sampled.and_then(|sampled| sampled.bins);
        let counts = bins.map_or(0, |bins| cells * (bins.count + 2));
        let drive = given[1].1.len();
        for (words, name) in [(drive, "drives"), (2 * cells, "moments"), (counts, "histograms")] {
            if (4 * words) as u64 > gpu.largest_binding() {
                return Err(refused(format!(
                    "expected {name} of at most {} bytes, found {}",
                    gpu.largest_binding(),
                    4 * words
                )));
            }
        }
        // A binding may not be empty.
        let upload = |(name, mut values): (&str, Vec<f32>)| {
            values.resize(values.len().max(4), 0.0);
            engine.upload(name, &values)
        };
        let [a, b, c, d, e] = given.map(upload);
        let empty = |name: &str, words: usize| engine.empty(name, 4 * words.max(1) as u64);
        Ok(Self {
            ensemble,
            engine,
            stage,
            simulation: Simulation {
                draws: (ensemble.drive_count() * ensemble.realisations) as u32,
                realisations: ensemble.realisations as u32,
                quads,
                all_steps: ensemble.steps as u32,
                kept_from: ensemble.outputs_from as u32,
                ..Simulation::of(weights, ensemble.noise, ensemble.index)
            },
            given: [a?, b?, c?, d?, e?],
            moments: [empty("counts", cells)?, empty("moments", 2 * cells)?],
            histograms: empty("histograms", counts)?,
        })
    }

    /// Rows whose states and outputs a binding holds.
    fn rows_at_once(&self) -> Result<usize> {
        let width = self.ensemble.weights.units.max(self.ensemble.kept());
        match (self.engine.gpu().largest_binding() / (4 * width as u64)) as usize {
            0 => Err(refused(format!(
                "expected outputs of a row of at most {} bytes, found {}",
                self.engine.gpu().largest_binding(),
                4 * width
            ))),
            rows => Ok(rows.min(MOST_ROWS)),
        }
    }

    /// The most steps of a dispatch of `rows` rows.
    fn steps_at_once(&self, rows: usize) -> usize {
        let weights = self.ensemble.weights;
        let rounds = Simulate::rounds_per_step(weights, self.simulation.quads);
        let work = rows * weights.units * weights.depth();
        let most = (MOST_ROUNDS / rounds).min(MOST_WORK / work);
        (most / STEPS_PER_BLOCK * STEPS_PER_BLOCK).max(STEPS_PER_BLOCK)
    }

    /// Submits all steps of `count` rows from `first` on; gives their outputs, where any are kept.
    fn piece(&self, first: usize, count: usize) -> Result<Option<Fetched>> {
        let Ensemble { weights, steps, sampled, realisations, .. } = *self.ensemble;
        let engine = self.engine;
        let kept = count * self.ensemble.kept();
        let state = engine.empty("state", (4 * count * weights.units) as u64)?;
        let outputs = engine.empty("outputs", 4 * kept.max(1) as u64)?;
        let sample = sampled
            .map(|sampled| Sample::new([first, count], realisations, weights.units, sampled.bins));
        let sample_block = engine.uniform("sampled", &sample.unwrap_or(Sample::zeroed()))?;
        let mut begin = 0;
        while begin < steps {
            let cut = (begin + self.steps_at_once(count)).min(steps);
            let end = sampled.map_or(cut, |sampled| sampled.next(begin).min(cut));
            self.simulate([first, count], [begin, end], &state, &outputs)?;
            if let (Some(sample), true) = (&sample, sampled.is_some_and(|s| s.takes(end))) {
                self.sample(sample, &sample_block, &state)?;
            }
            begin = end;
        }
        if kept == 0 {
            return Ok(None);
        }
        engine.fetch(&[outputs.as_entire_buffer_binding()]).map(Some)
    }

    fn simulate(
        &self,
        [first_row, rows]: [usize; 2],
        [begin, end]: [usize; 2],
        state: &wgpu::Buffer,
        outputs: &wgpu::Buffer,
    ) -> Result<()> {
        let [first_row, rows, first, steps] =
            [first_row, rows, begin, end - begin].map(|number| number as u32);
        let simulation = Simulation { first_row, rows, first, steps, ..self.simulation };
        let block = self.engine.uniform("simulation", &simulation)?;
        let [levels, drive, bias, weights, readout] = &self.given;
        let parts = [&block, levels, drive, bias, weights, readout, state, outputs]
            .map(wgpu::Buffer::as_entire_buffer_binding);
        let params = bytemuck::bytes_of(&simulation);
        self.engine.submit(&[Dispatch { stage: &self.stage, params, parts: &parts }])
    }

    fn sample(&self, sample: &Sample, block: &wgpu::Buffer, state: &wgpu::Buffer) -> Result<()> {
        let params = bytemuck::bytes_of(sample);
        let [counts, moments] = &self.moments;
        let parts = [block, state, counts, moments].map(wgpu::Buffer::as_entire_buffer_binding);
        let [block, state, _, _] = parts.clone();
        let binned = [block, state, self.histograms.as_entire_buffer_binding()];
        let mut dispatches = vec![Dispatch { stage: &MomentsStage, params, parts: &parts }];
        if self.ensemble.sampled.is_some_and(|sampled| sampled.bins.is_some()) {
            dispatches.push(Dispatch { stage: &HistogramStage, params, parts: &binned });
        }
        self.engine.submit(&dispatches)
    }

    fn statistics(&self) -> Result<(Vec<Moments>, Vec<u32>)> {
        let Some(sampled) = self.ensemble.sampled else { return Ok((Vec::new(), Vec::new())) };
        let counts: Vec<u32> = self.engine.read(&self.moments[0])?;
        let kept: Vec<Moment> = self.engine.read(&self.moments[1])?;
        let moments = counts.iter().zip(kept).map(|(count, kept)| {
            Moments::of(u64::from(*count), f64::from(kept.mean), f64::from(kept.second))
        });
        let histograms = match sampled.bins {
            None => Vec::new(),
            Some(_) => self.engine.read(&self.histograms)?,
        };
        Ok((moments.collect(), histograms))
    }
}

fn refused(what: String) -> Error {
    Error::new(what).at("ctrnn/simulate").remedy("compute with --device cpu")
}

//! The doors of the spike statistics: activations batch by batch, or whole trains; on a GPU, or on
//! the CPU by the twins.
//!
//! Place in the flow: [`Tally`] is for a network's units, whose activations are counted where they
//! are, so that neither activations nor spikes are kept; [`Path`] for recorded trains.

use std::num::NonZeroU64;
use std::sync::Arc;

use rayon::prelude::*;

use super::chunk::{BITS, BLOCK, Chunk};
use super::intervals::{Intervals, RATIO_WORDS, Spaced};
use super::statistics::{Counted, Statistics};
use super::{SpikeStatistics, check, count, intervals, measure, statistics, threshold};
use crate::error::{Error, Result};
use crate::gpu::Engine;
use crate::gpu::engine::{Dispatch, Part};
use crate::signal::SpikeTrains;

/// The most steps of a chunk, a multiple of 64 so that parts of a buffer begin where a device can
/// bind them. Mesa's software adapter breaks off the loops of an invocation after 65,535 rounds
/// (`dfa/chain`): an interval takes one, and a word.
const MOST_STEPS: usize = 16_384;

/// Bytes of activations or counts of a chunk that comes from host memory, unless one step has more.
const CHUNK_BYTES: usize = 32 << 20;

/// The most steps in all: windows are numbered in 32 bits.
const MOST_IN_ALL: u64 = 1 << 31;

/// Statistics of the spikes of some units whose activations come in batches. Kept are sums, 40
/// bytes per unit and 16 per unit and window, whatever the number of steps; and one chunk's bits
/// and counts.
pub struct Tally {
    units: usize,
    windows: Vec<u32>,
    threshold: f32,
    steps: u64,
    kept: Kept,
}

enum Kept {
    Host {
        counted: Vec<Vec<Counted>>,
        spaced: Vec<Spaced>,
        ratios: Vec<u32>,
    },
    Device {
        engine: Arc<Engine>,
        counted: Vec<wgpu::Buffer>,
        spaced: wgpu::Buffer,
        ratios: wgpu::Buffer,
    },
}

impl Tally {
    /// For `units` units and Fano factors of `windows` steps; a unit spikes at a step where its
    /// activation is above `threshold`. On the device of `engine`, or on the CPU.
    ///
    /// # Errors
    /// A window is of no step or of 2^31 and more; the device has no memory left.
    pub fn new(
        engine: Option<Arc<Engine>>,
        units: usize,
        windows: &[usize],
        threshold: f32,
    ) -> Result<Self> {
        let word = |&window: &usize| match u32::try_from(window) {
            Ok(window @ 1..) if u64::from(window) < MOST_IN_ALL => Ok(window),
            _ => Err(Error::new(format!(
                "expected windows of 1 to below 2^31 steps, found {window}"
            ))
            .at("windows")
            .remedy("leave it out")),
        };
        let windows: Vec<u32> = windows.iter().map(word).collect::<Result<_>>()?;
        let kept = match engine {
            None => Kept::Host {
                counted: vec![vec![Counted::default(); units]; windows.len()],
                spaced: vec![Spaced::default(); units],
                ratios: vec![0; RATIO_WORDS * units],
            },
            Some(engine) => {
                let empty = |name, bytes: usize| engine.empty(name, (units * bytes) as u64);
                let counted = windows.iter().map(|_| empty("counted", size_of::<Counted>()));
                Kept::Device {
                    counted: counted.collect::<Result<_>>()?,
                    spaced: empty("spaced", size_of::<Spaced>())?,
                    ratios: empty("ratios", RATIO_WORDS * size_of::<u32>())?,
                    engine,
                }
            }
        };
        Ok(Self { units, windows, threshold, steps: 0, kept })
    }

    /// Adds the next steps, `steps × units` activations, row-major, from host memory.
    ///
    /// # Errors
    /// There are more steps than 2^31 in all, or the device failed.
    ///
    /// # Panics
    /// `activations` holds no whole number of steps.
    pub fn add(&mut self, activations: &[f32]) -> Result<()> {
        assert!(activations.len().is_multiple_of(self.units), "whole steps");
        for piece in activations.chunks(self.units * self.steps_at_once()) {
            let steps = piece.len() / self.units;
            if let Kept::Device { engine, .. } = &self.kept {
                let engine = engine.clone();
                let buffer = engine.upload("activations", piece)?;
                self.add_part(whole(&buffer), steps)?;
                engine.wait()?;
                continue;
            }
            let chunk = self.chunk(steps, 1)?;
            let mut bits = vec![0; chunk.words() * self.units];
            threshold::pack(&chunk, bytemuck::cast_slice(piece), &mut bits);
            self.add_bits(&bits, steps)?;
        }
        Ok(())
    }

    /// Adds the next `steps` steps, whose activations, `steps × units` row-major f32, lie in part
    /// of a buffer on the device of this tally. Does not wait; when it returns the work is in the
    /// device's queue.
    ///
    /// # Errors
    /// There are more steps than 2^31 in all, the part is too short, or the device failed.
    ///
    /// # Panics
    /// The tally is kept on the CPU.
    pub fn add_part(&mut self, activations: Part<'_>, steps: usize) -> Result<()> {
        let Kept::Device { engine, .. } = &self.kept else { panic!("a tally on a device") };
        let engine = engine.clone();
        let units = self.units;
        let bytes = |steps: usize| (4 * steps * units) as u64;
        let held = activations.size.map_or(activations.buffer.size(), u64::from);
        if held < bytes(steps) {
            let what = format!("expected {steps} steps of {units} activations, found {held} bytes");
            return Err(Error::new(what)
                .at("spikes")
                .remedy("hand over as many steps as the buffer holds"));
        }
        for first in (0..steps).step_by(MOST_STEPS) {
            let steps = (steps - first).min(MOST_STEPS);
            let chunk = self.chunk(steps, 1)?;
            let part = Part {
                buffer: activations.buffer,
                offset: activations.offset + bytes(first),
                size: NonZeroU64::new(bytes(steps)),
            };
            let bits = engine.empty("bits", (4 * chunk.words() * self.units) as u64)?;
            let block = engine.uniform("chunk", &chunk)?;
            let parts = [whole(&block), part, whole(&bits)];
            let params = bytemuck::bytes_of(&chunk);
            engine.submit(&[Dispatch { stage: &threshold::Threshold, params, parts: &parts }])?;
            self.add_packed(&bits, steps)?;
        }
        Ok(())
    }

    /// Adds the next `steps` steps, packed (see [`super::chunk`]), from host memory.
    ///
    /// # Errors
    /// As for [`Tally::add`].
    fn add_bits(&mut self, bits: &[u32], steps: usize) -> Result<()> {
        if let Kept::Device { engine, .. } = &self.kept {
            let engine = engine.clone();
            let buffer = engine.upload("bits", bits)?;
            self.add_packed(&buffer, steps)?;
            // One chunk at a time, so that the memory for those on their way stays bounded.
            return engine.wait();
        }
        let windows = self.windows.iter().map(|&window| self.chunk(steps, window));
        let windows: Vec<Chunk> = windows.collect::<Result<_>>()?;
        let whole = self.chunk(steps, 1)?;
        let Kept::Host { counted, spaced, ratios } = &mut self.kept else { return Ok(()) };
        let mut counts = Vec::new();
        for (chunk, counted) in windows.iter().zip(counted) {
            counts.resize(chunk.windows as usize * self.units, 0);
            count::count(chunk, bits, &mut counts);
            statistics::add(chunk, &counts, counted);
        }
        intervals::add(&whole, bits, spaced, ratios);
        self.steps += steps as u64;
        Ok(())
    }

    /// The same for bits that lie on the device.
    fn add_packed(&mut self, bits: &wgpu::Buffer, steps: usize) -> Result<()> {
        let windows = self.windows.iter().map(|&window| self.chunk(steps, window));
        let windows: Vec<Chunk> = windows.collect::<Result<_>>()?;
        let all = self.chunk(steps, 1)?;
        let Kept::Device { engine, counted, spaced, ratios } = &self.kept else { return Ok(()) };
        for (chunk, counted) in windows.iter().zip(counted) {
            let counts = chunk.windows as usize * self.units;
            let counts = engine.empty("counts", 4 * counts as u64)?;
            let block = engine.uniform("chunk", chunk)?;
            let params = bytemuck::bytes_of(chunk);
            engine.submit(&[
                Dispatch {
                    stage: &count::Count,
                    params,
                    parts: &[whole(&block), whole(bits), whole(&counts)],
                },
                Dispatch {
                    stage: &Statistics,
                    params,
                    parts: &[whole(&block), whole(&counts), whole(counted)],
                },
            ])?;
        }
        let block = engine.uniform("chunk", &all)?;
        let parts = [whole(&block), whole(bits), whole(spaced), whole(ratios)];
        let params = bytemuck::bytes_of(&all);
        engine.submit(&[Dispatch { stage: &Intervals, params, parts: &parts }])?;
        self.steps += steps as u64;
        Ok(())
    }

    /// The statistics of every unit, in order. Waits.
    ///
    /// # Errors
    /// The device was lost.
    pub fn finish(self) -> Result<Vec<SpikeStatistics>> {
        let (counted, spaced, ratios) = match self.kept {
            Kept::Host { counted, spaced, ratios } => (counted, spaced, ratios),
            Kept::Device { engine, counted, spaced, ratios } => (
                counted.iter().map(|buffer| engine.read(buffer)).collect::<Result<_>>()?,
                engine.read(&spaced)?,
                engine.read(&ratios)?,
            ),
        };
        let statistics = |(unit, spaced): (usize, &Spaced)| {
            let found = spaced.irregularity(&ratios[RATIO_WORDS * unit..][..RATIO_WORDS]);
            let windows = self.windows.iter().zip(&counted);
            let counts = windows
                .map(|(&window, counted)| counted[unit].counts(self.steps / u64::from(window)));
            SpikeStatistics {
                bins: self.steps as usize,
                active_bins: spaced.spikes as usize,
                spikes: spaced.spikes.into(),
                counts: counts.collect(),
                cv: found.cv,
                cv2: found.cv2,
                lv: found.lv,
            }
        };
        Ok(spaced.par_iter().enumerate().map(statistics).collect())
    }

    /// The next `steps` steps, in windows of `window`.
    fn chunk(&self, steps: usize, window: u32) -> Result<Chunk> {
        if self.steps + steps as u64 > MOST_IN_ALL {
            return Err(Error::new("expected at most 2^31 steps of a train, found more")
                .at("spikes")
                .remedy("cut the trains"));
        }
        let [units, steps, start] = [self.units, steps, self.steps as usize].map(|n| n as u32);
        Ok(Chunk::new(units, steps, start, window, self.threshold))
    }

    /// How many steps from host memory to take at a time: whole words where that is possible.
    fn steps_at_once(&self) -> usize {
        let most = CHUNK_BYTES / size_of::<f32>() / self.units.max(1);
        (most.min(MOST_STEPS) / BITS * BITS).max(BITS)
    }
}

fn whole(buffer: &wgpu::Buffer) -> Part<'_> {
    buffer.as_entire_buffer_binding()
}

/// Where trains are measured.
#[derive(Clone)]
pub enum Path {
    /// On all cores of the CPU.
    Cpu,
    /// On a GPU; on the CPU what that cannot take, and all where it fails.
    Gpu(Arc<Engine>),
}

/// What was found of some trains.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// One entry per train.
    pub statistics: Vec<SpikeStatistics>,
    /// What the user should know of how it went, if anything.
    pub note: Option<String>,
}

impl Path {
    /// The statistics of each train, as [`measure`] gives them: counts, rates, Fano factors and CV
    /// to the bit, CV2 and LV to 1e-6.
    ///
    /// # Errors
    /// As for [`measure`].
    pub fn measure(&self, trains: &SpikeTrains, windows: &[usize]) -> Result<Measured> {
        check(windows, trains.bins())?;
        let note = match self {
            Self::Cpu => None,
            Self::Gpu(engine) if trains.counts().iter().all(|&count| count <= 1) => {
                match on_device(engine, trains, windows) {
                    Ok(statistics) => return Ok(Measured { statistics, note: None }),
                    Err(error) => Some(format!("{error}: the CPU counts the spikes")),
                }
            }
            Self::Gpu(_) => Some(
                "some bins hold several spikes, which no bit says: the CPU counts them".to_owned(),
            ),
        };
        Ok(Measured { statistics: measure(trains, windows)?, note })
    }
}

fn on_device(
    engine: &Arc<Engine>,
    trains: &SpikeTrains,
    windows: &[usize],
) -> Result<Vec<SpikeStatistics>> {
    let mut tally = Tally::new(Some(engine.clone()), trains.rows(), windows, 0.0)?;
    let at_once = tally.steps_at_once();
    for first in (0..trains.bins()).step_by(at_once) {
        let steps = (trains.bins() - first).min(at_once);
        tally.add_bits(&packed(trains, first, steps), steps)?;
    }
    tally.finish()
}

/// Bins `first..first + steps` of binary trains as bits.
fn packed(trains: &SpikeTrains, first: usize, steps: usize) -> Vec<u32> {
    let rows = trains.rows();
    let mut bits = vec![0; steps.div_ceil(BITS) * rows];
    bits.par_chunks_mut(rows).enumerate().for_each(|(word, words)| {
        let range = first + word * BITS..(first + steps).min(first + (word + 1) * BITS);
        words.par_chunks_mut(BLOCK).enumerate().for_each(|(block, words)| {
            for (at, word) in words.iter_mut().enumerate() {
                let bins = &trains.row(block * BLOCK + at)[range.clone()];
                *word = bins.iter().rev().fold(0, |word, &bin| word << 1 | bin);
            }
        });
    });
    bits
}

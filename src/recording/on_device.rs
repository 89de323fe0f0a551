//! Recorded states that stay on the device: traces, population means, spreads and spectra.
//!
//! Place in the flow: floor 3. In goes the buffer of a tensor where it lies, out come buffers that
//! the measures take; no trace goes through host memory.

use super::extent::Extent;
use super::population::PopulationStage;
use super::spectra::{self, Span, SpectraStage};
use super::spread::SpreadStage;
use super::traces::TracesStage;
use crate::error::Result;
use crate::gpu::engine::{Dispatch, Engine, Part};

/// One quantity of some reviews, in buffers of the engine's device.
pub struct OnDevice {
    /// The traces: reviews × units rows of steps, f32.
    pub traces: wgpu::Buffer,
    /// Their means over the units: reviews × steps, f32.
    pub means: wgpu::Buffer,
    spreads: [wgpu::Buffer; 2],
}

impl OnDevice {
    /// Makes traces of the part `states` of a buffer, after all that was submitted before. Does not
    /// wait; when it returns the work is in the device's queue.
    ///
    /// # Errors
    /// `states` is larger or lies otherwise than the device can bind; the device has no memory
    /// left.
    pub fn new(engine: &Engine, states: Part<'_>, extent: &Extent) -> Result<Self> {
        let population = extent.population();
        let empty = |name, count: usize| engine.empty(name, 4 * count as u64);
        let made = Self {
            traces: empty("traces", extent.rows() * extent.steps())?,
            means: empty("means", population.rows() * extent.steps())?,
            spreads: [
                empty("spreads of traces", extent.rows())?,
                empty("spreads of means", population.rows())?,
            ],
        };
        let blocks =
            [engine.uniform("extent", extent)?, engine.uniform("extent of means", &population)?];
        let whole = wgpu::Buffer::as_entire_buffer_binding;
        let [all, one] = [whole(&blocks[0]), whole(&blocks[1])];
        let [traces, means] = [whole(&made.traces), whole(&made.means)];
        let [of_traces, of_means] = [whole(&made.spreads[0]), whole(&made.spreads[1])];
        let [params, of_one] = [bytemuck::bytes_of(extent), bytemuck::bytes_of(&population)];
        engine.submit(&[
            Dispatch { stage: &TracesStage, params, parts: &[all.clone(), states, traces.clone()] },
            Dispatch {
                stage: &PopulationStage,
                params,
                parts: &[all.clone(), traces.clone(), means.clone()],
            },
            Dispatch { stage: &SpreadStage, params, parts: &[all, traces, of_traces] },
            Dispatch { stage: &SpreadStage, params: of_one, parts: &[one, means, of_means] },
        ])?;
        Ok(made)
    }

    /// Waits and reads back the standard deviations over time of the traces and of the means.
    ///
    /// # Errors
    /// The device was lost.
    pub fn spreads(&self, engine: &Engine) -> Result<[Vec<f64>; 2]> {
        Ok([widened(engine, &self.spreads[0])?, widened(engine, &self.spreads[1])?])
    }

    /// Waits and reads back the power of every review, summed over its units: reviews × steps / 2,
    /// at 1, 2, … cycles per trace, in (trace unit)². `extent` is that of [`OnDevice::new`].
    ///
    /// # Errors
    /// The device was lost or has no memory left, or the traces are too long for it.
    pub fn spectra(&self, engine: &Engine, extent: &Extent) -> Result<Vec<f64>> {
        let count = extent.reviews as usize * spectra::bins(extent.steps());
        if count == 0 {
            return Ok(Vec::new());
        }
        let waves = engine.upload("waves", &spectra::waves(extent.steps()))?;
        let made = engine.empty("spectra", 4 * count as u64)?;
        for span in Span::all(extent)? {
            let block = engine.uniform("span", &span)?;
            let buffers = [&block, &self.traces, &waves, &made];
            let parts = buffers.map(wgpu::Buffer::as_entire_buffer_binding);
            let params = bytemuck::bytes_of(&span);
            engine.submit(&[Dispatch { stage: &SpectraStage, params, parts: &parts }])?;
        }
        widened(engine, &made)
    }
}

fn widened(engine: &Engine, buffer: &wgpu::Buffer) -> Result<Vec<f64>> {
    Ok(engine.read::<f32>(buffer)?.into_iter().map(f64::from).collect())
}

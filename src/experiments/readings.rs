//! One quantity of some reviews, measured: from traces in host memory, or where they lie.
//!
//! Place in the flow: recorded states in, what [`super::exponents`] gathers out.

use crate::analysis::dfa::{self, DfaPlan, Measured, Status, chain};
use crate::analysis::spectrum;
use crate::analysis::spectrum::population::{exponent, exponents};
use crate::error::{Error, Result};
use crate::gpu::Engine;
use crate::gpu::engine::Part;
use crate::recording::{Extent, OnDevice, population, spectra, spread};
use crate::signal::Traces;

/// Rows of `f32` that begin at a multiple of this many begin at a multiple of 256 bytes, where
/// every device can bind.
const ALIGNED_ROWS: usize = 64;

/// What one quantity of some reviews was found to be.
pub struct Readings {
    /// Each unit by itself: row `review * units + unit`.
    pub unit: Measured,
    /// The mean over the units: one row per review.
    pub population: Measured,
    /// Standard deviation over time of each unit, in the unit of the states.
    pub spreads: Vec<f64>,
    /// The same of each mean.
    pub population_spreads: Vec<f64>,
    /// The line through the sum of the units' power spectra: one per review.
    pub spectral: Vec<spectrum::Exponent>,
}

impl Readings {
    /// Measures `traces` (rows as `extent` says) that lie in host memory.
    ///
    /// # Errors
    /// The traces have another length than the plan.
    pub fn of(traces: &Traces, extent: &Extent, path: &dfa::Path, plan: &DfaPlan) -> Result<Self> {
        let means = population::of(traces, extent);
        Ok(Self {
            unit: path.measure(traces, plan)?,
            population: path.measure(&means, plan)?,
            spreads: spread::of(traces),
            population_spreads: spread::of(&means),
            spectral: exponents(traces, extent.units as usize)?,
        })
    }

    /// Measures traces (rows as `extent` says) that lie in buffers of the engine's device: only
    /// F(n), exponents, standard deviations and summed spectra come to host memory, and the traces
    /// that `f32` does not resolve.
    ///
    /// # Errors
    /// The device failed, cannot take a batch of such traces, or has no number for their power.
    pub fn on_device(
        engine: &Engine,
        recorded: &OnDevice,
        extent: &Extent,
        plan: &DfaPlan,
    ) -> Result<Self> {
        let unit = measure(engine, &recorded.traces, extent.rows(), plan)?;
        let population = measure(engine, &recorded.means, extent.population().rows(), plan)?;
        let [mut spreads, mut population_spreads] = recorded.spreads(engine)?;
        not_finite(&unit, &mut spreads);
        not_finite(&population, &mut population_spreads);
        let spectral = spectral(&unit, &recorded.spectra(engine, extent)?, extent)?;
        Ok(Self { unit, population, spreads, population_spreads, spectral })
    }
}

/// A shader's arithmetic with NaN proves nothing: the status of the trace does.
fn not_finite(measured: &Measured, spreads: &mut [f64]) {
    for (exponent, spread) in measured.exponents.iter().zip(spreads) {
        if exponent.status == Status::NonFinite {
            *spread = f64::NAN;
        }
    }
}

/// The lines through the summed `power` of each review (reviews × steps / 2). Whether samples are
/// finite and vary is what the DFA found of the units.
fn spectral(unit: &Measured, power: &[f64], extent: &Extent) -> Result<Vec<spectrum::Exponent>> {
    let reviews = unit.exponents.chunks_exact(extent.units as usize);
    let fit = |(units, power): (&[dfa::Exponent], &[f64])| {
        let units: Vec<_> = units.iter().map(|unit| unit.status.into()).collect();
        let found = exponent(power, extent.steps(), &units);
        if found.status == spectrum::Status::NonFinite && !units.contains(&found.status) {
            return Err(Error::new("expected power below 3e38, found more")
                .remedy("give the samples a larger unit"));
        }
        Ok(found)
    };
    reviews.zip(power.chunks_exact(spectra::bins(extent.steps()))).map(fit).collect()
}

/// The DFA of `rows` traces in `buffer`, in batches that the device can hold.
fn measure(
    engine: &Engine,
    buffer: &wgpu::Buffer,
    rows: usize,
    plan: &DfaPlan,
) -> Result<Measured> {
    let most = chain::rows_on(engine.gpu(), plan)?;
    let at_once = if most < rows { most / ALIGNED_ROWS * ALIGNED_ROWS } else { rows };
    if at_once == 0 {
        return Err(Error::new(format!(
            "expected at least {ALIGNED_ROWS} traces of {} samples in a batch, found {most}",
            plan.steps()
        ))
        .remedy("record fewer steps"));
    }
    let mut all = Measured::default();
    for first in (0..rows).step_by(at_once) {
        let count = at_once.min(rows - first);
        let bytes = |rows: usize| (4 * rows * plan.steps()) as u64;
        let part =
            Part { buffer, offset: bytes(first), size: std::num::NonZeroU64::new(bytes(count)) };
        let found = chain::measure_buffer(engine, part, count, plan)?;
        all.append(found);
    }
    Ok(all.noted(plan))
}

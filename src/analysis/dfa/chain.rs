//! The stages on a device, fused or one after the other, in batches that the device can hold.
//!
//! Place in the flow: [`super::Path::Gpu`] measures with it; what is recorded on the same device
//! goes in as a buffer by [`measure_buffer`], without a trip through host memory.

use super::params::{
    CONSTANT, ExponentRecord, Mark, NO_FLUCTUATION, NON_FINITE, Shape, SizeRecord, Weight,
};
use super::plan::DfaPlan;
use super::{
    Exponent, Measured, Status, block, detrend, detrend_higher, exponent, fluctuation, fused,
    profile,
};
use crate::error::{Error, Result};
use crate::gpu::engine::{Dispatch, Engine, Part};
use crate::gpu::stage::Stage;

/// The largest number of samples whose count `f32` holds exactly.
const MOST_STEPS: usize = 1 << 24;

/// The most bytes of traces per batch: enough to fill a large GPU, and a submission stays short.
const BATCH_BYTES: u64 = 64 << 20;

/// Measures a batch of traces on the device of `engine`: at most [`batch_rows`], row-major.
///
/// # Errors
/// The device failed.
pub fn measure_batch(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<Measured> {
    upload_and_run(engine, batch, plan, at_once(engine, plan).as_deref())
}

/// The same by the separate stages alone, whatever fits.
///
/// # Errors
/// As for [`measure_batch`].
pub fn measure_separately(engine: &Engine, batch: &[f32], plan: &DfaPlan) -> Result<Measured> {
    upload_and_run(engine, batch, plan, None)
}

fn at_once(engine: &Engine, plan: &DfaPlan) -> Option<Box<dyn Stage>> {
    fused::on(engine.gpu().limits.max_compute_workgroup_storage_size, plan)
}

fn upload_and_run(
    engine: &Engine,
    batch: &[f32],
    plan: &DfaPlan,
    fused: Option<&dyn Stage>,
) -> Result<Measured> {
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
    let most = batch_rows(engine.gpu().largest_binding(), plan)?;
    let bytes = (rows * plan.steps() * size_of::<f32>()) as u64;
    let held = traces.size.map_or(traces.buffer.size() - traces.offset, u64::from);
    if rows == 0 || rows > most || held < bytes {
        return Err(Error::new(format!(
            "expected 1 to {most} traces of {} samples in the buffer, found {rows} in {held} bytes",
            plan.steps()
        ))
        .remedy("hand over fewer traces at a time"));
    }
    run(engine, traces, rows, plan, at_once(engine, plan).as_deref())
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

fn run(
    engine: &Engine,
    traces: Part<'_>,
    rows: usize,
    plan: &DfaPlan,
    fused: Option<&dyn Stage>,
) -> Result<Measured> {
    let shape = Shape::new(rows, plan);
    let params = bytemuck::bytes_of(&shape);
    let words = |count: usize| (count * size_of::<f32>()) as u64;
    let blocks = plan.steps().div_ceil(block::BLOCK);

    let shape_buffer = engine.uniform("shape", &shape)?;
    let sizes = engine.upload("sizes", &SizeRecord::table(plan))?;
    let weights = engine.upload("weights", &Weight::table(plan))?;
    let fluctuations = engine.empty("fluctuations", words(rows * plan.sizes().len()))?;
    let exponents = engine.empty("exponents", rows as u64 * u64::from(ExponentRecord::SIZE))?;
    let whole = wgpu::Buffer::as_entire_buffer_binding;
    if let Some(fused) = fused {
        let parts = [
            whole(&shape_buffer),
            whole(&sizes),
            whole(&weights),
            traces,
            whole(&fluctuations),
            whole(&exponents),
        ];
        engine.submit(&[Dispatch { stage: fused, params, parts: &parts }])?;
        return Ok(collect(&engine.read(&fluctuations)?, &engine.read(&exponents)?));
    }
    let profile = engine.empty("profile", words(rows * plan.steps()))?;
    let levels = engine.empty("levels", words(rows * blocks))?;
    let marks = engine.empty("marks", rows as u64 * u64::from(Mark::SIZE))?;
    let residuals = engine.empty("residuals", words(rows * plan.windows()))?;

    let detrend: &dyn Stage =
        if plan.order() == 1 { &detrend::Detrend } else { &detrend_higher::DetrendHigher };
    let shape = shape_buffer.as_entire_buffer_binding();
    let stages: [(&dyn Stage, [Part<'_>; 5]); 4] = [
        (
            &profile::Profile,
            [shape.clone(), traces, whole(&profile), whole(&levels), whole(&marks)],
        ),
        (
            detrend,
            [shape.clone(), whole(&sizes), whole(&profile), whole(&levels), whole(&residuals)],
        ),
        (
            &fluctuation::Fluctuation,
            [shape.clone(), whole(&sizes), whole(&residuals), whole(&marks), whole(&fluctuations)],
        ),
        (
            &exponent::Exponent,
            [shape, whole(&weights), whole(&fluctuations), whole(&marks), whole(&exponents)],
        ),
    ];
    let dispatches: Vec<Dispatch<'_>> =
        stages.iter().map(|(stage, parts)| Dispatch { stage: *stage, params, parts }).collect();
    engine.submit(&dispatches)?;
    let fluctuations: Vec<f32> = engine.read(&fluctuations)?;
    Ok(collect(&fluctuations, &engine.read(&exponents)?))
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
    use crate::analysis::dfa::Settings;

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
}

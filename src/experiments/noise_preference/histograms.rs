//! How a unit's stationary states are distributed: the shape that a mean and a variance leave out,
//! and that the moment closure takes to be normal.
//!
//! Place in the flow: a unit that [`super::mechanism`] chose in, its [`Histogram`] out.

use std::sync::Arc;

use super::found::Histogram;
use super::settings::Settings;
use super::settling::settled;
use super::testing::Subject;
use crate::error::Result;
use crate::gpu::Engine;
use crate::models::ctrnn::{Bins, Ensemble, Sampling};
use crate::signal::philox::Philox;

/// Bins between the ends.
const BINS: usize = 40;
/// The ends, in standard deviations from the mean.
const REACH: f64 = 4.0;
/// A histogram takes this many times the realisations of a mean.
const FINER: usize = 4;

/// The histogram of `unit` under the constant input `drive` at `noise`, about the `[mean, variance]`
/// that it has there; `None` where the states do not spread.
pub(super) fn histogram(
    subject: Subject<'_>,
    settings: &Settings,
    (drive, unit): (&[f32], usize),
    (noise, [mean, variance]): (f64, [f64; 2]),
    engine: Option<&Arc<Engine>>,
) -> Result<Option<Histogram>> {
    let reach = REACH * variance.sqrt();
    let (low, high) = ((mean - reach) as f32, (mean + reach) as f32);
    // Spread that float32 cannot cut into bins is none.
    if (high - low) / BINS as f32 <= f32::EPSILON * (mean.abs() as f32) {
        return Ok(None);
    }
    let (sampling, steps) = settled(subject.weights, subject.task);
    let ensemble = Ensemble {
        weights: subject.weights,
        drives: &drive.repeat(steps),
        steps,
        levels: &[noise as f32],
        realisations: FINER * settings.mechanism.realisations,
        noise: Philox::named(subject.seed, "noise/histogram"),
        index: 0,
        outputs_from: steps,
        sampled: Some(Sampling { bins: Some(Bins { count: BINS, low, high }), ..sampling }),
    };
    let counts = ensemble.run(engine)?.histograms;
    let counts = counts.chunks_exact(BINS + 2).nth(unit).unwrap_or_default().to_vec();
    let width = f64::from(high - low) / BINS as f64;
    Ok(Some(Histogram { low: f64::from(low), width, counts }))
}

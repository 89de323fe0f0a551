//! How far from the nonlinearity a network works at its task.
//!
//! Place in the flow: weights and test trials in, the [`Distance`] of the units' arguments out, of
//! every task alike: no state need be stationary. At steps that count, each unit's argument
//! `h W + u U + b` has a mean and a variance over realisations; the distances are those of
//! [`crate::analysis::noise::distance`] over units, steps and trials.

use rayon::prelude::*;

use super::found::Distance;
use super::mechanism::{arguments, given};
use super::settings::Settings;
use super::testing::Subject;
use crate::analysis::noise::{Site, distance};
use crate::datasets::tasks::{Purpose, Trials};
use crate::error::Result;
use crate::models::ctrnn::Weights;
use crate::models::ctrnn::advance::{Call, Kept, Row, advance};
use crate::signal::philox::Philox;

/// Steps of a trial that are looked at, evenly over those that count.
const LOOKS: usize = 20;

/// The distances of `subject` at the noise of its training; of a network trained without noise at
/// the smallest noise above 0 that others are trained with.
pub(super) fn distances(subject: Subject<'_>, settings: &Settings) -> Result<Option<Distance>> {
    let Subject { weights, task, level, seed } = subject;
    let trials = task.trials(Purpose::Test, settings.test.seed, 0, settings.test.trials);
    let noise = settings.unit(level);
    let draws = settings.mechanism.realisations;
    let found: Vec<Argument> = (0..trials.count)
        .into_par_iter()
        .flat_map_iter(|trial| {
            let first = (trial * draws) as u32;
            let row = |draw| Row { drive: 0, draw: first + draw, level: noise as f32 };
            let rows: Vec<Row> = (0..draws as u32).map(row).collect();
            of_trial(weights, &trials, trial, (&rows, Philox::named(seed, "noise/distance")))
        })
        .collect();
    // Noise inside is part of an argument.
    let inside = if weights.dynamics.site == Site::Inside { noise * noise } else { 0.0 };
    let mu: Vec<f64> = found.iter().map(|one| one.mean).collect();
    let variance: Vec<f64> = found.iter().map(|one| one.variance + inside).collect();
    let f = weights.dynamics.nonlinearity;
    let in_noise = distance::in_noise(f, &mu, noise)?;
    let Some(in_noise) = in_noise else { return Ok(None) };
    let in_deviations = distance::in_deviations(f, &mu, &variance)?;
    Ok(Some(Distance { in_noise, in_deviations }))
}

/// A unit's argument at one step, over realisations, without the noise of that step.
struct Argument {
    mean: f64,
    variance: f64,
}

/// The arguments of all units at the steps of a trial that are looked at.
fn of_trial(
    weights: &Weights,
    trials: &Trials,
    trial: usize,
    (rows, noise): (&[Row], Philox),
) -> Vec<Argument> {
    let Weights { inputs, units, .. } = *weights;
    let drive = &trials.drive[trial * trials.steps * inputs..][..trials.steps * inputs];
    let counts = &trials.weights[trial * trials.steps..][..trials.steps];
    let counting: Vec<usize> = (0..trials.steps).filter(|step| counts[*step] > 0.0).collect();
    let mut state = vec![0.0; rows.len() * units];
    let (mut done, mut found) = (0, Vec::new());
    for step in counting.iter().step_by(counting.len().div_ceil(LOOKS).max(1)) {
        let before = &drive[done * inputs..step * inputs];
        let call = Call { rows, drive: before, first: done, steps: step - done, noise, index: 0 };
        advance(weights, &call, &mut state, Kept::default());
        done = *step;
        let given = given(weights, &drive[step * inputs..][..inputs]);
        let all: Vec<Vec<f64>> =
            state.chunks_exact(units).map(|h| arguments(weights, &given, h)).collect();
        let many = all.len() as f64;
        found.extend((0..units).map(|unit| {
            let mean = all.iter().map(|one| one[unit]).sum::<f64>() / many;
            let squares = all.iter().map(|one| (one[unit] - mean).powi(2)).sum::<f64>();
            Argument { mean, variance: squares / (many - 1.0) }
        }));
    }
    found
}

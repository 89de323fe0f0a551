//! A trained network's loss against test noise.
//!
//! Place in the flow: weights and a task in, a curve out. All noise levels see the same trials and
//! the same realisations of the noise, but for its size, so that the curve is smooth and its minimum
//! is known far better than each loss.

use std::sync::Arc;

use super::found::Point;
use super::settings::Settings;
use crate::analysis::noise::decompose::Collector;
use crate::analysis::noise::preference::{Losses, Preference};
use crate::datasets::tasks::{Purpose, Task};
use crate::error::Result;
use crate::gpu::Engine;
use crate::models::ctrnn::{Ensemble, Weights};
use crate::signal::philox::Philox;

/// A trained network and what it was trained for.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub weights: &'a Weights,
    pub task: &'a dyn Task,
    /// s of its training.
    pub level: f64,
    /// Its seed.
    pub seed: u64,
}

/// The curve over the grid of `settings`, and what the network prefers.
pub(super) fn curve(
    subject: Subject<'_>,
    settings: &Settings,
    engine: Option<&Arc<Engine>>,
) -> Result<(Vec<Point>, Preference)> {
    let Subject { weights, task, level, seed } = subject;
    let (trials, realisations) = (settings.test.trials, settings.test.realisations);
    // The test trials are the same for every network of a task.
    let shown = task.trials(Purpose::Test, settings.test.seed, 0, trials);
    let levels = settings.levels(level);
    let as_f32: Vec<f32> = levels.iter().map(|level| *level as f32).collect();
    let ensemble = Ensemble {
        weights,
        drives: &shown.drive,
        steps: shown.steps,
        levels: &as_f32,
        realisations,
        noise: Philox::named(seed, "noise/test"),
        index: 0,
        outputs_from: 0,
        sampled: None,
    };
    let outputs = ensemble.run(engine)?.outputs;
    let of_trial = shown.steps * shown.outputs;
    let mut still = Vec::new();
    let (mut points, mut losses) = (Vec::new(), Vec::new());
    for (&noise, outputs) in
        levels.iter().zip(outputs.chunks_exact(trials * realisations * of_trial))
    {
        let mut collected = Collector::new(&shown.targets, &shown.weights, shown.outputs)?;
        let mut score = None;
        for realisation in 0..realisations {
            // [trials, realisations, …] to [trials, …] of one realisation.
            let of_trial = |trial| (trial * realisations + realisation) * of_trial;
            let width = shown.steps * shown.outputs;
            let draw: Vec<f32> = (0..trials)
                .flat_map(|trial| &outputs[of_trial(trial)..][..width])
                .copied()
                .collect();
            losses.push(collected.add(&draw)?);
            if let Some(right) = task.score(&shown, &draw) {
                *score.get_or_insert(0.0) += right / realisations as f64;
            }
            if noise == 0.0 && still.is_empty() {
                still = draw;
            }
        }
        let found = collected.decomposition().expect("draws were added");
        let shift = collected.shift(&still)?.expect("draws were added");
        points.push(Point {
            noise,
            loss: found.loss,
            error: 0.0,
            bias: found.bias,
            variance: found.variance,
            shift: shift.rms,
            score,
        });
    }
    let losses = Losses { levels: &levels, draws: realisations, losses: &losses };
    let preference = losses.preference(level, settings.test.seed, seed)?;
    for (point, error) in points.iter_mut().zip(preference.standard_error.iter().flatten()) {
        point.error = *error;
    }
    Ok((points, preference))
}

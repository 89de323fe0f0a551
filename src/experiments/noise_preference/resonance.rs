//! The control of stochastic resonance: the noise at which a weak signal is seen best.
//!
//! Place in the flow: a network trained without noise in, [`Resonance`] out. All biases are lowered
//! until no unit is above its threshold, and an input is added that is too weak to bring one there.
//! Without noise the network is silent with the signal as without it; noise lets some of it through.
//! If a network's preferred noise were stochastic resonance, it would lie here.

use std::sync::Arc;

use super::found::Resonance;
use super::testing::Subject;
use crate::analysis::noise::{Nonlinearity, Site, detect};
use crate::error::Result;
use crate::gpu::Engine;
use crate::models::ctrnn::{Dynamics, Ensemble, Weights};
use crate::signal::philox::Philox;

/// What stands between the highest unit and its threshold, as a part of the largest effect that an
/// input of 1 has on a unit; the signal brings it half way.
const GAP: f64 = 0.2;
/// Steps of a trial, in time constants 1/g; the output is averaged over the second half.
const LENGTH: f64 = 20.0;
/// Test noise, in units of the gap.
const NOISES: [f64; 14] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0];
/// Realisations with and without the signal.
const REALISATIONS: usize = 500;

/// The control for `subject`; `None` where a unit has no threshold (only ReLU has one), or where the
/// input reaches none.
pub(super) fn resonance(
    subject: Subject<'_>,
    engine: Option<&Arc<Engine>>,
) -> Result<Option<Resonance>> {
    let weights = subject.weights;
    if weights.dynamics.nonlinearity != Nonlinearity::Relu {
        return Ok(None);
    }
    let effect = weights.input[..weights.units].iter().fold(0.0f32, |most, x| most.max(*x));
    let highest = weights.bias.iter().fold(f32::MIN, |most, x| most.max(*x));
    let gap = GAP * f64::from(effect);
    if gap <= 0.0 {
        return Ok(None);
    }
    let lowered = f64::from(highest) + gap;
    let mut silent = weights.clone();
    silent.dynamics = Dynamics { site: Site::Inside, ..silent.dynamics };
    silent.bias.iter_mut().for_each(|bias| *bias -= lowered as f32);
    // The unit that feels the input most is at most this far below threshold.
    let signal = 0.5 * GAP;
    let noises: Vec<f64> = NOISES.iter().map(|part| part * gap).collect();
    let steps = (LENGTH / f64::from(weights.dynamics.rate)).ceil() as usize;
    let [without, with] = [0.0, signal].map(|signal| {
        let mut drive = vec![0.0; steps * weights.inputs];
        drive.iter_mut().step_by(weights.inputs).for_each(|u| *u = signal as f32);
        responses(&silent, &drive, &noises, subject.seed, engine)
    });
    let detections = detect::curve(&noises, &without?, &with?)?;
    let best = detect::best(&detections);
    Ok(Some(Resonance { lowered, signal, detections, best }))
}

/// The first output's mean over the second half of a trial, `[noises, realisations]`.
fn responses(
    weights: &Weights,
    drive: &[f32],
    noises: &[f64],
    seed: u64,
    engine: Option<&Arc<Engine>>,
) -> Result<Vec<f64>> {
    let steps = drive.len() / weights.inputs;
    // With and without the signal the noise is another: a listener never has the same twice.
    let name = format!("noise/resonance/{}", u8::from(drive[0] != 0.0));
    let ensemble = Ensemble {
        weights,
        drives: drive,
        steps,
        levels: &noises.iter().map(|noise| *noise as f32).collect::<Vec<_>>(),
        realisations: REALISATIONS,
        noise: Philox::named(seed, &name),
        index: 0,
        outputs_from: steps / 2,
        sampled: None,
    };
    let outputs = ensemble.run(engine)?.outputs;
    let trial = (steps - steps / 2) * weights.outputs;
    let mean = |trial: &[f32]| {
        let first = trial.iter().step_by(weights.outputs);
        first.map(|z| f64::from(*z)).sum::<f64>() / (steps - steps / 2) as f64
    };
    Ok(outputs.chunks_exact(trial).map(mean).collect())
}

//! When a network under constant inputs has settled, and when its states are looked at.
//!
//! Place in the flow: trials in, inputs that stay as they are, and the steps to look at, out.

use crate::datasets::tasks::{Form, Task, Trials};
use crate::models::ctrnn::{Sampling, Weights};

/// Steps before the states are looked at, in time constants 1/g; a state has forgotten where it
/// came from but for e⁻²⁰, or for what feedback keeps.
const SETTLED: f64 = 20.0;
/// Between two looks, in time constants.
const APART: f64 = 4.0;
/// Looks at each realisation.
const LOOKS: usize = 8;

/// The inputs of `trials` held for `steps` steps, `[trials, steps, I]`; `None` where a trial does
/// not hold its input.
pub(super) fn held(trials: &Trials, steps: usize) -> Option<Vec<f32>> {
    let mut drives = Vec::new();
    for trial in trials.drive.chunks_exact(trials.steps * trials.inputs) {
        let first = &trial[..trials.inputs];
        if trial.chunks_exact(trials.inputs).any(|step| step != first) {
            return None;
        }
        (0..steps).for_each(|_| drives.extend_from_slice(first));
    }
    Some(drives)
}

/// When states are looked at, and the steps that this takes.
pub(super) fn settled(weights: &Weights, task: &dyn Task) -> (Sampling, usize) {
    let rate = f64::from(weights.dynamics.rate);
    let constants = |many: f64| (many / rate).ceil() as usize;
    let layers = match task.form() {
        Form::Layers(layers) => layers.len(),
        _ => 1,
    };
    let (burn_in, every) = (constants(SETTLED).max(layers), constants(APART).max(layers));
    (Sampling { burn_in, every, bins: None }, burn_in + every * LOOKS)
}

//! The stages of noisy networks on a device: each alone against its twin, the noise to the bit
//! (`stages_ctrnn/alone.rs`), the door against the CPU in bits and in numbers (`door.rs`) and in
//! distribution (`distribution.rs`); and the door on the CPU against plain sums.
//!
//! Place in the flow: rungs 3 and 4 of the rungs of trust, as `tests/stages.rs` for the DFA.

mod common;

use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::datasets::tasks::Form;
use noisescope::models::ctrnn::{Dynamics, Ensemble, Weights, initial};
use noisescope::signal::philox::Philox;

#[path = "stages_ctrnn/alone.rs"]
mod alone;
#[path = "stages_ctrnn/distribution.rs"]
mod distribution;
#[path = "stages_ctrnn/door.rs"]
mod door;

const ALL: [Nonlinearity; 3] = [Nonlinearity::Relu, Nonlinearity::SoftPlus, Nonlinearity::Tanh];
const SITES: [Site; 2] = [Site::Inside, Site::Outside];
const LEVELS: [f32; 3] = [0.0, 0.25, 1.0];

fn network(
    [inputs, units, outputs]: [usize; 3],
    nonlinearity: Nonlinearity,
    site: Site,
) -> Weights {
    let dynamics = Dynamics { nonlinearity, site, rate: 0.2 };
    let mut weights = initial(&Form::Recurrent, dynamics, [inputs, units, outputs], 7);
    weights.readout_bias = (0..outputs).map(|at| (at % 3) as f32 - 0.5).collect();
    weights
}

/// Numbers from -1 to 1.
fn scattered(count: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 7919 + 13) % 101) as f32 / 50.0 - 1.0).collect()
}

fn noise() -> Philox {
    Philox::named(1, "test")
}

/// Two drives, three levels, all outputs.
fn ensemble<'a>(weights: &'a Weights, drives: &'a [f32], steps: usize) -> Ensemble<'a> {
    Ensemble {
        weights,
        drives,
        steps,
        levels: &LEVELS,
        realisations: 30,
        noise: noise(),
        index: 9,
        outputs_from: 0,
        sampled: None,
    }
}

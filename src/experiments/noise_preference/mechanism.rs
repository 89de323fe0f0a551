//! Why a network prefers its noise: stationary states under constant inputs, simulated and by
//! theory.
//!
//! Place in the flow: weights in, [`Mechanism`] out. Noise shifts the mean of a unit that works near
//! its nonlinearity; training undoes the shift at the training noise, so that without noise a bias
//! is left. Here the shift is measured, unit by unit, and held against the moment closure of
//! [`crate::analysis::noise::closure`] and against the closed form of a unit whose input does not
//! move (`without feedback`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::found::{Mechanism, Stationary, UnitCourse};
use super::histograms::histogram;
use super::settings::Settings;
use super::settling::{held, settled};
use super::testing::Subject;
use crate::analysis::noise::closure::Network;
use crate::analysis::noise::{activation, distance};
use crate::datasets::tasks::{Form, Purpose, Trials};
use crate::error::Result;
use crate::gpu::Engine;
use crate::models::ctrnn::{Ensemble, Moments, Weights};
use crate::signal::philox::Philox;

/// Shifts that are kept, of all units and inputs.
const KEPT: usize = 400;
/// What float32 states may differ from theory's by without any noise.
const ROUNDING: f64 = 1e-5;
/// Units whose course over the noise levels is kept.
const EXAMPLES: usize = 4;

/// Units' states at one noise level under every input.
struct States {
    /// `[inputs, N]`.
    mean: Vec<f64>,
    /// `[inputs, N]`.
    variance: Vec<f64>,
    /// Means of the outputs, `[inputs, O]`.
    output: Vec<f64>,
}

impl States {
    fn new(weights: &Weights, mean: Vec<f64>, variance: Vec<f64>) -> Self {
        let output = mean.chunks_exact(weights.units).flat_map(|mean| read_out(weights, mean));
        Self { output: output.collect(), mean, variance }
    }

    /// What the moment closure says of constant `inputs` to the units at `noise`; `None` where it
    /// finds no state.
    fn by_closure(
        network: &Network,
        weights: &Weights,
        inputs: &[Vec<f64>],
        noise: f64,
    ) -> Option<Self> {
        let (mut mean, mut variance) = (Vec::new(), Vec::new());
        for input in inputs {
            let found = network.stationary(input, noise).ok()?;
            variance.extend(found.covariance.iter().step_by(weights.units + 1));
            mean.extend(found.mean);
        }
        Some(Self::new(weights, mean, variance))
    }
}

/// The mechanism of `subject`; `None` where its task does not hold its input.
pub(super) fn mechanism(
    subject: Subject<'_>,
    settings: &Settings,
    engine: Option<&Arc<Engine>>,
) -> Result<Option<Mechanism>> {
    let Subject { weights, task, level, .. } = subject;
    let dynamics = weights.dynamics;
    let alone = matches!(task.form(), Form::Neuron { .. });
    let count = if alone { 1 } else { settings.mechanism.inputs };
    let trials = task.trials(Purpose::Test, settings.seed, 0, count);
    let multiples = &settings.mechanism.levels;
    let noises: Vec<f64> = multiples.iter().map(|part| part * settings.unit(level)).collect();
    let Some((simulated, looks)) = simulate(subject, settings, &trials, &noises, engine)? else {
        return Ok(None);
    };
    let first_input = |trial: &[f32]| given(weights, &trial[..trials.inputs]);
    let of_trial = trials.steps * trials.inputs;
    let inputs: Vec<Vec<f64>> = trials.drive.chunks_exact(of_trial).map(first_input).collect();
    let recurrent: Vec<f64> = weights.recurrent.iter().map(|weight| f64::from(*weight)).collect();
    let (f, rate) = (dynamics.nonlinearity, f64::from(dynamics.rate));
    let network = Network::new(&recurrent, weights.units, f, dynamics.site, rate)?;
    let theory: Vec<Option<States>> =
        noises.iter().map(|noise| States::by_closure(&network, weights, &inputs, *noise)).collect();
    let all = noises.iter().zip(&simulated).zip(&theory);
    let stationary = |((noise, now), by_theory): ((&f64, &States), &Option<States>)| {
        let by_theory = by_theory.as_ref().zip(theory[0].as_ref());
        stationary(*noise, (now, &simulated[0]), by_theory, looks)
    };
    let levels = all.map(stationary).collect();
    let training = multiples.iter().position(|part| *part == 1.0).expect("checked: 1 is there");
    let (now, still) = (&simulated[training], &simulated[0]);
    let moved: Vec<f64> =
        now.mean.iter().zip(&still.mean).map(|(now, still)| now - still).collect();
    let mut shifts = Vec::new();
    if let (Some(now), Some(still)) = (&theory[training], &theory[0]) {
        let alone = without_feedback(weights, &inputs, &simulated[0], noises[training])?;
        let closure = now.mean.iter().zip(&still.mean).map(|(now, still)| now - still);
        shifts = moved.iter().zip(closure).zip(alone).map(|((a, b), c)| [*a, b, c]).collect();
    }
    let mut examples = examples(&moved, weights.units, &trials, &simulated, &theory);
    for (place, unit) in &mut examples {
        let state = [now.mean[*place], now.variance[*place]];
        let drive = trials.drive.chunks_exact(of_trial).nth(*place / weights.units);
        let drive = &drive.unwrap_or_default()[..trials.inputs];
        unit.histogram =
            histogram(subject, settings, (drive, unit.unit), (noises[training], state), engine)?;
    }
    let stride = shifts.len().div_ceil(KEPT).max(1);
    let arguments = arguments(weights, &inputs, now);
    Ok(Some(Mechanism {
        levels,
        shifts: shifts.into_iter().step_by(stride).collect(),
        examples: examples.into_iter().map(|(_, unit)| unit).collect(),
        distance: distance::in_noise(f, &arguments, noises[training])?,
    }))
}

/// The states at every noise level, simulated, and the looks at each unit and input; `None` where a
/// trial does not hold its input.
fn simulate(
    subject: Subject<'_>,
    settings: &Settings,
    trials: &Trials,
    noises: &[f64],
    engine: Option<&Arc<Engine>>,
) -> Result<Option<(Vec<States>, u64)>> {
    let Subject { weights, task, seed, .. } = subject;
    let (sampling, steps) = settled(weights, task);
    let Some(drives) = held(trials, steps) else { return Ok(None) };
    let levels: Vec<f32> = noises.iter().map(|noise| *noise as f32).collect();
    let ensemble = Ensemble {
        weights,
        drives: &drives,
        steps,
        levels: &levels,
        realisations: settings.mechanism.realisations,
        noise: Philox::named(seed, "noise/mechanism"),
        index: 0,
        outputs_from: steps,
        sampled: Some(sampling),
    };
    let moments = ensemble.run(engine)?.moments;
    let looks = moments.first().map_or(0, |moments| moments.count);
    let states = |moments: &[Moments]| {
        let mean = moments.iter().map(|moments| moments.mean).collect();
        States::new(weights, mean, moments.iter().map(|moments| moments.variance).collect())
    };
    let of_level = trials.count * weights.units;
    Ok(Some((moments.chunks_exact(of_level).map(states).collect(), looks)))
}

/// One noise level: the states and those without noise, simulated and by theory.
fn stationary(
    noise: f64,
    (now, still): (&States, &States),
    by_theory: Option<(&States, &States)>,
    looks: u64,
) -> Stationary {
    let agree = |by_theory: &States| {
        let pairs = now.mean.iter().zip(&now.variance).zip(&by_theory.mean);
        let near = pairs.zip(&by_theory.variance).filter(|(((mean, variance), theory), spread)| {
            let error = (variance.max(**spread) / looks as f64).sqrt();
            (*mean - **theory).abs() <= 4.0 * error + ROUNDING
        });
        near.count() as f64 / now.mean.len() as f64
    };
    Stationary {
        noise,
        shift: distance_of(&now.mean, &still.mean),
        shift_closure: by_theory.map(|(now, still)| distance_of(&now.mean, &still.mean)),
        output: distance_of(&now.output, &still.output),
        output_closure: by_theory.map(|(now, still)| distance_of(&now.output, &still.output)),
        variance: mean(&now.variance),
        variance_closure: by_theory.map(|(now, _)| mean(&now.variance)),
        agree: by_theory.map(|(now, _)| agree(now)),
    }
}

/// The shift of every unit's mean, `[inputs, N]`, if its input did not move with the others.
fn without_feedback(
    weights: &Weights,
    inputs: &[Vec<f64>],
    still: &States,
    noise: f64,
) -> Result<Vec<f64>> {
    let (f, site) = (weights.dynamics.nonlinearity, weights.dynamics.site);
    let shift =
        |argument: f64| Ok(activation::at_site(f, site, argument, noise)?.mean - f.value(argument));
    arguments(weights, inputs, still).into_iter().map(shift).collect()
}

/// The units that shift most, each with its place among `[inputs, N]`, and their course over the
/// noise levels.
fn examples(
    moved: &[f64],
    units: usize,
    trials: &Trials,
    simulated: &[States],
    theory: &[Option<States>],
) -> Vec<(usize, UnitCourse)> {
    let mut order: Vec<usize> = (0..moved.len()).collect();
    order.sort_by(|a, b| moved[*b].abs().total_cmp(&moved[*a].abs()));
    let mut seen = BTreeSet::new();
    let course = |place: usize| {
        let level = |(found, theory): (&States, &Option<States>)| {
            let theory = theory.as_ref()?;
            let [a, b] = [found, theory].map(|states| (states.mean[place], states.variance[place]));
            Some([a.0, a.1, b.0, b.1])
        };
        let courses = simulated.iter().zip(theory).map(level).collect::<Option<Vec<_>>>()?;
        let input = trials.drive[place / units * trials.steps * trials.inputs];
        let unit = place % units;
        Some((place, UnitCourse { unit, input: f64::from(input), courses, histogram: None }))
    };
    let chosen = order.into_iter().filter(|place| seen.insert(place % units)).take(EXAMPLES);
    chosen.filter_map(course).collect()
}

/// All constant input to the units under `u`: u U + b.
fn given(weights: &Weights, u: &[f32]) -> Vec<f64> {
    let mut given: Vec<f64> = weights.bias.iter().map(|bias| f64::from(*bias)).collect();
    for (u, row) in u.iter().zip(weights.input.chunks_exact(weights.units)) {
        for (sum, weight) in given.iter_mut().zip(row) {
            *sum += f64::from(*u) * f64::from(*weight);
        }
    }
    given
}

/// Mean arguments of f, `[inputs, N]`: m W + u U + b.
fn arguments(weights: &Weights, inputs: &[Vec<f64>], states: &States) -> Vec<f64> {
    let means = states.mean.chunks_exact(weights.units);
    let argument = |(given, mean): (&Vec<f64>, &[f64])| {
        let mut sums = given.clone();
        for (h, row) in mean.iter().zip(weights.recurrent.chunks_exact(weights.units)) {
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += h * f64::from(*weight));
        }
        sums
    };
    inputs.iter().zip(means).flat_map(argument).collect()
}

/// m V + c.
fn read_out(weights: &Weights, mean: &[f64]) -> Vec<f64> {
    let mut z: Vec<f64> = weights.readout_bias.iter().map(|bias| f64::from(*bias)).collect();
    for (h, row) in mean.iter().zip(weights.readout.chunks_exact(weights.outputs)) {
        z.iter_mut().zip(row).for_each(|(z, weight)| *z += h * f64::from(*weight));
    }
    z
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Root mean square of the differences.
fn distance_of(a: &[f64], b: &[f64]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (squares / a.len() as f64).sqrt()
}

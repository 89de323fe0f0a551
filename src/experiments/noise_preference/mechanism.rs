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
use crate::analysis::noise::activation;
use crate::analysis::noise::closure::Network;
use crate::analysis::noise::shift::shift;
use crate::datasets::tasks::{Form, Purpose, Trials};
use crate::error::Result;
use crate::gpu::Engine;
use crate::models::ctrnn::{Ensemble, Moments, Weights};
use crate::signal::philox::Philox;

/// Shifts that are kept, of all units and inputs.
const KEPT: usize = 400;
/// Independent parts of a simulation, by which it tells how sure its means are.
const PARTS: usize = 8;
/// The fewest realisations of all units and inputs together: a network of one unit, whose shift is
/// that of a single mean, gets more of them.
const FEWEST: usize = 4096;
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
        Self { output: outputs(weights, &mean), mean, variance }
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

/// The states of a simulation at one noise level.
struct Sample {
    /// Of all parts together.
    states: States,
    /// The same means in independent parts, `[PARTS][inputs, N]`.
    parts: Vec<Vec<f64>>,
    /// Independent looks at each unit and input that the means are worth.
    looks: f64,
}

impl Sample {
    /// Of moments `[PARTS, inputs, N]`, each over looks at `realisations` realisations.
    fn new(weights: &Weights, moments: &[Moments], realisations: usize) -> Self {
        let parts = moments.chunks_exact(moments.len() / PARTS);
        let of = |value: fn(&Moments) -> f64| -> Vec<Vec<f64>> {
            parts.clone().map(|part| part.iter().map(value).collect()).collect()
        };
        let (means, variances) = (of(|part| part.mean), of(|part| part.variance));
        let count = moments.first().map_or(0.0, |part| part.count as f64);
        let (mut mean, mut variance, mut of_mean) = (Vec::new(), Vec::new(), Vec::new());
        for cell in 0..means[0].len() {
            let over = |parts: &[Vec<f64>]| {
                parts.iter().map(|part| part[cell]).sum::<f64>() / PARTS as f64
            };
            let middle = over(&means);
            let apart = means.iter().map(|part| (part[cell] - middle).powi(2)).sum::<f64>();
            let within = (count - 1.0) * PARTS as f64 * over(&variances);
            mean.push(middle);
            variance.push((within + count * apart) / (count * PARTS as f64 - 1.0));
            of_mean.push(apart / (PARTS * (PARTS - 1)) as f64);
        }
        let [least, most] = [realisations as f64, count].map(|many| many * PARTS as f64);
        // Where nothing varies there is nothing to be unsure of.
        let looks = variance.iter().sum::<f64>() / of_mean.iter().sum::<f64>();
        let looks = if looks.is_nan() { most } else { looks.clamp(least, most) };
        Self { states: States::new(weights, mean, variance), parts: means, looks }
    }

    /// The noise level whose states these are, beside those without noise and theory's of both.
    fn beside(
        &self,
        noise: f64,
        still: &States,
        theory: Option<(&States, &States)>,
        weights: &Weights,
    ) -> Result<Stationary> {
        let now = &self.states;
        let agree = |theory: &States| {
            let pairs = now.mean.iter().zip(&now.variance).zip(&theory.mean);
            let near =
                pairs.zip(&theory.variance).filter(|(((mean, variance), wanted), spread)| {
                    let error = (variance.max(**spread) / self.looks).sqrt();
                    (*mean - **wanted).abs() <= 4.0 * error + ROUNDING
                });
            near.count() as f64 / now.mean.len() as f64
        };
        let outputs = |part: &Vec<f64>| outputs(weights, part);
        let units = shift(&self.parts, &still.mean)?;
        let output = shift(&self.parts.iter().map(outputs).collect::<Vec<_>>(), &still.output)?;
        Ok(Stationary {
            noise,
            shift: units.rms,
            shift_error: Some(units.error),
            shift_closure: theory.map(|(now, still)| distance_of(&now.mean, &still.mean)),
            output: output.rms,
            output_error: Some(output.error),
            output_closure: theory.map(|(now, still)| distance_of(&now.output, &still.output)),
            variance: mean(&now.variance),
            variance_closure: theory.map(|(now, _)| mean(&now.variance)),
            agree: theory.map(|(now, _)| agree(now)),
        })
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
    let trials = task.trials(Purpose::Test, settings.test.seed, 0, count);
    let multiples = &settings.mechanism.levels;
    let noises: Vec<f64> = multiples.iter().map(|part| part * settings.unit(level)).collect();
    let Some(samples) = simulate(subject, settings, &trials, &noises, engine)? else {
        return Ok(None);
    };
    let drives = trials.drive.chunks_exact(trials.steps * trials.inputs);
    let drives: Vec<&[f32]> = drives.map(|trial| &trial[..trials.inputs]).collect();
    let inputs: Vec<Vec<f64>> = drives.iter().map(|drive| given(weights, drive)).collect();
    let recurrent: Vec<f64> = weights.recurrent.iter().map(|weight| f64::from(*weight)).collect();
    let (f, rate) = (dynamics.nonlinearity, f64::from(dynamics.rate));
    let network = Network::new(&recurrent, weights.units, f, dynamics.site, rate)?;
    let theory: Vec<Option<States>> =
        noises.iter().map(|noise| States::by_closure(&network, weights, &inputs, *noise)).collect();
    let training = multiples.iter().position(|part| *part == 1.0).expect("checked: 1 is there");
    let (now, still) = (&samples[training].states, &samples[0].states);
    let all = noises.iter().zip(&samples).zip(&theory);
    let levels = all.map(|((noise, sample), by_theory)| {
        let by_theory = by_theory.as_ref().zip(theory[0].as_ref());
        sample.beside(*noise, still, by_theory, weights)
    });
    let levels = levels.collect::<Result<Vec<_>>>()?;
    let moved: Vec<f64> =
        now.mean.iter().zip(&still.mean).map(|(now, still)| now - still).collect();
    let mut shifts = Vec::new();
    if let (Some(now), Some(by_theory)) = (&theory[training], &theory[0]) {
        let alone = without_feedback(weights, &inputs, still, noises[training])?;
        let closure = now.mean.iter().zip(&by_theory.mean).map(|(now, still)| now - still);
        shifts = moved.iter().zip(closure).zip(alone).map(|((a, b), c)| [*a, b, c]).collect();
    }
    let mut examples = examples(&moved, &drives, weights.units, &samples, &theory);
    for (place, unit) in &mut examples {
        let state = [now.mean[*place], now.variance[*place]];
        let shown = (drives[*place / weights.units], unit.unit);
        unit.histogram = histogram(subject, settings, shown, (noises[training], state), engine)?;
    }
    let stride = shifts.len().div_ceil(KEPT).max(1);
    Ok(Some(Mechanism {
        levels,
        shifts: shifts.into_iter().step_by(stride).collect(),
        examples: examples.into_iter().map(|(_, unit)| unit).collect(),
    }))
}

/// The states at every noise level, simulated; `None` where a trial does not hold its input.
fn simulate(
    subject: Subject<'_>,
    settings: &Settings,
    trials: &Trials,
    noises: &[f64],
    engine: Option<&Arc<Engine>>,
) -> Result<Option<Vec<Sample>>> {
    let Subject { weights, task, seed, .. } = subject;
    let (sampling, steps) = settled(weights, task);
    let Some(drives) = held(trials, steps) else { return Ok(None) };
    let levels: Vec<f32> = noises.iter().map(|noise| *noise as f32).collect();
    let cells = trials.count * weights.units;
    let realisations = settings.mechanism.realisations.max(FEWEST / cells).div_ceil(PARTS);
    let ensemble = Ensemble {
        weights,
        // Every part sees all inputs, each with noise of its own.
        drives: &drives.repeat(PARTS),
        steps,
        levels: &levels,
        realisations,
        noise: Philox::named(seed, "noise/mechanism"),
        index: 0,
        outputs_from: steps,
        sampled: Some(sampling),
    };
    let moments = ensemble.run(engine)?.moments;
    let levels = moments.chunks_exact(PARTS * cells);
    Ok(Some(levels.map(|moments| Sample::new(weights, moments, realisations)).collect()))
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
    let means = still.mean.chunks_exact(weights.units);
    let arguments = inputs.iter().zip(means).flat_map(|(given, mean)| {
        let mean: Vec<f32> = mean.iter().map(|mean| *mean as f32).collect();
        arguments(weights, given, &mean)
    });
    arguments.map(shift).collect()
}

/// The units that shift most, each with its place among `[inputs, N]`, and their course over the
/// noise levels.
fn examples(
    moved: &[f64],
    drives: &[&[f32]],
    units: usize,
    samples: &[Sample],
    theory: &[Option<States>],
) -> Vec<(usize, UnitCourse)> {
    let mut order: Vec<usize> = (0..moved.len()).collect();
    order.sort_by(|a, b| moved[*b].abs().total_cmp(&moved[*a].abs()));
    let mut seen = BTreeSet::new();
    let course = |place: usize| {
        let level = |(sample, theory): (&Sample, &Option<States>)| {
            let both = [&sample.states, theory.as_ref()?];
            let [a, b] = both.map(|states| (states.mean[place], states.variance[place]));
            Some([a.0, a.1, b.0, b.1])
        };
        let courses = samples.iter().zip(theory).map(level).collect::<Option<Vec<_>>>()?;
        let input = f64::from(drives[place / units][0]);
        Some((place, UnitCourse { unit: place % units, input, courses, histogram: None }))
    };
    let chosen = order.into_iter().filter(|place| seen.insert(place % units)).take(EXAMPLES);
    chosen.filter_map(course).collect()
}

/// All constant input to the units under `u`: u U + b.
pub(super) fn given(weights: &Weights, u: &[f32]) -> Vec<f64> {
    let bias = weights.bias.iter().map(|bias| f64::from(*bias)).collect();
    add(bias, u, &weights.input)
}

/// Arguments of f, `[N]`: h W, and what is `given`.
pub(super) fn arguments(weights: &Weights, given: &[f64], h: &[f32]) -> Vec<f64> {
    add(given.to_vec(), h, &weights.recurrent)
}

/// `sums` with `values` times `weights`, from × to, added.
fn add(mut sums: Vec<f64>, values: &[f32], weights: &[f32]) -> Vec<f64> {
    for (value, row) in values.iter().zip(weights.chunks_exact(sums.len())) {
        let value = f64::from(*value);
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * f64::from(*weight));
    }
    sums
}

/// m V + c under every input, `[inputs, O]`, of means `[inputs, N]`.
fn outputs(weights: &Weights, mean: &[f64]) -> Vec<f64> {
    mean.chunks_exact(weights.units).flat_map(|mean| read_out(weights, mean)).collect()
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

#[cfg(test)]
mod tests {
    use super::super::distances::distances;
    use super::*;
    use crate::analysis::noise::{Nonlinearity, Site};
    use crate::datasets::tasks::{self, Name};
    use crate::models::ctrnn::Dynamics;

    /// What is found of a regulator of this weight and bias, trained at `level`.
    fn neuron(site: Site, [weight, bias]: [f32; 2], level: f64) -> (Mechanism, [f64; 2]) {
        let weights = Weights {
            dynamics: Dynamics { nonlinearity: Nonlinearity::Relu, site, rate: 0.1 },
            inputs: 1,
            units: 1,
            outputs: 1,
            bias: vec![bias],
            input: vec![0.0],
            recurrent: vec![weight],
            readout: vec![1.0],
            readout_bias: vec![0.0],
        };
        let settings = Settings::default();
        let task = tasks::task(Name::Regulator, &settings.tasks).expect("the task");
        let subject = Subject { weights: &weights, task: task.as_ref(), level, seed: 1 };
        let found = mechanism(subject, &settings, None).expect("it runs").expect("input is held");
        let distance = distances(subject, &settings).expect("it runs").expect("there is noise");
        let own = distance.in_deviations.map_or(f64::NAN, |own| own.median);
        (found, [distance.in_noise.median, own])
    }

    #[test]
    fn a_shift_is_what_it_is_known_to_be() {
        // At w = -0.9, b = 1.9 the unit rests at 1, 20 standard deviations of the noise from the
        // kink; without a weight and a bias it stands at the kink, without feedback.
        for (weights, level, known) in
            [([-0.9, 1.9], 0.05, 0.0), ([0.0, 0.0], 0.5, 0.398_942_280_4 * 0.5)]
        {
            let (found, _) = neuron(Site::Inside, weights, level);
            let states = found.levels.iter().find(|states| states.noise == level).expect("there");
            let error = states.shift_error.expect("known");
            assert!(error > 0.0 && error < 0.01 * level, "{states:?}");
            assert!((states.shift - known).abs() <= 4.0 * error, "{states:?}");
            assert!((states.shift_closure.expect("a state") - known).abs() < 1e-6, "{states:?}");
            assert_eq!(states.agree, Some(1.0));
            assert_eq!((states.output, states.output_error), (states.shift, Some(error)));
            assert_eq!((found.levels[0].shift, found.levels[0].shift_error), (0.0, Some(0.0)));
        }
    }

    #[test]
    fn a_distance_has_the_deviation_of_its_argument_beside_it() {
        // v = w² g² s² / (1 - (1 - g + g w)²) = 0.023553 s².
        for (site, deviation) in [(Site::Inside, 1.011_71), (Site::Outside, 0.153_47)] {
            let [noise, own] = neuron(site, [-0.9, 1.9], 0.05).1;
            assert!((noise - 20.0).abs() < 0.2, "{site}: {noise}");
            assert!((noise / own / deviation - 1.0).abs() < 0.03, "{site}: {noise} {own}");
        }
    }

    #[test]
    fn looks_that_hang_together_count_for_less() {
        let weights = Weights {
            dynamics: Dynamics { nonlinearity: Nonlinearity::Relu, site: Site::Inside, rate: 0.1 },
            inputs: 1,
            units: 200,
            outputs: 1,
            bias: vec![0.0; 200],
            input: vec![0.0; 200],
            recurrent: vec![0.0; 200 * 200],
            readout: vec![0.0; 200],
            readout_bias: vec![0.0],
        };
        // 10 realisations of a part, 8 looks at each: independent ones, and all the same.
        let noise = Philox::named(1, "test/looks");
        for (together, looks) in [(false, 640.0), (true, 80.0)] {
            let of_part = |part: u32| {
                (0..200u32).map(move |unit| {
                    let values = (0..80u32).map(|look| {
                        let look = if together { look / 8 } else { look };
                        f64::from(noise.normals([unit, part, look, 0])[0])
                    });
                    let values: Vec<f64> = values.collect();
                    let middle = mean(&values);
                    let second: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
                    Moments { count: 80, mean: middle, variance: second / 79.0 }
                })
            };
            let moments: Vec<Moments> = (0..PARTS as u32).flat_map(of_part).collect();
            let found = Sample::new(&weights, &moments, 10);
            assert!((found.looks / looks - 1.0).abs() < 0.15, "{} {looks}", found.looks);
            assert!((mean(&found.states.variance) - 1.0).abs() < 0.1);
        }
    }
}

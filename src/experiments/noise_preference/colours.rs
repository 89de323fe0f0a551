//! The colour of a network's states: does the noise leave one?
//!
//! Place in the flow: weights in, one [`Colour`] per noise level out, by the measures that serve every
//! trace: DFA (order 1) and spectra. A unit without feedback has the memory of its own `1 - g`
//! alone: an autoregressive process of order 1, whose exponent on as many steps stands beside.
//!
//! A trace needs one input held for longer than any trial: see [`held_input`]. A feedforward
//! network has no colour to measure: its noise is independent from step to step, so are its states.

use super::found::Colour;
use super::settings::Settings;
use super::testing::Subject;
use crate::analysis::controls::slopes::local_slopes;
use crate::analysis::dfa::{self, Dfa, DfaPlan};
use crate::analysis::spectrum::{Settings as Welch, SpectrumPlan, Window, population};
use crate::datasets::tasks::{Form, Name, Purpose, Task};
use crate::error::Result;
use crate::experiments::machine::Machine;
use crate::models::ctrnn::Weights;
use crate::models::ctrnn::advance::{Call, Kept, Row, advance};
use crate::signal::Traces;
use crate::signal::philox::Philox;

/// Steps before the trace, in time constants 1/g.
const SETTLED: f64 = 20.0;
/// Realisations of the process without feedback.
const PROCESSES: usize = 64;
/// Steps of a segment of the spectrum, at most.
const SEGMENT: usize = 1024;
/// The first frequency of the spectrum that is kept, a bin: those below hold the window's smear of
/// the mean.
const LOWEST: usize = 2;
/// From one band of the spectrum to the next.
const RATIO: f64 = 1.25;

/// The colours of `subject`'s states under one input; empty for a feedforward network, and without
/// the levels at which no unit moves or states run away.
pub(super) fn colours(
    subject: Subject<'_>,
    settings: &Settings,
    machine: &Machine,
) -> Result<Vec<Colour>> {
    let (weights, length) = (subject.weights, settings.mechanism.trace);
    if length == 0 || matches!(subject.task.form(), Form::Layers(_)) {
        return Ok(Vec::new());
    }
    let g = f64::from(weights.dynamics.rate);
    let settled = (SETTLED / g).ceil() as usize;
    let drive = held_input(subject.task, settings.test.seed).repeat(settled + length);
    let noise = Philox::named(subject.seed, "noise/colour");
    let unit = settings.unit(subject.level);
    let alone = beta_of_process(g, length, noise, machine)?;
    let noises = settings.mechanism.levels.iter().map(|part| part * unit);
    let plan = DfaPlan::new(length, &dfa::Settings::default())?;
    let mut found = Vec::new();
    for level in noises.filter(|level| *level > 0.0) {
        let traces = states(weights, &drive, (level, settled), noise)?;
        let measured = measure(&traces, machine)?;
        let betas = measured.exponents.iter().filter_map(dfa::Exponent::beta).collect::<Vec<_>>();
        if betas.is_empty() {
            continue;
        }
        let local = [false, true].map(|large| {
            let slope = |row: usize| {
                measured.alpha(row)?;
                let slopes = local_slopes(&plan, measured.row(row));
                let slope = if large { slopes.last() } else { slopes.first() }?;
                Some(2.0 * slope.alpha - 1.0)
            };
            mean(&(0..traces.rows()).filter_map(slope).collect::<Vec<_>>())
        });
        let spectral = population::exponents(&traces, weights.units)?;
        found.push(Colour {
            noise: level,
            units: betas.len(),
            beta: [mean(&betas), deviation(&betas)],
            local,
            spectral: spectral.first().and_then(|exponent| exponent.beta()),
            spectrum: spectrum(&traces)?,
            without_feedback: alone,
        });
    }
    Ok(found)
}

/// The input that is held, `[I]`: that of the middle one of three test trials at its first step. A
/// function is so asked its middle input, a walker in the maze stands where it begins, a network of
/// the suite waits for its stimulus. A velocity held would lead out of every place that path
/// integration has learned: there it is 0, standing still.
fn held_input(task: &dyn Task, seed: u64) -> Vec<f32> {
    let trials = task.trials(Purpose::Test, seed, 0, 3);
    let mut input = trials.drive[trials.steps * trials.inputs..][..trials.inputs].to_vec();
    if task.name() == Name::Integration.name() {
        input.fill(0.0);
    }
    input
}

/// The states of every unit after `settled` steps under one drive and realisation, units × steps.
fn states(
    weights: &Weights,
    drive: &[f32],
    (level, settled): (f64, usize),
    noise: Philox,
) -> Result<Traces> {
    let steps = drive.len() / weights.inputs;
    let rows = [Row { drive: 0, draw: 0, level: level as f32 }];
    let mut hidden = vec![0.0; steps * weights.units];
    let call = Call { rows: &rows, drive, first: 0, steps, noise, index: 0 };
    let kept = Kept { hidden: Some(&mut hidden), ..Kept::default() };
    advance(weights, &call, &mut vec![0.0; weights.units], kept);
    let hidden = &hidden[settled * weights.units..];
    let trace = |unit: usize| hidden.iter().skip(unit).step_by(weights.units).copied();
    Traces::new((0..weights.units).flat_map(trace).collect(), steps - settled)
}

/// Mean beta of `h' = (1 - g) h + g ξ` over `length` steps.
fn beta_of_process(g: f64, length: usize, noise: Philox, machine: &Machine) -> Result<f64> {
    let mut values = Vec::with_capacity(PROCESSES * length);
    for process in 0..PROCESSES as u32 {
        // Begins in its stationary law.
        let mut h = f64::from(noise.normals([process, 0, 1, 0])[0]) * (g / (2.0 - g)).sqrt();
        for step in 0..length as u32 {
            let xi = f64::from(noise.normals([process, step / 4, 2, 0])[step as usize % 4]);
            h = (1.0 - g) * h + g * xi;
            values.push(h as f32);
        }
    }
    let measured = measure(&Traces::new(values, length)?, machine)?;
    Ok(mean(&measured.exponents.iter().filter_map(dfa::Exponent::beta).collect::<Vec<_>>()))
}

fn measure(traces: &Traces, machine: &Machine) -> Result<dfa::Measured> {
    Dfa::new(dfa::Settings::default()).run(traces, &machine.path)
}

/// The spectrum summed over the units, by Welch's method, in bands; its integral is 1.
fn spectrum(traces: &Traces) -> Result<Vec<[f64; 2]>> {
    let welch = Welch::welch(Window::Hann, SEGMENT.min(traces.steps()));
    let spectra = SpectrumPlan::new(traces.steps(), &welch)?.measure(traces)?;
    let (frequencies, power) = (spectra.frequencies(), spectra.pooled());
    let whole = power.iter().sum::<f64>() * frequencies[1];
    if !(whole > 0.0 && whole.is_finite()) {
        return Ok(Vec::new());
    }
    let (mut bands, mut from) = (Vec::new(), LOWEST);
    while from < power.len() {
        let to = ((RATIO * from as f64) as usize).clamp(from + 1, power.len());
        bands.push([mean(&frequencies[from..to]), mean(&power[from..to]) / whole]);
        from = to;
    }
    Ok(bands)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation, divided by their number less one; 0 of one.
fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::tasks;
    use crate::signal::noise;

    #[test]
    fn bands_of_a_spectrum_fall_as_it_does() {
        for (values, slope) in [(noise::pink(8192, 1, 0), -1.0), (noise::pink(8192, 2, 0), -1.0)] {
            let bands = spectrum(&Traces::new(values, 8192).expect("traces")).expect("bands");
            assert!(bands.windows(2).all(|pair| pair[0][0] < pair[1][0]) && bands.len() < 30);
            let [low, high] = [bands[4], bands[bands.len() - 4]];
            let found = (high[1] / low[1]).log10() / (high[0] / low[0]).log10();
            assert!((found - slope).abs() < 0.2, "{found}");
        }
        let still = Traces::new(vec![1.0; 512], 512).expect("traces");
        assert!(spectrum(&still).expect("nothing").is_empty());
    }

    #[test]
    fn what_is_held_is_an_input_of_the_task() {
        let held = |name| {
            let task = tasks::task(name, &tasks::Settings::default()).expect("the task");
            held_input(task.as_ref(), 1)
        };
        assert_eq!(held(Name::Function), [0.0]);
        assert_eq!(held(Name::Integration), [0.0, 0.0]);
        // Fixation, no stimulus, one rule.
        let suite = held(Name::Suite);
        assert_eq!((suite[0], &suite[1..5]), (1.0, &[0.0; 4][..]));
        assert_eq!(suite[5..].iter().sum::<f32>(), 1.0);
        assert!(held(Name::Maze).iter().any(|reach| *reach > 0.0));
    }
}

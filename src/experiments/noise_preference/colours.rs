//! The colour of a network's states: does the noise leave one?
//!
//! Place in the flow: weights in, one [`Colour`] per noise level out, by the measures that serve every
//! trace: DFA (order 1) and spectra. A unit without feedback has the memory of its own `1 - g`
//! alone: an autoregressive process of order 1, whose exponent on as many steps stands beside.

use super::found::Colour;
use super::settings::Settings;
use super::settling::held;
use super::testing::Subject;
use crate::analysis::controls::slopes::local_slopes;
use crate::analysis::dfa::{self, Dfa, DfaPlan};
use crate::analysis::spectrum::population;
use crate::datasets::tasks::Purpose;
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

/// The colours of `subject`'s states under its task's middle input; empty where its task does not
/// hold its input, and without the levels at which fewer than two units move.
pub(super) fn colours(
    subject: Subject<'_>,
    settings: &Settings,
    machine: &Machine,
) -> Result<Vec<Colour>> {
    let (weights, length) = (subject.weights, settings.mechanism.trace);
    let trials = subject.task.trials(Purpose::Test, settings.seed, 0, 3);
    let g = f64::from(weights.dynamics.rate);
    let settled = (SETTLED / g).ceil() as usize;
    let Some(drives) = held(&trials, settled + length).filter(|_| length > 0) else {
        return Ok(Vec::new());
    };
    let of_drive = drives.len() / trials.count;
    let drive = &drives[of_drive..2 * of_drive];
    let noise = Philox::named(subject.seed, "noise/colour");
    let unit = settings.unit(subject.level);
    let alone = beta_of_process(g, length, noise, machine)?;
    let noises = settings.mechanism.levels.iter().map(|part| part * unit);
    let plan = DfaPlan::new(length, &dfa::Settings::default())?;
    let mut found = Vec::new();
    for level in noises.filter(|level| *level > 0.0) {
        let traces = states(weights, drive, (level, settled), noise)?;
        let measured = measure(&traces, machine)?;
        let betas = measured.exponents.iter().filter_map(dfa::Exponent::beta).collect::<Vec<_>>();
        // A mean and a spread of units need two.
        if betas.len() < 2 {
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
            without_feedback: alone,
        });
    }
    Ok(found)
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

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation, divided by their number less one.
fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

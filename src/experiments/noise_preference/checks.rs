//! Closed forms against simulation, in every run: that the numbers of this run are those of theory
//! where theory is exact.
//!
//! Place in the flow: networks without a task in, [`Check`]s out. The same simulation as the study's
//! (on a GPU the same stages), 2,000 realisations.

use std::sync::Arc;

use super::found::Check;
use crate::analysis::noise::kink::Kink;
use crate::analysis::noise::preference::argmin;
use crate::analysis::noise::{Nonlinearity, Site, activation};
use crate::error::Result;
use crate::gpu::Engine;
use crate::models::ctrnn::{Dynamics, Ensemble, Moments, Sampling, Weights};
use crate::signal::philox::Philox;

/// Realisations of every check.
const REALISATIONS: usize = 2_000;
/// Noise level of every check.
const NOISE: f64 = 0.5;
/// Units at the kink of the large network.
const MANY: usize = 50;

/// All checks.
pub(super) fn checks(seed: u64, engine: Option<&Arc<Engine>>) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for (f, site, argument) in [
        (Nonlinearity::Relu, Site::Inside, -0.5),
        (Nonlinearity::Relu, Site::Inside, 0.0),
        (Nonlinearity::Relu, Site::Inside, 0.5),
        (Nonlinearity::SoftPlus, Site::Inside, 0.0),
        (Nonlinearity::Tanh, Site::Inside, 0.5),
        (Nonlinearity::Relu, Site::Outside, 0.5),
        (Nonlinearity::Relu, Site::Outside, -0.5),
    ] {
        let theory = activation::at_site(f, site, argument, NOISE)?;
        for rate in [1.0, 0.1] {
            let found = unit(f, site, argument, rate, (seed, engine))?;
            let what = |which: &str| {
                format!("{which} of a {f} unit at {argument}, noise {site}, g = {rate}")
            };
            let variance = activation::without_feedback(rate, theory.variance)?;
            let count = found.count as f64;
            checks.push(Check {
                what: what("mean"),
                theory: theory.mean,
                simulated: found.mean,
                error: (variance / count).sqrt(),
            });
            checks.push(Check {
                what: what("variance"),
                theory: variance,
                simulated: found.variance,
                // Of a normal law; heavier tails of a rectified one make it a little larger.
                error: variance * (3.0 / count).sqrt(),
            });
        }
    }
    for (rate, units) in [(0.1, 1), (0.1, MANY), (1.0, 1)] {
        let kink = Kink::new(rate, units)?;
        let (ratio, error) = at_the_kink(rate, units, (seed, engine))?;
        checks.push(Check {
            what: format!("preferred over training noise of {units} units at the kink, g = {rate}"),
            theory: kink.preferred_ratio(),
            simulated: ratio,
            error,
        });
    }
    Ok(checks)
}

/// The stationary law of one unit without feedback.
fn unit(
    nonlinearity: Nonlinearity,
    site: Site,
    argument: f64,
    rate: f64,
    (seed, engine): (u64, Option<&Arc<Engine>>),
) -> Result<Moments> {
    let weights = apart(1, Dynamics { nonlinearity, site, rate: rate as f32 }, argument);
    let steps = (20.0 / rate).ceil() as usize;
    let ensemble = Ensemble {
        weights: &weights,
        drives: &vec![0.0; steps],
        steps,
        levels: &[NOISE as f32],
        realisations: REALISATIONS,
        noise: Philox::named(seed, "noise/checks"),
        index: 0,
        outputs_from: steps,
        sampled: Some(Sampling { burn_in: steps - 1, every: 1, bins: None }),
    };
    Ok(ensemble.run(engine)?.moments[0])
}

/// Preferred over training noise of units at the kink whose mean output is made right at the
/// training noise, and its standard error from ten parts of the realisations.
fn at_the_kink(
    rate: f64,
    units: usize,
    (seed, engine): (u64, Option<&Arc<Engine>>),
) -> Result<(f64, f64)> {
    let dynamics =
        Dynamics { nonlinearity: Nonlinearity::Relu, site: Site::Inside, rate: rate as f32 };
    let mut weights = apart(units, dynamics, 0.0);
    let trained = activation::at_site(Nonlinearity::Relu, Site::Inside, 0.0, NOISE)?.mean;
    weights.readout_bias = vec![-trained as f32];
    let steps = (20.0 / rate).ceil() as usize;
    let parts: Vec<f64> = (0..=40).map(|part| f64::from(part) / 20.0).collect();
    let ensemble = Ensemble {
        weights: &weights,
        drives: &vec![0.0; steps],
        steps,
        levels: &parts.iter().map(|part| (part * NOISE) as f32).collect::<Vec<_>>(),
        realisations: REALISATIONS,
        noise: Philox::named(seed, "noise/kink"),
        index: 0,
        outputs_from: steps - 1,
        sampled: None,
    };
    let outputs = ensemble.run(engine)?.outputs;
    let preferred = |from: usize, count: usize| {
        let loss = |outputs: &[f32]| {
            outputs[from..][..count].iter().map(|z| f64::from(*z).powi(2)).sum::<f64>()
        };
        let losses: Vec<f64> = outputs.chunks_exact(REALISATIONS).map(loss).collect();
        argmin(&parts, &losses).expect("as many losses as levels")
    };
    let part = REALISATIONS / 10;
    let parts: Vec<f64> = (0..10).map(|at| preferred(at * part, part)).collect();
    let mean = parts.iter().sum::<f64>() / 10.0;
    let squares: f64 = parts.iter().map(|ratio| (ratio - mean).powi(2)).sum();
    Ok((preferred(0, REALISATIONS), (squares / 90.0).sqrt()))
}

/// Units without connections whose argument is `argument`, averaged by the readout.
fn apart(units: usize, dynamics: Dynamics, argument: f64) -> Weights {
    Weights {
        dynamics,
        inputs: 1,
        units,
        outputs: 1,
        bias: vec![argument as f32; units],
        input: vec![0.0; units],
        recurrent: vec![0.0; units * units],
        readout: vec![1.0 / units as f32; units],
        readout_bias: vec![0.0],
    }
}

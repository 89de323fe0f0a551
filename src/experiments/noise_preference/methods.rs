//! The conventions of a run of `noise-preference`, in sentences fit for a methods section.
//!
//! Place in the flow: settings in, sentences into the outcome; the report prints them.

use super::settings::Settings;

/// One paragraph each for model, training, test, preference, mechanism, colour and resonance.
/// `[fewest, most]`: networks of a kind.
pub(super) fn sentences(settings: &Settings, [fewest, most]: [usize; 2]) -> Vec<String> {
    let Settings { model, noise, training, test, mechanism, .. } = settings;
    let networks = match fewest == most {
        true => most.to_string(),
        false => format!("{fewest} to {most}"),
    };
    vec![
        format!(
            "Model: h' = (1 - g) h + g f(h W + u U + b + s xi) with noise inside, h' = (1 - g) h + \
             g (f(h W + u U + b) + s xi) with noise outside, z = h V + c (Eckstein & Srinivasan \
             2026); f is {}, g = {}, {} units; xi is standard normal, independent for every unit and \
             step, and s is not rescaled by the square root of the time step. xi comes from \
             Philox4x32-10 by Box and Muller's transform, with unit, step, realisation and batch as \
             counters, so that it is the same on every device and however the work is split. A \
             feedforward network is the same model at g = 1 whose weights lead from layer to layer; \
             the regulator is one unit that is its own output.",
            model.nonlinearity, model.rate, model.units
        ),
        format!(
            "Training: backpropagation through all steps of a trial; {} updates on {} fresh trials \
             each, Adam (rate {}, of the regulator {}, beta 0.9 and 0.999, epsilon 1e-7), the gradient's norm held to {}; \
             the network after the last update is tested. Training noise s: {:?}; {} networks of \
             each kind, which differ in seed: initial weights, noise and, where a task has more than one \
             trial, trials. The regulator's bias is learned as what the neuron hears at its level.",
            training.epochs * settings.updates,
            training.batch,
            training.rate,
            settings.regulator_rate,
            training.clip,
            noise.levels,
            networks
        ),
        format!(
            "Test: weighted mean squared error over {} test trials, each with {} realisations of \
             the noise ({} draws per point), at {} noise levels from {} to {} times the training \
             noise (of networks trained without noise: times the smallest training noise above 0). \
             All networks of a task are tested on the same trials (seed {}). \
             All levels see the same trials and the same realisations but for their size. The loss \
             is bias² plus variance: of the mean output over realisations, and about it, both without \
             the bias of few realisations.",
            test.trials,
            test.realisations,
            test.trials * test.realisations,
            test.grid.len(),
            test.grid.first().copied().unwrap_or_default(),
            test.grid.last().copied().unwrap_or_default(),
            test.seed
        ),
        "Preferred noise: the level of least mean loss, refined by the parabola through it and its \
         neighbours; its interval is the 95 % percentile interval of a bootstrap over realisations \
         (2,000 draws). Means over networks have the same over networks, widened about the mean by \
         sqrt(n / (n - 1)) t / 1.96 with Student's t of n - 1 degrees of freedom, because networks \
         are few. loss(0)/loss(preferred) is never below 1; loss(0)/loss(s), s the \
         training noise, can be, and is what is judged."
            .to_owned(),
        format!(
            "Stationary states: {} inputs held, {} realisations (more where these times units and \
             inputs are fewer than 4,096), 8 looks 4 time constants apart after 20 time constants, in \
             8 independent parts. A squared shift is the mean product of the shifts in two parts, \
             free of the sampling error of means; its standard error is the jackknife's over parts. \
             How many independent looks a mean is worth, where it is held against theory's, is told \
             by the variance of means over parts: between the realisations and all looks. Theory: a \
             Gaussian moment closure of mean and covariance, which is exact without feedback; \
             \"without feedback\" is the shift of a unit whose input stays where it is without noise. \
             Distance from the nonlinearity, of every task: that of a unit's mean argument over \
             realisations from where |f''| is largest, at up to 20 steps that count of every test \
             trial, in units of s and of the argument's standard deviation over realisations.",
            mechanism.inputs, mechanism.realisations
        ),
        format!(
            "Colour: DFA of order 1 (beta = 2 alpha - 1) of every unit's state over {} steps under \
             one input held (the middle one of three test trials at its first step; of path \
             integration no velocity), slopes over the smallest and the largest windows, and the slope \
             of the periodogram summed over units; spectra by Welch's method, Hann windows of up to \
             1,024 steps. Beside them a unit without feedback, an autoregressive process of order 1. A \
             feedforward network's states are independent from step to step.",
            mechanism.trace
        ),
        "Stochastic resonance, a control: in networks trained without noise all biases are lowered \
         until no unit is above its threshold, and a signal too weak to bring one there is added; \
         d' of the mean output with and without it, over 500 realisations each, with noise inside."
            .to_owned(),
    ]
}

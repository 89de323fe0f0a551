//! What the controls say of one quantity's unit traces, as data.
//!
//! Place in the flow: [`super::one_over_f`] examines the traces, the outcome keeps this, the report
//! makes a sentence and a table of it.

use serde::{Deserialize, Serialize};

use crate::analysis::controls::Verdict;

/// Mean and spread of some numbers; `None` where they are too few for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean; `None` of nothing.
    pub mean: Option<f64>,
    /// The sample standard deviation (n - 1); `None` of fewer than two.
    pub sd: Option<f64>,
}

impl Spread {
    /// Of `values`, all of them finite.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / count);
        let sd = mean.filter(|_| values.len() > 1).map(|mean| {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (squares / (count - 1.0)).sqrt()
        });
        Self { mean, sd }
    }
}

/// Beta over a part of the window sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalBeta {
    /// The smallest and the largest size that may take part, in samples.
    pub sizes: [usize; 2],
    /// Over the traces.
    pub beta: Spread,
}

/// The controls of the unit traces of one quantity under one condition.
///
/// A trace without an exponent (constant, not finite) is counted and takes part in nothing else.
/// `beta = 2 alpha - 1` throughout, by the DFA of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// `input`, `cell` or `hidden`.
    pub quantity: String,
    /// `trained` or `untrained`.
    pub condition: String,
    /// Traces with an exponent among those that were examined.
    pub traces: usize,
    /// Traces without one.
    pub undefined: usize,
    /// Beta of the traces.
    pub beta: Spread,
    /// Beta over the smaller and over the larger sizes: equal where one power law holds. Empty
    /// where the plan has too few sizes for two lines.
    pub local: Vec<LocalBeta>,
    /// Surrogates of the kind below per trace.
    pub surrogates: usize,
    /// Beta of AR(1) surrogates, each with the mean, standard deviation and lag-1 correlation of
    /// its trace: what short memory alone gives.
    pub autoregressive: Spread,
    /// Traces whose beta is above that of every AR(1) surrogate of their own: by chance one in
    /// `surrogates + 1`.
    pub above_autoregressive: usize,
    /// Beta of one shuffle of each trace: what its values alone give.
    pub shuffled: Spread,
    /// Beta of one phase-randomised surrogate of each trace: what its periodogram alone gives.
    pub phase_randomised: Spread,
    /// Traces (of `traces`) per verdict, in the order of [`Verdict::ALL`].
    pub verdicts: Vec<(Verdict, usize)>,
}

impl Control {
    /// Traces with this verdict.
    pub fn judged(&self, verdict: Verdict) -> usize {
        self.verdicts.iter().filter(|(of, _)| *of == verdict).map(|(_, count)| count).sum()
    }
}

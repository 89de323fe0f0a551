//! Sums over the traces of one subject: what of them stays in memory, and its summaries.
//!
//! Place in the flow: [`super::exponents`] adds trace by trace; the outcome takes the summaries.

use super::outcome::{ExponentSummary, Fluctuation, Histogram, Spread, Utilisation};
use crate::analysis::dfa::{self, DfaPlan, Exponent};

/// The histograms' lower edge, bin width and number of bins: beta from -1 to 3.
const BINS: (f64, f64, usize) = (-1.0, 0.1, 40);

/// What traces are of: `hidden` when `trained`, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `input`, `f`, `i`, `o`, `candidate`, `cell` or `hidden`.
    pub quantity: &'static str,
    /// `trained`, `untrained`, `epoch 3`; or what drove the trained network instead of the text:
    /// `padding`, `random`, `shuffled`.
    pub condition: String,
}

/// The exponents of one subject and aggregation.
pub(super) struct Group {
    pub(super) subject: Subject,
    pub(super) aggregation: &'static str,
    betas: Vec<f64>,
    undefined: usize,
    /// Per size: sum of ln F and of its square over the defined traces; empty where there is no
    /// F(n).
    sums: Vec<(f64, f64)>,
}

impl Group {
    pub(super) fn new(subject: &Subject, aggregation: &'static str) -> Self {
        let (betas, sums) = (Vec::new(), Vec::new());
        Self { subject: subject.clone(), aggregation, betas, undefined: 0, sums }
    }

    /// Adds a trace with its fluctuations (none for an exponent that is not of a DFA).
    pub(super) fn add(&mut self, beta: Option<f64>, fluctuations: &[f64]) {
        let Some(beta) = beta else {
            self.undefined += 1;
            return;
        };
        self.betas.push(beta);
        self.sums.resize(fluctuations.len(), (0.0, 0.0));
        for (sum, fluctuation) in self.sums.iter_mut().zip(fluctuations) {
            let log = fluctuation.ln();
            *sum = (sum.0 + log, sum.1 + log * log);
        }
    }

    pub(super) fn summary(&self) -> ExponentSummary {
        let count = self.betas.len();
        let Spread { mean: beta_mean, sd: beta_sd } = Spread::of(&self.betas);
        let mut sorted = self.betas.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = |sorted: &[f64]| (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0;
        let of_dfa = !self.sums.is_empty();
        ExponentSummary {
            quantity: self.subject.quantity.to_owned(),
            condition: self.subject.condition.clone(),
            aggregation: self.aggregation.to_owned(),
            alpha_mean: beta_mean.filter(|_| of_dfa).map(|beta| (beta + 1.0) / 2.0),
            beta_mean,
            beta_sd,
            beta_median: (count > 0).then(|| median(&sorted)),
            traces: count,
            undefined: self.undefined,
        }
    }

    pub(super) fn histogram(&self) -> Option<Histogram> {
        let (low, width, bins) = BINS;
        let mut counts = vec![0; bins];
        for beta in &self.betas {
            let bin = ((beta - low) / width).floor().clamp(0.0, (bins - 1) as f64);
            counts[bin as usize] += 1;
        }
        (!self.betas.is_empty()).then(|| Histogram {
            quantity: self.subject.quantity.to_owned(),
            condition: self.subject.condition.clone(),
            aggregation: self.aggregation.to_owned(),
            low,
            width,
            counts,
        })
    }

    pub(super) fn fluctuation(&self, plan: &DfaPlan) -> Option<Fluctuation> {
        let count = self.betas.len() as f64;
        let means: Vec<f64> = self.sums.iter().map(|(sum, _)| sum / count).collect();
        let log_sd = self
            .sums
            .iter()
            .zip(&means)
            .map(|((_, squares), mean)| (squares / count - mean * mean).max(0.0).sqrt())
            .collect();
        let fluctuation: Vec<f64> = means.iter().map(|mean| mean.exp()).collect();
        (!self.sums.is_empty()).then(|| {
            let line = dfa::fit(plan, &fluctuation);
            Fluctuation {
                quantity: self.subject.quantity.to_owned(),
                condition: self.subject.condition.clone(),
                aggregation: self.aggregation.to_owned(),
                windows: plan.sizes().iter().map(|size| size.size).collect(),
                fluctuation,
                log_sd,
                alpha: line.alpha,
                intercept: line.intercept,
            }
        })
    }
}

/// How much the units of one subject move.
pub(super) struct Motion {
    pub(super) subject: Subject,
    sds: Vec<f64>,
    /// beta of the defined traces with a standard deviation of at least 0.01.
    betas_used: Vec<f64>,
}

impl Motion {
    pub(super) fn new(subject: &Subject) -> Self {
        Self { subject: subject.clone(), sds: Vec::new(), betas_used: Vec::new() }
    }

    pub(super) fn add(&mut self, sds: &[f64], exponents: &[Exponent]) {
        self.sds.extend(sds);
        let used = sds.iter().zip(exponents).filter(|(sd, _)| **sd >= 0.01);
        self.betas_used.extend(used.filter_map(|(_, exponent)| exponent.beta()));
    }

    pub(super) fn utilisation(&self) -> Utilisation {
        let share = |limit: f64| {
            self.sds.iter().filter(|&&sd| sd < limit).count() as f64 / self.sds.len() as f64
        };
        Utilisation {
            quantity: self.subject.quantity.to_owned(),
            condition: self.subject.condition.clone(),
            sd_mean: Spread::of(&self.sds).mean.unwrap_or(0.0),
            below_0_01: share(0.01),
            below_0_05: share(0.05),
            beta_mean_used: Spread::of(&self.betas_used).mean,
        }
    }
}

//! Controls: is what looks like 1/f noise 1/f noise?
//!
//! Place in the flow: traces and their fluctuations in, one [`Judgement`] per trace out, and a
//! [`Census`] of the set. [`Controls`] is made once for a plan and then judges any number of
//! traces: [`slopes`] looks at parts of the sizes, [`crossover`] tests two power laws against one,
//! [`memory`] short memory against a power law, [`super::surrogates`] stand beside the trace, and
//! [`verdict`] makes one word of it, with its reasons. The thresholds stand there.
//!
//! # How good it is
//! Percent of 300 traces per verdict, windows from 10 to a quarter of the trace, with intervals
//! (`tests/verdict.rs` prints and holds it). AR(1) by time constant; `+ white`: as much white
//! noise;
//! `a to b`: exponents at small and at large sizes:
//!
//! | samples | noise | white | short memory | 1/f | Brownian | crossover | power law |
//! |---|---|---|---|---|---|---|---|
//! | 4,096 | white | 99 | – | – | – | – | 1 |
//! | 4,096 | pink | – | 1 | 96 | – | 3 | – |
//! | 4,096 | pink, cut | – | – | 97 | – | 3 | – |
//! | 4,096 | pink, squashed | – | 1 | 94 | – | 5 | – |
//! | 4,096 | alpha 0.6 | 4 | 12 | – | – | – | 83 |
//! | 4,096 | alpha 0.9 | – | 1 | 98 | – | 2 | – |
//! | 4,096 | Brownian | – | – | – | 97 | 2 | – |
//! | 4,096 | AR(1) 5 | – | 100 | – | – | – | – |
//! | 4,096 | AR(1) 20 | – | 100 | – | – | – | – |
//! | 4,096 | AR(1) 50 | – | 100 | – | – | – | – |
//! | 4,096 | AR(1) 20 + white | – | 95 | 5 | – | – | – |
//! | 4,096 | pink + white | – | 3 | 55 | – | 41 | – |
//! | 4,096 | white + Brownian | – | 1 | – | – | 99 | – |
//! | 4,096 | 1.0 to 1.5 | – | – | 7 | – | 93 | – |
//! | 4,096 | 1.0 to 0.5 | – | 79 | 11 | – | 10 | – |
//! | 500 | white | 94 | 2 | – | – | – | 3 |
//! | 500 | pink | – | 15 | 82 | – | 3 | – |
//! | 500 | alpha 0.9 | – | 18 | 78 | – | 2 | 2 |
//! | 500 | Brownian | – | 2 | 1 | 94 | 3 | – |
//! | 500 | AR(1) 5 | – | 91 | 8 | – | 1 | – |
//! | 500 | AR(1) 10 | – | 92 | 7 | – | 1 | – |
//! | 500 | AR(1) 20 | – | 75 | 8 | 15 | 2 | – |
//! | 500 | AR(1) 50 | – | 14 | 5 | 77 | 4 | – |
//! | 500 | 0.5 to 1.5 | 1 | – | 4 | – | 78 | 17 |
//!
//! By [`Memory::score`] AR(1) of time constants 5, 10, 20 and 50 are told from 1/f noise (pink,
//! periodic or cut; self-similar of exponent 0.9, 1 and 1.1) with an area under the ROC curve of
//! 1.000 at 4,096 samples and 0.94, 0.94, 0.91 and 0.85 at 500. The crossover test has false alarms
//! in 1 to 6 percent of self-similar, pink and Brownian traces (at most 4 percent get the
//! verdict), and finds 0.5 to 1.5 in all and 0.75 to 1 in 40 percent of traces of 4,096
//! samples.
//!
//! # Limits
//! - 500 samples are few: every sixth trace of pink noise is called short memory, every twelfth
//!   AR(1) 1/f. Time constants beyond a twentieth of the trace are called Brownian. Look at the
//!   score.
//! - A fall of the exponent (1.5 to 0.5, and most of 1 to 0.5 or 1.5 to 1 that have only a decade
//!   on one side) is what an AR(1) in white noise has: it is called short memory.
//! - Several short memories with time constants spread over decades are 1/f noise over these (van
//!   der Ziel, Physica 16, 359, 1950): three a decade apart are called so.
//! - A strong sine or a trend makes crossovers (Hu et al., Phys. Rev. E 64, 011114, 2001): a sine
//!   as large as the noise is called crossover. Take lines out first.
//! - 1/f in white noise is called 1/f or crossover, by how much of either the windows see.
//! - Fractional Brownian motion read at points, not averaged over each sample, has too low an alpha
//!   where the true one is 1 to 1.3, and is often called crossover (of 1.05 at 5,000 samples two in
//!   three).
//! - Short memory is looked for in at most 262,144 samples, in the middle of a longer trace; the
//!   crossover test sees all.
//! - Everything is second-order: a squashed, cubed or binary version of a noise is judged as the
//!   noise (tested for tanh); what else is not Gaussian is not looked at but by the surrogates.
//!
//! # Cost
//! On two shared cores 0.5 s to make for 4,096 samples and 20 sizes, 0.1 s for 500, 0.7 s for
//! 65,536, 1.5 s for any longer trace; 0.5 ms per trace of 4,096 samples. 19 surrogates of each kind cost 9
//! ms per trace of 500 samples, nearly all of it the amplitude adjustment.
//!
//! # Example
//! ```
//! use noisescope::analysis::controls::{Controls, Settings, Verdict};
//! use noisescope::analysis::dfa::{self, DfaPlan, Path};
//! use noisescope::signal::{Traces, noise};
//!
//! let traces = Traces::new(noise::autoregressive(4096, 0.95, 1, 0), 4096)?;
//! let plan = DfaPlan::new(traces.steps(), &dfa::Settings::default())?;
//! let measured = Path::Cpu.measure(&traces, &plan)?;
//! let controls = Controls::new(&plan, &Settings::default(), 1)?;
//! let judged = controls.judge_all(&traces, &measured, None)?;
//! assert_eq!(judged[0].verdict, Verdict::ShortMemory);
//! println!("{}", judged[0].reasons.join("; "));
//! # Ok::<(), noisescope::error::Error>(())
//! ```

pub mod crossover;
pub mod memory;
pub mod slopes;
pub mod verdict;

pub use crossover::Crossover;
pub use memory::Memory;
pub use slopes::LocalSlope;
pub use verdict::Verdict;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::dfa::{self, Calibration, DfaPlan, Interval, Measured};
use super::surrogates::{Surrogate, Surrogates};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// The settings of the controls, as a settings file holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Surrogates of every kind per trace; none by default, 19 are enough for p = 0.1 (two-sided).
    pub surrogates: usize,
}

/// Everything about the controls that does not depend on the traces. `Send + Sync`.
#[derive(Clone)]
pub struct Controls {
    plan: DfaPlan,
    settings: Settings,
    seed: u64,
    null: crossover::Null,
    models: Option<memory::Models>,
    surrogates: Option<Surrogates>,
}

/// Samples of the longest trace whose whole spectrum is compared with the models; of a longer one
/// as many in its middle are.
pub const LONGEST_COMPARED: usize = 1 << 18;

/// The steepest exponent that is ranked among surrogates of random phases. These are periodic and a
/// steep trace is not: its periodogram holds the jump from its end to its beginning, and they spread
/// it over all of the trace. Of Brownian traces of 500 samples 44 percent would have `p ≤ 0.1`
/// (fractional Gaussian noise of 0.9: 15).
pub const STEEPEST: f64 = 1.0;

/// What is known of one trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// One word.
    pub verdict: Verdict,
    /// Short sentences, with numbers.
    pub reasons: Vec<String>,
    /// The exponent over parts of the sizes.
    pub local_slopes: Vec<LocalSlope>,
    /// The best pair of laws, where there is room for a knee.
    pub crossover: Option<Crossover>,
    /// Short memory against a power law.
    pub memory: Option<Memory>,
    /// The exponent among those of surrogates, one entry per kind; empty without surrogates.
    pub surrogates: Vec<Comparison>,
}

/// The exponent of a trace beside those of its surrogates of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What the surrogates keep.
    pub kind: Surrogate,
    /// Mean of their exponents.
    pub mean: f64,
    /// Standard deviation of their exponents; NaN for one surrogate.
    pub deviation: f64,
    /// Two-sided rank probability of the trace's own exponent among them: twice the smaller share
    /// `(1 + surrogates beyond) / (1 + surrogates)`, at most 1. None for surrogates of random phases
    /// where the trace's exponent is above [`STEEPEST`].
    pub p: Option<f64>,
}

impl Controls {
    /// Lays out the models and simulates the null of the crossover test. The same arguments give
    /// the same judgements.
    ///
    /// # Errors
    /// See [`crossover::Null::new`].
    pub fn new(plan: &DfaPlan, settings: &Settings, seed: u64) -> Result<Self> {
        let smallest = plan.sizes().first().map_or(1, |size| size.size);
        Ok(Self {
            plan: plan.clone(),
            settings: *settings,
            seed,
            null: crossover::Null::new(plan, seed)?,
            models: memory::Models::new(plan.steps().min(LONGEST_COMPARED), smallest),
            surrogates: (settings.surrogates > 0).then(|| Surrogates::new(plan.steps())),
        })
    }

    /// Judges every trace, on all cores. `measured` is what the plan's DFA found in them;
    /// with a `calibration` exponents are freed of bias and have intervals.
    ///
    /// # Errors
    /// The traces have another length than the plan.
    pub fn judge_all(
        &self,
        traces: &Traces,
        measured: &Measured,
        calibration: Option<&Calibration>,
    ) -> Result<Vec<Judgement>> {
        if traces.steps() != self.plan.steps() {
            return Err(Error::new(format!(
                "expected traces of {} samples, as the plan was made for, found {}",
                self.plan.steps(),
                traces.steps()
            ))
            .remedy("make the plan with the length of the traces"));
        }
        Ok((0..traces.rows())
            .into_par_iter()
            .map(|row| {
                let exponent = &measured.exponents[row];
                let interval = calibration.map(|found| found.interval(exponent.alpha));
                let fluctuations = measured.row(row);
                self.judge(row, traces.row(row), fluctuations, exponent, interval.as_ref())
            })
            .collect())
    }

    /// Judges one trace. `row` names its surrogates; `fluctuations` and `exponent` are the plan's.
    ///
    /// Panics where trace or fluctuations have another length than the plan's.
    pub fn judge(
        &self,
        row: usize,
        trace: &[f32],
        fluctuations: &[f64],
        exponent: &dfa::Exponent,
        interval: Option<&Interval>,
    ) -> Judgement {
        let defined = exponent.alpha().is_some();
        let crossover = if defined { self.null.test(fluctuations) } else { None };
        let models = self.models.as_ref().filter(|_| defined);
        let compared = &trace[trace.len().saturating_sub(LONGEST_COMPARED) / 2..];
        let compared = &compared[..compared.len().min(LONGEST_COMPARED)];
        let memory = models.and_then(|models| models.compare(compared));
        let case = verdict::Case {
            steps: compared.len(),
            exponent,
            interval,
            crossover: crossover.as_ref(),
            memory: memory.as_ref(),
        };
        let (verdict, mut reasons) = case.decide();
        let surrogates =
            exponent.alpha().map_or(Vec::new(), |alpha| self.compare(row, trace, alpha));
        reasons.extend(surrogates.iter().map(Comparison::sentence));
        let local_slopes =
            if defined { slopes::local_slopes(&self.plan, fluctuations) } else { Vec::new() };
        Judgement { verdict, reasons, local_slopes, crossover, memory, surrogates }
    }

    /// Measures the surrogates of one trace.
    fn compare(&self, row: usize, trace: &[f32], alpha: f64) -> Vec<Comparison> {
        let count = self.settings.surrogates;
        let Some(surrogates) = &self.surrogates else { return Vec::new() };
        let of_kind = |kind| {
            let index = |i: usize| ((row as u64) << 32) + i as u64;
            let draws = (0..count).map(|i| surrogates.draw(kind, trace, self.seed, index(i)));
            let samples = draws.collect::<Option<Vec<_>>>()?.concat();
            let traces = Traces::new(samples, trace.len()).ok()?;
            let fluctuations = dfa::fast::fluctuations(&traces, &self.plan);
            let rows = fluctuations.chunks_exact(self.plan.sizes().len());
            let alphas = rows.map(|row| dfa::fit(&self.plan, row).alpha).collect::<Vec<_>>();
            Comparison::new(kind, alpha, &alphas)
        };
        Surrogate::ALL.into_iter().filter_map(of_kind).collect()
    }
}

impl Comparison {
    /// None where no surrogate has an exponent.
    fn new(kind: Surrogate, alpha: f64, surrogates: &[f64]) -> Option<Self> {
        let surrogates: Vec<f64> = surrogates.iter().copied().filter(|a| a.is_finite()).collect();
        if surrogates.is_empty() {
            return None;
        }
        let count = surrogates.len() as f64;
        let mean = surrogates.iter().sum::<f64>() / count;
        let square = surrogates.iter().map(|a| (a - mean).powi(2)).sum::<f64>();
        let beyond = |is: &dyn Fn(&f64) -> bool| surrogates.iter().filter(|a| is(a)).count() as f64;
        let fewer = beyond(&|a| *a >= alpha).min(beyond(&|a| *a <= alpha));
        let of_phases = matches!(kind, Surrogate::PhaseRandomised | Surrogate::AmplitudeAdjusted);
        let p = (!of_phases || alpha <= STEEPEST)
            .then(|| (2.0 * (1.0 + fewer) / (1.0 + count)).min(1.0));
        Some(Self { kind, mean, deviation: (square / (count - 1.0)).sqrt(), p })
    }

    fn sentence(&self) -> String {
        let kind = match self.kind {
            Surrogate::Shuffled => "shuffled",
            Surrogate::PhaseRandomised => "phase-randomised",
            Surrogate::AmplitudeAdjusted => "amplitude-adjusted",
            Surrogate::Autoregressive => "AR(1)",
        };
        let spread = if self.deviation.is_nan() {
            String::new()
        } else {
            format!(" ± {:.2}", self.deviation)
        };
        let p = match self.p {
            Some(p) => format!("p = {p:.2}"),
            None => "periodic, which so steep a trace is not: no p".to_owned(),
        };
        format!("{kind} surrogates have alpha {:.2}{spread} ({p})", self.mean)
    }
}

/// How many traces of a set have which verdict, and how their surrogates compare.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Census {
    /// Traces per verdict, in the order of [`Verdict::ALL`].
    pub counts: Vec<(Verdict, usize)>,
    /// Median of [`Memory::score`] over the traces that have one; NaN without.
    pub score: f64,
    /// Per kind of surrogate the mean over traces of the surrogates' mean exponent, and the share
    /// with `p ≤ 0.1` of the traces that have a `p`; NaN where none has.
    pub surrogates: Vec<(Surrogate, f64, f64)>,
}

impl Census {
    /// Counts `judgements`.
    pub fn new(judgements: &[Judgement]) -> Self {
        let count = |verdict| judgements.iter().filter(|j| j.verdict == verdict).count();
        let mut scores: Vec<f64> =
            judgements.iter().filter_map(|j| j.memory.map(|m| m.score)).collect();
        scores.sort_by(f64::total_cmp);
        let middle = |at: usize| scores.get(at).copied().unwrap_or(f64::NAN);
        let last = scores.len().saturating_sub(1);
        let compared = |kind| {
            let found: Vec<&Comparison> =
                judgements.iter().flat_map(|j| &j.surrogates).filter(|c| c.kind == kind).collect();
            let rows = found.len() as f64;
            let mean = found.iter().map(|c| c.mean).sum::<f64>() / rows;
            let ranks: Vec<f64> = found.iter().filter_map(|c| c.p).collect();
            let outside = ranks.iter().filter(|p| **p <= 0.1).count() as f64;
            (rows > 0.0).then(|| (kind, mean, outside / ranks.len() as f64))
        };
        Self {
            counts: Verdict::ALL.map(|verdict| (verdict, count(verdict))).to_vec(),
            score: (middle(last / 2) + middle(last.div_ceil(2))) / 2.0,
            surrogates: Surrogate::ALL.into_iter().filter_map(compared).collect(),
        }
    }
}

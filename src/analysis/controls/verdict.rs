//! The verdict: one word for a trace, with its reasons.
//!
//! Place in the flow: the exponent, [`Crossover`] and [`Memory`] of one trace in, a [`Verdict`] and
//! sentences out. Every threshold stands here.
//!
//! # Rules, in order
//! 1. **undefined**: the DFA has no exponent ([`crate::analysis::dfa::Status`]), or the spectrum has
//!    too few bins for a comparison, or no power in them.
//! 2. **white**: the Bayesian criterion prefers white noise to a power law and to an AR(1).
//! 3. **crossover**: the evidence for two laws is above [`EVIDENCE`], their exponents differ by
//!    [`SMALLEST_CHANGE`] or more, and no AR(1) explains the trace.
//! 4. **short memory**: an AR(1), bare or in white noise, is the better model ([`Memory::score`]
//!    above [`SCORE`]) and its time constant is at most [`LONGEST_MEMORY`] of the trace. It
//!    *explains* the trace where also [`Memory::misfit`] is at most [`MISFIT`].
//! 5. A power law, by its exponent (without bias where an interval is given): **Brownian or
//!    steeper** from the end of [`ONE_OVER_F`] on; **1/f** within it, where the interval excludes
//!    0.5; else **power law**.
//!
//! Power law is not among the names that one usually lists. It is what is left: noise of exponent
//! 0.65 (weak persistence) or 0.3 (anticorrelation) is neither white nor 1/f, and to call it either
//! would be wrong. The reasons give the exponent.
//!
//! # Why these numbers
//! 1/f noise is usually `0.5 < beta < 1.5`, that is `0.75 < alpha < 1.25`: halfway to white and to
//! Brownian noise. A time constant of a twentieth of the trace is where a unit root can no longer
//! be rejected: `N·(1 - φ) < 20` is about the 1 % critical value of Dickey & Fuller (J. Am. Stat.
//! Assoc. 74, 427, 1979); a longer one looks Brownian. All differences of the Bayesian criterion
//! are read as Kass & Raftery do (J. Am. Stat. Assoc. 90, 773, 1995). The error rates of all of
//! them together stand in [`super`]. None of the numbers has the unit of the trace.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::crossover::Crossover;
use super::memory::{Memory, Model};
use crate::analysis::dfa::{self, Interval, Status};

/// Evidence (difference of the Bayesian criterion) above which two laws are taken for real.
pub const EVIDENCE: f64 = 2.0;

/// The least difference of the exponents of a crossover.
pub const SMALLEST_CHANGE: f64 = 0.2;

/// Score above which an AR(1) is taken for a better model than a power law.
pub const SCORE: f64 = 0.0;

/// Differences of the Bayesian criterion below this are "not worth more than a bare mention" (Kass
/// & Raftery 1995): the reasons say so.
pub const WEAK: f64 = 2.0;

/// The longest time constant that is short memory, in lengths of the trace.
pub const LONGEST_MEMORY: f64 = 1.0 / 20.0;

/// The misfit up to which an AR(1) explains a trace: beyond, the evidence against it is strong
/// (Kass & Raftery 1995).
pub const MISFIT: f64 = 6.0;

/// Exponents of 1/f noise.
pub const ONE_OVER_F: Range<f64> = 0.75..1.25;

/// What a trace is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Without memory on the scales looked at.
    White,
    /// A memory that is forgotten within the trace: as an AR(1) has it.
    ShortMemory,
    /// A power law of exponent 0.75 to 1.25.
    #[serde(rename = "1/f")]
    OneOverF,
    /// A power law of exponent 1.25 or more, or a memory longer than can be told.
    Brownian,
    /// Two power laws.
    Crossover,
    /// A power law that is none of the above: exponent below 0.75, not white.
    PowerLaw,
    /// Nothing can be said.
    #[default]
    Undefined,
}

impl Verdict {
    /// All verdicts, in the order of tables.
    pub const ALL: [Self; 7] = [
        Self::White,
        Self::ShortMemory,
        Self::OneOverF,
        Self::Brownian,
        Self::Crossover,
        Self::PowerLaw,
        Self::Undefined,
    ];

    /// The name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::ShortMemory => "short-memory",
            Self::OneOverF => "1/f",
            Self::Brownian => "brownian",
            Self::Crossover => "crossover",
            Self::PowerLaw => "power-law",
            Self::Undefined => "undefined",
        }
    }
}

/// All that a verdict is made from.
pub(super) struct Case<'a> {
    pub steps: usize,
    pub exponent: &'a dfa::Exponent,
    pub interval: Option<&'a Interval>,
    pub crossover: Option<&'a Crossover>,
    pub memory: Option<&'a Memory>,
}

impl Case<'_> {
    /// The verdict and a sentence for everything that led to it.
    pub fn decide(&self) -> (Verdict, Vec<String>) {
        if self.exponent.status != Status::Defined {
            let why = match self.exponent.status {
                Status::Constant => "all samples are equal",
                Status::NonFinite => "a sample is NaN or infinite",
                _ => "nothing happens inside the windows",
            };
            return (Verdict::Undefined, vec![format!("{why}: there is no exponent")]);
        }
        let Some(memory) = self.memory else {
            let why =
                "too few frequencies have power that the windows can hold: no spectrum to judge by";
            return (Verdict::Undefined, vec![why.into()]);
        };
        if memory.coloured <= 0.0 {
            return (Verdict::White, vec![self.white(memory), self.slope()]);
        }
        let decays = memory.score > SCORE && memory.autoregression.parameter <= self.longest();
        let explains = decays && memory.misfit <= MISFIT;
        let crossover = self.crossover.filter(|found| {
            found.evidence > EVIDENCE && (found.above - found.below).abs() >= SMALLEST_CHANGE
        });
        let mut reasons = vec![self.score(memory)];
        reasons.extend(self.crossover.map(described));
        let verdict = match crossover {
            Some(_) if !explains => Verdict::Crossover,
            _ if decays => Verdict::ShortMemory,
            _ => self.power_law(),
        };
        if crossover.is_some() && explains {
            reasons.push("the crossover is the one that an AR(1) has".into());
        } else if decays && !explains {
            reasons.push(format!(
                "an AR(1) leaves part of the spectrum unexplained (by {:.1} units of BIC)",
                memory.misfit
            ));
        }
        reasons.push(self.slope());
        (verdict, reasons)
    }

    /// The longest time constant that is short memory here, in samples.
    fn longest(&self) -> f64 {
        self.steps as f64 * LONGEST_MEMORY
    }

    fn alpha(&self) -> f64 {
        self.interval.map_or(self.exponent.alpha, |interval| interval.unbiased)
    }

    fn power_law(&self) -> Verdict {
        let alpha = self.alpha();
        let persistent = self.interval.is_none_or(|interval| interval.low > 0.5);
        if alpha >= ONE_OVER_F.end {
            Verdict::Brownian
        } else if ONE_OVER_F.contains(&alpha) && persistent {
            Verdict::OneOverF
        } else {
            Verdict::PowerLaw
        }
    }

    fn white(&self, memory: &Memory) -> String {
        format!(
            "white noise explains the spectrum as well as a power law or an AR(1) ({:.1} units of \
             BIC in its favour)",
            -memory.coloured
        )
    }

    fn score(&self, memory: &Memory) -> String {
        let (decay, law, score) = (memory.autoregression, memory.power_law, memory.score);
        let constant = decay.parameter;
        let name = format!("AR(1) with time constant {constant:.1}{}", beside(decay));
        if score > SCORE && constant > self.longest() {
            return format!(
                "the best {name} remembers more than a twentieth of the trace: not to be told from \
                 Brownian noise"
            );
        }
        let law = format!("a power law of exponent {:.2}{}", law.parameter, beside(law));
        if score.abs() < WEAK {
            return format!(
                "{name} and {law} explain the spectrum about equally well ({score:+.1} units of \
                 BIC for AR(1))"
            );
        }
        let better = if score > SCORE { "better" } else { "worse" };
        format!(
            "{name} explains the spectrum {better} than {law} by {:.1} units of BIC",
            score.abs()
        )
    }

    fn slope(&self) -> String {
        match self.interval {
            Some(interval) => format!(
                "alpha without its bias is {:.2}, between {:.2} and {:.2}",
                interval.unbiased, interval.low, interval.high
            ),
            None => format!("alpha is {:.2}", self.exponent.alpha),
        }
    }
}

fn beside(model: Model) -> &'static str {
    if model.white > 0.0 { " in white noise" } else { "" }
}

fn described(found: &Crossover) -> String {
    let (below, above, window) = (found.below, found.above, found.window);
    let slopes = format!("exponents {below:.2} below and {above:.2} above windows of {window:.0}");
    if found.evidence > EVIDENCE && (above - below).abs() < SMALLEST_CHANGE {
        format!("{slopes} samples differ too little for a crossover")
    } else if found.evidence > EVIDENCE {
        format!("{slopes} samples: better than one law by {:.1} units of BIC", found.evidence)
    } else {
        format!("one law will do: {:+.1} units of BIC for two", found.evidence)
    }
}

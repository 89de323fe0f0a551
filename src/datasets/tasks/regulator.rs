//! The regulator: one neuron that is to hold a level, with nothing to read.
//!
//! Place in the flow: one of the tasks behind [`task`](super::task).
//!
//! # The law
//! The network is a single unit h that is its own output ([`Form::Neuron`]); what can be learned is
//! its recurrent weight and its bias. Input: none, which is one input that is always 0. Target: the
//! level z* at every step, 1 by default. Weight: 0 in the first half, 1 in the last (of an odd
//! number of steps, the larger part), when the unit is stationary: with the default 200 steps, a
//! step of g = 0.1 and no recurrent weight, 3e-5 of the start is left when it begins to count. The
//! loss is then an estimate of E[(h − z*)²] in the stationary state.
//! All trials are the same, in training and test; they differ by the noise in the network alone.

use serde::{Deserialize, Serialize};

use super::{Form, Name, Purpose, Task, Trials, finite, within};
use crate::error::Result;

/// The `regulator` part of the tasks' settings.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Steps of a trial, 2 to 10,000.
    pub steps: usize,
    /// The level z* to be held.
    pub level: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { steps: 200, level: 1.0 }
    }
}

impl Settings {
    /// Checks the settings.
    ///
    /// # Errors
    /// `tasks.regulator.steps` is out of its range, or `tasks.regulator.level` is no number.
    pub fn check(&self) -> Result<()> {
        within("tasks.regulator.steps", self.steps, 2..=10_000, "the default is 200")?;
        finite("tasks.regulator.level", self.level, "the default is 1")
    }
}

/// The task; see the module for its law.
#[derive(Clone, Debug)]
pub struct Regulator {
    settings: Settings,
}

impl Regulator {
    /// The task of `settings`.
    ///
    /// # Errors
    /// A setting is out of its range.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self { settings: settings.clone() })
    }
}

impl Task for Regulator {
    fn name(&self) -> &'static str {
        Name::Regulator.name()
    }

    fn inputs(&self) -> usize {
        1
    }

    fn outputs(&self) -> usize {
        1
    }

    fn steps(&self) -> usize {
        self.settings.steps
    }

    fn form(&self) -> Form {
        Form::Neuron { level: self.settings.level }
    }

    fn trials(&self, _: Purpose, _: u64, _: u64, count: usize) -> Trials {
        let Settings { steps, level } = self.settings;
        Trials::made(count, steps, [1, 1], |_, into| {
            into.targets.fill(level);
            into.weights[steps / 2..].fill(1.0);
        })
    }
}

//! The feedforward network: the sine of the input without recurrence.
//!
//! Place in the flow: one of the tasks behind [`task`](super::task).
//!
//! # The law
//! As [`function`](super::function), for a network of hidden layers ([`Form::Layers`], 64 and 64
//! units by default) instead of a recurrent one. A trial has as many steps as there are layers;
//! the input u in [−1, 1] is held all the while, so that at step t layer t is the first to have
//! read it. Target: sin(πu) at every step. Weight: 1 at the last step, at which u has come through
//! all layers, 0 before. Training draws u uniformly, test trials lie on the even grid of
//! [`function`](super::function). A network that gives 0 has loss 1/2 in the mean.

use serde::{Deserialize, Serialize};

use super::{Form, Name, Purpose, Task, Trials, function, within};
use crate::error::Result;

/// The `feedforward` part of the tasks' settings.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Units of each hidden layer, first to last: 1 to 16 layers of 1 to 4,096 units.
    pub layers: Vec<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { layers: vec![64, 64] }
    }
}

impl Settings {
    /// Checks the settings.
    ///
    /// # Errors
    /// `tasks.feedforward.layers` has no layer, too many, or one of a size out of its range.
    pub fn check(&self) -> Result<()> {
        let place = "tasks.feedforward.layers";
        let remedy = "give the units of each hidden layer; the default is [64, 64]";
        within(&format!("{place} (how many)"), self.layers.len(), 1..=16, remedy)?;
        let mut units = self.layers.iter().enumerate();
        units.try_for_each(|(at, &units)| {
            within(&format!("{place}[{at}]"), units, 1..=4_096, remedy)
        })
    }
}

/// The task; see the module for its law.
#[derive(Clone, Debug)]
pub struct Feedforward {
    layers: Vec<usize>,
}

impl Feedforward {
    /// The task of `settings`.
    ///
    /// # Errors
    /// A setting is out of its range.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self { layers: settings.layers.clone() })
    }
}

impl Task for Feedforward {
    fn name(&self) -> &'static str {
        Name::Feedforward.name()
    }

    fn inputs(&self) -> usize {
        1
    }

    fn outputs(&self) -> usize {
        1
    }

    fn steps(&self) -> usize {
        self.layers.len()
    }

    fn form(&self) -> Form {
        Form::Layers(self.layers.clone())
    }

    fn trials(&self, purpose: Purpose, seed: u64, index: u64, count: usize) -> Trials {
        let inputs = function::inputs(Name::Feedforward, purpose, seed, index, count);
        let steps = self.steps();
        Trials::made(count, steps, [1, 1], |trial, into| {
            into.drive.fill(inputs[trial]);
            into.targets.fill(function::target(inputs[trial]));
            into.weights[steps - 1] = 1.0;
        })
    }
}

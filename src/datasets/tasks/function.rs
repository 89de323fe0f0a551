//! Function approximation: a constant input, and the sine of it as output.
//!
//! Place in the flow: one of the tasks behind [`task`](super::task).
//!
//! # The law
//! A trial has one number u in [−1, 1]. Input: u at every step. Target: [`target`]`(u)` = sin(πu) at
//! every step. Weight: 0 in the first half, 1 in the last (of an odd number of steps, the larger
//! part): the network has time to settle.
//! Training draws u uniformly. Test trials lie on an even grid, u_k = −1 + 2k / (count − 1), the
//! same in every batch, so that bias and variance can be had for each input; a single one is u = 0.
//! A network that gives 0 has loss 1/2 in the mean.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{Name, Purpose, Task, Trials, within};
use crate::error::Result;
use crate::signal::random;

/// The `function` part of the tasks' settings.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Steps of a trial, 2 to 10,000.
    pub steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { steps: 60 }
    }
}

impl Settings {
    /// Checks the settings.
    ///
    /// # Errors
    /// `tasks.function.steps` is out of its range.
    pub fn check(&self) -> Result<()> {
        within("tasks.function.steps", self.steps, 2..=10_000, "the default is 60")
    }
}

/// The task; see the module for its law.
#[derive(Clone, Debug)]
pub struct Function {
    steps: usize,
}

impl Function {
    /// The task of `settings`.
    ///
    /// # Errors
    /// A setting is out of its range.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self { steps: settings.steps })
    }
}

/// What the output should be where the input is `u`: sin(πu).
pub fn target(u: f32) -> f32 {
    // In f64, for π in f32 is off by 9e-8, and so would the sine of u = 1 be.
    (std::f64::consts::PI * f64::from(u)).sin() as f32
}

/// The inputs of a batch: `count` numbers in [−1, 1], by the law of the module, for the task `name`.
pub(super) fn inputs(
    name: Name,
    purpose: Purpose,
    seed: u64,
    index: u64,
    count: usize,
) -> Vec<f32> {
    match purpose {
        Purpose::Training => {
            let mut chance = random::stream(seed, &purpose.stream(name), index);
            (0..count).map(|_| chance.random_range(-1.0..=1.0)).collect()
        }
        Purpose::Test if count == 1 => vec![0.0],
        Purpose::Test => {
            let last = count.saturating_sub(1) as f64;
            (0..count).map(|k| (2.0 * k as f64 / last - 1.0) as f32).collect()
        }
    }
}

impl Task for Function {
    fn name(&self) -> &'static str {
        Name::Function.name()
    }

    fn inputs(&self) -> usize {
        1
    }

    fn outputs(&self) -> usize {
        1
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn trials(&self, purpose: Purpose, seed: u64, index: u64, count: usize) -> Trials {
        let inputs = inputs(Name::Function, purpose, seed, index, count);
        Trials::made(count, self.steps, [1, 1], |trial, into| {
            into.drive.fill(inputs[trial]);
            into.targets.fill(target(inputs[trial]));
            into.weights[self.steps / 2..].fill(1.0);
        })
    }
}

//! Path integration: velocities in, the position that they have led to out.
//!
//! Place in the flow: one of the tasks behind [`task`](super::task).
//!
//! # The law
//! Something moves in the open plane from the origin by a smooth random walk, in each of two
//! directions by itself. Its velocity is an Ornstein-Uhlenbeck process, stationary from the first
//! step: v_0 = ξ_0, v_t = ρ v_{t−1} + √(1 − ρ²) ξ_t with ρ = exp(−1 / `memory`) and ξ standard
//! normal. Inputs: v_t, two numbers of standard deviation 1. Targets: the position after the step,
//! p_t = p_{t−1} + `stride` · v_t from p_{−1} = 0, two numbers. Weight: 1 at every step.
//! With the defaults (100 steps, memory of 10 steps, stride 0.02) the last position has a standard
//! deviation of about 0.85 in each direction.
//!
//! # The score
//! The share of the targets' variance explained: 1 − Σ (z − y)² / Σ (y − ȳ)² over all trials, steps
//! and both directions, ȳ being each direction's mean. 1 is perfect, 0 is a constant guess.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::{Name, Purpose, Task, Trials, positive, within};
use crate::error::Result;
use crate::signal::random;

/// The `integration` part of the tasks' settings.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Steps of a trial, 2 to 10,000.
    pub steps: usize,
    /// Time constant of the velocity's memory, steps, above 0.
    pub memory: f64,
    /// Distance covered in a step at velocity 1, above 0.
    pub stride: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { steps: 100, memory: 10.0, stride: 0.02 }
    }
}

impl Settings {
    /// Checks the settings.
    ///
    /// # Errors
    /// A setting is out of its range; the error names it (`tasks.integration.steps`).
    pub fn check(&self) -> Result<()> {
        within("tasks.integration.steps", self.steps, 2..=10_000, "the default is 100")?;
        positive("tasks.integration.memory", self.memory, "the default is 10 steps")?;
        positive("tasks.integration.stride", self.stride, "the default is 0.02")
    }
}

/// The task; see the module for its law.
#[derive(Clone, Debug)]
pub struct Integration {
    settings: Settings,
}

impl Integration {
    /// The task of `settings`.
    ///
    /// # Errors
    /// A setting is out of its range.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self { settings: settings.clone() })
    }
}

impl Task for Integration {
    fn name(&self) -> &'static str {
        Name::Integration.name()
    }

    fn inputs(&self) -> usize {
        2
    }

    fn outputs(&self) -> usize {
        2
    }

    fn steps(&self) -> usize {
        self.settings.steps
    }

    fn trials(&self, purpose: Purpose, seed: u64, index: u64, count: usize) -> Trials {
        let mut chance = random::stream(seed, &purpose.stream(Name::Integration), index);
        let Settings { steps, memory, stride } = self.settings;
        Trials::made(count, steps, [2, 2], |_, into| {
            let mut walk = Walk::begin(memory, &mut chance);
            let mut position = [0.0; 2];
            let pairs = into.drive.chunks_exact_mut(2).zip(into.targets.chunks_exact_mut(2));
            for (drive, target) in pairs {
                for axis in 0..2 {
                    position[axis] += stride * walk.now[axis];
                    drive[axis] = walk.now[axis] as f32;
                    target[axis] = position[axis] as f32;
                }
                walk.step(&mut chance);
            }
            into.weights.fill(1.0);
        })
    }

    fn measure(&self) -> Option<&'static str> {
        Some("share of variance explained")
    }

    fn score(&self, trials: &Trials, outputs: &[f32]) -> Option<f64> {
        assert_eq!(outputs.len(), trials.targets.len(), "one output per target");
        let each = (trials.count * trials.steps) as f64;
        let along = |axis: usize| trials.targets.iter().skip(axis).step_by(2).copied();
        let means = [0, 1].map(|axis| along(axis).map(f64::from).sum::<f64>() / each);
        let square = |a: f64, b: f64| (a - b).powi(2);
        let (mut left, mut all) = (0.0, 0.0);
        for (at, (&z, &y)) in outputs.iter().zip(&trials.targets).enumerate() {
            left += square(f64::from(z), f64::from(y));
            all += square(f64::from(y), means[at % 2]);
        }
        Some(1.0 - left / all)
    }
}

/// An Ornstein-Uhlenbeck process in two directions: mean 0, standard deviation 1, stationary.
pub(super) struct Walk {
    /// The process now.
    pub now: [f64; 2],
    kept: f64,
}

impl Walk {
    /// A process with a memory of `memory` steps, drawn from its stationary law.
    pub fn begin(memory: f64, chance: &mut ChaCha8Rng) -> Self {
        let now = [0; 2].map(|_| StandardNormal.sample(chance));
        Self { now, kept: (-1.0 / memory).exp() }
    }

    /// One step on.
    pub fn step(&mut self, chance: &mut ChaCha8Rng) {
        let fresh = (1.0 - self.kept * self.kept).sqrt();
        for value in &mut self.now {
            let draw: f64 = StandardNormal.sample(chance);
            *value = self.kept * *value + fresh * draw;
        }
    }
}

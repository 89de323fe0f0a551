//! The multi-task suite: five short tasks of cognitive science, told apart by a rule input.
//!
//! Place in the flow: one of the tasks behind [`task`](super::task).
//!
//! In the manner of Yang, Joglekar, Song, Newsome & Wang, *Task representations in neural networks
//! trained to perform many cognitive tasks*, Nature Neuroscience 22, 297 (2019); all numbers are
//! this project's.
//!
//! # Inputs and outputs
//! Ten inputs: 0 fixation, 1 while the network is to wait; 1 and 2 the first modality, 3 and 4 the
//! second, each a stimulus at an angle θ with a strength s as (s cos θ, s sin θ), 0 without one; 5
//! to 9 the rule, 1 at the place of the trial's rule ([`Rule::ALL`]) at every step. Three outputs:
//! 0 fixation, 1 and 2 the response as (cos, sin) of a direction.
//!
//! # The course of a trial
//! With T steps, all divisions being whole: the **onset** is T/10 plus a draw from 0..=T/10, the
//! **go** is 6 (T/10) plus such a draw. Fixation is on before the go and off from it. Target before
//! the go: (1, 0, 0). From the go: (0, cos φ, sin φ) with the rule's direction φ, or (1, 0, 0) where
//! the rule says to hold still. Weight: 1 before the go, 0 for the T/8 steps from it, 2 after them.
//!
//! # The rules
//! Trial k of a batch has rule k mod 5. θ is uniform, the modality of a lone stimulus either with
//! chance 1/2, its strength 1.
//! - **go**: stimulus from the onset to the end; φ = θ.
//! - **anti**: the same stimulus; φ = θ + π.
//! - **delay**: stimulus for T/4 steps from the onset; φ = θ.
//! - **decision**: both modalities for T/4 steps from the onset, the second at θ + π/2 + πU with U
//!   uniform in [0, 1). Their strengths are 1 + d/2 + `noise` · ξ and 1 − d/2 + `noise` · ξ with a
//!   standard normal ξ of its own for each step and modality; |d| is 0.2, 0.4 or 0.8 and its sign
//!   either, with equal chances. φ is the angle of the modality whose strengths sum to more, as
//!   drawn: the stronger evidence wins, whatever d was.
//! - **match**: a sample for 3T/20 steps from the onset, a test in the same modality for the last
//!   3T/20 steps before the go, at the same angle or opposite (θ + π), with chance 1/2 each. Same:
//!   φ = θ; opposite: hold still.
//!
//! # The score
//! The share of trials that are right ([`right`]): the mean fixation output is above 1/2 before the
//! go; after the go, over the steps that count, it is above 1/2 where the network is to hold still,
//! and else below 1/2, with the mean response within 36° of the target's direction.

use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::{Name, Purpose, Task, Trial, Trials, not_negative, within};
use crate::error::Result;
use crate::signal::random;

/// Inputs before those of the rule: fixation and two modalities.
const BEFORE_RULE: usize = 5;
const INPUTS: usize = BEFORE_RULE + Rule::ALL.len();
const OUTPUTS: usize = 3;
/// Differences of mean strength between the two streams of evidence.
const DIFFERENCES: [f64; 3] = [0.2, 0.4, 0.8];
/// Weight of the steps of the response.
const RESPONSE: f32 = 2.0;
/// How far a response may be off, radians.
const TOLERANCE: f64 = PI / 5.0;

/// The `suite` part of the tasks' settings.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Steps of a trial, 20 to 10,000: fewer leave no steps for some part of a trial.
    pub steps: usize,
    /// Standard deviation of the strengths of evidence, at least 0.
    pub noise: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { steps: 60, noise: 0.3 }
    }
}

impl Settings {
    /// Checks the settings.
    ///
    /// # Errors
    /// A setting is out of its range; the error names it (`tasks.suite.steps`).
    pub fn check(&self) -> Result<()> {
        within("tasks.suite.steps", self.steps, 20..=10_000, "the default is 60")?;
        not_negative("tasks.suite.noise", self.noise, "the default is 0.3")
    }
}

/// What the network is asked to do in a trial; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Respond to the stimulus.
    Go,
    /// Respond away from it.
    Anti,
    /// Respond to it when it is gone.
    Delay,
    /// Respond to the stronger of two noisy ones.
    Decision,
    /// Respond if a second one is like the first.
    Match,
}

impl Rule {
    /// All of them, in the order of the rule inputs.
    pub const ALL: [Self; 5] = [Self::Go, Self::Anti, Self::Delay, Self::Decision, Self::Match];

    /// The rule of trial `index` of any batch.
    pub fn of(index: usize) -> Self {
        Self::ALL[index % Self::ALL.len()]
    }

    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Anti => "anti-go",
            Self::Delay => "delayed go",
            Self::Decision => "perceptual decision",
            Self::Match => "delayed match to sample",
        }
    }
}

/// The task; see the module for its law.
#[derive(Clone, Debug)]
pub struct Suite {
    settings: Settings,
}

impl Suite {
    /// The task of `settings`.
    ///
    /// # Errors
    /// A setting is out of its range.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self { settings: settings.clone() })
    }
}

impl Task for Suite {
    fn name(&self) -> &'static str {
        Name::Suite.name()
    }

    fn inputs(&self) -> usize {
        INPUTS
    }

    fn outputs(&self) -> usize {
        OUTPUTS
    }

    fn steps(&self) -> usize {
        self.settings.steps
    }

    fn trials(&self, purpose: Purpose, seed: u64, index: u64, count: usize) -> Trials {
        let mut chance = random::stream(seed, &purpose.stream(Name::Suite), index);
        let Settings { steps, noise } = self.settings;
        Trials::made(count, steps, [INPUTS, OUTPUTS], |trial, mut into| {
            let times = Times::draw(steps, &mut chance);
            let rule = Rule::of(trial);
            let direction = rule.stimuli(&times, noise, into.drive, &mut chance);
            times.judge(&mut into, direction);
            for drive in into.drive.chunks_exact_mut(INPUTS) {
                drive[BEFORE_RULE + trial % Rule::ALL.len()] = 1.0;
            }
        })
    }

    fn measure(&self) -> Option<&'static str> {
        Some("share of trials right")
    }

    fn score(&self, trials: &Trials, outputs: &[f32]) -> Option<f64> {
        let right = right(trials, outputs);
        Some(right.iter().filter(|right| **right).count() as f64 / right.len() as f64)
    }
}

/// When things happen in a trial, in steps.
struct Times {
    steps: usize,
    onset: usize,
    go: usize,
}

impl Times {
    fn draw(steps: usize, chance: &mut ChaCha8Rng) -> Self {
        let tenth = steps / 10;
        let onset = tenth + chance.random_range(0..=tenth);
        Self { steps, onset, go: 6 * tenth + chance.random_range(0..=tenth) }
    }

    /// Writes fixation, targets and weights of a trial with the response `direction`, or none.
    fn judge(&self, into: &mut Trial<'_>, direction: Option<f64>) {
        let response = direction.map_or([1.0, 0.0, 0.0], |angle| {
            let (sine, cosine) = angle.sin_cos();
            [0.0, cosine as f32, sine as f32]
        });
        for step in 0..self.steps {
            let before = step < self.go;
            into.drive[step * INPUTS] = if before { 1.0 } else { 0.0 };
            let target = if before { [1.0, 0.0, 0.0] } else { response };
            into.targets[step * OUTPUTS..][..OUTPUTS].copy_from_slice(&target);
            into.weights[step] = match step {
                _ if before => 1.0,
                _ if step < self.go + self.steps / 8 => 0.0,
                _ => RESPONSE,
            };
        }
    }
}

impl Rule {
    /// Puts the stimuli into `drive` and gives the direction to respond in; none is to hold still.
    fn stimuli(
        self,
        times: &Times,
        noise: f64,
        drive: &mut [f32],
        chance: &mut ChaCha8Rng,
    ) -> Option<f64> {
        let angle = chance.random_range(0.0..TAU);
        let modality = usize::from(chance.random_bool(0.5));
        let &Times { steps, onset, go } = times;
        let (long, short) = (onset..onset + steps / 4, 3 * steps / 20);
        match self {
            Self::Go | Self::Anti => {
                show(drive, modality, angle, onset..steps, || 1.0);
                Some(if self == Self::Go { angle } else { angle + PI })
            }
            Self::Delay => {
                show(drive, modality, angle, long, || 1.0);
                Some(angle)
            }
            Self::Decision => {
                let other = angle + FRAC_PI_2 + PI * chance.random::<f64>();
                let size = DIFFERENCES[chance.random_range(0..DIFFERENCES.len())] / 2.0;
                let half = if chance.random_bool(0.5) { size } else { -size };
                let mut strength = |mean: f64| {
                    let draw: f64 = StandardNormal.sample(chance);
                    mean + noise * draw
                };
                let first = show(drive, 0, angle, long.clone(), || strength(1.0 + half));
                let second = show(drive, 1, other, long, || strength(1.0 - half));
                Some(if first >= second { angle } else { other })
            }
            Self::Match => {
                let same = chance.random_bool(0.5);
                let tested = if same { angle } else { angle + PI };
                show(drive, modality, angle, onset..onset + short, || 1.0);
                show(drive, modality, tested, go - short..go, || 1.0);
                same.then_some(angle)
            }
        }
    }
}

/// Shows a stimulus at `angle` in `modality`, with a strength for each of the `steps`; gives the sum
/// of the strengths.
fn show(
    drive: &mut [f32],
    modality: usize,
    angle: f64,
    steps: Range<usize>,
    mut strength: impl FnMut() -> f64,
) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let mut sum = 0.0;
    for step in steps {
        let strength = strength();
        let at = step * INPUTS + 1 + 2 * modality;
        drive[at] = (strength * cosine) as f32;
        drive[at + 1] = (strength * sine) as f32;
        sum += strength;
    }
    sum
}

/// Which trials of the suite `outputs`, `count × steps × 3`, do right; see the module. Trial `k` has
/// the rule [`Rule::of`]`(k)`.
pub fn right(trials: &Trials, outputs: &[f32]) -> Vec<bool> {
    assert_eq!(outputs.len(), trials.targets.len(), "one output per target");
    let rows = |row: usize, of: usize| row * trials.steps * of..(row + 1) * trials.steps * of;
    let one = |row: usize| {
        let mean = |values: &[f32], fixation: bool| {
            let mut sums = [0.0; OUTPUTS];
            let mut steps = 0.0;
            for step in 0..trials.steps {
                let at = row * trials.steps + step;
                let waits = trials.drive[at * INPUTS] > 0.5;
                if waits == fixation && trials.weights[at] > 0.0 {
                    steps += 1.0;
                    let found = &values[step * OUTPUTS..][..OUTPUTS];
                    sums.iter_mut().zip(found).for_each(|(sum, &z)| *sum += f64::from(z));
                }
            }
            sums.map(|sum| sum / steps)
        };
        let outputs = &outputs[rows(row, OUTPUTS)];
        let waited = mean(outputs, true)[0] > 0.5;
        let [still, x, y] = mean(outputs, false);
        let [hold, cosine, sine] = mean(&trials.targets[rows(row, OUTPUTS)], false);
        let near = x * cosine + y * sine > TOLERANCE.cos() * x.hypot(y);
        waited && if hold > 0.5 { still > 0.5 } else { still < 0.5 && near }
    };
    (0..trials.count).map(one).collect()
}

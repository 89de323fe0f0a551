//! The tasks of the noise study: what a network is driven by, what its output should be, and when
//! that counts.
//!
//! Place in the flow: floor 2, beside the reviews. [`task`] gives the task of a [`Name`]; a
//! [`Task`] makes [`Trials`], which a network of the task's [`Form`] is trained and tested on. Each
//! task is one file that says its law in full.
//!
//! The tasks are those of Eckstein & Srinivasan, *Paradoxical noise preference in RNNs*, arXiv
//! 2601.04539, as far as they are public; every number in them is a default of this project.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub mod feedforward;
pub mod function;
pub mod integration;
pub mod maze;
pub mod regulator;
pub mod suite;

pub use maze::Maze;

/// The settings of all tasks, one part each: the `tasks` part of the study's settings.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Of [`Name::Function`].
    pub function: function::Settings,
    /// Of [`Name::Regulator`].
    pub regulator: regulator::Settings,
    /// Of [`Name::Maze`].
    pub maze: maze::Settings,
    /// Of [`Name::Integration`].
    pub integration: integration::Settings,
    /// Of [`Name::Suite`].
    pub suite: suite::Settings,
    /// Of [`Name::Feedforward`].
    pub feedforward: feedforward::Settings,
}

/// The task of `name`, as `settings` ask for it.
///
/// # Errors
/// A setting of this task is out of its range, or its maze has no way through; the error names the
/// setting (`tasks.maze.size`).
pub fn task(name: Name, settings: &Settings) -> Result<Box<dyn Task>> {
    Ok(match name {
        Name::Function => Box::new(function::Function::new(&settings.function)?),
        Name::Regulator => Box::new(regulator::Regulator::new(&settings.regulator)?),
        Name::Maze => Box::new(Maze::new(&settings.maze)?),
        Name::Integration => Box::new(integration::Integration::new(&settings.integration)?),
        Name::Suite => Box::new(suite::Suite::new(&settings.suite)?),
        Name::Feedforward => Box::new(feedforward::Feedforward::new(&settings.feedforward)?),
    })
}

/// Inputs, targets and weights of some trials of one task, as a network is fed.
///
/// Arrays are row-major; step `t` is judged after the network has read the drive of step `t`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trials {
    /// Number of trials.
    pub count: usize,
    /// Steps of each trial.
    pub steps: usize,
    /// Inputs per step.
    pub inputs: usize,
    /// Outputs per step.
    pub outputs: usize,
    /// What the network reads: `count × steps × inputs`.
    pub drive: Vec<f32>,
    /// What its outputs should be: `count × steps × outputs`.
    pub targets: Vec<f32>,
    /// How much each step counts, at least 0: `count × steps`.
    pub weights: Vec<f32>,
}

/// One trial of a batch, to be filled; all zeros at first.
struct Trial<'a> {
    /// `steps × inputs`.
    drive: &'a mut [f32],
    /// `steps × outputs`.
    targets: &'a mut [f32],
    /// `steps`.
    weights: &'a mut [f32],
}

impl Trials {
    /// `count` trials with `[inputs, outputs]` per step, each filled by `fill`, in order.
    fn made(
        count: usize,
        steps: usize,
        [inputs, outputs]: [usize; 2],
        mut fill: impl FnMut(usize, Trial<'_>),
    ) -> Self {
        let mut drive = vec![0.0; count * steps * inputs];
        let mut targets = vec![0.0; count * steps * outputs];
        let mut weights = vec![0.0; count * steps];
        let parts = drive
            .chunks_exact_mut(steps * inputs)
            .zip(targets.chunks_exact_mut(steps * outputs))
            .zip(weights.chunks_exact_mut(steps));
        for (index, ((drive, targets), weights)) in parts.enumerate() {
            fill(index, Trial { drive, targets, weights });
        }
        Self { count, steps, inputs, outputs, drive, targets, weights }
    }

    /// The weighted mean squared error of `outputs`, `count × steps × outputs`:
    /// `Σ w Σ_o (z − y)² / (O Σ w)` over trials and steps. What a network gives where the weight is
    /// 0 is not looked at. NaN where no step counts; panics where `outputs` has another length.
    pub fn loss(&self, outputs: &[f32]) -> f64 {
        assert_eq!(outputs.len(), self.targets.len(), "one output per target");
        let (mut sum, mut total) = (0.0, 0.0);
        let pairs = outputs.chunks_exact(self.outputs).zip(self.targets.chunks_exact(self.outputs));
        for ((found, wanted), &weight) in pairs.zip(&self.weights).filter(|(_, w)| **w > 0.0) {
            let squares =
                found.iter().zip(wanted).map(|(&z, &y)| (f64::from(z) - f64::from(y)).powi(2));
            sum += f64::from(weight) * squares.sum::<f64>();
            total += f64::from(weight);
        }
        sum / (self.outputs as f64 * total)
    }
}

/// What network a task is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A recurrent network of as many units as the study asks for.
    Recurrent,
    /// One unit that is its own output, `z = h`: the readout is fixed.
    Neuron {
        /// The state that it is to hold. Its bias is learned as what it hears there, `w h + b`:
        /// that moves the mean, w the fluctuations, nearly apart from each other.
        level: f32,
    },
    /// A feedforward network with these hidden layers, held for as many steps as there are layers
    /// and judged at the last.
    Layers(Vec<usize>),
}

/// What trials are for; their chance comes from different streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To learn from.
    Training,
    /// To be judged by.
    Test,
}

impl Purpose {
    /// As it stands in the names of streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Test => "test",
        }
    }

    /// The stream that trials of the task `name` come from.
    fn stream(self, name: Name) -> String {
        format!("task/{name}/{}", self.name())
    }
}

/// What a network is to do.
pub trait Task: Send + Sync {
    /// Its name, as typed: see [`Name::name`].
    fn name(&self) -> &'static str;

    /// Inputs per step, at least 1.
    fn inputs(&self) -> usize;

    /// Outputs per step, at least 1.
    fn outputs(&self) -> usize;

    /// Steps of every trial, at least 1.
    fn steps(&self) -> usize;

    /// The network that the task is for.
    fn form(&self) -> Form {
        Form::Recurrent
    }

    /// Batch `index` of `count` trials. All chance comes from the stream `task/NAME/PURPOSE` of
    /// `seed` and `index`, one trial after the other, so that trial `k` is the same in a batch of
    /// any count, but where the task says that its test trials lie on a grid.
    fn trials(&self, purpose: Purpose, seed: u64, index: u64, count: usize) -> Trials;

    /// What [`Task::score`] measures, where the task has a measure beside the loss; 1 is perfect.
    fn measure(&self) -> Option<&'static str> {
        None
    }

    /// The measure of `outputs`, `count × steps × outputs`, on `trials` of this task; none where
    /// the task has no measure.
    fn score(&self, trials: &Trials, outputs: &[f32]) -> Option<f64> {
        let _ = (trials, outputs);
        None
    }

    /// The maze, where the network's outputs can move what it senses; none for the other tasks.
    fn closed_loop(&self) -> Option<&Maze> {
        None
    }
}

/// The tasks by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// A sine of a constant input.
    Function,
    /// One neuron that holds a level.
    Regulator,
    /// The way through a maze.
    Maze,
    /// A position from velocities.
    Integration,
    /// Five short tasks, told apart by a rule.
    Suite,
    /// The sine without recurrence.
    Feedforward,
}

impl Name {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 6] = [
        Self::Function,
        Self::Regulator,
        Self::Maze,
        Self::Integration,
        Self::Suite,
        Self::Feedforward,
    ];

    /// As it is typed, and as it stands in the names of streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Regulator => "regulator",
            Self::Maze => "maze",
            Self::Integration => "integration",
            Self::Suite => "suite",
            Self::Feedforward => "feedforward",
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Demands a whole number in `range`.
fn within(place: &str, found: usize, range: RangeInclusive<usize>, remedy: &str) -> Result<()> {
    if range.contains(&found) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(Error::new(format!("expected {least} to {most}, found {found}")).at(place).remedy(remedy))
}

/// Demands a finite number above 0.
fn positive(place: &str, found: f64, remedy: &str) -> Result<()> {
    demand(found > 0.0 && found.is_finite(), "a number above 0", place, found, remedy)
}

/// Demands a finite number that is not below 0.
fn not_negative(place: &str, found: f64, remedy: &str) -> Result<()> {
    demand(found >= 0.0 && found.is_finite(), "0 or a number above it", place, found, remedy)
}

/// Demands a finite number.
fn finite(place: &str, found: f32, remedy: &str) -> Result<()> {
    demand(found.is_finite(), "a finite number", place, f64::from(found), remedy)
}

fn demand(holds: bool, expected: &str, place: &str, found: f64, remedy: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::new(format!("expected {expected}, found {found}")).at(place).remedy(remedy))
}

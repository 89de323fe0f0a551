//! Learning a task under noise.
//!
//! Place in the flow: floor 3, a lesson for the one training loop. Every update has fresh trials
//! and fresh noise, both functions of the seed and of the update's number alone. Backpropagation
//! runs through all steps of a trial.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::advance::Row;
use super::network::Ctrnn;
use super::operation::Sequence;
use super::weights::Dynamics;
use crate::datasets::tasks::{Form, Purpose, Task, Trials};
use crate::models::training::{self, Judged, Lesson, Score};
use crate::progress::Observer;
use crate::signal::philox::Philox;

/// A task learned at one noise level.
pub struct Learning<'a> {
    /// The task.
    pub task: &'a dyn Task,
    /// What the network is.
    pub dynamics: Dynamics,
    /// s, the noise that it is trained with.
    pub level: f32,
    /// How it is trained; an epoch is `updates` batches of fresh trials.
    pub settings: &'a training::Settings,
    /// Batches per epoch.
    pub updates: usize,
    /// The seed of trials and noise.
    pub seed: u64,
    /// Trials of the validation.
    pub validation: usize,
}

impl Learning<'_> {
    fn judge(&self, network: &Ctrnn, trials: Trials, noise: &str, index: u64) -> Judged {
        let Trials { count, steps, outputs, .. } = trials;
        let form = self.task.form();
        let number = |value: usize| u32::try_from(value).expect("fewer than 2^32 trials");
        let row = |row: usize| {
            let (drive, draw, level) = (number(row), number(row), self.level);
            match form {
                // Trials of a regulator are alike, so each realisation is followed by its mirror
                // image: the gradient's noise along the mean, a hundred times the signal that leads
                // from one good mean to a smaller variance, cancels where the neuron is linear.
                Form::Neuron { .. } if row % 2 == 1 => Row { drive, draw: draw / 2, level: -level },
                Form::Neuron { .. } => Row { drive, draw: draw / 2, level },
                _ => Row { drive, draw, level },
            }
        };
        let sequence = Sequence {
            dynamics: self.dynamics,
            rows: (0..count).map(row).collect(),
            drive: Arc::from(trials.drive),
            steps,
            noise: Philox::named(self.seed, noise),
            index: u32::try_from(index).expect("fewer than 2^32 updates"),
        };
        let found = network.forward(&form, sequence);
        let device = found.device();
        let shape = [count, steps, outputs];
        let targets = Tensor::<3>::from_data(TensorData::new(trials.targets, shape), &device);
        let total: f32 = trials.weights.iter().sum();
        let weights = TensorData::new(trials.weights, [count, steps, 1]);
        let weights = Tensor::<3>::from_data(weights, &device);
        let squares = (found - targets).powi_scalar(2) * weights;
        let loss = squares.sum() / (f64::from(total) * outputs as f64);
        let right = Tensor::zeros([1], &loss.clone().inner().device());
        Judged { loss, right, examples: count }
    }
}

impl Lesson for Learning<'_> {
    type Network = Ctrnn;

    const CLASSIFIES: bool = false;

    fn batches(&self) -> usize {
        self.updates
    }

    fn learn(&self, network: &Ctrnn, epoch: usize, batch: usize) -> Judged {
        let index = (epoch * self.updates + batch) as u64;
        let trials = self.task.trials(Purpose::Training, self.seed, index, self.settings.batch);
        self.judge(network, trials, "noise/training", index)
    }

    fn validate(&self, network: &Ctrnn, observer: &dyn Observer) -> Option<Score> {
        if observer.stopping() {
            return None;
        }
        let trials = self.task.trials(Purpose::Test, self.seed, 0, self.validation);
        let judged = self.judge(network, trials, "noise/validation", 0);
        let mut score = Score::default();
        score.add(judged.loss, judged.right, judged.examples);
        Some(score)
    }
}

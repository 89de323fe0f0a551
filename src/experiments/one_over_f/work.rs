//! What one run of the study has to do, everything checked.
//!
//! Place in the flow: task and settings in; [`super::study`] carries it out, [`super::teaching`] and
//! [`super::traces`] read it.

use std::time::Instant;

use super::settings::Settings;
use super::task::Task;
use crate::analysis::dfa::DfaPlan;
use crate::error::{Error, Result};
use crate::experiments::outcome::Words;
use crate::models::{checkpoint, device};

/// A task with its settings, everything checked.
pub(super) struct Work<T> {
    pub(super) settings: Settings,
    pub(super) plan: DfaPlan,
    pub(super) task: T,
    /// Validation examples that are long enough, in the order of validation.
    pub(super) eligible: Vec<usize>,
    pub(super) clock: Clock,
}

impl<T: Task> Work<T> {
    /// # Errors
    /// A setting is out of range, or the examples do not suffice.
    pub(super) fn new(settings: &Settings, task: T, clock: Clock) -> Result<Self> {
        let plan = settings.check()?;
        let long = |&example: &usize| task.length(example) >= settings.recording.steps;
        let eligible: Vec<usize> = task.validation().iter().copied().filter(long).collect();
        if eligible.is_empty() {
            let lengths = task.validation().iter().map(|&example| task.length(example));
            let Words { many, steps, held_out, .. } = T::WORDS;
            return Err(Error::new(format!(
                "expected {held_out} of at least {} {steps}, found none: the longest has {}",
                settings.recording.steps,
                lengths.max().unwrap_or(0)
            ))
            .at("recording.steps")
            .remedy(format!("record fewer {steps} (--record-steps), or give more {many}")));
        }
        if let Some(path) = &settings.weights {
            // Before anything is written: weights of another network are no run.
            let (weights, _) = checkpoint::read(path)?;
            checkpoint::with_parameters(task.fresh(settings, &device::cpu()), &weights)
                .map_err(|error| error.at(path.display()))?;
        }
        Ok(Self { settings: settings.clone(), plan, task, eligible, clock })
    }

    /// The examples to record.
    pub(super) fn chosen(&self) -> &[usize] {
        match self.settings.recording.reviews {
            0 => &self.eligible,
            most => &self.eligible[..self.eligible.len().min(most)],
        }
    }
}

/// Wall time of the parts.
pub(super) struct Clock {
    last: Instant,
    pub(super) laps: Vec<(String, f64)>,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    pub(super) fn lap(&mut self, part: &str) {
        self.laps.push((part.to_owned(), self.last.elapsed().as_secs_f64()));
        self.last = Instant::now();
    }
}

//! One run of the study, whatever its task.
//!
//! Place in the flow: task and settings in, the outcome out.

use std::time::Instant;

use super::settings::Settings;
use super::task::Task;
use super::traces::{self, Measures};
use super::{NAME, methods, teaching};
use crate::analysis::dfa::DfaPlan;
use crate::error::{Error, Result};
use crate::experiments::contrasts;
use crate::experiments::machine::{self, Machine};
use crate::experiments::outcome::{self, Outcome, Words};
use crate::experiments::run_folder::RunFolder;
use crate::progress::Observer;

/// A task with its settings, everything checked.
pub(super) struct Work<T> {
    pub(super) settings: Settings,
    pub(super) plan: DfaPlan,
    pub(super) task: T,
    /// Validation examples that are long enough, in the order of validation.
    eligible: Vec<usize>,
    clock: Clock,
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
        Ok(Self { settings: settings.clone(), plan, task, eligible, clock })
    }

    /// As [`Study::run`](super::Study::run).
    pub(super) fn run(
        mut self,
        machine: &Machine,
        folder: &RunFolder,
        resume: bool,
        observer: &mut dyn Observer,
    ) -> Result<Outcome> {
        let steps = self.settings.training.steps.max(self.settings.recording.steps);
        machine.check_loops(steps, self.settings.model.hidden)?;
        self.task.check(&self.settings, machine)?;
        let taught = teaching::teach(&self, machine, folder, resume, observer)?;
        self.clock.lap("training");
        if resume {
            // The part before the stop counts too.
            let seconds = taught.history.iter().map(|epoch| epoch.seconds).sum();
            self.clock.laps.last_mut().expect("a lap").1 = seconds;
        }
        let Measures { found, reviews, controls } =
            traces::measure(&self, machine, folder, &taught, observer)?;
        let settings = &self.settings;
        let contrasts = contrasts::of(&found.reviews, &reviews, T::WORDS.steps, settings.seed);
        self.clock.lap("recording and measuring");
        Ok(Outcome {
            experiment: NAME.to_owned(),
            seed: settings.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            libraries: machine::libraries(),
            device: machine.record.clone(),
            notes: found.notes.into_iter().collect(),
            corpus: self.task.corpus(),
            weights: settings.weights.as_ref().map(|path| path.display().to_string()),
            accuracy: outcome::Accuracy { validation: taught.accuracy },
            training: taught.history,
            recording: outcome::Recording {
                eligible: self.eligible.len(),
                reviews: reviews.len(),
                right: reviews.iter().filter(|review| review.right).count(),
                steps: settings.recording.steps,
                units: settings.model.hidden,
                components: self.task.components(settings),
            },
            exponents: found.exponents,
            histograms: found.histograms,
            fluctuations: found.fluctuations,
            utilisation: found.utilisation,
            contrasts,
            controls,
            methods: methods::sentences(settings, machine, &self.task.corpus()),
            settings: toml::to_string(settings).expect("settings are plain data"),
            seconds: self.clock.laps,
        })
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
    laps: Vec<(String, f64)>,
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

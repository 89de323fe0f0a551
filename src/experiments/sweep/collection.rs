//! The cells of a sweep as they stand, whatever their experiment found.
//!
//! Place in the flow: plain data between what is read of summaries and what the report shows.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use super::State;
use super::experiment::{Experiment, Settings};
use crate::error::Result;

/// The cells of a sweep, the done ones with what they found.
#[derive(Clone, Debug, Serialize)]
pub struct Collection<T> {
    /// What every cell runs.
    pub experiment: Experiment,
    /// The sweep's folder.
    pub folder: String,
    /// noisescope's version.
    pub version: String,
    /// Cells planned.
    pub planned: usize,
    /// The names that vary, the slowest first.
    pub vary: Vec<String>,
    /// One entry per done cell, in the order of the plan.
    pub done: Vec<Finding<T>>,
    /// One entry per other cell.
    pub missing: Vec<Missing>,
    /// What all cells share, as TOML.
    pub shared: String,
}

/// What one cell found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding<T> {
    /// Its folder below `cells`.
    pub cell: String,
    /// What varies, by dotted name.
    pub values: Table,
    /// The device that trained and measured.
    pub device: String,
    /// Wall time of all its parts.
    pub seconds: f64,
    /// What the experiment says.
    #[serde(flatten)]
    pub found: T,
}

/// What a done cell's summary is for.
pub trait Found: Sized {
    /// The summary.
    type Outcome: DeserializeOwned;

    /// What is taken of it.
    fn of(outcome: Self::Outcome) -> Self;

    /// The name of the device in a summary, and the wall time of each part, seconds.
    fn made(outcome: &Self::Outcome) -> (&str, &[(String, f64)]);

    /// Checks that it is what a run with `settings` finds.
    ///
    /// # Errors
    /// It is not.
    fn check(outcome: &Self::Outcome, settings: &Settings) -> Result<()>;
}

/// A cell of which there is nothing yet.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// Its folder below `cells`.
    pub cell: String,
    /// What varies, by dotted name.
    pub values: Table,
    /// How it stands.
    pub state: State,
}

impl<T> Collection<T> {
    /// Seconds that the cells not done are likely to take together, one after the other: each as
    /// long as the done cells that differ from it by the seed alone, or as all done cells where
    /// there is none of those. `None` where no cell is done.
    pub fn seconds_left(&self) -> Option<f64> {
        let without_seed = |values: &Table| {
            let mut values = values.clone();
            values.remove("seed");
            values.to_string()
        };
        let mut alike: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for finding in &self.done {
            alike.entry(without_seed(&finding.values)).or_default().push(finding.seconds);
        }
        let mean = |seconds: &[f64]| seconds.iter().sum::<f64>() / seconds.len() as f64;
        let all: Vec<f64> = self.done.iter().map(|finding| finding.seconds).collect();
        let likely = |missing: &Missing| {
            alike.get(&without_seed(&missing.values)).map_or_else(|| mean(&all), |like| mean(like))
        };
        (!all.is_empty()).then(|| self.missing.iter().map(likely).sum())
    }

    /// Cells that a worker has.
    pub fn running(&self) -> usize {
        self.missing.iter().filter(|cell| matches!(cell.state, State::Running(_))).count()
    }
}

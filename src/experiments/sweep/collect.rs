//! What the done cells found, as rows; and which cells are missing.
//!
//! Place in the flow: `cells/*/summary.json` in, a [`Collected`] out, which the report shows. It can
//! be made at any time, for a cell's summary is written whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use super::experiment::Experiment;
use super::findings::{Exponents, Preferences, Study, studies};
use super::plan::Cell;
use super::{State, Sweep};
use crate::error::{Error, Result};

/// What is there of a sweep, by its experiment.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Collected {
    /// Of `one-over-f`.
    OneOverF(Collection<Exponents>),
    /// Of `noise-preference`.
    NoisePreference {
        /// The cells.
        #[serde(flatten)]
        cells: Collection<Preferences>,
        /// The studies that they make.
        studies: Vec<Study>,
    },
}

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

impl Sweep {
    /// What the done cells found, and how the others stand. A summary that cannot be read counts
    /// as missing, with the reason.
    ///
    /// # Errors
    /// A lock or an error of a cell cannot be read, or networks cannot be put together.
    pub fn collect(&self) -> Result<Collected> {
        Ok(match self.plan.experiment {
            Experiment::OneOverF => Collected::OneOverF(self.collection()?),
            Experiment::NoisePreference => {
                let cells = self.collection()?;
                let studies = studies(&self.plan, &cells)?;
                Collected::NoisePreference { cells, studies }
            }
        })
    }

    fn collection<T: Found>(&self) -> Result<Collection<T>> {
        let plan = &self.plan;
        let (mut done, mut missing) = (Vec::new(), Vec::new());
        for (cell, state) in plan.cells.iter().zip(self.states()?) {
            let state = if state == State::Done {
                match finding(cell, &self.run_folder(cell).join("summary.json")) {
                    Ok(finding) => {
                        done.push(finding);
                        continue;
                    }
                    Err(error) => State::Failed(error.to_string()),
                }
            } else {
                state
            };
            let (cell, values) = (cell.hash.clone(), cell.values.clone());
            missing.push(Missing { cell, values, state });
        }
        Ok(Collection {
            experiment: plan.experiment,
            folder: self.folder.display().to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            planned: plan.cells.len(),
            vary: plan.vary.clone(),
            done,
            missing,
            shared: toml::to_string(&plan.shared).expect("a table is TOML"),
        })
    }
}

fn finding<T: Found>(cell: &Cell, path: &Path) -> Result<Finding<T>> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::file("read the cell's summary", path, cause))?;
    let outcome: T::Outcome = serde_json::from_str(&text).map_err(|cause| {
        Error::new("expected the summary of a run").at(path.display()).because(cause)
    })?;
    let (device, parts) = T::made(&outcome);
    Ok(Finding {
        cell: cell.hash.clone(),
        values: cell.values.clone(),
        device: device.to_owned(),
        seconds: parts.iter().map(|part| part.1).sum(),
        found: T::of(outcome),
    })
}

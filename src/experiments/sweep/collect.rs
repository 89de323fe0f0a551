//! What the done cells found, as rows; and which cells are missing.
//!
//! Place in the flow: `cells/*/summary.json` in, a [`Collection`] out, which the report shows. It
//! can be made at any time, for a cell's summary is written whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use toml::Table;

use super::plan::Cell;
use super::{State, Sweep};
use crate::error::{Error, Result};
use crate::experiments::outcome::{Control, ExponentSummary, Histogram, Outcome, Utilisation};

/// What is there of a sweep.
#[derive(Clone, Debug, Serialize)]
pub struct Collection {
    /// The sweep's folder.
    pub folder: String,
    /// noisescope's version.
    pub version: String,
    /// Cells planned.
    pub planned: usize,
    /// The names that vary, the slowest first.
    pub vary: Vec<String>,
    /// One entry per done cell, in the order of the plan.
    pub done: Vec<Finding>,
    /// One entry per other cell.
    pub missing: Vec<Missing>,
    /// What all cells share, as TOML.
    pub shared: String,
}

/// What one cell found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Its folder below `cells`.
    pub cell: String,
    /// What varies, by dotted name.
    pub values: Table,
    /// The device that trained and measured.
    pub device: String,
    /// True for the built-in synthetic reviews.
    pub synthetic: bool,
    /// Share of the validation reviews classified rightly, at the best epoch.
    pub accuracy: f64,
    /// Wall time of all its parts.
    pub seconds: f64,
    /// One entry per quantity, condition and aggregation.
    pub exponents: Vec<ExponentSummary>,
    /// One entry per quantity and condition.
    pub utilisation: Vec<Utilisation>,
    /// One entry per quantity and condition that was held against controls.
    pub controls: Vec<Control>,
    /// Spread of beta, as in the cell's own report.
    #[serde(skip)]
    pub histograms: Vec<Histogram>,
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

impl Finding {
    /// The exponents of one quantity, condition and aggregation.
    pub fn exponent(
        &self,
        quantity: &str,
        condition: &str,
        aggregation: &str,
    ) -> Option<&ExponentSummary> {
        self.exponents.iter().find(|entry| {
            entry.quantity == quantity
                && entry.condition == condition
                && entry.aggregation == aggregation
        })
    }

    /// What the controls say of the traces of one quantity and condition, if there are any.
    pub fn control(&self, quantity: &str, condition: &str) -> Option<&Control> {
        let of = |entry: &&Control| entry.quantity == quantity && entry.condition == condition;
        self.controls.iter().find(of).filter(|entry| entry.traces > 0)
    }

    /// How much the units of the trained network move in one quantity.
    pub fn movement(&self, quantity: &str) -> Option<&Utilisation> {
        let wanted = |entry: &&Utilisation| entry.quantity == quantity;
        self.utilisation.iter().filter(wanted).find(|entry| entry.condition == "trained")
    }
}

impl Collection {
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
    /// A lock or an error of a cell cannot be read.
    pub fn collect(&self) -> Result<Collection> {
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

fn finding(cell: &Cell, path: &Path) -> Result<Finding> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::file("read the cell's summary", path, cause))?;
    let outcome: Outcome = serde_json::from_str(&text).map_err(|cause| {
        Error::new("expected the summary of a run").at(path.display()).because(cause)
    })?;
    Ok(Finding {
        cell: cell.hash.clone(),
        values: cell.values.clone(),
        device: outcome.device.name,
        synthetic: outcome.corpus.synthetic,
        accuracy: outcome.accuracy.validation,
        seconds: outcome.seconds.iter().map(|part| part.1).sum(),
        exponents: outcome.exponents,
        utilisation: outcome.utilisation,
        controls: outcome.controls,
        histograms: outcome.histograms,
    })
}

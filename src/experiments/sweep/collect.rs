//! What the done cells found, as rows; and which cells are missing.
//!
//! Place in the flow: `cells/*/summary.json` in, a [`Collected`] out, which the report shows. It can
//! be made at any time, for a cell's summary is written whole or not at all.

use std::path::Path;

use serde::Serialize;

use super::collection::{Collection, Finding, Found, Missing};
use super::experiment::Experiment;
use super::findings::{Exponents, Preferences, Study, studies};
use super::plan::Cell;
use super::{State, Sweep, one_line};
use crate::error::{Error, Result};

/// What is there of a sweep, by its experiment.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Collected {
    /// Of `one-over-f`.
    OneOverF(Collection<Exponents>),
    /// Of `noise-preference`.
    NoisePreference(Collection<Preferences>),
}

impl Sweep {
    /// What the done cells found, and how the others stand. A summary that cannot be read, or is of
    /// other settings, counts as missing, with the reason.
    ///
    /// # Errors
    /// A lock or an error of a cell cannot be read.
    pub fn collect(&self) -> Result<Collected> {
        Ok(match self.plan.experiment {
            Experiment::OneOverF => Collected::OneOverF(self.collection()?),
            Experiment::NoisePreference => Collected::NoisePreference(self.collection()?),
        })
    }

    /// The studies that the done cells make; of `noise-preference` alone.
    ///
    /// # Errors
    /// Networks cannot be put together.
    pub fn studies(&self, collected: &Collected) -> Result<Vec<Study>> {
        match collected {
            Collected::OneOverF(_) => Ok(Vec::new()),
            Collected::NoisePreference(cells) => studies(&self.plan, cells),
        }
    }

    /// Whether the summary of a done cell is one.
    pub(super) fn check(&self, cell: &Cell) -> Result<()> {
        let path = self.run_folder(cell).join("summary.json");
        match self.plan.experiment {
            Experiment::OneOverF => finding::<Exponents>(cell, &path).map(drop),
            Experiment::NoisePreference => finding::<Preferences>(cell, &path).map(drop),
        }
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
                    Err(error) => State::Failed(one_line(&error)),
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
    let remedy = "remove that file, and noisescope sweep run does the cell again";
    let spoilt = |cause: Error| {
        let what = "expected the summary of the cell's run";
        Error::new(what).at(path.display()).because(cause).remedy(remedy)
    };
    let outcome: T::Outcome = serde_json::from_str(&text)
        .map_err(|cause| spoilt(Error::new("it cannot be read").because(cause)))?;
    T::check(&outcome, &cell.settings).map_err(spoilt)?;
    let (device, parts) = T::made(&outcome);
    Ok(Finding {
        cell: cell.hash.clone(),
        values: cell.values.clone(),
        device: device.to_owned(),
        seconds: parts.iter().map(|part| part.1).sum(),
        found: T::of(outcome),
    })
}

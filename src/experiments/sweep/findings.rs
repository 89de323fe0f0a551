//! What is taken of a done cell's summary, experiment by experiment, and the studies that cells of
//! `noise-preference` make.
//!
//! Place in the flow: summaries in, the parts that a sweep's report shows out.

use serde::Serialize;
use toml::Table;

use super::collection::{Collection, Found};
use super::experiment::Settings;
use super::plan::{Cell, Plan};
use crate::error::Result;
use crate::experiments::noise_preference::found as preference;
use crate::experiments::noise_preference::study;
use crate::experiments::noise_preference::together::{Run, Together, shared, together};
use crate::experiments::outcome::{Control, ExponentSummary, Histogram, Outcome, Utilisation};

/// What a cell of `one-over-f` found.
#[derive(Clone, Debug, Serialize)]
pub struct Exponents {
    /// True for the built-in synthetic reviews.
    pub synthetic: bool,
    /// Share of the validation reviews classified rightly, at the best epoch.
    pub accuracy: f64,
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

impl Found for Exponents {
    type Outcome = Outcome;

    fn of(outcome: Outcome) -> Self {
        Self {
            synthetic: outcome.corpus.synthetic,
            accuracy: outcome.accuracy.validation,
            exponents: outcome.exponents,
            utilisation: outcome.utilisation,
            controls: outcome.controls,
            histograms: outcome.histograms,
        }
    }

    fn made(outcome: &Outcome) -> (&str, &[(String, f64)]) {
        (&outcome.device.name, &outcome.seconds)
    }

    fn check(outcome: &Outcome, settings: &Settings) -> Result<()> {
        settings.check_same(&outcome.experiment, &outcome.settings)
    }
}

impl Exponents {
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

/// What a cell of `noise-preference` found.
#[derive(Clone, Debug, Serialize)]
pub struct Preferences {
    /// Its networks by task, site and training noise.
    pub groups: Vec<preference::Group>,
    /// All of it, as the cell's own `summary.json` has it.
    #[serde(skip)]
    pub outcome: preference::Outcome,
}

impl Found for Preferences {
    type Outcome = preference::Outcome;

    fn of(outcome: preference::Outcome) -> Self {
        Self { groups: outcome.groups.clone(), outcome }
    }

    fn made(outcome: &preference::Outcome) -> (&str, &[(String, f64)]) {
        (&outcome.device.name, &outcome.seconds)
    }

    fn check(outcome: &preference::Outcome, settings: &Settings) -> Result<()> {
        settings.check_same(&outcome.experiment, &outcome.settings)?;
        let Settings::NoisePreference(settings) = settings else { return Ok(()) };
        study::Study::new(settings)?.check_outcome(outcome)
    }
}

/// The done cells that differ in tasks, sites, training noise and seeds alone: one study, as one run
/// over all of them would be.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// Its folder below `studies`: the fingerprint of what its cells share.
    pub hash: String,
    /// What else varies, by dotted name.
    pub values: Table,
    /// Its done cells.
    pub cells: Vec<String>,
    /// Its networks by task, site and training noise, with intervals over networks.
    pub groups: Vec<preference::Group>,
    /// Networks trained without noise that are tested in units of another training noise than the
    /// study's smallest, and are left out.
    pub left_out: usize,
    /// Of `cells`, the one that each of its networks is of.
    #[serde(skip)]
    pub sources: Vec<usize>,
    /// All of it, as the `summary.json` of such a run.
    #[serde(skip)]
    pub outcome: preference::Outcome,
}

impl Study {
    /// The settings that a study is over, by dotted name.
    pub const OVER: [&str; 6] =
        ["learn", "noise.sites", "noise.levels", "noise.networks", "seed", "device"];

    /// Whether `network`, of the cell `cell`, is one of its networks.
    pub fn counts(&self, cell: &str, network: &preference::Network) -> bool {
        let mut networks = self.outcome.networks.iter().zip(&self.sources);
        networks.any(|(one, source)| self.cells[*source] == cell && one.kind() == network.kind())
    }
}

/// The studies of the done cells, in the order of the plan.
pub(super) fn studies(plan: &Plan, cells: &Collection<Preferences>) -> Result<Vec<Study>> {
    let mut found: Vec<(String, &Cell, Vec<Run<'_>>, Vec<String>)> = Vec::new();
    for done in &cells.done {
        let Some(cell) = plan.cells.iter().find(|cell| cell.hash == done.cell) else { continue };
        let Settings::NoisePreference(settings) = &cell.settings else { continue };
        let hash = Settings::from(shared(settings)).hash();
        let run = Run { settings: settings.as_ref(), outcome: &done.found.outcome };
        match found.iter_mut().find(|study| study.0 == hash) {
            Some((_, _, runs, names)) => {
                runs.push(run);
                names.push(cell.hash.clone());
            }
            None => found.push((hash, cell, vec![run], vec![cell.hash.clone()])),
        }
    }
    let study = |(hash, cell, runs, cells): (String, &Cell, Vec<Run<'_>>, Vec<String>)| {
        let Together { outcome, sources, left_out } = together(&runs)?;
        let mut values = cell.values.clone();
        Study::OVER.iter().for_each(|name| drop(values.remove(*name)));
        let groups = outcome.groups.clone();
        Ok(Study { hash, values, cells, groups, left_out, sources, outcome })
    };
    found.into_iter().map(study).collect()
}

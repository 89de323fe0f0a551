//! What a sweep may be of: the experiments, their settings, a cell's run, what it found.
//!
//! Place in the flow: under plan and workers, which know no experiment by name.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Table;

use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::run_folder::RunFolder;
use crate::experiments::table::of_text;
use crate::experiments::{noise_preference, one_over_f, outcome};
use crate::gpu::device::Choice;
use crate::progress::Observer;
use crate::signal::random::fingerprint;

/// An experiment that runs in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Experiment {
    /// 1/f noise in an LSTM.
    #[default]
    OneOverF,
    /// Noise preference of recurrent networks.
    NoisePreference,
}

impl Experiment {
    /// As the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneOverF => one_over_f::NAME,
            Self::NoisePreference => noise_preference::study::NAME,
        }
    }
}

impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The settings of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Settings {
    /// Of `one-over-f`.
    OneOverF(Box<one_over_f::Settings>),
    /// Of `noise-preference`.
    NoisePreference(Box<noise_preference::settings::Settings>),
}

/// What a run found.
pub enum Outcome {
    /// Of `one-over-f`.
    OneOverF(Box<outcome::Outcome>),
    /// Of `noise-preference`.
    NoisePreference(Box<noise_preference::found::Outcome>),
}

impl From<one_over_f::Settings> for Settings {
    fn from(settings: one_over_f::Settings) -> Self {
        Self::OneOverF(Box::new(settings))
    }
}

impl From<noise_preference::settings::Settings> for Settings {
    fn from(settings: noise_preference::settings::Settings) -> Self {
        Self::NoisePreference(Box::new(settings))
    }
}

impl Settings {
    /// The settings of `experiment` in a table, by the names of `settings.toml`.
    ///
    /// # Errors
    /// A name is unknown, or a value of another kind.
    pub fn of_table(experiment: Experiment, table: &Table) -> Result<Self> {
        let text = toml::to_string(table).expect("a table is TOML");
        Ok(match experiment {
            Experiment::OneOverF => of_text::<one_over_f::Settings>(&text)?.into(),
            Experiment::NoisePreference => {
                of_text::<noise_preference::settings::Settings>(&text)?.into()
            }
        })
    }

    /// Checks that `written`, settings of a run of `experiment` in TOML, are these.
    ///
    /// # Errors
    /// They are others, or none.
    pub fn check_same(&self, experiment: &str, written: &str) -> Result<()> {
        let table = written.parse().map_err(|cause| {
            Error::new("expected the settings of a run in TOML, found others").because(cause)
        })?;
        let same = experiment == self.experiment().name();
        if same && Self::of_table(self.experiment(), &table)? == *self {
            return Ok(());
        }
        Err(Error::new("expected what a run with the cell's settings found, found another run's"))
    }

    /// Whose they are.
    pub fn experiment(&self) -> Experiment {
        match self {
            Self::OneOverF(_) => Experiment::OneOverF,
            Self::NoisePreference(_) => Experiment::NoisePreference,
        }
    }

    /// `settings.toml`.
    pub fn text(&self) -> String {
        let text = match self {
            Self::OneOverF(settings) => toml::to_string(settings),
            Self::NoisePreference(settings) => toml::to_string(settings),
        };
        text.expect("settings are plain data")
    }

    /// The fingerprint of `settings.toml`, 16 hexadecimal digits.
    pub fn hash(&self) -> String {
        format!("{:016x}", fingerprint(self.text().bytes().map(u64::from)))
    }

    /// `settings.toml` as a table.
    pub fn table(&self) -> Table {
        self.text().parse().expect("settings are a table")
    }

    /// Where it is computed.
    pub fn device(&self) -> Choice {
        match self {
            Self::OneOverF(settings) => settings.device,
            Self::NoisePreference(settings) => settings.device,
        }
    }

    /// Checks all that can be checked before any file is read.
    ///
    /// # Errors
    /// A setting is out of range; the error names it.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::OneOverF(settings) => settings.check().map(drop),
            Self::NoisePreference(settings) => {
                noise_preference::study::Study::new(settings).map(drop)
            }
        }
    }

    /// The same with absolute paths.
    ///
    /// # Errors
    /// The folder of the program is not known.
    pub fn with_absolute_paths(self) -> Result<Self> {
        match self {
            Self::OneOverF(settings) => Ok(settings.with_absolute_paths()?.into()),
            other => Ok(other),
        }
    }

    /// The same, if its paths are absolute: a relative one would name another cell from another
    /// folder.
    ///
    /// # Errors
    /// A path is relative.
    pub fn absolute_only(self) -> Result<Self> {
        let paths: Vec<(&str, &Option<PathBuf>)> = match &self {
            Self::OneOverF(settings) => {
                vec![("corpus.data", &settings.corpus.data), ("weights", &settings.weights)]
            }
            Self::NoisePreference(_) => Vec::new(),
        };
        let relative = |(name, path): (&'static str, &Option<PathBuf>)| {
            let path: &Path = path.as_deref()?;
            (!path.is_absolute()).then(|| (name, path.display().to_string()))
        };
        match paths.into_iter().find_map(relative) {
            None => Ok(self),
            Some((name, path)) => {
                Err(Error::new(format!("expected an absolute path, found {path}"))
                    .at(name)
                    .remedy("write the whole path, from the root"))
            }
        }
    }

    /// Does the run in the folder that `begin` gives once nothing is known to be in the way, with
    /// whether a run was begun in it.
    ///
    /// # Errors
    /// As the experiment's own run.
    pub fn run(
        &self,
        machine: &Machine,
        begin: impl FnOnce() -> Result<(RunFolder, bool)>,
        observer: &mut dyn Observer,
    ) -> Result<(Outcome, RunFolder)> {
        match self {
            Self::OneOverF(settings) => {
                let study = one_over_f::Study::load(settings, observer)?;
                let (folder, begun) = begin()?;
                let outcome = study.run(machine, &folder, begun, observer)?;
                Ok((Outcome::OneOverF(Box::new(outcome)), folder))
            }
            Self::NoisePreference(settings) => {
                let study = noise_preference::study::Study::new(settings)?;
                study.check(machine)?;
                let (folder, _) = begin()?;
                let outcome = study.run(machine, &folder, observer)?;
                Ok((Outcome::NoisePreference(Box::new(outcome)), folder))
            }
        }
    }
}

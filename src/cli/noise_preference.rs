//! `noisescope run noise-preference`: what the user typed, into the study of noise preference.

use std::path::Path;

use clap::Args;

use super::progress::Terminal;
use super::run::{self, Folder, Run};
use super::settings::one;
use crate::error::Result;
use crate::experiments::machine::Machine;
use crate::experiments::noise_preference::settings::Settings;
use crate::experiments::noise_preference::study::{NAME, Study};
use crate::progress::Observer;
use crate::report;

#[derive(Args, Debug)]
#[command(mut_arg("out", run::out(NAME)))]
pub struct NoisePreference {
    #[command(flatten)]
    pub wishes: Wishes,
    #[command(flatten)]
    pub folder: Folder,
}

/// What is wished of the settings.
#[derive(Args, Debug)]
#[command(mut_arg("set", run::set("tasks.function.steps=100")))]
pub struct Wishes {
    #[command(flatten)]
    pub run: Run,

    /// Tasks: function, regulator, maze, integration, suite, feedforward (learn)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Networks")]
    pub tasks: Option<Vec<String>>,
    /// `relu`, `softplus` or `tanh` (model.nonlinearity)
    #[arg(long, value_name = "NAME", help_heading = "Networks")]
    pub nonlinearity: Option<String>,
    /// g = dt/tau, above 0, at most 1 (model.rate)
    #[arg(long, value_name = "G", help_heading = "Networks")]
    pub rate: Option<f64>,
    /// Units of a recurrent network (model.units)
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub units: Option<i64>,
    /// Networks of each kind (noise.networks)
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub networks: Option<i64>,
    /// Epochs of training (training.epochs), each of `updates` batches
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub epochs: Option<i64>,

    /// Where the noise is added: inside, outside (noise.sites)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Noise")]
    pub sites: Option<Vec<String>>,
    /// Noise of the training, a kind of network each (noise.levels)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Noise")]
    pub levels: Option<Vec<f64>>,
    /// Noise of the test, as multiples of the training noise (test.grid)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Noise")]
    pub grid: Option<Vec<f64>>,
    /// Realisations of the noise per test trial and level (test.realisations)
    #[arg(long, value_name = "N", help_heading = "Noise")]
    pub realisations: Option<i64>,
}

/// Trains, tests, explains, reports.
pub fn noise_preference(options: &NoisePreference) -> Result<()> {
    let mut terminal = Terminal::new()?;
    let settings = options.wishes.settings(options.folder.resume.as_deref())?;
    let study = Study::new(&settings)?;
    let machine = Machine::open(settings.device)?;
    terminal.note(&machine.reason);
    study.check(&machine)?;
    let folder = options.folder.open(NAME, &settings)?;
    terminal.note(&format!("run folder: {}", folder.path().display()));
    let outcome = study.run(&machine, &folder, &mut terminal)?;
    run::publish(&report::noise_preference::html(&outcome)?, &outcome, folder.path())?;
    run::shown(&report::noise_preference::text(&outcome), &folder);
    Ok(())
}

impl Wishes {
    /// Defaults, file and flags; of the stopped run in `resume` its own settings.
    ///
    /// # Errors
    /// As [`Run::settings`].
    pub fn settings(&self, resume: Option<&Path>) -> Result<Settings> {
        let own = [
            one("learn", self.tasks.as_ref()),
            one("model.nonlinearity", self.nonlinearity.as_ref()),
            one("model.rate", self.rate.as_ref()),
            one("model.units", self.units.as_ref()),
            one("noise.networks", self.networks.as_ref()),
            one("training.epochs", self.epochs.as_ref()),
            one("noise.sites", self.sites.as_ref()),
            one("noise.levels", self.levels.as_ref()),
            one("test.grid", self.grid.as_ref()),
            one("test.realisations", self.realisations.as_ref()),
        ];
        self.run.settings(resume, own)
    }
}

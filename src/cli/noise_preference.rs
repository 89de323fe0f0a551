//! `noisescope run noise-preference`: what the user typed, into the study of noise preference.

use clap::Args;

use super::progress::Terminal;
use super::run::{self, Run};
use super::settings::one;
use super::show;
use crate::error::Result;
use crate::experiments::machine::Machine;
use crate::experiments::noise_preference::settings::Settings;
use crate::experiments::noise_preference::study::{NAME, Study};
use crate::files::write_whole;
use crate::progress::Observer;
use crate::report;

#[derive(Args, Debug)]
#[command(mut_arg("out", run::out(NAME)), mut_arg("set", run::set("tasks.function.steps=100")))]
pub struct NoisePreference {
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
    #[arg(allow_negative_numbers = true)]
    pub levels: Option<Vec<f64>>,
    /// Noise of the test, as multiples of the training noise (test.grid)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Noise")]
    #[arg(allow_negative_numbers = true)]
    pub grid: Option<Vec<f64>>,
    /// Realisations of the noise per test trial and level (test.realisations)
    #[arg(long, value_name = "N", help_heading = "Noise")]
    pub realisations: Option<i64>,
}

/// Trains, tests, explains, reports.
pub fn noise_preference(options: &NoisePreference) -> Result<()> {
    let mut terminal = Terminal::new()?;
    let settings = wished(options)?;
    let study = Study::new(&settings)?;
    let machine = Machine::open(settings.device)?;
    terminal.note(&machine.reason);
    study.check(&machine)?;
    let folder = options.run.folder.open(NAME, &settings)?;
    terminal.note(&format!("run folder: {}", folder.path().display()));
    let outcome = study.run(&machine, &folder, &mut terminal)?;
    let page = report::noise_preference::html(&outcome)?;
    write_whole(&folder.file("report.html"), page.as_bytes())?;
    // Last: a folder with a summary is a finished run.
    let summary = report::json(&outcome)?;
    write_whole(&folder.file("summary.json"), summary.as_bytes())?;
    show(&format!("\n{}", report::noise_preference::text(&outcome)));
    show(&folder.file("report.html").display().to_string());
    show(&folder.file("summary.json").display().to_string());
    Ok(())
}

/// Defaults, file and flags; of a stopped run its own settings.
fn wished(options: &NoisePreference) -> Result<Settings> {
    options.run.settings([
        one("learn", options.tasks.as_ref()),
        one("model.nonlinearity", options.nonlinearity.as_ref()),
        one("model.rate", options.rate.as_ref()),
        one("model.units", options.units.as_ref()),
        one("noise.networks", options.networks.as_ref()),
        one("training.epochs", options.epochs.as_ref()),
        one("noise.sites", options.sites.as_ref()),
        one("noise.levels", options.levels.as_ref()),
        one("test.grid", options.grid.as_ref()),
        one("test.realisations", options.realisations.as_ref()),
    ])
}

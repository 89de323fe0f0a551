//! The flags that runs share: which settings, which folder, which device, which seed.
//!
//! Place in the flow: flattened into the arguments of each experiment, which puts its own name into
//! the help by [`out`] and its own example by [`set`].

use std::path::{Path, PathBuf};

use clap::{Arg, Args};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Value;

use super::{settings, show};
use crate::error::Result;
use crate::experiments::run_folder::RunFolder;
use crate::files::write_whole;
use crate::report;

/// Where a run goes, or goes on.
#[derive(Args, Debug)]
pub struct Folder {
    /// Output folder
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub out: Option<PathBuf>,
    /// Overwrite an earlier run in the output folder
    #[arg(long, requires = "out", help_heading = "Run")]
    pub force: bool,
    /// Go on with the stopped run in this folder
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    #[arg(conflicts_with_all = ["out", "settings"])]
    pub resume: Option<PathBuf>,
}

/// What every run of networks takes; the experiment adds its own flags.
#[derive(Args, Debug)]
pub struct Run {
    /// TOML file of settings, such as the settings.toml of an earlier run
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Any setting by its name in settings.toml
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// `auto` (a hardware GPU, else the CPU), `gpu` (also a software one) or `cpu`
    #[arg(long, value_name = "WHICH", help_heading = "Run")]
    pub device: Option<String>,
    /// Seed of the first network; those of the others follow
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<i64>,
}

/// Names the folder that `experiment` takes where `--out` does not say.
pub fn out(experiment: &str) -> impl FnOnce(Arg) -> Arg {
    let help = format!("Output folder [default: the next free runs/{experiment}-N]");
    |arg| arg.help(help)
}

/// Shows how `--set` is used by `example`, a setting of the experiment and its value.
pub fn set(example: &str) -> impl FnOnce(Arg) -> Arg {
    let help = format!("Any setting by its name in settings.toml, e.g. `--set {example}`");
    |arg| arg.help(help)
}

/// Writes what a run found into `folder`: its page and its summary.
///
/// # Errors
/// A file cannot be written.
pub fn publish(page: &str, outcome: &impl Serialize, folder: &Path) -> Result<()> {
    write_whole(&folder.join("report.html"), page.as_bytes())?;
    // Last: a folder with a summary is a finished run.
    write_whole(&folder.join("summary.json"), report::json(outcome)?.as_bytes())
}

/// Shows what a run found, and where it is written.
pub fn shown(text: &str, folder: &RunFolder) {
    show(&format!("\n{text}"));
    show(&folder.file("report.html").display().to_string());
    show(&folder.file("summary.json").display().to_string());
}

impl Folder {
    /// The folder of the run that goes on, or a new one of `experiment` with the settings in it.
    ///
    /// # Errors
    /// The folder is not there or holds another run; it cannot be written.
    pub fn open(&self, experiment: &str, settings: &impl Serialize) -> Result<RunFolder> {
        let folder = match (&self.resume, &self.out) {
            (Some(path), _) => return RunFolder::open(path),
            (None, Some(path)) => RunFolder::create(path, self.force)?,
            (None, None) => RunFolder::next(experiment)?,
        };
        let text = toml::to_string(settings).expect("settings are plain data");
        write_whole(&folder.file("settings.toml"), text.as_bytes())?;
        Ok(folder)
    }
}

impl Run {
    /// Defaults, file and flags; of the stopped run in `resume` its own settings. `own` is what the
    /// experiment's flags set, each from [`settings::one`].
    ///
    /// # Errors
    /// A flag's own; as [`settings::resolved`].
    pub fn settings<T: Default + Serialize + DeserializeOwned>(
        &self,
        resume: Option<&Path>,
        own: impl IntoIterator<Item = Result<Option<(String, Value)>>>,
    ) -> Result<T> {
        let shared = [
            settings::one("device", self.device.as_ref()),
            settings::one("seed", self.seed.as_ref()),
        ];
        let flags = settings::with_typed(shared.into_iter().chain(own), &self.set)?;
        settings::resolved(resume, self.settings.as_deref(), &flags)
    }
}

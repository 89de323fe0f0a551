//! `noisescope run spike-trains`: what the user typed, into the study of spike trains.

use std::path::PathBuf;

use clap::Args;
use toml::Value;

use super::progress::Terminal;
use super::{new_folder, settings, show};
use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::run_folder::RunFolder;
use crate::experiments::spike_trains::settings::Settings;
use crate::experiments::spike_trains::study::{NAME, Study};
use crate::files::write_whole;
use crate::progress::Observer;
use crate::report;

#[derive(Args, Debug)]
pub struct SpikeTrains {
    /// TOML file of settings, such as the settings.toml of an earlier run
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Any setting by its name in settings.toml, e.g. `--set training.rate=0.002`
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// Output folder [default: the next free runs/spike-trains-N]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub out: Option<PathBuf>,
    /// Overwrite an earlier run in the output folder
    #[arg(long, requires = "out", help_heading = "Run")]
    pub force: bool,
    /// Go on with the stopped run in this folder
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    #[arg(conflicts_with_all = ["out", "settings"])]
    pub resume: Option<PathBuf>,
    /// `auto` (a hardware GPU, else the CPU), `gpu` (also a software one) or `cpu`
    #[arg(long, value_name = "WHICH", help_heading = "Run")]
    pub device: Option<String>,
    /// Seed of every random stream; the first network's
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<i64>,

    /// Pictures: a folder, archive or file of MNIST or Fashion-MNIST (IDX) or CIFAR-10 (binary),
    /// also .gz or .xz [default: built-in synthetic shapes] (images.data)
    #[arg(long, value_name = "PATH", help_heading = "Pictures")]
    pub data: Option<PathBuf>,
    /// Training pictures to take (images.training)
    #[arg(long, value_name = "N", help_heading = "Pictures")]
    pub training: Option<i64>,
    /// Test pictures to take (images.test)
    #[arg(long, value_name = "N", help_heading = "Pictures")]
    pub test: Option<i64>,

    /// `mlp` or `cnn` (model.architecture)
    #[arg(long, value_name = "NAME", help_heading = "Networks")]
    pub architecture: Option<String>,
    /// Networks of each kind (comparison.networks)
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub networks: Option<i64>,
    /// Shares of labels replaced by chance, a kind of network each (comparison.label_noise)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Networks")]
    pub label_noise: Option<Vec<f64>>,
    /// Epochs at most (training.epochs)
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub epochs: Option<i64>,
    /// Pictures per batch (training.batch)
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub batch: Option<i64>,

    /// Pictures per window of the Fano factor (spikes.window)
    #[arg(long, value_name = "N", help_heading = "Spikes")]
    pub window: Option<i64>,
    /// A unit spikes where its activation is above this (spikes.threshold)
    #[arg(long, value_name = "X", help_heading = "Spikes")]
    pub threshold: Option<f64>,
}

/// Trains, looks, reports.
pub fn spike_trains(options: &SpikeTrains) -> Result<()> {
    let mut terminal = Terminal::new()?;
    let settings = wished(options)?;
    let machine = Machine::open(settings.device)?;
    terminal.note(&machine.reason);
    let study = Study::load(&settings, &mut terminal)?;
    let folder = match &options.resume {
        Some(path) => RunFolder::open(path)?,
        None => new_folder(options.out.as_deref(), options.force, NAME, &settings)?,
    };
    terminal.note(&format!("run folder: {}", folder.path().display()));
    let outcome = study.run(&machine, &folder, &mut terminal)?;
    let page = report::spike_trains::html(&outcome)?;
    write_whole(&folder.file("report.html"), page.as_bytes())?;
    // Last: a folder with a summary is a finished run.
    let summary = report::spike_trains::json(&outcome)?;
    write_whole(&folder.file("summary.json"), summary.as_bytes())?;
    show(&format!("\n{}", report::spike_trains::text(&outcome)));
    show(&folder.file("report.html").display().to_string());
    show(&folder.file("summary.json").display().to_string());
    Ok(())
}

/// Defaults, file and flags; of a stopped run its own settings.
fn wished(options: &SpikeTrains) -> Result<Settings> {
    let SpikeTrains { resume, settings: file, .. } = options;
    let mut settings: Settings =
        settings::resolved(resume.as_deref(), file.as_deref(), &flags(options)?)?;
    if let Some(path) = &mut settings.images.data {
        *path = std::path::absolute(&path)
            .map_err(|cause| Error::file("find the path", path, cause))?;
    }
    Ok(settings)
}

/// What the flags set: name in `settings.toml` and value.
fn flags(options: &SpikeTrains) -> Result<Vec<(String, Value)>> {
    use settings::one;
    let flags = [
        one("device", options.device.as_ref()),
        one("seed", options.seed.as_ref()),
        one("images.data", options.data.as_ref()),
        one("images.training", options.training.as_ref()),
        one("images.test", options.test.as_ref()),
        one("model.architecture", options.architecture.as_ref()),
        one("comparison.networks", options.networks.as_ref()),
        one("comparison.label_noise", options.label_noise.as_ref()),
        one("training.epochs", options.epochs.as_ref()),
        one("training.batch", options.batch.as_ref()),
        one("spikes.window", options.window.as_ref()),
        one("spikes.threshold", options.threshold.as_ref()),
    ];
    settings::with_typed(flags, &options.set)
}

//! `noisescope run spike-trains`: what the user typed, into the study of spike trains.

use std::path::PathBuf;

use clap::Args;

use super::progress::Terminal;
use super::run::{self, Folder, Run};
use super::settings::one;
use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::spike_trains::settings::Settings;
use crate::experiments::spike_trains::study::{NAME, Study};
use crate::progress::Observer;
use crate::report;

#[derive(Args, Debug)]
#[command(mut_arg("out", run::out(NAME)), mut_arg("set", run::set("training.rate=0.002")))]
pub struct SpikeTrains {
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub folder: Folder,

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
    let folder = options.folder.open(NAME, &settings)?;
    terminal.note(&format!("run folder: {}", folder.path().display()));
    let outcome = study.run(&machine, &folder, &mut terminal)?;
    run::publish(&report::spike_trains::html(&outcome)?, &outcome, folder.path())?;
    run::shown(&report::spike_trains::text(&outcome), &folder);
    Ok(())
}

/// Defaults, file and flags; of a stopped run its own settings.
fn wished(options: &SpikeTrains) -> Result<Settings> {
    let own = [
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
    let mut settings: Settings = options.run.settings(options.folder.resume.as_deref(), own)?;
    if let Some(path) = &mut settings.images.data {
        *path = std::path::absolute(&path)
            .map_err(|cause| Error::file("find the path", path, cause))?;
    }
    Ok(settings)
}

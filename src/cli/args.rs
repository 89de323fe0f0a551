//! The arguments, as clap parses them. Every flag that is a setting says which one it sets.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::analyze::Analyze;
use super::sweep::Action;

/// An oscilloscope for the noise inside neural networks.
#[derive(Debug, Parser)]
#[command(name = "noisescope", version, about, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an experiment: train, record, measure, report
    Run {
        #[command(subcommand)]
        experiment: Experiment,
    },
    /// Many runs of one-over-f, on one machine or several: plan, run, status, collect
    Sweep {
        #[command(subcommand)]
        action: Action,
    },
    /// Measure recordings of your own: DFA exponents with intervals
    Analyze(Box<Analyze>),
    /// Show the adapters, their limits, and what `--device auto` would take
    Doctor(Doctor),
}

#[derive(Args, Debug)]
pub struct Doctor {
    /// Measure the device that `--device gpu` takes: bandwidth, DFA throughput, share of the floor
    #[arg(long)]
    pub bench: bool,
    /// Print the bench as JSON and nothing else
    #[arg(long, requires = "bench")]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Experiment {
    /// 1/f noise in an LSTM that learns the sentiment of reviews
    #[command(name = "one-over-f", args_override_self = true)]
    OneOverF(Box<OneOverF>),
}

#[derive(Args, Debug)]
pub struct OneOverF {
    #[command(flatten)]
    pub wishes: Wishes,

    /// Output folder [default: the next free runs/one-over-f-N]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub out: Option<PathBuf>,
    /// Overwrite an earlier run in the output folder
    #[arg(long, requires = "out", help_heading = "Run")]
    pub force: bool,
    /// Go on with the stopped run in this folder
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    #[arg(conflicts_with_all = ["out", "settings", "preset", "weights"])]
    pub resume: Option<PathBuf>,
}

/// What is wished of the settings: a preset, a file, and flags that each say which one they set.
#[derive(Args, Debug, Default)]
pub struct Wishes {
    /// Starting point of the settings: `quick` (default) or `paper`
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// TOML file of settings, such as the settings.toml of an earlier run; overrides the preset
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Any setting by its name in settings.toml, e.g. `--set training.rate=0.001`; overrides the
    /// rest
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// Measure a network with these weights, best.safetensors of a run, instead of training one
    /// (weights)
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub weights: Option<PathBuf>,
    /// `auto` (a hardware GPU, else the CPU), `gpu` (also a software one) or `cpu`
    #[arg(long, value_name = "WHICH", help_heading = "Run")]
    pub device: Option<String>,
    /// Seed of every random stream
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<i64>,

    /// Reviews: an aclImdb folder, its .tar.gz or .tar.xz, or a CSV/TSV (.gz) with label and text
    /// [default: built-in synthetic reviews] (corpus.data)
    #[arg(long, value_name = "PATH", help_heading = "Reviews")]
    pub data: Option<PathBuf>,
    /// Reviews to take (corpus.reviews)
    #[arg(long, value_name = "N", help_heading = "Reviews")]
    pub reviews: Option<i64>,
    /// Token ids (corpus.vocabulary)
    #[arg(long, value_name = "N", help_heading = "Reviews")]
    pub vocabulary: Option<i64>,

    /// Hidden units (model.hidden)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub hidden: Option<i64>,
    /// `last-token` or `after-padding` (model.readout)
    #[arg(long, value_name = "WHERE", help_heading = "Network")]
    pub readout: Option<String>,
    /// Epochs at most (training.epochs)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub epochs: Option<i64>,
    /// Reviews per batch (training.batch)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub batch: Option<i64>,
    /// Tokens per review in training (training.steps)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub steps: Option<i64>,

    /// Quantities, of input, f, i, o, candidate, cell, hidden (recording.quantities)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Measures")]
    pub quantities: Option<Vec<String>>,
    /// Tokens per trace (recording.steps)
    #[arg(long, value_name = "N", help_heading = "Measures")]
    pub record_steps: Option<i64>,
    /// Reviews to record at most, 0 for all that are long enough (recording.reviews)
    #[arg(long, value_name = "N", help_heading = "Measures")]
    pub record_reviews: Option<i64>,
    /// Write the traces to traces/*.npy (recording.save_traces)
    #[arg(long, help_heading = "Measures")]
    pub save_traces: bool,
    /// Window sizes in samples (dfa.windows)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Measures")]
    pub windows: Option<Vec<i64>>,
    /// Degree of the polynomial taken out of each window: 1, 2 or 3 (dfa.order)
    #[arg(long, value_name = "N", help_heading = "Measures")]
    pub order: Option<i64>,
    /// How windows lie and are averaged: `half-overlap`, `forward`, `both-ends`, ... (dfa.convention)
    #[arg(long, value_name = "NAME", help_heading = "Measures")]
    pub convention: Option<String>,
}

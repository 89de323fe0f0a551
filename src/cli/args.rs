//! The arguments, as clap parses them. Every flag that is a setting says which one it sets.

use std::any::TypeId;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::analyze::Analyze;
use super::noise_preference::NoisePreference;
use super::run::{self, Folder};
use super::settings::Wishes;
use super::spike_trains::SpikeTrains;
use super::sweep::Action;
use crate::experiments::one_over_f;

/// An oscilloscope for the noise inside neural networks.
#[derive(Debug, Parser)]
#[command(name = "noisescope", version, about, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// What the user typed; ends the program where that cannot be parsed.
    pub fn typed() -> Self {
        let matches = with_negative_values(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// Lets every flag of numbers take negative ones, alone and in lists: that they are none of a
/// setting's is said by the setting, with its remedy.
fn with_negative_values(command: clap::Command) -> clap::Command {
    let numbers = [TypeId::of::<i64>(), TypeId::of::<f64>(), TypeId::of::<usize>()];
    let flags = command.mut_args(|flag| {
        let list = flag.get_value_delimiter().is_some();
        let of = flag.get_value_parser().type_id();
        match numbers.iter().any(|number| of == *number) {
            true => flag.allow_negative_numbers(!list).allow_hyphen_values(list),
            false => flag,
        }
    });
    flags.mut_subcommands(with_negative_values)
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an experiment: train, record, measure, report
    Run {
        #[command(subcommand)]
        experiment: Experiment,
    },
    /// Many runs of an experiment, on one machine or several: plan, run, status, collect
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
    /// Units as spike trains in networks that learn true labels and random ones
    #[command(name = "spike-trains", args_override_self = true)]
    SpikeTrains(Box<SpikeTrains>),
    /// Networks trained with noise inside or outside their activation, tested under every noise
    #[command(name = "noise-preference", args_override_self = true)]
    NoisePreference(Box<NoisePreference>),
}

#[derive(Args, Debug)]
#[command(mut_arg("out", run::out(one_over_f::NAME)))]
#[command(mut_arg("resume", |resume| resume.conflicts_with_all(["preset", "weights"])))]
pub struct OneOverF {
    #[command(flatten)]
    pub wishes: Wishes,
    #[command(flatten)]
    pub folder: Folder,
}

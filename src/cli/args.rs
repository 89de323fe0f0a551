//! The arguments, as clap parses them. Every flag that is a setting says which one it sets.

use std::any::TypeId;
use std::ffi::OsString;

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
        Self::of(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    fn of(typed: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = with_negative_values(Self::command()).try_get_matches_from(typed)?;
        Self::from_arg_matches(&matches)
    }
}

/// Lets every flag take a negative number, and lists of numbers too: that it is none of a setting's
/// is said by the setting, with its remedy.
fn with_negative_values(command: clap::Command) -> clap::Command {
    let numbers = [TypeId::of::<i64>(), TypeId::of::<f64>(), TypeId::of::<usize>()];
    let flags = command.mut_args(|flag| {
        let of = flag.get_value_parser().type_id();
        let list = flag.get_value_delimiter().is_some();
        match flag.get_action().takes_values() && !flag.is_positional() {
            true if list && numbers.iter().any(|number| of == *number) => {
                flag.allow_hyphen_values(true)
            }
            true => flag.allow_negative_numbers(true),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_negative_numbers_and_words_of_lists_are_missed() {
        let of = |typed: &str| {
            Arguments::of(typed.split(' ').map(OsString::from)).map(drop).map_err(|e| e.kind())
        };
        for typed in [
            "analyze a.npy --axis -1",
            "analyze a.npy --rate -2.5",
            "analyze a.npy --windows -4,8",
            "analyze a.npy --fit -4..8",
            "analyze a.npy --spikes --bin -0.1",
            "run one-over-f --windows -4,8 --hidden -5 --seed -1",
            "run spike-trains --label-noise 0,-0.5",
            "run spike-trains --label-noise -0.5,0",
            "run noise-preference --levels -0.1,1 --grid -1,0 --rate -0.1",
            "sweep plan noise-preference f --vary seed=1 --levels -0.1,1",
            "sweep run f --shard -1/4",
        ] {
            assert_eq!(of(&format!("noisescope {typed}")), Ok(()), "{typed}");
        }
        let counted = of("noisescope analyze a.npy --spikes --fano-windows -1,2");
        assert_eq!(counted, Err(clap::error::ErrorKind::ValueValidation), "taken, and no count");
        let missed = of("noisescope run noise-preference --sites --levels 0,1");
        assert_eq!(missed, Err(clap::error::ErrorKind::InvalidValue));
    }
}

//! `noisescope analyze`: files in; a table, a page, JSON or CSV out.

use std::path::PathBuf;

use clap::Args;

use super::progress::Terminal;
use super::{outputs, show, spikes};
use crate::analysis::dfa::Convention;
use crate::datasets::recordings::{self, Options, Source};
use crate::error::{Error, Result};
use crate::experiments::analyze::{self, Settings};
use crate::experiments::machine::Machine;
use crate::files::write_whole;
use crate::gpu::device::Choice;
use crate::progress::Observer;
use crate::report;
use crate::signal::gaps::Policy;

#[derive(Args, Debug)]
pub struct Analyze {
    /// Recordings: .npy, .npz, .csv/.tsv/.txt, .safetensors, EDF/EDF+, each also .gz or .xz; `-` for
    /// standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// `auto` (a hardware GPU, else the CPU), `gpu` (also a software one) or `cpu`
    #[arg(long, value_name = "WHICH", default_value = "auto")]
    pub device: String,
    /// Seed of everything that is simulated
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Window sizes: a list `8,10,14` or a log-spaced range `8..1024:20`; in samples, as a share of
    /// the trace (`16..N/8:20`), or in seconds (`0.1s..30s:20`); `:4/octave` for four sizes per
    /// doubling [default: 8..N/4:20]
    #[arg(long, value_name = "SIZES", allow_hyphen_values = true, help_heading = "Measures")]
    pub windows: Option<String>,
    /// Degree of the polynomial taken out of each window: 1, 2 or 3
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Measures")]
    pub order: usize,
    /// How windows lie and are averaged: forward, both-ends, half-overlap, half-overlap-nolds,
    /// mean-rms or half-overlap-mean-rms
    #[arg(long, value_name = "NAME", default_value = "half-overlap", help_heading = "Measures")]
    pub convention: String,
    /// Sizes over which alpha is fitted, `4..16`; several times for alpha1, alpha2 [default: all]
    #[arg(long, value_name = "FROM..TO", allow_hyphen_values = true, help_heading = "Measures")]
    pub fit: Vec<String>,
    /// Surrogates of each kind (shuffled, phase-randomised, amplitude-adjusted, AR(1)) per trace
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Measures")]
    pub surrogates: usize,

    /// Samples per second, for files that do not say it
    #[arg(long, value_name = "HZ", help_heading = "Reading")]
    pub rate: Option<f64>,
    /// What to do with NaN and infinite samples: `error`, `split` (measure the pieces between them)
    /// or `interpolate` [default: flag the trace and give it no exponent]
    #[arg(long, value_name = "HOW", help_heading = "Reading")]
    pub nan: Option<String>,
    /// Columns of a table, by name or number from 1
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Reading")]
    pub columns: Option<Vec<String>>,
    /// The array of an .npz
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub array: Option<String>,
    /// The tensor of a .safetensors
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    pub tensor: Option<String>,
    /// Channels of an EDF, by name
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Reading")]
    pub channels: Option<Vec<String>>,
    /// Which axis of an array is time, from 0 or from the end with -1 [default: the last]
    #[arg(long, value_name = "N", help_heading = "Reading")]
    pub axis: Option<isize>,

    #[command(flatten)]
    pub spikes: spikes::Options,

    /// Print JSON instead of a table
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write one row per trace to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub csv: Option<PathBuf>,
    /// Write a page with figures, verdicts and a table of traces to this file
    #[arg(long, value_name = "FILE", conflicts_with = "spikes", help_heading = "Output")]
    pub html: Option<PathBuf>,
}

/// Reads, measures, shows.
pub fn analyze(options: &Analyze) -> Result<()> {
    let choice = options.device.parse::<Choice>().map_err(|e| e.at("--device"))?;
    let written = [("--csv", options.csv.as_deref()), ("--html", options.html.as_deref())];
    outputs::check(&options.files, &written)?;
    if options.spikes.spikes {
        let sources = open(options)?;
        let csv = options.csv.as_deref();
        return spikes::spikes(&options.spikes, choice, &sources, csv, options.json);
    }
    let mut terminal = Terminal::new()?;
    let settings = settings(options)?;
    let machine = Machine::open(choice)?;
    let sources = open(options)?;
    terminal.note(&machine.reason);
    let analysis = analyze::run(&sources, &settings, &machine, &mut terminal)?;
    if let Some(path) = &options.csv {
        write_whole(path, report::analysis::csv(&analysis)?.as_bytes())?;
    }
    if let Some(path) = &options.html {
        write_whole(path, report::analysis::html(&analysis)?.as_bytes())?;
    }
    show(&if options.json {
        report::analysis::json(&analysis)?
    } else {
        report::analysis::text(&analysis)
    });
    Ok(())
}

fn settings(options: &Analyze) -> Result<Settings> {
    if let Some(rate) = options.rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
        return Err(Error::new(format!("expected samples per second, found {rate}"))
            .at("--rate")
            .remedy("give a positive number of hertz, such as 250"));
    }
    Ok(Settings {
        windows: options.windows.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
        order: options.order,
        convention: options.convention.parse::<Convention>().map_err(|e| e.at("--convention"))?,
        fits: options.fit.iter().map(|text| text.parse()).collect::<Result<_>>()?,
        rate: options.rate,
        gaps: options
            .nan
            .as_deref()
            .map(|text| text.parse::<Policy>().map_err(|e| e.at("--nan")))
            .transpose()?,
        surrogates: options.surrogates,
        seed: options.seed,
    })
}

/// The recordings of all files.
fn open(options: &Analyze) -> Result<Vec<Source>> {
    let reading = Options {
        columns: options.columns.clone(),
        array: options.array.clone(),
        tensor: options.tensor.clone(),
        axis: options.axis,
        channels: options.channels.clone(),
    };
    recordings::open(&options.files, &reading)
}

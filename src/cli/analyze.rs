//! `noisescope analyze`: files in, a table, JSON or CSV out.

use std::path::PathBuf;

use clap::Args;

use super::progress::Terminal;
use super::show;
use crate::datasets::recordings::{self, Options};
use crate::error::{Error, Result};
use crate::experiments::analyze::{self, Settings};
use crate::experiments::machine::Machine;
use crate::files::write_whole;
use crate::gpu::device::Choice;
use crate::progress::Observer;
use crate::report;

#[derive(Args, Debug)]
pub struct Analyze {
    /// Recordings: .npy, .npz, .csv/.tsv/.txt (.gz), .safetensors, EDF/EDF+; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Window sizes in samples: a list `8,10,14` or a range `8..1024:20` [default: 20 from 8 to N/4]
    #[arg(long, value_name = "SIZES")]
    pub windows: Option<String>,
    /// How windows lie: `half`, `none` or `half-nolds` [default: half]
    #[arg(long, value_name = "HOW")]
    pub overlap: Option<String>,
    /// `auto` (a hardware GPU, else the CPU), `gpu` (also a software one) or `cpu`
    #[arg(long, value_name = "WHICH", default_value = "auto")]
    pub device: String,
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
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = "Reading")]
    pub axis: Option<isize>,
    /// Print JSON instead of a table
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write one row per trace to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub csv: Option<PathBuf>,
}

/// Reads, measures, shows.
pub fn analyze(options: &Analyze) -> Result<()> {
    let mut terminal = Terminal::new()?;
    let settings = Settings {
        windows: options.windows.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
        overlap: overlap(options.overlap.as_deref())?,
        ..Settings::default()
    };
    let machine = Machine::open(options.device.parse::<Choice>().map_err(|e| e.at("--device"))?)?;
    let reading = Options {
        columns: options.columns.clone(),
        array: options.array.clone(),
        tensor: options.tensor.clone(),
        axis: options.axis,
        channels: options.channels.clone(),
    };
    let mut found = Vec::new();
    for source in recordings::open(&options.files, &reading)? {
        found.push(source.read(0..source.rows())?);
    }
    terminal.note(&machine.reason);
    let analysis = analyze::run(&found, &settings, &machine, &mut terminal)?;
    if let Some(path) = &options.csv {
        write_whole(path, report::analysis::csv(&analysis)?.as_bytes())?;
    }
    show(&if options.json {
        report::analysis::json(&analysis)?
    } else {
        report::analysis::text(&analysis)
    });
    Ok(())
}

fn overlap(name: Option<&str>) -> Result<crate::analysis::dfa::Overlap> {
    use crate::analysis::dfa::Overlap;
    match name {
        None | Some("half") => Ok(Overlap::Half),
        Some("none") => Ok(Overlap::None),
        Some("half-nolds") => Ok(Overlap::HalfNolds),
        Some(other) => Err(Error::new(format!("expected a layout of windows, found `{other}`"))
            .at("--overlap")
            .remedy("choose one of half, none, half-nolds")),
    }
}

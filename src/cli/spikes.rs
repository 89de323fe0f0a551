//! `noisescope analyze --spikes`: the same files, read as spike counts.

use std::path::Path;

use clap::Args;

use super::progress::Terminal;
use super::show;
use crate::datasets::recordings::Source;
use crate::error::Result;
use crate::experiments::spikes::{self, Settings};
use crate::files::write_whole;
use crate::gpu::device::Choice;
use crate::progress::Observer;
use crate::report;

#[derive(Args, Debug)]
#[command(next_help_heading = "Spike trains")]
pub struct Options {
    /// Samples are spike counts per bin (0/1 or counts): rate, Fano factor, ISI CV, CV2, LV
    #[arg(long, conflicts_with_all = ["windows", "fit", "nan", "surrogates"])]
    pub spikes: bool,
    /// The width of a bin [default: of the recording, where it has a sampling rate]
    #[arg(long, value_name = "SECONDS", requires = "spikes")]
    pub bin: Option<f64>,
    /// Windows of the Fano factor in bins [default: 1,10,100,… to a tenth of a train]
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "spikes")]
    pub fano_windows: Option<Vec<usize>>,
}

/// Counts, shows, writes.
pub fn spikes(
    options: &Options,
    choice: Choice,
    sources: &[Source],
    csv: Option<&Path>,
    json: bool,
) -> Result<()> {
    let mut terminal = Terminal::new()?;
    let settings = Settings { bin: options.bin, fano_windows: options.fano_windows.clone() };
    let (path, reason) = spikes::open(choice)?;
    terminal.note(&reason);
    let analysis = spikes::run(sources, &settings, &path, &mut terminal)?;
    if let Some(path) = csv {
        write_whole(path, report::spikes::csv(&analysis)?.as_bytes())?;
    }
    show(&if json { report::spikes::json(&analysis)? } else { report::spikes::text(&analysis) });
    Ok(())
}

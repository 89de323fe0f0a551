//! `noisescope analyze --spikes`: the same files, read as spike counts.

use clap::Args;

use super::analyze::{Analyze, open};
use super::progress::Terminal;
use super::show;
use crate::error::{Error, Result};
use crate::experiments::spikes::{self, Settings};
use crate::files::write_whole;
use crate::gpu::device::Choice;
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

/// Reads, counts, shows.
pub fn spikes(options: &Analyze) -> Result<()> {
    if options.device.parse::<Choice>().map_err(|e| e.at("--device"))? == Choice::Gpu {
        return Err(Error::new("spikes are counted on the CPU, found a wish for the GPU")
            .at("--device")
            .remedy("leave --device out; a train takes microseconds"));
    }
    let mut terminal = Terminal::new()?;
    let settings =
        Settings { bin: options.spikes.bin, fano_windows: options.spikes.fano_windows.clone() };
    let analysis = spikes::run(&open(options)?, &settings, &mut terminal)?;
    if let Some(path) = &options.csv {
        write_whole(path, report::spikes::csv(&analysis)?.as_bytes())?;
    }
    show(&if options.json {
        report::spikes::json(&analysis)?
    } else {
        report::spikes::text(&analysis)
    });
    Ok(())
}

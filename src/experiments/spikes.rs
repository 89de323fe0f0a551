//! Anyone's spike trains: recordings of counts in, statistics of each train out.
//!
//! Place in the flow: floor 4: `files --datasets::recordings--> traces --analysis::spikes-->
//! statistics`, on a GPU where there is one. Beside [`super::analyze`], which reads the same files
//! as traces.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::analysis::spikes::{Path, SpikeStatistics};
use crate::datasets::recordings::{Recording, Source};
use crate::error::{Error, Result};
use crate::gpu::device::{self, Choice};
use crate::gpu::engine::Engine;
use crate::progress::Observer;
use crate::signal::SpikeTrains;

/// How trains are measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The width of a bin in seconds; without it that of the recording, one over its sampling rate.
    pub bin: Option<f64>,
    /// The windows of the Fano factor in bins; without them 1, 10, 100, … as long as ten of them
    /// lie in a train.
    pub fano_windows: Option<Vec<usize>>,
}

impl Settings {
    /// The windows for trains of `bins` bins.
    fn windows(&self, bins: usize) -> Vec<usize> {
        let decades = || (0..).map(|power| 10usize.pow(power)).take_while(|w| *w <= bins / 10);
        self.fano_windows.clone().unwrap_or_else(|| decades().collect())
    }
}

/// What was found of some recordings of spikes.
#[derive(Clone, Debug, Serialize)]
pub struct SpikeAnalysis {
    /// noisescope's version.
    pub version: String,
    /// What the device did not do as it should, and who measured instead; empty where all went well.
    pub notes: Vec<String>,
    /// The conventions, in a sentence each.
    pub conventions: Vec<String>,
    /// One entry per train.
    pub trains: Vec<Train>,
}

/// What was found of one train; `null` where a number is undefined.
#[derive(Clone, Debug, Serialize)]
pub struct Train {
    /// The file.
    pub source: String,
    /// The train's name in it.
    pub name: String,
    /// Bins.
    pub bins: usize,
    /// Seconds per bin, where known.
    pub bin_seconds: Option<f64>,
    /// Spikes.
    pub spikes: u64,
    /// Spikes per bin.
    pub per_bin: f64,
    /// Spikes per second, in Hz, where the width of a bin is known.
    pub rate: Option<f64>,
    /// The windows of the Fano factor, in bins.
    pub fano_windows: Vec<usize>,
    /// The Fano factor for each of them.
    pub fano: Vec<Option<f64>>,
    /// The coefficient of variation of the inter-spike intervals.
    pub cv: Option<f64>,
    /// CV2 of neighbouring intervals.
    pub cv2: Option<f64>,
    /// The local variation of neighbouring intervals.
    pub lv: Option<f64>,
    /// `silent`: no spike; `always-on`: a spike in every bin; `several-per-bin`: some bin holds
    /// several, whose intervals count as 0.
    pub flags: Vec<String>,
}

/// Bytes of samples that are read at a time.
const BATCH: usize = 256 << 20;

/// Opens what `choice` asks for, and says in a line what was taken and why.
///
/// # Errors
/// A GPU was asked for and there is none, or it cannot be opened.
pub fn open(choice: Choice) -> Result<(Path, String)> {
    let opened = device::open(choice)?;
    let gpu = |gpu| Path::Gpu(Arc::new(Engine::new(gpu)));
    Ok((opened.gpu.map_or(Path::Cpu, gpu), opened.reason))
}

/// Measures every train of `sources` where `path` says.
///
/// # Errors
/// A sample is no count, the windows do not fit a recording's length, the width of a bin is no
/// positive number, or the user stopped it.
pub fn run(
    sources: &[Source],
    settings: &Settings,
    path: &Path,
    observer: &mut dyn Observer,
) -> Result<SpikeAnalysis> {
    if let Some(bin) = settings.bin.filter(|bin| !(bin.is_finite() && *bin > 0.0)) {
        return Err(Error::new(format!("expected the width of a bin, found {bin} seconds"))
            .at("--bin")
            .remedy("give a positive number of seconds, such as 0.001"));
    }
    let total = sources.iter().map(|source| source.rows() as u64).sum();
    let (mut trains, mut notes) = (Vec::new(), BTreeSet::new());
    observer.begin("counting spikes", total);
    for recording in sources.iter().flat_map(|source| source.batches(BATCH)) {
        if observer.stopping() {
            return Err(Error::stopped("stopped before every recording was measured"));
        }
        let (found, note) = measure(&recording?, settings, path)?;
        trains.extend(found);
        if let Some(note) = note.filter(|note| notes.insert(note.clone())) {
            observer.note(&note);
        }
        observer.advance(trains.len() as u64, "trains");
    }
    observer.finish("");
    Ok(SpikeAnalysis {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        notes: notes.into_iter().collect(),
        conventions: conventions(),
        trains,
    })
}

/// Measures every train of one recording; and what the user should know of how it went.
fn measure(
    recording: &Recording,
    settings: &Settings,
    path: &Path,
) -> Result<(Vec<Train>, Option<String>)> {
    let bin = settings.bin.or(recording.rate.map(|rate| 1.0 / rate));
    let name = |row: usize| recording.names[row].clone();
    let counts = SpikeTrains::from_traces(&recording.traces, name)?;
    let windows = settings.windows(counts.bins());
    let measured = path.measure(&counts, &windows).map_err(|error| {
        let remedy = "choose windows that lie twice in the trains (--fano-windows)";
        error.at(&recording.source).remedy(remedy)
    })?;
    let trains = measured.statistics.into_iter().enumerate().map(|(row, found)| Train {
        source: recording.source.clone(),
        name: name(row),
        bins: found.bins,
        bin_seconds: bin,
        spikes: found.spikes,
        per_bin: found.rate(1.0),
        rate: bin.map(|bin| found.rate(bin)),
        fano_windows: windows.clone(),
        flags: flags(&found),
        fano: found.fano(),
        cv: found.cv,
        cv2: found.cv2,
        lv: found.lv,
    });
    Ok((trains.collect(), measured.note))
}

fn flags(found: &SpikeStatistics) -> Vec<String> {
    let flags = [
        ("silent", found.active_bins == 0),
        ("always-on", found.active_bins == found.bins),
        ("several-per-bin", found.spikes > found.active_bins as u64),
    ];
    flags.into_iter().filter(|(_, holds)| *holds).map(|(flag, _)| flag.to_owned()).collect()
}

fn conventions() -> Vec<String> {
    vec![
        "Fano factor: population variance over mean of the counts in windows of w bins, side by \
         side from the first bin; 1 for a Poisson process, 1 - p where each bin spikes by a coin \
         of chance p."
            .to_owned(),
        "CV, CV2 (Holt et al. 1996) and LV (Shinomoto et al. 2003) of the intervals between \
         spikes: 0 for a regular train, 1 for a Poisson process. Spikes of one bin have intervals \
         of 0."
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Traces;

    #[test]
    fn the_bin_is_as_wide_as_a_sample_of_the_recording() {
        let recording = |rate| Recording {
            source: "a.edf".to_owned(),
            names: vec!["a.edf:one".to_owned(), "a.edf:two".to_owned()],
            rate,
            traces: Traces::new(vec![0.0, 1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 1.0], 4).expect("whole"),
        };
        let rates = |rate, bin| {
            let settings = Settings { bin, ..Settings::default() };
            let (found, _) = measure(&recording(rate), &settings, &Path::Cpu).expect("measured");
            assert_eq!(found[1].flags, ["several-per-bin"]);
            [found[0].rate, found[1].rate]
        };
        assert_eq!(rates(Some(500.0), None), [Some(250.0), Some(500.0)]);
        assert_eq!(rates(Some(500.0), Some(0.5)), [Some(1.0), Some(2.0)]);
        assert_eq!(rates(None, None), [None, None]);
    }

    #[test]
    fn windows_are_decades_that_lie_ten_times_in_a_train() {
        let windows = |bins| Settings::default().windows(bins);
        assert_eq!(windows(2000), [1, 10, 100]);
        assert_eq!(windows(1000), [1, 10, 100]);
        assert_eq!(windows(999), [1, 10]);
        assert_eq!(windows(10), [1]);
        assert!(windows(9).is_empty());
        let given = Settings { fano_windows: Some(vec![50]), ..Settings::default() };
        assert_eq!(given.windows(9), [50]);
    }
}

//! Statistics of spike trains: how often a train spikes, and how irregularly.
//!
//! Place in the flow: [`SpikeTrains`] in, one [`SpikeStatistics`] per train out. [`fano`] looks at
//! the counts in windows, [`intervals`] at the time between spikes. [`Path::measure`] is the door
//! for trains, [`Tally`] the one for activations that come in batches; [`measure`] is the plain
//! definition on the CPU, trains side by side on all cores. Behind the doors the stages
//! [`threshold`], [`count`], [`statistics`] and [`intervals`] work on spikes packed as bits, on a
//! GPU or by their twins. [`poisson`] asks how many units are Poisson processes.
//!
//! # Formula
//! A train of `N` bins has `n_i` spikes in bin `i`, `Σ n` in all; a bin is `dt` seconds wide.
//!
//! | measure | formula |
//! |---|---|
//! | rate, Hz | `Σ n / (N·dt)` |
//! | Fano factor of `w` bins | `var(c) / mean(c)`, `c` the counts of the `⌊N/w⌋` windows |
//! | ISI CV | `sd(I) / mean(I)`, `I` the intervals between consecutive spikes |
//! | CV2 (Holt et al. 1996) | `2·mean(│I_(k+1) - I_k│ / (I_(k+1) + I_k))` |
//! | LV (Shinomoto et al. 2003) | `3·mean(((I_(k+1) - I_k) / (I_(k+1) + I_k))²)` |
//!
//! Windows lie side by side from the first bin; bins after the last whole window are left out.
//! Variance and sd are those of the population (`ddof = 0`): divided by the number of windows or
//! intervals, not by one less. An interval is the distance of two spikes in bins; spikes of one bin
//! share its time, so their intervals are 0. All but the rate have no unit and do not depend on
//! `dt`. Sums are exact whole numbers: a regular train has exactly CV = CV2 = LV = 0.
//!
//! # What is undefined
//! `None`, never a number: the Fano factor where no whole window holds a spike; CV below 2
//! intervals (3 spikes) and where all spikes share a bin; CV2 and LV also where two intervals in a
//! row are 0 (three spikes in a bin): their ratio is 0/0.
//!
//! # How to read it
//! | train | Fano | CV | CV2 | LV |
//! |---|---|---|---|---|
//! | regular | 0 or near it | 0 | 0 | 0 |
//! | Poisson process | 1 | 1 | 1 | 1 |
//! | bursts | above 1 | above 1 | about 1 or above | about 1 or above |
//! | each bin spikes by a coin of chance p | 1 - p | √(1 - p) | below 1 | below 1 |
//!
//! A Fano factor that grows with the window says that the rate itself fluctuates slowly. CV mixes
//! slow changes of the rate into irregularity; CV2 and LV compare neighbouring intervals only and
//! hardly see them. Bins that often hold several spikes are too wide for the last three: see
//! [`SpikeStatistics::active_bins`]. In a network whose samples come in random order every unit is
//! a coin per bin: its Fano factor is 1 - p and says no more than the rate.
//!
//! # Where others differ
//! elephant 1.2.1 (`fanofactor`, `cv`, `cv2`, `lv`, `isi`) agrees to rounding
//! (`tests/spikes.rs`), but gives CV = 0 for a single interval and Fano = 0 for a single window,
//! of which nothing varies. MATLAB codes often take `ddof = 1`: multiply Fano by `m / (m - 1)` for
//! `m` windows.
//!
//! # Example
//! ```
//! use noisescope::analysis::spikes;
//! use noisescope::signal::SpikeTrains;
//!
//! let trains = SpikeTrains::new(vec![0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0], 12)?;
//! let found = &spikes::measure(&trains, &[3, 4])?[0];
//! assert_eq!((found.spikes, found.rate(0.001)), (4, 4.0 / 0.012));
//! assert_eq!(found.fano(), [Some(0.0), Some(1.0 / 6.0)]);
//! assert_eq!((found.cv, found.cv2, found.lv), (Some(0.0), Some(0.0), Some(0.0)));
//! # Ok::<(), noisescope::error::Error>(())
//! ```

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::signal::SpikeTrains;

pub mod chain;
pub mod chunk;
pub mod count;
pub mod fano;
pub mod intervals;
pub mod poisson;
pub mod statistics;
pub mod threshold;

pub use chain::{Measured, Path, Tally};
pub use fano::{Counts, fano_factor};

/// What was found of one train; `None` where a measure is undefined.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeStatistics {
    /// Bins of the train.
    pub bins: usize,
    /// Bins that hold a spike. Below [`SpikeStatistics::spikes`] where bins hold several: then the
    /// order of spikes within a bin is lost and intervals of 0 are among the others.
    pub active_bins: usize,
    /// Spikes of the train.
    pub spikes: u64,
    /// Sums over the counts in windows, for each window in the order in which they were given.
    pub counts: Vec<Counts>,
    /// The coefficient of variation of the intervals.
    pub cv: Option<f64>,
    /// Holt's CV2.
    pub cv2: Option<f64>,
    /// The local variation of Shinomoto.
    pub lv: Option<f64>,
}

impl SpikeStatistics {
    /// Spikes per second for bins of `bin` seconds; with `bin` 1 the mean count of a bin.
    pub fn rate(&self, bin: f64) -> f64 {
        self.spikes as f64 / (self.bins as f64 * bin)
    }

    /// The Fano factor for each window, in the order in which they were given.
    pub fn fano(&self) -> Vec<Option<f64>> {
        self.counts.iter().map(Counts::fano).collect()
    }
}

/// The statistics of each train, in order, with the Fano factor for each of `windows` (in bins).
///
/// # Errors
/// A window is 0, or does not lie at least twice in a train.
pub fn measure(trains: &SpikeTrains, windows: &[usize]) -> Result<Vec<SpikeStatistics>> {
    check(windows, trains.bins())?;
    let rows = (0..trains.rows()).into_par_iter();
    // A short train takes microseconds: threads take 100,000 bins or more at a time.
    Ok(rows
        .with_min_len((100_000 / trains.bins()).max(1))
        .map_init(Scratch::default, |scratch, row| one(trains.row(row), windows, scratch))
        .collect())
}

/// Refuses windows that do not lie twice in a train of `bins` bins.
fn check(windows: &[usize], bins: usize) -> Result<()> {
    let most = bins / 2;
    if let Some(wrong) = windows.iter().find(|window| !(1..=most).contains(*window)) {
        let what =
            format!("expected windows of 1 to {most} bins, half of a train, found one of {wrong}");
        return Err(Error::new(what).at("windows").remedy("leave it out or use longer trains"));
    }
    Ok(())
}

/// What one thread works in.
#[derive(Default)]
struct Scratch {
    /// The counting process: `before[i]` spikes lie before bin `i`, in `bins + 1` places, the first
    /// of them 0.
    before: Vec<u64>,
    /// The bins that hold a spike, in order; behind them, what is left of other trains.
    active: Vec<usize>,
}

/// One pass over the counts; windows are then differences of the counting process.
fn one(counts: &[u32], windows: &[usize], scratch: &mut Scratch) -> SpikeStatistics {
    let Scratch { before, active } = scratch;
    before.resize(counts.len() + 1, 0);
    active.resize(counts.len(), 0);
    let (mut spikes, mut found) = (0, 0);
    for (bin, (&count, next)) in counts.iter().zip(&mut before[1..]).enumerate() {
        spikes += u64::from(count);
        *next = spikes;
        // Every bin is written, and kept where it holds a spike: a branch that chance decides would
        // cost more.
        active[found] = bin;
        found += usize::from(count > 0);
    }
    let active = &active[..found];
    let counts_of = |&window: &usize| -> Counts {
        let ends = before.iter().step_by(window);
        ends.clone().zip(ends.skip(1)).map(|(from, to)| to - from).collect()
    };
    let intervals = intervals::measure(active, counts);
    SpikeStatistics {
        bins: counts.len(),
        active_bins: active.len(),
        spikes,
        counts: windows.iter().map(counts_of).collect(),
        cv: intervals.cv,
        cv2: intervals.cv2,
        lv: intervals.lv,
    }
}

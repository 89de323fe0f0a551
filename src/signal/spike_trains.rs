//! `SpikeTrains`: many trains of spike counts of equal length, checked once.
//!
//! Place in the flow: floor 1. Made of [`Traces`] that hold counts, or of counts; read by the
//! statistics of spikes. A train that exists holds whole numbers only, so that no measure has to
//! ask again.

use super::Traces;
use crate::error::{Error, Result};

/// Spikes counted in bins of equal width, `rows × bins`, row-major: train `r` has
/// `counts[r * bins + i]` spikes in bin `i`, 0 or 1 where the train is binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpikeTrains {
    counts: Vec<u32>,
    bins: usize,
}

impl SpikeTrains {
    /// The most spikes of one bin, 2^24: above it an `f32` no longer tells neighbouring whole
    /// numbers apart.
    pub const MOST: u32 = 1 << 24;

    /// Takes `counts` (length a multiple of `bins`) as trains of `bins` bins.
    ///
    /// # Errors
    /// `bins` is 0, `counts` holds no whole number of trains, or a count is above
    /// [`SpikeTrains::MOST`].
    pub fn new(counts: Vec<u32>, bins: usize) -> Result<Self> {
        if bins == 0 || !counts.len().is_multiple_of(bins) {
            let found = counts.len();
            let what = format!("expected whole trains of {bins} bins, found {found} counts");
            return Err(Error::new(what).remedy("give the number of bins of a train"));
        }
        if let Some(at) = counts.iter().position(|count| *count > Self::MOST) {
            return Err(refuse(&format!("train {}", at / bins), at % bins, counts[at]));
        }
        Ok(Self { counts, bins })
    }

    /// Takes `traces` as trains; `name` gives the name of a row for the error.
    ///
    /// # Errors
    /// A sample is negative, fractional, not finite or above [`SpikeTrains::MOST`].
    pub fn from_traces(traces: &Traces, name: impl Fn(usize) -> String) -> Result<Self> {
        let bins = traces.steps();
        let is_count = |x: f32| (0.0..=Self::MOST as f32).contains(&x) && x.fract() == 0.0;
        if let Some(at) = traces.values().iter().position(|&x| !is_count(x)) {
            return Err(refuse(&name(at / bins), at % bins, traces.values()[at]));
        }
        Ok(Self { counts: traces.values().iter().map(|&x| x as u32).collect(), bins })
    }

    /// Number of trains.
    pub fn rows(&self) -> usize {
        self.counts.len() / self.bins
    }

    /// Bins per train.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The counts of train `row`; panics where there is none.
    pub fn row(&self, row: usize) -> &[u32] {
        &self.counts[row * self.bins..][..self.bins]
    }

    /// All counts, train after train.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }
}

fn refuse(train: &str, bin: usize, found: impl std::fmt::Display) -> Error {
    let most = SpikeTrains::MOST;
    Error::new(format!("expected a spike count, a whole number from 0 to {most}, found {found}"))
        .at(format!("{train}, bin {bin}"))
        .remedy("count the spikes in bins first: 0 and 1, or whole numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_count_is_refused_by_name_and_bin() {
        for wrong in [-1.0, 0.5, f32::NAN, f32::INFINITY, 16_777_218.0] {
            let traces = Traces::new(vec![0.0, 1.0, 2.0, 3.0, wrong, 0.0], 3).expect("whole");
            let error = SpikeTrains::from_traces(&traces, |row| format!("unit {row}"));
            let said = error.expect_err("no count").to_string();
            assert!(said.starts_with("unit 1, bin 1: ") && said.contains("found"), "{said}");
        }
        let error = SpikeTrains::new(vec![0, 0, 0, SpikeTrains::MOST + 1], 2).expect_err("many");
        assert!(error.to_string().starts_with("train 1, bin 1: "), "{error}");
        assert!(SpikeTrains::new(vec![0; 3], 2).is_err());
    }

    #[test]
    fn traces_of_counts_are_trains() {
        let traces = Traces::new(vec![0.0, -0.0, 16_777_216.0, 3.0], 2).expect("whole");
        let trains = SpikeTrains::from_traces(&traces, |row| row.to_string()).expect("counts");
        assert_eq!((trains.rows(), trains.bins()), (2, 2));
        assert_eq!(trains.counts(), [0, 0, SpikeTrains::MOST, 3]);
        assert_eq!(trains.row(1), [SpikeTrains::MOST, 3]);
    }
}

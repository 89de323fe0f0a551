//! `Traces`: many signals of equal length, the thing every measure reads.

use crate::error::{Error, Result};

/// Signals of equal length, `rows × steps`, row-major `f32`: sample `i` of trace `r` is
/// `values[r * steps + i]`. What a row is (a unit of a network, an EEG channel) the maker knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Traces {
    values: Vec<f32>,
    steps: usize,
}

impl Traces {
    /// Takes `values` (length a multiple of `steps`) as traces of `steps` samples.
    ///
    /// # Errors
    /// `steps` is 0, or `values` does not hold a whole number of traces.
    pub fn new(values: Vec<f32>, steps: usize) -> Result<Self> {
        if steps == 0 || !values.len().is_multiple_of(steps) {
            let found = values.len();
            return Err(Error::new(format!(
                "expected whole traces of {steps} samples, found {found} values"
            ))
            .remedy("give the trace length that the values were recorded with"));
        }
        Ok(Self { values, steps })
    }

    /// Number of traces.
    pub fn rows(&self) -> usize {
        self.values.len() / self.steps
    }

    /// Samples per trace.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The samples of trace `row`; panics where there is none.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.steps..][..self.steps]
    }

    /// All samples, trace after trace.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The mean over each `units` consecutive rows (summed in f64): one trace per group, as EEG and
    /// fMRI see a brain. Panics where the rows are no whole number of groups.
    pub fn group_means(&self, units: usize) -> Self {
        assert!(
            units > 0 && self.rows().is_multiple_of(units),
            "rows must be whole groups of units"
        );
        let mut values = Vec::with_capacity(self.values.len() / units);
        for group in self.values.chunks_exact(units * self.steps) {
            let mut sums = vec![0.0f64; self.steps];
            for row in group.chunks_exact(self.steps) {
                sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
            }
            values.extend(sums.iter().map(|sum| (sum / units as f64) as f32));
        }
        Self { values, steps: self.steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_means_average_units_and_keep_time() {
        let traces =
            Traces::new(vec![1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0], 2).expect("whole");
        let means = traces.group_means(2);
        assert_eq!((means.rows(), means.steps()), (2, 2));
        assert_eq!(means.values(), &[2.0, 3.0, 20.0, 30.0]);
    }

    #[test]
    fn a_ragged_length_is_refused() {
        assert!(Traces::new(vec![0.0; 7], 2).is_err());
        assert!(Traces::new(Vec::new(), 0).is_err());
    }
}

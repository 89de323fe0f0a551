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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ragged_length_is_refused() {
        assert!(Traces::new(vec![0.0; 7], 2).is_err());
        assert!(Traces::new(Vec::new(), 0).is_err());
    }
}

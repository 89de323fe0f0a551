//! A file that was opened: what its headers say, and its traces, read as they are asked for.
//!
//! Place in the flow: what [`open`](super::open) gives; behind it is a reader of one form
//! ([`Rows`]).

use std::ops::Range;
use std::sync::Arc;

use super::Recording;
use super::file::File;
use crate::error::Result;
use crate::signal::Traces;

/// Bytes of a name, about: of many short traces the names are the larger part.
const NAME: usize = 64;

/// Traces of one length and one rate in a file, not yet read.
pub struct Source {
    pub(super) file: Arc<File>,
    pub(super) description: String,
    pub(super) rate: Option<f64>,
    pub(super) traces: Box<dyn Rows>,
}

/// How traces lie in a file of one form.
pub(super) trait Rows: Send + Sync {
    /// Number of traces, at least 1.
    fn rows(&self) -> usize;

    /// Samples per trace, at least 1.
    fn steps(&self) -> usize;

    /// The name of the trace `row` in its file; empty for the only one.
    fn name(&self, row: usize) -> String;

    /// The axis of an array that is longer than the one that was taken for time.
    fn longer_axis(&self) -> Option<usize> {
        None
    }

    /// Reads the traces `rows`, one after another, into `into` (`rows.len() × steps`).
    fn read(&self, file: &File, rows: Range<usize>, into: &mut [f32]) -> Result<()>;
}

impl Source {
    /// The file, its form and size, and what was left out, for the reader of a report.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Number of traces, at least 1.
    pub fn rows(&self) -> usize {
        self.traces.rows()
    }

    /// Samples per trace, at least 1.
    pub fn steps(&self) -> usize {
        self.traces.steps()
    }

    /// Samples per second, in Hz, where the file says it.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// The axis of an array that is longer than the one that was taken for time, if there is one:
    /// it may be time in truth.
    pub fn longer_axis(&self) -> Option<usize> {
        self.traces.longer_axis()
    }

    /// The name of the trace `row`: the file's name, then its own.
    pub fn name(&self, row: usize) -> String {
        self.file.name(&self.traces.name(row))
    }

    /// Reads the traces `rows` and no others; panics where there are no such rows.
    ///
    /// Needs the traces in memory and less than 16 MiB beside. It is one pass over the file: over
    /// the part of it that holds these traces where time is the fastest axis of an array, and over
    /// all of it in a text.
    ///
    /// # Errors
    /// The file cannot be read, or is no longer what it was when it was opened; a cell of a text is
    /// no number.
    pub fn read(&self, rows: Range<usize>) -> Result<Recording> {
        assert!(rows.start < rows.end && rows.end <= self.rows(), "there are no traces {rows:?}");
        let steps = self.steps();
        let size = rows.len().checked_mul(steps).ok_or_else(|| {
            self.file.error(
                format!("expected traces that fit in memory, found {} of {steps}", rows.len()),
                "read fewer at once",
            )
        })?;
        let mut values = vec![0.0; size];
        self.traces.read(&self.file, rows.clone(), &mut values)?;
        Ok(Recording {
            source: self.description.clone(),
            names: rows.map(|row| self.name(row)).collect(),
            rate: self.rate,
            traces: Traces::new(values, steps)?,
        })
    }

    /// All traces in their order, in recordings of at most about `bytes` bytes (samples as `f32`,
    /// and names), or of one trace where one is larger. Errors are those of [`Source::read`].
    pub fn batches(&self, bytes: usize) -> impl Iterator<Item = Result<Recording>> {
        let count = self.rows();
        let trace = self.steps().saturating_mul(size_of::<f32>()).saturating_add(NAME);
        let each = (bytes / trace).clamp(1, count);
        (0..count).step_by(each).map(move |from| self.read(from..count.min(from + each)))
    }
}

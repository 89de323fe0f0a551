//! Traces on disk: one `.npy` file per quantity, written as the batches come.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use npyz::WriterBuilder;

use crate::error::{Error, Result};
use crate::files::Partial;
use crate::signal::Traces;

/// Writes traces of known number and length to a `.npy` file, `f32`, shape `(rows, steps)`, without
/// holding them.
pub struct TraceFile {
    path: PathBuf,
    partial: Partial,
    writer: npyz::NpyWriter<f32, BufWriter<File>>,
}

impl TraceFile {
    /// Opens `path` for `rows` traces of `steps` samples.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, rows: usize, steps: usize) -> Result<Self> {
        let failed = |cause| Error::file("write the traces", path, cause);
        let partial = Partial::create(path)?;
        let file = BufWriter::new(partial.file()?);
        let shape = [rows as u64, steps as u64];
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        let writer = options.writer(file).begin_nd().map_err(failed)?;
        Ok(Self { path: path.to_owned(), partial, writer })
    }

    /// Appends traces.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&mut self, traces: &Traces) -> Result<()> {
        let values = traces.values().iter().copied();
        self.writer
            .extend(values)
            .map_err(|cause| Error::file("write the traces", &self.path, cause))
    }

    /// Finishes the file.
    ///
    /// # Errors
    /// The file cannot be written, or fewer rows came than were announced.
    pub fn finish(self) -> Result<()> {
        let written = self.writer.finish();
        written.map_err(|cause| Error::file("write the traces", &self.path, cause))?;
        self.partial.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_file_reads_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hidden.npy");
        let traces = Traces::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3).expect("whole");
        let mut file = TraceFile::create(&path, 2, 3).expect("created");
        file.append(&traces).expect("written");
        file.finish().expect("finished");
        let npy = npyz::NpyFile::new(File::open(&path).expect("open")).expect("npy");
        assert_eq!(npy.shape(), &[2, 3]);
        assert_eq!(npy.into_vec::<f32>().expect("f32"), traces.values());
    }
}

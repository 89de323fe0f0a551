//! Files that are written whole or not at all.
//!
//! Place in the flow: floor 1; checkpoints, tables, traces and reports are written through it. What
//! is written goes to a neighbour named `….partial`, which takes the name only when it is complete
//! and on the disk: a full disk, a stop or a crash leaves the file of before.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The ending of what is not complete yet.
pub const PARTIAL: &str = ".partial";

/// A file under way: write to [`Partial::file`], then [`Partial::finish`]. Dropped before that, it
/// removes what it wrote.
pub struct Partial {
    path: PathBuf,
    partial: PathBuf,
    file: Option<File>,
}

impl Partial {
    /// Begins the file `path`.
    ///
    /// # Errors
    /// The neighbour cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Err(Error::new("expected a file to write, found a folder")
                .at(path.display())
                .remedy("give the file a name in it"));
        }
        let mut partial: OsString = path.into();
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        let file =
            File::create(&partial).map_err(|cause| Error::file("write the file", path, cause))?;
        Ok(Self { path: path.to_owned(), partial, file: Some(file) })
    }

    /// A handle to write to.
    ///
    /// # Errors
    /// The system gives no second handle.
    pub fn file(&self) -> Result<File> {
        let file = self.file.as_ref().expect("a file until it is finished");
        file.try_clone().map_err(|cause| Error::file("write the file", &self.path, cause))
    }

    /// Gives the file its name, once all of it is on the disk.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn finish(mut self) -> Result<()> {
        let file = self.file.take().expect("a file until it is finished");
        let named = file.sync_all().and_then(|()| std::fs::rename(&self.partial, &self.path));
        named.map_err(|cause| {
            // Nothing is left to do about a neighbour that cannot be removed either.
            let _ = std::fs::remove_file(&self.partial);
            Error::file("write the file", &self.path, cause)
        })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// The file cannot be written; the one of before is kept.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = Partial::create(path)?;
    let written = partial.file()?.write_all(bytes);
    written.map_err(|cause| Error::file("write the file", path, cause))?;
    partial.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_leaves_the_file_of_before_and_no_neighbour() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        write_whole(&path, b"before").expect("written");
        let partial = Partial::create(&path).expect("begun");
        partial.file().expect("a handle").write_all(b"half").expect("written");
        drop(partial);
        assert_eq!(std::fs::read(&path).expect("read"), b"before");
        let partial = Partial::create(&path).expect("begun");
        partial.file().expect("a handle").write_all(b"after").expect("written");
        partial.finish().expect("named");
        assert_eq!(std::fs::read(&path).expect("read"), b"after");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1);
    }
}

//! A file that is read: its bytes from any place, its name for the traces, its path for the errors.
//!
//! Place in the flow: below the readers of the forms, which all read through a [`File`].

use std::fmt::Display;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{WANTED, clean};
use crate::datasets::content::{self, ReadSeek};
use crate::error::{Error, Result};

/// A file, or an unpacked part of one.
pub(super) struct File {
    path: PathBuf,
    /// The name, for its traces.
    pub(super) label: String,
    content: Mutex<Box<dyn ReadSeek>>,
    /// Bytes of the content.
    pub(super) length: u64,
}

impl File {
    /// The file at `path`, which holds `content`.
    pub(super) fn new(path: &Path, label: &str, mut content: Box<dyn ReadSeek>) -> Result<Self> {
        let length = content.seek(SeekFrom::End(0));
        let length = length.map_err(|error| content::damaged(path, &WANTED, error))?;
        let content = Mutex::new(content);
        Ok(Self { path: path.to_owned(), label: label.to_owned(), content, length })
    }

    /// A part of this file that was packed: `reader` gives it unpacked, and `failed` words its
    /// errors.
    pub(super) fn part(
        &self,
        reader: impl Read,
        failed: impl Fn(io::Error) -> Error,
    ) -> Result<Self> {
        Self::new(&self.path, &self.label, content::copy(reader, &self.path, failed)?)
    }

    /// The bytes, wherever the last reader of them stopped.
    pub(super) fn content(&self) -> MutexGuard<'_, Box<dyn ReadSeek>> {
        // A thread that panicked while it read has left nothing behind but a place in the file.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At most `most` bytes from the beginning.
    pub(super) fn head(&self, most: u64) -> Result<Vec<u8>> {
        let mut content = self.content();
        let mut head = Vec::new();
        let read = content
            .seek(SeekFrom::Start(0))
            .and_then(|_| content.by_ref().take(most).read_to_end(&mut head));
        read.map_err(|error| self.damaged(error))?;
        Ok(head)
    }

    /// The name of the trace `part` of the file.
    pub(super) fn name(&self, part: &str) -> String {
        if part.is_empty() { self.label.clone() } else { format!("{}:{}", self.label, clean(part)) }
    }

    /// An error at this file.
    pub(super) fn error(&self, what: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error::new(what).at(self.path.display()).remedy(remedy)
    }

    /// An error at `place` in this file; empty is all of it.
    pub(super) fn error_at(
        &self,
        place: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Error {
        if place.is_empty() {
            return self.error(what, remedy);
        }
        let place = format!("{}, {}", self.path.display(), clean(place));
        Error::new(what).at(place).remedy(remedy)
    }

    /// The error for content that cannot be read where it should be.
    pub(super) fn damaged(&self, error: io::Error) -> Error {
        content::damaged(&self.path, &WANTED, error)
    }

    /// The error for a file whose header claims `claimed` bytes where `found` are there.
    pub(super) fn wrong_length(&self, place: &str, claimed: impl Display, found: u64) -> Error {
        let remedy = "copy the file again if it was cut short; else its header is wrong: write it \
                      anew from the data";
        let what = format!("expected {claimed} bytes as its header says, found {found}");
        self.error_at(place, what, remedy)
    }
}

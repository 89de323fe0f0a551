//! The members of a tar archive, one after the other, and whether the archive is whole.
//!
//! Place in the flow: behind [`content`](super::content), for
//! [`reviews`](super::reviews) and [`images`](super::images).

use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::content::{self, Opened, Wanted};
use crate::error::Result;

/// Hands to `take` the name and the first `longest` bytes of every file in the archive whose name
/// `keep` wants; gives the first name of all, if there is one. `path` is for the errors.
///
/// # Errors
/// The archive is damaged or ends too early, or `take` fails.
pub(super) fn members(
    path: &Path,
    opened: Opened,
    wanted: &Wanted,
    longest: u64,
    keep: impl Fn(&str) -> bool,
    mut take: impl FnMut(&str, Vec<u8>) -> Result<()>,
) -> Result<Option<String>> {
    let mut archive = tar::Archive::new(Ending { inner: opened.reader(), zeros: 0 });
    let mut first = None;
    let failed = |error| content::damaged(path, wanted, truncation(error));
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        first.get_or_insert_with(|| name.clone());
        if !(entry.header().entry_type().is_file() && keep(&name)) {
            continue;
        }
        let size = entry.size().min(longest);
        let mut bytes = Vec::new();
        (&mut entry).take(longest).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 != size {
            return Err(content::damaged(path, wanted, ErrorKind::UnexpectedEof.into()));
        }
        take(&name, bytes)?;
    }
    let mut inner = archive.into_inner();
    // Reading on to the end lets gzip and xz check their sums.
    io::copy(&mut inner, &mut io::sink()).map_err(failed)?;
    if inner.zeros < 512 {
        return Err(content::damaged(path, wanted, ErrorKind::UnexpectedEof.into()));
    }
    Ok(first)
}

/// `tar` reports an end in the middle of a member as some other kind; it is an end all the same.
fn truncation(error: io::Error) -> io::Error {
    let message = error.to_string();
    let early = ["unexpected EOF", "failed to read entire block"];
    match early.iter().any(|early| message.contains(early)) {
        true => io::Error::new(ErrorKind::UnexpectedEof, message),
        false => error,
    }
}

/// A reader that counts the zeros at the end of what it has given: an archive ends in two blocks of
/// them, and one that was cut between two members does not.
struct Ending<R> {
    inner: R,
    zeros: usize,
}

impl<R: Read> Read for Ending<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.zeros = match buffer[..count].iter().rposition(|&byte| byte != 0) {
            Some(last) => count - last - 1,
            None => self.zeros.saturating_add(count),
        };
        Ok(count)
    }
}

//! The binary version of CIFAR-10: records of a label and a picture.
//!
//! Place in the flow: one of the two readers behind [`images::read`](super::read).
//!
//! A record is 3,073 bytes: the class, then 32 × 32 red, green and blue values, row-major. There is
//! no header. Krizhevsky, Learning multiple layers of features from tiny images (2009).

use std::path::Path;

use super::idx::no_class;
use super::{CLASSES, Content, Part};
use crate::datasets::content::described;
use crate::error::{Error, Result};

/// How the errors speak of such a file.
pub(super) const NOUN: &str = "whole CIFAR-10 records of 3073 bytes";

const SHAPE: [usize; 3] = [3, 32, 32];
const RECORD: usize = 1 + 3 * 32 * 32;

/// Whether `bytes`, a file's content, may be records: they begin with a class or have the length of
/// whole records.
pub(super) fn is_cifar(bytes: &[u8]) -> bool {
    let class = bytes.first().is_some_and(|&label| usize::from(label) < CLASSES);
    class || (!bytes.is_empty() && bytes.len().is_multiple_of(RECORD))
}

/// Reads the records of the file at `path`, unpacked into `bytes`.
///
/// # Errors
/// There are none; the length is not that of whole records; a label is no class.
pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<Content> {
    if bytes.is_empty() || !bytes.len().is_multiple_of(RECORD) {
        let (whole, left) = (bytes.len() / RECORD, bytes.len() % RECORD);
        let kind = described(&bytes);
        return Err(Error::new(format!(
            "expected {NOUN}, found {whole} and {left} bytes ({kind})"
        ))
        .at(path.display())
        .remedy(
            "fetch or copy the file again, in CIFAR-10's binary version; leave it out, or name it \
             otherwise, where it is something else",
        ));
    }
    let mut part = none();
    for record in bytes.chunks_exact(RECORD) {
        if usize::from(record[0]) >= CLASSES {
            return Err(no_class(path, part.len(), record[0]));
        }
        part.labels.push(record[0]);
        part.pixels.extend_from_slice(&record[1..]);
    }
    Ok(Content::Batch(part))
}

/// No pictures yet.
pub(super) fn none() -> Part {
    Part { shape: SHAPE, pixels: Vec::new(), labels: Vec::new() }
}

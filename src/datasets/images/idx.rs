//! The IDX format of MNIST: a magic number, the lengths of the axes, then unsigned bytes.
//!
//! Place in the flow: one of the two readers behind [`images::read`](super::read).
//!
//! Big-endian: two zeros, the type of the numbers (8: unsigned bytes), the number of axes, a word
//! of 32 bits per axis. Pictures have 3 axes (magic number 2051), labels 1 (2049).
//! LeCun, Cortes and Burges, The MNIST database, `yann.lecun.com/exdb/mnist`.

use std::path::Path;

use super::CLASSES;
use crate::error::{Error, Result};

const IMAGES: u32 = 2051;
const LABELS: u32 = 2049;
/// The longest side of a picture.
const LONGEST: u32 = 4096;

/// What one file holds.
pub(super) enum Idx {
    /// Pictures: channels (one), height, width, and their brightness.
    Images([usize; 3], Vec<u8>),
    /// Classes, each below [`CLASSES`].
    Labels(Vec<u8>),
}

/// Whether a file that begins with `head` is of this format, whatever its numbers and axes.
pub(super) fn is_idx(head: &[u8]) -> bool {
    matches!(head, [0, 0, 0x08..=0x0e, 1..=4, ..])
}

/// Reads the file at `path`, unpacked into `bytes`.
///
/// # Errors
/// Another magic number; a length that is not what the header says; a label that is no class.
pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<Idx> {
    let word = |at: usize| {
        let four: Option<[u8; 4]> = bytes.get(4 * at..4 * at + 4)?.try_into().ok();
        four.map(u32::from_be_bytes)
    };
    let refuse = |what: String, remedy: &str| Error::new(what).at(path.display()).remedy(remedy);
    let magic = word(0).unwrap_or(0);
    let axes = match magic {
        IMAGES => 3,
        LABELS => 1,
        _ => {
            let what = format!(
                "expected the magic number {IMAGES} (images) or {LABELS} (labels), found {magic}"
            );
            return Err(refuse(what, "give the IDX files of MNIST or Fashion-MNIST, unchanged"));
        }
    };
    let sizes: Option<Vec<u32>> = (1..=axes).map(word).collect();
    let sizes = sizes.ok_or_else(|| cut(path, 4 * (axes + 1) as u64, bytes.len()))?;
    if let Some(side) = sizes[1..].iter().find(|side| !(1..=LONGEST).contains(*side)) {
        let what = format!("expected sides of 1 to {LONGEST} pixels, found {side}");
        return Err(refuse(what, "fetch the file again: its header is damaged"));
    }
    let header = 4 * (axes + 1);
    let wanted = sizes.iter().map(|&size| u64::from(size)).product::<u64>() + header as u64;
    if (bytes.len() as u64) < wanted {
        return Err(cut(path, wanted, bytes.len()));
    }
    if bytes.len() as u64 > wanted {
        let what = format!("expected {wanted} bytes by the header, found {}", bytes.len());
        return Err(refuse(
            what,
            "fetch the file again: header and content do not belong together",
        ));
    }
    let mut content = bytes;
    content.drain(..header);
    if magic == IMAGES {
        return Ok(Idx::Images([1, sizes[1] as usize, sizes[2] as usize], content));
    }
    match content.iter().position(|&label| usize::from(label) >= CLASSES) {
        None => Ok(Idx::Labels(content)),
        Some(at) => Err(no_class(path, at, content[at])),
    }
}

fn cut(path: &Path, wanted: u64, found: usize) -> Error {
    Error::new(format!("expected {wanted} bytes, found {found}: the file is cut short"))
        .at(path.display())
        .remedy("fetch or copy the file again; its size differs from the original's")
}

/// The error for the label of picture `at`.
pub(super) fn no_class(path: &Path, at: usize, label: u8) -> Error {
    let last = CLASSES - 1;
    Error::new(format!("expected a label from 0 to {last}, found {label}"))
        .at(format!("{}, image {at}", path.display()))
        .remedy("correct the label, or give data of ten classes")
}

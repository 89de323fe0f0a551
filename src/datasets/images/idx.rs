//! The IDX format of MNIST: a magic number, the lengths of the axes, then unsigned bytes.
//!
//! Place in the flow: one of the two readers behind [`images::read`](super::read).
//!
//! Big-endian: two zeros, the type of the numbers (8: unsigned bytes), the number of axes, a word
//! of 32 bits per axis. Pictures have 3 axes (magic number 0x00000803), labels 1 (0x00000801).
//! LeCun, Cortes and Burges, The MNIST database, `yann.lecun.com/exdb/mnist`.

use std::path::Path;

use super::{CLASSES, Content};
use crate::datasets::content::described;
use crate::error::{Error, Result};

/// How the errors speak of such a file.
pub(super) const NOUN: &str = "an IDX file of images (magic 0x00000803) or labels (0x00000801)";

const IMAGES: u32 = 0x0803;
const LABELS: u32 = 0x0801;
/// The longest side of a picture.
const LONGEST: u32 = 4096;

/// Whether a file that begins with `head` is of this format, whatever its numbers and axes.
pub(super) fn is_idx(head: &[u8]) -> bool {
    matches!(head, [0, 0, 0x08..=0x0e, 1..=4, ..])
}

/// Reads the file at `path`, unpacked into `bytes`.
///
/// # Errors
/// Another magic number; a length that is not what the header says; a label that is no class.
pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<Content> {
    let word = |at: usize| {
        let four: Option<[u8; 4]> = bytes.get(4 * at..4 * at + 4)?.try_into().ok();
        four.map(u32::from_be_bytes)
    };
    let refuse = |what: String, remedy: &str| Error::new(what).at(path.display()).remedy(remedy);
    let magic = word(0);
    let axes = match magic {
        Some(IMAGES) => 3,
        Some(LABELS) => 1,
        _ => {
            let what = format!("expected {NOUN}, found {}", described(&bytes));
            let remedy = "fetch or copy the file of MNIST or Fashion-MNIST again; leave it out, or \
                          name it otherwise, where it is something else";
            return Err(refuse(what, remedy));
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
    if magic == Some(IMAGES) {
        return Ok(Content::Images([1, sizes[1] as usize, sizes[2] as usize], content));
    }
    match content.iter().position(|&label| usize::from(label) >= CLASSES) {
        None => Ok(Content::Labels(content)),
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

//! Other people's recordings as named traces: arrays, tables of numbers, EEG files.
//!
//! Place in the flow: floor 2, the first reading of a user's file; what comes out goes straight to
//! the measures.
//!
//! | form | what is read | names of the traces |
//! |---|---|---|
//! | `.npy` | an array of 1 to 3 axes | `a.npy`, `a.npy:4`, `a.npy:2,4` (indices from 0) |
//! | `.npz` | one array ([`Options::array`]) or all that can be traces | `a.npz:x`, `a.npz:x:4` |
//! | `.safetensors` | one tensor ([`Options::tensor`]) or all that can be | the same |
//! | text, one column per trace | all columns or [`Options::columns`] | `a.csv:Fz`, or from 1 |
//! | EDF, EDF+ | all channels or [`Options::channels`], physical units | `a.edf:Fz` |
//!
//! Each of them may lie inside gzip or xz. The form is told by content alone; file endings play no
//! part, and an option of another form plays none either. Where one form has arrays that cannot be
//! traces (words, a single number) beside others that can, they are left out and
//! [`Recording::source`] says so.
//!
//! Samples become `f32`, rounded to nearest: an integer of more than 24 bits loses its last digits
//! (|x| above 2^24 = 16,777,216), and so does the small change on a large offset; a number beyond
//! 3.4e38 becomes infinite. NaN and infinities are kept, for the measure to flag. True and false
//! are 1 and 0.
//!
//! A file is read into memory, whole; nothing is mapped or streamed. The peak is the file and about
//! twice its samples as `f32`. What a header claims is held against the length of the file before
//! anything is allocated for it.

use std::io::{self, Cursor, Read};
use std::path::Path;

use super::content::{self, Opened, Wanted};
use crate::error::{Error, Result};
use crate::signal::Traces;

mod array;
mod edf;
mod numpy;
mod safetensors;
mod table;

/// What mends a path that leads to something else.
const FORMS: &str = "give a .npy, .npz, .safetensors, EDF or text file with one column per trace";

/// A text of 16 GiB has some 10^9 samples.
const WANTED: Wanted = Wanted { noun: "recordings", forms: FORMS, most: 16 };

/// Which part of a file to take. The default takes all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Columns of a text, by name or by number from 1, in this order.
    pub columns: Option<Vec<String>>,
    /// The array of an `.npz`.
    pub array: Option<String>,
    /// The tensor of a `.safetensors`.
    pub tensor: Option<String>,
    /// The axis of an array that is time, from 0, or from the end if negative; none is the last.
    pub axis: Option<isize>,
    /// Channels of an EDF, by label (in any case, dots at its end aside) or by number from 1, in
    /// this order.
    pub channels: Option<Vec<String>>,
}

/// Traces of one length and one rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The file, its form and size, and what was left out, for the reader of a report.
    pub source: String,
    /// The name of each trace: the file's name, then its own.
    pub names: Vec<String>,
    /// Samples per second, in Hz, where the file says it.
    pub rate: Option<f64>,
    /// The samples, one row per name.
    pub traces: Traces,
}

/// Reads the file at `path` (`-` is standard input); several recordings where traces differ in
/// length or rate, and never none.
///
/// # Errors
/// The file cannot be read, is of another form, is damaged or cut short; its header claims what the
/// file does not hold; there is no such column, array, tensor, axis or channel; a cell is no
/// number. Each error names the file and the place in it.
pub fn read(path: &Path, options: &Options) -> Result<Vec<Recording>> {
    if path.as_os_str() == "-" {
        return from_reader("standard input", Box::new(io::stdin()), options);
    }
    let label = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    told(&File { path, label: clean(&label) }, content::open(path, &WANTED)?, options)
}

/// Reads `bytes` as [`read`] reads a file of the name `name`.
///
/// # Errors
/// As for [`read`].
pub fn read_bytes(name: &str, bytes: Vec<u8>, options: &Options) -> Result<Vec<Recording>> {
    from_reader(name, Box::new(Cursor::new(bytes)), options)
}

fn from_reader(name: &str, reader: Box<dyn Read>, options: &Options) -> Result<Vec<Recording>> {
    let path = Path::new(name);
    let label = if name == "standard input" { "stdin".to_owned() } else { clean(name) };
    told(&File { path, label }, content::unpack(reader, path, &WANTED)?, options)
}

/// The file that is read: its path for errors, its name for the traces.
struct File<'a> {
    path: &'a Path,
    label: String,
}

impl File<'_> {
    /// The name of the trace `part` of the file.
    fn name(&self, part: &str) -> String {
        if part.is_empty() { self.label.clone() } else { format!("{}:{}", self.label, clean(part)) }
    }

    /// An error at this file.
    fn error(&self, what: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error::new(what).at(self.path.display()).remedy(remedy)
    }

    /// An error at `place` in this file; empty is all of it.
    fn error_at(&self, place: &str, what: impl Into<String>, remedy: impl Into<String>) -> Error {
        if place.is_empty() {
            return self.error(what, remedy);
        }
        let place = format!("{}, {}", self.path.display(), clean(place));
        Error::new(what).at(place).remedy(remedy)
    }

    /// The error for a file whose header claims `claimed` bytes where `found` are there.
    fn wrong_length(&self, place: &str, claimed: impl std::fmt::Display, found: usize) -> Error {
        let remedy = "copy the file again if it was cut short; else its header is wrong: write it \
                      anew from the data";
        let what = format!("expected {claimed} bytes as its header says, found {found}");
        self.error_at(place, what, remedy)
    }
}

/// Tells the form of `opened` and reads it.
fn told(file: &File, opened: Opened, options: &Options) -> Result<Vec<Recording>> {
    type Reader = fn(&File, &[u8], &Options) -> Result<Vec<Recording>>;
    let head = opened.head();
    let reader: Reader = if head.starts_with(b"\x93NUMPY") {
        numpy::read
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        numpy::read_archive
    } else if head.get(8) == Some(&b'{') && head[..8].contains(&0) {
        safetensors::read
    } else if edf::is_edf(head) {
        edf::read
    } else if head.starts_with(b"\xffBIOSEMI") {
        let remedy = "convert it to EDF, or to .npy (24-bit samples are not read)";
        return Err(file.error("expected EDF, found a BioSemi BDF file", remedy));
    } else if opened.is_tar() {
        let remedy = "unpack it and give the files inside";
        return Err(file.error("expected a recording, found a tar archive", remedy));
    } else {
        let text = opened.text(file.path)?;
        return table::read(file, &text, options).map(|recording| vec![recording]);
    };
    let bytes = opened.bytes(file.path)?;
    reader(file, &bytes, options)
}

/// A name fit for a line of a terminal: no control characters, at most 200 characters.
fn clean(name: &str) -> String {
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    name.chars().take(200).map(printable).collect()
}

/// Some of `names`, for an error.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let mut names = names.into_iter();
    let mut some: Vec<String> = names.by_ref().take(MOST).map(clean).collect();
    let left = names.count();
    if left > 0 {
        some.push(format!("and {left} more"));
    }
    some.join(", ")
}

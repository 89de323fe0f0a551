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
//! part. An [option](Options) that no given file can take is an error. Where one form has arrays
//! that cannot be traces (words, a single number) beside others that can, they are left out and
//! [`Source::description`] says so.
//!
//! Samples become `f32`, rounded to nearest: an integer of more than 24 bits loses its last digits
//! (|x| above 2^24 = 16,777,216), and so does the small change on a large offset; a number beyond
//! 3.4e38 becomes infinite. NaN and infinities are kept, for the measure to flag. True and false
//! are 1 and 0.
//!
//! [`open`] reads headers (of a text: counts its lines) and holds what they claim against the
//! length of the file, before anything is allocated for it; [`Source::read`] reads the traces asked
//! for, and [`Source::batches`] all of them in turn. The memory needed is the traces as `f32` and
//! less than 16 MiB, so a file may be larger than the memory as long as one trace of it is not.
//! What cannot be sought (packed files, packed arrays of an `.npz`, pipes and standard input) is
//! copied first, unpacked: in memory up to 8 MiB, else into a file in the temporary folder
//! (`TMPDIR`).

use std::io::{self, Cursor};
use std::path::Path;
use std::sync::Arc;

use super::content::{self, Opened, Wanted};
use crate::error::{Error, Result};
use crate::signal::Traces;

mod array;
mod edf;
mod file;
mod numpy;
mod runs;
mod safetensors;
mod source;
mod table;

use file::File;
pub use source::Source;

/// What mends a path that leads to something else.
const FORMS: &str = "give a .npy, .npz, .safetensors, EDF or text file with one column per trace";

/// 16 GiB of text, unpacked, have some 10^9 samples.
const WANTED: Wanted = Wanted { noun: "recordings", forms: FORMS, most: 16 };

/// Which part of a file to take. The default takes all of it. An option chooses in the files of its
/// form, and of the files opened together at least one must be of that form.
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

/// Opens the files at `paths` (`-` is standard input); several sources of one file where its traces
/// differ in length or rate, and at least one of each.
///
/// # Errors
/// A file cannot be read, is of another form, is damaged or cut short; its header claims what the
/// file does not hold; there is no such column, array, tensor, axis or channel. Each error names
/// the file and the place in it. Or none of the files is of a form that takes a given option.
pub fn open<P: AsRef<Path>>(paths: &[P], options: &Options) -> Result<Vec<Source>> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths.iter().map(AsRef::as_ref) {
        files.push(if path.as_os_str() == "-" {
            let path = Path::new("standard input");
            told(path, "stdin", content::unpack(Box::new(io::stdin()), path, &WANTED)?, options)?
        } else {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            told(path, &name, content::open(path, &WANTED)?, options)?
        });
    }
    options.sources(files)
}

/// Opens `bytes` as [`open`] opens a file of the name `name`.
///
/// # Errors
/// As for [`open`].
pub fn open_bytes(name: &str, bytes: Vec<u8>, options: &Options) -> Result<Vec<Source>> {
    let path = Path::new(name);
    let opened = content::unpack(Box::new(Cursor::new(bytes)), path, &WANTED)?;
    options.sources(vec![told(path, name, opened, options)?])
}

/// Reads the file at `path` (`-` is standard input) whole.
///
/// # Errors
/// As for [`open`] and [`Source::read`].
pub fn read(path: &Path, options: &Options) -> Result<Vec<Recording>> {
    let sources = open(&[path], options)?;
    sources.iter().map(|source| source.read(0..source.rows())).collect()
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Npy,
    Npz,
    Safetensors,
    Edf,
    Text,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Npy => ".npy",
            Self::Npz => ".npz",
            Self::Safetensors => ".safetensors",
            Self::Edf => "EDF",
            Self::Text => "text",
        }
    }
}

/// A file's name, its form, and what it holds.
type Told = (String, Form, Vec<Source>);

impl Options {
    /// The sources of `files`, if each option that is given can be taken by one of them.
    fn sources(&self, files: Vec<Told>) -> Result<Vec<Source>> {
        let flags: [(&str, bool, &[Form]); 5] = [
            ("--columns", self.columns.is_some(), &[Form::Text]),
            ("--array", self.array.is_some(), &[Form::Npz]),
            ("--tensor", self.tensor.is_some(), &[Form::Safetensors]),
            ("--axis", self.axis.is_some(), &[Form::Npy, Form::Npz, Form::Safetensors]),
            ("--channels", self.channels.is_some(), &[Form::Edf]),
        ];
        for (flag, given, takers) in flags {
            if given && !files.iter().any(|(_, form, _)| takers.contains(form)) {
                let takers: Vec<&str> = takers.iter().map(|form| form.name()).collect();
                let takers = takers.join(" or ");
                let files = files.iter().map(|(name, form, _)| format!("{name} ({})", form.name()));
                let files = listed(&files.collect::<Vec<_>>());
                return Err(Error::new(format!("expected a file of {takers}, found {files}"))
                    .at(flag)
                    .remedy(format!("leave {flag} out: it chooses a part of {takers} alone")));
            }
        }
        Ok(files.into_iter().flat_map(|(.., sources)| sources).collect())
    }
}

/// Tells the form of `opened` and opens it; `name` is for its traces, `path` for its errors.
fn told(path: &Path, name: &str, opened: Opened, options: &Options) -> Result<Told> {
    type Reader = fn(&Arc<File>, &Options) -> Result<Vec<Source>>;
    let refused =
        |what: &str, remedy: &str| Err(Error::new(what).at(path.display()).remedy(remedy));
    let head = opened.head();
    let (form, reader): (Form, Reader) = if head.starts_with(b"\x93NUMPY") {
        (Form::Npy, numpy::open)
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        (Form::Npz, numpy::open_archive)
    } else if head.get(8) == Some(&b'{') && head[..8].contains(&0) {
        (Form::Safetensors, safetensors::open)
    } else if edf::is_edf(head) {
        (Form::Edf, edf::open)
    } else if head.starts_with(b"\xffBIOSEMI") {
        let remedy = "convert it to EDF, or to .npy (24-bit samples are not read)";
        return refused("expected EDF, found a BioSemi BDF file", remedy);
    } else if opened.is_tar() {
        let remedy = "unpack it and give the files inside";
        return refused("expected a recording, found a tar archive", remedy);
    } else {
        opened.expect_text(path)?;
        (Form::Text, table::open)
    };
    let file = Arc::new(File::new(path, &clean(name), opened.seekable(path)?)?);
    Ok((clean(name), form, reader(&file, options)?))
}

/// A name fit for a line of a terminal: no control characters, at most 200 characters.
fn clean(name: &str) -> String {
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    name.chars().take(200).map(printable).collect()
}

/// Some of `names`, for an error.
fn listed(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 12;
    let mut some: Vec<String> = names.iter().take(MOST).map(|name| clean(name.as_ref())).collect();
    if names.len() > MOST {
        some.push(format!("and {} more", names.len() - MOST));
    }
    some.join(", ")
}

//! NumPy's `.npy` arrays, and `.npz` archives of them.
//!
//! Place in the flow: two of the readers behind [`recordings::open`](super::open).
//!
//! The header (a Python dictionary: `descr`, `fortran_order`, `shape`) is read here and not by
//! npyz, which allocates what the header's length claims (up to 4 GiB) and parses nested brackets
//! by recursion. The archive is opened by npyz; an array inside is held against its header, then
//! read where it lies (and its checksum left alone), or unpacked into a copy where it is packed.

use std::io::{Cursor, Read};
use std::sync::Arc;

use npyz::npz::{NpzArchive, array_name_from_file_name};
use npyz::zip::CompressionMethod;

use super::array::{Layout, Unfit, mention};
use super::file::File;
use super::runs::Kind;
use super::source::Source;
use super::{Options, clean, listed};
use crate::datasets::content::ReadSeek;
use crate::error::{Error, Result};

/// The longest header read; NumPy itself stops at 10,000 characters.
const LONGEST_HEADER: usize = 60_000;
/// The most bytes before the samples.
const HEAD: u64 = LONGEST_HEADER as u64 + 12;
/// The most bytes that deflate makes of one (1,032, rounded up).
const DEFLATE: u64 = 1_040;
/// The most bytes that a packed array may unpack to.
const MOST: u64 = 16 << 30;

/// What a header says.
enum Claim {
    /// An array of numbers, whose samples begin at this byte.
    Numbers(Layout, u64),
    /// An array of something else.
    Other(Unfit),
}

/// Opens the array `file`.
pub(super) fn open(file: &Arc<File>, options: &Options) -> Result<Vec<Source>> {
    match header(&file.head(HEAD)?).map_err(|fault| fault.error(file, ""))? {
        Claim::Other(found) => Err(found.error(file, "")),
        Claim::Numbers(layout, start) => {
            check(file, "", &layout, start, file.length)?;
            if let Some(found) = layout.unfit(options) {
                return Err(found.error(file, ""));
            }
            Ok(vec![layout.source(file, "", start, options)?])
        }
    }
}

/// Holds the header's claim against the `found` bytes of the array.
fn check(file: &File, place: &str, layout: &Layout, start: u64, found: u64) -> Result<()> {
    match layout.bytes().and_then(|bytes| bytes.checked_add(start)) {
        Some(claimed) if claimed == found => Ok(()),
        Some(claimed) => Err(file.wrong_length(place, claimed, found)),
        None => Err(file.wrong_length(place, format!("more than 2^64 ({})", layout.size()), found)),
    }
}

/// What is wrong with a header.
struct Fault(String);

impl Fault {
    fn error(self, file: &File, place: &str) -> Error {
        let remedy = "write it anew with np.save; it is cut short, or no NumPy array";
        let what = format!("expected the header of a NumPy array, found {}", self.0);
        file.error_at(place, what, remedy)
    }
}

/// Reads the header at the beginning of `bytes`.
fn header(bytes: &[u8]) -> std::result::Result<Claim, Fault> {
    let cut = || Fault("its end".to_owned());
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err(Fault("something else".to_owned()));
    }
    let (start, length) = match bytes.get(6..12).ok_or_else(cut)? {
        &[1, _, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
        &[2 | 3, _, a, b, c, d] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        other => return Err(Fault(format!("version {}", other[0]))),
    };
    if length > LONGEST_HEADER {
        return Err(Fault(format!("one of {length} bytes")));
    }
    let text = String::from_utf8_lossy(bytes.get(start..start + length).ok_or_else(cut)?);
    let found = |what: &str, value: &str| {
        Fault(format!("{what} {:?}", value.chars().take(40).collect::<String>()))
    };
    let descr = value_of(&text, "descr")?;
    let quote = descr.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let Some(quote) = quote else {
        return Ok(Claim::Other(Unfit::new("a structured array (with named fields)")));
    };
    let descr = descr[1..].split(quote).next().unwrap_or_default();
    let fortran = value_of(&text, "fortran_order")?;
    let fortran = match fortran.split([',', '}', ' ']).next() {
        Some("True") => true,
        Some("False") => false,
        _ => return Err(found("the order", fortran)),
    };
    let shape = value_of(&text, "shape")?;
    let sizes = shape.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let (sizes, _) = sizes.ok_or_else(|| found("the shape", shape))?;
    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
    let sizes = sizes.map(|size| size.trim_end_matches('L').parse::<u64>());
    let shape = sizes.collect::<std::result::Result<Vec<u64>, _>>();
    let shape = shape.map_err(|_| found("the shape", value_of(&text, "shape").unwrap_or("")))?;
    let (big_endian, kind) = match kind_of(descr) {
        Ok(kind) => kind,
        Err(other) => return Ok(Claim::Other(Unfit::new(other))),
    };
    Ok(Claim::Numbers(Layout { kind, big_endian, fortran, shape }, (start + length) as u64))
}

/// What follows `'key':` in the dictionary `text`.
fn value_of<'a>(text: &'a str, key: &str) -> std::result::Result<&'a str, Fault> {
    let after = |quoted: String| text.split_once(&quoted).map(|(_, rest)| rest.trim_start());
    after(format!("'{key}'"))
        .or_else(|| after(format!("\"{key}\"")))
        .and_then(|rest| rest.strip_prefix(':'))
        .map(str::trim_start)
        .ok_or_else(|| Fault(format!("none of its `{key}`")))
}

/// Byte order and type of `<f8` and the like, or a name for what is no number.
fn kind_of(descr: &str) -> std::result::Result<(bool, Kind), String> {
    let (big_endian, code) = match descr.as_bytes().first() {
        Some(b'>') => (true, &descr[1..]),
        Some(b'<' | b'|') => (false, &descr[1..]),
        Some(b'=') => (cfg!(target_endian = "big"), &descr[1..]),
        _ => (false, descr),
    };
    let kind = match code {
        "f8" => Kind::F64,
        "f4" => Kind::F32,
        "f2" => Kind::F16,
        "i1" => Kind::I8,
        "i2" => Kind::I16,
        "i4" => Kind::I32,
        "i8" => Kind::I64,
        "u1" => Kind::U8,
        "u2" => Kind::U16,
        "u4" => Kind::U32,
        "u8" => Kind::U64,
        "b1" => Kind::Bool,
        _ => {
            return Err(match code.as_bytes().first() {
                Some(b'O') => "pickled Python objects, which are never opened".to_owned(),
                Some(b'U' | b'S' | b'a') => "words".to_owned(),
                Some(b'c') => "complex numbers".to_owned(),
                Some(b'M' | b'm') => "dates or times".to_owned(),
                _ => format!("the type {:?}", clean(descr)),
            });
        }
    };
    Ok((big_endian, kind))
}

/// Opens the arrays of the archive `file`: the one that `options` name, or all that can be traces.
pub(super) fn open_archive(file: &Arc<File>, options: &Options) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut left_out = Vec::new();
    let members = members(file, options)?;
    for Member { name, array } in members {
        match array {
            Ok((layout, start, unpacked)) => {
                let file = unpacked.as_ref().unwrap_or(file);
                sources.push(layout.source(file, &name, start, options)?);
            }
            Err(found) if options.array.is_some() => return Err(found.error(file, &name)),
            Err(found) => left_out.push(format!("{} ({})", clean(&name), found.found)),
        }
    }
    if sources.is_empty() {
        return Err(Unfit::new(format!("only {}", listed(&left_out))).error(file, ""));
    }
    mention(&mut sources, &left_out);
    Ok(sources)
}

/// An array of an archive.
struct Member {
    name: String,
    array: Found,
}

/// The description of an array and the byte of its first sample, in the archive or in what is
/// unpacked of it; or why it can be no traces.
type Found = std::result::Result<(Layout, u64, Option<Arc<File>>), Unfit>;

type Archive<'a> = NpzArchive<&'a mut Box<dyn ReadSeek>>;

/// The arrays of the archive `file`, in its order: all, or the one that `options` name.
fn members(file: &File, options: &Options) -> Result<Vec<Member>> {
    let mut content = file.content();
    let mut archive = NpzArchive::new(&mut *content).map_err(|error| {
        let remedy = "copy the file again, or write it anew with np.savez";
        file.error("expected an intact zip archive of arrays", remedy).because(error)
    })?;
    let mut names = names(file, &mut archive)?;
    if names.is_empty() {
        let what = "expected NumPy arrays in the zip archive, found none";
        return Err(file.error(what, super::FORMS));
    }
    if let Some(wanted) = &options.array {
        let all: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        let missing = file.error(
            format!("expected an array named {wanted}, found {}", listed(&all)),
            "give --array one of these names, or leave it out to take all",
        );
        names.retain(|(_, name)| name == wanted);
        if names.is_empty() {
            return Err(missing);
        }
    }
    let open = |(index, name): (usize, String)| {
        let array = member(file, &mut archive, index, &name, options)?;
        Ok(Member { name, array })
    };
    names.into_iter().map(open).collect()
}

/// Index and name of each array, in the archive's order.
fn names(file: &File, archive: &mut Archive) -> Result<Vec<(usize, String)>> {
    let zip = archive.zip_archive();
    let mut names = Vec::new();
    for index in 0..zip.len() {
        // Raw: without a decoder, which may allocate much for what NumPy never writes.
        let member = zip.by_index_raw(index).map_err(|error| broken(file, "").because(error))?;
        let Some(name) = array_name_from_file_name(member.name()) else { continue };
        let packing = member.compression();
        if !matches!(packing, CompressionMethod::Stored | CompressionMethod::Deflated) {
            let what = format!("expected a stored or deflated array, found {packing}");
            return Err(file.error_at(name, what, "write it anew with np.savez"));
        }
        names.push((index, name.to_owned()));
    }
    Ok(names)
}

fn broken(file: &File, name: &str) -> Error {
    let place = if name.is_empty() { "its table of contents" } else { name };
    let remedy = "copy the file again, or write it anew with np.savez";
    file.error_at(place, "expected an intact array, found damaged data", remedy)
}

/// Opens one array of the archive, or says why it can be no traces.
fn member(
    file: &File,
    archive: &mut Archive,
    index: usize,
    name: &str,
    options: &Options,
) -> Result<Found> {
    let broken = |error: std::io::Error| broken(file, name).because(error);
    let mut member = archive.zip_archive().by_index(index).map_err(|error| broken(error.into()))?;
    let (size, packed) = (member.size(), member.compressed_size());
    let most = packed.min(file.length).saturating_mul(DEFLATE).saturating_add(64);
    if size > most || size > MOST.max(file.length) {
        let what = format!("expected at most {} bytes, found a claim of {size}", most.min(MOST));
        let remedy = "copy the file again, or save large arrays with np.savez, not packed";
        return Err(file.error_at(name, what, remedy));
    }
    let mut head = Vec::new();
    member.by_ref().take(HEAD).read_to_end(&mut head).map_err(broken)?;
    let (layout, start) = match header(&head).map_err(|fault| fault.error(file, name))? {
        Claim::Numbers(layout, start) => (layout, start),
        Claim::Other(found) => return Ok(Err(found)),
    };
    check(file, name, &layout, start, size)?;
    if let Some(found) = layout.unfit(options) {
        return Ok(Err(found));
    }
    let data = member.data_start();
    if member.compression() == CompressionMethod::Stored {
        // What is stored has no other size than its own, and ends within the file.
        let found = file.length.saturating_sub(data).min(packed);
        check(file, name, &layout, start, found)?;
        return Ok(Ok((layout, data + start, None)));
    }
    // One byte more than there should be: the end is reached, where the checksum is looked at.
    let left = (size + 1).saturating_sub(head.len() as u64);
    let unpacked = file.part(Cursor::new(head).chain(member.take(left)), broken)?;
    check(file, name, &layout, start, unpacked.length)?;
    Ok(Ok((layout, start, Some(Arc::new(unpacked)))))
}

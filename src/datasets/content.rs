//! What a file is, told by its first bytes: packed or not, an archive, a text, or something else.
//!
//! Place in the flow: the first look at a user's file; [`reviews`](super::reviews),
//! [`images`](super::images) and [`recordings`](super::recordings) read what this opens.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read, Seek, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use tempfile::SpooledTempFile;

use crate::error::{Error, Result};

/// Bytes looked at to tell what a file is.
const HEAD: u64 = 8192;
/// The most memory for an xz dictionary, in KiB; `xz -9` needs 65 MiB.
const XZ_MEMORY: u32 = 512 << 10;
/// The bytes of a copy that are kept in memory; a longer one goes to the temporary folder.
const KEPT: usize = 8 << 20;

/// What a reader looks for, and how its errors speak of it.
#[derive(Debug)]
pub(super) struct Wanted {
    /// What it reads: `reviews`.
    pub(super) noun: &'static str,
    /// What mends a path that leads to something else.
    pub(super) forms: &'static str,
    /// The most GiB that a file may unpack to, and that a text in memory may have: a hostile gzip
    /// grows a thousandfold.
    pub(super) most: u64,
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Xz,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "",
            Self::Gzip => ", gzip",
            Self::Xz => ", xz",
        })
    }
}

/// A file that was looked into, unpacked as it is read.
pub(super) struct Opened {
    pub(super) packing: Packing,
    wanted: &'static Wanted,
    head: Vec<u8>,
    rest: Box<dyn Read>,
    /// The file itself, where it can be sought and is not packed.
    file: Option<File>,
}

/// What can be read from any place, again and again.
pub(super) trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// Opens the file at `path` and looks at its first bytes, unpacked where they are packed.
pub(super) fn open(path: &Path, wanted: &'static Wanted) -> Result<Opened> {
    let doing = || format!("read the {}", wanted.noun);
    let failed = |error| Error::file(&doing(), path, error);
    let file = File::open(path).map_err(failed)?;
    // A pipe cannot be sought, whatever its name.
    let is_file = file.metadata().map_err(failed)?.is_file();
    let again = if is_file { Some(file.try_clone().map_err(failed)?) } else { None };
    let opened = unpack(Box::new(file), path, wanted)?;
    Ok(Opened { file: again.filter(|_| opened.packing == Packing::Plain), ..opened })
}

/// Looks at the first bytes of `source`, unpacked where they are packed; `path` is for its errors.
pub(super) fn unpack(
    mut source: Box<dyn Read>,
    path: &Path,
    wanted: &'static Wanted,
) -> Result<Opened> {
    let doing = || format!("read the {}", wanted.noun);
    let head = look(&mut source).map_err(|error| Error::file(&doing(), path, error))?;
    let packing = match head.as_slice() {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Packing::Xz,
        _ => return Ok(Opened { packing: Packing::Plain, wanted, head, rest: source, file: None }),
    };
    let packed = BufReader::with_capacity(1 << 16, Cursor::new(head).chain(source));
    let unpacked: Box<dyn Read> = match packing {
        Packing::Xz => Box::new(XzReader::new_mem_limit(packed, true, XZ_MEMORY)),
        _ => Box::new(MultiGzDecoder::new(packed)),
    };
    let mut rest = Box::new(Limited { inner: unpacked, left: wanted.most << 30 });
    let head = look(&mut rest).map_err(|error| damaged(path, wanted, error))?;
    Ok(Opened { packing, wanted, head, rest, file: None })
}

/// The first bytes of `reader`, fewer where it is shorter.
fn look(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

impl Opened {
    /// True for a tar archive, of any age: the old format has no magic bytes, but every header has
    /// a sum.
    pub(super) fn is_tar(&self) -> bool {
        if self.head.get(257..262) == Some(b"ustar") {
            return true;
        }
        let Some(header) = self.head.get(..512) else { return false };
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        let field = &header[148..156];
        // The sum is taken with its own field full of spaces.
        let sum = sum - field.iter().map(|&byte| u32::from(byte)).sum::<u32>() + 8 * 32;
        let digits = String::from_utf8_lossy(field);
        let digits = digits.trim_matches(|c: char| c == ' ' || c == '\0');
        u32::from_str_radix(digits, 8) == Ok(sum)
    }

    /// The whole content.
    pub(super) fn reader(self) -> impl Read {
        Cursor::new(self.head).chain(self.rest)
    }

    /// The first bytes, unpacked: all of a short file.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The whole content, to be read from any place: the file itself or, where it is packed or a
    /// pipe, a [`copy`] of what comes out of it.
    pub(super) fn seekable(self, path: &Path) -> Result<Box<dyn ReadSeek>> {
        let wanted = self.wanted;
        if let Some(file) = self.file {
            return Ok(Box::new(file));
        }
        let limited = Limited { inner: self.reader(), left: wanted.most << 30 };
        copy(limited, path, |error| damaged(path, wanted, error))
    }

    /// Refuses what is surely no text, by its name.
    pub(super) fn expect_text(&self, path: &Path) -> Result<()> {
        let wanted = self.wanted;
        if let Some(kind) = other_kind(&self.head) {
            let inside = match self.packing {
                Packing::Plain => "",
                Packing::Gzip => " inside gzip",
                Packing::Xz => " inside xz",
            };
            return Err(Error::new(format!("expected {}, found {kind}{inside}", wanted.noun))
                .at(path.display())
                .remedy(wanted.forms));
        }
        Ok(())
    }

    /// The whole content in memory.
    pub(super) fn bytes(self, path: &Path) -> Result<Vec<u8>> {
        let wanted = self.wanted;
        let mut bytes = Vec::new();
        let mut limited = Limited { inner: self.reader(), left: wanted.most << 30 };
        limited.read_to_end(&mut bytes).map_err(|error| damaged(path, wanted, error))?;
        Ok(bytes)
    }

    /// The whole content as text, lossily decoded, without the byte order mark.
    pub(super) fn text(self, path: &Path) -> Result<String> {
        self.expect_text(path)?;
        let mut text = decode(self.bytes(path)?);
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(text)
    }
}

/// A copy of all that `reader` gives, to be read from any place: in memory up to 8 MiB, and beyond
/// that in a file without a name in the temporary folder, which the system removes. `failed` words
/// the errors of `reader`; `path` is for the others.
pub(super) fn copy(
    mut reader: impl Read,
    path: &Path,
    failed: impl Fn(io::Error) -> Error,
) -> Result<Box<dyn ReadSeek>> {
    let mut copy = SpooledTempFile::new(KEPT);
    let mut piece = Vec::new();
    loop {
        piece.clear();
        reader.by_ref().take(1 << 20).read_to_end(&mut piece).map_err(&failed)?;
        if piece.is_empty() {
            return Ok(Box::new(copy));
        }
        copy.write_all(&piece).map_err(|error| {
            let folder = std::env::temp_dir();
            Error::new(format!("cannot keep an unpacked copy in {}", folder.display()))
                .at(path.display())
                .remedy("set TMPDIR to a folder with room, or unpack it and give the file inside")
                .because(error)
        })?;
    }
}

/// Bytes as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn decode(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The error for content that cannot be unpacked or read to its end.
pub(super) fn damaged(path: &Path, wanted: &Wanted, error: io::Error) -> Error {
    let (what, remedy) = match error.kind() {
        ErrorKind::UnexpectedEof => (
            "expected more data, found the end: the file is cut short".to_owned(),
            "fetch or copy the file again; its size differs from the original's",
        ),
        ErrorKind::FileTooLarge => {
            (format!("expected at most {} GiB of {}", wanted.most, wanted.noun), wanted.forms)
        }
        _ => (
            "expected an intact file, found damaged data".to_owned(),
            "fetch or copy the file again, or unpack it and give the folder or table inside",
        ),
    };
    Error::new(what).at(path.display()).remedy(remedy).because(error)
}

/// The names in the folder at `path`, sorted; one that is not UTF-8 is left out.
pub(super) fn names(path: &Path) -> Result<Vec<String>> {
    let failed = |error| Error::file("read the folder", path, error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// A name for content that is surely no table of text.
pub(super) fn other_kind(head: &[u8]) -> Option<&'static str> {
    const KINDS: &[(&[u8], &str)] = &[
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a zip archive (or a file made of one: .xlsx, .npz, .docx)"),
        (b"PK\x05\x06", "an empty zip archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!", "a rar archive"),
        (b"BZh", "a bzip2 file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"\x1f\x8b", "a gzip file"),
        (b"\xfd7zXZ\0", "an xz file"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x89HDF", "an HDF5 file"),
        (b"PAR1", "a Parquet table"),
        (b"ARROW1", "an Arrow table"),
        (b"SQLite format 3", "an SQLite database"),
        (b"\x7fELF", "a program"),
        (b"MZ", "a Windows program"),
        (b"\xff\xfe", "UTF-16 text (save it as UTF-8)"),
        (b"\xfe\xff", "UTF-16 text (save it as UTF-8)"),
    ];
    if head.is_empty() {
        return Some("an empty file");
    }
    // "MZ" and the like also begin honest text; only bytes that text does not have make them
    // binary.
    let control = |&byte: &u8| byte < 32 && !matches!(byte, b'\t'..=b'\r' | 0x1b);
    let controls = head.iter().filter(|byte| control(byte)).count();
    let binary = head.contains(&0) || controls * 20 > head.len();
    let named = KINDS.iter().find(|(magic, _)| head.starts_with(magic)).map(|&(magic, name)| {
        let sure = binary || magic.iter().any(|byte| !byte.is_ascii_graphic());
        sure.then_some(name).or((magic.len() > 3).then_some(name))
    });
    let text = String::from_utf8_lossy(&head[..head.len().min(512)]).trim_start().to_lowercase();
    match named.flatten() {
        Some(name) => Some(name),
        None if binary => Some("binary data"),
        None if text.trim().is_empty() && head.len() < HEAD as usize => Some("blank text"),
        None if text.starts_with("<!doctype") || text.starts_with("<html") => Some("an HTML page"),
        None if text.starts_with("{\"") || text.starts_with("[{") => Some("JSON"),
        None => None,
    }
}

/// Whether `bytes`, a file's content or its beginning, are neither text nor a form with a name.
pub(super) fn is_unnamed(bytes: &[u8]) -> bool {
    other_kind(beginning(bytes)) == Some("binary data")
}

/// What `bytes`, a file's content, are: `binary data that begins with 00 00 08 99`.
pub(super) fn described(bytes: &[u8]) -> String {
    let kind = other_kind(beginning(bytes)).unwrap_or("text");
    let begins: String = bytes.iter().take(4).map(|byte| format!(" {byte:02x}")).collect();
    if begins.is_empty() { kind.to_owned() } else { format!("{kind} that begins with{begins}") }
}

/// As much as tells what a file is.
fn beginning(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(HEAD as usize)]
}

/// A reader that fails, rather than fills the memory, past `left` bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or(ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}

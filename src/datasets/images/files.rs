//! Which files of a source hold pictures, and which belong together.
//!
//! Place in the flow: the first reading of a user's pictures, behind [`images::read`](super::read);
//! `idx` and `cifar` read what this has told apart.
//!
//! A file whose name says that it is data is of the kind that [`KINDS`] gives for the name, or an
//! error; one of another name is told by its content, and left out where that is of no kind.

use std::path::{Path, PathBuf};

use super::{Content, Found, Part, cifar, idx};
use crate::datasets::archive;
use crate::datasets::content::{self, Wanted, names};
use crate::error::{Error, Result};

/// What mends a path that leads to something else.
const FORMS: &str = "give a folder with the IDX files of MNIST or Fashion-MNIST, one file of \
                     images beside its labels, or CIFAR-10's binary batches (.bin, a folder or tar \
                     archive of them); each plain, .gz or .xz";

/// CIFAR-10 is 0.18 GB.
const WANTED: Wanted = Wanted { noun: "images", forms: FORMS, most: 4 };

/// A form of files.
struct Kind {
    /// How errors speak of it.
    noun: &'static str,
    /// What the names of such files contain, in lower case.
    named: &'static [&'static str],
    /// Whether a file of a name that says nothing may be one, by its content.
    is: fn(&[u8]) -> bool,
    /// The reader, with the path for its errors and the unpacked content.
    read: fn(&Path, Vec<u8>) -> Result<Content>,
}

static KINDS: [Kind; 2] = [
    Kind {
        noun: idx::NOUN,
        named: &["idx", "ubyte", "images", "labels"],
        is: idx::is_idx,
        read: idx::read,
    },
    Kind {
        noun: cifar::NOUN,
        named: &["data_batch", "test_batch", ".bin"],
        is: cifar::is_cifar,
        read: cifar::read,
    },
];

/// What stands beside data and is none, whatever else its name says: endings, packed or not.
const NOTES: &[&str] = &[
    "txt", "md", "html", "htm", "csv", "json", "py", "ipynb", "png", "md5", "sha256", "tar", "tgz",
    "zip",
];

/// True for hidden files, notes and archives.
fn is_note(file: &Path) -> bool {
    let name = name(file);
    let ending = stem(&name).rsplit_once('.').map(|(_, ending)| ending);
    let noted = ending.is_some_and(|ending| NOTES.contains(&ending));
    name.starts_with('.') || name.starts_with("readme") || noted
}

/// The kinds that the name of `file` speaks of.
fn named(file: &Path) -> impl Iterator<Item = &'static Kind> {
    let name = name(file);
    KINDS.iter().filter(move |kind| kind.named.iter().any(|part| name.contains(part)))
}

/// What `file` must be: by its name, where that speaks of two by its content among them, and where
/// it speaks of none by the content alone.
fn kind(file: &Path, bytes: &[u8]) -> Option<&'static Kind> {
    let fits = |kind: &&Kind| (kind.is)(bytes);
    named(file).find(fits).or_else(|| named(file).next()).or_else(|| {
        let unknown = content::is_unnamed(bytes);
        KINDS.iter().filter(|_| unknown).find(fits)
    })
}

/// The name of `file` without its folders, in lower case.
fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// `name` without the ending of a packed file.
fn stem(name: &str) -> &str {
    name.trim_end_matches(".gz").trim_end_matches(".xz")
}

/// Reads the pictures at `path`, whichever form they have.
///
/// # Errors
/// The path does not exist or cannot be read; a file is damaged, cut short or of another kind than
/// its name says; pictures have no labels, or not as many; a label is no class; the halves have pictures of
/// different sizes; there are none. Each error names the file.
pub fn read(path: &Path) -> Result<Found> {
    let failed = |error| Error::file("read the images", path, error);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return folder(path);
    }
    let opened = content::open(path, &WANTED)?;
    let packing = opened.packing;
    let mut gathered = Gathered::default();
    if opened.is_tar() {
        let keep = |name: &str| !is_note(Path::new(name));
        let longest = WANTED.most << 30;
        archive::members(path, opened, &WANTED, longest, keep, |name, bytes| {
            gathered.add(&path.join(name), bytes).map(|_| ())
        })?;
        return gathered.found(path, &format!("tar archive{packing}, "));
    }
    let bytes = opened.bytes(path)?;
    let described = content::described(&bytes);
    if !gathered.add(path, bytes)? {
        let nouns = KINDS.each_ref().map(|kind| kind.noun).join(", or ");
        return Err(Error::new(format!("expected {nouns}, found {described}"))
            .at(path.display())
            .remedy(FORMS));
    }
    if let [(images, ..)] = gathered.images.as_slice() {
        let labels = beside(images)?;
        let bytes = content::open(&labels, &WANTED)?.bytes(&labels)?;
        gathered.add(&labels, bytes)?;
    }
    gathered.found(path, "")
}

/// Reads a folder, or the first folder in it that has pictures.
fn folder(path: &Path) -> Result<Found> {
    let names = names(path)?;
    let inner = names.iter().map(|name| path.join(name)).filter(|inner| inner.is_dir());
    for folder in std::iter::once(path.to_owned()).chain(inner) {
        let mut gathered = Gathered::default();
        for name in content::names(&folder)? {
            let file = folder.join(&name);
            if file.is_file() && !is_note(&file) {
                let opened = content::open(&file, &WANTED)?;
                // Other files beside the data need not be read to their end.
                if named(&file).next().is_some() || content::is_unnamed(opened.head()) {
                    let bytes = opened.bytes(&file)?;
                    gathered.add(&file, bytes)?;
                }
            }
        }
        if !gathered.is_empty() {
            return gathered.found(path, "folder, ");
        }
    }
    let found = names.iter().take(5).map(|name| format!("{name:?}")).collect::<Vec<_>>();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    Err(Error::new(format!("expected files of images in the folder, found {found}"))
        .at(path.display())
        .remedy(FORMS))
}

/// The labels that lie beside a file of images: its name with `labels` for `images` and `idx1` for
/// `idx3`, packed or not.
fn beside(images: &Path) -> Result<PathBuf> {
    let name = images.file_name().unwrap_or_default().to_string_lossy();
    let stem = stem(&name).replace("images", "labels").replace("idx3", "idx1");
    let candidates = ["", ".gz", ".xz"].map(|ending| images.with_file_name(stem.clone() + ending));
    let there = candidates.iter().find(|path| path.is_file() && path.as_path() != images);
    there.cloned().ok_or_else(|| {
        Error::new(format!("expected the labels beside the images, found no {stem} (.gz, .xz)"))
            .at(images.display())
            .remedy("put the file of labels there, or give a folder that has both")
    })
}

/// True for the name of a file of the test half.
fn is_test(file: &Path) -> bool {
    let name = name(file);
    ["test", "t10k"].iter().any(|mark| name.contains(mark))
}

/// The files of a source, told apart.
#[derive(Default)]
struct Gathered {
    images: Vec<(PathBuf, [usize; 3], Vec<u8>)>,
    labels: Vec<(PathBuf, Vec<u8>)>,
    batches: Vec<(PathBuf, Part)>,
}

impl Gathered {
    /// Reads `file`, unpacked into `bytes`, if it is of any kind; says whether it is.
    fn add(&mut self, file: &Path, bytes: Vec<u8>) -> Result<bool> {
        let Some(kind) = kind(file, &bytes) else { return Ok(false) };
        let path = file.to_owned();
        match (kind.read)(file, bytes)? {
            Content::Images(shape, pixels) => self.images.push((path, shape, pixels)),
            Content::Labels(labels) => self.labels.push((path, labels)),
            Content::Batch(part) => self.batches.push((path, part)),
        }
        Ok(true)
    }

    fn is_empty(&self) -> bool {
        self.images.is_empty() && self.labels.is_empty() && self.batches.is_empty()
    }

    /// The halves; `path` is for the errors.
    fn found(mut self, path: &Path, form: &str) -> Result<Found> {
        let images = self.images.iter().map(|(file, ..)| file);
        let idx = images.chain(self.labels.iter().map(|(file, _)| file)).next();
        if let (Some(idx), Some((batch, _))) = (idx, self.batches.first()) {
            return Err(Error::new(format!(
                "expected one data set, found an IDX file, {}, beside CIFAR-10 records, {}",
                idx.display(),
                batch.display()
            ))
            .at(path.display())
            .remedy("give a folder for each; leave out what is no data"));
        }
        let form_of_files = if idx.is_some() { "IDX" } else { "CIFAR-10 batches" };
        self.batches.sort_by(|(one, _), (other, _)| one.cmp(other));
        let unpacked = |(file, _): &(PathBuf, Part)| stem(&name(file)).to_owned();
        if let Some([one, other]) =
            self.batches.array_windows().find(|[a, b]| unpacked(a) == unpacked(b))
        {
            return Err(Error::new(format!(
                "expected each batch once, found {}, too",
                one.0.display()
            ))
            .at(other.0.display())
            .remedy("leave one of both"));
        }
        let alone = self.images.len() + self.batches.len() == 1;
        let training = self.half(path, |file| alone || !is_test(file))?;
        let training = training.ok_or_else(|| {
            let test = if self.is_empty() { "none" } else { "test images only" };
            Error::new(format!("expected training images, found {test}"))
                .at(path.display())
                .remedy(FORMS)
        })?;
        let test = if alone { None } else { self.half(path, is_test)? };
        if let Some(test) = test.as_ref().filter(|test| test.shape != training.shape) {
            let [one, other] = [training.shape, test.shape].map(|[_, h, w]| format!("{h} x {w}"));
            let files = self.images.iter().map(|(file, ..)| file);
            let mut files = files.chain(self.batches.iter().map(|(file, _)| file));
            let file = files.find(|file| is_test(file));
            return Err(Error::new(format!(
                "expected test images of {one} pixels, as the training images, found {other}"
            ))
            .at(file.map_or(path, PathBuf::as_path).display())
            .remedy("give both halves of one data set"));
        }
        Ok(Found { form: format!("{form}{form_of_files}"), training, test })
    }

    /// The pictures of the files that `wanted` takes, if there are any.
    fn half(&self, path: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Option<Part>> {
        let mut part = cifar::none();
        for (_, batch) in self.batches.iter().filter(|(file, _)| wanted(file)) {
            part.pixels.extend_from_slice(&batch.pixels);
            part.labels.extend_from_slice(&batch.labels);
        }
        if !part.is_empty() {
            return Ok(Some(part));
        }
        let images: Vec<_> = self.images.iter().filter(|(file, ..)| wanted(file)).collect();
        let labels: Vec<_> = self.labels.iter().filter(|(file, _)| wanted(file)).collect();
        let ((file, shape, pixels), labels) = match (images.as_slice(), labels.as_slice()) {
            ([], []) => return Ok(None),
            ([images], [labels]) => (*images, *labels),
            (images, labels) => {
                return Err(Error::new(format!(
                    "expected one file of images and one of labels for a half, found {} and {}",
                    images.len(),
                    labels.len()
                ))
                .at(path.display())
                .remedy("leave one of each; only the test half has `test` or `t10k` in its name"));
            }
        };
        let part = Part { shape: *shape, pixels: pixels.clone(), labels: labels.1.clone() };
        let found = pixels.len() / part.size();
        if found != part.len() {
            return Err(Error::new(format!(
                "expected a label for each of the {found} images of {}, found {} labels",
                file.display(),
                part.len()
            ))
            .at(labels.0.display())
            .remedy("give images and labels of the same half of one data set"));
        }
        if part.is_empty() {
            return Err(Error::new("expected images, found a file of none")
                .at(file.display())
                .remedy(FORMS));
        }
        Ok(Some(part))
    }
}

//! Which files of a source hold pictures, and which belong together.
//!
//! Place in the flow: the first reading of a user's pictures, behind [`images::read`](super::read);
//! `idx` and `cifar` read what this has told apart.

use std::path::{Path, PathBuf};

use super::idx::{self, Idx};
use super::{Found, Part, cifar};
use crate::datasets::archive;
use crate::datasets::content::{self, Wanted, names};
use crate::error::{Error, Result};

/// What mends a path that leads to something else.
const FORMS: &str = "give a folder with the IDX files of MNIST or Fashion-MNIST, one file of \
                     images beside its labels, or CIFAR-10's binary batches (.bin, a folder or tar \
                     archive of them); each plain, .gz or .xz";

/// CIFAR-10 is 0.18 GB.
const WANTED: Wanted = Wanted { noun: "images", forms: FORMS, most: 4 };

/// Reads the pictures at `path`, whichever form they have.
///
/// # Errors
/// The path does not exist or cannot be read; a file is damaged, cut short or of another kind;
/// pictures have no labels, or not as many; a label is no class; the halves have pictures of
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
        let keep = |name: &str| !plain_name(name).starts_with('.');
        let longest = WANTED.most << 30;
        archive::members(path, opened, &WANTED, longest, keep, |name, bytes| {
            gathered.add(&path.join(name), bytes)
        })?;
        return gathered.found(path, &format!("tar archive{packing}, "));
    }
    let bytes = opened.bytes(path)?;
    if !idx::is_idx(&bytes) && !cifar::is_cifar(&bytes) {
        let kind = content::other_kind(&bytes).unwrap_or("text");
        let begins = &bytes[..bytes.len().min(4)];
        return Err(Error::new(format!(
            "expected images (an IDX file, magic number 2051, or CIFAR-10 batches), found {kind}, \
             which begins with {begins:?}"
        ))
        .at(path.display())
        .remedy(FORMS));
    }
    gathered.add(path, bytes)?;
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
            if file.is_file() && !name.starts_with('.') {
                let opened = content::open(&file, &WANTED)?;
                // Notes and scripts beside the data need not be read to their end.
                if content::other_kind(opened.head()) == Some("binary data") {
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
    let stem = name.trim_end_matches(".gz").trim_end_matches(".xz");
    let stem = stem.replace("images", "labels").replace("idx3", "idx1");
    let candidates = ["", ".gz", ".xz"].map(|ending| images.with_file_name(stem.clone() + ending));
    let there = candidates.iter().find(|path| path.is_file() && path.as_path() != images);
    there.cloned().ok_or_else(|| {
        Error::new(format!("expected the labels beside the images, found no {stem} (.gz, .xz)"))
            .at(images.display())
            .remedy("put the file of labels there, or give a folder that has both")
    })
}

fn plain_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// True for the name of a file of the test half.
fn is_test(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ["test", "t10k"].iter().any(|mark| name.contains(mark))
}

/// The files of a source, told apart.
#[derive(Default)]
struct Gathered {
    images: Vec<(PathBuf, [usize; 3], Vec<u8>)>,
    labels: Vec<(PathBuf, Vec<u8>)>,
    batches: Vec<(PathBuf, Vec<u8>)>,
}

impl Gathered {
    fn add(&mut self, file: &Path, bytes: Vec<u8>) -> Result<()> {
        let path = file.to_owned();
        if idx::is_idx(&bytes) {
            match idx::read(file, bytes)? {
                Idx::Images(shape, pixels) => self.images.push((path, shape, pixels)),
                Idx::Labels(labels) => self.labels.push((path, labels)),
            }
        } else if cifar::is_cifar(&bytes) {
            self.batches.push((path, bytes));
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.images.is_empty() && self.labels.is_empty() && self.batches.is_empty()
    }

    /// The halves; `path` is for the errors.
    fn found(mut self, path: &Path, form: &str) -> Result<Found> {
        let idx = !(self.images.is_empty() && self.labels.is_empty());
        if idx && !self.batches.is_empty() {
            return Err(Error::new(
                "expected one data set, found IDX files beside CIFAR-10 batches",
            )
            .at(path.display())
            .remedy("give a folder for each"));
        }
        self.batches.sort();
        let alone = self.images.len() + self.batches.len() == 1;
        let name = if idx { "IDX" } else { "CIFAR-10 batches" };
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
        Ok(Found { form: format!("{form}{name}"), training, test })
    }

    /// The pictures of the files that `wanted` takes, if there are any.
    fn half(&self, path: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Option<Part>> {
        let mut part = cifar::none();
        for (file, bytes) in self.batches.iter().filter(|(file, _)| wanted(file)) {
            cifar::read(file, bytes, &mut part)?;
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

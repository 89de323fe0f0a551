//! Labelled pictures: MNIST, Fashion-MNIST, CIFAR-10, or shapes rendered from a seed.
//!
//! Place in the flow: floor 2, the first step of the study of spike trains. [`load`] gives
//! [`Images`], [`Part::batch`] what a network is fed; [`labels`] replaces labels by chance.
//!
//! | form | what is read |
//! |---|---|
//! | IDX (MNIST, Fashion-MNIST; `idx`) | a folder or tar archive, one file beside its labels |
//! | CIFAR-10, binary version (`cifar`) | a folder or tar archive of batches, one batch |
//!
//! Each file, and the archive, may be packed by gzip or xz. What a file must hold is told by its
//! name (`images`, `data_batch`, ...), and only where that says nothing by its content (`files`):
//! a damaged file is an error, never left out. The test half has `test` or `t10k` in its name;
//! where a source has none, a sixth of its pictures, drawn by chance, becomes it. [`shapes`] makes
//! pictures where there is no file.

use std::path::PathBuf;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::signal::random;

mod cifar;
mod files;
mod idx;
pub mod labels;
pub mod shapes;

pub use files::read;

/// Classes of every form: ten digits, garments or things.
pub const CLASSES: usize = 10;

/// Training pictures that [`shapes`] makes where `images.training` does not say, and test pictures
/// where `images.test` does not.
pub const BUILT_IN: (usize, usize) = (2_000, 1_000);

/// The most pictures of either half that [`shapes`] makes.
pub const BUILT_IN_MOST: usize = 1_000_000;

/// Of so many pictures without a test half one becomes part of it.
const SIXTH: usize = 6;

/// What pictures to take: the `images` part of the settings.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The file or folder with the pictures; none takes the built-in shapes.
    pub data: Option<PathBuf>,
    /// Number of training pictures; none takes all, or [`BUILT_IN`].
    pub training: Option<usize>,
    /// Number of test pictures; none takes all, or [`BUILT_IN`].
    pub test: Option<usize>,
}

/// Pictures of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    /// Where they come from, for the reader of a report.
    pub source: String,
    /// True for the built-in shapes.
    pub synthetic: bool,
    /// What is learned from; never empty.
    pub training: Part,
    /// What is held out; never empty.
    pub test: Part,
}

/// Pictures of one size, side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Channels, height and width of every picture.
    pub shape: [usize; 3],
    /// Brightness, 0 to 255, `pictures × channels × height × width`, row-major.
    pub pixels: Vec<u8>,
    /// The class of every picture, below [`CLASSES`].
    pub labels: Vec<u8>,
}

impl Part {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Numbers per picture.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The brightness of picture `index`; panics where there is none.
    pub fn picture(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.size()..][..self.size()]
    }

    /// The pictures at `indices`, brightness from 0 to 1, `pictures × channels × height × width`.
    /// Panics where an index is no picture's.
    pub fn batch(&self, indices: &[usize]) -> Vec<f32> {
        let pictures = indices.iter().flat_map(|&index| self.picture(index));
        pictures.map(|&pixel| f32::from(pixel) / 255.0).collect()
    }

    /// The pictures at `indices`, in that order. Panics where an index is no picture's.
    pub fn only(&self, indices: &[usize]) -> Self {
        Self {
            shape: self.shape,
            pixels: indices.iter().flat_map(|&index| self.picture(index)).copied().collect(),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
        }
    }
}

/// What one file holds.
enum Content {
    /// Pictures of an IDX file: channels (one), height, width, and their brightness.
    Images([usize; 3], Vec<u8>),
    /// Classes of an IDX file, each below [`CLASSES`].
    Labels(Vec<u8>),
    /// The records of CIFAR-10: never none, pictures and classes.
    Batch(Part),
}

/// What was read of a source: the form it was found in, and its halves.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The form, for the reader of a report.
    pub form: String,
    /// The training half, or all of a source without halves; never empty.
    pub training: Part,
    /// The test half, of pictures of the same size.
    pub test: Option<Part>,
}

/// Loads the pictures that `settings` ask for.
///
/// The `n` drawn of a half are the first `n` of one shuffle, so a smaller draw is part of a larger
/// one; all of it keep the order of the source.
///
/// # Errors
/// The data cannot be read (see [`read`]), or more pictures are asked for than there are.
pub fn load(settings: &Settings, seed: u64) -> Result<Images> {
    let Some(path) = &settings.data else {
        let [training, test] = [
            ("training", settings.training.unwrap_or(BUILT_IN.0)),
            ("test", settings.test.unwrap_or(BUILT_IN.1)),
        ]
        .map(|(half, count)| {
            within(half, count, BUILT_IN_MOST).map(|()| shapes::make(seed, half, count))
        });
        let source = "built-in synthetic shapes".to_owned();
        return Ok(Images { source, synthetic: true, training: training?, test: test? });
    };
    let Found { form, training, test } = read(path)?;
    let (training, test) = match test {
        Some(test) => (training, test),
        None => halves(&training, seed).ok_or_else(|| {
            Error::new("expected at least 2 pictures, found 1")
                .at(path.display())
                .remedy("give more pictures, or a folder with a training and a test half")
        })?,
    };
    let source = format!("{} ({form})", path.display());
    let training = drawn(training, "training", settings.training, seed)?;
    let test = drawn(test, "test", settings.test, seed)?;
    Ok(Images { source, synthetic: false, training, test })
}

/// Cuts a sixth off, at least one picture, and leaves one at least; none of a single picture.
fn halves(all: &Part, seed: u64) -> Option<(Part, Part)> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.shuffle(&mut random::stream(seed, "images/split", 0));
    let (test, training) = order.split_at_mut((all.len() / SIXTH).max(1));
    test.sort_unstable();
    training.sort_unstable();
    (!training.is_empty()).then(|| (all.only(training), all.only(test)))
}

/// The first `wanted` pictures of one shuffle.
fn drawn(part: Part, half: &str, wanted: Option<usize>, seed: u64) -> Result<Part> {
    let Some(wanted) = wanted else { return Ok(part) };
    within(half, wanted, part.len())?;
    let mut order: Vec<usize> = (0..part.len()).collect();
    order.shuffle(&mut random::stream(seed, &format!("images/draw/{half}"), 0));
    Ok(part.only(&order[..wanted]))
}

fn within(half: &str, found: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(Error::new(format!("expected 1 to {most} {half} pictures, found {found}"))
        .at(format!("images.{half}"))
        .remedy("ask for another number, or leave the setting out to take them all"))
}

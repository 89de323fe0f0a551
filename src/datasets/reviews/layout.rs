//! The layout of `aclImdb`: one text file per review, in a folder or in a tar archive of it.
//!
//! Place in the flow: one of the two readers behind [`reviews::read`](super::read).

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::super::archive;
use super::super::content::{self, Opened, names};
use super::{FORMS, Half, Labelled, WANTED, excerpt, review};
use crate::error::{Error, Result};

/// The most bytes of one review; IMDb's longest has 13,704.
const LONGEST: u64 = 16 << 20;

/// The place of a review: half, label, id, then the name where ids agree or are none. Its order is
/// the order of reading.
type Place = (Half, bool, u64, String);

/// Reads the place off the end of a path, `train/pos/12_7.txt`; anything else is no review.
fn place_of(path: &str) -> Option<Place> {
    let mut parts = path.rsplit('/');
    let (name, class, half) = (parts.next()?, parts.next()?, parts.next()?);
    if name.starts_with('.') || !name.ends_with(".txt") {
        return None;
    }
    let half = match half {
        "train" => Half::Training,
        "test" => Half::Test,
        _ => return None,
    };
    let label = match class {
        "neg" => false,
        "pos" => true,
        _ => return None,
    };
    let digits = name.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    Some((half, label, digits.parse().unwrap_or(u64::MAX), name.to_owned()))
}

/// Reads the reviews below the folder at `path`, the `aclImdb` folder or one that holds it.
pub(super) fn folder(path: &Path) -> Result<Vec<(Half, Labelled)>> {
    let root = root(path)?;
    let mut files: Vec<(Place, PathBuf)> = Vec::new();
    for (half, class) in HALVES.into_iter().flat_map(|half| CLASSES.map(|class| (half, class))) {
        let folder = root.join(half).join(class);
        if !folder.is_dir() {
            continue;
        }
        for name in names(&folder)? {
            if let Some(place) = place_of(&format!("{half}/{class}/{name}")) {
                files.push((place, folder.join(name)));
            }
        }
    }
    files.sort();
    let read = |((half, label, ..), file): (Place, PathBuf)| {
        let bytes = fs::read(&file).map_err(|error| Error::file("read a review", &file, error))?;
        let review = review(content::decode(bytes), label, || file.display().to_string())?;
        Ok((half, review))
    };
    // The first error in the order of reading is the one reported, whichever core met one first.
    let rows: Vec<Result<_>> = files.into_par_iter().map(read).collect();
    rows.into_iter().collect()
}

const HALVES: [&str; 2] = ["train", "test"];
const CLASSES: [&str; 2] = ["neg", "pos"];

/// The folder with the halves in it: `path`, or a folder in it.
fn root(path: &Path) -> Result<PathBuf> {
    let holds = |folder: &Path| {
        HALVES.iter().any(|half| CLASSES.iter().any(|class| folder.join(half).join(class).is_dir()))
    };
    if holds(path) {
        return Ok(path.to_owned());
    }
    let names = names(path)?;
    let mut inner = names.iter().map(|name| path.join(name)).filter(|folder| holds(folder));
    inner.next().ok_or_else(|| {
        let mut found = names.iter().take(5).map(|name| excerpt(name, 40)).collect::<Vec<_>>();
        match names.len() {
            0 => found.push("nothing".to_owned()),
            more if more > 5 => found.push(format!("{} more", more - 5)),
            _ => {}
        }
        Error::new(format!(
            "expected an aclImdb folder (train/pos, train/neg, test/pos, test/neg), found {}",
            found.join(", ")
        ))
        .at(path.display())
        .remedy(FORMS)
    })
}

/// Reads the reviews in a tar archive.
pub(super) fn archive(path: &Path, opened: Opened) -> Result<Vec<(Half, Labelled)>> {
    let mut rows: Vec<(Place, Labelled)> = Vec::new();
    let keep = |name: &str| place_of(name).is_some();
    let first = archive::members(path, opened, &WANTED, LONGEST, keep, |name, bytes| {
        let place = place_of(name).expect("no other is kept");
        let label = place.1;
        let member = || format!("{}, {name}", path.display());
        rows.push((place, review(content::decode(bytes), label, member)?));
        Ok(())
    })?;
    if rows.is_empty() {
        let found = first.map_or("an empty archive".to_owned(), |name| excerpt(&name, 60));
        return Err(Error::new(format!(
            "expected an archive of aclImdb/{{train,test}}/{{pos,neg}}/ID_RATING.txt, found {found}"
        ))
        .at(path.display())
        .remedy(FORMS));
    }
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(rows.into_iter().map(|((half, ..), review)| (half, review)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_says_what_a_review_is() {
        let place = place_of("x/aclImdb/test/neg/127_3.txt").expect("a review");
        assert_eq!(place, (Half::Test, false, 127, "127_3.txt".to_owned()));
        assert_eq!(place_of("train/pos/odd.txt").expect("a review").2, u64::MAX);
        for other in ["train/unsup/1_0.txt", "train/pos/._1_7.txt", "train/urls_pos.txt", "a", ""] {
            assert_eq!(place_of(other), None, "{other}");
        }
    }
}

//! Labelled reviews as users have them: a folder, an archive or a table.
//!
//! Place in the flow: the first reading of a user's file; [`tokens`](super::tokens) turns the texts
//! into ids.
//!
//! | form | what is read |
//! |---|---|
//! | the `aclImdb` folder, or one that holds it | `{train,test}/{pos,neg}/ID_RATING.txt` (`layout`) |
//! | a tar archive of it, plain or in gzip or xz | the same (`layout`) |
//! | a table (TSV, CSV), plain, gzip or xz | columns of label and text, perhaps split (`table`) |
//!
//! The form is told by content alone (`datasets/content.rs`); file endings and flags play no part. Text is
//! UTF-8; bytes that are not become U+FFFD and never stop the reading. Labels are `0`/`1`,
//! `neg`/`pos` or `negative`/`positive` in any case. The training half comes first, the `unsup`
//! reviews are left out.

use std::path::Path;

use super::content::{self, Wanted};
use crate::error::{Error, Result};

mod layout;
mod quoting;
mod table;

/// What mends a path that leads to something else.
const FORMS: &str = "give the aclImdb folder, its .tar.gz or .tar.xz, or a TSV or CSV table \
                     (plain, .gz, .xz) with a label and a text column";

/// IMDb is 0.13 GB.
const WANTED: Wanted = Wanted { noun: "reviews", forms: FORMS, most: 2 };

/// A review as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// What was written.
    pub text: String,
    /// True for a positive review.
    pub label: bool,
}

/// What was read, and the form it was found in.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The form, for the reader of a report.
    pub form: String,
    /// The reviews, the training half before the test half; both classes are among them.
    pub reviews: Vec<Labelled>,
}

/// The part of the data that a review belongs to, in the order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Half {
    Training,
    Test,
}

/// Reads the reviews at `path`, whichever form they have.
///
/// In a folder or archive they are ordered by half, label (negative first) and numeric id; in a
/// table they keep their order within each half.
///
/// # Errors
/// The path does not exist or cannot be read; an archive is damaged or ends too early; the file is
/// of another kind; a review is empty or its label is none; there are no reviews, or of one class
/// only. Each error names the file, and the line or member.
pub fn read(path: &Path) -> Result<Found> {
    let metadata =
        std::fs::metadata(path).map_err(|error| Error::file("read the reviews", path, error))?;
    let (form, mut rows) = if metadata.is_dir() {
        ("aclImdb folder".to_owned(), layout::folder(path)?)
    } else {
        let opened = content::open(path, &WANTED)?;
        let packing = opened.packing;
        if opened.is_tar() {
            (format!("tar archive{packing}"), layout::archive(path, opened)?)
        } else {
            let text = opened.text(path)?;
            let (separator, rows) = table::read(path, &text)?;
            (format!("{separator}-separated table{packing}"), rows)
        }
    };
    rows.sort_by_key(|&(half, _)| half);
    let reviews: Vec<Labelled> = rows.into_iter().map(|(_, review)| review).collect();
    both_classes(path, &reviews)?;
    Ok(Found { form, reviews })
}

/// Refuses data that nothing can be learned from.
fn both_classes(path: &Path, reviews: &[Labelled]) -> Result<()> {
    let positive = reviews.iter().filter(|review| review.label).count();
    if reviews.is_empty() {
        return Err(Error::new("expected reviews, found none").at(path.display()).remedy(FORMS));
    }
    if positive == 0 || positive == reviews.len() {
        let class = if positive == 0 { "negative" } else { "positive" };
        return Err(Error::new(format!(
            "expected reviews of both classes, found {} {class} ones only",
            reviews.len()
        ))
        .at(path.display())
        .remedy("add reviews of the other class"));
    }
    Ok(())
}

/// The review of `text` at `place`.
fn review(text: String, label: bool, place: impl FnOnce() -> String) -> Result<Labelled> {
    if super::tokens::is_blank(&text) {
        return Err(Error::new("expected a review, found no word in it")
            .at(place())
            .remedy("remove the empty review, or put its text back"));
    }
    Ok(Labelled { text, label })
}

/// At most `most` characters of `text`, quoted, for an error.
fn excerpt(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

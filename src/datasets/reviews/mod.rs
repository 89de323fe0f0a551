//! To come: the forms that IMDb comes in.

use std::path::Path;

use crate::error::{Error, Result};

/// A review as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// What was written.
    pub text: String,
    /// True for a positive review.
    pub label: bool,
}

/// What was read, and the form it was found in.
pub struct Found {
    /// The form, for the reader of a report.
    pub form: &'static str,
    /// The reviews, the training half before the test half.
    pub reviews: Vec<Labelled>,
}

/// Reads reviews.
pub fn read(path: &Path) -> Result<Found> {
    Err(Error::new("reading files is to come").at(path.display()))
}

//! Texts in, batches out: IMDb reviews or the built-in synthetic ones, as token ids with a label.
//!
//! Place in the flow: floor 2, the first step. [`load`] gives a [`Corpus`], [`Corpus::split`] its
//! training and validation reviews, [`Corpus::batch`] what a network is fed. [`reviews`] reads the
//! forms that IMDb comes in, [`tokens`] turns text into ids, [`corpus`] makes reviews where there
//! is no file. Labelled time series come in through [`series`], traces of other people through
//! [`recordings`], pictures for the study of spike trains through [`images`].

use std::path::PathBuf;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::signal::random;

mod archive;
mod cells;
mod content;
pub mod corpus;
pub mod images;
pub mod recordings;
pub mod reviews;
pub mod series;
pub mod tasks;
pub mod tokens;

/// Reviews that the built-in corpus makes where `corpus.reviews` does not say.
pub const BUILT_IN_REVIEWS: usize = 4_000;

/// The most reviews that the built-in corpus makes (about half a gigabyte of tokens).
pub const BUILT_IN_MOST: usize = 1_000_000;

/// What reviews to take, and how to split them: the `corpus` part of the settings.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The file or folder with the reviews (see [`reviews`]) or the series (see [`series`]); none
    /// takes the built-in corpus.
    pub data: Option<PathBuf>,
    /// Number of token ids, 5 to 65536; rarer words become [`tokens::UNKNOWN`].
    pub vocabulary: usize,
    /// Number of reviews; none takes all of a file, or [`BUILT_IN_REVIEWS`] built-in ones.
    pub reviews: Option<usize>,
    /// Share of the reviews kept for validation, between 0 and 1; of series, the share of each
    /// class of the training file by which the best epoch is chosen.
    pub validation: f64,
    /// Series: whether each is given mean 0 and standard deviation 1, or taken as it is.
    pub normalise: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { data: None, vocabulary: 4_000, reviews: None, validation: 0.3, normalise: false }
    }
}

impl Settings {
    /// Checks the settings without reading any data.
    ///
    /// # Errors
    /// A setting is out of its range; the error names it (`corpus.vocabulary`).
    pub fn check(&self) -> Result<()> {
        if !(5..=65_536).contains(&self.vocabulary) {
            let found = self.vocabulary;
            return Err(Error::new(format!("expected 5 to 65536 token ids, found {found}"))
                .at("corpus.vocabulary")
                .remedy("the published network uses 4000"));
        }
        if !(self.validation > 0.0 && self.validation < 1.0) {
            let found = self.validation;
            return Err(Error::new(format!("expected a share between 0 and 1, found {found}"))
                .at("corpus.validation")
                .remedy("the published split is 0.3: the last 30 % of the pooled reviews"));
        }
        let most = if self.data.is_none() { BUILT_IN_MOST } else { usize::MAX };
        match self.reviews {
            Some(found) if found < 2 || found > most => {
                let range = if self.data.is_none() {
                    format!("2 to {BUILT_IN_MOST}")
                } else {
                    "at least 2".to_owned()
                };
                Err(Error::new(format!("expected {range} reviews, found {found}"))
                    .at("corpus.reviews")
                    .remedy("leave the setting out to take them all"))
            }
            _ => Ok(()),
        }
    }
}

/// One review as a network reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// Token ids, the start token first, not padded.
    pub tokens: Vec<u16>,
    /// True for a positive review.
    pub label: bool,
    /// Its place among all reviews of the source, from 0, in the order in which they are read: rows
    /// of a table; of aclImdb by half, label (negative first) and number.
    pub place: usize,
}

/// Reviews of one source, in one vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub struct Corpus {
    /// Where the reviews come from, for the reader of a report.
    pub source: String,
    /// True for the built-in corpus.
    pub synthetic: bool,
    /// Number of token ids: every id is below it. The size of the embedding.
    pub vocabulary: usize,
    /// The reviews; never fewer than two.
    pub reviews: Vec<Review>,
}

/// Loads the corpus that `settings` ask for.
///
/// A file's vocabulary is ranked over all its reviews, also where `settings.reviews` asks for
/// fewer, so the ids of a word do not depend on how many are drawn. The `n` drawn are the first `n`
/// of one shuffle, so a smaller draw is part of a larger one.
///
/// # Errors
/// A setting is out of its range, or the data cannot be read as labelled reviews (see
/// [`reviews::read`]).
pub fn load(settings: &Settings, seed: u64) -> Result<Corpus> {
    settings.check()?;
    let vocabulary = settings.vocabulary;
    let Some(path) = &settings.data else {
        let count = settings.reviews.unwrap_or(BUILT_IN_REVIEWS);
        let reviews = corpus::make(seed, vocabulary, count);
        let source = "built-in synthetic reviews".to_owned();
        return Ok(Corpus { source, synthetic: true, vocabulary, reviews });
    };
    let found = reviews::read(path)?;
    let (available, wanted) = (found.reviews.len(), settings.reviews);
    if let Some(wanted) = wanted.filter(|&wanted| wanted > available) {
        return Err(Error::new(format!(
            "expected at most the {available} reviews of {}, found {wanted}",
            path.display()
        ))
        .at("corpus.reviews")
        .remedy("ask for fewer, or leave the setting out to take them all"));
    }
    let labels: Vec<bool> = found.reviews.iter().map(|review| review.label).collect();
    let texts = found.reviews.into_iter().map(|review| review.text).collect();
    let ids = tokens::encode(texts, vocabulary);
    let mut reviews: Vec<Review> = ids
        .into_iter()
        .zip(labels)
        .enumerate()
        .map(|(place, (tokens, label))| Review { tokens, label, place })
        .collect();
    if let Some(wanted) = wanted {
        reviews.shuffle(&mut random::stream(seed, "corpus/draw", 0));
        reviews.truncate(wanted);
    }
    let source = format!("{} ({})", path.display(), found.form);
    Ok(Corpus { source, synthetic: false, vocabulary, reviews })
}

impl Corpus {
    /// Mean number of tokens per review, the start token counted.
    pub fn mean_tokens(&self) -> f64 {
        let total: usize = self.reviews.iter().map(|review| review.tokens.len()).sum();
        total as f64 / self.reviews.len().max(1) as f64
    }

    /// Number of reviews with at least `tokens` tokens, the start token counted.
    pub fn at_least(&self, tokens: usize) -> usize {
        self.reviews.iter().filter(|review| review.tokens.len() >= tokens).count()
    }

    /// A number that two corpora share only if their labels and tokens are the same (FNV-1a).
    pub fn fingerprint(&self) -> u64 {
        let numbers = self.reviews.iter().flat_map(|review| {
            let end = 1 << 16 | u64::from(review.label);
            review.tokens.iter().map(|&token| u64::from(token)).chain([end])
        });
        random::fingerprint(numbers)
    }

    /// Indices of the training and of the validation reviews: all reviews pooled, shuffled by the
    /// stream `"corpus/split"` of `seed`, the first part for training and the last
    /// `settings.validation` of them for validation. Neither part is empty.
    pub fn split(&self, settings: &Settings, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let count = self.reviews.len();
        let mut training: Vec<usize> = (0..count).collect();
        training.shuffle(&mut random::stream(seed, "corpus/split", 0));
        let kept = (count as f64 * settings.validation).round() as usize;
        let validation = training.split_off(count - kept.clamp(1, count.max(2) - 1).min(count));
        (training, validation)
    }

    /// The reviews at `indices` as one batch of `steps` tokens each: the first `steps` tokens are
    /// kept, shorter reviews end in [`tokens::PAD`]. Panics where an index is no review's.
    pub fn batch(&self, indices: &[usize], steps: usize) -> Batch<i32> {
        let reviews = indices.iter().map(|&index| self.reviews[index].tokens.as_slice());
        Batch::padded(reviews, steps, i32::from(tokens::PAD))
    }
}

/// Rows side by side, as a network is fed: reviews as token ids, series as samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<T> {
    /// `rows × steps`, row-major: a row is a review or a series, padded at its end.
    pub values: Vec<T>,
    /// Real values of each row, at most `steps`.
    pub lengths: Vec<usize>,
    /// Number of rows.
    pub rows: usize,
    /// Values per row, padding included.
    pub steps: usize,
}

impl<T: Copy> Batch<T> {
    /// The first `steps` values of each of `rows`, and `pad` after the end of shorter ones.
    fn padded<'a, S: Copy + Into<T> + 'a>(
        rows: impl Iterator<Item = &'a [S]>,
        steps: usize,
        pad: T,
    ) -> Self {
        let (mut values, mut lengths) = (Vec::new(), Vec::new());
        for row in rows {
            let real = &row[..row.len().min(steps)];
            values.extend(real.iter().map(|&value| value.into()));
            lengths.push(real.len());
            values.resize(lengths.len() * steps, pad);
        }
        Self { values, rows: lengths.len(), lengths, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_pools_all_reviews_and_keeps_the_last_share() {
        let settings = Settings { reviews: Some(100), ..Settings::default() };
        let corpus = load(&settings, 1).expect("built in");
        let (training, validation) = corpus.split(&settings, 1);
        assert_eq!((training.len(), validation.len()), (70, 30));
        let mut all = [training.clone(), validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_ne!(training, corpus.split(&settings, 2).0);
        assert_eq!(training, corpus.split(&settings, 1).0);
    }

    #[test]
    fn a_batch_keeps_the_first_tokens_and_appends_zeros() {
        let review = |tokens: &[u16], label| Review { tokens: tokens.to_vec(), label, place: 0 };
        let reviews = vec![review(&[1, 4], false), review(&[1, 5, 6, 7, 8], true)];
        let corpus = Corpus { source: String::new(), synthetic: false, vocabulary: 9, reviews };
        let batch = corpus.batch(&[1, 0], 4);
        assert_eq!(batch.values, [1, 5, 6, 7, 1, 4, 0, 0]);
        assert_eq!(batch.lengths, [4, 2]);
        assert_eq!((batch.rows, batch.steps), (2, 4));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let place = |settings: Settings| settings.check().expect_err("out of range").to_string();
        let base = Settings::default;
        assert!(place(Settings { vocabulary: 4, ..base() }).starts_with("corpus.vocabulary: "));
        assert!(place(Settings { vocabulary: 65_537, ..base() }).starts_with("corpus.vocab"));
        for validation in [0.0, 1.0, -0.1, f64::NAN] {
            let error = place(Settings { validation, ..base() });
            assert!(error.starts_with("corpus.validation: "), "{error}");
        }
        for reviews in [0, 1, usize::MAX] {
            let error = place(Settings { reviews: Some(reviews), ..base() });
            assert!(error.starts_with("corpus.reviews: "), "{error}");
        }
        assert!(base().check().is_ok());
    }
}

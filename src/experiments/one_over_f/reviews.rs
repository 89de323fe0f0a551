//! The task of the paper: the sentiment of reviews.
//!
//! Place in the flow: a [`Corpus`] in, batches for [`Sentiment`] and its states out.

use burn::tensor::{Device, Tensor};
use rand::RngExt;
use rand::seq::SliceRandom;

use super::settings::{Drive, Settings};
use super::task::Task;
use crate::datasets::{Batch, Corpus, tokens};
use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::outcome::{self, Words};
use crate::models::lstm::States;
use crate::models::sentiment::{Reviewing, Sentiment};
use crate::signal::random;

/// Reviews, split.
pub(super) struct Reviews {
    corpus: Corpus,
    training: Vec<usize>,
    validation: Vec<usize>,
    /// Of what drives the network instead of the text.
    seed: u64,
}

impl Reviews {
    /// # Errors
    /// The reviews do not suffice for the training that `settings` ask for.
    pub(super) fn new(corpus: Corpus, settings: &Settings) -> Result<Self> {
        let (training, validation) = corpus.split(&settings.corpus, settings.seed);
        if settings.weights.is_none() {
            settings.training.check_examples(training.len())?;
        }
        let longest = corpus.reviews.iter().map(|review| review.tokens.len()).max().unwrap_or(0);
        if settings.training.steps > longest {
            let steps = settings.training.steps;
            return Err(Error::new(format!(
                "expected at most the {longest} tokens of the longest review, found {steps}"
            ))
            .at("training.steps")
            .remedy("train on fewer tokens (--steps)"));
        }
        Ok(Self { corpus, training, validation, seed: settings.seed })
    }

    /// `batch` as `drive` has it. What is drawn for a review depends on its place alone.
    fn driven(&self, mut batch: Batch<i32>, examples: &[usize], drive: Drive) -> Batch<i32> {
        let words = i32::from(tokens::FIRST_WORD)..self.corpus.vocabulary as i32;
        for (row, &example) in batch.values.chunks_exact_mut(batch.steps).zip(examples) {
            let place = self.corpus.reviews[example].place as u64;
            let mut chance = random::stream(self.seed, "recording/drive", place);
            match drive {
                Drive::Padding => row.fill(i32::from(tokens::PAD)),
                Drive::Random => {
                    row[1..].fill_with(|| chance.random_range(words.clone()));
                }
                Drive::Shuffled => row[1..].shuffle(&mut chance),
            }
        }
        batch
    }
}

impl Task for Reviews {
    type Network = Sentiment;
    type Lesson<'a> = Reviewing<'a>;

    const WORDS: Words = Words::REVIEWS;

    fn check(&self, settings: &Settings, machine: &Machine) -> Result<()> {
        machine.check_table(self.corpus.vocabulary, settings.model.embedding)
    }

    fn fresh(&self, settings: &Settings, device: &Device) -> Sentiment {
        Sentiment::new(&settings.model, self.corpus.vocabulary, settings.seed, device)
    }

    fn lesson<'a>(&'a self, settings: &'a Settings, machine: &Machine) -> Reviewing<'a> {
        let (training, model) = (&settings.training, &settings.model);
        Reviewing {
            corpus: &self.corpus,
            training: &self.training,
            validation: &self.validation,
            settings: training,
            readout: model.readout,
            seed: settings.seed,
            rows_at_once: machine.rows_at_once(training.steps, model.hidden, model.embedding),
        }
    }

    fn components(&self, settings: &Settings) -> usize {
        settings.model.embedding
    }

    fn validation(&self) -> &[usize] {
        &self.validation
    }

    fn length(&self, example: usize) -> usize {
        self.corpus.reviews[example].tokens.len()
    }

    fn place(&self, example: usize) -> usize {
        self.corpus.reviews[example].place
    }

    fn label(&self, example: usize) -> i64 {
        i64::from(self.corpus.reviews[example].label)
    }

    fn drives(&self) -> &'static [Drive] {
        &Drive::ALL
    }

    fn record(
        &self,
        network: &Sentiment,
        examples: &[usize],
        drive: Option<Drive>,
        steps: usize,
    ) -> (Tensor<3>, States) {
        let batch = self.corpus.batch(examples, steps);
        network.record(&match drive {
            Some(drive) => self.driven(batch, examples, drive),
            None => batch,
        })
    }

    fn right(&self, network: &Sentiment, examples: &[usize], settings: &Settings) -> Vec<bool> {
        let batch = self.corpus.batch(examples, settings.training.steps);
        let logits = network.logits(&batch, settings.model.readout, None).into_data();
        let logits = logits.as_slice::<f32>().expect("networks compute in f32");
        let label = |example: usize| self.corpus.reviews[example].label;
        examples.iter().zip(logits).map(|(&at, &logit)| (logit > 0.0) == label(at)).collect()
    }

    fn fingerprint(&self) -> String {
        let split = self.training.first().copied().unwrap_or(0);
        format!("{:016x}, first {split}", self.corpus.fingerprint())
    }

    fn corpus(&self) -> outcome::Corpus {
        outcome::Corpus {
            source: self.corpus.source.clone(),
            synthetic: self.corpus.synthetic,
            reviews: self.corpus.reviews.len(),
            training_reviews: self.training.len(),
            validation_reviews: self.validation.len(),
            mean_tokens: self.corpus.mean_tokens(),
            series: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets;

    #[test]
    fn drives_keep_what_they_say_and_repeat_for_any_cut_of_the_batch() {
        let settings = datasets::Settings { reviews: Some(40), ..datasets::Settings::default() };
        let corpus = datasets::load(&settings, 1).expect("built in");
        let (training, validation) = corpus.split(&settings, 1);
        let reviews = Reviews { corpus, training, validation, seed: 1 };
        let examples: Vec<usize> =
            (0..40).filter(|&at| reviews.length(at) >= 100).take(3).collect();
        let text = reviews.corpus.batch(&examples, 100);
        let driven = |drive, examples: &[usize]| {
            reviews.driven(reviews.corpus.batch(examples, 100), examples, drive).values
        };
        assert!(driven(Drive::Padding, &examples).iter().all(|&id| id == 0));
        let shuffled = driven(Drive::Shuffled, &examples);
        assert_ne!(shuffled, text.values);
        for (row, own) in shuffled.chunks(100).zip(text.values.chunks(100)) {
            assert_eq!(row[0], i32::from(tokens::START));
            let sorted = |ids: &[i32]| {
                let mut ids = ids.to_vec();
                ids.sort_unstable();
                ids
            };
            assert_eq!(sorted(row), sorted(own), "the review's own words");
        }
        let random = driven(Drive::Random, &examples);
        assert!(random.chunks(100).all(|row| row[0] == 1 && row[1..].iter().all(|&id| id >= 4)));
        let mean = random.iter().map(|&id| f64::from(id)).sum::<f64>() / random.len() as f64;
        assert!((mean - 2000.0).abs() < 4.0 * 1155.0 / 300f64.sqrt(), "{mean}");
        for drive in Drive::ALL {
            assert_eq!(driven(drive, &examples[2..]), driven(drive, &examples)[200..]);
        }
    }
}

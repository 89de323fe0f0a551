//! The paper's other task: the classes of time series.
//!
//! Place in the flow: a [`Set`] in, batches for [`Classifier`] and its states out. The training
//! file is learned from, but for a share by which the best epoch is chosen; the test file is
//! recorded and gives the accuracy, and takes part in neither.

use burn::tensor::{Device, Tensor};
use rand::seq::SliceRandom;

use super::settings::{Drive, Settings};
use super::task::Task;
use crate::datasets::Batch;
use crate::datasets::series::Set;
use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::outcome::{self, Words};
use crate::models::lstm::States;
use crate::models::series::{Classifier, Classifying};
use crate::progress::Observer;
use crate::signal::{noise, random};

/// A set of series, split.
pub(super) struct Series {
    set: Set,
    training: Vec<usize>,
    /// Of the training file, to choose the best epoch by.
    choosing: Vec<usize>,
    test: Vec<usize>,
    /// Of what drives the network instead of the series.
    seed: u64,
}

impl Series {
    /// # Errors
    /// The series do not suffice for what `settings` ask for.
    pub(super) fn new(set: Set, settings: &Settings) -> Result<Self> {
        let (training, choosing) = set.split(settings.corpus.validation, settings.seed)?;
        if settings.weights.is_none() {
            settings.training.check_examples(training.len())?;
        }
        let ([_, longest], steps) = (set.lengths(0..set.training), settings.training.steps);
        if steps > longest {
            return Err(Error::new(format!(
                "expected at most the {longest} time steps of the longest training series, found \
                 {steps}"
            ))
            .at("training.steps")
            .remedy("leave the setting out to train on whole series"));
        }
        let test = set.test().collect();
        Ok(Self { set, training, choosing, test, seed: settings.seed })
    }

    /// `batch` as `drive` has it. What is drawn for a series depends on its place alone.
    fn driven(&self, mut batch: Batch<f32>, examples: &[usize], drive: Drive) -> Batch<f32> {
        for (row, &example) in batch.values.chunks_exact_mut(batch.steps).zip(examples) {
            match drive {
                Drive::Padding => row.fill(0.0),
                Drive::Random => {
                    let count = row.len() as f64;
                    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
                    let squares: f64 = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
                    let deviation = (squares / count).sqrt();
                    let white = noise::white(row.len(), self.seed, example as u64);
                    let scaled = white.iter().map(|&x| (mean + deviation * f64::from(x)) as f32);
                    row.iter_mut().zip(scaled).for_each(|(value, drawn)| *value = drawn);
                }
                Drive::Shuffled => {
                    row.shuffle(&mut random::stream(self.seed, "recording/drive", example as u64));
                }
            }
        }
        batch
    }
}

impl Task for Series {
    type Network = Classifier;
    type Lesson<'a> = Classifying<'a>;

    const WORDS: Words = Words::SERIES;

    fn check(&self, _: &Settings, _: &Machine) -> Result<()> {
        Ok(())
    }

    fn fresh(&self, settings: &Settings, device: &Device) -> Classifier {
        Classifier::new(settings.model.hidden, self.set.labels.len(), settings.seed, device)
    }

    fn lesson<'a>(&'a self, settings: &'a Settings, machine: &Machine) -> Classifying<'a> {
        let (training, hidden) = (&settings.training, settings.model.hidden);
        Classifying {
            set: &self.set,
            training: &self.training,
            validation: &self.choosing,
            settings: training,
            readout: settings.model.readout,
            seed: settings.seed,
            rows_at_once: machine.rows_at_once(training.steps, hidden, 1),
        }
    }

    fn accuracy(
        &self,
        lesson: &Classifying<'_>,
        network: &Classifier,
        _: f64,
        observer: &dyn Observer,
    ) -> Option<f64> {
        lesson.score(network, &self.test, observer).map(|score| score.accuracy())
    }

    fn components(&self, _: &Settings) -> usize {
        1
    }

    fn validation(&self) -> &[usize] {
        &self.test
    }

    fn length(&self, example: usize) -> usize {
        self.set.series[example].values.len()
    }

    /// Its line in the test file, from 0.
    fn place(&self, example: usize) -> usize {
        example - self.set.training
    }

    fn label(&self, example: usize) -> i64 {
        self.set.labels[self.set.series[example].class]
    }

    fn drives(&self) -> &'static [Drive] {
        &Drive::ALL
    }

    fn record(
        &self,
        network: &Classifier,
        examples: &[usize],
        drive: Option<Drive>,
        steps: usize,
    ) -> (Tensor<3>, States) {
        let batch = self.set.batch(examples, steps);
        network.record(&match drive {
            Some(drive) => self.driven(batch, examples, drive),
            None => batch,
        })
    }

    fn right(&self, network: &Classifier, examples: &[usize], settings: &Settings) -> Vec<bool> {
        let batch = self.set.batch(examples, settings.training.steps);
        let found = network.logits(&batch, settings.model.readout).argmax(1).into_data();
        let class = |example: usize| self.set.series[example].class as i64;
        examples.iter().zip(found.iter::<i64>()).map(|(&at, found)| found == class(at)).collect()
    }

    fn fingerprint(&self) -> String {
        let split = self.training.first().copied().unwrap_or(0);
        format!("{:016x}, first {split}", self.set.fingerprint())
    }

    fn corpus(&self) -> outcome::Corpus {
        let set = &self.set;
        let samples: usize = set.series.iter().map(|series| series.values.len()).sum();
        outcome::Corpus {
            source: set.source.clone(),
            synthetic: false,
            reviews: set.series.len(),
            training_reviews: self.training.len(),
            validation_reviews: self.test.len(),
            mean_tokens: samples as f64 / set.series.len() as f64,
            series: Some(outcome::Series {
                labels: set.labels.clone(),
                choosing: self.choosing.len(),
                majority: set.majority(),
                lengths: set.lengths(0..set.series.len()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::series;

    #[test]
    fn drives_keep_what_they_say_and_repeat_for_any_cut_of_the_batch() {
        let series = |at: usize| series::Series {
            values: (0..200).map(|step| (3 + at) as f32 + (step % 7) as f32).collect(),
            class: at % 2,
        };
        let (name, source) = ("made".to_owned(), "made up".to_owned());
        let series = (0..12).map(series).collect();
        let set = Set { name, source, labels: vec![0, 1], series, training: 8 };
        let mut settings = Settings::default();
        settings.training =
            crate::models::training::Settings { batch: 4, steps: 200, ..settings.training };
        let task = Series::new(set, &settings).expect("enough");
        let driven = |drive, examples: &[usize]| {
            task.driven(task.set.batch(examples, 200), examples, drive).values
        };
        let (examples, own) = (&[8, 9, 11][..], task.set.batch(&[8, 9, 11], 200).values);
        assert!(driven(Drive::Padding, examples).iter().all(|&value| value == 0.0));
        let sorted = |values: &[f32]| {
            let mut values = values.to_vec();
            values.sort_by(f32::total_cmp);
            values
        };
        let shuffled = driven(Drive::Shuffled, examples);
        assert_ne!(shuffled, own);
        for (row, own) in shuffled.chunks(200).zip(own.chunks(200)) {
            assert_eq!(sorted(row), sorted(own), "the series' own samples");
        }
        for (row, own) in driven(Drive::Random, examples).chunks(200).zip(own.chunks(200)) {
            let mean = |values: &[f32]| values.iter().sum::<f32>() / 200.0;
            // Standard deviation 2 of each of 200 samples.
            assert!((mean(row) - mean(own)).abs() < 4.0 * 2.0 / 200f32.sqrt());
            let square = |values: &[f32]| {
                values.iter().map(|value| (value - mean(values)).powi(2)).sum::<f32>() / 200.0
            };
            assert!((square(row) / square(own) - 1.0).abs() < 0.4, "{}", square(row));
        }
        for drive in Drive::ALL {
            assert_eq!(driven(drive, &examples[2..]), driven(drive, examples)[400..]);
        }
    }
}

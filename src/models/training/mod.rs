//! The one training loop: epochs, progress, checkpoints, early stop, resume.
//!
//! A [`Lesson`] says what is learned (batches and their loss); [`train`] does the rest for every
//! network of the project. All chance comes from streams named by epoch and batch, and the
//! checkpoint holds weights, optimizer and position, so a training that was stopped and resumed
//! ends with the same bits as one that was not.
//!
//! In the run folder: `metrics.jsonl` (one line per epoch), `best.safetensors` (weights of the
//! epoch with the best validation accuracy), `checkpoint.safetensors` (all that a resume needs) and
//! `epochs/NNNN.safetensors` (weights of the epochs that [`Settings::keep`] names).

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::adam::{self, Adam};
use super::checkpoint::{self, Metadata};
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::progress::Observer;
use crate::signal::random;

mod settings;

pub use settings::Settings;

/// One epoch of training, as a line of `metrics.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// Mean cross-entropy over the training batches (with dropout, while the weights move), in
    /// nats.
    pub training_loss: f64,
    /// Share right over the training batches (with dropout, while the weights move).
    pub training_accuracy: f64,
    /// Mean cross-entropy on the validation set, in nats.
    pub validation_loss: f64,
    /// Share right on the validation set.
    pub validation_accuracy: f64,
    /// Wall time, validation included.
    pub seconds: f64,
}

/// What one batch gave.
pub struct Judged {
    /// Mean loss over the batch, in nats, shape `[1]`.
    pub loss: Tensor<1>,
    /// How many examples were classified rightly, shape `[1]`.
    pub right: Tensor<1>,
    /// Examples in the batch.
    pub examples: usize,
}

impl Judged {
    /// The cross-entropy of softmax: logits `[B, C]` against a class per row, each below C.
    ///
    /// The class is picked by a product with 0 and 1, whose gradient adds nothing up: the same bits
    /// on every device.
    pub fn of_classes(logits: Tensor<2>, classes: &[usize]) -> Self {
        let [rows, count] = logits.dims();
        let device = logits.device();
        let mut picked = vec![0.0f32; rows * count];
        classes.iter().enumerate().for_each(|(row, class)| picked[row * count + class] = 1.0);
        let picked = Tensor::<2>::from_data(TensorData::new(picked, [rows, count]), &device);
        let class = |&class: &usize| i32::try_from(class).expect("fewer than 2^31 classes");
        let classes: Vec<i32> = classes.iter().map(class).collect();
        let classes = Tensor::<2, Int>::from_data(TensorData::new(classes, [rows, 1]), &device);
        let right = logits.clone().inner().argmax(1).equal(classes.inner()).float().sum();
        let loss = (log_softmax(logits, 1) * picked).sum().neg() / rows as f64;
        Self { loss, right, examples: rows }
    }
}

/// Sums over judged batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Sum of the examples' losses, in nats.
    pub loss: f64,
    /// Examples classified rightly.
    pub right: u64,
    /// Examples seen.
    pub examples: u64,
}

impl Score {
    /// Reads one batch's result back from the device and adds it.
    pub fn add(&mut self, loss: Tensor<1>, right: Tensor<1>, examples: usize) {
        let both = Tensor::cat(vec![loss, right], 0).into_data();
        let both = both.as_slice::<f32>().expect("networks compute in f32");
        self.loss += f64::from(both[0]) * examples as f64;
        self.right += both[1].round() as u64;
        self.examples += examples as u64;
    }

    /// Mean loss per example, in nats.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.examples as f64
    }

    /// Share right.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.examples as f64
    }
}

/// What is learned: the batches of each epoch and how they are judged.
pub trait Lesson {
    /// The network that learns.
    type Network: Module + Clone;
    /// Whether examples are classified, so that a share of them is right; else the epoch with the
    /// smallest validation loss is the best.
    const CLASSIFIES: bool = true;
    /// Batches per epoch.
    fn batches(&self) -> usize;
    /// Judges training batch `batch` of epoch `epoch` (both from 0), which depends on nothing else.
    fn learn(&self, network: &Self::Network, epoch: usize, batch: usize) -> Judged;
    /// Judges the validation set with a network that does not track gradients; `None` where the
    /// user asked to stop meanwhile.
    fn validate(&self, network: &Self::Network, observer: &dyn Observer) -> Option<Score>;
    /// Looks at the network, if the lesson wishes, within epoch `epoch` (from 0) after `batch` of its
    /// batches, more than none and fewer than all; it still tracks gradients. A run that is resumed
    /// looks there once, or again where a failure threw it back.
    ///
    /// # Errors
    /// Whatever keeps it from looking; it ends the training.
    fn glance(&self, _network: &Self::Network, _epoch: usize, _batch: usize) -> Result<()> {
        Ok(())
    }
    /// Looks at the network after an epoch, which does not track gradients; true ends the training.
    /// A run that is resumed looks at each epoch once, or twice at the one that a failure cut off.
    ///
    /// # Errors
    /// Whatever keeps it from looking; it ends the training.
    fn look(&self, _network: &Self::Network, _epoch: &Epoch) -> Result<bool> {
        Ok(false)
    }
}

/// The examples of batch `batch` of epoch `epoch`, both from 0: `training` in the epoch's order,
/// the stream `training/order` of `seed`, cut into batches of `size`.
///
/// # Panics
/// The epoch has no such batch.
pub fn drawn(training: &[usize], size: usize, seed: u64, epoch: usize, batch: usize) -> Vec<usize> {
    let mut order = training.to_vec();
    order.shuffle(&mut random::stream(seed, "training/order", epoch as u64));
    order.chunks(size).nth(batch).expect("a batch of the epoch").to_vec()
}

/// The score of `examples`, which `judge` takes `size` at a time; `None` where the user asked to
/// stop meanwhile.
pub fn score(
    examples: &[usize],
    size: usize,
    observer: &dyn Observer,
    judge: impl Fn(&[usize]) -> Judged,
) -> Option<Score> {
    let mut score = Score::default();
    for examples in examples.chunks(size) {
        if observer.stopping() {
            return None;
        }
        let judged = judge(examples);
        score.add(judged.loss, judged.right, judged.examples);
    }
    Some(score)
}

/// A finished training.
pub struct Trained<N> {
    /// The network of the best epoch.
    pub network: N,
    /// Every epoch.
    pub history: Vec<Epoch>,
}

impl<N> Trained<N> {
    /// The epoch with the best validation accuracy, the first of equals.
    pub fn best(&self) -> &Epoch {
        best(&self.history, true).expect("a training has at least one epoch")
    }
}

/// The first of the best epochs: by validation accuracy, or by validation loss.
fn best(history: &[Epoch], by_accuracy: bool) -> Option<&Epoch> {
    history.iter().reduce(|best, epoch| {
        let better = match by_accuracy {
            true => epoch.validation_accuracy > best.validation_accuracy,
            false => epoch.validation_loss < best.validation_loss,
        };
        if better { epoch } else { best }
    })
}

/// The share right in words, where there is one.
fn right<L: Lesson>(accuracy: f64) -> String {
    if L::CLASSIFIES { format!(" right {accuracy:.4}") } else { String::new() }
}

/// Where a training stands: all that a resume needs beside weights and optimizer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    /// Whether the lesson has seen enough.
    #[serde(default)]
    ended: bool,
    /// Batches done in the epoch under way.
    batch: usize,
    /// Wall time spent in it.
    seconds: f64,
    /// Sums over it.
    score: Score,
    /// Finished epochs.
    history: Vec<Epoch>,
}

/// Where a training leaves its files, and what it is the training of.
#[derive(Clone, Copy, Debug)]
pub struct Keeping<'a> {
    /// The run folder.
    pub folder: &'a Path,
    /// Whether to go on from the folder's checkpoint.
    pub resume: bool,
    /// What the weights come from (settings, corpus): kept in the header of both files, and held
    /// against the checkpoint's at a resume.
    pub origin: &'a Metadata,
}

/// The weights of `epoch` in the run folder `folder`, where they were kept.
pub fn kept_path(folder: &Path, epoch: usize) -> PathBuf {
    folder.join("epochs").join(format!("{epoch:04}.safetensors"))
}

/// Trains `network` on `device` and gives the best epoch's network.
///
/// # Errors
/// A file cannot be written or read; or the user stopped it ([`Error::stopped`]), a checkpoint
/// having been left.
pub fn train<L: Lesson>(
    lesson: &L,
    network: L::Network,
    settings: &Settings,
    keeping: Keeping<'_>,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Trained<L::Network>> {
    let mut course = Course {
        lesson,
        network,
        adam: Adam::new(settings.rate),
        position: Position::default(),
        keeping,
    };
    if keeping.resume {
        course.load(device)?;
    }
    course.write_metrics()?;
    while !course.finished(settings) {
        course.epoch(settings, observer)?;
    }
    let (best, _) = checkpoint::read(&course.best_path())?;
    let network = checkpoint::with_parameters(course.network, &best)?;
    Ok(Trained { network, history: course.position.history })
}

struct Course<'a, L: Lesson> {
    lesson: &'a L,
    network: L::Network,
    adam: Adam,
    position: Position,
    keeping: Keeping<'a>,
}

impl<L: Lesson> Course<'_, L> {
    fn finished(&self, settings: &Settings) -> bool {
        let history = &self.position.history;
        let stale = best(history, L::CLASSIFIES).map_or(0, |best| history.len() - best.epoch);
        let ended = self.position.ended || history.len() >= settings.epochs;
        ended || (settings.patience > 0 && stale >= settings.patience)
    }

    fn epoch(&mut self, settings: &Settings, observer: &mut dyn Observer) -> Result<()> {
        let (began, before) = (Instant::now(), self.position.seconds);
        let number = self.position.history.len() + 1;
        let batches = self.lesson.batches();
        observer.begin(&format!("epoch {number} of {}", settings.epochs), batches as u64);
        while self.position.batch < batches {
            self.step(number, settings.clip);
            let score = self.position.score;
            let detail = format!("loss {:.4}{}", score.mean_loss(), right::<L>(score.accuracy()));
            observer.advance(self.position.batch as u64, &detail);
            if !score.loss.is_finite() {
                return Err(ran_away(
                    &format!("after batch {} of epoch", self.position.batch),
                    number,
                ));
            }
            if self.position.batch < batches {
                self.lesson.glance(&self.network, number - 1, self.position.batch)?;
                if observer.stopping() {
                    return Err(self.stop(number, before + began.elapsed().as_secs_f64()));
                }
            }
        }
        let network = self.network.valid();
        let Some(validation) = self.lesson.validate(&network, observer) else {
            return Err(self.stop(number, before + began.elapsed().as_secs_f64()));
        };
        if !validation.loss.is_finite() {
            return Err(ran_away("in the validation after epoch", number));
        }
        let epoch = Epoch {
            epoch: number,
            training_loss: self.position.score.mean_loss(),
            training_accuracy: self.position.score.accuracy(),
            validation_loss: validation.mean_loss(),
            validation_accuracy: validation.accuracy(),
            seconds: before + began.elapsed().as_secs_f64(),
        };
        let best = |history: &[Epoch]| best(history, L::CLASSIFIES).map(|epoch| epoch.epoch);
        let before = best(&self.position.history);
        self.position.history.push(epoch);
        if best(&self.position.history) != before {
            self.keep(&self.best_path(), number)?;
        }
        self.position.ended = self.lesson.look(&network, &epoch)?;
        if settings.keep.contains(&number) || !settings.keep.is_empty() && self.finished(settings) {
            let path = kept_path(self.keeping.folder, number);
            let folder = path.parent().expect("a folder of epochs");
            std::fs::create_dir_all(folder)
                .map_err(|cause| Error::file("make the folder of epochs", folder, cause))?;
            self.keep(&path, number)?;
        }
        let Position { ended, history, .. } = self.position.clone();
        self.position = Position { ended, history, ..Position::default() };
        self.save()?;
        self.write_metrics()?;
        observer.finish(&format!(
            "epoch {number:>2}: training loss {:.4}{}, validation loss {:.4}{}, {:.0} s",
            epoch.training_loss,
            right::<L>(epoch.training_accuracy),
            epoch.validation_loss,
            right::<L>(epoch.validation_accuracy),
            epoch.seconds
        ));
        Ok(())
    }

    /// Leaves a checkpoint in the middle of epoch `number`, `seconds` after its beginning.
    fn stop(&mut self, number: usize, seconds: f64) -> Error {
        self.position.seconds = seconds;
        if let Err(error) = self.save() {
            return error;
        }
        let (done, all) = (self.position.batch, self.lesson.batches());
        let folder = self.keeping.folder.display();
        Error::stopped(format!("stopped in epoch {number} after batch {done} of {all}"))
            .at(&folder)
            .remedy(format!("the checkpoint is written; go on with --resume {folder}"))
    }

    fn step(&mut self, epoch: usize, clip: f64) {
        let judged = self.lesson.learn(&self.network, epoch - 1, self.position.batch);
        let gradients = judged.loss.backward();
        let mut gradients = GradientsParams::from_grads(gradients, &self.network);
        if clip > 0.0 {
            adam::clip(&self.network, &mut gradients, clip);
        }
        self.network = self.adam.step(self.network.clone(), &mut gradients);
        self.position.score.add(judged.loss.inner(), judged.right, judged.examples);
        self.position.batch += 1;
    }

    /// Writes the weights of epoch `number`.
    fn keep(&self, path: &Path, number: usize) -> Result<()> {
        let mut metadata = self.keeping.origin.clone();
        metadata.insert("epoch".to_owned(), number.to_string());
        checkpoint::write(path, &checkpoint::parameters(&self.network), &metadata)
    }

    fn best_path(&self) -> PathBuf {
        self.keeping.folder.join("best.safetensors")
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.keeping.folder.join("checkpoint.safetensors")
    }

    fn save(&self) -> Result<()> {
        let mut arrays = checkpoint::parameters(&self.network);
        arrays.extend(self.adam.arrays());
        // TOML rather than JSON: it gives every f64 back to the bit.
        let position = toml::to_string(&self.position).expect("a position is plain data");
        let mut metadata = self.keeping.origin.clone();
        metadata.insert("position".to_owned(), position);
        checkpoint::write(&self.checkpoint_path(), &arrays, &metadata)
    }

    fn load(&mut self, device: &Device) -> Result<()> {
        let path = self.checkpoint_path();
        if !path.exists() {
            return Ok(()); // Stopped before the first checkpoint: from the beginning, then.
        }
        let (arrays, metadata) = checkpoint::read(&path).map_err(|error| {
            error.remedy("remove the file: the run then begins anew, with the same result")
        })?;
        let position = metadata.get("position").map(|text| toml::from_str(text));
        let Some(Ok(position)) = position else {
            return Err(Error::new("expected a training's position in the checkpoint's header")
                .at(path.display())
                .remedy("resume from a folder whose run was stopped by noisescope"));
        };
        if let Some((name, _)) =
            self.keeping.origin.iter().find(|(name, value)| metadata.get(*name) != Some(value))
        {
            return Err(Error::new(format!(
                "the checkpoint is of another run: its {name} differs"
            ))
            .at(path.display())
            .remedy("bring back the reviews and settings of the stopped run, or start a new one"));
        }
        self.position = position;
        self.network = checkpoint::with_parameters(self.network.clone(), &arrays)?;
        let begun = self.position.batch > 0 || !self.position.history.is_empty();
        self.adam.restore(&arrays, &checkpoint::parameters(&self.network), begun, device)
    }

    fn write_metrics(&self) -> Result<()> {
        let line = |epoch| serde_json::to_string(epoch).expect("an epoch is plain data") + "\n";
        let lines: String = self.position.history.iter().map(line).collect();
        write_whole(&self.keeping.folder.join("metrics.jsonl"), lines.as_bytes())
    }
}

/// The training has come to no number: `when`, of epoch `number`.
fn ran_away(when: &str, number: usize) -> Error {
    Error::new(format!("the loss is no number {when} {number}"))
        .at("training.rate")
        .remedy("take a smaller training.rate; the weights of the best epoch are kept")
}

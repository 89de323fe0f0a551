//! The network of the 1/f study: embedding, LSTM, one logit per review.
//!
//! Batches of token ids in; logits for training, every gate and state for recording. Keras's
//! initialisers: embedding uniform in ±0.05, dense Glorot-uniform with bias 0, the LSTM as `lstm`
//! says.

use burn::module::{Module, Param};
use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::lstm::{Lstm, States};
use super::training::{self, Judged, Lesson, Score};
use crate::datasets::{Batch, Corpus};
use crate::error::{Error, Result};
use crate::progress::Observer;
use crate::signal::random;

/// Where the classification is read off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// The state after the last step, padding included: the paper's network.
    AfterPadding,
    /// The state at the last real token: learns at once.
    #[default]
    LastToken,
}

/// The network's shape, as a settings file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Components of the embedding.
    pub embedding: usize,
    /// Hidden units of the LSTM.
    pub hidden: usize,
    /// Where the classification is read off.
    pub readout: Readout,
}

impl Default for Settings {
    fn default() -> Self {
        Self { embedding: 32, hidden: 60, readout: Readout::LastToken }
    }
}

impl Settings {
    /// # Errors
    /// A size is out of range.
    pub fn check(&self) -> Result<()> {
        let within = |name: &str, value: usize, most: usize| {
            if (1..=most).contains(&value) {
                return Ok(());
            }
            let what = format!("expected a number from 1 to {most}, found {value}");
            Err(Error::new(what).at(format!("model.{name}")).remedy(format!("set model.{name}")))
        };
        within("embedding", self.embedding, 4096)?;
        within("hidden", self.hidden, super::lstm::MOST_UNITS)
    }
}

/// Embedding `[vocabulary, E]` → LSTM(H) → dense `[H, 1]` + bias.
#[derive(Module, Debug)]
pub struct Sentiment {
    embedding: Param<Tensor<2>>,
    lstm: Lstm,
    dense: Param<Tensor<2>>,
    dense_bias: Param<Tensor<1>>,
}

impl Sentiment {
    /// Fresh weights from the streams `model/…` of `seed`.
    pub fn new(settings: &Settings, vocabulary: usize, seed: u64, device: &Device) -> Self {
        let uniform = |name: &str, rows: usize, columns: usize, limit: f32| {
            let mut stream = random::stream(seed, name, 0);
            let values: Vec<f32> =
                (0..rows * columns).map(|_| stream.random_range(-limit..limit)).collect();
            Param::from_tensor(Tensor::from_data(TensorData::new(values, [rows, columns]), device))
        };
        let glorot = (6.0 / (settings.hidden as f32 + 1.0)).sqrt();
        Self {
            embedding: uniform("model/embedding", vocabulary, settings.embedding, 0.05),
            lstm: Lstm::new(settings.embedding, settings.hidden, seed, device),
            dense: uniform("model/dense", settings.hidden, 1, glorot),
            dense_bias: Param::from_tensor(Tensor::zeros([1], device)),
        }
    }

    /// The embedded batch, `[B, T, E]`; `dropout` is a mask made by [`dropout_mask`].
    fn embed(&self, batch: &Batch, dropout: Option<TensorData>) -> Tensor<3> {
        let weights = self.embedding.val();
        let device = weights.device();
        let ids = TensorData::new(batch.tokens.clone(), [batch.rows, batch.steps]);
        let ids = Tensor::<2, Int>::from_data(ids, &device);
        let embedded = burn::tensor::module::embedding(weights, ids);
        match dropout {
            Some(mask) => embedded * Tensor::from_data(mask, &device),
            None => embedded,
        }
    }

    /// One logit per review, `[B]`.
    pub fn logits(
        &self,
        batch: &Batch,
        readout: Readout,
        dropout: Option<TensorData>,
    ) -> Tensor<1> {
        let hidden = self.lstm.forward(self.embed(batch, dropout));
        let [rows, steps, units] = hidden.dims();
        let last: Vec<i32> = (0..rows)
            .map(|row| match readout {
                Readout::AfterPadding => row * steps + steps - 1,
                Readout::LastToken => row * steps + batch.lengths[row] - 1,
            })
            .map(|index| i32::try_from(index).expect("a batch has fewer than 2^31 steps"))
            .collect();
        let last = Tensor::<1, Int>::from_data(TensorData::new(last, [rows]), &hidden.device());
        let state = hidden.reshape([rows * steps, units]).select(0, last);
        let logits = state.matmul(self.dense.val()) + self.dense_bias.val().unsqueeze();
        logits.reshape([rows])
    }

    /// Every quantity of every step of a batch: the embedded input `[B, T, E]` and the LSTM's
    /// states.
    pub fn record(&self, batch: &Batch) -> (Tensor<3>, States) {
        let input = self.embed(batch, None);
        let states = self.lstm.record(input.clone());
        (input, states)
    }
}

/// Learning to tell good reviews from bad ones.
pub struct Reviewing<'a> {
    /// The reviews.
    pub corpus: &'a Corpus,
    /// Which of them are learned from.
    pub training: &'a [usize],
    /// Which of them are held out.
    pub validation: &'a [usize],
    /// How the network is trained.
    pub settings: &'a training::Settings,
    /// Where the classification is read off.
    pub readout: Readout,
    /// The seed of order and dropout.
    pub seed: u64,
    /// Reviews that the device takes in one call (`lstm::rows_per_call`).
    pub rows_at_once: usize,
}

impl Lesson for Reviewing<'_> {
    type Network = Sentiment;

    fn batches(&self) -> usize {
        self.training.len().div_ceil(self.settings.batch)
    }

    fn learn(&self, network: &Sentiment, epoch: usize, batch: usize) -> Judged {
        let draw = (epoch * self.batches() + batch) as u64;
        let reviews = self.reviews(epoch, batch);
        self.judge(network, &reviews, (self.settings.dropout > 0.0).then_some(draw))
    }

    fn validate(&self, network: &Sentiment, observer: &dyn Observer) -> Option<Score> {
        let mut score = Score::default();
        for reviews in self.validation.chunks(self.settings.batch) {
            if observer.stopping() {
                return None;
            }
            let judged = self.judge(network, reviews, None);
            score.add(judged.loss, judged.right, judged.examples);
        }
        Some(score)
    }
}

impl Reviewing<'_> {
    /// The reviews of one batch; epochs and batches are counted from 0.
    ///
    /// # Panics
    /// The epoch has no such batch.
    pub fn reviews(&self, epoch: usize, batch: usize) -> Vec<usize> {
        let (count, size) = (self.training.len(), self.settings.batch);
        let places = training::examples(count, size, self.seed, epoch, batch);
        places.into_iter().map(|place| self.training[place]).collect()
    }

    /// The loss on `reviews`, with the inputs dropped that `draw` says, cut into calls that the
    /// device can take.
    fn judge(&self, network: &Sentiment, reviews: &[usize], draw: Option<u64>) -> Judged {
        let logits = reviews.chunks(self.rows_at_once).enumerate().map(|(part, reviews)| {
            let batch = self.corpus.batch(reviews, self.settings.steps);
            let shape = [batch.rows, network.embedding.dims()[1]];
            let first = part * self.rows_at_once;
            let mask = |draw| dropout_mask(self.seed, draw, first, shape, self.settings.dropout);
            network.logits(&batch, self.readout, draw.map(mask))
        });
        let logits = Tensor::cat(logits.collect(), 0);
        let sign = |&review: &usize| if self.corpus.reviews[review].label { 1.0f32 } else { -1.0 };
        let signs: Vec<f32> = reviews.iter().map(sign).collect();
        let signs = TensorData::new(signs, [reviews.len()]);
        // The cross-entropy of a label ±1 is -ln sigmoid(± logit).
        let margin = logits.clone() * Tensor::<1>::from_data(signs, &logits.device());
        let right = margin.clone().inner().greater_elem(0.0).float().sum();
        Judged { loss: log_sigmoid(margin).mean().neg(), right, examples: reviews.len() }
    }
}

/// An input-dropout mask `[rows, 1, components]`, the same at every step of a row, as Keras 3 draws
/// it (the fused LSTM of Keras 2 drew one per step): 0 with probability `rate`, else 1/(1 - rate).
///
/// With another mask at every step the state has to survive hundreds of steps of noise in the
/// padding. On IMDb (60 units, read after the padding, seed 1) training then left chance in epoch
/// 22; with this mask in epoch 7, and without dropout in epoch 6. It remains a matter of the seed.
///
/// Made on the host from the stream `training/dropout` with one index per `draw` and row (counted
/// from `first`), so that every device, every cut of a batch and every resumed run drops the same
/// inputs.
pub fn dropout_mask(
    seed: u64,
    draw: u64,
    first: usize,
    [rows, components]: [usize; 2],
    rate: f64,
) -> TensorData {
    let keep = (1.0 / (1.0 - rate)) as f32;
    let row = |row: usize| {
        let index = (draw << 16) + (first + row) as u64;
        let mut stream = random::stream(seed, "training/dropout", index);
        let value = move |_| if stream.random_bool(rate) { 0.0 } else { keep };
        (0..components).map(value)
    };
    let values: Vec<f32> = (0..rows).flat_map(row).collect();
    TensorData::new(values, [rows, 1, components])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_keeps_the_mean_and_repeats() {
        let mask = dropout_mask(3, 5, 0, [400, 32], 0.1);
        assert_eq!(mask, dropout_mask(3, 5, 0, [400, 32], 0.1));
        assert_ne!(mask, dropout_mask(3, 6, 0, [400, 32], 0.1));
        let values = mask.as_slice::<f32>().expect("f32");
        let later = dropout_mask(3, 5, 399, [1, 32], 0.1);
        assert_eq!(later.as_slice::<f32>().expect("f32"), &values[399 * 32..], "by themselves");
        let dropped = values.iter().filter(|&&value| value == 0.0).count() as f64;
        // 12,800 draws at 0.1: sd 34.
        assert!((dropped - 1280.0).abs() < 4.0 * 34.0, "{dropped}");
        assert!(values.iter().all(|&v| v == 0.0 || (v - 1.0 / 0.9).abs() < 1e-6));
    }
}

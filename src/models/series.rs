//! The network of the 1/f study on time series: LSTM over a scalar input, one logit per class.
//!
//! Batches of samples in; logits for training, every gate and state for recording. Keras's
//! initialisers: dense Glorot-uniform with bias 0, the LSTM as `lstm` says. There is no input
//! dropout: the one that reviews have drops a component at every step, which of a scalar input
//! leaves nothing.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use super::lstm::{Lstm, States};
use super::readout::{self, Readout};
use super::training::{self, Judged, Lesson, Score};
use crate::datasets::Batch;
use crate::datasets::series::Set;
use crate::progress::Observer;

/// LSTM(H) over one component → dense `[H, C]` + bias.
#[derive(Module, Debug)]
pub struct Classifier {
    lstm: Lstm,
    dense: Param<Tensor<2>>,
    dense_bias: Param<Tensor<1>>,
}

impl Classifier {
    /// Fresh weights for `hidden` units and `classes` classes, from the streams `lstm/…` and
    /// `model/dense` of `seed`.
    pub fn new(hidden: usize, classes: usize, seed: u64, device: &Device) -> Self {
        Self {
            lstm: Lstm::new(1, hidden, seed, device),
            dense: readout::dense(hidden, classes, seed, device),
            dense_bias: Param::from_tensor(Tensor::zeros([classes], device)),
        }
    }

    /// The batch as the LSTM reads it, `[B, T, 1]`.
    fn input(&self, batch: &Batch<f32>) -> Tensor<3> {
        let samples = TensorData::new(batch.values.clone(), [batch.rows, batch.steps, 1]);
        Tensor::from_data(samples, &self.dense.val().device())
    }

    /// One logit per series and class, `[B, C]`.
    pub fn logits(&self, batch: &Batch<f32>, readout: Readout) -> Tensor<2> {
        let state = readout.of(self.lstm.forward(self.input(batch)), &batch.lengths);
        state.matmul(self.dense.val()) + self.dense_bias.val().unsqueeze()
    }

    /// Every quantity of every step of a batch: the input `[B, T, 1]` and the LSTM's states.
    pub fn record(&self, batch: &Batch<f32>) -> (Tensor<3>, States) {
        let input = self.input(batch);
        let states = self.lstm.record(input.clone());
        (input, states)
    }
}

/// Learning to tell the classes of a set of series.
pub struct Classifying<'a> {
    /// The series.
    pub set: &'a Set,
    /// Which of them are learned from.
    pub training: &'a [usize],
    /// Which of them are held out, to choose the best epoch by.
    pub validation: &'a [usize],
    /// How the network is trained; its `dropout` is not used.
    pub settings: &'a training::Settings,
    /// Where the classification is read off.
    pub readout: Readout,
    /// The seed of the order.
    pub seed: u64,
    /// Series that the device takes in one call (`lstm::rows_per_call`).
    pub rows_at_once: usize,
}

impl Lesson for Classifying<'_> {
    type Network = Classifier;

    fn batches(&self) -> usize {
        self.training.len().div_ceil(self.settings.batch)
    }

    fn learn(&self, network: &Classifier, epoch: usize, batch: usize) -> Judged {
        let size = self.settings.batch;
        self.judge(network, &training::drawn(self.training, size, self.seed, epoch, batch))
    }

    fn validate(&self, network: &Classifier, observer: &dyn Observer) -> Option<Score> {
        self.score(network, self.validation, observer)
    }
}

impl Classifying<'_> {
    /// Judges `series` with a network that does not track gradients; `None` where the user asked to
    /// stop meanwhile.
    pub fn score(
        &self,
        network: &Classifier,
        series: &[usize],
        observer: &dyn Observer,
    ) -> Option<Score> {
        training::score(series, self.settings.batch, observer, |part| self.judge(network, part))
    }

    /// The cross-entropy on `series`, cut into calls that the device can take.
    fn judge(&self, network: &Classifier, series: &[usize]) -> Judged {
        let logits = series.chunks(self.rows_at_once).map(|series| {
            network.logits(&self.set.batch(series, self.settings.steps), self.readout)
        });
        let logits = Tensor::cat(logits.collect(), 0);
        let classes: Vec<usize> =
            series.iter().map(|&series| self.set.series[series].class).collect();
        Judged::of_classes(logits, &classes)
    }
}

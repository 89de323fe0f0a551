//! The networks of the study of spike trains: classifiers of pictures with ReLU.
//!
//! Place in the flow: floor 3, pictures in; logits for training, every hidden unit's activation for
//! recording. He's initialiser (uniform within ±sqrt(6 / inputs), biases 0; He et al. 2015), drawn
//! from the streams `model/…`. No dropout, no decay, no augmentation: what a network memorises is
//! in its weights.
//!
//! - [`Architecture::Mlp`]: dense 512, dense 512, classes.
//! - [`Architecture::Cnn`]: two convolutions of 3 × 3 that keep the size, to 32 and 64 channels;
//!   the maximum of each 2 × 2; dense 128, classes.
//!
//! A unit is what a ReLU leaves: of a convolution each channel at each position.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::convolution;
use super::training::{self, Epoch, Judged, Lesson, Score};
use crate::datasets::images::{CLASSES, Part};
use crate::error::{Error, Result};
use crate::progress::Observer;
use crate::signal::random;

/// Which network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Dense layers.
    #[default]
    Mlp,
    /// Convolutions before them.
    Cnn,
}

impl Architecture {
    /// Channels of the convolutions.
    fn channels(self) -> &'static [usize] {
        match self {
            Self::Mlp => &[],
            Self::Cnn => &[32, 64],
        }
    }

    /// Units of the hidden dense layers.
    fn dense(self) -> &'static [usize] {
        match self {
            Self::Mlp => &[512, 512],
            Self::Cnn => &[128],
        }
    }

    /// Name and units of every hidden layer for pictures of `shape`, in the order of
    /// [`Classifier::record`].
    pub fn layers(self, [_, height, width]: [usize; 3]) -> Vec<(String, usize)> {
        let convolution = |&channels: &usize| ("conv", channels * height * width);
        let dense = self.dense().iter().map(|&units| ("dense", units));
        let all = self.channels().iter().map(convolution).chain(dense).enumerate();
        all.map(|(at, (kind, units))| (format!("{}-{kind}{units}", at + 1), units)).collect()
    }

    /// # Errors
    /// The pictures are smaller than what is made one by the pooling.
    pub fn check(self, [_, height, width]: [usize; 3]) -> Result<()> {
        if self == Self::Mlp || height.min(width) >= 2 {
            return Ok(());
        }
        Err(Error::new(format!(
            "expected pictures of 2 x 2 pixels or more, found {height} x {width}"
        ))
        .at("model.architecture")
        .remedy("take the MLP, or larger pictures"))
    }
}

/// How these networks are trained unless a setting says otherwise: Adam 1e-3, batches of 128.
pub fn training_settings() -> training::Settings {
    training::Settings { batch: 128, rate: 1e-3, dropout: 0.0, ..training::Settings::default() }
}

/// Weights `[outputs, inputs, 3, 3]` and biases.
#[derive(Module, Debug)]
struct Convolution {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

/// Weights `[inputs, outputs]` and biases.
#[derive(Module, Debug)]
struct Dense {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

/// Convolutions, if any, then dense layers, the last of which gives the logits.
#[derive(Module, Debug)]
pub struct Classifier {
    convolutions: Vec<Convolution>,
    dense: Vec<Dense>,
}

impl Classifier {
    /// Fresh weights for pictures of `shape` (channels, height, width), from streams of `seed`.
    pub fn new(
        architecture: Architecture,
        [channels, height, width]: [usize; 3],
        seed: u64,
        device: &Device,
    ) -> Self {
        let weights = |name: &str, at: usize, inputs: usize, count: usize| -> Vec<f32> {
            let limit = (6.0 / inputs as f32).sqrt();
            let mut stream = random::stream(seed, name, at as u64);
            (0..count).map(|_| stream.random_range(-limit..limit)).collect()
        };
        let zeros = |units: usize| Param::from_tensor(Tensor::zeros([units], device));
        let mut inputs = channels;
        let convolution = |(at, &outputs): (usize, &usize)| {
            let shape = [outputs, std::mem::replace(&mut inputs, outputs), 3, 3];
            let fan_in = 9 * shape[1];
            let values = weights("model/convolution", at, fan_in, outputs * fan_in);
            let weight = Tensor::from_data(TensorData::new(values, shape), device);
            Convolution { weight: Param::from_tensor(weight), bias: zeros(outputs) }
        };
        let convolutions: Vec<Convolution> =
            architecture.channels().iter().enumerate().map(convolution).collect();
        let pooled = if convolutions.is_empty() { 1 } else { 2 };
        let mut inputs = inputs * (height / pooled) * (width / pooled);
        let outputs = architecture.dense().iter().chain([&CLASSES]);
        let dense = |(at, &outputs): (usize, &usize)| {
            let shape = [std::mem::replace(&mut inputs, outputs), outputs];
            let values = weights("model/dense", at, shape[0], shape[0] * outputs);
            let weight = Tensor::from_data(TensorData::new(values, shape), device);
            Dense { weight: Param::from_tensor(weight), bias: zeros(outputs) }
        };
        let dense = outputs.enumerate().map(dense).collect();
        Self { convolutions, dense }
    }

    /// The pictures of `part` at `indices` on the device of the weights, `[B, C, H, W]`.
    pub fn pictures(&self, part: &Part, indices: &[usize]) -> Tensor<4> {
        self.placed(part.batch(indices), part.shape)
    }

    /// Pictures of `shape` (channels, height, width), row-major, on the device of the weights.
    ///
    /// # Panics
    /// `values` holds no whole number of pictures.
    pub fn placed(&self, values: Vec<f32>, shape: [usize; 3]) -> Tensor<4> {
        let [channels, height, width] = shape;
        let rows = values.len() / shape.iter().product::<usize>();
        let data = TensorData::new(values, [rows, channels, height, width]);
        Tensor::from_data(data, &self.dense[0].weight.val().device())
    }

    /// A logit per class of pictures `[B, C, H, W]`: `[B, classes]`.
    pub fn logits(&self, pictures: Tensor<4>) -> Tensor<2> {
        self.forward(pictures, &mut |_| {})
    }

    /// The activations of every hidden layer after its ReLU, `[B, units]` each, a picture per row:
    /// a convolution's units are channel × height × width.
    pub fn record(&self, pictures: Tensor<4>) -> Vec<Tensor<2>> {
        let mut layers = Vec::new();
        self.forward(pictures, &mut |layer| layers.push(layer));
        layers
    }

    /// The logits; `hidden` is given what every ReLU leaves.
    fn forward(&self, pictures: Tensor<4>, hidden: &mut dyn FnMut(Tensor<2>)) -> Tensor<2> {
        let mut maps = pictures;
        for Convolution { weight, bias } in &self.convolutions {
            maps = convolution::rectified(maps, weight.val(), bias.val());
            hidden(maps.clone().flatten(1, 3));
        }
        if !self.convolutions.is_empty() {
            maps = convolution::halved(maps);
        }
        let mut units: Tensor<2> = maps.flatten(1, 3);
        for (at, Dense { weight, bias }) in self.dense.iter().enumerate() {
            units = units.matmul(weight.val()) + bias.val().unsqueeze();
            if at + 1 < self.dense.len() {
                units = relu(units);
                hidden(units.clone());
            }
        }
        units
    }
}

/// What is done with the network after each epoch; true ends the training.
pub type Look<'a> = &'a dyn Fn(&Classifier, &Epoch) -> Result<bool>;

/// What is done with the network within passes over the pictures.
#[derive(Clone, Copy)]
pub struct Within<'a> {
    /// How often while the batches learned so far double: after every batch at first, ever more
    /// rarely later, for a network learns most from its first batches. 0: never.
    pub per_doubling: usize,
    /// What is done, told how many passes have gone by: a fraction, since after whole ones there is
    /// [`Classifying::look`].
    pub look: &'a dyn Fn(&Classifier, f64) -> Result<()>,
}

impl Within<'_> {
    /// Whether it is done after `batches` batches in all, 1 or more.
    fn after(&self, batches: usize) -> bool {
        let doublings =
            |batches: usize| (self.per_doubling as f64 * (batches as f64).log2()).floor();
        self.per_doubling > 0 && doublings(batches) > doublings(batches - 1)
    }
}

/// Learning to tell pictures apart, or to remember them.
pub struct Classifying<'a> {
    /// What is learned from.
    pub training: &'a Part,
    /// What is learned of each: the true classes, or others ([`crate::datasets::images::labels`]).
    pub labels: &'a [u8],
    /// What is held out, with its true classes.
    pub test: &'a Part,
    /// How the network is trained.
    pub settings: &'a training::Settings,
    /// The seed of the order.
    pub seed: u64,
    /// What is done with the network after each epoch.
    pub look: Look<'a>,
    /// What is done with it within epochs.
    pub within: Option<Within<'a>>,
}

impl Lesson for Classifying<'_> {
    type Network = Classifier;

    fn batches(&self) -> usize {
        self.training.len().div_ceil(self.settings.batch)
    }

    fn learn(&self, network: &Classifier, epoch: usize, batch: usize) -> Judged {
        let all: Vec<usize> = (0..self.training.len()).collect();
        let pictures = training::drawn(&all, self.settings.batch, self.seed, epoch, batch);
        judge(network, self.training, self.labels, &pictures)
    }

    fn validate(&self, network: &Classifier, observer: &dyn Observer) -> Option<Score> {
        let part = self.test;
        score(network, part, &part.labels, self.settings.batch, observer)
    }

    fn glance(&self, network: &Classifier, epoch: usize, batch: usize) -> Result<()> {
        let all = self.batches();
        match self.within.filter(|within| within.after(epoch * all + batch)) {
            Some(within) => {
                (within.look)(&network.valid(), epoch as f64 + batch as f64 / all as f64)
            }
            None => Ok(()),
        }
    }

    fn look(&self, network: &Classifier, epoch: &Epoch) -> Result<bool> {
        (self.look)(network, epoch)
    }
}

/// The loss of `network` over all of `part` against `labels`, in batches of `size`; `None` where
/// the user asked to stop meanwhile.
pub fn score(
    network: &Classifier,
    part: &Part,
    labels: &[u8],
    size: usize,
    observer: &dyn Observer,
) -> Option<Score> {
    let all: Vec<usize> = (0..part.len()).collect();
    training::score(&all, size, observer, |pictures| judge(network, part, labels, pictures))
}

/// The cross-entropy of the pictures of `part` at `indices` against `labels`.
fn judge(network: &Classifier, part: &Part, labels: &[u8], indices: &[usize]) -> Judged {
    let logits = network.logits(network.pictures(part, indices));
    let classes: Vec<usize> = indices.iter().map(|&index| usize::from(labels[index])).collect();
    Judged::of_classes(logits, &classes)
}

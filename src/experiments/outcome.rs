//! What an experiment found, as data: `summary.json` is this struct, the report is a rendering of
//! it.

use serde::{Deserialize, Serialize};

pub use super::contrasts::Contrast;
pub use super::control::{Control, LocalBeta, Spread};
pub use crate::models::training::Epoch;

/// Everything that one run found and was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The experiment's name: `one-over-f`.
    pub experiment: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// noisescope's version.
    pub version: String,
    /// The libraries that computed, with their versions.
    pub libraries: Vec<(String, String)>,
    /// The weights that were measured, where none were trained.
    pub weights: Option<String>,
    /// The device that trained and measured.
    pub device: Device,
    /// What it did not do as it should, and who measured instead; empty where all went well.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The reviews that were read.
    pub corpus: Corpus,
    /// Share of reviews classified rightly.
    pub accuracy: Accuracy,
    /// One entry per epoch.
    pub training: Vec<Epoch>,
    /// Which reviews were recorded.
    pub recording: Recording,
    /// One entry per quantity, condition and aggregation.
    pub exponents: Vec<ExponentSummary>,
    /// Spread of beta, for those groups that have any defined exponent.
    pub histograms: Vec<Histogram>,
    /// Mean fluctuation functions.
    pub fluctuations: Vec<Fluctuation>,
    /// How much the units move, per quantity and condition.
    pub utilisation: Vec<Utilisation>,
    /// Differences of means over reviews, with their intervals.
    #[serde(default)]
    pub contrasts: Vec<Contrast>,
    /// How much of "1/f" survives, per quantity and condition that was examined.
    #[serde(default)]
    pub controls: Vec<Control>,
    /// The conventions, in sentences fit for a methods section.
    pub methods: Vec<String>,
    /// The resolved settings, as TOML.
    pub settings: String,
    /// Wall time of each part, in seconds, in order.
    pub seconds: Vec<(String, f64)>,
}

/// A compute device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// As the driver or the operating system names it.
    pub name: String,
    /// `vulkan`, `metal`, `dx12` or `cpu`.
    pub backend: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `software adapter` or `cpu`.
    pub kind: String,
    /// The GPU's driver and its version; empty on the CPU.
    pub driver: String,
}

/// The corpus a network learned from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Corpus {
    /// The file or folder, or `built-in synthetic reviews`.
    pub source: String,
    /// True for the built-in synthetic reviews.
    pub synthetic: bool,
    /// Reviews read.
    pub reviews: usize,
    /// Reviews trained on.
    pub training_reviews: usize,
    /// Reviews validated on.
    pub validation_reviews: usize,
    /// Mean tokens per review, the start token counted; mean samples per series.
    pub mean_tokens: f64,
    /// What is known of a set of series beside that; none where reviews were read. Reviews above
    /// are series then, and those validated on are the test series.
    #[serde(default)]
    pub series: Option<Series>,
}

impl Corpus {
    /// What its examples are called.
    pub fn words(&self) -> Words {
        if self.series.is_some() { Words::SERIES } else { Words::REVIEWS }
    }
}

/// A set of labelled time series.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Series {
    /// The label of each class.
    pub labels: Vec<i64>,
    /// Series of the training file by which the best epoch was chosen, and which were not learned
    /// from.
    pub choosing: usize,
    /// Share of the test series in the class most frequent in training.
    pub majority: f64,
    /// Samples of the shortest and of the longest series.
    pub lengths: [usize; 2],
}

/// What the examples of a corpus are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// One of them.
    pub one: &'static str,
    /// Several.
    pub many: &'static str,
    /// What they consist of, several.
    pub steps: &'static str,
    /// Those that no training saw.
    pub held_out: &'static str,
    /// What the network reads of them.
    pub input: &'static str,
}

impl Words {
    /// Of reviews.
    pub const REVIEWS: Self = Self {
        one: "review",
        many: "reviews",
        steps: "tokens",
        held_out: "validation reviews",
        input: "embedding component",
    };
    /// Of time series.
    pub const SERIES: Self = Self {
        one: "series",
        many: "series",
        steps: "time steps",
        held_out: "test series",
        input: "the series itself",
    };
}

/// Shares of reviews classified rightly.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Accuracy {
    /// On the validation reviews, or the test series, at the best epoch.
    pub validation: f64,
}

/// Which reviews were recorded and measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// Validation reviews with at least `steps` real tokens.
    pub eligible: usize,
    /// Of those, how many were recorded.
    pub reviews: usize,
    /// Of the recorded ones, how many the trained network classifies rightly.
    #[serde(default)]
    pub right: usize,
    /// Samples per trace (tokens).
    pub steps: usize,
    /// Hidden units of the LSTM.
    pub units: usize,
    /// Components of the embedding.
    pub components: usize,
}

/// The exponents of one quantity under one condition, aggregated one way.
///
/// `alpha` is the slope of ln F(n) on ln n, `beta = 2 alpha - 1`; positive beta means S(f) ~
/// 1/f^beta.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExponentSummary {
    /// `input`, `f`, `i`, `o`, `candidate`, `cell` or `hidden`.
    pub quantity: String,
    /// `trained`, `untrained`, `epoch 3`; or what drove the trained network instead of the text:
    /// `padding`, `random`, `shuffled`.
    pub condition: String,
    /// `unit` (each trace), `pooled` (F squared averaged over units, per review), `population` (the
    /// mean over units as one trace per review) or `spectral` (one line per review through the sum
    /// of the units' power spectra; no alpha).
    pub aggregation: String,
    /// Mean of alpha over the traces with a defined exponent; `None` where there is none.
    pub alpha_mean: Option<f64>,
    /// Mean of beta.
    pub beta_mean: Option<f64>,
    /// Sample standard deviation of beta (n - 1).
    pub beta_sd: Option<f64>,
    /// Median of beta.
    pub beta_median: Option<f64>,
    /// Traces with a defined exponent.
    pub traces: usize,
    /// Traces without one: constant or not finite.
    pub undefined: usize,
}

/// Counts of beta in equal bins; what lies outside is counted in the first and last bin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Histogram {
    /// As in [`ExponentSummary`].
    pub quantity: String,
    /// As in [`ExponentSummary`].
    pub condition: String,
    /// As in [`ExponentSummary`].
    pub aggregation: String,
    /// Lower edge of the first bin.
    pub low: f64,
    /// Width of a bin.
    pub width: f64,
    /// Traces per bin.
    pub counts: Vec<u64>,
}

/// The geometric mean over traces of F(n), and the spread of ln F(n).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fluctuation {
    /// As in [`ExponentSummary`].
    pub quantity: String,
    /// As in [`ExponentSummary`].
    pub condition: String,
    /// As in [`ExponentSummary`].
    pub aggregation: String,
    /// Window sizes in samples.
    pub windows: Vec<usize>,
    /// exp of the mean of ln F(n), per window size, in the trace's unit.
    pub fluctuation: Vec<f64>,
    /// Standard deviation of ln F(n) over the traces, per window size.
    pub log_sd: Vec<f64>,
    /// Slope of the least-squares line through ln of `fluctuation` on ln of `windows`.
    pub alpha: f64,
    /// That line's value at n = 1, in ln F.
    pub intercept: f64,
}

/// How much the units of one quantity move within a review.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Utilisation {
    /// As in [`ExponentSummary`].
    pub quantity: String,
    /// As in [`ExponentSummary`].
    pub condition: String,
    /// Mean over traces of the standard deviation over tokens.
    pub sd_mean: f64,
    /// Share of traces with a standard deviation below 0.01.
    pub below_0_01: f64,
    /// Share of traces with a standard deviation below 0.05.
    pub below_0_05: f64,
    /// Mean of beta over the traces with a standard deviation of at least 0.01; `None` where there
    /// is none.
    pub beta_mean_used: Option<f64>,
}

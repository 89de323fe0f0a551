//! What a run of `spike-trains` found, as data: `summary.json` is [`Outcome`], the report is a
//! rendering of it.

use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::{Identity, Indicators, Order};
use crate::analysis::spikes::poisson::{PoissonSummary, Train, fit};
use crate::experiments::outcome::Device;

/// Everything that one run found and was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// `spike-trains`.
    pub experiment: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// noisescope's version.
    pub version: String,
    /// The libraries that computed, with their versions.
    pub libraries: Vec<(String, String)>,
    /// The device that trained and counted.
    pub device: Device,
    /// The pictures that were read.
    pub images: Pictures,
    /// `mlp` or `cnn`.
    pub architecture: String,
    /// Name and units of every hidden layer.
    pub layers: Vec<(String, usize)>,
    /// One entry per network.
    pub networks: Vec<Network>,
    /// The training accuracy at which networks stop.
    #[serde(default)]
    pub until: f64,
    /// Memorising against generalising networks.
    pub comparisons: Vec<Comparison>,
    /// The conventions, in sentences fit for a methods section.
    pub methods: Vec<String>,
    /// The resolved settings, as TOML.
    pub settings: String,
    /// Wall time of each part, in seconds, in order.
    pub seconds: Vec<(String, f64)>,
}

/// The pictures that were read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pictures {
    /// The file or folder, or `built-in synthetic shapes`.
    pub source: String,
    /// True for the built-in shapes.
    pub synthetic: bool,
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// Pictures learned from.
    pub training: usize,
    /// Pictures held out.
    pub test: usize,
}

/// One network and its course.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Network {
    /// Its seed.
    pub seed: u64,
    /// Share of the labels that were replaced by chance.
    pub label_noise: f64,
    /// Before training (0 passes) and on its way.
    pub course: Vec<Look>,
    /// The network at the end of its training in every order, on training and test pictures.
    pub end: Vec<View>,
    /// The same before training.
    pub untrained: Vec<View>,
}

impl Network {
    /// Every presentation of the network: on its way, untrained and at the end.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        let looks = self.course.iter().flat_map(|look| &look.views);
        looks.chain(&self.untrained).chain(&self.end)
    }

    /// The first look at which the training accuracy was reached.
    pub fn first_at(&self, accuracy: f64) -> Option<&Look> {
        self.course.iter().find(|look| look.training_accuracy >= accuracy)
    }
}

/// A network on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Look {
    /// Passes over the training pictures so far; 0 before training, fractions within a pass.
    #[serde(alias = "epoch")]
    pub passes: f64,
    /// Share of the training pictures classified as their labels, replaced or not, say.
    pub training_accuracy: f64,
    /// Share of the test pictures classified as their true labels say.
    pub test_accuracy: f64,
    /// What the training pictures gave, by order.
    pub views: Vec<View>,
}

/// What one presentation gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    /// `training` or `test`: which pictures.
    pub pictures: String,
    /// In which order.
    pub order: Order,
    /// All hidden units.
    pub whole: Indicators,
    /// Each layer's, in order.
    pub layers: Vec<Indicators>,
    /// What the Poisson model says of each layer; empty on the way, where no spikes are kept.
    pub poisson: Vec<PoissonSummary>,
    /// Some units of each layer step by step, `None` of a layer of which none spikes; empty on the
    /// way.
    #[serde(default)]
    pub examples: Vec<Option<Example>>,
    /// How far the Fano factors are from 1 - rate.
    pub identity: Option<Identity>,
    /// Of each layer, its units by rate in 20 bins of 0.05 from 0 to 1; empty on the way.
    pub rates: Vec<Vec<u64>>,
    /// Of each layer, its units that spike by Fano factor in 40 bins of [`View::fano_width`] from 0,
    /// larger ones in the last; empty on the way.
    pub fanos: Vec<Vec<u64>>,
    /// What took how long.
    pub seconds: Seconds,
}

/// Wall time of one presentation, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// Pictures: put in order, given their noise, uploaded.
    pub pictures: f64,
    /// The passes forward that make the activations.
    pub forward: f64,
    /// The statistics of every unit.
    pub statistics: f64,
    /// What the Poisson model says of them.
    pub model: f64,
}

impl View {
    /// The width of the bins of Fano factors: in the shuffled order they stay below 2.
    pub fn fano_width(order: Order) -> f64 {
        if order == Order::Shuffled { 0.05 } else { 1.0 }
    }
}

/// Some units of a layer, to be looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Example {
    /// Steps at which each unit spikes, of the first [`Example::STEPS`].
    pub raster: Vec<Vec<usize>>,
    /// Counts per window of the unit whose rate is the median of those that spike: how many windows
    /// have 0, 1, 2, … spikes; up to the window's steps.
    pub counts: Vec<u64>,
    /// The windows that Poisson of the same mean expects, likewise.
    pub poisson: Vec<f64>,
    /// The windows that a coin of the same rate expects, likewise.
    pub binomial: Vec<f64>,
    /// That unit's rate, spikes per step of the whole windows.
    pub rate: f64,
}

impl Example {
    /// Steps of the raster.
    pub const STEPS: usize = 200;
    /// Units of the raster at most.
    pub const UNITS: usize = 40;

    /// Of kept units and windows of `window` steps; `None` where none spikes.
    pub fn of(kept: &[Train], window: usize) -> Option<Self> {
        let first = |train: &Train| train.spikes().take_while(|&step| step < Self::STEPS).collect();
        let mut spiking: Vec<(usize, &Train)> =
            kept.iter().map(|train| (train.spikes().count(), train)).collect();
        spiking.retain(|(spikes, _)| *spikes > 0);
        spiking.sort_by_key(|(spikes, _)| *spikes);
        let (_, train) = spiking.get(spiking.len() / 2)?;
        let mut counts = vec![0; window + 1];
        train.counts(window).into_iter().for_each(|count| counts[count] += 1);
        let windows: u64 = counts.iter().sum();
        let spikes: u64 = counts.iter().enumerate().map(|(count, n)| count as u64 * n).sum();
        let rate = spikes as f64 / (windows * window as u64) as f64;
        let expected = |chance: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..=window).map(|count| windows as f64 * chance(count)).collect()
        };
        (rate > 0.0).then(|| Self {
            raster: kept.iter().take(Self::UNITS).map(first).collect(),
            poisson: expected(&fit::poisson(window as f64 * rate)),
            binomial: expected(&fit::binomial(window, rate)),
            counts,
            rate,
        })
    }
}

/// Memorising against generalising networks in one indicator of one presentation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// `end`, or the training accuracy at which the networks are matched.
    pub at: String,
    /// Which pictures.
    pub pictures: String,
    /// In which order.
    pub order: Order,
    /// `all`, or a layer's name.
    pub layer: String,
    /// `MFR`, `MFF`, `Var(rate)` or `Var(Fano)`.
    pub indicator: String,
    /// Mean training accuracy of the memorising and of the generalising networks at the looks that
    /// are compared; at the end, at their last ones.
    #[serde(default)]
    pub accuracies: Option<(f64, f64)>,
    /// Memorising minus generalising.
    pub difference: Difference,
}

impl Comparison {
    /// Mean training accuracies that differ by no more count as equal.
    pub const NEAR: f64 = 0.05;

    /// Whether both kinds fit what they learn about equally well: at the end, where each has
    /// stopped by itself, and where their mean accuracies are near.
    pub fn matched(&self) -> bool {
        let near = |(one, other): (f64, f64)| (one - other).abs() <= Self::NEAR;
        self.at == "end" || self.accuracies.is_some_and(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_that_reaches_an_accuracy_is_found() {
        let look = |passes: f64, training_accuracy: f64| Look {
            passes,
            training_accuracy,
            test_accuracy: 0.0,
            views: Vec::new(),
        };
        let course = vec![look(0.0, 0.1), look(0.5, 0.6), look(1.0, 0.4), look(2.0, 0.9)];
        let network =
            Network { seed: 1, label_noise: 0.0, course, end: Vec::new(), untrained: Vec::new() };
        let passes = |accuracy| network.first_at(accuracy).map(|look| look.passes);
        assert_eq!((passes(0.05), passes(0.4), passes(0.6)), (Some(0.0), Some(0.5), Some(0.5)));
        assert_eq!((passes(0.61), passes(0.9), passes(0.91)), (Some(2.0), Some(2.0), None));
    }

    #[test]
    fn looks_of_older_runs_are_read() {
        let text = r#"{"epoch":3,"training_accuracy":0.5,"test_accuracy":0.5,"views":[]}"#;
        assert_eq!(serde_json::from_str::<Look>(text).expect("a look").passes, 3.0);
    }

    #[test]
    fn examples_worked_out_by_hand() {
        let train = |steps: [u8; 9]| steps.iter().map(|&step| step > 0).collect::<Train>();
        let kept = [
            train([1, 1, 1, 1, 1, 1, 1, 1, 1]),
            train([0, 0, 0, 0, 0, 0, 0, 0, 0]),
            // Windows of 4: 1 and 3 spikes, and one step that is left out.
            train([0, 1, 0, 0, 1, 0, 1, 1, 1]),
            train([0, 0, 0, 1, 0, 0, 0, 0, 0]),
        ];
        let found = Example::of(&kept, 4).expect("units that spike");
        let spikes = [&[0, 1, 2, 3, 4, 5, 6, 7, 8][..], &[], &[1, 4, 6, 7, 8], &[3]];
        assert_eq!(found.raster, spikes);
        // Of three that spike the third unit's rate is the median.
        assert_eq!((found.counts, found.rate), (vec![0, 1, 0, 1, 0], 0.5));
        let near = |found: &[f64], expected: [f64; 5]| {
            assert_eq!(found.len(), 5);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        };
        near(&found.binomial, [1.0, 4.0, 6.0, 4.0, 1.0].map(|ways| 2.0 * ways / 16.0));
        let poisson = [1.0, 2.0, 2.0, 4.0 / 3.0, 2.0 / 3.0];
        near(&found.poisson, poisson.map(|terms| 2.0 * (-2.0f64).exp() * terms));
        assert!(Example::of(&kept[1..2], 4).is_none(), "none spikes");
        let many = vec![kept[0].clone(); 50];
        assert_eq!(Example::of(&many, 4).expect("they spike").raster.len(), Example::UNITS);
        let long: Train = std::iter::repeat_n(true, 300).collect();
        let raster = Example::of(&[long], 4).expect("it spikes").raster;
        assert_eq!(raster[0], (0..Example::STEPS).collect::<Vec<_>>());
    }
}

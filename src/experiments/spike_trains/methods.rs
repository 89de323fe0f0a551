//! The conventions of a run of `spike-trains`, in sentences fit for a methods section.
//!
//! Place in the flow: settings in, sentences into the outcome; the report prints them.

use super::settings::Settings;
use crate::datasets::images::Images;
use crate::models::images::Architecture;

/// One paragraph each for pictures, networks, spikes, orders, comparison.
pub(super) fn sentences(settings: &Settings, images: &Images) -> Vec<String> {
    let (comparison, spikes) = (&settings.comparison, &settings.spikes);
    let [channels, height, width] = images.training.shape;
    let network = match settings.model.architecture {
        Architecture::Mlp => "two dense layers of 512 units",
        Architecture::Cnn => {
            "two 3 x 3 convolutions of 32 and 64 channels that keep the size, the maximum of each \
             2 x 2, and a dense layer of 128 units"
        }
    };
    vec![
        format!(
            "Pictures: {}; {} to learn from and {} held out, {channels} x {height} x {width}, \
             brightness 0 to 1.",
            images.source,
            images.training.len(),
            images.test.len()
        ),
        format!(
            "Networks: {network}, ReLU after each, and a softmax over the classes; He's uniform \
             initial weights, biases 0; Adam (rate {}, beta 0.9 and 0.999, epsilon 1e-7), batches of \
             {}, no dropout, weight decay or augmentation. A network generalises where it learns the \
             true labels and memorises where every label was replaced, once and for all, by a \
             uniformly random class (Zhang et al. 2017); shares of replaced labels here: {:?}. Each \
             was trained until it gave {} % of the training pictures their labels, for {} epochs at \
             most; {} networks of each kind.",
            settings.training.rate,
            settings.training.batch,
            comparison.label_noise,
            100.0 * comparison.until,
            settings.training.epochs,
            comparison.networks
        ),
        format!(
            "Spikes: a hidden unit (of a convolution each channel at each position) spikes at a step \
             where its activation after the ReLU is above {}; a step is one picture. Counts are of \
             windows of {} steps that do not overlap; rate is spikes per step, the Fano factor the \
             variance (n - 1) of the counts over their mean. MFR and MFF are means over units, MFF \
             over those that spike at all; Var is the variance (n - 1) over the same units.",
            spikes.threshold, spikes.window
        ),
        format!(
            "Orders: shuffled, every picture once at random; blocked, class after class; repeated, \
             one picture in {} shown {} times in a row, each time with fresh Gaussian noise of \
             standard deviation {} on every pixel.",
            spikes.repeats, spikes.repeats, spikes.noise
        ),
        "Comparison: the networks with the most random labels against those with the fewest, at the \
         first epoch at which each reached a training accuracy, and at the end. Intervals are 95 % \
         percentile intervals of a bootstrap over networks (2,000 draws); the area under the ROC \
         curve is the share of pairs of networks in which the memorising one has the larger number, \
         ties counted half."
            .to_owned(),
    ]
}

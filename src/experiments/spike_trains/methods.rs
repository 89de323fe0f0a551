//! The conventions of a run of `spike-trains`, in sentences fit for a methods section.
//!
//! Place in the flow: settings in, sentences into the outcome; the report prints them.

use super::found;
use super::settings::{Comparison, Settings};
use crate::analysis::bootstrap::RESAMPLES;
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
             was trained until after a pass over the pictures it gave {} % of them their labels, for \
             {} passes at most; {} networks of each kind.",
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
             over those that spike at all; Var is the variance (n - 1) over the same units. The \
             coefficient of variation of the intervals between spikes is a mean over the units that \
             have two or more, beside the mean of sqrt(1 - p), what coins of their rates p have.",
            spikes.threshold, spikes.window
        ),
        format!(
            "Orders: shuffled, every picture once at random; blocked, class after class; repeated, \
             one picture in {} shown {} times in a row, each time with fresh Gaussian noise of \
             standard deviation {} on every pixel. In the shuffled order the largest deviation of a \
             Fano factor from 1 - p stands beside that of as many independent coins of the same \
             rates in as many windows, simulated once.",
            spikes.repeats, spikes.repeats, spikes.noise
        ),
        compared(comparison),
    ]
}

/// How memorising and generalising networks are compared.
fn compared(comparison: &Comparison) -> String {
    let within = match comparison.per_doubling {
        0 => String::new(),
        times => format!(
            " Networks are looked at before training and after every pass over the training \
             pictures; within a pass the accuracy on all of them is taken {times} times while the \
             batches learned so far double (at most once a batch), and the network is looked at \
             where it reaches one of these accuracies."
        ),
    };
    format!(
        "Comparison: the networks with the most random labels against those with the fewest, in \
         pairs of one seed, which have initial weights and the order of pictures in common; where \
         each first reached a training accuracy of {:?}, and at the end.{within} Accuracies count as \
         matched where the means of the two kinds differ by {} at most. Intervals are 95 % \
         percentile intervals of a bootstrap over pairs ({RESAMPLES} draws), widened about the mean \
         by sqrt(n / (n - 1)) t / 1.96 with Student's t of n - 1 degrees of freedom, because n, the \
         pairs, are few: of three pairs of normal numbers 95 % of such intervals hold the true \
         difference, 75 % of plain ones. The area under the ROC curve is the share of pairs of \
         networks, of whatever seeds, in which the memorising one has the larger number, ties \
         counted half.",
        comparison.matched,
        found::Comparison::NEAR
    )
}

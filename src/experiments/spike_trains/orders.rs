//! In which order pictures are shown: what makes a unit's spikes a train.
//!
//! Place in the flow: floor 4; a step of time is one picture shown.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::datasets::images::Part;
use crate::signal::random;

/// An order of presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Every picture once, at random. Each unit is then a coin per step, whatever the network, and
    /// its Fano factor 1 - p: it says no more than the rate.
    Shuffled,
    /// Every picture once, class after class, at random within a class.
    Blocked,
    /// Some of the pictures, each several times in a row with fresh noise on every pixel.
    Repeated,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shuffled, Self::Blocked, Self::Repeated];
}

/// What is shown at each step.
#[derive(Clone, Debug, PartialEq)]
pub struct Presentation {
    /// The picture of each step.
    pub pictures: Vec<usize>,
    /// Standard deviation of the noise on a pixel, whose brightness is 0 to 1.
    noise: f32,
    seed: u64,
}

impl Presentation {
    /// The pictures of true classes `labels` in `order`, from the stream `order/pictures` of
    /// `seed`; the shuffle is the same in every order.
    pub fn new(order: Order, labels: &[u8], settings: &Settings, seed: u64) -> Self {
        let mut pictures: Vec<usize> = (0..labels.len()).collect();
        pictures.shuffle(&mut random::stream(seed, "order/pictures", 0));
        let mut noise = 0.0;
        match order {
            Order::Shuffled => {}
            Order::Blocked => pictures.sort_by_key(|&picture| labels[picture]),
            Order::Repeated => {
                let again = |&picture: &usize| std::iter::repeat_n(picture, settings.repeats);
                pictures.truncate(labels.len().div_ceil(settings.repeats));
                pictures = pictures.iter().flat_map(again).take(labels.len()).collect();
                noise = settings.noise;
            }
        }
        Self { pictures, noise, seed }
    }

    /// Steps.
    pub fn steps(&self) -> usize {
        self.pictures.len()
    }

    /// What is shown of `part` at `steps`, `steps × channels × height × width`. The noise of a step
    /// is its own, from the stream `order/noise`, however the steps are cut.
    pub fn shown(&self, part: &Part, steps: Range<usize>) -> Vec<f32> {
        let mut values = part.batch(&self.pictures[steps.clone()]);
        if self.noise > 0.0 {
            for (step, picture) in steps.zip(values.chunks_exact_mut(part.size())) {
                let chance = random::stream(self.seed, "order/noise", step as u64);
                let noise = StandardNormal.sample_iter(chance);
                picture.iter_mut().zip(noise).for_each(|(pixel, draw): (_, f32)| {
                    *pixel += self.noise * draw;
                });
            }
        }
        values
    }
}

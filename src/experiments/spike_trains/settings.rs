//! The settings of `spike-trains`: what `settings.toml` holds.
//!
//! Place in the flow: `cli` makes them of file and flags; the study reads them.

use serde::{Deserialize, Serialize};

use super::{Order, Settings as Spikes};
use crate::datasets::images;
use crate::error::{Error, Result};
use crate::gpu::device::Choice;
use crate::models::images::{Architecture, training_settings};
use crate::models::training;

/// The network, as a settings file holds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// `mlp` or `cnn`.
    pub architecture: Architecture,
}

/// Which networks are compared, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Comparison {
    /// Networks of each kind: seeds from `seed` on.
    pub networks: usize,
    /// Shares of labels replaced by chance, a kind of network each: 0 generalises, 1 memorises.
    pub label_noise: Vec<f64>,
    /// Share of the training pictures classified rightly at which a training ends.
    pub until: f64,
    /// Training accuracies, ascending, at which the kinds are compared on their way.
    pub matched: Vec<f64>,
    /// How often a network is asked for its training accuracy while the batches that it has learned
    /// double: where it reaches one of `matched` within a pass, it is looked at there. 0: after
    /// whole passes only.
    pub per_doubling: usize,
    /// Orders in which the training pictures are shown on the way; at the end all are.
    pub orders: Vec<Order>,
}

impl Default for Comparison {
    fn default() -> Self {
        Self {
            networks: 3,
            label_noise: vec![0.0, 1.0],
            until: 0.99,
            matched: vec![0.3, 0.5, 0.7, 0.9, 0.99],
            per_doubling: 8,
            orders: vec![Order::Shuffled, Order::Blocked],
        }
    }
}

/// All settings of a run, as `settings.toml` holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The seed of every random stream; of the networks the first one's.
    pub seed: u64,
    /// `auto`, `gpu` or `cpu`.
    pub device: Choice,
    /// The pictures.
    pub images: images::Settings,
    /// The network.
    pub model: Model,
    /// How it is trained.
    pub training: training::Settings,
    /// Which networks are compared.
    pub comparison: Comparison,
    /// How activations become spikes, and spikes numbers.
    pub spikes: Spikes,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            device: Choice::default(),
            images: images::Settings::default(),
            model: Model::default(),
            training: training::Settings { epochs: 200, keep: Vec::new(), ..training_settings() },
            comparison: Comparison::default(),
            spikes: Spikes::default(),
        }
    }
}

impl Settings {
    /// Checks all that can be checked before any file is read.
    ///
    /// # Errors
    /// A setting is out of range; the error names it.
    pub fn check(&self) -> Result<()> {
        self.training.check()?;
        let refuse = |name: &str, expected: &str, found: String, example: &str| {
            Err(Error::new(format!("expected {expected}, found {found}"))
                .at(format!("comparison.{name}"))
                .remedy(format!("set comparison.{name}={example}")))
        };
        let Comparison { networks, label_noise, until, matched, orders, .. } = &self.comparison;
        let share = |value: &f64| (0.0..=1.0).contains(value);
        let ascending = |list: &[f64]| list.windows(2).all(|pair| pair[0] < pair[1]);
        if *networks == 0 {
            return refuse("networks", "at least 1", "0".into(), "3");
        }
        if self.seed.checked_add(*networks as u64).is_none() {
            let most = u64::MAX - *networks as u64;
            return Err(Error::new(format!(
                "expected a seed from which {networks} can be counted, of {most} at most, found {}",
                self.seed
            ))
            .at("seed")
            .remedy("set seed=1"));
        }
        if label_noise.is_empty() || !label_noise.iter().all(share) || !ascending(label_noise) {
            let expected = "shares from 0 to 1 in ascending order";
            return refuse("label_noise", expected, format!("{label_noise:?}"), "[0,1]");
        }
        if !(*until > 0.0 && *until <= 1.0) {
            let expected = "a share above 0, of 1 at most";
            return refuse("until", expected, until.to_string(), "0.99");
        }
        if !matched.iter().all(share) || !ascending(matched) {
            let expected = "shares from 0 to 1 in ascending order";
            return refuse("matched", expected, format!("{matched:?}"), "[0.3,0.5,0.7,0.9]");
        }
        if let Some(beyond) = matched.iter().find(|accuracy| *accuracy > until) {
            let expected =
                format!("accuracies up to comparison.until, {until}, where networks stop");
            let reached: Vec<&f64> = matched.iter().filter(|accuracy| *accuracy <= until).collect();
            let example = format!("{reached:?}").replace(' ', "");
            return refuse("matched", &expected, beyond.to_string(), &example);
        }
        let twice = (1..orders.len()).find(|&at| orders[..at].contains(&orders[at]));
        if orders.is_empty() || twice.is_some() {
            let expected = "at least one of shuffled, blocked, repeated, each once";
            let found = format!("{orders:?}").to_lowercase();
            return refuse("orders", expected, found, "[\"shuffled\",\"blocked\"]");
        }
        Ok(())
    }
}

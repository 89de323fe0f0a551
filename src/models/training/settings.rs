//! How a network is trained, as a settings file holds it, and which of it cannot be.
//!
//! Place in the flow: settings files and flags in, checked numbers for the training loop out.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a network is trained, as a settings file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Epochs at most.
    pub epochs: usize,
    /// Reviews per batch.
    pub batch: usize,
    /// Tokens per review: longer ones are cut, shorter ones padded with zeros at the end.
    pub steps: usize,
    /// Adam's learning rate.
    pub rate: f64,
    /// What the norm of all gradients together is held to; 0 for no limit.
    pub clip: f64,
    /// Input dropout.
    pub dropout: f64,
    /// Epochs without a better validation accuracy after which training stops; 0 for never.
    pub patience: usize,
    /// Epochs (from 1) whose weights are kept beside the best one's; where there are any, the last
    /// epoch's too.
    pub keep: Vec<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 8,
            batch: 64,
            steps: 500,
            rate: 5e-3,
            clip: 0.0,
            dropout: 0.1,
            patience: 0,
            keep: vec![1, 2, 3, 5, 10, 15, 20, 30, 50, 100],
        }
    }
}

impl Settings {
    /// # Errors
    /// A number is out of range; the error names it.
    pub fn check(&self) -> Result<()> {
        let refuse = |name: &str, expected: &str, found: String| {
            Err(Error::new(format!("expected {expected}, found {found}"))
                .at(format!("training.{name}"))
                .remedy(format!("set training.{name}")))
        };
        if self.epochs == 0 {
            return refuse("epochs", "at least 1", "0".into());
        }
        if self.steps < 2 {
            return refuse("steps", "at least 2", self.steps.to_string());
        }
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return refuse("rate", "a positive number", self.rate.to_string());
        }
        if !(self.clip >= 0.0 && self.clip.is_finite()) {
            return refuse("clip", "a number of 0 or more", self.clip.to_string());
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", "a number from 0 to below 1", self.dropout.to_string());
        }
        if self.batch == 0 || self.batch >= 1 << 16 {
            return refuse("batch", "a number from 1 to 65535", self.batch.to_string());
        }
        Ok(())
    }

    /// # Errors
    /// There are fewer training examples than one batch takes.
    pub fn check_examples(&self, found: usize) -> Result<()> {
        if found >= self.batch {
            return Ok(());
        }
        let what =
            format!("expected at least a batch of {} training examples, found {found}", self.batch);
        let remedy = "give more of them, or a smaller training.batch (--batch)";
        Err(Error::new(what).at("training.batch").remedy(remedy))
    }
}

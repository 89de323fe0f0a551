//! What a network learns and is recorded on.
//!
//! Place in the flow: the [`study`](super::study) asks a task for its network, its lesson and its
//! states, and knows nothing else of it.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::settings::{Drive, Settings};
use crate::error::Result;
use crate::experiments::machine::Machine;
use crate::experiments::outcome::{self, Words};
use crate::models::lstm::States;
use crate::models::training::Lesson;
use crate::progress::Observer;

/// Examples to learn from and to record, and the network that does it. Examples are named by their
/// index.
pub(super) trait Task {
    /// The network.
    type Network: Module + Clone;
    /// What it learns.
    type Lesson<'a>: Lesson<Network = Self::Network>
    where
        Self: 'a;

    /// What its examples are called.
    const WORDS: Words;

    /// # Errors
    /// The machine cannot hold the network.
    fn check(&self, settings: &Settings, machine: &Machine) -> Result<()>;

    /// The network before training.
    fn fresh(&self, settings: &Settings, device: &Device) -> Self::Network;

    /// What it learns, cut into calls that `machine` can take.
    fn lesson<'a>(&'a self, settings: &'a Settings, machine: &Machine) -> Self::Lesson<'a>;

    /// The share of the [`validation`](Self::validation) examples that the trained `network`
    /// classifies rightly, where the best epoch was chosen by a share `chosen_by`; `None` where the
    /// user asked to stop meanwhile.
    fn accuracy(
        &self,
        _lesson: &Self::Lesson<'_>,
        _network: &Self::Network,
        chosen_by: f64,
        _observer: &dyn Observer,
    ) -> Option<f64> {
        Some(chosen_by)
    }

    /// Components of the network's input.
    fn components(&self, settings: &Settings) -> usize;

    /// Examples held out of all training, of which those that are long enough are recorded.
    fn validation(&self) -> &[usize];

    /// Real time steps of an example.
    fn length(&self, example: usize) -> usize;

    /// The example's place in the source, as tables name it.
    fn place(&self, example: usize) -> usize;

    /// The example's label, as tables name it.
    fn label(&self, example: usize) -> i64;

    /// What drives can stand in for the examples.
    fn drives(&self) -> &'static [Drive];

    /// The input `[B, T, E]` and the states of the first `steps` steps of `examples`, or of what
    /// `drive` makes of them.
    fn record(
        &self,
        network: &Self::Network,
        examples: &[usize],
        drive: Option<Drive>,
        steps: usize,
    ) -> (Tensor<3>, States);

    /// Which of `examples` the network classifies rightly, as in validation.
    fn right(&self, network: &Self::Network, examples: &[usize], settings: &Settings) -> Vec<bool>;

    /// What two sources share only if they hold the same examples in the same parts.
    fn fingerprint(&self) -> String;

    /// The source, for the reader of a report.
    fn corpus(&self) -> outcome::Corpus;
}

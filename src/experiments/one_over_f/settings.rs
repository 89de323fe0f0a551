//! The settings of `one-over-f`: what `settings.toml` holds, and the presets.
//!
//! Place in the flow: `cli` makes them of preset, file and flags; the study reads them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml::Table;

use crate::analysis::dfa::{self, DfaPlan};
use crate::datasets::{self, series::Set};
use crate::error::{Error, Result};
use crate::experiments::table;
use crate::gpu::device::Choice;
use crate::models::sentiment::{self, Readout};
use crate::models::training;

/// What is recorded of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// Each component of the embedded token.
    Input,
    /// The forget gate.
    F,
    /// The input gate.
    I,
    /// The output gate.
    O,
    /// The candidate, tanh(·).
    Candidate,
    /// tanh(C), the cell's output before the gate.
    Cell,
    /// h = o · tanh(C), what the next layer sees.
    Hidden,
}

impl Quantity {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 7] =
        [Self::Input, Self::F, Self::I, Self::O, Self::Candidate, Self::Cell, Self::Hidden];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::F => "f",
            Self::I => "i",
            Self::O => "o",
            Self::Candidate => "candidate",
            Self::Cell => "cell",
            Self::Hidden => "hidden",
        }
    }
}

/// What the trained network is driven by instead of the text ("rest").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drive {
    /// Padding alone. One trace per unit, for all reviews would be the same: the state relaxes
    /// towards a fixed point, a transient and no noise.
    Padding,
    /// Words drawn uniformly from the vocabulary after the start token.
    Random,
    /// The review's own words in a random order after the start token.
    Shuffled,
}

impl Drive {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 3] = [Self::Padding, Self::Random, Self::Shuffled];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Padding => "padding",
            Self::Random => "random",
            Self::Shuffled => "shuffled",
        }
    }
}

/// What is recorded, as a settings file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recording {
    /// Tokens per trace; only reviews with at least as many real tokens are recorded.
    pub steps: usize,
    /// Validation reviews to record at most; 0 for all that are long enough.
    pub reviews: usize,
    /// Which quantities.
    pub quantities: Vec<Quantity>,
    /// What else than the text drives the trained network.
    pub drives: Vec<Drive>,
    /// Reviews whose unit traces are held against controls at most; 0 for none.
    pub controls: usize,
    /// Whether the traces are written to `traces/*.npy`.
    pub save_traces: bool,
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            steps: 500,
            reviews: 100,
            quantities: Quantity::ALL.to_vec(),
            controls: 100,
            drives: Drive::ALL.to_vec(),
            save_traces: false,
        }
    }
}

/// All settings of a run, as `settings.toml` holds them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The seed of every random stream.
    pub seed: u64,
    /// `auto`, `gpu` or `cpu`.
    pub device: Choice,
    /// Weights to measure, instead of training a network; as `best.safetensors` of a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// The reviews.
    pub corpus: datasets::Settings,
    /// The network.
    pub model: sentiment::Settings,
    /// How it is trained.
    pub training: training::Settings,
    /// What is recorded.
    pub recording: Recording,
    /// How it is measured.
    pub dfa: dfa::Settings,
}

impl Settings {
    /// Reads settings in TOML; what is not named has its default.
    ///
    /// # Errors
    /// As [`table::of_text`].
    pub fn of_text(text: &str) -> Result<Self> {
        table::of_text(text)
    }

    /// [`Settings::of_text`] of a table.
    ///
    /// # Errors
    /// As there.
    pub fn of_table(table: &Table) -> Result<Self> {
        Self::of_text(&toml::to_string(table).expect("a table is TOML"))
    }

    /// The settings as a table, by the names of `settings.toml`.
    pub fn table(&self) -> Table {
        Table::try_from(self).expect("settings are a table")
    }

    /// The same with absolute paths, so that a run can be resumed and repeated from any folder.
    ///
    /// # Errors
    /// The folder of the program is not known.
    pub fn with_absolute_paths(mut self) -> Result<Self> {
        for path in [&mut self.corpus.data, &mut self.weights].into_iter().flatten() {
            *path = std::path::absolute(&path)
                .map_err(|cause| Error::file("find the path", path, cause))?;
        }
        Ok(self)
    }

    /// The same for a set of series: whole series, smaller batches, more epochs, no dropout, traces
    /// as long as the shortest test series, and windows for such traces.
    pub fn for_series(mut self, set: &Set) -> Self {
        let [_, longest] = set.lengths(0..set.training);
        let [shortest, _] = set.lengths(set.test());
        let training = &mut self.training;
        training.steps = longest;
        training.batch = 32.min((set.training / 2).max(1));
        training.epochs = 100;
        training.dropout = 0.0;
        self.recording.reviews = 500;
        self.with_traces_of(shortest)
    }

    /// The same with traces of `steps` steps and windows for them.
    pub fn with_traces_of(mut self, steps: usize) -> Self {
        self.recording.steps = steps;
        self.dfa.windows = dfa::Settings::windows_for(steps);
        self
    }

    /// Checks all that can be checked before any file is read.
    ///
    /// # Errors
    /// A setting is out of range; the error names it.
    pub fn check(&self) -> Result<DfaPlan> {
        self.corpus.check()?;
        self.model.check()?;
        self.training.check()?;
        if self.recording.quantities.is_empty() {
            return Err(Error::new("expected at least one quantity to record, found none")
                .at("recording.quantities")
                .remedy("name some of input, f, i, o, candidate, cell, hidden"));
        }
        if repeats(&self.recording.quantities) {
            return Err(Error::new("expected each quantity once, found one twice")
                .at("recording.quantities")
                .remedy("name each of input, f, i, o, candidate, cell, hidden at most once"));
        }
        if repeats(&self.recording.drives) {
            return Err(Error::new("expected each drive once, found one twice")
                .at("recording.drives")
                .remedy("name each of padding, random, shuffled at most once"));
        }
        if let Some(path) = self.weights.as_ref().filter(|path| !path.is_file()) {
            return Err(Error::new("expected a file of weights, found none")
                .at(path.display())
                .remedy("give the best.safetensors of a run folder"));
        }
        DfaPlan::new(self.recording.steps, &self.dfa)
    }
}

fn repeats<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(at, one)| list[..at].contains(one))
}

/// Named starting points for the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// A few minutes on two cores: 4,000 reviews, read out at the last token.
    #[default]
    Quick,
    /// The published network and training: 30 epochs of batches of 128, read out after the padding.
    Paper,
}

impl Preset {
    /// The preset's settings.
    pub fn settings(self) -> Settings {
        let quick = Settings { seed: 1, ..Settings::default() };
        match self {
            Self::Quick => quick,
            Self::Paper => Settings {
                model: sentiment::Settings { readout: Readout::AfterPadding, ..quick.model },
                training: training::Settings { epochs: 30, batch: 128, ..quick.training },
                recording: Recording { reviews: 200, ..quick.recording },
                ..quick
            },
        }
    }
}

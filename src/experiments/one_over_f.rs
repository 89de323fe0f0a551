//! 1/f noise in an LSTM: reviews → network → traces → DFA → exponents.
//!
//! After Chong & Feng, arXiv 2301.08530 and Chaos 34(8) 081101 (2024): an LSTM learns the sentiment
//! of IMDb reviews; every unit's activation over the tokens of a review is a trace; DFA gives its
//! exponent. The same network before training is measured beside it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::exponents::{Found, Gatherer, Subject};
use super::machine::Machine;
use super::methods;
use super::outcome::{self, Outcome};
use super::run_folder::RunFolder;
use crate::analysis::dfa::{self, DfaPlan};
use crate::datasets::{self, Corpus};
use crate::error::{Error, Result};
use crate::gpu::device::Choice;
use crate::models::sentiment::{self, Readout, Reviewing, Sentiment};
use crate::models::training::Lesson;
use crate::models::{checkpoint, lstm, training};
use crate::progress::Observer;
use crate::recording;
use crate::recording::store::TraceFile;
use crate::signal::Traces;

/// The experiment's name.
pub const NAME: &str = "one-over-f";

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
    /// Whether the traces are written to `traces/*.npy`.
    pub save_traces: bool,
}

impl Default for Recording {
    fn default() -> Self {
        Self { steps: 500, reviews: 100, quantities: Quantity::ALL.to_vec(), save_traces: false }
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
        if let Some(path) = self.weights.as_ref().filter(|path| !path.is_file()) {
            return Err(Error::new("expected a file of weights, found none")
                .at(path.display())
                .remedy("give the best.safetensors of a run folder"));
        }
        DfaPlan::new(self.recording.steps, &self.dfa)
    }
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

/// Runs the experiment in `folder`; `resume` goes on from the folder's checkpoint.
///
/// # Errors
/// A setting is out of range, the reviews cannot be read or do not suffice, a file cannot be
/// written, the device failed, or the user stopped it.
pub fn run(
    settings: &Settings,
    machine: &Machine,
    folder: &RunFolder,
    resume: bool,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let mut clock = Clock::default();
    let plan = settings.check()?;
    observer.begin("reading the reviews", 0);
    let corpus = datasets::load(&settings.corpus, settings.seed)?;
    let (training, validation) = corpus.split(&settings.corpus, settings.seed);
    settings.training.check_reviews(training.len())?;
    let eligible = eligible(&corpus, &validation, &settings.recording)?;
    observer.finish(&format!(
        "{} reviews of {}, {:.1} tokens on average",
        corpus.reviews.len(),
        corpus.source,
        corpus.mean_tokens()
    ));
    clock.lap("reading the reviews");

    let fresh =
        |device: &Device| Sentiment::new(&settings.model, corpus.vocabulary, settings.seed, device);
    let lesson = Reviewing {
        corpus: &corpus,
        training: &training,
        validation: &validation,
        settings: &settings.training,
        readout: settings.model.readout,
        seed: settings.seed,
        rows_at_once: machine.rows_at_once(settings.training.steps, settings.model.hidden),
    };
    let (trained, history, accuracy) =
        teach(&lesson, settings, fresh, machine, folder, resume, observer)?;
    clock.lap("training");

    let chosen = match settings.recording.reviews {
        0 => &eligible[..],
        most => &eligible[..eligible.len().min(most)],
    };
    let networks = [("untrained", fresh(&machine.device)), ("trained", trained)];
    let found = record(settings, machine, folder, plan, &corpus, chosen, &networks, observer)?;
    clock.lap("recording and measuring");

    Ok(Outcome {
        experiment: NAME.to_owned(),
        seed: settings.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: machine.record.clone(),
        corpus: outcome::Corpus {
            source: corpus.source.clone(),
            synthetic: corpus.synthetic,
            reviews: corpus.reviews.len(),
            training_reviews: training.len(),
            validation_reviews: validation.len(),
            mean_tokens: corpus.mean_tokens(),
        },
        accuracy: outcome::Accuracy { validation: accuracy },
        training: history,
        recording: outcome::Recording {
            eligible: eligible.len(),
            reviews: chosen.len(),
            steps: settings.recording.steps,
            units: settings.model.hidden,
            components: settings.model.embedding,
        },
        exponents: found.exponents,
        histograms: found.histograms,
        fluctuations: found.fluctuations,
        utilisation: found.utilisation,
        methods: methods::sentences(settings, machine, &corpus),
        settings: toml::to_string(settings).expect("settings are plain data"),
        seconds: clock.laps,
    })
}

/// The validation reviews with enough real tokens, in the order of validation.
fn eligible(corpus: &Corpus, validation: &[usize], recording: &Recording) -> Result<Vec<usize>> {
    let long = |review: &&usize| corpus.reviews[**review].tokens.len() >= recording.steps;
    let eligible: Vec<usize> = validation.iter().filter(long).copied().collect();
    if eligible.is_empty() {
        let longest = validation.iter().map(|&review| corpus.reviews[review].tokens.len()).max();
        return Err(Error::new(format!(
            "expected validation reviews of at least {} tokens, found none: the longest has {}",
            recording.steps,
            longest.unwrap_or(0)
        ))
        .at("recording.steps")
        .remedy("record fewer tokens (--record-steps), or give more reviews"));
    }
    Ok(eligible)
}

/// The trained network (without gradients), its history and its validation accuracy.
fn teach(
    lesson: &Reviewing<'_>,
    settings: &Settings,
    fresh: impl Fn(&Device) -> Sentiment,
    machine: &Machine,
    folder: &RunFolder,
    resume: bool,
    observer: &mut dyn Observer,
) -> Result<(Sentiment, Vec<training::Epoch>, f64)> {
    if let Some(path) = &settings.weights {
        let (weights, _) = checkpoint::read(path)?;
        let network = checkpoint::with_parameters(fresh(&machine.device), &weights)
            .map_err(|error| error.at(path.display()))?;
        observer.begin("validating the weights", 0);
        let score = lesson.validate(&network);
        observer.finish(&format!("weights of {}: right {:.4}", path.display(), score.accuracy()));
        return Ok((network, Vec::new(), score.accuracy()));
    }
    let device = machine.device.clone().autodiff();
    let (network, settings) = (fresh(&device), lesson.settings);
    let trained =
        training::train(lesson, network, settings, folder.path(), resume, &device, observer)?;
    let accuracy = trained.best().validation_accuracy;
    Ok((trained.network.valid(), trained.history, accuracy))
}

/// Reviews per recorded batch at most: bounds what is in memory at once, whatever the number of
/// reviews.
const REVIEWS_AT_ONCE: usize = 16;

#[expect(clippy::too_many_arguments, reason = "all that a recording needs, called once")]
fn record(
    settings: &Settings,
    machine: &Machine,
    folder: &RunFolder,
    plan: DfaPlan,
    corpus: &Corpus,
    reviews: &[usize],
    networks: &[(&'static str, Sentiment)],
    observer: &mut dyn Observer,
) -> Result<Found> {
    let fitting = machine.rows_at_once(settings.recording.steps, settings.model.hidden);
    let at_once = fitting.min(REVIEWS_AT_ONCE);
    let table = folder.file("exponents.csv");
    let mut gatherer = Gatherer::new(&machine.path, plan, &table)?;
    for (condition, network) in networks {
        observer.begin(&format!("recording, {condition}"), reviews.len() as u64);
        let mut files = trace_files(settings, folder, condition, reviews.len())?;
        for (index, chunk) in reviews.chunks(at_once).enumerate() {
            let batch = corpus.batch(chunk, settings.recording.steps);
            let (input, states) = network.record(&batch);
            let states = HostStates::read(input, states);
            for (place, &quantity) in settings.recording.quantities.iter().enumerate() {
                let traces = states.traces(quantity, chunk.len(), settings.recording.steps);
                let subject = Subject { quantity: quantity.name(), condition };
                gatherer.add(subject, chunk, &traces)?;
                if let Some(file) = files.get_mut(place) {
                    file.append(&traces)?;
                }
            }
            observer.advance((index * at_once + chunk.len()) as u64, "reviews");
            if observer.stopping() {
                return Err(Error::stopped(
                    "stopped while recording; the trained weights are kept",
                )
                .at(folder.path().display())
                .remedy(format!("go on with --resume {}", folder.path().display())));
            }
        }
        files.into_iter().try_for_each(TraceFile::finish)?;
        observer.finish(&format!("{condition}: {} reviews recorded and measured", reviews.len()));
    }
    gatherer.finish()
}

/// One `.npy` file per quantity, where traces are to be kept.
fn trace_files(
    settings: &Settings,
    folder: &RunFolder,
    condition: &str,
    reviews: usize,
) -> Result<Vec<TraceFile>> {
    if !settings.recording.save_traces {
        return Ok(Vec::new());
    }
    let traces = folder.file("traces");
    std::fs::create_dir_all(&traces)
        .map_err(|cause| Error::file("make the folder of traces", &traces, cause))?;
    let open = |quantity: &Quantity| {
        let units = match quantity {
            Quantity::Input => settings.model.embedding,
            _ => settings.model.hidden,
        };
        let path: &Path = &traces.join(format!("{condition}-{}.npy", quantity.name()));
        TraceFile::create(path, reviews * units, settings.recording.steps)
    };
    settings.recording.quantities.iter().map(open).collect()
}

/// One batch of recorded states in host memory, row-major `[batch, steps, units]`.
struct HostStates {
    input: Vec<f32>,
    gates: Vec<f32>,
    cell: Vec<f32>,
    hidden: Vec<f32>,
    components: usize,
    units: usize,
}

impl HostStates {
    fn read(input: Tensor<3>, states: lstm::States) -> Self {
        let ([_, _, components], [_, _, units]) = (input.dims(), states.hidden.dims());
        let values = |tensor| checkpoint::array_of::<3>(tensor).values;
        Self {
            input: values(input),
            gates: values(states.gates),
            cell: values(states.cell),
            hidden: values(states.hidden),
            components,
            units,
        }
    }

    fn traces(&self, quantity: Quantity, batch: usize, steps: usize) -> Traces {
        let shape = [batch, steps, self.units];
        // Gates lie side by side in the order i, f, candidate, o.
        let gate = |index: usize| {
            let units = self.units;
            let gate = recording::columns(&self.gates, 4 * units, index * units, units);
            recording::traces(&gate, shape)
        };
        match quantity {
            Quantity::Input => recording::traces(&self.input, [batch, steps, self.components]),
            Quantity::I => gate(0),
            Quantity::F => gate(1),
            Quantity::Candidate => gate(2),
            Quantity::O => gate(3),
            Quantity::Cell => recording::traces(&self.cell, shape),
            Quantity::Hidden => recording::traces(&self.hidden, shape),
        }
    }
}

/// Wall time of the parts.
struct Clock {
    last: Instant,
    laps: Vec<(String, f64)>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }
}

impl Clock {
    fn lap(&mut self, part: &str) {
        self.laps.push((part.to_owned(), self.last.elapsed().as_secs_f64()));
        self.last = Instant::now();
    }
}

//! 1/f noise in an LSTM: reviews → network → traces → DFA → exponents.
//!
//! After Chong & Feng, arXiv 2301.08530 and Chaos 34(8) 081101 (2024): an LSTM learns the sentiment
//! of IMDb reviews; every unit's activation over the tokens of a review is a trace; DFA gives its
//! exponent. The same network before training is measured beside it.

mod controls;
mod methods;
mod settings;
mod states;
mod traces;

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;

use super::machine::{self, Machine};
use super::outcome::{self, Outcome};
use super::run_folder::RunFolder;
use crate::analysis::dfa::DfaPlan;
use crate::datasets::{self, Corpus};
use crate::error::{Error, Result};
use crate::models::checkpoint::{self, Metadata};
use crate::models::sentiment::{Reviewing, Sentiment};
use crate::models::training::{self, Epoch, Keeping, Lesson};
use crate::progress::Observer;

pub use settings::{Preset, Quantity, Recording, Settings, put, typed};

/// The experiment's name.
pub const NAME: &str = "one-over-f";

/// Where a checkpoint's header keeps the settings that its weights were trained with.
pub const SETTINGS: &str = "settings";
/// Where it keeps the corpus's fingerprint and the first review learned from.
const CORPUS: &str = "corpus";

/// A study with its reviews read and everything checked, ready to run.
pub struct Study {
    settings: Settings,
    plan: DfaPlan,
    corpus: Corpus,
    training: Vec<usize>,
    validation: Vec<usize>,
    /// Validation reviews with enough real tokens, in the order of validation.
    eligible: Vec<usize>,
    clock: Clock,
}

/// A network with what is known of its training.
struct Taught {
    network: Sentiment,
    history: Vec<Epoch>,
    accuracy: f64,
}

impl Study {
    /// Reads the reviews that `settings` ask for.
    ///
    /// # Errors
    /// A setting is out of range, or the reviews cannot be read or do not suffice.
    pub fn load(settings: &Settings, observer: &mut dyn Observer) -> Result<Self> {
        settings.check()?;
        let clock = Clock::start();
        observer.begin("reading the reviews", 0);
        let corpus = datasets::load(&settings.corpus, settings.seed)?;
        observer.finish(&format!(
            "{} reviews of {}, {:.1} tokens on average",
            corpus.reviews.len(),
            corpus.source,
            corpus.mean_tokens()
        ));
        let mut study = Self::of(settings, corpus)?;
        study.clock = clock;
        study.clock.lap("reading the reviews");
        Ok(study)
    }

    /// The study of a corpus that is in memory.
    ///
    /// # Errors
    /// A setting is out of range, or the reviews do not suffice.
    pub fn of(settings: &Settings, corpus: Corpus) -> Result<Self> {
        let plan = settings.check()?;
        let (training, validation) = corpus.split(&settings.corpus, settings.seed);
        let steps = settings.training.steps;
        let longest = corpus.reviews.iter().map(|review| review.tokens.len()).max().unwrap_or(0);
        if settings.weights.is_none() {
            settings.training.check_reviews(training.len())?;
        }
        if steps > longest {
            return Err(Error::new(format!(
                "expected at most the {longest} tokens of the longest review, found {steps}"
            ))
            .at("training.steps")
            .remedy("train on fewer tokens (--steps)"));
        }
        let tokens = |review: usize| corpus.reviews[review].tokens.len();
        let long = |&review: &usize| tokens(review) >= settings.recording.steps;
        let eligible: Vec<usize> = validation.iter().copied().filter(long).collect();
        if eligible.is_empty() {
            let longest = validation.iter().map(|&review| tokens(review)).max().unwrap_or(0);
            return Err(Error::new(format!(
                "expected validation reviews of at least {} tokens, found none: the longest has {longest}",
                settings.recording.steps
            ))
            .at("recording.steps")
            .remedy("record fewer tokens (--record-steps), or give more reviews"));
        }
        let (settings, clock) = (settings.clone(), Clock::start());
        Ok(Self { settings, plan, corpus, training, validation, eligible, clock })
    }

    /// Trains, records and measures in `folder`; `resume` goes on from the folder's checkpoint.
    ///
    /// # Errors
    /// A file cannot be read or written, the device failed, or the user stopped it.
    pub fn run(
        mut self,
        machine: &Machine,
        folder: &RunFolder,
        resume: bool,
        observer: &mut dyn Observer,
    ) -> Result<Outcome> {
        machine.check_table(self.corpus.vocabulary, self.settings.model.embedding)?;
        let taught = self.teach(machine, folder, resume, observer)?;
        self.clock.lap("training");
        if resume {
            // The part before the stop counts too.
            let seconds = taught.history.iter().map(|epoch| epoch.seconds).sum();
            self.clock.laps.last_mut().expect("a lap").1 = seconds;
        }
        let untrained = self.fresh(&machine.device);
        let networks = [("untrained", untrained), ("trained", taught.network)];
        let (found, controls) = traces::measure(&self, machine, folder, &networks, observer)?;
        self.clock.lap("recording and measuring");
        let settings = &self.settings;
        Ok(Outcome {
            experiment: NAME.to_owned(),
            seed: settings.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            libraries: machine::libraries(),
            device: machine.record.clone(),
            corpus: outcome::Corpus {
                source: self.corpus.source.clone(),
                synthetic: self.corpus.synthetic,
                reviews: self.corpus.reviews.len(),
                training_reviews: self.training.len(),
                validation_reviews: self.validation.len(),
                mean_tokens: self.corpus.mean_tokens(),
            },
            weights: settings.weights.as_ref().map(|path| path.display().to_string()),
            accuracy: outcome::Accuracy { validation: taught.accuracy },
            training: taught.history,
            recording: outcome::Recording {
                eligible: self.eligible.len(),
                reviews: self.chosen().len(),
                steps: settings.recording.steps,
                units: settings.model.hidden,
                components: settings.model.embedding,
            },
            exponents: found.exponents,
            histograms: found.histograms,
            fluctuations: found.fluctuations,
            utilisation: found.utilisation,
            controls,
            methods: methods::sentences(settings, machine, &self.corpus),
            settings: toml::to_string(settings).expect("settings are plain data"),
            seconds: self.clock.laps,
        })
    }

    /// The network before training.
    fn fresh(&self, device: &Device) -> Sentiment {
        let settings = &self.settings;
        Sentiment::new(&settings.model, self.corpus.vocabulary, settings.seed, device)
    }

    /// The reviews to record.
    fn chosen(&self) -> &[usize] {
        match self.settings.recording.reviews {
            0 => &self.eligible,
            most => &self.eligible[..self.eligible.len().min(most)],
        }
    }

    /// What weights that are trained here come from.
    fn origin(&self) -> Metadata {
        let settings = toml::to_string(&self.settings).expect("settings are plain data");
        let split = self.training.first().copied().unwrap_or(0);
        let corpus = format!("{:016x}, first {split}", self.corpus.fingerprint());
        Metadata::from([(SETTINGS.to_owned(), settings), (CORPUS.to_owned(), corpus)])
    }

    /// The trained network, without gradients.
    fn teach(
        &self,
        machine: &Machine,
        folder: &RunFolder,
        resume: bool,
        observer: &mut dyn Observer,
    ) -> Result<Taught> {
        let settings = &self.settings;
        let lesson = Reviewing {
            corpus: &self.corpus,
            training: &self.training,
            validation: &self.validation,
            settings: &settings.training,
            readout: settings.model.readout,
            seed: settings.seed,
            rows_at_once: machine.rows_at_once(
                settings.training.steps,
                settings.model.hidden,
                settings.model.embedding,
            ),
        };
        if let Some(path) = &settings.weights {
            let (weights, origin) = checkpoint::read(path)?;
            if origin.get(CORPUS).is_some_and(|corpus| *corpus != self.origin()[CORPUS]) {
                observer.note(
                    "note: these weights were trained on other reviews, or on another split of them: \
                     the accuracy may be of reviews that were learned from",
                );
            }
            let network = checkpoint::with_parameters(self.fresh(&machine.device), &weights)
                .map_err(|error| error.at(path.display()))?;
            observer.begin("validating the weights", 0);
            let Some(score) = lesson.validate(&network, observer) else {
                return Err(Error::stopped("stopped before anything was recorded")
                    .at(folder.path().display())
                    .remedy(format!("go on with --resume {}", folder.path().display())));
            };
            let accuracy = score.accuracy();
            observer.finish(&format!("weights of {}: right {accuracy:.4}", path.display()));
            return Ok(Taught { network, history: Vec::new(), accuracy });
        }
        let device = machine.device.clone().autodiff();
        let origin = self.origin();
        let keeping = Keeping { folder: folder.path(), resume, origin: &origin };
        let network = self.fresh(&device);
        let trained =
            training::train(&lesson, network, &settings.training, keeping, &device, observer)?;
        let accuracy = trained.best().validation_accuracy;
        Ok(Taught { network: trained.network.valid(), history: trained.history, accuracy })
    }
}

/// Wall time of the parts.
struct Clock {
    last: Instant,
    laps: Vec<(String, f64)>,
}

impl Clock {
    fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    fn lap(&mut self, part: &str) {
        self.laps.push((part.to_owned(), self.last.elapsed().as_secs_f64()));
        self.last = Instant::now();
    }
}

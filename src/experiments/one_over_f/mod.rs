//! 1/f noise in an LSTM: reviews → network → traces → DFA → exponents.
//!
//! After Chong & Feng, arXiv 2301.08530 and Chaos 34(8) 081101 (2024): an LSTM learns the sentiment
//! of IMDb reviews; every unit's activation over the tokens of a review is a trace; DFA gives its
//! exponent. The same network is measured before training and at epochs that were kept, and driven
//! by other than text. The paper's other task, the classes of time series, is studied the same way.
//!
//! | file | |
//! |---|---|
//! | `settings` | what `settings.toml` holds |
//! | `task`, `reviews`, `series` | what is learned and recorded |
//! | `study` | the run: train, record, measure, sum up |
//! | `teaching` | its network: trained here, or weights from elsewhere |
//! | `traces`, `states` | passes over the examples; one batch of recorded states |
//! | `methods` | the conventions in sentences |

mod controls;
mod methods;
mod reviews;
mod series;
mod settings;
mod states;
mod study;
mod task;
mod teaching;
mod traces;
mod work;

use self::reviews::Reviews;
use self::series::Series;
use self::work::{Clock, Work};
use super::machine::Machine;
use super::outcome::Outcome;
use super::run_folder::RunFolder;
use crate::datasets::{self, Corpus};
use crate::error::Result;
use crate::progress::Observer;

pub use settings::{Drive, Preset, Quantity, Recording, Settings};
pub use teaching::SETTINGS;

/// The experiment's name.
pub const NAME: &str = "one-over-f";

/// A study with its examples read and everything checked, ready to run.
pub struct Study(Kind);

enum Kind {
    Reviews(Work<Reviews>),
    Series(Work<Series>),
}

impl Study {
    /// Reads the reviews or the series that `settings` ask for.
    ///
    /// # Errors
    /// A setting is out of range, or the examples cannot be read or do not suffice.
    pub fn load(settings: &Settings, observer: &mut dyn Observer) -> Result<Self> {
        settings.check()?;
        let mut clock = Clock::start();
        if let Some(set) = datasets::series::load(&settings.corpus)? {
            observer.note(&format!("{} series of {}", set.series.len(), set.source));
            clock.lap("reading the series");
            return Ok(Self(Kind::Series(Work::new(
                settings,
                Series::new(set, settings)?,
                clock,
            )?)));
        }
        observer.begin("reading the reviews", 0);
        let corpus = datasets::load(&settings.corpus, settings.seed)?;
        observer.finish(&format!(
            "{} reviews of {}, {:.1} tokens on average",
            corpus.reviews.len(),
            corpus.source,
            corpus.mean_tokens()
        ));
        clock.lap("reading the reviews");
        Ok(Self(Kind::Reviews(Work::new(settings, Reviews::new(corpus, settings)?, clock)?)))
    }

    /// The study of a corpus that is in memory.
    ///
    /// # Errors
    /// A setting is out of range, or the reviews do not suffice.
    pub fn of(settings: &Settings, corpus: Corpus) -> Result<Self> {
        settings.check()?;
        let task = Reviews::new(corpus, settings)?;
        Ok(Self(Kind::Reviews(Work::new(settings, task, Clock::start())?)))
    }

    /// Trains, records and measures in `folder`; `resume` goes on from the folder's checkpoint.
    ///
    /// # Errors
    /// A file cannot be read or written, the device failed, or the user stopped it.
    pub fn run(
        self,
        machine: &Machine,
        folder: &RunFolder,
        resume: bool,
        observer: &mut dyn Observer,
    ) -> Result<Outcome> {
        match self.0 {
            Kind::Reviews(work) => study::run(work, machine, folder, resume, observer),
            Kind::Series(work) => study::run(work, machine, folder, resume, observer),
        }
    }
}

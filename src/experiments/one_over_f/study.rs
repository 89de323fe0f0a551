//! One run of the study, whatever its task.
//!
//! Place in the flow: the work in, the outcome out.

use super::task::Task;
use super::traces::{self, Measures};
use super::work::Work;
use super::{NAME, methods, teaching};
use crate::error::Result;
use crate::experiments::contrasts;
use crate::experiments::machine::{self, Machine};
use crate::experiments::outcome::{self, Outcome};
use crate::experiments::run_folder::RunFolder;
use crate::progress::Observer;

/// As [`Study::run`](super::Study::run).
pub(super) fn run<T: Task>(
    mut work: Work<T>,
    machine: &Machine,
    folder: &RunFolder,
    resume: bool,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let steps = work.settings.training.steps.max(work.settings.recording.steps);
    machine.check_loops(steps, work.settings.model.hidden)?;
    work.task.check(&work.settings, machine)?;
    let taught = teaching::teach(&work, machine, folder, resume, observer)?;
    work.clock.lap("training");
    if resume {
        // The part before the stop counts too.
        let seconds = taught.history.iter().map(|epoch| epoch.seconds).sum();
        work.clock.laps.last_mut().expect("a lap").1 = seconds;
    }
    let Measures { found, reviews, controls } =
        traces::measure(&work, machine, folder, &taught, observer)?;
    let settings = &work.settings;
    let contrasts = contrasts::of(&found.reviews, &reviews, T::WORDS.steps, settings.seed);
    work.clock.lap("recording and measuring");
    Ok(Outcome {
        experiment: NAME.to_owned(),
        seed: settings.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        libraries: machine::libraries(),
        device: machine.record.clone(),
        notes: found.notes.into_iter().collect(),
        corpus: work.task.corpus(),
        weights: settings.weights.as_ref().map(|path| path.display().to_string()),
        accuracy: outcome::Accuracy { validation: taught.accuracy },
        training: taught.history,
        recording: outcome::Recording {
            eligible: work.eligible.len(),
            reviews: reviews.len(),
            right: reviews.iter().filter(|review| review.right).count(),
            steps: settings.recording.steps,
            units: settings.model.hidden,
            components: work.task.components(settings),
        },
        exponents: found.exponents,
        histograms: found.histograms,
        fluctuations: found.fluctuations,
        utilisation: found.utilisation,
        contrasts,
        controls,
        methods: methods::sentences(settings, machine, &work.task.corpus()),
        settings: toml::to_string(settings).expect("settings are plain data"),
        seconds: work.clock.laps,
    })
}

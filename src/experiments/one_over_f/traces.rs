//! The study's traces: networks run over the reviews, their states are measured, batch by batch.
//!
//! Place in the flow: networks and reviews in, readings into the [`Gatherer`] (and traces to disk,
//! where asked for). Only one batch is ever in memory.

use std::path::Path;

use super::Study;
use super::controls::{self, Examiner};
use super::settings::{Quantity, Settings};
use super::states::Recorded;
use crate::error::{Error, Result};
use crate::experiments::exponents::{Found, Gatherer, Subject};
use crate::experiments::machine::Machine;
use crate::experiments::outcome::Control;
use crate::experiments::run_folder::RunFolder;
use crate::files::write_whole;
use crate::models::sentiment::Sentiment;
use crate::progress::Observer;
use crate::recording::store::TraceFile;

/// Reviews per recorded batch at most: bounds what is in memory at once, whatever the number of
/// reviews.
const REVIEWS_AT_ONCE: usize = 64;

/// Records `networks` over the study's chosen reviews, measures what comes and holds it against
/// controls.
///
/// # Errors
/// The device failed, a file cannot be written, or the user stopped it.
pub(super) fn measure(
    study: &Study,
    machine: &Machine,
    folder: &RunFolder,
    networks: &[(&'static str, Sentiment)],
    observer: &mut dyn Observer,
) -> Result<(Found, Vec<Control>)> {
    let (settings, reviews) = (&study.settings, study.chosen());
    let model = &settings.model;
    let fitting = machine.rows_at_once(settings.recording.steps, model.hidden, model.embedding);
    let at_once = fitting.min(REVIEWS_AT_ONCE);
    let table = folder.file("exponents.csv");
    let mut gatherer = Gatherer::new(study.plan.clone(), &table)?;
    let most = settings.recording.controls;
    let mut examiner =
        (most > 0).then(|| Examiner::new(&study.plan, most, settings.seed)).transpose()?;
    if settings.recording.save_traces {
        list_reviews(study, folder)?;
    }
    for (condition, network) in networks {
        observer.begin(&format!("recording, {condition}"), reviews.len() as u64);
        let mut files = trace_files(settings, folder, condition, reviews.len())?;
        for (index, chunk) in reviews.chunks(at_once).enumerate() {
            let places: Vec<usize> =
                chunk.iter().map(|&review| study.corpus.reviews[review].place).collect();
            let batch = study.corpus.batch(chunk, settings.recording.steps);
            let (input, states) = network.record(&batch);
            let recorded = Recorded::new(input, states);
            for (place, &quantity) in settings.recording.quantities.iter().enumerate() {
                let readings = recorded.measure(quantity, machine, &study.plan)?;
                let subject = Subject { quantity: quantity.name(), condition };
                gatherer.add(subject, &places, &readings)?;
                if let Some(examiner) = &mut examiner
                    && controls::QUANTITIES.contains(&quantity)
                {
                    let traces = || recorded.traces(quantity);
                    examiner.add(&subject, places.len(), &readings.unit, traces);
                }
                if let Some(file) = files.get_mut(place) {
                    file.append(&recorded.traces(quantity))?;
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
    let found = gatherer.finish()?;
    found.notes.iter().for_each(|note| observer.note(note));
    Ok((found, examiner.map_or_else(Vec::new, Examiner::finish)))
}

/// Says in `traces/reviews.csv` which review stands at each position of the trace files.
fn list_reviews(study: &Study, folder: &RunFolder) -> Result<()> {
    let traces = folder.file("traces");
    std::fs::create_dir_all(&traces)
        .map_err(|cause| Error::file("make the folder of traces", &traces, cause))?;
    let mut table = "position,review,label,tokens\n".to_owned();
    for (position, &review) in study.chosen().iter().enumerate() {
        let review = &study.corpus.reviews[review];
        let (label, tokens) = (u8::from(review.label), review.tokens.len());
        table += &format!("{position},{},{label},{tokens}\n", review.place);
    }
    write_whole(&traces.join("reviews.csv"), table.as_bytes())
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

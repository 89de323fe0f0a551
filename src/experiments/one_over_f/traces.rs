//! The study's traces: networks run over the examples, their states are measured, batch by batch.
//!
//! Place in the flow: networks and examples in, readings into the [`Gatherer`] (and traces to disk,
//! where asked for). Only one batch is ever in memory.
//!
//! A [`Pass`] is one network over all examples: untrained and trained on the text; trained on what
//! else drives it; the network of every epoch that was kept.

use std::cell::LazyCell;
use std::fmt::Write as _;
use std::path::Path;

use super::controls::{self, Examiner};
use super::settings::{Drive, Quantity, Settings};
use super::states::Recorded;
use super::task::Task;
use super::teaching::Taught;
use super::work::Work;
use crate::error::{Error, Result};
use crate::experiments::contrasts::Review;
use crate::experiments::exponents::{Found, Gatherer, Subject};
use crate::experiments::machine::Machine;
use crate::experiments::outcome::Control;
use crate::experiments::run_folder::RunFolder;
use crate::files::write_whole;
use crate::models::{checkpoint, training};
use crate::progress::Observer;
use crate::recording::store::TraceFile;

/// Examples per recorded batch at most: bounds what is in memory at once, whatever their number.
const AT_ONCE: usize = 64;

/// The quantities of which the course of training is followed.
const FOLLOWED: [Quantity; 3] = [Quantity::Input, Quantity::Cell, Quantity::Hidden];

/// One network over all examples.
struct Pass<N> {
    condition: String,
    network: N,
    drive: Option<Drive>,
    quantities: Vec<Quantity>,
    /// Whether its traces are held against controls.
    examined: bool,
}

/// What the traces came to.
pub(super) struct Measures {
    pub(super) found: Found,
    pub(super) reviews: Vec<Review>,
    pub(super) controls: Vec<Control>,
}

/// Records the networks over the chosen examples, measures what comes and holds it against
/// controls.
///
/// # Errors
/// The device failed, a file cannot be read or written, or the user stopped it.
pub(super) fn measure<T: Task>(
    work: &Work<T>,
    machine: &Machine,
    folder: &RunFolder,
    taught: &Taught<T::Network>,
    observer: &mut dyn Observer,
) -> Result<Measures> {
    let (settings, chosen) = (&work.settings, work.chosen());
    let units = (settings.model.hidden, work.task.components(settings));
    let fitting = machine.rows_at_once(settings.recording.steps, units.0, units.1);
    let at_once = fitting.min(AT_ONCE);
    let mut gatherer = Gatherer::new(work.plan.clone(), &folder.file("exponents.csv"))?;
    let most = settings.recording.controls;
    let mut examiner =
        (most > 0).then(|| Examiner::new(&work.plan, most, settings.seed)).transpose()?;
    let reviews = reviews(work, machine, &taught.network);
    list(work, &reviews, folder)?;
    for pass in passes(work, machine, folder, taught) {
        let Pass { condition, network, drive, quantities, examined } = pass?;
        // Padding is the same for every example.
        let chosen = if drive == Some(Drive::Padding) { &chosen[..1] } else { chosen };
        observer.begin(&format!("recording, {condition}"), chosen.len() as u64);
        let mut files = trace_files(settings, units, folder, &condition, &quantities, chosen)?;
        for (index, chunk) in chosen.chunks(at_once).enumerate() {
            let places: Vec<usize> = chunk.iter().map(|&one| work.task.place(one)).collect();
            let (input, states) =
                work.task.record(&network, chunk, drive, settings.recording.steps);
            let recorded = Recorded::new(input, states);
            for (place, &quantity) in quantities.iter().enumerate() {
                let traces = LazyCell::new(|| recorded.traces(quantity));
                let readings = recorded.measure(quantity, &traces, machine, &work.plan)?;
                let subject = Subject { quantity: quantity.name(), condition: condition.clone() };
                gatherer.add(&subject, &places, &readings)?;
                if let Some(examiner) = examiner.as_mut().filter(|_| examined)
                    && controls::QUANTITIES.contains(&quantity)
                {
                    examiner.add(&subject, places.len(), &readings.unit, &traces);
                }
                if let Some(file) = files.get_mut(place) {
                    file.append(&traces)?;
                }
            }
            observer.advance((index * at_once + chunk.len()) as u64, T::WORDS.many);
            if observer.stopping() {
                return Err(Error::stopped(
                    "stopped while recording; the trained weights are kept",
                )
                .at(folder.path().display())
                .remedy(format!("go on with --resume {}", folder.path().display())));
            }
        }
        files.into_iter().try_for_each(TraceFile::finish)?;
        let (count, many) = (chosen.len(), T::WORDS.many);
        observer.finish(&format!("{condition}: {count} {many} recorded and measured"));
    }
    let found = gatherer.finish()?;
    found.notes.iter().for_each(|note| observer.note(note));
    let controls = examiner.map_or_else(Vec::new, Examiner::finish);
    Ok(Measures { found, reviews, controls })
}

/// All passes, each network made when its turn comes.
fn passes<'a, T: Task>(
    work: &'a Work<T>,
    machine: &'a Machine,
    folder: &'a RunFolder,
    taught: &'a Taught<T::Network>,
) -> impl Iterator<Item = Result<Pass<T::Network>>> + 'a {
    let recording = &work.settings.recording;
    let fresh = || work.task.fresh(&work.settings, &machine.device);
    let pass = |condition: &str, network, drive| Pass {
        condition: condition.to_owned(),
        network,
        drive,
        quantities: recording.quantities.clone(),
        examined: drive.is_none(),
    };
    let text = [pass("untrained", fresh(), None), pass("trained", taught.network.clone(), None)];
    let wanted = move |drive: &&Drive| work.task.drives().contains(drive);
    let driven = recording.drives.iter().filter(wanted);
    let driven = driven.map(move |&drive| pass(drive.name(), taught.network.clone(), Some(drive)));
    let kept = taught.history.iter().map(|epoch| epoch.epoch);
    let epochs = kept.filter_map(move |epoch| {
        let path = training::kept_path(folder.path(), epoch);
        let quantities: Vec<Quantity> =
            FOLLOWED.into_iter().filter(|one| recording.quantities.contains(one)).collect();
        (path.is_file() && !quantities.is_empty()).then(|| {
            let (weights, _) = checkpoint::read(&path)?;
            let network = checkpoint::with_parameters(fresh(), &weights)
                .map_err(|error| error.at(path.display()))?;
            let condition = format!("epoch {epoch}");
            Ok(Pass { condition, network, drive: None, quantities, examined: false })
        })
    });
    text.into_iter().chain(driven).map(Ok).chain(epochs)
}

/// What is known of the chosen examples.
fn reviews<T: Task>(work: &Work<T>, machine: &Machine, network: &T::Network) -> Vec<Review> {
    let (settings, task) = (&work.settings, &work.task);
    let (hidden, inputs) = (settings.model.hidden, task.components(settings));
    let at_once = machine.rows_at_once(settings.training.steps, hidden, inputs).min(AT_ONCE);
    let of_chunk = |chunk: &[usize]| -> Vec<Review> {
        let right = task.right(network, chunk, settings);
        let review = |(&example, right)| Review {
            place: task.place(example),
            tokens: task.length(example),
            right,
        };
        chunk.iter().zip(right).map(review).collect()
    };
    work.chosen().chunks(at_once).flat_map(of_chunk).collect()
}

/// Says in `reviews.csv` what the recorded examples are, in the order of the trace files.
fn list<T: Task>(work: &Work<T>, reviews: &[Review], folder: &RunFolder) -> Result<()> {
    let mut table = "position,review,label,tokens,right\n".to_owned();
    for (position, (&example, review)) in work.chosen().iter().zip(reviews).enumerate() {
        let Review { place, tokens, right } = review;
        let (label, right) = (work.task.label(example), u8::from(*right));
        let _ = writeln!(table, "{position},{place},{label},{tokens},{right}");
    }
    write_whole(&folder.file("reviews.csv"), table.as_bytes())
}

/// One `.npy` file per quantity, where traces are to be kept.
fn trace_files(
    settings: &Settings,
    (hidden, components): (usize, usize),
    folder: &RunFolder,
    condition: &str,
    quantities: &[Quantity],
    examples: &[usize],
) -> Result<Vec<TraceFile>> {
    if !settings.recording.save_traces {
        return Ok(Vec::new());
    }
    let traces = folder.file("traces");
    std::fs::create_dir_all(&traces)
        .map_err(|cause| Error::file("make the folder of traces", &traces, cause))?;
    let open = |quantity: &Quantity| {
        let units = if *quantity == Quantity::Input { components } else { hidden };
        let name = format!("{}-{}.npy", condition.replace(' ', "-"), quantity.name());
        let path: &Path = &traces.join(name);
        TraceFile::create(path, examples.len() * units, settings.recording.steps)
    };
    quantities.iter().map(open).collect()
}

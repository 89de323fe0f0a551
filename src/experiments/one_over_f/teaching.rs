//! A study's network: trained here, or with weights from elsewhere.
//!
//! Place in the flow: task and settings in, the trained network with its history out.

use burn::module::Module;
use burn::tensor::Device;

use super::task::Task;
use super::work::Work;
use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::run_folder::RunFolder;
use crate::models::checkpoint::{self, Metadata};
use crate::models::training::{self, Epoch, Keeping, Lesson};
use crate::progress::Observer;

/// Where a checkpoint's header keeps the settings that its weights were trained with.
pub const SETTINGS: &str = "settings";
/// Where it keeps the corpus's fingerprint and the first review learned from.
const CORPUS: &str = "corpus";

/// A network with what is known of its training.
pub(super) struct Taught<N> {
    /// Without gradients, of the best epoch.
    pub(super) network: N,
    pub(super) history: Vec<Epoch>,
    pub(super) accuracy: f64,
}

/// What weights that are trained here come from.
fn origin<T: Task>(work: &Work<T>) -> Metadata {
    let settings = toml::to_string(&work.settings).expect("settings are plain data");
    Metadata::from([(SETTINGS.to_owned(), settings), (CORPUS.to_owned(), work.task.fingerprint())])
}

/// The trained network, without gradients.
///
/// # Errors
/// A file cannot be read or written, or the user stopped it.
pub(super) fn teach<T: Task>(
    work: &Work<T>,
    machine: &Machine,
    folder: &RunFolder,
    resume: bool,
    observer: &mut dyn Observer,
) -> Result<Taught<T::Network>> {
    let settings = &work.settings;
    let lesson = work.task.lesson(settings, machine);
    let origin = origin(work);
    let fresh = |device: &Device| work.task.fresh(settings, device);
    if let Some(path) = &settings.weights {
        let (weights, header) = checkpoint::read(path)?;
        if header.get(CORPUS).is_some_and(|corpus| *corpus != origin[CORPUS]) {
            let many = T::WORDS.many;
            observer.note(&format!(
                "note: these weights were trained on other {many}, or on another split of them: \
                 the accuracy may be of {many} that were learned from",
            ));
        }
        let network = checkpoint::with_parameters(fresh(&machine.device), &weights)
            .map_err(|error| error.at(path.display()))?;
        observer.begin("validating the weights", 0);
        let score = lesson.validate(&network, observer).ok_or_else(|| stopped(folder))?;
        let accuracy = work.task.accuracy(&lesson, &network, score.accuracy(), observer);
        let accuracy = accuracy.ok_or_else(|| stopped(folder))?;
        observer.finish(&format!("weights of {}: right {accuracy:.4}", path.display()));
        return Ok(Taught { network, history: Vec::new(), accuracy });
    }
    let device = machine.device.clone().autodiff();
    let keeping = Keeping { folder: folder.path(), resume, origin: &origin };
    let network = fresh(&device);
    let trained =
        training::train(&lesson, network, &settings.training, keeping, &device, observer)?;
    let (network, chosen_by) = (trained.network.valid(), trained.best().validation_accuracy);
    let accuracy = work.task.accuracy(&lesson, &network, chosen_by, observer);
    let accuracy = accuracy.ok_or_else(|| stopped(folder))?;
    Ok(Taught { network, history: trained.history, accuracy })
}

fn stopped(folder: &RunFolder) -> Error {
    Error::stopped("stopped before anything was recorded")
        .at(folder.path().display())
        .remedy(format!("go on with --resume {}", folder.path().display()))
}

//! The one training loop on small reviews: it learns, stops early, resumes, and does not depend on
//! how batches are cut.

use burn::module::Module;
use noisescope::datasets::{self, Corpus};
use noisescope::models::checkpoint::Metadata;
use noisescope::models::device;
use noisescope::models::sentiment::{Readout, Reviewing, Sentiment, Settings as Model};
use noisescope::models::training::{self, Keeping, Lesson, Settings, Trained, train};
use noisescope::progress::{Observer, Silent};

struct School {
    corpus: Corpus,
    training: Vec<usize>,
    validation: Vec<usize>,
    settings: Settings,
    rows_at_once: usize,
}

impl School {
    fn new(settings: Settings) -> Self {
        let chosen = datasets::Settings { reviews: Some(240), ..datasets::Settings::default() };
        let corpus = datasets::load(&chosen, 4).expect("built in");
        let (training, validation) = corpus.split(&chosen, 4);
        Self { corpus, training, validation, settings, rows_at_once: usize::MAX }
    }

    fn lesson(&self) -> Reviewing<'_> {
        Reviewing {
            corpus: &self.corpus,
            training: &self.training,
            validation: &self.validation,
            settings: &self.settings,
            readout: Readout::LastToken,
            seed: 4,
            rows_at_once: self.rows_at_once,
        }
    }

    fn network(&self) -> Sentiment {
        let model = Model { embedding: 8, hidden: 7, readout: Readout::LastToken };
        Sentiment::new(&model, self.corpus.vocabulary, 4, &device::cpu().autodiff())
    }

    fn train(&self) -> Trained<Sentiment> {
        let folder = tempfile::tempdir().expect("a folder");
        let device = device::cpu().autodiff();
        let origin = Metadata::new();
        let keeping = Keeping { folder: folder.path(), resume: false, origin: &origin };
        train(&self.lesson(), self.network(), &self.settings, keeping, &device, &mut Silent)
            .expect("trained")
    }
}

fn small() -> Settings {
    Settings { epochs: 3, batch: 32, steps: 60, ..Settings::default() }
}

#[test]
fn cutting_a_batch_changes_no_loss_and_no_dropped_input() {
    let mut school = School::new(small());
    let whole = school.train();
    school.rows_at_once = 5;
    let cut = school.train();
    for (whole, cut) in whole.history.iter().zip(&cut.history) {
        // The same sums in another order, over three epochs of Adam.
        let difference = (whole.training_loss - cut.training_loss).abs();
        assert!(difference < 1e-4, "{whole:?}\n{cut:?}");
    }
}

#[test]
fn training_learns_what_it_sees() {
    let school = School::new(Settings { epochs: 12, dropout: 0.0, ..small() });
    let trained = school.train();
    let (first, last) = (&trained.history[0], trained.history.last().expect("epochs"));
    assert!(last.training_loss < 0.5 * first.training_loss, "{:?}", trained.history);
}

#[test]
fn patience_ends_a_training_that_gets_no_better_and_the_best_epoch_is_kept() {
    // A rate this small moves nothing, so the first epoch stays the best.
    let school = School::new(Settings { epochs: 9, rate: 1e-12, patience: 2, ..small() });
    let trained = school.train();
    assert_eq!(trained.history.len(), 3, "the first and two more");
    assert_eq!(trained.best().epoch, 1);
    let school = School::new(Settings { epochs: 6, ..small() });
    let trained = school.train();
    let kept = school.lesson().validate(&trained.network.valid(), &Silent).expect("whole");
    assert_eq!(kept.accuracy(), trained.best().validation_accuracy);
}

#[test]
fn a_training_that_diverges_ends_with_an_error() {
    let school = School::new(Settings { rate: 1e38, ..small() });
    let folder = tempfile::tempdir().expect("a folder");
    let origin = Metadata::new();
    let keeping = Keeping { folder: folder.path(), resume: false, origin: &origin };
    let device = device::cpu().autodiff();
    let (lesson, network) = (school.lesson(), school.network());
    let error = train(&lesson, network, &school.settings, keeping, &device, &mut Silent).err();
    let error = error.expect("weights of 1e38 give no finite loss");
    assert!(error.to_string().starts_with("training.rate: "), "{error}");
}

/// Asks to stop after some batches.
struct Impatient(usize);

impl Observer for Impatient {
    fn begin(&mut self, _: &str, _: u64) {}
    fn advance(&mut self, _: u64, _: &str) {
        self.0 = self.0.saturating_sub(1);
    }
    fn finish(&mut self, _: &str) {}
    fn note(&mut self, _: &str) {}
    fn stopping(&self) -> bool {
        self.0 == 0
    }
}

#[test]
fn a_training_stopped_in_the_middle_of_an_epoch_resumes_to_the_same_weights() {
    let school = School::new(small());
    let whole = school.train();
    let folder = tempfile::tempdir().expect("a folder");
    let device = device::cpu().autodiff();
    let go = |resume, observer: &mut dyn Observer| {
        let origin = Metadata::from([("corpus".to_owned(), "these reviews".to_owned())]);
        let keeping = Keeping { folder: folder.path(), resume, origin: &origin };
        train(&school.lesson(), school.network(), &small(), keeping, &device, observer)
    };
    for batches in [3, 5, 4] {
        let stopped = go(batches != 3, &mut Impatient(batches)).err().expect("stopped");
        assert!(stopped.is_stopped(), "{stopped}");
    }
    let other = Metadata::from([("corpus".to_owned(), "other reviews".to_owned())]);
    let keeping = Keeping { folder: folder.path(), resume: true, origin: &other };
    let lesson = school.lesson();
    let refused = train(&lesson, school.network(), &small(), keeping, &device, &mut Silent).err();
    assert!(refused.expect("refused").to_string().contains("corpus"), "another run's checkpoint");
    let parts = go(true, &mut Silent).expect("trained");
    let strip = |trained: &Trained<Sentiment>| -> Vec<training::Epoch> {
        trained.history.iter().map(|epoch| training::Epoch { seconds: 0.0, ..*epoch }).collect()
    };
    assert_eq!(strip(&whole), strip(&parts));
    let weights = noisescope::models::checkpoint::parameters::<Sentiment>;
    assert!(weights(&whole.network) == weights(&parts.network), "weights differ");
}

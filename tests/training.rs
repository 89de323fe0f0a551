//! The one training loop on small reviews: it learns, stops early, resumes, does not depend on how
//! batches are cut, follows the plain formulas, and keeps no more than it says.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::activation::{log_sigmoid, sigmoid};
use burn::tensor::{Device, Int, Tensor, TensorData};
use noisescope::datasets::{self, Corpus};
use noisescope::models::adam::Adam;
use noisescope::models::checkpoint::Metadata;
use noisescope::models::device;
use noisescope::models::lstm::Lstm;
use noisescope::models::sentiment::{
    Readout, Reviewing, Sentiment, Settings as Model, dropout_mask,
};
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

/// The same network written with Burn's tensors, step by step, its gradients Burn's.
#[derive(Module, Debug)]
struct Plain {
    embedding: Param<Tensor<2>>,
    kernel: Param<Tensor<2>>,
    recurrent: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    dense: Param<Tensor<2>>,
    dense_bias: Param<Tensor<1>>,
}

impl Plain {
    /// With the weights of `network`.
    fn new(network: &Sentiment, device: &Device) -> Self {
        let mut arrays = noisescope::models::checkpoint::parameters(network);
        let mut take = |name: &str| {
            let array = arrays.remove(name).unwrap_or_else(|| panic!("no {name}"));
            TensorData::new(array.values, array.shape)
        };
        let [embedding, kernel, recurrent, dense] =
            ["embedding", "lstm.kernel", "lstm.recurrent", "dense"]
                .map(&mut take)
                .map(|data| Param::from_tensor(Tensor::<2>::from_data(data, device)));
        let [bias, dense_bias] = ["lstm.bias", "dense_bias"]
            .map(take)
            .map(|data| Param::from_tensor(Tensor::<1>::from_data(data, device)));
        Self { embedding, kernel, recurrent, bias, dense, dense_bias }
    }

    /// The mean cross-entropy on `reviews`, with the inputs dropped that `draw` says.
    fn loss(&self, lesson: &Reviewing<'_>, reviews: &[usize], draw: u64) -> Tensor<1> {
        let device = self.bias.val().device();
        let batch = lesson.corpus.batch(reviews, lesson.settings.steps);
        let [_, inputs] = self.embedding.dims();
        let (rows, units) = (batch.rows, self.recurrent.dims()[0]);
        let shape = [rows, batch.steps, inputs];
        let ids = TensorData::new(batch.values.clone(), [rows * batch.steps]);
        let ids = Tensor::<1, Int>::from_data(ids, &device);
        let mask = dropout_mask(lesson.seed, draw, 0, [rows, inputs], lesson.settings.dropout);
        let x = self.embedding.val().select(0, ids).reshape(shape);
        let x = x * Tensor::from_data(mask, &device);
        let mut h = Tensor::<2>::zeros([rows, units], &device);
        let (mut c, mut read) = (h.clone(), h.clone());
        for step in 0..batch.steps {
            let x = x.clone().slice_dim(1, step..step + 1).reshape([rows, inputs]);
            let z = x.matmul(self.kernel.val()) + h.matmul(self.recurrent.val());
            let z = z + self.bias.val().unsqueeze();
            let gate = |at: usize| z.clone().slice_dim(1, at * units..(at + 1) * units);
            c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * gate(2).tanh();
            h = sigmoid(gate(3)) * c.clone().tanh();
            let ends = batch.lengths.iter().map(|length| f32::from(*length == step + 1));
            let ends = TensorData::new(ends.collect::<Vec<f32>>(), [rows, 1]);
            read = read + h.clone() * Tensor::from_data(ends, &device);
        }
        let logits = read.matmul(self.dense.val()) + self.dense_bias.val().unsqueeze();
        let sign =
            |review: &usize| if lesson.corpus.reviews[*review].label { 1.0f32 } else { -1.0 };
        let signs = TensorData::new(reviews.iter().map(sign).collect::<Vec<f32>>(), [rows]);
        log_sigmoid(logits.reshape([rows]) * Tensor::from_data(signs, &device)).mean().neg()
    }
}

fn learned<M: Module>(adam: &mut Adam, network: M, loss: Tensor<1>) -> (M, f64) {
    let mut gradients = GradientsParams::from_grads(loss.backward(), &network);
    (adam.step(network, &mut gradients), f64::from(loss.inner().into_scalar::<f32>()))
}

#[test]
fn the_losses_of_fifty_steps_are_those_of_the_plain_formulas() {
    let school = School::new(Settings { batch: 16, steps: 50, ..small() });
    let (lesson, device) = (school.lesson(), device::cpu().autodiff());
    let mut network = school.network();
    let mut plain = Plain::new(&network, &device);
    let (mut adam, mut of_plain) = (Adam::new(5e-3), Adam::new(5e-3));
    let (mut worst, mut losses) = (0.0f64, Vec::new());
    for batch in 0..50 {
        let (epoch, at) = (batch / lesson.batches(), batch % lesson.batches());
        let judged = lesson.learn(&network, epoch, at);
        let (next, loss) = learned(&mut adam, network, judged.loss);
        network = next;
        let plain_loss = plain.loss(&lesson, &lesson.reviews(epoch, at), batch as u64);
        let (next, expected) = learned(&mut of_plain, plain, plain_loss);
        plain = next;
        assert!((loss - expected).abs() < 1e-4, "step {batch}: {loss}, expected {expected}");
        worst = worst.max((loss - expected).abs());
        losses.push(loss);
    }
    println!("losses from {} to {} differ by at most {worst:.1e}", losses[0], losses[49]);
    assert!(losses[49] < 0.8 * losses[0], "it must have moved: {losses:?}");
}

/// Memory that the process holds, in bytes, where the system says (Linux).
fn held() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? << 10)
}

#[test]
fn at_most_eight_floats_per_unit_and_step_are_kept_for_the_backward_pass() {
    const NAME: &str = "at_most_eight_floats_per_unit_and_step_are_kept_for_the_backward_pass";
    if std::env::var_os("NOISESCOPE_KEPT").is_none() {
        // In a process of its own: other tests hold memory too.
        let this = std::env::current_exe().expect("a test is a program");
        let mut alone = std::process::Command::new(this);
        alone.args(["--exact", NAME, "--nocapture"]).env("NOISESCOPE_KEPT", "");
        assert!(alone.status().expect("it runs").success());
        return;
    }
    let (batch, steps, inputs, hidden) = (32, 500, 4, 128);
    let device = device::cpu().autodiff();
    let lstm = Lstm::new(inputs, hidden, 1, &device);
    let x = Tensor::<3>::ones([batch, steps, inputs], &device);
    // Threads and their scratch.
    drop(lstm.forward(x.clone().slice_dim(1, 0..2)));
    let Some(before) = held() else { return println!("the system does not say what is held") };
    let hidden_states = lstm.forward(x);
    let kept = (held().expect("as before") - before) as f64;
    let floats = kept / (size_of::<f32>() * batch * steps * hidden) as f64;
    println!("{floats:.2} floats per unit and step");
    // The states themselves are among them.
    assert!((5.5..8.0).contains(&floats), "{floats:.2} floats");
    drop(hidden_states.sum().backward());
}

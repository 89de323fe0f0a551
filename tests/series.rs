//! Sets of labelled time series: every form gives the same series, every bad input an error that
//! says where; the network on them learns, resumes to the bit and does not depend on how batches
//! are cut.
//!
//! Fixtures are made in temporary folders; the archive's sets are read where they lie (see
//! `common/data.rs`).

use std::f32::consts::TAU;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use noisescope::datasets::series::{self, Series, Set};
use noisescope::models::checkpoint::{Metadata, parameters};
use noisescope::models::device;
use noisescope::models::readout::Readout;
use noisescope::models::series::{Classifier, Classifying};
use noisescope::models::training::{Epoch, Keeping, Settings, Trained, train};
use noisescope::progress::{Observer, Silent};
use noisescope::signal::random;
use rand::RngExt;
use tempfile::TempDir;

#[path = "common/data.rs"]
mod data;
#[path = "series/program.rs"]
mod program;

const TRAIN: &str = "2\t0.5\t-1.5\t2\n-1\t1e-3\t3\t4\t5.25\n2\t1\n";
const TEST: &str = "-1\t7\t8\n2\t9\t10\t11\n";

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().expect("temporary folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("writable");
    }
    folder
}

fn read(path: &Path) -> Set {
    let files = series::find(path).expect("found").expect("a set");
    series::read(&files, false).unwrap_or_else(|error| panic!("{error:?}"))
}

fn expected() -> Vec<Series> {
    let series = |class, values: &[f32]| Series { values: values.to_vec(), class };
    vec![
        series(1, &[0.5, -1.5, 2.0]),
        series(0, &[1e-3, 3.0, 4.0, 5.25]),
        series(1, &[1.0]),
        series(0, &[7.0, 8.0]),
        series(1, &[9.0, 10.0, 11.0]),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).expect("in memory");
    packed.finish().expect("in memory")
}

#[test]
fn every_form_and_every_way_to_name_it_gives_the_same_series() {
    let commas = |text: &str| text.replace('\t', ",");
    let blanks = |text: &str| text.replace('\t', "  ").replace('\n', " \r\n") + "\n";
    // Labels as floats, as the first archives wrote them, and NaN where a series has ended.
    let padded = |text: &str| {
        let longest = text.lines().map(|line| line.split('\t').count()).max().unwrap_or(0);
        let line = |line: &str| {
            let (label, values) = line.split_once('\t').expect("a label");
            let gaps = "\tNaN".repeat(longest - line.split('\t').count());
            format!("{label}.0000000e+00\t{values}{gaps}\n")
        };
        text.lines().map(line).collect::<String>()
    };
    for (ending, train, test) in [
        (".tsv", TRAIN.into(), TEST.into()),
        (".tsv", padded(TRAIN).into_bytes(), padded(TEST).into_bytes()),
        (".tsv.gz", gzip(TRAIN.as_bytes()), gzip(TEST.as_bytes())),
        (".csv", commas(TRAIN).into_bytes(), commas(TEST).into_bytes()),
        (".txt", blanks(TRAIN).into_bytes(), blanks(TEST).into_bytes()),
        ("", commas(TRAIN).into_bytes(), commas(TEST).into_bytes()),
    ] {
        let [train_name, test_name] = ["TRAIN", "TEST"].map(|part| format!("Made_{part}{ending}"));
        let files: [(&str, &[u8]); 3] =
            [(&train_name, &train), (&test_name, &test), ("README.md", b"# Made")];
        let folder = folder(&files);
        for named in [train_name.as_str(), &test_name, "Made", ""] {
            let set = read(&folder.path().join(named));
            assert_eq!(set.series, expected(), "{ending:?} by {named:?}");
            assert_eq!((set.name.as_str(), set.training), ("Made", 3));
            assert_eq!(set.labels, [-1, 2]);
            assert_eq!(set.test(), 3..5);
        }
    }
}

#[test]
fn the_test_series_may_be_packed_otherwise_and_the_file_that_is_named_is_the_one_that_is_read() {
    let other = TRAIN.replace("0.5", "0.75");
    let folder = folder(&[
        ("A_TRAIN.tsv", TRAIN.as_bytes()),
        ("A_TRAIN.tsv.gz", &gzip(other.as_bytes())),
        ("A_TEST.tsv", TEST.as_bytes()),
    ]);
    assert_eq!(read(&folder.path().join("A_TRAIN.tsv")).series[0].values[0], 0.5);
    assert_eq!(read(&folder.path().join("A_TRAIN.tsv.gz")).series[0].values[0], 0.75);
}

#[test]
fn what_is_no_set_is_left_to_others() {
    let reviews = "label\ttext\n0\tdull\n1\tgreat\n";
    let folder = folder(&[
        ("reviews.tsv", reviews.as_bytes()),
        ("reviews_TRAIN.tsv", reviews.as_bytes()),
        ("bare.tsv", b"1\tgreat film\n0\tbad film\n"),
    ]);
    for name in ["reviews.tsv", "reviews_TRAIN.tsv", "bare.tsv", "nothing", "../nothing/at/all"] {
        assert_eq!(series::find(&folder.path().join(name)).expect(name), None, "{name}");
    }
    let empty = TempDir::new().expect("temporary folder");
    assert_eq!(series::find(empty.path()).expect("read"), None);
}

/// The error of reading these two files, with its remedy; without the folder.
fn refusal(train: &[u8], test: &[u8]) -> String {
    let folder = folder(&[("A_TRAIN.tsv", train), ("A_TEST.tsv", test)]);
    let files = series::find(&folder.path().join("A_TRAIN.tsv"));
    let read = files.and_then(|files| series::read(&files.expect("a set"), false));
    worded(read.expect_err("bad input"), folder.path())
}

fn worded(error: noisescope::error::Error, folder: &Path) -> String {
    assert!(error.remedy_text().is_some(), "no remedy: {error}");
    let text = format!("{error:?}");
    let inside = format!("{}/", folder.display());
    assert!(text.contains(&folder.display().to_string()), "no place: {text}");
    text.replace(&inside, "").replace(&folder.display().to_string(), "")
}

#[test]
fn bad_values_and_labels_are_refused_with_file_line_and_column() {
    let (train, test) = (TRAIN.as_bytes(), TEST.as_bytes());
    for (bad, expected) in [
        (
            "1\t2\n\n2\t3\tx4\n",
            "A_TRAIN.tsv, line 3, column 3: expected a finite number, found \"x4\"",
        ),
        ("1\t2\t1e39\n2\t3\n", "A_TRAIN.tsv, line 1, column 3: expected a finite number"),
        ("1\t2\n2\t-inf\n", "A_TRAIN.tsv, line 2, column 2: expected a finite number"),
        ("1\t2\tNaN\t4\tNaN\n", "A_TRAIN.tsv, line 1, column 3: expected a number between numbers"),
        ("1\t2\t\t4\n", "A_TRAIN.tsv, line 1, column 3: expected a number between numbers"),
        ("1\t2\n2\n", "A_TRAIN.tsv, line 2, column 2: expected a series, found a label alone"),
        ("1\t2\n2\tNaN\tNaN\n", "A_TRAIN.tsv, line 2, column 2: expected a series"),
        (
            "1\t2\n1.5\t2\n",
            "A_TRAIN.tsv, line 2, column 1: expected a label (a whole number), found \"1.5\"",
        ),
        ("1\t2\nNaN\t2\n", "A_TRAIN.tsv, line 2, column 1: expected a label"),
        (
            "1\t2\n\t2\n",
            "A_TRAIN.tsv, line 2, column 1: expected a label (a whole number), found \"\"",
        ),
        ("1\t2\none\t2\n", "A_TRAIN.tsv, line 2, column 1: expected a label"),
        (
            "1\t2\n1\t3\n",
            "A_TRAIN.tsv: expected series of at least two classes, found label 1 alone",
        ),
    ] {
        let error = refusal(bad.as_bytes(), test);
        assert!(error.starts_with(expected), "{bad:?}\n{error}\n{expected}");
    }
    let unknown = refusal(train, b"2\t1\n3\t1\n");
    let expected = "A_TEST.tsv, line 2, column 1: expected a label of the training series, found 3";
    assert!(unknown.starts_with(expected) && unknown.contains("-1, 2"), "{unknown}");
}

#[test]
fn damaged_empty_and_missing_files_are_refused_by_name() {
    let (train, test) = (TRAIN.as_bytes(), TEST.as_bytes());
    let empty = refusal(train, b"");
    assert!(empty.starts_with("A_TEST.tsv: expected time series, found an empty file"), "{empty}");
    let blank = refusal(train, b"\n \n");
    assert!(blank.starts_with("A_TEST.tsv: expected time series, found"), "{blank}");
    let comments = refusal(train, b"# nothing yet\n");
    assert!(comments.starts_with("A_TEST.tsv: expected time series, found none"), "{comments}");
    let many: String = (0..4000).map(|at| format!("{}\t{}\n", at % 2, at * 7919 % 4001)).collect();
    let packed = gzip(many.as_bytes());
    for (bytes, expected) in [
        (&packed[..packed.len() / 2], "A_TEST.tsv: expected more data, found the end"),
        (&packed[..3], "A_TEST.tsv: expected more data, found the end"),
        (&[0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], "A_TEST.tsv: expected an intact file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "A_TEST.tsv: expected time series, found a PNG image"),
    ] {
        let error = refusal(train, bytes);
        assert!(error.starts_with(expected), "{error}\n{expected}");
    }

    let alone = |name: &str| {
        let folder = folder(&[(name, train)]);
        let error = series::find(&folder.path().join(name)).expect_err("one file of two");
        worded(error, folder.path())
    };
    let no_test = "A_TRAIN.tsv: expected both files of a set, found no A_TEST.tsv";
    assert!(alone("A_TRAIN.tsv").starts_with(no_test), "{}", alone("A_TRAIN.tsv"));
    let no_train = "A_TEST.tsv: expected both files of a set, found no A_TRAIN.tsv";
    assert!(alone("A_TEST.tsv").starts_with(no_train), "{}", alone("A_TEST.tsv"));
    let unnamed = alone("mine.tsv");
    assert!(unnamed.contains("found a table of numbers by itself"), "{unnamed}");

    let two = folder(&[("A_TRAIN.tsv", train), ("A_TEST.tsv", test), ("B_TRAIN.tsv", train)]);
    let error = worded(series::find(two.path()).expect_err("two sets"), two.path());
    assert!(error.contains("expected one set of series, found A, B"), "{error}");
}

#[test]
fn a_series_is_normalised_where_that_is_asked_for() {
    let folder =
        folder(&[("A_TRAIN.tsv", b"1\t1\t2\t3\n2\t1e8\t1e8\n"), ("A_TEST.tsv", b"1\t10\t30\n")]);
    let files = series::find(folder.path()).expect("found").expect("a set");
    let set = series::read(&files, true).expect("read");
    assert_eq!(set.series[0].values, [-1.0, 0.0, 1.0]);
    assert_eq!(set.series[1].values, [0.0, 0.0], "it does not move");
    let half = 0.5f32.sqrt();
    assert_eq!(set.series[2].values, [-half, half]);
}

#[test]
fn parts_batches_and_the_majority_are_as_they_say() {
    let set =
        read(folder(&[("A_TRAIN.tsv", TRAIN.as_bytes()), ("A_TEST.tsv", TEST.as_bytes())]).path());
    let batch = set.batch(&[1, 2], 3);
    assert_eq!(batch.values, [1e-3, 3.0, 4.0, 1.0, 0.0, 0.0]);
    assert_eq!((batch.lengths, batch.rows, batch.steps), (vec![3, 1], 2, 3));
    assert_eq!((set.lengths(0..5), set.lengths(set.test())), ([1, 4], [2, 3]));
    assert_eq!(set.majority(), 0.5);
    assert!(set.split(0.1, 1).expect_err("no part").to_string().starts_with("corpus.validation"));

    let set = waves(60, 10);
    let (learned, held) = set.split(0.3, 1).expect("parted");
    let of =
        |part: &[usize], class| part.iter().filter(|&&at| set.series[at].class == class).count();
    assert_eq!((of(&learned, 0), of(&learned, 1)), (21, 21));
    assert_eq!((of(&held, 0), of(&held, 1)), (9, 9));
    let mut all = [learned.clone(), held].concat();
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<_>>(), "no test series is in either part");
    assert_ne!(learned, set.split(0.3, 2).expect("parted").0);
    let mut other = set.clone();
    other.series[3].class ^= 1;
    assert_ne!(set.fingerprint(), other.fingerprint());
}

/// Sines of two frequencies with random phases in some noise, 40 to 60 samples each.
fn waves(training: usize, test: usize) -> Set {
    let wave = |at: usize| {
        let class = at % 2;
        let mut chance = random::stream(5, "test/waves", at as u64);
        let (phase, length) = (chance.random_range(0.0..TAU), chance.random_range(40..60));
        let cycle = [0.05, 0.15][class];
        let value = |step| {
            (TAU * cycle * step as f32 + phase).sin() + 0.3 * chance.random_range(-1.0f32..1.0)
        };
        Series { values: (0..length).map(value).collect(), class }
    };
    let series = (0..training + test).map(wave).collect();
    let (name, source) = ("waves".to_owned(), "made up".to_owned());
    Set { name, source, labels: vec![0, 1], series, training }
}

struct School {
    set: Set,
    learned: Vec<usize>,
    held: Vec<usize>,
    settings: Settings,
    rows_at_once: usize,
}

impl School {
    fn new(set: Set, settings: Settings) -> Self {
        let (learned, held) = set.split(0.25, 3).expect("parted");
        Self { set, learned, held, settings, rows_at_once: usize::MAX }
    }

    fn lesson(&self) -> Classifying<'_> {
        Classifying {
            set: &self.set,
            training: &self.learned,
            validation: &self.held,
            settings: &self.settings,
            readout: Readout::LastToken,
            seed: 3,
            rows_at_once: self.rows_at_once,
        }
    }

    fn train_in(&self, folder: &Path, resume: bool, observer: &mut dyn Observer) -> Outcome {
        let device = device::cpu().autodiff();
        let origin = Metadata::new();
        let keeping = Keeping { folder, resume, origin: &origin };
        let network = Classifier::new(12, self.set.labels.len(), 3, &device);
        train(&self.lesson(), network, &self.settings, keeping, &device, observer)
    }

    fn train(&self) -> Trained<Classifier> {
        let folder = TempDir::new().expect("a folder");
        self.train_in(folder.path(), false, &mut Silent).expect("trained")
    }
}

type Outcome = noisescope::error::Result<Trained<Classifier>>;

fn small() -> Settings {
    Settings { epochs: 3, batch: 16, steps: 60, ..Settings::default() }
}

#[test]
fn two_frequencies_are_told_apart() {
    let school = School::new(waves(160, 100), Settings { epochs: 15, rate: 1e-2, ..small() });
    let trained = school.train();
    let test: Vec<usize> = school.set.test().collect();
    let network = trained.network.valid();
    let score = school.lesson().score(&network, &test, &Silent).expect("whole");
    println!("{:.3} of the test series right; {:?}", score.accuracy(), trained.best());
    assert_eq!(score.examples, 100);
    assert!(score.accuracy() > 0.9, "{}", score.accuracy());
    assert_eq!(school.set.majority(), 0.5);
}

#[test]
fn three_classes_start_at_chance_and_the_loss_is_the_cross_entropy() {
    let mut set = waves(60, 30);
    set.labels.push(7);
    (0..90).step_by(3).for_each(|at| set.series[at].class = 2);
    let school = School::new(set, small());
    let network = Classifier::new(12, 3, 3, &device::cpu());
    let test: Vec<usize> = school.set.test().collect();
    let batch = school.set.batch(&test, 60);
    let logits = network.logits(&batch, Readout::LastToken).into_data();
    let logits = logits.as_slice::<f32>().expect("f32");
    let (mut loss, mut right) = (0.0, 0);
    for (row, &series) in logits.chunks_exact(3).zip(&test) {
        let class = school.set.series[series].class;
        let sum: f64 = row.iter().map(|&logit| f64::from(logit).exp()).sum();
        loss += sum.ln() - f64::from(row[class]);
        right += u64::from(row.iter().all(|&logit| logit <= row[class]));
    }
    let score = school.lesson().score(&network, &test, &Silent).expect("whole");
    assert!((score.loss - loss).abs() < 1e-4 * loss, "{} and {loss}", score.loss);
    assert_eq!((score.right, score.examples), (right, 30));
}

#[test]
fn cutting_a_batch_changes_no_loss() {
    let mut school = School::new(waves(60, 4), small());
    let whole = school.train();
    school.rows_at_once = 5;
    let cut = school.train();
    for (whole, cut) in whole.history.iter().zip(&cut.history) {
        let difference = (whole.training_loss - cut.training_loss).abs();
        assert!(difference < 1e-4, "{whole:?}\n{cut:?}");
    }
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
fn a_training_that_was_stopped_resumes_to_the_same_weights() {
    let school = School::new(waves(60, 4), small());
    let whole = school.train();
    let folder = TempDir::new().expect("a folder");
    for (resume, batches) in [(false, 2), (true, 4)] {
        let stopped = school.train_in(folder.path(), resume, &mut Impatient(batches)).err();
        assert!(stopped.expect("stopped").is_stopped());
    }
    let parts = school.train_in(folder.path(), true, &mut Silent).expect("trained");
    let strip = |trained: &Trained<Classifier>| -> Vec<Epoch> {
        trained.history.iter().map(|epoch| Epoch { seconds: 0.0, ..*epoch }).collect()
    };
    assert_eq!(strip(&whole), strip(&parts));
    assert!(parameters(&whole.network) == parameters(&parts.network), "weights differ");
}

#[test]
fn sets_of_the_archive_have_their_known_sizes() {
    let Some(folder) = data::data("ucr") else { return };
    for (name, training, test, steps, labels) in [
        ("Earthquakes", 322, 139, 512, &[0, 1][..]),
        ("Worms", 181, 77, 900, &[1, 2, 3, 4, 5]),
        ("Computers", 250, 250, 720, &[1, 2]),
    ] {
        let path: PathBuf = folder.join(format!("{name}_TRAIN.tsv.gz"));
        let set = read(&path);
        assert_eq!((set.training, set.test().len()), (training, test), "{name}");
        assert_eq!(set.lengths(0..training + test), [steps, steps], "{name}");
        assert_eq!(set.labels, labels, "{name}");
        assert_eq!(set.series, read(&folder.join(name)).series, "{name}");
        println!("{}; {:.3} of the test series in the largest class", set.source, set.majority());
        // The archive's own normalisation is the same as ours, to its digits.
        let files = series::find(&path).expect("found").expect("a set");
        let normalised = series::read(&files, true).expect("read");
        let values =
            |set: &Set| set.series.iter().flat_map(|s| s.values.clone()).collect::<Vec<_>>();
        let apart = |(a, b): (&f32, &f32)| (a - b).abs() / a.abs().max(1.0);
        let worst = values(&set).iter().zip(&values(&normalised)).map(apart).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{name}: {worst}");
    }
    let error = series::find(&folder).expect_err("three sets");
    assert!(error.to_string().contains("Computers, Earthquakes, Worms"), "{error}");
}

//! The whole study against a network that was trained and recorded elsewhere
//! (`data/reference/lstm_imdb60.npz`, computed in float64): weights in, exponents and traces out.
//!
//! On the CPU and on a GPU adapter (a software one will do), as `Machine` opens them, so that the
//! order of gates, the layout of states, the labels of rows and the device shared with Burn are all
//! in it. Without an adapter the GPU part prints one line and passes; with `REQUIRE_GPU=1` it fails.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use noisescope::analysis::dfa;
use noisescope::datasets::{self, Corpus, Review};
use noisescope::experiments::machine::Machine;
use noisescope::experiments::one_over_f::{Quantity, Recording, Settings, Study};
use noisescope::experiments::outcome::Outcome;
use noisescope::experiments::run_folder::RunFolder;
use noisescope::gpu::device::Choice;
use noisescope::models::checkpoint::{self, Array, Arrays, Metadata};
use noisescope::models::sentiment::{Readout, Settings as Model};
use noisescope::models::training;
use noisescope::progress::Silent;
use npyz::Order;

/// Each of the two sequences stands this often in the corpus, so that both are validated.
const COPIES: usize = 6;
const UNITS: usize = 60;
const STEPS: usize = 500;

type Archive = npyz::npz::NpzArchive<std::io::BufReader<std::fs::File>>;

fn archive() -> Archive {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/reference/lstm_imdb60.npz");
    Archive::open(path).expect("the reference")
}

fn array<T: npyz::Deserialize + Copy>(name: &str) -> (Vec<T>, Vec<usize>) {
    let mut archive = archive();
    let file = archive.by_name(name).expect("readable").unwrap_or_else(|| panic!("no {name}"));
    let shape: Vec<usize> = file.shape().iter().map(|&length| length as usize).collect();
    let order = file.order();
    let values = file.into_vec::<T>().expect("of that type");
    if order == Order::C || shape.len() != 2 {
        return (values, shape);
    }
    let [rows, columns] = [shape[0], shape[1]];
    let turned = (0..rows * columns).map(|at| values[at % columns * rows + at / columns]);
    (turned.collect(), shape)
}

fn weights(path: &Path) {
    let names = [
        ("embedding", "embedding"),
        ("lstm.kernel", "kernel_ifgo"),
        ("lstm.recurrent", "recurrent_ifgo"),
        ("lstm.bias", "bias_ifgo"),
        ("dense", "dense"),
        ("dense_bias", "dense_bias"),
    ];
    let arrays: Arrays = names
        .map(|(ours, theirs)| {
            let (values, shape) = array::<f32>(theirs);
            (ours.to_owned(), Array { shape, values })
        })
        .into();
    checkpoint::write(path, &arrays, &Metadata::new()).expect("written");
}

fn corpus() -> Corpus {
    let (ids, _) = array::<i32>("ids");
    let (predictions, _) = array::<f64>("prediction");
    let reviews = (0..2 * COPIES).map(|index| {
        let ids = &ids[index % 2 * STEPS..][..STEPS];
        let tokens = ids.iter().map(|&id| u16::try_from(id).expect("an id")).collect();
        // Labelled as the reference network answers: ours must then be right on every review.
        Review { tokens, label: predictions[index % 2] > 0.5, place: index }
    });
    let reviews = reviews.collect();
    Corpus { source: "reference".to_owned(), synthetic: false, vocabulary: 4000, reviews }
}

/// Runs the study in `folder` on `choice`.
fn run(choice: Choice, folder: &Path) -> Outcome {
    let path = folder.join("reference.safetensors");
    weights(&path);
    let (windows, _) = array::<i64>("windows");
    let windows = windows.iter().map(|&size| size as usize).collect();
    let settings = Settings {
        seed: 3,
        device: choice,
        weights: Some(path),
        corpus: datasets::Settings { validation: 0.5, ..datasets::Settings::default() },
        model: Model { readout: Readout::AfterPadding, ..Model::default() },
        training: training::Settings { batch: 4, ..training::Settings::default() },
        recording: Recording { steps: STEPS, save_traces: true, ..Recording::default() },
        dfa: dfa::Settings { windows, ..dfa::Settings::default() },
    };
    let machine = Machine::open(choice).expect("opened");
    let folder = RunFolder::create(&folder.join(choice.to_string()), false).expect("new");
    let study = Study::of(&settings, corpus()).expect("enough reviews");
    study.run(&machine, &folder, false, &mut Silent).expect("ran")
}

/// beta by (quantity, review, unit), of the trained network's unit traces.
fn betas(folder: &Path) -> BTreeMap<(String, usize, usize), f64> {
    let mut table = csv::Reader::from_path(folder.join("exponents.csv")).expect("a table");
    let rows = table.records().map(|row| row.expect("a row"));
    rows.filter(|row| &row[0] == "trained" && &row[2] == "unit")
        .map(|row| {
            let number = |field: &str| field.parse::<usize>().expect("a number");
            ((row[1].to_owned(), number(&row[3]), number(&row[4])), row[6].parse().expect("beta"))
        })
        .collect()
}

/// The larger of two differences; NaN, once met, stays (`f64::max` would drop it).
fn larger(worst: f64, difference: f64) -> f64 {
    if worst.is_nan() || difference <= worst { worst } else { difference }
}

/// Holds one run to the reference; prints the largest differences.
fn hold(name: &str, outcome: &Outcome, folder: &Path) {
    assert_eq!(outcome.accuracy.validation, 1.0, "{name}: the readout answers otherwise");
    let examined = outcome.controls.iter().map(|control| control.traces + control.undefined);
    let units = [32, UNITS, UNITS, 32, UNITS, UNITS];
    assert_eq!(examined.collect::<Vec<_>>(), units.map(|units| COPIES * units), "{name}");
    for control in &outcome.controls {
        let of_units = outcome.exponents.iter().find(|entry| {
            (&entry.quantity, &entry.condition) == (&control.quantity, &control.condition)
                && entry.aggregation == "unit"
        });
        let of_units = of_units.and_then(|entry| entry.beta_mean).expect("defined");
        let same = (control.beta.mean.expect("defined") - of_units).abs() < 1e-12;
        assert!(same, "{name}: other traces of {} were examined", control.quantity);
    }
    let found = betas(folder);
    let reviews: Vec<usize> = {
        let mut reviews: Vec<usize> = Vec::new();
        let mut table = csv::Reader::from_path(folder.join("exponents.csv")).expect("a table");
        for row in table.records().map(|row| row.expect("a row")) {
            let review = row[3].parse().expect("a review");
            if !reviews.contains(&review) {
                reviews.push(review);
            }
        }
        reviews
    };
    assert_eq!(reviews.len(), COPIES, "half of the reviews are validated");
    for quantity in Quantity::ALL {
        let units = if quantity == Quantity::Input { 32 } else { UNITS };
        let (expected, _) = array::<f64>(&format!("beta_{}", quantity.name()));
        let mut worst = 0.0f64;
        for &review in &reviews {
            for unit in 0..units {
                let key = (quantity.name().to_owned(), review, unit);
                let difference = found[&key] - expected[review % 2 * units + unit];
                worst = larger(worst, difference.abs());
            }
        }
        let path = folder.join(format!("traces/trained-{}.npy", quantity.name()));
        let file = std::fs::File::open(path).expect("traces");
        let traces = npyz::NpyFile::new(file).expect("npy").into_vec::<f32>().expect("f32");
        let (wanted, _) = array::<f32>(&format!("trace_{}", quantity.name()));
        assert_eq!(traces.len(), reviews.len() * units * STEPS);
        let mut off = 0.0f64;
        for (index, &review) in reviews.iter().enumerate() {
            let ours = &traces[index * units * STEPS..][..units * STEPS];
            let theirs = &wanted[review % 2 * units * STEPS..][..units * STEPS];
            for (a, b) in ours.iter().zip(theirs) {
                off = larger(off, f64::from((a - b).abs()));
            }
        }
        println!("{name}: {}: traces within {off:.1e}, beta within {worst:.1e}", quantity.name());
        // Sums of 60 products in float32 over 500 steps; a trace that hardly moves turns the same
        // error into a larger one of beta.
        assert!(off <= 1e-5, "{name}: {} traces differ by {off:e}", quantity.name());
        assert!(worst <= 1e-4, "{name}: {} beta differs by {worst:e}", quantity.name());
    }
}

#[test]
fn a_nan_is_the_largest_difference() {
    assert!([0.1, f64::NAN, 0.2].into_iter().fold(0.0, larger).is_nan());
    assert_eq!([0.1, 0.3, 0.2].into_iter().fold(0.0, larger), 0.3);
}

#[test]
fn the_study_gives_the_reference_traces_and_exponents_on_every_device() {
    let home = tempfile::tempdir().expect("a folder");
    let cpu = run(Choice::Cpu, home.path());
    hold("CPU", &cpu, &home.path().join("cpu"));
    if common::adapter().is_none() {
        return;
    }
    let gpu = run(Choice::Gpu, home.path());
    hold("GPU", &gpu, &home.path().join("gpu"));
    let (cpu, gpu) = (betas(&home.path().join("cpu")), betas(&home.path().join("gpu")));
    let worst = cpu.iter().map(|(key, beta)| (beta - gpu[key]).abs()).fold(0.0, larger);
    println!("CPU against GPU: beta within {worst:.1e}");
    assert!(worst <= 1e-4);
}

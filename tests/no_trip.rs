//! Recorded states measured on the device where they lie: the stages that make traces of them each
//! against its twin, then the device's way against the way through host memory, to the bit but for
//! standard deviations and spectra, which the host has in float64.
//!
//! Place in the flow: rungs 3 and 4 of the rungs of trust, for `recording`. Without an adapter one
//! line is printed and the tests pass; with `REQUIRE_GPU=1` they fail.

mod common;

use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use common::device_against_twin::device_against_twin;
use common::{nothing, words};
use noisescope::analysis::dfa::{self, DfaPlan, Measured};
use noisescope::analysis::spectrum;
use noisescope::datasets::{self, Corpus, Review};
use noisescope::experiments::machine::Machine;
use noisescope::experiments::one_over_f::{Recording, Settings, Study};
use noisescope::experiments::outcome::Outcome;
use noisescope::experiments::readings::Readings;
use noisescope::experiments::run_folder::RunFolder;
use noisescope::gpu::{Choice, Engine};
use noisescope::models::checkpoint::{self, Array, Arrays, Metadata};
use noisescope::models::sentiment::Settings as Model;
use noisescope::models::{buffer, training};
use noisescope::progress::Observer;
use noisescope::recording::{
    self, Extent, OnDevice, population::PopulationStage, spread::SpreadStage, traces::TracesStage,
};
use noisescope::signal::{noise, random};
use rand::RngExt;

/// The three stages, each on what the twin before it wrote: columns `first..first + units` of
/// `shape`.
fn each_stage(engine: &Engine, shape: [usize; 3], first: usize, units: usize) {
    let what = format!("{shape:?}, {units} units from {first}");
    let extent = Extent::new(shape, first, units);
    let [reviews, steps, width] = shape;
    let block = words(&[extent]);
    let states = words(&noise::white(reviews * steps * width, 5, width as u64));
    let samples = extent.rows() * steps;
    let check = |stage, buffers: &[Vec<u32>]| device_against_twin(engine, stage, &what, buffers);
    let left = check(&TracesStage, &[block.clone(), states, nothing::<f32>(samples)]);
    let traces = left[2].clone();
    let means = nothing::<f32>(reviews * steps);
    check(&PopulationStage, &[block.clone(), traces.clone(), means]);
    check(&SpreadStage, &[block, traces, nothing::<f32>(extent.rows())]);
}

#[test]
fn each_stage_of_recording_is_its_twin() {
    let Some(engine) = common::engine() else { return };
    // About the 32 of a tile and the 64 lanes; one gate of four, and all columns.
    for units in [1, 31, 32, 33, 64, 65, 100] {
        for steps in [1, 31, 32, 33, 63, 64, 65, 199] {
            each_stage(&engine, [1, steps, units], 0, units);
            each_stage(&engine, [3, steps, 4 * units], 2 * units, units);
        }
    }
}

#[test]
fn the_grid_of_recording_goes_on_beyond_65_535_groups() {
    let Some(engine) = common::engine() else { return };
    for reviews in [65_535, 65_536, 65_541] {
        each_stage(&engine, [reviews, 2, 1], 0, 1);
    }
    // The means have a group per 64 steps.
    each_stage(&engine, [65_541, 64, 1], 0, 1);
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Fails unless both have the same bits.
#[track_caller]
fn same(what: &str, one: &Measured, other: &Measured) {
    assert_eq!(bits(&one.fluctuations), bits(&other.fluctuations), "{what}: F(n)");
    let exponents = |measured: &Measured| -> Vec<_> {
        let numbers = |e: &dfa::Exponent| (bits(&[e.alpha, e.intercept, e.stderr]), e.status);
        measured.exponents.iter().map(numbers).collect()
    };
    assert_eq!(exponents(one), exponents(other), "{what}: exponents");
    assert!(one.notes.is_empty() && other.notes.is_empty(), "{what}: {:?}", one.notes);
}

/// By how much the spectral beta of the two ways may differ: float32 against float64, at 120 to
/// 500 samples 2e-6 and less (`tests/spectra.rs`).
const SPECTRAL: f64 = 1e-5;

/// Fails unless both are alike, or for the same reason nothing.
#[track_caller]
fn alike(what: &str, one: &spectrum::Exponent, other: &spectrum::Exponent) {
    assert_eq!((one.status, one.bins), (other.status, other.bins), "{what}");
    if let (Some(one), Some(other)) = (one.beta(), other.beta()) {
        assert!((one - other).abs() <= SPECTRAL, "{what}: {one} for {other}");
    }
}

/// Measures the columns `first..first + units` of a tensor of `shape` both ways. In every second
/// review a unit is not finite.
///
/// The tensor is the last of several operations, dropped as soon as it was handed over, and others
/// of its size are filled before anything is read back: what Burn's pool hands on must not be seen.
fn both_ways(machine: &Machine, shape: [usize; 3], first: usize, units: usize, plan: &DfaPlan) {
    let dfa::Path::Gpu(engine) = &machine.path else { panic!("not on a device") };
    let what = format!("{shape:?}, {units} units from {first}");
    let [reviews, steps, width] = shape;
    // Steps first, as the last operation turns it: a tensor that is not contiguous.
    let mut values = noise::white(reviews * steps * width, 9, width as u64);
    for (at, value) in values.iter_mut().enumerate() {
        let (step, column) = (at / (reviews * width), at % width);
        let review = at / width % reviews;
        match column - first.min(column) {
            1 => *value = 0.25,
            2 if step == steps / 2 && review % 2 == 1 => *value = f32::NAN,
            _ => {}
        }
    }
    let data = TensorData::new(values, [steps, reviews, width]);
    let made = || Tensor::<3>::from_data(data.clone(), &machine.device).swap_dims(0, 1) * 0.5 + 0.1;
    let extent = Extent::new(shape, first, units);
    let recorded = buffer::with_buffer(made(), |states| OnDevice::new(engine, states, &extent));
    let others: Vec<Tensor<3>> =
        (0..4).map(|_| Tensor::ones(shape, &machine.device) * 7.0).collect();
    let stay = Readings::on_device(engine, &recorded.expect("handed over"), &extent, plan);
    let stay = stay.expect("measured");
    drop(others);

    let values = checkpoint_values(made());
    let traces = recording::traces::of(&values, &extent);
    let trip = Readings::of(&traces, &extent, &machine.path, plan).expect("measured");
    same(&format!("{what}, units"), &stay.unit, &trip.unit);
    same(&format!("{what}, population"), &stay.population, &trip.population);
    assert_eq!((stay.spectral.len(), trip.spectral.len()), (reviews, reviews), "{what}");
    for (one, other) in stay.spectral.iter().zip(&trip.spectral) {
        alike(&format!("{what}, spectral"), one, other);
    }
    assert_eq!(stay.spectral[0].status, spectrum::Status::Defined);
    for (one, other) in
        [(&stay.spreads, &trip.spreads), (&stay.population_spreads, &trip.population_spreads)]
    {
        for (a, e) in one.iter().zip(other) {
            let close = (a - e).abs() <= 1e-6 * e.abs() + 1e-7;
            assert!(close || (a.is_nan() && e.is_nan()), "{what}: spread {a} for {e}");
        }
    }
}

fn checkpoint_values(tensor: Tensor<3>) -> Vec<f32> {
    checkpoint::array_of(tensor).values
}

#[test]
fn states_that_stay_give_the_bits_of_states_that_travel() {
    if common::adapter().is_none() {
        return;
    }
    let machine = Machine::open(Choice::Gpu).expect("opened");
    for order in [1, 2] {
        let windows = vec![8, 16, 32];
        let settings = dfa::Settings { windows, order, ..dfa::Settings::default() };
        let plan = DfaPlan::new(131, &settings).expect("fits");
        both_ways(&machine, [5, 131, 7], 0, 7, &plan);
        both_ways(&machine, [5, 131, 148], 37, 37, &plan);
        both_ways(&machine, [1, 131, 5], 4, 1, &plan);
    }
}

#[test]
fn more_traces_than_a_batch_takes_are_cut() {
    if common::adapter().is_none() {
        return;
    }
    let machine = Machine::open(Choice::Gpu).expect("opened");
    let settings = dfa::Settings { windows: vec![16, 32, 64], ..dfa::Settings::default() };
    let steps = 300;
    let plan = DfaPlan::new(steps, &settings).expect("fits");
    let rows = dfa::chain::batch_rows(u64::MAX, &plan).expect("fits");
    both_ways(&machine, [17, steps, 512], 0, 512, &plan);
    assert!(17 * 512 > rows, "{rows} rows at once: nothing was cut");
}

const STEPS: usize = 120;
const VOCABULARY: usize = 50;

fn weights(path: &Path, model: &Model) {
    let (inputs, units) = (model.embedding, model.hidden);
    let shapes = [
        ("embedding", vec![VOCABULARY, inputs]),
        ("lstm.kernel", vec![inputs, 4 * units]),
        ("lstm.recurrent", vec![units, 4 * units]),
        ("lstm.bias", vec![4 * units]),
        ("dense", vec![units, 1]),
        ("dense_bias", vec![1]),
    ];
    let arrays: Arrays = shapes
        .map(|(name, shape)| {
            let values = noise::white(shape.iter().product(), 2, shape[0] as u64);
            let values = values.iter().map(|x| 0.3 * x).collect();
            (name.to_owned(), Array { shape, values })
        })
        .into();
    checkpoint::write(path, &arrays, &Metadata::new()).expect("written");
}

fn corpus() -> Corpus {
    let reviews = (0..160).map(|place| {
        let mut stream = random::stream(8, "tokens", place as u64);
        let tokens = (0..STEPS + place % 3).map(|_| stream.random_range(3..VOCABULARY as u16));
        Review { tokens: tokens.collect(), label: place % 2 == 0, place }
    });
    let reviews = reviews.collect();
    Corpus { source: "test".to_owned(), synthetic: true, vocabulary: VOCABULARY, reviews }
}

/// Fails where something is to be said: of states that went through host memory after all.
struct NoNotes;

impl Observer for NoNotes {
    fn begin(&mut self, _: &str, _: u64) {}
    fn advance(&mut self, _: u64, _: &str) {}
    fn finish(&mut self, _: &str) {}
    fn note(&mut self, line: &str) {
        assert!(!line.contains("host memory"), "{line}");
    }
}

/// Runs the study and gives its outcome and its table, without the standard deviations.
fn run(machine: &Machine, home: &Path, name: &str) -> (Outcome, Vec<Vec<String>>) {
    let path = home.join("made.safetensors");
    let model = Model { embedding: 10, hidden: 21, ..Model::default() };
    weights(&path, &model);
    let settings = Settings {
        seed: 3,
        device: Choice::Gpu,
        weights: Some(path),
        corpus: datasets::Settings { validation: 0.5, ..datasets::Settings::default() },
        model,
        training: training::Settings { batch: 4, steps: STEPS, ..training::Settings::default() },
        recording: Recording { steps: STEPS, reviews: 70, ..Recording::default() },
        dfa: dfa::Settings { windows: vec![5, 8, 12, 20, 30], ..dfa::Settings::default() },
    };
    let folder = RunFolder::create(&home.join(name), false).expect("new");
    let study = Study::of(&settings, corpus()).expect("enough reviews");
    let outcome = study.run(machine, &folder, false, &mut NoNotes).expect("ran");
    let table = std::fs::read_to_string(folder.file("exponents.csv")).expect("a table");
    let without = |line: &str| {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields.remove(8);
        fields
    };
    (outcome, table.lines().map(without).collect())
}

#[test]
fn the_study_gives_the_same_table_both_ways() {
    if common::adapter().is_none() {
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let mut machine = Machine::open(Choice::Gpu).expect("opened");
    let (stay, table) = run(&machine, home.path(), "stay");
    machine.through_host = true;
    let (trip, expected) = run(&machine, home.path(), "trip");
    // Two networks and two drives over 70 reviews, padding once; seven quantities: their units,
    // pooled, population, spectral.
    assert_eq!(table.len(), 1 + (4 * 70 + 1) * (10 + 6 * 21 + 7 * 3));
    for (mut line, mut expected) in table.into_iter().zip(expected) {
        if line[2] == "spectral" {
            // Nothing, where no unit moves: no number.
            let [one, other] = [&mut line, &mut expected].map(|fields| fields.remove(6));
            match (one.parse::<f64>(), other.parse::<f64>()) {
                (Ok(one), Ok(other)) => assert!((one - other).abs() <= SPECTRAL, "{line:?}"),
                _ => assert_eq!(one, other, "{line:?}"),
            }
        }
        assert_eq!(line, expected);
    }
    for (one, other) in stay.fluctuations.iter().zip(&trip.fluctuations) {
        assert_eq!(bits(&one.fluctuation), bits(&other.fluctuation), "{}", one.quantity);
    }
    for (one, other) in stay.utilisation.iter().zip(&trip.utilisation) {
        assert!((one.sd_mean - other.sd_mean).abs() < 1e-6, "{one:?} for {other:?}");
    }
}

#[test]
fn a_software_adapter_is_given_no_loops_that_it_would_cut_short() {
    let cpu = Machine::open(Choice::Cpu).expect("the CPU");
    assert!(cpu.check_loops(2_000, 512).is_ok());
    if common::adapter().is_none() {
        return;
    }
    let machine = Machine::open(Choice::Gpu).expect("opened");
    assert!(machine.check_loops(500, 60).is_ok(), "the default run");
    let software = machine.record.kind == "software adapter";
    assert_eq!(machine.check_loops(500, 128).is_err(), software);
}

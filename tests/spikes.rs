//! Spike trains: elephant's and numpy's numbers, known processes, what is undefined, and
//! `noisescope analyze --spikes` as a user meets it.
//!
//! Place in the flow: rung 2 of the rungs of trust, no GPU. References: `data/README.md`.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{Tolerance, assert_close, largest_apart};
use noisescope::analysis::spikes::{self, SpikeStatistics, Tally, fano_factor};
use noisescope::datasets::recordings;
use noisescope::signal::{SpikeTrains, random};
use rand_distr::{Distribution, Exp, Poisson};
use serde_json::Value;

/// Elephant's intervals are differences of times in seconds: a regular train's CV is 1e-13 there.
const REFERENCE: Tolerance = Tolerance {
    relative: 1e-12,
    absolute: 1e-12,
    scale: 1e-12,
    reason: "f64 of other codes; rounding of times in seconds is 8e-14 where the answer is 0",
};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/reference").join(name)
}

fn reference_trains() -> SpikeTrains {
    let read = recordings::read(&file("spikes.npy"), &Default::default()).expect("spikes.npy");
    SpikeTrains::from_traces(&read[0].traces, |row| read[0].names[row].clone()).expect("counts")
}

fn reference() -> Value {
    let text = std::fs::read_to_string(file("spikes.json")).expect("spikes.json");
    serde_json::from_str(&text).expect("JSON")
}

/// Compares with a list of the reference, `null` for `None`; gives the largest difference.
fn compare(what: &str, found: &[Option<f64>], expected: &Value) -> f64 {
    let expected: Vec<Option<f64>> =
        expected.as_array().expect("a list").iter().map(Value::as_f64).collect();
    let undefined = |x: &[Option<f64>]| x.iter().map(Option::is_none).collect::<Vec<_>>();
    assert_eq!(undefined(found), undefined(&expected), "{what}");
    let [found, expected] = [found, &expected].map(|x| x.iter().flatten().copied().collect());
    let (found, expected): (Vec<f64>, Vec<f64>) = (found, expected);
    assert_close(what, &found, &expected, &REFERENCE);
    largest_apart(&found, &expected)
}

#[test]
fn every_number_is_elephants() {
    let (trains, expected) = (reference_trains(), reference());
    let windows = [50, 100, 250];
    let found = spikes::measure(&trains, &windows).expect("they fit");
    let dt = expected["dt_s"].as_f64().expect("seconds");
    let column = |of: &dyn Fn(&SpikeStatistics) -> Option<f64>| -> Vec<Option<f64>> {
        found.iter().map(of).collect()
    };
    let check = |what: &str, of: &dyn Fn(&SpikeStatistics) -> Option<f64>, expected: &Value| {
        println!("{what}: largest difference {:.1e}", compare(what, &column(of), expected));
    };
    assert_eq!((trains.rows(), trains.bins()), (8, 2000));
    check("spikes", &|s| Some(s.spikes as f64), &expected["count"]);
    check("rate", &|s| Some(s.rate(dt)), &expected["mean_firing_rate_hz"]);
    for (at, window) in windows.iter().enumerate() {
        let name = window.to_string();
        check(&format!("Fano {name}"), &|s| s.fano()[at], &expected["fano_windowed"][&name]);
    }
    check("CV", &|s| s.cv, &expected["isi_cv"]);
    check("CV2", &|s| s.cv2, &expected["isi_cv2"]);
    check("LV", &|s| s.lv, &expected["isi_lv"]);
    let across = fano_factor(found[..5].iter().map(|s| s.spikes)).expect("defined");
    let known = expected["fano_across_first5_trains"].as_f64().expect("a number");
    assert!((across - known).abs() < 1e-12, "{across} {known}");
}

// ---- known answers ----

fn one(counts: Vec<u32>, windows: &[usize]) -> SpikeStatistics {
    let bins = counts.len();
    let trains = SpikeTrains::new(counts, bins).expect("one train");
    spikes::measure(&trains, windows).expect("they fit").remove(0)
}

/// A train whose intervals are drawn from a gamma distribution of whole `shape`, `mean` bins long:
/// Poisson for shape 1.
fn gamma_process(shape: u32, mean: f64, bins: usize) -> Vec<u32> {
    let mut generator = random::stream(1, "test/gamma", u64::from(shape));
    let waiting = Exp::new(f64::from(shape) / mean).expect("a rate");
    let (mut counts, mut time) = (vec![0; bins], 0.0);
    loop {
        time += (0..shape).map(|_| waiting.sample(&mut generator)).sum::<f64>();
        match counts.get_mut(time as usize) {
            Some(count) => *count += 1,
            None => return counts,
        }
    }
}

fn near(what: &str, found: Option<f64>, expected: f64, allowed: f64) {
    let found = found.unwrap_or(f64::NAN);
    assert!((found - expected).abs() < allowed, "{what}: {found} for {expected}");
}

#[test]
fn renewal_processes_have_their_irregularity() {
    // Intervals of 500 bins on average: bins are fine enough. 20,000 spikes.
    for shape in [1, 2, 5] {
        let found = one(gamma_process(shape, 500.0, 10_000_000), &[100_000]);
        let inverse = 1.0 / f64::from(shape);
        near("CV", found.cv, inverse.sqrt(), 0.02);
        // LV of a gamma process is 3 / (2·shape + 1) (Shinomoto et al. 2003).
        near("LV", found.lv, 3.0 / (2.0 * f64::from(shape) + 1.0), 0.03);
        // One hundred windows: a standard error of √2 / 10 of it.
        near("Fano", found.fano()[0], inverse, 0.6 * inverse);
        if shape == 1 {
            near("CV2", found.cv2, 1.0, 0.02);
        }
    }
}

#[test]
fn poisson_counts_have_a_fano_factor_of_one_in_every_window() {
    let mut generator = random::stream(2, "test/poisson", 0);
    let poisson = Poisson::new(0.7).expect("a mean");
    let counts = (0..1_000_000).map(|_| poisson.sample(&mut generator) as u32).collect();
    let windows = [1, 7, 100];
    for (window, fano) in windows.iter().zip(one(counts, &windows).fano()) {
        near("Fano", fano, 1.0, 4.0 * (2.0 * f64::from(*window as u32) / 1e6).sqrt());
    }
}

#[test]
fn a_coin_per_bin_has_a_fano_factor_of_one_less_p() {
    for p in [0.05, 0.5, 0.9] {
        let mut generator = random::stream(3, "test/coin", 0);
        let coin = rand_distr::Bernoulli::new(p).expect("a chance");
        let counts: Vec<u32> =
            (0..1_000_000).map(|_| u32::from(coin.sample(&mut generator))).collect();
        let found = one(counts, &[1, 100]);
        let share = found.rate(1.0);
        near("Fano of a bin, exactly", found.fano()[0], 1.0 - share, 1e-12);
        near("Fano", found.fano()[1], 1.0 - p, 5.0 * (1.0 - p) * (2e-4f64).sqrt());
        near("CV", found.cv, (1.0 - p).sqrt(), 0.01);
    }
}

#[test]
fn a_regular_train_is_exactly_regular() {
    for step in [1, 3, 25] {
        let counts = (0..2000u32).map(|i| u32::from(i.is_multiple_of(step))).collect();
        let found = one(counts, &[step as usize, 75]);
        assert_eq!((found.cv, found.cv2, found.lv), (Some(0.0), Some(0.0), Some(0.0)));
        assert_eq!(found.fano(), [Some(0.0), Some(0.0)]);
    }
}

#[test]
fn what_is_undefined_is_none() {
    let found = one(vec![0; 100], &[1, 50]);
    assert_eq!((found.spikes, found.rate(0.001)), (0, 0.0));
    assert_eq!((found.fano(), found.cv, found.cv2, found.lv), (vec![None; 2], None, None, None));
    // The only spike lies behind the last whole window.
    let mut counts = vec![0; 100];
    counts[99] = 1;
    assert_eq!(one(counts, &[33, 50]).fano(), [None, Some(1.0 / 2.0)]);
    let trains = SpikeTrains::new(vec![1; 100], 100).expect("one train");
    for wrong in [0, 51] {
        assert!(spikes::measure(&trains, &[10, wrong]).is_err(), "{wrong}");
    }
}

#[test]
fn a_batch_gives_what_each_train_gives() {
    let trains = reference_trains();
    let together = spikes::measure(&trains, &[50]).expect("they fit");
    for (row, found) in together.iter().enumerate() {
        assert_eq!(*found, one(trains.row(row).to_vec(), &[50]));
    }
}

// ---- units whose activations come in batches ----

#[test]
fn batches_of_activations_give_what_whole_trains_give() {
    let (units, steps, windows) = (1029, 1000, [1, 32, 100, 333, 999]);
    let activations = common::spikes::activations(units, steps);
    let trains = common::spikes::trains(&activations, units);
    let expected = spikes::measure(&trains, &windows[..4]).expect("they fit");
    for batch in [1, 31, 32, 33, 128, 1000] {
        let mut tally = Tally::new(None, units, &windows, 0.0).expect("made");
        for batch in activations.chunks(batch * units) {
            tally.add(batch).expect("added");
        }
        let found = tally.finish().expect("finished");
        for (unit, (found, expected)) in found.iter().zip(&expected).enumerate() {
            common::spikes::same_spikes(
                &format!("batches of {batch}, unit {unit}"),
                found,
                expected,
            );
            assert_eq!((found.counts[4].windows, found.fano()[4]), (1, None));
        }
    }
    // A train that nothing ever ends, and no unit, are no trouble.
    assert!(Tally::new(None, 0, &[5], 0.0).expect("made").finish().expect("none").is_empty());
    for wrong in [0, 1 << 31] {
        assert!(Tally::new(None, 3, &[wrong], 0.0).is_err(), "{wrong}");
    }
}

// ---- the command ----

fn analyze(arguments: &[&str], home: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_noisescope"))
        .args(["analyze", "--spikes"])
        .args(arguments)
        .current_dir(home)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_command_gives_the_reference_as_table_json_and_csv() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::copy(file("spikes.npy"), home.path().join("spikes.npy")).expect("copied");
    let arguments = ["spikes.npy", "--bin", "0.001", "--fano-windows", "50,250"];
    let output = analyze(&[&arguments[..], &["--json", "--csv", "out.csv"]].concat(), home.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (trains, expected) = (json["trains"].as_array().expect("a list"), reference());
    let column = |of: &dyn Fn(&Value) -> &Value| -> Vec<Option<f64>> {
        trains.iter().map(|train| of(train).as_f64()).collect()
    };
    compare("rate", &column(&|train| &train["rate"]), &expected["mean_firing_rate_hz"]);
    compare("Fano", &column(&|train| &train["fano"][1]), &expected["fano_windowed"]["250"]);
    compare("LV", &column(&|train| &train["lv"]), &expected["isi_lv"]);
    assert_eq!(
        (&trains[5]["flags"][0], &trains[7]["flags"][0]),
        (&"silent".into(), &"always-on".into())
    );
    let table = std::fs::read_to_string(home.path().join("out.csv")).expect("written");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 9);
    assert!(lines[0].ends_with("rate_hz,fano_50,fano_250,cv,cv2,lv,flags"), "{}", lines[0]);
    assert!(lines[6].ends_with(",2000,0.001,0,0,0,,,,,,silent"), "{}", lines[6]);
    let shown = text(&analyze(&arguments, home.path()).stdout);
    assert!(shown.contains("rate/Hz") && shown.contains("Fano 250"), "{shown}");
    // Without the width of a bin there is no rate in Hz, and no claim of one.
    let output = analyze(&["spikes.npy", "--json"], home.path());
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(json["trains"][0]["rate"].is_null());
    assert_eq!(json["trains"][0]["per_bin"].as_f64(), Some(0.02));
    assert_eq!(json["trains"][0]["fano_windows"], serde_json::json!([1, 10, 100]));
}

#[test]
fn a_gpu_gives_the_same_table_and_says_what_it_cannot_count() {
    if common::adapter().is_none() {
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let cell = |row: usize, unit: usize| usize::from((row * row + 3 * unit).is_multiple_of(5));
    let line = |row| (0..4).map(|unit| cell(row, unit).to_string()).collect::<Vec<_>>().join(",");
    let binary: Vec<String> = (0..300).map(line).collect();
    std::fs::write(home.path().join("binary.csv"), binary.join("\n")).expect("written");
    std::fs::write(home.path().join("counts.csv"), "a,b\n0,1\n1,2\n0,0\n0,1\n").expect("written");
    for (file, words) in [("binary.csv", "computing on"), ("counts.csv", "the CPU counts them")] {
        let [cpu, gpu] =
            ["cpu", "gpu"].map(|device| analyze(&[file, "--device", device], home.path()));
        assert!(gpu.status.success(), "{}", text(&gpu.stderr));
        assert_eq!(text(&cpu.stdout), text(&gpu.stdout));
        assert!(text(&gpu.stderr).contains(words), "{}", text(&gpu.stderr));
    }
}

#[test]
fn many_trains_are_summarised() {
    let home = tempfile::tempdir().expect("a folder");
    let cell = |row: usize, unit: usize| ((row * 7 + unit).is_multiple_of(unit + 2)) as usize;
    let lines: Vec<String> = (0..200)
        .map(|row| (0..50).map(|unit| cell(row, unit).to_string()).collect::<Vec<_>>().join(","))
        .collect();
    std::fs::write(home.path().join("units.csv"), lines.join("\n")).expect("written");
    let shown = text(&analyze(&["units.csv"], home.path()).stdout);
    assert!(shown.contains("50 trains, 7 silent, 0 always-on"), "{shown}");
    assert!(shown.contains("quantile") && shown.contains("per bin"), "{shown}");
}

#[test]
fn bad_input_ends_with_one_error_and_its_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(home.path().join(name), text).expect("written");
    };
    write("counts.csv", "a,b\n0,1\n1,2\n0,0\n0,1\n");
    write("volts.csv", "a,b\n0,1\n1,2.5\n");
    let cases: [(&[&str], &str); 6] = [
        (&["volts.csv"], "volts.csv:b, bin 1"),
        (&["counts.csv", "--fano-windows", "3"], "counts.csv"),
        (&["counts.csv", "--fano-windows", "0"], "counts.csv"),
        (&["counts.csv", "--bin", "0"], "--bin"),
        (&["counts.csv", "--bin", "nan"], "--bin"),
        (&["counts.csv", "--device", "tpu"], "--device"),
    ];
    for (arguments, word) in cases {
        let output = analyze(arguments, home.path());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{said}");
        assert!(said.contains(word) && said.contains("help:"), "{arguments:?}\n{said}");
    }
    let together = analyze(&["counts.csv", "--windows", "8,16"], home.path());
    assert_eq!(together.status.code(), Some(2));
    assert!(text(&together.stderr).contains("cannot be used with"), "{}", text(&together.stderr));
}

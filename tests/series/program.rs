//! The whole study on a set of series, as a user runs it: settings of its own, words of its own.

use std::fs;
use std::path::Path;

use noisescope::datasets::series::{Series, Set};
use tempfile::TempDir;

use super::waves;

/// A set in `folder` as the program is given it.
fn write(set: &Set, folder: &Path) {
    for (part, series) in [("TRAIN", 0..set.training), ("TEST", set.test())] {
        let line = |series: &Series| {
            let values: String = series.values.iter().map(|value| format!("\t{value}")).collect();
            format!("{}{values}\n", set.labels[series.class])
        };
        let lines: String = set.series[series].iter().map(line).collect();
        fs::write(folder.join(format!("Waves_{part}.tsv")), lines).expect("writable");
    }
}

fn program(arguments: &[&str], home: &Path) -> std::process::Output {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_noisescope"));
    program.args(["run", "one-over-f", "--device", "cpu", "--data"]).args(arguments);
    program.current_dir(home).output().expect("the program starts")
}

fn summary(run: &Path) -> serde_json::Value {
    let text = fs::read_to_string(run.join("summary.json")).expect("readable");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_program_studies_a_set_with_settings_of_its_own() {
    let home = TempDir::new().expect("a folder");
    let mut set = waves(60, 20);
    for series in &mut set.series {
        series.values = series.values.repeat(2); // 80 to 118 samples.
    }
    set.labels = vec![-1, 1];
    write(&set, home.path());
    let arguments = ["Waves_TRAIN.tsv", "--hidden", "5", "--epochs", "3", "--save-traces"];
    let output = program(&[&arguments[..], &["--out", "a"]].concat(), home.path());
    let [shown, said] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{shown}\n{said}");
    for word in ["Waves_TEST.tsv", "of the test series", "time steps", "most frequent in training"]
    {
        assert!(shown.contains(word), "no `{word}` in\n{shown}");
    }
    for word in ["review", "token", "IMDb", "embedding"] {
        assert!(!shown.contains(word) && !said.contains(word), "`{word}` in\n{shown}\n{said}");
    }

    let found = summary(&home.path().join("a"));
    let [shortest, _] = set.lengths(set.test());
    assert_eq!(found["recording"]["steps"], shortest);
    assert_eq!([&found["recording"]["components"], &found["recording"]["reviews"]], [1, 20]);
    assert_eq!(found["corpus"]["series"]["labels"], serde_json::json!([-1, 1]));
    assert_eq!(found["corpus"]["series"]["choosing"], 18);
    assert_eq!(found["corpus"]["training_reviews"], 42);
    let settings: toml::Table =
        found["settings"].as_str().expect("text").parse().expect("settings");
    assert_eq!(settings["training"]["steps"].as_integer(), Some(set.lengths(0..60)[1] as i64));
    assert_eq!(settings["training"]["batch"].as_integer(), Some(30));
    let windows = settings["dfa"]["windows"].as_array().expect("a list");
    assert_eq!(windows.last().and_then(|last| last.as_integer()), Some(shortest as i64 / 4));
    // Each of the seven quantities before and after training, one trace per series and unit.
    let table = fs::read_to_string(home.path().join("a/exponents.csv")).expect("readable");
    let rows = |start: &str| table.lines().filter(|line| line.starts_with(start)).count();
    for condition in ["trained", "untrained", "shuffled", "random"] {
        assert_eq!(rows(&format!("{condition},input,unit,")), 20, "{condition}");
        for quantity in ["f", "i", "o", "candidate", "cell", "hidden"] {
            assert_eq!(rows(&format!("{condition},{quantity},unit,")), 100, "{condition}");
        }
    }
    // The recorded input is the test file's series.
    let npy = fs::read(home.path().join("a/traces/trained-input.npy")).expect("traces");
    let traces = npyz::NpyFile::new(npy.as_slice()).expect("an array").into_vec::<f32>();
    let first = &set.series[60].values[..shortest];
    assert_eq!(&traces.expect("numbers")[..shortest], first);

    // The weights alone, on shorter traces: the same accuracy, windows for that length.
    let again = ["Waves", "--weights", "a/best.safetensors", "--record-steps", "64", "--out", "b"];
    let output = program(&again, home.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let measured = summary(&home.path().join("b"));
    assert_eq!(measured["accuracy"], found["accuracy"]);
    assert_eq!(measured["fluctuations"][0]["windows"], serde_json::json!([10, 12, 14, 16]));

    for (arguments, expected) in [
        (&["Waves", "--reviews", "10"][..], "corpus.reviews"),
        (&["Waves", "--steps", "1000"], "training.steps"),
        (&["Waves", "--record-steps", "1000", "--windows", "8,16,32"], "recording.steps"),
        (&["Waves", "--record-steps", "40"], "dfa.windows"),
        (&["Waves", "--batch", "43"], "training.batch"),
    ] {
        let output = program(&[arguments, &["--out", "c"]].concat(), home.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

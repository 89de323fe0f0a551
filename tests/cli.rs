//! The program as a user meets it: exit codes, messages, run folders, stop and resume.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A run of a few seconds: 60 built-in reviews of 64 tokens, five units, on the CPU.
const SMALL: [&str; 22] = [
    "--device",
    "cpu",
    "--reviews",
    "60",
    "--steps",
    "64",
    "--record-steps",
    "64",
    "--hidden",
    "5",
    "--epochs",
    "2",
    "--batch",
    "16",
    "--record-reviews",
    "4",
    "--windows",
    "4,6,8,12,16",
    "--set",
    "model.embedding=6",
    "--set",
    "training.patience=0",
];

fn noisescope(arguments: &[&str], home: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_noisescope"))
        .args(arguments)
        .current_dir(home)
        .output()
        .expect("the program starts")
}

fn run(arguments: &[&str], home: &Path) -> Output {
    let mut all = vec!["run", "one-over-f"];
    all.extend(SMALL);
    all.extend(arguments);
    noisescope(&all, home)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeed(output: &Output) {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_run_leaves_its_folder_and_its_settings_repeat_it_bit_for_bit() {
    let home = tempfile::tempdir().expect("a folder");
    let first = run(&["--save-traces"], home.path());
    succeed(&first);
    let shown = text(&first.stdout);
    for word in ["hidden", "population", "SYNTHETIC", "report.html"] {
        assert!(shown.contains(word), "no `{word}` in\n{shown}");
    }
    let folder = home.path().join("runs/one-over-f-1");
    let summary: serde_json::Value =
        serde_json::from_str(&read(folder.join("summary.json"))).expect("JSON");
    assert_eq!(summary["experiment"], "one-over-f");
    assert_eq!(summary["device"]["kind"], "cpu");
    assert!(summary["accuracy"]["validation"].is_f64());
    let exponents = summary["exponents"].as_array().expect("a list");
    // Two networks and three drives by seven quantities, two kept epochs by three; all by four
    // aggregations.
    assert_eq!(exponents.len(), (5 * 7 + 2 * 3) * 4);
    let rows = read(folder.join("exponents.csv")).lines().count();
    let of_reviews = |reviews: usize, layers: usize| reviews * (6 + 3 + layers * (5 + 3));
    assert_eq!(rows, 1 + 4 * of_reviews(4, 6) + of_reviews(1, 6) + 2 * of_reviews(4, 2));
    for epoch in ["epochs/0001.safetensors", "epochs/0002.safetensors"] {
        assert!(folder.join(epoch).is_file(), "{epoch}");
    }
    assert_eq!(read(folder.join("reviews.csv")).lines().count(), 1 + 4);
    assert_eq!(read(folder.join("metrics.jsonl")).lines().count(), 2);
    assert!(read(folder.join("report.html")).contains("</html>"));
    let npy = std::fs::read(folder.join("traces/trained-hidden.npy")).expect("traces");
    assert!(npy.len() > 4 * 5 * 64 * 4);

    let settings = folder.join("settings.toml");
    let settings = settings.to_str().expect("UTF-8");
    succeed(&noisescope(&["run", "one-over-f", "--settings", settings], home.path()));
    let again = home.path().join("runs/one-over-f-2");
    for file in ["exponents.csv", "best.safetensors", "settings.toml"] {
        let bytes = |folder: &Path| std::fs::read(folder.join(file)).expect("written");
        assert!(bytes(&folder) == bytes(&again), "{file} differs in the repeated run");
    }
}

/// Starts a long run in `home/parts` and interrupts it after a few epochs.
#[cfg(unix)]
fn interrupted(long: &[&str], home: &Path) {
    let mut arguments = vec!["run", "one-over-f"];
    arguments.extend(SMALL);
    arguments.extend(long);
    arguments.extend(["--out", "parts"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_noisescope"))
        .args(&arguments)
        .current_dir(home)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let metrics = home.join("parts/metrics.jsonl");
    let lines = || std::fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
    while lines() < 3 {
        assert!(child.try_wait().expect("a child").is_none(), "the run ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signal.expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("--resume"), "{said}");
    assert!(lines() < 120, "the run was over before the signal came");
}

#[cfg(unix)]
#[test]
fn a_stopped_run_resumes_to_the_same_end_from_any_folder_and_past_a_full_disk() {
    let home = tempfile::tempdir().expect("a folder");
    // Long enough (thousands of batches) that the signal comes in the middle.
    let long: &[&str] = &["--epochs", "120", "--batch", "2"];
    succeed(&run(&[long, &["--out", "whole"]].concat(), home.path()));
    interrupted(long, home.path());
    let parts = home.path().join("parts");
    let resume = ["run", "one-over-f", "--resume", parts.to_str().expect("UTF-8")];

    let changed = noisescope(&[&resume[..], &["--hidden", "6"]].concat(), home.path());
    assert_eq!(changed.status.code(), Some(2), "{}", text(&changed.stderr));

    // /dev/full takes nothing: the next checkpoint meets what it would meet on a full disk.
    let partial = parts.join("checkpoint.safetensors.partial");
    std::os::unix::fs::symlink("/dev/full", &partial).expect("linked");
    let kept = std::fs::read(parts.join("checkpoint.safetensors")).expect("a checkpoint");
    let full = noisescope(&resume, home.path());
    let said = text(&full.stderr);
    assert_eq!(full.status.code(), Some(2), "{said}");
    assert!(said.contains("checkpoint.safetensors") && said.contains("--out"), "{said}");
    assert!(!partial.exists(), "what could not be finished is removed");
    assert!(std::fs::read(parts.join("checkpoint.safetensors")).expect("kept") == kept);

    let elsewhere = tempfile::tempdir().expect("a folder");
    succeed(&noisescope(&resume, elsewhere.path()));
    for file in ["exponents.csv", "best.safetensors"] {
        let bytes =
            |folder: &str| std::fs::read(home.path().join(folder).join(file)).expect("file");
        assert!(bytes("whole") == bytes("parts"), "{file} differs after the resume");
    }
    let summary = read(parts.join("summary.json"));
    let again = noisescope(&resume, home.path());
    assert_eq!(again.status.code(), Some(2), "a finished run is not resumed");
    assert!(text(&again.stderr).contains("finished"), "{}", text(&again.stderr));
    assert_eq!(read(parts.join("summary.json")), summary);
}

/// Runs, expects exit code 2 and a message with all of `words`.
fn refused(arguments: &[&str], home: &Path, words: &[&str]) {
    let output = run(arguments, home);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: no `{word}` in\n{said}");
    }
}

#[test]
fn bad_input_ends_with_one_error_that_names_place_and_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.join(name), bytes).expect("written");
    write("label.csv", b"label,text\n1,good film\nmaybe,bad film\n");
    write("empty.csv", b"label,text\n1,good film\n0,\n");
    write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    write("broken.tar.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken");
    write("settings.toml", b"[training]\nepoch = 3\n");
    write("file", b"");

    refused(&["--data", "nowhere.csv"], home, &["nowhere.csv", "help:"]);
    refused(&["--data", "label.csv"], home, &["label.csv", "maybe", "help:"]);
    refused(&["--data", "empty.csv"], home, &["empty.csv", "help:"]);
    refused(&["--data", "picture.png"], home, &["picture.png", "PNG", "help:"]);
    refused(&["--data", "broken.tar.gz"], home, &["broken.tar.gz", "help:"]);
    refused(&["--batch", "64"], home, &["training.batch", "42", "help:"]);
    refused(
        &["--record-steps", "100000", "--set", "dfa.windows=[10,20,40]"],
        home,
        &["recording.steps", "100000", "help:"],
    );
    refused(&["--set", "dfa.windows=[4,8,80]"], home, &["dfa.windows", "80", "help:"]);
    refused(&["--set", "dfa.windows=[8,8,16]"], home, &["dfa.windows", "help:"]);
    refused(&["--hidden", "0"], home, &["model.hidden", "0", "help:"]);
    refused(&["--hidden", "513"], home, &["model.hidden", "513", "help:"]);
    refused(&["--quantities", "soul"], home, &["soul", "help:"]);
    refused(&["--quantities", "hidden,hidden"], home, &["recording.quantities", "help:"]);
    refused(&["--steps", "1000000000"], home, &["training.steps", "1000000000", "help:"]);
    refused(&["--data", "nowhere.csv", "--out", "new"], home, &["nowhere.csv"]);
    assert!(!home.join("new").exists(), "a run that could not begin leaves no folder");
    refused(&["--settings", "settings.toml"], home, &["settings.toml", "epoch", "help:"]);
    refused(&["--preset", "fast"], home, &["--preset", "fast", "help:"]);
    refused(&["--device", "abacus"], home, &["abacus", "help:"]);
    refused(&["--out", "file"], home, &["file", "help:"]);
    refused(&["--weights", "none.safetensors"], home, &["none.safetensors", "help:"]);
    refused(&["--weights", "picture.png"], home, &["picture.png", "help:"]);
}

#[test]
fn an_earlier_run_is_overwritten_only_by_force() {
    let home = tempfile::tempdir().expect("a folder");
    succeed(&run(&["--out", "kept"], home.path()));
    let before = read(home.path().join("kept/summary.json"));
    refused(&["--out", "kept"], home.path(), &["kept", "another run", "--force"]);
    assert_eq!(read(home.path().join("kept/summary.json")), before);
    refused(&["--out", "kept", "--force", "--data", "nowhere.csv"], home.path(), &["nowhere.csv"]);
    refused(
        &["--out", "kept", "--force", "--weights", "kept/best.safetensors"],
        home.path(),
        &["best.safetensors", "--force"],
    );
    assert_eq!(read(home.path().join("kept/summary.json")), before);
    succeed(&run(&["--out", "kept", "--force", "--seed", "9"], home.path()));
    assert!(read(home.path().join("kept/settings.toml")).contains("seed = 9"));
}

#[test]
fn trained_weights_are_measured_again_with_the_reviews_and_the_seed_of_their_training() {
    let home = tempfile::tempdir().expect("a folder");
    succeed(&run(&["--out", "first", "--seed", "7"], home.path()));
    let measure = ["--device", "cpu", "--record-steps", "64", "--record-reviews", "4"];
    let windows = ["--windows", "4,6,8,12,16", "--weights", "first/best.safetensors"];
    let head = ["run", "one-over-f", "--out", "second"];
    let output = noisescope(&[&head[..], &measure, &windows].concat(), home.path());
    succeed(&output);
    // Measured weights have no course of training.
    let table = |folder: &str| -> Vec<String> {
        let table = read(home.path().join(folder).join("exponents.csv"));
        let lines = table.lines().filter(|line| !line.starts_with("epoch"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(table("first"), table("second"));
    let shown = text(&output.stdout);
    assert!(shown.contains("weights of") && shown.contains("seed 7"), "{shown}");
    refused(
        &["--hidden", "6", "--weights", "first/best.safetensors"],
        home.path(),
        &["best.safetensors", "lstm", "help:"],
    );
    assert!(!home.path().join("runs").exists(), "a run that could not begin leaves no folder");
    let settings = home.path().join("first/settings.toml");
    let settings = settings.to_str().expect("a path");
    let output = noisescope(&["run", "spike-trains", "--settings", settings], home.path());
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("run one-over-f"), "{said}");
}

#[test]
fn doctor_says_what_auto_would_take() {
    let home = tempfile::tempdir().expect("a folder");
    let output = noisescope(&["doctor"], home.path());
    succeed(&output);
    let shown = text(&output.stdout);
    for choice in
        ["--device auto  computing on", "--device gpu ", "--device cpu   computing on the CPU"]
    {
        assert!(shown.contains(choice), "no `{choice}` in\n{shown}");
    }
}

#[test]
fn the_bench_of_a_device_is_json_with_its_share_of_the_floor() {
    if common::adapter().is_none() {
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    let output = noisescope(&["doctor", "--bench", "--json"], home.path());
    succeed(&output);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    assert_eq!((number(&found["samples"]), number(&found["order"])), (4096.0, 1.0));
    let windows = found["windows"].as_array().expect("a list");
    assert_eq!((windows.len(), &windows[0], &windows[19]), (20, &8.into(), &1024.into()));
    let texts = ["version", "backend", "driver"].map(|name| found[name].as_str().expect("a text"));
    assert!(texts.iter().all(|text| !text.is_empty()), "{texts:?}");
    assert!(number(&found["limits"]["largest_binding"]) >= 1e8, "{found}");
    let software = found["device"].as_str().expect("a name").contains("software adapter");
    assert_eq!(found["hardware"], !software, "{found}");

    // Every time has a spread and a clock; null where the device has none, never a figure that was
    // not measured.
    let spread = |seconds: &serde_json::Value| {
        let [least, median, most] = ["least", "median", "most"].map(|name| number(&seconds[name]));
        assert!(0.0 < least && least <= median && median <= most, "{seconds}");
        assert!(number(&seconds["runs"]) >= 5.0, "{seconds}");
        assert!(seconds["clock"] == "device" || seconds["clock"] == "host", "{seconds}");
        median
    };
    let resident = &found["resident"];
    let copy = 2.0 * number(&found["copy_bytes"]) / spread(&found["copy"]);
    assert!((number(&found["copy_bytes_per_second"]) / copy - 1.0).abs() < 1e-9, "{found}");
    let floor = number(&resident["traces"]) * 4096.0 * 4.0 / copy;
    let times = spread(&resident["seconds"]) / floor;
    assert!((number(&resident["times_floor"]) / times - 1.0).abs() < 1e-9, "{resident}");
    assert!((number(&resident["share"]) * times - 1.0).abs() < 1e-9, "{resident}");
    spread(&resident["host_seconds"]);
    if !resident["stages_seconds"].is_null() {
        assert!(spread(&resident["stages_seconds"]) <= spread(&resident["seconds"]), "{resident}");
    }
    let host = &found["from_host"];
    for step in ["staging", "upload", "readback", "landing", "one_batch", "in_batches"] {
        spread(&host[step]);
    }
    for stage in host["stages"].as_array().into_iter().flatten() {
        assert!(spread(&stage["seconds"]) < 10.0 * number(&host["one_batch"]["median"]));
        assert!(stage["stage"].as_str().expect("a name").starts_with("dfa/"), "{stage}");
    }
    for batch in [&resident["batch"], &host["batch"]] {
        assert!(!batch["launches"].as_array().expect("a list").is_empty(), "{batch}");
        assert!(number(&batch["trace_bytes_per_sample"]) >= 4.0, "{batch}");
    }
}

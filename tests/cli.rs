//! The program as a user meets it: exit codes, messages, run folders, stop and resume.

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
    assert_eq!(exponents.len(), 7 * 2 * 3);
    let rows = read(folder.join("exponents.csv")).lines().count();
    assert_eq!(rows, 1 + 2 * ((4 * 6 + 2 * 4) + 6 * (4 * 5 + 2 * 4)));
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

#[test]
fn a_stopped_run_resumes_to_the_same_end() {
    let home = tempfile::tempdir().expect("a folder");
    // Long enough (hundreds of batches) that the signal comes in the middle.
    let long: &[&str] = &["--epochs", "120", "--batch", "2"];
    succeed(&run(&[long, &["--out", "whole"]].concat(), home.path()));
    let mut arguments = vec!["run", "one-over-f"];
    arguments.extend(SMALL);
    arguments.extend(long);
    arguments.extend(["--out", "parts"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_noisescope"))
        .args(&arguments)
        .current_dir(home.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let metrics = home.path().join("parts/metrics.jsonl");
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

    succeed(&noisescope(&["run", "one-over-f", "--resume", "parts"], home.path()));
    for file in ["exponents.csv", "best.safetensors"] {
        let bytes =
            |folder: &str| std::fs::read(home.path().join(folder).join(file)).expect("file");
        assert!(bytes("whole") == bytes("parts"), "{file} differs after the resume");
    }
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
    succeed(&run(&["--out", "kept", "--force", "--seed", "9"], home.path()));
    assert!(read(home.path().join("kept/settings.toml")).contains("seed = 9"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_error() {
    let home = tempfile::tempdir().expect("a folder");
    let out = home.path().join("full");
    // /dev/full takes nothing: the first checkpoint meets what it would meet on a full disk.
    std::fs::create_dir(&out).expect("made");
    std::os::unix::fs::symlink("/dev/full", out.join("best.safetensors.partial")).expect("linked");
    let output = run(&["--out", "full"], home.path());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("best.safetensors") && said.contains("--out"), "{said}");
}

#[test]
fn trained_weights_are_measured_again_without_training() {
    let home = tempfile::tempdir().expect("a folder");
    succeed(&run(&["--out", "first"], home.path()));
    succeed(&run(&["--out", "second", "--weights", "first/best.safetensors"], home.path()));
    let table = |folder: &str| read(home.path().join(folder).join("exponents.csv"));
    assert_eq!(table("first"), table("second"));
}

#[test]
fn doctor_says_what_auto_would_take() {
    let home = tempfile::tempdir().expect("a folder");
    let output = noisescope(&["doctor"], home.path());
    succeed(&output);
    let shown = text(&output.stdout);
    assert!(shown.contains("auto"), "{shown}");
}

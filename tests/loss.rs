//! A device that is lost while it computes: the DFA goes on by the CPU, a run of networks ends with
//! one error and goes on with `--resume`.
//!
//! Place in the flow: beside `tests/engine.rs`. wgpu panics at such a loss, so it has to happen
//! where it does for a user: a library before Vulkan's own (`tests/loss.c`, built here) lets a wait
//! of a child process fail.

#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use noisescope::analysis::dfa::{self, DfaPlan, Measured};
use noisescope::gpu::Engine;
use noisescope::signal::{Traces, noise};
use serde_json::Value;

/// Set in a child process whose device is lost.
const LOSING: &str = "LOSE_AT";

/// `command` on a device that is lost at its wait number `at`; `None` where that cannot be done
/// here. A child that waits for ever is ended.
fn losing(mut command: Command, at: usize, home: &Path) -> Option<Output> {
    let gpu = common::adapter()?;
    if gpu.description.backend != "vulkan" {
        println!("no Vulkan: skipped");
        return None;
    }
    let library = home.join("loss.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/loss.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).args([source, "-ldl"]);
    if !compiler.status().is_ok_and(|status| status.success()) {
        println!("no C compiler (cc): skipped");
        return None;
    }
    command.env("LD_PRELOAD", library).env(LOSING, at.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the child starts");
    // What it writes is less than a pipe holds.
    let patience = Instant::now() + Duration::from_secs(120);
    while child.try_wait().expect("a child").is_none() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let output = child.wait_with_output().expect("its words");
    println!("{}\n{}", said(&output), String::from_utf8_lossy(&output.stdout));
    Some(output)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn noisescope(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_noisescope"));
    command.args(arguments).current_dir(home);
    command
}

/// The bits of the rows of `measured` from `first` on.
fn bits(measured: &Measured, first: usize) -> Vec<u64> {
    let rows = first..measured.exponents.len();
    let alphas = measured.exponents[first..].iter().map(|found| found.alpha.to_bits());
    rows.flat_map(|row| measured.row(row)).map(|f| f.to_bits()).chain(alphas).collect()
}

#[test]
fn traces_behind_a_loss_are_measured_by_the_cpu() {
    if std::env::var_os(LOSING).is_none() {
        let this = std::env::current_exe().expect("a file");
        let home = tempfile::tempdir().expect("a folder");
        for at in ["1", "2"] {
            let mut child = Command::new(&this);
            child.args(["--exact", "traces_behind_a_loss_are_measured_by_the_cpu", "--nocapture"]);
            let at = at.parse().expect("a number");
            let Some(output) = losing(child, at, home.path()) else { return };
            assert!(output.status.success() && !said(&output).contains("panicked"));
        }
        return;
    }
    let engine = Engine::new(common::adapter().expect("an adapter, as before").clone());
    // Three batches, of 4 MiB and of what is left.
    let (rows, batch, steps) = (300, 128, 8192);
    let values = (0..rows as u64).flat_map(|row| noise::pink(steps, 5, row)).collect();
    let traces = Traces::new(values, steps).expect("whole traces");
    let settings = dfa::Settings { windows: vec![8, 16, 32, 64], ..dfa::Settings::default() };
    let plan = DfaPlan::new(steps, &settings).expect("fits");
    let measured = dfa::Path::Gpu(engine.into()).measure(&traces, &plan).expect("measured");
    let expected = dfa::Path::Cpu.measure(&traces, &plan).expect("measured");
    let (first, which) = match std::env::var(LOSING).as_deref() {
        Ok("1") => (0, "the CPU measures all 300 traces"),
        _ => (batch, "the CPU measures the other 172 traces"),
    };
    assert_eq!(measured.notes.len(), 1, "{:?}", measured.notes);
    assert!(measured.notes[0].contains("stopped answering"), "{:?}", measured.notes);
    assert!(measured.notes[0].contains(which), "{:?}", measured.notes);
    assert_eq!(bits(&measured, first), bits(&expected, first));
    // The others are the device's, which computes in f32.
    assert!(first == 0 || bits(&measured, 0) != bits(&expected, 0));
    let tolerance = common::single(plan.order())[0];
    let (found, expected) = (&measured.fluctuations, &expected.fluctuations);
    common::assert_close("by both", found, expected, tolerance);
}

#[test]
fn the_json_and_the_page_say_that_the_cpu_measured() {
    let home = tempfile::tempdir().expect("a folder");
    let samples: String = noise::pink(600, 1, 0).iter().map(|x| format!("{x}\n")).collect();
    std::fs::write(home.path().join("one.csv"), samples).expect("written");
    let analyze = |device| {
        let output = ["--json", "--html", "one.html", "--windows", "8,16,32", "--device", device];
        noisescope(&[&["analyze", "one.csv"], &output[..]].concat(), home.path())
    };
    let Some(output) = losing(analyze("gpu"), 1, home.path()) else { return };
    assert_eq!(output.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let note = found["notes"][0].as_str().expect("a note");
    assert!(note.ends_with("the CPU measures the trace, which takes longer"), "{note}");
    assert_eq!(said(&output).matches(note).count(), 1, "one line on the terminal");
    assert!(!said(&output).contains("panicked"));
    let page = std::fs::read_to_string(home.path().join("one.html")).expect("a page");
    assert!(page.contains("the CPU measures the trace"));
    let cpu = analyze("cpu").output().expect("it runs");
    let cpu: Value = serde_json::from_slice(&cpu.stdout).expect("JSON");
    assert_eq!(found["traces"], cpu["traces"]);
    assert_eq!(cpu["notes"], Value::Array(Vec::new()));
}

#[test]
fn a_run_whose_device_is_lost_ends_with_an_error_and_goes_on() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |folder: &str| {
        let small = "--device gpu --reviews 60 --hidden 5 --epochs 2 --batch 16 --steps 32 \
                     --record-steps 64 --record-reviews 2 --windows 4,8,16 --quantities hidden \
                     --set recording.controls=0 --set recording.drives=[] --out";
        let words = ["run", "one-over-f"].into_iter().chain(small.split_whitespace());
        noisescope(&words.chain([folder]).collect::<Vec<_>>(), home.path())
    };
    // The first wait, whose end nobody would hear of; and one in the middle.
    for at in [1, 25] {
        let folder = format!("lost-{at}");
        let Some(output) = losing(run(&folder), at, home.path()) else { return };
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(said.matches("error: the device stopped answering in the").count(), 1);
        assert!(said.contains("--resume") && !said.contains("panicked"));
        let resumed = noisescope(&["run", "one-over-f", "--resume", &folder], home.path());
        let resumed = { resumed }.output().expect("it runs");
        assert!(resumed.status.success(), "{}", self::said(&resumed));
    }
    let whole = run("whole").output().expect("it runs");
    assert!(whole.status.success(), "{}", said(&whole));
    let summary = |folder: &str| -> Value {
        let path = home.path().join(folder).join("summary.json");
        serde_json::from_slice(&std::fs::read(path).expect("a summary")).expect("JSON")
    };
    for part in ["accuracy", "exponents", "notes"] {
        assert_eq!(summary("lost-1")[part], summary("whole")[part]);
        assert_eq!(summary("lost-25")[part], summary("whole")[part]);
    }
}

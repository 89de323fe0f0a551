//! `noisescope analyze` as a user meets it: known noises in, their exponents out; bad input.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use noisescope::signal::noise;
use serde_json::Value;

fn analyze(arguments: &[&str], home: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_noisescope"))
        .arg("analyze")
        .args(["--device", "cpu"])
        .args(arguments)
        .current_dir(home)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Four traces of 2,048 samples side by side: white, pink, Brownian, constant.
fn table(home: &Path) {
    let steps = 2048;
    let columns = [
        noise::white(steps, 5, 0),
        noise::pink(steps, 5, 1),
        noise::brownian(steps, 5, 2),
        vec![1.5; steps],
    ];
    let mut lines = "white,pink,brownian,constant\n".to_owned();
    for step in 0..steps {
        let row: Vec<String> = columns.iter().map(|column| column[step].to_string()).collect();
        lines += &(row.join(",") + "\n");
    }
    std::fs::write(home.join("noises.csv"), lines).expect("written");
}

#[test]
fn known_noises_have_their_exponents_within_their_intervals() {
    let home = tempfile::tempdir().expect("a folder");
    table(home.path());
    let files = ["--csv", "out.csv", "--html", "page.html"];
    let output = analyze(&[&["noises.csv", "--json"], &files[..]].concat(), home.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let traces = found["traces"].as_array().expect("a list");
    assert_eq!(traces.len(), 4);
    for (trace, truth) in traces.iter().zip([0.5, 1.0, 1.5]) {
        let end = |at: usize| trace["alpha_interval"][at].as_f64().expect("a number");
        assert!(end(0) < truth && truth < end(1), "{trace}");
        assert!(end(1) - end(0) < 0.35, "an interval that says something: {trace}");
        let beta = trace["beta"].as_f64().expect("a number");
        assert!((beta - (2.0 * truth - 1.0)).abs() < 0.35, "{trace}");
        let spectral = trace["beta_spectral"].as_f64().expect("a number");
        assert!((spectral - (2.0 * truth - 1.0)).abs() < 0.35, "{trace}");
    }
    let verdicts: Vec<&str> = traces.iter().filter_map(|t| t["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["white", "1/f", "brownian", "undefined"]);
    let constant = &traces[3];
    assert!(constant["alpha"].is_null() && constant["fluctuation"].is_null(), "{constant}");
    assert_eq!(constant["flags"][0], "constant");
    let rows = std::fs::read_to_string(home.path().join("out.csv")).expect("written");
    assert_eq!(rows.lines().count(), 5);
    let page = std::fs::read_to_string(home.path().join("page.html")).expect("written");
    assert!(page.contains("4 traces of noises.csv") && page.ends_with("</html>\n"));
    let shown = analyze(&["noises.csv", "--columns", "pink"], home.path());
    assert!(text(&shown.stdout).contains("noises.csv:pink"), "{}", text(&shown.stdout));
}

/// The traces of `analyze arguments --json`.
fn traces_of(arguments: &[&str], home: &Path) -> Vec<Value> {
    let output = analyze(&[arguments, &["--json"]].concat(), home);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    found["traces"].as_array().expect("a list").clone()
}

/// One column of `samples`.
fn column<T: ToString>(home: &Path, name: &str, samples: &[T]) {
    let lines: Vec<String> = samples.iter().map(ToString::to_string).collect();
    std::fs::write(home.join(name), lines.join("\n") + "\n").expect("written");
}

/// An array of `samples`, as often as `times`, one after another.
fn npy(home: &Path, name: &str, samples: &[f32], times: usize) {
    let mut file = std::fs::File::create(home.join(name)).expect("a file");
    let shape = times * samples.len();
    let head = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape},), }}");
    let head = format!("{head:<117}\n");
    let mut bytes = [b"\x93NUMPY\x01\x00".as_slice(), &118u16.to_le_bytes()].concat();
    bytes.extend_from_slice(head.as_bytes());
    file.write_all(&bytes).expect("written");
    for _ in 0..times {
        file.write_all(bytemuck::cast_slice(samples)).expect("written");
    }
}

/// 400 × 3 samples, time first.
fn turned(home: &Path) {
    let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (400, 3), }";
    let head = format!("{head:<117}\n");
    let mut bytes = [b"\x93NUMPY\x01\x00".as_slice(), &118u16.to_le_bytes()].concat();
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(bytemuck::cast_slice(&noise::white(1200, 5, 9)));
    std::fs::write(home.join("turned.npy"), bytes).expect("written");
}

#[test]
fn gaps_are_flagged_refused_split_or_filled() {
    let home = tempfile::tempdir().expect("a folder");
    let mut samples = noise::pink(2048, 5, 1);
    column(home.path(), "whole.txt", &samples);
    samples[700..703].fill(f32::NAN);
    column(home.path(), "gaps.txt", &samples);
    let alpha = |trace: &Value| trace["alpha"].as_f64();
    let whole = alpha(&traces_of(&["whole.txt"], home.path())[0]).expect("an exponent");
    let place = "3 samples, the first at 700 (from 0)";
    for (arguments, flag) in [
        (&["gaps.txt"][..], "non-finite"),
        (&["gaps.txt", "--nan", "split"][..], "split"),
        (&["gaps.txt", "--nan", "interpolate"][..], "interpolated"),
    ] {
        let trace = &traces_of(arguments, home.path())[0];
        assert_eq!(trace["flags"][0], format!("{flag}: {place}"));
        match flag {
            "non-finite" => assert!(alpha(trace).is_none() && trace["fluctuation"].is_null()),
            _ => assert!((alpha(trace).expect("one") - whole).abs() < 0.05, "{trace}"),
        }
        assert_eq!(trace["alpha_interval"].is_array(), flag == "interpolated");
    }
    let output = analyze(&["gaps.txt", "--nan", "error"], home.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("NaN at sample 700"), "{}", text(&output.stderr));
}

#[test]
fn a_recording_that_is_too_short_is_flagged_among_others() {
    let home = tempfile::tempdir().expect("a folder");
    column(home.path(), "long.txt", &noise::white(1000, 5, 1));
    column(home.path(), "short.txt", &[1.0, 2.0, 1.5]);
    let traces = traces_of(&["long.txt", "short.txt"], home.path());
    assert!(traces[0]["alpha"].is_number() && traces[1]["alpha"].is_null());
    let flag = traces[1]["flags"][0].as_str().expect("a flag");
    assert!(flag.starts_with("too-short: ") && flag.contains("3 samples"), "{flag}");
}

#[test]
fn a_trace_that_is_mended_may_become_too_short_for_the_windows() {
    let home = tempfile::tempdir().expect("a folder");
    let noise = noise::white(1000, 5, 1);
    let lines: Vec<String> = (0..1000)
        .map(|t| match t {
            0..980 => format!("{},NaN", noise[t]),
            _ => format!("{},{}", noise[t], noise[999 - t]),
        })
        .collect();
    std::fs::write(home.path().join("late.csv"), lines.join("\n")).expect("written");
    let traces = traces_of(&["late.csv", "--nan", "interpolate"], home.path());
    assert!(traces[0]["alpha"].is_number() && traces[1]["alpha"].is_null());
    let flags: Vec<&str> =
        traces[1]["flags"].as_array().expect("flags").iter().filter_map(Value::as_str).collect();
    assert!(flags.iter().any(|flag| flag.starts_with("too-short: 20 samples")), "{flags:?}");
    assert_eq!(traces[1]["name"], "late.csv:2");
}

#[test]
fn a_size_longer_than_every_piece_is_said_and_the_others_are_kept() {
    let home = tempfile::tempdir().expect("a folder");
    let mut samples = noise::pink(4000, 5, 1);
    for gap in [600, 1400, 2000, 2700, 3300] {
        samples[gap] = f32::NAN;
    }
    column(home.path(), "gaps.txt", &samples);
    let trace = &traces_of(&["gaps.txt", "--nan", "split"], home.path())[0];
    assert_eq!((&trace["alpha"], &trace["samples"]), (&Value::Null, &Value::from(3995)));
    let flags = trace["flags"].as_array().expect("flags");
    assert!(flags.iter().any(|flag| flag.as_str().is_some_and(|f| f.starts_with("no-window"))));
    let f = trace["fluctuation"].as_array().expect("F of the sizes that have windows");
    assert!(f[0].is_number() && f[19].is_null(), "{f:?}");
}

#[test]
fn the_spectral_exponent_does_not_depend_on_the_rate() {
    let home = tempfile::tempdir().expect("a folder");
    column(home.path(), "a.txt", &noise::pink(3000, 5, 2));
    let beta = |rate: &str| {
        let arguments = ["a.txt", "--windows", "120..600:5", "--rate", rate];
        traces_of(&arguments, home.path())[0]["beta_spectral"].as_f64().expect("an exponent")
    };
    let found = ["1", "1000", "250", "160", "44100", "0.3"].map(beta);
    // Both ends of the band are bins of this length; rounding must not drop them.
    assert!(found.iter().all(|beta| (beta - found[0]).abs() < 1e-9), "{found:?}");
}

#[test]
fn windows_beyond_the_segments_of_the_spectrum_leave_it_out() {
    let home = tempfile::tempdir().expect("a folder");
    let steps = 1 << 21;
    npy(home.path(), "long.npy", &noise::white(steps / 2, 4, 0), 2);
    let arguments = ["long.npy", "--windows", "100000..500000:20"];
    let trace = &traces_of(&arguments, home.path())[0];
    assert!(trace["alpha"].is_number() && trace["beta_spectral"].is_null(), "{trace}");
    assert_eq!(trace["flags"], Value::Array(Vec::new()));
}

#[test]
fn the_table_has_every_fit_and_the_surrogates_and_json_what_repeats_them() {
    let home = tempfile::tempdir().expect("a folder");
    table(home.path());
    let fits = ["--windows", "4..N/4:20", "--fit", "4..40", "--fit", "40..512"];
    let others =
        ["--surrogates", "3", "--seed", "7", "--columns", "white,brownian", "--nan", "split"];
    let arguments = [&["noises.csv", "--csv", "out.csv", "--json"], &fits[..], &others].concat();
    let output = analyze(&arguments, home.path());
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&found["seed"], &found["surrogates"], &found["gaps"]),
        (&7.into(), &3.into(), &"split".into())
    );
    let mut table = csv::Reader::from_path(home.path().join("out.csv")).expect("written");
    let head = table.headers().expect("a head").clone();
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    let at = |name: &str| head.iter().position(|column| column == name).expect("a column");
    let number = |row: usize, name: &str| rows[row][at(name)].parse::<f64>().ok();
    for row in 0..2 {
        let trace = &found["traces"][row];
        assert_eq!(number(row, "alpha_unbiased"), trace["alpha_unbiased"].as_f64());
        assert_eq!(number(row, "fit2_alpha"), trace["fits"][1]["alpha"].as_f64());
        assert_eq!(number(row, "fit2_to"), Some(512.0));
        assert_eq!(number(row, "ar1_p"), trace["surrogates"][3]["p"].as_f64());
    }
    // Surrogates of random phases have no p beside a random walk.
    assert!(number(0, "phase_randomised_p").is_some() && number(1, "phase_randomised_p").is_none());
}

#[test]
fn one_sample_that_makes_the_variance_is_flagged() {
    let home = tempfile::tempdir().expect("a folder");
    let mut samples = noise::pink(2048, 5, 1);
    samples[700] = 5e5;
    column(home.path(), "artefact.txt", &samples);
    let flag = traces_of(&["artefact.txt"], home.path())[0]["flags"][0].clone();
    assert_eq!(flag, "outlier: sample 700 (from 0) has 100 % of the variance");
}

#[test]
fn windows_in_seconds_and_two_fit_ranges() {
    let home = tempfile::tempdir().expect("a folder");
    column(home.path(), "a.txt", &noise::autoregressive(4096, 0.95, 5, 0));
    let fits = ["--fit", "8..40", "--fit", "1s..N/4"];
    let seconds = ["a.txt", "--rate", "250", "--windows", "0.032s..N/4:20"];
    let trace = &traces_of(&[&seconds[..], &fits[..]].concat(), home.path())[0];
    assert_eq!((&trace["windows"][0], &trace["windows"][19]), (&8.into(), &1024.into()));
    let fit = |at: usize| trace["fits"][at]["alpha"].as_f64().expect("an exponent");
    // An AR(1) of time constant 20: 1.5 below, 0.5 above.
    assert!(fit(0) > 1.2 && fit(1) < 0.8, "{} {}", fit(0), fit(1));
    assert_eq!(trace["alpha"].as_f64(), Some(fit(0)));
    assert!(trace["fits"][1]["range"][0].as_u64().is_some_and(|n| n >= 250));
    assert!(trace["spectrum"]["frequency"][0].as_f64().is_some_and(|f| f < 1.0));
    assert_eq!(trace["verdict"], "short-memory");
}

#[test]
fn the_unit_of_the_samples_does_not_matter() {
    let home = tempfile::tempdir().expect("a folder");
    let samples = noise::pink(1024, 5, 3);
    let found = [1.0, 1e-6, 1e6].map(|unit: f32| {
        let scaled: Vec<f32> = samples.iter().map(|x| x * unit).collect();
        column(home.path(), "scaled.txt", &scaled);
        let trace = traces_of(&["scaled.txt"], home.path()).swap_remove(0);
        let alpha = trace["alpha"].as_f64().expect("an exponent");
        (alpha, trace["verdict"].clone(), trace["flags"].clone())
    });
    for other in &found[1..] {
        // Every sample is rounded anew.
        assert!((other.0 - found[0].0).abs() < 1e-6, "{found:?}");
        assert_eq!((&other.1, &other.2), (&found[0].1, &found[0].2));
    }
}

#[test]
fn an_offset_that_float32_cannot_hold_is_flagged() {
    let home = tempfile::tempdir().expect("a folder");
    // A random walk of 0.01 a step: float32 is good to 0.008 at 10^5.
    let walk = noise::brownian(4096, 5, 3);
    let squares: f64 = walk.windows(2).map(|x| f64::from(x[1] - x[0]).powi(2)).sum();
    let unit = 0.01 / (squares / 4095.0).sqrt();
    let [alone, held, coarse] = [0.0, 100.0, 101_325.0].map(|offset: f64| {
        let samples: Vec<f64> = walk.iter().map(|&x| offset + unit * f64::from(x)).collect();
        column(home.path(), "walk.txt", &samples);
        let trace = traces_of(&["walk.txt", "--windows", "4..N/4:20"], home.path()).swap_remove(0);
        (trace["flags"].clone(), trace["alpha"].as_f64().expect("an exponent"))
    });
    println!("alpha {}, on 100 {}, on 101325 {}", alone.1, held.1, coarse.1);
    let none = Value::Array(Vec::new());
    assert_eq!((&alone.0, &held.0), (&none, &none));
    assert!((alone.1 - held.1).abs() < 1e-5);
    let flag = coarse.0[0].as_str().expect("a flag");
    assert!(flag.starts_with("coarse: float32 has steps of 7.8e-3 at 1.0e5"), "{flag}");
    assert!((alone.1 - coarse.1).abs() > 1e-3);
}

#[test]
fn a_surrogate_of_each_kind_stands_beside_the_trace() {
    let home = tempfile::tempdir().expect("a folder");
    column(home.path(), "a.txt", &noise::pink(512, 5, 4));
    let arguments = ["a.txt", "--surrogates", "19", "--order", "2", "--convention", "mean-rms"];
    let trace = &traces_of(&arguments, home.path())[0];
    let kinds = trace["surrogates"].as_array().expect("a list");
    let mean = |at: usize| kinds[at]["mean"].as_f64().expect("a number");
    let alpha = trace["alpha"].as_f64().expect("an exponent");
    assert_eq!(kinds.len(), 4);
    // Shuffled: white. With the same spectrum: the same exponent.
    assert!((mean(0) - 0.5).abs() < 0.1 && (mean(1) - alpha).abs() < 0.1, "{trace}");
}

#[test]
fn bad_input_ends_with_one_error_and_its_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    table(home.path());
    std::fs::write(home.path().join("short.csv"), "a\n1\n2\n3\n").expect("written");
    std::fs::write(home.path().join("picture.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        .expect("written");
    turned(home.path());
    let cases: [(&[&str], &str); 17] = [
        (&["noises.csv", "--csv", "noises.csv"], "recording"),
        (&["noises.csv", "--csv", "a", "--html", "./a"], "twice"),
        (&["noises.csv", "--html", "."], "folder"),
        (&["turned.npy"], "--axis 0"),
        (&["nowhere.npy"], "nowhere.npy"),
        (&["picture.png"], "picture.png"),
        (&["short.csv"], "short.csv"),
        (&["noises.csv", "--windows", "eight"], "eight"),
        (&["noises.csv", "--windows", "8..4096:20"], "noises.csv"),
        (&["noises.csv", "--convention", "much"], "much"),
        (&["noises.csv", "--columns", "green"], "green"),
        (&["noises.csv", "--order", "4"], "order"),
        (&["noises.csv", "--fit", "8..9"], "--fit"),
        (&["noises.csv", "--fit", "all"], "all"),
        (&["noises.csv", "--rate", "-1"], "--rate"),
        (&["noises.csv", "--nan", "ignore"], "ignore"),
        (&["noises.csv", "--windows", "1s..4s:20"], "--rate"),
    ];
    for (arguments, word) in cases {
        let output = analyze(arguments, home.path());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{said}");
        assert!(said.contains(word) && said.contains("help:"), "{arguments:?}\n{said}");
    }
}

/// The most memory that the program held, in kB, as the kernel counts it.
#[cfg(target_os = "linux")]
fn peak_memory(arguments: &[&str], home: &Path) -> u64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_noisescope"))
        .args(["analyze", "--device", "cpu"])
        .args(arguments)
        .current_dir(home)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("it can be waited for").is_none() {
        // Of a process that has just ended there is no such line.
        let held = std::fs::read_to_string(&status).ok().and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.to_owned();
            line.trim().strip_suffix("kB")?.trim().parse().ok()
        });
        peak = peak.max(held.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().expect("it ended").success());
    peak
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_the_input_and_at_most_64_mib() {
    let home = tempfile::tempdir().expect("a folder");
    let samples = 20_000_000;
    npy(home.path(), "long.npy", &noise::white(1_000_000, 4, 0), 20);
    let limit = samples as u64 * 4 / 1024 + 64 * 1024;
    let peak = peak_memory(&["long.npy"], home.path());
    println!("one trace of {samples} samples: {peak} kB, of {limit} kB");
    assert!(peak > limit / 2 && peak <= limit, "{peak} kB, of {limit} kB");
}

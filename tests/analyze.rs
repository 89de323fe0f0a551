//! `noisescope analyze` as a user meets it: known noises in, their exponents out; bad input.

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

#[test]
fn bad_input_ends_with_one_error_and_its_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    table(home.path());
    std::fs::write(home.path().join("short.csv"), "a\n1\n2\n3\n").expect("written");
    std::fs::write(home.path().join("picture.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        .expect("written");
    let cases: [(&[&str], &str); 7] = [
        (&["nowhere.npy"], "nowhere.npy"),
        (&["picture.png"], "picture.png"),
        (&["short.csv"], "short.csv"),
        (&["noises.csv", "--windows", "eight"], "eight"),
        (&["noises.csv", "--windows", "8..4096:20"], "noises.csv"),
        (&["noises.csv", "--convention", "much"], "much"),
        (&["noises.csv", "--columns", "green"], "green"),
    ];
    for (arguments, word) in cases {
        let output = analyze(arguments, home.path());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{said}");
        assert!(said.contains(word) && said.contains("help:"), "{arguments:?}\n{said}");
    }
}

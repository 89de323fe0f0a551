//! Sweeps of `noise-preference` as a user meets them: cells by several workers, one of which dies,
//! are the study that one run would be; studies apart by the other settings; bad input.

#[path = "common/page.rs"]
mod page;
#[path = "common/sweeps.rs"]
mod sweeps;
#[path = "common/timeless.rs"]
mod timeless;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use noisescope::experiments::sweep::{State, Sweep};
use serde_json::Value;

use page::{loads, unbalanced};
use sweeps::{begun, command, read, refused, succeed, sweep, wait, worker};
use timeless::timeless;

/// Few units, few updates, a coarse grid.
const SHORT: [&str; 20] = [
    "--device",
    "cpu",
    "--units",
    "10",
    "--epochs",
    "2",
    "--grid",
    "0,0.5,1,2",
    "--realisations",
    "8",
    "--set",
    "updates=10",
    "--set",
    "test.trials=8",
    "--set",
    "mechanism.trace=256",
    "--set",
    "mechanism.realisations=16",
    "--set",
    "mechanism.inputs=2",
];

fn plan(folder: &str, more: &[&str], home: &Path) -> String {
    let arguments = [&["plan", "noise-preference", folder], &SHORT[..], more].concat();
    succeed(&sweep(&arguments, home))
}

fn json(path: &Path) -> Value {
    let mut value = serde_json::from_str(&read(path)).expect("JSON");
    timeless(&mut value);
    value
}

/// The folders of a sweep's studies.
fn studies(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("studies")).expect("studies");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// The table of a sweep: its head, its rows.
fn table(path: &Path) -> (Vec<String>, Vec<csv::StringRecord>) {
    let mut table = csv::Reader::from_path(path).expect("a table");
    let head = table.headers().expect("a head").iter().map(str::to_owned).collect();
    (head, table.records().map(|row| row.expect("a row")).collect())
}

#[test]
fn cells_of_many_workers_are_the_study_that_one_run_is() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    // The tests of the suite are random trials. Seeds 1 and 2 and seeds 2 and 3 share a network.
    let whole = [
        &["run", "noise-preference"],
        &SHORT[..],
        &["--tasks", "function,suite", "--levels", "0,0.5,1", "--networks", "3", "--out", "whole"],
    ];
    succeed(&command(&whole.concat(), home).output().expect("the program starts"));
    let lists = [
        "--networks",
        "2",
        "--vary",
        "learn=[\"function\"],[\"suite\"]",
        "--vary",
        "noise.levels=[0,1],[0,0.5]",
        "--vary",
        "seed=1,2",
    ];
    assert!(plan("parts", &lists, home).contains("8 cells over learn, noise.levels, seed"));

    let parts = home.join("parts");
    let planned = Sweep::open(&parts).expect("a plan");
    let mut dying = worker("parts", home);
    let cell = planned.run_folder(&planned.plan.cells[0]);
    let done = cell.join("networks/function-inside-0-seed-1/network.json");
    wait(&mut dying, || done.is_file());
    dying.kill().expect("killed");
    dying.wait().expect("it ends");
    assert!(!cell.join("summary.json").exists(), "the cell was over before the end came");
    assert_eq!(planned.states().expect("states")[..2], [State::Begun, State::Open]);
    let shown = succeed(&sweep(&["collect", "parts"], home));
    assert!(shown.contains("0 done, 1 begun, 7 open") && shown.contains("sweep run"), "{shown}");

    let before = std::fs::metadata(&done).and_then(|file| file.modified()).expect("a time");
    let cells = begun(vec![worker("parts", home), worker("parts", home)]);
    assert_eq!(cells.len(), 8, "{cells:#?}");
    assert_eq!(cells.iter().collect::<BTreeSet<_>>().len(), 8, "{cells:#?}");
    let after = std::fs::metadata(&done).and_then(|file| file.modified()).expect("a time");
    assert_eq!(before, after, "a network that is done is not trained again");

    let shown = succeed(&sweep(&["collect", "parts"], home));
    assert!(shown.contains("8 done") && shown.contains("8 cells together"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    let found = studies(&parts);
    assert_eq!(found.len(), 1);
    let (one, other) =
        (json(&home.join("whole/summary.json")), json(&found[0].join("summary.json")));
    let networks = one["networks"].as_array().expect("networks").len();
    assert_eq!(networks, 2 * 2 * 3 * 3, "tasks, sites, levels, seeds");
    for part in ["seed", "tasks", "networks", "groups", "checks", "methods", "device"] {
        assert_eq!(one[part], other[part], "{part}");
    }
    // Its settings are those of the run, which they would repeat.
    let settings: toml::Table =
        other["settings"].as_str().expect("settings").parse().expect("settings in TOML");
    let asked: toml::Table = one["settings"].as_str().expect("settings").parse().expect("TOML");
    assert_eq!(settings, asked);
    let pages = [found[0].join("report.html"), parts.join("sweep.html")].map(|path| read(&path));
    for page in &pages {
        assert_eq!((unbalanced(page), loads(page)), (None, Vec::new()));
    }
    // Each cell's networks are a row each, those that two cells trained twice, counted once.
    let (head, rows) = table(&parts.join("sweep.csv"));
    assert_eq!(rows.len(), 8 * 2 * 2 * 2, "cells, sites, levels, seeds");
    let column = |name: &str| head.iter().position(|one| one == name).expect(name);
    let counted = rows.iter().filter(|row| &row[column("counted")] == "1").count();
    assert_eq!(counted, networks);
    let study = found[0].file_name().expect("a name").to_string_lossy();
    assert!(rows.iter().all(|row| row[column("study")] == study));
}

/// What is not of its cell is not taken for it; a half sweep says what it lacks.
#[test]
fn spoilt_and_missing_cells_are_said() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let lists = [
        &["--tasks", "function", "--sites", "inside", "--networks", "1", "--vary"][..],
        &["noise.levels=[0,0.5],[0,1]", "--vary", "seed=1..2"],
    ];
    plan("half", &lists.concat(), home);
    let half = home.join("half");
    for shard in ["1/4", "4/4"] {
        succeed(&sweep(&["run", "half", "--shard", shard], home));
    }
    // Without noise, seed 2 was tested in units of 1 so far, and the study's unit is 0.5.
    let shown = succeed(&sweep(&["collect", "half"], home));
    assert!(shown.contains("Left out: 1 network trained without noise"), "{shown}");
    let study = json(&studies(&half)[0].join("summary.json"));
    let levels: Vec<f64> = study["networks"]
        .as_array()
        .expect("networks")
        .iter()
        .map(|network| network["level"].as_f64().expect("a level"))
        .collect();
    assert_eq!(levels, [0.0, 0.5, 1.0]);
    let (head, rows) = table(&half.join("sweep.csv"));
    let counted = head.iter().position(|one| one == "counted").expect("a column");
    let marks: Vec<&str> = rows.iter().map(|row| &row[counted]).collect();
    assert_eq!(marks, ["1", "1", "0", "1"]);

    succeed(&sweep(&["run", "half"], home));
    let shown = succeed(&sweep(&["collect", "half"], home));
    assert!(!shown.contains("Left out") && shown.contains("4 cells together"), "{shown}");

    let planned = Sweep::open(&half).expect("a plan");
    let summary = |cell: usize| planned.run_folder(&planned.plan.cells[cell]).join("summary.json");
    let good = read(&summary(0));
    let mut cut: Value = serde_json::from_str(&good).expect("JSON");
    cut["networks"][0]["curve"] = Value::Array(Vec::new());
    for (spoilt, words) in [
        ("{".to_owned(), "it cannot be read"),
        (read(&summary(1)), "another run's"),
        (cut.to_string(), "tested at []"),
        (good.replacen("\"task\": \"function\"", "\"task\": \"maze\"", 2), "found that of maze"),
    ] {
        std::fs::write(summary(0), spoilt).expect("written");
        let shown = succeed(&sweep(&["status", "half"], home));
        assert!(shown.contains("3 done, 1 failed") && shown.contains(words), "{words}: {shown}");
        refused(&["run", "half"], home, &["1 of 4 cells failed", "status says why"]);
        succeed(&sweep(&["collect", "half"], home));
    }
    std::fs::remove_file(summary(0)).expect("removed");
    assert!(succeed(&sweep(&["run", "half"], home)).contains("4 done"));
}

#[test]
fn another_setting_makes_studies_of_its_own() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let lists = [
        &["--tasks", "function", "--levels", "0,0.5", "--networks", "1", "--vary"][..],
        &["model.rate=0.1,0.5", "--vary", "noise.sites=inside,outside"],
    ];
    plan("rates", &lists.concat(), home);
    let rates = home.join("rates");
    for shard in ["1/4", "2/4", "4/4"] {
        succeed(&sweep(&["run", "rates", "--shard", shard], home));
    }
    let shown = succeed(&sweep(&["status", "rates"], home));
    assert!(shown.contains("3 done, 1 open") && shown.contains("2 networks"), "{shown}");
    let shown = succeed(&sweep(&["collect", "rates", "--csv", "t.csv", "--html", "p.html"], home));
    for words in ["model.rate = 0.1, 2 cells together", "model.rate = 0.5, 1 cell together"] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    assert_eq!(studies(&rates).len(), 2);
    let page = read(&home.join("p.html"));
    assert_eq!((unbalanced(&page), loads(&page)), (None, Vec::new()));
    for words in ["Against model.rate", "inside, s = 0.5", "Studies", "Missing", "open", "<svg"] {
        assert!(page.contains(words), "no `{words}` on the page");
    }

    let collected = succeed(&sweep(&["collect", "rates", "--json"], home));
    let collected: Value = serde_json::from_str(&collected).expect("JSON");
    assert_eq!(collected["experiment"], "noise-preference");
    assert_eq!(collected["done"].as_array().map(Vec::len), Some(3));
    assert_eq!(collected["studies"][0]["values"]["model.rate"], 0.1);
    let (head, rows) = table(&home.join("t.csv"));
    let column = |name: &str| head.iter().position(|one| one == name).expect(name);
    assert_eq!(rows.len(), 3 * 2);
    // The same numbers as in the cells' own summaries.
    for row in rows {
        let summary = rates.join("cells").join(&row[column("cell")]).join("summary.json");
        let summary: Value = serde_json::from_str(&read(&summary)).expect("JSON");
        let level: f64 = row[column("s")].parse().expect("a level");
        let of = |network: &&Value| network["level"] == level;
        let networks = summary["networks"].as_array().expect("networks");
        let network = networks.iter().find(of).expect("its network");
        assert_eq!(network["site"], row[column("site")]);
        let number = |name: &str| row[column(name)].parse::<f64>().ok();
        let curve = network["curve"].as_array().expect("a curve");
        let at_level = curve.iter().find(|point| point["noise"] == level).expect("trained noise");
        assert_eq!(number("loss_s"), at_level["loss"].as_f64());
        assert_eq!(number("loss_0"), curve[0]["loss"].as_f64());
        assert_eq!(number("preferred"), network["preferred"]["value"].as_f64());
        assert_eq!(number("preferred/s"), network["ratio"]["value"].as_f64());
        let ratio = curve[0]["loss"].as_f64().expect("a loss") / number("loss_s").expect("a loss");
        assert_eq!(number("loss_0/loss_s"), Some(ratio));
    }
}

#[test]
fn bad_input_ends_with_one_error_that_names_place_and_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let planned = |more: &[&str], words: &[&str]| {
        let arguments = [&["plan", "noise-preference", "new"], &SHORT[..], more].concat();
        refused(&arguments, home, words);
        assert!(!home.join("new").exists(), "{more:?} left a folder");
    };
    planned(&["--vary", "model.rate=0.1,2"], &["cell 2", "model.rate", "found 2"]);
    planned(&["--vary", "noise.levels=[0,-1],[0,1]"], &["cell 1", "noise.levels", "-1"]);
    planned(&["--vary", "model.units=8,0"], &["cell 2", "model.units", "1 to 4096 units"]);
    planned(&["--vary", "model.hidden=4"], &["--vary", "hidden", "units"]);
    planned(&["--vary", "test.grid=[0,0.5,2]"], &["cell 1", "test.grid", "training level"]);
    planned(&["--vary", "learn=[\"dance\"]"], &["cell 1", "dance", "maze"]);
    planned(&["--vary", "learn=[]"], &["cell 1", "learn", "one task"]);
    planned(&["--vary", "noise.levels=0,0.5"], &["cell 1", "noise.levels", "above 0"]);
    planned(&["--rate", "-0.1", "--vary", "seed=1,2"], &["model.rate", "above 0"]);
    refused(&["plan", "spike-trains", "--vary", "seed=1"], home, &["run spike-trains"]);
    planned(&["--vary", "seed=1,1"], &["cells 1 and 2"]);
    let twice = ["--vary", "noise.levels=0.1,0.5", "--vary", "noise.levels=1"];
    planned(&twice, &["noise.levels twice", "one list"]);

    // A loss that is no number after the last update is refused, and no summary is written.
    let wild = [
        &["--tasks", "function", "--sites", "inside", "--networks", "1", "--levels", "1"][..],
        &["--set", "updates=2", "--vary", "training.rate=1e15"],
    ];
    plan("wild", &wild.concat(), home);
    refused(&["run", "wild"], home, &["1 of 1 cells failed"]);
    let shown = succeed(&sweep(&["status", "wild"], home));
    assert!(shown.contains("1 failed") && shown.contains("the loss is no number"), "{shown}");

    plan("kept", &["--vary", "model.rate=0.1,0.5"], home);
    let file = home.join("kept/sweep.toml");
    let good = read(&file);
    let edited = |from: &str, to: &str, words: &[&str]| {
        assert!(good.contains(from), "{good}");
        std::fs::write(&file, good.replace(from, to)).expect("written");
        refused(&["run", "kept"], home, &[words, &["kept/sweep.toml"]].concat());
    };
    edited("\"noise-preference\"", "\"noise\"", &["noise", "one-over-f"]);
    // Without the line it is a sweep of one-over-f, as plans were.
    edited("experiment = \"noise-preference\"\n", "", &["cell 1", "unknown field"]);
    edited("model.rate = 0.5", "model.rate = -0.5", &["cell 2", "model.rate"]);
}

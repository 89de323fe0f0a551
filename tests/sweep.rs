//! Sweeps as a user meets them: a plan that can be edited, workers that share it and may die, a
//! report at any time, bad input.

#[path = "common/page.rs"]
mod page;
#[path = "common/sweeps.rs"]
mod sweeps;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use noisescope::experiments::one_over_f::Preset;
use noisescope::experiments::sweep::experiment::Settings;
use noisescope::experiments::sweep::findings::Exponents;
use noisescope::experiments::sweep::plan::{Plan, Vary};
use noisescope::experiments::sweep::{Collected, Collection, Shard, State, Sweep};
use noisescope::report;

use page::{loads, unbalanced};
use sweeps::{begun, read, refused, succeed, sweep, text, wait, worker};

/// Cells of about a tenth of a second: 60 built-in reviews of 64 tokens, on the CPU.
const SMALL: [&str; 18] = [
    "--device",
    "cpu",
    "--reviews",
    "60",
    "--steps",
    "64",
    "--record-steps",
    "64",
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
];

fn plan(folder: &str, more: &[&str], home: &Path) -> String {
    succeed(&sweep(&[&["plan", folder], &SMALL[..], more].concat(), home))
}

/// What the summary of each cell says, apart from the times it took, by the cell's name.
fn summaries(folder: &Path) -> Vec<(String, String)> {
    let sweep = Sweep::open(folder).expect("a plan");
    let without_times = |path: &Path| {
        let mut summary: serde_json::Value = serde_json::from_str(&read(path)).expect("JSON");
        summary.as_object_mut().expect("an object").remove("seconds");
        for epoch in summary["training"].as_array_mut().expect("a list") {
            epoch.as_object_mut().expect("an object").remove("seconds");
        }
        summary.to_string()
    };
    let of = |path: &Path| without_times(&path.join("summary.json"));
    let cells = sweep.plan.cells.iter();
    cells.map(|cell| (cell.hash.clone(), of(&sweep.run_folder(cell)))).collect()
}

fn collected(sweep: &Sweep) -> Collection<Exponents> {
    match sweep.collect().expect("collected") {
        Collected::OneOverF(cells) => cells,
        other => panic!("cells of one-over-f, not {other:?}"),
    }
}

#[test]
fn a_plan_is_read_as_it_was_written_and_can_be_edited() {
    let home = tempfile::tempdir().expect("a folder");
    let base = Settings::from(Preset::Quick.settings());
    let lists =
        ["model.hidden=2,4", "training.rate=0.001,1", "model.readout=last-token", "seed=1..3"];
    let lists: Vec<Vary> = lists.iter().map(|list| list.parse().expect("a list")).collect();
    let plan = Plan::new(&base, &lists).expect("a plan");
    assert_eq!(plan.cells.len(), 2 * 2 * 3);
    let label = "model.hidden = 2, training.rate = 1.0, model.readout = \"last-token\", seed = 3";
    assert_eq!(plan.label(&plan.cells[5]), label);
    let path = plan.write(home.path(), false).expect("written");
    assert_eq!(Plan::read(home.path()).expect("read"), plan);
    plan.write(home.path(), false).expect("the same plan may be written again");

    // An edit changes the cells it is about, and no other.
    let text = read(&path);
    assert!(text.contains("[[cells]]\nmodel.hidden = 2\n"), "{text}");
    let edited = text.replacen("seed = 3", "seed = 7", 1) + "\n# a remark\n";
    std::fs::write(&path, edited).expect("written");
    let found = Plan::read(home.path()).expect("read");
    let changed = plan.cells.iter().zip(&found.cells).filter(|(one, other)| one != other);
    let changed: Vec<_> = changed.collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].1.settings.table()["seed"].as_integer(), Some(7));
    assert_ne!(changed[0].0.hash, changed[0].1.hash);
    assert!(plan.write(home.path(), false).is_err(), "an edited plan is not overwritten");
    plan.write(home.path(), true).expect("but by force it is");

    // What all cells share can be changed too: all of them run anew then.
    std::fs::write(&path, text.replace("epochs = 8", "epochs = 3")).expect("written");
    let found = Plan::read(home.path()).expect("read");
    assert!(plan.cells.iter().zip(&found.cells).all(|(one, other)| one.hash != other.hash));
}

/// A cell keeps its name from version to version: it is that of the folder that holds its run.
#[test]
fn a_cell_is_named_by_its_settings_alone() {
    let base = Settings::from(Preset::Quick.settings());
    let names = |lists: &[&str]| -> Vec<String> {
        let lists: Vec<Vary> = lists.iter().map(|list| list.parse().expect("a list")).collect();
        let plan = Plan::new(&base, &lists).expect("a plan");
        plan.cells.into_iter().map(|cell| cell.hash).collect()
    };
    let one = names(&["model.hidden=2,4", "seed=1,2"]);
    assert_eq!(one.iter().collect::<BTreeSet<_>>().len(), 4);
    let other = names(&["seed=1,2", "model.hidden=2,4"]);
    assert_eq!(one.iter().collect::<BTreeSet<_>>(), other.iter().collect());
    assert_eq!(names(&["dfa.windows=[4,8,16],[4,6,8,10]"]).len(), 2);
}

#[test]
fn shards_cover_every_cell_once() {
    for of in 1..=7 {
        let shards: Vec<Shard> =
            (1..=of).map(|part| format!("{part}/{of}").parse().expect("a shard")).collect();
        for number in 0..50 {
            let holders = shards.iter().filter(|shard| shard.has(number)).count();
            assert_eq!(holders, 1, "cell {number} of {of} shards");
        }
    }
    for text in ["0/3", "4/3", "1", "1/0", "a/b", "-1/2"] {
        assert!(text.parse::<Shard>().is_err(), "{text}");
    }
}

#[test]
fn a_killed_worker_s_cell_is_finished_by_another_to_the_same_bits() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    // Long enough that the end comes in the middle of the second cell.
    let long =
        ["--epochs", "60", "--batch", "2", "--vary", "model.hidden=3,5", "--vary", "seed=1,2"];
    plan("whole", &long, home);
    plan("parts", &long, home);
    succeed(&sweep(&["run", "whole"], home));

    let mut worker = worker("parts", home);
    let parts = Sweep::open(&home.join("parts")).expect("a plan");
    let folder = parts.run_folder(&parts.plan.cells[1]);
    let epochs = || {
        std::fs::read_to_string(folder.join("metrics.jsonl")).map_or(0, |text| text.lines().count())
    };
    wait(&mut worker, || epochs() >= 3);
    let states = parts.states().expect("states");
    assert_eq!(states[0], State::Done);
    let who = format!("process {}", worker.id());
    assert!(matches!(&states[1], State::Running(words) if words.contains(&who)), "{states:?}");
    let shown = succeed(&sweep(&["status", "parts"], home));
    assert!(shown.contains(&who) && shown.contains("left with 1 worker"), "{shown}");
    worker.kill().expect("killed");
    worker.wait().expect("it ends");
    assert!(epochs() < 60, "the cell was over before the end came");
    let states = parts.states().expect("states");
    assert_eq!(states[1..], [State::Begun, State::Open, State::Open]);

    // Half a sweep can be collected, and what is missing is said.
    let shown = succeed(&sweep(&["collect", "parts"], home));
    assert!(shown.contains("4 cells, 1 done, 1 begun, 2 open"), "{shown}");

    let first = home.join("parts/cells").join(&parts.plan.cells[0].hash).join("summary.json");
    let before = read(&first);
    let output = sweep(&["run", "parts"], home);
    succeed(&output);
    let said = text(&output.stderr);
    assert!(!said.contains("cell 1 of 4") && said.contains("cell 2 of 4"), "{said}");
    assert!(!said.contains("epoch  1: ") || said.matches("epoch  1: ").count() == 2, "{said}");
    assert_eq!(read(&first), before, "a done cell is not run again");
    assert_eq!(summaries(&home.join("whole")), summaries(&home.join("parts")));
}

#[test]
fn two_workers_share_the_cells_and_no_cell_is_done_twice() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    plan("shared", &["--vary", "model.hidden=2,3,5", "--vary", "seed=1..4"], home);
    let done = begun(vec![worker("shared", home), worker("shared", home)]);
    assert_eq!(done.len(), 12, "{done:#?}");
    assert_eq!(done.iter().collect::<BTreeSet<_>>().len(), 12, "{done:#?}");
    let states = Sweep::open(&home.join("shared")).expect("a plan").states().expect("states");
    assert!(states.iter().all(|state| *state == State::Done), "{states:?}");
}

#[test]
fn half_a_sweep_has_its_table_and_page_and_a_failed_cell_says_why() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    // 42 training reviews give no batch of 60: that is known only when the reviews are there.
    let lists = ["--vary", "model.hidden=2,4,8", "--vary", "training.batch=16,60"];
    plan("half", &[&lists[..], &["--vary", "model.readout=last-token"]].concat(), home);
    let none = sweep(&["collect", "half", "--json"], home);
    let none: serde_json::Value = serde_json::from_str(&succeed(&none)).expect("JSON");
    assert_eq!(none["done"].as_array().expect("a list").len(), 0);
    assert_eq!(none["missing"].as_array().expect("a list").len(), 6);
    let empty = read(&home.join("half/sweep.html"));
    assert_eq!(unbalanced(&empty), None);

    let output = sweep(&["run", "half", "--shard", "2/3"], home);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("1 of 6 cells failed"), "{said}");
    let shown = text(&output.stdout);
    assert!(shown.contains("1 done, 1 failed, 4 open"), "{shown}");
    assert!(shown.contains("training.batch: expected at least a batch"), "{shown}");
    succeed(&sweep(&["run", "half", "--shard", "1/6"], home));
    succeed(&sweep(&["run", "half", "--shard", "3/6"], home));

    let csv = home.join("table.csv");
    let page = home.join("page.html");
    let arguments = ["collect", "half", "--csv", "table.csv", "--html", "page.html"];
    let shown = succeed(&sweep(&arguments, home));
    assert!(shown.contains("3 done") && shown.contains("population"), "{shown}");
    let columns = |line: &str| line.split("  ").filter(|cell| !cell.trim().is_empty()).count();
    let mut lines = shown.lines().skip_while(|line| !line.contains("spectral"));
    let heading = lines.next().expect("a heading");
    for line in lines.skip(1).take(3) {
        assert_eq!(columns(line), columns(heading), "{heading}\n{line}");
    }
    let mut table = csv::Reader::from_path(&csv).expect("a table");
    let head = table.headers().expect("a head").clone();
    let column = |name: &str| head.iter().position(|one| one == name).expect(name);
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 3);
    // Two networks and three drives by seven quantities, two kept epochs by three; controls of
    // three quantities of two networks.
    let subjects = 5 * 7 + 2 * 3;
    assert_eq!(head.len(), 3 + 4 + subjects * 4 * 3 + subjects * 4 + 3 * 2 * 4);
    let sweep = Sweep::open(&home.join("half")).expect("a plan");
    let collection = collected(&sweep);
    for (row, done) in rows.iter().zip(&collection.done) {
        assert_eq!(row[column("cell")], done.cell);
        let entry = done.found.exponent("hidden", "trained", "population").expect("measured");
        let written: f64 = row[column("beta_hidden_trained_population")].parse().expect("beta");
        assert_eq!(Some(written), entry.beta_mean);
        assert!(row[column("accuracy")].parse::<f64>().is_ok());
    }
    let page = read(&page);
    assert_eq!(unbalanced(&page), None);
    assert_eq!(loads(&page), Vec::<&str>::new());
    for words in ["Synthetic", "Against model.hidden", "Missing", "open", "failed", "<svg"] {
        assert!(page.contains(words), "no `{words}` on the page");
    }
    assert!(page.matches("<svg").count() >= 6, "figures");
    assert!(!page.contains("last\u{2212}token"), "a word has no minus sign");
    // A cell whose summary is spoilt is missing, and the others are there.
    let spoilt = sweep.run_folder(&sweep.plan.cells[0]).join("summary.json");
    std::fs::write(spoilt, "{}").expect("written");
    assert_eq!(collected(&sweep).done.len(), 2);
    let status = report::sweep::status(&sweep.collect().expect("collected"));
    assert!(status.contains("expected the summary of the cell's run"));
}

#[test]
fn bad_input_ends_with_one_error_that_names_place_and_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let planned = |more: &[&str], words: &[&str]| {
        refused(&[&["plan", "new"], &SMALL[..], more].concat(), home, words);
        assert!(!home.join("new").exists(), "{more:?} left a folder");
    };
    planned(&["--vary", "model.hidden=4,0"], &["cell 2", "model.hidden = 0", "found 0"]);
    planned(&["--vary", "model.hiden=4"], &["--vary", "hiden", "hidden"]);
    planned(&["--vary", "model.hidden=many"], &["many"]);
    planned(&["--vary", "model.hidden"], &["--vary", "NAME=VALUES"]);
    planned(&["--vary", "model.hidden="], &["--vary", "values"]);
    planned(&["--vary", "seed=5..1"], &["--vary", "5..1"]);
    planned(&["--vary", "seed=1..1000000000"], &["--vary"]);
    planned(&["--vary", "seed=1..5000", "--vary", "model.hidden=2,4,8"], &["10000"]);
    planned(&["--vary", "seed=1,1"], &["cells 1 and 2"]);
    planned(&["--vary", "seed=1", "--vary", "seed=2"], &["seed twice"]);
    planned(&["--vary", "seed.x=1"], &["seed"]);
    planned(&["--vary", "corpus.data=nowhere.csv", "--vary", "model.hidden=0"], &["model.hidden"]);
    refused(&["run", "nowhere"], home, &["nowhere/sweep.toml", "sweep plan"]);
    refused(&["status", "nowhere"], home, &["nowhere/sweep.toml"]);

    plan("kept", &["--vary", "model.hidden=2,4"], home);
    let again = [&["plan", "kept"], &SMALL[..], &["--vary", "model.hidden=2,8"]].concat();
    refused(&again, home, &["kept/sweep.toml", "another plan", "--force"]);
    succeed(&sweep(&[&again[..], &["--force"]].concat(), home));
    refused(&["run", "kept", "--shard", "3/2"], home, &["--shard", "3/2"]);
    refused(&["run", "kept", "--device", "abacus"], home, &["--device", "abacus"]);

    let file = home.join("kept/sweep.toml");
    let good = read(&file);
    let edited = |from: &str, to: &str, words: &[&str]| {
        assert!(good.contains(from), "{good}");
        std::fs::write(&file, good.replace(from, to)).expect("written");
        refused(&["run", "kept"], home, &[words, &["kept/sweep.toml"]].concat());
    };
    edited("model.hidden = 8", "model.hidden = 999", &["cell 2", "999", "512"]);
    edited("model.hidden = 8", "model.hiden = 8", &["cell 2", "model.hiden"]);
    edited("model.hidden = 8", "model.hidden = 8\nseed = 3", &["cell 2", "seed", "vary"]);
    edited("model.hidden = 8", "model.hidden = 2", &["cells 1 and 2"]);
    edited("model.hidden = 8", "model.hidden = = 8", &["line "]);
    edited("vary = ", "vari = ", &["vari"]);
    edited("reviews = 60", "reviews = 60\ndata = \"reviews.csv\"", &["absolute", "reviews.csv"]);
    edited("epochs = 2", "epochs = 0", &["training.epochs"]);
    let cut = good.split("[[cells]]").next().expect("a head").to_owned();
    std::fs::write(&file, cut).expect("written");
    refused(&["run", "kept"], home, &["at least one cell"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_worker_leaves_a_checkpoint_and_says_how_to_go_on() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    plan("parts", &["--epochs", "500", "--batch", "2", "--vary", "model.hidden=3,5"], home);
    let mut worker = worker("parts", home);
    let parts = Sweep::open(&home.join("parts")).expect("a plan");
    let folder = parts.run_folder(&parts.plan.cells[0]);
    wait(&mut worker, || folder.join("best.safetensors").is_file());
    let signal = Command::new("kill").args(["-INT", &worker.id().to_string()]).status();
    assert!(signal.expect("kill runs").success());
    let output = worker.wait_with_output().expect("it ends");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("stopped in cell 1 of 2: model.hidden = 3"), "{said}");
    assert!(said.contains("then: go on with noisescope sweep run parts"), "{said}");
    assert_eq!(parts.states().expect("states"), [State::Begun, State::Open]);
    assert!(folder.join("checkpoint.safetensors").is_file());
}

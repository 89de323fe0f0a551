//! `noisescope run spike-trains` through the program: its folder, its table, stop and resume, bad
//! input.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

#[path = "common/page.rs"]
mod page;
#[path = "common/timeless.rs"]
mod timeless;
use page::{loads, unbalanced};
use timeless::timeless;

const SMALL: [&str; 14] = [
    "run",
    "spike-trains",
    "--device",
    "cpu",
    "--training",
    "120",
    "--test",
    "100",
    "--window",
    "20",
    "--batch",
    "20",
    "--networks",
    "2",
];

fn noisescope(arguments: &[&str], home: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_noisescope"))
        .args(arguments)
        .current_dir(home)
        .output()
        .expect("the program starts")
}

fn run(more: &[&str], home: &Path) -> Output {
    noisescope(&[&SMALL[..], more].concat(), home)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn summary(folder: &Path) -> Value {
    serde_json::from_str(&read(&folder.join("summary.json"))).expect("JSON")
}

/// The networks without the times.
fn networks(folder: &Path) -> Value {
    let mut networks = summary(folder)["networks"].take();
    timeless(&mut networks);
    networks
}

#[test]
fn networks_memorise_and_generalise_and_a_run_that_lost_one_ends_the_same() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let shown = succeed(&run(&["--out", "whole", "--epochs", "60"], home));
    for word in [
        "memorising",
        "generalising",
        "untrained",
        "MFF",
        "AUC",
        "SYNTHETIC",
        "1 - p",
        "all apart from",
        "memorising passes",
        "always on",
        "disp.P",
        "count B",
        "it is the rates that tell",
        "in the passes forward",
    ] {
        assert!(shown.contains(word), "no `{word}` in\n{shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    let whole = home.join("whole");
    let found = summary(&whole);
    let all = found["networks"].as_array().expect("a list");
    assert_eq!(all.len(), 4, "two kinds, two networks of each");
    for network in all {
        let course = network["course"].as_array().expect("looks");
        let passes: Vec<f64> =
            course.iter().map(|look| look["passes"].as_f64().expect("a number")).collect();
        assert!(passes[0] == 0.0 && passes.is_sorted_by(|a, b| a < b), "{passes:?}");
        let whole = passes.iter().filter(|passes| passes.fract() == 0.0).count();
        assert_eq!(whole as f64, passes.last().expect("looks") + 1.0, "a look after every pass");
        let last = course.last().expect("epochs");
        assert!(last["training_accuracy"].as_f64().expect("a share") >= 0.99, "{last}");
        let memorises = network["label_noise"] == 1.0;
        let test = last["test_accuracy"].as_f64().expect("a share");
        // By chance a tenth; 100 test pictures.
        assert_eq!(
            test < 0.3,
            memorises,
            "{test} of the test pictures at {}",
            network["label_noise"]
        );
        assert_eq!(network["end"].as_array().expect("views").len(), 2 * 3);
        for view in network["end"].as_array().expect("views") {
            for layer in view["rates"].as_array().expect("layers") {
                let bins = layer.as_array().expect("bins");
                let rates: u64 = bins.iter().filter_map(Value::as_u64).sum();
                assert_eq!(rates, 512, "every hidden unit has a rate");
            }
            let [dead, mean] = ["dead", "mean_rate"].map(|name| view["whole"][name].as_f64());
            assert!((0.0..1.0).contains(&dead.expect("a share")) && mean.expect("a rate") > 0.0);
        }
    }
    let within = |network: &Value| {
        let looks = network["course"].as_array().expect("looks").clone();
        let within =
            looks.into_iter().filter(|look| look["passes"].as_f64().unwrap_or(0.0) % 1.0 > 0.0);
        within.map(|look| look["training_accuracy"].as_f64().expect("a share")).collect::<Vec<_>>()
    };
    for network in all {
        let reached = within(network);
        assert!(reached.is_sorted_by(|a, b| a < b), "each reaches another accuracy: {reached:?}");
        assert!(reached.first().is_none_or(|first| *first >= 0.3));
        assert!(
            !reached.is_empty() || network["label_noise"] == 1.0,
            "true labels are learned fast"
        );
    }
    let compared = found["comparisons"].as_array().expect("a list");
    let at_end = compared.iter().filter(|one| one["at"] == "end").count();
    assert_eq!(
        at_end,
        2 * 3 * 3 * 4,
        "two parts, three orders, all and two layers, four indicators"
    );
    for one in compared {
        let [memorising, generalising] =
            [0, 1].map(|kind| one["accuracies"][kind].as_f64().expect("a share"));
        let at = one["at"].as_str().expect("a name").parse().unwrap_or(0.99);
        assert!(memorising >= at && generalising >= at, "{one}");
        assert_eq!(one["difference"]["networks"], serde_json::json!([2, 2]));
    }
    assert_eq!(found["until"], 0.99);
    let page = read(&whole.join("report.html"));
    assert_eq!(unbalanced(&page), None);
    assert_eq!(loads(&page), Vec::<&str>::new());
    assert!(!page.contains("NaN"), "a number that is none is shown");
    for words in [
        "What the paper claims, and what is seen",
        "Layer by layer",
        "<svg",
        "Lehmler",
        "How early",
        "Memorising minus generalising in each hidden layer",
        "blocked, 1-dense512",
        "memorising, shuffled, 2-dense512",
        "in the passes forward",
        "it is the rates that tell",
        "correlation",
    ] {
        assert!(page.contains(words), "no `{words}` on the page");
    }

    // What a stopped run has done is taken as it is, and what it lost is done again: the same.
    let before = networks(&whole);
    std::fs::remove_file(whole.join("summary.json")).expect("removed");
    let lost = whole.join("networks/noise-1-seed-2");
    std::fs::remove_dir_all(&lost).expect("removed");
    std::fs::remove_file(whole.join("networks/noise-0-seed-2/network.json")).expect("removed");
    // One that failed before its first checkpoint, after looks within the first pass.
    let failed = whole.join("networks/noise-0-seed-1");
    for file in ["network.json", "checkpoint.safetensors", "best.safetensors", "metrics.jsonl"] {
        std::fs::remove_file(failed.join(file)).expect("removed");
    }
    succeed(&noisescope(&["run", "spike-trains", "--resume", "whole"], home));
    assert!(networks(&whole) == before, "a run that goes on ends as one that was not stopped");

    // A network of another share of random labels is not taken for it.
    std::fs::remove_file(whole.join("summary.json")).expect("removed");
    let place = |noise: &str| whole.join(format!("networks/noise-{noise}-seed-1/network.json"));
    std::fs::copy(place("1"), place("0")).expect("copied");
    let refused = noisescope(&["run", "spike-trains", "--resume", "whole"], home);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    for word in ["noise-0-seed-1", "found seed 1 with 1", "remove the file"] {
        assert!(said.contains(word), "no `{word}` in\n{said}");
    }

    succeed(&run(&["--out", "whole", "--force", "--epochs", "1"], home));
}

#[test]
fn partly_random_labels_are_kinds_of_their_own() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let kinds = |list: &str, out: &str, more: &[&str]| {
        let arguments = [&["--label-noise", list, "--networks", "1", "--out", out], more].concat();
        succeed(&run(&arguments, home));
        summary(&home.join(out))
    };
    let found = kinds("0,0.5,1", "half", &["--epochs", "60"]);
    let networks = found["networks"].as_array().expect("a list");
    let test = |network: &Value| {
        let last = network["course"].as_array().and_then(|course| course.last()).expect("looks");
        assert!(last["training_accuracy"].as_f64().expect("a share") >= 0.99, "{last}");
        last["test_accuracy"].as_f64().expect("a share")
    };
    let tests: Vec<f64> = networks.iter().map(test).collect();
    // Half of the labels true: the more of them, the more of the held out pictures are told.
    assert!(tests[0] > tests[1] && tests[1] > tests[2], "{tests:?}");
    let settings = &found["settings"].as_str().expect("TOML");
    assert!(settings.contains("per_doubling = 8"), "{settings}");
    for one in found["comparisons"].as_array().expect("a list") {
        let [first, second] = [0, 1].map(|kind| one["difference"]["means"][kind].as_f64());
        let view = |kind: usize| {
            let end = networks[kind]["end"].as_array().expect("views");
            let same = |view: &&Value| {
                view["pictures"] == one["pictures"] && view["order"] == one["order"]
            };
            end.iter().find(same).expect("a view")["whole"]["mean_rate"].as_f64()
        };
        if one["at"] == "end" && one["layer"] == "all" && one["indicator"] == "MFR" {
            assert_eq!((first, second), (view(2), view(0)), "all random against all true");
        }
    }

    // Shares that round to one percent.
    let found = kinds("0,0.004,1", "close", &["--epochs", "2"]);
    let mut folders: Vec<String> = std::fs::read_dir(home.join("close/networks"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort_unstable();
    assert_eq!(folders, ["noise-0-seed-1", "noise-0.004-seed-1", "noise-1-seed-1"]);
    let noises = found["networks"].as_array().expect("a list").iter();
    let noises: Vec<f64> = noises.filter_map(|network| network["label_noise"].as_f64()).collect();
    assert_eq!(noises, [0.0, 0.004, 1.0]);
}

#[test]
fn bad_input_ends_with_one_error_that_names_place_and_remedy() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    std::fs::write(home.join("no.idx"), [0u8, 0, 9, 9, 0, 0, 0, 1]).expect("written");
    std::fs::write(home.join("stray.bin"), [7; 100]).expect("written");
    for (arguments, words) in [
        (
            &["--window", "61"][..],
            &["built-in", "122 test", "found 100", "spikes.window to 50"][..],
        ),
        (&["--test", "1"], &["40 test pictures", "take more test pictures"]),
        (&["--networks", "0"], &["comparison.networks", "at least 1", "set comparison.networks=3"]),
        (&["--label-noise", "0,1.5"], &["comparison.label_noise", "1.5", "[0,1]"]),
        (&["--label-noise", "1,0"], &["comparison.label_noise", "ascending"]),
        (&["--architecture", "rnn"], &["architecture", "rnn"]),
        (&["--data", "no.idx"], &["no.idx"]),
        (&["--data", "nowhere"], &["nowhere"]),
        (&["--set", "spikes.windw=3"], &["error: spikes.windw: ", "windw"]),
        (&["--window=-5"], &["error: spikes.window: ", "-5"]),
        (&["--set", "images.test=many"], &["error: images.test: ", "many"]),
        (&["--data", "stray.bin"], &["stray.bin", "CIFAR-10 records of 3073 bytes"]),
        (&["--set", "comparison.until=0"], &["comparison.until", "set comparison.until=0.99"]),
        (
            &["--set", "comparison.until=0.6"],
            &["comparison.matched", "found 0.7", "set comparison.matched=[0.3,0.5]"],
        ),
        (
            &["--set", r#"comparison.orders=["blocked","blocked"]"#],
            &["comparison.orders", "each once", r#"["shuffled","blocked"]"#],
        ),
        (&["--set", "comparison.orders=[]"], &["comparison.orders", "found []"]),
        (&["--set", "spikes.repeats=0"], &["spikes.repeats", "set spikes.repeats=10"]),
        (&["--window", "0"], &["spikes.window", "set spikes.window=50"]),
    ] {
        let output = run(arguments, home);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{said}");
        assert_eq!(said.matches("error:").count(), 1, "{said}");
        assert!(!said.contains(" 0 or less"), "{said}");
        for word in words.iter().chain(&["help:"]) {
            assert!(said.contains(word), "{arguments:?}: no `{word}` in\n{said}");
        }
    }
    assert!(!home.join("runs").exists(), "a run that cannot begin leaves no folder");
}

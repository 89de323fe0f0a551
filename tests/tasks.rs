//! The tasks of the noise study: targets and weights follow from the inputs by their laws, worked
//! out here a second time; losses and scores have known values; nothing crosses a wall.

use std::f64::consts::PI;

use noisescope::datasets::tasks::suite::{self, Rule};
use noisescope::datasets::tasks::{Form, Name, Purpose, Settings, Task, Trials, task};
use noisescope::signal::random::stream;
use rand::RngExt;

#[path = "tasks/maze.rs"]
mod maze;

fn default(name: Name) -> Box<dyn Task> {
    task(name, &Settings::default()).expect("the defaults are valid")
}

/// Step `step` of trial `trial` of an array with `wide` values per step.
fn at(values: &[f32], trials: &Trials, wide: usize, trial: usize, step: usize) -> Vec<f64> {
    let row = trial * trials.steps + step;
    values[row * wide..(row + 1) * wide].iter().map(|&x| f64::from(x)).collect()
}

fn close(found: f64, wanted: f64, by: f64) {
    assert!((found - wanted).abs() <= by, "found {found}, wanted {wanted} to {by}");
}

// ---- what holds for every task ----

#[test]
fn shapes_are_those_that_the_task_names() {
    for name in Name::ALL {
        let task = default(name);
        assert_eq!(task.name(), name.name());
        for purpose in [Purpose::Training, Purpose::Test] {
            let trials = task.trials(purpose, 1, 0, 7);
            let steps = 7 * task.steps();
            assert_eq!((trials.count, trials.steps), (7, task.steps()));
            assert_eq!((trials.inputs, trials.outputs), (task.inputs(), task.outputs()));
            assert_eq!(trials.drive.len(), steps * task.inputs(), "{name}");
            assert_eq!(trials.targets.len(), steps * task.outputs(), "{name}");
            assert_eq!(trials.weights.len(), steps, "{name}");
            assert!(trials.weights.iter().all(|w| *w >= 0.0));
            let all = [&trials.drive, &trials.targets, &trials.weights];
            assert!(all.iter().all(|values| values.iter().all(|x| x.is_finite())), "{name}");
        }
        assert_eq!(task.closed_loop().is_some(), name == Name::Maze);
        assert_eq!(task.measure().is_some(), matches!(name, Name::Integration | Name::Suite));
    }
    let form = |name| default(name).form();
    assert_eq!(form(Name::Function), Form::Recurrent);
    assert_eq!(form(Name::Regulator), Form::Neuron { level: 1.0 });
    assert_eq!(form(Name::Feedforward), Form::Layers(vec![64, 64]));
}

#[test]
fn names_are_typed_as_they_are_written_in_settings() {
    for name in Name::ALL {
        let written = serde_json::to_string(&name).expect("a name is text");
        assert_eq!(written, format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<Name>(&written).expect("read back"), name);
    }
}

#[test]
fn a_batch_depends_on_seed_purpose_and_index_only() {
    // The regulator has no chance in it.
    for name in Name::ALL.into_iter().filter(|name| *name != Name::Regulator) {
        let task = default(name);
        let batch = task.trials(Purpose::Training, 3, 5, 6);
        assert_eq!(batch, task.trials(Purpose::Training, 3, 5, 6), "{name}");
        assert_ne!(batch.drive, task.trials(Purpose::Training, 4, 5, 6).drive, "{name}: seed");
        assert_ne!(batch.drive, task.trials(Purpose::Training, 3, 6, 6).drive, "{name}: index");
        assert_ne!(batch.drive, task.trials(Purpose::Test, 3, 5, 6).drive, "{name}: purpose");
        let wide = task.steps() * task.inputs();
        let rows: Vec<&[f32]> = batch.drive.chunks(wide).collect();
        assert!((1..6).all(|k| rows[..k].iter().all(|row| row != &rows[k])), "{name}: trials");
    }
}

#[test]
fn a_trial_does_not_depend_on_how_many_there_are() {
    for name in Name::ALL {
        let task = default(name);
        let grid = matches!(name, Name::Function | Name::Feedforward);
        for purpose in [Purpose::Training, Purpose::Test] {
            if grid && purpose == Purpose::Test {
                continue;
            }
            let (few, many) = (task.trials(purpose, 2, 1, 3), task.trials(purpose, 2, 1, 9));
            assert_eq!(few.drive, many.drive[..few.drive.len()], "{name}");
            assert_eq!(few.targets, many.targets[..few.targets.len()], "{name}");
            assert_eq!(few.weights, many.weights[..few.weights.len()], "{name}");
        }
    }
}

#[test]
fn the_loss_is_the_weighted_mean_square_and_leaves_out_what_does_not_count() {
    let trials = Trials {
        count: 1,
        steps: 3,
        inputs: 1,
        outputs: 2,
        drive: vec![0.0; 3],
        targets: vec![1.0, 2.0, 0.0, 0.0, 9.0, 9.0],
        weights: vec![1.0, 3.0, 0.0],
    };
    // (1 (1² + 2²) + 3 (2² + 0²)) / (2 · 4) = 17 / 8, whatever the last step is.
    close(trials.loss(&[0.0, 0.0, 2.0, 0.0, f32::NAN, 1e30]), 17.0 / 8.0, 1e-12);
    assert!(trials.loss(&[f32::NAN, 0.0, 2.0, 0.0, 0.0, 0.0]).is_nan(), "a NaN that counts");
}

#[test]
fn the_perfect_output_has_no_loss_and_a_perfect_score() {
    for name in Name::ALL {
        let task = default(name);
        for purpose in [Purpose::Training, Purpose::Test] {
            let trials = task.trials(purpose, 1, 0, 50);
            assert_eq!(trials.loss(&trials.targets), 0.0, "{name}");
            assert_eq!(task.score(&trials, &trials.targets), task.measure().map(|_| 1.0), "{name}");
        }
    }
}

// ---- function, regulator, feedforward ----

#[test]
fn the_function_is_the_sine_of_a_held_input_over_the_last_half() {
    let task = default(Name::Function);
    let trials = task.trials(Purpose::Training, 1, 0, 2_000);
    let mut mean = 0.0;
    for trial in 0..trials.count {
        let u = at(&trials.drive, &trials, 1, trial, 0)[0];
        mean += u / trials.count as f64;
        for step in 0..60 {
            assert_eq!(at(&trials.drive, &trials, 1, trial, step)[0], u);
            close(at(&trials.targets, &trials, 1, trial, step)[0], (PI * u).sin(), 1e-7);
            let counts = if step < 30 { 0.0 } else { 1.0 };
            assert_eq!(at(&trials.weights, &trials, 1, trial, step)[0], counts);
        }
    }
    // Uniform in [−1, 1]: the mean of 2,000 has a standard error of 0.577 / √2000 = 0.0129.
    close(mean, 0.0, 4.0 * 0.0129);
    // E sin²(πu) = 1/2 with a variance of 1/8: a standard error of 0.0079.
    close(trials.loss(&vec![0.0; trials.targets.len()]), 0.5, 4.0 * 0.0079);
}

#[test]
fn test_inputs_of_the_function_lie_on_a_grid() {
    for name in [Name::Function, Name::Feedforward] {
        let task = default(name);
        let inputs = |count: usize, index: u64| -> Vec<f32> {
            let trials = task.trials(Purpose::Test, 1, index, count);
            trials.drive.chunks(task.steps()).map(|trial| trial[0]).collect()
        };
        assert_eq!(inputs(5, 0), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(inputs(5, 0), inputs(5, 8), "the same in every batch");
        assert_eq!((inputs(1, 0), inputs(2, 0)), (vec![0.0], vec![-1.0, 1.0]));
        // Over a whole period without its last point, Σ sin² is exactly half the number of points.
        let trials = task.trials(Purpose::Test, 1, 0, 101);
        close(trials.loss(&vec![0.0; trials.targets.len()]), 50.0 / 101.0, 1e-7);
    }
}

#[test]
fn the_regulator_holds_its_level_with_nothing_to_read() {
    let mut settings = Settings::default();
    let trials = default(Name::Regulator).trials(Purpose::Training, 1, 0, 3);
    assert!(trials.drive.iter().all(|u| *u == 0.0));
    assert_eq!(trials.loss(&vec![0.0; 600]), 1.0);
    assert_eq!(trials.loss(&vec![1.25; 600]), 0.0625);
    let counts: Vec<usize> = (0..200).filter(|step| trials.weights[*step] > 0.0).collect();
    assert_eq!(counts, (100..200).collect::<Vec<_>>());
    settings.regulator.level = -2.0;
    settings.regulator.steps = 3;
    let trials = task(Name::Regulator, &settings).expect("valid").trials(Purpose::Test, 1, 0, 1);
    assert_eq!((trials.targets, trials.weights), (vec![-2.0; 3], vec![0.0, 1.0, 1.0]));
}

#[test]
fn the_feedforward_network_is_judged_when_the_input_has_come_through() {
    let mut settings = Settings::default();
    settings.feedforward.layers = vec![5, 6, 7];
    let task = task(Name::Feedforward, &settings).expect("valid");
    assert_eq!((task.steps(), task.form()), (3, Form::Layers(vec![5, 6, 7])));
    let trials = task.trials(Purpose::Training, 1, 0, 4);
    for trial in 0..4 {
        assert_eq!(trials.weights[3 * trial..3 * trial + 3], [0.0, 0.0, 1.0]);
        let u = trials.drive[3 * trial];
        assert_eq!(trials.drive[3 * trial..3 * trial + 3], [u; 3]);
        close(f64::from(trials.targets[3 * trial + 2]), (PI * f64::from(u)).sin(), 1e-7);
    }
}

// ---- integration ----

#[test]
fn the_position_is_the_sum_of_the_velocities() {
    let task = default(Name::Integration);
    let trials = task.trials(Purpose::Training, 1, 0, 1_000);
    let (mut squares, mut products, mut last) = (0.0, 0.0, 0.0);
    for trial in 0..trials.count {
        let mut position = [0.0; 2];
        for step in 0..100 {
            let velocity = at(&trials.drive, &trials, 2, trial, step);
            let target = at(&trials.targets, &trials, 2, trial, step);
            for axis in 0..2 {
                position[axis] += 0.02 * velocity[axis];
                close(target[axis], position[axis], 1e-6);
            }
            if step > 0 {
                products += velocity[0] * at(&trials.drive, &trials, 2, trial, step - 1)[0];
            }
            squares += velocity[0].powi(2);
        }
        last += position[0].powi(2) + position[1].powi(2);
    }
    assert!(trials.weights.iter().all(|w| *w == 1.0));
    // Variance 1. Its standard error: √(2 · Σ ρ^2|k| / 100,000), Σ ρ^2|k| = coth 0.1 = 10.03.
    close(squares / 100_000.0, 1.0, 4.0 * (2.0 * 10.03f64 / 1e5).sqrt());
    // Correlation over a step e^(−1/10), as a ratio much surer than either.
    close(products / squares * 100.0 / 99.0, (-0.1f64).exp(), 0.005);
    // Var p_99 = 0.02² Σ_ij ρ^|i−j|, a sum of 10,000 terms; two directions, 1,000 trials.
    let terms = (0..10_000i32).map(|k| (-0.1 * f64::from((k / 100 - k % 100).abs())).exp());
    let wanted = 0.02f64.powi(2) * terms.sum::<f64>();
    close(last / 2_000.0, wanted, 4.0 * wanted * (2.0f64 / 2_000.0).sqrt());
}

#[test]
fn the_variance_explained_is_none_for_a_constant_and_known_for_a_scaled_answer() {
    let task = default(Name::Integration);
    let trials = task.trials(Purpose::Test, 1, 0, 200);
    let score = |outputs: &[f32]| task.score(&trials, outputs).expect("a measure");
    let means = [0, 1].map(|axis| {
        let along = trials.targets.iter().skip(axis).step_by(2).map(|&y| f64::from(y));
        along.sum::<f64>() / 20_000.0
    });
    let constant: Vec<f32> = (0..40_000).map(|at| means[at % 2] as f32).collect();
    close(score(&constant), 0.0, 1e-6);
    // z = ȳ + (y − ȳ) / 2 leaves a quarter of the variance.
    let half: Vec<f32> = trials.targets.iter().zip(&constant).map(|(y, m)| (y + m) / 2.0).collect();
    close(score(&half), 0.75, 1e-6);
}

// ---- suite ----

/// What the suite's law says of one trial, read from its inputs.
struct Asked {
    go: usize,
    /// None is to hold still.
    direction: Option<f64>,
}

fn asked(trials: &Trials, trial: usize) -> Asked {
    let input = |step, which: usize| at(&trials.drive, trials, 10, trial, step)[which];
    let go = (0..60).take_while(|&step| input(step, 0) == 1.0).count();
    let sum =
        |steps: std::ops::Range<usize>, which| steps.map(|step| input(step, which)).sum::<f64>();
    let vector = |steps: std::ops::Range<usize>, modality: usize| {
        [0, 1].map(|part| sum(steps.clone(), 1 + 2 * modality + part))
    };
    let angle = |[x, y]: [f64; 2]| y.atan2(x);
    let size = |[x, y]: [f64; 2]| x.hypot(y);
    let [first, second] = [0, 1].map(|modality| vector(0..60, modality));
    let both = [first[0] + second[0], first[1] + second[1]];
    let direction = match Rule::of(trial) {
        Rule::Go | Rule::Delay => Some(angle(both)),
        Rule::Anti => Some(angle(both) + PI),
        Rule::Decision => Some(angle(if size(first) > size(second) { first } else { second })),
        Rule::Match => {
            let modality = usize::from(size(vector(go - 9..go, 1)) > 0.0);
            let (sample, test) = (vector(0..go - 9, modality), vector(go - 9..go, modality));
            let like = sample[0] * test[0] + sample[1] * test[1];
            close(like.abs(), 81.0, 1e-3); // nine steps of strength 1 each, same or opposite
            (like > 0.0).then(|| angle(test))
        }
    };
    Asked { go, direction }
}

#[test]
fn the_suite_s_targets_follow_from_its_inputs() {
    let task = default(Name::Suite);
    let trials = task.trials(Purpose::Test, 1, 0, 2_000);
    for trial in 0..trials.count {
        let Asked { go, direction } = asked(&trials, trial);
        assert!((36..=42).contains(&go), "go at {go}");
        for step in 0..60 {
            let wanted = match direction {
                Some(angle) if step >= go => [0.0, angle.cos(), angle.sin()],
                _ => [1.0, 0.0, 0.0],
            };
            let target = at(&trials.targets, &trials, 3, trial, step);
            (0..3).for_each(|part| close(target[part], wanted[part], 1e-5));
            let counts = if step < go {
                1.0
            } else if step < go + 7 {
                0.0
            } else {
                2.0
            };
            assert_eq!(at(&trials.weights, &trials, 1, trial, step)[0], counts);
            let drive = at(&trials.drive, &trials, 10, trial, step);
            assert_eq!(drive[0], if step < go { 1.0 } else { 0.0 });
            let rule: Vec<usize> = (0..5).filter(|rule| drive[5 + rule] == 1.0).collect();
            assert_eq!(rule, [trial % 5]);
        }
    }
}

#[test]
fn stimuli_of_the_suite_are_shown_when_and_as_long_as_its_law_says() {
    let trials = default(Name::Suite).trials(Purpose::Training, 2, 0, 1_000);
    let (mut matches, mut second) = (0, 0);
    for trial in 0..trials.count {
        let size = |step, modality: usize| {
            let drive = at(&trials.drive, &trials, 10, trial, step);
            drive[1 + 2 * modality].hypot(drive[2 + 2 * modality])
        };
        let shown =
            |modality| (0..60).filter(|&step| size(step, modality) > 0.0).collect::<Vec<_>>();
        let (one, two) = (shown(0), shown(1));
        let rule = Rule::of(trial);
        if rule == Rule::Decision {
            assert_eq!((&one, one.len()), (&two, 15));
        } else {
            assert!(one.is_empty() != two.is_empty(), "one modality only");
            second += usize::from(one.is_empty());
            let steps = if one.is_empty() { &two } else { &one };
            let modality = usize::from(one.is_empty());
            assert!(steps.iter().all(|&step| (size(step, modality) - 1.0).abs() < 1e-6));
            assert!((6..=12).contains(&steps[0]), "onset at {}", steps[0]);
            let long = match rule {
                Rule::Go | Rule::Anti => 60 - steps[0],
                Rule::Delay => 15,
                _ => 18,
            };
            assert_eq!(steps.len(), long, "{rule:?}");
        }
        if rule == Rule::Match {
            matches += usize::from(asked(&trials, trial).direction.is_some());
        }
    }
    // Fair coins: 200 and 800 of them, within four standard deviations.
    close(matches as f64, 100.0, 4.0 * 50f64.sqrt());
    close(second as f64, 400.0, 4.0 * 200f64.sqrt());
}

#[test]
fn evidence_has_the_strengths_and_the_noise_that_are_stated() {
    // The difference of the two strengths, |d| of 0.2, 0.4, 0.8 with equal chances, on 15 steps:
    // its square has the mean (0.04 + 0.16 + 0.64) / 3 + 2 · 0.3² = 0.28 + 0.18.
    let trials = default(Name::Suite).trials(Purpose::Training, 3, 0, 5_000);
    let mut squares = Vec::new();
    for trial in (3..trials.count).step_by(5) {
        let input = |step, which: usize| at(&trials.drive, &trials, 10, trial, step)[which];
        let sums = [1, 2, 3, 4].map(|which| (0..60).map(|step| input(step, which)).sum::<f64>());
        let angles = [sums[1].atan2(sums[0]), sums[3].atan2(sums[2])];
        let apart = (angles[0] - angles[1]).cos();
        assert!(apart < 1e-3, "the two are at least a right angle apart, cos {apart}");
        let along = |step, m: usize| {
            input(step, 1 + 2 * m) * angles[m].cos() + input(step, 2 + 2 * m) * angles[m].sin()
        };
        let shown = (0..60).filter(|&step| input(step, 1) != 0.0);
        let each: Vec<f64> = shown.map(|step| (along(step, 0) - along(step, 1)).powi(2)).collect();
        squares.push(each.iter().sum::<f64>() / each.len() as f64);
    }
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    let spread = squares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / squares.len() as f64;
    close(mean, 0.46, 4.0 * (spread / squares.len() as f64).sqrt());
}

#[test]
fn a_guess_is_right_as_often_as_chance_says() {
    let task = default(Name::Suite);
    let trials = task.trials(Purpose::Test, 4, 0, 10_000);
    let score = |outputs: &[f32]| task.score(&trials, outputs).expect("a measure");
    assert_eq!(score(&vec![0.0; trials.targets.len()]), 0.0, "no fixation, no trial right");
    let mut chance = stream(1, "test/guess", 0);
    let mut guess = trials.targets.clone();
    let mut holds = trials.targets.clone();
    for (trial, rows) in guess.chunks_mut(180).enumerate() {
        let angle: f32 = chance.random_range(0.0..std::f32::consts::TAU);
        for (step, row) in rows.chunks_mut(3).enumerate() {
            row[1..].copy_from_slice(&[angle.cos(), angle.sin()]);
            if trials.drive[(trial * 60 + step) * 10] == 0.0 {
                holds[(trial * 60 + step) * 3] = 1.0;
            }
        }
    }
    // Fixation known, direction guessed: 72° of 360° where there is one, which is in 9 of 10 trials.
    let wanted = 0.9 * 0.2 + 0.1;
    close(score(&guess), wanted, 4.0 * (wanted * (1.0 - wanted) / 1e4f64).sqrt());
    // To hold still always is right in the trials without a match.
    let still = (0..10_000).filter(|&trial| asked(&trials, trial).direction.is_none()).count();
    assert_eq!(score(&holds), still as f64 / 1e4);
}

#[test]
fn a_response_is_right_up_to_36_degrees() {
    let trials = default(Name::Suite).trials(Purpose::Test, 5, 0, 500);
    let turned = |degrees: f64| {
        let mut outputs = trials.targets.clone();
        for row in outputs.chunks_mut(3) {
            let (sine, cosine) = degrees.to_radians().sin_cos();
            let [x, y] = [f64::from(row[1]), f64::from(row[2])];
            row[1] = (0.1 * (x * cosine - y * sine)) as f32;
            row[2] = (0.1 * (x * sine + y * cosine)) as f32;
        }
        suite::right(&trials, &outputs)
    };
    assert!(turned(35.9).iter().all(|right| *right) && turned(-35.9).iter().all(|right| *right));
    for (trial, right) in turned(36.1).into_iter().enumerate() {
        assert_eq!(right, asked(&trials, trial).direction.is_none(), "trial {trial}");
    }
}

// ---- settings ----

#[test]
fn settings_out_of_range_are_named_with_a_remedy() {
    let refused = |text: &str, place: &str| {
        let settings: Settings = toml::from_str(text).expect("settings in form");
        let found: Vec<_> = Name::ALL.map(|name| task(name, &settings)).into_iter().collect();
        let errors: Vec<_> = found.into_iter().filter_map(Result::err).collect();
        assert_eq!(errors.len(), 1, "{text}: one task refuses");
        assert!(errors[0].to_string().starts_with(place), "{text}: {}", errors[0]);
        assert!(errors[0].remedy_text().is_some_and(|remedy| !remedy.is_empty()), "{text}");
    };
    for (setting, values) in [
        ("function.steps", &["0", "1", "10001"][..]),
        ("regulator.steps", &["0", "1"]),
        ("regulator.level", &["nan", "inf"]),
        ("integration.steps", &["0"]),
        ("integration.memory", &["0.0", "-1.0", "nan", "inf"]),
        ("integration.stride", &["0.0", "-0.1", "nan"]),
        ("suite.steps", &["0", "19"]),
        ("suite.noise", &["-0.1", "nan"]),
        ("maze.size", &["0", "1", "17"]),
        ("maze.steps", &["0"]),
        ("maze.stride", &["0.0", "-0.05", "0.11", "nan"]),
        ("maze.push", &["-1.0", "nan"]),
        ("maze.patience", &["0"]),
        ("maze.drawing", &["\"\""]),
        ("feedforward.layers", &["[]", "[0]", "[4, 0]", "[5000]"]),
    ] {
        values.iter().for_each(|value| {
            refused(&format!("{setting} = {value}"), &format!("tasks.{setting}"));
        });
    }
    let unknown = toml::from_str::<Settings>("maze.sise = 4").expect_err("no such setting");
    assert!(unknown.to_string().contains("sise"), "{unknown}");
}

#[test]
fn the_maze_in_the_documentation_is_one() {
    let page = include_str!("../docs/tasks.md");
    let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let table: toml::Table = toml::from_str(block.expect("a block of settings")).expect("TOML");
    let settings: Settings = table["tasks"].clone().try_into().expect("settings");
    let task = task(Name::Maze, &settings).expect("a maze");
    let walls = task.closed_loop().expect("a maze").walls();
    assert_eq!((walls.columns, walls.rows, walls.goal), (4, 2, [3, 1]));
}

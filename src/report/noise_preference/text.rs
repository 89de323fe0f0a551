//! What the terminal shows: tasks, a table of all kinds of networks for each, sentences.
//!
//! Place in the flow: [`Outcome`] -> lines of at most 100 columns.

use super::TITLE;
use super::findings::sentences;
use super::kinds::{digits, estimate, estimate_digits, kinds, level_of, or_none, short};
use crate::experiments::noise_preference::found::{About, Group, Outcome};
use crate::report::lines::{WIDTH, paragraph, shortened};
use crate::report::numbers::{count, duration, finite, fixed, several};

/// Headings of the table, in two lines.
const HEADINGS: [[&str; 10]; 2] = [
    ["noise", "", "", "loss", "loss", "preferred", "preferred", "loss(0) /", "bias²", "dis-"],
    ["", "s", "n", "at s", "at 0", "noise", "/ s", "loss(pref.)", "at s", "tance"],
];

/// The whole text.
pub(super) fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    let title =
        format!("noisescope {}: {}, seed {}", outcome.version, outcome.experiment, outcome.seed);
    paragraph(&mut text, &title, 0);
    paragraph(&mut text, TITLE, 0);
    text.push('\n');
    let device = &outcome.device;
    let device = format!("{} ({}, {})", device.name, device.backend, device.kind);
    for (label, words) in [
        ("device", device),
        ("networks", networks(outcome)),
        ("time", duration(outcome.seconds.iter().map(|part| part.1).sum())),
    ] {
        paragraph(&mut text, &format!("{label:<13}{words}"), 13);
    }
    for about in &outcome.tasks {
        let words = format!("{:<13}{}", about.task.name(), size(about));
        paragraph(&mut text, &words, 13);
    }
    if !outcome.groups.is_empty() {
        text.push('\n');
        paragraph(&mut text, LEGEND, 0);
    }
    text.push_str(&tables(outcome));
    text.push('\n');
    for words in sentences(outcome, &kinds(outcome)) {
        paragraph(&mut text, &words, 0);
    }
    text
}

/// A table of the kinds of networks of every task, each after an empty line and the task's name.
pub(in crate::report) fn tables(outcome: &Outcome) -> String {
    let by_task = outcome.groups.chunk_by(|one, next| one.task == next.task);
    by_task.map(|groups| format!("\n{}\n{}", groups[0].task, table(groups))).collect()
}

/// What the table's columns are.
pub(in crate::report) const LEGEND: &str = "Mean squared errors, means over n networks [95 % interval over networks]. s: \
     training noise. bias²: its share of the loss at s. Distance: median distance of units' \
     arguments from the nonlinearity, in units of s (without training noise: of the smallest s \
     above 0).";

/// `24 networks of relu units`.
fn networks(outcome: &Outcome) -> String {
    format!("{} of {} units", count(outcome.networks.len()), outcome.nonlinearity)
}

/// A task's sizes: `1 input, 64 units, 1 output; 60 steps, g = 0.1`.
pub(super) fn size(about: &About) -> String {
    format!(
        "{}, {}, {}; {}, g = {}",
        several(about.inputs, "input"),
        several(about.units, "unit"),
        several(about.outputs, "output"),
        several(about.steps, "step"),
        short(about.rate)
    )
}

/// A group's figures, as text and page show them, after site and training noise.
pub(super) fn figures(group: &Group) -> [String; 8] {
    [
        count(group.networks),
        digits(group.loss),
        digits(group.still),
        // As many decimals as a level has.
        estimate(group.preferred, 3),
        estimate(group.ratio, 2),
        estimate_digits(group.gain),
        match finite(group.bias_share) {
            Some(share) => format!("{} %", fixed(100.0 * share, 1)),
            None => super::kinds::NONE.into(),
        },
        or_none(finite(group.distance)),
    ]
}

fn table(groups: &[Group]) -> String {
    let headings = HEADINGS.map(|line| line.map(str::to_owned).to_vec());
    let row = |group: &Group| {
        let mut row = vec![group.site.to_string(), level_of(group.level)];
        row.extend(figures(group));
        row
    };
    let mut rows: Vec<Vec<String>> = headings.to_vec();
    rows.extend(groups.iter().map(row));
    let wide = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADINGS[0].len()).map(wide).collect();
    let room = WIDTH.saturating_sub(widths.iter().sum::<usize>()) / (widths.len() - 1);
    let gap = " ".repeat(room.clamp(1, 2));
    let mut table = String::new();
    for (place, row) in rows.iter().enumerate() {
        let cell = |(column, words): (usize, &String)| {
            let room = widths[column] - words.chars().count();
            let blank = " ".repeat(room);
            if column == 0 { format!("{words}{blank}") } else { format!("{blank}{words}") }
        };
        let line: Vec<String> = row.iter().enumerate().map(cell).collect();
        let line = shortened(line.join(&gap).trim_end(), WIDTH);
        table.push_str(&line);
        table.push('\n');
        if place == 1 {
            let whole = widths.iter().sum::<usize>() + gap.len() * (widths.len() - 1);
            table.push_str(&"-".repeat(whole.min(WIDTH)));
            table.push('\n');
        }
    }
    table
}

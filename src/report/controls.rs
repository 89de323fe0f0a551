//! The controls: how much of "1/f" survives, in a sentence each and in tables.
//!
//! Place in the flow: the outcome's [`Control`]s -> the terminal's lines and a section of the page.

use super::analysis::words::{share, word};
use super::html::tables;
use super::lines::{NAME, paragraph, shortened};
use super::markup::{Escaped, typeset_prose};
use super::numbers::{count, exponent, finite, several, spread};
use crate::analysis::controls::Verdict;
use crate::experiments::outcome::{Control, LocalBeta, Spread};

/// What the columns are.
const NOTE: &str = "AR(1): surrogates with the lag-one correlation of each trace and no longer \
     memory. Shuffled: its values alone. Phase-randomised: its periodogram alone. Beta over small \
     and over large windows (sizes in steps) is the same where one power law holds. Above AR(1): \
     traces whose beta is above that of every AR(1) surrogate of their own. The verdicts are those \
     of noisescope analyze, in shares of the traces that have an exponent.";

/// How much of "1/f" survives in the hidden state, a sentence per condition; in everything that was
/// examined where the hidden state was not.
fn sentences(controls: &[Control]) -> Vec<String> {
    let hidden = |control: &&Control| control.quantity == "hidden";
    let any = controls.iter().any(|control| hidden(&control));
    controls.iter().filter(|control| !any || hidden(control)).map(sentence).collect()
}

/// How much of "1/f" survives in one quantity under one condition.
fn sentence(control: &Control) -> String {
    let Control { traces, undefined, surrogates, .. } = *control;
    let what = format!("{} ({})", control.quantity, control.condition);
    if traces == 0 {
        return format!("{what}: none of {} has an exponent.", several(undefined, "trace"));
    }
    let mut others: Vec<(Verdict, usize)> = control.verdicts.clone();
    others.retain(|(verdict, count)| *verdict != Verdict::OneOverF && *count > 0);
    others.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let others =
        others.iter().map(|(of, count)| format!(", {} {}", share(*count, traces), word(*of)));
    let without = match undefined {
        0 => String::new(),
        some => format!("; {} more have no exponent", count(some)),
    };
    format!(
        "Of {} of {what} {} are called 1/f by their own controls{}; {} exceed all {surrogates} \
         AR(1) surrogates of their own lag-one correlation ({} would by chance); mean beta {} \
         against {} for those surrogates{without}.",
        several(traces, "trace"),
        share(control.judged(Verdict::OneOverF), traces),
        others.collect::<String>(),
        share(control.above_autoregressive, traces),
        share(1, surrogates + 1),
        exponent(finite(control.beta.mean)),
        exponent(finite(control.autoregressive.mean)),
    )
}

/// A column of figures: its heading, and the cell of a control.
type Column = (String, Box<dyn Fn(&Control) -> String>);

fn column(heading: impl Into<String>, cell: impl Fn(&Control) -> String + 'static) -> Column {
    (heading.into(), Box::new(cell))
}

fn beta(beta: Spread) -> String {
    spread(beta.mean, beta.sd)
}

/// The part of the traces, or a dash where there are none.
fn part(control: &Control, of: usize) -> String {
    if control.traces == 0 { "-".to_owned() } else { share(of, control.traces) }
}

/// Beta of the traces and of their surrogates.
fn beside() -> Vec<Column> {
    vec![
        column("beta", |control| beta(control.beta)),
        column("AR(1)", |control| beta(control.autoregressive)),
        column("shuffled", |control| beta(control.shuffled)),
        column("phase-randomised", |control| beta(control.phase_randomised)),
    ]
}

/// Beta over parts of the sizes, and what is counted.
fn local(controls: &[Control]) -> Vec<Column> {
    let parts = controls.iter().map(|control| control.local.as_slice()).max_by_key(|l| l.len());
    let over = |(at, part): (usize, &LocalBeta)| {
        let [from, to] = part.sizes;
        let cell = move |control: &Control| {
            control.local.get(at).map_or_else(|| "-".to_owned(), |part| beta(part.beta))
        };
        column(format!("beta, {from} to {to}"), cell)
    };
    let mut columns: Vec<Column> = parts.unwrap_or_default().iter().enumerate().map(over).collect();
    columns.extend([
        column("above AR(1)", |control| part(control, control.above_autoregressive)),
        column("traces / undefined", |control| {
            format!("{} / {}", count(control.traces), count(control.undefined))
        }),
    ]);
    columns
}

fn verdicts() -> Vec<Column> {
    Verdict::ALL
        .map(|of| column(of.name(), move |control| part(control, control.judged(of))))
        .into()
}

/// The terminal's lines: the sentences, then three grids; nothing where nothing was examined.
pub(super) fn text(text: &mut String, controls: &[Control]) {
    if controls.is_empty() {
        return;
    }
    text.push_str("\ncontrols: how much of \"1/f\" survives\n\n");
    for sentence in sentences(controls) {
        paragraph(text, &sentence, 0);
    }
    for columns in [beside(), local(controls), verdicts()] {
        text.push('\n');
        grid(text, controls, columns);
    }
    text.push('\n');
    paragraph(text, NOTE, 0);
}

/// One line per control, every column as wide as what stands in it.
fn grid(text: &mut String, controls: &[Control], columns: Vec<Column>) {
    let names = [
        column("quantity", |control| shortened(&control.quantity, NAME)),
        column("condition", |control| shortened(&control.condition, NAME)),
    ];
    let mut lines = vec![String::new(); controls.len() + 1];
    for (place, (heading, cell)) in names.into_iter().chain(columns).enumerate() {
        let cells: Vec<String> =
            std::iter::once(heading).chain(controls.iter().map(cell)).collect();
        let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0) + 2;
        for (line, cell) in lines.iter_mut().zip(&cells) {
            *line += &if place < 2 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
        }
    }
    lines.insert(1, "-".repeat(lines[0].chars().count()));
    lines.iter().for_each(|line| {
        text.push_str(line.trim_end());
        text.push('\n');
    });
}

/// The page's section: the sentences, then two tables.
pub(super) fn section(controls: &[Control]) -> String {
    if controls.is_empty() {
        return "<p class=\"absent\">The controls were not examined in this run \
                (recording.controls = 0).</p>\n"
            .into();
    }
    let mut section: String = sentences(controls)
        .iter()
        .map(|sentence| format!("<p>{}</p>\n", Escaped(&typeset_prose(sentence))))
        .collect();
    let (mut local, mut first) = (local(controls), beside());
    let second = local.split_off(local.len() - 2).into_iter().chain(verdicts()).collect();
    first.append(&mut local);
    let captions = [
        "Beta of unit traces and of their surrogates, mean \u{b1} standard deviation over traces",
        "Unit traces above their AR(1) surrogates, and their verdicts",
    ];
    for (caption, columns) in captions.into_iter().zip([first, second]) {
        section += &table(caption, controls, columns);
    }
    section + &format!("<p class=\"note\">{}</p>\n", Escaped(NOTE))
}

fn table(caption: &str, controls: &[Control], columns: Vec<Column>) -> String {
    let row = |control: &Control| {
        let figures: String =
            columns.iter().map(|(_, cell)| tables::number(&cell(control))).collect();
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td>{figures}</tr>\n",
            Escaped(&control.quantity),
            Escaped(&control.condition)
        )
    };
    let body: String = controls.iter().map(row).collect();
    let figures: Vec<&str> = columns.iter().map(|(heading, _)| heading.as_str()).collect();
    let headings = tables::headings(&["quantity", "condition"], &figures);
    tables::table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_says_how_much_survives_and_never_a_number_that_is_none() {
        let spread = |mean| Spread { mean: Some(mean), sd: Some(0.1) };
        let mut control = Control {
            quantity: "hidden".into(),
            condition: "trained".into(),
            traces: 11_983,
            undefined: 17,
            beta: spread(0.368),
            surrogates: 19,
            autoregressive: spread(0.189),
            above_autoregressive: 2_636,
            verdicts: vec![
                (Verdict::White, 3_000),
                (Verdict::ShortMemory, 5_000),
                (Verdict::OneOverF, 3_983),
                (Verdict::Brownian, 0),
            ],
            ..Control::default()
        };
        assert_eq!(
            sentence(&control),
            "Of 11,983 traces of hidden (trained) 33 % are called 1/f by their own controls, 42 % \
             short memory, 25 % white; 22 % exceed all 19 AR(1) surrogates of their own \
             lag-one correlation (5 % would by chance); mean beta 0.368 against 0.189 for those \
             surrogates; 17 more have no exponent."
        );
        control = Control {
            undefined: 12_000,
            quantity: control.quantity,
            condition: control.condition,
            surrogates: 19,
            ..Control::default()
        };
        let said = sentence(&control);
        assert_eq!(said, "hidden (trained): none of 12,000 traces has an exponent.");
        let mut lines = String::new();
        text(&mut lines, &[control]);
        assert!(lines.contains("undefined") && !lines.contains("NaN"), "{lines}");
        assert!(!lines.contains("0.0") && !lines.contains("0 %"), "{lines}");
    }
}

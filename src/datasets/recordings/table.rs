//! Tables of numbers: one column per trace, one line per sample.
//!
//! Place in the flow: one of the readers behind [`recordings::read`](super::read).
//!
//! Columns are parted by tabs, semicolons, commas or blanks, told by the second line (the first may
//! be a header, in words of its own). A first line with a cell that is no number is the header.
//! Empty lines and lines that begin with `#` or `%` are passed over. A cell that is empty, `NaN` or
//! `NA` is NaN. Between semicolons, `1,5` is one and a half.

use super::{File, Options, Recording, listed};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// The columns of a table.
struct Columns {
    /// Their names; without a header their numbers, from 1.
    names: Vec<String>,
    header: bool,
}

/// Reads the table `text`.
pub(super) fn read(file: &File, text: &str, options: &Options) -> Result<Recording> {
    let separator = separator(text);
    let mut lines = filled(text);
    let mut cells = Vec::new();
    let columns = columns(lines.clone().next().map_or("", |(_, line)| line), separator);
    if columns.header {
        lines.next();
    }
    let chosen = choose(file, &columns, options)?;
    let count = columns.names.len();
    let mut values: Vec<f32> = Vec::new();
    for (number, line) in lines {
        split(line, separator, &mut cells);
        if cells.len() != count && !(cells.len() == count + 1 && cells[count].trim().is_empty()) {
            return Err(ragged(file, number, count, cells.len()));
        }
        for &column in &chosen {
            let cell = cells[column];
            let value = value(cell, separator);
            values
                .push(value.ok_or_else(|| no_number(file, number, &columns.names[column], cell))?);
        }
    }
    if values.is_empty() {
        let what = "expected lines of numbers, found a header alone";
        return Err(file.error(what, super::FORMS));
    }
    let steps = values.len() / chosen.len();
    let mut names: Vec<&str> =
        chosen.iter().map(|&column| columns.names[column].as_str()).collect();
    let mut values = turned(values, names.len());
    // A separator at the end of every line makes a last column of nothing. `cells` is the last line.
    let nameless = !columns.header || columns.names[count - 1].is_empty();
    let last_is_blank = values[values.len() - steps..].iter().all(|value| value.is_nan());
    let last_is_blank = last_is_blank && cells[count - 1].trim().is_empty();
    if options.columns.is_none() && names.len() > 1 && nameless && last_is_blank {
        names.pop();
        values.truncate(values.len() - steps);
    }
    let alone = count == 1 && !columns.header;
    let source = format!("{}: text, {steps} lines × {} columns", file.label, names.len());
    let names = names.into_iter().map(|name| file.name(if alone { "" } else { name })).collect();
    Ok(Recording { source, names, rate: None, traces: Traces::new(values, steps)? })
}

/// The lines with something on them, with their numbers from 1.
fn filled(text: &str) -> impl Iterator<Item = (usize, &str)> + Clone {
    let said = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with(['#', '%'])
    };
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(move |&(_, line)| said(line))
}

/// What parts the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    Character(char),
    Blanks,
    /// One column, under a name that may have blanks.
    Nothing,
}

/// What parts the columns of `text`.
fn separator(text: &str) -> Separator {
    let mut lines = filled(text).map(|(_, line)| line);
    let first = lines.next().unwrap_or_default();
    let second = lines.next().unwrap_or(first);
    let inside = |line: &str| ['\t', ';', ','].into_iter().find(|&c| line.contains(c));
    let several = second.split_ascii_whitespace().nth(1).is_some();
    let is_number = |cell: &str| value(cell, Separator::Blanks).is_some();
    match (inside(second), inside(first)) {
        (Some(separator), _) => Separator::Character(separator),
        (None, Some(separator)) if !several => Separator::Character(separator),
        _ if several || first.split_ascii_whitespace().all(is_number) => Separator::Blanks,
        _ => Separator::Nothing,
    }
}

/// Parts `line` into `cells`; a separator inside quotes parts nothing.
fn split<'a>(line: &'a str, separator: Separator, cells: &mut Vec<&'a str>) {
    cells.clear();
    let mut quoted = false;
    match separator {
        Separator::Nothing => cells.push(line),
        Separator::Blanks if !line.contains('"') => cells.extend(line.split_ascii_whitespace()),
        Separator::Blanks => {
            let part = |c: char| {
                quoted ^= c == '"';
                !quoted && c.is_ascii_whitespace()
            };
            cells.extend(line.split(part).filter(|cell| !cell.is_empty()));
        }
        Separator::Character(separator) if !line.contains('"') => {
            cells.extend(line.split(separator))
        }
        Separator::Character(separator) => cells.extend(line.split(|c: char| {
            quoted ^= c == '"';
            !quoted && c == separator
        })),
    }
}

/// A cell without the blanks and quotes around it.
fn plain(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

/// The number in a cell, NaN where it is empty.
fn value(cell: &str, separator: Separator) -> Option<f32> {
    if let Ok(value) = cell.parse() {
        return Some(value);
    }
    let cell = plain(cell);
    if cell.is_empty() || cell == "NA" {
        return Some(f32::NAN);
    }
    let decimal_comma = separator == Separator::Character(';') && cell.contains(',');
    if decimal_comma { cell.replacen(',', ".", 1).parse().ok() } else { cell.parse().ok() }
}

/// The columns that the first line has.
fn columns(first: &str, separator: Separator) -> Columns {
    let mut cells = Vec::new();
    split(first, separator, &mut cells);
    let header = cells.iter().any(|cell| value(cell, separator).is_none());
    let names = cells.iter().enumerate().map(|(index, cell)| match header {
        true => plain(cell.trim_end_matches(',')).to_owned(),
        false => (index + 1).to_string(),
    });
    Columns { names: names.collect(), header }
}

/// Indices of the columns that `options` name, in their order, or of all.
fn choose(file: &File, columns: &Columns, options: &Options) -> Result<Vec<usize>> {
    let names = &columns.names;
    let Some(wanted) = &options.columns else { return Ok((0..names.len()).collect()) };
    let find = |wanted: &String| {
        let named = names.iter().position(|name| name == wanted.trim());
        let numbered = || wanted.trim().parse::<usize>().ok()?.checked_sub(1);
        named.or_else(|| numbered().filter(|&index| index < names.len())).ok_or_else(|| {
            let all = listed(names.iter().map(String::as_str));
            let what = format!("expected a column {wanted}, found the columns {all}");
            file.error(what, "give --columns names of the first line, or numbers from 1")
        })
    };
    let chosen = wanted.iter().map(find).collect::<Result<Vec<usize>>>()?;
    if chosen.is_empty() {
        let what = "expected a column to read, found an empty list";
        return Err(file.error(what, "leave --columns out to take all"));
    }
    Ok(chosen)
}

fn ragged(file: &File, line: usize, expected: usize, found: usize) -> Error {
    let what = format!("expected {expected} columns, found {found}");
    let remedy =
        "give every line the same number of cells; an empty cell between separators is NaN";
    file.error_at(&format!("line {line}"), what, remedy)
}

fn no_number(file: &File, line: usize, column: &str, cell: &str) -> Error {
    let cell: String = cell.trim().chars().take(40).collect();
    let what = format!("expected a number, found {cell:?}");
    let remedy = "choose the columns of numbers with --columns, or leave the cell empty (NaN)";
    file.error_at(&format!("line {line}, column {column}"), what, remedy)
}

/// Lines of `columns` values as one trace after another.
fn turned(values: Vec<f32>, columns: usize) -> Vec<f32> {
    if columns == 1 {
        return values;
    }
    let mut turned = Vec::with_capacity(values.len());
    for column in 0..columns {
        turned.extend(values.iter().skip(column).step_by(columns));
    }
    turned
}

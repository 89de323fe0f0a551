//! Tables of numbers: one column per trace, one line per sample.
//!
//! Place in the flow: one of the readers behind [`recordings::open`](super::open).
//!
//! Columns are parted by tabs, semicolons, commas or blanks, told by the second line (the first may
//! be a header, in words of its own). A first line with a cell that is no number is the header.
//! Empty lines and lines that begin with `#` or `%` are passed over. A cell that is empty, `NaN` or
//! `NA` is NaN. Between semicolons, `1,5` is one and a half.
//!
//! Opening counts the lines, and looks at the number of their cells; the numbers in them are read
//! with the traces, a pass over the text each time.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use super::file::File;
use super::source::{Rows, Source};
use super::{Options, listed};
use crate::error::{Error, Result};

/// Bytes of the text read at once.
const BLOCK: u64 = 1 << 20;
/// The longest line, in bytes: some 500,000 columns.
const LONGEST_LINE: usize = 4 << 20;

/// The columns of a table.
struct Columns {
    /// Their names; without a header their numbers, from 1.
    names: Vec<String>,
    header: bool,
    separator: Separator,
}

/// The columns of a table that are traces.
struct Table {
    columns: Columns,
    /// Which of them, one per trace.
    chosen: Vec<usize>,
    steps: usize,
}

/// Opens the table `file`.
pub(super) fn open(file: &Arc<File>, options: &Options) -> Result<Vec<Source>> {
    let mut first_two: Vec<String> = Vec::new();
    lines(file, |_, line| {
        first_two.push(line.to_owned());
        Ok(first_two.len() < 2)
    })?;
    let first = first_two.first().map_or("", String::as_str);
    let separator = separator(first, first_two.last().map_or("", String::as_str));
    let columns = columns(first, separator);
    let mut chosen = choose(file, &columns, options)?;
    let count = columns.names.len();
    // A separator at the end of every line makes a last column of nothing.
    let nameless = !columns.header || columns.names[count - 1].is_empty();
    let mut last_is_blank = options.columns.is_none() && count > 1 && nameless;
    let mut steps = 0;
    columns.walk(file, |_, cells| {
        steps += 1;
        last_is_blank &= cells[count - 1].trim().is_empty();
        Ok(())
    })?;
    if steps == 0 {
        let what = "expected lines of numbers, found a header alone";
        return Err(file.error(what, super::FORMS));
    }
    if last_is_blank {
        chosen.pop();
    }
    let description = format!("{}: text, {steps} lines × {} columns", file.label, chosen.len());
    let traces = Box::new(Table { columns, chosen, steps });
    Ok(vec![Source { file: Arc::clone(file), description, rate: None, traces }])
}

impl Rows for Table {
    fn rows(&self) -> usize {
        self.chosen.len()
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn name(&self, row: usize) -> String {
        let alone = self.columns.names.len() == 1 && !self.columns.header;
        if alone { String::new() } else { self.columns.names[self.chosen[row]].clone() }
    }

    fn read(&self, file: &File, rows: Range<usize>, into: &mut [f32]) -> Result<()> {
        let changed = || {
            let what = format!("expected {} lines of numbers as before, found others", self.steps);
            file.error(what, "leave the file alone while it is read")
        };
        let mut step = 0;
        self.columns.walk(file, |number, cells| {
            if step == self.steps {
                return Err(changed());
            }
            for (row, &column) in self.chosen[rows.clone()].iter().enumerate() {
                let value = value(cells[column], self.columns.separator);
                into[row * self.steps + step] = value.ok_or_else(|| {
                    no_number(file, number, &self.columns.names[column], cells[column])
                })?;
            }
            step += 1;
            Ok(())
        })?;
        if step == self.steps { Ok(()) } else { Err(changed()) }
    }
}

impl Columns {
    /// Gives `visit` the cells of each line of numbers of `file`, and its number.
    fn walk(&self, file: &File, mut visit: impl FnMut(usize, &[&str]) -> Result<()>) -> Result<()> {
        let count = self.names.len();
        let mut header = self.header;
        lines(file, |number, line| {
            if std::mem::take(&mut header) {
                return Ok(true);
            }
            let mut cells = Vec::with_capacity(count + 1);
            split(line, self.separator, &mut cells);
            let blank_end = cells.len() == count + 1 && cells[count].trim().is_empty();
            if cells.len() != count && !blank_end {
                return Err(ragged(file, number, count, cells.len()));
            }
            visit(number, &cells).map(|()| true)
        })
    }
}

/// Gives `visit` the lines of `file` with something on them, and their numbers from 1, until it says
/// false. What is not UTF-8 becomes U+FFFD.
fn lines(file: &File, mut visit: impl FnMut(usize, &str) -> Result<bool>) -> Result<()> {
    let mut content = file.content();
    content.seek(SeekFrom::Start(0)).map_err(|error| file.damaged(error))?;
    let (mut number, mut block) = (0, Vec::new());
    loop {
        let read = content.by_ref().take(BLOCK).read_to_end(&mut block);
        let ended = read.map_err(|error| file.damaged(error))? == 0;
        let end = match block.iter().rposition(|&byte| byte == b'\n') {
            _ if ended => block.len(),
            Some(last) => last + 1,
            None if block.len() < LONGEST_LINE => continue,
            None => {
                let what = format!("expected a line of at most {LONGEST_LINE} bytes");
                let place = format!("line {}", number + 1);
                return Err(file.error_at(&place, what, super::FORMS));
            }
        };
        let text = String::from_utf8_lossy(&block[..end]);
        for line in text.lines() {
            number += 1;
            let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { line };
            let said = line.trim_start();
            let said = !said.is_empty() && !said.starts_with(['#', '%']);
            if said && !visit(number, line)? {
                return Ok(());
            }
        }
        if ended {
            return Ok(());
        }
        block.drain(..end);
    }
}

/// What parts the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    Character(char),
    Blanks,
    /// One column, under a name that may have blanks.
    Nothing,
}

/// What parts the columns of a text that begins with these lines.
fn separator(first: &str, second: &str) -> Separator {
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
    Columns { names: names.collect(), header, separator }
}

/// Indices of the columns that `options` name, in their order, or of all.
fn choose(file: &File, columns: &Columns, options: &Options) -> Result<Vec<usize>> {
    let names = &columns.names;
    let Some(wanted) = &options.columns else { return Ok((0..names.len()).collect()) };
    let find = |wanted: &String| {
        let named = names.iter().position(|name| name == wanted.trim());
        let numbered = || wanted.trim().parse::<usize>().ok()?.checked_sub(1);
        named.or_else(|| numbered().filter(|&index| index < names.len())).ok_or_else(|| {
            let all = listed(names);
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

//! Tables of numbers: one column per trace, one line per sample.
//!
//! Place in the flow: one of the readers behind [`recordings::open`](super::open).
//!
//! Columns are parted by tabs, semicolons, commas or blanks, told by the second line (the first may
//! be a header, in words of its own). A first line with a cell that is no number is the header.
//! Empty lines and lines that begin with `#` or `%` are passed over. A cell that is empty, `NaN` or
//! `NA` is NaN. Between semicolons, `1,5` is one and a half.
//!
//! Opening counts the lines; what stands in them is looked at when the traces are read, a pass over
//! the text each time.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use super::file::File;
use super::source::{Rows, Source};
use super::{Options, listed};
use crate::datasets::cells::{Separator, filled, plain, separator, split, value};
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
    blocks(file, |_, text| {
        let lines = filled(text).map(|(_, line)| line.to_owned());
        first_two.extend(lines.take(2 - first_two.len()));
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
    let mut lines = 0;
    blocks(file, |_, text| {
        let mut cells = Vec::new();
        for (_, line) in filled(text) {
            if last_is_blank && (lines > 0 || !columns.header) {
                split(line, separator, &mut cells);
                last_is_blank = cells.len() == count && cells[count - 1].trim().is_empty();
            }
            lines += 1;
        }
        Ok(true)
    })?;
    let steps = lines - usize::from(columns.header);
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
        let Columns { names, separator, header } = &self.columns;
        let (mut header, mut step) = (*header, 0);
        blocks(file, |before, text| {
            let mut cells = Vec::with_capacity(names.len() + 1);
            for (number, line) in filled(text) {
                if std::mem::take(&mut header) {
                    continue;
                }
                let number = before + number;
                split(line, *separator, &mut cells);
                let blank_end =
                    || cells.len() == names.len() + 1 && cells[names.len()].trim().is_empty();
                if cells.len() != names.len() && !blank_end() {
                    return Err(ragged(file, number, names.len(), cells.len()));
                }
                if step == self.steps {
                    return Err(changed());
                }
                for (row, &column) in self.chosen[rows.clone()].iter().enumerate() {
                    let value = value(cells[column], *separator)
                        .ok_or_else(|| no_number(file, number, &names[column], cells[column]))?;
                    into[row * self.steps + step] = value;
                }
                step += 1;
            }
            Ok(true)
        })?;
        if step == self.steps { Ok(()) } else { Err(changed()) }
    }
}

/// Gives `visit` the text of `file` in blocks of whole lines, and the number of lines before each,
/// until it says false. What is not UTF-8 becomes U+FFFD.
fn blocks(file: &File, mut visit: impl FnMut(usize, &str) -> Result<bool>) -> Result<()> {
    let mut content = file.content();
    content.seek(SeekFrom::Start(0)).map_err(|error| file.damaged(error))?;
    let (mut before, mut block) = (0, Vec::new());
    loop {
        let read = content.by_ref().take(BLOCK).read_to_end(&mut block);
        let ended = read.map_err(|error| file.damaged(error))? == 0;
        let end = match block.iter().rposition(|&byte| byte == b'\n') {
            _ if ended => block.len(),
            Some(last) => last + 1,
            None if block.len() < LONGEST_LINE => continue,
            None => {
                let what = format!("expected a line of at most {LONGEST_LINE} bytes");
                let place = format!("line {}", before + 1);
                return Err(file.error_at(&place, what, super::FORMS));
            }
        };
        let text = String::from_utf8_lossy(&block[..end]);
        let text = if before == 0 { text.trim_start_matches('\u{feff}') } else { &text };
        if !visit(before, text)? || ended {
            return Ok(());
        }
        before += text.bytes().filter(|&byte| byte == b'\n').count();
        block.drain(..end);
    }
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

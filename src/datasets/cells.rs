//! Lines and cells of a table of numbers: what parts them, and the number in each.
//!
//! Place in the flow: under the readers of tables, of [`recordings`](super::recordings) and of
//! [`series`](super::series).
//!
//! Columns are parted by tabs, semicolons, commas or blanks. Empty lines and lines that begin with
//! `#` or `%` are passed over. A cell that is empty, `NaN` or `NA` is NaN. Between semicolons,
//! `1,5` is one and a half.

/// The lines of `text` with something on them, with their numbers from 1.
pub(super) fn filled(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let said = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with(['#', '%'])
    };
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(move |&(_, line)| said(line))
}

/// What parts the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Character(char),
    Blanks,
    /// One column, under a name that may have blanks.
    Nothing,
}

/// What parts the columns of a text that begins with these lines.
pub(super) fn separator(first: &str, second: &str) -> Separator {
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
pub(super) fn split<'a>(line: &'a str, separator: Separator, cells: &mut Vec<&'a str>) {
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
pub(super) fn plain(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

/// The number in a cell, NaN where it is empty.
pub(super) fn value(cell: &str, separator: Separator) -> Option<f32> {
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

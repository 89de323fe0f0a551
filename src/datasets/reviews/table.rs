//! Tables of reviews: tab-, comma- or semicolon-separated, quoted or not, with or without a header.
//!
//! Place in the flow: one of the two readers behind [`reviews::read`](super::read).
//!
//! Columns go by the names in the first line: the label is `label`, `sentiment` or `class`, the
//! text `text` or `review`, and a `split` column (`train`, `test`) orders the halves; others are
//! ignored. Without such names the label is the one column of labels, the text the longest of the
//! others.
//!
//! How a table is quoted is told by trying: RFC 4180, backslash escapes, none at all (then the text
//! must be the last column and takes the rest of its line). Public copies of IMDb come in all
//! three. The first way that the whole file obeys is taken; where a quoted field spans lines and
//! plain lines would also do, the way that gives more reviews (a quote that opens one review and
//! ends another must not swallow those between).

use std::path::Path;

use super::quoting::{self, Quoting, Record};
use super::{FORMS, Half, Labelled, excerpt, review};
use crate::error::{Error, Result};

const LABEL_NAMES: [&str; 3] = ["label", "sentiment", "class"];
const TEXT_NAMES: [&str; 2] = ["text", "review"];
const SEPARATORS: [(u8, &str); 3] = [(b'\t', "tab"), (b',', "comma"), (b';', "semicolon")];
const LABELS: &str = "0 or 1, neg or pos, negative or positive";

type Rows = Vec<(Half, Labelled)>;

/// Which column holds what.
#[derive(Debug, PartialEq)]
struct Columns {
    label: usize,
    text: usize,
    split: Option<usize>,
    count: usize,
}

/// A way of reading that did not work: how far it came, whether the quoting was kept until there,
/// and why.
struct Failure {
    line: usize,
    well_formed: bool,
    error: Error,
}

/// Reads the reviews of the table `text`; `path` is for its errors. Gives the name of the separator
/// too.
pub(super) fn read(path: &Path, text: &str) -> Result<(&'static str, Rows)> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let names = |separator: u8| -> Vec<String> {
        first.split(char::from(separator)).map(|name| plain(name).to_lowercase()).collect()
    };
    let known =
        |name: &String| LABEL_NAMES.contains(&name.as_str()) || TEXT_NAMES.contains(&name.as_str());
    let named = |&(separator, _): &(u8, &'static str)| {
        names(separator).iter().filter(|name| known(name)).count()
    };
    let inside = SEPARATORS.into_iter().filter(|&(byte, _)| first.contains(char::from(byte)));
    let mut candidates: Vec<_> = inside.collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(named(candidate)));
    let has_header = candidates.first().is_some_and(|best| named(best) > 0);
    if has_header {
        candidates.truncate(1);
    }
    let mut failure: Option<Failure> = None;
    for (separator, name) in candidates {
        let header = if has_header {
            Some(Columns::named(&names(separator)).map_err(|error| error.at(path.display()))?)
        } else {
            None
        };
        match by_any_quoting(path, text, separator, header.as_ref()) {
            Ok(rows) => return Ok((name, rows)),
            Err(other) => failure = Some(further(failure, other)),
        }
    }
    Err(failure.map_or_else(
        || {
            let found = excerpt(first, 60);
            Error::new(format!("expected a table with a label and a text column, found {found}"))
                .at(path.display())
                .remedy(FORMS)
        },
        |failure| failure.error,
    ))
}

/// The failure that came further; of two at one line, the one that kept the quoting, then the
/// first.
fn further(one: Option<Failure>, other: Failure) -> Failure {
    match one {
        Some(one) if (one.line, one.well_formed) >= (other.line, other.well_formed) => one,
        _ => other,
    }
}

fn by_any_quoting(
    path: &Path,
    text: &str,
    separator: u8,
    header: Option<&Columns>,
) -> std::result::Result<Rows, Failure> {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let wanted = lines - usize::from(header.is_some());
    let mut best: Option<Rows> = None;
    let mut failure = None;
    for quoting in [Quoting::Doubled, Quoting::Escaped, Quoting::None] {
        match by_quoting(path, text, separator, header, quoting) {
            Ok(rows) if rows.len() >= wanted => return Ok(rows),
            Ok(rows) if best.as_ref().is_none_or(|best| rows.len() > best.len()) => {
                best = Some(rows);
            }
            Ok(_) => {}
            Err(other) => failure = Some(further(failure, other)),
        }
    }
    match (best, failure) {
        (Some(rows), _) => Ok(rows),
        (None, Some(failure)) => Err(failure),
        (None, None) => unreachable!("every way of quoting gives rows or a failure"),
    }
}

/// Reads all rows under one way of quoting.
fn by_quoting(
    path: &Path,
    text: &str,
    separator: u8,
    header: Option<&Columns>,
    quoting: Quoting,
) -> std::result::Result<Rows, Failure> {
    let fail = |line: usize, well_formed: bool, error: Error| Failure {
        line,
        well_formed,
        error: error.at(format!("{}, line {line}", path.display())),
    };
    let records = match quoting {
        Quoting::None => {
            let count = |line: &str| line.split(char::from(separator)).count();
            let filled = text.lines().filter(|line| !line.trim().is_empty());
            let fewest = || filled.map(count).min().unwrap_or(1);
            quoting::lines(text, separator, header.map_or_else(fewest, |columns| columns.count))
        }
        _ => quoting::quoted(text, separator, quoting == Quoting::Escaped).map_err(|breach| {
            let remedy = "put the text in quotes and double the quotes inside it";
            fail(breach.line, false, Error::new(breach.what).remedy(remedy))
        })?,
    };
    let first = records.first().map_or(1, |record| record.line);
    let found;
    let columns = match header {
        Some(columns) => columns,
        None => {
            found = Columns::told(&records).map_err(|error| fail(first, true, error))?;
            &found
        }
    };
    if quoting == Quoting::None && columns.text + 1 != columns.count {
        let what = "expected unquoted text in the last column, found another column after it";
        let error = Error::new(what).remedy("put the text in quotes, or in the last column");
        return Err(fail(first, false, error));
    }
    let mut rows = Vec::with_capacity(records.len());
    for record in records.iter().skip(usize::from(header.is_some())) {
        let line = record.line;
        if record.fields.len() != columns.count {
            let (expected, found) = (columns.count, record.fields.len());
            let what = format!("expected {expected} columns, found {found}");
            let remedy = "put texts that hold the separator in quotes";
            return Err(fail(line, false, Error::new(what).remedy(remedy)));
        }
        let row = columns.row(path, record).map_err(|error| Failure {
            line,
            well_formed: true,
            error,
        })?;
        rows.extend(row);
    }
    Ok(rows)
}

impl Columns {
    /// The columns that the names of a header say.
    fn named(names: &[String]) -> Result<Self> {
        let find = |wanted: &[&str]| {
            wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted))
        };
        match (find(&LABEL_NAMES), find(&TEXT_NAMES)) {
            (Some(label), Some(text)) => {
                Ok(Self { label, text, split: find(&["split"]), count: names.len() })
            }
            (label, _) => {
                let (wanted, names) = match label {
                    None => ("label (or sentiment, class)", names.join(", ")),
                    Some(_) => ("text (or review)", names.join(", ")),
                };
                Err(Error::new(format!(
                    "expected a column named {wanted}, found the columns {}",
                    excerpt(&names, 80)
                ))
                .remedy("name the columns in the first line: label, text"))
            }
        }
    }

    /// The columns of a table without a header, told by their values.
    fn told(records: &[Record]) -> Result<Self> {
        let count = records.first().map_or(0, |record| record.fields.len());
        let values = |column: usize| {
            records.iter().filter_map(move |record| record.fields.get(column).map(AsRef::as_ref))
        };
        let labels = |column: usize| values(column).filter_map(label_of).count();
        let mixed = |column: usize| {
            let mut labels = values(column).filter_map(label_of);
            labels.next().is_some_and(|first| labels.any(|label| label != first))
        };
        let mut candidates: Vec<usize> =
            (0..count).filter(|&column| labels(column) == records.len()).collect();
        if candidates.is_empty() {
            // A wrong label here and there is for the row to report, with its line.
            candidates.extend((0..count).filter(|&column| 2 * labels(column) > records.len()));
        }
        if candidates.len() > 1 {
            candidates.retain(|&column| mixed(column));
        }
        let remedy = "name the columns in the first line: label, text";
        let &[label] = candidates.as_slice() else {
            let found = records.first().map_or(String::new(), |record| record.fields.join(" | "));
            return Err(Error::new(format!(
                "expected one column of labels ({LABELS}), found {}",
                excerpt(&found, 60)
            ))
            .remedy(remedy));
        };
        let length = |&column: &usize| values(column).map(str::len).sum::<usize>();
        let Some(text) = (0..count).filter(|&column| column != label).max_by_key(length) else {
            let what = "expected a column of text beside the labels, found none";
            return Err(Error::new(what).remedy(remedy));
        };
        let is_split = |&column: &usize| {
            column != text
                && column != label
                && values(column).all(|value| half_of(value).is_some())
        };
        Ok(Self { label, text, split: (0..count).find(is_split), count })
    }

    /// The review of a record; none for an unlabelled (`unsup`) one.
    fn row(&self, path: &Path, record: &Record) -> Result<Option<(Half, Labelled)>> {
        let place = || format!("{}, line {}", path.display(), record.line);
        let split = self.split.map_or("", |column| &record.fields[column]);
        if plain(split).to_lowercase().starts_with("unsup") {
            return Ok(None);
        }
        let found = &record.fields[self.label];
        let label = label_of(found).ok_or_else(|| {
            Error::new(format!("expected a label ({LABELS}), found {}", excerpt(found, 40)))
                .at(place())
                .remedy("correct the label, or remove the row")
        })?;
        let text = record.fields[self.text].clone().into_owned();
        Ok(Some((half_of(split).unwrap_or(Half::Training), review(text, label, place)?)))
    }
}

/// A short value without the quotes and blanks around it.
fn plain(value: &str) -> &str {
    value.trim().trim_matches('"').trim()
}

fn label_of(value: &str) -> Option<bool> {
    let value = plain(value);
    let is = |labels: [&str; 3]| labels.iter().any(|label| value.eq_ignore_ascii_case(label));
    if is(["0", "neg", "negative"]) {
        Some(false)
    } else if is(["1", "pos", "positive"]) {
        Some(true)
    } else {
        None
    }
}

fn half_of(value: &str) -> Option<Half> {
    match plain(value) {
        value if value.eq_ignore_ascii_case("train") => Some(Half::Training),
        value if value.eq_ignore_ascii_case("test") => Some(Half::Test),
        _ => None,
    }
}

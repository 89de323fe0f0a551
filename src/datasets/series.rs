//! UCR sets: labelled time series in a training and a test file, as the UCR archive has them.
//!
//! Place in the flow: the first reading of a user's series, as [`reviews`](super::reviews) is of
//! texts. [`find`] tells whether a path leads to a set, [`read`] reads it, [`Set::split`] and
//! [`Set::batch`] give what a network is fed.
//!
//! Form (Dau et al. 2018, The UCR Time Series Classification Archive): `NAME_TRAIN.tsv` and
//! `NAME_TEST.tsv`, no header, one series per line: its label, then its values, tab-separated.
//! Plain, gzip or xz; commas, semicolons and blanks part values as well. Labels are any whole
//! numbers (`-1`, `2`, `1.0`); classes are numbered in their ascending order. Series may differ in
//! length: the NaN or empty cells at the end of a line are no samples. A NaN between samples is an
//! error, for no rule of filling it would be the user's.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rand::seq::SliceRandom;

use super::Batch;
use super::cells::{Separator, filled, plain, separator, split, value};
use super::content::{self, Wanted};
use crate::error::{Error, Result};
use crate::signal::random;

/// What mends a path that leads to something else.
const FORMS: &str = "give NAME_TRAIN.tsv (plain, .gz or .xz) with NAME_TEST.tsv beside it: one \
                     series per line, its label first, no header";

const WANTED: Wanted = Wanted { noun: "time series", forms: FORMS, most: 2 };

/// What tells the two files of a set.
const PARTS: [&str; 2] = ["_TRAIN", "_TEST"];

/// How their names may end.
const ENDINGS: [&str; 10] =
    [".tsv", ".tsv.gz", ".tsv.xz", ".txt", ".txt.gz", ".txt.xz", ".csv", ".csv.gz", ".csv.xz", ""];

/// The two files of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The set's name: `Earthquakes`.
    pub name: String,
    /// `NAME_TRAIN.tsv`, or as it ends.
    pub training: PathBuf,
    /// `NAME_TEST.tsv`, or as it ends.
    pub test: PathBuf,
}

/// One series as a network reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its samples, all finite, at least one.
    pub values: Vec<f32>,
    /// Its class, from 0.
    pub class: usize,
}

/// The series of a set, those of the training file before those of the test file.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// The set's name.
    pub name: String,
    /// Where it comes from, for the reader of a report.
    pub source: String,
    /// The label of each class, ascending; at least two.
    pub labels: Vec<i64>,
    /// All series, in the order of the lines.
    pub series: Vec<Series>,
    /// How many of them are of the training file.
    pub training: usize,
}

/// The set that `path` leads to: one of its files, their common part (`folder/NAME`), or a folder
/// that holds one set. `None` where it leads to something else (reviews, say).
///
/// A file is a set's where its name says so (`_TRAIN`, `_TEST`) and most cells of its first line
/// are numbers.
///
/// # Errors
/// One of the two files is missing; a folder holds several sets; a table of numbers is not named as
/// a set's files are.
pub fn find(path: &Path) -> Result<Option<Files>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new(""));
    if path.is_dir() {
        return inside(path);
    }
    if !path.exists() {
        return Files::of(folder, &name, None);
    }
    // A pipe can be read only once.
    let head = if path.is_file() { content::open(path, &WANTED).ok() } else { None };
    let [numbers, cells] = head.map_or([0, 0], |opened| numbers_in(opened.head()));
    match named(&name) {
        Some((stem, ending)) if 2 * numbers > cells => Files::of(folder, stem, Some(ending)),
        None if cells > 2 && numbers == cells => {
            let what = "expected reviews, or a set of series, found a table of numbers by itself";
            let remedy = format!("name the file as one of a set's two: {FORMS}");
            Err(Error::new(what).at(path.display()).remedy(remedy))
        }
        _ => Ok(None),
    }
}

/// What stands before and after `_TRAIN` or `_TEST` in the name of a set's file.
fn named(name: &str) -> Option<(&str, &str)> {
    let parted = PARTS.iter().find_map(|part| name.rsplit_once(part));
    parted.filter(|(_, ending)| ENDINGS.contains(ending))
}

/// The numbers and the cells in the first line of `head`, the beginning of a file.
fn numbers_in(head: &[u8]) -> [usize; 2] {
    let text = String::from_utf8_lossy(head);
    let (_, first) = filled(&text).next().unwrap_or_default();
    let mut cells = Vec::new();
    split(first, separator(first, first), &mut cells);
    // The last cell may be cut, and is still a number then.
    let numbers = cells.iter().filter(|cell| plain(cell).parse::<f64>().is_ok()).count();
    [numbers, cells.len()]
}

/// The set in `folder`.
fn inside(folder: &Path) -> Result<Option<Files>> {
    let failed = |error| Error::file("read the time series", folder, error);
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        names.extend(named(&name.to_string_lossy()).map(|(stem, _)| stem.to_owned()));
    }
    match names.first() {
        Some(name) if names.len() == 1 => Files::of(folder, name, None),
        Some(first) => {
            let all: Vec<&str> = names.iter().map(String::as_str).collect();
            let what = format!("expected one set of series, found {}", all.join(", "));
            let remedy = format!("name one of them: {}", folder.join(first).display());
            Err(Error::new(what).at(folder.display()).remedy(remedy))
        }
        None => Ok(None),
    }
}

impl Files {
    /// The files of the set `name` in `folder`, rather those that end in `ending`; `None` where
    /// there is neither.
    fn of(folder: &Path, name: &str, ending: Option<&str>) -> Result<Option<Self>> {
        let [training, test] = PARTS.map(|part| {
            let endings = ending.into_iter().chain(ENDINGS);
            let mut paths = endings.map(|ending| folder.join(format!("{name}{part}{ending}")));
            paths.find(|path| path.is_file())
        });
        let (found, missing) = match (training, test) {
            (None, None) => return Ok(None),
            (Some(training), Some(test)) => {
                return Ok(Some(Self { name: name.to_owned(), training, test }));
            }
            (Some(training), None) => (training, PARTS[1]),
            (None, Some(test)) => (test, PARTS[0]),
        };
        let what = format!("expected both files of a set, found no {name}{missing}.tsv beside it");
        Err(Error::new(what).at(found.display()).remedy(FORMS))
    }
}

/// The set that `settings.data` leads to, read; `None` where it leads to something else.
///
/// # Errors
/// As of [`find`] and [`read`]; or `settings.reviews` asks for a part of it.
pub fn load(settings: &super::Settings) -> Result<Option<Set>> {
    let Some(path) = &settings.data else { return Ok(None) };
    let Some(files) = find(path)? else { return Ok(None) };
    if let Some(reviews) = settings.reviews {
        return Err(Error::new(format!("expected all series of the set, found {reviews}"))
            .at("corpus.reviews")
            .remedy("leave the setting out: the two files say which series are in which part"));
    }
    read(&files, settings.normalise).map(Some)
}

/// Reads the set in `files`; `normalise` takes each series' mean out and divides by its standard
/// deviation (n - 1, as the archive does), one that does not move becoming zero.
///
/// # Errors
/// A file cannot be read or is damaged or empty; a label is no whole number; a value is no finite
/// number; a line has a label alone; the training series are of one class; a test series has a
/// label that no training series has. Each error names the file, and the line and column.
pub fn read(files: &Files, normalise: bool) -> Result<Set> {
    let (form, training) = lines(&files.training)?;
    let (_, test) = lines(&files.test)?;
    let labels: BTreeSet<i64> = training.iter().map(|line| line.label).collect();
    let labels: Vec<i64> = labels.into_iter().collect();
    if let [only] = labels[..] {
        let what = format!("expected series of at least two classes, found label {only} alone");
        return Err(Error::new(what)
            .at(files.training.display())
            .remedy("add training series of another class"));
    }
    let test_name = files.test.file_name().unwrap_or_default().display();
    let source = format!("{} and {test_name} ({form})", files.training.display());
    let mut set = Set {
        name: files.name.clone(),
        source,
        labels,
        training: training.len(),
        series: Vec::with_capacity(training.len() + test.len()),
    };
    for Line { number, label, mut values } in training.into_iter().chain(test) {
        let Ok(class) = set.labels.binary_search(&label) else {
            let known: Vec<String> = set.labels.iter().map(i64::to_string).collect();
            let what = format!("expected a label of the training series, found {label}");
            let remedy = format!("the training file has the labels {}", known.join(", "));
            return Err(Error::new(what).at(place(&files.test, number, 1)).remedy(remedy));
        };
        if normalise {
            standardise(&mut values);
        }
        set.series.push(Series { values, class });
    }
    Ok(set)
}

/// One line of a file.
struct Line {
    number: usize,
    label: i64,
    values: Vec<f32>,
}

/// The lines of the file at `path`, at least one, and what parts their cells.
fn lines(path: &Path) -> Result<(String, Vec<Line>)> {
    let opened = content::open(path, &WANTED)?;
    let packing = opened.packing;
    let text = opened.text(path)?;
    let mut first_two = filled(&text).map(|(_, line)| line);
    let (first, second) = (first_two.next(), first_two.next());
    let Some(first) = first else {
        return Err(Error::new("expected time series, found none")
            .at(path.display())
            .remedy(FORMS));
    };
    let separator = separator(first, second.unwrap_or(first));
    let form = match separator {
        Separator::Character('\t') => "tab-separated",
        Separator::Character(';') => "semicolon-separated",
        Separator::Character(_) => "comma-separated",
        Separator::Blanks | Separator::Nothing => "blank-separated",
    };
    let mut cells = Vec::new();
    let lines = filled(&text).map(|(number, line)| {
        split(line, separator, &mut cells);
        Line::of(path, number, &cells, separator)
    });
    Ok((format!("{form}{packing}"), lines.collect::<Result<_>>()?))
}

impl Line {
    /// The series of `cells` in line `number`.
    fn of(path: &Path, number: usize, cells: &[&str], separator: Separator) -> Result<Self> {
        let refuse = |column: usize, expected: &str, found: String, remedy: &str| {
            let what = format!("expected {expected}, found {found}");
            Err(Error::new(what).at(place(path, number, column)).remedy(remedy))
        };
        let quoted = |cell: &str| format!("{:?}", cell.trim().chars().take(40).collect::<String>());
        let Some(label) = label(cells[0]) else {
            let remedy = "put the class as a whole number before the values of each series";
            return refuse(1, "a label (a whole number)", quoted(cells[0]), remedy);
        };
        let mut values = Vec::with_capacity(cells.len() - 1);
        for (at, cell) in cells.iter().enumerate().skip(1) {
            match value(cell, separator) {
                Some(value) if !value.is_infinite() => values.push(value),
                _ => {
                    let remedy = "correct the value; NaN is taken at the end of a line alone";
                    return refuse(at + 1, "a finite number", quoted(cell), remedy);
                }
            }
        }
        let length = values.iter().rposition(|value| !value.is_nan()).map_or(0, |last| last + 1);
        values.truncate(length);
        if values.is_empty() {
            let remedy = "remove the line, or put the series after its label";
            return refuse(2, "a series", "a label alone".to_owned(), remedy);
        }
        if let Some(gap) = values.iter().position(|value| value.is_nan()) {
            let remedy = "fill the gap, or end the series before it";
            return refuse(gap + 2, "a number between numbers", "NaN".to_owned(), remedy);
        }
        Ok(Self { number, label, values })
    }
}

/// The whole number in `cell`, which may be written as `1.0` or `1e0`.
fn label(cell: &str) -> Option<i64> {
    let cell = plain(cell);
    let whole = |value: &f64| value.fract() == 0.0 && value.abs() < 2f64.powi(53);
    let rounded = || cell.parse::<f64>().ok().filter(whole).map(|value| value as i64);
    cell.parse().ok().or_else(rounded)
}

fn place(path: &Path, line: usize, column: usize) -> String {
    format!("{}, line {line}, column {column}", path.display())
}

/// Takes the mean out of `values` and divides by their standard deviation (n - 1); zeros where they
/// do not move.
fn standardise(values: &mut [f32]) {
    let count = values.len() as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
    let moves = values.iter().any(|&value| value != values[0]);
    let deviation = (squares / (count - 1.0)).sqrt();
    for value in values {
        *value = if moves { ((f64::from(*value) - mean) / deviation) as f32 } else { 0.0 };
    }
}

impl Set {
    /// The series of the test file.
    pub fn test(&self) -> Range<usize> {
        self.training..self.series.len()
    }

    /// Samples of the shortest and of the longest of `series`, zeros of none.
    pub fn lengths(&self, series: impl IntoIterator<Item = usize>) -> [usize; 2] {
        let lengths: Vec<usize> =
            series.into_iter().map(|series| self.series[series].values.len()).collect();
        [lengths.iter().min(), lengths.iter().max()].map(|length| length.copied().unwrap_or(0))
    }

    /// Share of the test series that are of the class most frequent in training (the first of
    /// equals): what a classifier reaches that looks at no series.
    pub fn majority(&self) -> f64 {
        let of = |class: usize, part: &[Series]| {
            part.iter().filter(|series| series.class == class).count()
        };
        let (training, test) = self.series.split_at(self.training);
        let most = (0..self.labels.len()).rev().max_by_key(|&class| of(class, training));
        of(most.expect("a set has classes"), test) as f64 / test.len() as f64
    }

    /// The training series parted in two: those to learn from, and the share `validation` of each
    /// class, drawn by the stream `"corpus/split"` of `seed`, by which the best epoch is chosen.
    /// The test series take no part in either.
    ///
    /// # Errors
    /// A share of every class is less than half a series.
    pub fn split(&self, validation: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
        let mut order: Vec<usize> = (0..self.training).collect();
        order.shuffle(&mut random::stream(seed, "corpus/split", 0));
        let mut wanted = vec![0.0; self.labels.len()];
        order.iter().for_each(|&series| wanted[self.series[series].class] += validation);
        let (held, learned): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|&series| {
            let left = &mut wanted[self.series[series].class];
            let taken = *left >= 0.5;
            *left -= 1.0;
            taken
        });
        if held.is_empty() || learned.is_empty() {
            let what = format!(
                "expected a share that parts the {} training series of {} classes in two, \
                 found {validation}",
                self.training,
                self.labels.len()
            );
            return Err(Error::new(what)
                .at("corpus.validation")
                .remedy("set another share, such as --set corpus.validation=0.5"));
        }
        Ok((learned, held))
    }

    /// The series at `indices` as one batch of `steps` samples each: the first `steps` are kept,
    /// shorter ones end in zeros. Panics where an index is no series'.
    pub fn batch(&self, indices: &[usize], steps: usize) -> Batch<f32> {
        let series = indices.iter().map(|&index| self.series[index].values.as_slice());
        Batch::padded(series, steps, 0.0)
    }

    /// A number that two sets share only if their classes and samples are the same (FNV-1a).
    pub fn fingerprint(&self) -> u64 {
        random::fingerprint(self.series.iter().flat_map(|series| {
            let end = 1 << 32 | series.class as u64;
            series.values.iter().map(|value| u64::from(value.to_bits())).chain([end])
        }))
    }
}

//! The plan of a sweep: what all cells share, and what varies from cell to cell.
//!
//! Place in the flow: settings and lists of values in, cells out; `sweep.toml` is this plan, to be
//! read and edited. It is plain data: no reviews are read and no device is opened for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;
use toml::{Table, Value};

use super::experiment::{Experiment, Settings};
use crate::error::{Error, Result};
use crate::experiments::table::{put, typed};
use crate::files::write_whole;

/// The plan's file in the sweep's folder.
pub const FILE: &str = "sweep.toml";

/// Cells, and values of one setting, that a plan may have: more is a slip of the pen.
const MOST: usize = 10_000;

/// What stands at the head of every plan.
const HEAD: &str = "\
# A sweep: one run per cell. `noisescope sweep run` does the cells that are not done.
# May be edited: each cell gives a value to every name in `vary`, and [shared] holds all the rest.
# A cell's run lies in cells/HASH, named by the whole of its settings: what is changed here runs
# anew, and what is changed back is found again.
";

/// Values of one setting: `model.hidden=2,4,8`, `seed=1..5` (both ends included).
#[derive(Clone, Debug, PartialEq)]
pub struct Vary {
    /// Dotted, as in settings.toml.
    pub name: String,
    /// In the order of the cells.
    pub values: Vec<Value>,
}

impl FromStr for Vary {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = |expected: &str| {
            Error::new(format!("expected {expected}, found `{text}`"))
                .remedy("for example --vary training.rate=0.001,0.01 --vary seed=1..5")
        };
        let (name, list) = text.split_once('=').ok_or_else(|| refuse("NAME=VALUES"))?;
        // TOML first, so that a value may itself be a list: dfa.windows=[4,8,16],[4,6,8,10].
        let whole = format!("values = [{list}]").parse::<Table>().ok();
        let values = match whole.and_then(|mut table| table.remove("values")) {
            Some(Value::Array(values)) => values,
            _ => {
                let mut values = Vec::new();
                for item in list.split(',').map(str::trim) {
                    match item.split_once("..") {
                        None => values.push(typed(item)),
                        Some((from, to)) => match (from.parse::<i64>(), to.parse::<i64>()) {
                            (Ok(from), Ok(to)) if from <= to && to.abs_diff(from) < MOST as u64 => {
                                values.extend((from..=to).map(Value::Integer));
                            }
                            _ => {
                                return Err(refuse(&format!(
                                    "a range FROM..TO of at most {MOST} whole numbers, FROM first"
                                )));
                            }
                        },
                    }
                }
                values
            }
        };
        let odd = |value: &Value| value.is_table() || value.as_str() == Some("");
        if values.is_empty() || values.iter().any(odd) {
            return Err(refuse("values behind the ="));
        }
        Ok(Self { name: name.trim().to_owned(), values })
    }
}

/// One run of the sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What varies, by dotted name.
    pub values: Table,
    /// All of its settings.
    pub settings: Settings,
    /// Its run folder's name: the fingerprint of its settings, 16 hexadecimal digits.
    pub hash: String,
}

/// The cells of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What every cell runs.
    pub experiment: Experiment,
    /// The dotted names that vary, the slowest first.
    pub vary: Vec<String>,
    /// What all cells share, as tables within tables.
    pub shared: Table,
    /// In the order in which they are run.
    pub cells: Vec<Cell>,
}

/// `sweep.toml`, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    experiment: Experiment,
    vary: Vec<String>,
    #[serde(default)]
    shared: Table,
    #[serde(default)]
    cells: Vec<Table>,
}

impl Plan {
    /// Every combination of the values, upon `base`; the last list varies fastest.
    ///
    /// # Errors
    /// A name is unknown or comes twice, a combination is refused by [`Settings::check`], two are
    /// the same, or there are more than 10,000.
    pub fn new(base: &Settings, lists: &[Vary]) -> Result<Self> {
        let vary: Vec<String> = lists.iter().map(|list| list.name.clone()).collect();
        each_once(&vary)?;
        let count = lists.iter().try_fold(1, |count: usize, list| {
            count.checked_mul(list.values.len()).filter(|count| *count <= MOST)
        });
        if count.is_none() {
            return Err(Error::new(format!("expected at most {MOST} cells, found more"))
                .remedy("vary fewer names, or each over fewer values"));
        }
        let mut shared = base.table();
        let known: Vec<Option<Value>> = vary.iter().map(|name| take(&mut shared, name)).collect();
        let mut chosen = vec![Table::new()];
        for (Vary { name, values }, known) in lists.iter().zip(known) {
            // One value of a setting that is a list is a list of one.
            let listed = known.is_some_and(|known| known.is_array());
            let with = |table: &Table, value: &Value| {
                let mut table = table.clone();
                let value = match listed && !value.is_array() {
                    true => Value::Array(vec![value.clone()]),
                    false => value.clone(),
                };
                table.insert(name.clone(), value);
                table
            };
            chosen = chosen
                .iter()
                .flat_map(|table| values.iter().map(move |value| with(table, value)))
                .collect();
        }
        let experiment = base.experiment();
        let cell =
            |values: &Table| Cell::new(experiment, &shared, values, Settings::with_absolute_paths);
        let cells = numbered(&vary, &chosen, cell)?;
        Self { experiment, vary, shared, cells }.checked()
    }

    /// The plan in `folder`.
    ///
    /// # Errors
    /// There is none, it is no TOML, or a cell of it is refused; the error names file and cell.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|cause| {
            let error = Error::file("read the sweep's plan", &path, cause);
            if path.exists() {
                return error;
            }
            error.remedy("make one with noisescope sweep plan")
        })?;
        Self::of_text(&text).map_err(|error| match error.remedy_text().map(str::to_owned) {
            Some(remedy) => Error::new("the plan cannot be used")
                .at(path.display())
                .because(error)
                .remedy(remedy),
            None => error.at(path.display()),
        })
    }

    fn of_text(text: &str) -> Result<Self> {
        let Written { experiment, vary, shared, cells } =
            toml::from_str(text).map_err(|cause| {
                let line = cause.span().map_or(0, |span| text[..span.start].matches('\n').count());
                Error::new(cause.message().trim())
                    .at(format!("line {}", line + 1))
                    .remedy("mend that line, or plan again with noisescope sweep plan --force")
            })?;
        each_once(&vary)?;
        let chosen: Vec<Table> = cells.iter().map(flat).collect();
        let cell = |values: &Table| Cell::new(experiment, &shared, values, Settings::absolute_only);
        let cells = numbered(&vary, &chosen, cell)?;
        Self { experiment, vary, shared, cells }.checked()
    }

    /// The same plan, if it is one.
    fn checked(self) -> Result<Self> {
        if self.cells.is_empty() {
            return Err(Error::new("expected at least one cell, found none")
                .remedy("vary a setting over some values: [[cells]], or --vary NAME=VALUES"));
        }
        for (at, cell) in self.cells.iter().enumerate() {
            if let Some(other) = self.cells[..at].iter().position(|one| one.hash == cell.hash) {
                let (other, this, label) = (other + 1, at + 1, self.label(cell));
                return Err(Error::new(format!(
                    "expected different cells, found cells {other} and {this} the same ({label})"
                ))
                .remedy("take one of them out"));
            }
        }
        Ok(self)
    }

    /// Writes the plan into `folder`, which is made where there is none.
    ///
    /// # Errors
    /// The folder holds another plan and `force` is not set, or cannot be written.
    pub fn write(&self, folder: &Path, force: bool) -> Result<PathBuf> {
        let path = folder.join(FILE);
        let same = || Self::read(folder).is_ok_and(|planned| planned == *self);
        if path.exists() && !force && !same() {
            return Err(Error::new("the folder holds another plan").at(path.display()).remedy(
                "choose another folder, edit that file, or plan anew with --force (runs are kept)",
            ));
        }
        std::fs::create_dir_all(folder)
            .map_err(|cause| Error::file("make the sweep's folder", folder, cause))?;
        write_whole(&path, self.text().as_bytes())?;
        Ok(path)
    }

    /// `sweep.toml`.
    pub fn text(&self) -> String {
        let vary = Value::from(self.vary.clone());
        let shared = Table::from_iter([("shared".to_owned(), Value::Table(self.shared.clone()))]);
        let shared = toml::to_string(&shared).expect("a table is TOML");
        let experiment = Value::from(self.experiment.name());
        let mut text = format!("{HEAD}\nexperiment = {experiment}\nvary = {vary}\n\n{shared}");
        for cell in &self.cells {
            text.push_str("\n[[cells]]\n");
            for name in &self.vary {
                text.push_str(&format!("{name} = {}\n", cell.values[name.as_str()]));
            }
        }
        text
    }

    /// `model.hidden = 8, seed = 1`.
    pub fn label(&self, cell: &Cell) -> String {
        label(&self.vary, &cell.values)
    }
}

impl Cell {
    /// The cell of `values` upon `shared`.
    fn new(
        experiment: Experiment,
        shared: &Table,
        values: &Table,
        paths: impl Fn(Settings) -> Result<Settings>,
    ) -> Result<Self> {
        let mut table = shared.clone();
        for (name, value) in values {
            put(&mut table, name, value.clone())?;
        }
        let settings = paths(Settings::of_table(experiment, &table)?)?;
        settings.check()?;
        let hash = settings.hash();
        // As the settings have them: 1 is written 1.0 where a number is no count, paths absolute.
        let mut known = settings.table();
        let mut values = values.clone();
        for (name, value) in values.iter_mut() {
            if let Some(known) = take(&mut known, name) {
                *value = known;
            }
        }
        Ok(Self { values, settings, hash })
    }
}

/// The cells of `chosen` values, which must be those of the names in `vary`; the first error of them
/// with its cell's number and values.
fn numbered(
    vary: &[String],
    chosen: &[Table],
    cell: impl Fn(&Table) -> Result<Cell>,
) -> Result<Vec<Cell>> {
    let named = |values: &Table| {
        let names: BTreeSet<&str> = values.keys().map(String::as_str).collect();
        if names == vary.iter().map(String::as_str).collect() {
            return Ok(());
        }
        let found: Vec<&str> = names.into_iter().collect();
        Err(Error::new(format!(
            "expected a value for each of {}, found those of {}",
            vary.join(", "),
            if found.is_empty() { "none".to_owned() } else { found.join(", ") }
        ))
        .remedy("give these and no others in every cell, or change `vary`"))
    };
    chosen
        .iter()
        .enumerate()
        .map(|(at, values)| {
            named(values).and_then(|()| cell(values)).map_err(|error| {
                let remedy = error.remedy_text().unwrap_or("mend the cell").to_owned();
                let what = format!("cell {} ({}) is refused", at + 1, label(vary, values));
                Error::new(what).because(error).remedy(remedy)
            })
        })
        .collect()
}

fn each_once(vary: &[String]) -> Result<()> {
    let twice = |(at, name): &(usize, &String)| vary[..*at].contains(name);
    match vary.iter().enumerate().find(twice) {
        None => Ok(()),
        Some((_, name)) => Err(Error::new(format!("expected each name once, found {name} twice"))
            .at("vary")
            .remedy("give all values of a name in one list")),
    }
}

fn label(vary: &[String], values: &Table) -> String {
    let entry = |name: &String| Some(format!("{name} = {}", values.get(name)?));
    vary.iter().filter_map(entry).collect::<Vec<_>>().join(", ")
}

/// Takes the value at the dotted `path` out of tables within tables.
fn take(table: &mut Table, path: &str) -> Option<Value> {
    match path.split_once('.') {
        None => table.remove(path),
        Some((part, rest)) => take(table.get_mut(part)?.as_table_mut()?, rest),
    }
}

/// Tables within tables as one table of dotted names.
fn flat(table: &Table) -> Table {
    let mut all = Table::new();
    for (name, value) in table {
        match value {
            Value::Table(under) => all.extend(
                flat(under).into_iter().map(|(rest, value)| (format!("{name}.{rest}"), value)),
            ),
            value => drop(all.insert(name.clone(), value.clone())),
        }
    }
    all
}

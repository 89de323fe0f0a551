//! A sweep: one run of an experiment per cell of a plan, by any number of workers on any number of
//! machines that share a folder.
//!
//! | in the sweep's folder | what |
//! |---|---|
//! | `sweep.toml` | the plan, see [`plan`] |
//! | `cells/HASH/` | a cell's run folder; the cell is done when `summary.json` is in it |
//! | `cells/HASH.lock` | held by the worker that runs the cell, see [`lock`] |
//! | `cells/HASH.error` | why the cell failed, in one line, until it is tried again |
//! | `sweep.csv`, `sweep.html` | what `collect` wrote |
//! | `studies/HASH/` | what cells found that are one study, as a run folder has it, see [`findings`] |
//!
//! Workers share nothing but these files: each goes through the cells in order, takes the lock of
//! one that is not done, and begins it or goes on from its checkpoint.

mod collect;
mod collection;
pub mod experiment;
pub mod findings;
pub mod plan;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use super::lock::Lock;
use super::machine::Machine;
use super::run_folder::RunFolder;
use crate::error::{Error, Result};
use crate::files::write_whole;
use crate::gpu::device::Choice;
use crate::progress::Observer;

pub use collect::Collected;
pub use collection::{Collection, Finding, Found, Missing};
use experiment::Outcome;
use plan::{Cell, Plan};

/// A plan in its folder.
pub struct Sweep {
    /// The folder of `sweep.toml`.
    pub folder: PathBuf,
    /// What is planned.
    pub plan: Plan,
}

/// A part of the cells: those whose number leaves the rest `part - 1` when divided by `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `of`.
    part: usize,
    /// How many parts there are.
    of: usize,
}

impl Shard {
    /// Whether cell `number`, from 0, is in this part. Each cell is in one part of all.
    pub fn has(self, number: usize) -> bool {
        number % self.of == self.part - 1
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once('/').and_then(|(part, of)| {
            let (part, of) = (part.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&part).then_some(Self { part, of })
        });
        parsed.ok_or_else(|| {
            Error::new(format!("expected PART/PARTS, found `{text}`"))
                .remedy("for example 1/4 to 4/4 for four workers")
        })
    }
}

/// How a cell stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its summary is written.
    Done,
    /// A worker has it: which, and since when.
    Running(String),
    /// It failed when it was last tried: why.
    Failed(String),
    /// A worker left it in the middle; the next goes on from its checkpoint.
    Begun,
    /// Nobody has tried it.
    Open,
}

/// Shows or writes what came of a cell; the last file it writes must be `summary.json`.
pub type Publish<'a> = &'a mut dyn FnMut(&Outcome, &RunFolder) -> Result<()>;

impl Sweep {
    /// The sweep planned in `folder`.
    ///
    /// # Errors
    /// There is no plan, or it cannot be used.
    pub fn open(folder: &Path) -> Result<Self> {
        Ok(Self { folder: folder.to_owned(), plan: Plan::read(folder)? })
    }

    /// Does the cells of `shard` that are not done, those of other workers left out, until none is
    /// left to begin or to go on with; on `device`, or where each cell's settings say. A cell that
    /// fails leaves its error beside its folder, and the others go on.
    ///
    /// # Errors
    /// Some cell failed, no device could be opened, a file cannot be written, or the user stopped
    /// it.
    pub fn run(
        &self,
        shard: Shard,
        device: Option<Choice>,
        publish: Publish<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let cells = self.folder.join("cells");
        std::fs::create_dir_all(&cells)
            .map_err(|cause| Error::file("make the folder of the cells", &cells, cause))?;
        let mut machine: Option<(Choice, Machine)> = None;
        let mut failed = self.spoilt(shard);
        // Over and over, for a cell of a worker that died meanwhile is free again.
        while let Some((number, cell, lock)) = self.next(shard, &failed)? {
            let (place, all) = (number + 1, self.plan.cells.len());
            let title = format!("cell {place} of {all}: {}", self.plan.label(cell));
            if observer.stopping() {
                return Err(self.stopped(&format!("before {title}")));
            }
            let choice = device.unwrap_or_else(|| cell.settings.device());
            let opened = keep_open(&mut machine, choice, observer)?;
            observer.note(&title);
            let error = self.file(cell, "error");
            // What was written must be what can be read.
            let done = self.run_cell(cell, opened, publish, observer);
            match done.and_then(|()| self.check(cell)) {
                Ok(()) if error.exists() => std::fs::remove_file(&error)
                    .map_err(|cause| Error::file("remove the earlier error", &error, cause))?,
                Ok(()) => {}
                Err(stop) if stop.is_stopped() => {
                    return Err(self.stopped(&format!("in {title}")).because(stop));
                }
                Err(cause) => {
                    let line = one_line(&cause);
                    observer.finish(&format!("failed: {line}"));
                    write_whole(&error, format!("{line}\n").as_bytes())?;
                    failed.insert(number);
                }
            }
            drop(lock);
        }
        if failed.is_empty() {
            return Ok(());
        }
        let (count, all) = (failed.len(), self.plan.cells.len());
        Err(Error::new(format!("{count} of {all} cells failed, the others went on"))
            .at(self.folder.display())
            .remedy(
                "noisescope sweep status says why; mend that, and noisescope sweep run tries them \
                 again",
            ))
    }

    /// The cells of `shard` whose summary is none: they are done again once it is removed.
    fn spoilt(&self, shard: Shard) -> BTreeSet<usize> {
        let cells = self.plan.cells.iter().enumerate();
        let done = cells.filter(|(number, cell)| shard.has(*number) && self.is_done(cell));
        done.filter(|(_, cell)| self.check(cell).is_err()).map(|(number, _)| number).collect()
    }

    /// The first cell of `shard` that is neither done nor `failed` nor another worker's, with its
    /// lock.
    fn next(&self, shard: Shard, failed: &BTreeSet<usize>) -> Result<Option<(usize, &Cell, Lock)>> {
        for (number, cell) in self.plan.cells.iter().enumerate() {
            if !shard.has(number) || failed.contains(&number) || self.is_done(cell) {
                continue;
            }
            // Looked at once more: it may have been done between the two.
            if let Some(lock) = Lock::take(&self.file(cell, "lock"))?
                && !self.is_done(cell)
            {
                return Ok(Some((number, cell, lock)));
            }
        }
        Ok(None)
    }

    fn run_cell(
        &self,
        cell: &Cell,
        machine: &Machine,
        publish: Publish<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let path = self.run_folder(cell);
        let begun = path.join("settings.toml").is_file();
        let begin = || {
            if begun {
                return Ok((RunFolder::open(&path)?, true));
            }
            // By force, for a worker may have died before the settings were written.
            let folder = RunFolder::create(&path, true)?;
            write_whole(&folder.file("settings.toml"), cell.settings.text().as_bytes())?;
            Ok((folder, false))
        };
        let (outcome, folder) = cell.settings.run(machine, begin, observer)?;
        publish(&outcome, &folder)
    }

    /// How each cell stands, in the order of the plan.
    ///
    /// # Errors
    /// A lock or an error of a cell cannot be read.
    pub fn states(&self) -> Result<Vec<State>> {
        self.plan.cells.iter().map(|cell| self.state(cell)).collect()
    }

    fn state(&self, cell: &Cell) -> Result<State> {
        if self.is_done(cell) {
            return Ok(State::Done);
        }
        if let Some(who) = Lock::holder(&self.file(cell, "lock"))? {
            return Ok(State::Running(who));
        }
        let error = self.file(cell, "error");
        match std::fs::read_to_string(&error) {
            Ok(line) => return Ok(State::Failed(line.trim().to_owned())),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(Error::file("read the cell's error", &error, cause)),
        }
        let begun = self.run_folder(cell).join("settings.toml").is_file();
        Ok(if begun { State::Begun } else { State::Open })
    }

    /// The run folder of a cell.
    pub fn run_folder(&self, cell: &Cell) -> PathBuf {
        self.folder.join("cells").join(&cell.hash)
    }

    fn file(&self, cell: &Cell, ending: &str) -> PathBuf {
        self.folder.join("cells").join(format!("{}.{ending}", cell.hash))
    }

    fn is_done(&self, cell: &Cell) -> bool {
        self.run_folder(cell).join("summary.json").is_file()
    }

    fn stopped(&self, place: &str) -> Error {
        let folder = self.folder.display();
        Error::stopped(format!("stopped {place}"))
            .at(&folder)
            .remedy(format!("go on with noisescope sweep run {folder}"))
    }
}

/// The machine of `choice`: the one that is open, if it is that.
fn keep_open<'a>(
    machine: &'a mut Option<(Choice, Machine)>,
    choice: Choice,
    observer: &mut dyn Observer,
) -> Result<&'a Machine> {
    let (_, opened) = match machine.take().filter(|(open, _)| *open == choice) {
        Some(open) => machine.insert(open),
        None => {
            let opened = Machine::open(choice)?;
            observer.note(&opened.reason);
            machine.insert((choice, opened))
        }
    };
    Ok(opened)
}

/// An error with its remedy in one line.
fn one_line(error: &Error) -> String {
    let remedy = error.remedy_text().map_or(String::new(), |remedy| format!(" (help: {remedy})"));
    format!("{error}{remedy}").split_whitespace().collect::<Vec<_>>().join(" ")
}

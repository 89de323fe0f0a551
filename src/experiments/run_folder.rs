//! A run folder: where one run keeps its settings, weights, metrics and results.
//!
//! | file | what |
//! |---|---|
//! | `settings.toml` | the resolved settings; running from it repeats the run |
//! | `metrics.jsonl` | one line per epoch |
//! | `checkpoint.safetensors` | all that `--resume` needs |
//! | `best.safetensors` | the weights of the best epoch |
//! | `epochs/*.safetensors` | the weights of the epochs that `training.keep` names |
//! | `networks/*` | a folder per network, of `spike-trains` and `noise-preference` |
//! | `exponents.csv` | one row per exponent |
//! | `reviews.csv` | the recorded reviews: position, place, label, tokens, rightly classified |
//! | `traces/*.npy` | the traces, where asked for: row `position * units + unit` of a quantity's file |
//! | `summary.json`, `report.html` | the outcome |
//! | `run.lock` | who writes the folder; empty where nobody does |
//!
//! A folder holds one run: nothing of an earlier one is overwritten unless the user forces it.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::experiments::lock::Lock;
use crate::files::PARTIAL;

/// What a run writes; these and nothing else are removed by `--force`.
const FILES: [&str; 11] = [
    "settings.toml",
    "metrics.jsonl",
    "checkpoint.safetensors",
    "best.safetensors",
    "epochs",
    "networks",
    "exponents.csv",
    "reviews.csv",
    "summary.json",
    "report.html",
    "traces",
];

/// The lock of the process that writes the folder; empty where none does.
const LOCK: &str = "run.lock";

/// The folder of one run, which no other process writes meanwhile.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// None on a file system that knows no locks.
    lock: Option<Lock>,
}

impl RunFolder {
    /// Makes `path` ready for a new run; with `force`, an earlier run's files are removed from it
    /// first.
    ///
    /// # Errors
    /// The path is a file, holds another run (without `force`) or other files, or cannot be
    /// written.
    pub fn create(path: &Path, force: bool) -> Result<Self> {
        if path.is_file() {
            return Err(Error::new("expected an output folder, found a file")
                .at(path.display())
                .remedy("choose another folder with --out"));
        }
        let failed = |cause| Error::file("make the output folder", path, cause);
        std::fs::create_dir_all(path).map_err(failed)?;
        let folder = if path.join(LOCK).exists() { Self::locked(path)? } else { Self::bare(path) };
        let mut earlier = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text == LOCK {
                continue;
            }
            if FILES.contains(&text.trim_end_matches(PARTIAL)) {
                earlier.push(entry.path());
            } else {
                return Err(Error::new(format!("the output folder holds other files: {name:?}"))
                    .at(path.display())
                    .remedy("choose a new or empty folder with --out"));
            }
        }
        if !earlier.is_empty() && !force {
            return Err(Error::new("the output folder holds another run")
                .at(path.display())
                .remedy(
                    "choose another folder with --out, go on with --resume, or overwrite it with \
                     --force",
                ));
        }
        for path in earlier {
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.map_err(|cause| Error::file("remove the earlier run", &path, cause))?;
        }
        if folder.lock.is_some() { Ok(folder) } else { Self::locked(path) }
    }

    /// The first free of `runs/NAME-1`, `runs/NAME-2`, … .
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn next(experiment: &str) -> Result<Self> {
        let failed = |cause| Error::file("make the output folder", Path::new("runs"), cause);
        std::fs::create_dir_all("runs").map_err(failed)?;
        let mut number = 1;
        loop {
            let path = PathBuf::from(format!("runs/{experiment}-{number}"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Self::locked(&path),
                // Of two runs that begin together only one makes the folder.
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(cause) => return Err(failed(cause)),
            }
        }
    }

    /// Opens the folder of a run that was begun and not finished.
    ///
    /// # Errors
    /// The folder holds no run, or a finished one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = |name: &str| path.join(name);
        if !file("settings.toml").is_file() {
            return Err(Error::new(
                "expected the folder of a run (with its settings.toml), found none",
            )
            .at(path.display())
            .remedy("give --resume the folder that the stopped run named"));
        }
        if file("summary.json").is_file() {
            return Err(Error::new("expected a run that was stopped, found a finished one")
                .at(path.display())
                .remedy("repeat it with --settings and its settings.toml, or --weights and its best.safetensors"));
        }
        Self::locked(path)
    }

    fn bare(path: &Path) -> Self {
        Self { path: path.to_owned(), lock: None }
    }

    /// Refuses a folder that another process writes.
    fn locked(path: &Path) -> Result<Self> {
        let lock = path.join(LOCK);
        match Lock::take(&lock) {
            Ok(Some(held)) => Ok(Self { path: path.to_owned(), lock: Some(held) }),
            // Without locks nothing is known of others.
            Err(_) => Ok(Self::bare(path)),
            Ok(None) => {
                let who = Lock::holder(&lock).ok().flatten();
                let who = who.unwrap_or_else(|| "another process".to_owned());
                Err(Error::new(format!("expected a run that has stopped, found it running: {who}"))
                    .at(path.display())
                    .remedy("wait for it or stop it, or choose another folder with --out"))
            }
        }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// What `path` holds of a network that is done, if it is there.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn done<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::file("read what was found of a network", path, cause))?;
    serde_json::from_str(&text).map(Some).map_err(|cause| {
        Error::new("expected what was found of a network")
            .at(path.display())
            .remedy("remove the file, and the network is looked at again")
            .because(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_run_is_kept_unless_forced_and_other_files_always() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("run");
        let folder = RunFolder::create(&path, false).expect("new");
        std::fs::write(folder.file("settings.toml"), "seed = 1").expect("written");
        for begun in [RunFolder::create(&path, true), RunFolder::open(&path)] {
            let error = begun.expect_err("it is being written");
            assert!(error.to_string().contains("found it running"), "{error}");
        }
        assert!(folder.file("settings.toml").exists());
        drop(folder);
        let error = RunFolder::create(&path, false).expect_err("holds a run");
        assert!(error.to_string().contains("another run"), "{error}");
        let folder = RunFolder::open(&path).expect("stopped");
        drop(folder);
        let folder = RunFolder::create(&path, true).expect("forced");
        assert!(!folder.file("settings.toml").exists());
        std::fs::write(path.join("thesis.txt"), "years of work").expect("written");
        assert!(RunFolder::create(&path, true).is_err());
        assert!(path.join("thesis.txt").exists());
        drop(folder);
        assert!(RunFolder::open(&path).is_err());
    }
}

//! One process per run folder, one worker per cell: a lock that the operating system holds.
//!
//! Place in the flow: under [`run_folder`](super::run_folder) and the sweep. The system frees the lock when its process ends, however it
//! ends, so a dead process leaves none behind; what stands in the file is for people. The file
//! itself stays: to remove it would let two workers lock two files of one name.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock at `path`; `None` where another process holds it.
    ///
    /// # Errors
    /// The file cannot be made, or its file system knows no locks.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let failed = |cause| Error::file("make the lock", path, cause);
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let mut file = file.map_err(failed)?;
        // `holder` has it for an instant now and then, which is no reason to go.
        let mut patience = 5;
        while let Err(refused) = file.try_lock() {
            match refused {
                TryLockError::Error(cause) => {
                    let remedy = "put it on a file system with locks (NFS 4, local disks)";
                    return Err(Error::file("lock the folder", path, cause).remedy(remedy));
                }
                TryLockError::WouldBlock if patience == 0 => return Ok(None),
                TryLockError::WouldBlock => std::thread::sleep(Duration::from_millis(10)),
            }
            patience -= 1;
        }
        let who = format!("{}, process {}, since {}\n", host(), std::process::id(), now());
        file.set_len(0).and_then(|()| file.write_all(who.as_bytes())).map_err(failed)?;
        Ok(Some(Self(file)))
    }

    /// Who holds the lock at `path` (host, process, since when); `None` where nobody does.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn holder(path: &Path) -> Result<Option<String>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(Error::file("look at the lock", path, cause)),
        };
        if file.try_lock_shared().is_ok() {
            return Ok(None);
        }
        let who = std::fs::read_to_string(path).unwrap_or_default();
        Ok(Some(if who.is_empty() { "another process".into() } else { who.trim().to_owned() }))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What cannot be emptied is only out of date: the lock itself goes with the file.
        let _ = self.0.set_len(0);
    }
}

/// The machine's name, as Linux or the shell gives it.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok())
        .map_or_else(|| "unknown host".to_owned(), |name| name.trim().to_owned())
}

/// `2026-11-23 04:40:12 UTC`.
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| past.as_secs());
    date(seconds)
}

/// The date of a second since 1970, in the Gregorian calendar.
fn date(seconds: u64) -> String {
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year}-{:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_and_freed_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cell.lock");
        assert_eq!(Lock::holder(&path).expect("looked"), None);
        let lock = Lock::take(&path).expect("locked").expect("free");
        assert!(Lock::take(&path).expect("asked").is_none());
        let who = Lock::holder(&path).expect("looked").expect("held");
        assert!(who.contains(&std::process::id().to_string()), "{who}");
        drop(lock);
        assert_eq!(Lock::holder(&path).expect("looked"), None);
        assert!(Lock::take(&path).expect("asked").is_some());
    }

    #[test]
    fn seconds_have_their_dates() {
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(date(1_795_408_849), "2026-11-23 04:40:49 UTC");
    }
}

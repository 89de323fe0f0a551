//! The one error type of the project: what was found, where, and what mends it.
//!
//! Place in the flow: floor 0, below everything. Every function that can fail returns [`Result`];
//! nothing below `cli` prints, so an error has to carry all that the user will read: the file or
//! field it speaks of, what was expected and found, the remedy, and the error underneath it.

use std::fmt;
use std::path::Path;

/// `Result` with the project's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// One failure, worded for the person at the terminal.
///
/// Built up in the order it is read: [`Error::new`] says what was expected and found (lower case,
/// no full stop), [`Error::at`] names the file, line or setting, [`Error::remedy`] says what mends
/// it and [`Error::because`] keeps the error underneath.
pub struct Error(Box<Parts>);

struct Parts {
    what: String,
    place: Option<String>,
    remedy: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    stopped: bool,
}

impl Error {
    /// A failure: what was expected and what was found, in lower case.
    pub fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            what: what.into(),
            place: None,
            remedy: None,
            source: None,
            stopped: false,
        }))
    }

    /// No failure, but an end before the end: the user stopped the work, and what was done is kept.
    pub fn stopped(what: impl Into<String>) -> Self {
        let mut error = Self::new(what);
        error.0.stopped = true;
        error
    }

    /// True for [`Error::stopped`].
    pub fn is_stopped(&self) -> bool {
        self.0.stopped
    }

    /// A failure to read or write the file or folder at `path`, with its cause.
    pub fn file(doing: &str, path: &Path, source: std::io::Error) -> Self {
        let remedy = match source.kind() {
            std::io::ErrorKind::NotFound => "check the path; it does not exist",
            std::io::ErrorKind::PermissionDenied => "check the permissions of the path",
            std::io::ErrorKind::StorageFull => {
                "free some space on that disk, or choose another with --out"
            }
            _ => "check the path and the disk it is on",
        };
        Self::new(format!("cannot {doing}")).at(path.display()).remedy(remedy).because(source)
    }

    /// Names the place: a path, `path, line 3`, or a setting such as `dfa.windows`.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.place = Some(place.to_string());
        self
    }

    /// Says what mends it: a flag, a setting, a step.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }

    /// Keeps the error that this one was caused by.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What mends it, if anything was said.
    pub fn remedy_text(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }
}

impl fmt::Display for Error {
    /// One line: `place: what: cause: deeper cause`. The remedy is apart, see
    /// [`Error::remedy_text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.0.what)?;
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            // An `Error` underneath prints its own causes.
            cause = if inner.is::<Error>() { None } else { inner.source() };
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.0.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, " (remedy: {remedy})"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_place_what_cause_and_keeps_the_remedy_apart() {
        let inner = std::io::Error::other("no space left on device");
        let error = Error::new("cannot write the page").at("runs/a/report.html").because(inner);
        let outer = Error::new("the run did not finish").because(error.remedy("free some space"));
        assert_eq!(
            outer.to_string(),
            "the run did not finish: runs/a/report.html: cannot write the page: no space left on device"
        );
        assert_eq!(outer.remedy_text(), None);
    }
}

//! The files that a command is to write, looked at before it begins.
//!
//! Place in the flow: the paths of flags in; nothing is written here.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::Partial;

/// Holds the `outputs`, each with its flag, against one another and against the `inputs`.
///
/// # Errors
/// An output is one of the inputs, or another output, or cannot be written where it is to lie.
pub fn check(inputs: &[PathBuf], outputs: &[(&str, Option<&Path>)]) -> Result<()> {
    let given = outputs.iter().filter_map(|(flag, path)| Some((*flag, (*path)?)));
    let given: Vec<(&str, &Path)> = given.collect();
    for (at, &(flag, path)) in given.iter().enumerate() {
        if inputs.iter().any(|input| same(input, path)) {
            return Err(Error::new(format!("expected a file to write, found {}", path.display()))
                .at(flag)
                .remedy("that is a recording: choose another name"));
        }
        if let Some((other, _)) = given[..at].iter().find(|(_, earlier)| same(earlier, path)) {
            return Err(Error::new(format!("expected two files, found {} twice", path.display()))
                .at(format!("{other}, {flag}"))
                .remedy("give each its own name"));
        }
        // Dropped, it leaves nothing behind.
        Partial::create(path).map_err(|error| error.at(format!("{flag} {}", path.display())))?;
    }
    Ok(())
}

/// Whether both are one file, by whatever names.
fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), Err(_)) => {
            matches!((std::path::absolute(one), std::path::absolute(other)), (Ok(a), Ok(b)) if a == b)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_lost_is_refused_before_anything_is_written() {
        let home = tempfile::tempdir().expect("a folder");
        let path = |name: &str| home.path().join(name);
        std::fs::write(path("in.npy"), "samples").expect("written");
        let of = |csv: PathBuf, html: PathBuf| {
            check(&[path("in.npy")], &[("--csv", Some(&csv)), ("--html", Some(&html))])
        };
        assert!(of(path("a.csv"), path("a.html")).is_ok());
        let error = of(path("./in.npy"), path("a.html")).expect_err("the recording");
        assert!(error.to_string().contains("--csv"), "{error}");
        assert!(of(path("a"), path("./a")).is_err(), "twice");
        assert!(of(home.path().to_owned(), path("a")).is_err(), "a folder");
        assert!(of(path("a.csv"), path("none/a")).is_err(), "no folder");
        let left: Vec<_> = std::fs::read_dir(home.path()).expect("read").collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

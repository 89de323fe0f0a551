//! The floors of the house: a file uses its own module and any lower floor, never a neighbour or a
//! higher one.
//!
//! Place in the flow: reads every `crate::` path in `src/`; the table of floors is also in
//! `src/lib.rs` and ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: &[(&str, u32)] = &[
    ("cli", 6),
    ("report", 5),
    ("experiments", 4),
    ("models", 3),
    ("recording", 3),
    ("datasets", 2),
    ("analysis", 2),
    ("gpu", 1),
    ("signal", 1),
    ("error", 0),
    ("progress", 0),
    ("files", 1),
];

/// Files that stand above all floors: they declare the modules, or only call `cli`.
const ROOTS: &[&str] = &["lib.rs", "main.rs"];

fn floor(module: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// What is wrong with `text`, the source of a file of `module`, named `file`.
fn violations(file: &str, module: &str, text: &str) -> Vec<String> {
    let Some(own) = floor(module) else {
        return vec![format!("{file}: module `{module}` stands on no floor; add it to FLOORS")];
    };
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        // Links of comments count for nothing.
        let code = line.split("//").next().unwrap_or_default();
        for used in modules_used(code) {
            let place = format!("{file}, line {}", number + 1);
            match floor(&used) {
                None => found.push(format!("{place}: `crate::{used}` stands on no floor")),
                Some(_) if used == module => {}
                Some(other) if other < own => {}
                Some(other) => found.push(format!(
                    "{place}: `{module}` (floor {own}) uses `crate::{used}` (floor {other})"
                )),
            }
        }
    }
    found
}

/// The first segments of the `crate::` paths in `code`, also of `crate::{a::b, c}`.
fn modules_used(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut segment, mut first) = (0, String::new(), true);
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        used.push(std::mem::take(&mut segment));
                        first = true;
                    }
                    ':' => first = first && depth > 0,
                    c if depth == 0 && first && (c.is_alphanumeric() || c == '_') => {
                        segment.push(c)
                    }
                    _ => {}
                }
            }
            used.push(segment);
        } else {
            used.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    used.retain(|segment| !segment.is_empty());
    used
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_uses_lower_floors_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 5, "found only {files:?}");
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(&source).expect("a file of src").to_path_buf();
        if ROOTS.iter().any(|root| name == Path::new(root)) {
            continue;
        }
        let first = name.components().next().expect("a name").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        let text = fs::read_to_string(&path).expect("a readable file");
        found.extend(violations(&format!("src/{}", name.display()), module, &text));
    }
    assert!(found.is_empty(), "floors (see src/lib.rs):\n{}", found.join("\n"));
}

#[test]
fn the_checker_finds_what_it_must() {
    let wrong = |module: &str, text: &str| violations("file.rs", module, text).len();
    assert_eq!(
        wrong("analysis", "use crate::signal::Traces;\nuse crate::error::{Error, Result};"),
        0
    );
    assert_eq!(wrong("analysis", "use crate::analysis::dfa;"), 0);
    assert_eq!(wrong("analysis", "//! reads [`crate::recording::Store`]"), 0);
    assert_eq!(wrong("analysis", "use crate::datasets::Reviews;"), 1, "a neighbour");
    assert_eq!(wrong("gpu", "let x = crate::models::lstm::STAGE;"), 1, "a higher floor");
    assert_eq!(wrong("gpu", "use crate::{error::{Error, Result}, cli::args};"), 1, "in a list");
    assert_eq!(wrong("gpu", "use crate::nowhere::X;"), 1, "no floor");
    assert_eq!(wrong("nowhere", ""), 1, "an unknown module");
    let message = &violations("src/gpu/a.rs", "gpu", "\nuse crate::cli::args;")[0];
    assert_eq!(message, "src/gpu/a.rs, line 2: `gpu` (floor 1) uses `crate::cli` (floor 6)");
}

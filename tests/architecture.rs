//! The floors of the house: a file uses its own module and any lower floor, never a neighbour or a
//! higher one.
//!
//! Place in the flow: reads every path in `src/` that begins at `crate` or climbs by `super`, with
//! comments and strings taken out; the table of floors is also in `src/lib.rs` and ARCHITECTURE.md.

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

/// What is wrong with `text`, the source of the file `name` (its path below `src`).
fn violations(name: &str, text: &str) -> Vec<String> {
    let place = module_path(name);
    let module = place[0].as_str();
    let Some(own) = floor(module) else {
        return vec![format!("src/{name}: module `{module}` stands on no floor; add it to FLOORS")];
    };
    let mut found = Vec::new();
    for (line, used) in modules_used(&place, text) {
        let at = format!("src/{name}, line {line}");
        match floor(&used) {
            _ if used == module => {}
            None => found.push(format!("{at}: `crate::{used}` stands on no floor")),
            Some(other) if other < own => {}
            Some(other) => found.push(format!(
                "{at}: `{module}` (floor {own}) uses `crate::{used}` (floor {other})"
            )),
        }
    }
    found
}

/// The modules that a file lies in: `a/b/c.rs` and `a/b/c/mod.rs` both give a, b, c.
fn module_path(name: &str) -> Vec<String> {
    let path = name.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// The modules at the root of the crate that `text`, in module `place`, names, each with its line.
fn modules_used(place: &[String], text: &str) -> Vec<(usize, String)> {
    let tokens = tokens(&without_comments(text));
    let mut used = Vec::new();
    // The module that each brace opened, if it opened one.
    let mut inside: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while let Some((line, token)) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                let opened = at >= 2 && tokens[at - 2].1 == "mod";
                inside.push(opened.then(|| tokens[at - 1].1.clone()));
            }
            "}" => drop(inside.pop()),
            // A path, also behind `$` or a leading `self::`; not `pub(crate)`.
            "crate" | "super" if tokens.get(at + 1).is_some_and(|next| next.1 == "::") => {
                let mut from: Vec<String> = place.to_vec();
                from.extend(inside.iter().flatten().cloned());
                let mut ends = Vec::new();
                at = follow(&tokens, at, &from, &mut ends);
                used.extend(ends.into_iter().map(|module| (*line, module)));
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    used
}

/// Follows the path or tree of paths at token `at` from module `from`; gives the token after it,
/// and adds to `ends` the first segment that each of its paths has at the root.
fn follow(
    tokens: &[(usize, String)],
    mut at: usize,
    from: &[String],
    ends: &mut Vec<String>,
) -> usize {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.1.as_str());
    let mut path = from.to_vec();
    loop {
        match word(at) {
            "crate" => path.clear(),
            "self" => {}
            "super" => drop(path.pop()),
            "{" => {
                at += 1;
                while !matches!(word(at), "}" | "") {
                    at = follow(tokens, at, &path, ends);
                    // `as name` and the comma.
                    while !matches!(word(at), "," | "}" | "") {
                        at += 1;
                    }
                    at += usize::from(word(at) == ",");
                }
                return at + 1;
            }
            name => path.push(name.to_owned()),
        }
        at += 1;
        if word(at) != "::" {
            // What climbs no further than the root names the crate as a whole.
            ends.push(path.first().cloned().unwrap_or_default());
            return at;
        }
        at += 1;
    }
}

/// Words, `::` and single other characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut line, mut whole) = (1, false);
    let mut characters = code.chars().peekable();
    while let Some(c) = characters.next() {
        let word = c.is_alphanumeric() || c == '_';
        match found.last_mut() {
            Some((_, last)) if word && whole => last.push(c),
            _ if c.is_whitespace() => line += usize::from(c == '\n'),
            _ if c == ':' && characters.next_if_eq(&':').is_some() => {
                found.push((line, "::".into()))
            }
            _ => found.push((line, c.into())),
        }
        whole = word;
    }
    found
}

/// `text` with comments, strings and characters blanked; lines stay where they are.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut word = false;
    while let Some(c) = rest.chars().next() {
        let length = blank(rest, word);
        let (taken, left) = rest.split_at(length.max(c.len_utf8()));
        if length == 0 {
            code.push_str(taken);
        } else {
            code.push(' ');
            code.extend(taken.chars().filter(|c| *c == '\n'));
        }
        word = length == 0 && (c.is_alphanumeric() || c == '_');
        rest = left;
    }
    code
}

/// Bytes of the comment, string or character that `rest` begins with; 0 where it begins with code.
/// `word` says that the character before belongs to a word.
fn blank(rest: &str, word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        let (mut depth, mut at) = (0, 0);
        while at < rest.len() {
            match rest.as_bytes()[at..] {
                [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
                [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                break;
            }
        }
        return at;
    }
    if !word && let Some(length) = raw_string(rest) {
        return length;
    }
    match rest.as_bytes() {
        [b'"', ..] => quoted(rest, b'"'),
        [b'\'', b'\\', ..] => quoted(rest, b'\''),
        // A character, and not a lifetime.
        [b'\'', ..] => match rest.char_indices().nth(2) {
            Some((end, '\'')) => end + 1,
            _ => 0,
        },
        _ => 0,
    }
}

/// Bytes of the raw string that `rest` begins with.
fn raw_string(rest: &str) -> Option<usize> {
    let raw = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let inside = raw.trim_start_matches('#');
    let marks = &raw[..raw.len() - inside.len()];
    let inside = inside.strip_prefix('"')?;
    let close = format!("\"{marks}");
    let end = inside.find(&close).map_or(inside.len(), |end| end + close.len());
    Some(rest.len() - inside.len() + end)
}

/// Bytes up to and with the `mark` that closes the one at the start of `rest`.
fn quoted(rest: &str, mark: u8) -> usize {
    let (bytes, mut at) = (rest.as_bytes(), 1);
    while at < bytes.len() && bytes[at] != mark {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
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
    let (mut found, mut paths) = (Vec::new(), 0);
    for path in files {
        let name = path.strip_prefix(&source).expect("a file of src");
        let name = name.to_str().expect("a name in UTF-8").replace('\\', "/");
        if ROOTS.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a readable file");
        found.extend(violations(&name, &text));
        paths += modules_used(&module_path(&name), &text).len();
    }
    assert!(paths > 100, "only {paths} paths were read");
    assert!(found.is_empty(), "floors (see src/lib.rs):\n{}", found.join("\n"));
}

#[test]
fn the_checker_finds_what_it_must() {
    let check = |name: &str, text: &str, expected: usize| {
        let found = violations(name, text);
        assert_eq!(found.len(), expected, "{name}: {text}\n{found:?}");
    };
    let one = "use crate::signal::Traces;\nuse crate::error::{Error, Result};";
    for (name, text) in [
        ("analysis/mod.rs", one),
        ("analysis/mod.rs", "use crate::analysis::dfa;"),
        (
            "analysis/mod.rs",
            "//! reads [`crate::recording::Store`]\n/* crate::cli /* */ crate::cli */",
        ),
        ("gpu/a.rs", "let s = \"crate::cli \\\" crate::cli\"; let r = r#\"crate::\"cli\"#;"),
        ("gpu/a.rs", "let c = ['\"', '\\'']; // \" crate::cli"),
        ("gpu/a.rs", "pub(crate) fn f<'a>(x: &'a str) {}"),
        // Climbs that stay inside.
        (
            "models/lstm/backward.rs",
            "use super::forward;\nmod tests { use super::super::forward; }",
        ),
        ("models/lstm/mod.rs", "use super::device;"),
        ("models/a/b.rs", "use super::super::device;"),
        ("models/a.rs", "mod tests { mod deep { use super::super::x; } }"),
        ("models/mod.rs", "use super::gpu::Engine;"),
        ("gpu/mod.rs", "if x { } mod tests { use super::{engine, stage::{self, Stage as S}}; }"),
    ] {
        check(name, text, 0);
    }
    check("analysis/mod.rs", "use crate::datasets::Reviews;", 1);
    check("gpu/a.rs", "let x = crate::models::lstm::STAGE;", 1);
    check("gpu/a.rs", "use crate::{error::{Error, Result}, cli::args};", 1);
    check("gpu/a.rs", "use crate::nowhere::X;", 1);
    check("nowhere/a.rs", "", 1);
    // Over several lines, with a comment between.
    check("gpu/a.rs", "use crate::{\n    error::Error,\n    // crate::\n    cli::args,\n};", 1);
    check("gpu/a.rs", "use crate::{cli as c, models::{self, lstm}, report};", 4);
    check("gpu/a.rs", "use crate ::\n    cli;", 1);
    check("gpu/a.rs", "macro_rules! m { () => { $crate::cli::run() } }", 1);
    check("gpu/a.rs", "use crate::*;", 1);
    check("gpu/a.rs", "let s = \"a\"; let c = '\"'; crate::cli::run(); let d = '\"';", 1);
    check("gpu/a.rs", "fn f<'a>() { crate::cli::run::<'a>() }", 1);
    check("gpu/a.rs", "/* \" */ use crate::cli; /* \" */", 1);
    check("gpu/a.rs", "let x = br\"\\\"; crate::cli::run();", 1);
    check("gpu/a.rs", "let rest = r#x + y; crate::cli::run(); let s = \"\";", 1);
    // Climbing out.
    check("models/a.rs", "use super::super::cli;", 1);
    check("models/a/b.rs", "use super::super::super::cli;", 1);
    check("models/mod.rs", "use super::cli;", 1);
    check("models/a.rs", "mod tests { use super::super::super::cli; }", 1);
    check("models/a.rs", "mod tests { }\nuse super::super::cli;", 1);
    check("models/a.rs", "use super::{device, super::cli::args};", 1);
    check("models/a.rs", "use self::super::super::recording;", 1);
    let message = &violations("gpu/a.rs", "\nuse crate::cli::args;")[0];
    assert_eq!(message, "src/gpu/a.rs, line 2: `gpu` (floor 1) uses `crate::cli` (floor 6)");
}

//! Settings as TOML tables: read, set by dotted names, typed by the user.
//!
//! Place in the flow: floor 4, for the settings of every experiment and for the command line.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::error::{Error, Result};

/// Reads settings in TOML; what is not named has its default.
///
/// # Errors
/// A name is unknown, or a value of another kind; the error quotes the line.
pub fn of_text<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|cause: toml::de::Error| {
        // The caret picture spans lines; the message alone says name, kind and what was expected.
        let line = cause.span().map_or(String::new(), |span| {
            let line = text[..span.start].matches('\n').count();
            format!(" in `{}`", text.lines().nth(line).unwrap_or_default().trim())
        });
        Error::new(format!("{}{line}", cause.message().trim()))
            .remedy("compare with the settings.toml of a run folder")
    })
}

/// Puts `value` at the dotted name `path`, such as `training.rate`.
///
/// # Errors
/// What stands before a dot is no part of the settings.
pub fn put(table: &mut Table, path: &str, value: Value) -> Result<()> {
    let Some((part, rest)) = path.split_once('.') else {
        table.insert(path.to_owned(), value);
        return Ok(());
    };
    let under = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(under) = under else {
        return Err(Error::new(format!("`{part}` is no part of the settings"))
            .remedy("use names as in settings.toml, such as training.rate"));
    };
    put(under, rest, value)
}

/// What the user typed as a value: TOML, or else a bare word such as `after-padding`.
pub fn typed(value: &str) -> Value {
    let parsed = format!("value = {value}").parse::<Table>();
    let value_of = |mut table: Table| table.remove("value");
    parsed.ok().and_then(value_of).unwrap_or_else(|| Value::String(value.to_owned()))
}

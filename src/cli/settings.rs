//! Settings from three places, the later ones stronger: a preset, a TOML file, the flags.
//!
//! All three are TOML tables laid over one another; the struct that reads the result is the one
//! home of names and defaults, and refuses names that it does not know.

use std::path::Path;

use serde::Serialize;
use toml::{Table, Value};

use super::args::OneOverF;
use crate::error::{Error, Result};
use crate::experiments::one_over_f::{self, Preset, Settings};
use crate::models::checkpoint;

/// Reads a file of settings.
///
/// # Errors
/// The file cannot be read or is no TOML.
pub fn read(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::file("read the settings", path, cause))?;
    let table: Table = text.parse().map_err(|cause: toml::de::Error| {
        let remedy = "compare with the settings.toml of a run folder";
        Error::new("expected settings in TOML").at(path.display()).remedy(remedy).because(cause)
    })?;
    // Read once by itself, so that a wrong name or type is blamed on the file.
    text_to_settings(&text).map_err(|error| error.at(path.display()))?;
    Ok(table)
}

/// The settings that preset, file and flags make together.
///
/// # Errors
/// A flag has an unknown name or a value of another kind.
pub fn resolve(options: &OneOverF, file: Option<&Table>) -> Result<Settings> {
    let preset = match options.preset.as_deref() {
        None | Some("quick") => Preset::Quick,
        Some("paper") => Preset::Paper,
        Some(other) => {
            return Err(Error::new(format!("expected `quick` or `paper`, found `{other}`"))
                .at("--preset")
                .remedy("leave it out for `quick`"));
        }
    };
    let mut table = Table::try_from(preset.settings()).expect("a preset is a table");
    if let Some(path) = &options.weights {
        overlay(&mut table, of_weights(path)?);
    }
    if let Some(file) = file {
        overlay(&mut table, file.clone());
    }
    for (name, value) in flags(options)? {
        put(&mut table, &name, value).map_err(|error| error.at(format!("--set {name}")))?;
    }
    let text = toml::to_string(&table).expect("a table of settings is TOML");
    let mut settings =
        text_to_settings(&text).map_err(|error| error.at("flags and settings together"))?;
    // Absolute, so that a run can be resumed and repeated from any folder.
    for path in [&mut settings.corpus.data, &mut settings.weights].into_iter().flatten() {
        *path = std::path::absolute(&path)
            .map_err(|cause| Error::file("find the path", path, cause))?;
    }
    Ok(settings)
}

/// What the weights at `path` were trained on and how, so far as their header says: seed, reviews,
/// network, training.
fn of_weights(path: &Path) -> Result<Table> {
    if !path.is_file() {
        return Ok(Table::new()); // `Settings::check` says it in its own words.
    }
    let (_, header) = checkpoint::read(path)?;
    let mut table: Table =
        header.get(one_over_f::SETTINGS).and_then(|text| text.parse().ok()).unwrap_or_default();
    table.retain(|name, _| ["seed", "corpus", "model", "training"].contains(&name));
    Ok(table)
}

fn text_to_settings(text: &str) -> Result<Settings> {
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

/// Lays `over` upon `table`, tables within tables entry by entry.
fn overlay(table: &mut Table, over: Table) {
    for (name, value) in over {
        match (table.get_mut(&name), value) {
            (Some(Value::Table(under)), Value::Table(over)) => overlay(under, over),
            (_, value) => {
                table.insert(name, value);
            }
        }
    }
}

/// Puts `value` at `part.name`.
fn put(table: &mut Table, path: &str, value: Value) -> Result<()> {
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

/// What the flags set: name in `settings.toml` and value.
fn flags(options: &OneOverF) -> Result<Vec<(String, Value)>> {
    fn one<T: Serialize>(name: &str, value: Option<&T>) -> Result<Option<(String, Value)>> {
        let value = value.map(Value::try_from).transpose().map_err(|cause| {
            let remedy = "give a path or word in UTF-8";
            Error::new("the value cannot be kept in settings")
                .at(name)
                .remedy(remedy)
                .because(cause)
        })?;
        Ok(value.map(|value| (name.to_owned(), value)))
    }
    let flags = [
        one("device", options.device.as_ref()),
        one("seed", options.seed.as_ref()),
        one("weights", options.weights.as_ref()),
        one("corpus.data", options.data.as_ref()),
        one("corpus.reviews", options.reviews.as_ref()),
        one("corpus.vocabulary", options.vocabulary.as_ref()),
        one("model.hidden", options.hidden.as_ref()),
        one("model.readout", options.readout.as_ref()),
        one("training.epochs", options.epochs.as_ref()),
        one("training.batch", options.batch.as_ref()),
        one("training.steps", options.steps.as_ref()),
        one("recording.quantities", options.quantities.as_ref()),
        one("recording.steps", options.record_steps.as_ref()),
        one("recording.reviews", options.record_reviews.as_ref()),
        one("recording.save_traces", options.save_traces.then_some(&true)),
        one("dfa.windows", options.windows.as_ref()),
        one("dfa.order", options.order.as_ref()),
        one("dfa.convention", options.convention.as_ref()),
    ];
    let mut flags: Vec<_> =
        flags.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    for text in &options.set {
        let refuse = || {
            Error::new(format!("expected NAME=VALUE, found `{text}`"))
                .at("--set")
                .remedy("for example --set training.rate=0.001")
        };
        let (name, value) = text.split_once('=').ok_or_else(refuse)?;
        // A value that is no TOML by itself is a bare word: --set model.readout=after-padding.
        let parsed = format!("value = {value}").parse::<Table>();
        let value = parsed.ok().and_then(|mut table| table.remove("value"));
        let bare = text.split_once('=').map(|(_, value)| Value::String(value.to_owned()));
        flags.push((name.trim().to_owned(), value.or(bare).ok_or_else(refuse)?));
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_stronger_than_the_file_and_the_file_than_the_preset() {
        let file: Table = "[training]\nbatch = 16\nepochs = 7\n".parse().expect("TOML");
        let options = OneOverF {
            preset: Some("paper".to_owned()),
            epochs: Some(2),
            set: vec!["training.rate=0.001".to_owned(), "model.readout=last-token".to_owned()],
            ..OneOverF::default()
        };
        let settings = resolve(&options, Some(&file)).expect("resolved");
        let paper = Preset::Paper.settings();
        assert_eq!((settings.training.batch, settings.training.epochs), (16, 2));
        assert_eq!(settings.training.rate, 0.001);
        assert_eq!(settings.recording, paper.recording);
        assert_ne!(settings.model.readout, paper.model.readout);
    }

    #[test]
    fn settings_survive_their_file() {
        let settings = Preset::Paper.settings();
        let text = toml::to_string(&settings).expect("TOML");
        assert_eq!(text_to_settings(&text).expect("read"), settings);
    }

    #[test]
    fn unknown_names_and_wrong_kinds_are_refused() {
        for set in ["training.epoch=3", "training.epochs=many", "epochs", "seed.x=1"] {
            let options = OneOverF { set: vec![set.to_owned()], ..OneOverF::default() };
            let error = resolve(&options, None).expect_err(set);
            assert!(error.remedy_text().is_some(), "{error}");
        }
    }
}

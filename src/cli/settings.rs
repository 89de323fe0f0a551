//! Settings from three places, the later ones stronger: a preset, a TOML file, the flags.
//!
//! All three are TOML tables laid over one another; the struct that reads the result is the one
//! home of names and defaults, and refuses names that it does not know.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::datasets::series;
use crate::error::{Error, Result};
use crate::experiments::one_over_f::{self, Preset, Settings};
use crate::experiments::run_folder::RunFolder;
use crate::experiments::{noise_preference, spike_trains, table};
use crate::models::checkpoint;

/// What is wished of the settings: a preset, a file, and flags that each say which one they set.
#[derive(Args, Debug, Default)]
pub struct Wishes {
    /// Starting point of the settings: `quick` (default) or `paper`
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// TOML file of settings, such as the settings.toml of an earlier run; overrides the preset
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Any setting by its name in settings.toml, e.g. `--set training.rate=0.001`; overrides the
    /// rest
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,

    /// Measure a network with these weights, best.safetensors of a run, instead of training one
    /// (weights)
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub weights: Option<PathBuf>,
    /// `auto` (a hardware GPU, else the CPU), `gpu` (also a software one) or `cpu`
    #[arg(long, value_name = "WHICH", help_heading = "Run")]
    pub device: Option<String>,
    /// Seed of every random stream
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<i64>,

    /// Reviews: an aclImdb folder, its .tar.gz or .tar.xz, or a CSV/TSV (.gz) with label and text;
    /// or time series: NAME_TRAIN.tsv (.gz) of a UCR set [default: built-in synthetic reviews]
    /// (corpus.data)
    #[arg(long, value_name = "PATH", help_heading = "Reviews")]
    pub data: Option<PathBuf>,
    /// Reviews to take (corpus.reviews)
    #[arg(long, value_name = "N", help_heading = "Reviews")]
    pub reviews: Option<i64>,
    /// Token ids (corpus.vocabulary)
    #[arg(long, value_name = "N", help_heading = "Reviews")]
    pub vocabulary: Option<i64>,

    /// Hidden units (model.hidden)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub hidden: Option<i64>,
    /// `last-token` or `after-padding` (model.readout)
    #[arg(long, value_name = "WHERE", help_heading = "Network")]
    pub readout: Option<String>,
    /// Epochs at most (training.epochs)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub epochs: Option<i64>,
    /// Reviews per batch (training.batch)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub batch: Option<i64>,
    /// Tokens per review in training (training.steps)
    #[arg(long, value_name = "N", help_heading = "Network")]
    pub steps: Option<i64>,

    /// Quantities, of input, f, i, o, candidate, cell, hidden (recording.quantities)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Measures")]
    pub quantities: Option<Vec<String>>,
    /// Tokens per trace (recording.steps)
    #[arg(long, value_name = "N", help_heading = "Measures")]
    pub record_steps: Option<i64>,
    /// Reviews to record at most, 0 for all that are long enough (recording.reviews)
    #[arg(long, value_name = "N", help_heading = "Measures")]
    pub record_reviews: Option<i64>,
    /// Write the traces to traces/*.npy (recording.save_traces)
    #[arg(long, help_heading = "Measures")]
    pub save_traces: bool,
    /// Window sizes in samples (dfa.windows)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Measures")]
    pub windows: Option<Vec<i64>>,
    /// Degree of the polynomial taken out of each window: 1, 2 or 3 (dfa.order)
    #[arg(long, value_name = "N", help_heading = "Measures")]
    pub order: Option<i64>,
    /// How windows lie and are averaged: `half-overlap`, `forward`, `both-ends`, ... (dfa.convention)
    #[arg(long, value_name = "NAME", help_heading = "Measures")]
    pub convention: Option<String>,
}

/// Reads a file of settings.
///
/// # Errors
/// The file cannot be read or is no TOML.
pub fn read(path: &Path) -> Result<Table> {
    read_as::<Settings>(path)
}

/// [`read`] of the settings `T` of an experiment.
///
/// # Errors
/// The file cannot be read or is no TOML, or holds no such settings.
pub fn read_as<T: DeserializeOwned>(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::file("read the settings", path, cause))?;
    let read: Table = text.parse().map_err(|cause: toml::de::Error| {
        let remedy = "compare with the settings.toml of a run folder";
        Error::new("expected settings in TOML").at(path.display()).remedy(remedy).because(cause)
    })?;
    // Read once by itself, so that a wrong name or type is blamed on the file.
    let of_another = |error| match experiment(&text) {
        Some(name) => {
            Error::new(format!("expected the settings of this experiment, found {name}'s"))
                .remedy(format!("they are for noisescope run {name}"))
        }
        None => error,
    };
    table::of_text::<T>(&text).map_err(|error| of_another(error).at(path.display()))?;
    Ok(read)
}

/// The experiment whose settings `text` holds.
fn experiment(text: &str) -> Option<&'static str> {
    let all = [
        (one_over_f::NAME, table::of_text::<Settings>(text).is_ok()),
        (
            noise_preference::study::NAME,
            table::of_text::<noise_preference::settings::Settings>(text).is_ok(),
        ),
        (
            spike_trains::study::NAME,
            table::of_text::<spike_trains::settings::Settings>(text).is_ok(),
        ),
    ];
    all.into_iter().find_map(|(name, fits)| fits.then_some(name))
}

/// Defaults, a file of settings and `flags` laid over one another; of the stopped run in `resume`
/// its own settings, with which no flags go.
///
/// # Errors
/// A file cannot be read, or a name or value is not one of the settings'.
pub fn resolved<T: Default + Serialize + DeserializeOwned>(
    resume: Option<&Path>,
    file: Option<&Path>,
    flags: &[(String, Value)],
) -> Result<T> {
    let kept = match resume {
        Some(folder) => {
            let path = RunFolder::open(folder)?.file("settings.toml");
            if !flags.is_empty() {
                let what = "a resumed run keeps its settings, found flags that change them";
                return Err(Error::new(what)
                    .at(folder.display())
                    .remedy("leave the flags out, or start a new run with them"));
            }
            Some(path)
        }
        None => file.map(Path::to_owned),
    };
    let file = kept.map(|path| read_as::<T>(&path)).transpose()?;
    let base = Table::try_from(T::default()).expect("settings are a table");
    laid_over(base, file.as_ref(), flags)
}

/// The settings that are wished, the file of settings read.
///
/// # Errors
/// The file cannot be read; or as [`resolve`].
pub fn wished(wishes: &Wishes) -> Result<Settings> {
    let file = wishes.settings.as_deref().map(read).transpose()?;
    resolve(wishes, file.as_ref())
}

/// The settings that preset, file and flags make together.
///
/// # Errors
/// A flag has an unknown name or a value of another kind.
pub fn resolve(wishes: &Wishes, file: Option<&Table>) -> Result<Settings> {
    let preset = match wishes.preset.as_deref() {
        None | Some("quick") => Preset::Quick,
        Some("paper") => Preset::Paper,
        Some(other) => {
            return Err(Error::new(format!("expected `quick` or `paper`, found `{other}`"))
                .at("--preset")
                .remedy("leave it out for `quick`"));
        }
    };
    let weights = wishes.weights.as_deref().map(of_weights).transpose()?;
    let flags = flags(wishes)?;
    let over = |base: &Settings| {
        let mut table = base.table();
        if let Some(weights) = &weights {
            overlay(&mut table, weights.clone());
        }
        laid_over::<Settings>(table, file, &flags)?.with_absolute_paths()
    };
    let base = preset.settings();
    let settings = over(&base)?;
    // A set of series has its own starting point, which depends on how long they are.
    let Some(set) = series::load(&settings.corpus)? else { return Ok(settings) };
    let base = base.for_series(&set);
    let steps = over(&base)?.recording.steps;
    over(&base.with_traces_of(steps))
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

/// What the flags set: name in `settings.toml` and value.
fn flags(wishes: &Wishes) -> Result<Vec<(String, Value)>> {
    let flags = [
        one("device", wishes.device.as_ref()),
        one("seed", wishes.seed.as_ref()),
        one("weights", wishes.weights.as_ref()),
        one("corpus.data", wishes.data.as_ref()),
        one("corpus.reviews", wishes.reviews.as_ref()),
        one("corpus.vocabulary", wishes.vocabulary.as_ref()),
        one("model.hidden", wishes.hidden.as_ref()),
        one("model.readout", wishes.readout.as_ref()),
        one("training.epochs", wishes.epochs.as_ref()),
        one("training.batch", wishes.batch.as_ref()),
        one("training.steps", wishes.steps.as_ref()),
        one("recording.quantities", wishes.quantities.as_ref()),
        one("recording.steps", wishes.record_steps.as_ref()),
        one("recording.reviews", wishes.record_reviews.as_ref()),
        one("recording.save_traces", wishes.save_traces.then_some(&true)),
        one("dfa.windows", wishes.windows.as_ref()),
        one("dfa.order", wishes.order.as_ref()),
        one("dfa.convention", wishes.convention.as_ref()),
    ];
    with_typed(flags, &wishes.set)
}

/// What one flag sets, if it is there: its name in `settings.toml` and its value.
///
/// # Errors
/// The value cannot be kept in TOML.
pub fn one<T: Serialize>(name: &str, value: Option<&T>) -> Result<Option<(String, Value)>> {
    let value = value.map(Value::try_from).transpose().map_err(|cause| {
        let remedy = "give a path or word in UTF-8";
        Error::new("the value cannot be kept in settings").at(name).remedy(remedy).because(cause)
    })?;
    Ok(value.map(|value| (name.to_owned(), value)))
}

/// What flags set, and after them what `NAME=VALUE` texts do.
///
/// # Errors
/// A flag's own; or a text is no `NAME=VALUE`.
pub fn with_typed(
    flags: impl IntoIterator<Item = Result<Option<(String, Value)>>>,
    texts: &[String],
) -> Result<Vec<(String, Value)>> {
    let flags: Vec<Option<(String, Value)>> = flags.into_iter().collect::<Result<_>>()?;
    let mut flags: Vec<(String, Value)> = flags.into_iter().flatten().collect();
    for text in texts {
        let refuse = || {
            Error::new(format!("expected NAME=VALUE, found `{text}`"))
                .at("--set")
                .remedy("for example --set training.rate=0.001")
        };
        let (name, value) = text.split_once('=').ok_or_else(refuse)?;
        flags.push((name.trim().to_owned(), table::typed(value)));
    }
    Ok(flags)
}

/// The settings `T` of `table` with a file of settings and then the flags laid upon it.
///
/// # Errors
/// A name is no part of the settings or a value of another kind; names the setting of the first
/// flag to blame.
fn laid_over<T: DeserializeOwned>(
    mut table: Table,
    file: Option<&Table>,
    flags: &[(String, Value)],
) -> Result<T> {
    if let Some(file) = file {
        overlay(&mut table, file.clone());
    }
    let read = |table: &Table| table::of_text(&toml::to_string(table).expect("a table is TOML"));
    let put = |table: &mut Table, (name, value): &(String, Value)| {
        table::put(table, name, value.clone()).map_err(|error| error.at(name))
    };
    let mut all = table.clone();
    flags.iter().try_for_each(|flag| put(&mut all, flag))?;
    let settings = read(&all).map_err(|error| error.at("flags and settings together"));
    if settings.is_ok() || read(&table).is_err() {
        return settings;
    }
    for flag in flags {
        put(&mut table, flag)?;
        read(&table).map_err(|error| error.at(&flag.0))?;
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_stronger_than_the_file_and_the_file_than_the_preset() {
        let file: Table = "[training]\nbatch = 16\nepochs = 7\n".parse().expect("TOML");
        let wishes = Wishes {
            preset: Some("paper".to_owned()),
            epochs: Some(2),
            set: vec!["training.rate=0.001".to_owned(), "model.readout=last-token".to_owned()],
            ..Wishes::default()
        };
        let settings = resolve(&wishes, Some(&file)).expect("resolved");
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
        assert_eq!(Settings::of_text(&text).expect("read"), settings);
    }

    #[test]
    fn unknown_names_and_wrong_kinds_are_refused() {
        for (set, place) in [
            ("training.epoch=3", "training.epoch: "),
            ("training.epochs=many", "training.epochs: "),
            ("model.hidden=-5", "model.hidden: "),
            ("epochs", "--set: "),
            ("seed.x=1", "seed.x: "),
        ] {
            // The others are no part of the blame.
            let set = ["model.readout=last-token", set, "training.batch=8"].map(str::to_owned);
            let wishes = Wishes { set: set.to_vec(), epochs: Some(2), ..Wishes::default() };
            let error = resolve(&wishes, None).expect_err(place);
            assert!(error.to_string().starts_with(place), "{error}");
            assert!(error.remedy_text().is_some(), "{error}");
        }
    }
}

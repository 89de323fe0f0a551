//! What the user typed: arguments, settings, progress on the terminal, and the exit code.
//!
//! Place in the flow: floor 6, the top. The only module that prints.

mod analyze;
mod args;
mod doctor;
mod loss;
mod noise_preference;
mod outputs;
mod progress;
mod run;
mod settings;
mod spike_trains;
mod spikes;
mod sweep;

use std::io::Write;
use std::process::ExitCode;

use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::one_over_f::{self, Settings, Study};
use crate::experiments::run_folder::RunFolder;
use crate::progress::Observer;
use crate::report;

use args::{Arguments, Command, Experiment, OneOverF};
use progress::Terminal;
use run::Folder;

/// Parses the arguments, does what they say, prints what came of it.
///
/// Exit codes: 0 done, 2 an error (one message, with its remedy), 130 stopped by the user.
pub fn main() -> ExitCode {
    loss::watch();
    let arguments = Arguments::typed();
    let done = match arguments.command {
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Analyze(options) => analyze::analyze(&options),
        Command::Sweep { action } => sweep::sweep(&action),
        Command::Run { experiment: Experiment::OneOverF(options) } => one_over_f(&options),
        Command::Run { experiment: Experiment::NoisePreference(options) } => {
            noise_preference::noise_preference(&options)
        }
        Command::Run { experiment: Experiment::SpikeTrains(options) } => {
            spike_trains::spike_trains(&options)
        }
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    ExitCode::from(end(&error))
}

/// Says why the program ends; the exit code.
fn end(error: &Error) -> u8 {
    let stopped = error.is_stopped();
    eprintln!("{}: {error}", if stopped { "stopped" } else { "error" });
    if let Some(remedy) = error.remedy_text() {
        eprintln!("   {} {remedy}", if stopped { "then:" } else { "help:" });
    }
    if stopped { 130 } else { 2 }
}

fn one_over_f(options: &OneOverF) -> Result<()> {
    let mut terminal = Terminal::new()?;
    let settings = settings(options)?;
    // What can fail comes before the folder: a run that could not begin leaves none behind.
    let machine = Machine::open(settings.device)?;
    terminal.note(&machine.reason);
    let study = Study::load(&settings, &mut terminal)?;
    let folder = folder(options, &settings)?;
    terminal.note(&format!("run folder: {}", folder.path().display()));
    let outcome = study.run(&machine, &folder, options.folder.resume.is_some(), &mut terminal)?;
    run::publish(&report::html(&outcome)?, &outcome, folder.path())?;
    run::shown(&report::text(&outcome), &folder);
    Ok(())
}

/// The resolved settings; of the stopped run, where one is resumed.
fn settings(options: &OneOverF) -> Result<Settings> {
    let Some(path) = &options.folder.resume else {
        return settings::wished(&options.wishes);
    };
    let kept = settings::read(&RunFolder::open(path)?.file("settings.toml"))?;
    let settings = settings::resolve(&options.wishes, Some(&kept))?;
    if settings != settings::resolve(&settings::Wishes::default(), Some(&kept))? {
        return Err(Error::new("a resumed run keeps its settings, found flags that change them")
            .at(path.display())
            .remedy("leave the flags out, or start a new run with them"));
    }
    Ok(settings)
}

/// The run folder, with the settings in it.
fn folder(options: &OneOverF, settings: &Settings) -> Result<RunFolder> {
    let Folder { out, force, .. } = &options.folder;
    if let (Some(out), Some(weights), true) = (out, &settings.weights, force)
        && std::path::absolute(out).is_ok_and(|out| weights.starts_with(out))
    {
        return Err(Error::new("the weights lie in the run that --force would overwrite")
            .at(weights.display())
            .remedy("choose another folder with --out"));
    }
    options.folder.open(one_over_f::NAME, settings)
}

/// Writes a line to standard output. One that nobody reads (`noisescope … | head`) is no error.
fn show(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

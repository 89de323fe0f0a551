//! What the user typed: arguments, settings, progress on the terminal, and the exit code.
//!
//! Place in the flow: floor 6, the top. The only module that prints.

mod args;
mod doctor;
mod progress;
mod settings;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::error::{Error, Result};
use crate::experiments::machine::Machine;
use crate::experiments::one_over_f::{self, Settings};
use crate::experiments::outcome::Outcome;
use crate::experiments::run_folder::RunFolder;
use crate::models::checkpoint::write_whole;
use crate::progress::Observer;
use crate::report;

use args::{Arguments, Command, Experiment, OneOverF};
use progress::Terminal;

/// Parses the arguments, does what they say, prints what came of it.
///
/// Exit codes: 0 done, 2 an error (one message, with its remedy), 130 stopped by the user.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Doctor => doctor::doctor(),
        Command::Run { experiment: Experiment::OneOverF(options) } => one_over_f(&options),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    let stopped = error.is_stopped();
    eprintln!("{}: {error}", if stopped { "stopped" } else { "error" });
    if let Some(remedy) = error.remedy_text() {
        eprintln!("   {} {remedy}", if stopped { "then:" } else { "help:" });
    }
    ExitCode::from(if stopped { 130 } else { 2 })
}

fn one_over_f(options: &OneOverF) -> Result<()> {
    let mut terminal = Terminal::new()?;
    let (settings, folder) = prepare(options)?;
    terminal.note(&format!("run folder: {}", folder.path().display()));
    let machine = Machine::open(settings.device)?;
    terminal.note(&machine.reason);
    let resume = options.resume.is_some();
    let outcome = one_over_f::run(&settings, &machine, &folder, resume, &mut terminal)?;
    publish(&outcome, &folder)
}

/// Settings and run folder, checked before anything is written.
fn prepare(options: &OneOverF) -> Result<(Settings, RunFolder)> {
    if let Some(path) = &options.resume {
        let folder = RunFolder::open(path)?;
        let kept = settings::read(&folder.file("settings.toml"))?;
        let settings = settings::resolve(options, Some(&kept))?;
        if settings != settings::resolve(&OneOverF::default(), Some(&kept))? {
            return Err(Error::new(
                "a resumed run keeps its settings, found flags that change them",
            )
            .at(path.display())
            .remedy("leave the flags out, or start a new run with them"));
        }
        return Ok((settings, folder));
    }
    let file = options.settings.as_deref().map(settings::read).transpose()?;
    let settings = settings::resolve(options, file.as_ref())?;
    settings.check()?;
    let folder = match &options.out {
        Some(path) => RunFolder::create(path, options.force)?,
        None => RunFolder::next(one_over_f::NAME)?,
    };
    let text = toml::to_string(&settings).expect("settings are plain data");
    write_whole(&folder.file("settings.toml"), text.as_bytes())?;
    Ok((settings, folder))
}

/// Writes a line to standard output. One that nobody reads (`noisescope … | head`) is no error.
fn show(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn publish(outcome: &Outcome, folder: &RunFolder) -> Result<()> {
    write_whole(&folder.file("summary.json"), report::json(outcome)?.as_bytes())?;
    write_whole(&folder.file("report.html"), report::html(outcome)?.as_bytes())?;
    show(&format!("\n{}", report::text(outcome)));
    show(&folder.file("report.html").display().to_string());
    show(&folder.file("summary.json").display().to_string());
    Ok(())
}

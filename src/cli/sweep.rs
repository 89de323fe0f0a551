//! `noisescope sweep`: a plan of runs, the runs, how they stand, and all of them in one report.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::progress::Terminal;
use super::{noise_preference, outputs, run, settings, show};
use crate::error::{Error, Result};
use crate::experiments::run_folder::RunFolder;
use crate::experiments::spike_trains;
use crate::experiments::sweep::experiment::{Outcome, Settings};
use crate::experiments::sweep::plan::{Plan, Vary};
use crate::experiments::sweep::{Shard, Sweep};
use crate::files::write_whole;
use crate::gpu::device::Choice;
use crate::report;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Write sweep.toml: the settings that all runs share, and one cell per combination of the rest
    #[command(args_override_self = true, args_conflicts_with_subcommands = true)]
    #[command(subcommand_negates_reqs = true)]
    Plan(Box<Planning>),
    /// Run the cells that are not done; any number of workers may share the folder
    Run(Running),
    /// Show which cells are done, running, begun, failed and open, and the time left
    Status(Looking),
    /// Put what the done cells found into one table and one page, at any time
    Collect(Collecting),
}

#[derive(Args, Debug)]
pub struct Planning {
    #[command(subcommand)]
    pub experiment: Option<Experiment>,
    /// Without a name: cells of one-over-f.
    #[command(flatten)]
    pub cells: Cells<settings::Wishes>,
}

/// What the cells run.
#[derive(Debug, Subcommand)]
pub enum Experiment {
    /// Cells of `run one-over-f`, as without a name
    #[command(name = "one-over-f", args_override_self = true)]
    OneOverF(Box<Cells<settings::Wishes>>),
    /// Cells of `run noise-preference`
    #[command(name = "noise-preference", args_override_self = true)]
    NoisePreference(Box<Cells<noise_preference::Wishes>>),
}

#[derive(Args, Debug)]
pub struct Cells<T: Args> {
    /// The sweep's folder
    // An option only for the parser: where an experiment is named, the cells without a name lack it.
    #[arg(value_name = "FOLDER", required = true)]
    pub folder: Option<PathBuf>,
    /// Values of a setting, by its name in settings.toml: `training.rate=0.001,0.01` or `seed=1..5`
    /// (both ends included); several times for all combinations, the last varying fastest
    #[arg(long, value_name = "NAME=VALUES", required = true)]
    pub vary: Vec<String>,
    /// Replace another plan in the folder; runs that are there are kept
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub wishes: T,
}

#[derive(Args, Debug)]
pub struct Running {
    /// The sweep's folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Only one part of the cells, such as 1/4
    #[arg(long, value_name = "PART/PARTS", allow_hyphen_values = true)]
    pub shard: Option<String>,
    /// `auto`, `gpu` or `cpu`, whatever the plan says
    #[arg(long, value_name = "WHICH")]
    pub device: Option<String>,
}

#[derive(Args, Debug)]
pub struct Looking {
    /// The sweep's folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

#[derive(Args, Debug)]
pub struct Collecting {
    /// The sweep's folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Where the page goes [default: FOLDER/sweep.html]
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Where the table goes, one row per done cell or network [default: FOLDER/sweep.csv]
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Does what was asked.
pub fn sweep(action: &Action) -> Result<()> {
    match action {
        Action::Plan(options) => plan(options),
        Action::Run(options) => run(options),
        Action::Status(Looking { folder }) => {
            show(&report::sweep::status(&Sweep::open(folder)?.collect()?));
            Ok(())
        }
        Action::Collect(options) => collect(options),
    }
}

fn plan(options: &Planning) -> Result<()> {
    let folder = options.cells.folder.as_deref().and_then(Path::to_str);
    if options.experiment.is_none() && folder == Some(spike_trains::study::NAME) {
        return Err(Error::new(format!(
            "expected one-over-f, noise-preference or a folder, found {}",
            spike_trains::study::NAME
        ))
        .remedy("noisescope run spike-trains trains all its networks in one run"));
    }
    let one_over_f = |cells| planned(cells, |wishes| Ok(settings::wished(wishes)?.into()));
    match &options.experiment {
        None => one_over_f(&options.cells),
        Some(Experiment::OneOverF(cells)) => one_over_f(cells),
        Some(Experiment::NoisePreference(cells)) => {
            planned(cells, |wishes| Ok(wishes.settings(None)?.into()))
        }
    }
}

/// Plans the cells of settings that all share by `wished`.
fn planned<T: Args>(options: &Cells<T>, wished: impl Fn(&T) -> Result<Settings>) -> Result<()> {
    let parse = |text: &String| text.parse::<Vary>().map_err(|error| error.at("--vary"));
    let vary = options.vary.iter().map(parse).collect::<Result<Vec<_>>>()?;
    let base = wished(&options.wishes)?;
    let plan = Plan::new(&base, &vary).map_err(|error| error.at("--vary"))?;
    let folder = options.folder.as_ref().expect("the parser requires it");
    let path = plan.write(folder, options.force)?;
    let (cells, folder) = (plan.cells.len(), folder.display());
    let cells = if cells == 1 { "1 cell".into() } else { format!("{cells} cells") };
    show(&format!("{cells} over {} in {}", plan.vary.join(", "), path.display()));
    show(&format!("then: noisescope sweep run {folder}"));
    Ok(())
}

fn run(options: &Running) -> Result<()> {
    let shard = options.shard.as_deref().unwrap_or("1/1");
    let shard = shard.parse::<Shard>().map_err(|error| error.at("--shard"))?;
    let device = options.device.as_deref().map(str::parse::<Choice>).transpose();
    let device = device.map_err(|error| error.at("--device"))?;
    let sweep = Sweep::open(&options.folder)?;
    let mut terminal = Terminal::new()?;
    let done = sweep.run(shard, device, &mut publish, &mut terminal);
    match (sweep.collect(), &done) {
        (Ok(collected), _) => show(&report::sweep::status(&collected)),
        (Err(error), Ok(())) => return Err(error),
        // What stopped the run counts more than that its end cannot be shown.
        (Err(_), Err(_)) => {}
    }
    done
}

/// Writes what a cell found into its folder.
fn publish(outcome: &Outcome, folder: &RunFolder) -> Result<()> {
    match outcome {
        Outcome::OneOverF(outcome) => run::publish(&report::html(outcome)?, outcome, folder.path()),
        Outcome::NoisePreference(outcome) => {
            run::publish(&report::noise_preference::html(outcome)?, outcome, folder.path())
        }
    }
}

fn collect(options: &Collecting) -> Result<()> {
    let sweep = Sweep::open(&options.folder)?;
    let path = |given: &Option<PathBuf>, name: &str| {
        given.clone().unwrap_or_else(|| options.folder.join(name))
    };
    let (csv, html) = (path(&options.csv, "sweep.csv"), path(&options.html, "sweep.html"));
    outputs::check(&[], &[("--csv", Some(&csv)), ("--html", Some(&html))])?;
    let collected = sweep.collect()?;
    let studies = sweep.studies(&collected)?;
    write_whole(&csv, report::sweep::csv(&collected, &studies)?.as_bytes())?;
    write_whole(&html, report::sweep::html(&collected, &studies)?.as_bytes())?;
    for study in &studies {
        let folder = options.folder.join("studies").join(&study.hash);
        std::fs::create_dir_all(&folder)
            .map_err(|cause| Error::file("make the study's folder", &folder, cause))?;
        run::publish(&report::noise_preference::html(&study.outcome)?, &study.outcome, &folder)?;
    }
    if options.json {
        show(&report::sweep::json(&collected, &studies)?);
        return Ok(());
    }
    show(&report::sweep::text(&collected, &studies));
    show(&csv.display().to_string());
    show(&html.display().to_string());
    Ok(())
}

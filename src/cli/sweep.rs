//! `noisescope sweep`: a plan of runs, the runs, how they stand, and all of them in one report.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::progress::Terminal;
use super::settings::{self, Wishes};
use super::{publish, show};
use crate::error::Result;
use crate::experiments::sweep::plan::{Plan, Vary};
use crate::experiments::sweep::{Shard, Sweep};
use crate::files::write_whole;
use crate::gpu::device::Choice;
use crate::report;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Write sweep.toml: the settings that all runs share, and one cell per combination of the rest
    #[command(args_override_self = true)]
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
    /// The sweep's folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Values of a setting, by its name in settings.toml: `model.hidden=2,4,8` or `seed=1..5` (both
    /// ends included); several times for all combinations, the last varying fastest
    #[arg(long, value_name = "NAME=VALUES", required = true)]
    pub vary: Vec<String>,
    /// Replace another plan in the folder; runs that are there are kept
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub wishes: Wishes,
}

#[derive(Args, Debug)]
pub struct Running {
    /// The sweep's folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Only one part of the cells, such as 1/4
    #[arg(long, value_name = "PART/PARTS")]
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
    /// Where the table goes, one row per done cell [default: FOLDER/sweep.csv]
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
    let parse = |text: &String| text.parse::<Vary>().map_err(|error| error.at("--vary"));
    let vary = options.vary.iter().map(parse).collect::<Result<Vec<_>>>()?;
    let base = settings::wished(&options.wishes)?;
    let plan = Plan::new(&base, &vary).map_err(|error| error.at("--vary"))?;
    let path = plan.write(&options.folder, options.force)?;
    let (cells, folder) = (plan.cells.len(), options.folder.display());
    show(&format!("{cells} cells over {} in {}", plan.vary.join(", "), path.display()));
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
    show(&report::sweep::status(&sweep.collect()?));
    done
}

fn collect(options: &Collecting) -> Result<()> {
    let collection = Sweep::open(&options.folder)?.collect()?;
    let path = |given: &Option<PathBuf>, name: &str| {
        given.clone().unwrap_or_else(|| options.folder.join(name))
    };
    let (csv, html) = (path(&options.csv, "sweep.csv"), path(&options.html, "sweep.html"));
    write_whole(&csv, report::sweep::csv(&collection)?.as_bytes())?;
    write_whole(&html, report::sweep::html(&collection)?.as_bytes())?;
    if options.json {
        show(&report::sweep::json(&collection)?);
        return Ok(());
    }
    show(&report::sweep::text(&collection));
    show(&csv.display().to_string());
    show(&html.display().to_string());
    Ok(())
}

//! The run of `noise-preference`: networks trained under noise, tested under every noise, and asked
//! why.
//!
//! Place in the flow: settings in, the outcome out. Every network has a folder of its own in the run
//! folder, in which its training goes on after a stop, and `network.json` once it is done.

use std::path::Path;
use std::time::Instant;

use burn::module::Module;

use super::found::{About, Network, Outcome, Regulator};
use super::settings::{Noise, Settings};
use super::testing::{Subject, curve};
use super::{checks, colours, distances, groups, mechanism, methods, resonance, walks};
use crate::analysis::noise::Site;
use crate::analysis::noise::neuron::{self, Neuron};
use crate::datasets::tasks::{self, Form, Name, Task};
use crate::error::{Error, Result};
use crate::experiments::machine::{self, Machine};
use crate::experiments::run_folder::{self, RunFolder};
use crate::files::write_whole;
use crate::models::checkpoint::{self, Metadata};
use crate::models::ctrnn::{Ctrnn, Dynamics, Ensemble, Learning, Weights, initial};
use crate::models::training::{self, Keeping};
use crate::progress::Observer;

/// The experiment's name.
pub const NAME: &str = "noise-preference";

/// A network that is to be.
#[derive(Clone, Copy)]
struct Kind {
    name: Name,
    site: Site,
    level: f64,
    seed: u64,
}

impl Kind {
    /// As [`Network::kind`].
    fn all(self) -> (Name, Site, f64, u64) {
        (self.name, self.site, self.level, self.seed)
    }

    fn folder(self) -> String {
        let Self { name, site, level, seed } = self;
        format!("{name}-{site}-{level}-seed-{seed}")
    }
}

/// What went wrong with a network, and which: all that is done stays in `folder`.
fn of_network(kind: Kind, folder: &RunFolder, error: Error) -> Error {
    let path = folder.path().display();
    if error.is_stopped() {
        return error.at(&path).remedy(format!("go on with --resume {path}"));
    }
    let remedy = match error.remedy_text() {
        Some(remedy) => format!("{remedy}; finished networks are kept in {path}"),
        None => format!("finished networks are kept in {path}"),
    };
    Error::new(format!("the network {} failed", kind.folder())).because(error).remedy(remedy)
}

/// A study with everything checked.
pub struct Study {
    settings: Settings,
    tasks: Vec<(Name, Box<dyn Task>)>,
}

impl Study {
    /// Checks `settings` and makes the tasks.
    ///
    /// # Errors
    /// A setting is out of range, or the maze has no way through.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        let task = |&name: &Name| Ok((name, tasks::task(name, &settings.tasks)?));
        let tasks = settings.learn.iter().map(task).collect::<Result<Vec<_>>>()?;
        Ok(Self { settings: settings.clone(), tasks })
    }

    /// Checks that the device of `machine` can simulate the networks of every task.
    ///
    /// # Errors
    /// A network has more units than that device takes at once.
    pub fn check(&self, machine: &Machine) -> Result<()> {
        let Some(engine) = machine.engine() else { return Ok(()) };
        let sizes = |task: &dyn Task| self.settings.network(task, Site::Inside).1;
        self.tasks.iter().try_for_each(|(_, task)| Ensemble::fits(engine, sizes(task.as_ref())))
    }

    /// Checks that `outcome` is one of this study: its networks in their order, each at every level of
    /// the test.
    ///
    /// # Errors
    /// It is not.
    pub fn check_outcome(&self, outcome: &Outcome) -> Result<()> {
        let kinds: Vec<Kind> = self.tasks.iter().flat_map(|(name, _)| self.kinds(*name)).collect();
        let (planned, found) = (kinds.len(), outcome.networks.len());
        if planned != found {
            return Err(Error::new(format!("expected {planned} networks, found {found}")));
        }
        let mut pairs = kinds.iter().zip(&outcome.networks);
        pairs.try_for_each(|(kind, network)| {
            network.check(kind.all(), &self.settings.levels(kind.level))
        })
    }

    /// The networks that are to learn the task `name`, in their order.
    fn kinds(&self, name: Name) -> Vec<Kind> {
        let Noise { sites, levels, networks } = &self.settings.noise;
        let mut kinds = Vec::new();
        for &site in sites {
            for &level in levels {
                let seeds = self.settings.seed..self.settings.seed + *networks as u64;
                kinds.extend(seeds.map(|seed| Kind { name, site, level, seed }));
            }
        }
        kinds
    }

    /// Trains, tests and explains every network in `folder`; those that are done there are taken as
    /// they are, and one that was stopped goes on.
    ///
    /// # Errors
    /// A file cannot be read or written, the device failed, or the user stopped it.
    pub fn run(
        self,
        machine: &Machine,
        folder: &RunFolder,
        observer: &mut dyn Observer,
    ) -> Result<Outcome> {
        let settings = &self.settings;
        let began = Instant::now();
        let checks = checks::checks(settings.test.seed, machine.engine())?;
        let mut seconds = vec![("closed forms".to_owned(), began.elapsed().as_secs_f64())];
        let mut networks = Vec::new();
        for (name, task) in &self.tasks {
            let began = Instant::now();
            for kind in self.kinds(*name) {
                let network = self.network(kind, task.as_ref(), machine, folder, observer);
                networks.push(network.map_err(|error| of_network(kind, folder, error))?);
            }
            seconds.push((format!("task {name}"), began.elapsed().as_secs_f64()));
        }
        let about = |(name, task): &(Name, Box<dyn Task>)| {
            let (dynamics, [inputs, units, outputs]) =
                settings.network(task.as_ref(), Site::Inside);
            About {
                task: *name,
                inputs,
                units,
                outputs,
                steps: task.steps(),
                rate: f64::from(dynamics.rate),
                measure: task.measure().map(str::to_owned),
            }
        };
        Ok(Outcome {
            experiment: NAME.to_owned(),
            seed: settings.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            libraries: machine::libraries(),
            device: machine.record.clone(),
            nonlinearity: settings.model.nonlinearity,
            tasks: self.tasks.iter().map(about).collect(),
            groups: groups::groups(&networks, settings)?,
            networks,
            checks,
            maze: self.tasks.iter().find_map(|(_, task)| task.closed_loop()).map(walks::drawing),
            methods: methods::sentences(settings, [settings.noise.networks; 2]),
            settings: toml::to_string(settings).expect("settings are plain data"),
            seconds,
        })
    }

    /// One network: read where it is done, else trained, tested and explained.
    fn network(
        &self,
        kind: Kind,
        task: &dyn Task,
        machine: &Machine,
        folder: &RunFolder,
        observer: &mut dyn Observer,
    ) -> Result<Network> {
        let home = folder.file("networks").join(kind.folder());
        std::fs::create_dir_all(&home)
            .map_err(|cause| Error::file("make the network's folder", &home, cause))?;
        let done = home.join("network.json");
        if let Some(network) = run_folder::done::<Network>(&done)? {
            let remedy = "remove the file, and the network is looked at again";
            network
                .check(kind.all(), &self.settings.levels(kind.level))
                .map_err(|error| error.at(done.display()).remedy(remedy))?;
            return Ok(network);
        }
        let began = Instant::now();
        let (weights, course) = self.train(kind, task, machine, &home, observer)?;
        let training = began.elapsed().as_secs_f64();
        let began = Instant::now();
        observer.begin(&format!("{}: testing", kind.folder()), 0);
        let settings = &self.settings;
        let subject = Subject { weights: &weights, task, level: kind.level, seed: kind.seed };
        let engine = machine.engine();
        let (points, preference) = curve(subject, settings, engine)?;
        let recurrent = task.form() == Form::Recurrent;
        let resonance = if kind.level == 0.0 && kind.site == Site::Inside && recurrent {
            resonance::resonance(subject, engine)?
        } else {
            None
        };
        let network = Network {
            task: kind.name,
            site: kind.site,
            level: kind.level,
            seed: kind.seed,
            course,
            curve: points,
            preferred: preference.preferred,
            ratio: preference.ratio,
            gain: preference.gain,
            mechanism: mechanism::mechanism(subject, settings, engine)?,
            distance: distances::distances(subject, settings)?,
            colours: colours::colours(subject, settings, machine)?,
            resonance,
            walks: match task.closed_loop() {
                Some(maze) => walks::walks(subject, settings, maze),
                None => Vec::new(),
            },
            neuron: match task.form() {
                Form::Neuron { .. } => self.regulator(&weights, kind.level)?,
                _ => None,
            },
            seconds: [training, began.elapsed().as_secs_f64()],
        };
        observer.finish(&format!(
            "{}: loss {:.3e} without noise, least {:.3e} at {:.3}",
            kind.folder(),
            network.curve[0].loss,
            network.curve.iter().map(|point| point.loss).fold(f64::INFINITY, f64::min),
            network.preferred.value
        ));
        let text = serde_json::to_string(&network).expect("a network is plain data");
        write_whole(&done, text.as_bytes())?;
        Ok(network)
    }

    /// The trained weights, and training and validation loss of every epoch.
    fn train(
        &self,
        kind: Kind,
        task: &dyn Task,
        machine: &Machine,
        home: &Path,
        observer: &mut dyn Observer,
    ) -> Result<(Weights, Vec<[f64; 2]>)> {
        let settings = &self.settings;
        let (dynamics, sizes) = settings.network(task, kind.site);
        let training = training::Settings {
            keep: vec![settings.training.epochs],
            rate: match task.form() {
                Form::Neuron { .. } => settings.regulator_rate,
                _ => settings.training.rate,
            },
            ..settings.training.clone()
        };
        let device = machine.device.clone().autodiff();
        let form = task.form();
        let start = initial(&form, dynamics, sizes, kind.seed);
        let fresh = Ctrnn::new(&start, &form, &device);
        let untrained = fresh.valid();
        let lesson = Learning {
            task,
            dynamics,
            level: kind.level as f32,
            settings: &training,
            updates: settings.updates,
            seed: kind.seed,
            validation: settings.test.trials,
        };
        let origin = Metadata::from([
            ("settings".to_owned(), toml::to_string(settings).expect("plain data")),
            ("network".to_owned(), kind.folder()),
        ]);
        let resume = home.join("checkpoint.safetensors").is_file();
        let keeping = Keeping { folder: home, resume, origin: &origin };
        let trained = training::train(&lesson, fresh, &training, keeping, &device, observer)?;
        let last = training::kept_path(home, trained.history.len());
        let (arrays, _) = checkpoint::read(&last)?;
        let network = checkpoint::with_parameters(untrained, &arrays)?;
        let losses = trained.history.iter();
        let course = losses.map(|epoch| [epoch.training_loss, epoch.validation_loss]).collect();
        Ok((network.weights(&form, dynamics), course))
    }

    /// A trained neuron beside the best; `None` for one trained without noise, for which every
    /// neuron that rests at the target is best, and where none is best: at a level that the
    /// nonlinearity only nears, ever larger arguments are ever better.
    fn regulator(&self, weights: &Weights, level: f64) -> Result<Option<Regulator>> {
        let Dynamics { nonlinearity, site, rate } = weights.dynamics;
        let target = f64::from(self.settings.tasks.regulator.level);
        if level == 0.0 || !nonlinearity.passes(target) {
            return Ok(None);
        }
        let trained = Neuron {
            nonlinearity,
            site,
            rate: f64::from(rate),
            weight: f64::from(weights.recurrent[0]),
            bias: f64::from(weights.bias[0]),
        };
        // One that swings without end has no stationary state, and so no loss by theory.
        let Ok(loss) = trained.loss(level, target) else { return Ok(None) };
        let best = neuron::best(nonlinearity, site, trained.rate, level, target)?;
        let highest = 2.0 * level;
        Ok(Some(Regulator {
            trained: [trained.weight, trained.bias],
            loss,
            preferred: trained.preferred(target, highest)?.noise,
            best: [best.neuron.weight, best.neuron.bias],
            best_loss: best.loss,
            best_preferred: best.neuron.preferred(target, highest)?.noise,
        }))
    }
}

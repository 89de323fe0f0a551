//! The settings of `noise-preference`: what `settings.toml` holds.
//!
//! Place in the flow: `cli` makes them of file and flags; the study reads them.

use serde::{Deserialize, Serialize};

use crate::analysis::noise::{Nonlinearity, Site};
use crate::datasets::tasks::{self, Form, Name, Task};
use crate::error::{Error, Result};
use crate::gpu::device::Choice;
use crate::models::ctrnn::Dynamics;
use crate::models::training;

/// The networks, as a settings file holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// `relu`, `softplus` or `tanh`.
    pub nonlinearity: Nonlinearity,
    /// g = dt/tau, above 0, at most 1. A feedforward network has 1, whatever stands here.
    pub rate: f32,
    /// Units of a recurrent network.
    pub units: usize,
}

impl Default for Model {
    fn default() -> Self {
        Self { nonlinearity: Nonlinearity::Relu, rate: 0.1, units: 64 }
    }
}

/// Which networks are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Noise {
    /// Where the noise is added: `inside`, `outside`.
    pub sites: Vec<Site>,
    /// s of the training, ascending, from 0 on.
    pub levels: Vec<f64>,
    /// Networks of each kind: seeds from `seed` on.
    pub networks: usize,
}

impl Default for Noise {
    fn default() -> Self {
        Self { sites: vec![Site::Inside, Site::Outside], levels: vec![0.0, 0.2, 1.0], networks: 3 }
    }
}

/// How every trained network is tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Testing {
    /// Test noise as multiples of the training noise, ascending, 0 and 1 among them; for networks
    /// trained without noise as multiples of the smallest noise above 0 that others are trained
    /// with.
    pub grid: Vec<f64>,
    /// The seed of test trials, closed forms and bootstraps: the same for all networks.
    pub seed: u64,
    /// Test trials.
    pub trials: usize,
    /// Realisations of the noise for every trial and level: with `trials` trials, `trials ×
    /// realisations` draws per point.
    pub realisations: usize,
    /// Walks through the maze per level, where that is a task.
    pub walks: usize,
}

impl Default for Testing {
    fn default() -> Self {
        let grid = (0..=20).map(|step| f64::from(step) / 10.0).collect();
        Self { grid, seed: 1, trials: 32, realisations: 32, walks: 100 }
    }
}

/// How the cause of a preference is looked for, in networks with a constant input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mechanism {
    /// Inputs, evenly over their range.
    pub inputs: usize,
    /// Noise levels, as multiples as in `test.grid`.
    pub levels: Vec<f64>,
    /// Realisations of the noise.
    pub realisations: usize,
    /// Steps of the traces whose colour is measured; 0 for none.
    pub trace: usize,
}

impl Default for Mechanism {
    fn default() -> Self {
        Self { inputs: 5, levels: vec![0.0, 0.5, 1.0, 1.5, 2.0], realisations: 64, trace: 4096 }
    }
}

/// All settings of a run, as `settings.toml` holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The first network's seed; the others' follow. Weights, training and noise are drawn from it.
    pub seed: u64,
    /// `auto`, `gpu` or `cpu`.
    pub device: Choice,
    /// The tasks to learn: `function`, `regulator`, `maze`, `integration`, `suite`, `feedforward`.
    pub learn: Vec<Name>,
    /// Batches of fresh trials per epoch.
    pub updates: usize,
    /// The networks.
    pub model: Model,
    /// Which noise they are trained with.
    pub noise: Noise,
    /// How they are trained.
    pub training: training::Settings,
    /// Adam's rate for the regulator, whose two weights have far to go: from 0 and 0.5 to about
    /// 1 - 1/g and 1/g.
    pub regulator_rate: f64,
    /// How they are tested.
    pub test: Testing,
    /// How the cause is looked for.
    pub mechanism: Mechanism,
    /// The tasks' own settings.
    pub tasks: tasks::Settings,
}

/// The largest noise of a test: float32 holds its squares, and losses keep their digits.
const LOUDEST: f64 = 1e6;

/// Most units of a network: its weights are 64 MB then.
const MOST_UNITS: usize = 4096;

impl Default for Settings {
    fn default() -> Self {
        let training = training::Settings {
            epochs: 20,
            batch: 64,
            rate: 1e-3,
            clip: 1.0,
            dropout: 0.0,
            keep: Vec::new(),
            ..training::Settings::default()
        };
        Self {
            seed: 1,
            device: Choice::default(),
            learn: vec![Name::Function, Name::Regulator],
            updates: 100,
            model: Model::default(),
            noise: Noise::default(),
            training,
            regulator_rate: 0.4,
            test: Testing::default(),
            mechanism: Mechanism::default(),
            tasks: tasks::Settings::default(),
        }
    }
}

impl Settings {
    /// Checks all that can be checked before anything is trained.
    ///
    /// # Errors
    /// A setting is out of range; the error names it.
    pub fn check(&self) -> Result<()> {
        self.training.check()?;
        let refuse = |name: &str, expected: &str, found: String| {
            let default = default_of(name);
            Err(Error::new(format!("expected {expected}, found {found}"))
                .at(name)
                .remedy(format!("set {name}; the default is {default}")))
        };
        fn once<T: PartialEq>(list: &[T]) -> bool {
            list.iter().enumerate().all(|(at, one)| !list[..at].contains(one))
        }
        let ascending = |list: &[f64]| list.windows(2).all(|pair| pair[0] < pair[1]);
        let levels = |list: &[f64]| {
            !list.is_empty() && list.iter().all(|x| *x >= 0.0 && x.is_finite()) && ascending(list)
        };
        if !(self.regulator_rate > 0.0 && self.regulator_rate.is_finite()) {
            let found = self.regulator_rate.to_string();
            return refuse("regulator_rate", "a positive number", found);
        }
        if self.learn.is_empty() || !once(&self.learn) {
            let names: Vec<&str> = self.learn.iter().map(|name| name.name()).collect();
            return refuse("learn", "one task or more, each once", format!("{names:?}"));
        }
        if self.updates == 0 {
            return refuse("updates", "at least 1", "0".into());
        }
        if !(1..=MOST_UNITS).contains(&self.model.units) {
            let expected = format!("1 to {MOST_UNITS} units");
            return refuse("model.units", &expected, self.model.units.to_string());
        }
        self.dynamics(Site::Inside).check()?;
        let Noise { sites, levels: trained, networks } = &self.noise;
        if sites.is_empty() || !once(sites) {
            let found: Vec<String> = sites.iter().map(Site::to_string).collect();
            return refuse(
                "noise.sites",
                "inside, outside or both, each once",
                format!("{found:?}"),
            );
        }
        if !levels(trained) {
            let expected = "noise levels of 0 or more, ascending";
            return refuse("noise.levels", expected, format!("{trained:?}"));
        }
        if trained == &[0.0] {
            return refuse("noise.levels", "a noise level above 0 among them", "0 alone".into());
        }
        if *networks == 0 {
            return refuse("noise.networks", "at least 1", "0".into());
        }
        let Testing { grid, trials, realisations, walks, .. } = &self.test;
        if !levels(grid) || ![0.0, 1.0].iter().all(|needed| grid.contains(needed)) {
            let expected = "ascending multiples of the training noise with 0 and 1 among them, \
                            for the test must see the training level and no noise";
            return refuse("test.grid", expected, format!("{grid:?}"));
        }
        for (name, value) in [
            ("test.trials", trials),
            ("test.realisations", realisations),
            ("test.walks", walks),
            ("mechanism.inputs", &self.mechanism.inputs),
            ("mechanism.realisations", &self.mechanism.realisations),
        ] {
            if *value < 2 {
                return refuse(name, "at least 2", value.to_string());
            }
        }
        let Mechanism { levels: multiples, trace, .. } = &self.mechanism;
        if !levels(multiples) || ![0.0, 1.0].iter().all(|needed| multiples.contains(needed)) {
            let expected = "ascending multiples of the training noise with 0 and 1 among them";
            return refuse("mechanism.levels", expected, format!("{multiples:?}"));
        }
        if *trace != 0 && *trace < 256 {
            return refuse("mechanism.trace", "0, or at least 256 steps", trace.to_string());
        }
        self.check_loudest()
    }

    /// Checks that the states of networks stay finite numbers under the largest noise.
    fn check_loudest(&self) -> Result<()> {
        let largest = |list: &[f64]| list.iter().copied().fold(1.0, f64::max);
        let multiple = largest(&self.test.grid).max(largest(&self.mechanism.levels));
        match self.noise.levels.iter().find(|level| **level * multiple > LOUDEST) {
            None => Ok(()),
            Some(level) => Err(Error::new(format!(
                "expected noise of at most {LOUDEST} at every level of the test, found {}",
                level * multiple
            ))
            .at("noise.levels")
            .remedy(format!(
                "train with less noise; the default is {}",
                default_of("noise.levels")
            ))),
        }
    }

    /// What a recurrent network is.
    pub fn dynamics(&self, site: Site) -> Dynamics {
        Dynamics { nonlinearity: self.model.nonlinearity, site, rate: self.model.rate }
    }

    /// What the network of `task` is, and its inputs, units and outputs.
    pub fn network(&self, task: &dyn Task, site: Site) -> (Dynamics, [usize; 3]) {
        let dynamics = self.dynamics(site);
        let (dynamics, units) = match task.form() {
            Form::Recurrent => (dynamics, self.model.units),
            Form::Neuron { .. } => (dynamics, 1),
            Form::Layers(layers) => (Dynamics { rate: 1.0, ..dynamics }, layers.iter().sum()),
        };
        (dynamics, [task.inputs(), units, task.outputs()])
    }

    /// The noise levels at which networks trained at `level` are tested.
    pub fn levels(&self, level: f64) -> Vec<f64> {
        self.test.grid.iter().map(|multiple| multiple * self.unit(level)).collect()
    }

    /// What multiples are of for networks trained at `level`.
    pub fn unit(&self, level: f64) -> f64 {
        let smallest = self.noise.levels.iter().copied().find(|level| *level > 0.0);
        if level > 0.0 { level } else { smallest.unwrap_or(1.0) }
    }
}

/// The default of the setting `name`, as a settings file has it.
fn default_of(name: &str) -> String {
    let all = toml::Value::try_from(Settings::default()).expect("settings are plain data");
    let part = name.split('.').try_fold(&all, |part, name| part.get(name));
    part.map_or_else(String::new, toml::Value::to_string)
}

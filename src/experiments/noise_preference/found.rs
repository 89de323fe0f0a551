//! What a run of `noise-preference` found, as data: `summary.json` is [`Outcome`], the report is a
//! rendering of it.

use serde::{Deserialize, Serialize};

use crate::analysis::noise::detect::Detection;
use crate::analysis::noise::distance::Distances;
use crate::analysis::noise::preference::Estimate;
use crate::analysis::noise::{Nonlinearity, Site};
use crate::datasets::tasks::Name;
use crate::error::{Error, Result};
use crate::experiments::outcome::Device;

/// Everything that one run found and was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// `noise-preference`.
    pub experiment: String,
    /// The first network's seed.
    pub seed: u64,
    /// noisescope's version.
    pub version: String,
    /// The libraries that computed, with their versions.
    pub libraries: Vec<(String, String)>,
    /// The device that trained and simulated.
    pub device: Device,
    /// The nonlinearity of all networks.
    pub nonlinearity: Nonlinearity,
    /// The tasks and their networks' sizes.
    pub tasks: Vec<About>,
    /// One entry per network, by task, site, training noise and seed.
    pub networks: Vec<Network>,
    /// The networks of one task, site and training noise together.
    pub groups: Vec<Group>,
    /// Closed forms against simulation.
    pub checks: Vec<Check>,
    /// The maze, where it is a task: its walls, from x y to x y, and the goal.
    pub maze: Option<MazeDrawing>,
    /// The conventions, in sentences fit for a methods section.
    pub methods: Vec<String>,
    /// The resolved settings, as TOML.
    pub settings: String,
    /// Wall time of each part, in seconds, in order.
    pub seconds: Vec<(String, f64)>,
}

/// A task and the size of its networks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// Which.
    pub task: Name,
    /// I.
    pub inputs: usize,
    /// N.
    pub units: usize,
    /// O.
    pub outputs: usize,
    /// Steps per trial.
    pub steps: usize,
    /// g.
    pub rate: f64,
    /// What its score measures, where it has one.
    pub measure: Option<String>,
}

/// One trained network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Network {
    /// What it learned.
    pub task: Name,
    /// Where its noise is.
    pub site: Site,
    /// s of its training.
    pub level: f64,
    /// Its seed.
    pub seed: u64,
    /// Training and validation loss after every epoch, at the training noise.
    pub course: Vec<[f64; 2]>,
    /// Loss against test noise.
    pub curve: Vec<Point>,
    /// The noise at which its loss is least.
    pub preferred: Estimate,
    /// Preferred over training noise.
    pub ratio: Option<Estimate>,
    /// loss(0) over loss(preferred).
    pub gain: Option<Estimate>,
    /// Why, where the task holds its input.
    pub mechanism: Option<Mechanism>,
    /// Units' inputs from the nonlinearity, over the trials of the test.
    #[serde(default)]
    pub distance: Option<Distance>,
    /// The colour of its states at each noise level.
    pub colours: Vec<Colour>,
    /// The control of stochastic resonance, of networks trained without noise.
    pub resonance: Option<Resonance>,
    /// Walks through the maze at each test noise, where that is the task.
    pub walks: Vec<Walks>,
    /// The neuron beside the best one, where the task is the regulator.
    pub neuron: Option<Regulator>,
    /// Seconds of training and of testing.
    pub seconds: [f64; 2],
}

impl Network {
    /// Task, site, training noise and seed.
    pub fn kind(&self) -> (Name, Site, f64, u64) {
        (self.task, self.site, self.level, self.seed)
    }

    /// Checks that it is the network of `kind`, tested at the noise `levels`.
    ///
    /// # Errors
    /// It is another, or its curve has other points.
    pub fn check(&self, kind: (Name, Site, f64, u64), levels: &[f64]) -> Result<()> {
        let words = |(task, site, level, seed): (Name, Site, f64, u64)| {
            format!("{task}, noise {site}, s = {level}, seed {seed}")
        };
        let tested: Vec<f64> = self.curve.iter().map(|point| point.noise).collect();
        if self.kind() == kind && tested == levels {
            return Ok(());
        }
        Err(Error::new(format!(
            "expected the network of {} tested at {levels:?}, found that of {} tested at {tested:?}",
            words(kind),
            words(self.kind()),
        )))
    }

    /// The point of its curve nearest to `noise`.
    ///
    /// # Panics
    /// The curve is empty.
    pub fn at(&self, noise: f64) -> &Point {
        let distance = |point: &Point| (point.noise - noise).abs();
        let near = |a: &&Point, b: &&Point| distance(a).total_cmp(&distance(b));
        self.curve.iter().min_by(near).expect("a curve has points")
    }
}

/// A network at one test noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// s of the test.
    pub noise: f64,
    /// Mean loss over all draws.
    pub loss: f64,
    /// Its standard error over the realisations.
    pub error: f64,
    /// Bias²: of the mean output of each trial and step, below 0 by chance where there is none.
    pub bias: f64,
    /// Variance about it.
    pub variance: f64,
    /// Root mean square of the mean output's distance from the output without noise.
    pub shift: f64,
    /// The task's score, where it has one.
    pub score: Option<f64>,
}

/// Why a network prefers what it prefers: its stationary states under constant inputs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mechanism {
    /// At each noise level.
    pub levels: Vec<Stationary>,
    /// Shifts of units' means at the training noise: simulated, by the closure, and without
    /// feedback; some of all units and inputs.
    pub shifts: Vec<[f64; 3]>,
    /// The units that shift most, level by level.
    pub examples: Vec<UnitCourse>,
}

/// How far units' inputs lie from the nonlinearity at the training noise: the median over units,
/// steps and trials.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Distance {
    /// In standard deviations s of the training noise.
    pub in_noise: Distances,
    /// In standard deviations of the inputs themselves over realisations, noise inside included;
    /// `None` where no input varies.
    pub in_deviations: Option<Distances>,
}

/// The stationary states at one noise level.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Stationary {
    /// s.
    pub noise: f64,
    /// Root mean square over units and inputs of the means' shift from those without noise, less
    /// what sampling adds.
    pub shift: f64,
    /// Its standard error; `None` in files of before, whose shift has the sampling in it.
    #[serde(default)]
    pub shift_error: Option<f64>,
    /// The same by the closure; `None` where it finds no state.
    pub shift_closure: Option<f64>,
    /// Root mean square of the outputs' shift, likewise.
    pub output: f64,
    /// Its standard error, likewise.
    #[serde(default)]
    pub output_error: Option<f64>,
    /// The same by the closure.
    pub output_closure: Option<f64>,
    /// Mean variance of the units.
    pub variance: f64,
    /// The same by the closure.
    pub variance_closure: Option<f64>,
    /// Share of the means within four standard errors of the closure's.
    pub agree: Option<f64>,
}

/// One unit under one input across noise levels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnitCourse {
    /// Which unit.
    pub unit: usize,
    /// Its input to the network.
    pub input: f64,
    /// Per level: simulated mean and variance, and the closure's.
    pub courses: Vec<[f64; 4]>,
    /// Its states at the training noise; `None` where they do not spread.
    pub histogram: Option<Histogram>,
}

/// How often a state lay in each of equal bins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Histogram {
    /// Where the first bin begins.
    pub low: f64,
    /// Width of a bin.
    pub width: f64,
    /// States below the first bin, in each, and above the last.
    pub counts: Vec<u32>,
}

/// The colour of a network's states at one noise level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Colour {
    /// s.
    pub noise: f64,
    /// Units that move at all.
    pub units: usize,
    /// Mean and standard deviation over units of beta by DFA; the deviation of one unit is 0.
    pub beta: [f64; 2],
    /// Mean beta over small and over large windows.
    pub local: [f64; 2],
    /// Exponent of the spectrum summed over the units.
    pub spectral: Option<f64>,
    /// That spectrum, its power 1 together, in bands of about equal ratio: their middle in cycles
    /// per step and the mean density in each.
    #[serde(default)]
    pub spectrum: Vec<[f64; 2]>,
    /// Beta of a unit without feedback, whose only memory is its own 1 - g, on as many steps.
    pub without_feedback: f64,
}

/// How well a weak signal is seen in a network trained without noise, silenced to below threshold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resonance {
    /// What all biases were lowered by.
    pub lowered: f64,
    /// The signal's size at the input.
    pub signal: f64,
    /// Detection at each noise level.
    pub detections: Vec<Detection>,
    /// The best.
    pub best: Option<Detection>,
}

/// Walks through the maze at one noise level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Walks {
    /// s.
    pub noise: f64,
    /// Share that reached the goal.
    pub reached: f64,
    /// Mean length over the shortest way, of those that reached it.
    pub length: Option<f64>,
    /// Mean collisions per walk.
    pub collisions: f64,
    /// Some of the paths, where they are drawn.
    pub paths: Vec<Vec<[f32; 2]>>,
}

/// The maze as it is drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MazeDrawing {
    /// Width and height, cells.
    pub size: [usize; 2],
    /// Walls, from and to.
    pub walls: Vec<[[f64; 2]; 2]>,
    /// The goal.
    pub goal: [f64; 2],
}

/// A trained regulator beside the best there is at its noise, both without simulation.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Regulator {
    /// Trained w and b.
    pub trained: [f64; 2],
    /// Its exact loss at the training noise.
    pub loss: f64,
    /// Its exact preferred noise.
    pub preferred: f64,
    /// The best w and b.
    pub best: [f64; 2],
    /// Their loss.
    pub best_loss: f64,
    /// The best neuron's preferred noise.
    pub best_preferred: f64,
}

/// The networks of one task, site and training noise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// The task.
    pub task: Name,
    /// The site.
    pub site: Site,
    /// The training noise.
    pub level: f64,
    /// How many networks.
    pub networks: usize,
    /// Mean preferred noise, with an interval over networks.
    pub preferred: Option<Estimate>,
    /// Mean of preferred over training noise.
    pub ratio: Option<Estimate>,
    /// Mean of loss(0) over loss(preferred).
    pub gain: Option<Estimate>,
    /// Mean of loss(0) over the loss at the training noise: unlike `gain` it is below 1 where no
    /// noise is better.
    pub still_ratio: Option<Estimate>,
    /// Mean of what bias² loses from no noise to the training noise, over the loss at that.
    pub bias_left: Option<Estimate>,
    /// Mean loss at the training noise.
    pub loss: f64,
    /// Mean loss without noise.
    pub still: f64,
    /// Mean share of bias² in the loss at the training noise, without noise 1; `None` where a network
    /// has no loss.
    #[serde(default)]
    pub bias_share: Option<f64>,
    /// Mean of the median distance from the nonlinearity in units of s, where it is known.
    pub distance: Option<f64>,
}

/// One closed form against simulation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// What.
    pub what: String,
    /// By theory.
    pub theory: f64,
    /// Simulated.
    pub simulated: f64,
    /// The simulation's standard error.
    pub error: f64,
}

//! The maze: from anywhere in it to its goal, by sight and by the direction of the goal.
//!
//! Place in the flow: one of the tasks behind [`task`](super::task), and the only one with a closed
//! loop, in which the network's own outputs move it. [`walls`] says where it can go, [`paths`] where
//! it should.
//!
//! # The maze
//! `size × size` unit cells, carved depth first from the stream `task/maze/walls` of the settings'
//! own seed, so that all networks of a run, and of runs of other seeds, learn the same maze; or the
//! user's drawing ([`Walls::drawn`]). The walker is a square of half side [`RADIUS`]; it is at the
//! goal when its centre is within [`GOAL`] of the centre of the goal's cell.
//!
//! # Inputs and outputs
//! Ten inputs. 0 to 7: the distances to the nearest wall in eight directions, 45° apart, from +x
//! (right) by way of +y (down), clipped at [`REACH`] and divided by it. 8 and 9: the vector from the
//! walker to the goal, divided by the longer side of the maze; without it, places that look alike
//! could not be told apart. Two outputs: the velocity in x and y, in units of `stride` cells per
//! step; one that is faster than 1 is made 1, in its direction.
//!
//! # Demonstrations
//! A trial begins in a cell other than the goal's, each with equal chances, uniformly where the
//! walker can stand in it. Target: from where the walker stands, the direction of the shortest way
//! to the goal that keeps [`TURN`] from the walls, drawn away from walls that are nearer
//! ([`Paths::guide`]); a velocity of speed 1. In trials 0, 2, 4, … of a batch the walker moves just
//! so. In trials 1, 3, 5, … it is pushed off the way, so that
//! what it takes to recover is learned, too: it moves by the target plus `push` times an
//! Ornstein-Uhlenbeck process in each direction (standard deviation 1, time constant [`MEMORY`]
//! steps; walls stop it), in the manner of noise injection (Laskey et al., *DART*, CoRL 2017). A
//! trial ends at the goal or after `steps`; the rest of it has input, target and weight 0. Weight
//! before that: 1.
//!
//! # The closed loop
//! [`Maze::start`] sets a walker down by the same law in another stream, [`Maze::sense`] gives it its
//! inputs, [`Maze::act`] moves it by an output, until [`Maze::ended`]. [`Maze::outcome`] says whether
//! it came to the goal, in how many steps, how long its path was beside the shortest possible one,
//! and in how many steps a wall stopped it.

use std::f64::consts::FRAC_1_SQRT_2;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::integration::Walk as Process;
use super::{Name, Purpose, Task, Trial, Trials, not_negative, within};
use crate::error::{Error, Result};
use crate::signal::random;

mod paths;
mod walls;

pub use paths::Paths;
use paths::distance;
pub use walls::{Point, Walls};

/// Half side of the walker, cells.
pub const RADIUS: f64 = 0.1;
/// How far demonstrations keep from walls, cells.
pub const TURN: f64 = 0.2;
/// How near the goal's centre the goal is reached, cells.
pub const GOAL: f64 = 0.25;
/// How far the sensors see, cells.
pub const REACH: f64 = 1.0;
/// Time constant of the pushes in demonstrations, steps.
pub const MEMORY: f64 = 10.0;
/// The most cells in a row or column.
const MOST: usize = 16;
const INPUTS: usize = 10;
const OUTPUTS: usize = 2;
/// Where the sensors look.
const DIRECTIONS: [Point; 8] = [
    [1.0, 0.0],
    [FRAC_1_SQRT_2, FRAC_1_SQRT_2],
    [0.0, 1.0],
    [-FRAC_1_SQRT_2, FRAC_1_SQRT_2],
    [-1.0, 0.0],
    [-FRAC_1_SQRT_2, -FRAC_1_SQRT_2],
    [0.0, -1.0],
    [FRAC_1_SQRT_2, -FRAC_1_SQRT_2],
];

/// The `maze` part of the tasks' settings.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Cells in a row and in a column, 2 to 16.
    pub size: usize,
    /// Which maze of this size.
    pub seed: u64,
    /// The maze as a drawing, instead of a carved one; see [`Walls::drawn`].
    pub drawing: Option<String>,
    /// Steps of a demonstration, 2 to 10,000.
    pub steps: usize,
    /// Cells per step at speed 1, above 0, at most 0.1: so that no turn is overshot into a wall.
    pub stride: f64,
    /// How hard every second demonstration is pushed off its way, in units of its speed; at least 0.
    pub push: f64,
    /// Steps that a walk may take, as a multiple of what the shortest way from the farthest cell
    /// takes; 1 to 100.
    pub patience: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let (stride, push) = (0.05, 0.7);
        Self { size: 4, seed: 1, drawing: None, steps: 60, stride, push, patience: 3 }
    }
}

impl Settings {
    /// Checks the settings, but for the drawing.
    ///
    /// # Errors
    /// A setting is out of its range; the error names it (`tasks.maze.size`).
    pub fn check(&self) -> Result<()> {
        within("tasks.maze.size", self.size, 2..=MOST, "the default is 4")?;
        within("tasks.maze.steps", self.steps, 2..=10_000, "the default is 60")?;
        within("tasks.maze.patience", self.patience, 1..=100, "the default is 3")?;
        not_negative("tasks.maze.push", self.push, "the default is 0.7; 0 pushes nothing")?;
        if self.stride > 0.0 && self.stride <= TURN - RADIUS {
            return Ok(());
        }
        let (found, most) = (self.stride, TURN - RADIUS);
        Err(Error::new(format!(
            "expected above 0 and at most {most} cells per step, found {found}"
        ))
        .at("tasks.maze.stride")
        .remedy("the default is 0.05"))
    }
}

/// The task, its walls and the ways through them; see the module for its law.
#[derive(Clone, Debug)]
pub struct Maze {
    settings: Settings,
    walls: Walls,
    goal: Point,
    /// What is demonstrated.
    demonstrated: Paths,
    /// What walks are measured by.
    shortest: Paths,
    limit: usize,
}

/// Something that walks through a maze.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    walk: Walk,
    at: Point,
}

/// What became of an [`Agent`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Whether it came to the goal.
    pub reached: bool,
    /// Steps that it took.
    pub steps: usize,
    /// Length of its path, cells.
    pub length: f64,
    /// Length of the shortest possible path from its start to where the goal begins, cells.
    pub shortest: f64,
    /// Steps in which a wall stopped it, wholly or in one direction.
    pub collisions: usize,
    /// Where it was, from its start on: `steps + 1` places, cells, x to the right and y down.
    pub path: Vec<[f32; 2]>,
}

impl Maze {
    /// The maze of `settings`.
    ///
    /// # Errors
    /// A setting is out of its range, or the drawing is no maze with a way from every cell to the
    /// goal (see [`Walls::drawn`]).
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        let walls = match &settings.drawing {
            Some(drawing) => Walls::drawn(drawing, "tasks.maze.drawing")?,
            None => {
                let mut chance = random::stream(settings.seed, "task/maze/walls", 0);
                Walls::carved(settings.size, &mut chance)
            }
        };
        let goal = centre(walls.goal);
        let demonstrated = Paths::new(&walls, goal, TURN);
        let shortest = Paths::new(&walls, goal, RADIUS);
        let cells =
            (0..walls.columns * walls.rows).map(|at| [at % walls.columns, at / walls.columns]);
        let ways = cells.filter_map(|cell| shortest.guide(&walls, centre(cell)));
        let farthest = ways.map(|(_, length)| length).fold(0.0, f64::max);
        let limit = settings.patience * (farthest / settings.stride).ceil() as usize;
        Ok(Self { settings: settings.clone(), walls, goal, demonstrated, shortest, limit })
    }

    /// The walls, cells.
    pub fn walls(&self) -> &Walls {
        &self.walls
    }

    /// The centre of the goal, cells.
    pub fn goal(&self) -> Point {
        self.goal
    }

    /// Steps after which a walk is given up.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Walker number `trial` of `seed`, at its start: the stream `task/maze/start` of both.
    pub fn start(&self, seed: u64, trial: u64) -> Agent {
        let at = self.place(&mut random::stream(seed, "task/maze/start", trial));
        self.stand(at)
    }

    /// A walker at `at`, which is where one can stand.
    pub fn stand(&self, at: Point) -> Agent {
        let (_, way) = self.toward(&self.shortest, at);
        let walk = Walk {
            reached: distance(at, self.goal) <= GOAL,
            steps: 0,
            length: 0.0,
            shortest: (way - GOAL).max(0.0),
            collisions: 0,
            path: vec![at.map(|x| x as f32)],
        };
        Agent { walk, at }
    }

    /// What the walker senses: the ten inputs of the network. Panics where `into` has another
    /// length.
    pub fn sense(&self, agent: &Agent, into: &mut [f32]) {
        self.look(agent.at, into);
    }

    /// Moves the walker by one step at `velocity`, the network's two outputs; one that is no number
    /// moves it nowhere. A walker whose walk has ended stays. Panics where `velocity` is shorter.
    pub fn act(&self, agent: &mut Agent, velocity: &[f32]) {
        if self.ended(agent) {
            return;
        }
        let wanted = [0, 1].map(|axis| f64::from(velocity[axis]));
        let speed = wanted[0].hypot(wanted[1]);
        let stride = if speed.is_finite() { self.settings.stride / speed.max(1.0) } else { 0.0 };
        let by = wanted.map(|v| if stride > 0.0 { v * stride } else { 0.0 });
        let (at, stopped) = self.walls.advance(agent.at, by, RADIUS);
        agent.walk.steps += 1;
        agent.walk.length += distance(agent.at, at);
        agent.walk.collisions += usize::from(stopped);
        agent.walk.path.push(at.map(|x| x as f32));
        agent.walk.reached = distance(at, self.goal) <= GOAL;
        agent.at = at;
    }

    /// Whether a walk is at the goal or given up.
    pub fn ended(&self, agent: &Agent) -> bool {
        agent.walk.reached || agent.walk.steps >= self.limit
    }

    /// What became of the walker so far.
    pub fn outcome(&self, agent: &Agent) -> Walk {
        agent.walk.clone()
    }

    /// The velocity that a demonstration would have where the walker is: of speed 1.
    pub fn demonstration(&self, agent: &Agent) -> [f32; 2] {
        self.toward(&self.demonstrated, agent.at).0.map(|v| v as f32)
    }

    /// A place where a walk begins.
    fn place(&self, chance: &mut ChaCha8Rng) -> Point {
        let Walls { columns, rows, goal, .. } = self.walls;
        // One of the cells before the goal's and behind it.
        let mut cell = chance.random_range(0..columns * rows - 1);
        cell += usize::from(cell >= goal[1] * columns + goal[0]);
        let corner = [(cell % columns) as f64, (cell / columns) as f64];
        corner.map(|low| low + chance.random_range(RADIUS..=1.0 - RADIUS))
    }

    /// The direction and length of the way from `at`; no way is no direction and no length, which
    /// only a place inside a wall has.
    fn toward(&self, paths: &Paths, at: Point) -> (Point, f64) {
        paths.guide(&self.walls, at).unwrap_or(([0.0; 2], 0.0))
    }

    fn look(&self, at: Point, into: &mut [f32]) {
        assert_eq!(into.len(), INPUTS, "the maze's inputs");
        for (sensed, &toward) in into.iter_mut().zip(&DIRECTIONS) {
            *sensed = (self.walls.distance(at, toward, REACH) / REACH) as f32;
        }
        let side = self.walls.columns.max(self.walls.rows) as f64;
        for axis in [0, 1] {
            into[DIRECTIONS.len() + axis] = ((self.goal[axis] - at[axis]) / side) as f32;
        }
    }

    /// One demonstration, pushed by `push`.
    fn demonstrate(&self, push: f64, into: Trial<'_>, chance: &mut ChaCha8Rng) {
        let mut at = self.place(chance);
        let mut process = Process::begin(MEMORY, chance);
        let steps = into.drive.chunks_exact_mut(INPUTS).zip(into.targets.chunks_exact_mut(OUTPUTS));
        for ((drive, target), weight) in steps.zip(into.weights) {
            // The chance of a trial does not depend on when it ends.
            process.step(chance);
            if distance(at, self.goal) <= GOAL {
                continue;
            }
            let (direction, _) = self.toward(&self.demonstrated, at);
            self.look(at, drive);
            target.copy_from_slice(&direction.map(|v| v as f32));
            *weight = 1.0;
            let by = [0, 1]
                .map(|axis| self.settings.stride * (direction[axis] + push * process.now[axis]));
            (at, _) = self.walls.advance(at, by, RADIUS);
        }
    }
}

/// The centre of a cell.
fn centre(cell: [usize; 2]) -> Point {
    cell.map(|at| at as f64 + 0.5)
}

impl Task for Maze {
    fn name(&self) -> &'static str {
        Name::Maze.name()
    }

    fn inputs(&self) -> usize {
        INPUTS
    }

    fn outputs(&self) -> usize {
        OUTPUTS
    }

    fn steps(&self) -> usize {
        self.settings.steps
    }

    fn trials(&self, purpose: Purpose, seed: u64, index: u64, count: usize) -> Trials {
        let mut chance = random::stream(seed, &purpose.stream(Name::Maze), index);
        Trials::made(count, self.settings.steps, [INPUTS, OUTPUTS], |trial, into| {
            let push = if trial % 2 == 1 { self.settings.push } else { 0.0 };
            self.demonstrate(push, into, &mut chance);
        })
    }

    fn closed_loop(&self) -> Option<&Maze> {
        Some(self)
    }
}

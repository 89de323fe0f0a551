//! The maze in closed loop: a trained network walks, and what it sees depends on where it went.
//!
//! Place in the flow: weights and a maze in, [`Walks`] at each noise level out. All walkers of all
//! levels take their steps together, as rows of one simulation.

use super::found::{MazeDrawing, Walks};
use super::settings::Settings;
use super::testing::Subject;
use crate::datasets::tasks::Maze;
use crate::models::ctrnn::advance::{Call, Kept, Row, advance};
use crate::signal::philox::Philox;

/// Paths that are drawn per noise level.
const DRAWN: usize = 12;

/// Walks of `subject`'s network at every test noise; paths are kept for no noise and for the
/// training noise.
pub(super) fn walks(subject: Subject<'_>, settings: &Settings, maze: &Maze) -> Vec<Walks> {
    let (weights, count) = (subject.weights, settings.test.walks);
    let unit = settings.unit(subject.level);
    let levels: Vec<f64> = settings.test.grid.iter().map(|part| part * unit).collect();
    let mut rows = Vec::new();
    let mut walkers = Vec::new();
    for &level in &levels {
        for walk in 0..count {
            let row = rows.len() as u32;
            rows.push(Row { drive: row, draw: walk as u32, level: level as f32 });
            walkers.push(maze.start(settings.test.seed, walk as u64));
        }
    }
    let mut state = vec![0.0; rows.len() * weights.units];
    let mut seen = vec![0.0; rows.len() * weights.inputs];
    let mut outputs = vec![0.0; rows.len() * weights.outputs];
    for step in 0..maze.limit() {
        for (walker, seen) in walkers.iter().zip(seen.chunks_exact_mut(weights.inputs)) {
            maze.sense(walker, seen);
        }
        let noise = Philox::named(subject.seed, "noise/walks");
        let call = Call { rows: &rows, drive: &seen, first: step, steps: 1, noise, index: 0 };
        let kept = Kept { outputs: Some(&mut outputs), ..Kept::default() };
        advance(weights, &call, &mut state, kept);
        for (walker, velocity) in walkers.iter_mut().zip(outputs.chunks_exact(weights.outputs)) {
            maze.act(walker, velocity);
        }
        if walkers.iter().all(|walker| maze.ended(walker)) {
            break;
        }
    }
    let of_level = walkers.chunks_exact(count);
    let found = levels.iter().zip(of_level).zip(&settings.test.grid);
    found
        .map(|((&noise, walkers), &multiple)| {
            let outcomes: Vec<_> = walkers.iter().map(|walker| maze.outcome(walker)).collect();
            let lengths: Vec<f64> = outcomes
                .iter()
                .filter(|walk| walk.reached && walk.shortest > 0.0)
                .map(|walk| walk.length / walk.shortest)
                .collect();
            let share = |sum: f64| sum / count as f64;
            let drawn = if multiple == 0.0 || multiple == 1.0 { DRAWN } else { 0 };
            Walks {
                noise,
                reached: share(outcomes.iter().filter(|walk| walk.reached).count() as f64),
                length: (!lengths.is_empty())
                    .then(|| lengths.iter().sum::<f64>() / lengths.len() as f64),
                collisions: share(outcomes.iter().map(|walk| walk.collisions as f64).sum()),
                paths: outcomes.into_iter().take(drawn).map(|walk| walk.path).collect(),
            }
        })
        .collect()
}

/// The maze as it is drawn.
pub(super) fn drawing(maze: &Maze) -> MazeDrawing {
    let walls = maze.walls();
    MazeDrawing {
        size: [walls.columns, walls.rows],
        walls: walls.segments().to_vec(),
        goal: maze.goal(),
    }
}

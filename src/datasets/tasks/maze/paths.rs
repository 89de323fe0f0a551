//! The shortest ways through a maze to its goal, from anywhere.
//!
//! Place in the flow: what [`Maze`](super::Maze) demonstrates, and what it measures walks by.
//!
//! Between polygons a shortest way is made of straight pieces that bend at corners only (Lozano-Pérez
//! & Wesley, Communications of the ACM 22, 560, 1979). So the lengths of the ways from all corners
//! to the goal, by Dijkstra's algorithm over the pairs of corners with a clear way between them,
//! give the way from any other place: to the corner in sight with the least sum of distances. All
//! ways keep a distance from the walls. With that of the walker's half side they are the exact
//! shortest ones; with a larger one they are a little longer, and from a place nearer to a wall the
//! way is that of the nearest place that has the distance, drawn away from the wall.

use super::walls::{Point, Walls};

/// How far from where it should be a walker goes as much away from a wall as along its way, cells.
const DRAWN: f64 = 0.05;

/// The ways to the goal of one maze, at one distance from the walls.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The goal, then all corners from which it can be reached.
    places: Vec<Point>,
    /// Length of the way from each place to the goal.
    lengths: Vec<f64>,
    /// Distance kept from walls.
    kept: f64,
}

impl Paths {
    /// The ways to `goal` that keep the distance `kept`, above 0 and below a half, from the walls.
    pub fn new(walls: &Walls, goal: Point, kept: f64) -> Self {
        let mut places = vec![goal];
        places.extend(walls.corners(kept));
        let mut lengths = vec![f64::INFINITY; places.len()];
        lengths[0] = 0.0;
        let mut open: Vec<usize> = (0..places.len()).collect();
        while !open.is_empty() {
            let at = (0..open.len()).min_by(|&a, &b| lengths[open[a]].total_cmp(&lengths[open[b]]));
            let nearest = open.swap_remove(at.unwrap_or(0));
            for &other in &open {
                let length = lengths[nearest] + distance(places[nearest], places[other]);
                if length < lengths[other] && walls.clear(places[nearest], places[other], kept) {
                    lengths[other] = length;
                }
            }
        }
        Self { places, lengths, kept }
    }

    /// The unit direction in which to leave `from`, and the length of the way; none where there is no
    /// way, as outside the maze. At the goal the direction is zero.
    ///
    /// Nearer to a wall than the distance kept, with the nearest place that keeps it at `off`, the
    /// direction is that of the sum of the direction from there and `off` / [`DRAWN`]: it changes
    /// without a jump, and the length is |`off`| and the way from there.
    pub fn guide(&self, walls: &Walls, from: Point) -> Option<(Point, f64)> {
        let clearing = walls.clearing(from, self.kept);
        let ways = self.places.iter().zip(&self.lengths);
        let mut ways: Vec<(f64, f64, Point)> = ways
            .map(|(&place, &rest)| (distance(clearing, place), rest, place))
            // A corner that has been reached gives no direction. Further from it than rounding
            // (1e-9) the next one may be out of sight, and this one has to be gone to.
            .filter(|&(first, rest, _)| first > 1e-10 || rest == 0.0)
            .map(|(first, rest, place)| (first + rest, first, place))
            .collect();
        // The least sum first: the first in sight is the best, and most are never looked at.
        ways.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let best = ways.into_iter().find(|way| walls.clear(clearing, way.2, self.kept));
        best.filter(|way| way.0.is_finite()).map(|(length, first, place)| {
            let toward = [0, 1].map(|axis| {
                (place[axis] - clearing[axis]) / first.max(f64::MIN_POSITIVE)
                    + (clearing[axis] - from[axis]) / DRAWN
            });
            let size = toward[0].hypot(toward[1]).max(f64::MIN_POSITIVE);
            (toward.map(|part| part / size), length + distance(from, clearing))
        })
    }
}

/// The distance between two places.
pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

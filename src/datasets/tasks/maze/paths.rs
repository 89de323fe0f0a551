//! The shortest ways through a maze to its goal, from anywhere.
//!
//! Place in the flow: what [`Maze`](super::Maze) demonstrates, and what it measures walks by.
//!
//! Between polygons a shortest way is made of straight pieces that bend at corners only (Lozano-Pérez
//! & Wesley, Communications of the ACM 22, 560, 1979). So the lengths of the ways from all corners
//! to the goal, by Dijkstra's algorithm over the pairs of corners with a clear way between them,
//! give the way from any other place: to the corner in sight with the least sum of distances. With
//! corners at the walker's half side it is the exact shortest way; with corners further out it bends
//! at a distance from the walls and is a little longer.

use super::walls::{Point, Walls};

/// The ways to the goal of one maze, for a walker of one size that bends at one distance from walls.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The goal, then all corners from which it can be reached.
    places: Vec<Point>,
    /// Length of the way from each place to the goal.
    lengths: Vec<f64>,
    /// Half side of the walker.
    radius: f64,
}

impl Paths {
    /// The ways to the centre of the goal's cell for a walker of half side `radius` that bends
    /// `turn`, at least `radius` and below a half, from the walls.
    pub fn new(walls: &Walls, goal: Point, radius: f64, turn: f64) -> Self {
        let mut places = vec![goal];
        places.extend(walls.corners(turn));
        let mut lengths = vec![f64::INFINITY; places.len()];
        lengths[0] = 0.0;
        let mut open: Vec<usize> = (0..places.len()).collect();
        while !open.is_empty() {
            let at = (0..open.len()).min_by(|&a, &b| lengths[open[a]].total_cmp(&lengths[open[b]]));
            let nearest = open.swap_remove(at.unwrap_or(0));
            for &other in &open {
                let length = lengths[nearest] + distance(places[nearest], places[other]);
                if length < lengths[other] && walls.clear(places[nearest], places[other], radius) {
                    lengths[other] = length;
                }
            }
        }
        Self { places, lengths, radius }
    }

    /// The unit direction in which the shortest way leaves `from`, and its length; none where there
    /// is no way, as inside a wall. At the goal the direction is zero.
    pub fn guide(&self, walls: &Walls, from: Point) -> Option<(Point, f64)> {
        let ways = self.places.iter().zip(&self.lengths);
        let mut ways: Vec<(f64, f64, Point)> = ways
            .map(|(&place, &rest)| (distance(from, place), rest, place))
            .filter(|&(first, rest, _)| first > 0.0 || rest == 0.0)
            .map(|(first, rest, place)| (first + rest, first, place))
            .collect();
        // The least sum first: the first in sight is the best, and most are never looked at.
        ways.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let best = ways.into_iter().find(|way| walls.clear(from, way.2, self.radius));
        best.filter(|way| way.0.is_finite()).map(|(length, first, place)| {
            let direction = [0, 1].map(|axis| (place[axis] - from[axis]) / first.max(1e-300));
            (direction, length)
        })
    }
}

/// The distance between two places.
pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

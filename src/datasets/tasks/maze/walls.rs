//! The walls of a maze: carved by chance or drawn by hand, and what moves and looks between them.
//!
//! Place in the flow: the ground of [`Maze`](super::Maze); [`paths`](super::paths) finds the ways
//! between the walls.
//!
//! Cells are unit squares, x to the right and y down; cell (column, row) has its centre at
//! (column + ½, row + ½). Walls are segments without thickness on the lines between cells. What
//! moves is a square of half side `radius` about its position: so its centre stays out of every
//! wall grown by `radius` to all four sides, which is an open rectangle, called a block. Movement
//! and sight against axis-parallel rectangles are exact, without a step size.

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};

/// A place, cells.
pub type Point = [f64; 2];

/// How much nearer than this two places count as one: rounding, not geometry.
const ROUNDING: f64 = 1e-9;

/// The walls of a maze and where its goal is.
#[derive(Clone, Debug, PartialEq)]
pub struct Walls {
    /// Cells in a row.
    pub columns: usize,
    /// Cells in a column.
    pub rows: usize,
    /// Column and row of the goal's cell.
    pub goal: [usize; 2],
    /// Walls above each cell and below the last row: `(rows + 1) × columns`.
    level: Vec<bool>,
    /// Walls left of each cell and right of the last column: `rows × (columns + 1)`.
    upright: Vec<bool>,
    /// From one end to the other, left to right or top to bottom, as long as they go.
    segments: Vec<[Point; 2]>,
}

/// Where a wall stands: true and an index into `upright`, or false and one into `level`.
type Place = (bool, usize);

impl Walls {
    /// A perfect maze (one way between any two cells) of `size × size` cells, its goal in the last
    /// one. Carved depth first from cell (0, 0): from the cell it stands in, the carver breaks into
    /// a neighbour not yet visited, all with equal chances, and goes back where there is none.
    pub fn carved(size: usize, chance: &mut ChaCha8Rng) -> Self {
        let mut walls = Self {
            columns: size,
            rows: size,
            goal: [size - 1, size - 1],
            level: vec![true; (size + 1) * size],
            upright: vec![true; size * (size + 1)],
            segments: Vec::new(),
        };
        let mut visited = vec![false; size * size];
        visited[0] = true;
        let mut way = vec![[0, 0]];
        while let Some(&cell) = way.last() {
            let around = walls.around(cell).into_iter().flatten();
            let fresh: Vec<_> =
                around.filter(|&([column, row], _)| !visited[row * size + column]).collect();
            match fresh.choose(chance) {
                Some(&(next, between)) => {
                    *walls.between(between) = false;
                    visited[next[1] * size + next[0]] = true;
                    way.push(next);
                }
                None => drop(way.pop()),
            }
        }
        walls.segments = walls.joined();
        walls
    }

    /// The walls of a drawing: `2 rows + 1` lines of `2 columns + 1` characters. In even lines and
    /// columns, counted from 0, stand walls (`#`, `+`, `-`, `|`) or ways (blank or `.`), in odd
    /// lines and odd columns cells (blank or `.`, and `G` for the one goal); where both are even,
    /// walls meet, and what stands there is not read. Blanks at the end of lines may be left out.
    ///
    /// # Errors
    /// The drawing has no such form, an opening to the outside, not one goal, or a cell without a
    /// way to it; the error names `place`, line and column.
    pub fn drawn(drawing: &str, place: &str) -> Result<Self> {
        let lines: Vec<Vec<char>> =
            drawing.trim_end().lines().map(|line| line.trim_end().chars().collect()).collect();
        let (high, wide) = (lines.len(), lines.iter().map(Vec::len).max().unwrap_or(0));
        let most = 2 * super::MOST + 1;
        if [high, wide].iter().any(|&side| side % 2 == 0 || side < 3 || side > most)
            || high * wide == 9
        {
            return Err(Error::new(format!(
                "expected an odd number of lines and of characters per line, at least 3 × 5 and at \
                 most {most} × {most}, found {high} lines of at most {wide} characters"
            ))
            .at(place)
            .remedy("draw a line of walls, a line of cells, a line of walls and so on; see docs/tasks.md"));
        }
        let (columns, rows) = (wide / 2, high / 2);
        let mut walls = Self {
            columns,
            rows,
            goal: [0, 0],
            level: Vec::with_capacity((rows + 1) * columns),
            upright: Vec::with_capacity(rows * (columns + 1)),
            segments: Vec::new(),
        };
        let mut goals = Vec::new();
        for at in (0..high * wide).filter(|at| (at / wide) % 2 == 1 || (at % wide) % 2 == 1) {
            let (line, column) = (at / wide, at % wide);
            let drawn = lines[line].get(column).copied().unwrap_or(' ');
            let outside = line == 0 || column == 0 || line == high - 1 || column == wide - 1;
            let cell = line % 2 == 1 && column % 2 == 1;
            let wall = match drawn {
                '#' | '+' | '-' | '|' if !cell => true,
                ' ' | '.' if !outside => false,
                'G' if cell => {
                    goals.push([column / 2, line / 2]);
                    false
                }
                _ => return Err(unexpected(drawn, cell, outside).at(spot(place, line, column))),
            };
            match (line % 2, column % 2) {
                (0, _) => walls.level.push(wall),
                (_, 0) => walls.upright.push(wall),
                _ => {}
            }
        }
        let [goal] = goals[..] else {
            return Err(Error::new(format!("expected one goal, found {}", goals.len()))
                .at(place)
                .remedy("put a G into one cell"));
        };
        walls.goal = goal;
        walls.segments = walls.joined();
        walls.connected(place)?;
        Ok(walls)
    }

    /// The walls as [`Walls::drawn`] reads them, with `#` for walls.
    pub fn drawing(&self) -> String {
        let mut text = String::new();
        for line in 0..=2 * self.rows {
            for column in 0..=2 * self.columns {
                let (x, y) = (column / 2, line / 2);
                let wall = match (line % 2, column % 2) {
                    (0, 0) => true,
                    (0, _) => self.level[y * self.columns + x],
                    (_, 0) => self.upright[y * (self.columns + 1) + x],
                    _ => false,
                };
                let goal = line % 2 == 1 && column % 2 == 1 && [x, y] == self.goal;
                text.push(if wall {
                    '#'
                } else if goal {
                    'G'
                } else {
                    ' '
                });
            }
            text.push('\n');
        }
        text
    }

    /// All walls, from one end to the other; those in one line that touch are one.
    pub fn segments(&self) -> &[[Point; 2]] {
        &self.segments
    }

    /// The corners around which a way may bend, `turn` from the wall in both directions: at each end
    /// and bend of a wall, the places between its arms that span more than a quarter.
    pub fn corners(&self, turn: f64) -> Vec<Point> {
        let mut corners = Vec::new();
        for at in 0..(self.columns + 1) * (self.rows + 1) {
            let (x, y) = (at % (self.columns + 1), at / (self.columns + 1));
            let level = |x: usize| x < self.columns && self.level[y * self.columns + x];
            let upright = |y: usize| y < self.rows && self.upright[y * (self.columns + 1) + x];
            let left = x > 0 && level(x - 1);
            let up = y > 0 && upright(y - 1);
            if !(left || up || level(x) || upright(y)) {
                continue;
            }
            for (across, arm_across) in [(-1.0, left), (1.0, level(x))] {
                for (down, arm_down) in [(-1.0, up), (1.0, upright(y))] {
                    let corner = [x as f64 + across * turn, y as f64 + down * turn];
                    let within = corner[0] > 0.0
                        && corner[1] > 0.0
                        && corner[0] < self.columns as f64
                        && corner[1] < self.rows as f64;
                    if within && !arm_across && !arm_down {
                        corners.push(corner);
                    }
                }
            }
        }
        corners
    }

    /// Where something of half side `radius` comes to that would go from `from` by `by`, and whether
    /// a wall stopped it. It goes along x first and then along y, or y first where only so it is not
    /// stopped; if it is, each part goes as far as it is free, so that it slides along walls.
    /// Whatever the length of the move, no wall is crossed.
    pub fn advance(&self, from: Point, by: Point, radius: f64) -> (Point, bool) {
        let first = self.by_axes(from, by, radius, [0, 1]);
        if !first.1 {
            return first;
        }
        // A straight way past the end of a wall has the end on one side: one order or the other
        // goes around it.
        let second = self.by_axes(from, by, radius, [1, 0]);
        if second.1 { first } else { second }
    }

    /// [`Walls::advance`] along one axis and then the other.
    fn by_axes(&self, from: Point, by: Point, radius: f64, axes: [usize; 2]) -> (Point, bool) {
        let (mut at, mut stopped) = (from, false);
        for axis in axes {
            let other = 1 - axis;
            let wanted = at[axis] + by[axis];
            let mut reached = wanted;
            for [low, high] in &self.segments {
                if at[other] <= low[other] - radius || at[other] >= high[other] + radius {
                    continue;
                }
                let (near, far) = (low[axis] - radius, high[axis] + radius);
                if at[axis] <= near {
                    reached = reached.min(near);
                } else if at[axis] >= far {
                    reached = reached.max(far);
                }
            }
            stopped |= (reached - wanted).abs() > ROUNDING;
            at[axis] = reached;
        }
        (at, stopped)
    }

    /// The place nearest to `from`, along x or y, that is `kept` from every wall; `kept` is below a
    /// half. A place that is far enough from all of them is its own.
    pub fn clearing(&self, from: Point, kept: f64) -> Point {
        let mut at = from;
        for [low, high] in &self.segments {
            let gaps = [0, 1].map(|axis| (low[axis] - at[axis]).max(at[axis] - high[axis]));
            let axis = usize::from(gaps[1] > gaps[0]);
            if gaps[axis] < kept {
                let before = low[axis] - at[axis] > at[axis] - high[axis];
                at[axis] = if before { low[axis] - kept } else { high[axis] + kept };
            }
        }
        at
    }

    /// True where something of half side `radius` can go straight from `from` to `to`.
    pub fn clear(&self, from: Point, to: Point, radius: f64) -> bool {
        let reach = radius - ROUNDING;
        !self.segments.iter().any(|[low, high]| {
            // The stretch of the way, as shares of it, that lies within the block on both axes.
            let mut stretch = [0.0f64, 1.0f64];
            for axis in [0, 1] {
                let (near, far) = (low[axis] - reach - from[axis], high[axis] + reach - from[axis]);
                let way = to[axis] - from[axis];
                if way.abs() < f64::MIN_POSITIVE {
                    if near >= 0.0 || far <= 0.0 {
                        return false;
                    }
                    continue;
                }
                let (a, b) = (near / way, far / way);
                stretch = [stretch[0].max(a.min(b)), stretch[1].min(a.max(b))];
            }
            stretch[0] < stretch[1]
        })
    }

    /// Distance from `from` in the unit direction `toward` to the first wall, at most `reach`.
    pub fn distance(&self, from: Point, toward: Point, reach: f64) -> f64 {
        let mut nearest = reach;
        for [low, high] in &self.segments {
            let across = usize::from(low[0] != high[0]);
            let along = 1 - across;
            if toward[across] == 0.0 {
                continue;
            }
            let far = (low[across] - from[across]) / toward[across];
            let hit = from[along] + far * toward[along];
            let on = hit >= low[along] - ROUNDING && hit <= high[along] + ROUNDING;
            if far >= 0.0 && far < nearest && on {
                nearest = far;
            }
        }
        nearest
    }

    /// The neighbours of a cell, right, left, below and above, each with the wall between.
    fn around(&self, [x, y]: [usize; 2]) -> [Option<([usize; 2], Place)>; 4] {
        let (upright, level) = (y * (self.columns + 1) + x, y * self.columns + x);
        [
            (x + 1 < self.columns).then(|| ([x + 1, y], (true, upright + 1))),
            (x > 0).then(|| ([x - 1, y], (true, upright))),
            (y + 1 < self.rows).then(|| ([x, y + 1], (false, level + self.columns))),
            (y > 0).then(|| ([x, y - 1], (false, level))),
        ]
    }

    /// The wall at a place that [`Walls::around`] gives.
    fn between(&mut self, (upright, index): Place) -> &mut bool {
        if upright { &mut self.upright[index] } else { &mut self.level[index] }
    }

    /// Demands a way from every cell to the goal.
    fn connected(&self, place: &str) -> Result<()> {
        let mut reached = vec![false; self.columns * self.rows];
        reached[self.goal[1] * self.columns + self.goal[0]] = true;
        let mut open = vec![self.goal];
        while let Some(cell) = open.pop() {
            for (next, (upright, index)) in self.around(cell).into_iter().flatten() {
                let wall = if upright { self.upright[index] } else { self.level[index] };
                let new = &mut reached[next[1] * self.columns + next[0]];
                if !wall && !*new {
                    *new = true;
                    open.push(next);
                }
            }
        }
        let Some(lost) = reached.iter().position(|reached| !reached) else { return Ok(()) };
        let (row, column) = (lost / self.columns, lost % self.columns);
        Err(Error::new("expected a way from every cell to the goal, found none from this one")
            .at(spot(place, 2 * row + 1, 2 * column + 1))
            .remedy("open a wall between this cell and the rest: a blank in the place of its #"))
    }

    /// The walls as segments, those in one line that touch joined.
    fn joined(&self) -> Vec<[Point; 2]> {
        let (columns, rows) = (self.columns, self.rows);
        let mut segments = Vec::new();
        for y in 0..=rows {
            for (from, to) in runs(columns, |x| self.level[y * columns + x]) {
                segments.push([[from as f64, y as f64], [to as f64, y as f64]]);
            }
        }
        for x in 0..=columns {
            for (from, to) in runs(rows, |y| self.upright[y * (columns + 1) + x]) {
                segments.push([[x as f64, from as f64], [x as f64, to as f64]]);
            }
        }
        segments
    }
}

/// The runs of places below `length` at which `holds`, each from its first to behind its last.
fn runs(length: usize, holds: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for at in (0..length).filter(|&at| holds(at)) {
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            _ => runs.push((at, at + 1)),
        }
    }
    runs
}

/// A place in a drawing, counted from 1 as editors do.
fn spot(place: &str, line: usize, column: usize) -> String {
    format!("{place}, line {}, column {}", line + 1, column + 1)
}

/// What is wrong with a character of a drawing.
fn unexpected(drawn: char, cell: bool, outside: bool) -> Error {
    let (expected, remedy) = match (cell, outside) {
        (true, _) => ("a cell: blank, . or G", "cells stand in even lines and columns"),
        (_, true) => ("a wall: # + - or |", "close the maze: nothing leads out of it"),
        _ => ("a wall (# + - or |) or a way (blank or .)", "see docs/tasks.md for the form"),
    };
    Error::new(format!("expected {expected}, found {drawn:?}")).remedy(remedy)
}

//! The maze: lengths of ways worked out by hand, sensors in a box, walls that nothing crosses, and
//! drawings with no way through.

use std::f64::consts::SQRT_2;

use noisescope::datasets::tasks::maze::{self, Paths, Point, RADIUS, TURN, Walls};
use noisescope::datasets::tasks::{Maze, Purpose, Task};
use noisescope::signal::random::stream;
use rand_distr::{Distribution, StandardNormal};

use crate::{at, close};

/// Two rooms side by side, joined below: the way bends around the end of the wall between them.
const HOOK: &str = "#####\n# #G#\n# # #\n#   #\n#####\n";
/// Three cells by three, the middle one walled to three sides: two ways around it to the goal.
const RING: &str = "#######\n#     #\n# ### #\n# # # #\n# # # #\n#G    #\n#######\n";

fn drawn(drawing: &str) -> Maze {
    let settings = maze::Settings { drawing: Some(drawing.into()), ..Default::default() };
    Maze::new(&settings).expect("a maze")
}

fn carved(size: usize, seed: u64) -> Maze {
    Maze::new(&maze::Settings { size, seed, ..Default::default() }).expect("a maze")
}

/// Walks by the demonstrated velocity until the walk ends.
fn guided(maze: &Maze, seed: u64, trial: u64) -> maze::Walk {
    let mut agent = maze.start(seed, trial);
    while !maze.ended(&agent) {
        let velocity = maze.demonstration(&agent);
        close(f64::from(velocity[0]).hypot(f64::from(velocity[1])), 1.0, 1e-6);
        maze.act(&mut agent, &velocity);
    }
    maze.outcome(&agent)
}

#[test]
fn the_shortest_way_bends_around_the_end_of_a_wall() {
    let maze = drawn(HOOK);
    assert_eq!((maze.walls().columns, maze.walls().rows, maze.goal()), (2, 2, [1.5, 0.5]));
    // From (0.5, 0.5) to both corners of the wall's end (1, 1), grown by a tenth, and to the goal.
    let slant = (0.5f64 - RADIUS).hypot(0.5 + RADIUS);
    let wanted = 2.0 * slant + 2.0 * RADIUS;
    close(maze.outcome(&maze.stand([0.5, 0.5])).shortest, wanted - maze::GOAL, 1e-12);
    // In sight of the goal the way is straight.
    close(maze.outcome(&maze.stand([1.3, 1.5])).shortest, 0.2f64.hypot(1.0) - maze::GOAL, 1e-12);
    // A way that bends further out: the same sum with 0.2, and its first direction.
    let paths = Paths::new(maze.walls(), maze.goal(), TURN);
    let ([x, y], length) = paths.guide(maze.walls(), [0.5, 0.5]).expect("a way");
    let slant = (0.5 - TURN).hypot(0.5 + TURN);
    close(length, 2.0 * slant + 2.0 * TURN, 1e-12);
    close(x, (0.5 - TURN) / slant, 1e-12);
    close(y, (0.5 + TURN) / slant, 1e-12);
    // Walks are given up after three times the way from the farthest cell's centre, by steps.
    assert_eq!(maze.limit(), 3 * (wanted / 0.05).ceil() as usize);
}

#[test]
fn of_two_ways_the_shorter_is_taken() {
    let maze = drawn(RING);
    let way = |from: Point| maze.outcome(&maze.stand(from)).shortest + maze::GOAL;
    let first = |from: Point| maze.demonstration(&maze.stand(from));
    // From the upper right both ways, by (0.9, 0.9) and by (2.1, 2.1), are equal; a tenth decides.
    let last = 0.4f64.hypot(1.6);
    close(way([2.5, 0.5]), 2.0 * last, 1e-12);
    close(way([2.4, 0.5]), 1.5f64.hypot(0.4) + last, 1e-12);
    close(way([2.5, 0.6]), 0.4f64.hypot(1.5) + last, 1e-12);
    assert!(first([2.4, 0.5])[0] < -0.9, "to the left");
    assert!(first([2.5, 0.6])[1] > 0.9, "down");
}

#[test]
fn every_length_is_no_shorter_than_the_straight_line_and_keeps_the_triangle() {
    let maze = carved(5, 3);
    let paths = Paths::new(maze.walls(), maze.goal(), RADIUS);
    let starts: Vec<Point> = (0..60).map(|k| start(&maze, 4, k)).collect();
    for &from in &starts {
        let (_, length) = paths.guide(maze.walls(), from).expect("a way");
        let straight = |to: Point| (from[0] - to[0]).hypot(from[1] - to[1]);
        assert!(length >= straight(maze.goal()) - 1e-9);
        for &to in &starts {
            if maze.walls().clear(from, to, RADIUS) {
                let (_, rest) = paths.guide(maze.walls(), to).expect("a way");
                assert!(length <= straight(to) + rest + 1e-6, "{from:?} by way of {to:?}");
            }
        }
    }
}

fn start(maze: &Maze, seed: u64, trial: u64) -> Point {
    maze.outcome(&maze.start(seed, trial)).path[0].map(f64::from)
}

#[test]
fn a_walk_along_the_demonstration_reaches_the_goal_without_touching_a_wall() {
    let mazes =
        [(carved(4, 1), "4"), (carved(8, 2), "8"), (drawn(HOOK), "hook"), (drawn(RING), "ring")];
    for (maze, name) in mazes {
        let planned = Paths::new(maze.walls(), maze.goal(), TURN);
        let mut ratios = 0.0;
        for trial in 0..500 {
            let walk = guided(&maze, 7, trial);
            assert!(walk.reached && walk.collisions == 0, "{name}, {trial}: {walk:?}");
            assert_eq!(walk.path.len(), walk.steps + 1);
            assert!(walk.length >= walk.shortest - 1e-9, "{name}, {trial}: none is shorter");
            // As long as planned, but for the last step, which may end inside the goal, and for
            // the part of a step by which each corner is overshot: two corners per cell at most.
            let from = walk.path[0].map(f64::from);
            let (_, length) = planned.guide(maze.walls(), from).expect("a way");
            let over = walk.length - (length - maze::GOAL);
            assert!(over < 0.05 * (1.0 + 2.0 * length), "{name}, {trial}: {over} over {length}");
            ratios += walk.length / walk.shortest / 500.0;
        }
        println!("{name}: the path is {ratios:.3} times the shortest");
        // From the far room of the hook, where it is most, (1.92 − 0.25) / (1.64 − 0.25) = 1.20.
        assert!(ratios < 1.15, "{name}: {ratios}");
    }
}

#[test]
fn a_standing_walker_is_given_up_and_a_goal_ends_a_walk() {
    let maze = carved(4, 1);
    let mut agent = maze.start(1, 0);
    while !maze.ended(&agent) {
        maze.act(&mut agent, &[0.0, f32::NAN]);
    }
    let walk = maze.outcome(&agent);
    assert_eq!((walk.reached, walk.steps, walk.length), (false, maze.limit(), 0.0));
    let mut agent = maze.stand(maze.goal());
    assert!(maze.ended(&agent) && maze.outcome(&agent).shortest == 0.0);
    maze.act(&mut agent, &[1.0, 0.0]);
    assert_eq!(maze.outcome(&agent).steps, 0);
}

#[test]
fn speed_is_clipped_and_walls_let_slide() {
    let maze = drawn(HOOK);
    let last = |agent: &maze::Agent| *maze.outcome(agent).path.last().expect("a place");
    let mut agent = maze.stand([0.5, 0.5]);
    maze.act(&mut agent, &[0.0, 0.5]);
    maze.act(&mut agent, &[0.0, 40.0]);
    assert_eq!(last(&agent), [0.5, 0.575]);
    // Down and to the right: the wall at x = 1 holds the walker at 0.9, and it goes on down.
    (0..10).for_each(|_| maze.act(&mut agent, &[0.8, 0.6]));
    let walk = maze.outcome(&agent);
    close(f64::from(last(&agent)[0]), 0.9, 1e-6);
    close(f64::from(last(&agent)[1]), 0.575 + 10.0 * 0.03, 1e-6);
    // 0.4 to the right in steps of 0.04: the tenth ends at the wall, and no more.
    assert_eq!((walk.steps, walk.collisions), (12, 0));
    close(walk.length, 0.075 + 10.0 * 0.05, 1e-7);
    maze.act(&mut agent, &[0.8, 0.6]);
    assert_eq!(maze.outcome(&agent).collisions, 1);
    close(maze.outcome(&agent).length, 0.075 + 10.0 * 0.05 + 0.03, 1e-7);
}

#[test]
fn no_wall_is_ever_crossed() {
    for (seed, step) in [(1, 0.05), (2, 0.4), (3, 3.0)] {
        let maze = carved(4, seed);
        let walls = maze.walls();
        let mut chance = stream(seed, "test/wander", 0);
        let mut position = start(&maze, 1, 0);
        let mut stops = 0;
        for _ in 0..10_000 {
            let by = [0; 2].map(|_| {
                let draw: f64 = StandardNormal.sample(&mut chance);
                step * draw
            });
            let (reached, stopped) = walls.advance(position, by, RADIUS);
            // The path: along x and then y, or the other way round. One of the two meets no wall,
            // by another test, and ends clear of all of them.
            let gap = |p: Point, low: Point, high: Point| {
                (0..2).map(|k| (low[k] - p[k]).max(p[k] - high[k])).fold(-1.0, f64::max)
            };
            let free = |bend: Point| {
                walls.segments().iter().all(|&[low, high]| {
                    let parts = [(position, bend), (bend, reached)];
                    parts.iter().all(|&(a, b)| {
                        !crosses(a, b, low, high) && gap(b, low, high) > RADIUS - 1e-9
                    })
                })
            };
            let bends = [[reached[0], position[1]], [position[0], reached[1]]];
            assert!(bends.into_iter().any(free), "{position:?} to {reached:?}");
            stops += usize::from(stopped);
            position = reached;
        }
        assert!(stops > 1_000, "walls were met {stops} times");
    }
}

/// Whether the axis-parallel way from `a` to `b` crosses the wall from `low` to `high`: by the signs
/// of the areas that each one's ends make with the other.
fn crosses(a: Point, b: Point, low: Point, high: Point) -> bool {
    let side = |p: Point, q: Point, r: Point| {
        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    };
    side(a, b, low) * side(a, b, high) < 0.0 && side(low, high, a) * side(low, high, b) < 0.0
}

#[test]
fn sensors_measure_a_box_exactly() {
    // One room of 2 × 1 cells without a wall between; the walls are at 0 and 2, 0 and 1.
    let maze = drawn("#####\n#  G#\n#####\n");
    let mut sensed = [0.0f32; 10];
    maze.sense(&maze.stand([0.7, 0.4]), &mut sensed);
    // To the right: 1.3, clipped at 1. Slanting: the nearer of the two walls, times √2.
    let wanted =
        [1.0, 0.6 * SQRT_2, 0.6, 0.6 * SQRT_2, 0.7, 0.4 * SQRT_2, 0.4, 0.4 * SQRT_2, 0.4, 0.05];
    for (found, wanted) in sensed.into_iter().zip(wanted) {
        close(f64::from(found), wanted, 1e-6);
    }
    // In the hook, from the middle of the left room: the wall between, and over its end.
    let maze = drawn(HOOK);
    maze.sense(&maze.stand([0.8, 0.9]), &mut sensed);
    // Down and to the right past the wall's end at (1, 1): 1.2 to the right wall, clipped at 1.
    let wanted = [0.2, 1.0, 1.0, 0.8 * SQRT_2, 0.8, 0.8 * SQRT_2, 0.9, 0.2 * SQRT_2];
    for (direction, wanted) in wanted.into_iter().enumerate() {
        close(f64::from(sensed[direction]), wanted.min(1.0), 1e-6);
    }
    close(f64::from(sensed[8]), 0.35, 1e-6);
    close(f64::from(sensed[9]), -0.2, 1e-6);
}

#[test]
fn a_carved_maze_has_one_way_between_any_two_cells() {
    for (size, seed) in [(2, 0), (4, 1), (4, 2), (9, 3)] {
        let drawing = carved(size, seed).walls().drawing();
        let lines: Vec<Vec<char>> = drawing.lines().map(|line| line.chars().collect()).collect();
        // A graph of n cells that is connected (else it could not be read) with n − 1 ways is a tree.
        let ways = (1..2 * size).flat_map(|line| (1..2 * size).map(move |column| (line, column)));
        let ways = ways.filter(|(line, column)| (line + column) % 2 == 1);
        let open = ways.filter(|&(line, column)| lines[line][column] == ' ').count();
        assert_eq!(open, size * size - 1);
        assert_eq!(&Walls::drawn(&drawing, "here").expect("connected"), carved(size, seed).walls());
    }
    assert_ne!(carved(4, 1).walls(), carved(4, 2).walls());
}

#[test]
fn demonstrations_point_along_the_way_and_end_at_the_goal() {
    let maze = carved(4, 1);
    let trials = maze.trials(Purpose::Training, 1, 0, 200);
    let mut ended = 0;
    for trial in 0..trials.count {
        let mut position: Option<Point> = None;
        let mut over = false;
        for step in 0..trials.steps {
            let drive = at(&trials.drive, &trials, 10, trial, step);
            let target = at(&trials.targets, &trials, 2, trial, step);
            let weight = at(&trials.weights, &trials, 1, trial, step)[0];
            over |= weight == 0.0;
            if over {
                assert!(weight == 0.0 && drive.iter().chain(&target).all(|x| *x == 0.0));
                continue;
            }
            let here = [maze.goal()[0] - 4.0 * drive[8], maze.goal()[1] - 4.0 * drive[9]];
            close(target[0].hypot(target[1]), 1.0, 1e-6);
            let goes = maze.demonstration(&maze.stand(here));
            let along = f64::from(goes[0]) * target[0] + f64::from(goes[1]) * target[1];
            // The place is known to float32 only, which near a bend turns the direction a little.
            assert!(along > 0.95, "trial {trial}, step {step}: {target:?} and {goes:?}");
            if let (Some(before), 0) = (position, trial % 2) {
                close((here[0] - before[0]).hypot(here[1] - before[1]), 0.05, 1e-5);
            }
            position = Some(here);
        }
        ended += usize::from(over);
    }
    assert!((20..180).contains(&ended), "{ended} of 200 came to the goal");
}

#[test]
fn starts_are_the_seed_s_and_outside_the_goal_s_cell() {
    let maze = carved(4, 1);
    let places: Vec<Point> = (0..400).map(|trial| start(&maze, 3, trial)).collect();
    assert_eq!(places[7], start(&maze, 3, 7));
    assert_ne!(places[7], start(&maze, 4, 7));
    let mut cells = [0; 16];
    for [x, y] in places {
        cells[y as usize * 4 + x as usize] += 1;
        let free = |v: f64| (RADIUS - 1e-6..=1.0 - RADIUS + 1e-6).contains(&v.fract());
        assert!(free(x) && free(y), "({x}, {y})");
    }
    assert_eq!(cells[15], 0);
    // 400 starts over 15 cells: 26.7 ± 5 each.
    assert!(cells[..15].iter().all(|count| (6..=47).contains(count)), "{cells:?}");
}

#[test]
fn a_drawing_with_no_way_through_is_refused_with_its_place() {
    let error = |drawing: &str| Walls::drawn(drawing, "maze.txt").expect_err("no maze");
    let refused = |drawing: &str, place: &str, what: &str, remedy: &str| {
        let error = error(drawing);
        let text = error.to_string();
        assert!(text.starts_with(place) && text.contains(what), "{text}");
        let said = error.remedy_text().expect("a remedy");
        assert!(said.contains(remedy), "{said}");
    };
    // The cell in the second row and first column has walls to all sides.
    let walled = "#####\n#  G#\n### #\n# # #\n#####";
    refused(walled, "maze.txt, line 4, column 2: ", "a way from every cell", "open a wall");
    refused("#####\n# #G#\n#####", "maze.txt, line 2, column 2: ", "way", "open a wall");
    refused("#####\n#    \n#####", "maze.txt, line 2, column 5: ", "a wall", "close the maze");
    refused("#####\n#   #\n#####", "maze.txt: ", "found 0", "put a G");
    refused("#####\n#G G#\n#####", "maze.txt: ", "found 2", "put a G");
    refused("#####\n#xG #\n#####", "maze.txt, line 2, column 2: ", "'x'", "cells stand");
    refused("#####\n# xG#\n#####", "maze.txt, line 2, column 3: ", "'x'", "form");
    refused("####\n# G#\n####", "maze.txt: ", "3 lines of at most 4", "draw");
    refused("###\n#G#\n###", "maze.txt: ", "3 lines of at most 3", "draw");
    refused("", "maze.txt: ", "0 lines", "draw");
    let settings = maze::Settings { drawing: Some(walled.into()), ..Default::default() };
    let error = Maze::new(&settings).expect_err("no way").to_string();
    assert!(error.starts_with("tasks.maze.drawing, line 4, column 2: "), "{error}");
}

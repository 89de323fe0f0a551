//! The stationary law of one neuron, by the transition operator on a grid of panels.
//!
//! Place in the flow: under [`neuron`](super::neuron), which says what the neuron is.
//!
//! # Method
//! A step takes a function `q` of the state to `(T q)(h) = E[q(h') | h]`. Under `T` functions stay
//! smooth, also where the law of `h'` does not: a ReLU with noise inside is silent with probability
//! `Phi(-z)` and then `h' = (1-g) h` exactly, an atom of the law and a plain term of `T`. So `T` is
//! written on functions, not on densities: `q` by its values on Chebyshev points in panels, `(T q)`
//! at each of these by quadrature over `xi`, with `q` interpolated at every `h'`. The stationary
//! law is the left eigenvector of that matrix, `p T = p`, `Σ p = 1`: weights `p` with which the
//! mean of every smooth function is `Σ p q`.
//!
//! Panels are no longer than twice the scale on which `T` makes features, and break at the kink
//! where nothing smooths it (ReLU, noise outside). With 12 points each, mean and variance are right
//! to about 1e-8 of the standard deviation and its square.

use std::f64::consts::PI;

use super::activation::strip;
use super::linear::solve;
use super::neuron::Neuron;
use super::{Nonlinearity, Site, normal};

/// Points per panel.
const POINTS: usize = 12;
/// Panels, at least and at most.
const PANELS: (usize, usize) = (6, 80);
/// Points over `xi` above the kink.
const ABOVE: usize = 48;
/// The largest |xi| that quadratures look at: beyond lies a share of 2e-17.
const REACH: f64 = 8.5;
/// The largest |xi| that, drawn again and again, leads to the ends of the grid.
const KICK: f64 = 7.0;
/// Steps of the search for the ends.
const STEPS: usize = 5_000;

/// Points of the state and their weights: `E q(h) = Σ weight · q(point)` for smooth `q`. `None`
/// where there is no stationary law, or none that the grid could resolve. `noise` is above 0.
pub(super) fn stationary(neuron: &Neuron, noise: f64) -> Option<Vec<(f64, f64)>> {
    let grid = Grid::new(neuron, noise)?;
    let n = grid.points.len();
    let rule = rule(neuron, noise);
    // (T - 1) transposed, the last equation replaced by Σ p = 1.
    let mut matrix = vec![0.0; n * n];
    for (from, h) in grid.points.iter().enumerate() {
        for (to, weight) in destinations(neuron, noise, *h, &rule) {
            grid.interpolate(to, |at, part| matrix[at * n + from] += weight * part);
        }
        matrix[from * n + from] -= 1.0;
    }
    matrix[(n - 1) * n..].fill(1.0);
    let mut right = vec![0.0; n];
    right[n - 1] = 1.0;
    let weights = solve(n, &mut matrix, right)?;
    Some(grid.points.into_iter().zip(weights).collect())
}

/// Points and weights over `xi`: over [0, 1] for a ReLU with noise inside, whose range depends on
/// the state, over the whole line otherwise.
fn rule(neuron: &Neuron, noise: f64) -> Vec<(f64, f64)> {
    match (neuron.nonlinearity, neuron.site) {
        (Nonlinearity::Relu, Site::Inside) => normal::legendre(ABOVE)
            .into_iter()
            .map(|(x, weight)| (0.5 * (x + 1.0), 0.5 * weight))
            .collect(),
        (f, Site::Inside) => normal::rule(strip(f, noise)),
        (_, Site::Outside) => normal::rule(f64::INFINITY),
    }
}

/// Where a step from `h` leads, with weights that add up to 1.
fn destinations(neuron: &Neuron, noise: f64, h: f64, rule: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let rectified = neuron.nonlinearity == Nonlinearity::Relu && neuron.site == Site::Inside;
    let mut to: Vec<(f64, f64)> = if rectified {
        let kink = -(neuron.weight * h + neuron.bias) / noise;
        let low = kink.clamp(-REACH, REACH);
        let above = rule.iter().map(|(x, weight)| {
            let xi = low + (REACH - low) * x;
            (neuron.step(h, noise, xi), (REACH - low) * weight * normal::density(xi))
        });
        let silent = ((1.0 - neuron.rate) * h, normal::distribution(kink));
        std::iter::once(silent).chain(above).collect()
    } else {
        rule.iter().map(|(xi, weight)| (neuron.step(h, noise, *xi), *weight)).collect()
    };
    let sum: f64 = to.iter().map(|(_, weight)| weight).sum();
    to.iter_mut().for_each(|(_, weight)| *weight /= sum);
    to
}

/// Chebyshev points in panels.
struct Grid {
    edges: Vec<f64>,
    points: Vec<f64>,
}

impl Grid {
    fn new(neuron: &Neuron, noise: f64) -> Option<Self> {
        let (low, high) = ends(neuron, noise)?;
        let kink = -neuron.bias / neuron.weight;
        let breaks = neuron.nonlinearity == Nonlinearity::Relu
            && neuron.site == Site::Outside
            && low < kink
            && kink < high;
        let widest = 2.0 * scale(neuron, noise, breaks);
        let mut edges = vec![low];
        for end in if breaks { vec![kink, high] } else { vec![high] } {
            let start = edges[edges.len() - 1];
            let least =
                (PANELS.0 as f64 * (end - start) / (high - low)).max((end - start) / widest);
            let count = least.ceil().max(1.0);
            if count > PANELS.1 as f64 {
                return None;
            }
            let edge = |at: usize| start + (end - start) * at as f64 / count;
            edges.extend((1..count as usize).map(edge));
            edges.push(end);
        }
        let panel = |pair: &[f64]| {
            let (middle, half) = (0.5 * (pair[0] + pair[1]), 0.5 * (pair[1] - pair[0]));
            (0..POINTS).map(move |at| middle - half * angle(at).cos())
        };
        let points = edges.windows(2).flat_map(panel).collect();
        (edges.len() <= PANELS.1 + 1).then_some(Self { edges, points })
    }

    /// Tells `take` the points and the parts with which they make the value at `h`; beyond the
    /// ends, of which no more than 1e-12 comes, the value is that of the end.
    fn interpolate(&self, h: f64, mut take: impl FnMut(usize, f64)) {
        let last = self.edges.len() - 1;
        let h = h.clamp(self.edges[0], self.edges[last]);
        let panel = self.edges[1..last].partition_point(|edge| *edge <= h);
        let first = panel * POINTS;
        let points = &self.points[first..first + POINTS];
        let mut parts = [0.0; POINTS];
        for (at, point) in points.iter().enumerate() {
            if h == *point {
                return take(first + at, 1.0);
            }
            // The barycentric weights of Chebyshev's points of the first kind.
            let sign = if at % 2 == 0 { 1.0 } else { -1.0 };
            parts[at] = sign * angle(at).sin() / (h - point);
        }
        let sum: f64 = parts.iter().sum();
        parts.iter().enumerate().for_each(|(at, part)| take(first + at, part / sum));
    }
}

fn angle(at: usize) -> f64 {
    PI * (at as f64 + 0.5) / POINTS as f64
}

/// The length on which a step makes features in a function of the state.
fn scale(neuron: &Neuron, noise: f64, kinked: bool) -> f64 {
    let per_weight = |length: f64| length / neuron.weight.abs();
    match (neuron.nonlinearity, neuron.site) {
        // Phi((w h + b) / s).
        (Nonlinearity::Relu, Site::Inside) => per_weight(noise),
        // A kink one step earlier, smoothed by the noise and stretched by the step.
        (Nonlinearity::Relu, Site::Outside) if kinked => {
            let silent = 1.0 - neuron.rate;
            let slope = silent.max((silent + neuron.rate * neuron.weight).abs());
            neuron.rate * noise / slope.max(f64::MIN_POSITIVE)
        }
        (Nonlinearity::Relu, Site::Outside) => f64::INFINITY,
        (_, Site::Inside) => per_weight(noise.max(1.0)),
        (_, Site::Outside) => per_weight(1.0),
    }
}

/// The ends that kicks of [`KICK`] standard deviations, one after another, lead to; `None` where
/// there is no end.
fn ends(neuron: &Neuron, noise: f64) -> Option<(f64, f64)> {
    // From where it rests without noise, or the orbit that it ends in.
    let mut h = 0.0;
    (0..STEPS).for_each(|_| h = neuron.step(h, 0.0, 0.0));
    let (mut low, mut high) = (h, h);
    for _ in 0..64 {
        h = neuron.step(h, 0.0, 0.0);
        (low, high) = (low.min(h), high.max(h));
    }
    let kink = -neuron.bias / neuron.weight;
    for _ in 0..STEPS {
        let width = high - low;
        let between = |at: usize| low + width * at as f64 / 32.0;
        let states: Vec<f64> = (0..=32).map(between).chain([kink.clamp(low, high)]).collect();
        let (before_low, before_high) = (low, high);
        for state in states.into_iter().filter(|state| state.is_finite()) {
            low = low.min(neuron.step(state, noise, -KICK));
            high = high.max(neuron.step(state, noise, KICK));
        }
        if !(low.is_finite() && high.is_finite()) {
            return None;
        }
        if before_low - low + high - before_high <= 1e-3 * width {
            return Some((low, high));
        }
    }
    None
}

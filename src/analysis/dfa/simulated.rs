//! `F(n)` of many self-similar traces under one plan: how measured numbers scatter is read off them.
//!
//! Place in the flow: over [`fast`]; [`super::interval`] and `analysis::controls::crossover`
//! calibrate with it.
//!
//! # Memory
//! The results, and per thread [`TOGETHER`] traces with what measuring them takes. Buffers are made
//! once per thread, not per trace.

use rayon::prelude::*;

use super::fast::{self, Scratch};
use super::plan::DfaPlan;
use crate::signal::fractional::{Circle, Fractional};

/// Traces that are measured together: a bundle of the fast path on the widest registers.
pub const TOGETHER: usize = 16;

/// Samples of the longest trace that is simulated; longer ones are reduced to it.
pub const LONGEST: usize = 8192;

/// The largest window of a reduced plan is not divided to below this.
const LARGEST_AT_LEAST: f64 = 256.0;

/// How many times shorter than `steps` samples the trace is that stands for them, and by how much
/// windows up to `largest` are divided for it.
pub fn reduction(steps: usize, largest: f64) -> (f64, f64) {
    let shortening = steps as f64 / LONGEST as f64;
    (shortening, shortening.min(largest / LARGEST_AT_LEAST).max(1.0))
}

/// A thread's buffers.
#[derive(Default)]
struct Buffers {
    traces: Vec<f32>,
    circle: Circle,
    scratch: Scratch,
}

/// `F(n)` of `count` traces (rounded up to a multiple of [`TOGETHER`]) of each of `alphas`: per
/// exponent, traces × sizes. Trace pair `p` of exponent `i` has the stream `(seed, name, i·2³² + p)`.
pub fn fluctuations(
    plan: &DfaPlan,
    alphas: &[f64],
    count: usize,
    (seed, name): (u64, &str),
) -> Vec<Vec<f64>> {
    let (steps, sizes) = (plan.steps(), plan.sizes().len());
    let makers = Fractional::family(steps, alphas);
    let count = count.next_multiple_of(TOGETHER);
    let mut found = vec![vec![0.0; count * sizes]; alphas.len()];
    let groups: Vec<(u64, &Fractional, &mut [f64])> = found
        .iter_mut()
        .zip(&makers)
        .enumerate()
        .flat_map(|(i, (found, maker))| {
            let groups = found.chunks_exact_mut(TOGETHER * sizes).enumerate();
            let first = move |group| ((i as u64) << 32) + (group * TOGETHER / 2) as u64;
            groups.map(move |(group, out)| (first(group), maker, out))
        })
        .collect();
    groups.into_par_iter().for_each_init(Buffers::default, |buffers, (first, maker, out)| {
        let Buffers { traces, circle, scratch } = buffers;
        traces.resize(TOGETHER * steps, 0.0);
        for (pair, samples) in (first..).zip(traces.chunks_exact_mut(2 * steps)) {
            let (left, right) = samples.split_at_mut(steps);
            maker.draw(seed, name, pair, circle, [left, right]);
        }
        fast::fluctuations_of(traces, plan, scratch, out);
    });
    found
}

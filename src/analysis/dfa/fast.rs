//! The fast CPU path: DFA in f64, vectorised across traces, in parallel over cores.
//!
//! Place in the flow: what users without a GPU run, behind [`super::Path::Cpu`]. Not a twin: it owes the
//! shaders nothing and is held to the oracle like they are.
//!
//! Traces are taken `WIDTH` at a time and interleaved, sample by sample, so that every operation below works
//! on `WIDTH` traces at once and needs no shuffling, no tails and no horizontal sums. Per group:
//!
//! 1. the profile `Y` of `x - x_0` in f64 (the difference of two `f32` is exact, and the missing mean is a
//!    linear term that every window's fit absorbs), led by a zero;
//! 2. per window the bridge `d_t = Y_t - Y_start - t·(Y_end - Y_start)/n`, `t = 1 .. n`: taking the chord out
//!    first keeps the digits that a single pass over raw powers loses;
//! 3. from `Σd`, `Σ(t - c)d`, `Σd²` the residual `Σd² - (Σd)²/n - (Σ(t - c)d)²/s`, `s = n(n² - 1)/12`.
//!
//! A constant stretch gives `d = 0` exactly. Measured against the oracle in `tests/dfa_answers.rs`.

use pulp::Arch;
use rayon::prelude::*;

use super::plan::{DfaPlan, WindowSize};
use crate::signal::Traces;

/// Traces worked on at once: one AVX-512 register of f64, two of AVX2, four of SSE2 or NEON.
const WIDTH: usize = 8;

/// `F(n)` of every trace, rows × sizes. Rows with NaN or infinity come out as NaN.
pub fn fluctuations(traces: &Traces, plan: &DfaPlan) -> Vec<f64> {
    let sizes = plan.sizes().len();
    let mut result = vec![0.0; traces.rows() * sizes];
    let arch = Arch::new();
    // A lone trace gains nothing from company: below half a group each goes by itself.
    if traces.rows() <= WIDTH / 2 {
        result
            .par_chunks_mut(sizes)
            .zip(traces.values().par_chunks(traces.steps()))
            .for_each(|(out, rows)| arch.dispatch(|| group::<1>(rows, plan, out)));
    } else {
        result
            .par_chunks_mut(WIDTH * sizes)
            .zip(traces.values().par_chunks(WIDTH * traces.steps()))
            .for_each(|(out, rows)| arch.dispatch(|| group::<WIDTH>(rows, plan, out)));
    }
    result
}

/// `F(n)` of up to `W` traces, `rows` (row-major), into `out` (rows × sizes).
#[inline(always)]
fn group<const W: usize>(rows: &[f32], plan: &DfaPlan, out: &mut [f64]) {
    let steps = plan.steps();
    let sizes = plan.sizes().len();
    let profile = profile::<W>(rows, steps);
    for (place, size) in plan.sizes().iter().enumerate() {
        let totals = residuals::<W>(&profile, size);
        let samples = (size.count * size.size) as f64;
        for (row, total) in out.chunks_exact_mut(sizes).zip(totals) {
            row[place] = (total / samples).sqrt();
        }
    }
}

/// The interleaved profiles, `steps + 1` long and led by zeros; absent traces stay zero.
#[inline(always)]
fn profile<const W: usize>(rows: &[f32], steps: usize) -> Vec<[f64; W]> {
    let mut profile = vec![[0.0f64; W]; steps + 1];
    for (lane, row) in rows.chunks_exact(steps).enumerate() {
        let first = f64::from(row[0]);
        let mut level = 0.0;
        for (place, &x) in profile[1..].iter_mut().zip(row) {
            level += f64::from(x) - first;
            place[lane] = level;
        }
    }
    profile
}

/// `Σ r²` over all windows of one size.
#[inline(always)]
fn residuals<const W: usize>(profile: &[[f64; W]], size: &WindowSize) -> [f64; W] {
    let n = size.size as f64;
    let centre = (n + 1.0) / 2.0;
    let (over_count, over_spread) = (1.0 / n, 12.0 / (n * (n * n - 1.0)));
    let mut totals = [0.0f64; W];
    for window in 0..size.count {
        let samples = &profile[window * size.stride..][..size.size + 1];
        let start = samples[0];
        let end = samples[size.size];
        let mut chord = [0.0f64; W];
        for lane in 0..W {
            chord[lane] = (end[lane] - start[lane]) * over_count;
        }
        let (mut sum, mut moment, mut square) = ([0.0f64; W], [0.0f64; W], [0.0f64; W]);
        let mut t = 0.0;
        for sample in &samples[1..] {
            t += 1.0;
            let from_centre = t - centre;
            for lane in 0..W {
                let d = sample[lane] - start[lane] - t * chord[lane];
                sum[lane] += d;
                moment[lane] += from_centre * d;
                square[lane] += d * d;
            }
        }
        for lane in 0..W {
            let fitted =
                sum[lane] * sum[lane] * over_count + moment[lane] * moment[lane] * over_spread;
            // Rounding may leave a hair below zero; `max` would also swallow a NaN.
            let left = square[lane] - fitted;
            totals[lane] += if left < 0.0 { 0.0 } else { left };
        }
    }
    totals
}

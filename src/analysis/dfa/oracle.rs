//! The oracle: DFA in f64, straight from the formula, with nothing done for speed.
//!
//! Place in the flow: every other path (twins, device, fast path) is held to this one in
//! `tests/dfa_answers.rs` and `tests/stages.rs`; this one is held to exact answers and to other
//! codes'.

use super::plan::{DfaPlan, WindowSize};

/// `F(n)` of one trace for every size of the plan, in the trace's unit.
///
/// 1. `y_i = Σ_{j≤i} (x_j - mean(x))`, summed over the whole trace;
/// 2. in each window a least-squares line against `t = 0 .. n-1`, centred;
/// 3. `F(n) = sqrt(Σ r² / (windows · n))` over all windows and samples of the size.
///
/// NaN where the trace holds a NaN or an infinity.
pub fn fluctuations(trace: &[f32], plan: &DfaPlan) -> Vec<f64> {
    let mean = trace.iter().map(|&x| f64::from(x)).sum::<f64>() / trace.len() as f64;
    let mut level = 0.0;
    let profile: Vec<f64> = trace
        .iter()
        .map(|&x| {
            level += f64::from(x) - mean;
            level
        })
        .collect();
    plan.sizes().iter().map(|size| fluctuation(&profile, size)).collect()
}

fn fluctuation(profile: &[f64], size: &WindowSize) -> f64 {
    let residual: f64 =
        (0..size.count).map(|window| residual(&profile[window * size.stride..][..size.size])).sum();
    (residual / (size.count * size.size) as f64).sqrt()
}

/// The sum of squared distances of `window` from its least-squares line.
pub fn residual(window: &[f64]) -> f64 {
    let count = window.len() as f64;
    let centre = (count - 1.0) / 2.0;
    let mean = window.iter().sum::<f64>() / count;
    let (mut moment, mut spread) = (0.0, 0.0);
    for (i, y) in window.iter().enumerate() {
        let t = i as f64 - centre;
        moment += t * (y - mean);
        spread += t * t;
    }
    let slope = moment / spread;
    let distance = |(i, y): (usize, &f64)| y - mean - slope * (i as f64 - centre);
    window.iter().enumerate().map(|sample| distance(sample).powi(2)).sum()
}

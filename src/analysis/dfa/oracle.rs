//! The oracle: DFA in f64, straight from the formula, with nothing done for speed.
//!
//! Place in the flow: every other path (twins, device, fast path) is held to this one in
//! `tests/dfa_answers.rs` and `tests/stages.rs`; this one is held to exact answers and to other
//! codes'.

use super::plan::{DfaPlan, WindowSize};

/// `F(n)` of one trace for every size of the plan, in the trace's unit.
///
/// 1. `y_i = Σ_{j≤i} (x_j - mean(x))`, summed over the whole trace;
/// 2. in each window the least-squares polynomial of the plan's order against `t = 0 .. n-1`;
/// 3. `F(n) = sqrt(Σ r² / (windows · n))` over all windows and samples of the size, or the mean over
///    the windows of `sqrt(Σ r² / n)` where the convention says so.
///
/// NaN where the trace holds a NaN or an infinity. Where the exact answer is 0 though the trace
/// varies (a straight trend at order 2), rounding leaves a small number.
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
    plan.sizes().iter().map(|size| fluctuation(&profile, size, plan)).collect()
}

fn fluctuation(profile: &[f64], size: &WindowSize, plan: &DfaPlan) -> f64 {
    let polynomials = Polynomials::new(size.size, plan.order());
    let samples = size.size as f64;
    let residuals = (0..size.count)
        .map(|window| polynomials.residual(&profile[size.start(window)..][..size.size]));
    if plan.convention().averages_roots() {
        residuals.map(|residual| (residual / samples).sqrt()).sum::<f64>() / size.count as f64
    } else {
        (residuals.sum::<f64>() / (size.count as f64 * samples)).sqrt()
    }
}

/// An orthonormal basis of the polynomials up to a degree on equally spaced samples.
pub struct Polynomials(Vec<Vec<f64>>);

impl Polynomials {
    /// Of degrees 0 to `order` on `samples` samples: Gram–Schmidt on the powers of the distance from
    /// the centre, each made orthogonal twice.
    pub fn new(samples: usize, order: usize) -> Self {
        let centre = (samples as f64 - 1.0) / 2.0;
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for degree in 0..=order {
            let at = |i: usize| ((i as f64 - centre) / centre).powi(degree as i32);
            let mut polynomial: Vec<f64> = (0..samples).map(at).collect();
            for _ in 0..2 {
                basis.iter().for_each(|known| take_out(&mut polynomial, known));
            }
            let norm = polynomial.iter().map(|p| p * p).sum::<f64>().sqrt();
            polynomial.iter_mut().for_each(|p| *p /= norm);
            basis.push(polynomial);
        }
        Self(basis)
    }

    /// The polynomials, lowest degree first, one value per sample.
    pub fn values(&self) -> &[Vec<f64>] {
        &self.0
    }

    /// The sum of squared distances of `window` from its least-squares polynomial.
    pub fn residual(&self, window: &[f64]) -> f64 {
        let mut distances = window.to_vec();
        self.0.iter().for_each(|polynomial| take_out(&mut distances, polynomial));
        distances.iter().map(|distance| distance * distance).sum()
    }
}

/// Takes the part along the unit vector `direction` out of `vector`.
fn take_out(vector: &mut [f64], direction: &[f64]) {
    let along: f64 = vector.iter().zip(direction).map(|(v, d)| v * d).sum();
    vector.iter_mut().zip(direction).for_each(|(v, d)| *v -= along * d);
}

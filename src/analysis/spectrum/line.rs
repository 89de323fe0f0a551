//! Straight lines through points, weighted or not.
//!
//! Place in the flow: under [`super::fit`] and [`super::robust`].

/// A line `y = intercept + slope·x` and the standard error of its slope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub slope: f64,
    pub intercept: f64,
    pub stderr: f64,
}

/// The least-squares line of `y` on `x`, at least 3 points with two different `x`.
pub(super) fn least_squares(x: &[f64], y: &[f64]) -> Line {
    let (slope, intercept, spread) = weighted(x, y, |_| 1.0);
    let scatter: f64 = x.iter().zip(y).map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
    let stderr = (scatter / (x.len() - 2) as f64 / spread).sqrt();
    Line { slope, intercept, stderr }
}

/// `(slope, intercept, Σ w (x - mean)²)` of the least-squares line in which point `i` weighs
/// `weight(i)`.
pub(super) fn weighted(x: &[f64], y: &[f64], weight: impl Fn(usize) -> f64) -> (f64, f64, f64) {
    let (mut total, mut sum_x, mut sum_y) = (0.0, 0.0, 0.0);
    for (i, (x, y)) in x.iter().zip(y).enumerate() {
        let w = weight(i);
        total += w;
        sum_x += w * x;
        sum_y += w * y;
    }
    let (mean_x, mean_y) = (sum_x / total, sum_y / total);
    let (mut spread, mut together) = (0.0, 0.0);
    for (i, (x, y)) in x.iter().zip(y).enumerate() {
        let w = weight(i) * (x - mean_x);
        spread += w * (x - mean_x);
        together += w * (y - mean_y);
    }
    let slope = together / spread;
    (slope, mean_y - slope * mean_x, spread)
}

//! What `F²(n)` is on average over self-similar Gaussian noise, exactly.
//!
//! Place in the flow: [`super::interval`] knows by it what small windows add to an exponent.

use std::collections::BTreeMap;

use realfft::RealFftPlanner;

use super::oracle::Polynomials;

/// From this size on `E F²` goes on as the power law it has reached.
const POWER_LAW_FROM: usize = 4096;

/// Sums of the projection off polynomials along its diagonals, for each of some sizes: what
/// `E F²(n)` needs besides the covariance. Do not depend on the exponent, the trace's length or how
/// windows lie.
pub struct Diagonals {
    sizes: Vec<usize>,
    /// Per size up to [`POWER_LAW_FROM`], and for that or the largest one below, the sums at lags 1
    /// and on.
    sums: BTreeMap<usize, Vec<f64>>,
}

impl Diagonals {
    /// Of `sizes` at `order`.
    pub fn new(sizes: &[usize], order: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let sums = sizes.iter().map(|&size| size.min(POWER_LAW_FROM));
        let sums = sums.map(|size| (size, diagonals(size, order, &mut planner))).collect();
        Self { sizes: sizes.to_vec(), sums }
    }

    /// `E F²(n)` of the self-similar noise of `alpha` (variance as [`Fractional`] has it) for each
    /// size.
    ///
    /// With `P` the projection off polynomials of the order and `K` the generalised covariance of
    /// the profile, `n·E F² = Σ_ij P_ij K(i - j)`, where `K(h) = -|h|^2alpha / 2` below 1 and
    /// `|h|^2alpha / (2·4^alpha - 8)` above.
    pub fn expected_square(&self, alpha: f64) -> Vec<f64> {
        // At 1 the kernel is 0 after the projection, and so is its unit.
        let alpha = if (alpha - 1.0).abs() < 1e-6 { 1.0 + 1e-6 } else { alpha };
        let power = 2.0 * alpha;
        let unit = if alpha < 1.0 { -0.5 } else { 1.0 / (2.0 * power.exp2() - 8.0) };
        let longest = self.sums.keys().last().copied().unwrap_or(0);
        let kernel: Vec<f64> = (1..=longest).map(|lag| unit * (lag as f64).powf(power)).collect();
        let square = |size: usize| {
            let along = self.sums[&size].iter().zip(&kernel);
            2.0 / size as f64 * along.map(|(sum, k)| sum * k).sum::<f64>()
        };
        let reached = square(longest);
        let beyond = |size: usize| reached * (size as f64 / longest as f64).powf(power);
        self.sizes.iter().map(|&n| if n <= longest { square(n) } else { beyond(n) }).collect()
    }
}

/// `Σ_i P_(i, i+lag)` for the lags `1 .. size - 1`: less the autocorrelations of the orthonormal
/// polynomials, by Fourier transform.
fn diagonals(size: usize, order: usize, planner: &mut RealFftPlanner<f64>) -> Vec<f64> {
    let length = (2 * size).next_power_of_two();
    let (forward, back) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let mut power = back.make_input_vec();
    for polynomial in Polynomials::new(size, order).values() {
        let mut padded = polynomial.clone();
        padded.resize(length, 0.0);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).expect("buffers of the plan's length");
        power.iter_mut().zip(&spectrum).for_each(|(sum, s)| sum.re += s.norm_sqr());
    }
    let mut correlation = back.make_output_vec();
    back.process(&mut power, &mut correlation).expect("buffers of the plan's length");
    correlation[1..size].iter().map(|sum| -sum / length as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::{DfaPlan, Settings, fast};
    use crate::signal::Traces;
    use crate::signal::fractional::Fractional;

    #[test]
    fn the_expected_square_is_what_traces_have() {
        for (alpha, order) in [(0.1, 1), (0.5, 1), (0.9, 2), (1.1, 3), (1.5, 2), (1.9, 1)] {
            let windows = vec![6, 9, 16, 64];
            let expected = Diagonals::new(&windows, order).expected_square(alpha);
            let settings = Settings { windows, order, ..Settings::default() };
            let plan = DfaPlan::new(64, &settings).expect("the windows fit");
            let maker = Fractional::new(64, alpha);
            let rows = 4000;
            let samples = (0..rows).flat_map(|i| maker.pair(8, "test", i)[0].clone()).collect();
            let traces = Traces::new(samples, 64).expect("whole traces");
            let found = fast::fluctuations(&traces, &plan);
            for (at, expected) in expected.iter().enumerate() {
                let squares = found.chunks_exact(4).map(|f| f[at] * f[at]);
                let (sum, sum_of_squares) =
                    squares.fold((0.0, 0.0), |(a, b), f| (a + f, b + f * f));
                let mean = sum / rows as f64;
                let error = ((sum_of_squares / rows as f64 - mean * mean) / rows as f64).sqrt();
                assert!((mean - expected).abs() < 5.0 * error, "{alpha} {at}: {mean} {expected}");
            }
        }
    }

    #[test]
    fn the_power_law_is_reached() {
        for alpha in [0.1, 0.5, 0.9, 1.1, 1.5, 1.9] {
            for order in 1..=3 {
                let squares = Diagonals::new(&[2048, 4096, 8192], order).expected_square(alpha);
                for pair in squares.windows(2) {
                    let slope = (pair[1] / pair[0]).log2() / 2.0;
                    assert!((slope - alpha).abs() < 3e-3, "{alpha}, order {order}: {slope}");
                }
            }
        }
    }
}

//! The standard normal distribution: density, distribution, and expectations by quadrature.
//!
//! Place in the flow: what the closed forms and the quadratures of this module share.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use statrs::function::erf::erfc;

/// `1/√(2 pi)`.
pub(super) const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;
/// Half the range of [`rule`]: beyond lies a share of 2e-19.
const REACH: f64 = 9.0;
/// The finest spacing of [`rule`]: 6,000 points.
const FINEST: f64 = 0.003;

/// The density `phi(x)`.
pub(super) fn density(x: f64) -> f64 {
    DENSITY_AT_ZERO * (-0.5 * x * x).exp()
}

/// The distribution `Phi(x)`, with all its digits in the lower tail.
pub(super) fn distribution(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

/// Points and weights of `E f(xi)` for an `f` that is analytic in the strip |Im xi| < `strip`.
///
/// The trapezoidal rule, whose error for such functions is `2 e^(a²/2 - 2 pi a/spacing)`, `a` the
/// strip (Trefethen & Weideman, SIAM Review 56, 385, 2014): the spacing makes it 1e-15 of the
/// largest `|f|` in the strip. Gauss and Hermite's points would be fewer where `f` is nearly a
/// polynomial and gain a digit per doubling where `f` is nearly a kink; these gain all of them.
pub(super) fn rule(strip: f64) -> Vec<(f64, f64)> {
    let strip = strip.min(4.0);
    let spacing = (2.0 * PI * strip / (36.0 + 0.5 * strip * strip)).max(FINEST);
    let half = (REACH / spacing).ceil() as i32;
    (-half..=half)
        .map(|at| {
            let x = f64::from(at) * spacing;
            (x, spacing * density(x))
        })
        .collect()
}

/// Gauss and Legendre's points and weights on [-1, 1]: exact for polynomials of degree
/// `2 count - 1`. By Newton's method on Legendre's polynomial, from the cosines near its zeros.
pub(super) fn legendre(count: usize) -> Vec<(f64, f64)> {
    let order = count as f64;
    (0..count)
        .map(|at| {
            let mut x = (PI * (at as f64 + 0.75) / (order + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..10 {
                let (mut value, mut before) = (1.0, 0.0);
                for k in 1..=count {
                    let k = k as f64;
                    (value, before) =
                        (((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k, value);
                }
                slope = order * (x * value - before) / (x * x - 1.0);
                x -= value / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

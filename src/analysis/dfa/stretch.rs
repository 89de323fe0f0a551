//! Twin of `shaders/shared/{stretch,leaf_higher,node_higher}.wgsl`: a stretch of profile summarised
//! by its least-squares parabola or cubic, and how two are joined.
//!
//! Place in the flow: [`super::detrend`] folds the pieces of a window with it, as with
//! [`super::block`] at order 1.
//!
//! A stretch of `k` samples is described against `u = 2(i - centre)/k` on the polynomials that are
//! orthogonal on its samples (Gram, or discrete Chebyshev, polynomials):
//!
//! ```text
//! Q0 = 1   Q1 = u   Q2 = u² - (1 - 1/k²)/3   Q3 = u³ - u(3 - 7/k²)/5
//! mean squares: 1   (1-1/k²)/3   (4/45)(1-1/k²)(1-4/k²)   (4/175)(1-1/k²)(1-4/k²)(1-9/k²)
//! ```
//!
//! so that coefficients have the unit of the profile and neither overflow nor vanish. To join A and
//! B, the line through their two means is taken out of both; the polynomials of the whole are
//! expanded in those of each part (`u = share·u' ∓ other`), which gives the projection of both parts
//! on the whole and, part by part, how far the whole's polynomial misses the part's. The residual
//! grows by the squares of these misses: as at order 1, no digits cancel.

use super::summary::{Rest, Summary};

/// `k` samples of a profile that starts from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stretch {
    /// `k`.
    pub count: f32,
    /// The profile's last value.
    pub sum: f32,
    /// Its sum of squared distances from the polynomial.
    pub residual: f32,
    /// The polynomial, on `Q0` to `Q3`.
    pub coefficients: [f32; 4],
}

/// The share of what the three degrees took out of the windows of a size that their residuals must
/// reach: what [`super::block::DOUBT`] is for lines, and for five digits of `F`. `DOUBT` in the shader.
///
/// Measured as there: F was off by 7e-6 at most where more was left, by 1.4e-5 down to a third of that,
/// by 4e-4 down to a hundredth. Less is left of smooth traces (integrated noises, waves of 50 windows
/// without noise) and of noise on a trend of ten thousand times its size.
pub const DOUBT: f32 = 1e-4;

/// Mean squares of the four polynomials over `count` samples; 0 where those are too few for the
/// degree, and above `order`.
pub fn mean_squares(count: f32, order: u32) -> [f32; 4] {
    let square = count * count;
    let first = (square - 1.0) / square;
    let second = first * ((square - 4.0) / square);
    let third = if order > 2 { second * ((square - 9.0) / square) } else { 0.0 };
    [1.0, first / 3.0, second * (4.0 / 45.0), third * (4.0 / 175.0)]
}

/// `numerator / denominator`, 0 where that is 0.
pub fn divide(numerator: f32, denominator: f32) -> f32 {
    if denominator > 0.0 { numerator / denominator } else { 0.0 }
}

/// The polynomials of a whole on one of its two parts, in the part's own.
struct Expansion {
    first: [f32; 2],
    second: [f32; 3],
    third: [f32; 4],
}

/// `share` of the whole's `count` samples is in this part, `other` in the other; `side` is -1 for
/// the left part, 1 for the right.
fn expand(share: f32, other: f32, side: f32, count: f32) -> Expansion {
    let offset = side * other;
    let square = share * share;
    let distance = other * other;
    Expansion {
        first: [offset, share],
        second: [other * (3.0 * other - 1.0 - share) / 3.0, 2.0 * share * offset, square],
        third: [
            offset * (square + distance - 0.6 + 0.4 / (count * count)),
            share * other * (3.0 * other - 0.6 * (1.0 + share)),
            3.0 * square * offset,
            square * share,
        ],
    }
}

impl Expansion {
    /// What a part with coefficients `c` of `Q1` to `Q3` adds to the whole's.
    fn project(&self, c: [f32; 3], squares: [f32; 4]) -> [f32; 3] {
        let weighed = [c[0] * squares[1], c[1] * squares[2], c[2] * squares[3]];
        [
            self.first[1] * weighed[0],
            self.second[1] * weighed[0] + self.second[2] * weighed[1],
            self.third[1] * weighed[0] + self.third[2] * weighed[1] + self.third[3] * weighed[2],
        ]
    }

    /// Mean squared distance on a part between its polynomial `c` and the whole's `w`.
    fn distance(&self, c: [f32; 3], w: [f32; 3], squares: [f32; 4]) -> f32 {
        let Self { first, second, third } = self;
        let miss = [
            -(first[0] * w[0] + second[0] * w[1] + third[0] * w[2]),
            c[0] - (first[1] * w[0] + second[1] * w[1] + third[1] * w[2]),
            c[1] - (second[2] * w[1] + third[2] * w[2]),
            c[2] - third[3] * w[2],
        ];
        miss[0] * miss[0] * squares[0]
            + miss[1] * miss[1] * squares[1]
            + miss[2] * miss[2] * squares[2]
            + miss[3] * miss[3] * squares[3]
    }
}

/// The stretch `a` followed by the stretch `b`, at `order` 2 or 3.
pub fn join(a: Stretch, b: Stretch, order: u32) -> Stretch {
    if a.count == 0.0 {
        return b;
    }
    if b.count == 0.0 {
        return a;
    }
    let count = a.count + b.count;
    let (left, right) = (a.count / count, b.count / count);
    let rise = b.coefficients[0] + a.sum - a.coefficients[0];
    let [_, a1, a2, a3] = a.coefficients;
    let [_, b1, b2, b3] = b.coefficients;
    let (bent_a, bent_b) = ([a1 - rise * left, a2, a3], [b1 - rise * right, b2, b3]);
    let (squares_a, squares_b) = (mean_squares(a.count, order), mean_squares(b.count, order));
    let on_a = expand(left, right, -1.0, count);
    let on_b = expand(right, left, 1.0, count);
    let (from_a, from_b) = (on_a.project(bent_a, squares_a), on_b.project(bent_b, squares_b));
    let squares = mean_squares(count, order);
    let whole = [0, 1, 2].map(|i| divide(left * from_a[i] + right * from_b[i], squares[i + 1]));
    Stretch {
        count,
        sum: a.sum + b.sum,
        residual: a.residual
            + b.residual
            + a.count * on_a.distance(bent_a, whole, squares_a)
            + b.count * on_b.distance(bent_b, whole, squares_b),
        coefficients: [a.coefficients[0] + rise * right, rise + whole[0], whole[1], whole[2]],
    }
}

/// The four polynomials at sample `i` of `count`.
fn polynomials(i: usize, count: f32) -> [f32; 4] {
    let square = count * count;
    let u = (2.0 * i as f32 + 1.0 - count) / count;
    [
        1.0,
        u,
        u * u - (square - 1.0) / (3.0 * square),
        u * (u * u - (3.0 * square - 7.0) / (5.0 * square)),
    ]
}

impl Summary for Stretch {
    const KEPT: usize = 6;

    fn leaf(profile: &[f32], before: f32, order: u32) -> Self {
        let samples = profile.len() as f32;
        let mut moments = [0.0; 4];
        for (i, p) in profile.iter().enumerate() {
            let values = polynomials(i, samples);
            for (moment, value) in moments.iter_mut().zip(values) {
                *moment += value * (p - before);
            }
        }
        let squares = mean_squares(samples, order);
        let [m0, m1, m2, m3] = moments.map(|moment| moment / samples);
        let coefficients =
            [m0, divide(m1, squares[1]), divide(m2, squares[2]), divide(m3, squares[3])];
        let mut residual = 0.0;
        for (i, p) in profile.iter().enumerate() {
            let values = polynomials(i, samples);
            let fitted = values[0] * coefficients[0]
                + values[1] * coefficients[1]
                + values[2] * coefficients[2]
                + values[3] * coefficients[3];
            let distance = p - before - fitted;
            residual += distance * distance;
        }
        let sum = profile[profile.len() - 1] - before;
        Self { count: samples, sum, residual, coefficients }
    }

    fn tilted(self, tilt: f32) -> Self {
        let [c0, c1, c2, c3] = self.coefficients;
        let line = [tilt * (self.count + 1.0) * 0.5, tilt * self.count * 0.5];
        Self {
            sum: self.sum + tilt * self.count,
            coefficients: [c0 + line[0], c1 + line[1], c2, c3],
            ..self
        }
    }

    fn join(self, next: Self, order: u32) -> Self {
        join(self, next, order)
    }

    fn lean(self) -> f32 {
        self.sum * self.sum * self.count / 3.0
    }

    fn rest(self, leaned: f32, order: u32) -> Rest {
        let squares = mean_squares(self.count, order);
        let bend = |i: usize| self.coefficients[i] * self.coefficients[i] * squares[i];
        let taken_out = self.count * (bend(1) + bend(2) + bend(3));
        Rest { residual: self.residual, doubt: DOUBT * (taken_out + leaned) }
    }

    fn keep(self, words: &mut [f32]) {
        words[..2].copy_from_slice(&[self.sum, self.residual]);
        words[2..].copy_from_slice(&self.coefficients);
    }

    fn kept(words: &[f32], count: f32) -> Self {
        let coefficients = std::array::from_fn(|k| words[2 + k]);
        Self { count, sum: words[0], residual: words[1], coefficients }
    }

    fn scaled(self, ratio: f32) -> Self {
        Self {
            sum: self.sum * ratio,
            residual: self.residual * ratio * ratio,
            coefficients: self.coefficients.map(|c| c * ratio),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::oracle::Polynomials;

    #[test]
    fn stretches_join_to_the_summary_of_the_whole() {
        let profile = [1.0f32, 3.0, 2.0, 4.0, 8.0, 7.0, 7.5, 3.0, -2.0, -1.0, 4.0];
        for order in [2, 3] {
            let whole = Stretch::leaf(&profile, 0.0, order);
            let exact: Vec<f64> = profile.iter().map(|&p| f64::from(p)).collect();
            let residual = Polynomials::new(profile.len(), order as usize).residual(&exact);
            assert!((f64::from(whole.residual) - residual).abs() < 1e-5 * residual);
            for cut in 1..profile.len() {
                let left = Stretch::leaf(&profile[..cut], 0.0, order);
                let right = Stretch::leaf(&profile[cut..], profile[cut - 1], order);
                let joined = join(left, right, order);
                assert!((joined.residual - whole.residual).abs() < 1e-5 * whole.residual, "{cut}");
                for (found, expected) in joined.coefficients.iter().zip(whole.coefficients) {
                    assert!((found - expected).abs() < 1e-5, "order {order}, cut {cut}");
                }
            }
        }
    }

    #[test]
    fn one_sample_after_the_other_gives_the_same_as_all_at_once() {
        let profile = [1.0f32, 3.0, 2.0, 4.0, 8.0, 7.0, 7.5, 3.0];
        for order in [2, 3] {
            let mut joined = Stretch::default();
            for (i, p) in profile.iter().enumerate() {
                let before = if i == 0 { 0.0 } else { profile[i - 1] };
                joined = join(joined, Stretch::leaf(&[*p], before, order), order);
            }
            let whole = Stretch::leaf(&profile, 0.0, order);
            assert!((joined.residual - whole.residual).abs() < 1e-5 * whole.residual);
        }
    }

    #[test]
    fn a_cubic_is_unresolved_at_order_3_and_has_a_residual_at_order_2() {
        let cubic: Vec<f32> = (0..32).map(|i| 1e-2 * (i as f32 - 9.0).powi(3)).collect();
        let join_of = |order| {
            let left = Stretch::leaf(&cubic[..20], 0.0, order);
            let right = Stretch::leaf(&cubic[20..], cubic[19], order);
            join(left, right, order).rest(0.0, order)
        };
        assert!(join_of(3).residual < join_of(3).doubt);
        assert!(join_of(2).residual > 1.0 && join_of(2).residual > join_of(2).doubt);
    }

    #[test]
    fn a_piece_has_its_polynomial_and_residual() {
        // A parabola behind a value of 10, tilted: the residual stays 0.
        let parabola: Vec<f32> = (0..9).map(|i| 10.0 + (i * i) as f32).collect();
        for order in [2, 3] {
            let stretch = Stretch::leaf(&parabola, 10.0, order).tilted(0.5);
            assert!(stretch.residual < 1e-8 && (stretch.sum - 68.5).abs() < 1e-5);
            // The mean of i² is 22.7; the tilt adds 2.5. u² has (9/2)² = 20.25.
            assert!((stretch.coefficients[0] - (204.0 / 9.0 + 2.5)).abs() < 1e-5);
            assert!((stretch.coefficients[2] - 20.25).abs() < 1e-4);
        }
        // Too few samples for a degree: no coefficient, and no residual.
        for samples in 1..=3 {
            let short = Stretch::leaf(&parabola[..samples], 10.0, 3);
            assert!(short.residual < 1e-10);
            assert!(short.coefficients[samples..].iter().all(|c| *c == 0.0));
        }
    }
}

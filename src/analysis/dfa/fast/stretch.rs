//! A stretch of profile summarised in f64 by its least-squares polynomial, and how two are joined.
//!
//! Place in the flow: the windows of [`super`] are folded from these. The formulas are those of
//! `super::super::stretch`, whose polynomials are used here at order 1 too.

use super::bundle::{Bundle, Degrees, Moments};
use super::value::Value;

/// A residual of at most these shares of what the first degree, and what the second and third took
/// out of a window is what rounding left: nothing happens in the window. (The chord is taken out of
/// every sample, so that a line costs fewer digits.)
const UNRESOLVED: [f64; 2] = [1e-28, 1e-13];

/// Samples of a profile that starts from zero, with their polynomial of degree `K - 1`.
#[derive(Clone, Copy)]
pub struct Stretch<V, const K: usize> {
    degrees: Degrees<K>,
    /// The profile's last value.
    sum: V,
    coefficients: [V; K],
    residual: V,
}

impl<V: Value, const K: usize> Stretch<V, K> {
    /// Of a stretch of profile that is led by its value before it.
    #[inline(always)]
    pub fn of<B: Bundle<Value = V>>(bundle: B, profile: &[f64], degrees: &Degrees<K>) -> Self {
        Self::from_moments(bundle.moments(profile, degrees), degrees)
    }

    /// Of the sums over a stretch.
    #[inline(always)]
    pub fn from_moments(moments: Moments<V, K>, degrees: &Degrees<K>) -> Self {
        let Moments { rise, of, square } = moments;
        let mut coefficients = of;
        let mut residual = square;
        for k in 0..K {
            coefficients[k] = of[k].scaled(degrees.over_count * degrees.over_squares[k]);
            residual = residual.minus(of[k].times(coefficients[k]));
        }
        // The chord is a line: t = (k + 1)/2 + u·k/2.
        coefficients[0] = coefficients[0].plus(rise.scaled((1.0 + degrees.over_count) * 0.5));
        coefficients[1] = coefficients[1].plus(rise.scaled(0.5));
        Self { degrees: *degrees, sum: rise, coefficients, residual }
    }

    /// This stretch followed by `next`.
    #[inline(always)]
    pub fn join(self, next: Self) -> Self {
        let degrees = Degrees::new(self.degrees.count + next.degrees.count);
        let left = self.degrees.count * degrees.over_count;
        let right = next.degrees.count * degrees.over_count;
        let rise = next.coefficients[0].plus(self.sum).minus(self.coefficients[0]);
        let (mut a, mut b) = (self.coefficients, next.coefficients);
        a[1] = a[1].minus(rise.scaled(left));
        b[1] = b[1].minus(rise.scaled(right));
        let on_a = expand::<K>(left, right, -1.0, &degrees);
        let on_b = expand::<K>(right, left, 1.0, &degrees);
        let (squares_a, squares_b) = (&self.degrees.squares, &next.degrees.squares);
        let mut whole = a;
        for j in 1..K {
            let mut sum = a[1].scaled(left * on_a[j][1] * squares_a[1]);
            sum = sum.plus(b[1].scaled(right * on_b[j][1] * squares_b[1]));
            for i in 2..=j {
                sum = sum.plus(a[i].scaled(left * on_a[j][i] * squares_a[i]));
                sum = sum.plus(b[i].scaled(right * on_b[j][i] * squares_b[i]));
            }
            whole[j] = sum.scaled(degrees.over_squares[j]);
        }
        let missed_a = missed(&a, &whole, &on_a, squares_a).scaled(self.degrees.count);
        let missed_b = missed(&b, &whole, &on_b, squares_b).scaled(next.degrees.count);
        whole[0] = self.coefficients[0].plus(rise.scaled(right));
        whole[1] = whole[1].plus(rise);
        Self {
            degrees,
            sum: self.sum.plus(next.sum),
            coefficients: whole,
            residual: self.residual.plus(next.residual).plus(missed_a).plus(missed_b),
        }
    }

    /// The residual of a whole window.
    #[inline(always)]
    pub fn settled(self, zero: V) -> V {
        let mut limit = zero;
        for k in 1..K {
            let c = self.coefficients[k];
            let share = UNRESOLVED[usize::from(k > 1)] * self.degrees.squares[k];
            limit = limit.plus(c.times(c).scaled(share));
        }
        self.residual.above(limit.scaled(self.degrees.count))
    }

    /// Numbers that a stretch of `width` traces is kept in.
    pub const fn numbers(width: usize) -> usize {
        (K + 2) * width
    }

    /// Keeps the stretch in `numbers`.
    #[inline(always)]
    pub fn store<B: Bundle<Value = V>>(&self, bundle: B, numbers: &mut [f64]) {
        let width = bundle.width();
        bundle.store(self.sum, numbers);
        bundle.store(self.residual, &mut numbers[width..]);
        for k in 0..K {
            bundle.store(self.coefficients[k], &mut numbers[(k + 2) * width..]);
        }
    }

    /// The stretch that was kept in `numbers`.
    #[inline(always)]
    pub fn load<B: Bundle<Value = V>>(bundle: B, numbers: &[f64], degrees: &Degrees<K>) -> Self {
        let width = bundle.width();
        let mut coefficients = [bundle.zero(); K];
        for (k, coefficient) in coefficients.iter_mut().enumerate() {
            *coefficient = bundle.load(&numbers[(k + 2) * width..]);
        }
        Self {
            degrees: *degrees,
            sum: bundle.load(numbers),
            coefficients,
            residual: bundle.load(&numbers[width..]),
        }
    }
}

/// Row `j`: the whole's polynomial `j` on a part of it, in the part's own polynomials. `share` of
/// the samples is in this part, `other` in the other one; `side` is -1 for the left part, 1 for the
/// right.
#[inline(always)]
fn expand<const K: usize>(share: f64, other: f64, side: f64, whole: &Degrees<K>) -> [[f64; K]; K] {
    let offset = side * other;
    let square = share * share;
    let over = whole.over_count * whole.over_count;
    let mut rows = [[0.0; K]; K];
    rows[1][0] = offset;
    rows[1][1] = share;
    if K > 2 {
        rows[2][0] = other * (3.0 * other - 1.0 - share) / 3.0;
        rows[2][1] = 2.0 * share * offset;
        rows[2][2] = square;
    }
    if K > 3 {
        rows[3][0] = offset * (square + other * other - 0.6 + 0.4 * over);
        rows[3][1] = share * other * (3.0 * other - 0.6 * (1.0 + share));
        rows[3][2] = 3.0 * square * offset;
        rows[3][3] = square * share;
    }
    rows
}

/// Mean squared distance on a part between its polynomial and the whole's, both without the line
/// through the means.
#[inline(always)]
fn missed<V: Value, const K: usize>(
    part: &[V; K],
    whole: &[V; K],
    rows: &[[f64; K]; K],
    squares: &[f64; K],
) -> V {
    let mean = along(whole, rows, 0);
    let mut total = mean.times(mean);
    for i in 1..K {
        let miss = part[i].minus(along(whole, rows, i));
        total = total.plus(miss.times(miss).scaled(squares[i]));
    }
    total
}

/// What the whole's polynomials have of a part's polynomial `i`; the whole's mean is 0.
#[inline(always)]
fn along<V: Value, const K: usize>(whole: &[V; K], rows: &[[f64; K]; K], i: usize) -> V {
    let first = i.max(1);
    let mut sum = whole[first].scaled(rows[first][i]);
    for j in first + 1..K {
        sum = sum.plus(whole[j].scaled(rows[j][i]));
    }
    sum
}

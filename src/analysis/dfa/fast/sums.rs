//! Sums over stretches of profile, one per lane of a register.
//!
//! Place in the flow: [`super::many`] fills the lanes with traces, [`super::one`] with windows of one
//! trace.

use pulp::Simd;

use super::bundle::{Degrees, Moments};
use super::value::{REGISTERS, Registers};

/// Sums over one stretch per lane. Samples that mirror each other are taken together: degrees are
/// even or odd, and so is the chord.
#[derive(Clone, Copy)]
pub struct Sums<S: Simd, const K: usize> {
    rise: S::f64s,
    /// Twice the chord's middle.
    twice: S::f64s,
    of: [S::f64s; K],
    /// Of the even and the odd part, each of twice `d`.
    squares: [S::f64s; 2],
}

impl<S: Simd, const K: usize> Sums<S, K> {
    #[inline(always)]
    pub fn new(simd: S, before: S::f64s, end: S::f64s, degrees: &Degrees<K>) -> Self {
        let zero = simd.splat_f64s(0.0);
        let rise = simd.sub_f64s(end, before);
        let half_step = simd.splat_f64s(degrees.over_count);
        let twice = simd.mul_add_e_f64s(rise, half_step, simd.add_f64s(end, before));
        Self { rise, twice, of: [zero; K], squares: [zero; 2] }
    }

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "iterators are not unrolled: half as fast")]
    pub fn pair(&mut self, simd: S, left: S::f64s, right: S::f64s, weights: &[S::f64s; K]) {
        let even = simd.sub_f64s(simd.add_f64s(left, right), self.twice);
        let odd = simd.negate_mul_add_e_f64s(weights[1], self.rise, simd.sub_f64s(right, left));
        self.of[0] = simd.add_f64s(self.of[0], even);
        for k in 1..K {
            let part = if k % 2 == 0 { even } else { odd };
            self.of[k] = simd.mul_add_e_f64s(weights[k], part, self.of[k]);
        }
        self.squares[0] = simd.mul_add_e_f64s(even, even, self.squares[0]);
        self.squares[1] = simd.mul_add_e_f64s(odd, odd, self.squares[1]);
    }

    /// The sample that mirrors itself.
    #[inline(always)]
    pub fn middle(&mut self, simd: S, sample: S::f64s, degrees: &Degrees<K>) {
        let weights = weights::<S, K>(simd, 0.0, degrees);
        let d = simd.sub_f64s(sample, simd.mul_f64s(self.twice, simd.splat_f64s(0.5)));
        self.of[0] = simd.add_f64s(self.of[0], d);
        for k in (2..K).step_by(2) {
            self.of[k] = simd.mul_add_e_f64s(weights[k], d, self.of[k]);
        }
        self.squares[0] = simd.mul_add_e_f64s(simd.add_f64s(d, d), d, self.squares[0]);
    }
}

/// The sums of all registers.
#[inline(always)]
pub fn gathered<S: Simd, const K: usize>(
    simd: S,
    sums: &[Sums<S, K>; REGISTERS],
) -> Moments<Registers<S>, K> {
    let zero = Registers { simd, of: [simd.splat_f64s(0.0); REGISTERS] };
    let mut moments = Moments { rise: zero, of: [zero; K], square: zero };
    for (r, sum) in sums.iter().enumerate() {
        moments.rise.of[r] = sum.rise;
        let twice = simd.add_f64s(sum.squares[0], sum.squares[1]);
        moments.square.of[r] = simd.mul_f64s(twice, simd.splat_f64s(0.5));
        for k in 0..K {
            moments.of[k].of[r] = sum.of[k];
        }
    }
    moments
}

/// Where a pair lies, from the outermost inwards.
pub struct Place<'a, const K: usize> {
    degrees: &'a Degrees<K>,
    u: f64,
}

impl<'a, const K: usize> Place<'a, K> {
    #[inline(always)]
    pub fn new(degrees: &'a Degrees<K>) -> Self {
        Self { degrees, u: 1.0 + degrees.over_count }
    }

    /// The polynomials at the right sample of the next pair.
    #[inline(always)]
    pub fn next<S: Simd>(&mut self, simd: S) -> [S::f64s; K] {
        self.u -= 2.0 * self.degrees.over_count;
        weights::<S, K>(simd, self.u, self.degrees)
    }
}

/// The polynomials at `u`, in every lane.
#[inline(always)]
fn weights<S: Simd, const K: usize>(simd: S, u: f64, degrees: &Degrees<K>) -> [S::f64s; K] {
    let mut weights = [simd.splat_f64s(u); K];
    if K > 2 {
        weights[2] = simd.splat_f64s(u * u - degrees.second);
    }
    if K > 3 {
        weights[3] = simd.splat_f64s(u * (u * u - degrees.third));
    }
    weights
}

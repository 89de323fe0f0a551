//! Traces that go together through the same arithmetic: several side by side in registers, or one.
//!
//! Place in the flow: under [`super::stretch`] and the tasks of [`super`], which are written once
//! for both: [`super::many::Many`] and [`super::one::One`]. A profile is `f64`, sample after sample,
//! each sample of all traces of the bundle together.

use super::value::Value;

/// What depends on the number of samples of a stretch alone: see `super::stretch` for the
/// polynomials.
#[derive(Clone, Copy)]
pub struct Degrees<const K: usize> {
    /// The samples.
    pub count: f64,
    /// `1 / count`.
    pub over_count: f64,
    /// The mean of `u²`.
    pub second: f64,
    /// What `u³` has of `u`.
    pub third: f64,
    /// Mean squares of the polynomials.
    pub squares: [f64; K],
    /// 1 over these, 0 where there are too few samples for the degree.
    pub over_squares: [f64; K],
}

impl<const K: usize> Degrees<K> {
    /// Of `count` samples.
    #[inline(always)]
    pub fn new(count: f64) -> Self {
        let square = count * count;
        let over = 1.0 / square;
        let first = (square - 1.0) * over;
        let second = first * ((square - 4.0) * over);
        let all = [
            1.0,
            first / 3.0,
            second * (4.0 / 45.0),
            second * ((square - 9.0) * over) * (4.0 / 175.0),
        ];
        let mut squares = [0.0; K];
        squares.copy_from_slice(&all[..K]);
        let mut over_squares = [0.0; K];
        for k in 0..K {
            over_squares[k] = if squares[k] > 0.0 { 1.0 / squares[k] } else { 0.0 };
        }
        Self {
            count,
            over_count: 1.0 / count,
            second: first / 3.0,
            third: (3.0 - 7.0 * over) / 5.0,
            squares,
            over_squares,
        }
    }
}

/// Sums over a stretch of profile `p_t`, `t = 1 .. k`, less its chord: `d_t = p_t - t·p_k/k`.
pub struct Moments<V, const K: usize> {
    /// `p_k`.
    pub rise: V,
    /// `Σ Q_j d`.
    pub of: [V; K],
    /// `Σ d²`.
    pub square: V,
}

/// Traces that are measured together.
pub trait Bundle: Copy {
    /// A number of each of them.
    type Value: Value;
    /// What measures several stretches of them together, `width` for `width`.
    type Wide: Bundle;

    /// That bundle.
    fn wide(self) -> Self::Wide;
    /// [`Bundle::moments`] of the stretches that begin every `stride` samples in `profile`.
    fn moments_beside<const K: usize>(
        self,
        profile: &[f64],
        stride: usize,
        degrees: &Degrees<K>,
    ) -> Moments<<Self::Wide as Bundle>::Value, K>;
    /// The sum over its stretches.
    fn total(self, of: <Self::Wide as Bundle>::Value) -> Self::Value;

    /// How many there may be.
    fn width(self) -> usize;
    /// From `width` numbers.
    fn load(self, numbers: &[f64]) -> Self::Value;
    /// To `width` numbers.
    fn store(self, value: Self::Value, numbers: &mut [f64]);
    /// Zeros.
    fn zero(self) -> Self::Value;
    /// Turns samples into the running sums of `sample - mean` from `level` on; gives the last.
    fn integrate(self, samples: &mut [f64], means: Self::Value, level: Self::Value) -> Self::Value;
    /// Sums over `profile`, which is led by its value before the stretch.
    fn moments<const K: usize>(
        self,
        profile: &[f64],
        degrees: &Degrees<K>,
    ) -> Moments<Self::Value, K>;
}

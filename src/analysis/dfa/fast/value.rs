//! Numbers of one trace, or of the traces of a bundle side by side in registers.
//!
//! Place in the flow: under [`super::bundle`]; the formulas of [`super::stretch`] are written once
//! for both.

use pulp::Simd;

/// Registers side by side: hides the latency of additions, and the sums of order 1 still fit.
pub const REGISTERS: usize = 2;

/// A number of each trace of a bundle.
pub trait Value: Copy {
    /// Sum.
    fn plus(self, other: Self) -> Self;
    /// Difference.
    fn minus(self, other: Self) -> Self;
    /// Product.
    fn times(self, other: Self) -> Self;
    /// All by the same factor.
    fn scaled(self, by: f64) -> Self;
    /// Square root.
    fn root(self) -> Self;
    /// 0 where it is no larger than `limit`; NaN stays.
    fn above(self, limit: Self) -> Self;
}

impl Value for f64 {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    fn scaled(self, by: f64) -> Self {
        self * by
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn above(self, limit: Self) -> Self {
        if self <= limit { 0.0 } else { self }
    }
}

/// One number of each of several traces.
#[derive(Clone, Copy)]
pub struct Registers<S: Simd> {
    /// The instruction set.
    pub simd: S,
    /// The numbers.
    pub of: [S::f64s; REGISTERS],
}

// No closures from here on: what is computed in one is not compiled for the chosen instruction set.
impl<S: Simd> Value for Registers<S> {
    #[inline(always)]
    fn plus(mut self, other: Self) -> Self {
        for r in 0..REGISTERS {
            self.of[r] = self.simd.add_f64s(self.of[r], other.of[r]);
        }
        self
    }

    #[inline(always)]
    fn minus(mut self, other: Self) -> Self {
        for r in 0..REGISTERS {
            self.of[r] = self.simd.sub_f64s(self.of[r], other.of[r]);
        }
        self
    }

    #[inline(always)]
    fn times(mut self, other: Self) -> Self {
        for r in 0..REGISTERS {
            self.of[r] = self.simd.mul_f64s(self.of[r], other.of[r]);
        }
        self
    }

    #[inline(always)]
    fn scaled(mut self, by: f64) -> Self {
        let by = self.simd.splat_f64s(by);
        for r in 0..REGISTERS {
            self.of[r] = self.simd.mul_f64s(self.of[r], by);
        }
        self
    }

    #[inline(always)]
    fn root(mut self) -> Self {
        for r in 0..REGISTERS {
            self.of[r] = self.simd.sqrt_f64s(self.of[r]);
        }
        self
    }

    #[inline(always)]
    fn above(mut self, limit: Self) -> Self {
        let zero = self.simd.splat_f64s(0.0);
        for r in 0..REGISTERS {
            let small = self.simd.less_than_or_equal_f64s(self.of[r], limit.of[r]);
            self.of[r] = self.simd.select_f64s(small, zero, self.of[r]);
        }
        self
    }
}

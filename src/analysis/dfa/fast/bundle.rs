//! Traces that go together through the same arithmetic: several side by side in registers, or one.
//!
//! Place in the flow: under [`super::stretch`] and the tasks of [`super`], which are written once
//! for both. A profile is `f64`, sample after sample, each sample of all traces of the bundle
//! together.

use pulp::Simd;

/// Registers side by side: hides the latency of additions, and the sums of order 1 still fit.
const REGISTERS: usize = 2;

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
    simd: S,
    of: [S::f64s; REGISTERS],
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
    /// Lays out for it the stretches of `length` numbers that begin every `stride` in `profile`.
    fn beside(self, profile: &[f64], stride: usize, length: usize, out: &mut [f64]);
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
    /// Sums over `profile`, which is led by its value before the stretch.
    fn moments<const K: usize>(
        self,
        profile: &[f64],
        degrees: &Degrees<K>,
    ) -> Moments<Self::Value, K>;
}

/// Several traces, one per lane: nothing is shuffled, no stretch has a tail and no sum goes across
/// a register.
#[derive(Clone, Copy)]
pub struct Many<S: Simd>(pub S);

impl<S: Simd> Bundle for Many<S> {
    type Value = Registers<S>;
    type Wide = Self;

    #[inline(always)]
    fn wide(self) -> Self {
        self
    }

    #[inline(always)]
    fn beside(self, profile: &[f64], _stride: usize, length: usize, out: &mut [f64]) {
        out.copy_from_slice(&profile[..length * self.width()]);
    }

    #[inline(always)]
    fn total(self, of: Registers<S>) -> Registers<S> {
        of
    }

    #[inline(always)]
    fn width(self) -> usize {
        S::F64_LANES * REGISTERS
    }

    #[inline(always)]
    fn load(self, numbers: &[f64]) -> Registers<S> {
        let (registers, _) = S::as_simd_f64s(numbers);
        Registers { simd: self.0, of: [registers[0], registers[1]] }
    }

    #[inline(always)]
    fn store(self, value: Registers<S>, numbers: &mut [f64]) {
        let (registers, _) = S::as_mut_simd_f64s(numbers);
        registers[0] = value.of[0];
        registers[1] = value.of[1];
    }

    #[inline(always)]
    fn zero(self) -> Registers<S> {
        Registers { simd: self.0, of: [self.0.splat_f64s(0.0); REGISTERS] }
    }

    #[inline(always)]
    fn moments<const K: usize>(
        self,
        profile: &[f64],
        degrees: &Degrees<K>,
    ) -> Moments<Registers<S>, K> {
        let simd = self.0;
        let (samples, _) = S::as_simd_f64s(profile);
        let (before, inside) = samples.split_at(REGISTERS);
        let end = &inside[inside.len() - REGISTERS..];
        let zero = simd.splat_f64s(0.0);
        let (mut rise, mut twice) = ([zero; REGISTERS], [zero; REGISTERS]);
        let half_step = simd.splat_f64s(degrees.over_count);
        for r in 0..REGISTERS {
            rise[r] = simd.sub_f64s(end[r], before[r]);
            let ends = simd.add_f64s(end[r], before[r]);
            twice[r] = simd.mul_add_e_f64s(rise[r], half_step, ends);
        }
        let (mut of, mut squares) = ([[zero; REGISTERS]; K], [[zero; REGISTERS]; 2]);
        // Samples that mirror each other, together: degrees are even or odd, and so is the chord.
        let pairs = inside.len() / REGISTERS / 2;
        let mirrored = inside.chunks_exact(REGISTERS).zip(inside.rchunks_exact(REGISTERS));
        let mut u = 1.0 + degrees.over_count;
        for (left, right) in mirrored.take(pairs) {
            u -= 2.0 * degrees.over_count;
            let weights = weights::<S, K>(simd, u, degrees);
            for r in 0..REGISTERS {
                let even = simd.sub_f64s(simd.add_f64s(left[r], right[r]), twice[r]);
                let risen = simd.sub_f64s(right[r], left[r]);
                let odd = simd.negate_mul_add_e_f64s(weights[1], rise[r], risen);
                of[0][r] = simd.add_f64s(of[0][r], even);
                for k in 1..K {
                    let part = if k % 2 == 0 { even } else { odd };
                    of[k][r] = simd.mul_add_e_f64s(weights[k], part, of[k][r]);
                }
                squares[0][r] = simd.mul_add_e_f64s(even, even, squares[0][r]);
                squares[1][r] = simd.mul_add_e_f64s(odd, odd, squares[1][r]);
            }
        }
        let weights = weights::<S, K>(simd, 0.0, degrees);
        let (half, mut square) = (simd.splat_f64s(0.5), [zero; REGISTERS]);
        for r in 0..REGISTERS {
            square[r] = simd.mul_f64s(simd.add_f64s(squares[0][r], squares[1][r]), half);
            if inside.len() > 2 * pairs * REGISTERS {
                let middle = simd.mul_f64s(twice[r], half);
                let d = simd.sub_f64s(inside[pairs * REGISTERS + r], middle);
                of[0][r] = simd.add_f64s(of[0][r], d);
                for k in (2..K).step_by(2) {
                    of[k][r] = simd.mul_add_e_f64s(weights[k], d, of[k][r]);
                }
                square[r] = simd.mul_add_e_f64s(d, d, square[r]);
            }
        }
        let mut sums = [self.zero(); K];
        for k in 0..K {
            sums[k].of = of[k];
        }
        Moments {
            rise: Registers { simd, of: rise },
            of: sums,
            square: Registers { simd, of: square },
        }
    }
}

/// Four samples of four windows, to register `r` of each of these samples.
#[inline(always)]
fn transpose<S: Simd>(simd: S, of: [&[f64]; 4], r: usize, out: &mut [S::f64s]) {
    let mut fours = [simd.splat_f64s(0.0); 4];
    for k in 0..4 {
        fours[k] = S::as_simd_f64s(of[k]).0[0];
    }
    // The order of the lanes is left open, and the same each time.
    let fours = simd.deinterleave_shfl_f64s(fours);
    for k in 0..4 {
        out[k * REGISTERS + r] = fours[k];
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

/// One trace, consecutive samples per register.
#[derive(Clone, Copy)]
pub struct One<S: Simd>(pub S);

impl<S: Simd> Bundle for One<S> {
    type Value = f64;
    type Wide = Many<S>;

    #[inline(always)]
    fn wide(self) -> Many<S> {
        Many(self.0)
    }

    #[inline(always)]
    fn beside(self, profile: &[f64], stride: usize, length: usize, out: &mut [f64]) {
        let width = REGISTERS * S::F64_LANES;
        if S::F64_LANES != 4 {
            for lane in 0..width {
                let stretch = &profile[lane * stride..][..length];
                for (&p, out) in stretch.iter().zip(out.chunks_exact_mut(width)) {
                    out[lane] = p;
                }
            }
            return;
        }
        let (out, _) = S::as_mut_simd_f64s(out);
        for r in 0..REGISTERS {
            let profile = &profile[r * 4 * stride..];
            let a = &profile[..length];
            let b = &profile[stride..][..length];
            let c = &profile[2 * stride..][..length];
            let d = &profile[3 * stride..][..length];
            let pairs = a.chunks_exact(4).zip(b.chunks_exact(4));
            let others = c.chunks_exact(4).zip(d.chunks_exact(4));
            let fours = pairs.zip(others).zip(out.chunks_exact_mut(4 * REGISTERS));
            for (((a, b), (c, d)), out) in fours {
                transpose(self.0, [a, b, c, d], r, out);
            }
            // The last four overlap the ones before.
            let last = length - 4;
            let ends = [&a[last..], &b[last..], &c[last..], &d[last..]];
            transpose(self.0, ends, r, &mut out[last * REGISTERS..]);
        }
    }

    #[inline(always)]
    fn total(self, of: Registers<S>) -> f64 {
        self.0.reduce_sum_f64s(self.0.add_f64s(of.of[0], of.of[1]))
    }

    #[inline(always)]
    fn width(self) -> usize {
        1
    }

    #[inline(always)]
    fn load(self, numbers: &[f64]) -> f64 {
        numbers[0]
    }

    #[inline(always)]
    fn store(self, value: f64, numbers: &mut [f64]) {
        numbers[0] = value;
    }

    #[inline(always)]
    fn zero(self) -> f64 {
        0.0
    }

    #[inline(always)]
    fn moments<const K: usize>(self, profile: &[f64], degrees: &Degrees<K>) -> Moments<f64, K> {
        let simd = self.0;
        let before = profile[0];
        let rise = profile[profile.len() - 1] - before;
        let middle = simd.splat_f64s(before + rise * (0.5 + 0.5 * degrees.over_count));
        let half = simd.splat_f64s(0.5 * rise);
        let (head, tail) = S::as_simd_f64s(&profile[1..]);
        let zero = simd.splat_f64s(0.0);
        let (mut ofs, mut squares) = ([zero; K], zero);
        // No instruction set has more lanes than this.
        let mut count = [0.0; 16];
        for (i, count) in count.iter_mut().enumerate() {
            *count = (2 * i + 1) as f64;
        }
        let scale = simd.splat_f64s(degrees.over_count);
        let one = simd.splat_f64s(1.0);
        let mut u = simd.sub_f64s(simd.mul_f64s(S::as_simd_f64s(&count).0[0], scale), one);
        let step = simd.splat_f64s(2.0 * degrees.over_count * S::F64_LANES as f64);
        let (second, third) = (simd.splat_f64s(degrees.second), simd.splat_f64s(degrees.third));
        for i in 0..head.len() + usize::from(!tail.is_empty()) {
            let sample = if i < head.len() { head[i] } else { simd.partial_load_f64s(tail) };
            let mut d = simd.negate_mul_add_e_f64s(u, half, simd.sub_f64s(sample, middle));
            if i == head.len() {
                d = simd.select_f64s(simd.less_than_f64s(u, one), d, zero);
            }
            ofs[0] = simd.add_f64s(ofs[0], d);
            ofs[1] = simd.mul_add_e_f64s(u, d, ofs[1]);
            if K > 2 {
                let q = simd.sub_f64s(simd.mul_f64s(u, u), second);
                ofs[2] = simd.mul_add_e_f64s(q, d, ofs[2]);
            }
            if K > 3 {
                let q = simd.mul_f64s(u, simd.sub_f64s(simd.mul_f64s(u, u), third));
                ofs[3] = simd.mul_add_e_f64s(q, d, ofs[3]);
            }
            squares = simd.mul_add_e_f64s(d, d, squares);
            u = simd.add_f64s(u, step);
        }
        let mut of = [0.0; K];
        for k in 0..K {
            of[k] = simd.reduce_sum_f64s(ofs[k]);
        }
        let square = simd.reduce_sum_f64s(squares);
        Moments { rise, of, square }
    }
}

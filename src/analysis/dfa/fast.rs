//! The fast CPU path: DFA in f64 on vector registers, in parallel over cores.
//!
//! Place in the flow: what users without a GPU run, behind [`super::Path::Cpu`]. Not a twin: it
//! owes the shaders nothing and is held to the oracle like they are.
//!
//! # Arithmetic
//! 1. The profile `Y` of `x - x_0`, led by a zero: the difference of two `f32` is exact in f64, and
//!    the missing mean is a linear term that every window's fit absorbs.
//! 2. Per window the bridge `d_t = Y_t - Y_start - t·(Y_end - Y_start)/n`, `t = 1 .. n`: with the
//!    chord taken out first, one pass over raw powers keeps its digits.
//! 3. From `Σd`, `Σ(t - c)d`, `Σd²` the residual `Σd² - (Σd)²/n - (Σ(t - c)d)²/s`,
//!    `s = n(n² - 1)/12`.
//!
//! A constant stretch gives `d = 0` exactly.
//!
//! # Registers
//! Many traces: a register holds one sample of each of several traces, so that nothing is shuffled,
//! no window has a tail and no sum goes across a register. Few traces: a register holds consecutive
//! samples of one. The instruction set is chosen at run time (pulp).

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::plan::{DfaPlan, WindowSize};
use crate::signal::Traces;

/// Registers side by side: hides the latency of additions, and three sums of each still fit.
const REGISTERS: usize = 2;

/// `F(n)` of every trace, rows × sizes. Rows with NaN or infinity come out as NaN.
pub fn fluctuations(traces: &Traces, plan: &DfaPlan) -> Vec<f64> {
    let (steps, sizes) = (traces.steps(), plan.sizes().len());
    let mut result = vec![0.0; traces.rows() * sizes];
    let arch = Arch::new();
    let width = arch.dispatch(Width);
    // Below half a group the registers would be mostly empty.
    let together = if traces.rows() > width / 2 { width } else { 1 };
    result
        .par_chunks_mut(together * sizes)
        .zip(traces.values().par_chunks(together * steps))
        .for_each(|(out, rows)| {
            if together == 1 {
                arch.dispatch(Lone { trace: rows, plan, out });
            } else {
                arch.dispatch(Group { rows, plan, out });
            }
        });
    result
}

/// How many traces a group holds on this processor.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F64_LANES * REGISTERS
    }
}

/// The numbers of one window size that do not depend on the samples.
#[derive(Clone, Copy)]
struct Factors {
    centre: f64,
    over_count: f64,
    over_spread: f64,
}

impl Factors {
    #[inline(always)]
    fn new(size: usize) -> Self {
        let n = size as f64;
        Self {
            centre: (n + 1.0) / 2.0,
            over_count: 1.0 / n,
            over_spread: 12.0 / (n * (n * n - 1.0)),
        }
    }
}

/// Root mean square from the sum of squares of all windows of `size`; rounding may leave a hair
/// below zero.
#[inline(always)]
fn root(total: f64, size: &WindowSize) -> f64 {
    let mean = total / (size.count * size.size) as f64;
    if mean < 0.0 { 0.0 } else { mean.sqrt() }
}

/// Several traces, one per lane.
struct Group<'a> {
    rows: &'a [f32],
    plan: &'a DfaPlan,
    out: &'a mut [f64],
}

impl WithSimd for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let sizes = self.plan.sizes();
        let profile = interleaved_profile(simd, self.rows, self.plan.steps());
        for (place, size) in sizes.iter().enumerate() {
            let totals = interleaved_residuals(simd, &profile, size);
            let totals: &[f64] = bytemuck::cast_slice(&totals);
            for (row, &total) in self.out.chunks_exact_mut(sizes.len()).zip(totals) {
                row[place] = root(total, size);
            }
        }
    }
}

/// `REGISTERS` registers per sample, `steps + 1` samples; lanes without a trace stay zero.
#[inline(always)]
fn interleaved_profile<S: Simd>(simd: S, rows: &[f32], steps: usize) -> Vec<S::f64s> {
    let mut profile = vec![simd.splat_f64s(0.0); (steps + 1) * REGISTERS];
    let width = S::F64_LANES * REGISTERS;
    let lanes: &mut [f64] = bytemuck::cast_slice_mut(&mut profile);
    // Scatter first, then sum over registers: a sum per trace would wait for each addition.
    for (lane, row) in rows.chunks_exact(steps).enumerate() {
        let first = f64::from(row[0]);
        for (sample, &x) in lanes[width..].chunks_exact_mut(width).zip(row) {
            sample[lane] = f64::from(x) - first;
        }
    }
    let mut level = [simd.splat_f64s(0.0); REGISTERS];
    for sample in profile.chunks_exact_mut(REGISTERS) {
        for r in 0..REGISTERS {
            level[r] = simd.add_f64s(level[r], sample[r]);
            sample[r] = level[r];
        }
    }
    profile
}

/// `Σ r²` over all windows of one size, per lane.
#[inline(always)]
fn interleaved_residuals<S: Simd>(
    simd: S,
    profile: &[S::f64s],
    size: &WindowSize,
) -> [S::f64s; REGISTERS] {
    let factors = Factors::new(size.size);
    let over_count = simd.splat_f64s(factors.over_count);
    let over_spread = simd.splat_f64s(factors.over_spread);
    let zero = simd.splat_f64s(0.0);
    let mut totals = [zero; REGISTERS];
    for window in 0..size.count {
        let samples = &profile[window * size.stride * REGISTERS..][..(size.size + 1) * REGISTERS];
        let (start, inside) = samples.split_at(REGISTERS);
        let end = &inside[inside.len() - REGISTERS..];
        let mut chord = [zero; REGISTERS];
        for r in 0..REGISTERS {
            chord[r] = simd.mul_f64s(simd.sub_f64s(end[r], start[r]), over_count);
        }
        let start = [start[0], start[1]];
        let (mut sum, mut moment, mut square) =
            ([zero; REGISTERS], [zero; REGISTERS], [zero; REGISTERS]);
        let mut t = 0.0;
        for sample in inside.chunks_exact(REGISTERS) {
            t += 1.0;
            let from_start = simd.splat_f64s(t);
            let from_centre = simd.splat_f64s(t - factors.centre);
            for r in 0..REGISTERS {
                let risen = simd.sub_f64s(sample[r], start[r]);
                let d = simd.negate_mul_add_e_f64s(from_start, chord[r], risen);
                sum[r] = simd.add_f64s(sum[r], d);
                moment[r] = simd.mul_add_e_f64s(from_centre, d, moment[r]);
                square[r] = simd.mul_add_e_f64s(d, d, square[r]);
            }
        }
        for r in 0..REGISTERS {
            let mean = simd.mul_f64s(sum[r], over_count);
            let slope = simd.mul_f64s(moment[r], over_spread);
            let left = simd.negate_mul_add_e_f64s(mean, sum[r], square[r]);
            let left = simd.negate_mul_add_e_f64s(slope, moment[r], left);
            totals[r] = simd.add_f64s(totals[r], left);
        }
    }
    totals
}

/// One trace, consecutive samples per register.
struct Lone<'a> {
    trace: &'a [f32],
    plan: &'a DfaPlan,
    out: &'a mut [f64],
}

impl WithSimd for Lone<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let first = f64::from(self.trace[0]);
        let mut level = 0.0;
        let mut profile = Vec::with_capacity(self.trace.len() + 1);
        profile.push(0.0);
        profile.extend(self.trace.iter().map(|&x| {
            level += f64::from(x) - first;
            level
        }));
        for (place, size) in self.plan.sizes().iter().enumerate() {
            let factors = Factors::new(size.size);
            let mut total = 0.0;
            for window in 0..size.count {
                let samples = &profile[window * size.stride..][..size.size + 1];
                total += window_residual(simd, samples, factors);
            }
            self.out[place] = root(total, size);
        }
    }
}

/// `Σ r²` of one window; `samples` is led by the profile's value before it.
#[inline(always)]
fn window_residual<S: Simd>(simd: S, samples: &[f64], factors: Factors) -> f64 {
    let start = samples[0];
    let chord = (samples[samples.len() - 1] - start) * factors.over_count;
    let (head, tail) = S::as_simd_f64s(&samples[1..]);
    let zero = simd.splat_f64s(0.0);
    let (mut sums, mut moments, mut squares) = (zero, zero, zero);
    let (starts, chords) = (simd.splat_f64s(start), simd.splat_f64s(chord));
    let mut count = [0.0; 64];
    for (i, count) in count.iter_mut().enumerate() {
        *count = (i + 1) as f64;
    }
    let mut t = S::as_simd_f64s(&count).0[0];
    let (step, centre) = (simd.splat_f64s(S::F64_LANES as f64), simd.splat_f64s(factors.centre));
    for &sample in head {
        let d = simd.negate_mul_add_e_f64s(t, chords, simd.sub_f64s(sample, starts));
        sums = simd.add_f64s(sums, d);
        moments = simd.mul_add_e_f64s(simd.sub_f64s(t, centre), d, moments);
        squares = simd.mul_add_e_f64s(d, d, squares);
        t = simd.add_f64s(t, step);
    }
    let mut sum = simd.reduce_sum_f64s(sums);
    let mut moment = simd.reduce_sum_f64s(moments);
    let mut square = simd.reduce_sum_f64s(squares);
    for (i, sample) in tail.iter().enumerate() {
        let t = (head.len() * S::F64_LANES + i + 1) as f64;
        let d = sample - start - t * chord;
        sum += d;
        moment += (t - factors.centre) * d;
        square += d * d;
    }
    square - sum * sum * factors.over_count - moment * moment * factors.over_spread
}

#[cfg(test)]
mod tests {
    use pulp::Scalar;

    use super::*;
    use crate::analysis::dfa::{Overlap, Settings, oracle};
    use crate::signal::noise;

    #[test]
    fn every_instruction_set_and_both_layouts_give_the_formula() {
        let settings = Settings { windows: vec![4, 7, 9, 30, 111], overlap: Overlap::Half };
        let plan = DfaPlan::new(150, &settings).expect("the windows fit");
        let trace = noise::brownian(150, 2, 0);
        let expected = oracle::fluctuations(&trace, &plan);
        let check = |found: &[f64]| {
            for (f, e) in found.iter().zip(&expected) {
                assert!((f - e).abs() < 1e-11 * e, "{f} for {e}");
            }
        };
        let mut out = vec![f64::NAN; 5];
        Lone { trace: &trace, plan: &plan, out: &mut out }.with_simd(Scalar);
        check(&out);
        out.fill(f64::NAN);
        Group { rows: &trace, plan: &plan, out: &mut out }.with_simd(Scalar);
        check(&out);
        out.fill(f64::NAN);
        Arch::new().dispatch(Lone { trace: &trace, plan: &plan, out: &mut out });
        check(&out);
        out.fill(f64::NAN);
        Arch::new().dispatch(Group { rows: &trace, plan: &plan, out: &mut out });
        check(&out);
    }
}

//! One trace, consecutive samples per register; its small windows, a lane each.
//!
//! Place in the flow: one of the two [`super::bundle`]s.

use pulp::Simd;

use super::bundle::{Bundle, Degrees, Moments};
use super::many::Many;
use super::sums::{self, Place, Sums};
use super::value::{REGISTERS, Registers};

/// Lanes of a register, at most.
const LANES: usize = 8;

/// Each lane's number.
const LANE: [f64; LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

#[inline(always)]
fn first_lane<S: Simd>(of: S::f64s) -> f64 {
    bytemuck::cast_slice::<S::f64s, f64>(std::slice::from_ref(&of))[0]
}

/// The samples `from .. from + 4` of all `windows`, a register for each.
#[inline(always)]
fn fours<S: Simd>(simd: S, windows: &[&[f64]; LANES], from: usize) -> [S::f64s; 4] {
    let mut fours = [simd.splat_f64s(0.0); 4];
    if S::F64_LANES % 4 != 0 {
        for k in 0..4 {
            let mut lanes = [0.0; LANES];
            for lane in 0..S::F64_LANES {
                lanes[lane] = windows[lane][from + k];
            }
            fours[k] = S::as_simd_f64s(&lanes).0[0];
        }
        return fours;
    }
    for k in 0..4 {
        let mut lanes = [0.0; LANES];
        for group in 0..S::F64_LANES / 4 {
            lanes[4 * group..][..4].copy_from_slice(&windows[4 * group + k][from..from + 4]);
        }
        fours[k] = S::as_simd_f64s(&lanes).0[0];
    }
    // The order of the lanes is left open, and the same each time.
    simd.deinterleave_shfl_f64s(fours)
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
    fn moments_beside<const K: usize>(
        self,
        profile: &[f64],
        stride: usize,
        degrees: &Degrees<K>,
    ) -> Moments<Registers<S>, K> {
        let simd = self.0;
        let count = degrees.count as usize;
        let (pairs, odd) = (count / 2, count % 2);
        let zero = simd.splat_f64s(0.0);
        let mut sums = [Sums::<S, K>::new(simd, zero, zero, degrees); REGISTERS];
        for r in 0..REGISTERS {
            let mut windows: [&[f64]; LANES] = [&[]; LANES];
            for lane in 0..S::F64_LANES {
                windows[lane] = &profile[(r * S::F64_LANES + lane) * stride..][..count + 1];
            }
            let before = fours(simd, &windows, 0)[0];
            let end = fours(simd, &windows, count - 3)[3];
            // Not in its place of the array, which would lie in memory.
            let mut sum = Sums::new(simd, before, end, degrees);
            let mut place = Place::new(degrees);
            let mut at = 0;
            while at + 4 <= pairs {
                let left = fours(simd, &windows, at + 1);
                let right = fours(simd, &windows, count - at - 3);
                for k in 0..4 {
                    sum.pair(simd, left[k], right[3 - k], &place.next(simd));
                }
                at += 4;
            }
            if at < pairs + odd {
                let left = fours(simd, &windows, at + 1);
                let right = fours(simd, &windows, count - at - 3);
                for k in 0..pairs - at {
                    sum.pair(simd, left[k], right[3 - k], &place.next(simd));
                }
                if odd == 1 {
                    sum.middle(simd, left[pairs - at], degrees);
                }
            }
            sums[r] = sum;
        }
        sums::gathered(simd, &sums)
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
    fn integrate(self, samples: &mut [f64], mean: f64, level: f64) -> f64 {
        let simd = self.0;
        let (samples, rest) = S::as_mut_simd_f64s(samples);
        let (zero, means) = (simd.splat_f64s(0.0), simd.splat_f64s(mean));
        let lane = S::as_simd_f64s(&LANE).0[0];
        let mut levels = simd.splat_f64s(level);
        for sample in samples {
            // The sums within the register first: each step adds twice as many.
            let mut sums = simd.sub_f64s(*sample, means);
            let mut step = 1;
            while step < S::F64_LANES {
                let before = simd.rotate_right_f64s(sums, step);
                let wrapped = simd.less_than_f64s(lane, simd.splat_f64s(step as f64));
                sums = simd.add_f64s(sums, simd.select_f64s(wrapped, zero, before));
                step *= 2;
            }
            *sample = simd.add_f64s(levels, sums);
            let last = simd.rotate_right_f64s(sums, 1);
            levels = simd.add_f64s(levels, simd.splat_f64s(first_lane::<S>(last)));
        }
        let mut level = first_lane::<S>(levels);
        for sample in rest {
            level += *sample - mean;
            *sample = level;
        }
        level
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
        let scale = simd.splat_f64s(degrees.over_count);
        let one = simd.splat_f64s(1.0);
        let lane = S::as_simd_f64s(&LANE).0[0];
        let count = simd.add_f64s(simd.add_f64s(lane, lane), one);
        let mut u = simd.sub_f64s(simd.mul_f64s(count, scale), one);
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

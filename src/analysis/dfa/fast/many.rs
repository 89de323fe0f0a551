//! Several traces, a lane each.
//!
//! Place in the flow: one of the two [`super::bundle`]s.

use pulp::Simd;

use super::bundle::{Bundle, Degrees, Moments};
use super::sums::{self, Place, Sums};
use super::value::{REGISTERS, Registers, Value};

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
    fn moments_beside<const K: usize>(
        self,
        profile: &[f64],
        _stride: usize,
        degrees: &Degrees<K>,
    ) -> Moments<Registers<S>, K> {
        self.moments(&profile[..(degrees.count as usize + 1) * self.width()], degrees)
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
    fn integrate(
        self,
        samples: &mut [f64],
        means: Registers<S>,
        mut level: Registers<S>,
    ) -> Registers<S> {
        for sample in samples.chunks_exact_mut(self.width()) {
            level = level.plus(self.load(sample).minus(means));
            self.store(level, sample);
        }
        level
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
        let mut sums = [Sums::new(simd, before[0], end[0], degrees); REGISTERS];
        for r in 1..REGISTERS {
            sums[r] = Sums::new(simd, before[r], end[r], degrees);
        }
        let pairs = inside.len() / REGISTERS / 2;
        let mirrored = inside.chunks_exact(REGISTERS).zip(inside.rchunks_exact(REGISTERS));
        let mut place = Place::new(degrees);
        for (left, right) in mirrored.take(pairs) {
            let weights = place.next(simd);
            for r in 0..REGISTERS {
                sums[r].pair(simd, left[r], right[r], &weights);
            }
        }
        for r in 0..REGISTERS {
            if inside.len() > 2 * pairs * REGISTERS {
                sums[r].middle(simd, inside[pairs * REGISTERS + r], degrees);
            }
        }
        sums::gathered(simd, &sums)
    }
}

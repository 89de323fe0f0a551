//! Counter-based noise: the same normal deviates wherever and in whatever order they are drawn.
//!
//! Place in the flow: floor 1. The noise inside networks (`models/ctrnn`) is drawn with it on the
//! CPU, and by its twin `shaders/shared/philox.wgsl` on a GPU. A [`random::stream`] is drawn from in
//! order; here a deviate is a function of a key and of four counters, so that thousands of lanes
//! draw side by side and no split of the work changes a number.
//!
//! ```text
//! x0 x1 x2 x3 = Philox4x32-10(key, [unit, step / 4, draw, index])
//! u = (2 (x0 >> 9) + 1) 2⁻²⁴       v = (2 (x1 >> 9) + 1) 2⁻²⁴       both exact, within (0, 1)
//! deviates 0, 1 = sqrt(-2 ln u) (cos 2πv, sin 2πv)                  2, 3 likewise of x2, x3
//! ```
//!
//! Generator: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011),
//! which passes the published batteries of tests; deviates by Box and Muller's transform. The
//! logarithm, sine and cosine are polynomials of our own, equal to the true ones within 1e-7, so
//! that no driver's or processor's functions enter: whole numbers are equal to the bit everywhere,
//! deviates to an ulp or two (a driver may or may not fuse a multiply-add). With 23 bits the
//! largest deviate is 5.77, which a true normal passes once in 10⁸.

use rand::Rng;

use super::logarithm::{LN_2, logarithm};
use super::random;

/// Deviates per call of the generator: consecutive steps of one unit.
pub const STEPS_PER_BLOCK: usize = 4;

/// Multipliers of a round.
pub const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// What the key grows by after a round.
pub const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
/// Rounds.
pub const ROUNDS: usize = 10;

/// Taylor's coefficients of `sin θ / θ - 1` in θ², for |θ| ≤ π/4.
const SINE: [f32; 4] = [-1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362_880.0];
/// Of `cos θ - 1` in θ².
const COSINE: [f32; 4] = [-0.5, 1.0 / 24.0, -1.0 / 720.0, 1.0 / 40320.0];

/// A stream of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    /// The key.
    pub key: [u32; 2],
}

impl Philox {
    /// The stream of `name` under `seed`: its key is the beginning of [`random::stream`]'s.
    pub fn named(seed: u64, name: &str) -> Self {
        let mut stream = random::stream(seed, name, 0);
        Self { key: [stream.next_u32(), stream.next_u32()] }
    }

    /// The four words at `counter`.
    pub fn words(self, counter: [u32; 4]) -> [u32; 4] {
        self.lanes(counter.map(|word| [word])).map(|[word]| word)
    }

    /// The deviates of four consecutive steps at `counter`, which is `[unit, step / 4, draw, index]`.
    pub fn normals(self, counter: [u32; 4]) -> [f32; STEPS_PER_BLOCK] {
        self.normal_lanes(counter.map(|word| [word])).map(|[deviate]| deviate)
    }

    /// The deviates of steps `4 block` to `4 block + 3` of units 0, 1, ..., one step after the other,
    /// each `out.len() / 4` units.
    ///
    /// # Panics
    /// `out` holds no whole number of units.
    #[inline(always)]
    pub fn fill(self, [block, draw, index]: [u32; 3], out: &mut [f32]) {
        assert!(out.len().is_multiple_of(STEPS_PER_BLOCK), "four steps of as many units");
        let units = out.len() / STEPS_PER_BLOCK;
        for first in (0..units).step_by(WIDTH) {
            let unit = std::array::from_fn(|lane| (first + lane) as u32);
            let counter = [unit, [block; WIDTH], [draw; WIDTH], [index; WIDTH]];
            let deviates = self.normal_lanes::<WIDTH>(counter);
            let count = WIDTH.min(units - first);
            for (step, deviates) in deviates.iter().enumerate() {
                out[step * units + first..][..count].copy_from_slice(&deviates[..count]);
            }
        }
    }

    /// [`words`](Self::words) of `L` counters side by side.
    #[inline(always)]
    fn lanes<const L: usize>(self, counter: [[u32; L]; 4]) -> [[u32; L]; 4] {
        let [mut a, mut b, mut c, mut d] = counter;
        let mut key = self.key;
        for _ in 0..ROUNDS {
            for lane in 0..L {
                let p = u64::from(MULTIPLIERS[0]) * u64::from(a[lane]);
                let q = u64::from(MULTIPLIERS[1]) * u64::from(c[lane]);
                let (x, y) = (b[lane], d[lane]);
                a[lane] = (q >> 32) as u32 ^ x ^ key[0];
                b[lane] = q as u32;
                c[lane] = (p >> 32) as u32 ^ y ^ key[1];
                d[lane] = p as u32;
            }
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        [a, b, c, d]
    }

    /// [`normals`](Self::normals) of `L` counters side by side.
    #[inline(always)]
    fn normal_lanes<const L: usize>(self, counter: [[u32; L]; 4]) -> [[f32; L]; STEPS_PER_BLOCK] {
        let words = self.lanes(counter);
        let mut deviates = [[0.0; L]; STEPS_PER_BLOCK];
        for pair in 0..2 {
            for lane in 0..L {
                let [cosine, sine] = polar(words[2 * pair][lane], words[2 * pair + 1][lane]);
                deviates[2 * pair][lane] = cosine;
                deviates[2 * pair + 1][lane] = sine;
            }
        }
        deviates
    }
}

/// Units drawn side by side.
const WIDTH: usize = 16;

/// The middle of one of 2²³ equal parts of (0, 1), exact.
#[inline(always)]
fn within_one(word: u32) -> f32 {
    // By way of a signed number, whose conversion every processor has.
    (2 * (word >> 9) as i32 + 1) as f32 * (1.0 / 16_777_216.0)
}

/// A pair of deviates of a pair of words.
#[inline(always)]
fn polar(length: u32, angle: u32) -> [f32; 2] {
    let log = logarithm(within_one(length));
    let radius = (-2.0 * (log.exponent * LN_2 + log.mantissa)).sqrt();
    // The nearest quarter of a turn, and the rest, which is exact.
    let turn = within_one(angle);
    let quarter = (4.0 * turn + 0.5) as i32;
    let theta = (turn - quarter as f32 * 0.25) * std::f32::consts::TAU;
    let square = theta * theta;
    let series = SINE[0] + square * (SINE[1] + square * (SINE[2] + square * SINE[3]));
    let sine = theta + theta * (square * series);
    let cosine = 1.0
        + square * (COSINE[0] + square * (COSINE[1] + square * (COSINE[2] + square * COSINE[3])));
    let (along, across) = if quarter & 1 == 0 { (cosine, sine) } else { (sine, cosine) };
    let along = if (quarter + 1) & 2 == 0 { along } else { -along };
    let across = if quarter & 2 == 0 { across } else { -across };
    [radius * along, radius * across]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_published_generator() {
        // Known answers of Random123, the generator's reference implementation.
        for (counter, key, words) in [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ] {
            assert_eq!(Philox { key }.words(counter), words);
        }
    }

    #[test]
    fn deviates_are_box_and_mullers() {
        let noise = Philox::named(3, "philox/test");
        let mut worst = 0.0f64;
        for unit in 0..50_000 {
            let counter = [unit, unit % 7, unit % 11, unit % 3];
            let words =
                noise.words(counter).map(|word| (2.0 * f64::from(word >> 9) + 1.0) / 2f64.powi(24));
            for (pair, found) in noise.normals(counter).chunks_exact(2).enumerate() {
                let radius = (-2.0 * words[2 * pair].ln()).sqrt();
                let (sine, cosine) = (std::f64::consts::TAU * words[2 * pair + 1]).sin_cos();
                for (found, exact) in found.iter().zip([radius * cosine, radius * sine]) {
                    worst = worst.max((f64::from(*found) - exact).abs());
                }
            }
        }
        assert!(worst < 1.5e-6, "{worst}");
    }

    #[test]
    fn whatever_the_batch_a_unit_has_its_noise() {
        let noise = Philox::named(1, "philox/test");
        for units in [1, 15, 16, 17, 50] {
            let mut out = vec![f32::NAN; 4 * units];
            noise.fill([5, 6, 7], &mut out);
            for unit in 0..units {
                let found: [f32; 4] = std::array::from_fn(|step| out[step * units + unit]);
                assert_eq!(found, noise.normals([unit as u32, 5, 6, 7]));
            }
        }
    }

    #[test]
    fn moments_are_the_normal_ones() {
        let noise = Philox::named(2, "philox/test");
        let (mut sums, mut count) = ([0.0; 4], 0.0);
        for unit in 0..250_000 {
            for x in noise.normals([unit, 0, 0, 0]).map(f64::from) {
                sums.iter_mut().enumerate().for_each(|(at, sum)| *sum += x.powi(at as i32 + 1));
                count += 1.0;
            }
        }
        // Standard errors: sqrt of (1, 2, 15, 96) over the count.
        let expected = [0.0, 1.0, 0.0, 3.0];
        for ((sum, expected), variance) in sums.iter().zip(expected).zip([1.0f64, 2.0, 15.0, 96.0])
        {
            let error = (sum / count - expected) / (variance / count).sqrt();
            assert!(error.abs() < 4.0, "{sums:?}");
        }
    }
}

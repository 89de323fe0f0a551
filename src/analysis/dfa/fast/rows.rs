//! The traces of a bundle, their means, and their profile laid out for registers.
//!
//! Place in the flow: the first step of the tasks of [`super`].

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::bundle::{Bundle, Value};

/// Samples of each trace that are scattered to registers while these are in the nearest cache.
const SCATTERED: usize = 64;

/// The mean of each trace of `steps` samples in f64; 0 where a bundle has none.
pub struct Means<'a> {
    /// One after the other.
    pub rows: &'a [f32],
    /// Samples of each.
    pub steps: usize,
    /// Traces of a full bundle.
    pub width: usize,
}

impl WithSimd for Means<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Vec<f64> {
        let mut means = vec![0.0; self.width];
        for (row, mean) in self.rows.chunks_exact(self.steps).zip(&mut means) {
            let mut sums = [0.0f64; 16];
            let (some, rest) = row.as_chunks::<16>();
            for some in some {
                for (sum, &x) in sums.iter_mut().zip(some) {
                    *sum += f64::from(x);
                }
            }
            for (sum, &x) in sums.iter_mut().zip(rest) {
                *sum += f64::from(x);
            }
            *mean = sums.iter().sum::<f64>() / self.steps as f64;
        }
        means
    }
}

/// The traces of a bundle.
pub struct Rows<'a> {
    /// One after the other.
    pub values: &'a [f32],
    /// Samples of each.
    pub steps: usize,
    /// The mean of each, up to a full bundle.
    pub means: Vec<f64>,
}

impl Rows<'_> {
    /// The profile of `samples` from zero before them, led by that zero.
    #[inline(always)]
    pub fn profile<B: Bundle>(&self, bundle: B, samples: Range<usize>, profile: &mut Vec<f64>) {
        let width = bundle.width();
        profile.resize((samples.len() + 1) * width, 0.0);
        profile[..width].fill(0.0);
        if width == 1 {
            integrate(&self.values[samples], self.means[0], &mut profile[1..]);
            return;
        }
        // Scatter, then sum over registers: a sum per trace would wait for each addition.
        if self.values.len() < width * self.steps {
            profile.fill(0.0);
        }
        let (means, mut level) = (bundle.load(&self.means), bundle.zero());
        for (i, some) in profile[width..].chunks_mut(SCATTERED * width).enumerate() {
            let from = samples.start + i * SCATTERED;
            for (lane, row) in self.values.chunks_exact(self.steps).enumerate() {
                for (sample, &x) in some.chunks_exact_mut(width).zip(&row[from..]) {
                    sample[lane] = f64::from(x);
                }
            }
            for sample in some.chunks_exact_mut(width) {
                level = level.plus(bundle.load(sample).minus(means));
                bundle.store(level, sample);
            }
        }
    }
}

/// The running sum of `samples - mean`: four quarters side by side, for each addition of one sum
/// waits for the one before.
#[inline(always)]
fn integrate(samples: &[f32], mean: f64, profile: &mut [f64]) {
    let quarter = samples.len() / 4;
    let mut levels = [0.0; 4];
    let (first, rest) = profile.split_at_mut(quarter);
    let (second, rest) = rest.split_at_mut(quarter);
    let (third, rest) = rest.split_at_mut(quarter);
    let (fourth, tail) = rest.split_at_mut(quarter);
    let (start, rest) = samples.split_at(quarter);
    let (right, rest) = rest.split_at(quarter);
    let (left, end) = rest.split_at(quarter);
    let samples_of = start.iter().zip(right).zip(left.iter().zip(end));
    let outs = first.iter_mut().zip(&mut *second).zip(third.iter_mut().zip(&mut *fourth));
    for (((a, b), (c, d)), ((p, q), (r, s))) in samples_of.zip(outs) {
        levels[0] += f64::from(*a) - mean;
        levels[1] += f64::from(*b) - mean;
        levels[2] += f64::from(*c) - mean;
        levels[3] += f64::from(*d) - mean;
        (*p, *q, *r, *s) = (levels[0], levels[1], levels[2], levels[3]);
    }
    let quarters = [first, second, third, fourth];
    let mut risen = 0.0;
    for (out, level) in quarters.into_iter().zip(levels) {
        out.iter_mut().for_each(|p| *p += risen);
        risen += level;
    }
    for (out, &x) in tail.iter_mut().zip(&samples[4 * quarter..]) {
        risen += f64::from(x) - mean;
        *out = risen;
    }
}

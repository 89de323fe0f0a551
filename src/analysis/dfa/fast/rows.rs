//! The traces of a bundle, their means, and their profile laid out for registers.
//!
//! Place in the flow: the first step of the tasks of [`super`].

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::bundle::Bundle;

/// Samples of each trace that are scattered to registers, then summed, in the nearest cache.
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
        if self.values.len() < width * self.steps {
            profile.fill(0.0);
        }
        let (means, mut level) = (bundle.load(&self.means), bundle.zero());
        for (i, some) in profile[width..].chunks_mut(SCATTERED * width).enumerate() {
            let from = samples.start + i * SCATTERED;
            if width == 1 {
                let values = &self.values[from..from + some.len()];
                for (sample, &x) in some.iter_mut().zip(values) {
                    *sample = f64::from(x);
                }
            } else {
                for (lane, row) in self.values.chunks_exact(self.steps).enumerate() {
                    for (sample, &x) in some.chunks_exact_mut(width).zip(&row[from..]) {
                        sample[lane] = f64::from(x);
                    }
                }
            }
            level = bundle.integrate(some, means, level);
        }
    }
}

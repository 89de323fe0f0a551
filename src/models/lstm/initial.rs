//! The weights an LSTM starts from, as Keras draws them.
//!
//! Place in the flow: floor 3, under [`Lstm::new`](super::Lstm::new). Drawn on the CPU from the
//! named streams `lstm/kernel` and `lstm/recurrent`, so that every device starts from the same
//! bits.
//!
//! | weight | distribution |
//! |---|---|
//! | kernel `[E, 4H]` | Glorot-uniform over the whole matrix: ±sqrt(6 / (E + 4H)) |
//! | recurrent `[H, 4H]` | orthogonal rows of unit length, from the QR of a normal matrix |
//! | bias `[4H]` | 0, but 1 for the forget gate |
//!
//! The numbers are Keras's in distribution, not in value: its generator is another.

use crate::signal::random::stream;
use rand::distr::{Distribution, Uniform};
use rand_distr::StandardNormal;

/// `[rows, columns]`, uniform within ±sqrt(6 / (rows + columns)).
pub(super) fn glorot_uniform(rows: usize, columns: usize, seed: u64) -> Vec<f32> {
    let limit = (6.0 / (rows + columns) as f32).sqrt();
    let uniform = Uniform::new(-limit, limit).expect("the limit is positive and finite");
    uniform.sample_iter(stream(seed, "lstm/kernel", 0)).take(rows * columns).collect()
}

/// `[rows, columns]` with `rows <= columns`: orthonormal rows, uniform over all such matrices.
///
/// Gram and Schmidt's method on normal rows, each cleared twice of the rows before it, in f64. The
/// factor R so made has a positive diagonal, which is the sign that Keras sets after its QR.
pub(super) fn orthogonal(rows: usize, columns: usize, seed: u64) -> Vec<f32> {
    assert!(rows <= columns, "at most as many orthogonal rows as columns");
    let mut normal = StandardNormal.sample_iter(stream(seed, "lstm/recurrent", 0));
    let mut matrix: Vec<f64> = normal.by_ref().take(rows * columns).collect();
    for row in 0..rows {
        let (before, rest) = matrix.split_at_mut(row * columns);
        let current = &mut rest[..columns];
        for _ in 0..2 {
            for other in before.chunks_exact(columns) {
                let along: f64 = other.iter().zip(&*current).map(|(a, b)| a * b).sum();
                current.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let length = current.iter().map(|value| value * value).sum::<f64>().sqrt();
        current.iter_mut().for_each(|value| *value /= length);
    }
    matrix.into_iter().map(|value| value as f32).collect()
}

/// `[4H]` in gate order i, f, candidate, o: zero, but one for f.
pub(super) fn forget_one(hidden: usize) -> Vec<f32> {
    (0..4 * hidden).map(|at| if at / hidden == 1 { 1.0 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recurrent_rows_are_orthonormal_and_the_kernel_keeps_its_limit() {
        for hidden in [1, 5, 60] {
            let columns = 4 * hidden;
            let matrix = orthogonal(hidden, columns, 3);
            for (a, left) in matrix.chunks_exact(columns).enumerate() {
                for (b, right) in matrix.chunks_exact(columns).enumerate() {
                    let product: f32 = left.iter().zip(right).map(|(x, y)| x * y).sum();
                    let expected = if a == b { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-5, "{a} {b}: {product}");
                }
            }
        }
        let kernel = glorot_uniform(32, 240, 3);
        let limit = (6.0f32 / 272.0).sqrt();
        assert!(kernel.iter().all(|value| value.abs() <= limit));
        let spread = kernel.iter().map(|value| value * value).sum::<f32>() / kernel.len() as f32;
        assert!((spread / (limit * limit / 3.0) - 1.0).abs() < 0.05, "variance of a uniform");
        assert_eq!(forget_one(2), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }
}

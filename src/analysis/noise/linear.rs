//! Square matrices in f64: products, the discrete Lyapunov equation, linear systems.
//!
//! Place in the flow: under [`closure`](super::closure) and [`neuron`](super::neuron). Matrices are
//! row-major `[n, n]`; the inner loops run along rows, four at a time, so that they vectorise.

/// Doublings of [`lyapunov`] before it gives up: 2^50 steps of the network.
const DOUBLINGS: usize = 50;

/// `a · b`.
pub(super) fn product(n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    rows(n, b, |row, k| a[row * n + k])
}

/// `aᵀ · b`.
pub(super) fn transposed_product(n: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    rows(n, b, |row, k| a[k * n + row])
}

/// The matrix whose row `i` is `Σ_k factor(i, k) · b[k]`.
fn rows(n: usize, b: &[f64], factor: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for (row, out) in out.chunks_exact_mut(n).enumerate() {
        let mut fours = b.chunks_exact(4 * n);
        for (four, part) in fours.by_ref().enumerate() {
            let f: [f64; 4] = std::array::from_fn(|k| factor(row, 4 * four + k));
            // Blocks of zeros are what a feedforward network is made of.
            if f == [0.0; 4] {
                continue;
            }
            let (first, second) = part.split_at(2 * n);
            let ((p, q), (r, s)) = (first.split_at(n), second.split_at(n));
            for ((((out, p), q), r), s) in out.iter_mut().zip(p).zip(q).zip(r).zip(s) {
                *out += f[0] * p + f[1] * q + f[2] * r + f[3] * s;
            }
        }
        for (k, part) in fours.remainder().chunks_exact(n).enumerate() {
            let f = factor(row, n - n % 4 + k);
            out.iter_mut().zip(part).for_each(|(out, p)| *out += f * p);
        }
    }
    out
}

/// The solution of `C = aᵀ C a + diag(q)`; `None` where `a` is not stable.
///
/// By doubling (Smith, SIAM J. Appl. Math. 16, 198, 1968): `C += aᵀ C a`, `a = a²`, which after
/// `k` rounds holds the sum of 2^k steps.
pub(super) fn lyapunov(n: usize, mut a: Vec<f64>, q: &[f64]) -> Option<Vec<f64>> {
    let mut c = vec![0.0; n * n];
    (0..n).for_each(|i| c[i * n + i] = q[i]);
    for _ in 0..DOUBLINGS {
        let more = transposed_product(n, &a, &product(n, &c, &a));
        c.iter_mut().zip(&more).for_each(|(c, more)| *c += more);
        a = product(n, &a, &a);
        let (added, all, left) = (largest(&more), largest(&c), largest(&a));
        if !(added.is_finite() && all.is_finite() && left.is_finite()) {
            return None;
        }
        // What is still to come is of the order of added · left².
        if added <= 1e-15 * all && left < 0.5 / n as f64 || left < 1e-12 {
            return Some(c);
        }
    }
    None
}

/// The largest absolute value; NaN where there is one.
pub(super) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| if v.abs() <= most { most } else { v.abs() })
}

/// Solves `matrix · x = right` in place by elimination with row pivots; `None` where a pivot is 0.
pub(super) fn solve(n: usize, matrix: &mut [f64], mut right: Vec<f64>) -> Option<Vec<f64>> {
    for column in 0..n {
        let size = |row: usize| matrix[row * n + column].abs();
        let pivot = (column..n).max_by(|a, b| size(*a).total_cmp(&size(*b)))?;
        if pivot != column {
            let (above, below) = matrix.split_at_mut(pivot * n);
            above[column * n..(column + 1) * n].swap_with_slice(&mut below[..n]);
            right.swap(column, pivot);
        }
        let (above, below) = matrix.split_at_mut((column + 1) * n);
        let top = &above[column * n + column..];
        if top[0] == 0.0 || !top[0].is_finite() {
            return None;
        }
        for (row, line) in below.chunks_exact_mut(n).enumerate() {
            let factor = line[column] / top[0];
            if factor != 0.0 {
                let line = line[column..].iter_mut().zip(top);
                line.for_each(|(value, top)| *value -= factor * top);
                right[column + 1 + row] -= factor * right[column];
            }
        }
    }
    for row in (0..n).rev() {
        let line = &matrix[row * n..(row + 1) * n];
        let known: f64 = line[row + 1..].iter().zip(&right[row + 1..]).map(|(a, x)| a * x).sum();
        right[row] = (right[row] - known) / line[row];
    }
    Some(right)
}

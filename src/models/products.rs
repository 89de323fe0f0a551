//! Matrix products blocked in registers, at the machine's vector width.
//!
//! Place in the flow: floor 3, under the recurrent networks and the convolutions on the CPU. Their products are
//! small (16 rows of a batch, or a row of a picture, by up to a few hundred columns), so that a
//! general library spends as long in its set-up as in its sums. Here a tile of a few rows by a few
//! vectors stays in registers over the whole inner dimension.
//!
//! The program is built for the oldest 64-bit processors and asks at run time which vectors there
//! are (`pulp::Arch`; what runs inside must be `#[inline(always)]`, else it is compiled without
//! them). Sums run over the inner dimension in order, one multiply-add each, whatever the number of
//! threads, so two runs agree to the bit.

use bytemuck::{Pod, Zeroable};
use pulp::Simd;

/// Rows of a register tile where the processor has 32 vector registers: 16 sums, 4 vectors and a
/// factor. More rows were no faster.
pub(super) const MANY_ROWS: usize = 4;
/// Rows of a register tile where it has 16.
pub(super) const FEW_ROWS: usize = 2;

/// A cache line. Scratch is made of them because a vector that straddles two is read at half the
/// speed.
#[repr(C, align(64))]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Line([f32; 16]);

/// At least `count` zeros, to be seen as numbers by [`floats`] and [`floats_mut`].
pub(super) fn zeros(count: usize) -> Vec<Line> {
    vec![Line([0.0; 16]); count.div_ceil(16)]
}

pub(super) fn floats(lines: &[Line]) -> &[f32] {
    bytemuck::cast_slice(lines)
}

pub(super) fn floats_mut(lines: &mut [Line]) -> &mut [f32] {
    bytemuck::cast_slice_mut(lines)
}

/// `values` as rows of `V` vectors.
#[inline(always)]
pub(super) fn vectors<S: Simd, const V: usize>(values: &[f32]) -> &[[S::f32s; V]] {
    S::as_simd_f32s(values).0.as_chunks().0
}

/// As [`vectors`], to be written.
#[inline(always)]
pub(super) fn vectors_mut<S: Simd, const V: usize>(values: &mut [f32]) -> &mut [[S::f32s; V]] {
    S::as_mut_simd_f32s(values).0.as_chunks_mut().0
}

/// A vector of up to as many `values` as it has lanes, the rest zero.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0.first() {
        Some(whole) => *whole,
        None => simd.partial_load_f32s(values),
    }
}

/// Writes as many lanes as `values` takes.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, values: &mut [f32], vector: S::f32s) {
    if values.len() == S::F32_LANES {
        S::as_mut_simd_f32s(values).0[0] = vector;
    } else {
        simd.partial_store_f32s(values, vector);
    }
}

/// `sums + rows · panel`: `R` rows, `stride` apart, of which as many numbers count as the panel is
/// deep.
#[inline(always)]
pub(super) fn add_product<S: Simd, const R: usize, const V: usize>(
    simd: S,
    rows: &[f32],
    stride: usize,
    panel: &[[S::f32s; V]],
    mut sums: [[S::f32s; V]; R],
) -> [[S::f32s; V]; R] {
    let rows: [&[f32]; R] = std::array::from_fn(|row| &rows[row * stride..][..panel.len()]);
    for (at, vectors) in panel.iter().enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            add_scaled(simd, row[at], vectors, sums);
        }
    }
    sums
}

/// `sums + leftᵀ · panel`: `R` columns from `column` on of `left`, whose rows are `width` long.
#[inline(always)]
pub(super) fn add_transposed_product<S: Simd, const R: usize, const V: usize>(
    simd: S,
    left: &[f32],
    [width, column]: [usize; 2],
    panel: &[[S::f32s; V]],
    mut sums: [[S::f32s; V]; R],
) -> [[S::f32s; V]; R] {
    for (factors, vectors) in left.chunks_exact(width).zip(panel) {
        for (factor, sums) in factors[column..][..R].iter().zip(&mut sums) {
            add_scaled(simd, *factor, vectors, sums);
        }
    }
    sums
}

#[inline(always)]
fn add_scaled<S: Simd, const V: usize>(
    simd: S,
    factor: f32,
    vectors: &[S::f32s; V],
    sums: &mut [S::f32s; V],
) {
    let factor = simd.splat_f32s(factor);
    for (sum, vector) in sums.iter_mut().zip(vectors) {
        *sum = simd.mul_add_e_f32s(factor, *vector, *sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, WithSimd};

    struct BothProducts {
        depth: usize,
    }

    impl WithSimd for BothProducts {
        type Output = f64;

        /// The largest difference of both products from plain loops in f64.
        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            let (depth, columns) = (self.depth, 3 * S::F32_LANES);
            let value = |i: usize| ((i * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
            // Two rows of five columns of the left side, the second and third column.
            let left: Vec<f32> = (0..5 * depth).map(value).collect();
            let right: Vec<f32> = (0..depth * columns).map(|i| value(i + 5)).collect();
            let rows: Vec<f32> =
                (0..2 * depth).map(|i| left[i % depth * 5 + i / depth + 1]).collect();
            let (panel, ones) = (vectors::<S, 3>(&right), [[simd.splat_f32s(1.0); 3]; 2]);
            let found = add_product(simd, &rows, depth, panel, ones);
            let again = add_transposed_product(simd, &left, [5, 1], panel, ones);
            let mut worst = 0.0f64;
            for (row, found) in [found, again].iter().flat_map(|both| both.iter().enumerate()) {
                for (at, found) in found.iter().enumerate() {
                    let mut lanes = vec![0.0; S::F32_LANES];
                    store(simd, &mut lanes, *found);
                    for (lane, found) in lanes.iter().enumerate() {
                        let column = at * S::F32_LANES + lane;
                        let exact = (0..depth).fold(1.0, |sum, k| {
                            let product = f64::from(left[k * 5 + row + 1]);
                            sum + product * f64::from(right[k * columns + column])
                        });
                        assert!(found.is_finite());
                        worst = worst.max((f64::from(*found) - exact).abs());
                    }
                }
            }
            worst
        }
    }

    #[test]
    fn both_products_equal_plain_loops() {
        for depth in [1, 3, 60, 100] {
            assert!(Arch::new().dispatch(BothProducts { depth }) < 2e-5, "{depth}");
            assert!(pulp::Scalar.vectorize(BothProducts { depth }) < 2e-5, "scalar {depth}");
        }
    }
}

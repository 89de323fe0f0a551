//! The three matrix products of the recurrence, blocked in registers, at the machine's vector
//! width.
//!
//! Place in the flow: floor 3, under `forward` and `backward` of the LSTM, on the CPU. Per time
//! step the products are small (12 rows by a few hundred columns), so that a general library spends
//! as long in its set-up as in its sums. Here a tile of 6 rows by 2 vectors stays in AVX2's 16
//! registers over the whole inner dimension.
//!
//! The program is built for the oldest 64-bit processors and asks at run time which vectors there
//! are (`pulp::Arch`; what runs inside must be `#[inline(always)]`, else it is compiled without
//! them). Sums run over the inner dimension in order, one multiply-add each, whatever the number of
//! threads, so two runs agree to the bit.

use pulp::Simd;

/// Rows of one register tile, by 2 vectors. (4 rows by 3 vectors need all 16
/// registers, and the compiler then keeps one sum in memory: a third slower.)
const LONG_ROWS: usize = 6;
/// Rows of the tile that takes what rows are left.
pub(super) const SHORT_ROWS: usize = 2;
/// Vectors of one panel.
const PANEL_VECTORS: usize = 2;

/// Units of one gate, padded so that whole vectors and whole tiles of [`add_transposed_product`]
/// fit: the width of every row of scratch.
#[inline(always)]
pub(super) fn padded_units<S: Simd>(units: usize) -> usize {
    units.next_multiple_of(S::F32_LANES.max(SHORT_ROWS))
}

/// A matrix `[depth, columns]` in panels of [`PANEL_VECTORS`] vectors: one panel holds its columns
/// row by row, so that a tile reads it from front to back. The last panel may be narrower.
pub(super) struct Panels {
    data: Vec<f32>,
    depth: usize,
    columns: usize,
}

impl Panels {
    /// Packs the matrix whose entry is `entry(row, column)`; `columns` is a multiple of the
    /// vector's lanes.
    #[inline(always)]
    pub(super) fn pack<S: Simd>(
        depth: usize,
        columns: usize,
        entry: impl Fn(usize, usize) -> f32,
    ) -> Self {
        assert!(columns.is_multiple_of(S::F32_LANES), "columns are padded to whole vectors");
        let width = PANEL_VECTORS * S::F32_LANES;
        let mut data = Vec::with_capacity(depth * columns);
        for start in (0..columns).step_by(width) {
            let end = (start + width).min(columns);
            for row in 0..depth {
                data.extend((start..end).map(|column| entry(row, column)));
            }
        }
        Self { data, depth, columns }
    }
}

/// `out += rows · panels`: `rows` is `[count, stride]` of which the first `depth` columns count,
/// `out` is `[count, columns]`, and `count` is a multiple of [`SHORT_ROWS`].
#[inline(always)]
pub(super) fn add_rows_times_panels<S: Simd>(
    simd: S,
    rows: &[f32],
    stride: usize,
    panels: &Panels,
    out: &mut [f32],
) {
    let (depth, columns) = (panels.depth, panels.columns);
    let width = PANEL_VECTORS * S::F32_LANES;
    let long = rows.len() / stride / LONG_ROWS * LONG_ROWS;
    for start in (0..columns).step_by(width) {
        let panel_width = width.min(columns - start);
        let panel = &panels.data[start * depth..][..panel_width * depth];
        let (long_out, short_out) = out.split_at_mut(long * columns);
        let (long_rows, short_rows) = rows.split_at(long * stride);
        if panel_width == width {
            long_tiles::<S, 2>(simd, long_rows, stride, panel, long_out, [columns, start]);
            short_tiles::<S, 2>(simd, short_rows, stride, panel, short_out, [columns, start]);
        } else {
            long_tiles::<S, 1>(simd, long_rows, stride, panel, long_out, [columns, start]);
            short_tiles::<S, 1>(simd, short_rows, stride, panel, short_out, [columns, start]);
        }
    }
}

/// One panel times all rows, [`LONG_ROWS`] at a time.
///
/// Written out, each row's sums in their own variable and all rows in one `zip`: with arrays of
/// rows and an index the compiler kept the sums in memory or checked six bounds per step.
#[inline(always)]
fn long_tiles<S: Simd, const V: usize>(
    simd: S,
    rows: &[f32],
    stride: usize,
    panel: &[f32],
    out: &mut [f32],
    [columns, start]: [usize; 2],
) {
    let (vectors, _) = S::as_simd_f32s(panel);
    let (vectors, _) = vectors.as_chunks::<V>();
    let depth = vectors.len();
    let tiles = rows.chunks_exact(LONG_ROWS * stride);
    for (rows, out) in tiles.zip(out.chunks_exact_mut(LONG_ROWS * columns)) {
        let [mut p, mut q, mut r, mut s, mut t, mut u] =
            load_tile::<S, LONG_ROWS, V>(out, columns, start);
        let [a, b, c, d, e, f] =
            std::array::from_fn(|row| rows[row * stride..][..depth].iter().copied());
        let factors = a.zip(b).zip(c).zip(d).zip(e).zip(f);
        for (vectors, (((((a, b), c), d), e), f)) in vectors.iter().zip(factors) {
            p = multiply_add::<S, V>(simd, a, vectors, p);
            q = multiply_add::<S, V>(simd, b, vectors, q);
            r = multiply_add::<S, V>(simd, c, vectors, r);
            s = multiply_add::<S, V>(simd, d, vectors, s);
            t = multiply_add::<S, V>(simd, e, vectors, t);
            u = multiply_add::<S, V>(simd, f, vectors, u);
        }
        store_tile::<S, LONG_ROWS, V>(out, columns, start, [p, q, r, s, t, u]);
    }
}

/// As [`long_tiles`], [`SHORT_ROWS`] at a time.
#[inline(always)]
fn short_tiles<S: Simd, const V: usize>(
    simd: S,
    rows: &[f32],
    stride: usize,
    panel: &[f32],
    out: &mut [f32],
    [columns, start]: [usize; 2],
) {
    let (vectors, _) = S::as_simd_f32s(panel);
    let (vectors, _) = vectors.as_chunks::<V>();
    let depth = vectors.len();
    let tiles = rows.chunks_exact(SHORT_ROWS * stride);
    for (rows, out) in tiles.zip(out.chunks_exact_mut(SHORT_ROWS * columns)) {
        let [mut p, mut q] = load_tile::<S, SHORT_ROWS, V>(out, columns, start);
        let (a, b) = rows.split_at(stride);
        for ((vectors, a), b) in vectors.iter().zip(&a[..depth]).zip(&b[..depth]) {
            p = multiply_add::<S, V>(simd, *a, vectors, p);
            q = multiply_add::<S, V>(simd, *b, vectors, q);
        }
        store_tile::<S, SHORT_ROWS, V>(out, columns, start, [p, q]);
    }
}

/// `out += leftᵀ · right` with `left` `[depth, units]`, `right` `[depth, columns]` and `out`
/// `[units, columns]`; `units` and `columns` are padded.
#[inline(always)]
pub(super) fn add_transposed_product<S: Simd>(
    simd: S,
    left: &[f32],
    units: usize,
    right: &[f32],
    columns: usize,
    out: &mut [f32],
) {
    let width = PANEL_VECTORS * S::F32_LANES;
    let long = units / LONG_ROWS * LONG_ROWS;
    let (long_out, short_out) = out.split_at_mut(long * columns);
    for start in (0..columns).step_by(width) {
        if columns - start >= width {
            let sides = [(left, units), (right, columns)];
            long_outer::<S, 2>(simd, sides, 0, long_out, start);
            short_outer::<S, 2>(simd, sides, long, short_out, start);
        } else {
            let sides = [(left, units), (right, columns)];
            long_outer::<S, 1>(simd, sides, 0, long_out, start);
            short_outer::<S, 1>(simd, sides, long, short_out, start);
        }
    }
}

/// All units from `unit` on by the columns from `start` on, [`LONG_ROWS`] units at a time; written
/// out for the reason given at [`long_tiles`]. `sides` are the two matrices, each with its width.
#[inline(always)]
fn long_outer<S: Simd, const V: usize>(
    simd: S,
    [(left, units), (right, columns)]: [(&[f32], usize); 2],
    mut unit: usize,
    out: &mut [f32],
    start: usize,
) {
    for out in out.chunks_exact_mut(LONG_ROWS * columns) {
        let [mut p, mut q, mut r, mut s, mut t, mut u] =
            load_tile::<S, LONG_ROWS, V>(out, columns, start);
        for (left, right) in left.chunks_exact(units).zip(right.chunks_exact(columns)) {
            let [a, b, c, d, e, f] = *left[unit..].first_chunk().expect("a whole tile of units");
            let vectors = vectors_at::<S, V>(right, start);
            p = multiply_add::<S, V>(simd, a, vectors, p);
            q = multiply_add::<S, V>(simd, b, vectors, q);
            r = multiply_add::<S, V>(simd, c, vectors, r);
            s = multiply_add::<S, V>(simd, d, vectors, s);
            t = multiply_add::<S, V>(simd, e, vectors, t);
            u = multiply_add::<S, V>(simd, f, vectors, u);
        }
        store_tile::<S, LONG_ROWS, V>(out, columns, start, [p, q, r, s, t, u]);
        unit += LONG_ROWS;
    }
}

/// As [`long_outer`], [`SHORT_ROWS`] at a time.
#[inline(always)]
fn short_outer<S: Simd, const V: usize>(
    simd: S,
    [(left, units), (right, columns)]: [(&[f32], usize); 2],
    mut unit: usize,
    out: &mut [f32],
    start: usize,
) {
    for out in out.chunks_exact_mut(SHORT_ROWS * columns) {
        let [mut p, mut q] = load_tile::<S, SHORT_ROWS, V>(out, columns, start);
        for (left, right) in left.chunks_exact(units).zip(right.chunks_exact(columns)) {
            let [a, b] = *left[unit..].first_chunk().expect("a whole tile of units");
            let vectors = vectors_at::<S, V>(right, start);
            p = multiply_add::<S, V>(simd, a, vectors, p);
            q = multiply_add::<S, V>(simd, b, vectors, q);
        }
        store_tile::<S, SHORT_ROWS, V>(out, columns, start, [p, q]);
        unit += SHORT_ROWS;
    }
}

#[inline(always)]
fn multiply_add<S: Simd, const V: usize>(
    simd: S,
    factor: f32,
    vectors: &[S::f32s; V],
    mut sums: [S::f32s; V],
) -> [S::f32s; V] {
    let factor = simd.splat_f32s(factor);
    for (sum, vector) in sums.iter_mut().zip(vectors) {
        *sum = simd.mul_add_e_f32s(factor, *vector, *sum);
    }
    sums
}

#[inline(always)]
fn vectors_at<S: Simd, const V: usize>(row: &[f32], start: usize) -> &[S::f32s; V] {
    let (vectors, _) = S::as_simd_f32s(&row[start..start + V * S::F32_LANES]);
    vectors.first_chunk().expect("the slice holds V vectors")
}

#[inline(always)]
fn load_tile<S: Simd, const R: usize, const V: usize>(
    out: &[f32],
    columns: usize,
    start: usize,
) -> [[S::f32s; V]; R] {
    std::array::from_fn(|row| *vectors_at::<S, V>(&out[row * columns..], start))
}

#[inline(always)]
fn store_tile<S: Simd, const R: usize, const V: usize>(
    out: &mut [f32],
    columns: usize,
    start: usize,
    sums: [[S::f32s; V]; R],
) {
    for (row, sums) in sums.iter().enumerate() {
        let place = &mut out[row * columns + start..][..V * S::F32_LANES];
        S::as_mut_simd_f32s(place).0.copy_from_slice(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, WithSimd};

    struct BothProducts {
        depth: usize,
        units: usize,
    }

    impl WithSimd for BothProducts {
        type Output = f64;

        /// The largest difference of both products from plain loops in f64.
        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            let (depth, columns) = (self.depth, padded_units::<S>(self.units));
            let value = |i: usize| ((i * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
            let left: Vec<f32> = (0..8 * depth).map(value).collect();
            let right: Vec<f32> = (0..depth * columns).map(|i| value(i + 5)).collect();
            let panels = Panels::pack::<S>(depth, columns, |k, j| right[k * columns + j]);
            let mut out = vec![1.0f32; 8 * columns];
            add_rows_times_panels(simd, &left, depth, &panels, &mut out);
            let transposed: Vec<f32> =
                (0..depth * 8).map(|i| left[(i % 8) * depth + i / 8]).collect();
            let mut again = vec![1.0f32; 8 * columns];
            add_transposed_product(simd, &transposed, 8, &right, columns, &mut again);
            let mut worst = 0.0f64;
            for row in 0..8 {
                for column in 0..columns {
                    let exact = (0..depth).fold(1.0, |sum, k| {
                        let product = f64::from(left[row * depth + k]);
                        sum + product * f64::from(right[k * columns + column])
                    });
                    for found in [out[row * columns + column], again[row * columns + column]] {
                        assert!(found.is_finite());
                        worst = worst.max((f64::from(found) - exact).abs());
                    }
                }
            }
            worst
        }
    }

    #[test]
    fn both_products_equal_plain_loops_at_every_tail() {
        for (depth, units) in [(1, 1), (3, 8), (5, 9), (60, 16), (64, 24), (33, 33), (100, 60)] {
            assert!(
                Arch::new().dispatch(BothProducts { depth, units }) < 2e-5,
                "{depth} x {units}"
            );
            let scalar = pulp::Scalar.vectorize(BothProducts { depth, units });
            assert!(scalar < 2e-5, "scalar {depth} x {units}");
        }
    }
}

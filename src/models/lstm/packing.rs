//! The layouts that the recurrence reads its weights in.
//!
//! Place in the flow: floor 3, under `forward` and `backward` of the LSTM, on the CPU, for the
//! products of [`crate::models::products`].
//!
//! ```text
//! bundle          the four gates of as many units as a vector has lanes: [gate][lane]
//! weights         [bundle][row][gate][lane], rows: bias, kernel, recurrent  (1 + E + H)
//! dz              [bundle][row and step][gate][lane]
//! transposed      [panel][bundle, gate, lane][up to 4 vectors of columns], columns: recurrent's
//!                 rows padded to whole vectors, then kernel's
//! ```

use super::sizes::Sizes;
use crate::models::products::{Line, floats_mut, zeros};

/// The weights of one layer: kernel `[E, 4H]`, recurrent `[H, 4H]`, bias `[4H]`.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    pub kernel: &'a [f32],
    pub recurrent: &'a [f32],
    pub bias: &'a [f32],
}

impl Weights<'_> {
    /// As `weights` of the table above, for vectors of `lanes`.
    pub(super) fn pack(&self, sizes: Sizes, lanes: usize) -> Vec<Line> {
        let (depth, bundles) = (sizes.depth(), sizes.hidden.div_ceil(lanes));
        let mut packed = zeros(bundles * depth * 4 * lanes);
        let rows = [self.bias, self.kernel, self.recurrent];
        let rows = rows.iter().flat_map(|rows| rows.chunks_exact(4 * sizes.hidden));
        for (row, values) in rows.enumerate() {
            for (place, values) in pieces(values, sizes.hidden, lanes, depth, row) {
                floats_mut(&mut packed)[place..][..values.len()].copy_from_slice(values);
            }
        }
        packed
    }

    /// As `transposed` of the table above, for vectors of `lanes`.
    pub(super) fn pack_transposed(&self, sizes: Sizes, lanes: usize) -> Vec<Line> {
        let padded = sizes.hidden.next_multiple_of(lanes);
        let (depth, columns) = (4 * padded, padded + sizes.inputs.next_multiple_of(lanes));
        let mut packed = zeros(depth * columns);
        let data = floats_mut(&mut packed);
        let recurrent = self.recurrent.chunks_exact(4 * sizes.hidden).enumerate();
        let kernel = self.kernel.chunks_exact(4 * sizes.hidden).enumerate();
        for (column, values) in recurrent.chain(kernel.map(|(at, row)| (padded + at, row))) {
            let start = column / (4 * lanes) * 4 * lanes;
            let width = (4 * lanes).min(columns - start);
            for (row, values) in pieces(values, sizes.hidden, lanes, 1, 0) {
                for (lane, value) in values.iter().enumerate() {
                    data[start * depth + (row + lane) * width + column - start] = *value;
                }
            }
        }
        packed
    }
}

/// The gradients of [`Weights`]: for kernel, recurrent and bias.
pub(super) struct Gradients {
    pub kernel: Vec<f32>,
    pub recurrent: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Gradients {
    /// From what [`Weights::pack`] would have made of them with `depth` rows, of which the first
    /// `1 + E + H` count.
    pub(super) fn unpack(packed: &[f32], sizes: Sizes, lanes: usize, depth: usize) -> Self {
        let width = 4 * sizes.hidden;
        let mut all = vec![0.0; sizes.depth() * width];
        for (row, values) in all.chunks_exact_mut(width).enumerate() {
            let (from, units) = (row * 4 * lanes, sizes.hidden);
            for (gate, values) in values.chunks_exact_mut(units).enumerate() {
                for (bundle, values) in values.chunks_mut(lanes).enumerate() {
                    let place = bundle * depth * 4 * lanes + from + gate * lanes;
                    values.copy_from_slice(&packed[place..][..values.len()]);
                }
            }
        }
        let recurrent = all.split_off((1 + sizes.inputs) * width);
        let kernel = all.split_off(width);
        Self { kernel, recurrent, bias: all }
    }
}

/// The pieces of `row` `[4H]` of a packed matrix of `depth` rows, each with its place.
fn pieces(
    values: &[f32],
    units: usize,
    lanes: usize,
    depth: usize,
    row: usize,
) -> impl Iterator<Item = (usize, &[f32])> {
    values.chunks_exact(units).enumerate().flat_map(move |(gate, values)| {
        let place = move |bundle| ((bundle * depth + row) * 4 + gate) * lanes;
        values.chunks(lanes).enumerate().map(move |(bundle, values)| (place(bundle), values))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::products::floats;

    #[test]
    fn packing_keeps_every_weight() {
        let sizes = Sizes { batch: 1, steps: 1, inputs: 3, hidden: 5 };
        let numbers = |from: usize, rows: usize| -> Vec<f32> {
            (0..rows * 20).map(|at| (from + at) as f32).collect()
        };
        let (bias, kernel, recurrent) = (numbers(1, 1), numbers(100, 3), numbers(200, 5));
        let weights = Weights { kernel: &kernel, recurrent: &recurrent, bias: &bias };
        for lanes in [1, 2, 4, 8, 16] {
            let packed = weights.pack(sizes, lanes);
            let back = Gradients::unpack(floats(&packed), sizes, lanes, sizes.depth());
            assert_eq!([back.bias, back.kernel, back.recurrent], [&bias[..], &kernel, &recurrent]);
            let transposed = weights.pack_transposed(sizes, lanes);
            let sum: f32 = floats(&transposed).iter().sum();
            assert_eq!(sum, kernel.iter().chain(&recurrent).sum::<f32>());
        }
    }
}

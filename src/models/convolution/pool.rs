//! The maximum of each 2 × 2 on the CPU, and its gradient.
//!
//! Place in the flow: floor 3, under the operation, for the backend `Flex`.

use rayon::prelude::*;

/// Maps that a thread takes at a time.
const MAPS: usize = 64;

/// The largest of each 2 × 2 of `maps`, `height` × `width` each.
pub(super) fn forward(maps: &[f32], [height, width]: [usize; 2]) -> Vec<f32> {
    let (half, wide) = (height / 2, width / 2);
    let mut halved = vec![0.0; maps.len() / (height * width) * half * wide];
    let pieces =
        halved.par_chunks_mut(MAPS * half * wide).zip(maps.par_chunks(MAPS * height * width));
    pieces.for_each(|(halved, maps)| {
        let maps = maps.chunks_exact(height * width);
        for (halved, map) in halved.chunks_exact_mut(half * wide).zip(maps) {
            let pairs = map.chunks_exact(2 * width);
            for (halved, rows) in halved.chunks_exact_mut(wide).zip(pairs) {
                let (above, below) = rows.split_at(width);
                let columns = above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0);
                for (largest, (above, below)) in halved.iter_mut().zip(columns) {
                    *largest = larger(larger(above[0], above[1]), larger(below[0], below[1]));
                }
            }
        }
    });
    halved
}

/// The larger one; a NaN if there is one.
fn larger(one: f32, other: f32) -> f32 {
    if (one >= other) | one.is_nan() { one } else { other }
}

/// The gradient of `maps` from that of `halved`, which [`forward`] gave: to the first of equals.
pub(super) fn gradient(
    gradient: &[f32],
    maps: &[f32],
    halved: &[f32],
    [height, width]: [usize; 2],
) -> Vec<f32> {
    let (half, wide) = (height / 2, width / 2);
    let mut written = vec![0.0; maps.len()];
    written
        .par_chunks_mut(MAPS * height * width)
        .zip(maps.par_chunks(MAPS * height * width))
        .zip(gradient.par_chunks(MAPS * half * wide).zip(halved.par_chunks(MAPS * half * wide)))
        .for_each(|((written, maps), (gradient, halved))| {
            let rows = gradient.chunks_exact(wide).zip(halved.chunks_exact(wide));
            for (at, (gradient, halved)) in rows.enumerate() {
                let start = (at / half * height + at % half * 2) * width;
                let maps = maps[start..][..2 * width].split_at(width);
                let written = written[start..][..2 * width].split_at_mut(width);
                for (x, (gradient, largest)) in gradient.iter().zip(halved).enumerate() {
                    let at = 2 * x;
                    // Without branches: which of four it is cannot be guessed.
                    let first = maps.0[at] == *largest;
                    let second = !first & (maps.0[at + 1] == *largest);
                    let third = !(first | second) & (maps.1[at] == *largest);
                    let last = !(first | second | third);
                    let to = |wanted: bool| {
                        f32::from_bits(gradient.to_bits() & u32::from(wanted).wrapping_neg())
                    };
                    written.0[at..at + 2].copy_from_slice(&[to(first), to(second)]);
                    written.1[at..at + 2].copy_from_slice(&[to(third), to(last)]);
                }
            }
        });
    written
}

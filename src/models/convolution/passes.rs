//! The convolution's three passes on the CPU: forward, and the gradients of input and weights.
//!
//! Place in the flow: floor 3, under the operation, for the backend `Flex`. Nothing is written out
//! per neighbourhood: in a bordered picture with its channels side by side, the three neighbours in
//! a row are contiguous, so that an output is three products of contiguous numbers with panels of
//! weights, and four outputs by up to four vectors of channels stay in registers meanwhile
//! ([`crate::models::products`]). The gradient of the input is the same pass over the gradient of
//! the output with the weights turned round; that of the weights sums over positions in registers.
//!
//! Order of summation. An output: the bias, then dy, dx, input channels in order. The gradient of a
//! weight: positions in order within two or so rows, then rows, then the pictures of a group of
//! [`GROUP`], then the groups; it depends on nothing but the batch.

use super::layout::{SLACK, Sizes, border, by_panel, pack, panels, visit};
use crate::models::products::{
    Line, add_product, add_transposed_product, floats, floats_mut, vectors, vectors_mut, zeros,
};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Pictures whose gradients of the weights are added up by one thread.
const GROUP: usize = 8;

/// Positions of which a thread adds the weights' gradients up before it turns to others: what they
/// read stays in the nearest cache.
const POSITIONS: usize = 64;

/// The most vectors of a panel: four by four sums, and what they are made of, fit in 32 registers.
fn most_vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT < 32 { 2 } else { 4 }
}

/// Calls `$do` with the constant number of vectors of a panel.
macro_rules! with_vectors {
    ($vectors:expr, $name:ident => $do:expr) => {
        match $vectors {
            4 => {
                const $name: usize = 4;
                $do
            }
            2 => {
                const $name: usize = 2;
                $do
            }
            _ => {
                const $name: usize = 1;
                $do
            }
        }
    };
}

/// `pictures` `[B, from, H, W]` convolved with `weight` `[to, from, 3, 3]` plus `bias` `[to]`, what
/// is negative set to 0: `[B, to, H, W]`. A NaN stays one.
pub(super) fn forward(sizes: Sizes, pictures: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let from = sizes.from;
    let of = |output: usize, input: usize, tap: usize| weight[(output * from + input) * 9 + tap];
    Arch::new().dispatch(Convolution { sizes, pictures, mask: None, weight: of, bias: Some(bias) })
}

/// The gradient of the pictures `[B, from, H, W]` from that of what [`forward`] gave, `output`,
/// `[B, to, H, W]` both.
pub(super) fn input_gradient(
    sizes: Sizes,
    gradient: &[f32],
    output: &[f32],
    weight: &[f32],
) -> Vec<f32> {
    let from = sizes.from;
    let of =
        |input: usize, output: usize, tap: usize| weight[(output * from + input) * 9 + 8 - tap];
    let (sizes, mask) = (sizes.reversed(), Some(output));
    Arch::new().dispatch(Convolution { sizes, pictures: gradient, mask, weight: of, bias: None })
}

/// A convolution of all pictures; with a bias it is rectified.
struct Convolution<'a, W> {
    sizes: Sizes,
    pictures: &'a [f32],
    mask: Option<&'a [f32]>,
    weight: W,
    bias: Option<&'a [f32]>,
}

impl<W: Fn(usize, usize, usize) -> f32> WithSimd for Convolution<'_, W> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Vec<f32> {
        let Self { sizes, pictures, mask, weight, bias } = self;
        let panels = &panels(sizes.to, S::F32_LANES, most_vectors::<S>());
        let weights = &pack(sizes, (panels, S::F32_LANES), weight);
        let (one, other) = (sizes.from * sizes.area(), sizes.to * sizes.area());
        let mut written = vec![0.0; pictures.len() / one * other];
        let scratch = || {
            let columns = sizes.to.next_multiple_of(S::F32_LANES);
            (sizes.bordered(), zeros((sizes.width + SLACK) * columns))
        };
        written.par_chunks_exact_mut(other).enumerate().for_each_init(
            scratch,
            |(bordered, sums), (at, written)| {
                let mask = mask.map(|mask| &mask[at * one..][..one]);
                let picture = &pictures[at * one..][..one];
                let panels = panels.as_slice();
                Arch::new().dispatch(One {
                    sizes,
                    panels,
                    weights,
                    picture,
                    mask,
                    bias,
                    bordered,
                    sums,
                    written,
                });
            },
        );
        written
    }
}

/// The convolution of one picture.
struct One<'a> {
    sizes: Sizes,
    panels: &'a [(usize, usize)],
    weights: &'a [Line],
    picture: &'a [f32],
    mask: Option<&'a [f32]>,
    bias: Option<&'a [f32]>,
    /// Zero in the border.
    bordered: &'a mut [Line],
    /// A row's sums, by panel.
    sums: &'a mut [Line],
    written: &'a mut [f32],
}

impl WithSimd for One<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { sizes, panels, weights, picture, mask, bias, bordered, sums, written } = self;
        let Sizes { from, to, height, width } = sizes;
        let (lanes, places) = (S::F32_LANES, width + SLACK);
        border(sizes, picture, mask, floats_mut(bordered));
        let (bordered, weights, sums) = (floats(bordered), floats(weights), floats_mut(sums));
        for y in 0..height {
            for &(first, vectors) in panels {
                let wide = vectors * lanes;
                let panel = &weights[9 * from * first * lanes..][..9 * from * wide];
                let sums = &mut sums[first * lanes * places..][..places * wide];
                let channels = first * lanes..to.min(first * lanes + wide);
                let rows = &bordered[y * sizes.pitch() * from..];
                with_vectors!(vectors, V => {
                    let bias = bias.map(|bias| &bias[channels.clone()]);
                    row::<S, V>(simd, sizes, rows, (panel, bias), sums);
                });
                for (at, channel) in channels.enumerate() {
                    let written = &mut written[(channel * height + y) * width..][..width];
                    let sums = sums[at..].iter().step_by(wide);
                    match bias {
                        None => written.iter_mut().zip(sums).for_each(|(to, sum)| *to = *sum),
                        Some(_) => written.iter_mut().zip(sums).for_each(|(to, sum)| {
                            // Without a branch, which would be guessed wrongly half of the time.
                            let keep = u32::from(*sum < 0.0).wrapping_sub(1);
                            *to = f32::from_bits(sum.to_bits() & keep);
                        }),
                    }
                }
            }
        }
    }
}

/// The sums of a row of positions and a panel of `V` vectors; `rows` begins with the row above.
#[inline(always)]
fn row<S: Simd, const V: usize>(
    simd: S,
    sizes: Sizes,
    rows: &[f32],
    (panel, bias): (&[f32], Option<&[f32]>),
    sums: &mut [f32],
) {
    let from = sizes.from;
    let start = bias.map_or([simd.splat_f32s(0.0); V], |bias| {
        let mut padded = [0.0; 64];
        padded[..bias.len()].copy_from_slice(bias);
        vectors::<S, V>(&padded)[0]
    });
    let (panel, sums) = (vectors::<S, V>(panel), vectors_mut::<S, V>(sums));
    sums.fill(start);
    for (dy, panel) in panel.chunks_exact(3 * from).enumerate() {
        let rows = &rows[dy * sizes.pitch() * from..];
        let mut x = 0;
        while x < sizes.width {
            // Few vectors need more rows to keep the multipliers busy.
            if V < 4 && sizes.width - x >= 8 {
                tile::<S, 8, V>(simd, &rows[x * from..], from, panel, &mut sums[x..]);
                x += 8;
            } else {
                tile::<S, 4, V>(simd, &rows[x * from..], from, panel, &mut sums[x..]);
                x += 4;
            }
        }
    }
}

/// Adds a row of neighbours of `R` positions.
#[inline(always)]
fn tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    rows: &[f32],
    stride: usize,
    panel: &[[S::f32s; V]],
    sums: &mut [[S::f32s; V]],
) {
    let Some(sums) = sums.first_chunk_mut::<R>() else { return };
    *sums = add_product(simd, rows, stride, panel, *sums);
}

/// The gradients of weights `[to, from, 3, 3]` and bias `[to]` from that of what [`forward`] gave
/// of `pictures`, `output`, `[B, to, H, W]` both.
pub(super) fn weight_gradients(
    sizes: Sizes,
    gradient: &[f32],
    output: &[f32],
    pictures: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let (one, other) = (sizes.from * sizes.area(), sizes.to * sizes.area());
    let groups: Vec<(Vec<f32>, Vec<f32>)> = gradient
        .par_chunks(GROUP * other)
        .zip(output.par_chunks(GROUP * other))
        .zip(pictures.par_chunks(GROUP * one))
        .map(|((gradient, output), pictures)| {
            Arch::new().dispatch(Group { sizes, gradient, output, pictures })
        })
        .collect();
    let (mut weight, mut bias) = (vec![0.0; 9 * sizes.from * sizes.to], vec![0.0; sizes.to]);
    for group in groups {
        weight.iter_mut().zip(group.0).for_each(|(sum, one)| *sum += one);
        bias.iter_mut().zip(group.1).for_each(|(sum, one)| *sum += one);
    }
    (weight, bias)
}

/// The weights' gradients of up to [`GROUP`] pictures.
struct Group<'a> {
    sizes: Sizes,
    gradient: &'a [f32],
    output: &'a [f32],
    pictures: &'a [f32],
}

impl WithSimd for Group<'_> {
    type Output = (Vec<f32>, Vec<f32>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (Vec<f32>, Vec<f32>) {
        let Self { sizes, gradient, output, pictures } = self;
        let Sizes { from, to, height, .. } = sizes;
        let lanes = S::F32_LANES;
        let panels = panels(to, lanes, most_vectors::<S>());
        let columns = to.next_multiple_of(lanes);
        let (mut weight, mut bias) = (zeros(9 * from * columns), zeros(columns));
        let (mut bordered, mut by) = (sizes.bordered(), zeros(height * sizes.pitch() * columns));
        let (one, other) = (from * sizes.area(), to * sizes.area());
        let all = gradient.chunks_exact(other).zip(output.chunks_exact(other));
        for ((gradient, output), picture) in all.zip(pictures.chunks_exact(one)) {
            border(sizes, picture, None, floats_mut(&mut bordered));
            by_panel(sizes, (&panels, lanes), gradient, output, floats_mut(&mut by));
            for &(first, vectors) in &panels {
                let (wide, before) = (vectors * lanes, first * lanes);
                let positions = height * sizes.pitch();
                let gradient = &floats(&by)[before * positions..][..wide * positions];
                let weight = &mut floats_mut(&mut weight)[9 * from * before..][..9 * from * wide];
                let bias = &mut floats_mut(&mut bias)[before..][..wide];
                with_vectors!(vectors, V => {
                    add_picture::<S, V>(simd, sizes, floats(&bordered), gradient, (weight, bias));
                });
            }
        }
        let mut wanted = vec![0.0; 9 * from * to];
        visit(sizes, (&panels, lanes), |place, [output, input, tap]| {
            wanted[(output * from + input) * 9 + tap] = floats(&weight)[place];
        });
        (wanted, floats(&bias)[..to].to_vec())
    }
}

/// Adds what one picture gives to the sums of a panel of `V` vectors.
#[inline(always)]
fn add_picture<S: Simd, const V: usize>(
    simd: S,
    sizes: Sizes,
    bordered: &[f32],
    gradient: &[f32],
    (weight, bias): (&mut [f32], &mut [f32]),
) {
    let (from, pitch) = (sizes.from, sizes.pitch());
    let gradient = vectors::<S, V>(gradient);
    let (weight, bias) = (vectors_mut::<S, V>(weight), &mut vectors_mut::<S, V>(bias)[0]);
    let rows = (POSITIONS / pitch).max(1);
    for (block, gradient) in gradient.chunks(rows * pitch).enumerate() {
        for vectors in gradient {
            for (sum, vector) in bias.iter_mut().zip(vectors) {
                *sum = simd.add_f32s(*sum, *vector);
            }
        }
        for (tap, weight) in weight.chunks_exact_mut(from).enumerate() {
            let start = (block * rows + tap / 3) * pitch + tap % 3;
            let left = &bordered[start * from..][..gradient.len() * from];
            let mut column = 0;
            while column < from {
                let place = &mut weight[column..];
                column += match from - column {
                    4.. => add_columns::<S, 4, V>(simd, left, [from, column], gradient, place),
                    2.. => add_columns::<S, 2, V>(simd, left, [from, column], gradient, place),
                    _ => add_columns::<S, 1, V>(simd, left, [from, column], gradient, place),
                };
            }
        }
    }
}

/// Adds `R` columns of the transposed product, and says how many.
#[inline(always)]
fn add_columns<S: Simd, const R: usize, const V: usize>(
    simd: S,
    left: &[f32],
    place: [usize; 2],
    gradient: &[[S::f32s; V]],
    sums: &mut [[S::f32s; V]],
) -> usize {
    if let Some(sums) = sums.first_chunk_mut::<R>() {
        *sums = add_transposed_product(simd, left, place, gradient, *sums);
    }
    R
}

//! Pictures and weights as the convolution's passes read them.
//!
//! Place in the flow: floor 3, under `passes`.
//!
//! ```text
//! bordered   [H + 2, W + 2][channel], zeros around: a row of three neighbours is contiguous
//! panels     columns of up to 4 vectors of output channels side by side, the last padded:
//!            [panel][dy][dx][input channel][vector, lane]
//! by panel   [panel][H, W + 2][vector, lane]: a position of the border too, zero
//! ```

use crate::models::products::{Line, floats_mut, zeros};

/// Positions behind the last that a tile may read.
pub(super) const SLACK: usize = 8;

/// A convolution of `from` to `to` channels of pictures of `height` × `width`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sizes {
    pub from: usize,
    pub to: usize,
    pub height: usize,
    pub width: usize,
}

impl Sizes {
    /// Pixels of a channel.
    pub(super) fn area(self) -> usize {
        self.height * self.width
    }

    /// Positions from one row of a bordered picture to the next.
    pub(super) fn pitch(self) -> usize {
        self.width + 2
    }

    /// Zeros for a bordered picture.
    pub(super) fn bordered(self) -> Vec<Line> {
        zeros(((self.height + 2) * self.pitch() + SLACK) * self.from)
    }

    /// The other way round: the gradient of the input is a convolution too.
    pub(super) fn reversed(self) -> Self {
        Self { from: self.to, to: self.from, ..self }
    }
}

/// Panels of output channels: vectors before each, and its vectors.
pub(super) fn panels(channels: usize, lanes: usize, most: usize) -> Vec<(usize, usize)> {
    let (mut panels, mut first, mut left) = (Vec::new(), 0, channels.div_ceil(lanes));
    while left > 0 {
        let vectors = [4, 2, 1].into_iter().find(|&count| count <= left.min(most)).unwrap_or(1);
        panels.push((first, vectors));
        first += vectors;
        left -= vectors;
    }
    panels
}

/// `value` where `mask` is positive, else 0. By its bits: half of the units are active, so that a
/// branch would be guessed wrongly as often as not.
#[inline(always)]
fn under(value: f32, mask: f32) -> f32 {
    f32::from_bits(value.to_bits() & u32::from(mask > 0.0).wrapping_neg())
}

/// `picture` `[channels, H, W]` inside a border that is zero already; where there is a `mask` of
/// its shape, only what lies under positive values.
#[inline(always)]
pub(super) fn border(sizes: Sizes, picture: &[f32], mask: Option<&[f32]>, into: &mut [f32]) {
    let Sizes { from: channels, height, width, .. } = sizes;
    for y in 0..height {
        let start = ((y + 1) * sizes.pitch() + 1) * channels;
        let row = &mut into[start..][..width * channels];
        for channel in 0..channels {
            let place = (channel * height + y) * width;
            let values = &picture[place..][..width];
            let places = row[channel..].iter_mut().step_by(channels);
            match mask {
                None => places.zip(values).for_each(|(place, value)| *place = *value),
                Some(mask) => {
                    let values = values.iter().zip(&mask[place..][..width]);
                    places.zip(values).for_each(|(place, (value, mask))| {
                        *place = under(*value, *mask);
                    });
                }
            }
        }
    }
}

/// The entries of `picture` `[to, H, W]` under positive values of `mask`, by panel.
#[inline(always)]
pub(super) fn by_panel(
    sizes: Sizes,
    (panels, lanes): (&[(usize, usize)], usize),
    picture: &[f32],
    mask: &[f32],
    into: &mut [f32],
) {
    let Sizes { to, height, width, .. } = sizes;
    for &(first, vectors) in panels {
        let (wide, base) = (vectors * lanes, first * lanes * height * sizes.pitch());
        for y in 0..height {
            let row = &mut into[base + y * sizes.pitch() * wide..][..width * wide];
            for (at, channel) in (first * lanes..to.min(first * lanes + wide)).enumerate() {
                let place = (channel * height + y) * width;
                let values = picture[place..][..width].iter().zip(&mask[place..][..width]);
                let places = row[at..].iter_mut().step_by(wide);
                places.zip(values).for_each(|(place, (value, mask))| {
                    *place = under(*value, *mask);
                });
            }
        }
    }
}

/// Weights in panels; `weight` gives that of an output, an input, dy and dx.
pub(super) fn pack(
    sizes: Sizes,
    (panels, lanes): (&[(usize, usize)], usize),
    weight: impl Fn(usize, usize, usize) -> f32,
) -> Vec<Line> {
    let all: usize = panels.iter().map(|(_, vectors)| vectors * lanes).sum();
    let mut packed = zeros(9 * sizes.from * all);
    visit(sizes, (panels, lanes), |place, [output, input, tap]| {
        floats_mut(&mut packed)[place] = weight(output, input, tap);
    });
    packed
}

/// Each place of weights in panels, with its output, its input and 3 dy + dx.
pub(super) fn visit(
    Sizes { from, to, .. }: Sizes,
    (panels, lanes): (&[(usize, usize)], usize),
    mut entry: impl FnMut(usize, [usize; 3]),
) {
    for &(first, vectors) in panels {
        let wide = vectors * lanes;
        for (row, at) in (0..9 * from).flat_map(|row| (0..wide).map(move |at| (row, at))) {
            let output = first * lanes + at;
            if output < to {
                let place = 9 * from * first * lanes + row * wide + at;
                entry(place, [output, row % from, row / from]);
            }
        }
    }
}

//! The built-in pictures: ten shapes drawn by a shaky hand, for every machine that has no MNIST.
//!
//! Place in the flow: one of the two sources behind [`load`](super::load); the other is
//! [`read`](super::read).
//!
//! A class is a shape of straight strokes and rings in a square of two units. A picture is its
//! shape turned, stretched, slanted and moved by chance, drawn with a pen of random width and
//! brightness on [`SIDE`] × [`SIDE`] pixels, with noise on every pixel. Classes take turns, so that
//! they are balanced. Each picture has its own random stream: picture `i` of a half is the same
//! however many are made. Two pictures of one class share their shape, which can be learned; no two
//! have the same noise, so that any labelling can be memorised.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};
use rayon::prelude::*;

use super::{CLASSES, Part};
use crate::signal::random;

/// Height and width of a picture, pixels.
pub const SIDE: usize = 16;

/// A part of a shape: from one point to another, or around a point by a radius.
enum Stroke {
    Line([f32; 2], [f32; 2]),
    Ring([f32; 2], f32),
}

use Stroke::{Line, Ring};

/// The shapes, one per class, between -1 and 1.
const SHAPES: [&[Stroke]; CLASSES] = [
    &[Ring([0.0, 0.0], 0.8)],
    &[Line([0.0, -0.9], [0.0, 0.9])],
    &[Line([-0.8, 0.0], [0.8, 0.0]), Line([0.0, -0.8], [0.0, 0.8])],
    &[Line([-0.7, -0.7], [0.7, 0.7]), Line([-0.7, 0.7], [0.7, -0.7])],
    &[Line([-0.8, 0.7], [0.8, 0.7]), Line([-0.8, 0.7], [0.0, -0.8]), Line([0.8, 0.7], [0.0, -0.8])],
    &[Line([-0.5, -0.8], [-0.5, 0.8]), Line([-0.5, 0.8], [0.6, 0.8])],
    &[Line([-0.8, -0.8], [0.8, -0.8]), Line([0.0, -0.8], [0.0, 0.8])],
    &[
        Line([-0.7, -0.8], [0.7, -0.8]),
        Line([0.7, -0.8], [-0.7, 0.8]),
        Line([-0.7, 0.8], [0.7, 0.8]),
    ],
    &[Ring([0.0, -0.45], 0.4), Ring([0.0, 0.45], 0.4)],
    &[
        Line([-0.6, -0.8], [-0.6, 0.8]),
        Line([0.6, -0.8], [0.6, 0.8]),
        Line([-0.6, 0.0], [0.6, 0.0]),
    ],
];

/// Standard deviations of the turn (radians), the logarithm of the size, the slant and the move
/// (units), and of the noise on a pixel.
const TURN: f32 = 0.2;
const SIZE: f32 = 0.12;
const SLANT: f32 = 0.15;
const MOVE: f32 = 0.12;
const NOISE: f32 = 0.08;
/// Half the width of the pen, units, and the brightness of its stroke: from and to.
const PEN: (f32, f32) = (0.1, 0.2);
const BRIGHT: (f32, f32) = (0.6, 1.0);

/// Makes `count` pictures of `seed` for `half`, `training` or `test`; see the module for their law.
pub fn make(seed: u64, half: &str, count: usize) -> Part {
    let stream = format!("images/shapes/{half}");
    let picture = |index: usize| {
        picture(&mut random::stream(seed, &stream, index as u64), SHAPES[index % CLASSES])
    };
    Part {
        shape: [1, SIDE, SIDE],
        pixels: (0..count).into_par_iter().flat_map_iter(picture).collect(),
        labels: (0..count).map(|index| (index % CLASSES) as u8).collect(),
    }
}

/// One picture of `shape`.
fn picture(chance: &mut ChaCha8Rng, shape: &[Stroke]) -> Vec<u8> {
    let normal = Normal::new(0.0f32, 1.0).expect("a positive deviation");
    let between = |(from, to)| Uniform::new(from, to).expect("an interval");
    let mut draw = |deviation: f32| deviation * normal.sample(chance);
    let (sine, cosine) = draw(TURN).sin_cos();
    let (wide, high, slant) = (draw(SIZE).exp(), draw(SIZE).exp(), draw(SLANT));
    let (right, down) = (draw(MOVE), draw(MOVE));
    let (pen, bright) = (between(PEN).sample(chance), between(BRIGHT).sample(chance));
    let units = 2.0 / SIDE as f32;
    let pixel = |at: usize| {
        // From the pixel back to the shape before it was moved, turned, slanted and stretched.
        let x = (at % SIDE) as f32 * units - 1.0 + units / 2.0 - right;
        let y = (at / SIDE) as f32 * units - 1.0 + units / 2.0 - down;
        let (x, y) = (x * cosine + y * sine, y * cosine - x * sine);
        let point = [(x - slant * y) * wide, y * high];
        let distance = shape.iter().map(|stroke| stroke.distance(point)).fold(9.0, f32::min);
        let ink = (0.5 + (pen - distance) / units).clamp(0.0, 1.0);
        let value = bright * ink + NOISE * normal.sample(chance);
        (255.0 * value.clamp(0.0, 1.0)).round() as u8
    };
    (0..SIDE * SIDE).map(pixel).collect()
}

impl Stroke {
    /// How far `[x, y]` lies from the middle of the stroke.
    fn distance(&self, [x, y]: [f32; 2]) -> f32 {
        match *self {
            Ring([a, b], radius) => ((x - a).hypot(y - b) - radius).abs(),
            Line([a, b], [c, d]) => {
                let (along, across) = (c - a, d - b);
                let share =
                    ((x - a) * along + (y - b) * across) / (along * along + across * across);
                let share = share.clamp(0.0, 1.0);
                (x - a - share * along).hypot(y - b - share * across)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_does_not_depend_on_how_many_are_made() {
        let (few, many) = (make(7, "training", 5), make(7, "training", 40));
        assert_eq!(few.pixels, many.pixels[..5 * many.size()]);
        assert_ne!(few, make(8, "training", 5));
        assert_ne!(few, make(7, "test", 5));
        let unlike = (0..40).all(|i| (0..i).all(|j| many.picture(i) != many.picture(j)));
        assert!(unlike, "no two pictures are alike");
    }

    #[test]
    fn the_nearest_mean_tells_most_classes() {
        let (training, test) = (make(1, "training", 2_000), make(1, "test", 1_000));
        let size = training.size();
        let mut means = vec![vec![0.0f64; size]; CLASSES];
        for (index, &label) in training.labels.iter().enumerate() {
            let mean = &mut means[usize::from(label)];
            mean.iter_mut().zip(training.picture(index)).for_each(|(m, &p)| *m += f64::from(p));
        }
        let per_class = (training.len() / CLASSES) as f64;
        let right = (0..test.len()).filter(|&index| {
            let far = |mean: &Vec<f64>| -> f64 {
                let pixels = test.picture(index).iter();
                mean.iter().zip(pixels).map(|(m, &p)| (m / per_class - f64::from(p)).powi(2)).sum()
            };
            let nearest = (0..CLASSES).min_by(|&a, &b| far(&means[a]).total_cmp(&far(&means[b])));
            nearest == Some(usize::from(test.labels[index]))
        });
        let share = right.count() as f64 / test.len() as f64;
        println!("the nearest class mean is right for {share:.3}");
        // Learnable by something this simple, and not without error.
        assert!((0.5..0.99).contains(&share), "{share}");
    }
}

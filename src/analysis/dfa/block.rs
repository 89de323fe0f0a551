//! Twin of `shaders/shared/{block,leaf,node}.wgsl`: a stretch of profile summarised by a line, and how
//! two are joined.
//!
//! Place in the flow: [`super::detrend`] folds the pieces of a window with it.
//!
//! Joining two stretches keeps the residual a sum of squares, so no digits cancel: in `f32` it
//! stays within 3e-7 of float64 for a million samples, where sums of raw powers lose everything
//! (numbers and other methods: `shaders/README.md`). With `s(k) = k(k² - 1)/12`, joining A and B:
//!
//! ```text
//! n = kA + kB    D = n/2    d = (mB + SA) - mA    g = d/D
//! eA = bA - g    eB = bB - g    e = (s(kA)·eA + s(kB)·eB) / s(n)
//! b = g + e      m = mA + d·kB/n      S = SA + SB
//! R = RA + RB + s(kA)(eA - e)² + s(kB)(eB - e)² + (kA·kB/n)(D·e)²
//! ```

use super::summary::{Rest, Summary};

/// Samples per block of the stored profile; `BLOCK` in the shader.
pub const BLOCK: usize = 32;

/// Samples of a tile; `TILE_SAMPLES` in the shader. A power of two, the largest of which all fits into
/// the 16 KiB of workgroup memory that every device gives.
pub const TILE: usize = 2048;

/// Nodes kept of a tile: those of two blocks and more, and room for one above the tile; `TILE_NODES`.
pub const TILE_NODES: usize = TILE / BLOCK;

/// The level of the node that is a whole tile; `TILE_LEVEL`.
pub const TILE_LEVEL: usize = TILE_NODES.ilog2() as usize;

/// The share of what the lines took out of the windows of a size that their residuals must reach:
/// below it `f32`, whose error is that of the line, has not six digits of `F` left, and the trace is
/// [unresolved](super::params::UNRESOLVED). `DOUBT` in the shader. The line is that about the level of
/// the window, or of the block in which a short window begins: a large sample shows in it that lies in
/// the block and not in the window.
///
/// Measured over noises, waves, trends, steps and spikes of 32 to 4,096 samples: F was off by 1e-6 at
/// most where more was left (2.5e-6 with a step in few windows), by 3e-6 down to a third of that, by
/// 2e-4 down to a thousandth. Of 14,400 traces of white, pink and Brownian noise and of white noise on a
/// trend of ten times its size, 32 to 9,000 samples, orders 1 to 3, none is unresolved.
pub const DOUBT: f32 = 1e-3;

/// `k` samples of a profile that starts from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Block {
    /// `k`.
    pub count: f32,
    /// `S`: the profile's last value.
    pub sum: f32,
    /// `m`: its mean.
    pub mean: f32,
    /// `b`: its least-squares slope.
    pub slope: f32,
    /// `R`: its sum of squared distances from that line.
    pub residual: f32,
}

/// `Σ (i - centre)²` over `count` equally spaced samples.
pub fn spread(count: f32) -> f32 {
    count * (count * count - 1.0) / 12.0
}

/// The stretch `a` followed by the stretch `b`.
pub fn merge(a: Block, b: Block) -> Block {
    if a.count == 0.0 {
        return b;
    }
    if b.count == 0.0 {
        return a;
    }
    let count = a.count + b.count;
    let distance = count * 0.5;
    let rise = b.mean + a.sum - a.mean;
    let chord = rise / distance;
    let bend_a = a.slope - chord;
    let bend_b = b.slope - chord;
    let spread_a = spread(a.count);
    let spread_b = spread(b.count);
    let bend = (spread_a * bend_a + spread_b * bend_b) / spread(count);
    let miss_a = bend_a - bend;
    let miss_b = bend_b - bend;
    let jump = distance * bend;
    let weight = a.count * b.count / count;
    Block {
        count,
        sum: a.sum + b.sum,
        mean: a.mean + rise * (b.count / count),
        slope: chord + bend,
        residual: a.residual
            + b.residual
            + spread_a * miss_a * miss_a
            + spread_b * miss_b * miss_b
            + weight * jump * jump,
    }
}

impl Summary for Block {
    const KEPT: usize = 4;

    fn leaf(profile: &[f32], before: f32, _order: u32) -> Self {
        let samples = profile.len() as f32;
        let centre = (samples - 1.0) * 0.5;
        let rise = profile[profile.len() - 1] - before;
        let chord = rise / samples;
        let (mut sum, mut moment, mut square) = (0.0, 0.0, 0.0);
        for (i, p) in profile.iter().enumerate() {
            let t = i as f32;
            let d = p - before - chord * (t + 1.0);
            sum += d;
            moment += (t - centre) * d;
            square += d * d;
        }
        let mean = sum / samples;
        let slope = moment / spread(samples).max(0.5);
        let mut residual = square - sum * mean - moment * slope;
        if residual < square / 16.0 {
            residual = 0.0;
            for (i, p) in profile.iter().enumerate() {
                let t = i as f32;
                let distance = p - before - chord * (t + 1.0) - mean - slope * (t - centre);
                residual += distance * distance;
            }
        }
        Self {
            count: samples,
            sum: rise,
            mean: mean + chord * (samples + 1.0) * 0.5,
            slope: slope + chord,
            residual,
        }
    }

    fn tilted(self, tilt: f32) -> Self {
        Self {
            sum: self.sum + tilt * self.count,
            mean: self.mean + tilt * (self.count + 1.0) * 0.5,
            slope: self.slope + tilt,
            ..self
        }
    }

    fn join(self, next: Self, _order: u32) -> Self {
        merge(self, next)
    }

    fn lean(self) -> f32 {
        self.sum * self.sum * self.count / 3.0
    }

    fn rest(self, leaned: f32, _order: u32) -> Rest {
        let taken_out = spread(self.count) * self.slope * self.slope;
        Rest { residual: self.residual, doubt: DOUBT * (taken_out + leaned) }
    }

    fn keep(self, words: &mut [f32]) {
        words.copy_from_slice(&[self.sum, self.mean, self.slope, self.residual]);
    }

    fn kept(words: &[f32], count: f32) -> Self {
        Self { count, sum: words[0], mean: words[1], slope: words[2], residual: words[3] }
    }

    fn scaled(self, ratio: f32) -> Self {
        Self {
            sum: self.sum * ratio,
            mean: self.mean * ratio,
            slope: self.slope * ratio,
            residual: self.residual * ratio * ratio,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::oracle::Polynomials;

    /// The summary of a whole profile in f64.
    fn summary(profile: &[f64]) -> Block {
        let count = profile.len() as f64;
        let mean = profile.iter().sum::<f64>() / count;
        let centre = (count - 1.0) / 2.0;
        let moment: f64 = profile.iter().enumerate().map(|(i, p)| (i as f64 - centre) * p).sum();
        let spread = count * (count * count - 1.0) / 12.0;
        Block {
            count: count as f32,
            sum: profile[profile.len() - 1] as f32,
            mean: mean as f32,
            slope: if spread > 0.0 { (moment / spread) as f32 } else { 0.0 },
            residual: if profile.len() > 1 {
                Polynomials::new(profile.len(), 1).residual(profile) as f32
            } else {
                0.0
            },
        }
    }

    #[test]
    fn two_stretches_join_to_the_summary_of_the_whole() {
        let profile = [1.0, 3.0, 2.0, 4.0, 8.0, 7.0, 7.5, 3.0, -2.0];
        for cut in 1..profile.len() {
            let (left, right) = profile.split_at(cut);
            let right: Vec<f64> = right.iter().map(|p| p - left[cut - 1]).collect();
            let joined = merge(summary(left), summary(&right));
            let whole = summary(&profile);
            for (a, b) in [
                (joined.count, whole.count),
                (joined.sum, whole.sum),
                (joined.mean, whole.mean),
                (joined.slope, whole.slope),
                (joined.residual, whole.residual),
            ] {
                assert!((a - b).abs() < 4e-6 * b.abs().max(1.0), "cut {cut}: {a} for {b}");
            }
        }
    }

    #[test]
    fn an_empty_stretch_changes_nothing() {
        let block = summary(&[1.0, 5.0, 2.0]);
        assert_eq!(merge(Block::default(), block), block);
        assert_eq!(merge(block, Block::default()), block);
    }

    #[test]
    fn a_piece_has_its_line_and_residual() {
        // The profile 1, 3, 2, 4 behind a value of 10: line 1.3 + 0.8·i, residual 1.8.
        let block = Block::leaf(&[11.0, 13.0, 12.0, 14.0], 10.0, 1);
        assert_eq!((block.sum, block.mean), (4.0, 2.5));
        assert!((block.slope - 0.8).abs() < 1e-6 && (block.residual - 1.8).abs() < 1e-6);
        let tilted = block.tilted(2.0);
        assert_eq!((tilted.sum, tilted.mean, tilted.residual), (12.0, 7.5, block.residual));
        // The slope of one sample weighs nothing: it is the chord's.
        let one = Block { count: 1.0, sum: 3.0, mean: 3.0, slope: 3.0, residual: 0.0 };
        assert_eq!(Block::leaf(&[5.0], 3.0, 1).tilted(1.0), one);
    }
}

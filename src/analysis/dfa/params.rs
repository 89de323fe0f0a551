//! The parameter blocks and records of the DFA stages, byte for byte as the shaders see them.
//!
//! Place in the flow: made from a [`DfaPlan`] on the host, uploaded, read by shaders and twins.
//! `tests/shaders.rs` holds names, offsets and sizes against the parsed WGSL.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};

use super::block::TILE;
use super::plan::DfaPlan;

/// A table of `(field name, byte offset)` for a `#[repr(C)]` struct.
macro_rules! fields {
    ($type:ty: $($field:ident),+) => {
        &[$((stringify!($field), std::mem::offset_of!($type, $field) as u32)),+]
    };
}

/// The shape of a batch: the parameter block (binding 0) of all DFA stages.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Shape {
    /// Traces.
    pub rows: u32,
    /// Samples per trace.
    pub steps: u32,
    /// Window sizes.
    pub sizes: u32,
    /// Windows per trace, of all sizes together.
    pub windows: u32,
    /// Degree of the polynomial that is taken out of each window.
    pub order: u32,
    /// 1 where `F` is the mean of the windows' roots, else 0.
    pub roots: u32,
    /// Tiles per trace ([`super::tiles`]), where it is measured in tiles, else 0.
    pub tiles: u32,
    /// First tile of a dispatch.
    pub first: u32,
    /// Tiles of a dispatch.
    pub span: u32,
    /// First tile of the piece of trace that they lie in.
    pub head: u32,
    /// First tile of the piece in which windows end.
    pub tail: u32,
    /// Tiles of a piece.
    pub piece: u32,
}

impl Shape {
    /// Fields and their offsets.
    pub const FIELDS: &'static [(&'static str, u32)] = fields!(Self: rows, steps, sizes, windows, order, roots, tiles, first, span, head, tail, piece);
    /// Bytes.
    pub const SIZE: u32 = size_of::<Self>() as u32;

    /// The shape of `rows` traces under `plan`, measured window by window.
    pub fn new(rows: usize, plan: &DfaPlan) -> Self {
        Self { windows: word(plan.windows()), ..Self::of(rows, plan) }
    }

    /// The same for traces measured in tiles: all tiles in one dispatch, from one piece.
    pub fn tiled(rows: usize, plan: &DfaPlan) -> Self {
        let tiles = word(plan.steps().div_ceil(TILE));
        Self { tiles, span: tiles, piece: tiles, ..Self::of(rows, plan) }
    }

    fn of(rows: usize, plan: &DfaPlan) -> Self {
        Self {
            rows: word(rows),
            steps: word(plan.steps()),
            sizes: word(plan.sizes().len()),
            order: word(plan.order()),
            roots: u32::from(plan.convention().averages_roots()),
            ..Self::zeroed()
        }
    }

    /// Reads the block back from the bytes of binding 0.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        bytemuck::pod_read_unaligned(bytes)
    }
}

fn word(n: usize) -> u32 {
    u32::try_from(n).expect("a batch is cut to what 32 bits count")
}

/// All windows of one size, see [`super::plan::WindowSize`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct SizeRecord {
    /// Samples per window.
    pub size: u32,
    /// Samples from start to start.
    pub stride: u32,
    /// Windows of this size.
    pub count: u32,
    /// Windows of all smaller sizes together.
    pub first: u32,
    /// Windows counted from the first sample.
    pub front: u32,
    /// Start of the first of the others.
    pub back: u32,
}

impl SizeRecord {
    /// Fields and their offsets.
    pub const FIELDS: &'static [(&'static str, u32)] =
        fields!(Self: size, stride, count, first, front, back);
    /// Bytes from one to the next.
    pub const SIZE: u32 = size_of::<Self>() as u32;

    /// The first sample of window `w`.
    pub fn start(&self, w: u32) -> u32 {
        if w < self.front { w * self.stride } else { self.back + (w - self.front) * self.stride }
    }

    /// The windows that start from sample `begin` on and before `close`, those counted from the first
    /// sample and the others: of each their numbers where they end before `close` too, and where they
    /// go beyond.
    pub fn starts(&self, begin: u32, close: u32) -> [[Range<u32>; 2]; 2] {
        let group = |offset: u32, number: u32, count: u32| {
            let before = |at: u32| at.saturating_sub(offset).div_ceil(self.stride).min(count);
            let (first, end) = (before(begin), before(close));
            let inside = match close.checked_sub(offset + self.size) {
                Some(room) => (room / self.stride + 1).clamp(first, end),
                None => first,
            };
            [number + first..number + inside, number + inside..number + end]
        };
        [group(0, 0, self.front), group(self.back, self.front, self.count - self.front)]
    }

    /// One record per size of `plan`.
    pub fn table(plan: &DfaPlan) -> Vec<Self> {
        let sizes = plan.sizes().iter();
        sizes
            .map(|s| Self {
                size: s.size as u32,
                stride: s.stride as u32,
                count: s.count as u32,
                first: s.first as u32,
                front: s.front as u32,
                back: s.back as u32,
            })
            .collect()
    }
}

/// What `dfa/profile` found out about a trace.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Mark {
    /// One of [`DEFINED`], [`CONSTANT`], [`NON_FINITE`].
    pub status: u32,
    /// A power of two: what 1.0 of the stored profile is in the unit of the trace.
    pub unit: f32,
}

impl Mark {
    /// Fields and their offsets.
    pub const FIELDS: &'static [(&'static str, u32)] = fields!(Self: status, unit);
    /// Bytes from one to the next.
    pub const SIZE: u32 = size_of::<Self>() as u32;
}

/// What the samples of a part of a trace show.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Seen {
    /// The largest magnitude, as the bits of a float without its sign.
    pub magnitude: u32,
    /// Bits in which a sample differs from the first.
    pub change: u32,
    /// The bits of the first sample.
    pub first: u32,
}

impl Seen {
    /// Fields and their offsets.
    pub const FIELDS: &'static [(&'static str, u32)] = fields!(Self: magnitude, change, first);
    /// Bytes from one to the next.
    pub const SIZE: u32 = size_of::<Self>() as u32;

    /// Of `samples`, at least one.
    pub fn of(samples: &[f32]) -> Self {
        let first = samples[0].to_bits();
        samples.iter().fold(Self { first, ..Self::default() }, |seen, x| Self {
            magnitude: seen.magnitude.max(x.to_bits() & 0x7fff_ffff),
            change: seen.change | (x.to_bits() ^ first),
            first,
        })
    }

    /// Of this part, followed by `next`.
    pub fn and(self, next: Self) -> Self {
        Self {
            magnitude: self.magnitude.max(next.magnitude),
            change: self.change | next.change | (next.first ^ self.first),
            first: self.first,
        }
    }

    /// Whether no sample is NaN or infinite.
    pub fn is_finite(self) -> bool {
        self.magnitude < 0x7f80_0000
    }

    /// Status and unit of a trace of which this is seen.
    pub fn mark(self) -> Mark {
        let status = if !self.is_finite() {
            NON_FINITE
        } else if self.change == 0 || self.magnitude == 0 {
            CONSTANT
        } else if self.magnitude < 0x0080_0000 {
            UNRESOLVED
        } else {
            DEFINED
        };
        Mark { status, unit: f32::from_bits((self.magnitude >> 23).clamp(1, 253) << 23) }
    }

    /// The power of two that brings what is seen to magnitudes below 2.
    pub fn scale(self) -> f32 {
        f32::from_bits((254 << 23) - self.mark().unit.to_bits())
    }
}

/// The trace has an exponent.
pub const DEFINED: u32 = 0;
/// All its samples are equal.
pub const CONSTANT: u32 = 1;
/// A sample is NaN or infinite.
pub const NON_FINITE: u32 = 2;
/// `f32` does not say what the trace's fluctuations are: one is zero, not finite, or negative, which
/// says that it is too small beside what was taken out of its windows ([`super::summary::Rest`]); or no
/// sample is as large as the smallest normal number.
pub const UNRESOLVED: u32 = 3;

/// What the least-squares line needs of one size.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Weight {
    /// Weight of `ln F` in the slope.
    pub slope: f32,
    /// Weight of `ln F` in the intercept.
    pub intercept: f32,
    /// `ln n`.
    pub abscissa: f32,
    /// `1 / sqrt((sizes - 2) · Σ (ln n - mean)²)`.
    pub error: f32,
}

impl Weight {
    /// Fields and their offsets.
    pub const FIELDS: &'static [(&'static str, u32)] =
        fields!(Self: slope, intercept, abscissa, error);
    /// Bytes from one to the next.
    pub const SIZE: u32 = size_of::<Self>() as u32;

    /// One record per size of `plan`.
    pub fn table(plan: &DfaPlan) -> Vec<Self> {
        let line = plan.line();
        let error = ((line.abscissa.len() - 2) as f64 * line.spread).sqrt().recip() as f32;
        (0..line.abscissa.len())
            .map(|i| Self {
                slope: line.slope[i] as f32,
                intercept: line.intercept[i] as f32,
                abscissa: line.abscissa[i] as f32,
                error,
            })
            .collect()
    }
}

/// The exponent of one trace, as `dfa/exponent` writes it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct ExponentRecord {
    /// Slope of `ln F` on `ln n`; 0 where undefined.
    pub alpha: f32,
    /// `ln F` at `n = 1`; 0 where undefined.
    pub intercept: f32,
    /// Standard error of the slope; 0 where undefined.
    pub stderr: f32,
    /// One of the status numbers.
    pub status: u32,
}

impl ExponentRecord {
    /// Fields and their offsets.
    pub const FIELDS: &'static [(&'static str, u32)] =
        fields!(Self: alpha, intercept, stderr, status);
    /// Bytes from one to the next.
    pub const SIZE: u32 = size_of::<Self>() as u32;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::{Convention, Settings};

    #[test]
    fn a_mark_tells_constant_and_not_finite_apart() {
        assert_eq!(Seen::of(&[3.7; 5]).mark().status, CONSTANT);
        assert_eq!(Seen::of(&[0.0, -0.0]).mark().status, CONSTANT);
        assert_eq!(Seen::of(&[1.0, f32::NAN]).mark().status, NON_FINITE);
        assert_eq!(Seen::of(&[f32::NEG_INFINITY; 3]).mark().status, NON_FINITE);
        let seen = Seen::of(&[1.0, -6.0]);
        assert_eq!((seen.mark(), seen.scale()), (Mark { status: DEFINED, unit: 4.0 }, 0.25));
        for x in [f32::MAX, 1e-37, 1.5, f32::MIN_POSITIVE] {
            let seen = Seen::of(&[x, 0.0]);
            assert_eq!(seen.mark().unit * seen.scale(), 1.0);
            assert!(x * seen.scale() < 4.0);
        }
    }

    #[test]
    fn parts_show_together_what_the_whole_shows() {
        let trace = [2.0, 2.0, -5.0, 0.5, f32::INFINITY, 1.0];
        for (cut, samples) in [(1, 2), (2, 3), (2, 4), (3, 6)] {
            let (left, right) = trace[..samples].split_at(cut);
            assert_eq!(Seen::of(left).and(Seen::of(right)), Seen::of(&trace[..samples]));
        }
        assert_eq!(Seen::of(&[2.0]).and(Seen::of(&[3.0])).mark().status, DEFINED);
    }

    #[test]
    fn every_window_starts_in_one_stretch_and_ends_there_or_not() {
        for convention in Convention::ALL {
            for steps in [60, 64, 77] {
                let windows = vec![4, 7, 15, 30];
                let settings = Settings { windows, convention, ..Settings::default() };
                let plan = DfaPlan::new(steps, &settings).expect("fits");
                for size in SizeRecord::table(&plan) {
                    for stretch in [1, 8, 32, 100] {
                        let mut met = vec![0; size.count as usize];
                        for begin in (0..steps as u32).step_by(stretch) {
                            let close = (begin + stretch as u32).min(steps as u32);
                            for [inside, across] in size.starts(begin, close) {
                                for w in inside.clone().chain(across.clone()) {
                                    let start = size.start(w);
                                    assert!((begin..close).contains(&start));
                                    assert_eq!(start + size.size <= close, inside.contains(&w));
                                    met[w as usize] += 1;
                                }
                                let most = (size.size - 1).div_ceil(size.stride);
                                assert!(across.len() as u32 <= most, "{size:?}");
                            }
                        }
                        assert_eq!(met, vec![1; size.count as usize], "{convention:?} {size:?}");
                    }
                }
            }
        }
    }
}

//! The parameter blocks and records of the DFA stages, byte for byte as the shaders see them.
//!
//! Place in the flow: made from a [`DfaPlan`] on the host, uploaded, read by shaders and twins.
//! `tests/shaders.rs` holds names, offsets and sizes against the parsed WGSL.

use bytemuck::{Pod, Zeroable};

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
}

impl Shape {
    /// Fields and their offsets.
    pub const FIELDS: &'static [(&'static str, u32)] =
        fields!(Self: rows, steps, sizes, windows, order, roots);
    /// Bytes.
    pub const SIZE: u32 = size_of::<Self>() as u32;

    /// The shape of `rows` traces under `plan`.
    pub fn new(rows: usize, plan: &DfaPlan) -> Self {
        let word = |n: usize| u32::try_from(n).expect("a batch is cut to what 32 bits count");
        Self {
            rows: word(rows),
            steps: word(plan.steps()),
            sizes: word(plan.sizes().len()),
            windows: word(plan.windows()),
            order: word(plan.order()),
            roots: u32::from(plan.convention().averages_roots()),
        }
    }

    /// Reads the block back from the bytes of binding 0.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        bytemuck::pod_read_unaligned(bytes)
    }
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

/// The trace has an exponent.
pub const DEFINED: u32 = 0;
/// All its samples are equal.
pub const CONSTANT: u32 = 1;
/// A sample is NaN or infinite.
pub const NON_FINITE: u32 = 2;
/// A fluctuation is 0.
pub const NO_FLUCTUATION: u32 = 3;

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

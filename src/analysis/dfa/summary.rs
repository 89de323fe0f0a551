//! What the stages fold a window from, whatever its order: a stretch of profile, summarised.
//!
//! Place in the flow: [`Block`](super::block::Block) is one at order 1,
//! [`Stretch`](super::stretch::Stretch) at orders 2 and 3; the shaders call both `Summary`. The default
//! is no samples.

use std::ops::AddAssign;

use bytemuck::{Pod, Zeroable};

/// What is left of windows without their polynomials; a `vec2<f32>` in the shaders.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct Rest {
    /// The sum of squares.
    pub residual: f32,
    /// What it should be at least for `f32` to resolve it ([`super::block::DOUBT`],
    /// [`super::stretch::DOUBT`]).
    pub doubt: f32,
}

impl Rest {
    /// Both, changed alike.
    pub fn map(self, change: impl Fn(f32) -> f32) -> Self {
        Self { residual: change(self.residual), doubt: change(self.doubt) }
    }
}

impl AddAssign for Rest {
    fn add_assign(&mut self, other: Self) {
        self.residual += other.residual;
        self.doubt += other.doubt;
    }
}

/// A stretch of profile that starts from zero, with its least-squares polynomial.
pub trait Summary: Copy + Default {
    /// Words that a node of a tree keeps of one, beside its level.
    const KEPT: usize;

    /// Of a piece within one block, whose profile before it is `before`.
    fn leaf(profile: &[f32], before: f32, order: u32) -> Self;

    /// The same about a level that lies `tilt` lower: a line through the profile, which leaves the
    /// residual.
    fn tilted(self, tilt: f32) -> Self;

    /// This stretch followed by `next`.
    fn join(self, next: Self, order: u32) -> Self;

    /// The sum of squares of the line from a piece's beginning to its end: what the level that it is
    /// integrated about leaves in it, and loses digits when the window's takes it out.
    fn lean(self) -> f32;

    /// What is left of a whole window, where pieces of blocks `leaned` so much.
    fn rest(self, leaned: f32, order: u32) -> Rest;

    /// Writes what is kept into `words`, of which there are [`Self::KEPT`].
    fn keep(self, words: &mut [f32]);

    /// What `words` keep of `count` samples.
    fn kept(words: &[f32], count: f32) -> Self;

    /// The same where the unit is smaller by `ratio`.
    fn scaled(self, ratio: f32) -> Self;
}

/// What a stage takes out of windows, and so which of the two it folds them from: it has a text for
/// each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// A line: order 1.
    Line,
    /// A parabola or cubic: orders 2 and 3.
    Curve,
}

impl Trend {
    /// That of an order.
    pub fn of(order: usize) -> Self {
        if order == 1 { Self::Line } else { Self::Curve }
    }
}

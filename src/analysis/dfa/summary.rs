//! What the twins fold a window from, whatever its order: a stretch of profile, summarised.
//!
//! Place in the flow: [`super::block::Block`] is one at order 1, [`super::stretch::Stretch`] at orders
//! 2 and 3; the shaders call both `Summary` where they share a body. The default is no samples.

/// A stretch of profile that starts from zero, with its least-squares polynomial.
pub trait Summary: Copy + Default {
    /// Words that a node of [`super::fused`] keeps of one, beside its level.
    const KEPT: usize;

    /// Of a piece within one block, whose profile before it is `before`.
    fn leaf(profile: &[f32], before: f32, order: u32) -> Self;

    /// The same about a level that lies `tilt` lower: a line through the profile, which leaves the
    /// residual.
    fn tilted(self, tilt: f32) -> Self;

    /// This stretch followed by `next`.
    fn join(self, next: Self, order: u32) -> Self;

    /// The sum of squares that is left of a whole window.
    fn rest(self, order: u32) -> f32;
}

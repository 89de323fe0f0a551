//! Stage `dfa/profile`: each trace integrated in blocks, about levels.
//!
//! Place in the flow: the first of four stages; [`super::detrend`] reads what it writes.
//!
//! # What it computes
//! Bindings: `shape`, `traces` (rows × steps) → `profile` (rows × steps), `levels` (rows ×
//! ceil(steps / 32)), `marks` (rows).
//!
//! For each block of 32 samples (the last may be shorter): its level `l = x_0 + Σ(x_j - x_0)/32`, a
//! number near its mean, and the profile `p_i = Σ_{j≤i} (x_j - l)` from zero at the start of the
//! block. Every product here is by a power of two, so that a fused multiply-add changes nothing. A
//! driver may still reorder: lavapipe turns `sum + (x - x_0)` into `(sum + x) - x_0`. That is
//! harmless: the samples of a trace far from zero lie on one grid, on which such sums are exact;
//! `tests/common` allows for the ulps of a trace near zero.
//!
//! The definition of DFA subtracts the mean of the whole trace and sums over the whole trace.
//! Neither reaches the answer at order 1: a window's line absorbs every constant and every linear
//! term of its profile. In `f32` they do harm, for a long smooth trace's global profile has lost
//! the residual before anything is fitted. So a block keeps small numbers, and what lies between
//! blocks is restored exactly where it matters, by levels and sums in the merge. An offset of 1e6
//! costs nothing; a constant block has the profile 0.
//!
//! Before that the stage scales the trace by a power of two to magnitudes below 2 (exact, undone in
//! [`super::fluctuation`]) and marks traces that are constant or not finite; their profile is 0.
//!
//! # Order of summation
//! One workgroup per trace. Magnitudes and changes: maximum and `or` of integers, where order is no
//! matter. Levels and profiles: one lane per block, in sequence.

use super::block::BLOCK;
use super::params::{DEFINED, Mark, Seen, Shape};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage.
pub struct Profile;

impl Stage for Profile {
    fn name(&self) -> &'static str {
        "dfa/profile"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/profile.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/mark.wgsl"),
            include_str!("../../../shaders/shared/blocks.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        64
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read("traces", "f32"),
            Binding::read_write("profile", "f32"),
            Binding::read_write("levels", "f32"),
            Binding::read_write_records("marks", Mark::FIELDS, Mark::SIZE),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        grid(Shape::from_bytes(params).rows)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let shape: Shape = bound.params(0);
        let traces: &[f32] = bound.take(1);
        let profile: &mut [f32] = bound.take(2);
        let levels: &mut [f32] = bound.take(3);
        let marks: &mut [Mark] = bound.take(4);
        let steps = shape.steps as usize;
        let blocks = steps.div_ceil(BLOCK);
        for row in 0..shape.rows as usize {
            let seen = Seen::of(&traces[row * steps..][..steps]);
            let (mark, scale) = (seen.mark(), seen.scale());
            marks[row] = mark;
            for block in 0..blocks {
                let begin = row * steps + block * BLOCK;
                let end = (begin + BLOCK).min((row + 1) * steps);
                let level = &mut levels[row * blocks + block];
                if mark.status == DEFINED {
                    *level = integrate(&traces[begin..end], scale, &mut profile[begin..end]);
                } else {
                    *level = 0.0;
                    profile[begin..end].fill(0.0);
                }
            }
        }
    }
}

/// Integrates one block into `profile` and gives its level.
pub(super) fn integrate(samples: &[f32], scale: f32, profile: &mut [f32]) -> f32 {
    let origin = samples[0] * scale;
    let mut sum = 0.0;
    for x in samples {
        sum += x * scale - origin;
    }
    let level = origin + sum * (1.0 / BLOCK as f32);
    let mut risen = 0.0;
    for (place, x) in profile.iter_mut().zip(samples) {
        risen += x * scale - level;
        *place = risen;
    }
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_integrated_about_its_level() {
        let mut profile = [f32::NAN; 4];
        // Scaled 1, 2, 0, 9: 1 + (0 + 1 - 1 + 8)/32.
        assert_eq!(integrate(&[4.0, 8.0, 0.0, 36.0], 0.25, &mut profile), 1.25);
        assert_eq!(profile, [-0.25, 0.5, -0.75, 7.0]);
    }
}

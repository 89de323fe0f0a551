//! Stage `dfa/fused`: all of the DFA of a trace that fits into workgroup memory, from one read.
//!
//! Place in the flow: takes the place of the four separate stages at order 1, where the device has
//! room ([`Fused::on`]). Those stay the readable definition, and the way of long traces and higher
//! orders.
//!
//! # What it computes
//! Bindings: `shape`, `sizes`, `weights`, `traces` (rows × steps) → `fluctuations` (rows × sizes),
//! `exponents` (rows), as [`super::fluctuation`] and [`super::exponent`] write them. From memory come
//! 4 bytes per sample, and go 4 per size and 16 per trace; the separate stages move about `20 +
//! 8·windows/samples` bytes per sample, and read the profile once per size and window.
//!
//! One workgroup per trace. The profile of each block and the block's own line are kept in
//! workgroup memory; a window takes the lines of the blocks that it covers wholly, and fits lines
//! to what it has of those at its ends. So its cost is one merge per 32 samples.
//!
//! # Order of summation
//! The very operations of the separate stages in their order: 32 lanes, a team, add up the windows of
//! one size as a workgroup of [`super::fluctuation`] does. On lavapipe equal to them to the bit.

use super::block::{BLOCK, merge};
use super::detrend::{fold, leaf};
use super::params::{DEFINED, ExponentRecord, Shape, SizeRecord, Weight};
use super::plan::DfaPlan;
use super::{exponent, fluctuation, profile};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage, for traces up to some length.
pub struct Fused {
    words: u32,
}

/// Lanes that work on one size together; `TEAM` in the shader.
pub const TEAM: usize = 32;

/// Teams per workgroup.
const TEAMS: usize = 4;

/// Workgroup memory is asked for in steps of as many words, so that few pipelines are made.
const STEP: usize = 512;

/// One that WebGPU's default limits hold, for the table of stages.
pub static SMALL: Fused = Fused { words: 3584 };

impl Fused {
    /// The stage for traces of `plan` on a device that gives a workgroup `bytes` of memory; none
    /// where they do not fit, or the order is not 1.
    pub fn on(bytes: u32, plan: &DfaPlan) -> Option<Self> {
        let words = (plan.steps() + 5 * plan.steps().div_ceil(BLOCK)).next_multiple_of(STEP);
        let all = (words + 3 * TEAMS * TEAM) * size_of::<f32>();
        (plan.order() == 1 && all <= bytes as usize).then_some(Self { words: words as u32 })
    }
}

impl Stage for Fused {
    fn name(&self) -> &'static str {
        "dfa/fused"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/fused.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/mark.wgsl"),
            include_str!("../../../shaders/shared/window.wgsl"),
            include_str!("../../../shaders/shared/leaf.wgsl"),
            include_str!("../../../shaders/shared/block.wgsl"),
            include_str!("../../../shaders/shared/line.wgsl"),
            include_str!("../../../shaders/shared/logarithm.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        (TEAMS * TEAM) as u32
    }

    fn words(&self) -> Option<u32> {
        Some(self.words)
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
            Binding::read_records("weights", Weight::FIELDS, Weight::SIZE),
            Binding::read("traces", "f32"),
            Binding::read_write("fluctuations", "f32"),
            Binding::read_write_records("exponents", ExponentRecord::FIELDS, ExponentRecord::SIZE),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        grid(Shape::from_bytes(params).rows)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let shape: Shape = bound.params(0);
        let sizes: &[SizeRecord] = bound.take(1);
        let weights: &[Weight] = bound.take(2);
        let traces: &[f32] = bound.take(3);
        let fluctuations: &mut [f32] = bound.take(4);
        let exponents: &mut [ExponentRecord] = bound.take(5);
        let steps = shape.steps as usize;
        let mut integrated = vec![0.0; steps];
        let mut levels = vec![0.0; steps.div_ceil(BLOCK)];
        for (row, trace) in traces.chunks_exact(steps).enumerate().take(shape.rows as usize) {
            let (mark, scale) = profile::mark(trace);
            let blocks = trace.chunks(BLOCK).zip(integrated.chunks_mut(BLOCK)).zip(&mut levels);
            for ((samples, integrated), level) in blocks {
                if mark.status == DEFINED {
                    *level = profile::integrate(samples, scale, integrated);
                } else {
                    *level = 0.0;
                    integrated.fill(0.0);
                }
            }
            let found = &mut fluctuations[row * sizes.len()..][..sizes.len()];
            for (f, size) in found.iter_mut().zip(sizes) {
                let residual = |window| {
                    let start = size.start(window) as usize;
                    let end = start + size.size as usize;
                    fold(&integrated, &levels, start..end, leaf, merge).residual
                };
                let residuals: Vec<f32> = (0..size.count).map(residual).collect();
                *f = mark.unit * fluctuation::average(&residuals, size.size, shape.roots);
            }
            exponents[row] = exponent::fit(found, weights, mark.status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::Settings;

    #[test]
    fn it_is_taken_where_a_trace_fits() {
        let plan = |steps, order| {
            let settings = Settings { windows: vec![8, 16, 32], order, ..Settings::default() };
            DfaPlan::new(steps, &settings).expect("the windows fit")
        };
        // WebGPU promises 16 KiB: 2,700 samples, 85 blocks of 5 words, and 384 words for sums.
        assert!(Fused::on(16_384, &plan(2700, 1)).is_some_and(|fused| fused.words == 3584));
        assert!(Fused::on(16_384, &plan(3200, 1)).is_none());
        assert!(Fused::on(32_768, &plan(4096, 1)).is_some_and(|fused| fused.words == 5120));
        assert!(Fused::on(32_768, &plan(500, 2)).is_none());
    }
}

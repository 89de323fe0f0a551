//! What the fused stages share: the room they need, their bindings, and their twin, a tree over the
//! blocks of a profile.
//!
//! Place in the flow: under [`super::fused`], which says what it is for, and [`super::fused_higher`].
//! Its shader is `shaders/shared/fused.wgsl`.

use super::block::BLOCK;
use super::params::{DEFINED, ExponentRecord, Shape, SizeRecord, Weight};
use super::plan::DfaPlan;
use super::summary::Summary;
use super::{exponent, fluctuation, profile};
use crate::gpu::stage::{Binding, Bound};

/// Lanes that work on one size together; `TEAM` in the shader.
pub const TEAM: usize = 32;

/// Teams per workgroup.
const TEAMS: usize = 4;

/// Workgroup memory is asked for in steps of as many words, so that few pipelines are made.
const STEP: usize = 512;

/// What WebGPU's default limits hold, for the table of stages.
pub const SMALL: u32 = 3584;

/// Words of workgroup memory for a trace of `plan` on a device that gives a workgroup `bytes`; none
/// where it does not fit.
pub fn words<S: Summary>(bytes: u32, plan: &DfaPlan) -> Option<u32> {
    let nodes = 2 * plan.steps().div_ceil(BLOCK);
    let words = (plan.steps() + nodes * (1 + S::KEPT)).next_multiple_of(STEP);
    let all = (words + 3 * TEAMS * TEAM) * size_of::<f32>();
    (all <= bytes as usize).then_some(words as u32)
}

/// Lanes of both fused stages.
pub(super) const LANES: u32 = (TEAMS * TEAM) as u32;

/// Bindings of both.
pub(super) const BINDINGS: &[Binding] = &[
    Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
    Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
    Binding::read_records("weights", Weight::FIELDS, Weight::SIZE),
    Binding::read("traces", "f32"),
    Binding::read_write("fluctuations", "f32"),
    Binding::read_write_records("exponents", ExponentRecord::FIELDS, ExponentRecord::SIZE),
];

/// The twin of both.
pub(super) fn every_trace<S: Summary>(bound: &mut Bound<'_>) {
    let shape: Shape = bound.params(0);
    let sizes: &[SizeRecord] = bound.take(1);
    let weights: &[Weight] = bound.take(2);
    let traces: &[f32] = bound.take(3);
    let fluctuations: &mut [f32] = bound.take(4);
    let exponents: &mut [ExponentRecord] = bound.take(5);
    let rows = traces.chunks_exact(shape.steps as usize).zip(exponents);
    let found = fluctuations.chunks_exact_mut(sizes.len());
    for ((trace, exponent), found) in rows.zip(found).take(shape.rows as usize) {
        let (mark, scale) = profile::mark(trace);
        let scale = if mark.status == DEFINED { Some(scale) } else { None };
        let tree = Tree::<S>::new(trace, scale, shape.order);
        for (f, size) in found.iter_mut().zip(sizes) {
            let residual = |window| {
                let start = size.start(window) as usize;
                tree.residual(start, start + size.size as usize)
            };
            let residuals: Vec<f32> = (0..size.count).map(residual).collect();
            *f = mark.unit * fluctuation::average(&residuals, size.size, shape.roots);
        }
        *exponent = exponent::fit(found, weights, mark.status);
    }
}

/// The profile of a trace, with a tree over its blocks.
struct Tree<S> {
    order: u32,
    profile: Vec<f32>,
    /// Level by level, from the blocks up: the level that a node is integrated about, and the node.
    nodes: Vec<Vec<(f32, S)>>,
}

impl<S: Summary> Tree<S> {
    /// Of `trace` times `scale`; without one, of zeros.
    fn new(trace: &[f32], scale: Option<f32>, order: u32) -> Self {
        let mut profile = vec![0.0; trace.len()];
        let blocks = trace.chunks(BLOCK).zip(profile.chunks_mut(BLOCK));
        let node = |(samples, integrated): (&[f32], &mut [f32])| {
            let level = scale.map_or(0.0, |scale| profile::integrate(samples, scale, integrated));
            (level, S::leaf(integrated, 0.0, order))
        };
        let mut nodes = vec![blocks.map(node).collect::<Vec<_>>()];
        while nodes[nodes.len() - 1].len() > 1 {
            let pair = |pair: &[(f32, S)]| {
                let [(level_left, left), (level_right, right)] = [pair[0], pair[1]];
                let mean = 0.5 * (level_left + level_right);
                let right = right.tilted(level_right - mean);
                (mean, left.tilted(level_left - mean).join(right, order))
            };
            nodes.push(nodes[nodes.len() - 1].chunks_exact(2).map(pair).collect());
        }
        Self { order, profile, nodes }
    }

    /// The sample behind the node of `level` that begins with `block`.
    fn end(&self, level: usize, block: usize) -> usize {
        ((block + (1 << level)) * BLOCK).min(self.profile.len())
    }

    /// `level_of_window` in the shader.
    fn level(&self, start: usize, end: usize) -> f32 {
        let first = start.div_ceil(BLOCK);
        let last = if end == self.profile.len() { self.nodes[0].len() } else { end / BLOCK };
        if last <= first {
            return 0.5 * (self.nodes[0][start / BLOCK].0 + self.nodes[0][(end - 1) / BLOCK].0);
        }
        let high = (first ^ last).ilog2();
        let middle = (last >> high) << high;
        let (level, block) = if last - middle > middle - first {
            ((last - middle).ilog2(), middle)
        } else {
            let level = (middle - first).ilog2();
            (level, middle - (1 << level))
        };
        self.nodes[level as usize][block >> level].0
    }

    /// What is left of the window `start .. end` without its polynomial.
    fn residual(&self, start: usize, end: usize) -> f32 {
        let window_level = self.level(start, end);
        let mut total = S::default();
        let mut at = start;
        while at < end {
            let block = at / BLOCK;
            let mut level = 0;
            let mut next = self.end(0, block);
            let piece = if at.is_multiple_of(BLOCK) && next <= end {
                while block.is_multiple_of(2 << level)
                    && block + (2 << level) <= self.nodes[0].len()
                    && self.end(level + 1, block) <= end
                {
                    level += 1;
                    next = self.end(level, block);
                }
                self.nodes[level][block >> level].1
            } else {
                next = next.min(end);
                let before = if at.is_multiple_of(BLOCK) { 0.0 } else { self.profile[at - 1] };
                S::leaf(&self.profile[at..next], before, self.order)
            };
            let tilt = self.nodes[level][block >> level].0 - window_level;
            total = total.join(piece.tilted(tilt), self.order);
            at = next;
        }
        total.rest(self.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::Settings;
    use crate::analysis::dfa::block::Block;
    use crate::analysis::dfa::stretch::Stretch;

    #[test]
    fn it_is_taken_where_a_trace_fits() {
        let plan = |steps| {
            let settings = Settings { windows: vec![8, 16, 32], ..Settings::default() };
            DfaPlan::new(steps, &settings).expect("the windows fit")
        };
        // WebGPU promises 16 KiB: 2,700 samples, 170 nodes of 5 words, and 384 words for sums.
        assert_eq!(words::<Block>(16_384, &plan(2700)), Some(SMALL));
        assert_eq!(words::<Block>(16_384, &plan(3000)), None);
        assert_eq!(words::<Block>(32_768, &plan(4096)), Some(5632));
        assert_eq!(words::<Stretch>(32_768, &plan(4096)), Some(6144));
    }
}

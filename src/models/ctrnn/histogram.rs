//! Stage `ctrnn/histogram`: how a unit's states are distributed over the realisations of its noise.
//!
//! Place in the flow: floor 3, beside [`super::moments`] and with its parameter block.
//!
//! # What it computes
//! Bindings: `sampled`, `state` (rows × units) → `counts` (groups × units × (bins + 2)), to which it
//! adds, for each row of a group that lies among the states, one: below `low`, in the bin
//! `⌊(h − low) · bins / (high − low)⌋`, or from `high` on. Whole numbers; on an edge of two bins
//! rounding decides, on every path alike where subtraction and product are IEEE 754's.

use super::moments::{LANES, Sample};
use crate::gpu::stage::{Binding, Bound, Stage};

/// The stage.
pub struct HistogramStage;

impl Stage for HistogramStage {
    fn name(&self) -> &'static str {
        "ctrnn/histogram"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/ctrnn/histogram.wgsl"),
            include_str!("../../../shaders/shared/sample.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] =
            &[Sample::BINDING, Binding::read("state", "f32"), Binding::read_write("counts", "u32")];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        Sample::groups(params)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let sample: Sample = bound.params(0);
        let (state, counts) = (bound.take::<f32>(1), bound.take::<u32>(2));
        let (units, bins) = (sample.units as usize, sample.bins());
        for (group, rows) in sample.parts() {
            for states in state[rows.start * units..rows.end * units].chunks_exact(units) {
                let counts =
                    counts[group * units * (bins.count + 2)..].chunks_exact_mut(bins.count + 2);
                states.iter().zip(counts).for_each(|(h, counts)| counts[bins.place(*h)] += 1);
            }
        }
    }
}

//! Stage `recording/spread`: how far each trace moves, its standard deviation over time.
//!
//! Place in the flow: floor 3, beside the DFA; the study counts units that hardly move, whose
//! exponents say little.
//!
//! # What it computes
//! Bindings: `extent`, `traces` (rows × steps) → `spreads` (rows), `sqrt(Σ (x − mean)² / steps)` in
//! float32: the sum of the distances from the first sample gives the mean, a second pass the
//! squares. A constant trace has exactly 0. Off by some 1e-7 of the trace's level, where [`of`] on
//! the host sums in float64; below 1e-19 the squares vanish.
//!
//! # Order of summation
//! One workgroup per trace: lane `l` adds samples `l`, `l + LANES`, …; then a tree.

use rayon::prelude::*;

use super::extent::Extent;
use crate::gpu::stage::{Binding, Bound, Stage, grid};
use crate::signal::Traces;

const LANES: usize = 64;

/// The stage.
pub struct SpreadStage;

impl Stage for SpreadStage {
    fn name(&self) -> &'static str {
        "recording/spread"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../shaders/recording/spread.wgsl"),
            include_str!("../../shaders/shared/extent.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        LANES as u32
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Extent::BINDING,
            Binding::read("traces", "f32"),
            Binding::read_write("spreads", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let extent = Extent::from_bytes(params);
        grid(extent.reviews * extent.units)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let extent: Extent = bound.params(0);
        let traces: &[f32] = bound.take(1);
        let spreads: &mut [f32] = bound.take(2);
        for (trace, spread) in traces.chunks_exact(extent.steps()).zip(spreads) {
            *spread = in_single(trace);
        }
    }
}

fn in_single(trace: &[f32]) -> f32 {
    let count = trace.len() as f32;
    let mean = total(trace.iter().map(|x| x - trace[0])) / count;
    let variance = total(trace.iter().map(|x| (x - trace[0] - mean).powi(2))) / count;
    variance.sqrt()
}

fn total(terms: impl Iterator<Item = f32>) -> f32 {
    let mut sums = [0.0f32; LANES];
    terms.enumerate().for_each(|(i, term)| sums[i % LANES] += term);
    let mut half = LANES / 2;
    while half > 0 {
        (0..half).for_each(|lane| sums[lane] += sums[lane + half]);
        half /= 2;
    }
    sums[0]
}

/// The standard deviations over time (population), in f64, one per trace.
pub fn of(traces: &Traces) -> Vec<f64> {
    let spread = |trace: &[f32]| {
        let count = trace.len() as f64;
        let mean = trace.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        (trace.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    traces.values().par_chunks_exact(traces.steps()).map(spread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::noise;

    #[test]
    fn both_give_the_standard_deviation_and_a_constant_has_none() {
        let steps = 500;
        let mut values: Vec<f32> =
            noise::pink(steps, 2, 0).iter().map(|x| 0.9 + 0.02 * x).collect();
        values.extend((0..steps).map(|i| if i % 2 == 0 { 3.0 } else { 5.0 }));
        values.extend(vec![0.3; steps]);
        let traces = Traces::new(values, steps).expect("whole");
        let found = of(&traces);
        assert!((found[1] - 1.0).abs() < 1e-12);
        for (row, spread) in found.iter().enumerate() {
            let single = f64::from(in_single(traces.row(row)));
            assert!((single - spread).abs() < 1e-6 * spread + 1e-9, "{single} for {spread}");
        }
        assert_eq!(in_single(traces.row(2)), 0.0);
    }
}

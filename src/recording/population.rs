//! Stage `recording/population`: the mean over the units of a review, one trace per review, as EEG
//! and fMRI see a brain.
//!
//! Place in the flow: floor 3, after [`super::traces`]; the DFA of what it writes is the
//! aggregation `population`.
//!
//! # What it computes
//! Bindings: `extent`, `traces` (reviews × units × steps) → `means` (reviews × steps).
//!
//! # Order of summation
//! One invocation per review and step adds the units in sequence in float32 and multiplies by
//! `1 / units`: additions and one product that nothing follows, so that a device that rounds as
//! IEEE 754 says gives the twin's bits. The mean of 512 units within ±1 is good to 2e-6.

use rayon::prelude::*;

use super::extent::Extent;
use crate::gpu::stage::{Binding, Bound, Stage, grid};
use crate::signal::Traces;

/// The stage.
pub struct PopulationStage;

impl Stage for PopulationStage {
    fn name(&self) -> &'static str {
        "recording/population"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../shaders/recording/population.wgsl"),
            include_str!("../../shaders/shared/extent.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        64
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] =
            &[Extent::BINDING, Binding::read("traces", "f32"), Binding::read_write("means", "f32")];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let extent = Extent::from_bytes(params);
        grid((extent.reviews * extent.steps).div_ceil(self.lanes()))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let extent: Extent = bound.params(0);
        average(&extent, bound.take(1), bound.take(2));
    }
}

/// The means of `traces` (rows as `extent` says) over units, one trace per review, by the twin.
///
/// # Panics
/// `traces` are not those of `extent`.
pub fn of(traces: &Traces, extent: &Extent) -> Traces {
    let mut means = vec![0.0f32; extent.reviews as usize * extent.steps()];
    average(extent, traces.values(), &mut means);
    Traces::new(means, extent.steps()).expect("a whole number of traces")
}

fn average(extent: &Extent, traces: &[f32], means: &mut [f32]) {
    let (steps, units) = (extent.steps(), extent.units as usize);
    assert_eq!(traces.len(), means.len() * units, "traces do not have the size that was said");
    let reviews = means.par_chunks_mut(steps).zip(traces.par_chunks(units * steps));
    reviews.for_each(|(means, traces)| {
        means.fill(0.0);
        for trace in traces.chunks_exact(steps) {
            means.iter_mut().zip(trace).for_each(|(sum, x)| *sum += x);
        }
        means.iter_mut().for_each(|sum| *sum *= extent.share);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::noise;

    #[test]
    fn means_average_units_and_keep_time() {
        let values = vec![1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0];
        let traces = Traces::new(values, 2).expect("whole");
        let means = of(&traces, &Extent::new([2, 2, 2], 0, 2));
        assert_eq!((means.rows(), means.steps()), (2, 2));
        assert_eq!(means.values(), &[2.0, 3.0, 20.0, 30.0]);
    }

    #[test]
    fn the_mean_of_as_many_units_as_there_may_be_is_good_to_two_ppm() {
        let (units, steps) = (512, 40);
        let values: Vec<f32> =
            noise::white(units * steps, 4, 0).iter().map(|x| 0.9 + 0.03 * x).collect();
        let traces = Traces::new(values, steps).expect("whole");
        let means = of(&traces, &Extent::new([1, steps, units], 0, units));
        for (step, &mean) in means.values().iter().enumerate() {
            let sum: f64 = (0..units).map(|unit| f64::from(traces.row(unit)[step])).sum();
            assert!((f64::from(mean) - sum / units as f64).abs() < 2e-6);
        }
    }
}

//! Stage `recording/traces`: states as a network leaves them, turned into traces.
//!
//! Place in the flow: floor 3, the first thing that happens to recorded states. The twin is the
//! host path.
//!
//! # What it computes
//! Bindings: `extent`, `states` (reviews × steps × width) → `traces` (reviews × units × steps).
//! Nothing is rounded: words are moved, not floats, so that a NaN or a denormal number arrives with
//! all its bits.
//!
//! # Why `states` is `read_write`
//! It is a buffer of Burn's, bound where it lies and only read. Burn lays many tensors into one
//! wgpu buffer, and wgpu refuses a dispatch in which one buffer is bound both ways; a stage that
//! takes a tensor of Burn's therefore binds it as Burn's own kernels do. `traces` is a buffer of
//! ours.

use bytemuck::Pod;
use rayon::prelude::*;

use super::extent::Extent;
use crate::gpu::stage::{Binding, Bound, Stage, grid};
use crate::signal::Traces;

/// Steps and units of a tile: `TILE` in the shader.
pub const TILE: u32 = 32;

/// The stage.
pub struct TracesStage;

impl Stage for TracesStage {
    fn name(&self) -> &'static str {
        "recording/traces"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../shaders/recording/traces.wgsl"),
            include_str!("../../shaders/shared/extent.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        256
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Extent::BINDING,
            Binding::read_write("states", "u32"),
            Binding::read_write("traces", "u32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let extent = Extent::from_bytes(params);
        grid(extent.reviews * extent.steps.div_ceil(TILE) * extent.units.div_ceil(TILE))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let extent: Extent = bound.params(0);
        turn::<u32>(&extent, bound.take(1), bound.take(2));
    }
}

/// The traces that lie in `states`, by the twin.
///
/// # Panics
/// `states` does not hold the numbers of `extent`.
pub fn of(states: &[f32], extent: &Extent) -> Traces {
    let mut traces = vec![0.0f32; extent.rows() * extent.steps()];
    turn(extent, states, &mut traces);
    Traces::new(traces, extent.steps()).expect("a whole number of traces")
}

fn turn<T: Pod + Send + Sync>(extent: &Extent, states: &[T], traces: &mut [T]) {
    let [reviews, steps, width, first, units] =
        [extent.reviews, extent.steps, extent.width, extent.first, extent.units]
            .map(|size| size as usize);
    assert_eq!(states.len(), reviews * steps * width, "states do not have the size that was said");
    let reviews = traces.par_chunks_mut(steps * units).zip(states.par_chunks(steps * width));
    reviews.for_each(|(traces, states)| {
        for (step, state) in states.chunks_exact(width).enumerate() {
            for (unit, &value) in state[first..first + units].iter().enumerate() {
                traces[unit * steps + step] = value;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two reviews of three steps and four columns: value = 100 review + 10 step + column.
    fn states() -> Vec<f32> {
        (0..24).map(|i| (100 * (i / 12) + 10 * (i % 12 / 4) + i % 4) as f32).collect()
    }

    #[test]
    fn steps_by_units_become_units_by_steps() {
        let traces = of(&states(), &Extent::new([2, 3, 4], 0, 4));
        assert_eq!((traces.rows(), traces.steps()), (8, 3));
        assert_eq!(traces.row(0), &[0.0, 10.0, 20.0]);
        assert_eq!(traces.row(7), &[103.0, 113.0, 123.0]);
    }

    #[test]
    fn one_gate_is_some_of_the_columns() {
        let traces = of(&states(), &Extent::new([2, 3, 4], 1, 2));
        assert_eq!(traces.rows(), 4);
        assert_eq!(traces.row(0), &[1.0, 11.0, 21.0]);
        assert_eq!(traces.row(3), &[102.0, 112.0, 122.0]);
    }
}

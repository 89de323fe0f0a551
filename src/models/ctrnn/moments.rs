//! Stage `ctrnn/moments`: means and variances of units over the realisations of their noise.
//!
//! Place in the flow: floor 3, between dispatches of [`super::simulate`], once per sampled step; on
//! the CPU [`super::ensemble`] does the same in f64.
//!
//! # What it computes
//! Bindings: `sampled`, `state` (rows × units) → `counts` and `moments` (groups × units), a group
//! being a pair of a level and a drive. Of the rows of a group that lie among the states: their
//! mean, from sums of 32 distances from the first of them, which are then added up; the sum of
//! squared distances from it, likewise; merged into what is kept (Chan, Golub & LeVeque 1983):
//!
//! ```text
//! mean' = mean + d share        second' = second + (second of these + d² n share)
//! d = mean of these - mean      share = m / (n + m)        n kept before, m of these
//! ```
//!
//! All in float32. Each merge rounds the mean by half an ulp, so that after a thousand of them it is
//! off by some 2e-6 of itself where the errors have either sign, 6e-5 at most; the second moment
//! only grows by squares and keeps 1e-6 per thousand merges, 1e-4 at most. Standard errors of 10⁶
//! independent draws are 1e-3.

use bytemuck::{Pod, Zeroable};

use super::bins::Bins;
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// Invocations per workgroup.
pub(super) const LANES: u32 = 64;

/// States that are added up before they are added to the sum: `ROWS_AT_ONCE` in the shader.
pub const ROWS_AT_ONCE: usize = 32;

/// Which states are taken: the parameter block of this stage and of [`super::histogram`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Sample {
    /// Rows among the states.
    pub rows: u32,
    /// The number of the first.
    pub first_row: u32,
    /// Rows of a group.
    pub realisations: u32,
    /// N.
    pub units: u32,
    /// Bins between low and high.
    pub bins: u32,
    /// Where the first bin begins.
    pub low: f32,
    /// Where the last ends.
    pub high: f32,
    /// Bins per unit of h.
    pub per_unit: f32,
}

impl Sample {
    /// The block as the shaders declare it.
    pub(super) const BINDING: Binding = Binding::uniform(
        "sampled",
        &[
            ("rows", 0),
            ("first_row", 4),
            ("realisations", 8),
            ("units", 12),
            ("bins", 16),
            ("low", 20),
            ("high", 24),
            ("per_unit", 28),
        ],
        32,
    );

    /// Rows `first_row..first_row + rows` of groups of `realisations` rows.
    pub fn new(
        [first_row, rows]: [usize; 2],
        realisations: usize,
        units: usize,
        bins: Option<Bins>,
    ) -> Self {
        let [rows, first_row, realisations, units] =
            [rows, first_row, realisations, units].map(|number| number as u32);
        let Bins { count, low, high } = bins.unwrap_or(Bins { count: 1, low: 0.0, high: 1.0 });
        let per_unit = Bins { count, low, high }.per_unit();
        Self { rows, first_row, realisations, units, bins: count as u32, low, high, per_unit }
    }

    /// The bins.
    pub(super) fn bins(&self) -> Bins {
        Bins { count: self.bins as usize, low: self.low, high: self.high }
    }

    /// For each group of which a row lies among the states: its number, and its rows there.
    pub(super) fn parts(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
        let [first, rows, realisations] =
            [self.first_row, self.rows, self.realisations].map(|number| number as usize);
        (first / realisations..=(first + rows - 1) / realisations).map(move |group| {
            let begin = (group * realisations).max(first) - first;
            (group, begin..((group + 1) * realisations - first).min(rows))
        })
    }

    /// A grid of an invocation per group and unit.
    pub(super) fn groups(params: &[u8]) -> [u32; 3] {
        let sample: Self = bytemuck::pod_read_unaligned(params);
        grid((sample.parts().count() as u32 * sample.units).div_ceil(LANES))
    }
}

/// What is kept of a unit's states.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct Moment {
    /// Their mean.
    pub mean: f32,
    /// The sum of their squared distances from it.
    pub second: f32,
}

/// The stage.
pub struct MomentsStage;

impl Stage for MomentsStage {
    fn name(&self) -> &'static str {
        "ctrnn/moments"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/ctrnn/moments.wgsl"),
            include_str!("../../../shaders/shared/sample.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        LANES
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Sample::BINDING,
            Binding::read("state", "f32"),
            Binding::read_write("counts", "u32"),
            Binding::read_write_records("moments", &[("mean", 0), ("second", 4)], 8),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        Sample::groups(params)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let sample: Sample = bound.params(0);
        let state: &[f32] = bound.take(1);
        let (counts, moments) = (bound.take::<u32>(2), bound.take::<Moment>(3));
        let units = sample.units as usize;
        for (group, rows) in sample.parts() {
            for unit in 0..units {
                let values = || rows.clone().map(|row| state[row * units + unit]);
                let cell = group * units + unit;
                moments[cell] = merged(moments[cell], counts[cell], &values().collect::<Vec<_>>());
                counts[cell] += rows.len() as u32;
            }
        }
    }
}

/// `kept`, of `before` values, and those of `values`.
fn merged(kept: Moment, before: u32, values: &[f32]) -> Moment {
    let (first, count) = (values[0], values.len() as f32);
    let sum = |of: &dyn Fn(f32) -> f32| {
        let sums = values.chunks(ROWS_AT_ONCE);
        sums.fold(0.0, |total, some| total + some.iter().fold(0.0, |sum, value| sum + of(*value)))
    };
    let away = sum(&|value| value - first) / count;
    let second = sum(&|value| {
        let apart = (value - first) - away;
        apart * apart
    });
    let share = count / (before as f32 + count);
    let apart = (first + away) - kept.mean;
    Moment {
        mean: kept.mean + apart * share,
        second: kept.second + (second + apart * apart * (before as f32 * share)),
    }
}

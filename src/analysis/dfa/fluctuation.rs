//! Stage `dfa/fluctuation`: root mean square of the residuals of each size.
//!
//! Place in the flow: reads what [`super::detrend`] wrote, or of a trace in tiles what
//! [`super::across`] wrote; [`super::exponent`] fits what it writes.
//!
//! # What it computes
//! Bindings: `shape`, `sizes`, `residuals` (rows × windows; of traces in tiles what the windows of
//! each tile add up to, rows × sizes × tiles; pairs of residual and doubt), `marks` (rows) →
//! `fluctuations` (rows × sizes): `F(n) = unit · sqrt(Σ R / windows / n)`, or where the convention
//! averages roots `unit · Σ sqrt(R / n) / windows`, in the unit of the trace; `-unit` where the
//! windows leave less than the doubt about them ([`Rest`]). Traces that are constant or not finite get
//! 0; their mark says so.
//!
//! # Order of summation
//! One workgroup per trace and size. Lane `l` adds the windows (or tiles) `l, l + LANES, ...` in runs of 32,
//! and the runs; lanes are added in a tree, the upper half onto the lower until one is left.
//! (Without the runs a million samples in windows of 8 were off by 1.3e-6.)

use super::params::{DEFINED, Mark, Shape, SizeRecord};
use super::summary::Rest;
use crate::gpu::stage::{Binding, Bound, Stage, grid};

/// The stage.
pub struct Fluctuation;

const LANES: usize = 32;

/// Windows that a lane adds up before it adds them to its total; `RUN` in the shader.
pub const RUN: usize = 32;

impl Stage for Fluctuation {
    fn name(&self) -> &'static str {
        "dfa/fluctuation"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/fluctuation.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/mark.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        LANES as u32
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("sizes", SizeRecord::FIELDS, SizeRecord::SIZE),
            Binding::read("residuals", "vec2<f32>"),
            Binding::read_records("marks", Mark::FIELDS, Mark::SIZE),
            Binding::read_write("fluctuations", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let shape = Shape::from_bytes(params);
        grid(shape.rows * shape.sizes)
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let shape: Shape = bound.params(0);
        let sizes: &[SizeRecord] = bound.take(1);
        let residuals: &[Rest] = bound.take(2);
        let marks: &[Mark] = bound.take(3);
        let fluctuations: &mut [f32] = bound.take(4);
        let (windows, tiles) = (shape.windows as usize, shape.tiles as usize);
        for (row, mark) in marks.iter().enumerate().take(shape.rows as usize) {
            for (place, size) in sizes.iter().enumerate() {
                let index = row * sizes.len() + place;
                let sum = if tiles > 0 {
                    add_up(&residuals[index * tiles..][..tiles], |sum| sum)
                } else {
                    let begin = row * windows + size.first as usize;
                    let residuals = &residuals[begin..][..size.count as usize];
                    add_up(residuals, |residual| contribution(residual, size.size, shape.roots))
                };
                let fluctuation = mark.unit * average(sum, size, shape.roots);
                fluctuations[index] = if mark.status == DEFINED { fluctuation } else { 0.0 };
            }
        }
    }
}

/// What one window of `size` samples adds to the sum: its residual, or its root mean square.
pub(super) fn contribution(left: Rest, size: u32, roots: u32) -> Rest {
    if roots == 0 { left } else { left.map(|square| (square / size as f32).sqrt()) }
}

/// `F` of the windows of a size in the scaled unit, from what they add up to; negative where they
/// leave less than the doubt.
pub(super) fn average(sum: Rest, size: &SizeRecord, roots: u32) -> f32 {
    if sum.residual < sum.doubt {
        return -1.0;
    }
    let mean = sum.residual / size.count as f32;
    if roots == 0 { (mean / size.size as f32).sqrt() } else { mean }
}

/// The sum of what each of `values` contributes, in the order of a workgroup.
pub(super) fn add_up(values: &[Rest], contribution: impl Fn(Rest) -> Rest) -> Rest {
    let mut partial = [Rest::default(); LANES];
    for (lane, partial) in partial.iter_mut().enumerate() {
        let (mut total, mut run, mut added) = (Rest::default(), Rest::default(), 0);
        for value in values.iter().skip(lane).step_by(LANES) {
            run += contribution(*value);
            added += 1;
            if added == RUN {
                total += run;
                run = Rest::default();
                added = 0;
            }
        }
        total += run;
        *partial = total;
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            let upper = partial[lane + half];
            partial[lane] += upper;
        }
        half /= 2;
    }
    partial[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_added_once() {
        for count in [1, LANES - 1, LANES, LANES + 1, 3 * LANES + 7, RUN * LANES + 40] {
            let both = |i: usize| Rest { residual: i as f32, doubt: (2 * i) as f32 };
            let values: Vec<Rest> = (1..=count).map(both).collect();
            assert_eq!(add_up(&values, |value| value), both(count * (count + 1) / 2));
        }
    }
}

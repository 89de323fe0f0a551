//! Stage `dfa/exponent`: the least-squares line through `ln F` against `ln n`.
//!
//! Place in the flow: the last of four stages; reads what [`super::fluctuation`] wrote.
//!
//! # What it computes
//! Bindings: `shape`, `weights` (one record per size, made on the host in f64), `fluctuations`
//! (rows × sizes), `marks` (rows) → `exponents` (rows): slope `alpha`, intercept and standard error
//! of the slope, or a status that says why there is none (the three numbers are then 0, for a
//! shader cannot be relied on to write NaN). Where an `F` is zero, not finite or negative, `f32` does
//! not resolve it, and [`super::chain`] has the CPU measure the trace.
//!
//! Logarithms are our own and relative to the power of two of the first `F`: the weights of the
//! slope add up to 0, so that a common factor of all `F` changes nothing, and small numbers keep
//! their digits.
//!
//! # Order of summation
//! One invocation per trace, sizes in sequence.

use super::params::{DEFINED, ExponentRecord, Mark, Shape, UNRESOLVED, Weight};
use crate::gpu::stage::{Binding, Bound, Stage, grid};
use crate::signal::logarithm::{LN_2, logarithm};

/// The stage.
pub struct Exponent;

impl Stage for Exponent {
    fn name(&self) -> &'static str {
        "dfa/exponent"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/dfa/exponent.wgsl"),
            include_str!("../../../shaders/shared/shape.wgsl"),
            include_str!("../../../shaders/shared/mark.wgsl"),
            include_str!("../../../shaders/shared/line.wgsl"),
            include_str!("../../../shaders/shared/logarithm.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        64
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("shape", Shape::FIELDS, Shape::SIZE),
            Binding::read_records("weights", Weight::FIELDS, Weight::SIZE),
            Binding::read("fluctuations", "f32"),
            Binding::read_records("marks", Mark::FIELDS, Mark::SIZE),
            Binding::read_write_records("exponents", ExponentRecord::FIELDS, ExponentRecord::SIZE),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        grid(Shape::from_bytes(params).rows.div_ceil(self.lanes()))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let shape: Shape = bound.params(0);
        let weights: &[Weight] = bound.take(1);
        let fluctuations: &[f32] = bound.take(2);
        let marks: &[Mark] = bound.take(3);
        let exponents: &mut [ExponentRecord] = bound.take(4);
        let sizes = shape.sizes as usize;
        for row in 0..shape.rows as usize {
            let fluctuations = &fluctuations[row * sizes..][..sizes];
            exponents[row] = fit(fluctuations, weights, marks[row].status);
        }
    }
}

pub(super) fn fit(fluctuations: &[f32], weights: &[Weight], mut status: u32) -> ExponentRecord {
    let usable = |f: &f32| (0x0080_0000..0x7f80_0000).contains(&f.to_bits());
    if status == DEFINED && !fluctuations.iter().all(usable) {
        status = UNRESOLVED;
    }
    if status != DEFINED {
        return ExponentRecord { alpha: 0.0, intercept: 0.0, stderr: 0.0, status };
    }
    let reference = logarithm(fluctuations[0]).exponent;
    let ordinate = |f: f32| {
        let log = logarithm(f);
        (log.exponent - reference) * LN_2 + log.mantissa
    };
    let (mut alpha, mut intercept) = (0.0, 0.0);
    for (weight, &f) in weights.iter().zip(fluctuations) {
        let y = ordinate(f);
        alpha += weight.slope * y;
        intercept += weight.intercept * y;
    }
    let mut scatter = 0.0;
    for (weight, &f) in weights.iter().zip(fluctuations) {
        let distance = ordinate(f) - intercept - alpha * weight.abscissa;
        scatter += distance * distance;
    }
    let stderr = scatter.sqrt() * weights[0].error;
    ExponentRecord { alpha, intercept: intercept + reference * LN_2, stderr, status }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::{DfaPlan, Settings};

    #[test]
    fn a_power_law_has_its_exponent_and_zero_has_none() {
        let plan = DfaPlan::new(500, &Settings::default()).expect("the default fits 500 samples");
        let weights = Weight::table(&plan);
        let power: Vec<f32> =
            plan.sizes().iter().map(|s| 1e-9 * (s.size as f32).powf(0.8)).collect();
        let fitted = fit(&power, &weights, DEFINED);
        assert!((fitted.alpha - 0.8).abs() < 1e-6, "{fitted:?}");
        assert!((fitted.intercept - 1e-9f32.ln()).abs() < 3e-6, "{fitted:?}");
        assert!(fitted.stderr < 1e-6);
        let mut broken = power.clone();
        broken[3] = 0.0;
        assert_eq!(fit(&broken, &weights, DEFINED).status, UNRESOLVED);
        broken[3] = f32::NAN;
        assert_eq!(fit(&broken, &weights, DEFINED).status, UNRESOLVED);
    }
}

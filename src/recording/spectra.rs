//! Stage `recording/spectra`: how the power of a review is spread over frequencies, summed over its
//! units.
//!
//! Place in the flow: floor 3, after [`super::traces`]; the line through what it writes is the
//! aggregation `spectral` ([`crate::analysis::spectrum::population`], whose FFT in float64 is the
//! host path).
//!
//! # What it computes
//! Bindings: `span`, `traces` (reviews × units × steps), `waves` (steps) → `spectra` (reviews ×
//! steps / 2): for `k = 1 … T/2`, of any number `T >= 2` of steps, in (trace unit)²,
//! `S(k) = Σ_u |Σ_t (x_u(t) - x_u(0))·exp(-2πi·k·t/T)|²`. Only the frequency 0 knows of the first
//! sample that is taken away, so that an offset costs no digits and a constant trace has exactly no
//! power. NaN and infinity stay in their review, of which nothing is said; power beyond 3e38 is
//! infinite.
//!
//! It is a direct transform: `exp` is looked up in `waves`, made in f64, at `k·t` modulo `T`. Its
//! work grows with the square of the steps; [`Span::all`] bounds that of a dispatch and of a lane.
//!
//! # Order of summation
//! One workgroup per review and `LANES` frequencies, one lane per frequency. A lane adds `LANES`
//! samples of a trace in sequence, then these sums, which loses few digits where a trace comes to
//! rest far from its first sample; the power of unit `u` to sum `u % 4`, then the four in sequence,
//! then what earlier dispatches found of other units.

use std::f64::consts::TAU;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use super::extent::Extent;
use crate::error::{Error, Result};
use crate::gpu::stage::{Binding, Bound, Stage, grid};

const LANES: usize = 64;

/// Units that are transformed at once: `SIDE_BY_SIDE` in the shader.
pub const SIDE_BY_SIDE: usize = 4;

/// Samples that one lane adds, of four units at a time, in one dispatch at most. A software adapter
/// (lavapipe) ends an invocation's loops after 65,535 rounds in all, and says nothing.
const LONGEST: u32 = 1 << 15;

/// Samples times frequencies in one dispatch, at most: two multiply-adds each, a tenth of a second
/// at 2e11 floating-point operations per second, far from where drivers give up (2 s).
const MOST: u64 = 1 << 32;

/// The reviews and units of one dispatch, among those whose traces lie in a buffer: its parameter
/// block.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Span {
    /// The first of its reviews.
    pub first_review: u32,
    /// Their number.
    pub reviews: u32,
    /// The first of its units; their power is added to what is there unless this is 0.
    pub first_unit: u32,
    /// The unit after its last.
    pub end_unit: u32,
    /// All units, traces per review.
    pub units: u32,
    /// Samples per trace.
    pub steps: u32,
}

impl Span {
    const BINDING: Binding = Binding::uniform(
        "span",
        &[
            ("first_review", 0),
            ("reviews", 4),
            ("first_unit", 8),
            ("end_unit", 12),
            ("units", 16),
            ("steps", 20),
        ],
        24,
    );

    /// All of `extent`, in the order in which it is to be dispatched.
    ///
    /// # Errors
    /// The traces are longer than one dispatch takes: the FFT of the host is better for these.
    pub fn all(extent: &Extent) -> Result<Vec<Self>> {
        let Extent { reviews, units, steps, .. } = *extent;
        if steps > LONGEST {
            return Err(Error::new(format!(
                "expected traces of at most {LONGEST} samples for their spectra, found {steps}"
            ))
            .remedy("record fewer steps"));
        }
        let units_at_once = units.min(LONGEST / steps * SIDE_BY_SIDE as u32);
        let each = u64::from(units_at_once * steps) * bins(extent.steps()) as u64;
        let reviews_at_once = (MOST / each.max(1)).clamp(1, u64::from(reviews)) as u32;
        let spans = (0..units).step_by(units_at_once as usize).flat_map(|first_unit| {
            let end_unit = units.min(first_unit + units_at_once);
            (0..reviews).step_by(reviews_at_once as usize).map(move |first_review| {
                let reviews = reviews_at_once.min(reviews - first_review);
                Self { first_review, reviews, first_unit, end_unit, units, steps }
            })
        });
        Ok(spans.collect())
    }

    /// One that has all `reviews` and `units`.
    pub fn whole(reviews: usize, units: usize, steps: usize) -> Self {
        let [reviews, units, steps] = [reviews, units, steps].map(|size| size as u32);
        Self { first_review: 0, reviews, first_unit: 0, end_unit: units, units, steps }
    }
}

/// One entry of the table of waves.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Wave {
    /// The cosine of the angle.
    pub cosine: f32,
    /// Its sine.
    pub sine: f32,
}

/// The waves at the angles `2πj / steps`, `j = 0 … steps - 1`.
pub fn waves(steps: usize) -> Vec<Wave> {
    let angles = (0..steps).map(|j| TAU * j as f64 / steps as f64);
    angles.map(|at| Wave { cosine: at.cos() as f32, sine: at.sin() as f32 }).collect()
}

/// Frequencies above 0 that traces of `steps` samples have: cycles per trace from 1 to this.
pub fn bins(steps: usize) -> usize {
    steps / 2
}

/// The stage.
pub struct SpectraStage;

impl Stage for SpectraStage {
    fn name(&self) -> &'static str {
        "recording/spectra"
    }

    fn source(&self) -> &'static [&'static str] {
        &[include_str!("../../shaders/recording/spectra.wgsl")]
    }

    fn lanes(&self) -> u32 {
        LANES as u32
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Span::BINDING,
            Binding::read("traces", "f32"),
            Binding::read_records("waves", &[("cosine", 0), ("sine", 4)], 8),
            Binding::read_write("spectra", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let span: Span = bytemuck::pod_read_unaligned(params);
        grid(span.reviews * (span.steps / 2).div_ceil(self.lanes()))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let span: Span = bound.params(0);
        let traces: &[f32] = bound.take(1);
        let waves: &[Wave] = bound.take(2);
        let spectra: &mut [f32] = bound.take(3);
        let [first, reviews, steps] =
            [span.first_review, span.reviews, span.steps].map(|size| size as usize);
        let [first_unit, end_unit, samples] =
            [span.first_unit, span.end_unit, span.units].map(|units| units as usize * steps);
        let bins = bins(steps);
        let reviews = spectra[first * bins..][..reviews * bins].par_chunks_exact_mut(bins);
        let traces = traces[first * samples..].par_chunks_exact(samples);
        reviews.zip(traces).for_each(|(spectrum, traces)| {
            for (cycles, sum) in (1..).zip(spectrum) {
                let mut powers = [0.0; SIDE_BY_SIDE];
                for (unit, trace) in traces[first_unit..end_unit].chunks_exact(steps).enumerate() {
                    powers[unit % SIDE_BY_SIDE] += power(trace, waves, cycles);
                }
                let before = if first_unit > 0 { *sum } else { 0.0 };
                *sum = powers.iter().sum::<f32>() + before;
            }
        });
    }
}

/// The power of `trace` at a frequency of so many `cycles` per trace.
fn power(trace: &[f32], waves: &[Wave], cycles: usize) -> f32 {
    let (mut real, mut imaginary, mut angle) = (0.0, 0.0, 0);
    for samples in trace.chunks(LANES) {
        let (mut cosines, mut sines) = (0.0, 0.0);
        for x in samples {
            cosines += (x - trace[0]) * waves[angle].cosine;
            sines += (x - trace[0]) * waves[angle].sine;
            angle = (angle + cycles) % trace.len();
        }
        real += cosines;
        imaginary += sines;
    }
    real * real + imaginary * imaginary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_samples_worked_out_by_hand() {
        // Less 5: 0 1 3 -2; at a quarter -3 + i(2 + 1), at a half 0 - 1 + 3 + 2.
        let trace = [5.0, 6.0, 8.0, 3.0];
        let found = [1, 2].map(|cycles| power(&trace, &waves(4), cycles));
        assert!((found[0] - 18.0).abs() < 1e-5 && (found[1] - 16.0).abs() < 1e-5, "{found:?}");
        assert_eq!(power(&[-3.7; 4], &waves(4), 1), 0.0);
    }

    #[test]
    fn every_trace_is_in_one_dispatch_and_none_is_too_large() {
        for (reviews, units, steps, dispatches) in [
            (17, 512, 2000, 8),          // 64 units
            (64, 60, 500, 1),            // all
            (3, 512, 500, 2),            // 260 units
            (200, 300, 500, 4),          // 260 units, 132 reviews
            (5, 9, LONGEST as usize, 9), // 4 units, 2 reviews
            (5, 1, 2, 1),
        ] {
            let extent = Extent::new([reviews, steps, units], 0, units);
            let spans = Span::all(&extent).expect("short enough");
            assert_eq!(spans.len(), dispatches, "{extent:?}");
            let mut seen = vec![0; reviews * units];
            for span in spans {
                assert_eq!((span.units as usize, span.steps as usize), (units, steps));
                for review in span.first_review..span.first_review + span.reviews {
                    (span.first_unit..span.end_unit)
                        .for_each(|unit| seen[review as usize * units + unit as usize] += 1);
                }
            }
            assert!(seen.iter().all(|times| *times == 1), "{extent:?}");
        }
        assert!(Span::all(&Extent::new([1, LONGEST as usize + 1, 1], 0, 1)).is_err());
    }
}

//! The spectral recipe of the 1/f paper's first version: one slope per review, over all units.
//!
//! Place in the flow: traces of a review in, its slope out. Kept apart from
//! [`super::estimate`] because it differs in everything but the FFT.
//!
//! # Formula
//! For the `U` traces `x_u` of `T` samples of one review, with no window, no segments and no
//! detrending: `S(k) = Σ_u |Σ_t x_u(t)·exp(-2πi·k·t/T)|²` at `f = k/T` cycles per sample; `f = 0`
//! is dropped; the slope is that of the ordinary least-squares line of `log10(S + 1e-8)` on
//! `log10 f` over all other bins, the one at 0.5 included. [`Exponent::slope`] is the paper's
//! number (negative for 1/f), [`Exponent::beta`] its opposite.
//!
//! # How to read it
//! White noise has slope 0; of one trace of `T = 500` it scatters with standard deviation 0.085, of
//! `U` independent traces with less. The `1e-8` is absolute, in (trace unit)²: a trace of small
//! amplitude looks whiter than it is. No window: exponents above 2 read as about 2.

use rayon::prelude::*;
use realfft::RealFftPlanner;

use super::fit::{FEWEST_BINS, exponent};
use super::line::least_squares;
use super::{Exponent, Status};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// What is added to the power before its logarithm.
const OFFSET: f64 = 1e-8;

/// The exponent of every group of `units` consecutive traces (the units of one review).
///
/// A group with a non-finite sample, or in which all traces are constant, has none; a constant
/// trace among others adds nothing and does no harm.
///
/// # Errors
/// The traces are no whole number of groups.
pub fn exponents(traces: &Traces, units: usize) -> Result<Vec<Exponent>> {
    if units == 0 || !traces.rows().is_multiple_of(units) {
        return Err(Error::new(format!(
            "expected whole groups of {units} traces, found {} traces",
            traces.rows()
        ))
        .remedy("give the number of units that every review was recorded with"));
    }
    let steps = traces.steps();
    if steps / 2 < FEWEST_BINS {
        return Ok(vec![Exponent::undefined(Status::TooFewBins); traces.rows() / units]);
    }
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(steps);
    let x: Vec<f64> = (1..=steps / 2).map(|k| (k as f64 / steps as f64).log10()).collect();
    Ok(traces
        .values()
        .par_chunks_exact(units * steps)
        .map_init(
            || {
                let scratch = transform.make_scratch_vec();
                (transform.make_input_vec(), transform.make_output_vec(), scratch)
            },
            |(samples, spectrum, scratch), group| {
                if let Some(status) = undefined(group, steps) {
                    return Exponent::undefined(status);
                }
                let mut power = vec![OFFSET; x.len()];
                let varying = |trace: &&[f32]| Status::of(trace) != Status::Constant;
                for trace in group.chunks_exact(steps).filter(varying) {
                    samples.iter_mut().zip(trace).for_each(|(s, &x)| *s = f64::from(x));
                    transform
                        .process_with_scratch(samples, spectrum, scratch)
                        .expect("the transform made all three buffers");
                    power.iter_mut().zip(&spectrum[1..]).for_each(|(p, x)| *p += x.norm_sqr());
                }
                power.iter_mut().for_each(|p| *p = p.log10());
                exponent(least_squares(&x, &power), x.len())
            },
        )
        .collect())
}

/// Why a group of traces has no exponent, if it has none.
fn undefined(group: &[f32], steps: usize) -> Option<Status> {
    let mut constant = true;
    for trace in group.chunks_exact(steps) {
        match Status::of(trace) {
            Status::NonFinite => return Some(Status::NonFinite),
            Status::Constant => {}
            _ => constant = false,
        }
    }
    constant.then_some(Status::Constant)
}

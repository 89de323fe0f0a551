//! The spectral recipe of the 1/f paper's first version: one slope per review, over all units.
//!
//! Place in the flow: traces of a review in, its slope out; or the sum of their power in, where a
//! device made it. Kept apart from [`super::estimate`] because it differs in everything but the FFT.
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

use super::fit::{self, FEWEST_BINS};
use super::line::least_squares;
use super::{Exponent, Status};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// What is added to the power before its logarithm.
const OFFSET: f64 = 1e-8;

/// The exponent of every group of `units` consecutive traces (the units of one review), see
/// [`exponent`].
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
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(steps);
    let buffers =
        || (transform.make_input_vec(), transform.make_output_vec(), transform.make_scratch_vec());
    let groups = traces.values().par_chunks_exact(units * steps);
    let exponents = groups.map_init(buffers, |(samples, spectrum, scratch), group| {
        let mut power = vec![0.0; steps / 2];
        let statuses: Vec<Status> = group.chunks_exact(steps).map(Status::of).collect();
        for (trace, status) in group.chunks_exact(steps).zip(&statuses) {
            if *status == Status::Defined {
                samples.iter_mut().zip(trace).for_each(|(s, &x)| *s = f64::from(x));
                transform
                    .process_with_scratch(samples, spectrum, scratch)
                    .expect("the transform made all three buffers");
                power.iter_mut().zip(&spectrum[1..]).for_each(|(p, x)| *p += x.norm_sqr());
            }
        }
        exponent(&power, steps, &statuses)
    });
    Ok(exponents.collect())
}

/// The exponent of one review from the power of its units, summed: `power[k - 1]` at `k / steps`
/// cycles per sample, `k = 1 … steps / 2`, in (trace unit)²; `units` is what their samples say.
///
/// A review with a non-finite sample or power, or in which all units are constant, has none; a
/// constant unit among others has no power and does no harm.
pub fn exponent(power: &[f64], steps: usize, units: &[Status]) -> Exponent {
    if power.len() < FEWEST_BINS {
        return Exponent::undefined(Status::TooFewBins);
    }
    if units.contains(&Status::NonFinite) || power.iter().any(|p| !p.is_finite()) {
        return Exponent::undefined(Status::NonFinite);
    }
    if units.iter().all(|status| *status == Status::Constant) {
        return Exponent::undefined(Status::Constant);
    }
    let x: Vec<f64> = (1..=power.len()).map(|k| (k as f64 / steps as f64).log10()).collect();
    let y: Vec<f64> = power.iter().map(|p| (p + OFFSET).log10()).collect();
    fit::exponent(least_squares(&x, &y), x.len())
}

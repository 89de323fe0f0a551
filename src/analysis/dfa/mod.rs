//! Detrended fluctuation analysis: how the fluctuations of a trace grow with the time over which
//! one looks.
//!
//! Place in the flow: traces in, fluctuations `F(n)` and exponents out. [`DfaPlan`] lays out the
//! windows; [`Path::measure`] is the door. Behind it [`fast`] works on the CPU, the stages
//! [`profile`], [`detrend`], [`fluctuation`] and [`exponent`] on a GPU; [`oracle`] is the formula
//! that both are held to.
//!
//! # Formula
//! For a trace `x` of `N` samples (Peng et al., Phys. Rev. E 49, 1685, 1994):
//!
//! 1. profile `y_i = Σ_{j≤i} (x_j - mean(x))`, no leading zero;
//! 2. windows of `n` samples, laid out by [`Overlap`]; samples that no window covers are left out;
//! 3. in each window the residual `r` from the least-squares line (order 1);
//! 4. `F(n) = sqrt(Σ r² / (windows · n))`: root mean square over all windows and samples, in the
//!    unit of `x`;
//! 5. `alpha` = slope of the ordinary least-squares line of `ln F(n)` on `ln n` over all sizes,
//!    unweighted.
//!
//! # How to read it
//! White noise has `alpha = 0.5`, pink (1/f) noise 1, Brownian noise 1.5; `beta = 2·alpha - 1` is
//! the exponent of a spectrum `1/f^beta` (positive `beta`: slow fluctuations dominate). A finite
//! trace scatters about these, and small windows bias `alpha` upwards for white noise. A constant
//! trace has no exponent: see [`Status`].
//!
//! # Where other codes differ
//! crosci, cardio-rs and the Neurophysiological Biomarker Toolbox average the windows' RMS instead
//! of the squares; nolds' overlapping windows leave out the last ([`Overlap::HalfNolds`]) and its
//! default exponent is a RANSAC fit; MFDFA and `fathon(revSeg=True)` add the windows counted from
//! the end; antropy has its own sizes. nolds (`overlap=False, fit_exp="poly"`), fathon, neurodsp
//! and neurokit2 (`overlap=False`) agree with this one: `data/README.md`.

pub mod block;
pub mod chain;
pub mod detrend;
pub mod detrend_higher;
pub mod expected;
pub mod exponent;
pub mod fast;
pub mod fluctuation;
pub mod interval;
pub mod line;
pub mod logarithm;
pub mod oracle;
pub mod params;
pub mod plan;
pub mod profile;
pub mod stretch;

pub use interval::{Calibration, Interval};
pub use line::Line;
pub use plan::{Convention, DfaPlan, Settings};

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::gpu::Engine;
use crate::signal::Traces;

/// Whether a trace has an exponent, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It has.
    Defined,
    /// All samples are equal: `F = 0` at every size.
    Constant,
    /// A sample is NaN or infinite: `F` is NaN.
    NonFinite,
    /// `F` is 0 at some size of the fit though the trace varies: nothing happens inside the
    /// windows.
    NoFluctuation,
}

/// The scaling exponent of one trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponent {
    /// Slope of `ln F` on `ln n`; NaN unless [`Status::Defined`].
    pub alpha: f64,
    /// `ln F` at `n = 1`; NaN unless defined.
    pub intercept: f64,
    /// Standard error of `alpha` from the scatter about the line, `sizes - 2` degrees of freedom;
    /// NaN unless defined. It says how straight the line is, not how sure `alpha` is: the `F(n)` of
    /// one trace are not independent.
    pub stderr: f64,
    /// Whether there is an exponent.
    pub status: Status,
}

impl Exponent {
    /// No exponent, because of `status`.
    pub fn undefined(status: Status) -> Self {
        Self { alpha: f64::NAN, intercept: f64::NAN, stderr: f64::NAN, status }
    }

    /// `alpha`, where there is one.
    pub fn alpha(&self) -> Option<f64> {
        (self.status == Status::Defined).then_some(self.alpha)
    }

    /// `beta = 2·alpha - 1`, the exponent of a spectrum `1/f^beta`, where there is one.
    pub fn beta(&self) -> Option<f64> {
        self.alpha().map(|alpha| 2.0 * alpha - 1.0)
    }
}

/// What a DFA of many traces found.
#[derive(Clone, Debug)]
pub struct Measured {
    /// `F(n)`, rows × sizes, row-major, in the unit of the traces.
    pub fluctuations: Vec<f64>,
    /// One exponent per trace.
    pub exponents: Vec<Exponent>,
}

impl Measured {
    /// `F(n)` of trace `row`, one value per size; panics where there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        let sizes = self.fluctuations.len() / self.exponents.len();
        &self.fluctuations[row * sizes..][..sizes]
    }
}

/// Where a DFA is computed. `Send + Sync`, cheap to clone.
#[derive(Clone)]
pub enum Path {
    /// On the CPU, all cores, f64.
    Cpu,
    /// On a device, by our stages, f32.
    Gpu(Arc<Engine>),
}

impl Path {
    /// Measures every trace.
    ///
    /// # Errors
    /// The traces have another length than the plan; or the device failed.
    pub fn measure(&self, traces: &Traces, plan: &DfaPlan) -> Result<Measured> {
        if traces.steps() != plan.steps() {
            return Err(Error::new(format!(
                "expected traces of {} samples, as the plan was made for, found {}",
                plan.steps(),
                traces.steps()
            ))
            .remedy("make the plan with the length of the traces"));
        }
        match self {
            Self::Cpu => Ok(on_cpu(traces, plan)),
            Self::Gpu(engine) => chain::measure(engine, traces, plan),
        }
    }
}

fn on_cpu(traces: &Traces, plan: &DfaPlan) -> Measured {
    let sizes = plan.sizes().len();
    let mut fluctuations = fast::fluctuations(traces, plan);
    let exponents = fluctuations
        .chunks_exact_mut(sizes)
        .enumerate()
        .map(|(row, fluctuations)| match status(traces.row(row)) {
            Status::Defined => fit(plan, fluctuations),
            Status::NonFinite => {
                fluctuations.fill(f64::NAN);
                Exponent::undefined(Status::NonFinite)
            }
            other => Exponent::undefined(other),
        })
        .collect();
    Measured { fluctuations, exponents }
}

/// What the samples alone say of a trace: constant, not finite, or (so far) defined.
pub fn status(trace: &[f32]) -> Status {
    if trace.iter().any(|x| !x.is_finite()) {
        Status::NonFinite
    } else if trace.iter().all(|x| *x == trace[0]) {
        Status::Constant
    } else {
        Status::Defined
    }
}

/// The exponent of fluctuations over all sizes of the plan: [`Line::fit`] of [`DfaPlan::line`].
/// Panics where the number of fluctuations is not the plan's.
pub fn fit(plan: &DfaPlan, fluctuations: &[f64]) -> Exponent {
    assert_eq!(fluctuations.len(), plan.sizes().len(), "one fluctuation per size of the plan");
    plan.line().fit(fluctuations)
}

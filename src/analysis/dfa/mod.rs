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
//! 2. windows of `n` samples, laid out by [`Convention`]; samples that no window covers are left out;
//! 3. in each window the residual `r` from the least-squares polynomial of the order (1: a line);
//! 4. `F(n) = sqrt(Σ r² / (windows · n))`: root mean square over all windows and samples, in the
//!    unit of `x`; or the mean of the windows' roots, where the convention says so;
//! 5. `alpha` = slope of the ordinary least-squares line of `ln F(n)` on `ln n` over all sizes,
//!    unweighted; over a part of them by [`DfaPlan::within`].
//!
//! # How to read it
//! White noise has `alpha = 0.5`, pink (1/f) noise 1, Brownian noise 1.5; `beta = 2·alpha - 1` is
//! the exponent of a spectrum `1/f^beta` (positive `beta`: slow fluctuations dominate). Order `m`
//! is blind to trends of degree `m - 1` in the trace and can tell exponents up to `m + 1`. A finite
//! trace scatters about these ([`interval`]), and small windows bias `alpha` upwards for white
//! noise. A constant trace has no exponent: see [`Status`].
//!
//! # Where other codes differ
//! In layout and averaging, which have names: [`Convention`]. nolds' default exponent is a RANSAC
//! fit, which is random; antropy has its own sizes. `data/README.md` has the numbers in which this
//! one agrees with nolds, fathon, MFDFA, neurodsp, neurokit2 and crosci.
//!
//! # Example
//! ```
//! use noisescope::analysis::dfa::{Dfa, Path, Settings};
//! use noisescope::signal::{Traces, noise};
//!
//! let traces = Traces::new(noise::pink(4096, 1, 0), 4096)?;
//! let settings = Settings { windows: vec![8, 16, 32, 64, 128, 256, 512, 1024], ..Settings::default() };
//! let found = Dfa::new(settings).run(&traces, &Path::Cpu)?;
//! assert!((found.alpha(0).expect("it varies") - 1.0).abs() < 0.2);
//! # Ok::<(), noisescope::error::Error>(())
//! ```

pub mod across;
pub mod block;
pub mod chain;
pub mod crown;
pub mod detrend;
pub mod expected;
pub mod exponent;
mod fallback;
pub mod fast;
pub mod fluctuation;
pub mod fused;
pub mod interval;
pub mod line;
pub mod oracle;
pub mod params;
mod passes;
pub mod plan;
pub mod profile;
pub mod simulated;
pub mod stretch;
pub mod summary;
pub mod tiles;
pub mod tree;

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
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// `F(n)`, rows × sizes, row-major, in the unit of the traces.
    pub fluctuations: Vec<f64>,
    /// One exponent per trace.
    pub exponents: Vec<Exponent>,
    /// What the user should know of how it went: a device that failed, and what was done then.
    pub notes: Vec<String>,
    /// Traces of the device's that the CPU measured, because `f32` does not resolve them
    /// ([`params::UNRESOLVED`]).
    pub unresolved: usize,
}

impl Measured {
    /// `F(n)` of trace `row`, one value per size; panics where there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        let sizes = self.fluctuations.len() / self.exponents.len();
        &self.fluctuations[row * sizes..][..sizes]
    }

    /// Adds the traces of `other` behind these.
    pub fn append(&mut self, other: Self) {
        self.fluctuations.extend(other.fluctuations);
        self.exponents.extend(other.exponents);
        self.notes.extend(other.notes);
        self.unresolved += other.unresolved;
    }

    /// Puts what was found of the traces `rows`, which were not resolved, in their places.
    fn replace(&mut self, rows: &[usize], found: Self) {
        for (from, &row) in rows.iter().enumerate() {
            let sizes = found.row(from);
            self.fluctuations[row * sizes.len()..][..sizes.len()].copy_from_slice(sizes);
            self.exponents[row] = found.exponents[from];
        }
        self.unresolved += rows.len();
    }

    /// This, with a note where there were traces that the device did not resolve.
    pub fn noted(mut self, plan: &DfaPlan) -> Self {
        if self.unresolved > 0 {
            self.notes.push(format!(
                "the device's 32 bits do not resolve the fluctuations of {} of {} traces at order {}: \
                 the CPU measured them in 64",
                self.unresolved,
                self.exponents.len(),
                plan.order()
            ));
        }
        self
    }

    /// `alpha` of trace `row`, where there is one; panics where there is no such row.
    pub fn alpha(&self, row: usize) -> Option<f64> {
        self.exponents[row].alpha()
    }
}

/// A DFA as one call: settings in, exponents of all traces out. Where many sets of traces have one
/// length, make a [`DfaPlan`] once and use [`Path::measure`].
#[derive(Clone, Debug, Default)]
pub struct Dfa {
    settings: Settings,
}

impl Dfa {
    /// A DFA of these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Measures every trace (rows × steps, any unit): `F(n)`, rows × sizes in that unit, and one
    /// exponent per row.
    ///
    /// # Errors
    /// The settings do not fit the traces' length ([`DfaPlan::new`]).
    pub fn run(&self, traces: &Traces, path: &Path) -> Result<Measured> {
        path.measure(traces, &DfaPlan::new(traces.steps(), &self.settings)?)
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
    /// Measures every trace. What a device cannot take or fails on is measured in smaller batches or
    /// on the CPU, and [`Measured::notes`] says so.
    ///
    /// # Errors
    /// The traces have another length than the plan.
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
            Self::Gpu(engine) => {
                let rows = chain::rows_on(engine.gpu(), plan)
                    .map(|most| chain::rows_at_once(traces.rows(), most, plan));
                let start = |batch: &[f32]| {
                    let in_flight = chain::start(engine, batch, plan)?;
                    Ok(move || in_flight.finish(engine, plan))
                };
                Ok(fallback::measure(traces, plan, rows, &start).noted(plan))
            }
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
    Measured { fluctuations, exponents, ..Measured::default() }
}

/// What the samples alone say of a trace: constant, not finite, or (so far) defined.
pub fn status(trace: &[f32]) -> Status {
    if !is_finite(trace) {
        Status::NonFinite
    } else if trace.iter().all(|x| *x == trace[0]) {
        Status::Constant
    } else {
        Status::Defined
    }
}

/// Whether every sample is. Without a branch per sample, which would cost a twentieth of the
/// measure: 0 times NaN or infinity is NaN, and stays in the sum.
fn is_finite(trace: &[f32]) -> bool {
    let (whole, rest) = trace.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for samples in whole {
        sums.iter_mut().zip(samples).for_each(|(sum, x)| *sum += x * 0.0);
    }
    sums.iter().all(|sum| *sum == 0.0) && rest.iter().all(|x| x.is_finite())
}

/// The exponent of fluctuations over all sizes of the plan: [`Line::fit`] of [`DfaPlan::line`].
/// Panics where the number of fluctuations is not the plan's.
pub fn fit(plan: &DfaPlan, fluctuations: &[f64]) -> Exponent {
    assert_eq!(fluctuations.len(), plan.sizes().len(), "one fluctuation per size of the plan");
    plan.line().fit(fluctuations)
}

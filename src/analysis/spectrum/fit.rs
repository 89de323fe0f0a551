//! The exponent of a spectrum: the line through `log10 P` on `log10 f` by ordinary least squares,
//! and what every fit shares (band, exponent, status).
//!
//! Place in the flow: spectra of [`super::estimate`] in, exponents out; [`super::robust`] is the
//! fit that peaks do not pull.

use serde::{Deserialize, Serialize, Serializer};

use super::line::{Line, least_squares};
use super::robust;
use crate::analysis::dfa;
use crate::error::{Error, Result};

/// The fewest bins through which a line is laid.
pub const FEWEST_BINS: usize = 3;

/// Power below this part of the largest in the band is the rounding of the FFT, not the trace's:
/// the FFT in f64 errs by about 1e-30 of the largest power, and quantisation to `f32` alone leaves
/// 1e-15 in every trace that is not periodic to the bit.
pub const ROUNDING: f64 = 1e-28;

/// What rounding may put between an end of a band and the bin that lies there, relatively.
const END: f64 = 1e-12;

/// The frequencies of a fit, `lo <= f <= hi`, both ends included; never `f = 0`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The lowest frequency, in the unit of the spectrum's frequencies.
    pub lo: f64,
    /// The highest.
    pub hi: f64,
}

impl Band {
    /// From `lo` to `hi`.
    ///
    /// # Errors
    /// See [`Band::check`].
    pub fn new(lo: f64, hi: f64) -> Result<Self> {
        let band = Self { lo, hi };
        band.check().map(|()| band)
    }

    /// Every bin above 0 and below half the sampling rate. The bin at half the rate is left out: it
    /// counts one frequency where the others count two, so it is half as high.
    pub fn whole(frequencies: &[f64]) -> Self {
        let width = frequencies.get(1).copied().unwrap_or(1.0);
        let last = frequencies.last().copied().unwrap_or(1.0);
        Self { lo: 0.5 * width, hi: last - 0.25 * width }
    }

    /// Whether there can be a frequency in it.
    ///
    /// # Errors
    /// An end is not a number, `hi` is below `lo`, or `hi` is not above 0.
    pub fn check(&self) -> Result<()> {
        if self.lo <= self.hi && self.hi > 0.0 {
            return Ok(());
        }
        Err(Error::new(format!("expected a band of frequencies, found {} to {}", self.lo, self.hi))
            .at("spectrum.band")
            .remedy("give the lower frequency first, then the higher, which is above 0"))
    }

    /// True where `frequency` is part of the fit: the ends are, whatever the rounding of either.
    pub fn contains(&self, frequency: f64) -> bool {
        let (lo, hi) = (self.lo * (1.0 - END), self.hi * (1.0 + END));
        frequency > 0.0 && lo <= frequency && frequency <= hi
    }
}

/// How the line is laid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Ordinary least squares, every bin alike.
    #[default]
    LeastSquares,
    /// Tukey's biweight, which peaks do not pull: [`super::robust`].
    Robust,
}

impl Method {
    /// The exponent of one density, `power[k]` at `frequencies[k]` (ascending), over `band`. Also
    /// for densities that were pooled.
    ///
    /// Undefined where a power in the band is not finite or is no more than rounding, or where
    /// fewer than [`FEWEST_BINS`] bins are in the band. Panics where the lengths differ.
    pub fn fit(self, frequencies: &[f64], power: &[f64], band: Band) -> Exponent {
        assert_eq!(frequencies.len(), power.len(), "one power per frequency");
        let (mut x, mut p) = (Vec::new(), Vec::new());
        for (&f, &power) in frequencies.iter().zip(power).filter(|(f, _)| band.contains(**f)) {
            x.push(f.log10());
            p.push(power);
        }
        if p.iter().any(|p| !p.is_finite()) {
            return Exponent::undefined(Status::NonFinite);
        }
        if p.len() < FEWEST_BINS {
            return Exponent::undefined(Status::TooFewBins);
        }
        let floor = ROUNDING * p.iter().copied().fold(0.0, f64::max);
        if p.iter().any(|p| *p <= floor) {
            return Exponent::undefined(Status::NoPower);
        }
        let y: Vec<f64> = p.iter().map(|p| p.log10()).collect();
        let line = match self {
            Self::LeastSquares => least_squares(&x, &y),
            Self::Robust => robust::biweight(&x, &y),
        };
        exponent(line, x.len())
    }
}

/// Whether a trace has a spectral exponent, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It has.
    Defined,
    /// All samples are equal: no power above frequency 0.
    Constant,
    /// A sample is NaN or infinite, or the power is.
    NonFinite,
    /// Fewer than [`FEWEST_BINS`] bins lie in the band.
    TooFewBins,
    /// A bin of the band holds nothing but rounding though the trace varies: a trace that repeats
    /// to the bit.
    NoPower,
}

impl Status {
    /// What the samples alone say of a trace: constant, not finite, or (so far) defined.
    pub fn of(trace: &[f32]) -> Self {
        dfa::status(trace).into()
    }
}

/// What the DFA found of the samples, said of the spectrum.
impl From<dfa::Status> for Status {
    fn from(status: dfa::Status) -> Self {
        match status {
            dfa::Status::NonFinite => Self::NonFinite,
            dfa::Status::Constant => Self::Constant,
            dfa::Status::Defined | dfa::Status::NoFluctuation => Self::Defined,
        }
    }
}

/// The spectral exponent of one trace, `P(f) = 10^intercept / f^beta`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Exponent {
    /// Minus the slope of `log10 P` on `log10 f`: positive where slow fluctuations dominate; NaN
    /// (`null` in JSON) unless [`Status::Defined`].
    #[serde(serialize_with = "number_or_null")]
    pub beta: f64,
    /// `log10 P` of the line at frequency 1; NaN unless defined. Of a periodogram it lies below the
    /// logarithm of the true density, by 0.2507 for least squares (the mean logarithm of an
    /// exponential variable is `-0.5772`), by less for the robust line.
    #[serde(serialize_with = "number_or_null")]
    pub intercept: f64,
    /// Standard error of `beta` from the scatter about the line (least squares: `bins - 2` degrees
    /// of freedom); NaN unless defined. Right where the bins are independent (boxcar periodogram);
    /// a quarter too small with a Hann window, which ties neighbours, Welch's included.
    #[serde(serialize_with = "number_or_null")]
    pub stderr: f64,
    /// Number of bins in the band; 0 unless defined.
    pub bins: usize,
    /// Whether there is an exponent.
    pub status: Status,
}

fn number_or_null<S: Serializer>(
    value: &f64,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    value.is_finite().then_some(*value).serialize(serializer)
}

impl Exponent {
    /// No exponent, because of `status`.
    pub fn undefined(status: Status) -> Self {
        Self { beta: f64::NAN, intercept: f64::NAN, stderr: f64::NAN, bins: 0, status }
    }

    /// `beta`, where there is one.
    pub fn beta(&self) -> Option<f64> {
        (self.status == Status::Defined).then_some(self.beta)
    }

    /// The slope of the line, `-beta`, where there is one.
    pub fn slope(&self) -> Option<f64> {
        self.beta().map(|beta| -beta)
    }

    /// `log10 P` of the line at `frequency`, where there is an exponent.
    pub fn level(&self, frequency: f64) -> Option<f64> {
        self.beta().map(|beta| self.intercept - beta * frequency.log10())
    }
}

/// What a line in log-log coordinates says of a spectrum.
pub(super) fn exponent(line: Line, bins: usize) -> Exponent {
    Exponent {
        beta: -line.slope,
        intercept: line.intercept,
        stderr: line.stderr,
        bins,
        status: Status::Defined,
    }
}

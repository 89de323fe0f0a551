//! Spectral analysis: how the power of a trace is spread over frequencies, and the exponent with
//! which it falls.
//!
//! Place in the flow: traces in, power spectral densities `P(f)` and exponents out.
//! [`SpectrumPlan`] lays out segments, window and FFT; [`SpectrumPlan::measure`] gives [`Spectra`],
//! [`Spectra::exponents`] the exponents. [`estimate`] holds the first two, [`fit`] the line by
//! least squares and [`robust`] the one that peaks do not pull; [`population`] is the recipe of the
//! 1/f paper's first version. All in f64 on the CPU, traces side by side on all cores.
//!
//! # Formula
//! For a trace of `N` samples at `rate` samples per second, segments of `n` samples that start
//! every `n - overlap` (Welch, IEEE Trans. Audio Electroacoust. 15, 70, 1967); samples after the
//! last whole segment are left out, and one segment of `n = N` is the periodogram:
//!
//! 1. in each segment the mean is taken away ([`Detrend::Constant`]), then the window `w`
//!    multiplied;
//! 2. `X(k) = Σ_i w_i·x_i·exp(-2πi·k·i/n)` at the frequencies `f = k·rate/n`, `k = 0 … n/2`;
//! 3. `P(f) = c·mean over segments of |X(k)|² / (rate·Σ w²)`, `c = 2` (one-sided) but at `f = 0`
//!    and at half the rate, where `c = 1`;
//! 4. `beta` = minus the slope of the line of `log10 P` on `log10 f` over the bins of a [`Band`],
//!    both ends included, `f = 0` never: by ordinary least squares ([`Method::LeastSquares`]) or
//!    by the biweight ([`Method::Robust`]).
//!
//! `P` is in trace unit² per hertz; without a rate, frequencies are in cycles per sample (0 to 0.5)
//! and `P` in trace unit² per cycle per sample. `Σ P·rate/n` is the variance (boxcar). `beta` has
//! no unit and does not change when a trace is multiplied by a number.
//!
//! # How to read it
//! `P ~ 1/f^beta`, `beta` positive where slow fluctuations dominate: white noise 0, pink (1/f)
//! noise 1, Brownian noise 2; the DFA's `alpha = (beta + 1)/2`. The standard error takes the bins
//! for independent, as those of a boxcar periodogram are; a spectrum that is no straight line (an
//! AR process, a knee) has an exponent all the same, so look at the line. A constant or broken
//! trace has none: see [`Status`].
//!
//! Which estimate: a periodogram over the whole trace uses the most frequencies; with
//! [`Window::Boxcar`] the leakage of slow drifts adds a `1/f²` of its own, so that steeper spectra
//! read as 2. Welch's segments are smoother and have fewer low frequencies; the first bin or two of
//! a segment hold the window's smear of the mean that was removed: begin the band at two or three
//! times `rate/n`. Take [`Band::whole`] or end below half the rate: that bin is half as high.
//!
//! # How good the robust fit is
//! 200 traces of 4096 samples cut from 32,768, beta 0, 0.5, 1 and 1.5, whole band
//! (`tests/spectrum.rs`; least squares has the same bias to 0.002):
//!
//! | estimate | largest bias | sd against least squares |
//! |---|---|---|
//! | periodogram, boxcar | 0.012 | 0.91 |
//! | periodogram, Hann | 0.001 | 0.96 |
//! | Welch, Hann, 256, from bin 2 | 0.011 | 1.01 |
//!
//! It is no worse than least squares on clean noise: a log-spectrum has a long tail of small values
//! that the biweight leaves aside. With peaks of 20 dB at one to three frequencies its mean
//! exponent moves by 0.01 (Welch, 256; a single trace by 0.06 at most), where that of least squares
//! moves by 0.05 to 0.5. It cannot tell a line from its peaks where these cover a third of the bins
//! or more, nor a broad hump from a bend.
//!
//! # Where others differ
//! scipy's `periodogram` and `welch` (`detrend="constant"`, `scaling="density"`) and
//! `matplotlib.mlab.psd` agree with this one (`data/reference/psd.md`), but scipy shortens a
//! segment that is longer than the trace, which is refused here. MATLAB's `pwelch` removes no mean
//! and takes a symmetric Hamming window. specparam's aperiodic exponent is `beta` without peaks
//! (fixed mode); with peaks it fits and takes away Gaussians, one trace after the other. Codes
//! that give a slope give `-beta`.
//!
//! # Example
//! ```
//! use noisescope::analysis::spectrum::{Band, Method, Settings, SpectrumPlan, Window};
//! use noisescope::signal::{Traces, noise};
//!
//! let traces = Traces::new(noise::pink(4096, 1, 0), 4096)?;
//! let settings = Settings::welch(Window::Hann, 512).at_rate(250.0);
//! let spectra = SpectrumPlan::new(traces.steps(), &settings)?.measure(&traces)?;
//! let exponents = spectra.exponents(Band::new(1.0, 100.0)?, Method::Robust)?;
//! assert!((exponents[0].beta - 1.0).abs() < 0.2);
//! # Ok::<(), noisescope::error::Error>(())
//! ```

pub mod estimate;
pub mod fit;
mod line;
pub mod population;
pub mod robust;

pub use estimate::{Detrend, Settings, Spectra, SpectrumPlan, Window};
pub use fit::{Band, Exponent, Method, Status};

//! The estimate of a power spectrum: periodogram and Welch's average of segments.
//!
//! Place in the flow: traces in, [`Spectra`] out, which [`super::fit`] and [`super::robust`] fit. A
//! [`SpectrumPlan`] is laid out once for a length of trace (window, segments, FFT) and then
//! measures any number of traces on all cores, in f64.

use std::f64::consts::TAU;
use std::sync::Arc;

use rayon::prelude::*;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};

use super::{Band, Exponent, Method, Status};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// What every segment is multiplied with. Hann and Hamming are periodic in the segment (scipy's
/// `fftbins=True`), the choice for spectra; symmetric windows are a sample off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// `1`: the narrowest peaks, and leakage that falls with `1/f²` only: an exponent above 2 reads
    /// as 2.
    Boxcar,
    /// `0.5 - 0.5·cos(2πi/n)`: leakage falls with `1/f⁶`, peaks are twice as wide.
    #[default]
    Hann,
    /// `0.54 - 0.46·cos(2πi/n)`: lower first side lobe than Hann, leakage falls with `1/f²` only.
    Hamming,
}

impl Window {
    /// The `length` samples of the window.
    pub fn samples(self, length: usize) -> Vec<f64> {
        let cosine = |mean: f64, swing: f64| {
            (0..length).map(|i| mean - swing * (TAU * i as f64 / length as f64).cos()).collect()
        };
        match self {
            Self::Boxcar => vec![1.0; length],
            Self::Hann => cosine(0.5, 0.5),
            Self::Hamming => cosine(0.54, 0.46),
        }
    }
}

/// What is taken away from every segment before the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detrend {
    /// Nothing.
    None,
    /// The segment's mean.
    #[default]
    Constant,
}

/// How a spectrum is estimated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Samples per second; without it frequencies are cycles per sample (0 to 0.5).
    pub rate: Option<f64>,
    /// Samples per segment (scipy's `nperseg`); without it one segment as long as the trace: a
    /// periodogram.
    pub segment: Option<usize>,
    /// Samples that neighbouring segments share (scipy's `noverlap`); without it half a segment.
    pub overlap: Option<usize>,
    /// The window of every segment.
    pub window: Window,
    /// What is taken away from every segment.
    pub detrend: Detrend,
}

impl Default for Settings {
    fn default() -> Self {
        Self::periodogram(Window::default())
    }
}

impl Settings {
    /// One segment as long as the trace, mean removed, no rate.
    pub fn periodogram(window: Window) -> Self {
        Self { rate: None, segment: None, overlap: None, window, detrend: Detrend::Constant }
    }

    /// Segments of `segment` samples that overlap by half, mean removed, no rate.
    pub fn welch(window: Window, segment: usize) -> Self {
        Self { segment: Some(segment), ..Self::periodogram(window) }
    }

    /// The same at `rate` samples per second.
    pub fn at_rate(self, rate: f64) -> Self {
        Self { rate: Some(rate), ..self }
    }
}

/// Everything about an estimate that does not depend on the samples: made once, used for all traces
/// of one length. `Send + Sync`, cheap to clone.
#[derive(Clone)]
pub struct SpectrumPlan {
    steps: usize,
    /// First sample of every segment is a multiple of `hop`.
    hop: usize,
    segments: usize,
    detrend: Detrend,
    /// One value per sample of a segment.
    window: Arc<[f64]>,
    /// From `|X|²` of a segment to its density, before one-sidedness: `1 / (rate · Σ w²)`.
    scale: f64,
    frequencies: Arc<[f64]>,
    transform: Arc<dyn RealToComplex<f64>>,
}

/// What one thread works in.
struct Scratch {
    segment: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    transform: Vec<Complex<f64>>,
}

impl SpectrumPlan {
    /// Lays out the segments of traces of `steps` samples.
    ///
    /// # Errors
    /// The rate is not a positive number; a segment has fewer than 2 samples or more than the
    /// trace; the overlap is no shorter than the segment.
    pub fn new(steps: usize, settings: &Settings) -> Result<Self> {
        let rate = settings.rate.unwrap_or(1.0);
        if !(rate.is_finite() && rate > 0.0) {
            return Err(Error::new(format!("expected a positive sampling rate, found {rate}"))
                .at("spectrum.rate")
                .remedy("give samples per second, or none for cycles per sample"));
        }
        let segment = settings.segment.unwrap_or(steps);
        if segment < 2 || segment > steps {
            return Err(Error::new(format!(
                "expected segments of 2 to {steps} samples, the length of the traces, found \
                 {segment}"
            ))
            .at("spectrum.segment")
            .remedy("choose shorter segments, or longer traces"));
        }
        let overlap = settings.overlap.unwrap_or(segment / 2);
        if overlap >= segment {
            return Err(Error::new(format!(
                "expected an overlap below the segment of {segment} samples, found {overlap}"
            ))
            .at("spectrum.overlap")
            .remedy("half a segment is usual"));
        }
        let hop = segment - overlap;
        let window = settings.window.samples(segment);
        let energy: f64 = window.iter().map(|w| w * w).sum();
        let width = rate / segment as f64;
        Ok(Self {
            steps,
            hop,
            segments: (steps - segment) / hop + 1,
            detrend: settings.detrend,
            window: window.into(),
            scale: 1.0 / (rate * energy),
            frequencies: (0..=segment / 2).map(|k| k as f64 * width).collect(),
            transform: RealFftPlanner::new().plan_fft_forward(segment),
        })
    }

    /// Samples per trace.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Number of segments that fit into a trace.
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// Frequency of every bin, from 0, in hertz (cycles per sample without a rate).
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// The power spectral density of every trace; traces side by side on all cores.
    ///
    /// A trace with NaN or infinite samples has NaN at every bin.
    ///
    /// # Errors
    /// The traces have another length than the plan.
    pub fn measure(&self, traces: &Traces) -> Result<Spectra> {
        if traces.steps() != self.steps {
            return Err(Error::new(format!(
                "expected traces of {} samples, as the plan was made for, found {}",
                self.steps,
                traces.steps()
            ))
            .remedy("make the plan with the length of the traces"));
        }
        let bins = self.frequencies.len();
        let mut power = vec![0.0; traces.rows() * bins];
        let states = power
            .par_chunks_exact_mut(bins)
            .zip(traces.values().par_chunks_exact(self.steps))
            .map_init(
                || self.scratch(),
                |scratch, (power, trace)| {
                    let status = Status::of(trace);
                    match status {
                        Status::NonFinite => power.fill(f64::NAN),
                        // Exactly 0: the mean of equal samples may round away from them.
                        Status::Constant if self.detrend == Detrend::Constant => {}
                        _ => self.density(trace, power, scratch),
                    }
                    status
                },
            )
            .collect();
        Ok(Spectra { frequencies: Arc::clone(&self.frequencies), power, states })
    }

    fn scratch(&self) -> Scratch {
        Scratch {
            segment: self.transform.make_input_vec(),
            spectrum: self.transform.make_output_vec(),
            transform: self.transform.make_scratch_vec(),
        }
    }

    /// Adds the density of `trace` to `power`, which starts at 0.
    fn density(&self, trace: &[f32], power: &mut [f64], scratch: &mut Scratch) {
        let length = self.window.len();
        for start in (0..self.segments).map(|index| index * self.hop) {
            let samples = &trace[start..start + length];
            let mean = match self.detrend {
                Detrend::None => 0.0,
                Detrend::Constant => mean(samples),
            };
            for ((value, &x), w) in scratch.segment.iter_mut().zip(samples).zip(self.window.iter())
            {
                *value = (f64::from(x) - mean) * w;
            }
            self.transform
                .process_with_scratch(
                    &mut scratch.segment,
                    &mut scratch.spectrum,
                    &mut scratch.transform,
                )
                .expect("the plan made all three buffers");
            power.iter_mut().zip(&scratch.spectrum).for_each(|(p, x)| *p += x.norm_sqr());
        }
        let scale = self.scale / self.segments as f64;
        let mirrored = 1..length.div_ceil(2);
        for (k, value) in power.iter_mut().enumerate() {
            *value *= if mirrored.contains(&k) { 2.0 * scale } else { scale };
        }
    }
}

/// The mean in two steps: of the samples, then of what is left, so that a large offset leaves
/// nothing behind.
fn mean(samples: &[f32]) -> f64 {
    let count = samples.len() as f64;
    let first = samples.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    first + samples.iter().map(|&x| f64::from(x) - first).sum::<f64>() / count
}

/// The spectra of many traces.
#[derive(Clone, Debug)]
pub struct Spectra {
    frequencies: Arc<[f64]>,
    power: Vec<f64>,
    states: Vec<Status>,
}

impl Spectra {
    /// Number of traces.
    pub fn rows(&self) -> usize {
        self.states.len()
    }

    /// Frequency of every bin, from 0, in hertz (cycles per sample without a rate).
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// Power spectral density of trace `row`, one value per frequency, in trace unit² per hertz
    /// (per cycle per sample without a rate); panics where there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        let bins = self.frequencies.len();
        &self.power[row * bins..][..bins]
    }

    /// The densities of all traces, rows × frequencies, row-major.
    pub fn power(&self) -> &[f64] {
        &self.power
    }

    /// What the samples alone say of every trace.
    pub fn states(&self) -> &[Status] {
        &self.states
    }

    /// The exponent of every trace over `band`; traces side by side on all cores.
    ///
    /// # Errors
    /// The band is empty, see [`Band::check`]. A trace without an exponent is no error: see
    /// [`Status`].
    pub fn exponents(&self, band: Band, method: Method) -> Result<Vec<Exponent>> {
        band.check()?;
        Ok((0..self.rows())
            .into_par_iter()
            .map(|row| match self.states[row] {
                Status::Defined => method.fit(&self.frequencies, self.row(row), band),
                other => Exponent::undefined(other),
            })
            .collect())
    }

    /// The mean density over the traces that are neither constant nor broken: the spectrum of the
    /// set. NaN at every bin where there is no such trace.
    pub fn pooled(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.frequencies.len()];
        let mut count = 0.0;
        let rows = (0..self.rows()).filter(|row| self.states[*row] == Status::Defined);
        for row in rows {
            sums.iter_mut().zip(self.row(row)).for_each(|(sum, p)| *sum += p);
            count += 1.0;
        }
        sums.iter_mut().for_each(|sum| *sum /= count);
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spectrum_worked_out_by_hand() {
        // 1, 0, -1, 0 at 4 Hz: X = 0, 2, 0 without a window; density 2·|X|²/(4·4) = 0.5 at 1 Hz
        // (width 1 Hz): the variance, 0.5.
        let plan = SpectrumPlan::new(4, &Settings::periodogram(Window::Boxcar).at_rate(4.0))
            .expect("fits");
        let spectra =
            plan.measure(&Traces::new(vec![1.0, 0.0, -1.0, 0.0], 4).expect("one")).expect("fits");
        assert_eq!(plan.frequencies(), [0.0, 1.0, 2.0]);
        assert_eq!(spectra.row(0), [0.0, 0.5, 0.0]);
    }

    #[test]
    fn the_density_adds_up_to_the_variance() {
        for steps in [64, 63] {
            let samples: Vec<f32> = (0..steps).map(|i| ((i * i) % 17) as f32).collect();
            let mean = mean(&samples);
            let variance =
                samples.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / steps as f64;
            let settings = Settings::periodogram(Window::Boxcar).at_rate(250.0);
            let plan = SpectrumPlan::new(steps, &settings).expect("fits");
            let spectra = plan.measure(&Traces::new(samples, steps).expect("one")).expect("fits");
            let area = spectra.row(0).iter().sum::<f64>() * 250.0 / steps as f64;
            assert!((area / variance - 1.0).abs() < 1e-12, "{area} {variance}");
        }
    }

    #[test]
    fn segments_that_do_not_fit_are_dropped() {
        let count = |steps, segment, overlap| {
            let settings =
                Settings { overlap: Some(overlap), ..Settings::welch(Window::Hann, segment) };
            SpectrumPlan::new(steps, &settings).map(|plan| plan.segments())
        };
        assert_eq!(count(4096, 256, 128).expect("fits"), 31);
        assert_eq!(count(4096, 500, 125).expect("fits"), 10);
        assert!(count(255, 256, 128).is_err());
        assert!(count(4096, 1, 0).is_err() && count(4096, 256, 256).is_err());
    }
}

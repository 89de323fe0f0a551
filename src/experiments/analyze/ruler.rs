//! All that is needed to measure traces of one length, made once.
//!
//! Place in the flow: [`super::run`] keeps one per length and rate; traces in, [`Trace`]s out.

use super::pieces;
use super::{Fit, Settings, Spectrum, Trace};
use crate::analysis::controls::{self, Controls, Judgement, Verdict};
use crate::analysis::dfa::{self, Calibration, DfaPlan, Exponent, Interval, Status};
use crate::analysis::spectrum::{self, Band, Method, Spectra, SpectrumPlan, Window};
use crate::error::{Error, Result};
use crate::signal::Traces;
use crate::signal::gaps::Run;

/// The share of such traces whose interval holds the true exponent.
pub(in crate::experiments) const CONFIDENCE: f64 = 0.95;

/// The longest trace whose periodogram is taken; longer ones get Welch's spectrum of segments of a
/// quarter of that, so that memory stays bounded.
pub(super) const LONGEST_PERIODOGRAM: usize = 1 << 20;

/// Points of the spectrum that is kept of a trace.
const SPECTRUM_POINTS: usize = 40;

/// One range of sizes over which an exponent is fitted.
struct Range {
    places: std::ops::Range<usize>,
    plan: DfaPlan,
    calibration: Calibration,
}

/// Plans and calibrations for traces of one length and rate.
pub(super) struct Ruler {
    pub plan: DfaPlan,
    ranges: Vec<Range>,
    controls: Controls,
    spectrum: SpectrumPlan,
    /// None where Welch's segments see no frequency of the windows.
    band: Option<Band>,
    rate: Option<f64>,
}

/// What is measured of a whole trace beside its fluctuations.
pub(super) struct Beside<'a> {
    pub trace: &'a [f32],
    pub beta: Option<f64>,
    pub spectrum: Option<Spectrum>,
}

impl Ruler {
    /// For traces of `steps` samples.
    ///
    /// # Errors
    /// Windows or fit ranges do not fit the length. The error names the flag.
    pub fn new(settings: &Settings, steps: usize, rate: Option<f64>) -> Result<Self> {
        let Settings { order, convention, seed, .. } = *settings;
        let windows = settings.windows.sizes(steps, rate).map_err(|e| e.at("--windows"))?;
        let plan = DfaPlan::new(steps, &dfa::Settings { windows, order, convention });
        let plan = plan.map_err(|error| flagged(&error, "--windows, --order"))?;
        let all = plan.sizes();
        let whole = [all[0].size, all[all.len() - 1].size];
        let ranges =
            if settings.fits.is_empty() { vec![whole] } else { settings.ends(steps, rate)? };
        let ranges = ranges
            .into_iter()
            .map(|[from, to]| {
                let (places, plan) =
                    plan.within(from, to).map_err(|error| flagged(&error, "--fit"))?;
                let calibration = Calibration::new(&plan, CONFIDENCE, seed)?;
                Ok(Range { places, plan, calibration })
            })
            .collect::<Result<Vec<_>>>()?;
        let first = &ranges[0].plan;
        let controls = controls::Settings { surrogates: settings.surrogates };
        let controls = Controls::new(first, &controls, seed)?;
        let spectrum = if steps <= LONGEST_PERIODOGRAM {
            spectrum::Settings::periodogram(Window::Hann)
        } else {
            spectrum::Settings::welch(Window::Hann, LONGEST_PERIODOGRAM / 4)
        };
        let spectrum = match rate {
            Some(rate) => spectrum.at_rate(rate),
            None => spectrum,
        };
        let spectrum = SpectrumPlan::new(steps, &spectrum)?;
        // One cycle per largest window to one per smallest; of Welch's segments not the lowest bins,
        // which the window blurs.
        let per_second = rate.unwrap_or(1.0);
        let sizes = first.sizes();
        let lowest =
            if steps <= LONGEST_PERIODOGRAM { 0.0 } else { 4.0 * spectrum.frequencies()[1] };
        let [low, high] = [sizes[sizes.len() - 1], sizes[0]].map(|s| per_second / s.size as f64);
        let band = Band::new(low.max(lowest), high).ok();
        Ok(Self { plan, ranges, controls, spectrum, band, rate })
    }

    /// The spectra of `traces`, with the exponent of each.
    pub fn spectra(&self, traces: &Traces) -> Result<(Spectra, Vec<Option<f64>>)> {
        let spectra = self.spectrum.measure(traces)?;
        let Some(band) = self.band else { return Ok((spectra, vec![None; traces.rows()])) };
        let exponents = spectra.exponents(band, Method::Robust)?;
        Ok((spectra, exponents.iter().map(spectrum::Exponent::beta).collect()))
    }

    /// The spectrum of one row, in bands of equal width in ln f.
    pub fn thinned(&self, spectra: &Spectra, row: usize) -> Option<Spectrum> {
        let (frequencies, power) = (&spectra.frequencies()[1..], &spectra.row(row)[1..]);
        let (first, last) = (*frequencies.first()?, *frequencies.last()?);
        let width = (last / first).ln() / SPECTRUM_POINTS as f64;
        let mut thinned = Spectrum { frequency: Vec::new(), power: Vec::new() };
        let mut at = 0;
        for band in 1..=SPECTRUM_POINTS {
            let end = first * (width * band as f64).exp() * (1.0 + 1e-12);
            let bins = frequencies[at..].iter().take_while(|f| **f <= end).count();
            if bins > 0 {
                let mean = |values: &[f64]| values.iter().sum::<f64>() / bins as f64;
                thinned.frequency.push(mean(&frequencies[at..at + bins]));
                thinned.power.push(mean(&power[at..at + bins]));
                at += bins;
            }
        }
        thinned.power.iter().all(|p| p.is_finite() && *p > 0.0).then_some(thinned)
    }

    /// What is found of one trace whose fluctuations are known. `number` names its surrogates.
    pub fn judged(
        &self,
        name: String,
        number: usize,
        (fluctuations, status): (&[f64], Status),
        beside: Beside<'_>,
    ) -> Trace {
        let fits: Vec<(Exponent, Option<Interval>)> = self
            .ranges
            .iter()
            .map(|range| {
                let exponent = range.exponent(fluctuations, status);
                let alpha = exponent.alpha();
                (exponent, alpha.map(|alpha| range.calibration.interval(alpha)))
            })
            .collect();
        let (exponent, interval) = &fits[0];
        let first = &fluctuations[self.ranges[0].places.clone()];
        let judged = self.controls.judge(number, beside.trace, first, exponent, interval.as_ref());
        let mut trace = self.trace(name, fluctuations, fits, judged);
        trace.beta_spectral = beside.beta;
        trace.spectrum = beside.spectrum;
        if trace.alpha.is_some() {
            // Over all sizes, also those beyond the first fit range.
            trace.local_slopes = controls::slopes::local_slopes(&self.plan, fluctuations);
        }
        trace
    }

    /// What is found of a trace that is measured in pieces, without interval and verdict: both need
    /// a whole trace.
    pub fn in_pieces(&self, name: String, trace: &[f32], segments: &[Run]) -> Trace {
        let fluctuations = pieces::fluctuations(trace, segments, &self.plan);
        let status = pieces::status(trace, segments);
        let fits = self.ranges.iter().map(|range| (range.exponent(&fluctuations, status), None));
        let judged = Judgement {
            verdict: Verdict::Undefined,
            reasons: vec![format!(
                "measured in {} pieces; a verdict needs a whole trace (--nan interpolate)",
                segments.len()
            )],
            local_slopes: controls::slopes::local_slopes(&self.plan, &fluctuations),
            crossover: None,
            memory: None,
            surrogates: Vec::new(),
        };
        let samples = segments.iter().map(|segment| segment.len).sum();
        Trace { samples, ..self.trace(name, &fluctuations, fits.collect(), judged) }
    }

    fn trace(
        &self,
        name: String,
        fluctuations: &[f64],
        fits: Vec<(Exponent, Option<Interval>)>,
        judged: Judgement,
    ) -> Trace {
        let fits: Vec<Fit> = self
            .ranges
            .iter()
            .zip(&fits)
            .map(|(range, (exponent, interval))| Fit::new(&range.plan, exponent, *interval))
            .collect();
        let exponent = fits[0].clone();
        // In pieces a size may have no window, and the others their F all the same.
        let known = fits.iter().any(|fit| fit.alpha.is_some())
            || fluctuations.iter().any(|f| f.is_nan()) && fluctuations.iter().any(|f| *f > 0.0);
        Trace {
            name,
            source: String::new(),
            samples: self.plan.steps(),
            rate: self.rate,
            alpha: exponent.alpha,
            alpha_interval: exponent.alpha_interval,
            alpha_unbiased: exponent.alpha_unbiased,
            beta: exponent.beta,
            beta_spectral: None,
            windows: self.plan.sizes().iter().map(|size| size.size).collect(),
            fluctuation: known.then(|| fluctuations.to_vec()),
            fits,
            local_slopes: judged.local_slopes,
            spectrum: None,
            verdict: judged.verdict,
            reasons: judged.reasons,
            crossover: judged.crossover,
            memory: judged.memory,
            surrogates: judged.surrogates,
            flags: Vec::new(),
        }
    }
}

impl Range {
    fn exponent(&self, fluctuations: &[f64], status: Status) -> Exponent {
        match status {
            Status::Constant | Status::NonFinite => Exponent::undefined(status),
            _ => dfa::fit(&self.plan, &fluctuations[self.places.clone()]),
        }
    }
}

impl Settings {
    /// The fit ranges in samples.
    fn ends(&self, steps: usize, rate: Option<f64>) -> Result<Vec<[usize; 2]>> {
        let ends = |fit: &super::FitRange| {
            Ok([fit.from.samples(steps, rate)?, fit.to.samples(steps, rate)?])
        };
        self.fits.iter().map(|fit| ends(fit).map_err(|error: Error| error.at("--fit"))).collect()
    }
}

/// The same error with the flags that mend it.
fn flagged(error: &Error, flags: &str) -> Error {
    let remedy = error.remedy_text().unwrap_or("choose others").to_owned();
    Error::new(error.to_string()).remedy(format!("{remedy} ({flags})"))
}

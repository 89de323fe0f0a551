//! Anyone's traces: recordings in, an exponent with its interval for each trace out.
//!
//! Place in the flow: floor 4, the second half of the line: `files --datasets::recordings--> traces
//! --analysis--> exponents`. Traces of one length share a plan and its calibration.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::str::FromStr;

use serde::Serialize;

use super::machine::Machine;
use super::outcome;
use crate::analysis::dfa::interval::{Calibration, Interval};
use crate::analysis::dfa::{self, Convention, DfaPlan, Status};
use crate::analysis::spectrum::{self, Band, Method, SpectrumPlan, Window};
use crate::datasets::recordings::Recording;
use crate::error::{Error, Result};
use crate::progress::Observer;

/// Window sizes, as typed: `8,10,14` or `FROM..TO:COUNT`, log-spaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Windows {
    /// These sizes.
    List(Vec<usize>),
    /// `count` sizes spaced evenly in ln n from `from` to `to` (a quarter of the trace where it is
    /// not given), rounded, equal ones once.
    Range {
        /// The smallest.
        from: usize,
        /// The largest.
        to: Option<usize>,
        /// How many, before equal ones are left out.
        count: usize,
    },
}

impl Default for Windows {
    fn default() -> Self {
        Self::Range { from: 8, to: None, count: 20 }
    }
}

impl FromStr for Windows {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = || {
            Error::new(format!("expected window sizes, found `{text}`"))
                .at("--windows")
                .remedy("give a list such as 8,10,14,20 or a range such as 8..1024:20")
        };
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| refuse());
        let Some((from, rest)) = text.split_once("..") else {
            return Ok(Self::List(text.split(',').map(number).collect::<Result<_>>()?));
        };
        let (to, count) = rest.split_once(':').unwrap_or((rest, "20"));
        let to = if to.trim().is_empty() { None } else { Some(number(to)?) };
        let (from, count) = (number(from)?, number(count)?);
        if from == 0 || count < 2 || to.is_some_and(|to| to <= from) {
            return Err(refuse());
        }
        Ok(Self::Range { from, to, count })
    }
}

impl Windows {
    /// The sizes for traces of `steps` samples.
    pub fn sizes(&self, steps: usize) -> Vec<usize> {
        match self {
            Self::List(sizes) => sizes.clone(),
            Self::Range { from, to, count } => {
                let ends = [*from as f64, to.unwrap_or(steps / 4).max(*from) as f64].map(f64::ln);
                let place = |i: usize| i as f64 / (count - 1) as f64;
                let size = |i| (ends[0] + (ends[1] - ends[0]) * place(i)).exp().round() as usize;
                let mut sizes: Vec<usize> = (0..*count).map(size).collect();
                sizes.dedup();
                sizes
            }
        }
    }
}

/// How traces are measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Window sizes.
    pub windows: Windows,
    /// Degree of the polynomial that is taken out of each window.
    pub order: usize,
    /// How windows lie and are averaged.
    pub convention: Convention,
    /// Seed of the simulated traces behind the intervals.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let dfa::Settings { order, convention, .. } = dfa::Settings::default();
        Self { windows: Windows::default(), order, convention, seed: 0 }
    }
}

impl Settings {
    /// The plan for traces of `steps` samples, and how exponents scatter under it.
    fn calibrate(&self, steps: usize, source: &str) -> Result<(DfaPlan, Calibration)> {
        let windows = self.windows.sizes(steps);
        let Self { order, convention, .. } = *self;
        let plan = DfaPlan::new(steps, &dfa::Settings { windows, order, convention });
        let plan = plan.map_err(|error| {
            let remedy = error.remedy_text().unwrap_or("choose other sizes").to_owned();
            Error::new(error.to_string()).at(source).remedy(format!("{remedy} (--windows)"))
        })?;
        let calibration = Calibration::new(&plan, CONFIDENCE, self.seed)?;
        Ok((plan, calibration))
    }
}

/// What was found of some recordings.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// noisescope's version.
    pub version: String,
    /// The device that measured.
    pub device: outcome::Device,
    /// The conventions, in a sentence each.
    pub conventions: Vec<String>,
    /// One entry per trace.
    pub traces: Vec<Trace>,
}

/// What was found of one trace; `null` where a number is undefined.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// The file.
    pub source: String,
    /// The trace's name in it.
    pub name: String,
    /// Samples.
    pub samples: usize,
    /// Samples per second, where known.
    pub rate: Option<f64>,
    /// Slope of ln F(n) on ln n.
    pub alpha: Option<f64>,
    /// 95 % interval of alpha for a self-similar Gaussian trace of this length and these windows.
    pub alpha_interval: Option<[f64; 2]>,
    /// The median-unbiased estimate of alpha under that model: without the bias of short traces.
    pub alpha_unbiased: Option<f64>,
    /// 2 alpha - 1: S(f) ~ 1/f^beta.
    pub beta: Option<f64>,
    /// The exponent of the spectrum over the frequencies of the windows, 1/n, by a fit that narrow
    /// peaks do not pull.
    pub beta_spectral: Option<f64>,
    /// Window sizes in samples.
    pub windows: Vec<usize>,
    /// F(n), in the unit of the trace.
    pub fluctuation: Option<Vec<f64>>,
    /// Why there is no exponent: `constant`, `non-finite`, `no-fluctuation`; or `interval-open-low`
    /// and `interval-open-high` where alpha may lie beyond the end of the interval.
    pub flags: Vec<String>,
}

/// Measures every trace of `recordings`.
///
/// # Errors
/// The windows do not fit a recording's length, the device failed, or the user stopped it.
pub fn run(
    recordings: &[Recording],
    settings: &Settings,
    machine: &Machine,
    observer: &mut dyn Observer,
) -> Result<Analysis> {
    let total = recordings.iter().map(|recording| recording.traces.rows() as u64).sum();
    let mut calibrated: BTreeMap<usize, (DfaPlan, Calibration)> = BTreeMap::new();
    let mut traces = Vec::new();
    observer.begin("measuring", total);
    for recording in recordings {
        if observer.stopping() {
            return Err(Error::stopped("stopped before every recording was measured"));
        }
        let steps = recording.traces.steps();
        let (plan, calibration) = match calibrated.entry(steps) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(settings.calibrate(steps, &recording.source)?),
        };
        let measured = machine.path.measure(&recording.traces, plan)?;
        let spectral = spectral(recording, plan)?;
        for (row, exponent) in measured.exponents.iter().enumerate() {
            let interval = exponent.alpha().map(|alpha| calibration.interval(alpha));
            let defined = exponent.status == Status::Defined;
            traces.push(Trace {
                source: recording.source.clone(),
                name: recording.names[row].clone(),
                samples: steps,
                rate: recording.rate,
                alpha: exponent.alpha(),
                alpha_interval: interval.map(|interval| [interval.low, interval.high]),
                alpha_unbiased: interval.map(|interval| interval.unbiased),
                beta: exponent.beta(),
                beta_spectral: spectral[row],
                windows: plan.sizes().iter().map(|size| size.size).collect(),
                fluctuation: defined.then(|| measured.row(row).to_vec()),
                flags: flags(exponent.status, interval),
            });
        }
        observer.advance(traces.len() as u64, "traces");
    }
    observer.finish("");
    Ok(Analysis {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: machine.record.clone(),
        conventions: conventions(settings),
        traces,
    })
}

/// The spectral exponent of each trace over the same scales as the DFA's: from one cycle per
/// largest window to one per smallest.
fn spectral(recording: &Recording, plan: &DfaPlan) -> Result<Vec<Option<f64>>> {
    let spectrum = spectrum::Settings::periodogram(Window::Hann);
    let spectra = SpectrumPlan::new(plan.steps(), &spectrum)?.measure(&recording.traces)?;
    let sizes = plan.sizes();
    let ends = [sizes.last(), sizes.first()].map(|size| 1.0 / size.expect("sizes").size as f64);
    let exponents = spectra.exponents(Band::new(ends[0], ends[1])?, Method::Robust)?;
    Ok(exponents.iter().map(spectrum::Exponent::beta).collect())
}

/// The share of such traces whose interval holds the true exponent.
const CONFIDENCE: f64 = 0.95;

fn flags(status: Status, interval: Option<Interval>) -> Vec<String> {
    let flags = [
        ("constant", status == Status::Constant),
        ("non-finite", status == Status::NonFinite),
        ("no-fluctuation", status == Status::NoFluctuation),
        ("interval-open-low", interval.is_some_and(|interval| interval.open_low)),
        ("interval-open-high", interval.is_some_and(|interval| interval.open_high)),
    ];
    flags.into_iter().filter(|(_, holds)| *holds).map(|(flag, _)| flag.to_owned()).collect()
}

fn conventions(settings: &Settings) -> Vec<String> {
    vec![
        format!(
            "DFA of order {} (Peng et al. 1994), windows {}, alpha by ordinary least squares of ln F on \
             ln n; beta = 2 alpha - 1 (S ~ 1/f^beta).",
            settings.order,
            settings.convention.describe()
        ),
        "The interval of alpha holds 95 % of self-similar Gaussian traces of that length under the \
         same windows (simulated fractional Gaussian noise and motion). It is no test of \
         self-similarity: an autoregressive trace has an alpha too."
            .to_owned(),
        "The spectral beta is the slope of log power on log frequency (periodogram, Hann window, mean \
         removed) over one cycle per largest to one per smallest window, by Tukey's biweight, which \
         narrow peaks do not pull."
            .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_typed_as_a_list_or_a_range() {
        let sizes = |text: &str| text.parse::<Windows>().map(|windows| windows.sizes(4096));
        assert_eq!(sizes("8,10,14").expect("a list"), [8, 10, 14]);
        let range = sizes("8..1024:20").expect("a range");
        assert_eq!((range.len(), range[0], range[19]), (20, 8, 1024));
        assert_eq!(sizes("8..:20").expect("to a quarter"), range);
        assert_eq!(Windows::default().sizes(4096), range);
        for wrong in ["", "eight", "8..4:20", "0..8:3", "8..16:1", "8;9"] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
    }
}

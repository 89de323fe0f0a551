//! Anyone's traces: recordings in; exponents with intervals, controls and a verdict for each out.
//!
//! Place in the flow: floor 4, the second half of the line: `files --datasets::recordings--> traces
//! --analysis--> exponents`. Traces of one length share a [`ruler::Ruler`]; files are read by
//! batches, so that they may be larger than memory.

mod pieces;
mod ruler;
mod windows;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

pub(super) use self::ruler::CONFIDENCE;
use self::ruler::{Beside, Ruler};
pub use self::windows::{FitRange, Spacing, Span, Windows};
use super::machine::Machine;
use super::outcome;
use crate::analysis::controls::{Comparison, Crossover, LocalSlope, Memory, Verdict};
use crate::analysis::dfa::{self, Convention, DfaPlan, Exponent, Interval};
use crate::datasets::recordings::{Recording, Source};
use crate::error::{Error, Result};
use crate::progress::Observer;
use crate::signal::Traces;
use crate::signal::gaps::{self, Flat, Policy, Run};
use crate::signal::outlier::Outlier;
use crate::signal::resolution::Coarse;

/// Bytes of samples that are read and measured at a time.
const BATCH: usize = 32 << 20;

/// So many times more traces than samples, and axes may have been taken for one another.
const MANY: usize = 8;

/// How traces are measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Window sizes.
    pub windows: Windows,
    /// Degree of the polynomial that is taken out of each window.
    pub order: usize,
    /// How windows lie and are averaged.
    pub convention: Convention,
    /// Ranges of sizes over which exponents are fitted; all sizes where there is none. The first is
    /// the trace's `alpha`.
    pub fits: Vec<FitRange>,
    /// Samples per second, in Hz, whatever the files say.
    pub rate: Option<f64>,
    /// What is done with samples that are not finite; without it the trace is flagged.
    pub gaps: Option<Policy>,
    /// Surrogates of every kind per trace.
    pub surrogates: usize,
    /// Seed of everything that is simulated.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let dfa::Settings { order, convention, .. } = dfa::Settings::default();
        Self {
            windows: Windows::default(),
            order,
            convention,
            fits: Vec::new(),
            rate: None,
            gaps: None,
            surrogates: 0,
            seed: 0,
        }
    }
}

/// What was found of some recordings.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// noisescope's version.
    pub version: String,
    /// The device that measured.
    pub device: outcome::Device,
    /// What it did not do as it should, and who measured instead; empty where all went well.
    pub notes: Vec<String>,
    /// Degree of the polynomial that was taken out of each window.
    pub order: usize,
    /// How windows lie and are averaged.
    pub convention: Convention,
    /// The seed of everything that was simulated: intervals, crossover tests, surrogates.
    pub seed: u64,
    /// Surrogates of every kind per trace.
    pub surrogates: usize,
    /// What was done with samples that are not finite; `null`: the trace was flagged.
    pub gaps: Option<Policy>,
    /// The conventions, in a sentence each.
    pub conventions: Vec<String>,
    /// Traces per verdict.
    pub verdicts: Vec<(Verdict, usize)>,
    /// One entry per trace.
    pub traces: Vec<Trace>,
}

/// What was found of one trace; `null` where a number is undefined.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Trace {
    /// The trace's name in its file.
    pub name: String,
    /// The file.
    pub source: String,
    /// Samples that were measured: of a trace in pieces those of all pieces.
    pub samples: usize,
    /// Samples per second, in Hz, where known.
    pub rate: Option<f64>,
    /// Slope of ln F(n) on ln n over the first fit range.
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
    /// F(n), in the unit of the trace; `null` for a size without a window.
    pub fluctuation: Option<Vec<f64>>,
    /// The exponent over each fit range; the first is `alpha` again.
    pub fits: Vec<Fit>,
    /// The exponent over parts of the sizes.
    pub local_slopes: Vec<LocalSlope>,
    /// The spectrum, in bands of equal width in ln f.
    pub spectrum: Option<Spectrum>,
    /// One word.
    pub verdict: Verdict,
    /// Why, in sentences with numbers.
    pub reasons: Vec<String>,
    /// The best pair of power laws.
    pub crossover: Option<Crossover>,
    /// Short memory against a power law.
    pub memory: Option<Memory>,
    /// The exponent among those of surrogates, where they were asked for.
    pub surrogates: Vec<Comparison>,
    /// What is unusual, each a word, a colon and the place: `constant`, `non-finite`, `split`,
    /// `interpolated`, `flat`, `outlier`, `coarse`, `too-short`, `no-fluctuation`, `no-window`;
    /// `interval-open-low` and `interval-open-high` where alpha may lie beyond the end of the interval.
    pub flags: Vec<String>,
}

/// The exponent over one range of sizes.
#[derive(Clone, Debug, Serialize)]
pub struct Fit {
    /// The smallest and the largest size, in samples.
    pub range: [usize; 2],
    /// Slope of ln F(n) on ln n.
    pub alpha: Option<f64>,
    /// As [`Trace::alpha_interval`].
    pub alpha_interval: Option<[f64; 2]>,
    /// As [`Trace::alpha_unbiased`].
    pub alpha_unbiased: Option<f64>,
    /// ln F at n = 1.
    pub intercept: Option<f64>,
    /// 2 alpha - 1.
    pub beta: Option<f64>,
    /// As in [`Trace::flags`].
    pub flags: Vec<String>,
}

impl Fit {
    fn new(plan: &DfaPlan, exponent: &Exponent, interval: Option<Interval>) -> Self {
        let sizes = plan.sizes();
        let flags = [
            ("no-fluctuation", exponent.status == dfa::Status::NoFluctuation),
            ("interval-open-low", interval.is_some_and(|interval| interval.open_low)),
            ("interval-open-high", interval.is_some_and(|interval| interval.open_high)),
        ];
        let held = flags.into_iter().filter(|(_, holds)| *holds);
        Self {
            range: [sizes[0].size, sizes[sizes.len() - 1].size],
            alpha: exponent.alpha(),
            alpha_interval: interval.map(|interval| [interval.low, interval.high]),
            alpha_unbiased: interval.map(|interval| interval.unbiased),
            intercept: exponent.alpha().map(|_| exponent.intercept),
            beta: exponent.beta(),
            flags: held.map(|(flag, _)| flag.to_owned()).collect(),
        }
    }
}

/// Power per band of frequency.
#[derive(Clone, Debug, Serialize)]
pub struct Spectrum {
    /// Mean frequency of each band, in Hz, or in cycles per sample where no rate is known.
    pub frequency: Vec<f64>,
    /// Mean power density of each band, in the square of the trace's unit per frequency.
    pub power: Vec<f64>,
}

/// Measures every trace of `sources`.
///
/// # Errors
/// A file cannot be read on; the windows or fit ranges fit no recording; a sample is not finite and the settings make that an error; the device failed; the user stopped it.
pub fn run(
    sources: &[Source],
    settings: &Settings,
    machine: &Machine,
    observer: &mut dyn Observer,
) -> Result<Analysis> {
    let mut bench = Bench {
        settings,
        machine,
        rulers: BTreeMap::new(),
        traces: Vec::new(),
        notes: BTreeSet::new(),
    };
    // What fits no recording is refused before anything is measured; a recording that is too short
    // among others is flagged.
    observer.begin("calibrating", 0);
    let mut refused = Vec::new();
    for source in sources {
        let turned =
            source.longer_axis().map(|axis| format!("time may be axis {axis}: --axis {axis}"));
        if let Err(error) = bench.ruler(source.steps(), source.rate()) {
            let remedies = [turned.as_deref(), error.remedy_text()].into_iter().flatten();
            let remedy = remedies.collect::<Vec<_>>().join("; or: ");
            refused.push(error.at(source.description()).remedy(remedy));
        } else if source.rows() >= MANY * source.steps()
            && let Some(turned) = turned
        {
            let (rows, steps) = (source.rows(), source.steps());
            let file = source.description();
            bench
                .notes
                .insert(format!("note: {file}: {rows} traces of {steps} samples; {turned}?"));
        }
    }
    if refused.len() == sources.len() {
        return Err(refused.swap_remove(0));
    }
    observer.begin("measuring", sources.iter().map(|source| source.rows() as u64).sum());
    for recording in sources.iter().flat_map(|source| source.batches(BATCH)) {
        if observer.stopping() {
            return Err(Error::stopped("stopped before every recording was measured"));
        }
        bench.measure(&recording?)?;
        observer.advance(bench.traces.len() as u64, "traces");
    }
    observer.finish("");
    bench.notes.iter().for_each(|note| observer.note(note));
    let traces = bench.traces;
    let count = |verdict| traces.iter().filter(|trace| trace.verdict == verdict).count();
    Ok(Analysis {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: machine.record.clone(),
        notes: bench.notes.into_iter().collect(),
        order: settings.order,
        convention: settings.convention,
        seed: settings.seed,
        surrogates: settings.surrogates,
        gaps: settings.gaps,
        conventions: conventions(settings),
        verdicts: Verdict::ALL.map(|verdict| (verdict, count(verdict))).to_vec(),
        traces,
    })
}

/// What is at hand while traces are measured.
struct Bench<'a> {
    settings: &'a Settings,
    machine: &'a Machine,
    /// By length and by the bits of the rate.
    rulers: BTreeMap<(usize, u64), Ruler>,
    traces: Vec<Trace>,
    /// What the user should know of how it went, each line once.
    notes: BTreeSet<String>,
}

impl Bench<'_> {
    fn ruler(&mut self, steps: usize, rate: Option<f64>) -> Result<&Ruler> {
        let rate = self.settings.rate.or(rate);
        match self.rulers.entry((steps, rate.unwrap_or(0.0).to_bits())) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => Ok(new.insert(Ruler::new(self.settings, steps, rate)?)),
        }
    }

    /// Measures one batch: rows that are whole together, the others one by one.
    fn measure(&mut self, recording: &Recording) -> Result<()> {
        let Recording { names, traces, rate, .. } = recording;
        let before = self.traces.len();
        if let Err(error) = self.ruler(traces.steps(), *rate) {
            let short = |name: &String| self.too_short(name.clone(), traces.steps(), *rate, &error);
            let source = |trace| Trace { source: recording.source.clone(), ..trace };
            let short: Vec<Trace> = names.iter().map(short).map(source).collect();
            self.traces.extend(short);
            return Ok(());
        }
        let mended = (0..traces.rows())
            .map(|row| self.mend(traces.row(row)).map_err(|error| error.at(&names[row])))
            .collect::<Result<Vec<Mend>>>()?;
        let together: Vec<usize> =
            (0..mended.len()).filter(|&row| matches!(mended[row], Mend::Whole)).collect();
        let mut found: Vec<Option<Trace>> = vec![None; mended.len()];
        let named = |row: usize| (names[row].clone(), before + row);
        if together.len() == traces.rows() {
            let whole = self.whole(traces, *rate, named)?;
            found = whole.into_iter().map(Some).collect();
        } else {
            if !together.is_empty() {
                let rows = together.iter().flat_map(|&row| traces.row(row)).copied().collect();
                let some = Traces::new(rows, traces.steps())?;
                let whole = self.whole(&some, *rate, |at| named(together[at]))?;
                together.iter().zip(whole).for_each(|(&row, trace)| found[row] = Some(trace));
            }
            for (row, mend) in mended.into_iter().enumerate() {
                let (name, number) = named(row);
                found[row] = match mend {
                    Mend::Whole => continue,
                    Mend::Pieces(segments) => {
                        let ruler = self.ruler(traces.steps(), *rate)?;
                        Some(ruler.in_pieces(name, traces.row(row), &segments))
                    }
                    Mend::Filled(samples) => {
                        let steps = samples.len();
                        match self.ruler(steps, *rate) {
                            Err(error) => Some(self.too_short(name, steps, *rate, &error)),
                            Ok(_) => {
                                let one = Traces::new(samples, steps)?;
                                let name = |_| (name.clone(), number);
                                Some(self.whole(&one, *rate, name)?.swap_remove(0))
                            }
                        }
                    }
                };
            }
        }
        let gaps = self.settings.gaps;
        let flagged = found.into_par_iter().enumerate().filter_map(|(row, trace)| {
            let mut trace = trace?;
            trace.source.clone_from(&recording.source);
            let found = flags(traces.row(row), &trace, gaps);
            trace.flags.splice(0..0, found);
            Some(trace)
        });
        self.traces.extend(flagged.collect::<Vec<Trace>>());
        Ok(())
    }

    /// What is said of a trace of `steps` samples whose ruler cannot be made.
    fn too_short(&self, name: String, steps: usize, rate: Option<f64>, error: &Error) -> Trace {
        Trace {
            name,
            samples: steps,
            rate: self.settings.rate.or(rate),
            flags: vec![format!("too-short: {steps} samples; {error}")],
            ..Trace::default()
        }
    }

    /// Measures traces that have no gaps, or whose gaps are only flagged.
    fn whole(
        &mut self,
        traces: &Traces,
        rate: Option<f64>,
        named: impl Fn(usize) -> (String, usize) + Sync,
    ) -> Result<Vec<Trace>> {
        let path = &self.machine.path;
        let ruler = self.ruler(traces.steps(), rate)?;
        let measured = path.measure(traces, &ruler.plan)?;
        let (spectra, betas) = ruler.spectra(traces)?;
        let trace = |row: usize| {
            let beside = Beside {
                trace: traces.row(row),
                beta: betas[row],
                spectrum: ruler.thinned(&spectra, row),
            };
            let (name, number) = named(row);
            let found = (measured.row(row), measured.exponents[row].status);
            ruler.judged(name, number, found, beside)
        };
        let found = (0..traces.rows()).into_par_iter().map(trace).collect();
        self.notes.extend(measured.notes);
        Ok(found)
    }

    /// What becomes of a trace before it is measured.
    fn mend(&self, trace: &[f32]) -> Result<Mend> {
        let policy = self.settings.gaps;
        let Some(policy) = policy.filter(|_| trace.iter().any(|x| !x.is_finite())) else {
            return Ok(Mend::Whole);
        };
        let mended = policy.apply(trace)?;
        Ok(match (policy, mended.segments.as_slice()) {
            (Policy::Interpolate, [whole]) => Mend::Filled(whole.of(&mended.samples).to_vec()),
            (_, []) => Mend::Whole,
            (_, segments) => Mend::Pieces(segments.to_vec()),
        })
    }
}

/// How a trace is measured.
enum Mend {
    /// As it is.
    Whole,
    /// In these pieces.
    Pieces(Vec<Run>),
    /// With these samples in place of its own.
    Filled(Vec<f32>),
}

/// What is unusual about a trace.
fn flags(samples: &[f32], trace: &Trace, policy: Option<Policy>) -> Vec<String> {
    let mut flags = Vec::new();
    let gaps = gaps::gaps(samples);
    if let Some(first) = gaps.first() {
        let missing: usize = gaps.iter().map(|gap| gap.len).sum();
        let what = match policy {
            _ if missing == samples.len() => "non-finite",
            Some(Policy::Split) => "split",
            Some(Policy::Interpolate) => "interpolated",
            _ => "non-finite",
        };
        let start = first.start;
        flags.push(format!("{what}: {missing} samples, the first at {start} (from 0)"));
    }
    let smallest = trace.windows.first().copied().unwrap_or(1);
    let flat = Flat::find(samples, smallest);
    match flat.longest {
        Some(run) if run.len == samples.len() => flags.push("constant".to_owned()),
        Some(run) if flat.is_notable() => {
            let share = match 100.0 * flat.share {
                percent if percent < 0.5 => "< 1".to_owned(),
                percent => format!("{percent:.0}"),
            };
            let Run { len, start } = run;
            flags.push(format!(
                "flat: {len} equal samples from {start} (from 0), {share} % of the trace in flat runs"
            ));
        }
        _ => {}
    }
    if let Some(Outlier { at, share }) = Outlier::find(samples) {
        flags.push(format!(
            "outlier: sample {at} (from 0) has {:.0} % of the variance",
            100.0 * share
        ));
    }
    if let Some(Coarse { largest, step }) = Coarse::find(samples) {
        flags.push(format!(
            "coarse: float32 has steps of {step:.1e} at {largest:.1e}, most samples change by fewer \
             than 10; subtract the offset"
        ));
    }
    if trace.fluctuation.as_ref().is_some_and(|f| f.iter().any(|f| f.is_nan())) {
        flags.push("no-window: a size is longer than every piece of the trace".to_owned());
    }
    for fit in &trace.fits {
        let place = |flag: &String| format!("{flag}: sizes {} to {}", fit.range[0], fit.range[1]);
        flags.extend(fit.flags.iter().map(place));
    }
    flags
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
         same windows (simulated fractional Gaussian noise, and motion averaged over each sample; \
         motion read at points has a lower alpha than it should where that is 1 to 1.3, and is not \
         covered). It is no test of self-similarity: an autoregressive trace has an alpha too. That is what the verdict is for."
            .to_owned(),
        format!(
            "The spectral beta is the slope of log power on log frequency (periodogram, Hann window, \
             mean removed; beyond {} samples Welch's mean of segments of a quarter of that, without \
             its lowest 3 bins) over one cycle per largest to one per smallest window, by Tukey's biweight, which narrow peaks do \
             not pull. Spectral beta and verdict are those of the first range that was fitted.",
            ruler::LONGEST_PERIODOGRAM
        ),
        "The verdict weighs, by Bayesian information criteria, two power laws against one (with the \
         correlation that neighbouring F(n) have) and an AR(1) against a power law (debiased Whittle \
         likelihood of the spectrum); 1/f is alpha from 0.75 to 1.25."
            .to_owned(),
    ]
}

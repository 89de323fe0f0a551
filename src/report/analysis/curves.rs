//! Which curves the page draws: of few traces all, of many the quantiles over those that were
//! measured alike.
//!
//! Place in the flow: traces -> [`Group`]s of one length, rate and windows -> `figures::curves`.

use std::collections::BTreeMap;

use super::words::{common_rate, number, quantiles};
use crate::experiments::analyze::Trace;
use crate::report::figures::curves::{Band, Curve, Curves, Guides};
use crate::report::markup::typeset;
use crate::report::numbers::several;

/// Traces that are drawn one by one.
pub(super) const FEW: usize = 8;
/// Groups that are drawn.
const MOST_GROUPS: usize = 4;
/// The quantiles of a band.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Traces that share a figure.
pub(super) struct Group<'a> {
    traces: Vec<&'a Trace>,
    /// Samples per second, where all have the same.
    rate: Option<f64>,
    /// Whether frequencies are in Hz.
    hertz: bool,
}

/// The largest groups first, and how many traces the others have; a single group where there are
/// few traces.
pub(super) fn groups(traces: &[Trace]) -> (Vec<Group<'_>>, usize) {
    let defined = || traces.iter().filter(|trace| trace.fluctuation.is_some());
    if defined().count() <= FEW {
        let all: Vec<&Trace> = defined().collect();
        return (if all.is_empty() { Vec::new() } else { vec![Group::new(all)] }, 0);
    }
    let mut alike: BTreeMap<_, Vec<&Trace>> = BTreeMap::new();
    for trace in defined() {
        let key = (trace.samples, trace.rate.map(f64::to_bits), &trace.windows);
        alike.entry(key).or_default().push(trace);
    }
    let mut groups: Vec<_> = alike.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let left_out = groups.iter().skip(MOST_GROUPS).map(Vec::len).sum();
    groups.truncate(MOST_GROUPS);
    (groups.into_iter().map(Group::new).collect(), left_out)
}

impl<'a> Group<'a> {
    fn new(traces: Vec<&'a Trace>) -> Self {
        let rate = common_rate(&traces);
        let hertz = traces.iter().all(|trace| trace.rate.is_some());
        Self { traces, rate, hertz }
    }

    /// How many traces, of which length.
    pub fn heading(&self) -> String {
        let samples = |trace: &&Trace| trace.samples;
        let (low, high) =
            (self.traces.iter().map(samples).min(), self.traces.iter().map(samples).max());
        let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
        let length = if low == high {
            several(low, "sample")
        } else {
            format!("{low} to {}", several(high, "sample"))
        };
        let rate = self.rate.map_or(String::new(), |rate| format!(", {rate} Hz"));
        format!("{} of {length}{rate}", several(self.traces.len(), "trace"))
    }

    /// F(n) against n.
    pub fn fluctuation(&self) -> Curves {
        let mut up = "F(n)";
        let mut curves: Vec<Curve> = self.traces.iter().map(|trace| fluctuation(trace)).collect();
        if self.many() {
            up = "F(n) / F(smallest n)";
            curves.iter_mut().for_each(|curve| curve.below(curve.points.first().map(|p| p.1)));
        }
        self.shown(curves, "Fluctuation function", up, Guides::Slopes(&[0.5, 1.0, 1.5]))
    }

    /// The exponent over parts of the sizes against the size.
    pub fn local_slopes(&self) -> Curves {
        let curves = self.traces.iter().map(|trace| {
            let slopes = trace.local_slopes.iter();
            named(trace, slopes.map(|slope| (slope.window.log10(), slope.alpha)))
        });
        let guides = Guides::Levels(&[0.5, 1.0, 1.5]);
        self.shown(curves.collect(), "Local exponent", "local alpha", guides)
    }

    /// Power against frequency.
    pub fn spectrum(&self) -> Curves {
        let mut up = "power density";
        let mut curves: Vec<Curve> =
            self.traces.iter().map(|trace| spectrum(trace, self.hertz)).collect();
        if self.many() {
            up = "power density / geometric mean";
            curves.iter_mut().for_each(|curve| {
                let count = curve.points.len() as f64;
                curve.below(Some(curve.points.iter().map(|point| point.1).sum::<f64>() / count));
            });
        }
        let shown = self.shown(curves, "Spectrum", up, Guides::Slopes(&[0.0, -1.0, -2.0]));
        let across = if self.hertz { "frequency (Hz)" } else { "frequency (cycles per sample)" };
        Curves { across: across.into(), per_second: None, ..shown }
    }

    fn many(&self) -> bool {
        self.traces.len() > FEW
    }

    /// All curves; of many the quantiles, and the curves of traces whose alpha is at the same.
    fn shown(&self, mut curves: Vec<Curve>, what: &str, up: &str, guides: Guides) -> Curves {
        let bands = if self.many() { bands(&curves) } else { Vec::new() };
        if self.many() {
            let mut order: Vec<usize> =
                (0..curves.len()).filter(|&at| !curves[at].points.is_empty()).collect();
            let alpha = |at: &usize| self.traces[*at].alpha.unwrap_or(f64::NAN);
            order.sort_by(|one, other| alpha(one).total_cmp(&alpha(other)));
            let last = order.len().saturating_sub(1) as f64;
            let place = |share: &f64| order.get((share * last).round() as usize);
            curves = SHARES.iter().filter_map(place).map(|&at| curves[at].clone()).collect();
        }
        curves.retain(|curve| !curve.points.is_empty());
        let across = match self.rate {
            Some(_) => "window n (samples; along the top: seconds)",
            None => "window n (samples)",
        };
        Curves {
            description: format!("{what}: {}", self.heading()),
            across: across.into(),
            up: up.into(),
            singles: curves,
            bands,
            guides,
            per_second: self.rate,
        }
    }
}

impl Curve {
    /// Moves the curve down by `level`; a curve without one is left empty.
    fn below(&mut self, level: Option<f64>) {
        match level.filter(|level| level.is_finite()) {
            Some(level) => self.points.iter_mut().for_each(|point| point.1 -= level),
            None => self.points.clear(),
        }
        self.fits.clear();
    }
}

/// A curve with the trace's name, of those points that are numbers.
fn named(trace: &Trace, points: impl Iterator<Item = (f64, f64)>) -> Curve {
    Curve {
        name: trace.name.clone(),
        points: points.filter(|(at, value)| at.is_finite() && value.is_finite()).collect(),
        fits: Vec::new(),
    }
}

fn fluctuation(trace: &Trace) -> Curve {
    let values = trace.fluctuation.iter().flatten();
    let sizes = trace.windows.iter();
    let mut curve = named(trace, sizes.zip(values).map(|(n, f)| ((*n as f64).log10(), f.log10())));
    curve.name = format!("{}: alpha {}", trace.name, typeset(&number(trace.alpha, 2)));
    let ends = trace.fits.iter().filter_map(|fit| Some((fit.range, fit.alpha?, fit.intercept?)));
    curve.fits = ends
        .filter(|(_, alpha, intercept)| alpha.is_finite() && intercept.is_finite())
        .map(|(range, alpha, intercept)| {
            let log = intercept * std::f64::consts::LOG10_E;
            range.map(|size| (size as f64).log10()).map(|at| (at, alpha * at + log))
        })
        .collect();
    curve
}

fn spectrum(trace: &Trace, hertz: bool) -> Curve {
    let Some(spectrum) = &trace.spectrum else { return named(trace, std::iter::empty()) };
    // Without Hz for all, those that have it are brought to cycles per sample.
    let scale = if hertz { 1.0 } else { trace.rate.unwrap_or(1.0) };
    let bands = spectrum.frequency.iter().zip(&spectrum.power);
    let mut curve = named(trace, bands.map(|(f, p)| ((f / scale).log10(), (p * scale).log10())));
    curve.name = format!("{}: beta {}", trace.name, typeset(&number(trace.beta_spectral, 2)));
    curve
}

/// The quantiles at every place where at least half of the curves have a value.
fn bands(curves: &[Curve]) -> Vec<Band> {
    let mut columns: BTreeMap<i64, (f64, Vec<f64>)> = BTreeMap::new();
    for (at, value) in curves.iter().flat_map(|curve| &curve.points) {
        // Equal places differ by rounding at most.
        let column = columns.entry((at * 1e9).round() as i64).or_insert((*at, Vec::new()));
        column.1.push(*value);
    }
    let drawn = curves.iter().filter(|curve| !curve.points.is_empty()).count();
    let full = columns.into_values().filter(|(_, values)| 2 * values.len() >= drawn);
    full.filter_map(|(at, values)| {
        Some(Band { at, quantiles: quantiles(values.into_iter(), SHARES)? })
    })
    .collect()
}

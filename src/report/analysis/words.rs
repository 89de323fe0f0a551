//! The analysis in words: verdicts, the set in a sentence, numbers that may be missing.
//!
//! Place in the flow: [`Analysis`] -> sentences, for the page.

use crate::analysis::controls::Verdict;
use crate::experiments::analyze::{Analysis, Trace};
use crate::report::numbers::{count, finite, fixed, several};

/// Said on the page where a number is undefined.
pub(super) const NONE: &str = "\u{2013}";

/// The verdict as prose has it.
pub(in crate::report) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::ShortMemory => "short memory",
        Verdict::Brownian => "Brownian or steeper",
        Verdict::PowerLaw => "power law",
        other => other.name(),
    }
}

/// The number, or a dash.
pub(super) fn number(value: Option<f64>, decimals: usize) -> String {
    finite(value).map_or_else(|| NONE.to_owned(), |value| fixed(value, decimals))
}

/// The quantiles of what is finite among `values`, by rank; `None` where nothing is.
pub(super) fn quantiles<const N: usize>(
    values: impl Iterator<Item = f64>,
    shares: [f64; N],
) -> Option<[f64; N]> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)? as f64;
    Some(shares.map(|share| values[(share * last).round() as usize]))
}

/// All traces in a sentence: the median of alpha with its spread, and the verdicts.
pub(super) fn of_the_set(analysis: &Analysis, few: usize) -> String {
    let traces = &analysis.traces;
    let all = traces.len();
    let mut sentence = several(all, "trace");
    let alphas = || traces.iter().filter_map(|trace| trace.alpha);
    let shares = if all > few { [0.05, 0.5, 0.95] } else { [0.0, 0.5, 1.0] };
    if let Some([low, middle, high]) = quantiles(alphas(), shares) {
        let spread = if all > few { "5\u{2013}95 %: " } else { "" };
        sentence += &format!(": alpha {middle:.2} ({spread}{low:.2} to {high:.2})");
    }
    let mut verdicts: Vec<_> = analysis.verdicts.iter().filter(|(_, count)| *count > 0).collect();
    verdicts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let part = |(verdict, how_many): &&(Verdict, usize)| {
        if all > few {
            format!("{} {}", share(*how_many, all), word(*verdict))
        } else {
            format!("{how_many}\u{a0}\u{d7}\u{a0}{}", word(*verdict))
        }
    };
    let parts: Vec<String> = verdicts.iter().map(part).collect();
    if !parts.is_empty() {
        sentence += "; ";
        sentence += &parts.join(", ");
    }
    let undefined = all - alphas().count();
    if undefined > 0 {
        sentence += &format!("; {} without an exponent", count(undefined));
    }
    sentence + "."
}

/// `83 %`, `< 1 %`.
pub(in crate::report) fn share(part: usize, all: usize) -> String {
    match 100.0 * part as f64 / all.max(1) as f64 {
        percent if percent > 0.0 && percent < 0.5 => "< 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// The rate that all of these traces share.
pub(super) fn common_rate(traces: &[&Trace]) -> Option<f64> {
    let rate = traces.first()?.rate?;
    traces.iter().all(|trace| trace.rate == Some(rate)).then_some(rate)
}

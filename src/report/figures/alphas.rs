//! The exponents of anyone's traces: dots with intervals where they are few, a histogram by verdict
//! where they are many.
//!
//! Place in the flow: exponents of traces -> one panel.

use std::collections::BTreeMap;

use super::frame::{self, Chart, Drawn, HPos, Look, Mark, Panel, VPos, bar, line, points};
use super::look;
use super::ticks::{Axis, range};
use crate::analysis::controls::Verdict;
use crate::error::Result;
use crate::report::analysis::words;

/// Exponents that are marked: white, 1/f and Brownian noise.
const MARKED: [f64; 3] = [0.5, 1.0, 1.5];
/// Bins of a histogram, about.
const BINS: f64 = 40.0;
/// Shown height of one exponent with its name.
const ROW: i32 = 36;

/// One exponent and its interval.
#[derive(Clone, Debug)]
pub(in crate::report) struct Whisker {
    pub name: String,
    pub alpha: f64,
    pub interval: Option<[f64; 2]>,
    /// The look of the trace, as in the other figures.
    pub place: usize,
}

/// Dots with intervals, one below the other.
pub(in crate::report) fn intervals(whiskers: &[Whisker]) -> Result<Option<String>> {
    let ends = whiskers.iter().flat_map(|whisker| whisker.interval.into_iter().flatten());
    let values = ends.chain(whiskers.iter().map(|whisker| whisker.alpha));
    let Some((low, high)) = range(values.chain([0.5, 1.0]), 0.06, 0.3) else { return Ok(None) };
    if whiskers.is_empty() {
        return Ok(None);
    }
    let rows = whiskers.len() as f64;
    let beside = low + 0.01 * (high - low);
    let panel = Panel {
        size: (380, 66 + ROW * whiskers.len() as i32),
        description: format!("Alpha with its 95 % interval, {} of them", whiskers.len()),
        across: Axis::linear(low, high, 7, "alpha"),
        up: Axis { low: -rows, high: 0.0, ticks: Vec::new(), name: String::new() },
        legend: Vec::new(),
    };
    let drawn = panel.draw(|chart| {
        for (row, whisker) in whiskers.iter().enumerate() {
            let (look, at) = (look(whisker.place), -(row as f64) - 0.7);
            // The upright lines leave room for the names.
            marked(chart, &panel, [at - 0.3, at + 0.15])?;
            if let Some([from, to]) = whisker.interval {
                line(chart, look, vec![(from, at), (to, at)])?;
            }
            points(chart, look, &[(whisker.alpha, at)])?;
            frame::label(chart, (beside, at + 0.2), (HPos::Left, VPos::Bottom), &whisker.name)?;
        }
        Ok(())
    })?;
    Ok(Some(drawn))
}

/// Counts of exponents, the verdicts one upon the other.
pub(in crate::report) fn histogram(alphas: &[(f64, Verdict)]) -> Result<Option<String>> {
    let Some((low, high)) = range(alphas.iter().map(|alpha| alpha.0), 0.0, 0.05) else {
        return Ok(None);
    };
    let width = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
        .into_iter()
        .find(|width| (high - low) / width <= BINS)
        .unwrap_or((high - low) / BINS);
    let bin = |alpha: f64| (alpha / width).floor() as i64;
    let mut counts: BTreeMap<i64, BTreeMap<Verdict, usize>> = BTreeMap::new();
    for &(alpha, verdict) in alphas.iter().filter(|alpha| alpha.0.is_finite()) {
        *counts.entry(bin(alpha)).or_default().entry(verdict).or_default() += 1;
    }
    let top = counts.values().map(|bin| bin.values().sum::<usize>()).max().unwrap_or(0);
    let seen = |verdict: &Verdict| counts.values().any(|bin| bin.contains_key(verdict));
    let legend: Vec<(Look, String)> = Verdict::ALL
        .into_iter()
        .filter(seen)
        .map(|verdict| (filled(verdict), words::word(verdict).to_owned()))
        .collect();
    let panel = Panel {
        size: (380, 290 + 18 * legend.len() as i32),
        description: "Histogram of alpha by verdict".into(),
        across: Axis::linear(low.min(0.4), high.max(1.1) + width, 7, "alpha"),
        up: Axis::whole(0.0, 1.06 * top as f64, 5, "traces"),
        legend,
    };
    let drawn = panel.draw(|chart| {
        for (bin, verdicts) in &counts {
            let mut from = 0.0;
            for (verdict, count) in verdicts {
                let to = from + *count as f64;
                let edges = [*bin as f64 * width, (*bin + 1) as f64 * width];
                bar(chart, filled(*verdict).colour, [(edges[0], from), (edges[1], to)])?;
                from = to;
            }
        }
        marked(chart, &panel, [panel.up.low, panel.up.high])
    })?;
    Ok(Some(drawn))
}

/// The bars of a verdict.
fn filled(verdict: Verdict) -> Look {
    let place = Verdict::ALL.iter().position(|one| *one == verdict).unwrap_or(0);
    Look { mark: Mark::Bar, ..look(place) }
}

/// Upright lines at the exponents that have a name.
fn marked(chart: &mut Chart<'_, '_>, panel: &Panel, [from, to]: [f64; 2]) -> Drawn {
    let across = &panel.across;
    for at in MARKED.into_iter().filter(|at| (across.low..across.high).contains(at)) {
        frame::reference(chart, [(at, from), (at, to)])?;
    }
    Ok(())
}

//! F(n) against n on log-log axes: the fluctuation functions whose slopes are the exponents.
//!
//! Place in the flow: `outcome.fluctuations` -> one panel per aggregation, with the input and the
//! hidden state, trained and untrained. The points are geometric means over traces, the pale areas
//! one standard deviation of ln F(n), the lines the least-squares fits.

use super::frame::{Chart, Drawn, Look, Mark, Panel, area, line, points};
use super::ticks::{Axis, range};
use super::{BLUE, GREY, VERMILION};
use crate::error::Result;
use crate::experiments::outcome::{Fluctuation, Outcome};
use crate::report::markup::typeset;
use crate::report::numbers::fixed;

/// What is drawn: quantity, condition, look.
const SERIES: [(&str, &str, Look); 3] = [
    ("input", "trained", Look { colour: GREY, mark: Mark::Triangle, dashed: false }),
    ("hidden", "trained", Look { colour: BLUE, mark: Mark::Dot, dashed: false }),
    ("hidden", "untrained", Look { colour: VERMILION, mark: Mark::Ring, dashed: true }),
];

/// One series in log10 of n and F.
struct Series<'a> {
    look: Look,
    entry: &'a Fluctuation,
    /// log10 n, log10 F, and half the height of the area of spread.
    values: Vec<(f64, f64, f64)>,
}

/// The panel of one aggregation.
pub(in crate::report) fn panel(outcome: &Outcome, aggregation: &str) -> Result<Option<String>> {
    let series: Vec<Series<'_>> = SERIES
        .iter()
        .filter_map(|&(quantity, condition, look)| {
            let entry = outcome.fluctuations.iter().find(|entry| {
                entry.quantity == quantity
                    && entry.condition == condition
                    && entry.aggregation == aggregation
            })?;
            Some(Series { look, entry, values: values(entry) })
        })
        .filter(|series| !series.values.is_empty())
        .collect();
    let values = || series.iter().flat_map(|series| series.values.iter());
    let Some((left, right)) = range(values().map(|value| value.0), 0.06, 0.3) else {
        return Ok(None);
    };
    let ends = values().flat_map(|value| [value.1 - value.2, value.1 + value.2]);
    let Some((bottom, top)) = range(ends, 0.06, 0.3) else { return Ok(None) };
    let window = format!("window n ({})", outcome.corpus.words().steps);
    let panel = Panel {
        size: (380, 360),
        description: format!(
            "F(n) against window n on logarithmic axes, aggregation {aggregation}: {}",
            series.iter().map(|series| name(series.entry)).collect::<Vec<_>>().join("; ")
        ),
        across: Axis::logarithmic(left, right, &window),
        up: Axis::logarithmic(bottom, top, "F(n)"),
        legend: series.iter().map(|series| (series.look, name(series.entry))).collect(),
    };
    panel.draw(|chart| plot(chart, &series)).map(Some)
}

/// The values that a logarithmic axis can show.
fn values(entry: &Fluctuation) -> Vec<(f64, f64, f64)> {
    let spreads = entry.log_sd.iter().copied().chain(std::iter::repeat(0.0));
    entry
        .windows
        .iter()
        .zip(&entry.fluctuation)
        .zip(spreads)
        .map(|((&window, &fluctuation), spread)| {
            let spread = if spread.is_finite() { spread * std::f64::consts::LOG10_E } else { 0.0 };
            ((window as f64).log10(), fluctuation.log10(), spread)
        })
        .filter(|value| value.0.is_finite() && value.1.is_finite())
        .collect()
}

/// `hidden, trained: beta 0.37`.
fn name(entry: &Fluctuation) -> String {
    let beta = 2.0 * entry.alpha - 1.0;
    let beta = if beta.is_finite() { fixed(beta, 2) } else { "undefined".into() };
    format!("{}, {}: beta {}", entry.quantity, entry.condition, typeset(&beta))
}

fn plot(chart: &mut Chart<'_, '_>, series: &[Series<'_>]) -> Drawn {
    for one in series {
        let above = one.values.iter().map(|value| (value.0, value.1 + value.2));
        let below = one.values.iter().rev().map(|value| (value.0, value.1 - value.2));
        area(chart, one.look.colour, above.chain(below).collect())?;
    }
    for one in series {
        let (alpha, intercept) = (one.entry.alpha, one.entry.intercept);
        if alpha.is_finite() && intercept.is_finite() {
            let fit = |at: f64| (at, alpha * at + intercept * std::f64::consts::LOG10_E);
            let ends = [one.values.first(), one.values.last()];
            line(chart, one.look, ends.iter().flatten().map(|value| fit(value.0)).collect())?;
        }
        let at: Vec<(f64, f64)> = one.values.iter().map(|value| (value.0, value.1)).collect();
        points(chart, one.look, &at)?;
    }
    Ok(())
}

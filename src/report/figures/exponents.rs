//! The spread of beta: one histogram per quantity, on one pair of axes for all.
//!
//! Place in the flow: `outcome.histograms` of the unit aggregation -> one small panel per quantity,
//! the trained network as filled bars, the untrained one as an outline. Heights are densities, so
//! that groups of different size and bins of different width can be compared.

use super::frame::{Chart, Drawn, Look, Mark, Panel, bar, line, reference};
use super::ticks::Axis;
use super::{BLUE, VERMILION};
use crate::error::Result;
use crate::experiments::outcome::Histogram;
use crate::report::table::in_order;

const TRAINED: Look = Look { colour: BLUE, mark: Mark::Bar, dashed: false };
const UNTRAINED: Look = Look { colour: VERMILION, mark: Mark::None, dashed: false };

/// One histogram as densities.
struct Density {
    low: f64,
    width: f64,
    heights: Vec<f64>,
}

/// One panel per quantity that has a histogram of unit exponents, after the quantity's name.
pub(in crate::report) fn panels(histograms: &[Histogram]) -> Result<Vec<(&str, String)>> {
    let names = in_order(histograms.iter().map(|entry| entry.quantity.as_str()));
    let quantities: Vec<(&str, Option<Density>, Option<Density>)> = names
        .into_iter()
        .map(|name| (name, find(histograms, name, "trained"), find(histograms, name, "untrained")))
        .filter(|(_, trained, untrained)| trained.is_some() || untrained.is_some())
        .collect();
    let all =
        || quantities.iter().flat_map(|(_, trained, untrained)| [trained, untrained]).flatten();
    let low = all().map(|density| density.edge(density.first())).fold(f64::INFINITY, f64::min);
    let high = all().map(|density| density.edge(density.last() + 1)).fold(0.0, f64::max);
    let top = all().flat_map(|density| density.heights.iter().copied()).fold(0.0, f64::max);
    if !(low < high && top > 0.0 && top.is_finite()) {
        return Ok(Vec::new());
    }
    let across = Axis::linear(low.min(-0.05), high.max(1.05), 6, "beta");
    let up = Axis::linear(0.0, 1.06 * top, 4, "density");
    quantities
        .iter()
        .map(|(name, trained, untrained)| {
            let svg = panel(name, trained.as_ref(), untrained.as_ref(), &across, &up)?;
            Ok((*name, svg))
        })
        .collect()
}

fn panel(
    name: &str,
    trained: Option<&Density>,
    untrained: Option<&Density>,
    across: &Axis,
    up: &Axis,
) -> Result<String> {
    let mut legend = Vec::new();
    if trained.is_some() {
        legend.push((TRAINED, "trained".to_string()));
    }
    if untrained.is_some() {
        legend.push((UNTRAINED, "untrained".to_string()));
    }
    let panel = Panel {
        size: (270, 230),
        description: format!("Histogram of beta per trace: {name}"),
        across: across.clone(),
        up: up.clone(),
        legend,
    };
    panel.draw(|chart| {
        if let Some(density) = trained {
            bars(chart, density)?;
        }
        for colour in [0.0, 1.0] {
            reference(chart, [(colour, up.low), (colour, up.high)])?;
        }
        untrained.map_or(Ok(()), |density| line(chart, UNTRAINED, density.outline()))
    })
}

fn bars(chart: &mut Chart<'_, '_>, density: &Density) -> Drawn {
    for (place, &height) in density.heights.iter().enumerate() {
        if height > 0.0 {
            let corners = [(density.edge(place), 0.0), (density.edge(place + 1), height)];
            bar(chart, TRAINED.colour, corners)?;
        }
    }
    Ok(())
}

/// The histogram of one quantity and condition; `None` where there is none or it cannot be drawn.
fn find(histograms: &[Histogram], quantity: &str, condition: &str) -> Option<Density> {
    let histogram = histograms.iter().find(|entry| {
        entry.quantity == quantity && entry.condition == condition && entry.aggregation == "unit"
    })?;
    Density::of(histogram)
}

impl Density {
    fn of(histogram: &Histogram) -> Option<Self> {
        let total = histogram.counts.iter().map(|&count| count as f64).sum::<f64>();
        let (low, width) = (histogram.low, histogram.width);
        let drawable = low.is_finite() && width.is_finite() && width > 0.0 && total > 0.0;
        drawable.then(|| Self {
            low,
            width,
            heights: histogram.counts.iter().map(|&n| n as f64 / total / width).collect(),
        })
    }

    /// The lower edge of a bin.
    fn edge(&self, bin: usize) -> f64 {
        self.low + bin as f64 * self.width
    }

    /// The first bin that holds anything.
    fn first(&self) -> usize {
        self.heights.iter().position(|&height| height > 0.0).unwrap_or(0)
    }

    /// The last bin that holds anything.
    fn last(&self) -> usize {
        self.heights.iter().rposition(|&height| height > 0.0).unwrap_or(0)
    }

    /// The upper outline, from the axis up and back to it.
    fn outline(&self) -> Vec<(f64, f64)> {
        let mut outline = vec![(self.edge(self.first()), 0.0)];
        for bin in self.first()..=self.last() {
            outline.push((self.edge(bin), self.heights[bin]));
            outline.push((self.edge(bin + 1), self.heights[bin]));
        }
        outline.push((self.edge(self.last() + 1), 0.0));
        outline
    }
}

//! Spike trains: a raster, the counts of one unit with the models over them, and how units spread.
//!
//! Place in the flow: examples and histograms of an outcome -> one panel each.

use super::frame::{Look, Mark, Panel, bar, levels, line};
use super::ticks::Axis;
use super::{BLUE, GREY, VERMILION, look};
use crate::error::Result;
use crate::experiments::spike_trains::found::Example;

/// Height of a unit's spikes in a raster, of the distance between units.
const SPIKE: f64 = 0.8;

/// Where some units spike: a bar for each run of spikes, all of them one path, for there are
/// thousands.
pub(in crate::report) fn raster(example: &Example, kind: &str) -> Result<String> {
    let units = example.raster.len() as f64;
    let panel = Panel {
        size: (380, 250),
        description: format!("Spikes of {units} units over the first pictures: {kind}"),
        across: Axis::linear(0.0, Example::STEPS as f64, 6, "step (pictures)"),
        up: Axis::whole(0.0, units + 1.0, 5, "unit"),
        legend: Vec::new(),
    };
    let bars = example.raster.iter().enumerate().flat_map(|(unit, spikes)| {
        let next = |one: &usize, other: &usize| one + 1 == *other;
        let middle = unit as f64 + 1.0;
        spikes.chunk_by(next).map(move |run| {
            let end = run.last().map_or(0, |last| last + 1);
            ([run.first().copied().unwrap_or(end) as f64, end as f64], middle)
        })
    });
    let bars: Vec<([f64; 2], f64)> = bars.collect();
    panel.draw_with(|chart| Ok(levels(chart, BLUE, SPIKE, &bars)))
}

/// The counts per window of the example's unit, and what both models expect.
pub(in crate::report) fn counts(example: &Example, kind: &str) -> Result<String> {
    let values = example.counts.iter().map(|&windows| windows as f64);
    let models = example.poisson.iter().chain(&example.binomial).copied();
    let top = values.clone().chain(models).fold(1.0, f64::max);
    let seen = |place: &usize| example.counts[*place] > 0 || example.binomial[*place] > 0.05;
    let places: Vec<usize> = (0..example.counts.len()).filter(seen).collect();
    let first = places.first().map_or(0.0, |&place| place as f64);
    let last = places.last().map_or(1.0, |&place| place as f64);
    let models = [
        (Look { colour: VERMILION, mark: Mark::None, dashed: false }, "Poisson", &example.poisson),
        (Look { colour: GREY, mark: Mark::None, dashed: true }, "binomial", &example.binomial),
    ];
    let panel = Panel {
        size: (380, 290),
        description: format!("Counts per window of one unit with Poisson and binomial: {kind}"),
        across: Axis::whole(first - 1.0, last + 1.0, 6, "spikes per window"),
        up: Axis::linear(0.0, 1.06 * top, 5, "windows"),
        legend: models.iter().map(|(look, words, _)| (*look, (*words).to_owned())).collect(),
    };
    panel.draw(|chart| {
        for (place, windows) in values.enumerate().filter(|(_, windows)| *windows > 0.0) {
            let at = place as f64;
            bar(chart, BLUE, [(at - 0.4, 0.0), (at + 0.4, windows)])?;
        }
        for (look, _, expected) in models {
            let inside = |&(at, _): &(f64, f64)| (first - 1.0..=last + 1.0).contains(&at);
            let curve = expected.iter().enumerate().map(|(at, &value)| (at as f64, value));
            line(chart, look, curve.filter(inside).collect())?;
        }
        Ok(())
    })
}

/// A histogram that is drawn as an outline.
pub(in crate::report) struct Outline {
    pub words: String,
    pub counts: Vec<u64>,
    /// Whether the others are to be held against it.
    pub reference: bool,
}

/// The outlines of histograms in bins of `width` from 0, as shares of all units; `None` where all
/// are empty.
pub(in crate::report) fn outlines(
    kinds: &[Outline],
    width: f64,
    (name, description): (&str, &str),
) -> Result<Option<String>> {
    let share = |counts: &[u64]| -> Vec<f64> {
        let total = counts.iter().sum::<u64>().max(1) as f64;
        counts.iter().map(|&count| 100.0 * count as f64 / total).collect()
    };
    let shares: Vec<Vec<f64>> = kinds.iter().map(|one| share(&one.counts)).collect();
    let top = shares.iter().flatten().copied().fold(0.0, f64::max);
    let filled = |shares: &Vec<f64>| shares.iter().rposition(|&share| share > 0.0);
    let Some(last) = shares.iter().filter_map(filled).max() else { return Ok(None) };
    let looks = |place: usize| match kinds[place].reference {
        true => Look { colour: GREY, mark: Mark::None, dashed: true },
        false => Look { mark: Mark::None, ..look(place) },
    };
    let panel = Panel {
        size: (380, 250 + 18 * kinds.len() as i32),
        description: description.to_owned(),
        across: Axis::linear(0.0, width * (last + 1) as f64, 6, name),
        up: Axis::linear(0.0, 1.06 * top, 5, "units (%)"),
        legend: (kinds.iter().enumerate())
            .map(|(place, one)| (looks(place), one.words.clone()))
            .collect(),
    };
    let drawn = panel.draw(|chart| {
        for (place, shares) in shares.iter().enumerate() {
            let step = |(bin, &share): (usize, &f64)| {
                [(width * bin as f64, share), (width * (bin + 1) as f64, share)]
            };
            line(
                chart,
                looks(place),
                shares.iter().take(last + 1).enumerate().flat_map(step).collect(),
            )?;
        }
        Ok(())
    })?;
    Ok(Some(drawn))
}

//! The units that shift most: mean and variance against noise, and how their states spread.
//!
//! Place in the flow: kinds -> a section of the page. Of the first network of each task and site, at
//! its largest training noise.

use statrs::distribution::{Continuous, Normal};

use super::findings;
use super::kinds::{Kind, level_of, place};
use super::parts::{between, captioned, headed};
use super::preference::MULTIPLES;
use crate::error::Result;
use crate::experiments::noise_preference::found::{Histogram, Mechanism, UnitCourse};
use crate::report::figures::plot::{Plot, Series, Style, grey};
use crate::report::markup::typeset;
use crate::report::numbers::{count, fixed};

/// Ends of the normal density that is drawn, in standard deviations, and its points.
const DRAWN: (f64, usize) = (4.0, 81);

/// The section.
pub(super) fn units(kinds: &[Kind<'_>]) -> Result<String> {
    Ok(courses(kinds)? + &between("Their states at the training noise:", histograms(kinds)?))
}

/// What is shown: of each task and site the networks at the largest training noise, and the first
/// that has units to show.
fn shown<'k, 'a>(kinds: &'k [Kind<'a>]) -> impl Iterator<Item = (&'k Kind<'a>, &'a Mechanism)> {
    findings::loudest(kinds).filter_map(|kind| {
        let mut mechanisms = kind.mechanisms();
        mechanisms.find(|one| !one.examples.is_empty()).map(|one| (kind, one))
    })
}

/// Mean and variance of the units that shift most, in the first network of each kind.
fn courses(kinds: &[Kind<'_>]) -> Result<String> {
    let mut found = Vec::new();
    for (kind, mechanism) in shown(kinds) {
        let noises: Vec<f64> =
            mechanism.levels.iter().map(|level| level.noise / kind.unit).collect();
        for (name, simulated, closure) in [("mean", 0, 2), ("variance", 1, 3)] {
            let heading =
                format!("{}, s = {}: {name}", place(kind.task, kind.site), level_of(kind.level));
            let mut series = Vec::new();
            for (at, unit) in mechanism.examples.iter().enumerate() {
                let course = |which: usize| {
                    let values = unit.courses.iter().map(|course| course[which]);
                    noises.iter().copied().zip(values).collect::<Vec<_>>()
                };
                series.push(Series::new("", at, Style::Line, course(closure)));
                series.push(Series::new(&words(unit), at, Style::Dots, course(simulated)));
            }
            let panel = Plot {
                description: format!(
                    "{heading} of the units that shift most against test noise, simulated as \
                     dots, by the moment closure as lines"
                ),
                across: MULTIPLES,
                up: name,
                series,
                uprights: &[1.0],
                ..Plot::default()
            };
            found.extend(panel.panel()?.map(|svg| headed(&heading, &svg)));
        }
    }
    let caption = "The units that shift most, in the first network of each task and site at the \
         largest training noise: stationary mean and variance. Dots: simulated; lines: moment \
         closure.";
    Ok(captioned("wide", &found, caption))
}

fn words(unit: &UnitCourse) -> String {
    format!("unit {}, input {}", count(unit.unit), typeset(&fixed(unit.input, 2)))
}

/// How the states of the same units spread at the training noise, beside the normal distribution
/// that the closure takes them to have.
fn histograms(kinds: &[Kind<'_>]) -> Result<String> {
    let mut found = Vec::new();
    for (kind, mechanism) in shown(kinds) {
        let at = mechanism.levels.iter().position(|level| level.noise == kind.level);
        let mut series: Vec<Series> = (mechanism.examples.iter().enumerate())
            .filter_map(|(colour, unit)| {
                let [.., mean, variance] = *unit.courses.get(at?)?;
                let points = standardised(unit.histogram.as_ref()?, mean, variance.sqrt());
                Some(Series::new(&words(unit), colour, Style::Dots, points))
            })
            .collect();
        if series.is_empty() {
            continue;
        }
        series.insert(0, Series::new("moment closure", grey(), Style::Line, normal()));
        let heading = format!("{}, s = {}", place(kind.task, kind.site), level_of(kind.level));
        let panel = Plot {
            description: format!(
                "{heading}: density of the stationary states of the units that shift most, as \
                 dots, beside the normal density of the moment closure"
            ),
            across: "state, in standard deviations from the closure\u{2019}s mean",
            up: "density",
            series,
            ..Plot::default()
        };
        found.extend(panel.panel()?.map(|svg| headed(&heading, &svg)));
    }
    let caption = "How the states of these units spread at the training noise. Dots: histograms of \
                   simulated states, over the closure\u{2019}s standard deviation; line: the \
                   normal distribution that the closure takes every state to have. What lies \
                   beside it is skewed by the nonlinearity.";
    Ok(captioned("wide", &found, caption))
}

/// Density in each bin against its middle, in standard deviations `sd` from `mean`.
fn standardised(histogram: &Histogram, mean: f64, sd: f64) -> Vec<(f64, f64)> {
    let Histogram { low, width, counts } = histogram;
    let all: u32 = counts.iter().sum();
    let bins = counts.get(1..counts.len() - 1).unwrap_or_default();
    let point = |(bin, count): (usize, &u32)| {
        let middle = low + (bin as f64 + 0.5) * width;
        ((middle - mean) / sd, f64::from(*count) / f64::from(all) / width * sd)
    };
    bins.iter().enumerate().map(point).collect()
}

fn normal() -> Vec<(f64, f64)> {
    let (end, points) = DRAWN;
    let density = Normal::standard();
    let at = |point: usize| end * (2.0 * point as f64 / (points - 1) as f64 - 1.0);
    (0..points).map(at).map(|x| (x, density.pdf(x))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_becomes_a_density_in_standard_deviations() {
        let histogram = Histogram { low: 1.0, width: 0.5, counts: vec![1, 2, 4, 1] };
        assert_eq!(standardised(&histogram, 1.5, 2.0), [(-0.125, 1.0), (0.125, 2.0)]);
    }
}

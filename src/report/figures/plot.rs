//! Any number of series against one quantity: lines, marks, intervals, guides.
//!
//! Place in the flow: points of an experiment -> one panel. The upper axis is logarithmic where its
//! values span more than a decade and a half and the plot allows it; what is not above 0 is then
//! not drawn. Where figures at its ticks are long it has a power of ten as its unit, which its name
//! says.

use super::frame::{Chart, Drawn, Look, Mark, Panel, line, points, reference, thin};
use super::ticks::{Axis, range, upwards};
use super::{GREY, PALETTE};
use crate::error::Result;
use crate::report::markup::printable;

/// Positive values that span this factor have a logarithmic axis.
const WIDE: f64 = 30.0;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Style {
    /// A line through the points.
    Line,
    /// A dashed line through the points.
    Dashed,
    /// A thin line, for one of many.
    Thin,
    /// A line with a dot at each point.
    Dotted,
    /// A dot at each point.
    Dots,
    /// A ring at each point.
    Rings,
    /// A triangle at each point.
    Triangles,
}

impl Style {
    fn mark(self) -> Mark {
        match self {
            Self::Line | Self::Dashed | Self::Thin => Mark::None,
            Self::Dotted | Self::Dots => Mark::Dot,
            Self::Rings => Mark::Ring,
            Self::Triangles => Mark::Triangle,
        }
    }

    fn joined(self) -> bool {
        matches!(self, Self::Line | Self::Dashed | Self::Dotted)
    }
}

/// One series: nothing in the legend where it has no words.
#[derive(Clone, Debug)]
pub(in crate::report) struct Series {
    /// Its words in the legend.
    pub words: String,
    /// Its place among the colours.
    pub colour: usize,
    pub style: Style,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
    /// From where to where an interval reaches up and down, at places from left to right.
    pub intervals: Vec<(f64, [f64; 2])>,
}

impl Series {
    /// A series without intervals.
    pub fn new(words: &str, colour: usize, style: Style, points: Vec<(f64, f64)>) -> Self {
        Self { words: words.to_owned(), colour, style, points, intervals: Vec::new() }
    }

    fn look(&self) -> Look {
        Look {
            colour: PALETTE[self.colour % PALETTE.len()],
            mark: self.style.mark(),
            dashed: self.style == Style::Dashed,
        }
    }
}

/// One panel before it is drawn.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Plot<'a> {
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// Name and unit of the axis from left to right.
    pub across: &'a str,
    /// Name and unit of the axis upwards.
    pub up: &'a str,
    pub series: Vec<Series>,
    /// Places from left to right that are marked by an upright line.
    pub uprights: &'a [f64],
    /// Values that are marked by a level line.
    pub levels: &'a [f64],
    /// Values that belong to the range of the upper axis.
    pub within: &'a [f64],
    /// Whether both axes are one, with a line where they are equal.
    pub diagonal: bool,
    /// Whether the upper axis may be logarithmic.
    pub logarithmic: bool,
    /// Whether the axis from left to right has ticks on whole numbers only.
    pub whole: bool,
}

impl Plot<'_> {
    /// The panel; `None` where there is no point to be drawn.
    pub fn panel(mut self) -> Result<Option<String>> {
        let logarithmic = self.logarithmic && wide(self.values());
        self.place(logarithmic);
        let places = || self.all().map(|point| point.0).chain(self.uprights.iter().copied());
        if self.all().next().is_none() {
            return Ok(None);
        }
        let levels = self.levels.iter().chain(self.within).copied();
        let mut up = range(self.all().map(|point| point.1).chain(levels), 0.07, 0.2);
        let mut across = range(places(), 0.04, 0.2);
        if self.diagonal {
            up = range(self.all().flat_map(|(at, value)| [at, value]), 0.06, 0.2);
            across = up;
        }
        let (Some(up), Some(across)) = (up, across) else { return Ok(None) };
        let worded = self.series.iter().filter(|one| !one.words.is_empty());
        let legend: Vec<_> = worded.map(|one| (one.look(), one.words.clone())).collect();
        let [name, beside] = [self.up, self.across].map(printable);
        let upwards = upwards(up, logarithmic, &name);
        let panel = Panel {
            size: (380, 272 + 18 * legend.len() as i32),
            description: self.description.clone(),
            across: match (self.whole, self.diagonal) {
                (true, _) => Axis::whole(across.0, across.1, 7, &beside),
                (_, false) => Axis::linear(across.0, across.1, 7, &beside),
                (_, true) => {
                    let name = upwards.name.replacen(&name, &beside, 1);
                    Axis { name, ..upwards.clone() }
                }
            },
            up: upwards,
            legend,
        };
        panel.draw(|chart| self.plot(chart, &panel)).map(Some)
    }

    /// All ordinates of points and intervals.
    fn values(&self) -> impl Iterator<Item = f64> {
        self.series.iter().flat_map(|one| {
            let ends = one.intervals.iter().flat_map(|(_, ends)| *ends);
            one.points.iter().map(|point| point.1).chain(ends)
        })
    }

    /// All places of points and of the ends of intervals.
    fn all(&self) -> impl Iterator<Item = (f64, f64)> {
        self.series.iter().flat_map(|one| {
            let ends = one.intervals.iter().flat_map(|&(at, ends)| ends.map(|end| (at, end)));
            one.points.iter().copied().chain(ends)
        })
    }

    /// Takes out what cannot be drawn, and takes logarithms where the axis is logarithmic.
    fn place(&mut self, logarithmic: bool) {
        let placed = |value: f64| if logarithmic { value.log10() } else { value };
        for one in &mut self.series {
            one.points = (one.points.iter().map(|&(at, value)| (at, placed(value))))
                .filter(|point| point.0.is_finite() && point.1.is_finite())
                .collect();
            one.intervals = (one.intervals.iter().map(|&(at, ends)| (at, ends.map(placed))))
                .filter(|(at, ends)| at.is_finite() && ends.iter().all(|end| end.is_finite()))
                .collect();
        }
    }

    fn plot(&self, chart: &mut Chart<'_, '_>, panel: &Panel) -> Drawn {
        let (across, up) = (&panel.across, &panel.up);
        for &at in self.uprights {
            reference(chart, [(at, up.low), (at, up.high)])?;
        }
        for &level in self.levels {
            reference(chart, [(across.low, level), (across.high, level)])?;
        }
        if self.diagonal {
            reference(chart, [(across.low, across.low), (across.high, across.high)])?;
        }
        for one in &self.series {
            let look = one.look();
            let bar = Look { mark: Mark::None, dashed: false, ..look };
            for &(at, [low, high]) in &one.intervals {
                line(chart, bar, vec![(at, low), (at, high)])?;
            }
            match one.style {
                Style::Thin => thin(chart, look.colour, one.points.clone())?,
                style if style.joined() && one.points.len() > 1 => {
                    line(chart, look, one.points.clone())?;
                }
                _ => {}
            }
            points(chart, look, &one.points)?;
        }
        Ok(())
    }
}

/// The place of grey among the colours.
pub(in crate::report) fn grey() -> usize {
    PALETTE.iter().position(|colour| *colour == GREY).unwrap_or_default()
}

fn wide(values: impl Iterator<Item = f64>) -> bool {
    let positive = values.filter(|value| *value > 0.0 && value.is_finite());
    let (low, high) = positive
        .fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    high > 0.0 && high / low >= WIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_logarithmic_where_positive_values_span_much() {
        assert!(wide([0.0, 0.001, 1.0].into_iter()));
        assert!(!wide([0.5, 1.0, f64::NAN].into_iter()));
        assert!(!wide([-1.0, 0.0].into_iter()));
    }

    #[test]
    fn what_is_no_number_is_not_drawn() {
        let points = vec![(0.0, f64::NAN), (f64::INFINITY, 1.0)];
        let nothing =
            Plot { series: vec![Series::new("none", 0, Style::Dots, points)], ..Plot::default() };
        assert_eq!(nothing.panel().expect("it is drawn"), None);
    }
}

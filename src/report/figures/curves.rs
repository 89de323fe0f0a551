//! Many curves over a logarithmic axis: one by one where they are few, the quantiles over all of
//! them where they are many.
//!
//! Place in the flow: curves of traces -> one panel. Fluctuation functions, local slopes and
//! spectra of any number of traces are drawn by this one file.

use super::frame::{self, Chart, Drawn, HPos, Look, Mark, Panel, VPos, area, line, points, thin};
use super::ticks::{Axis, range};
use super::{BLUE, GREY, look};
use crate::error::Result;
use crate::report::markup::typeset;

/// Points up to which the curve of a single trace has a mark at each.
const MOST_MARKS: usize = 30;
/// Room right of the curves for the names of the guides, as a share of the width.
const STRIP: f64 = 0.06;
/// Room above the curves for seconds, as a share of the height.
const SECONDS: f64 = 0.12;
/// Letters of a name that have room in the legend.
const NAME: usize = 34;

const MEDIAN: Look = Look { colour: BLUE, mark: Mark::None, dashed: false };
const BESIDE: Look = Look { colour: GREY, mark: Mark::None, dashed: false };

/// One curve, in the units of the axes: log10 where an axis is logarithmic.
#[derive(Clone, Debug)]
pub(in crate::report) struct Curve {
    /// As the legend has it.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
    /// Straight lines that were fitted to it; the points are joined where there are none.
    pub fits: Vec<[(f64, f64); 2]>,
}

/// Quantiles over curves at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Band {
    /// The place, on the axis.
    pub at: f64,
    /// The quantiles 5, 25, 50, 75 and 95 %.
    pub quantiles: [f64; 5],
}

/// Lines of reference.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) enum Guides {
    /// Straight lines of these slopes through the left end of the curves; the upper axis is log10.
    Slopes(&'static [f64]),
    /// Level lines at these values; the upper axis is linear.
    Levels(&'static [f64]),
}

/// What one panel shows.
#[derive(Clone, Debug)]
pub(in crate::report) struct Curves {
    /// In words, for those who cannot see it.
    pub description: String,
    /// Name and unit of the axis from left to right.
    pub across: String,
    /// Name and unit of the axis upwards.
    pub up: String,
    /// Curves of single traces: thin where there are bands.
    pub singles: Vec<Curve>,
    /// Quantiles over all traces, where these are many.
    pub bands: Vec<Band>,
    pub guides: Guides,
    /// Units of the axis from left to right per second: seconds are written along the top.
    pub per_second: Option<f64>,
}

impl Curves {
    /// The panel; `None` where no point is to be shown.
    pub fn panel(&self) -> Result<Option<String>> {
        let points = || self.singles.iter().flat_map(|curve| curve.points.iter().copied());
        let places = points().map(|point| point.0).chain(self.bands.iter().map(|band| band.at));
        let banded = self.bands.iter().flat_map(|band| band.quantiles);
        let values = points().map(|point| point.1).chain(banded);
        let (least, always): (f64, &[f64]) = match self.guides {
            Guides::Slopes(_) => (0.3, &[]),
            Guides::Levels(_) => (0.2, &[0.45, 1.05]),
        };
        let Some((left, mut right)) = range(places, 0.05, 0.3) else { return Ok(None) };
        right += STRIP * (right - left);
        let Some((bottom, mut top)) = range(values.chain(always.iter().copied()), 0.05, least)
        else {
            return Ok(None);
        };
        if self.per_second.is_some() {
            top += SECONDS * (top - bottom);
        }
        let legend = self.legend();
        let panel = Panel {
            size: (380, 320 + 18 * legend.len() as i32),
            description: self.description.clone(),
            across: Axis::logarithmic(left, right, &self.across),
            up: match self.guides {
                Guides::Slopes(_) => Axis::logarithmic(bottom, top, &self.up),
                Guides::Levels(_) => Axis::linear(bottom, top, 6, &self.up),
            },
            legend,
        };
        panel.draw(|chart| self.plot(chart, &panel)).map(Some)
    }

    fn legend(&self) -> Vec<(Look, String)> {
        if !self.bands.is_empty() {
            let mut legend =
                vec![(MEDIAN, "median; areas: 25\u{2013}75 % and 5\u{2013}95 %".into())];
            if !self.singles.is_empty() {
                legend.push((BESIDE, "single traces".into()));
            }
            return legend;
        }
        let named = |(place, curve): (usize, &Curve)| (self.look(place), shortened(&curve.name));
        self.singles.iter().enumerate().map(named).collect()
    }

    /// The look of the curve number `place`.
    fn look(&self, place: usize) -> Look {
        let look = look(place);
        let marked = self.singles[place].points.len() <= MOST_MARKS;
        if marked { look } else { Look { mark: Mark::None, ..look } }
    }

    fn plot(&self, chart: &mut Chart<'_, '_>, panel: &Panel) -> Drawn {
        self.guide(chart, panel)?;
        if let Some(rate) = self.per_second {
            seconds(chart, panel, rate)?;
        }
        if !self.bands.is_empty() {
            for single in &self.singles {
                thin(chart, GREY, single.points.clone())?;
            }
            return bands(chart, &self.bands);
        }
        for (place, single) in self.singles.iter().enumerate() {
            let look = self.look(place);
            if single.fits.is_empty() {
                line(chart, look, single.points.clone())?;
            }
            for fit in &single.fits {
                line(chart, look, fit.to_vec())?;
            }
            points(chart, look, &single.points)?;
        }
        Ok(())
    }

    fn guide(&self, chart: &mut Chart<'_, '_>, panel: &Panel) -> Drawn {
        let (across, up) = (&panel.across, &panel.up);
        let height = up.high - up.low;
        let top = up.high - if self.per_second.is_some() { SECONDS * height } else { 0.0 };
        match self.guides {
            Guides::Levels(levels) => {
                for &level in levels.iter().filter(|level| (up.low..top).contains(level)) {
                    frame::reference(chart, [(across.low, level), (across.high, level)])?;
                }
            }
            Guides::Slopes(slopes) => {
                let Some((from, anchor)) = self.left_end() else { return Ok(()) };
                let width = across.high - across.low;
                let [top, bottom] = [top - 0.04 * height, up.low + 0.04 * height];
                for &slope in slopes {
                    let room = if slope > 0.0 { top - anchor } else { bottom - anchor };
                    let to = if slope == 0.0 { f64::INFINITY } else { from + room / slope };
                    let last = across.high - STRIP * width;
                    let at = to.clamp(from, last.max(from));
                    let end = (at, anchor + slope * (at - from));
                    frame::reference(chart, [(from, anchor), end])?;
                    // A steep line leaves the curves on its other side.
                    let (shift, side) =
                        if to < last { (-0.02, HPos::Right) } else { (0.01, HPos::Left) };
                    let beside = (end.0 + shift * width, end.1);
                    let written = typeset(&slope.to_string());
                    frame::label(chart, beside, (side, VPos::Center), &written)?;
                }
            }
        }
        Ok(())
    }

    /// Where the curves begin: the first place, and the median of the values there.
    fn left_end(&self) -> Option<(f64, f64)> {
        if let Some(first) = self.bands.first() {
            return Some((first.at, first.quantiles[2]));
        }
        let mut firsts: Vec<(f64, f64)> =
            self.singles.iter().filter_map(|curve| curve.points.first().copied()).collect();
        firsts.sort_unstable_by(|one, other| one.1.total_cmp(&other.1));
        let from = firsts.iter().map(|first| first.0).fold(f64::INFINITY, f64::min);
        firsts.get(firsts.len() / 2).map(|first| (from, first.1))
    }
}

/// The areas between the quantiles, and the median.
fn bands(chart: &mut Chart<'_, '_>, bands: &[Band]) -> Drawn {
    let through = |of: usize| bands.iter().map(move |band| (band.at, band.quantiles[of]));
    for (low, high) in [(0, 4), (1, 3)] {
        area(chart, BLUE, through(low).chain(through(high).rev()).collect())?;
    }
    line(chart, MEDIAN, through(2).collect())
}

/// Seconds along the top, where the axis from left to right counts samples.
fn seconds(chart: &mut Chart<'_, '_>, panel: &Panel, rate: f64) -> Drawn {
    let (across, up, shift) = (&panel.across, &panel.up, rate.log10());
    let ticks = Axis::logarithmic(across.low - shift, across.high - shift, "").ticks;
    let height = 0.02 * (up.high - up.low);
    let room = across.low + 0.05 * (across.high - across.low);
    for (at, written) in ticks.iter().map(|(at, written)| (at + shift, written)) {
        if at < room {
            continue;
        }
        thin(chart, GREY, vec![(at, up.high), (at, up.high - height)])?;
        frame::label(chart, (at, up.high - 1.4 * height), (HPos::Center, VPos::Top), written)?;
    }
    Ok(())
}

/// A name that fits the legend.
fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['\u{2026}']).collect()
}

//! What was found against the setting that varies: points for cells, a line through their means.
//!
//! Place in the flow: series of (setting, value) -> one panel each.

use super::frame::{Look, Panel, line, points, reference};
use super::ticks::{Axis, range, upwards};
use crate::error::Result;
use crate::report::figures::look;

/// A setting that spans this factor has a logarithmic axis.
const WIDE: f64 = 8.0;
/// Values of the setting that have a tick each; of more, round values have.
const MOST_TICKS: usize = 10;
/// Ticks stand no nearer to each other than this share of the axis.
const ROOM: f64 = 0.06;

/// One series: its words in the legend, and a point per cell.
pub(in crate::report) type Series<'a> = (&'a str, Vec<(f64, f64)>);

/// One panel before it is drawn.
pub(in crate::report) struct Against<'a> {
    /// The setting's name.
    pub setting: &'a str,
    /// What is drawn, with its unit.
    pub name: &'a str,
    /// What the panel shows, for those who cannot see it.
    pub description: &'a str,
    pub series: Vec<Series<'a>>,
    /// Values that are marked by a level line and belong to the range.
    pub marked: &'a [f64],
}

impl Against<'_> {
    /// The panel; `None` where there is no finite point.
    pub fn panel(self) -> Result<Option<String>> {
        let finite = |point: &(f64, f64)| point.0.is_finite() && point.1.is_finite();
        let series: Vec<(Look, Series<'_>)> = (self.series.into_iter().enumerate())
            .map(|(place, (words, mut points))| {
                points.retain(finite);
                (look(place), (words, points))
            })
            .filter(|(_, (_, points))| !points.is_empty())
            .collect();
        let all = || series.iter().flat_map(|(_, (_, points))| points.iter().copied());
        let values = all().map(|point| point.1);
        let marked = self.marked.iter().copied();
        let Some((bottom, top)) = range(values.chain(marked), 0.08, 0.1) else { return Ok(None) };
        let Some((across, logarithmic)) = across(self.setting, all().map(|point| point.0)) else {
            return Ok(None);
        };
        let placed = |at: f64| if logarithmic { at.log10() } else { at };
        let legend = series.iter().map(|(look, (words, _))| (*look, (*words).to_owned()));
        let legend: Vec<(Look, String)> = legend.collect();
        let panel = Panel {
            size: (380, 272 + 18 * legend.len() as i32),
            description: format!("{} against {}", self.description, self.setting),
            up: upwards((bottom, top), false, self.name),
            across,
            legend,
        };
        let drawn = panel.draw(|chart| {
            for &level in self.marked {
                reference(chart, [(panel.across.low, level), (panel.across.high, level)])?;
            }
            for (look, (_, found)) in &series {
                let means = means(found).into_iter().map(|(at, mean)| (placed(at), mean)).collect();
                line(chart, *look, means)?;
                let found: Vec<_> = found.iter().map(|&(at, value)| (placed(at), value)).collect();
                points(chart, *look, &found)?;
            }
            Ok(())
        })?;
        Ok(Some(drawn))
    }
}

/// The mean value at each place, from left to right.
pub(in crate::report) fn means(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = points.to_vec();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mean =
        |group: &[(f64, f64)]| group.iter().map(|point| point.1).sum::<f64>() / group.len() as f64;
    points.chunk_by(|one, other| one.0 == other.0).map(|group| (group[0].0, mean(group))).collect()
}

/// The setting's axis and whether it is logarithmic, with a tick at each value where there is room.
fn across(setting: &str, values: impl Iterator<Item = f64>) -> Option<(Axis, bool)> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let (first, last) = (*values.first()?, *values.last()?);
    let logarithmic = first > 0.0 && last / first >= WIDE;
    let placed = |at: f64| if logarithmic { at.log10() } else { at };
    let (low, high) = range(values.iter().map(|&at| placed(at)), 0.04, 0.5)?;
    let near = |pair: &[f64]| placed(pair[1]) - placed(pair[0]) < ROOM * (high - low);
    if values.len() <= MOST_TICKS && !values.windows(2).any(near) {
        let ticks = values.iter().map(|&at| (placed(at), at.to_string())).collect();
        return Some((Axis { low, high, ticks, name: setting.to_owned() }, logarithmic));
    }
    let axis = if logarithmic {
        Axis::logarithmic(low, high, setting)
    } else {
        Axis::linear(low, high, 7, setting)
    };
    Some((axis, logarithmic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_tick_each_on_a_logarithmic_axis() {
        let (axis, logarithmic) =
            across("model.hidden", [8.0, 2.0, 2.0, 512.0, 60.0].into_iter()).expect("an axis");
        assert!(logarithmic);
        let written: Vec<&str> = axis.ticks.iter().map(|tick| tick.1.as_str()).collect();
        assert_eq!(written, ["2", "8", "60", "512"]);
        let (_, logarithmic) = across("seed", [1.0, 2.0].into_iter()).expect("an axis");
        assert!(!logarithmic);
    }

    #[test]
    fn a_line_goes_through_the_means() {
        let points = [(2.0, 1.0), (1.0, 5.0), (2.0, 3.0)];
        assert_eq!(means(&points), [(1.0, 5.0), (2.0, 2.0)]);
    }
}

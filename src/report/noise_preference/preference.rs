//! Figures of what networks prefer: loss against test noise, preferred against training noise, bias
//! and variance, and the course of training.
//!
//! Place in the flow: kinds and groups -> sections of the page.

use super::kinds::Kind;
use super::parts::{between, captioned, headed, panels};
use crate::analysis::noise::Site;
use crate::analysis::noise::preference::Estimate;
use crate::datasets::tasks::Name;
use crate::error::Result;
use crate::experiments::noise_preference::found::{Group, Network, Outcome, Point};
use crate::report::figures::against::means;
use crate::report::figures::plot::{Plot, Series, Style, grey};

/// The axis of test noise.
pub(super) const MULTIPLES: &str = "test noise / training noise";
/// Points of both sites at one training noise stand this share of the axis apart.
const APART: f64 = 0.008;

/// A part of the loss: its name, its line, where it stands.
type Part = (&'static str, Style, fn(&Point) -> f64);

/// What is said of networks trained without noise, where figures show them.
pub(super) fn without(kinds: &[Kind<'_>]) -> &'static str {
    if kinds.iter().any(|kind| kind.level == 0.0) {
        " For networks trained without noise it is in units of the smallest training noise above 0."
    } else {
        ""
    }
}

/// Preferred against training noise, and how much worse networks are without noise.
pub(super) fn preferred(outcome: &Outcome) -> Result<String> {
    let mut tasks: Vec<Name> = outcome.groups.iter().map(|group| group.task).collect();
    tasks.dedup();
    let (mut preferred, mut gains) = (Vec::new(), Vec::new());
    for task in tasks {
        let groups: Vec<&Group> =
            outcome.groups.iter().filter(|group| group.task == task).collect();
        let panel = Plot {
            description: format!(
                "Task {task}: preferred against training noise, with intervals over networks; \
                 dashed where they are equal"
            ),
            across: "training noise s",
            up: "preferred test noise",
            series: by_site(&groups, |group| group.preferred),
            diagonal: true,
            ..Plot::default()
        };
        preferred.extend(panel.panel()?.map(|svg| headed(task.name(), &svg)));
        let panel = Plot {
            description: format!(
                "Task {task}: loss without noise over loss at the preferred noise, against \
                 training noise"
            ),
            across: "training noise s",
            up: "loss(0) / loss(preferred)",
            series: by_site(&groups, |group| group.gain),
            levels: &[1.0],
            within: &[1.1],
            logarithmic: true,
            ..Plot::default()
        };
        gains.extend(panel.panel()?.map(|svg| headed(task.name(), &svg)));
    }
    let points = "Points: means over networks; upright lines: 95 % intervals over networks. Both \
         sites stand a little apart.";
    let first = format!(
        "Preferred noise, the level of least loss, against training noise. {points} Dashed: \
         preferred is training noise."
    );
    let second = format!(
        "How much greater the loss without noise is than the least loss: 1 (dashed) where no \
         noise is better than some, never below. {points}"
    );
    let lead = "How much worse networks are without noise:";
    Ok(captioned("wide", &preferred, &first) + &between(lead, captioned("wide", &gains, &second)))
}

/// An estimate of every group against its training noise, a series per site.
fn by_site(groups: &[&Group], value: impl Fn(&Group) -> Option<Estimate>) -> Vec<Series> {
    let highest = groups.iter().map(|group| group.level).fold(0.0, f64::max);
    let apart = APART * if highest > 0.0 { highest } else { 1.0 };
    let of = |(site, shift, colour, style): (Site, f64, usize, Style)| {
        let of_site = groups.iter().filter(|group| group.site == site);
        let found: Vec<(f64, Estimate)> =
            of_site.filter_map(|group| Some((group.level + shift, value(group)?))).collect();
        let points = found.iter().map(|(level, found)| (*level, found.value)).collect();
        let interval = |(level, found): &(f64, Estimate)| Some((*level, found.interval?));
        Series {
            intervals: found.iter().filter_map(interval).collect(),
            ..Series::new(&format!("noise {site}"), colour, style, points)
        }
    };
    [(Site::Inside, -apart, 0, Style::Dots), (Site::Outside, apart, 1, Style::Rings)]
        .into_iter()
        .map(of)
        .filter(|series| !series.points.is_empty())
        .collect()
}

/// Loss against test noise, a panel per task and site, a curve per training noise; scores below.
pub(super) fn losses(outcome: &Outcome, kinds: &[Kind<'_>]) -> Result<String> {
    let losses = panels(kinds, |kinds, heading| Plot {
        description: format!(
            "{heading}: loss against test noise, means over networks, {}; the least loss of each \
             curve has a ring",
            kinds.iter().map(Kind::words).collect::<Vec<_>>().join(", ")
        ),
        across: MULTIPLES,
        up: "loss (mean squared error)",
        series: curves(kinds, |point| point.loss, true),
        uprights: &[1.0],
        logarithmic: true,
        ..Plot::default()
    })?;
    let caption = format!(
        "Thick lines: means over networks; thin lines: networks; rings: the least of each mean. \
         Test noise in units of the training noise, which the dashed line marks.{}",
        without(kinds)
    );
    let mut scored = Vec::new();
    for about in &outcome.tasks {
        let Some(measure) = &about.measure else { continue };
        let of_task = kinds.iter().position(|kind| kind.task == about.task);
        let Some(first) = of_task else { continue };
        let many = kinds[first..].iter().take_while(|kind| kind.task == about.task).count();
        scored.extend(panels(&kinds[first..first + many], |kinds, heading| Plot {
            description: format!("{heading}: {measure} against test noise, means over networks"),
            across: MULTIPLES,
            up: measure,
            series: curves(kinds, |point| point.score.unwrap_or(f64::NAN), false),
            uprights: &[1.0],
            ..Plot::default()
        })?);
    }
    let scores = "The score of tasks that have one, as the loss above.";
    let lead = "Tasks with a score beside the loss:";
    Ok(captioned("wide", &losses, &caption) + &between(lead, captioned("wide", &scored, scores)))
}

/// A value of the points: networks as thin lines where there are several, their mean as a line, and
/// a ring at its least.
fn curves(kinds: &[Kind<'_>], value: fn(&Point) -> f64, least: bool) -> Vec<Series> {
    let mut series = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.networks.len() > 1) {
        for curve in kind.curves(value) {
            series.push(Series::new("", kind.colour, Style::Thin, curve));
        }
    }
    for kind in kinds {
        let mean = kind.mean_curve(value);
        let finite = mean.iter().copied().filter(|point| point.1.is_finite());
        let lowest = finite.min_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| least);
        series.push(Series::new(&kind.words(), kind.colour, Style::Line, mean));
        series.push(Series::new("", kind.colour, Style::Rings, lowest.into_iter().collect()));
    }
    series
}

/// The two parts of the loss against test noise.
pub(super) fn parts(kinds: &[Kind<'_>]) -> Result<String> {
    let parts: [Part; 2] = [
        ("bias²", Style::Line, |point| point.bias),
        ("variance", Style::Dashed, |point| point.variance),
    ];
    let panels = panels(kinds, |kinds, heading| {
        let sample =
            |(name, style, _): &(&str, Style, _)| Series::new(name, grey(), *style, Vec::new());
        let mut series: Vec<Series> = parts.iter().map(sample).collect();
        for kind in kinds.iter().filter(|kind| kind.level > 0.0) {
            for (name, style, value) in parts {
                let words = if name == "variance" { String::new() } else { kind.words() };
                series.push(Series::new(&words, kind.colour, style, kind.mean_curve(value)));
            }
        }
        Plot {
            description: format!(
                "{heading}: bias² and variance of the output against test noise, means over \
                 networks"
            ),
            across: MULTIPLES,
            up: "part of the loss",
            series,
            uprights: &[1.0],
            logarithmic: true,
            ..Plot::default()
        }
    })?;
    let caption = "The loss is bias² (of the mean output; lines) plus variance (about it; dashed), \
         means over networks. What is 0, as the variance without noise, is not drawn on a \
         logarithmic axis. The upright dashed line marks the training noise.";
    Ok(captioned("wide", &panels, caption))
}

/// Validation loss over the epochs, a panel per task and site.
pub(super) fn training(kinds: &[Kind<'_>]) -> Result<String> {
    let course = |network: &&Network| {
        let epochs = network.course.iter().enumerate();
        epochs.map(|(at, losses)| (at as f64 + 1.0, losses[1])).collect::<Vec<_>>()
    };
    let of_kind = |kind: &Kind<'_>| {
        let all = means(&kind.networks.iter().flat_map(course).collect::<Vec<_>>());
        let style = if all.len() > 1 { Style::Line } else { Style::Dots };
        Series::new(&kind.words(), kind.colour, style, all)
    };
    let panels = panels(kinds, |kinds, heading| Plot {
        description: format!(
            "{heading}: loss on fresh trials at the training noise over the epochs, means over \
             networks"
        ),
        across: "epoch",
        up: "loss at training noise",
        series: kinds.iter().map(of_kind).collect(),
        logarithmic: true,
        whole: true,
        ..Plot::default()
    })?;
    let caption = "Loss on trials that were not trained on, at the training noise, after every \
         epoch; means over networks.";
    Ok(captioned("wide", &panels, caption))
}

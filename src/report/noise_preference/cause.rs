//! Why networks prefer what they prefer: the shift of the fixed points, simulated and by the moment
//! closure, single units, distances from the nonlinearity.
//!
//! Place in the flow: kinds -> sections of the page. Closure: the Gaussian moment closure of mean
//! and covariance; without feedback: a unit whose input does not move with the others.

use super::findings;
use super::kinds::{Kind, level_of, mean, or_none, place};
use super::parts::{between, captioned, headed, panels, sentence};
use super::preference::{MULTIPLES, without};
use crate::analysis::noise::Site;
use crate::error::Result;
use crate::experiments::noise_preference::found::{Outcome, Stationary};
use crate::report::figures::against::Against;
use crate::report::figures::plot::{Plot, Series, Style};
use crate::report::html::tables::{headings, number, table};
use crate::report::markup::Escaped;
use crate::report::numbers::fixed;

/// Shifts that are drawn per panel, of one network.
const DRAWN: usize = 200;

/// Points that make a panel of shifts; fewer stand in the table.
const FEWEST: usize = 3;

/// A value of the states, simulated and by the closure.
type Pair = (fn(&Stationary) -> Option<f64>, fn(&Stationary) -> Option<f64>);

/// The shift: a table, unit by unit against theory, and against noise.
pub(super) fn shifts(kinds: &[Kind<'_>]) -> Result<String> {
    if kinds.iter().all(|kind| kind.trained().is_empty()) {
        return Ok(String::new());
    }
    let scatter = scatter(kinds)?;
    let caption = "Shift of the means of single units under single inputs from those without \
         noise, at the largest training noise of the first network of a kind; dashed: theory is \
         right. Dots: the moment closure. Triangles: a unit whose input stays where it is without \
         noise. Where these two differ, feedback carries the shift on.";
    let units: Pair = (|one| Some(one.shift), |one| one.shift_closure);
    let outputs: Pair = (|one| Some(one.output), |one| one.output_closure);
    let of_units = against_noise(kinds, units, "rms shift of units' means")?;
    let of_outputs = against_noise(kinds, outputs, "rms shift of outputs' means")?;
    let lines = format!(
        "Dots: simulated; lines: moment closure; means over networks. A simulated shift holds the \
         sampling error of a mean, too. Left out: levels at which the closure finds no state.{}",
        without(kinds)
    );
    Ok(sentence(findings::shifts(kinds))
        + &captioned("wide", &scatter, caption)
        + &between("The units' shift against noise:", captioned("wide", &of_units, &lines))
        + &between("The outputs' shift against noise:", captioned("wide", &of_outputs, &lines))
        + &between("At the training noise:", at_training(kinds)))
}

fn scatter(kinds: &[Kind<'_>]) -> Result<Vec<String>> {
    let mut panels = Vec::new();
    for kind in findings::loudest(kinds) {
        let Some(mechanism) = kind.mechanisms().find(|one| one.shifts.len() >= FEWEST) else {
            continue;
        };
        let stride = mechanism.shifts.len().div_ceil(DRAWN).max(1);
        let against = |theory: usize| {
            let shifts = mechanism.shifts.iter().step_by(stride);
            shifts.map(|shift| (shift[theory], shift[0])).collect::<Vec<_>>()
        };
        let heading = format!("{}, s = {}", place(kind.task, kind.site), level_of(kind.level));
        let panel = Plot {
            description: format!(
                "{heading}: simulated shift of units' means against that of the moment closure, \
                 and of units without feedback; dashed where they are equal"
            ),
            across: "shift by theory",
            up: "shift, simulated",
            series: vec![
                Series::new("without feedback", 1, Style::Triangles, against(2)),
                Series::new("moment closure", 0, Style::Dots, against(1)),
            ],
            diagonal: true,
            ..Plot::default()
        };
        panels.extend(panel.panel()?.map(|svg| headed(&heading, &svg)));
    }
    Ok(panels)
}

/// A value against noise, a panel per task and site, simulated and by the closure.
fn against_noise(kinds: &[Kind<'_>], (value, closure): Pair, name: &str) -> Result<Vec<String>> {
    panels(kinds, |kinds, heading| {
        let mut series = Vec::new();
        for kind in kinds {
            let (line, dots) = (kind.stationary(closure), kind.stationary(value));
            series.push(Series::new("", kind.colour, Style::Line, line));
            series.push(Series::new(&kind.words(), kind.colour, Style::Dots, dots));
        }
        series.retain(|one| !one.points.is_empty());
        Plot {
            description: format!(
                "{heading}: {name} against test noise, simulated as dots, by the moment closure \
                 as lines"
            ),
            across: MULTIPLES,
            up: name,
            series,
            uprights: &[1.0],
            ..Plot::default()
        }
    })
}

/// Shift and variance at the training noise, kind by kind.
fn at_training(kinds: &[Kind<'_>]) -> String {
    let line = |kind: &Kind<'_>| {
        let states = kind.trained();
        if states.is_empty() || kind.level == 0.0 {
            return String::new();
        }
        let over = |value: &dyn Fn(&Stationary) -> Option<f64>| {
            mean(states.iter().filter_map(|one| value(one)))
        };
        let agree = over(&|one| one.agree);
        let figures = [
            level_of(kind.level),
            or_none(over(&|one| Some(one.shift))),
            or_none(over(&|one| one.shift_closure)),
            or_none(over(&|one| Some(one.output))),
            or_none(over(&|one| one.output_closure)),
            or_none(over(&|one| Some(one.variance))),
            or_none(over(&|one| one.variance_closure)),
            agree.map_or_else(|| or_none(None), |share| format!("{} %", fixed(100.0 * share, 1))),
        ];
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td>{}</tr>\n",
            kind.task,
            kind.site,
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let body: String = kinds.iter().map(line).collect();
    if body.is_empty() {
        return String::new();
    }
    let figures = [
        "s",
        "units\u{2019} shift",
        "closure",
        "outputs\u{2019} shift",
        "closure",
        "units\u{2019} variance",
        "closure",
        "means that agree",
    ];
    let caption = "Means over networks at the training noise s: root mean square shift of the \
         means of units and of outputs, mean variance of units, each beside the moment closure; \
         and the share of units\u{2019} means within 4 standard errors of it";
    let headings = headings(&["task", "noise"], &figures);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// Distances from the nonlinearity against training noise, inside and outside.
pub(super) fn distances(outcome: &Outcome, kinds: &[Kind<'_>]) -> Result<String> {
    let mut found = Vec::new();
    let mut tasks: Vec<_> = kinds.iter().map(|kind| kind.task).collect();
    tasks.dedup();
    let names = [Site::Inside, Site::Outside].map(|site| format!("noise {site}"));
    for task in tasks {
        let of = |(name, site): (&'_ String, Site)| {
            let of_site = kinds.iter().filter(move |kind| (kind.task, kind.site) == (task, site));
            let points = of_site.flat_map(|kind| {
                let distances = kind.mechanisms().filter_map(|one| one.distance);
                distances.map(|one| (kind.level, one.median)).collect::<Vec<_>>()
            });
            (name.clone(), points.collect::<Vec<_>>())
        };
        let series: Vec<_> = names.iter().zip([Site::Inside, Site::Outside]).map(of).collect();
        let description = format!(
            "Task {task}: median distance of units' arguments from the nonlinearity, in standard \
             deviations of the noise, with noise inside and outside"
        );
        let panel = Against {
            setting: "training noise s",
            name: "median distance / s",
            description: &description,
            series: series.iter().map(|(name, points)| (name.as_str(), points.clone())).collect(),
            marked: &[],
        };
        found.extend(panel.panel()?.map(|svg| headed(task.name(), &svg)));
    }
    let caption = "Median over units and inputs of the distance of a unit\u{2019}s mean argument \
         from where the nonlinearity bends most, in units of the training noise. Points: networks; \
         lines: their means.";
    let table = within(kinds);
    if found.is_empty() && table.is_empty() {
        return Ok(String::new());
    }
    Ok(sentence(findings::distances(outcome))
        + &captioned("wide", &found, caption)
        + &between("The same, with the share of units near the bend:", table))
}

fn within(kinds: &[Kind<'_>]) -> String {
    let line = |kind: &Kind<'_>| {
        let distances: Vec<_> = kind.mechanisms().filter_map(|one| one.distance).collect();
        let Some(median) = mean(distances.iter().map(|one| one.median)) else {
            return String::new();
        };
        let within = mean(distances.iter().map(|one| one.within));
        let within = within.map(|share| format!("{} %", fixed(100.0 * share, 1)));
        let figures =
            [level_of(kind.level), or_none(Some(median)), within.unwrap_or_else(|| or_none(None))];
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td>{}</tr>\n",
            Escaped(kind.task.name()),
            kind.site,
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let body: String = kinds.iter().map(line).collect();
    if body.is_empty() {
        return String::new();
    }
    let caption = "Distance from the nonlinearity in units of the training noise s, and the share \
         of units within one s of it; means over networks. Without training noise: in units of the \
         smallest s above 0";
    let headings = headings(&["task", "noise"], &["s", "median distance", "within s"]);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

//! Why networks prefer what they prefer: the shift of the fixed points, simulated and by the moment
//! closure, single units, distances from the nonlinearity.
//!
//! Place in the flow: kinds -> sections of the page. Closure: the Gaussian moment closure of mean
//! and covariance; without feedback: a unit whose input does not move with the others.

use super::findings;
use super::kinds::{Kind, Shift, level_of, mean, or_none, place};
use super::parts::{between, captioned, headed, panels, sentence};
use super::preference::{MULTIPLES, without};
use crate::analysis::noise::Site;
use crate::analysis::noise::distance::Distances;
use crate::error::Result;
use crate::experiments::noise_preference::found::{Distance, Stationary};
use crate::report::figures::against::Against;
use crate::report::figures::plot::{Plot, Series, Style};
use crate::report::html::tables::{headings, number, table};
use crate::report::markup::Escaped;
use crate::report::numbers::{fixed, percent};

/// Shifts that are drawn per panel, of one network.
const DRAWN: usize = 200;

/// Points that make a panel of shifts; fewer stand in the table.
const FEWEST: usize = 3;

/// The shift: a table, unit by unit against theory, and against noise.
pub(super) fn shifts(kinds: &[Kind<'_>]) -> Result<String> {
    if kinds.iter().all(|kind| kind.trained().is_empty()) {
        return Ok(String::new());
    }
    let scatter = scatter(kinds)?;
    let caption = "Shift of the means of single units under single inputs from those without \
         noise, at the largest training noise of the first network of a kind; dashed: theory is \
         right. Dots: the moment closure. Triangles: a unit whose input stays where it is without \
         noise. Where these two differ, feedback carries the shift on. A simulated shift of a \
         single unit has the sampling error of its mean in it.";
    let of_units = against_noise(kinds, Shift::OfUnits, "rms shift of units' means")?;
    let of_outputs = against_noise(kinds, Shift::OfOutputs, "rms shift of outputs' means")?;
    let lines = format!(
        "Dots: simulated, with one standard error up and down; lines: moment closure; means over \
         networks. What the sampling error of means adds is taken off the simulated shift. Left \
         out: levels at which the closure finds no state.{}",
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

/// A shift against noise, a panel per task and site, simulated and by the closure.
fn against_noise(kinds: &[Kind<'_>], shift: Shift, name: &str) -> Result<Vec<String>> {
    panels(kinds, |kinds, heading| {
        let mut series = Vec::new();
        for kind in kinds {
            let line = kind.stationary(|one| shift.of(one).2);
            let dots = kind.stationary(|one| Some(shift.of(one).0));
            let squares = kind.stationary(|one| Some(shift.of(one).1?.powi(2)));
            let many = kind.mechanisms().count() as f64;
            let ends = |(&(at, value), (_, square)): (&(f64, f64), (f64, f64))| {
                let error = (square / many).sqrt();
                (at, [(value - error).max(0.0), value + error])
            };
            let intervals = dots.iter().zip(squares).map(ends).collect();
            series.push(Series::new("", kind.colour, Style::Line, line));
            let dots = Series::new(&kind.words(), kind.colour, Style::Dots, dots);
            series.push(Series { intervals, ..dots });
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
        let [units, outputs] = [Shift::OfUnits, Shift::OfOutputs].map(|shift| {
            shift.words(&states).map_or_else(
                || [or_none(None), or_none(None)],
                |(simulated, closure)| [simulated, or_none(closure)],
            )
        });
        let ([units, by_units], [outputs, by_outputs]) = (units, outputs);
        let figures = [
            level_of(kind.level),
            units,
            by_units,
            outputs,
            by_outputs,
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
         means of units and of outputs with the standard error of the simulation, mean variance \
         of units, each beside the moment closure; and the share of units\u{2019} means within 4 \
         standard errors of it";
    let headings = headings(&["task", "noise"], &figures);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// Standard deviations that a distance is given in: as the axis has them, and the distances.
type Measure = (&'static str, &'static str, fn(&Distance) -> Option<Distances>);

const MEASURES: [Measure; 2] = [
    ("median distance / s", "the noise", |one| Some(one.in_noise)),
    ("median distance / \u{221a}v", "the arguments", |one| one.in_deviations),
];

/// Distances from the nonlinearity against training noise, inside and outside.
pub(super) fn distances(kinds: &[Kind<'_>]) -> Result<String> {
    let mut found = Vec::new();
    let mut tasks: Vec<_> = kinds.iter().map(|kind| kind.task).collect();
    tasks.dedup();
    let sites = [Site::Inside, Site::Outside];
    let names = sites.map(|site| format!("noise {site}"));
    for task in tasks {
        for (name, deviations, measure) in MEASURES {
            let of = |site: Site| {
                let of_site =
                    kinds.iter().filter(move |kind| (kind.task, kind.site) == (task, site));
                let points = of_site.flat_map(|kind| {
                    let distances = kind.distances();
                    let medians = distances.iter().filter_map(|one| Some(measure(one)?.median));
                    medians.map(|median| (kind.level, median)).collect::<Vec<_>>()
                });
                points.collect::<Vec<_>>()
            };
            let description = format!(
                "Task {task}: median distance of units' arguments from the nonlinearity, in \
                 standard deviations of {deviations}, with noise inside and outside"
            );
            let panel = Against {
                setting: "training noise s",
                name,
                description: &description,
                series: names.iter().map(String::as_str).zip(sites.map(of)).collect(),
                marked: &[],
            };
            found.extend(panel.panel()?.map(|svg| headed(task.name(), &svg)));
        }
    }
    let caption = "Median distance of a unit\u{2019}s mean argument from where the nonlinearity \
         bends most, over units and over the steps and trials of the test that count; in units of \
         the training noise s, and of the argument\u{2019}s own standard deviation \u{221a}v, noise \
         inside included. Noise outside never enters an argument: there \u{221a}v, what the other \
         units\u{2019} noise leaves of it, is what a unit reaches; arguments that do not vary are \
         left out there. Points: networks; lines: their means.";
    let table = within(kinds);
    if found.is_empty() && table.is_empty() {
        return Ok(String::new());
    }
    Ok(sentence(findings::distances(kinds))
        + &captioned("wide", &found, caption)
        + &between("The same, with the share of units near the bend:", table))
}

fn within(kinds: &[Kind<'_>]) -> String {
    let line = |kind: &Kind<'_>| {
        let distances = kind.distances();
        if distances.is_empty() {
            return String::new();
        }
        let mut figures = vec![level_of(kind.level)];
        for (_, _, measure) in MEASURES {
            let found: Vec<Distances> = distances.iter().filter_map(measure).collect();
            let within = mean(found.iter().map(|one| one.within));
            figures.push(or_none(mean(found.iter().map(|one| one.median))));
            figures.push(within.map_or_else(|| or_none(None), percent));
        }
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
    let caption = "Median distance from the nonlinearity in units of the training noise s and of \
         the argument\u{2019}s standard deviation \u{221a}v, and the share of units and steps within \
         one of them; means over networks. Without training noise: at the smallest s above 0, and \
         in units of it";
    let figures = ["s", "distance / s", "within s", "distance / \u{221a}v", "within \u{221a}v"];
    let headings = headings(&["task", "noise"], &figures);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

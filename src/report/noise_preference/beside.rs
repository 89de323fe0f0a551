//! What stands beside preferences: the exact neuron, walks through the maze, stochastic resonance,
//! theory against simulation.
//!
//! Place in the flow: outcome and kinds -> sections of the page.

use super::findings::{self, deviation};
use super::kinds::{Kind, NEAR, digits, level_of, or_none, place, short};
use super::parts::{between, captioned, headed, sentence};
use super::preference::{MULTIPLES, without};
use crate::error::Result;
use crate::experiments::noise_preference::found::{Check, MazeDrawing, Network, Outcome, Walks};
use crate::report::figures::against::means;
use crate::report::figures::plan::Plan;
use crate::report::figures::plot::{Plot, Series, Style};
use crate::report::html::tables::{headings, number, table};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::numbers::{fixed, percent};

/// A quantity of walks: its name and where it stands.
type Quantity = (&'static str, fn(&Walks) -> Option<f64>);

/// The trained regulators beside the best neuron.
pub(super) fn neurons(outcome: &Outcome) -> String {
    let line = |network: &Network| {
        let Some(neuron) = network.neuron else { return String::new() };
        let figures = [
            level_of(network.level),
            network.seed.to_string(),
            fixed(neuron.trained[0], 3),
            fixed(neuron.trained[1], 3),
            fixed(neuron.best[0], 3),
            fixed(neuron.best[1], 3),
            digits(neuron.loss),
            digits(neuron.best_loss),
            fixed(neuron.preferred / network.level, 3),
            fixed(neuron.best_preferred / network.level, 3),
        ];
        let figures: String = figures.iter().map(|figure| number(figure)).collect();
        format!("<tr><th scope=\"row\">{}</th>{figures}</tr>\n", network.site)
    };
    let body: String = outcome.networks.iter().map(line).collect();
    if body.is_empty() {
        return String::new();
    }
    let figures = [
        "s",
        "seed",
        "w",
        "b",
        "best w",
        "best b",
        "loss",
        "least loss",
        "preferred / s",
        "of the best",
    ];
    let caption = "Trained neurons beside the best neuron at their training noise s: weight to \
         itself and bias, stationary loss at s, preferred over training noise; all worked out from \
         the stationary law, without simulation";
    let table =
        table(caption, &headings(&["noise"], &figures), &format!("<tbody>\n{body}</tbody>\n"));
    sentence(findings::neurons(outcome)) + &table
}

/// Walls and paths at no noise and at the training noise, and how walks go against noise.
pub(super) fn maze(outcome: &Outcome, kinds: &[Kind<'_>]) -> Result<String> {
    let mut drawn = Vec::new();
    if let Some(maze) = &outcome.maze {
        for kind in findings::loudest(kinds) {
            let walked = kind.networks.iter().find(|network| !network.walks.is_empty());
            drawn.extend(walked.into_iter().flat_map(|network| plans(maze, kind, network)));
        }
    }
    let caption = "The first walks of the first network trained with noise inside and outside at \
         the largest training noise, tested without noise and at it. Dots: starts, the same in \
         all; disc: goal.";
    let walking: Vec<&Kind<'_>> =
        kinds.iter().filter(|kind| kind.networks.iter().any(|one| !one.walks.is_empty())).collect();
    let mut lines = Vec::new();
    let values: [Quantity; 3] = [
        ("walks that reach the goal (%)", |walks| Some(100.0 * walks.reached)),
        ("path length / shortest way", |walks| walks.length),
        ("collisions per walk", |walks| Some(walks.collisions)),
    ];
    for (name, value) in values {
        for kinds in walking.chunk_by(|one, next| one.site == next.site) {
            let heading = place(kinds[0].task, kinds[0].site);
            let series = |kind: &&Kind<'_>| {
                let of = |walks: &Walks| Some((walks.noise / kind.unit, value(walks)?));
                let all = kind.networks.iter().flat_map(|network| network.walks.iter());
                let course = means(&all.filter_map(of).collect::<Vec<_>>());
                Series::new(&kind.words(), kind.colour, Style::Dotted, course)
            };
            let panel = Plot {
                description: format!("{heading}: {name} against test noise, means over networks"),
                across: MULTIPLES,
                up: name,
                series: kinds.iter().map(series).collect(),
                uprights: &[1.0],
                ..Plot::default()
            };
            lines.extend(panel.panel()?.map(|svg| headed(&heading, &svg)));
        }
    }
    let against = format!(
        "Walks in closed loop against test noise, means over networks; the path length is that of \
         walks that reach the goal. The dashed line marks the training noise.{}",
        without(kinds)
    );
    if drawn.is_empty() && lines.is_empty() {
        return Ok(String::new());
    }
    Ok(sentence(findings::walks(kinds))
        + &captioned("small", &drawn, caption)
        + &between("Walks against noise:", captioned("wide", &lines, &against)))
}

/// A plan for every noise level whose paths were kept.
fn plans(maze: &MazeDrawing, kind: &Kind<'_>, network: &Network) -> Vec<String> {
    let kept = network.walks.iter().filter(|walks| !walks.paths.is_empty());
    let plan = |walks: &Walks| {
        let at = match walks.noise {
            0.0 => "without noise".to_owned(),
            noise => format!("at s = {}", short(noise)),
        };
        let heading = format!("{}, {}", kind.site, at.replace("without", "no"));
        let description = format!(
            "The maze with {} walks of a network trained with noise {} at s = {}, tested {at}; {} \
             of all its walks reach the goal",
            walks.paths.len(),
            kind.site,
            level_of(kind.level),
            percent(walks.reached)
        );
        let plan = Plan {
            description: &description,
            size: maze.size,
            walls: &maze.walls,
            goal: maze.goal,
            paths: &walks.paths,
        };
        Some(headed(&heading, &plan.panel()?))
    };
    kept.filter_map(plan).collect()
}

/// d' against noise of networks trained without it.
pub(super) fn resonance(outcome: &Outcome, kinds: &[Kind<'_>]) -> Result<String> {
    let mut found = Vec::new();
    for kind in kinds {
        let mut series = Vec::new();
        for (at, network) in kind.networks.iter().enumerate() {
            let Some(resonance) = &network.resonance else { continue };
            let detections = resonance.detections.iter();
            let course = detections.filter_map(|one| Some((one.noise, one.d_prime?))).collect();
            let best = resonance.best.and_then(|best| Some((best.noise, best.d_prime?)));
            let words = match best {
                Some((noise, _)) => format!("seed {}, best at s = {}", network.seed, short(noise)),
                None => format!("seed {}", network.seed),
            };
            series.push(Series::new(&words, at, Style::Line, course));
            series.push(Series::new("", at, Style::Rings, best.into_iter().collect()));
        }
        series.retain(|one| !one.points.is_empty());
        let heading = kind.task.name();
        let panel = Plot {
            description: format!(
                "{heading}: detection d' of a weak signal against noise in networks trained \
                 without noise; rings at the best"
            ),
            across: "noise s",
            up: "d\u{2032}",
            series,
            ..Plot::default()
        };
        found.extend(panel.panel()?.map(|svg| headed(heading, &svg)));
    }
    let caption = "How well a signal too weak to bring a unit to its threshold is told from none (d\
         \u{2032} of the mean output), in networks trained without noise and silenced, by noise \
         inside. Rings: the best noise. If the preferred noise of trained networks were stochastic \
         resonance, networks trained without noise would prefer noise, too.";
    if found.is_empty() {
        return Ok(String::new());
    }
    Ok(sentence(findings::resonance(outcome)) + &captioned("wide", &found, caption))
}

/// Closed forms beside their simulation.
pub(super) fn theory(outcome: &Outcome) -> String {
    if outcome.checks.is_empty() {
        return String::new();
    }
    let line = |check: &Check| {
        let deviation = deviation(check);
        let figures = [
            digits(check.theory),
            digits(check.simulated),
            digits(check.error),
            deviation.map_or_else(|| or_none(None), |found| fixed(found, 2)),
        ];
        let word = match deviation {
            Some(found) if found.abs() <= NEAR => "",
            Some(_) => "apart",
            None => "no error known",
        };
        format!(
            "<tr><th scope=\"row\">{}</th>{}<td>{word}</td></tr>\n",
            Escaped(&typeset_prose(&check.what)),
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let body: String = outcome.checks.iter().map(line).collect();
    let figures = ["theory", "simulated", "standard error", "deviation"];
    let headings = headings(&["what"], &figures) + "<th scope=\"col\"></th>";
    let caption = "Closed forms beside this run\u{2019}s simulation; deviation in standard errors";
    sentence(findings::theory(outcome))
        + &table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

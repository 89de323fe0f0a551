//! What was found, in sentences.
//!
//! Place in the flow: outcome -> sentences for text and page. They give figures beside claims and
//! leave the direction to them.

use super::claims::{Verdict, about_one, nothing};
use super::kinds::{Kind, NEAR, Shift, digits, level_of, mean, place, places};
use super::preferences;
use crate::analysis::noise::Site;
use crate::analysis::noise::preference::Estimate;
use crate::experiments::noise_preference::found::{Check, Colour, Group, Network, Outcome};
use crate::report::numbers::{finite, fixed, several};

/// All sentences that there are figures for, in the order of the page.
pub(super) fn sentences(outcome: &Outcome, kinds: &[Kind<'_>]) -> Vec<String> {
    let mut found = preferences(outcome);
    found.extend(shifts(kinds));
    found.extend(distances(kinds));
    found.extend(neurons(outcome));
    found.extend(walks(kinds));
    found.extend(colours(kinds));
    found.extend(resonance(outcome));
    found.extend(theory(outcome));
    found
}

/// Preferred over training noise at one site, task by task, beside the claim.
pub(super) fn preference(outcome: &Outcome, site: Site) -> Option<String> {
    let judge: fn(Estimate) -> Verdict = match site {
        Site::Inside => about_one,
        Site::Outside => nothing,
    };
    let groups: Vec<(&Group, Estimate)> = (outcome.groups.iter())
        .filter(|group| group.site == site && group.level > 0.0)
        .filter_map(|group| Some((group, group.ratio?)))
        .filter(|(_, ratio)| ratio.value.is_finite())
        .collect();
    let by_task = groups.chunk_by(|one, next| one.0.task == next.0.task).map(|groups| {
        let values = groups.iter().map(|(_, ratio)| ratio.value);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        format!("{} {}", groups[0].0.task, span(low, high, 2))
    });
    let by_task: Vec<String> = by_task.collect();
    if by_task.is_empty() {
        return None;
    }
    let verdicts: Vec<Verdict> = groups.iter().map(|(_, ratio)| judge(*ratio)).collect();
    let count = |one: Verdict| verdicts.iter().filter(|verdict| **verdict == one).count();
    let claim = match site {
        Site::Inside => "about 1",
        Site::Outside => "0",
    };
    Some(format!(
        "Noise {site}, preferred over training noise: {} (claimed: {claim}). Of {} of task and \
         training noise the claim is seen in {}, not seen in {}, not clear in {}.",
        by_task.join(", "),
        several(groups.len(), "pair"),
        count(Verdict::Seen),
        count(Verdict::NotSeen),
        count(Verdict::NotClear)
    ))
}

/// `0.90 to 0.98`, or one number where they are written the same.
fn span(low: f64, high: f64, decimals: usize) -> String {
    let [low, high] = [low, high].map(|value| fixed(value, decimals));
    if low == high { low } else { format!("{low} to {high}") }
}

/// The kinds with the largest training noise of their task and site.
pub(super) fn loudest<'k, 'a>(kinds: &'k [Kind<'a>]) -> impl Iterator<Item = &'k Kind<'a>> {
    places(kinds)
        .into_iter()
        .filter_map(|kinds| kinds.iter().max_by(|a, b| a.level.total_cmp(&b.level)))
        .filter(|kind| kind.level > 0.0)
}

/// Fixed-point shifts, simulated and by the closure.
pub(super) fn shifts(kinds: &[Kind<'_>]) -> Option<String> {
    let one = |kind: &Kind<'_>| {
        let states = kind.trained();
        let (simulated, closure) = Shift::OfUnits.words(&states)?;
        let closure = closure.map_or_else(|| "none found".into(), digits);
        Some(format!(
            "{} at s = {}: {simulated} (closure {closure})",
            place(kind.task, kind.site),
            level_of(kind.level)
        ))
    };
    let found: Vec<String> = loudest(kinds).filter_map(one).collect();
    let agree = mean(loudest(kinds).flat_map(Kind::trained).filter_map(|one| one.agree));
    let agree = agree.map_or_else(String::new, |share| {
        format!(
            " {} % of the means lie within {NEAR} standard errors of the closure's.",
            fixed(100.0 * share, 0)
        )
    });
    (!found.is_empty()).then(|| {
        format!(
            "Root mean square shift of units' means by the training noise: {}.{agree}",
            found.join("; ")
        )
    })
}

/// Distances from the nonlinearity, inside against outside.
pub(super) fn distances(kinds: &[Kind<'_>]) -> Option<String> {
    let of_site = |kind: &Kind<'_>| {
        let found = kind.distances();
        let noise = mean(found.iter().map(|one| one.in_noise.median))?;
        let own = mean(found.iter().filter_map(|one| Some(one.in_deviations?.median)));
        let own = own.map_or_else(|| "no spread".into(), digits);
        Some(format!("{} {} ({own})", kind.site, digits(noise)))
    };
    let mut found: Vec<String> = Vec::new();
    let loudest: Vec<&Kind<'_>> = loudest(kinds).collect();
    for kinds in loudest.chunk_by(|one, next| one.task == next.task) {
        let sites: Vec<String> = kinds.iter().filter_map(|kind| of_site(kind)).collect();
        if !sites.is_empty() {
            found.push(format!("{}, {}", kinds[0].task, sites.join(", ")));
        }
    }
    (!found.is_empty()).then(|| {
        format!(
            "Median distance of units' arguments from the nonlinearity at the largest training \
             noise, in units of it (in standard deviations of the argument itself): {}.",
            found.join("; ")
        )
    })
}

/// The trained regulator beside the best.
pub(super) fn neurons(outcome: &Outcome) -> Option<String> {
    let mut found = Vec::new();
    for site in [Site::Inside, Site::Outside] {
        let of_site = || {
            let networks = outcome.networks.iter().filter(move |network| network.site == site);
            networks.filter_map(|network| Some((network.level, network.neuron?)))
        };
        let over = |value: &dyn Fn((f64, _)) -> f64| -> Vec<f64> {
            of_site().map(value).filter(|value| value.is_finite()).collect()
        };
        let losses = over(&|(_, neuron)| neuron.loss / neuron.best_loss);
        let trained = over(&|(level, neuron)| neuron.preferred / level);
        let best = over(&|(level, neuron)| neuron.best_preferred / level);
        let ends = |values: &[f64]| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if values.is_empty() {
                return super::kinds::NONE.into();
            }
            let [low, high] = [low, high].map(digits);
            if low == high { low } else { format!("{low} to {high}") }
        };
        if of_site().next().is_some() {
            found.push(format!(
                "noise {site}: loss {} times the best neuron's, preferred over training noise {} \
                 (of the best neuron: {})",
                ends(&losses),
                ends(&trained),
                ends(&best)
            ));
        }
    }
    (!found.is_empty()).then(|| {
        format!("The regulator beside the best neuron, without simulation: {}.", found.join("; "))
    })
}

/// The maze in closed loop, without noise and at the training noise.
pub(super) fn walks(kinds: &[Kind<'_>]) -> Option<String> {
    let one = |kind: &Kind<'_>| {
        let at = |noise: f64| {
            let near = |network: &&Network| {
                let distance = |noise: &f64, at: f64| (noise - at).abs();
                let walks = network
                    .walks
                    .iter()
                    .min_by(|a, b| distance(&a.noise, noise).total_cmp(&distance(&b.noise, noise)));
                walks.map(|walks| walks.reached)
            };
            mean(kind.networks.iter().filter_map(near))
        };
        let [still, trained] = [at(0.0)?, at(kind.level)?].map(|share| fixed(100.0 * share, 0));
        let (site, level) = (kind.site, level_of(kind.level));
        Some(format!(
            "trained with noise {site} at s = {level}, {still} % without noise and {trained} % at \
             it"
        ))
    };
    let found: Vec<String> = loudest(kinds).filter_map(one).collect();
    (!found.is_empty())
        .then(|| format!("Walks that reach the goal of the maze: {}.", found.join("; ")))
}

/// The colour at the training noise beside a unit without feedback.
pub(super) fn colours(kinds: &[Kind<'_>]) -> Option<String> {
    let one = |kind: &Kind<'_>| {
        let found = colours_at(kind, kind.level);
        let beta = mean(found.iter().map(|colour| colour.beta[0]))?;
        let alone = mean(found.iter().map(|colour| colour.without_feedback))?;
        Some(format!(
            "{} at s = {}: {} ({} without feedback)",
            place(kind.task, kind.site),
            level_of(kind.level),
            fixed(beta, 2),
            fixed(alone, 2)
        ))
    };
    let found: Vec<String> = loudest(kinds).filter_map(one).collect();
    (!found.is_empty())
        .then(|| format!("Colour of units' states, mean beta by DFA: {}.", found.join("; ")))
}

/// The colours nearest to `noise`, a network each.
pub(super) fn colours_at<'a>(kind: &Kind<'a>, noise: f64) -> Vec<&'a Colour> {
    let distance = |colour: &Colour| (colour.noise - noise).abs();
    let near = |network: &&'a Network| {
        network.colours.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    kind.networks.iter().filter_map(near).collect()
}

/// The noise that detects a weak signal best, beside what the same networks prefer.
pub(super) fn resonance(outcome: &Outcome) -> Option<String> {
    let best =
        |network: &Network| Some((network.preferred.value, network.resonance.as_ref()?.best?));
    let found: Vec<_> = outcome.networks.iter().filter_map(best).collect();
    let ends = |values: &dyn Fn(usize) -> f64| {
        let values: Vec<f64> = (0..found.len()).map(values).collect();
        let low = digits(values.iter().copied().fold(f64::INFINITY, f64::min));
        let high = digits(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        if low == high { low } else { format!("{low} to {high}") }
    };
    (!found.is_empty()).then(|| {
        format!(
            "Stochastic resonance, {} trained without noise: a weak signal is detected best at s = \
             {}; their own preferred noise is {}.",
            several(found.len(), "network"),
            ends(&|at| found[at].1.noise),
            ends(&|at| found[at].0)
        )
    })
}

/// How far a check's simulation lies from theory, in standard errors.
pub(super) fn deviation(check: &Check) -> Option<f64> {
    let difference = check.simulated - check.theory;
    if difference == 0.0 {
        return Some(0.0);
    }
    finite(Some(difference / check.error))
}

/// How many closed forms agree with simulation.
pub(super) fn theory(outcome: &Outcome) -> Option<String> {
    let checks = &outcome.checks;
    let largest = (checks.iter())
        .filter_map(|check| Some((deviation(check)?, check)))
        .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))?;
    let near = |check: &&Check| deviation(check).is_some_and(|found| found.abs() <= NEAR);
    Some(format!(
        "Theory against simulation: {} of {} within {NEAR} standard errors; the largest deviation \
         is {} ({}).",
        checks.iter().filter(near).count(),
        several(checks.len(), "closed form"),
        fixed(largest.0, 1),
        largest.1.what
    ))
}

//! What was found, in sentences: accuracies, cautions, the claim and what is seen of it, costs.
//!
//! Place in the flow: [`Outcome`] -> sentences, which text and page show. No direction is presumed.

use super::kinds::{both, kind, kinds, with_decimals};
use super::stations::{Station, named, of_all, repeat, short, stations, ways};
use super::verdicts::{RULES, Side, Verdict, by_chance};
use crate::experiments::spike_trains::found::{Network, Outcome, Seconds};
use crate::report::numbers::{count, duration, fixed, percent, several};

/// Networks that are named one by one.
const MOST_NAMED: usize = 8;

/// Accuracy by kind: training and test, and passes over the training pictures.
pub(super) fn accuracies(outcome: &Outcome) -> Vec<String> {
    let mut words = Vec::new();
    for (kind, networks) in kinds(outcome).into_iter().skip(1) {
        let lasts = || networks.iter().filter_map(|(network, _)| network.course.last());
        let training = with_decimals(lasts().map(|look| 100.0 * look.training_accuracy), 1);
        let test = with_decimals(lasts().map(|look| 100.0 * look.test_accuracy), 1);
        let passes = with_decimals(lasts().map(|look| look.passes), 1);
        words.push(format!(
            "{kind}: {}, {training} % of the training labels, {test} % of the test pictures, after \
             {passes} passes",
            several(networks.len(), "network")
        ));
    }
    words
}

/// The networks that did not learn as much as they should; `None` where all did.
pub(super) fn caution(outcome: &Outcome) -> Option<String> {
    let short = short(outcome);
    let one = |(network, accuracy): &(&Network, f64)| {
        format!("{} of seed {} ({})", kind(network.label_noise), network.seed, percent(*accuracy))
    };
    let mut names: Vec<String> = short.iter().take(MOST_NAMED).map(one).collect();
    if short.len() > MOST_NAMED {
        names.push(format!("{} more", short.len() - MOST_NAMED));
    }
    (!short.is_empty()).then(|| {
        format!(
            "{} of {} ended below {} training accuracy: {}. What is compared at the end, marked *, \
             is of networks that do not all fit what they learn; more epochs (training.epochs) may \
             mend it.",
            short.len(),
            several(outcome.networks.len(), "network"),
            percent(outcome.until),
            names.join(", ")
        )
    })
}

/// What the paper claims, what is seen of it, and how sure that is: a label and sentences each.
pub(super) fn answers(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let claim = "MFR, MFF and the variances of both over units are stable indicators of memorisation \
         during learning (Lehmler et al.; no number and no direction is public).";
    let mut answers = vec![("The paper", claim.to_owned())];
    let stations = stations(outcome);
    let (Some(both), Some(end)) = (both(outcome), stations.last()) else {
        answers.push(("Seen", "There is one kind of network only.".into()));
        return answers;
    };
    let training = seen(outcome, "training", end, &both.most.0);
    answers.push(("At the end", format!("training pictures: {training}.")));
    let test = seen(outcome, "test", end, &both.most.0);
    if !test.is_empty() {
        answers.push(("", format!("Test pictures: {test}.")));
    }
    answers.push(("On the way", on_the_way(outcome, &stations, &both.most.0)));
    let looked = outcome.comparisons.iter().filter(|one| !repeat(outcome, one)).count();
    let networks = of_all(outcome).last().map_or((0, 0), |one| one.difference.networks);
    answers.push((
        "How sure",
        format!(
            "{RULES} {} lines are looked at, all in all, and depend on each other: chance alone lets \
             one of twenty such intervals leave out 0, and gives {} and {} networks an AUC of 0 or 1 \
             {}.",
            count(looked),
            networks.0,
            networks.1,
            by_chance(networks)
        ),
    ));
    answers
}

/// Verdicts at the end, and the indicators of each.
fn seen(outcome: &Outcome, pictures: &str, end: &Station<'_>, most: &str) -> String {
    let mut found: Vec<(Verdict, Vec<String>)> = Vec::new();
    for one in of_all(outcome).filter(|one| one.at == end.at && one.pictures == pictures) {
        let (verdict, name) = (Verdict::of(one, end), named(&one.indicator, one.order));
        match found.iter_mut().find(|(other, _)| *other == verdict) {
            Some((_, names)) => names.push(name),
            None => found.push((verdict, vec![name])),
        }
    }
    found.sort_by_key(|(verdict, _)| match verdict {
        Verdict::Apart(Side::Smaller) => 0,
        Verdict::Apart(Side::Larger) => 1,
        Verdict::Leans(Side::Smaller) => 2,
        Verdict::Leans(Side::Larger) => 3,
        Verdict::Open | Verdict::Few | Verdict::Unequal => 4,
    });
    let words = |(verdict, names): &(Verdict, Vec<String>)| {
        let names = names.join(", ");
        match verdict {
            Verdict::Apart(side) => format!("apart, {most} {}: {names}", side.word()),
            Verdict::Leans(side) => format!("leaning, {most} {}: {names}", side.word()),
            other => format!("{}: {names}", other.words()),
        }
    };
    found.iter().map(words).collect::<Vec<_>>().join("; ")
}

/// At which stations the kinds are comparable, and which indicators keep them apart from where on.
fn on_the_way(outcome: &Outcome, stations: &[Station<'_>], most: &str) -> String {
    let list = |comparable: bool| -> Vec<String> {
        let those = stations.iter().filter(|one| one.comparable == comparable);
        let words = |one: &Station<'_>| match (comparable, one.accuracies) {
            (false, Some(_)) => {
                let [most, least] = one.in_percent();
                format!("{} ({most} against {least} %)", one.words())
            }
            _ => one.words(),
        };
        those.map(words).collect()
    };
    let mut words = String::new();
    let (comparable, other) = (list(true), list(false));
    if !comparable.is_empty() {
        words.push_str(&format!("equally well fitted at {}", comparable.join(", ")));
    }
    if !other.is_empty() {
        let begin = if words.is_empty() { "" } else { "; " };
        words.push_str(&format!("{begin}not comparable at {}", other.join(", ")));
    }
    if !words.is_empty() {
        words.push_str(". ");
    }
    words + &held(outcome, stations, most)
}

/// Indicators that keep the kinds apart from one station on, and whether the kind with the most random
/// labels lies above; `None` of those that do not to the end.
type Held = (Option<(usize, bool)>, Vec<String>);

/// From which station on indicators keep the kinds apart, to the end.
fn held(outcome: &Outcome, stations: &[Station<'_>], most: &str) -> String {
    let (mut found, mut turned): (Vec<Held>, Vec<String>) = (Vec::new(), Vec::new());
    for way in ways(outcome, stations) {
        let (from, name) = (way.apart_from(stations), named(way.indicator, way.order));
        if way.turns(stations) {
            turned.push(name.clone());
        }
        match found.iter_mut().find(|(other, _)| *other == from) {
            Some((_, names)) => names.push(name),
            None => found.push((from, vec![name])),
        }
    }
    found.sort_by_key(|(from, _)| from.map_or((usize::MAX, false), |from| from));
    let group = |(from, names): &Held| {
        let names = names.join(", ");
        match from {
            None => format!("not to the end: {names}"),
            Some((place, above)) => {
                let side = if *above { Side::Larger } else { Side::Smaller };
                format!("from {} on, {most} {}: {names}", stations[*place].words(), side.word())
            }
        }
    };
    let groups: Vec<String> = found.iter().map(group).collect();
    match stations.last() {
        _ if groups.is_empty() => "No order was looked at on the way.".into(),
        Some(end) if !end.comparable => "The end is not comparable.".into(),
        _ => {
            let turned = match turned.is_empty() {
                true => String::new(),
                false => {
                    format!(" Apart both ways, at different accuracies: {}.", turned.join(", "))
                }
            };
            let groups = groups.join("; ");
            format!("All networks apart, to the end, on training pictures: {groups}.{turned}")
        }
    }
}

/// Seconds of every presentation of every network.
pub(super) fn spent(outcome: &Outcome) -> Seconds {
    let views = outcome.networks.iter().flat_map(Network::views);
    views.map(|view| view.seconds).fold(Seconds::default(), |sum, one| Seconds {
        pictures: sum.pictures + one.pictures,
        forward: sum.forward + one.forward,
        statistics: sum.statistics + one.statistics,
        model: sum.model + one.model,
    })
}

/// What the statistics cost beside the passes forward that make the activations.
pub(super) fn cost(outcome: &Outcome) -> String {
    let Seconds { pictures, forward, statistics, model } = spent(outcome);
    let views = outcome.networks.iter().map(|one| one.views().count()).sum();
    let share = match forward > 0.0 {
        true => format!(
            "; the statistics take {} times as long as the passes forward",
            fixed(statistics / forward, 2)
        ),
        false => String::new(),
    };
    format!(
        "{}: {} for the pictures (order, noise, upload), {} in the passes forward, {} in the \
         statistics of every unit, {} in the Poisson model{share}.",
        several(views, "presentation"),
        duration(pictures),
        duration(forward),
        duration(statistics),
        duration(model)
    )
}

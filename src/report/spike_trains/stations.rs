//! Training accuracies at which the kinds are compared, whether they were equal there, and from
//! which on an indicator keeps the kinds apart.
//!
//! Place in the flow: [`Outcome`] -> stations and ways, which text and page show.

use super::kinds::{both, with_decimals};
use crate::experiments::spike_trains::Order;
use crate::experiments::spike_trains::found::{Comparison, Network, Outcome};
use crate::experiments::spike_trains::study::INDICATORS;
use crate::report::numbers::{fixed, percent};

/// A training accuracy that is too small by rounding alone counts as reached.
const ROUNDING: f64 = 1e-9;

/// A training accuracy at which networks are compared, or the end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Station<'a> {
    /// As comparisons have it: the accuracy, or `end`.
    pub at: &'a str,
    /// Mean training accuracy of the networks with the most and with the fewest random labels.
    pub accuracies: Option<(f64, f64)>,
    /// Whether both kinds fit what they learn about equally well there.
    pub comparable: bool,
    /// Whether some network did not get as far as it should.
    pub short: bool,
}

impl Station<'_> {
    /// `30.0 %`, or `the end`.
    pub fn words(&self) -> String {
        self.at.parse().map_or_else(|_| "the end".into(), percent)
    }

    /// As tables have it, with a mark at an end that is none.
    pub fn name(&self) -> String {
        format!("{}{}", self.at, if self.short { "*" } else { "" })
    }

    /// The accuracies of both kinds, in percent.
    pub fn in_percent(&self) -> [String; 2] {
        let written = |value: f64| fixed(100.0 * value, 1);
        let both = self.accuracies.map(|(most, least)| [written(most), written(least)]);
        both.unwrap_or_else(|| ["-".into(), "-".into()])
    }
}

/// The networks whose training ended below the accuracy at which networks stop, and their last one.
pub(super) fn short(outcome: &Outcome) -> Vec<(&Network, f64)> {
    let last = |network| {
        let network: &Network = network;
        Some((network, network.course.last()?.training_accuracy))
    };
    let all = outcome.networks.iter().filter_map(last);
    all.filter(|(_, accuracy)| *accuracy < outcome.until - ROUNDING).collect()
}

/// All stations, in order, the end last.
pub(super) fn stations(outcome: &Outcome) -> Vec<Station<'_>> {
    let compared = both(outcome).map_or_else(Vec::new, |both| [both.most.1, both.least.1].concat());
    let short = short(outcome).iter().any(|(network, _)| {
        compared
            .iter()
            .any(|one| (one.seed, one.label_noise) == (network.seed, network.label_noise))
    });
    let mut stations: Vec<Station<'_>> = Vec::new();
    for one in &outcome.comparisons {
        if stations.iter().any(|station| station.at == one.at) {
            continue;
        }
        let short = short && one.at == "end";
        let near = |(most, least): (f64, f64)| (most - least).abs() <= Comparison::NEAR;
        stations.push(Station {
            at: &one.at,
            accuracies: one.accuracies,
            comparable: one.matched() && (!short || one.accuracies.is_some_and(near)),
            short,
        });
    }
    stations
}

/// Passes over the training pictures at which the networks of a kind reach a station, mean and
/// spread, and how many of them do.
pub(super) fn passes(networks: &[&Network], at: &str) -> (String, usize) {
    let reached = |network: &&Network| match at.parse() {
        Ok(accuracy) => network.first_at(accuracy).map(|look| look.passes),
        Err(_) => network.course.last().map(|look| look.passes),
    };
    let found: Vec<f64> = networks.iter().filter_map(reached).collect();
    let mean = found.iter().sum::<f64>() / found.len().max(1) as f64;
    (with_decimals(found.iter().copied(), if mean < 2.0 { 2 } else { 1 }), found.len())
}

/// One indicator in one order on its way, all hidden units, training pictures.
pub(super) struct Way<'a> {
    pub order: Order,
    pub indicator: &'a str,
    /// At each of [`stations`]; `None` where a kind did not get there.
    pub compared: Vec<Option<&'a Comparison>>,
}

impl Way<'_> {
    /// The first comparable station from which on, at every comparable one to the end, all networks
    /// of one kind lie on the same side of all of the other: its place, and whether the kind with
    /// the most random labels lies above. `None` too where the end is not comparable.
    pub fn apart_from(&self, stations: &[Station<'_>]) -> Option<(usize, bool)> {
        let comparable = |place: &usize| stations[*place].comparable;
        let area = |place: usize| self.compared[place].map(|one| one.difference.auc);
        let places: Vec<usize> = (0..stations.len()).filter(comparable).collect();
        let end = places.last().copied().filter(|&place| place + 1 == stations.len())?;
        let last = area(end).filter(|&area| area == 0.0 || area == 1.0)?;
        let from = places.iter().rposition(|&place| area(place) != Some(last));
        Some((places[from.map_or(0, |place| place + 1)], last == 1.0))
    }

    /// Whether all networks of one kind lie on one side of the other's at one comparable station, and
    /// on the other side at another.
    pub fn turns(&self, stations: &[Station<'_>]) -> bool {
        let comparable = self.compared.iter().zip(stations).filter(|(_, one)| one.comparable);
        let areas = comparable.filter_map(|(one, _)| Some((*one)?.difference.auc));
        let areas: Vec<f64> = areas.collect();
        areas.contains(&0.0) && areas.contains(&1.0)
    }

    /// In words.
    pub fn words(&self, stations: &[Station<'_>]) -> String {
        match self.apart_from(stations) {
            None if stations.last().is_some_and(|end| !end.comparable) => {
                "end not comparable".into()
            }
            None => "not to the end".into(),
            Some((place, above)) => {
                let side = if above { "larger" } else { "smaller" };
                format!("{}, {side}", stations[place].words())
            }
        }
    }
}

/// Every indicator in every order that was looked at on the way.
pub(super) fn ways<'a>(outcome: &'a Outcome, stations: &[Station<'_>]) -> Vec<Way<'a>> {
    let mut ways = Vec::new();
    for order in Order::ALL {
        for (indicator, _) in INDICATORS {
            let all = of_all(outcome).filter(|one| {
                one.pictures == "training" && one.order == order && one.indicator == indicator
            });
            let all: Vec<&Comparison> = all.collect();
            let at = |station: &Station<'_>| all.iter().copied().find(|one| one.at == station.at);
            if all.iter().any(|one| one.at != "end") {
                ways.push(Way { order, indicator, compared: stations.iter().map(at).collect() });
            }
        }
    }
    ways
}

/// The comparisons of all hidden units, without those that [`repeat`].
pub(super) fn of_all(outcome: &Outcome) -> impl Iterator<Item = &Comparison> {
    let all = outcome.comparisons.iter().filter(|one| one.layer == "all");
    all.filter(|one| !repeat(outcome, one))
}

/// Whether a comparison says what another one says already: the same pictures in another order have
/// the same rates.
pub(super) fn repeat(outcome: &Outcome, one: &Comparison) -> bool {
    let same = |other: &Comparison| {
        (other.order == Order::Shuffled && other.indicator == one.indicator)
            && (other.at == one.at && other.pictures == one.pictures && other.layer == one.layer)
    };
    (one.order == Order::Blocked && of_rates(&one.indicator))
        && outcome.comparisons.iter().any(same)
}

/// Whether an indicator is of rates alone.
pub(super) fn of_rates(indicator: &str) -> bool {
    ["MFR", "Var(rate)"].contains(&indicator)
}

/// An indicator and its order; of rates, which the order of the same pictures does not change, the
/// indicator alone.
pub(super) fn named(indicator: &str, shown: Order) -> String {
    match (of_rates(indicator), shown) {
        (true, Order::Shuffled | Order::Blocked) => indicator.to_owned(),
        _ => format!("{indicator} {}", super::kinds::order(shown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::spike_trains::difference::Difference;

    #[test]
    fn kinds_are_apart_from_where_no_network_crosses_until_the_end() {
        let compared = |ones: [f64; 2]| Comparison {
            at: String::new(),
            pictures: "training".into(),
            order: Order::Blocked,
            layer: "all".into(),
            indicator: "MFF".into(),
            accuracies: None,
            difference: Difference {
                networks: (2, 2),
                means: (0.0, 0.0),
                difference: 0.0,
                interval: None,
                auc: ones[0] + ones[1],
            },
        };
        let [below, above, between] = [[0.0, 0.0], [0.5, 0.5], [0.0, 0.5]].map(compared);
        let [below, above, between] = [Some(&below), Some(&above), Some(&between)];
        let all = [true; 3];
        let turned = |compared: [Option<&Comparison>; 3], comparable: [bool; 3]| {
            let station =
                |comparable| Station { at: "0.3", accuracies: None, comparable, short: false };
            let way = Way { order: Order::Blocked, indicator: "MFF", compared: compared.to_vec() };
            way.turns(&comparable.map(station))
        };
        assert!(turned([below, between, above], all));
        assert!(!turned([below, between, below], all) && !turned([None, between, above], all));
        assert!(!turned([below, above, above], [false, true, true]), "not comparable");
        for (stations, comparable, expected, words) in [
            ([below, below, below], all, Some((0, false)), "30.0 %, smaller"),
            ([below, above, above], all, Some((1, true)), "50.0 %, larger"),
            ([None, between, above], all, Some((2, true)), "the end, larger"),
            ([None, below, below], all, Some((1, false)), "50.0 %, smaller"),
            ([above, above, between], all, None, "not to the end"),
            ([above, above, None], all, None, "not to the end"),
            ([below, below, below], [false, true, true], Some((1, false)), "50.0 %, smaller"),
            ([above, below, above], [true, false, true], Some((0, true)), "30.0 %, larger"),
            ([above, above, above], [true, true, false], None, "end not comparable"),
        ] {
            let way = Way { order: Order::Blocked, indicator: "MFF", compared: stations.to_vec() };
            let station =
                |(at, comparable)| Station { at, accuracies: None, comparable, short: false };
            let stations: Vec<_> =
                ["0.3", "0.5", "end"].into_iter().zip(comparable).map(station).collect();
            assert_eq!(
                (way.apart_from(&stations), way.words(&stations).as_str()),
                (expected, words)
            );
        }
    }
}

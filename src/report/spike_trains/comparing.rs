//! Memorising against generalising networks: differences, how early, layer by layer, and the claim.
//!
//! Place in the flow: [`Outcome`] -> sections of the page, and what the terminal says of them.

use super::{identity, kind, order, with_decimals};
use crate::experiments::spike_trains::Order;
use crate::experiments::spike_trains::found::{Comparison, Network, Outcome};
use crate::experiments::spike_trains::study::INDICATORS;
use crate::report::html::tables::{headings, number, table};
use crate::report::markup::{Escaped, typeset_prose};
use crate::report::numbers::{fixed, percent};

/// One comparison in words.
pub(super) fn difference(found: &Comparison) -> String {
    let one = &found.difference;
    let interval = one.interval.map_or_else(String::new, |(low, high)| {
        format!(" [{}, {}]", fixed(low, 4), fixed(high, 4))
    });
    format!("{}{interval}", fixed(one.difference, 4))
}

/// The comparisons of all units.
pub(super) fn of_all<'a>(
    outcome: &'a Outcome,
    at: &'a str,
) -> impl Iterator<Item = &'a Comparison> {
    outcome.comparisons.iter().filter(move |one| one.layer == "all" && one.at == at)
}

pub(super) fn comparisons(outcome: &Outcome) -> String {
    let line = |one: &Comparison| {
        let (ones, others) = one.difference.networks;
        let figures = [difference(one), fixed(one.difference.auc, 2), format!("{ones}, {others}")];
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>{}</tr>\n",
            Escaped(&one.at),
            Escaped(&one.pictures),
            order(one.order),
            Escaped(&one.indicator),
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let body: String =
        outcome.comparisons.iter().filter(|one| one.layer == "all").map(line).collect();
    if body.is_empty() {
        return "<p class=\"absent\">There is one kind of network only.</p>\n".into();
    }
    let caption = "Memorising minus generalising networks, all hidden units: difference of means \
         [95 % interval, bootstrap over networks], and the area under the ROC curve of the \
         indicator (0.5: tells nothing apart; 0 or 1: always)";
    let note = "<p class=\"note\">At: the first epoch of each network at which it classifies that \
         share of the training pictures as their labels say, so that both kinds fit what they \
         learn equally well; or the end of training.</p>\n";
    let headings =
        headings(&["at", "pictures", "order", "indicator"], &["difference", "AUC", "networks"]);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n")) + note
}

/// The accuracies at which networks are compared, in order, and `end`.
pub(super) fn ats(outcome: &Outcome) -> Vec<&str> {
    let mut ats: Vec<&str> = Vec::new();
    for one in &outcome.comparisons {
        if !ats.contains(&one.at.as_str()) {
            ats.push(&one.at);
        }
    }
    ats
}

/// One indicator in one order on its way, all hidden units, training pictures.
pub(super) struct Way<'a> {
    pub order: &'static str,
    pub indicator: &'a str,
    /// At each of [`ats`]; `None` where a kind did not get there.
    pub stations: Vec<Option<&'a Comparison>>,
}

impl Way<'_> {
    /// The first station from which on, to the end, every memorising network lies on the same side
    /// of every generalising one: its place, and whether above.
    pub fn apart_from(&self) -> Option<(usize, bool)> {
        let last = self.stations.last().copied().flatten()?.difference.auc;
        if last != 0.0 && last != 1.0 {
            return None;
        }
        let same = |one: &Option<&Comparison>| one.is_some_and(|one| one.difference.auc == last);
        let from = self.stations.iter().rposition(|one| !same(one)).map_or(0, |place| place + 1);
        Some((from, last == 1.0))
    }

    /// In words.
    pub fn words(&self, ats: &[&str]) -> String {
        match self.apart_from() {
            None => "not to the end".into(),
            Some((place, above)) => {
                let side = if above { "larger" } else { "smaller" };
                match ats[place].parse::<f64>() {
                    Ok(accuracy) => format!("{}, {side}", percent(accuracy)),
                    Err(_) => format!("the end, {side}"),
                }
            }
        }
    }
}

/// Every indicator in every order that was looked at on the way.
pub(super) fn ways(outcome: &Outcome) -> Vec<Way<'_>> {
    let ats = ats(outcome);
    let mut ways = Vec::new();
    for wanted in Order::ALL {
        for (indicator, _) in INDICATORS {
            let all = outcome.comparisons.iter().filter(|one| {
                (one.pictures == "training" && one.layer == "all")
                    && (one.order == wanted && one.indicator == indicator)
            });
            let all: Vec<&Comparison> = all.collect();
            let at = |at: &&str| all.iter().copied().find(|one| one.at == **at);
            let stations: Vec<Option<&Comparison>> = ats.iter().map(at).collect();
            if stations.iter().any(Option::is_some) {
                ways.push(Way { order: order(wanted), indicator, stations });
            }
        }
    }
    ways
}

/// The epoch at which the networks of a kind reach an accuracy, or end, mean and spread, and how
/// many of them do.
pub(super) fn epochs(networks: &[&Network], at: &str) -> (String, usize) {
    let reached = |network: &&&Network| match at.parse() {
        Ok(accuracy) => network.first_at(accuracy).map(|look| look.passes),
        Err(_) => network.course.last().map(|look| look.passes),
    };
    let found: Vec<f64> = networks.iter().filter_map(|one| reached(&one)).collect();
    (with_decimals(found.iter().map(|&passes| Some(passes)), 1), found.len())
}

/// The networks with the fewest and with the most random labels, where they differ.
pub(super) fn both(outcome: &Outcome) -> Option<[(String, Vec<&Network>); 2]> {
    let noises = || outcome.networks.iter().map(|one| one.label_noise);
    let (least, most) = (noises().reduce(f64::min)?, noises().reduce(f64::max)?);
    let of = |wanted: f64| {
        let networks = outcome.networks.iter().filter(|one| one.label_noise == wanted);
        (kind(wanted), networks.collect())
    };
    (least < most).then(|| [of(least), of(most)])
}

/// How early in training each indicator tells the kinds apart.
pub(super) fn early(outcome: &Outcome) -> String {
    let (ats, Some(both)) = (ats(outcome), both(outcome)) else {
        return "<p class=\"absent\">There is one kind of network only.</p>\n".into();
    };
    let reached: String = ats
        .iter()
        .map(|at| {
            let [few, many] = [&both[0].1, &both[1].1].map(|networks| epochs(networks, at));
            let figures = [few.0, few.1.to_string(), many.0, many.1.to_string()];
            let figures: String = figures.iter().map(|figure| number(figure)).collect();
            format!("<tr><th scope=\"row\">{}</th>{figures}</tr>\n", Escaped(at))
        })
        .collect();
    let names = [&both[0].0, &both[1].0].map(|kind| Escaped(kind).to_string());
    let columns = [&names[0][..], "networks", &names[1], "networks"];
    let when = table(
        "The epoch at which a training accuracy is reached first, mean \u{b1} standard deviation \
         over the networks that reach it",
        &headings(&["at"], &columns),
        &format!("<tbody>\n{reached}</tbody>\n"),
    );
    let line = |way: &Way<'_>| {
        let auc = |one: &Option<&Comparison>| {
            number(&one.map_or_else(|| "-".into(), |one| fixed(one.difference.auc, 2)))
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td>{}<td>{}</td></tr>\n",
            Escaped(way.indicator),
            way.order,
            way.stations.iter().map(auc).collect::<String>(),
            Escaped(&way.words(&ats))
        )
    };
    let body: String = ways(outcome).iter().map(line).collect();
    let columns: String =
        ats.iter().map(|at| format!("<th scope=\"col\" class=\"number\">{at}</th>")).collect();
    let heads = format!(
        "{}{columns}<th scope=\"col\">all apart from</th>",
        headings(&["indicator", "order"], &[])
    );
    let caption = "Area under the ROC curve by the training accuracy that both kinds have reached: \
         all hidden units, training pictures. All apart from: the accuracy from which on, to the \
         end, every memorising network lies on one side of every generalising one";
    when + &table(caption, &heads, &format!("<tbody>\n{body}</tbody>\n"))
}

/// The differences of each layer, training pictures.
pub(super) fn by_layer(outcome: &Outcome) -> String {
    let mut body = String::new();
    for at in ats(outcome) {
        for wanted in Order::ALL {
            for (name, _) in &outcome.layers {
                let figure = |(indicator, _): &(&str, _)| {
                    let this = |one: &&Comparison| {
                        (one.at == at && one.order == wanted && one.layer == *name)
                            && (one.pictures == "training" && one.indicator == *indicator)
                    };
                    let found = outcome.comparisons.iter().find(this)?;
                    let auc = fixed(found.difference.auc, 2);
                    Some(format!("{}; {auc}", difference(found)))
                };
                let figures: Vec<Option<String>> = INDICATORS.iter().map(figure).collect();
                if figures.iter().all(Option::is_none) {
                    continue;
                }
                let figures: String = (figures.iter())
                    .map(|figure| number(figure.as_deref().unwrap_or("-")))
                    .collect();
                body.push_str(&format!(
                    "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>{figures}</tr>\n",
                    Escaped(name),
                    Escaped(at),
                    order(wanted)
                ));
            }
        }
    }
    if body.is_empty() {
        return String::new();
    }
    let caption = "Memorising minus generalising in each hidden layer, training pictures: difference \
         of means [95 % interval]; area under the ROC curve";
    let headings = headings(&["layer", "at", "order"], &INDICATORS.map(|(name, _)| name));
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// The paper's claim beside what is seen, indicator by indicator.
pub(super) fn claims(outcome: &Outcome) -> String {
    let ats = ats(outcome);
    let line = |one: &Comparison| {
        let verdict = match one.difference.interval {
            Some((low, high)) if low > 0.0 || high < 0.0 => "tells them apart",
            Some(_) => "open",
            None => "too few networks",
        };
        let this = |way: &Way<'_>| way.indicator == one.indicator && way.order == order(one.order);
        let way = ways(outcome).into_iter().find(this).filter(|_| one.order != Order::Repeated);
        format!(
            "<tr><th scope=\"row\">{}, {}</th>{}{}<td>{verdict}</td><td>{}</td></tr>\n",
            Escaped(&one.indicator),
            order(one.order),
            number(&difference(one)),
            number(&fixed(one.difference.auc, 2)),
            way.map_or_else(|| "-".into(), |way| Escaped(&way.words(&ats)).to_string())
        )
    };
    let body: String =
        of_all(outcome, "end").filter(|one| one.pictures == "training").map(line).collect();
    let caption = "The paper: MFR, MFF and the variances of both over units are stable indicators \
         of memorisation during learning; it gives no number and no direction. Here, at the end of \
         training, and the training accuracy from which on all memorising networks lie on one side \
         of all generalising ones";
    let names = ["memorising \u{2212} generalising", "AUC", "at the end", "all apart from"];
    let headings = headings(&["indicator"], &names);
    format!(
        "{}<p class=\"note\">{}</p>\n",
        table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n")),
        Escaped(&typeset_prose(&identity(outcome)))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::spike_trains::compare::Difference;

    #[test]
    fn kinds_are_apart_from_where_no_network_crosses_until_the_end() {
        let station = |ones: [f64; 2]| Comparison {
            at: String::new(),
            pictures: "training".into(),
            order: Order::Blocked,
            layer: "all".into(),
            indicator: "MFF".into(),
            accuracies: None,
            difference: Difference::of(&ones, &[1.0, 2.0], 1, 0).expect("both there"),
        };
        let [below, above, between] = [[0.0, 0.5], [3.0, 4.0], [0.0, 1.5]].map(station);
        let ats = ["0.3", "0.5", "end"];
        for (stations, expected, words) in [
            ([Some(&below), Some(&below), Some(&below)], Some((0, false)), "30.0 %, smaller"),
            ([Some(&below), Some(&above), Some(&above)], Some((1, true)), "50.0 %, larger"),
            ([None, Some(&between), Some(&above)], Some((2, true)), "the end, larger"),
            ([None, Some(&below), Some(&below)], Some((1, false)), "50.0 %, smaller"),
            ([Some(&above), Some(&above), Some(&between)], None, "not to the end"),
            ([Some(&above), Some(&above), None], None, "not to the end"),
        ] {
            let way = Way { order: "blocked", indicator: "MFF", stations: stations.to_vec() };
            assert_eq!((way.apart_from(), way.words(&ats).as_str()), (expected, words));
        }
    }
}

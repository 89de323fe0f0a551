//! The study of spike trains in the terminal.
//!
//! Place in the flow: [`Outcome`] -> text of at most 100 columns.

use super::comparing::{ats, both, difference, epochs, of_all, ways};
use super::units::tested;
use super::{Line, accuracies, cost, identity, kinds, lines, order, over};
use crate::experiments::outcome::Spread;
use crate::experiments::spike_trains::found::{Comparison, Outcome, View};
use crate::experiments::spike_trains::{Indicators, Order};
use crate::report::lines::paragraph;
use crate::report::numbers::{count, fixed, percent};

/// What the terminal shows: at most 100 columns wide.
pub fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    let title =
        format!("noisescope {}: {}, seed {}", outcome.version, outcome.experiment, outcome.seed);
    paragraph(&mut text, &title, 0);
    text.push('\n');
    let device = &outcome.device;
    let made_up = if outcome.images.synthetic { "SYNTHETIC: " } else { "" };
    let pictures = &outcome.images;
    for (label, words) in [
        ("device", format!("{} ({}, {})", device.name, device.backend, device.kind)),
        (
            "pictures",
            format!(
                "{made_up}{}; {} training, {} test",
                pictures.source,
                count(pictures.training),
                count(pictures.test)
            ),
        ),
        (
            "network",
            format!(
                "{}: {}",
                outcome.architecture,
                outcome.layers.iter().map(|one| one.0.as_str()).collect::<Vec<_>>().join(", ")
            ),
        ),
    ] {
        paragraph(&mut text, &format!("{label:<11}{words}"), 11);
    }
    for words in accuracies(outcome) {
        paragraph(&mut text, &words, 0);
    }
    text.push_str(
        "\nhidden units at the end of training, mean ± standard deviation over networks\n\n",
    );
    let heading = format!(
        "{:<13}{:<9}{:<9}{:>16}{:>17}{:>16}{:>19}",
        "kind", "pictures", "order", "MFR", "MFF", "Var(rate)", "Var(Fano)"
    );
    text.push_str(&format!("{heading}\n{}\n", "-".repeat(heading.chars().count())));
    for Line { kind, pictures, order, figures } in lines(outcome) {
        text.push_str(&format!(
            "{kind:<13}{pictures:<9}{order:<9}{:>16}{:>17}{:>16}{:>19}\n",
            figures[0], figures[1], figures[2], figures[3]
        ));
    }
    text.push_str("\nmemorising minus generalising, training pictures: difference [95 %], AUC\n\n");
    for at in ats(outcome) {
        for one in of_all(outcome, at).filter(|one| one.pictures == "training") {
            text.push_str(&format!(
                "{:<6}{:<10}{:<10}{:>34}   AUC {:.2} ({} and {})\n",
                one.at,
                order(one.order),
                one.indicator,
                difference(one),
                one.difference.auc,
                one.difference.networks.0,
                one.difference.networks.1
            ));
        }
    }
    early(&mut text, outcome);
    layers(&mut text, outcome);
    model(&mut text, outcome);
    text.push('\n');
    paragraph(&mut text, &identity(outcome), 0);
    text.push('\n');
    paragraph(&mut text, &cost(outcome), 0);
    text
}

/// Stations of the way that have a column.
const MOST_STATIONS: usize = 8;

/// The area under the ROC curve by training accuracy.
fn early(text: &mut String, outcome: &Outcome) {
    let (ats, Some(both)) = (ats(outcome), both(outcome)) else { return };
    let first = ats.len().saturating_sub(MOST_STATIONS);
    text.push_str(
        "\narea under the ROC curve where both kinds have reached a training accuracy\n\n",
    );
    let columns: String = ats[first..].iter().map(|at| format!("{at:>7}")).collect();
    let heading = format!("{:<10}{:<10}{columns}  all apart from", "indicator", "order");
    text.push_str(&format!("{heading}\n{}\n", "-".repeat(heading.chars().count())));
    for way in ways(outcome) {
        let auc = |one: &Option<&Comparison>| match one {
            None => format!("{:>7}", "-"),
            Some(one) => format!("{:>7}", fixed(one.difference.auc, 2)),
        };
        let figures: String = way.stations[first..].iter().map(auc).collect();
        let words = way.words(&ats);
        text.push_str(&format!("{:<10}{:<10}{figures}  {words}\n", way.indicator, way.order));
    }
    for (kind, networks) in &both {
        let epoch = |at: &&str| format!("{at}: {}", epochs(networks, at).0);
        let reached: Vec<String> = ats.iter().map(epoch).collect();
        paragraph(text, &format!("epochs of {kind} networks until {}", reached.join("; ")), 0);
    }
}

/// Rates, Fano factors, dead and always-on units of each layer.
fn layers(text: &mut String, outcome: &Outcome) {
    text.push_str("\neach layer at the end of training, training pictures\n\n");
    let heading = format!(
        "{:<13}{:<12}{:>16}{:>16}{:>18}{:>9}{:>11}",
        "kind", "layer", "MFR", "MFF shuffled", "MFF blocked", "dead", "always on"
    );
    text.push_str(&format!("{heading}\n{}\n", "-".repeat(heading.chars().count())));
    for (kind, networks) in kinds(outcome) {
        for (layer, (name, _)) in outcome.layers.iter().enumerate() {
            let found = |wanted: Order| -> Vec<&Indicators> {
                let this = |view: &&View| view.pictures == "training" && view.order == wanted;
                networks
                    .iter()
                    .filter_map(|(_, views)| views.iter().find(this)?.layers.get(layer))
                    .collect()
            };
            let (shuffled, blocked) = (found(Order::Shuffled), found(Order::Blocked));
            let share = |of: fn(&Indicators) -> f64| {
                let spread = Spread::of(&shuffled.iter().map(|one| of(one)).collect::<Vec<_>>());
                spread.mean.map_or_else(|| "-".into(), percent)
            };
            text.push_str(&format!(
                "{kind:<13}{name:<12}{:>16}{:>16}{:>18}{:>9}{:>11}\n",
                over(shuffled.iter().map(|one| one.mean_rate)),
                over(shuffled.iter().map(|one| one.mean_fano)),
                over(blocked.iter().map(|one| one.mean_fano)),
                share(|one| one.dead),
                share(|one| one.always_on)
            ));
        }
    }
}

/// How many units reject the Poisson model and the coin.
fn model(text: &mut String, outcome: &Outcome) {
    text.push('\n');
    let what = "units that reject a model, in percent: p below 0.05 / at a false-discovery rate of \
         5 %; dispersion and counts against Poisson and binomial, intervals against exponential and \
         geometric; correlation of counts between units, mean, sd, and the sd of independent ones";
    paragraph(text, what, 0);
    text.push('\n');
    let names = ["disp.P", "disp.B", "count P", "count B", "expon.", "geom."];
    let names: String = names.iter().map(|name| format!("{name:>8}")).collect();
    let heading = format!(
        "{:<13}{:<9}{:<12}{names}{:>6}{:>6}{:>6}",
        "kind", "order", "layer", "corr", "sd", "ind."
    );
    text.push_str(&format!("{heading}\n{}\n", "-".repeat(heading.chars().count())));
    for tested in tested(outcome) {
        let shares: String = (tested.shares.iter()).map(|share| format!("{share:>8}")).collect();
        let mean = |place: usize| {
            let values = tested.correlation.iter().filter_map(|one| one[place]);
            let mean = Spread::of(&values.collect::<Vec<f64>>()).mean;
            mean.map_or_else(|| "-".into(), |mean| fixed(mean, 2))
        };
        text.push_str(&format!(
            "{:<13}{:<9}{:<12}{shares}{:>6}{:>6}{:>6}\n",
            tested.kind,
            tested.order,
            tested.layer,
            mean(0),
            mean(1),
            mean(2)
        ));
    }
}

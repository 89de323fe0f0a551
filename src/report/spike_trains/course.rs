//! Indicators and accuracies over the epochs, and against label noise.
//!
//! Place in the flow: [`Outcome`] -> a section of the page.

use super::{Kind, kinds, order};
use crate::error::Result;
use crate::experiments::spike_trains::Order;
use crate::experiments::spike_trains::found::{Network, Outcome, View};
use crate::experiments::spike_trains::study::INDICATORS;
use crate::report::figures::against::{Against, Series};
use crate::report::html::figures::figure;

/// The indicators over the epochs, a panel per indicator and order, a series per kind.
pub(super) fn course(outcome: &Outcome) -> Result<String> {
    let mut panels = Vec::new();
    let kinds: Vec<Kind<'_>> = kinds(outcome).into_iter().skip(1).collect();
    let looks = outcome.networks.first().and_then(|one| one.course.first());
    let orders: Vec<Order> =
        looks.map_or_else(Vec::new, |look| look.views.iter().map(|view| view.order).collect());
    let mut add = |heading: String, series: Vec<Series<'_>>, name: &str| -> Result<()> {
        let panel = Against {
            setting: "passes over the training pictures",
            name,
            description: &heading,
            series,
            marked: &[],
        };
        panels.extend(panel.panel()?.map(|svg| format!("<h3>{heading}</h3>\n{svg}")));
        Ok(())
    };
    let points = |networks: &[(&Network, &[View])],
                  value: &dyn Fn(&Network, usize) -> Option<f64>| {
        let of = |network: &Network| -> Vec<(f64, f64)> {
            let places = 0..network.course.len();
            let at = |place: usize| network.course[place].passes;
            places.filter_map(|place| Some((at(place), value(network, place)?))).collect()
        };
        networks.iter().flat_map(|(network, _)| of(network)).collect::<Vec<_>>()
    };
    for (place, &shown) in orders.iter().enumerate() {
        for (indicator, value) in INDICATORS {
            let found =
                |network: &Network, at: usize| value(&network.course[at].views.get(place)?.whole);
            let series: Vec<Series<'_>> = kinds
                .iter()
                .map(|(kind, networks)| (kind.as_str(), points(networks, &found)))
                .collect();
            add(format!("{indicator}, {}", order(shown)), series, indicator)?;
        }
    }
    for (heading, pick) in [
        (
            "Training accuracy",
            (|network: &Network, at: usize| Some(100.0 * network.course[at].training_accuracy))
                as fn(&Network, usize) -> Option<f64>,
        ),
        ("Test accuracy", |network, at| Some(100.0 * network.course[at].test_accuracy)),
    ] {
        let series: Vec<Series<'_>> =
            kinds.iter().map(|(kind, networks)| (kind.as_str(), points(networks, &pick))).collect();
        add(heading.to_owned(), series, "classified rightly (%)")?;
    }
    let caption = "Training pictures, all hidden units. Points: networks; lines: means over the \
         networks of a kind that still train. Epoch 0: before training.";
    Ok(figure("wide", &panels, caption, "No epoch was looked at.") + &against_noise(outcome)?)
}

/// The indicators at the end against the share of random labels, where there are three or more.
fn against_noise(outcome: &Outcome) -> Result<String> {
    if kinds(outcome).len() < 4 {
        return Ok(String::new());
    }
    let mut panels = Vec::new();
    for (indicator, value) in INDICATORS {
        let of = |wanted: Order| -> Vec<(f64, f64)> {
            let view = |network: &Network| {
                let view = |one: &&View| one.pictures == "training" && one.order == wanted;
                value(&network.end.iter().find(view)?.whole)
            };
            let point = |network: &Network| Some((100.0 * network.label_noise, view(network)?));
            outcome.networks.iter().filter_map(point).collect()
        };
        let alone = |wanted: Order| (order(wanted), of(wanted));
        // The rates do not depend on the order of the same pictures.
        let orders: &[Order] = match indicator {
            "MFR" | "Var(rate)" => &[Order::Shuffled],
            _ => &Order::ALL,
        };
        for wanted in orders {
            let heading = format!("{indicator}, {}", order(*wanted));
            let panel = Against {
                setting: "random labels (%)",
                name: indicator,
                description: &heading,
                series: vec![alone(*wanted)],
                marked: &[],
            };
            panels.extend(panel.panel()?.map(|svg| format!("<h3>{heading}</h3>\n{svg}")));
        }
    }
    let caption = "All hidden units at the end of training, training pictures. Points: networks; \
         lines: means.";
    Ok(figure("wide", &panels, caption, "No network was trained."))
}

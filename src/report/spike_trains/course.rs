//! Indicators, silent units and accuracies over the course of training, and against label noise.
//!
//! Place in the flow: [`Outcome`] -> figures of the page.

use super::kinds::{Kind, kinds, order};
use super::stations::of_rates;
use crate::error::Result;
use crate::experiments::outcome::Spread;
use crate::experiments::spike_trains::found::{Look, Outcome, View};
use crate::experiments::spike_trains::study::INDICATORS;
use crate::experiments::spike_trains::{Indicators, Order};
use crate::report::figures::against::Against;
use crate::report::figures::plot::{Plot, Series, Style};
use crate::report::html::figures::figure;
use crate::report::markup::Escaped;

/// What a look gives to a panel.
type Value<'a> = &'a dyn Fn(&Look) -> Option<f64>;

/// What is taken of the units' numbers.
type Figure = fn(&Indicators) -> Option<f64>;

/// The panels of a course.
struct Panels<'a> {
    outcome: &'a Outcome,
    kinds: Vec<Kind<'a>>,
    drawn: Vec<String>,
}

impl<'a> Panels<'a> {
    fn new(outcome: &'a Outcome) -> Self {
        Self { outcome, kinds: kinds(outcome), drawn: Vec::new() }
    }

    /// The orders in which networks were looked at on the way.
    fn orders(&self) -> Vec<Order> {
        let look = self.outcome.networks.first().and_then(|one| one.course.first());
        look.map_or_else(Vec::new, |look| look.views.iter().map(|view| view.order).collect())
    }

    /// A panel: a line per network, in its kind's colour and marks, and what untrained networks have
    /// as a level line. `name` is what is drawn, with its unit.
    fn add(
        &mut self,
        (heading, name): (&str, &str),
        value: Value<'_>,
        untrained: Option<f64>,
    ) -> Result<()> {
        let mut series = Vec::new();
        for (colour, (kind, networks)) in self.kinds.iter().skip(1).enumerate() {
            let marks = [Style::Dots, Style::Rings, Style::Triangles][colour % 3];
            for (place, (network, _)) in networks.iter().enumerate() {
                let points = |look: &Look| Some((look.passes, value(look)?));
                let points: Vec<(f64, f64)> = network.course.iter().filter_map(points).collect();
                let words = if place == 0 { kind.as_str() } else { "" };
                series.push(Series::new("", colour, Style::Thin, points.clone()));
                series.push(Series::new(words, colour, marks, points));
            }
        }
        let plot = Plot {
            description: format!("{heading} over the passes over the training pictures"),
            across: "passes over the training pictures",
            up: name,
            series,
            levels: &untrained.into_iter().collect::<Vec<f64>>(),
            ..Plot::default()
        };
        let panel = plot.panel()?;
        self.drawn.extend(panel.map(|svg| format!("<h3>{}</h3>\n{svg}", Escaped(heading))));
        Ok(())
    }

    /// A panel of one figure of `of` some units in one order.
    fn figure(
        &mut self,
        (heading, name): (&str, &str),
        shown: Order,
        of: &dyn Fn(&View) -> Option<f64>,
    ) -> Result<()> {
        let in_order = |views: &[View]| {
            of(views.iter().find(|one| one.order == shown && one.pictures == "training")?)
        };
        let untrained = self.kinds.first().map_or_else(Vec::new, |(_, networks)| {
            networks.iter().filter_map(|(_, views)| in_order(views)).collect()
        });
        let untrained = Spread::of(&untrained).mean.filter(|mean| mean.is_finite());
        self.add((heading, name), &|look| in_order(&look.views), untrained)
    }
}

/// The indicators and the silent units over the passes, and both accuracies.
pub(super) fn course(outcome: &Outcome) -> Result<String> {
    let mut panels = Panels::new(outcome);
    panels.add(
        ("Training accuracy", "classified rightly (%)"),
        &|look| Some(100.0 * look.training_accuracy),
        None,
    )?;
    panels.add(
        ("Test accuracy", "classified rightly (%)"),
        &|look| Some(100.0 * look.test_accuracy),
        None,
    )?;
    let orders = panels.orders();
    for (place, &shown) in orders.iter().enumerate() {
        for (indicator, value) in INDICATORS {
            let heading = match (of_rates(indicator), shown == Order::Repeated) {
                (true, false) if place > 0 && orders[0] != Order::Repeated => continue,
                (true, false) => indicator.to_owned(),
                _ => format!("{indicator}, {}", order(shown)),
            };
            panels.figure((&heading, indicator), shown, &|view| value(&view.whole))?;
        }
    }
    if let Some(&first) = orders.first() {
        let shares: [(&str, Figure); 2] = [
            ("Dead units", |found| Some(100.0 * found.dead)),
            ("Units that are always on", |found| Some(100.0 * found.always_on)),
        ];
        for (heading, value) in shares {
            panels.figure((heading, "units (%)"), first, &|view| value(&view.whole))?;
        }
    }
    let caption = "Training pictures, all hidden units. A line is a network, until its training ends; \
         dashed: the mean of untrained networks. Rates, and units that never or always spike, are \
         the same in the shuffled and in the blocked order.";
    Ok(figure("third", &panels.drawn, caption, "No network was looked at on its way.")
        + &against_noise(outcome)?)
}

/// MFR and MFF of each layer over the passes.
pub(super) fn layers(outcome: &Outcome) -> Result<String> {
    let mut panels = Panels::new(outcome);
    let orders = panels.orders();
    for (layer, (name, _)) in outcome.layers.iter().enumerate() {
        if let Some(&first) = orders.first() {
            let heading = format!("{name}, MFR");
            panels.figure((&heading, "MFR"), first, &|view| view.layers.get(layer)?.mean_rate)?;
        }
        for &shown in &orders {
            let heading = format!("{name}, MFF, {}", order(shown));
            panels.figure((&heading, "MFF"), shown, &|view| view.layers.get(layer)?.mean_fano)?;
        }
    }
    let caption = "Each hidden layer over the course of training, training pictures; lines as \
         above.";
    Ok(figure("third", &panels.drawn, caption, "No network was looked at on its way."))
}

/// The indicators at the end against the share of random labels, where there are three or more.
fn against_noise(outcome: &Outcome) -> Result<String> {
    if kinds(outcome).len() < 4 {
        return Ok(String::new());
    }
    let mut panels = Vec::new();
    for (indicator, value) in INDICATORS {
        let orders: &[Order] = if of_rates(indicator) { &[Order::Shuffled] } else { &Order::ALL };
        for &wanted in orders {
            let this = |one: &&View| one.pictures == "training" && one.order == wanted;
            let point = |network: &crate::experiments::spike_trains::found::Network| {
                let value = value(&network.end.iter().find(this)?.whole)?;
                Some((100.0 * network.label_noise, value))
            };
            let points = outcome.networks.iter().filter_map(point).collect();
            let heading = super::stations::named(indicator, wanted);
            let panel = Against {
                setting: "random labels (%)",
                name: indicator,
                description: &heading,
                series: vec![(order(wanted), points)],
                marked: &[],
            };
            panels.extend(panel.panel()?.map(|svg| format!("<h3>{heading}</h3>\n{svg}")));
        }
    }
    let caption = "All hidden units at the end of training, training pictures. Points: networks; \
         lines: means.";
    Ok(figure("third", &panels, caption, "No network was trained."))
}

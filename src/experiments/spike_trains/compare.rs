//! Do the indicators tell memorising networks from generalising ones, and how early?
//!
//! Place in the flow: floor 4, networks with their courses in, a [`Difference`] for every indicator,
//! order and station out.

use super::Indicators;
use super::difference::Difference;
use super::found::{Comparison, Network, View};
use super::settings::Settings;

/// An indicator's value.
type Value = fn(&Indicators) -> Option<f64>;

/// The indicators that are compared.
pub const INDICATORS: [(&str, Value); 4] = [
    ("MFR", |found| found.mean_rate),
    ("MFF", |found| found.mean_fano),
    ("Var(rate)", |found| found.rate_variance),
    ("Var(Fano)", |found| found.fano_variance),
];

/// Memorising (the most label noise) against generalising (the least) networks, where the training
/// accuracies of `settings` are first reached, and at the end. Seeds of which one kind does not get
/// there are left out.
pub(super) fn comparisons(
    networks: &[Network],
    layers: &[(String, usize)],
    settings: &Settings,
) -> Vec<Comparison> {
    let noise = &settings.comparison.label_noise;
    let (Some(&least), Some(&most)) = (noise.first(), noise.last()) else { return Vec::new() };
    if least == most {
        return Vec::new();
    }
    let matched = &settings.comparison.matched;
    let stations = matched.iter().map(|&accuracy| (accuracy.to_string(), Some(accuracy)));
    let mut found = Vec::new();
    for (at, accuracy) in stations.chain([("end".to_owned(), None)]) {
        let place = |seed: u64, kind: f64| {
            let this = |one: &&Network| one.seed == seed && one.label_noise == kind;
            Place::of(networks.iter().find(this)?, accuracy)
        };
        let pair = |one: &Network| Some((place(one.seed, most)?, place(one.seed, least)?));
        let all = networks.iter().filter(|one| one.label_noise == most);
        let pairs: Vec<(Place<'_>, Place<'_>)> = all.filter_map(pair).collect();
        station(&mut found, &at, &pairs, layers, settings.seed);
    }
    found
}

/// Where a network is compared.
struct Place<'a> {
    /// Its training accuracy there.
    accuracy: f64,
    /// What its units do there.
    views: &'a [View],
}

impl<'a> Place<'a> {
    /// Where `network` first reaches `accuracy`, or its end; `None` where it does not get there.
    fn of(network: &'a Network, accuracy: Option<f64>) -> Option<Self> {
        let look = match accuracy {
            Some(accuracy) => network.first_at(accuracy)?,
            None => network.course.last()?,
        };
        let views = if accuracy.is_some() { &look.views } else { &network.end };
        Some(Self { accuracy: look.training_accuracy, views })
    }
}

/// Adds to `found` every indicator of every view and layer of `pairs`, memorising and generalising.
fn station(
    found: &mut Vec<Comparison>,
    at: &str,
    pairs: &[(Place<'_>, Place<'_>)],
    layers: &[(String, usize)],
    seed: u64,
) {
    let Some((shape, _)) = pairs.first() else { return };
    let mean = |accuracy: &dyn Fn(&(Place<'_>, Place<'_>)) -> f64| {
        pairs.iter().map(accuracy).sum::<f64>() / pairs.len() as f64
    };
    let accuracies = (mean(&|pair| pair.0.accuracy), mean(&|pair| pair.1.accuracy));
    let names = std::iter::once("all").chain(layers.iter().map(|(name, _)| name.as_str()));
    for (which, View { pictures, order, .. }) in shape.views.iter().enumerate() {
        for (layer, name) in names.clone().enumerate() {
            for (indicator, value) in INDICATORS {
                let of = |place: &Place<'_>| {
                    let view = place.views.get(which)?;
                    value(if layer == 0 { &view.whole } else { view.layers.get(layer - 1)? })
                };
                let (ones, others): (Vec<f64>, Vec<f64>) =
                    pairs.iter().filter_map(|pair| of(&pair.0).zip(of(&pair.1))).unzip();
                let index = found.len() as u64;
                found.extend(Difference::of(&ones, &others, seed, index).map(|difference| {
                    Comparison {
                        at: at.to_owned(),
                        pictures: pictures.clone(),
                        order: *order,
                        layer: name.to_owned(),
                        indicator: indicator.to_owned(),
                        accuracies: Some(accuracies),
                        difference,
                    }
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::spike_trains::Order;
    use crate::experiments::spike_trains::found::{Look, Seconds};
    use crate::experiments::spike_trains::settings;

    /// Indicators that tell what they are of: a base, and which of [`INDICATORS`].
    fn indicators(base: f64) -> Indicators {
        let of = |which: f64| Some(base + which / 4.0);
        Indicators {
            units: 1,
            dead: 0.0,
            always_on: 0.0,
            mean_rate: of(0.0),
            mean_fano: of(1.0),
            rate_variance: of(2.0),
            fano_variance: of(3.0),
            mean_cv: None,
            coin_cv: None,
        }
    }

    /// A view of two layers.
    fn view(pictures: &str, order: Order, base: f64) -> View {
        View {
            pictures: pictures.into(),
            order,
            whole: indicators(base),
            layers: vec![indicators(10.0 * base), indicators(100.0 * base)],
            poisson: Vec::new(),
            examples: Vec::new(),
            identity: None,
            rates: Vec::new(),
            fanos: Vec::new(),
            seconds: Seconds::default(),
        }
    }

    /// A network that reaches 0.5 after 2 passes and stops at 0.9, whose views differ by `base`.
    fn network(seed: u64, label_noise: f64, base: f64) -> Network {
        let on_way = |base: f64| {
            vec![
                view("training", Order::Shuffled, base),
                view("training", Order::Blocked, 2.0 * base),
            ]
        };
        let look = |passes: f64, training_accuracy: f64, base: f64| Look {
            passes,
            training_accuracy,
            test_accuracy: 0.0,
            views: on_way(base),
        };
        Network {
            seed,
            label_noise,
            course: vec![
                look(0.0, 0.1, 1000.0),
                look(1.0, 0.4, 1000.0),
                look(2.0, 0.5 + label_noise / 8.0, base),
                look(3.0, 0.9, 1000.0),
            ],
            end: vec![
                view("training", Order::Shuffled, 3.0 * base),
                view("test", Order::Shuffled, 5.0 * base),
            ],
            untrained: vec![view("training", Order::Shuffled, 1000.0)],
        }
    }

    #[test]
    fn most_random_labels_are_held_against_fewest_at_the_same_look_view_and_layer() {
        let networks = [
            network(1, 0.0, 1.0),
            network(1, 0.5, 700.0),
            network(1, 1.0, 4.0),
            network(2, 0.0, 2.0),
            network(2, 0.5, 700.0),
            network(2, 1.0, 6.0),
        ];
        let comparison = settings::Comparison {
            label_noise: vec![0.0, 0.5, 1.0],
            matched: vec![0.5, 0.95],
            ..settings::Comparison::default()
        };
        let mut settings = Settings { comparison, ..Settings::default() };
        let layers = [("one".to_owned(), 1), ("two".to_owned(), 1)];
        let found = comparisons(&networks, &layers, &settings);
        assert_eq!(found.len(), 2 * 2 * 3 * 4, "nobody reaches 0.95");
        let views = [("0.5", "training", 1.0), ("0.5", "training", 2.0)];
        let ends = [("end", "training", 3.0), ("end", "test", 5.0)];
        let mut all = found.iter();
        for (at, pictures, times) in views.into_iter().chain(ends) {
            for (layer, scale) in [("all", 1.0), ("one", 10.0), ("two", 100.0)] {
                for (which, (indicator, _)) in INDICATORS.iter().enumerate() {
                    let one = all.next().expect("a comparison");
                    let names = [&one.at, &one.pictures, &one.layer, &one.indicator];
                    assert_eq!(names, [at, pictures, layer, indicator]);
                    let blocked = if times == 2.0 { Order::Blocked } else { Order::Shuffled };
                    assert_eq!(one.order, blocked);
                    // Bases: memorising 4 and 6, generalising 1 and 2.
                    let mean = |base: f64| base * times * scale + which as f64 / 4.0;
                    assert_eq!(one.difference.means, (mean(5.0), mean(1.5)));
                    assert_eq!((one.difference.networks, one.difference.auc), ((2, 2), 1.0));
                    let accuracies = if at == "end" { (0.9, 0.9) } else { (0.625, 0.5) };
                    assert_eq!(one.accuracies, Some(accuracies));
                    assert_eq!(one.matched(), at == "end");
                }
            }
        }
        // A seed of which one kind does not get there is left out with its partner.
        let mut slow = networks.to_vec();
        slow[2].course.pop();
        slow[2].course.pop();
        let found = comparisons(&slow, &layers, &settings);
        assert_eq!((found[0].at.as_str(), found[0].difference.networks), ("0.5", (1, 1)));
        assert_eq!(found[0].difference.means, (6.0, 2.0));
        settings.comparison.label_noise = vec![1.0];
        assert!(comparisons(&networks, &layers, &settings).is_empty(), "one kind");
    }
}

//! Do the indicators tell memorising networks from generalising ones, and how early?
//!
//! Place in the flow: floor 4, networks with their courses in, differences with intervals and areas
//! under the ROC curve out. No direction is presumed: an area below 0.5 says that the memorising
//! networks have the smaller numbers.

use serde::{Deserialize, Serialize};

use super::Indicators;
use super::found::{Comparison, Network, View};
use super::settings::Settings;
use crate::analysis::bootstrap;
use crate::signal::random;

/// An indicator's value.
type Value = fn(&Indicators) -> Option<f64>;

/// The indicators that are compared.
pub const INDICATORS: [(&str, Value); 4] = [
    ("MFR", |found| found.mean_rate),
    ("MFF", |found| found.mean_fano),
    ("Var(rate)", |found| found.rate_variance),
    ("Var(Fano)", |found| found.fano_variance),
];

/// Two groups of networks in one indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Networks in each group.
    pub networks: (usize, usize),
    /// Mean of both.
    pub means: (f64, f64),
    /// First minus second.
    pub difference: f64,
    /// The 95 % interval of the difference ([`bootstrap::interval`] of the differences of pairs);
    /// `None` for fewer than two pairs.
    pub interval: Option<(f64, f64)>,
    /// The area under the ROC curve: the share of pairs, whatever their seeds, in which the first
    /// has the larger number, ties counted half.
    pub auc: f64,
}

impl Difference {
    /// `first` against `second`, one number per network; `None` where they are empty. Those at one
    /// place are a pair: networks of one seed, which have initial weights and the order of pictures
    /// in common and so do not differ independently. Chance from the stream `spikes/difference` of
    /// `seed` and `index`.
    ///
    /// # Panics
    /// They differ in length.
    pub fn of(first: &[f64], second: &[f64], seed: u64, index: u64) -> Option<Self> {
        assert_eq!(first.len(), second.len(), "networks are compared in pairs");
        if first.is_empty() {
            return None;
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let means = (mean(first), mean(second));
        let pairs: Vec<f64> = first.iter().zip(second).map(|(one, other)| one - other).collect();
        let mut chance = random::stream(seed, "spikes/difference", index);
        Some(Self {
            networks: (first.len(), second.len()),
            means,
            difference: means.0 - means.1,
            interval: bootstrap::interval(&pairs, &mut chance).map(<(f64, f64)>::from),
            auc: auc(first, second),
        })
    }
}

/// The share of pairs in which the one of `first` is larger, ties counted half.
fn auc(first: &[f64], second: &[f64]) -> f64 {
    let pair = |one: &f64, other: &f64| match one.total_cmp(other) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let won: f64 =
        first.iter().flat_map(|one| second.iter().map(move |other| pair(one, other))).sum();
    won / (first.len() * second.len()) as f64
}

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
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn areas_and_intervals_of_groups_worked_out_by_hand() {
        assert_eq!(auc(&[2.0, 3.0], &[0.0, 1.0]), 1.0);
        assert_eq!(auc(&[0.0], &[1.0, 2.0]), 0.0);
        assert_eq!(auc(&[1.0, 1.0], &[1.0]), 0.5);
        assert_eq!(auc(&[1.0, 3.0], &[2.0, 4.0]), 0.25);
        let of = |first: &[f64], second: &[f64]| Difference::of(first, second, 1, 0);
        // What pairs have in common does not make their difference less certain.
        let found = of(&[1.0, 6.0, 3.0], &[0.0, 5.0, 2.0]).expect("both there");
        assert_eq!((found.networks, found.difference), ((3, 3), 1.0));
        assert_eq!((found.interval, found.auc), (Some((1.0, 1.0)), 6.0 / 9.0));
        let found = of(&[1.0, 1.1, 1.2], &[0.2, 0.1, 0.0]).expect("both there");
        let (low, high) = found.interval.expect("three pairs");
        // Differences 0.8, 1, 1.2: 0.2 either way, times sqrt(3 / 2) 4.3027 / 1.96.
        assert!((low - 0.4623).abs() < 1e-3 && (high - 1.5377).abs() < 1e-3, "{low} {high}");
        assert_eq!(found, of(&[1.0, 1.1, 1.2], &[0.2, 0.1, 0.0]).expect("again"));
        let few = of(&[1.0], &[0.0]).expect("both there");
        assert_eq!((few.interval, few.auc), (None, 1.0));
        assert_eq!(of(&[], &[]), None);
    }

    #[test]
    fn where_kinds_do_not_differ_one_interval_in_twenty_leaves_zero_out() {
        for (count, shared) in [(3, 0.0), (3, 3.0), (5, 1.0), (10, 1.0)] {
            let mut chance = random::stream(1, "test/null", count as u64);
            let mut normal = || -> f64 { StandardNormal.sample(&mut chance) };
            let held = (0..1_000).filter(|&index| {
                let seeds: Vec<f64> = (0..count).map(|_| shared * normal()).collect();
                let [one, other] = [(); 2]
                    .map(|()| seeds.iter().map(|seed| seed + normal()).collect::<Vec<f64>>());
                let found = Difference::of(&one, &other, 1, index).expect("both there");
                let (low, high) = found.interval.expect("pairs");
                assert!(high - low < 30.0, "what seeds share does not widen it");
                (low..=high).contains(&0.0)
            });
            // A standard error of 0.007. Percentiles over the networks of each group hold 0 in 0.80
            // of the cases of 3 without what is shared, and in all of them with it.
            let share = held.count() as f64 / 1_000.0;
            assert!((0.925..0.975).contains(&share), "{share} of the intervals of {count}");
        }
    }

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

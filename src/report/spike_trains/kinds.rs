//! Kinds of networks, orders, and how numbers over networks are written.
//!
//! Place in the flow: under every rendering of the study.

use crate::experiments::outcome::Spread;
use crate::experiments::spike_trains::found::{Network, Outcome, View};
use crate::experiments::spike_trains::study::INDICATORS;
use crate::experiments::spike_trains::{Indicators, Order};
use crate::report::numbers::{finite, fixed};

/// The order's name, as settings have it.
pub(super) fn order(order: Order) -> &'static str {
    match order {
        Order::Shuffled => "shuffled",
        Order::Blocked => "blocked",
        Order::Repeated => "repeated",
    }
}

/// A kind of network, by its share of random labels.
pub(super) fn kind(label_noise: f64) -> String {
    match label_noise {
        0.0 => "generalising".into(),
        1.0 => "memorising".into(),
        share => {
            let hundredths = fixed(100.0 * share, 6);
            format!("{} % random", hundredths.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// A kind of network: its name, and its networks with their views.
pub(super) type Kind<'a> = (String, Vec<(&'a Network, &'a [View])>);

/// The kinds of an outcome, in the order of their label noise, after the untrained networks.
pub(super) fn kinds(outcome: &Outcome) -> Vec<Kind<'_>> {
    let mut noises: Vec<f64> = outcome.networks.iter().map(|one| one.label_noise).collect();
    noises.sort_by(f64::total_cmp);
    noises.dedup();
    let first = noises.first().copied();
    let of = |noise: f64| outcome.networks.iter().filter(move |one| one.label_noise == noise);
    // Untrained networks do not differ by their labels.
    let untrained = first.into_iter().flat_map(of).map(|one| (one, one.untrained.as_slice()));
    let mut kinds = vec![("untrained".to_owned(), untrained.collect())];
    for noise in noises {
        kinds.push((kind(noise), of(noise).map(|one| (one, one.end.as_slice())).collect()));
    }
    kinds
}

/// The kinds that are looked at closely: the untrained networks, those with the fewest random labels
/// and those with the most.
pub(super) fn outer(outcome: &Outcome) -> Vec<Kind<'_>> {
    let mut kinds = kinds(outcome);
    if kinds.len() > 3 {
        kinds.drain(2..kinds.len() - 1);
    }
    kinds
}

/// The two kinds that are compared.
pub(super) struct Both<'a> {
    /// The networks with the most random labels.
    pub most: (String, Vec<&'a Network>),
    /// The networks with the fewest.
    pub least: (String, Vec<&'a Network>),
}

impl Both<'_> {
    /// `memorising minus generalising`, by the kinds' own names.
    pub fn minus(&self) -> String {
        format!("{} minus {}", self.most.0, self.least.0)
    }
}

/// The networks with the most and with the fewest random labels, where they differ.
pub(super) fn both(outcome: &Outcome) -> Option<Both<'_>> {
    let noises = || outcome.networks.iter().map(|one| one.label_noise);
    let (least, most) = (noises().reduce(f64::min)?, noises().reduce(f64::max)?);
    let of = |wanted: f64| {
        let networks = outcome.networks.iter().filter(|one| one.label_noise == wanted);
        (kind(wanted), networks.collect())
    };
    (least < most).then(|| Both { most: of(most), least: of(least) })
}

/// Decimals that leave about four digits of a number of this size.
pub(super) fn decimals(size: f64) -> usize {
    match size.abs() {
        huge if huge >= 1000.0 => 0,
        large if large >= 100.0 => 1,
        middle if middle >= 10.0 => 2,
        small if small >= 1.0 => 3,
        _ => 4,
    }
}

/// `0.1234 ± 0.0041` over networks; `-` where no network defines it.
pub(super) fn over(values: impl Iterator<Item = Option<f64>>) -> String {
    let values: Vec<f64> = values.filter_map(finite).collect();
    let digits = Spread::of(&values).mean.map_or(4, decimals);
    with_decimals(values.into_iter(), digits)
}

/// As [`over`], with a digit less, where columns are narrow.
pub(super) fn shortly(values: impl Iterator<Item = Option<f64>>) -> String {
    let values: Vec<f64> = values.filter_map(finite).collect();
    let digits = Spread::of(&values).mean.map_or(4, decimals).saturating_sub(1);
    with_decimals(values.into_iter(), digits)
}

/// The indicators' values over networks, in the order of [`INDICATORS`]: Var(rate), which is small,
/// with a digit more than the others.
pub(super) fn values(found: &[&Indicators]) -> [String; 4] {
    INDICATORS.map(|(indicator, value)| {
        let values = found.iter().map(|one| value(one));
        if indicator == "Var(rate)" { over(values) } else { shortly(values) }
    })
}

/// Mean and standard deviation over networks; `-` of nothing.
pub(super) fn with_decimals(values: impl Iterator<Item = f64>, decimals: usize) -> String {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let Spread { mean, sd } = Spread::of(&values);
    match (mean, sd) {
        (None, _) => "-".into(),
        (Some(mean), None) => fixed(mean, decimals),
        (Some(mean), Some(sd)) => format!("{} ± {}", fixed(mean, decimals), fixed(sd, decimals)),
    }
}

/// The mean alone; `-` of nothing.
pub(super) fn mean(values: impl Iterator<Item = Option<f64>>, decimals: usize) -> String {
    let values: Vec<f64> = values.filter_map(finite).collect();
    Spread::of(&values).mean.map_or_else(|| "-".into(), |mean| fixed(mean, decimals))
}

/// Figures of some units that stand beside the indicators: dead and always on, in percent, CV of the
/// intervals, and that of coins of the same rates; means over networks.
pub(super) fn beside(found: &[&Indicators]) -> [String; 4] {
    let mean = |of: &dyn Fn(&Indicators) -> Option<f64>, decimals| {
        mean(found.iter().map(|one| of(one)), decimals)
    };
    [
        mean(&|one| Some(100.0 * one.dead), 1),
        mean(&|one| Some(100.0 * one.always_on), 1),
        mean(&|one| one.mean_cv, 2),
        mean(&|one| one.coin_cv, 2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_of_their_own() {
        let named = [0.0, 1.0, 0.25, 0.07, 0.004].map(kind);
        let expected = ["generalising", "memorising", "25 % random", "7 % random", "0.4 % random"];
        assert_eq!(named, expected);
    }

    #[test]
    fn figures_have_about_four_digits() {
        assert_eq!(over([Some(31.2459), Some(33.2459), None].into_iter()), "32.25 ± 1.41");
        assert_eq!(over([Some(0.49394)].into_iter()), "0.4939");
        assert_eq!(over([None, Some(f64::NAN)].into_iter()), "-");
    }
}

//! Networks of one task, site and training noise together, and how numbers of this study are
//! written.
//!
//! Place in the flow: [`Outcome`] -> kinds -> every rendering of the study.

use crate::analysis::noise::Site;
use crate::analysis::noise::preference::Estimate;
use crate::datasets::tasks::Name;
use crate::experiments::noise_preference::found::{
    Distance, Group, Mechanism, Network, Outcome, Point, Stationary,
};
use crate::report::figures::against::means;
use crate::report::figures::plot::grey;
use crate::report::numbers::{UNDEFINED, fixed};

/// Standard errors within which theory and simulation agree.
pub(super) const NEAR: f64 = 4.0;

/// Stands where there is no number.
pub(super) const NONE: &str = "-";

/// The networks of one task, site and training noise.
pub(super) struct Kind<'a> {
    pub task: Name,
    pub site: Site,
    /// s of their training.
    pub level: f64,
    /// What the study's multiples of noise are of: the training noise; of networks trained without
    /// noise the smallest noise above 0 that others are trained with.
    pub unit: f64,
    /// Place among the colours, the same for a training noise in every figure.
    pub colour: usize,
    pub networks: Vec<&'a Network>,
    /// What the outcome says of them together.
    pub group: Option<&'a Group>,
}

/// A point or what goes with one noise level: its noise and a value.
type Pair = (f64, f64);

impl<'a> Kind<'a> {
    /// As legends have it.
    pub fn words(&self) -> String {
        match self.level {
            0.0 => "trained without noise".into(),
            level => format!("trained at s = {}", level_of(level)),
        }
    }

    /// A value of every network's curve, one series per network, at multiples of the unit.
    pub fn curves(&self, value: impl Fn(&Point) -> f64) -> Vec<Vec<Pair>> {
        let curve = |network: &&Network| {
            network.curve.iter().map(|point| (point.noise / self.unit, value(point))).collect()
        };
        self.networks.iter().map(curve).collect()
    }

    /// The mean over networks of a value of their curves, at multiples of the unit.
    pub fn mean_curve(&self, value: impl Fn(&Point) -> f64) -> Vec<Pair> {
        means(&self.curves(value).concat())
    }

    /// The networks' stationary states with their noise, of those that have any.
    pub fn mechanisms(&self) -> impl Iterator<Item = &'a Mechanism> {
        self.networks.iter().filter_map(|network| network.mechanism.as_ref())
    }

    /// How far units work from the nonlinearity, a network each.
    pub fn distances(&self) -> Vec<Distance> {
        self.networks.iter().filter_map(|network| network.distance).collect()
    }

    /// The mean over networks of a value of their stationary states, at multiples of the unit.
    pub fn stationary(&self, value: impl Fn(&Stationary) -> Option<f64>) -> Vec<Pair> {
        let level = |level: &Stationary| Some((level.noise / self.unit, value(level)?));
        let all = self.mechanisms().flat_map(|one| one.levels.iter()).filter_map(level);
        means(&all.collect::<Vec<_>>())
    }

    /// The states at the training noise, a network each.
    pub fn trained(&self) -> Vec<&'a Stationary> {
        let near = |a: &&Stationary, b: &&Stationary| {
            let distance = |one: &Stationary| (one.noise - self.level).abs();
            distance(a).total_cmp(&distance(b))
        };
        self.mechanisms().filter_map(|one| one.levels.iter().min_by(near)).collect()
    }
}

/// A shift of the states at one noise level.
#[derive(Clone, Copy)]
pub(super) enum Shift {
    OfUnits,
    OfOutputs,
}

impl Shift {
    /// Its root mean square, the standard error of that, and what the closure says.
    pub fn of(self, states: &Stationary) -> (f64, Option<f64>, Option<f64>) {
        match self {
            Self::OfUnits => (states.shift, states.shift_error, states.shift_closure),
            Self::OfOutputs => (states.output, states.output_error, states.output_closure),
        }
    }

    /// The mean over networks as `0.399 ± 0.002`; the closure's.
    pub fn words(self, states: &[&Stationary]) -> Option<(String, Option<f64>)> {
        let value = mean(states.iter().map(|one| self.of(one).0))?;
        let squares = states.iter().filter_map(|one| Some(self.of(one).1?.powi(2)));
        let error = mean(squares).map(|square| (square / states.len() as f64).sqrt());
        Some((with_error(value, error), mean(states.iter().filter_map(|one| self.of(one).2))))
    }
}

/// All kinds, in the order of the networks.
pub(super) fn kinds(outcome: &Outcome) -> Vec<Kind<'_>> {
    let mut levels: Vec<f64> = outcome.networks.iter().map(|network| network.level).collect();
    levels.retain(|level| *level > 0.0);
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let smallest = levels.first().copied().unwrap_or(1.0);
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for network in &outcome.networks {
        let same = |kind: &&mut Kind<'_>| {
            (kind.task, kind.site, kind.level) == (network.task, network.site, network.level)
        };
        if let Some(kind) = kinds.iter_mut().find(same) {
            kind.networks.push(network);
            continue;
        }
        let level = network.level;
        kinds.push(Kind {
            task: network.task,
            site: network.site,
            level,
            unit: if level > 0.0 { level } else { smallest },
            colour: levels.iter().position(|one| *one == level).unwrap_or_else(grey),
            networks: vec![network],
            group: outcome.groups.iter().find(|group| {
                (group.task, group.site, group.level) == (network.task, network.site, level)
            }),
        });
    }
    kinds
}

/// The kinds of every task and site together.
pub(super) fn places<'k, 'a>(kinds: &'k [Kind<'a>]) -> Vec<&'k [Kind<'a>]> {
    kinds.chunk_by(|one, next| (one.task, one.site) == (next.task, next.site)).collect()
}

/// `function, noise inside`.
pub(super) fn place(task: Name, site: Site) -> String {
    format!("{task}, noise {site}")
}

/// Mean of finite values; `None` without any.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// A training noise as it was set: `0.2`.
pub(super) fn level_of(level: f64) -> String {
    if level.is_finite() { level.to_string() } else { UNDEFINED.into() }
}

/// What is smaller is what rounding leaves of 0.
const ROUNDING: f64 = 1e-12;

/// A number to three digits: `0.0123`, `1.23e-5`, `0`.
pub(super) fn digits(value: f64) -> String {
    if !value.is_finite() {
        return UNDEFINED.into();
    }
    if value.abs() < ROUNDING {
        return "0".into();
    }
    // Of what is written: 99.96 is 100.
    let written = format!("{value:.2e}");
    let magnitude = written.split_once('e').and_then(|(_, magnitude)| magnitude.parse().ok());
    let magnitude: i32 = magnitude.unwrap_or_default();
    if !(-3..=5).contains(&magnitude) {
        return written;
    }
    fixed(value, (2 - magnitude).max(0) as usize)
}

/// `0.399 ± 0.0021`; without an error where none is known.
pub(super) fn with_error(value: f64, error: Option<f64>) -> String {
    let two = |error: f64| match error.log10() {
        _ if digits(value).contains('e') => format!("{error:.1e}"),
        magnitude if magnitude > -7.0 => fixed(error, (1.0 - magnitude.floor()).max(0.0) as usize),
        _ => digits(error),
    };
    match error {
        Some(error) if error.is_finite() => format!("{} ± {}", digits(value), two(error)),
        _ => digits(value),
    }
}

/// As [`digits`], without zeros at the end: `0.1`.
pub(super) fn short(value: f64) -> String {
    let written = digits(value);
    match written.contains('.') && !written.contains('e') {
        true => written.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => written,
    }
}

/// As [`digits`]; a dash where there is none.
pub(super) fn or_none(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.into(), digits)
}

/// `0.912 [0.893, 0.931]` with as many decimals; without an interval where there is none, a dash
/// where there is no number.
pub(super) fn estimate(found: Option<Estimate>, decimals: usize) -> String {
    bracketed(found, |value| fixed(value, decimals))
}

/// As [`estimate`], to three digits.
pub(super) fn estimate_digits(found: Option<Estimate>) -> String {
    bracketed(found, digits)
}

fn bracketed(found: Option<Estimate>, write: impl Fn(f64) -> String) -> String {
    let Some(Estimate { value, interval }) = found else { return NONE.into() };
    match interval {
        Some([low, high]) => format!("{} [{}, {}]", write(value), write(low), write(high)),
        None => write(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let written = [0.0, 1.0, -12.345, 0.012345, 0.00012345, 1234.5, 1e7, f64::NAN].map(digits);
        assert_eq!(
            written,
            ["0", "1.00", "-12.3", "0.0123", "1.23e-4", "1234", "1.00e7", UNDEFINED]
        );
        assert_eq!([99.96, 9.996, 0.0009996].map(digits), ["100", "10.0", "0.00100"]);
    }

    #[test]
    fn errors_have_two_digits() {
        let written =
            [(0.39894, 0.00213), (0.0, 0.0001), (1.0, f64::NAN), (12.0, 0.0), (5.8e-5, 9e-5)]
                .map(|(value, error)| with_error(value, Some(error)));
        let expected = ["0.399 ± 0.0021", "0 ± 0.00010", "1.00", "12.0 ± 0", "5.80e-5 ± 9.0e-5"];
        assert_eq!(written, expected);
        assert_eq!(with_error(0.5, None), "0.500");
    }

    #[test]
    fn settings_are_written_short() {
        let rate = f64::from(0.1f32);
        assert_eq!([rate, 1.0, 200.0, 0.0, 2e-7].map(short), ["0.1", "1", "200", "0", "2.00e-7"]);
    }
}

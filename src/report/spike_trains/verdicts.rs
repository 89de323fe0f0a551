//! Whether a difference tells two kinds of networks apart, and how often chance alone does so.
//!
//! Place in the flow: comparisons -> verdicts, which text and page show. No direction is presumed.

use super::stations::Station;
use crate::experiments::spike_trains::found::Comparison;
use crate::report::numbers::{count, fixed};

/// On which side the networks with the most random labels lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Smaller,
    Larger,
}

impl Side {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Smaller => "smaller",
            Self::Larger => "larger",
        }
    }
}

/// What a difference says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every network of one kind lies on one side of every one of the other, and the interval leaves
    /// out 0.
    Apart(Side),
    /// One of the two holds.
    Leans(Side),
    /// Neither holds.
    Open,
    /// A kind has too few networks for an interval.
    Few,
    /// The kinds fit what they learn unequally well.
    Unequal,
}

/// How verdicts are given.
pub(super) const RULES: &str = "A difference tells the kinds apart where every network of one kind \
     lies on one side of every network of the other (an AUC of 0 or 1) and its 95 % interval leaves \
     out 0; it leans where one of the two holds; larger, smaller: of the networks with more random \
     labels.";

impl Verdict {
    /// Of one comparison at its station.
    pub fn of(one: &Comparison, station: &Station<'_>) -> Self {
        if !station.comparable {
            return Self::Unequal;
        }
        let Some((low, high)) = one.difference.interval else { return Self::Few };
        let side = |smaller: bool, larger: bool| match (smaller, larger) {
            (true, false) => Some(Side::Smaller),
            (false, true) => Some(Side::Larger),
            _ => None,
        };
        let auc = one.difference.auc;
        match (side(auc == 0.0, auc == 1.0), side(high < 0.0, low > 0.0)) {
            (Some(one), Some(other)) if one == other => Self::Apart(one),
            (Some(side), None) | (None, Some(side)) => Self::Leans(side),
            _ => Self::Open,
        }
    }

    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Apart(side) => format!("apart, {}", side.word()),
            Self::Leans(side) => format!("leans, {}", side.word()),
            Self::Open => "does not tell".into(),
            Self::Few => "too few networks".into(),
            Self::Unequal => "not comparable".into(),
        }
    }
}

/// How often chance alone gives an area of 0 or 1, of `most` and `least` networks.
pub(super) fn by_chance((most, least): (usize, usize)) -> String {
    let orders =
        (1..=most).fold(1.0, |orders, place| orders * (least + place) as f64 / place as f64);
    match orders.round() {
        few if few < 1e6 => {
            let share = fixed(200.0 / few, if few < 200.0 { 0 } else { 2 });
            format!("in 2 of {} orders of the networks, {share} %", count(few as usize))
        }
        _ => "hardly ever".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::spike_trains::Order;
    use crate::experiments::spike_trains::difference::Difference;

    #[test]
    fn areas_and_intervals_never_contradict_a_verdict() {
        let verdict = |auc: f64, interval: Option<(f64, f64)>, comparable: bool| {
            let networks = (3, 3);
            let difference =
                Difference { networks, means: (0.0, 0.0), difference: 0.0, interval, auc };
            let one = Comparison {
                at: "0.5".into(),
                pictures: "training".into(),
                order: Order::Shuffled,
                layer: "all".into(),
                indicator: "MFR".into(),
                accuracies: None,
                difference,
            };
            Verdict::of(&one, &Station { at: "0.5", accuracies: None, comparable, short: false })
        };
        let [below, above, around] = [(-2.0, -1.0), (1.0, 2.0), (-1.0, 1.0)].map(Some);
        assert_eq!(verdict(1.0, above, true), Verdict::Apart(Side::Larger));
        assert_eq!(verdict(0.0, below, true), Verdict::Apart(Side::Smaller));
        assert_eq!(verdict(0.9, above, true), Verdict::Leans(Side::Larger));
        assert_eq!(verdict(0.0, around, true), Verdict::Leans(Side::Smaller));
        assert_eq!(verdict(0.9, around, true), Verdict::Open);
        assert_eq!(verdict(1.0, below, true), Verdict::Open, "no side where the two differ");
        assert_eq!(verdict(1.0, None, true), Verdict::Few);
        assert_eq!(verdict(1.0, above, false), Verdict::Unequal);
    }

    #[test]
    fn chance_orders_networks() {
        assert_eq!(by_chance((3, 3)), "in 2 of 20 orders of the networks, 10 %");
        assert_eq!(by_chance((2, 1)), "in 2 of 3 orders of the networks, 67 %");
        assert_eq!(by_chance((5, 5)), "in 2 of 252 orders of the networks, 0.79 %");
        assert_eq!(by_chance((50, 50)), "hardly ever");
    }
}

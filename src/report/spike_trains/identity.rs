//! The identity of the shuffled order: every unit is a coin of its own rate.
//!
//! Place in the flow: [`Outcome`] -> one paragraph, which text and page show.

use super::kinds::{both, kinds};
use crate::experiments::spike_trains::found::{Outcome, View};
use crate::experiments::spike_trains::{Identity, Order};
use crate::report::numbers::{count, fixed, several};

/// Some presentations taken together.
#[derive(Debug, Default, PartialEq)]
struct Together {
    presentations: usize,
    /// Fano factors that were looked at, a unit's in one presentation each.
    factors: usize,
    /// Those left out.
    rare: usize,
    /// The sum of squared deviations.
    squares: f64,
    largest: f64,
    by_chance: Option<f64>,
}

impl Together {
    fn of<'a>(views: impl Iterator<Item = &'a View>) -> Self {
        let shuffled = views.filter(|view| view.order == Order::Shuffled);
        shuffled.filter_map(|view| view.identity).fold(Self::default(), Self::add)
    }

    fn add(self, one: Identity) -> Self {
        Self {
            presentations: self.presentations + 1,
            factors: self.factors + one.units,
            rare: self.rare + one.rare,
            squares: self.squares + one.root_mean_square.powi(2) * one.units as f64,
            largest: self.largest.max(one.largest),
            by_chance: match (self.by_chance, one.by_chance) {
                (Some(most), Some(one)) => Some(most.max(one)),
                (most, one) => most.or(one),
            },
        }
    }

    fn root_mean_square(&self) -> f64 {
        (self.squares / self.factors as f64).sqrt()
    }
}

/// What the identity means for the claim, and the deviations from it that were seen.
pub(super) fn identity(outcome: &Outcome) -> [String; 2] {
    let kinds = both(outcome).map_or_else(
        || "kinds of networks".to_owned(),
        |both| format!("{} from {} networks", both.most.0, both.least.0),
    );
    let meaning = format!(
        "In the shuffled order a unit is a coin of its own rate p, whatever the network has learned: \
         its Fano factor is 1 - p. For the claim that means: in that order MFF is one minus the mean \
         rate of the units that spike, and Var(Fano) the variance of their rates but for chance. \
         However well they tell {kinds} there, it is the rates that tell; only the blocked and the \
         repeated order can add to them."
    );
    [meaning, deviations(outcome)]
}

/// How far from the identity units were.
fn deviations(outcome: &Outcome) -> String {
    // Untrained networks are the same for every kind and stand in `kinds` once.
    let kinds = kinds(outcome);
    let networks = || kinds.iter().flat_map(|(_, networks)| networks);
    let found = Together::of(networks().flat_map(|(_, views)| *views));
    if found.factors == 0 {
        return "No unit spikes often enough to look at the identity of the shuffled order.".into();
    }
    let units: usize = networks().count() * outcome.layers.iter().map(|one| one.1).sum::<usize>();
    let untrained = kinds.first().map_or(0, |(_, networks)| networks.len());
    let chance = found.by_chance.map_or_else(String::new, |largest| {
        format!(", by chance alone {} (independent coins of the same rates)", fixed(largest, 1))
    });
    let looks = outcome.networks.iter().flat_map(|one| &one.course);
    let way = Together::of(looks.filter(|look| look.passes > 0.0).flat_map(|look| &look.views));
    let way = match way.factors {
        0 => String::new(),
        _ => format!(
            " The largest of the looks on the way ({}, {} Fano factors): {}.",
            several(way.presentations, "presentation"),
            count(way.factors),
            fixed(way.largest, 1)
        ),
    };
    format!(
        "How far from that, in standard errors: root mean square {} (1 where the identity holds), \
         largest {}{chance}. Looked at: {} hidden units of {} ({untrained} untrained, the same for \
         all kinds), {} of a unit's Fano factor in {}. Left out: {} of units that spike, or pause, \
         so rarely that their counts have a variance below 1 and no normal error; a unit that \
         never or always spikes has none. Units of one network see the same pictures: their \
         deviations go together.{way}",
        fixed(found.root_mean_square(), 2),
        fixed(found.largest, 1),
        count(units),
        several(networks().count(), "network"),
        several(found.factors, "value"),
        several(found.presentations, "presentation"),
        count(found.rare),
    )
}

//! How many units are Poisson processes, and how many are coins.
//!
//! Place in the flow: [`Outcome`] -> a table of the page, and lines of the terminal.

use super::kinds::{kinds, mean, order};
use crate::analysis::spikes::poisson::{PoissonSummary, Rejected};
use crate::experiments::spike_trains::found::{Outcome, View};
use crate::report::html::tables::{self, headings, number};
use crate::report::markup::Escaped;

/// A test's name and where it stands.
type Test = (&'static str, fn(&PoissonSummary) -> Rejected);

/// The tests, in the order of columns.
const TESTS: [Test; 6] = [
    ("disp., Poisson", |found| found.poisson_dispersion),
    ("disp., binomial", |found| found.binomial_dispersion),
    ("counts, Poisson", |found| found.poisson_fit),
    ("counts, binomial", |found| found.binomial_fit),
    ("intervals, expon.", |found| found.exponential_intervals),
    ("intervals, geom.", |found| found.geometric_intervals),
];

/// How to read the shares.
pub(super) const READING: &str = "A dash: no unit could be tested; counts need about 15 windows for \
     three cells of 5 expected windows each, and units that vary. A coin of rate p is binomial with \
     geometric intervals. The exponential is of the coin's own rate, p per step; an exponential time \
     rounded up to whole steps is geometric too, but of rate 1 - exp(\u{2212}p), so that a coin rejects it \
     unless it spikes rarely.";

/// What the tests say of a layer of a kind of network, training pictures.
pub(super) struct Tested<'a> {
    pub kind: String,
    pub order: &'static str,
    pub layer: &'a str,
    /// Of each of [`TESTS`], in percent, means over networks: p below 5 %, and discovered.
    pub shares: Vec<String>,
    /// Of each network: mean and standard deviation of the correlation of counts between units, and
    /// what its standard deviation would be if they were independent.
    pub correlation: Vec<[Option<f64>; 3]>,
}

/// Every kind, order and layer.
pub(super) fn tested(outcome: &Outcome) -> Vec<Tested<'_>> {
    let mut all = Vec::new();
    for (kind, networks) in kinds(outcome) {
        let Some((_, shape)) = networks.first() else { continue };
        for (place, view) in shape.iter().enumerate().filter(|(_, one)| one.pictures == "training")
        {
            for (layer, (name, _)) in outcome.layers.iter().enumerate() {
                let of = |views: &&[View]| views.get(place)?.poisson.get(layer).copied();
                let found: Vec<PoissonSummary> =
                    networks.iter().filter_map(|(_, views)| of(views)).collect();
                let percent = |share: Option<f64>| share.map(|share| 100.0 * share);
                let shares = TESTS.iter().map(|(_, test)| {
                    let shares = found.iter().map(|one| percent(test(one).share));
                    let discovered = found.iter().map(|one| percent(test(one).discovered));
                    format!("{}/{}", whole(shares), whole(discovered))
                });
                let shares = shares.collect();
                let correlation =
                    found.iter().map(|PoissonSummary { correlation: one, .. }| {
                        [one.mean, one.sd, one.independent_sd]
                    });
                all.push(Tested {
                    kind: kind.clone(),
                    order: order(view.order),
                    layer: name,
                    shares,
                    correlation: correlation.collect(),
                });
            }
        }
    }
    all
}

/// How many units reject the Poisson model and the coin, layer by layer.
pub(super) fn table(outcome: &Outcome) -> String {
    let line = |tested: Tested<'_>| {
        let mut figures = tested.shares;
        let at = |place: usize| mean(tested.correlation.iter().map(|one| one[place]), 2);
        figures.extend([at(0), format!("{} / {}", at(1), at(2))]);
        format!(
            "<tr><th scope=\"row\" class=\"word\">{}</th><td>{}</td><td class=\"word\">{}</td>{}</tr>\n",
            Escaped(&tested.kind),
            tested.order,
            Escaped(tested.layer),
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let body: String = tested(outcome).into_iter().map(line).collect();
    let mut columns: Vec<&str> = TESTS.iter().map(|(name, _)| *name).collect();
    columns.extend(["corr.", "sd / indep."]);
    let caption = "Units that reject a model, in percent: p below 0.05 / at a false-discovery rate \
         of 5 % (Benjamini and Hochberg), means over networks. A unit that is a coin of its own \
         rate is binomial with geometric intervals; it is Poisson only where it spikes rarely. \
         Disp.: dispersion of the counts; intervals: exponential, geometric; corr.: mean correlation of \
         the counts of pairs of units, its standard deviation over pairs and what independent units \
         have. Training pictures";
    let headings = headings(&["kind", "order", "layer"], &columns);
    tables::table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// A mean in whole percent; `-` of nothing.
fn whole(values: impl Iterator<Item = Option<f64>>) -> String {
    let values: Vec<f64> = values.flatten().collect();
    match values.len() {
        0 => "-".into(),
        count => format!("{:.0}", values.iter().sum::<f64>() / count as f64),
    }
}

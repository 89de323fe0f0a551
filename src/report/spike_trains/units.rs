//! What single units do: the Poisson model's table, a raster, counts, and how units spread.
//!
//! Place in the flow: [`Outcome`] -> sections of the page.

use super::{kinds, order, over};
use crate::analysis::spikes::poisson::{PoissonSummary, Rejected};
use crate::error::Result;
use crate::experiments::spike_trains::Order;
use crate::experiments::spike_trains::found::{Outcome, View};
use crate::report::figures::trains;
use crate::report::html::figures::figure;
use crate::report::html::tables::{headings, number, table};
use crate::report::markup::Escaped;

/// A test's name and where it stands.
type Test = (&'static str, fn(&PoissonSummary) -> Rejected);

/// The tests, in the order of columns.
const TESTS: [Test; 6] = [
    ("dispersion, Poisson", |found| found.poisson_dispersion),
    ("dispersion, binomial", |found| found.binomial_dispersion),
    ("counts, Poisson", |found| found.poisson_fit),
    ("counts, binomial", |found| found.binomial_fit),
    ("intervals, exponential", |found| found.exponential_intervals),
    ("intervals, geometric", |found| found.geometric_intervals),
];

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
pub(super) fn model(outcome: &Outcome) -> String {
    let line = |tested: Tested<'_>| {
        let mut figures = tested.shares;
        figures.extend((0..3).map(|at| over(tested.correlation.iter().map(|one| one[at]))));
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>{}</tr>\n",
            Escaped(&tested.kind),
            tested.order,
            Escaped(tested.layer),
            figures.iter().map(|figure| number(figure)).collect::<String>()
        )
    };
    let body: String = tested(outcome).into_iter().map(line).collect();
    let mut columns: Vec<&str> = TESTS.iter().map(|(name, _)| *name).collect();
    columns.extend(["correlation", "its sd", "sd if independent"]);
    let caption = "Units that reject a model, in percent: p below 0.05 / at a false-discovery rate \
         of 5 % (Benjamini and Hochberg), means over networks. A unit that is a coin of its own \
         rate is binomial with geometric intervals; it is Poisson only where it spikes rarely. \
         Correlation: of the counts of pairs of units. Training pictures";
    let headings = headings(&["kind", "order", "layer"], &columns);
    table(caption, &headings, &format!("<tbody>\n{body}</tbody>\n"))
}

/// A mean in whole percent; `-` of nothing.
fn whole(values: impl Iterator<Item = Option<f64>>) -> String {
    let values: Vec<f64> = values.flatten().collect();
    match values.len() {
        0 => "-".into(),
        count => format!("{:.0}", values.iter().sum::<f64>() / count as f64),
    }
}

/// Rasters of the last layer and counts of every layer, of the first network of each kind, shuffled
/// and blocked.
pub(super) fn examples(outcome: &Outcome) -> Result<String> {
    let (mut rasters, mut counts) = (Vec::new(), Vec::new());
    for (kind, networks) in kinds(outcome) {
        let Some((_, views)) = networks.first() else { continue };
        let wanted = |view: &&View| {
            view.pictures == "training" && [Order::Shuffled, Order::Blocked].contains(&view.order)
        };
        for view in views.iter().filter(wanted) {
            let panel =
                |heading: &str, svg: String| format!("<h3>{}</h3>\n{svg}", Escaped(heading));
            for (layer, example) in view.examples.iter().enumerate() {
                let Some(example) = example else { continue };
                let heading = format!("{kind}, {}", order(view.order));
                if layer + 1 == view.examples.len() {
                    rasters.push(panel(&heading, trains::raster(example, &heading)?));
                }
                let name = outcome.layers.get(layer).map_or("", |(name, _)| name.as_str());
                let heading = format!("{heading}, {name}");
                counts.push(panel(&heading, trains::counts(example, &heading)?));
            }
        }
    }
    let raster = "Units of the last hidden layer over the first 200 training pictures, the first \
         network of each kind. Blocked: the pictures of one class come first.";
    let count = "Counts per window of one unit of each layer, the one whose rate is the median of \
         those that spike: bars, windows; lines, the windows that each model expects.";
    Ok(figure("wide", &rasters, raster, "No spikes were kept.")
        + &figure("wide", &counts, count, "No spikes were kept."))
}

/// How rates and Fano factors spread over units, by kind.
pub(super) fn spread(outcome: &Outcome) -> Result<String> {
    let mut panels = Vec::new();
    let gathered = |wanted: Order, of: fn(&View) -> &Vec<Vec<u64>>| -> Vec<(String, Vec<u64>)> {
        let of_kind = |views: &[View]| -> Vec<u64> {
            let view = views.iter().find(|one| one.pictures == "training" && one.order == wanted);
            let layers: &[Vec<u64>] = view.map_or(&[], |view| of(view));
            let bins = layers.first().map_or(0, Vec::len);
            (0..bins).map(|bin| layers.iter().map(|layer| layer[bin]).sum()).collect()
        };
        kinds(outcome)
            .into_iter()
            .map(|(kind, networks)| {
                let mut sum: Vec<u64> = Vec::new();
                for (_, views) in networks {
                    let counts = of_kind(views);
                    sum.resize(sum.len().max(counts.len()), 0);
                    sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                }
                (kind, sum)
            })
            .collect()
    };
    let width = View::fano_width;
    for (heading, kinds, width, name) in [
        ("Rate", gathered(Order::Shuffled, |view| &view.rates), 0.05, "spikes per step"),
        (
            "Fano factor, shuffled",
            gathered(Order::Shuffled, |view| &view.fanos),
            width(Order::Shuffled),
            "Fano factor",
        ),
        (
            "Fano factor, blocked",
            gathered(Order::Blocked, |view| &view.fanos),
            width(Order::Blocked),
            "Fano factor",
        ),
    ] {
        let svg = trains::outlines(&kinds, width, (name, heading))?;
        panels.extend(svg.map(|svg| format!("<h3>{heading}</h3>\n{svg}")));
    }
    let caption = "All hidden units of all networks of a kind at the end of training, training \
         pictures. Larger Fano factors stand in the last bin; units that never spike have none.";
    Ok(figure("wide", &panels, caption, "Nothing was counted."))
}

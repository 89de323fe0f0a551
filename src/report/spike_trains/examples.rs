//! What single units do: how they spread, rasters, and counts with the models over them.
//!
//! Place in the flow: [`Outcome`] -> figures of the page.

use super::kinds::{kinds, order, outer};
use crate::error::Result;
use crate::experiments::spike_trains::Order;
use crate::experiments::spike_trains::found::{Example, Outcome, View};
use crate::report::figures::trains::{self, Outline};
use crate::report::html::figures::figure;
use crate::report::markup::Escaped;

/// A histogram of each layer of a presentation.
type Histogram = fn(&View) -> &Vec<Vec<u64>>;

/// The presentation of the training pictures in one order.
fn view(views: &[View], wanted: Order) -> Option<&View> {
    views.iter().find(|one| one.pictures == "training" && one.order == wanted)
}

/// How rates and Fano factors spread over the units of each layer, by kind.
pub(super) fn spread(outcome: &Outcome) -> Result<String> {
    let mut panels = Vec::new();
    let histograms: [(&str, Order, Histogram); 4] = [
        ("rate", Order::Shuffled, |view| &view.rates),
        ("Fano factor, shuffled", Order::Shuffled, |view| &view.fanos),
        ("Fano factor, blocked", Order::Blocked, |view| &view.fanos),
        ("Fano factor, repeated", Order::Repeated, |view| &view.fanos),
    ];
    for (layer, (name, _)) in outcome.layers.iter().enumerate() {
        for (what, wanted, of) in histograms {
            let (width, across) = match what {
                "rate" => (0.05, "spikes per step"),
                _ => (View::fano_width(wanted), "Fano factor"),
            };
            let heading = format!("{name}, {what}");
            let kinds = gathered(outcome, wanted, layer, of);
            let svg = trains::outlines(&kinds, width, (across, &heading))?;
            panels.extend(svg.map(|svg| format!("<h3>{}</h3>\n{svg}", Escaped(&heading))));
        }
    }
    let caption = "The hidden units of all networks of a kind at the end of training, training \
         pictures. Larger Fano factors stand in the last bin; units that never spike have none. \
         Dashed: untrained networks.";
    Ok(figure("third", &panels, caption, "Nothing was counted."))
}

/// A histogram of each kind, its networks together; the untrained networks last.
fn gathered(outcome: &Outcome, wanted: Order, layer: usize, of: Histogram) -> Vec<Outline> {
    let mut kinds = kinds(outcome);
    kinds.rotate_left(1);
    let last = kinds.len() - 1;
    let mut outlines = Vec::new();
    for (place, (kind, networks)) in kinds.into_iter().enumerate() {
        let mut sum: Vec<u64> = Vec::new();
        for (_, views) in networks {
            let counts = view(views, wanted).and_then(|view| of(view).get(layer));
            let counts = counts.map_or(&[][..], Vec::as_slice);
            sum.resize(sum.len().max(counts.len()), 0);
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        outlines.push(Outline { words: kind, counts: sum, reference: place == last });
    }
    outlines
}

/// A panel per layer of `layers`, order and kind, of the first network of each kind.
fn panels(
    outcome: &Outcome,
    layers: &[usize],
    draw: fn(&Example, &str) -> Result<String>,
) -> Result<Vec<String>> {
    let mut panels = Vec::new();
    for &layer in layers {
        for wanted in Order::ALL {
            for (kind, networks) in outer(outcome) {
                let views = networks.first().map_or(&[][..], |(_, views)| *views);
                let example =
                    view(views, wanted).and_then(|view| view.examples.get(layer)?.as_ref());
                let Some(example) = example else { continue };
                let name = outcome.layers.get(layer).map_or("", |(name, _)| name.as_str());
                let heading = format!("{kind}, {}, {name}", order(wanted));
                let svg = draw(example, &heading)?;
                panels.push(format!("<h3>{}</h3>\n{svg}", Escaped(&heading)));
            }
        }
    }
    Ok(panels)
}

/// Rasters of the first and the last layer in every order.
pub(super) fn rasters(outcome: &Outcome) -> Result<String> {
    let mut layers: Vec<usize> = [0, outcome.layers.len().saturating_sub(1)].to_vec();
    layers.dedup();
    let panels = panels(outcome, &layers, trains::raster)?;
    let caption = "Up to 40 units of the first and of the last hidden layer over the first 200 \
         training pictures, the first network of each kind. Blocked: the pictures of one class come \
         first. Repeated: one picture after the other, each several times in a row.";
    Ok(figure("third", &panels, caption, "No spikes were kept."))
}

/// Counts per window of one unit of every layer in every order.
pub(super) fn counts(outcome: &Outcome) -> Result<String> {
    let layers: Vec<usize> = (0..outcome.layers.len()).collect();
    let panels = panels(outcome, &layers, trains::counts)?;
    let caption = "Counts per window of one unit of each layer, the one whose rate is the median of \
         those that spike, in the first network of each kind: bars, windows; lines, the windows that \
         each model expects of its rate.";
    Ok(figure("third", &panels, caption, "No spikes were kept."))
}

//! The sweep as a page: what was found against the first setting that varies, a table of cells,
//! what is missing.
//!
//! Place in the flow: [`Collection`] -> figures, tables -> the frame of [`html`].

use super::figures;
use crate::analysis::controls::Verdict;
use crate::error::Result;
use crate::experiments::outcome::{Control, Histogram, Words};
use crate::experiments::sweep::Collection;
use crate::experiments::sweep::findings::Exponents;
use crate::report::figures::against::{Against, means};
use crate::report::figures::exponents;
use crate::report::html::tables::{headings, number, table};
use crate::report::html::{self, figures::figure, provenance, section};
use crate::report::markup::Escaped;
use crate::report::numbers::{fixed, percent, spread};
use crate::report::paper;
use crate::report::sweep::cells::{self, at};
use crate::report::table::{AGGREGATIONS, in_order, meaning_of_aggregation};

/// What is drawn against where it varies.
const HIDDEN: &str = "model.hidden";

/// The whole page.
pub(in crate::report::sweep) fn page(collection: &Collection<Exponents>) -> Result<String> {
    let title = format!("1/f noise in LSTMs over {}", collection.vary.join(", "));
    let setting = cells::setting(collection, collection.vary.iter().map(String::as_str), HIDDEN);
    let synthetic = collection.done.iter().any(|done| done.found.synthetic);
    let ends = setting.map_or_else(String::new, |setting| ends(collection, setting));
    let mut sections = vec![cells::header(collection, &title, synthetic, &ends)];
    if let Some(setting) = setting {
        sections.push(section(
            &format!("Against {}", Escaped(setting)),
            &against(collection, setting)?,
        ));
        sections.push(section("Spread of beta", &histograms(collection, setting)?));
        sections.push(section("Every quantity", &quantities(collection, setting)));
    }
    let columns =
        ["right"].into_iter().chain(AGGREGATIONS).chain(["sd below 0.01", "sd below 0.05"]);
    let caption = "Accuracy, beta of the trained hidden state by aggregation (mean \u{b1} standard \
         deviation over traces), and the share of single traces that hardly move";
    let columns: Vec<&str> = columns.collect();
    sections.push(cells::done(collection, caption, &columns, |found, _| figures(found)));
    sections.push(cells::rest(collection));
    let sources = [paper::DFA, paper::ONE_OVER_F];
    sections.push(section("Sources", &provenance::source_list(&sources)));
    Ok(html::document(&title, &collection.version, &sections.concat()))
}

/// A point per cell that has the value.
fn points(
    collection: &Collection<Exponents>,
    setting: &str,
    value: impl Fn(&Exponents) -> Option<f64>,
) -> Vec<(f64, f64)> {
    let done = collection.done.iter();
    done.filter_map(|done| Some((at(&done.values, setting)?, value(&done.found)?))).collect()
}

fn beta(found: &Exponents, quantity: &str, aggregation: &str) -> Option<f64> {
    found.exponent(quantity, "trained", aggregation)?.beta_mean
}

/// What was found at both ends of the setting, in a sentence.
fn ends(collection: &Collection<Exponents>, setting: &str) -> String {
    let ends = |value: &dyn Fn(&Exponents) -> Option<f64>| {
        let means = means(&points(collection, setting, value));
        let (first, last) = (*means.first()?, *means.last()?);
        (first.0 < last.0).then_some((first, last))
    };
    let Some((first, last)) = ends(&|found| Some(found.accuracy)) else { return String::new() };
    let mut parts = vec![format!(
        "the share classified rightly goes from {} to {}",
        percent(first.1),
        percent(last.1)
    )];
    for (aggregation, words) in
        [("unit", "of single hidden units"), ("population", "of their mean")]
    {
        if let Some((first, last)) = ends(&|found| beta(found, "hidden", aggregation)) {
            let (first, last) = (fixed(first.1, 3), fixed(last.1, 3));
            parts.push(format!("beta {words} from {first} to {last}"));
        }
    }
    let hardly = |found: &Exponents| Some(found.movement("hidden")?.below_0_01);
    if let Some((first, last)) = ends(&hardly) {
        let (first, last) = (percent(first.1), percent(last.1));
        parts.push(format!("the share of their traces that hardly move from {first} to {last}"));
    }
    let (from, to) = (first.0, last.0);
    format!(" From {setting} = {from} to {to}, {} (means over cells).", parts.join(", "))
}

/// Beta, accuracy and utilisation against the setting.
fn against(collection: &Collection<Exponents>, setting: &str) -> Result<String> {
    let of = |value: &dyn Fn(&Exponents) -> Option<f64>| points(collection, setting, value);
    let quantities = in_order(
        collection.done.iter().flat_map(|done| &done.found.exponents).map(|e| e.quantity.as_str()),
    );
    let noise: &[f64] = &[0.0, 1.0];
    let panel = |name, description, series, marked| {
        Against { setting, name, description, series, marked }.panel()
    };
    let by_aggregation = AGGREGATIONS.map(|one| (one, of(&|found| beta(found, "hidden", one))));
    let moving = vec![
        ("all traces", of(&|found| beta(found, "hidden", "unit"))),
        ("traces with sd of at least 0.01", of(&|found| found.movement("hidden")?.beta_mean_used)),
    ];
    let right = vec![("validation reviews", of(&|found| Some(100.0 * found.accuracy)))];
    let still = vec![
        ("sd below 0.05", of(&|found| Some(100.0 * found.movement("hidden")?.below_0_05))),
        ("sd below 0.01", of(&|found| Some(100.0 * found.movement("hidden")?.below_0_01))),
    ];
    let control = |of: fn(&Control) -> Option<f64>| of_cells(collection, setting, of);
    let beside = vec![
        ("trained", control(|one| one.beta.mean)),
        ("AR(1) of the same lag-1 correlation", control(|one| one.autoregressive.mean)),
        ("untrained", of(&|found| found.exponent("hidden", "untrained", "unit")?.beta_mean)),
    ];
    let survives = vec![
        ("called 1/f", control(|one| share(one, one.judged(Verdict::OneOverF)))),
        ("above all their AR(1) surrogates", control(|one| share(one, one.above_autoregressive))),
        ("called short memory", control(|one| share(one, one.judged(Verdict::ShortMemory)))),
    ];
    let spread = vec![("mean sd of h", of(&|found| Some(found.movement("hidden")?.sd_mean)))];
    let population = quantities
        .iter()
        .map(|&quantity| (quantity, of(&|found| beta(found, quantity, "population"))))
        .collect();
    let panels = [
        (
            "Beta of the hidden state",
            panel("beta", "Beta of h by aggregation", by_aggregation.into(), noise)?,
        ),
        ("Accuracy", panel("classified rightly (%)", "Accuracy", right, &[])?),
        ("Use of the units", panel("traces (%)", "Share of still traces of h", still, &[])?),
        ("Movement of the units", panel("sd", "Mean standard deviation of h", spread, &[0.0])?),
        (
            "Single units with and without still ones",
            panel("beta", "Beta of single units of h", moving, noise)?,
        ),
        (
            "Single units beside controls",
            panel("beta", "Beta of single units of h beside controls", beside, noise)?,
        ),
        (
            "What is left of 1/f",
            panel("traces (%)", "Share of traces of h by what the controls say", survives, &[])?,
        ),
        (
            "Population of every quantity",
            panel("beta", "Beta of the mean over units, by quantity", population, noise)?,
        ),
    ];
    let panels: Vec<String> = panels
        .into_iter()
        .filter_map(|(name, svg)| Some(format!("<h3>{name}</h3>\n{}", svg?)))
        .collect();
    let others: Vec<&str> =
        collection.vary.iter().map(String::as_str).filter(|name| *name != setting).collect();
    let over = match others.as_slice() {
        [] => "one cell at each value".to_owned(),
        others => format!("lines: means over {}", Escaped(&others.join(", "))),
    };
    let caption = format!(
        "Trained networks. Points: one per cell, the mean over its traces; {over}. Dashed: white \
         noise (0) and 1/f noise (1). sd: standard deviation of a unit over the tokens of a review."
    );
    Ok(figure("wide", &panels, &caption, "Nothing that can be drawn is done yet."))
}

/// Percent of the traces.
fn share(control: &Control, count: usize) -> Option<f64> {
    Some(100.0 * count as f64 / control.traces as f64)
}

/// A point per cell in which the trained hidden state was held against controls.
fn of_cells(
    collection: &Collection<Exponents>,
    setting: &str,
    value: fn(&Control) -> Option<f64>,
) -> Vec<(f64, f64)> {
    points(collection, setting, |found| value(found.control("hidden", "trained")?))
}

/// Beta of single hidden units at the smallest and at the largest value of the setting.
fn histograms(collection: &Collection<Exponents>, setting: &str) -> Result<String> {
    let places = means(&points(collection, setting, |_| Some(0.0)));
    let ends = match places.as_slice() {
        [] => Vec::new(),
        [only] => vec![only.0],
        [first, .., last] => vec![first.0, last.0],
    };
    let mut merged: Vec<Histogram> = Vec::new();
    for end in ends {
        let cells = collection.done.iter().filter(|one| at(&one.values, setting) == Some(end));
        for histogram in cells.flat_map(|done| &done.found.histograms) {
            if histogram.quantity != "hidden" || histogram.aggregation != "unit" {
                continue;
            }
            let name = format!("{setting} = {end}");
            let known = merged.iter_mut().find(|one| {
                one.quantity == name
                    && one.condition == histogram.condition
                    && one.counts.len() == histogram.counts.len()
            });
            match known {
                Some(known) => {
                    let both = known.counts.iter_mut().zip(&histogram.counts);
                    both.for_each(|(sum, count)| *sum += count);
                }
                None => merged.push(Histogram { quantity: name, ..histogram.clone() }),
            }
        }
    }
    let panels: Vec<String> = exponents::panels(&merged)?
        .into_iter()
        .map(|(name, svg)| format!("<h3>{}</h3>\n{svg}", Escaped(name)))
        .collect();
    let caption = "Beta of single hidden units at both ends, all cells of a value together. Filled: \
         trained. Outline: the same networks before training. Dashed lines: white noise (0) and \
         1/f noise (1).";
    Ok(figure("small", &panels, caption, "No exponent of a single hidden unit is defined."))
}

/// Beta of every quantity by aggregation: mean over the cells of a value, and their spread.
fn quantities(collection: &Collection<Exponents>, setting: &str) -> String {
    let entries = collection.done.iter().flat_map(|done| &done.found.exponents);
    let names = in_order(entries.map(|entry| entry.quantity.as_str()));
    let mut body = String::new();
    for aggregation in AGGREGATIONS {
        let meaning = meaning_of_aggregation(Words::REVIEWS, aggregation).unwrap_or_default();
        body.push_str(&format!(
            "<tbody>\n<tr><th class=\"group\" scope=\"rowgroup\" colspan=\"{}\">{aggregation} \
             <span>{meaning}</span></th></tr>\n",
            names.len() + 1
        ));
        for (place, _) in means(&points(collection, setting, |_| Some(0.0))) {
            let here = |values| at(values, setting) == Some(place);
            let cells = || collection.done.iter().filter(|done| here(&done.values));
            let figures: String = names
                .iter()
                .map(|name| {
                    number(&over_cells(cells().map(|done| beta(&done.found, name, aggregation))))
                })
                .collect();
            body.push_str(&format!("<tr><th scope=\"row\">{place}</th>{figures}</tr>\n"));
        }
        body.push_str("</tbody>\n");
    }
    let caption = "Beta of the trained networks, mean \u{b1} standard deviation over cells";
    let names: Vec<String> = names.iter().map(|name| Escaped(name).to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    table(caption, &headings(&[&Escaped(setting).to_string()], &names), &body)
}

/// `0.833 ± 0.132` of the cells' means; without ± where there is one cell.
fn over_cells(values: impl Iterator<Item = Option<f64>>) -> String {
    let values: Vec<f64> = values.flatten().filter(|value| value.is_finite()).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let sd = (values.len() > 1).then(|| (squares / (values.len() as f64 - 1.0)).sqrt());
    spread(Some(mean), sd)
}

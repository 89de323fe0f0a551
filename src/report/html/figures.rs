//! The figures on the page, each with its caption, or a sentence where there is nothing to draw.
//!
//! Place in the flow: SVG panels -> `<figure>` elements.

use crate::error::Result;
use crate::experiments::outcome::Outcome;
use crate::report::figures::{exponents, fluctuation, training};
use crate::report::markup::Escaped;
use crate::report::table::meaning_of_quantity;

/// F(n) against n, for single units and for the population.
pub(super) fn fluctuation(outcome: &Outcome) -> Result<String> {
    let mut panels = Vec::new();
    for (aggregation, words) in [("unit", "Single units"), ("population", "Mean over units")] {
        if let Some(svg) = fluctuation::panel(outcome, aggregation)? {
            panels.push(format!("<h3>{words} ({aggregation})</h3>\n{svg}"));
        }
    }
    let caption = "Fluctuation function F(n), geometric mean over traces. Pale areas: one standard \
         deviation of ln F(n) over traces. Lines: least-squares fits, whose slope alpha gives beta \
         = 2 alpha \u{2212} 1. Slope \u{bd} is white noise, slope 1 is 1/f noise.";
    Ok(figure("wide", &panels, caption, "No fluctuation function is defined in this run."))
}

/// The histograms of beta.
pub(super) fn exponents(outcome: &Outcome) -> Result<String> {
    let panels: Vec<String> = exponents::panels(&outcome.histograms)?
        .into_iter()
        .map(|(name, svg)| {
            let meaning = meaning_of_quantity(outcome, name)
                .map(|words| format!(" <span>{words}</span>"))
                .unwrap_or_default();
            format!("<h3>{}{meaning}</h3>\n{svg}", Escaped(name))
        })
        .collect();
    let caption = format!(
        "Beta of single units (aggregation unit), one value per unit and {}; all panels have the \
         same axes. Filled: trained. Outline: the same network before training. Dashed lines: \
         white noise (0) and 1/f noise (1). Values beyond the counted range stand in the outermost \
         bins.",
        outcome.corpus.words().one
    );
    Ok(figure("small", &panels, &caption, "No exponent of a single unit is defined in this run."))
}

/// Loss and accuracy over the epochs.
pub(super) fn training(outcome: &Outcome) -> Result<String> {
    let panels = training::panels(outcome)?;
    let caption = "Loss (mean cross-entropy) and accuracy over the epochs. The dashed line \
         marks the best epoch, by validation accuracy.";
    Ok(figure("wide", &panels, caption, "No epoch of training was recorded in this run."))
}

/// Panels side by side under one caption.
pub(in crate::report) fn figure(
    class: &str,
    panels: &[String],
    caption: &str,
    absent: &str,
) -> String {
    if panels.is_empty() {
        return format!("<p class=\"absent\">{absent}</p>\n");
    }
    let panels: String =
        panels.iter().map(|panel| format!("<div class=\"panel\">\n{panel}</div>\n")).collect();
    format!(
        "<figure>\n<div class=\"panels {class}\">\n{panels}</div>\n\
         <figcaption>{caption}</figcaption>\n</figure>\n"
    )
}

//! The training curve: loss and accuracy over the epochs, in training and in validation.
//!
//! Place in the flow: `outcome.training` -> two panels. The best epoch, by validation accuracy, is
//! marked by a dashed line.

use super::frame::{Look, Mark, Panel, line, points, reference};
use super::ticks::{Axis, range};
use super::{BLUE, GREY, VERMILION};
use crate::error::Result;
use crate::experiments::outcome::{Epoch, Outcome};

const TRAINING: Look = Look { colour: VERMILION, mark: Mark::Ring, dashed: true };
const VALIDATION: Look = Look { colour: BLUE, mark: Mark::Dot, dashed: false };
const BEST: Look = Look { colour: GREY, mark: Mark::None, dashed: true };

/// The panels of loss and of accuracy; fewer where nothing finite was recorded.
pub(in crate::report) fn panels(outcome: &Outcome) -> Result<Vec<String>> {
    let epochs = &outcome.training;
    let loss = panel(
        epochs,
        ("Loss over the epochs", "loss (nats)"),
        |epoch| epoch.training_loss,
        |epoch| epoch.validation_loss,
    )?;
    let accuracy = panel(
        epochs,
        ("Accuracy over the epochs", "classified rightly (%)"),
        |epoch| 100.0 * epoch.training_accuracy,
        |epoch| 100.0 * epoch.validation_accuracy,
    )?;
    Ok([loss, accuracy].into_iter().flatten().collect())
}

fn panel(
    epochs: &[Epoch],
    (description, name): (&str, &str),
    training: impl Fn(&Epoch) -> f64,
    validation: impl Fn(&Epoch) -> f64,
) -> Result<Option<String>> {
    let values = epochs.iter().flat_map(|epoch| [training(epoch), validation(epoch)]);
    let Some((bottom, top)) = range(values, 0.08, 0.1) else { return Ok(None) };
    let numbers = epochs.iter().map(|epoch| epoch.epoch as f64);
    let Some((first, last)) = range(numbers, 0.0, 0.0) else { return Ok(None) };
    let best = best(epochs);
    let mut legend =
        vec![(TRAINING, "training batches".to_string()), (VALIDATION, "validation".to_string())];
    if let Some(best) = best {
        legend.push((BEST, format!("best epoch: {best}")));
    }
    let panel = Panel {
        size: (380, 290),
        description: format!("{description}, in training and in validation"),
        across: Axis::whole(first - 0.5, last + 0.5, 7, "epoch"),
        up: Axis::linear(bottom, top, 6, name),
        legend,
    };
    let drawn = panel.draw(|chart| {
        if let Some(best) = best {
            reference(chart, [(best as f64, bottom), (best as f64, top)])?;
        }
        for (look, value) in
            [(TRAINING, &training as &dyn Fn(&Epoch) -> f64), (VALIDATION, &validation)]
        {
            let curve: Vec<(f64, f64)> = epochs
                .iter()
                .map(|epoch| (epoch.epoch as f64, value(epoch)))
                .filter(|point| point.1.is_finite())
                .collect();
            if curve.len() > 1 {
                line(chart, look, curve.clone())?;
            }
            points(chart, look, &curve)?;
        }
        Ok(())
    })?;
    Ok(Some(drawn))
}

/// The first epoch of the highest validation accuracy.
fn best(epochs: &[Epoch]) -> Option<usize> {
    let mut best: Option<&Epoch> = None;
    for epoch in epochs.iter().filter(|epoch| epoch.validation_accuracy.is_finite()) {
        if best.is_none_or(|best| epoch.validation_accuracy > best.validation_accuracy) {
            best = Some(epoch);
        }
    }
    best.map(|epoch| epoch.epoch)
}

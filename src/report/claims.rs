//! What the paper claims, beside what this run found; nothing is left out.
//!
//! Place in the flow: outcome and [`paper`] -> lines for text and page. A number is `within` where
//! ours lies no further from the source's than its own ±, else `outside`. A claim about a
//! difference is `seen` where the 95 % interval over reviews lies on the claimed side of 0, `the
//! other way round` where it lies on the other, and else `open`.

use super::numbers::{count, finite, fixed, percent, spread};
use super::paper::{self, Figure};
use super::table::{AGGREGATIONS, exponent};
use crate::analysis::controls::Verdict;
use crate::experiments::outcome::{Contrast, Control, Outcome};

/// One number or claim.
#[derive(Debug, PartialEq)]
pub(super) struct Claim {
    /// What it is about.
    pub what: String,
    /// What the source says.
    pub theirs: String,
    /// What this run found.
    pub ours: String,
    /// How they compare, in a word or two.
    pub verdict: &'static str,
}

/// Tokens per review in training, of the run's settings.
fn trained_steps(outcome: &Outcome) -> Option<i64> {
    let settings = outcome.settings.parse::<toml::Table>().ok()?;
    settings.get("training")?.get("steps")?.as_integer()
}

/// Every number that is known of the paper.
pub(super) fn numbers(outcome: &Outcome) -> Vec<Claim> {
    let mut claims = Vec::new();
    if outcome.corpus.series.is_some() {
        return claims; // They are all of reviews.
    }
    for figure in paper::FIGURES {
        for aggregation in AGGREGATIONS {
            let Figure { quantity, condition, .. } = figure;
            claims.push(number(outcome, &figure, quantity, condition, aggregation));
        }
    }
    let same = !outcome.corpus.synthetic
        && outcome.recording.units == paper::ACCURACY_UNITS
        && trained_steps(outcome) == Some(paper::ACCURACY_STEPS)
        && outcome.corpus.reviews == paper::ACCURACY_REVIEWS;
    let best = outcome.training.iter().reduce(|best, epoch| {
        if epoch.validation_accuracy > best.validation_accuracy { epoch } else { best }
    });
    let loss = best.map(|epoch| epoch.validation_loss);
    let epoch = best.map(|epoch| epoch.epoch as f64);
    for (what, (low, high), ours, decimals) in [
        ("validation accuracy", paper::ACCURACY, Some(outcome.accuracy.validation), 4),
        ("validation loss at the best epoch", paper::LOSS, loss, 3),
        ("best epoch", paper::BEST_EPOCH, epoch, 0),
    ] {
        let ours = finite(ours);
        claims.push(Claim {
            what: format!("{what}, 60 units, 500 tokens, all of IMDb"),
            theirs: format!("{low} to {high} (five networks of the first author)"),
            ours: ours.map_or_else(|| "not measured".into(), |ours| fixed(ours, decimals)),
            verdict: match ours {
                None => "not measured",
                Some(_) if !same => "not the same task",
                Some(ours) if (low..=high).contains(&ours) => "within",
                Some(_) => "outside",
            },
        });
    }
    let (accuracy, units, tokens) = paper::SMALLER;
    claims.push(Claim {
        what: format!("validation accuracy, {units} units, {tokens} tokens"),
        theirs: format!("{accuracy} (one network of the first author)"),
        ours: "another run".into(),
        verdict: "not of this run",
    });
    claims
}

/// The numbers of an independent run of the same network in PyTorch, which is no part of the paper.
pub(super) fn independent(outcome: &Outcome) -> Vec<Claim> {
    let figures = paper::INDEPENDENT.iter().flat_map(|(quantity, condition, figures)| {
        AGGREGATIONS.into_iter().zip(figures).map(move |(aggregation, &(beta_mean, beta_sd))| {
            let figure = Figure { quantity, condition, beta_mean, beta_sd };
            number(outcome, &figure, quantity, condition, aggregation)
        })
    });
    let mut claims: Vec<Claim> = figures.collect();
    for (units, figures) in paper::INDEPENDENT_SIZES {
        for (aggregation, (beta_mean, beta_sd)) in AGGREGATIONS.into_iter().zip(figures) {
            let (quantity, condition) = ("hidden", "trained");
            let figure = Figure { quantity, condition, beta_mean, beta_sd };
            let mut claim = number(outcome, &figure, quantity, condition, aggregation);
            claim.what = format!("{}, {units} units", claim.what);
            if outcome.recording.units != units {
                (claim.ours, claim.verdict) = ("another size".into(), "not of this run");
            }
            claims.push(claim);
        }
    }
    claims
}

fn number(
    outcome: &Outcome,
    figure: &Figure,
    quantity: &str,
    condition: &str,
    aggregation: &str,
) -> Claim {
    let entry = exponent(outcome, quantity, condition, aggregation);
    let ours = entry.and_then(|entry| finite(entry.beta_mean));
    let untrained = if condition == "untrained" { ", untrained" } else { "" };
    Claim {
        what: format!("beta of {quantity}{untrained}, {aggregation}"),
        theirs: spread(Some(figure.beta_mean), Some(figure.beta_sd)),
        ours: entry.map_or_else(|| "not measured".into(), |entry| spread(ours, entry.beta_sd)),
        verdict: match ours {
            None => "not measured",
            Some(_) if outcome.corpus.synthetic => "not the same task",
            Some(ours) if (ours - figure.beta_mean).abs() <= figure.beta_sd => "within",
            Some(_) => "outside",
        },
    }
}

/// Every claim in words.
pub(super) fn claims(outcome: &Outcome) -> Vec<Claim> {
    let contrasts = |about: &str, aggregation: &str| -> Vec<&Contrast> {
        let wanted = |one: &&Contrast| one.about == about && one.aggregation == aggregation;
        outcome.contrasts.iter().filter(wanted).collect()
    };
    let series = outcome.corpus.series.is_some();
    let mut claims = if series { Vec::new() } else { vec![white(outcome)] };
    claims.push(one_over_f(outcome));
    for aggregation in AGGREGATIONS {
        claims.push(sided(
            format!("internal activations have a smaller beta than h ({aggregation})"),
            "f, i, o, candidate, cell minus h: all negative",
            &contrasts("internal", aggregation),
            -1.0,
        ));
    }
    let mut rest = contrasts("drive", "spectral");
    rest.retain(|one| one.quantity == "hidden");
    claims.push(sided(
        "the spectral exponent of h is less negative at task than at rest".into(),
        "beta at rest minus beta at task: positive",
        &rest,
        1.0,
    ));
    for (what, theirs, ours) in [
        (
            "beta falls towards 0 as the hidden size grows past what the task needs",
            "over-capacity",
            "one run has one size: noisescope sweep plan FOLDER --vary model.hidden=…",
        ),
        (
            "networks trained on time series do the same",
            "as on text",
            "another run: --data NAME_TRAIN.tsv of the UCR archive",
        ),
    ]
    .into_iter()
    .take(if series { 1 } else { 2 })
    {
        let (what, theirs, ours) = (what.into(), theirs.into(), ours.into());
        claims.push(Claim { what, theirs, ours, verdict: "not of this run" });
    }
    claims
}

fn white(outcome: &Outcome) -> Claim {
    let entry = exponent(outcome, "input", "trained", "unit");
    let beta = entry.and_then(|entry| finite(entry.beta_mean));
    Claim {
        what: "the input is white noise".into(),
        theirs: "beta near 0".into(),
        ours: entry.map_or_else(|| "not measured".into(), |entry| spread(beta, entry.beta_sd)),
        verdict: match beta {
            None => "not measured",
            Some(beta) if beta.abs() <= super::findings::WHITE_WITHIN => "seen",
            Some(_) => "the other way round",
        },
    }
}

fn one_over_f(outcome: &Outcome) -> Claim {
    let control = outcome.controls.iter().find(|control| {
        control.quantity == "hidden" && control.condition == "trained" && control.traces > 0
    });
    let share =
        |control: &Control| control.judged(Verdict::OneOverF) as f64 / control.traces as f64;
    let words = |control: &Control| {
        let (share, traces) = (percent(share(control)), count(control.traces));
        format!("{share} of {traces} traces of h are called 1/f beside their controls")
    };
    Claim {
        what: "each neuron's activation is 1/f noise".into(),
        theirs: "beta near 1".into(),
        ours: control.map_or_else(|| "not measured".into(), words),
        verdict: match control {
            None => "not measured",
            Some(control) if share(control) > 0.5 => "seen of most",
            Some(_) => "seen of few",
        },
    }
}

/// A claim that differences lie on one side of 0; `side` is its sign.
fn sided(what: String, theirs: &str, found: &[&Contrast], side: f64) -> Claim {
    let on = |side: f64| {
        let beyond = |one: &&&Contrast| one.interval.0 * side > 0.0 && one.interval.1 * side > 0.0;
        found.iter().filter(beyond).count()
    };
    let words = |one: &&Contrast| format!("{} {}", one.first, interval(one));
    let ours: Vec<String> = found.iter().map(words).collect();
    Claim {
        what,
        theirs: theirs.into(),
        ours: if ours.is_empty() { "not measured".into() } else { ours.join("; ") },
        verdict: match (found.len(), on(side), on(-side)) {
            (0, _, _) => "not measured",
            (all, seen, _) if seen == all => "seen",
            (all, _, opposed) if opposed == all => "the other way round",
            (_, 0, 0) => "open",
            _ => "mixed",
        },
    }
}

/// `-0.100 [-0.120, -0.080]`.
pub(super) fn interval(contrast: &Contrast) -> String {
    let [difference, low, high] =
        [contrast.difference, contrast.interval.0, contrast.interval.1].map(|one| fixed(one, 3));
    format!("{difference} [{low}, {high}]")
}

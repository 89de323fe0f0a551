//! The conventions of a run of `one-over-f`, in sentences fit for a methods section.
//!
//! Place in the flow: settings in, sentences into the outcome; the report prints them.

use super::settings::Settings;
use crate::experiments::machine::Machine;
use crate::experiments::outcome::{Corpus, Series, Words};
use crate::models::sentiment::Readout;

/// One paragraph each for reviews or series, network and training, traces, measure, aggregations,
/// controls, machine.
pub(super) fn sentences(settings: &Settings, machine: &Machine, corpus: &Corpus) -> Vec<String> {
    let Words { one, many: examples, steps, held_out, .. } = corpus.words();
    let (source, counted, input) = match &corpus.series {
        Some(set) => (series(settings, corpus, set), "", "sample itself as input"),
        None => {
            let counted = " (the start token counted)";
            (reviews(settings, corpus), counted, "embedded input")
        }
    };
    vec![
        source,
        training(settings, corpus),
        format!(
            "Traces are the first {} {steps}{counted} of {held_out} with at least as many real \
             {steps}, so that no padding is in any trace; the state starts at zero for each {one}. \
             Recorded: the {input}, the gates f, i and o, the candidate, tanh(C) as `cell`, and h \
             as `hidden`.",
            settings.recording.steps
        ),
        measure(settings),
        format!(
            "Aggregations: unit, each trace by itself; pooled, per {one} the mean over units of \
             F(n) squared and one fit to its root; population, per {one} the DFA of the mean over \
             units; spectral, per {one} minus the slope of the ordinary least-squares line of \
             log10(S + 1e-8) on log10 f over all frequencies above 0, S being the sum of the units' \
             periodograms (no window, no detrending). ± is the standard deviation over traces \
             (n - 1). Traces that do not move at all have no exponent and are counted as \
             undefined. Differences of means have 95 % percentile intervals of a bootstrap over \
             {held_out} (2,000 draws); where both sides have the same {examples}, these are drawn \
             in pairs."
        ),
        controls(settings, corpus),
        format!("Computed by noisescope {} on {}.", env!("CARGO_PKG_VERSION"), machine.record.name),
    ]
}

fn reviews(settings: &Settings, corpus: &Corpus) -> String {
    if corpus.synthetic {
        return "Reviews are synthetic: words drawn independently from a Zipf vocabulary, given a \
                label and a mixture of topics, so that the input has no memory by construction."
            .to_owned();
    }
    format!(
        "Reviews were tokenised as Keras does (lower case, punctuation stripped), ids by frequency \
         rank, a vocabulary of {} ids with padding 0, start 1 and unknown 2; all reviews were \
         pooled, shuffled, and the last {} % kept for validation. Driven by padding: padding alone \
         (one trace per unit: a transient); random: the start token and words drawn uniformly from \
         the vocabulary; shuffled: the start token and the review's own tokens in random order.",
        settings.corpus.vocabulary,
        100.0 * settings.corpus.validation
    )
}

fn series(settings: &Settings, corpus: &Corpus, series: &Series) -> String {
    let [shortest, longest] = series.lengths;
    let values = if settings.corpus.normalise {
        "each was given mean 0 and standard deviation 1 (n - 1)"
    } else {
        "their values were taken as the files have them"
    };
    format!(
        "Series are of {} classes and {shortest} to {longest} samples; {values}. The split is that \
         of the files: the {} test series took no part in training. Of each class of the training \
         file a share of {} % ({} series) served to choose the best epoch, and the other {} series \
         were learned from. Driven by padding: a constant 0; random: white Gaussian noise with the \
         series' mean and standard deviation; shuffled: its samples in random order.",
        series.labels.len(),
        corpus.validation_reviews,
        100.0 * settings.corpus.validation,
        series.choosing,
        corpus.training_reviews
    )
}

fn training(settings: &Settings, corpus: &Corpus) -> String {
    let (training, model) = (&settings.training, &settings.model);
    let lstm = format!("one LSTM layer ({} units)", model.hidden);
    let network = match &corpus.series {
        Some(series) => format!("{lstm} over the samples and a softmax of {}", series.labels.len()),
        None => {
            format!("an embedding ({} components), {lstm} and one logistic unit", model.embedding)
        }
    };
    if let Some(path) = &settings.weights {
        return format!(
            "The network, {network}, was not trained in this run: its weights are those of {}, \
             whose header says how they were trained. `untrained` is a network of the same shape \
             with fresh weights.",
            path.display()
        );
    }
    let Words { many, steps, .. } = corpus.words();
    let (entropy, dropout, embedding) = if corpus.series.is_some() {
        ("cross-entropy", "no dropout".to_owned(), "")
    } else {
        let dropout = format!(
            "input dropout {} (the same components at all steps of a review)",
            training.dropout
        );
        ("binary cross-entropy", dropout, "embedding uniform ±0.05, ")
    };
    let readout = match model.readout {
        Readout::AfterPadding => "after the last step, padding included".to_owned(),
        Readout::LastToken => format!("at the last real {}", steps.trim_end_matches('s')),
    };
    format!(
        "A network of {network} was trained by Adam (rate {}, beta 0.9 and 0.999, epsilon 1e-7) on \
         {entropy}, batches of {}, {dropout}, {many} cut or padded with zeros to {} {steps}, for at \
         most {} epochs; the state was read {readout}. Initial weights: {embedding}Glorot-uniform \
         kernels, orthogonal recurrent kernel, forget bias 1. The weights of the epoch with the \
         best validation accuracy were kept; `untrained` is the same network before training.",
        training.rate, training.batch, training.steps, training.epochs
    )
}

fn measure(settings: &Settings) -> String {
    let dfa = &settings.dfa;
    let polynomial = match dfa.order {
        1 => "line",
        2 => "parabola",
        _ => "cubic",
    };
    format!(
        "Detrended fluctuation analysis of order {} (Peng et al. 1994): the trace minus its mean was \
         summed up, the least-squares {polynomial} removed in each window of n samples, windows {}; \
         alpha is the slope of the ordinary least-squares line of ln F(n) on ln n over n = {:?}; beta \
         = 2 alpha - 1, positive where low frequencies dominate (S ~ 1/f^beta).",
        dfa.order,
        dfa.convention.describe(),
        dfa.windows
    )
}

fn controls(settings: &Settings, corpus: &Corpus) -> String {
    let most = settings.recording.controls;
    if most == 0 {
        return "No trace was held against controls.".to_owned();
    }
    let many = corpus.words().many;
    format!(
        "Controls: of at most {most} of these {many} every unit trace of input, cell and hidden \
         was judged as by `noisescope analyze` (its own 95 % interval, a crossover test, short \
         memory against a power law), and stood beside surrogates measured in the same way: 19 \
         AR(1) of its own mean, standard deviation and lag-1 correlation, one shuffled, one \
         phase-randomised."
    )
}

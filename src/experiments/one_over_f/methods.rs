//! The conventions of a run of `one-over-f`, in sentences fit for a methods section.
//!
//! Place in the flow: settings in, sentences into the outcome; the report prints them.

use super::settings::Settings;
use crate::experiments::machine::Machine;
use crate::experiments::outcome::Corpus;
use crate::models::sentiment::Readout;

/// One paragraph each for reviews, network and training, traces, measure, aggregations, controls,
/// machine.
pub(super) fn sentences(settings: &Settings, machine: &Machine, corpus: &Corpus) -> Vec<String> {
    vec![
        reviews(settings, corpus),
        training(settings),
        format!(
            "Traces are the first {} tokens (the start token counted) of validation reviews with \
             at least as many real tokens, so that no padding is in any trace; the state starts at \
             zero for each review. Recorded: the embedded input, the gates f, i and o, the \
             candidate, tanh(C) as `cell`, and h as `hidden`.",
            settings.recording.steps
        ),
        measure(settings),
        "Aggregations: unit, each trace by itself; pooled, per review the mean over units of F(n) \
         squared and one fit to its root; population, per review the DFA of the mean over units. ± \
         is the standard deviation over traces (n - 1). Traces that do not move at all have no \
         exponent and are counted as undefined."
            .to_owned(),
        controls(settings),
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
         pooled, shuffled, and the last {} % kept for validation.",
        settings.corpus.vocabulary,
        100.0 * settings.corpus.validation
    )
}

fn training(settings: &Settings) -> String {
    let (training, model) = (&settings.training, &settings.model);
    if let Some(path) = &settings.weights {
        return format!(
            "The network (an embedding of {} components, one LSTM layer of {} units, one logistic \
             unit) was not trained in this run: its weights are those of {}, whose header says how \
             they were trained. `untrained` is a network of the same shape with fresh weights.",
            model.embedding,
            model.hidden,
            path.display()
        );
    }
    let readout = match model.readout {
        Readout::AfterPadding => "after the last step, padding included",
        Readout::LastToken => "at the last real token",
    };
    format!(
        "A network of an embedding ({} components), one LSTM layer ({} units) and one logistic \
         unit was trained by Adam (rate {}, beta 0.9 and 0.999, epsilon 1e-7) on binary \
         cross-entropy, batches of {}, input dropout {} (the same components at all steps of a review), reviews cut or padded with zeros to {} \
         tokens, for at most {} epochs; the state was read {readout}. Initial weights: embedding \
         uniform ±0.05, Glorot-uniform kernels, orthogonal recurrent kernel, forget bias 1. The \
         weights of the epoch with the best validation accuracy were kept; `untrained` is the same \
         network before training.",
        model.embedding,
        model.hidden,
        training.rate,
        training.batch,
        training.dropout,
        training.steps,
        training.epochs
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

fn controls(settings: &Settings) -> String {
    let most = settings.recording.controls;
    if most == 0 {
        return "No trace was held against controls.".to_owned();
    }
    format!(
        "Controls: of at most {most} of these reviews every unit trace of input, cell and hidden \
         was judged as by `noisescope analyze` (its own 95 % interval, a crossover test, short \
         memory against a power law), and stood beside surrogates measured in the same way: 19 \
         AR(1) of its own mean, standard deviation and lag-1 correlation, one shuffled, one \
         phase-randomised."
    )
}

//! How far the figures carry: what a reader must know before writing "1/f".
//!
//! Place in the flow: beside the tables of the page. Numbers given here were worked out once, by
//! simulation under the DFA named with them, and are not of the run that is reported.

use crate::experiments::outcome::Outcome;

/// One caution.
#[derive(Debug)]
pub(super) struct Caution {
    /// The point, in a few words.
    pub point: &'static str,
    /// The reason, in sentences.
    pub reason: String,
}

/// The cautions that apply to an outcome.
pub(super) fn cautions(outcome: &Outcome) -> Vec<Caution> {
    let mut cautions = vec![
        Caution {
            point: "A beta near 0.8 does not prove 1/f noise.",
            reason: "A process with one short memory gives as much: a first-order autoregression \
                     with a time constant of 5 steps has beta 0.86 ± 0.15 under DFA of order 1 \
                     with 500 samples and windows of 10 to 125. A claim of 1/f needs a slope that \
                     stays the same from short to long windows and exceeds that of surrogates with \
                     the same short memory."
                .into(),
        },
        Caution {
            point: "An untrained network is not white.",
            reason: "An LSTM starts with a forget bias of 1, so its forget gates stand near 0.73 \
                     and each cell keeps a fading memory of the last few steps before it has \
                     learned anything. Only the difference between trained and untrained can be \
                     put down to learning."
                .into(),
        },
        Caution {
            point: "The aggregation decides the number.",
            reason: "Single units, F(n)² pooled over units, and the mean over units are different \
                     signals with different exponents, and the paper does not say which one its \
                     numbers are. A beta without its aggregation says little."
                .into(),
        },
        Caution {
            point: "± is a spread, not an error of the mean.",
            reason: "It is the standard deviation over traces. White noise of 500 samples already \
                     scatters by about 0.12 from trace to trace."
                .into(),
        },
        Caution {
            point: "Units that hardly move blur the mean.",
            reason: "A network with more units than its task needs leaves many of them nearly \
                     still. The table of use counts them and gives beta without them. A constant \
                     trace has no exponent and is counted as undefined."
                .into(),
        },
    ];
    if let Some((shortest, longest)) = windows(outcome) {
        cautions.push(Caution {
            point: "The range of windows is short.",
            reason: format!(
                "The windows run from {shortest} to {longest} steps, a factor of {:.1}. Over so \
                 short a range a straight line fits many processes that do not scale.",
                longest as f64 / shortest as f64
            ),
        });
    }
    if outcome.corpus.synthetic {
        cautions.push(Caution {
            point: "These reviews are made up.",
            reason: "The built-in corpus shows that the instrument works. Nothing measured on it \
                     bears on natural language or on the paper's claims about IMDb."
                .into(),
        });
    }
    cautions
}

/// The shortest and the longest window of the outcome.
fn windows(outcome: &Outcome) -> Option<(usize, usize)> {
    let all = || outcome.fluctuations.iter().flat_map(|entry| entry.windows.iter().copied());
    let shortest = all().min().filter(|&shortest| shortest > 0)?;
    Some((shortest, all().max()?))
}

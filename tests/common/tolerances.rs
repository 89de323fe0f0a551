//! Every tolerance of the tests, in one table, each with its reason.
//!
//! Place in the flow: read by [`super::assert_close`]; `tests/dfa_answers.rs` holds each of them to
//! what it must reject.

use noisescope::gpu::stage::{Access, Layout};

/// How far apart two results may be.
#[derive(Clone, Copy)]
pub struct Tolerance {
    /// Of the expected value, value by value.
    pub relative: f64,
    /// In the unit of the value.
    pub absolute: f64,
    /// Of the factor that all values share, see [`super::factor`], were there any number of them.
    pub scale: f64,
    /// Why this much.
    pub reason: &'static str,
}

impl Tolerance {
    /// How far a value may be off that should be `expected`.
    pub fn at(&self, expected: f64) -> f64 {
        self.absolute + self.relative * expected.abs()
    }

    /// How far the factor of values that should be `expected` may be from 1: `scale`, and what
    /// comes of values that are each off by all they may be, in either direction by chance. The
    /// more values and the larger they are, the less is left of that.
    pub fn slack(&self, expected: &[f64]) -> f64 {
        let share = |e: &f64| if *e == 0.0 { 0.0 } else { (e / self.at(*e)).powi(2) };
        self.scale + expected.iter().map(share).sum::<f64>().sqrt().recip()
    }
}

/// Declares tolerances and the list of them, so that none is left out of the test of the checker.
macro_rules! table {
    ($($(#[$doc:meta])* $name:ident = $tolerance:expr;)+) => {
        $($(#[$doc])* pub const $name: Tolerance = $tolerance;)+
        const NAMED: &[(&str, Tolerance)] = &[$((stringify!($name), $name)),+];
    };
}

table! {
    /// Integers and powers of two.
    EXACT = Tolerance {
        relative: 0.0,
        absolute: 0.0,
        scale: 0.0,
        reason: "nothing is rounded",
    };

    /// The f64 oracle against references.
    ORACLE = Tolerance {
        relative: 1e-9,
        absolute: 1e-12,
        scale: 1e-9,
        reason: "two f64 codes that sum in other orders; the references confirm each other to \
                 4e-13, the cumulative sum of the 1e6 offset costs some digits",
    };

    /// The fast path's `F` against the oracle.
    FAST = Tolerance {
        relative: 1e-9,
        absolute: 1e-12,
        scale: 1e-9,
        reason: "f64 throughout; the chord is taken out before squaring",
    };

    /// `F` of the f32 chain against the oracle.
    SINGLE = Tolerance {
        relative: 1e-6,
        absolute: 0.0,
        scale: 3e-7,
        reason: "float32 with 32-sample leaves and merging keeps 3.3e-7, measured up to a million \
                 samples",
    };

    /// `F` of the f32 chain against the oracle at orders 2 and 3.
    SINGLE_HIGHER = Tolerance {
        relative: 1e-5,
        absolute: 0.0,
        scale: 6e-7,
        reason: "what is left of a smooth window is small against the parabola or cubic that was \
                 taken out, each of whose coefficients has an ulp",
    };

    /// `alpha` (and a tenth of the intercept) of the f32 chain against the oracle.
    SINGLE_EXPONENT = Tolerance {
        relative: 0.0,
        absolute: 1e-6,
        scale: 5e-7,
        reason: "each ln F is good to 3e-7; the weights of the slope are below 1 and differ in \
                 sign",
    };

    /// The standard error of the f32 chain against the oracle.
    SINGLE_STDERR = Tolerance {
        relative: 1e-5,
        absolute: 1e-6,
        scale: 5e-7,
        reason: "a root of squared distances that are small differences of ln F. Of twenty \
                 standard errors of 0.02 a common factor is found from 13 ppm on: they are near \
                 zero",
    };

    /// The same at orders 2 and 3.
    SINGLE_HIGHER_EXPONENT = Tolerance {
        relative: 0.0,
        absolute: 1e-6,
        scale: 5e-7,
        reason: "each ln F is good to 1e-6, and their errors have either sign",
    };

    /// The same at orders 2 and 3.
    SINGLE_HIGHER_STDERR = Tolerance {
        relative: 1e-5,
        absolute: 1e-6,
        scale: 5e-7,
        reason: "as at order 1. Of twenty standard errors of 0.02 a common factor is found from 13 \
                 ppm on: they are near zero",
    };

    /// Chain on the device against chain of the twins, in `F`.
    DEVICE_CHAIN = Tolerance {
        relative: 5e-7,
        absolute: 0.0,
        scale: 3e-7,
        reason: "both are within 3e-7 of the oracle",
    };

    /// The LSTM's hidden states against Burn's.
    LSTM_STATES = Tolerance {
        relative: 0.0,
        absolute: 1e-5,
        scale: 5e-7,
        reason: "up to 500 steps in float32, in which an ulp of h, of z up to 10 and of exp is \
                 carried on",
    };

    /// The LSTM's gradients against Burn's, by the largest of each.
    LSTM_GRADIENTS = Tolerance {
        relative: 0.0,
        absolute: 1e-5,
        scale: 5e-7,
        reason: "sums over rows, steps and up to 2,048 gates in other orders, of terms that are \
                 themselves off by ulps; seen 1e-6",
    };

    /// The LSTM's gradients in f32 against central differences in f64, by the largest of each.
    LSTM_DIFFERENCES = Tolerance {
        relative: 0.0,
        absolute: 1e-5,
        scale: 5e-7,
        reason: "central differences with steps of 1e-5 are good to 1e-9, the float32 gradients \
                 to 1e-6",
    };

    /// The LSTM's states through Burn's stream on the device against the CPU's.
    LSTM_DEVICE_STATES = Tolerance {
        relative: 0.0,
        absolute: 5e-6,
        scale: 5e-7,
        reason: "exp and tanh are the driver's: a few units in the last place each, carried over \
                 the steps",
    };

    /// The LSTM's gradients through Burn's stream on the device against the CPU's, by the largest.
    LSTM_DEVICE_GRADIENTS = Tolerance {
        relative: 0.0,
        absolute: 1e-5,
        scale: 5e-7,
        reason: "as the states, and Burn sums dU and dW in its own order",
    };

    /// Power by the stage `recording/spectra` against the FFT in float64.
    SPECTRA = Tolerance {
        relative: 2e-5,
        absolute: 2e-5,
        scale: 3e-7,
        reason: "a transform X summed in float32 is off by d, its power by up to 2 |X| d <= d \
                 (|X|² + 1); on the way a sum of 500 samples about a level of 5 comes up to \
                 hundreds (ulp 3e-5); seen 1e-5. Of a thousand values up to 1 a common factor is \
                 found from 2 ppm on",
    };

    /// The exponent of such power.
    SPECTRA_EXPONENT = Tolerance {
        relative: 0.0,
        absolute: 1e-5,
        scale: 1e-5,
        reason: "errors of the power, of either sign, averaged over its frequencies. A common \
                 factor is found from 11 ppm on",
    };

    /// Traces of a network trained elsewhere.
    LSTM_REFERENCE = Tolerance {
        relative: 0.0,
        absolute: 1e-5,
        scale: 5e-7,
        reason: "the reference is computed in float64 over 500 steps; ours is float32",
    };
}

/// One stage on the device against its twin, given the same input: what it writes to `binding`.
pub fn device(stage: &str, binding: &str) -> Tolerance {
    match (stage, binding) {
        ("dfa/profile", "marks") => EXACT,
        ("dfa/profile", "levels") => Tolerance {
            relative: 0.0,
            absolute: 2e-6,
            scale: 3e-7,
            reason: "a 32nd of a sum of 32 differences below 4, onto a number below 2 (ulp 1.2e-7)",
        },
        ("dfa/profile", _) => Tolerance {
            relative: 5e-7,
            absolute: 6e-5,
            scale: 3e-7,
            reason: "32 additions to sums below 64 (ulp 4e-6), and the driver may reorder them: \
                     lavapipe adds x to the sum before it subtracts x_0; seen 2e-5. Of a thousand \
                     values up to 1 a common factor is found from 3 ppm on, of values up to 10 \
                     from 1 ppm",
        },
        ("dfa/detrend", _) => Tolerance {
            relative: 2e-5,
            absolute: 1e-5,
            scale: 3e-7,
            reason: "squares of small differences of profile values up to 10, each off by an ulp \
                     where a division takes 2.5 ulp or a product is fused; lavapipe is equal to \
                     the bit. Of a thousand values a common factor is found from 1.5 ppm on",
        },
        ("dfa/fused", "fluctuations") => Tolerance {
            relative: 2e-5,
            absolute: 0.0,
            scale: 3e-7,
            reason: "the residual of a window of four samples is a small difference",
        },
        ("dfa/fused", _) => Tolerance {
            relative: 1e-6,
            absolute: 5e-5,
            scale: 5e-7,
            reason: "the test's three sizes 4, 5, 6 have weights of 4, and F there is a small \
                     difference; seen 2.3e-5 on lavapipe. Of a thousand values up to 1 a common \
                     factor is found from 4 ppm on",
        },
        ("dfa/tiles", "views") | ("dfa/crown", "marks") => EXACT,
        ("dfa/tiles" | "dfa/crown", "nodes") => Tolerance {
            relative: 2e-5,
            absolute: 3e-4,
            scale: 3e-7,
            reason: "sums over up to a trace of what is near zero in the mean, each off as in \
                     `dfa/profile`; seen 6e-5 of a tile on lavapipe. Of a thousand values up to 1 \
                     a common factor is found from 14 ppm on, of values up to 10 from 2 ppm",
        },
        ("dfa/tiles" | "dfa/across", _) => Tolerance {
            relative: 2e-5,
            absolute: 1e-5,
            scale: 3e-7,
            reason: "sums of residuals that are each off as in `dfa/detrend`. Of a thousand values \
                     a common factor is found from 1.5 ppm on",
        },
        ("dfa/fluctuation", _) => Tolerance {
            relative: 1e-6,
            absolute: 0.0,
            scale: 5e-7,
            reason: "one division and one root of 2.5 ulp; lavapipe is equal to the bit",
        },
        ("dfa/exponent", _) => Tolerance {
            relative: 1e-6,
            absolute: 1e-5,
            scale: 5e-7,
            reason: "the test's three sizes 4, 5, 6 have weights of 4; seen 5.4e-6 in one of 65,540 rows on lavapipe",
        },
        ("lstm/forward", _) => Tolerance {
            relative: 0.0,
            absolute: 5e-6,
            scale: 5e-7,
            reason: "exp and tanh are the driver's (WGSL allows exp 3 + 2|x| ulp and tanh 1e-5), \
                     carried over up to 5 steps",
        },
        ("lstm/backward", _) => Tolerance {
            relative: 0.0,
            absolute: 5e-6,
            scale: 5e-7,
            reason: "tanh(C) is the driver's; the sums over 4H gates take the gates of one unit \
                     after another's, the twin as many units as a vector has lanes at once",
        },
        ("ctrnn/simulate", _) => Tolerance {
            relative: 0.0,
            absolute: 5e-6,
            scale: 5e-7,
            reason: "a deviate is off by 1e-6 where a multiply-add of its polynomials is fused on \
                     one side; so is a sum over up to 131 products of numbers below 2; both carried \
                     over up to 6 steps",
        },
        ("ctrnn/moments", "counts") | ("ctrnn/histogram", _) => EXACT,
        ("ctrnn/moments", _) => Tolerance {
            relative: 1e-6,
            absolute: 2e-6,
            scale: 5e-7,
            reason: "differences of values up to 4 (ulp 2.4e-7), which the driver may reorder, and \
                     two divisions of 2.5 ulp",
        },
        ("recording/traces", _) => EXACT,
        ("recording/population", _) => Tolerance {
            relative: 0.0,
            absolute: 2e-6,
            scale: 3e-7,
            reason: "the mean of up to a hundred values below 4, should a driver add them in another \
                     order; lavapipe is equal to the bit",
        },
        ("recording/spread", _) => Tolerance {
            relative: 1e-6,
            absolute: 2e-6,
            scale: 5e-7,
            reason: "differences of values up to 4 (ulp 2.4e-7), which the driver may reorder; a \
                     division and a root of 2.5 ulp",
        },
        ("spikes/intervals", "ratios") => Tolerance {
            relative: 1e-6,
            absolute: 0.0,
            scale: 5e-7,
            reason: "a division of 2.5 ulp per ratio, squared; cut to whole units of 2^-32; lavapipe \
                     is equal to the bit",
        },
        ("spikes/threshold" | "spikes/count" | "spikes/statistics" | "spikes/intervals", _) => {
            EXACT
        }
        ("recording/spectra", _) => Tolerance {
            relative: 2e-5,
            absolute: 2e-5,
            scale: 3e-7,
            reason: "as against the FFT, for the driver may fuse and reorder. Of a thousand values \
                     up to 1 a common factor is found from 2 ppm on",
        },
        _ => panic!("{stage}, `{binding}` has no tolerance: add it here, with its reason"),
    }
}

/// Every tolerance by name: those above, and those of each stage's results on a device.
pub fn all() -> Vec<(String, Tolerance)> {
    let mut all: Vec<_> = NAMED.iter().map(|(name, it)| ((*name).to_owned(), *it)).collect();
    for stage in super::stages() {
        for binding in stage.bindings() {
            let compared = !matches!(binding.layout, Layout::Struct(..));
            if compared && binding.access == Access::ReadWrite {
                let name = format!("{}, `{}`", stage.name(), binding.name);
                all.push((name, device(stage.name(), binding.name)));
            }
        }
    }
    all
}

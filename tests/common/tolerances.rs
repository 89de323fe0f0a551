//! Every tolerance of the tests, in one table, each with its reason.
//!
//! Place in the flow: read by [`super::assert_close`].

/// How far apart two results may be.
pub struct Tolerance {
    /// Of the expected value, value by value.
    pub relative: f64,
    /// In the unit of the value.
    pub absolute: f64,
    /// Of the mean ratio of all values to what was expected.
    pub scale: f64,
    /// Why this much.
    pub reason: &'static str,
}

/// The f64 oracle against references.
pub const ORACLE: Tolerance = Tolerance {
    relative: 1e-9,
    absolute: 1e-12,
    scale: 1e-9,
    reason: "two f64 codes that sum in other orders; the references confirm each other to 4e-13, \
             the cumulative sum of the 1e6 offset costs some digits",
};

/// The fast path's `F` against the oracle.
pub const FAST: Tolerance = Tolerance {
    relative: 1e-9,
    absolute: 1e-12,
    scale: 1e-9,
    reason: "f64 throughout; the chord is taken out before squaring",
};

/// `F` of the f32 chain against the oracle.
pub const SINGLE: Tolerance = Tolerance {
    relative: 1e-6,
    absolute: 0.0,
    scale: 3e-7,
    reason: "float32 with 32-sample leaves and merging keeps 3.3e-7, measured up to a million samples",
};

/// `alpha` (and a tenth of the intercept) of the f32 chain against the oracle.
pub const SINGLE_EXPONENT: Tolerance = Tolerance {
    relative: 0.0,
    absolute: 1e-6,
    scale: 1e-5,
    reason: "each ln F is good to 3e-7; the weights of the slope are below 1 and differ in sign",
};

/// The standard error of the f32 chain against the oracle.
pub const SINGLE_STDERR: Tolerance = Tolerance {
    relative: 1e-5,
    absolute: 1e-6,
    scale: 1e-3,
    reason: "a root of squared distances that are small differences of ln F",
};

/// Chain on the device against chain of the twins, in `F`.
pub const DEVICE_CHAIN: Tolerance = Tolerance {
    relative: 5e-7,
    absolute: 0.0,
    scale: 3e-7,
    reason: "both are within 3e-7 of the oracle",
};

/// One stage on the device against its twin, given the same input.
pub fn device(stage: &str) -> Tolerance {
    match stage {
        "dfa/profile" => Tolerance {
            relative: 5e-7,
            absolute: 6e-5,
            scale: 3e-7,
            reason: "32 additions to sums below 64 (ulp 4e-6), and the driver may reorder them: lavapipe \
                     adds x to the sum before it subtracts x_0; seen 2e-5",
        },
        "dfa/detrend" => Tolerance {
            relative: 2e-5,
            absolute: 1e-5,
            scale: 3e-6,
            reason: "squares of small differences of profile values up to 10, each off by an ulp where \
                     a division takes 2.5 ulp or a product is fused; lavapipe is equal to the bit",
        },
        "dfa/fluctuation" => Tolerance {
            relative: 1e-6,
            absolute: 0.0,
            scale: 5e-7,
            reason: "one division and one root of 2.5 ulp; lavapipe is equal to the bit",
        },
        "dfa/exponent" => Tolerance {
            relative: 1e-6,
            absolute: 5e-6,
            scale: 1e-6,
            reason: "the test's three sizes 4, 5, 6 have weights of 4; seen 1.3e-6 on lavapipe",
        },
        _ => panic!("{stage} has no tolerance: add it here, with its reason"),
    }
}

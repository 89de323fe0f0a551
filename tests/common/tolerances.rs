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
    reason: "float32 with 32-sample leaves and merging keeps 3e-7, measured up to a million samples",
};

/// `alpha` and its company of the f32 chain against the oracle.
pub const SINGLE_EXPONENT: Tolerance = Tolerance {
    relative: 0.0,
    absolute: 1e-6,
    scale: 1e-5,
    reason: "each ln F is good to 3e-7, the weights of the slope add up to less than 1 in magnitude",
};

/// The standard error of the f32 chain against the oracle.
pub const SINGLE_STDERR: Tolerance = Tolerance {
    relative: 1e-5,
    absolute: 1e-6,
    scale: 1e-3,
    reason: "a root of squared distances that are small differences of ln F",
};

/// The device against a stage's twin, given the same input.
pub const DEVICE: Tolerance = Tolerance {
    relative: 5e-7,
    absolute: 0.0,
    scale: 3e-7,
    reason: "WGSL allows 2.5 ulp in a division and contraction to fused multiply-add; lavapipe is \
             equal to the bit",
};

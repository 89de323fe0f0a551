//! What the tests share: the tolerances with their reasons, a comparison that has been seen to
//! fail, the reference data, the twins run as a chain.
//!
//! Place in the flow: beside every integration test that compares numbers.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use noisescope::analysis::dfa::params::{ExponentRecord, Mark, Shape, SizeRecord, Weight};
use noisescope::analysis::dfa::{DfaPlan, Overlap, Settings};
use noisescope::analysis::{self, dfa};
use noisescope::gpu::stage::{Bound, Stage};
use noisescope::models;
use noisescope::signal::Traces;

pub mod tolerances;
pub use tolerances::Tolerance;

/// Every stage of the project.
pub fn stages() -> Vec<&'static dyn Stage> {
    [analysis::STAGES, models::STAGES].concat()
}

/// Says how `actual` differs from `expected`, or nothing where it does not by more than
/// `tolerance`.
///
/// Value by value the difference may be `absolute + relative · |expected|`; the mean of `actual /
/// expected` may differ from 1 by `scale`, so that a small error that all values share is found.
/// NaN and infinity on either side are differences.
pub fn difference(actual: &[f64], expected: &[f64], tolerance: &Tolerance) -> Option<String> {
    if actual.len() != expected.len() {
        return Some(format!("{} values instead of {}", actual.len(), expected.len()));
    }
    let (mut ratios, mut counted) = (0.0, 0.0);
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        let allowed = tolerance.absolute + tolerance.relative * e.abs();
        // Written so that a NaN fails.
        let close = (a - e).abs() <= allowed;
        if !close {
            return Some(format!("value {i}: {a:e} instead of {e:e}, allowed ±{allowed:e}"));
        }
        // Each value weighs the same, however large it is; those near zero tell nothing of a
        // factor.
        if *e != 0.0 && tolerance.relative * e.abs() >= tolerance.absolute {
            ratios += a / e;
            counted += 1.0;
        }
    }
    let factor = if counted > 0.0 { ratios / counted - 1.0 } else { 0.0 };
    let straight = factor.abs() <= tolerance.scale;
    (!straight).then(|| format!("all values off by a factor of 1 + {factor:e}"))
}

/// Fails with `what` where [`difference`] finds one.
#[track_caller]
pub fn assert_close(what: &str, actual: &[f64], expected: &[f64], tolerance: &Tolerance) {
    if let Some(found) = difference(actual, expected, tolerance) {
        panic!("{what}: {found}\n(tolerance: {})", tolerance.reason);
    }
}

/// The largest `|a - e| / |e|` where `e` is not 0, for printing; NaN counts as infinite.
pub fn largest(actual: &[f64], expected: &[f64]) -> f64 {
    let pairs = actual.iter().zip(expected).filter(|(_, e)| **e != 0.0);
    pairs
        .map(|(a, e)| ((a - e) / e).abs())
        .map(|d| if d.is_nan() { f64::INFINITY } else { d })
        .fold(0.0, f64::max)
}

/// `f32` values for a comparison.
pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// Which windows a reference used.
#[derive(Clone, Copy, Debug)]
pub enum Convention {
    /// One after the other.
    Forward,
    /// nolds' half overlap.
    Overlap50Nolds,
}

/// One set of reference traces: nine rows (named in `alphas.json`) and 20 window sizes.
pub struct Reference {
    /// `"main"` or `"short"`.
    pub name: &'static str,
    /// The traces.
    pub traces: Traces,
    windows: Vec<usize>,
}

/// The row of a constant trace: `F = 0`.
pub const CONSTANT_ROW: usize = 5;
/// The row of the linear trend, for which `F` has a closed form.
pub const TREND_ROW: usize = 7;

impl Reference {
    /// Both sets.
    pub fn all() -> [Self; 2] {
        ["main", "short"].map(|name| {
            let (values, shape) = array::<f32>(&format!("traces_{name}.npy"));
            let (windows, _) = array::<i64>(&format!("windows_{name}.npy"));
            Self {
                name,
                traces: Traces::new(values, shape[1]).expect("the file is rows × steps"),
                windows: windows.iter().map(|&n| n as usize).collect(),
            }
        })
    }

    /// The plan of a convention.
    pub fn plan(&self, convention: Convention) -> DfaPlan {
        let overlap = match convention {
            Convention::Forward => Overlap::None,
            Convention::Overlap50Nolds => Overlap::HalfNolds,
        };
        let settings = Settings { windows: self.windows.clone(), overlap };
        DfaPlan::new(self.traces.steps(), &settings).expect("the reference windows fit")
    }

    /// `F`, rows × sizes.
    pub fn fluctuations(&self, convention: Convention) -> Vec<f64> {
        let stem = match convention {
            Convention::Forward => "F_forward",
            Convention::Overlap50Nolds => "F_overlap50_nolds",
        };
        array::<f64>(&format!("{stem}_{}.npy", self.name)).0
    }

    /// `(alpha, intercept, stderr)` of the forward convention; `None` where undefined.
    pub fn exponents(&self) -> Vec<Option<[f64; 3]>> {
        let text = std::fs::read_to_string(folder().join("alphas.json")).expect("alphas.json");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let rows = json[self.name].as_array().expect("one entry per row");
        rows.iter()
            .map(|row| {
                row.is_object().then(|| {
                    ["alpha", "log_intercept", "stderr"]
                        .map(|key| row[key].as_f64().expect("a number"))
                })
            })
            .collect()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/reference")
}

fn array<T: npyz::Deserialize>(name: &str) -> (Vec<T>, Vec<usize>) {
    let path = folder().join(name);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let npy = npyz::NpyFile::new(BufReader::new(file)).expect("an npy header");
    let shape = npy.shape().iter().map(|&n| n as usize).collect();
    (npy.into_vec().expect("the values of the header's type"), shape)
}

/// What the twins of the four stages wrote, one after the other.
pub struct Chain {
    /// Rows × steps.
    pub profile: Vec<f32>,
    /// Rows × blocks.
    pub levels: Vec<f32>,
    /// Rows.
    pub marks: Vec<Mark>,
    /// Rows × windows.
    pub residuals: Vec<f32>,
    /// Rows × sizes.
    pub fluctuations: Vec<f32>,
    /// Rows.
    pub exponents: Vec<ExponentRecord>,
}

/// `count` words of NaN.
pub fn poison(count: usize) -> Vec<f32> {
    vec![f32::NAN; count]
}

/// Runs the twins of the four stages on `traces`; outputs start as NaN.
pub fn twins(traces: &Traces, plan: &DfaPlan) -> Chain {
    let rows = traces.rows();
    let shape = [Shape::new(rows, plan)];
    let sizes = SizeRecord::table(plan);
    let weights = Weight::table(plan);
    let nothing: u32 = f32::NAN.to_bits();
    let mut chain = Chain {
        profile: poison(traces.values().len()),
        levels: poison(rows * plan.steps().div_ceil(dfa::block::BLOCK)),
        marks: vec![Mark { status: nothing, unit: f32::NAN }; rows],
        residuals: poison(rows * plan.windows()),
        fluctuations: poison(rows * sizes.len()),
        exponents: vec![
            ExponentRecord {
                alpha: f32::NAN,
                intercept: f32::NAN,
                stderr: f32::NAN,
                status: nothing
            };
            rows
        ],
    };
    let mut shape: Vec<u32> = bytemuck::cast_slice(&shape).to_vec();
    let mut traces: Vec<u32> = bytemuck::cast_slice(traces.values()).to_vec();
    let mut sizes: Vec<u32> = bytemuck::cast_slice(&sizes).to_vec();
    let mut weights: Vec<u32> = bytemuck::cast_slice(&weights).to_vec();
    macro_rules! run {
        ($stage:expr, $($buffer:expr),+) => {
            $stage.twin(&mut Bound::new([$(bytemuck::cast_slice_mut::<_, u32>(&mut $buffer)),+]))
        };
    }
    run!(dfa::profile::Profile, shape, traces, chain.profile, chain.levels, chain.marks);
    run!(dfa::detrend::Detrend, shape, sizes, chain.profile, chain.levels, chain.residuals);
    run!(
        dfa::fluctuation::Fluctuation,
        shape,
        sizes,
        chain.residuals,
        chain.marks,
        chain.fluctuations
    );
    run!(dfa::exponent::Exponent, shape, weights, chain.fluctuations, chain.marks, chain.exponents);
    chain
}

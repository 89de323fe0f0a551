//! What the tests share: the tolerances with their reasons, a comparison that has been seen to
//! fail, the adapter or a reason to skip, the reference data, the twins run as a chain.
//!
//! Place in the flow: beside every integration test that compares numbers.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use noisescope::analysis::dfa::block::{TILE, TILE_NODES};
use noisescope::analysis::dfa::params::{ExponentRecord, Mark, Seen, Shape, SizeRecord, Weight};
use noisescope::analysis::dfa::summary::{Rest, Trend};
use noisescope::analysis::dfa::tiles::record;
use noisescope::analysis::dfa::{Convention, DfaPlan, Settings};
use noisescope::analysis::{self, dfa};
use noisescope::gpu::stage::{Bound, Stage};
use noisescope::gpu::{Choice, Engine, Gpu, device};
use noisescope::models;
use noisescope::recording;
use noisescope::signal::Traces;

pub mod device_against_twin;
pub mod poisoned;
pub mod spikes;
pub mod tolerances;
pub use tolerances::Tolerance;

/// Every stage of the project.
pub fn stages() -> Vec<&'static dyn Stage> {
    [analysis::STAGES, models::STAGES, recording::STAGES].concat()
}

/// The device of the tests that need one, opened once per process as for `--device gpu`: a
/// hardware GPU, else a software adapter. Where there is none, one line is printed and the caller
/// skips; with `REQUIRE_GPU` set (to anything but 0) that is a failure.
pub fn adapter() -> Option<&'static Gpu> {
    static OPENED: OnceLock<Option<Gpu>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| match device::open(Choice::Gpu) {
        Ok(opened) => {
            println!("{}", opened.reason);
            opened.gpu
        }
        Err(error) => {
            println!("no adapter, GPU tests skipped: {error:?}");
            None
        }
    });
    let required = std::env::var_os("REQUIRE_GPU").is_some_and(|value| value != "0");
    assert!(opened.is_some() || !required, "REQUIRE_GPU is set, and no adapter was opened");
    opened.as_ref()
}

/// The engine on that device, made once per process.
pub fn engine() -> Option<Arc<Engine>> {
    static ENGINE: OnceLock<Option<Arc<Engine>>> = OnceLock::new();
    let engine = || adapter().map(|gpu| Arc::new(Engine::new(gpu.clone())));
    ENGINE.get_or_init(engine).clone()
}

/// Says how `actual` differs from `expected`, or nothing where it does not by more than
/// `tolerance`.
///
/// Value by value the difference may be `absolute + relative · |expected|`; by the [`factor`] that
/// all values share, [`Tolerance::slack`]. NaN and infinity on either side are differences.
pub fn difference(actual: &[f64], expected: &[f64], tolerance: &Tolerance) -> Option<String> {
    if actual.len() != expected.len() {
        return Some(format!("{} values instead of {}", actual.len(), expected.len()));
    }
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        let allowed = tolerance.at(*e);
        // Written so that a NaN fails.
        let close = (a - e).abs() <= allowed;
        if !close {
            return Some(format!("value {i}: {a:e} instead of {e:e}, allowed ±{allowed:e}"));
        }
    }
    let factor = factor(actual, expected, tolerance);
    let straight = factor.abs() <= tolerance.slack(expected);
    (!straight).then(|| format!("all values off by a factor of 1 + {factor:e}"))
}

/// By how much of itself `actual` lies above `expected` as a whole, so that a small error that all
/// values share is found though each may be off by more: the least-squares fit of `actual -
/// expected` by a multiple of `expected`.
///
/// A value weighs by the inverse square of what it may be off. Where that is a share of the value,
/// all weigh the same and this is the mean ratio less 1; where it is a number, values near zero
/// tell little of a factor and weigh little. 0 where every value must be exact.
pub fn factor(actual: &[f64], expected: &[f64], tolerance: &Tolerance) -> f64 {
    let (mut along, mut size) = (0.0, 0.0);
    for (a, e) in actual.iter().zip(expected) {
        let allowed = tolerance.at(*e);
        if allowed > 0.0 {
            along += (a - e) / allowed * (e / allowed);
            size += (e / allowed).powi(2);
        }
    }
    if size > 0.0 { along / size } else { 0.0 }
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

/// The largest `|a - e|`, for printing; NaN counts as infinite.
pub fn largest_apart(actual: &[f64], expected: &[f64]) -> f64 {
    let apart = actual.iter().zip(expected).map(|(a, e)| (a - e).abs());
    apart.map(|d| if d.is_nan() { f64::INFINITY } else { d }).fold(0.0, f64::max)
}

/// As [`assert_close`], both sides divided by the largest size of what is expected (by 1 where that
/// is zero throughout); gives the largest difference then.
#[track_caller]
pub fn assert_close_by_largest(what: &str, found: &[f32], expected: &[f64], by: &Tolerance) -> f64 {
    assert!(!expected.is_empty(), "{what}: nothing to compare");
    let size = expected.iter().fold(0.0, |size: f64, value| size.max(value.abs()));
    let size = if size > 0.0 { size } else { 1.0 };
    let found: Vec<f64> = found.iter().map(|value| f64::from(*value) / size).collect();
    let expected: Vec<f64> = expected.iter().map(|value| value / size).collect();
    assert_close(what, &found, &expected, by);
    largest_apart(&found, &expected)
}

/// `f32` values for a comparison.
pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

/// A convention and order that the references have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    pub convention: Convention,
    pub order: usize,
}

impl Case {
    /// One after the other, with a line taken out.
    pub const FORWARD: Self = Self { convention: Convention::Forward, order: 1 };

    /// Ten: three conventions at three orders, and nolds' overlap at order 1.
    pub fn all() -> Vec<Self> {
        let orders = |convention| (1..=3).map(move |order| Self { convention, order });
        let nolds = Self { convention: Convention::HalfOverlapNolds, order: 1 };
        [Convention::Forward, Convention::BothEnds, Convention::MeanRms]
            .into_iter()
            .flat_map(orders)
            .chain([nolds])
            .collect()
    }

    /// Its name in the references.
    fn stem(self) -> &'static str {
        match self.convention {
            Convention::Forward => "forward",
            Convention::BothEnds => "both_ends",
            Convention::MeanRms => "mean_rms",
            Convention::HalfOverlapNolds => "overlap50_nolds",
            other => panic!("there is no reference for {other:?}"),
        }
    }
}

/// How far `F`, `alpha` and its standard error of the f32 chain may be off.
pub fn single(order: usize) -> [&'static Tolerance; 3] {
    if order == 1 {
        [&tolerances::SINGLE, &tolerances::SINGLE_EXPONENT, &tolerances::SINGLE_STDERR]
    } else {
        [
            &tolerances::SINGLE_HIGHER,
            &tolerances::SINGLE_HIGHER_EXPONENT,
            &tolerances::SINGLE_HIGHER_STDERR,
        ]
    }
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

    /// The plan of a case.
    pub fn plan(&self, case: Case) -> DfaPlan {
        let Case { convention, order } = case;
        let settings = Settings { windows: self.windows.clone(), order, convention };
        DfaPlan::new(self.traces.steps(), &settings).expect("the reference windows fit")
    }

    /// `F`, rows × sizes.
    pub fn fluctuations(&self, case: Case) -> Vec<f64> {
        let (values, shape) = array::<f64>(&format!("F_{}_{}.npy", case.stem(), self.name));
        let part = self.traces.rows() * self.windows.len();
        let order = if shape.len() == 3 { case.order - 1 } else { 0 };
        values[order * part..][..part].to_vec()
    }

    /// `(alpha, intercept, stderr)` of a case per row; `None` where undefined.
    pub fn exponents(&self, case: Case) -> Vec<Option<[f64; 3]>> {
        let text = std::fs::read_to_string(folder().join("alphas.json")).expect("alphas.json");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let rows = json["rows"].as_array().expect("the names of the rows");
        rows.iter()
            .map(|row| {
                let row = row.as_str().expect("a name");
                let name = format!("{}/o{}/{row}", case.stem(), case.order);
                let fit = &json[self.name][name];
                fit.is_object().then(|| {
                    ["alpha", "log_intercept", "stderr"]
                        .map(|key| fit[key].as_f64().expect("a number"))
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
    pub residuals: Vec<Rest>,
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
        residuals: vec![Rest { residual: f32::NAN, doubt: f32::NAN }; rows * plan.windows()],
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
    let detrend = dfa::detrend::Detrend(Trend::of(plan.order()));
    run!(detrend, shape, sizes, chain.profile, chain.levels, chain.residuals);
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

/// `values` as words.
pub fn words<T: bytemuck::Pod>(values: &[T]) -> Vec<u32> {
    bytemuck::cast_slice(values).to_vec()
}

/// Words of NaN, as many as `count` values of `T` take.
pub fn nothing<T>(count: usize) -> Vec<u32> {
    words(&poison(count * size_of::<T>() / 4))
}

/// The stages of traces in tiles one after the other, in pieces of so many tiles. `run` is given a
/// stage and its buffers and gives them back as the stage leaves them. Gives `F` and exponents.
pub fn in_tiles(
    traces: &Traces,
    plan: &DfaPlan,
    piece: usize,
    mut run: impl FnMut(&dyn Stage, &[Vec<u32>]) -> Vec<Vec<u32>>,
) -> (Vec<f32>, Vec<ExponentRecord>) {
    let (rows, count) = (traces.rows(), plan.sizes().len());
    let tiles = plan.steps().div_ceil(TILE);
    let trend = Trend::of(plan.order());
    let sizes = words(&SizeRecord::table(plan));
    let whole = Shape { piece: piece as u32, ..Shape::tiled(rows, plan) };
    let samples = if piece < tiles { piece * TILE } else { traces.values().len() };
    let pieces: Vec<Vec<u32>> = traces.values().chunks(samples).map(words).collect();
    let shape = |head: usize, tail: usize| {
        let (head, tail) = (head * piece, tail * piece);
        let span = piece.min(tiles - head) as u32;
        let [first, tail] = [head, tail].map(|tile| tile as u32);
        words(&[Shape { first, head: first, tail, span, ..whole }])
    };
    let mut views = nothing::<Seen>(rows * tiles);
    let mut nodes = nothing::<f32>(rows * tiles * TILE_NODES * record(trend));
    let mut sums = nothing::<Rest>(rows * count * tiles);
    // The last `n` of what a stage leaves.
    let last = |left: Vec<Vec<u32>>, n: usize| left.into_iter().rev().take(n).collect::<Vec<_>>();
    for (head, samples) in pieces.iter().enumerate() {
        let buffers = [shape(head, head), sizes.clone(), samples.clone(), views, nodes, sums];
        let left = last(run(&dfa::tiles::Tiles(trend), &buffers), 3);
        [sums, nodes, views] = left.try_into().expect("three");
    }
    let buffers = [words(&[whole]), views.clone(), nodes, nothing::<Mark>(rows)];
    let [marks, nodes] = last(run(&dfa::crown::Crown(trend), &buffers), 2).try_into().expect("two");
    for head in 0..pieces.len() {
        for tail in head..pieces.len() {
            let [heads, tails] = [&pieces[head], &pieces[tail]].map(Clone::clone);
            let [views, nodes, marks] = [&views, &nodes, &marks].map(Clone::clone);
            let shape = shape(head, tail);
            let buffers = [shape, sizes.clone(), heads, tails, views, nodes, marks, sums];
            sums = last(run(&dfa::across::Across(trend), &buffers), 1).remove(0);
        }
    }
    let fluctuations = nothing::<f32>(rows * count);
    let buffers = [words(&[whole]), sizes, sums, marks.clone(), fluctuations];
    let fluctuations = last(run(&dfa::fluctuation::Fluctuation, &buffers), 1).remove(0);
    let weights = words(&Weight::table(plan));
    let exponents = nothing::<ExponentRecord>(rows);
    let buffers = [words(&[whole]), weights, fluctuations.clone(), marks, exponents];
    let exponents = last(run(&dfa::exponent::Exponent, &buffers), 1).remove(0);
    let fluctuations = bytemuck::cast_slice(&fluctuations).to_vec();
    (fluctuations, bytemuck::cast_slice(&exponents).to_vec())
}

/// Runs the twin of `stage` alone, for [`in_tiles`].
pub fn by_twin(stage: &dyn Stage, buffers: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut left = buffers.to_vec();
    stage.twin(&mut Bound::new(left.iter_mut().map(Vec::as_mut_slice)));
    left
}

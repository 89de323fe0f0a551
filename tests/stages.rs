//! The stages on a device: each alone against its twin, then the whole chain against the oracle.
//!
//! Place in the flow: rungs 3 and 4 of the rungs of trust. Any adapter will do; lavapipe is enough
//! (`apt-get install mesa-vulkan-drivers`). Without an adapter one line is printed and the tests
//! pass; with `REQUIRE_GPU=1` they fail.

mod common;

use std::sync::{Arc, OnceLock};

use bytemuck::Pod;
use common::{Convention, Reference, assert_close, poison, tolerances, twins, widen};
use noisescope::analysis::dfa::params::{ExponentRecord, Mark, Shape, SizeRecord, Weight};
use noisescope::analysis::dfa::{
    self, DfaPlan, Measured, Overlap, Path, Settings, Status, block, oracle,
};
use noisescope::gpu::engine::{Dispatch, Part};
use noisescope::gpu::stage::{Access, Bound, Stage};
use noisescope::gpu::{Choice, Engine, device};
use noisescope::signal::{Traces, noise};

/// The engine of all tests, opened once.
fn engine() -> Option<Arc<Engine>> {
    static ENGINE: OnceLock<Option<Arc<Engine>>> = OnceLock::new();
    let opened = ENGINE.get_or_init(|| match device::open(Choice::Gpu) {
        Ok(opened) => {
            println!("{}", opened.reason);
            opened.gpu.map(|gpu| Arc::new(Engine::new(gpu)))
        }
        Err(error) => {
            println!("no adapter, GPU tests skipped: {error:?}");
            None
        }
    });
    let required = std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1");
    assert!(opened.is_some() || !required, "REQUIRE_GPU=1, and no adapter was found");
    opened.clone()
}

/// Runs `stage` on the device and by its twin on the same `buffers` (parameters first) and compares
/// what it writes: buffers of `f32` by the tolerance, everything else word by word.
fn device_against_twin(engine: &Engine, stage: &dyn Stage, what: &str, buffers: &[Vec<u32>]) {
    let mut by_twin = buffers.to_vec();
    stage.twin(&mut Bound::new(by_twin.iter_mut().map(Vec::as_mut_slice)));
    let by_device = on_device(engine, stage, buffers);
    for (i, binding) in stage.bindings().iter().enumerate() {
        let what = format!("{} {what}, `{}`", stage.name(), binding.name);
        if binding.access != Access::ReadWrite {
            assert_eq!(by_device[i], buffers[i], "{what} changed");
            continue;
        }
        let numbers = |words: &[u32]| {
            // A word that is small as an integer is a status, not a denormal number.
            let widen = |&w: &u32| {
                if w < 16 { f64::from(w) } else { f64::from(f32::from_bits(w)) }
            };
            words.iter().map(widen).collect::<Vec<f64>>()
        };
        let (device, twin) = (numbers(&by_device[i]), numbers(&by_twin[i]));
        assert_close(&what, &device, &twin, &tolerances::device(stage.name()));
    }
}

fn on_device(engine: &Engine, stage: &dyn Stage, buffers: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let made: Vec<wgpu::Buffer> = stage
        .bindings()
        .iter()
        .zip(buffers)
        .map(|(binding, words)| match binding.access {
            Access::Uniform => {
                let params: [u32; 4] = words.as_slice().try_into().expect("a shape");
                engine.uniform(binding.name, &params).expect("a buffer")
            }
            _ => engine.upload(binding.name, words).expect("a buffer"),
        })
        .collect();
    let parts: Vec<Part<'_>> = made.iter().map(wgpu::Buffer::as_entire_buffer_binding).collect();
    let params: &[u8] = bytemuck::cast_slice(&buffers[0]);
    engine.submit(&[Dispatch { stage, params, parts: &parts }]).expect("submitted");
    made.iter().map(|buffer| engine.read(buffer).expect("read back")).collect()
}

fn words<T: Pod>(values: &[T]) -> Vec<u32> {
    bytemuck::cast_slice(values).to_vec()
}

/// Words of NaN, as many as `count` values of `T` take.
fn nothing<T>(count: usize) -> Vec<u32> {
    words(&poison(count * size_of::<T>() / 4))
}

fn plan(steps: usize, windows: &[usize], overlap: Overlap) -> DfaPlan {
    DfaPlan::new(steps, &Settings { windows: windows.to_vec(), overlap }).expect("fits")
}

/// Pink rows, of which one is constant, one has a NaN, one has a tiny and one a huge unit.
fn traces(rows: usize, steps: usize) -> Traces {
    let mut values = noise::pink(rows * steps, 21, rows as u64);
    for (row, samples) in values.chunks_exact_mut(steps).enumerate() {
        match row % 7 {
            2 => samples.fill(-3.7),
            3 => samples[steps - 1] = f32::NAN,
            4 => samples.iter_mut().for_each(|x| *x *= 2f32.powi(-60)),
            5 => samples.iter_mut().for_each(|x| *x = *x * 1e25 + 1e26),
            _ => {}
        }
    }
    Traces::new(values, steps).expect("whole traces")
}

/// 1, L − 1, L, L + 1, 3L + 7.
fn straddling(lanes: u32) -> [usize; 5] {
    let lanes = lanes as usize;
    [1, lanes - 1, lanes, lanes + 1, 3 * lanes + 7]
}

/// Each stage alone, on what the twins before it wrote.
fn each_stage(engine: &Engine, traces: &Traces, plan: &DfaPlan) {
    let rows = traces.rows();
    let chain = twins(traces, plan);
    let shape = words(&[Shape::new(rows, plan)]);
    let sizes = words(&SizeRecord::table(plan));
    let weights = words(&Weight::table(plan));
    let blocks = plan.steps().div_ceil(block::BLOCK);
    let what = format!("{rows} x {}", plan.steps());
    let check = |stage: &dyn Stage, buffers: &[Vec<u32>]| {
        device_against_twin(engine, stage, &what, buffers);
    };
    check(
        &dfa::profile::Profile,
        &[
            shape.clone(),
            words(traces.values()),
            nothing::<f32>(rows * plan.steps()),
            nothing::<f32>(rows * blocks),
            nothing::<Mark>(rows),
        ],
    );
    check(
        &dfa::detrend::Detrend,
        &[
            shape.clone(),
            sizes.clone(),
            words(&chain.profile),
            words(&chain.levels),
            nothing::<f32>(rows * plan.windows()),
        ],
    );
    check(
        &dfa::fluctuation::Fluctuation,
        &[
            shape.clone(),
            sizes,
            words(&chain.residuals),
            words(&chain.marks),
            nothing::<f32>(rows * plan.sizes().len()),
        ],
    );
    check(
        &dfa::exponent::Exponent,
        &[
            shape,
            weights,
            words(&chain.fluctuations),
            words(&chain.marks),
            nothing::<ExponentRecord>(rows),
        ],
    );
}

#[test]
fn each_stage_is_its_twin_at_every_number_of_rows() {
    let Some(engine) = engine() else { return };
    let plan = plan(40, &[4, 7, 33], Overlap::Half);
    for rows in straddling(64).into_iter().chain(straddling(32)) {
        each_stage(&engine, &traces(rows, 40), &plan);
    }
}

#[test]
fn each_stage_is_its_twin_at_every_length() {
    let Some(engine) = engine() else { return };
    // Lengths about a block, and block counts about the lanes of `profile`.
    for steps in [17, 31, 32, 33, 103, 32 * 63, 32 * 64, 32 * 64 + 1, 32 * 199 + 5] {
        let plan = plan(steps, &[4, 9, 16], Overlap::Half);
        each_stage(&engine, &traces(3, steps), &plan);
    }
}

#[test]
fn windows_of_many_pieces_are_their_twins() {
    let Some(engine) = engine() else { return };
    // More than 32 pieces, exactly 32, and starts that are no multiple of 32.
    let plan = plan(5000, &[5, 31, 32, 33, 1023, 1024, 1025, 2500], Overlap::Half);
    each_stage(&engine, &traces(3, 5000), &plan);
}

#[test]
fn window_counts_straddle_the_lanes() {
    let Some(engine) = engine() else { return };
    for count in straddling(32) {
        // `count` windows of 4 samples, fewer of 5 and 6.
        let steps = (4 * count).max(6);
        each_stage(&engine, &traces(2, steps), &plan(steps, &[4, 5, 6], Overlap::None));
    }
}

#[test]
fn the_grid_goes_on_beyond_65_535_groups() {
    let Some(engine) = engine() else { return };
    // 65,540 groups of `profile` and three times as many of `fluctuation`; 6 samples each.
    let rows = 65_540;
    each_stage(&engine, &traces(rows, 6), &plan(6, &[4, 5, 6], Overlap::None));
}

#[test]
fn the_grid_of_many_lanes_goes_on_too() {
    let Some(engine) = engine() else { return };
    // `detrend` and `exponent` have 64 lanes a group: 65,535 groups hold 4,194,240 of them.
    let beyond = 65_535 * 64 + 100;
    let plan = plan(6, &[4, 5, 6], Overlap::None);
    let seven: Vec<f32> = noise::white(7 * 1009, 3, 0).iter().map(|x| 1.5 + x.abs()).collect();
    let values = |count: usize| seven.iter().copied().cycle().take(count).collect::<Vec<f32>>();
    let rows = beyond / 3 + 1;
    let shape = words(&[Shape::new(rows, &plan)]);
    device_against_twin(
        &engine,
        &dfa::detrend::Detrend,
        "beyond",
        &[
            shape,
            words(&SizeRecord::table(&plan)),
            words(&values(rows * 6)),
            words(&values(rows)),
            nothing::<f32>(rows * 3),
        ],
    );
    let shape = words(&[Shape::new(beyond, &plan)]);
    device_against_twin(
        &engine,
        &dfa::exponent::Exponent,
        "beyond",
        &[
            shape,
            words(&Weight::table(&plan)),
            words(&values(beyond * 3)),
            words(&vec![Mark { status: 0, unit: 1.0 }; beyond]),
            nothing::<ExponentRecord>(beyond),
        ],
    );
}

#[test]
fn the_chain_gives_the_references() {
    let Some(engine) = engine() else { return };
    let path = Path::Gpu(engine);
    for reference in Reference::all() {
        for convention in [Convention::Forward, Convention::Overlap50Nolds] {
            let plan = reference.plan(convention);
            let measured = path.measure(&reference.traces, &plan).expect("measured");
            let expected = reference.fluctuations(convention);
            let what = format!("device, {} {convention:?}", reference.name);
            println!("{what}: F {:.1e}", common::largest(&measured.fluctuations, &expected));
            assert_close(&what, &measured.fluctuations, &expected, &tolerances::SINGLE);
            against_oracle(&what, &measured, &reference.traces, &plan);
        }
    }
}

#[test]
fn the_chain_gives_the_oracle_and_repeats_to_the_bit() {
    let Some(engine) = engine() else { return };
    let path = Path::Gpu(engine);
    for (rows, steps) in [(70, 500), (3, 9001)] {
        let traces = traces(rows, steps);
        let plan = DfaPlan::new(steps, &Settings::default()).expect("fits");
        let once = path.measure(&traces, &plan).expect("measured");
        against_oracle(&format!("{rows} x {steps}"), &once, &traces, &plan);
        let again = path.measure(&traces, &plan).expect("measured");
        let bits = |m: &Measured| m.fluctuations.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&once), bits(&again));
        let alphas =
            |m: &Measured| m.exponents.iter().map(|e| e.alpha.to_bits()).collect::<Vec<_>>();
        assert_eq!(alphas(&once), alphas(&again));
    }
}

fn against_oracle(what: &str, measured: &Measured, traces: &Traces, plan: &DfaPlan) {
    for row in 0..traces.rows() {
        let exponent = &measured.exponents[row];
        assert_eq!(exponent.status, dfa::status(traces.row(row)), "{what}, row {row}");
        match exponent.status {
            Status::Constant => assert!(measured.row(row).iter().all(|f| *f == 0.0)),
            Status::NonFinite => assert!(measured.row(row).iter().all(|f| f.is_nan())),
            _ => {
                let expected = oracle::fluctuations(traces.row(row), plan);
                let what = format!("{what}, row {row}");
                assert_close(&what, measured.row(row), &expected, &tolerances::SINGLE);
                let fit = dfa::fit(plan, &expected);
                let close = &tolerances::SINGLE_EXPONENT;
                assert_close(&what, &[exponent.alpha], &[fit.alpha], close);
                let close = &tolerances::SINGLE_STDERR;
                assert_close(&what, &[exponent.stderr], &[fit.stderr], close);
            }
        }
    }
}

#[test]
fn a_buffer_on_the_device_is_measured_where_it_lies() {
    let Some(engine) = engine() else { return };
    let traces = traces(9, 256);
    let plan = plan(256, &[8, 16, 32, 64], Overlap::Half);
    // Behind 1,024 bytes of something else.
    let shifted = [vec![f32::NAN; 256], traces.values().to_vec()].concat();
    let buffer = engine.upload("recorded", &shifted).expect("a buffer");
    let part = |rows: u64| Part {
        buffer: &buffer,
        offset: 1024,
        size: std::num::NonZeroU64::new(rows * 1024),
    };
    let measured = dfa::chain::measure_buffer(&engine, part(9), 9, &plan).expect("measured");
    against_oracle("buffer", &measured, &traces, &plan);
    assert!(dfa::chain::measure_buffer(&engine, part(8), 9, &plan).is_err());
}

#[test]
fn what_the_device_refuses_is_an_error() {
    let Some(engine) = engine() else { return };
    // Too few bindings.
    let shape = engine.uniform("shape", &[1u32, 6, 3, 3]).expect("a buffer");
    let parts = [shape.as_entire_buffer_binding()];
    let params = bytemuck::bytes_of(&[1u32, 6, 3, 3]).to_vec();
    let dispatch = Dispatch { stage: &dfa::profile::Profile, params: &params, parts: &parts };
    let error = engine.submit(&[dispatch]).expect_err("refused");
    assert!(error.to_string().contains("dfa/profile"), "{error}");
    let much = engine.empty("too much", 1 << 60).expect_err("refused");
    assert!(much.to_string().contains("too much"), "{much}");
}

#[test]
fn f32_results_of_the_twins_are_the_devices_too() {
    // Rung 4 in one figure: device and twins side by side on the references.
    let Some(engine) = engine() else { return };
    let path = Path::Gpu(engine);
    let [main, _] = Reference::all();
    let plan = main.plan(Convention::Forward);
    let device = path.measure(&main.traces, &plan).expect("measured").fluctuations;
    let twin = widen(&twins(&main.traces, &plan).fluctuations);
    println!("device against twins: F {:.1e}", common::largest(&device, &twin));
    assert_close("device against twins", &device, &twin, &tolerances::DEVICE_CHAIN);
}

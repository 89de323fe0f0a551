//! The stages on a device: each alone against its twin, then the whole chain against the oracle.
//!
//! Place in the flow: rungs 3 and 4 of the rungs of trust. Any adapter will do; lavapipe is enough
//! (`apt-get install mesa-vulkan-drivers`). Without an adapter one line is printed and the tests
//! pass; with `REQUIRE_GPU=1` they fail.

mod common;

use std::sync::Arc;

use common::device_against_twin::device_against_twin;
use common::{
    Case, Reference, assert_close, engine, in_tiles, nothing, tolerances, twins, widen, words,
};
use noisescope::analysis::dfa::block::TILE;
use noisescope::analysis::dfa::detrend::Detrend;
use noisescope::analysis::dfa::fused::Fused;
use noisescope::analysis::dfa::params::{ExponentRecord, Mark, Shape, SizeRecord, Weight};
use noisescope::analysis::dfa::summary::{Rest, Trend};
use noisescope::analysis::dfa::{
    self, Convention, DfaPlan, Measured, Path, Settings, Status, block, oracle,
};
use noisescope::gpu::engine::{Dispatch, Part};
use noisescope::gpu::stage::Stage;
use noisescope::gpu::{Engine, Gpu};
use noisescope::signal::{Traces, noise};

fn plan(steps: usize, windows: &[usize], convention: Convention) -> DfaPlan {
    let windows = windows.to_vec();
    DfaPlan::new(steps, &Settings { windows, order: 1, convention }).expect("fits")
}

/// The same windows with a parabola or cubic, both ends, and roots.
fn higher(plan: &DfaPlan) -> [DfaPlan; 2] {
    let windows: Vec<usize> =
        plan.sizes().iter().map(|size| size.size).filter(|size| *size > 5).collect();
    [(2, Convention::BothEnds), (3, Convention::MeanRms)].map(|(order, convention)| {
        let settings = Settings { windows: windows.clone(), order, convention };
        DfaPlan::new(plan.steps(), &settings).expect("fits")
    })
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
        &Detrend(Trend::of(plan.order())),
        &[
            shape.clone(),
            sizes.clone(),
            words(&chain.profile),
            words(&chain.levels),
            nothing::<Rest>(rows * plan.windows()),
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
    if plan.steps() <= 1000 {
        let buffers = [
            words(&[Shape::new(rows, plan)]),
            words(&SizeRecord::table(plan)),
            words(&Weight::table(plan)),
            words(traces.values()),
            nothing::<f32>(rows * plan.sizes().len()),
            nothing::<ExponentRecord>(rows),
        ];
        let stage = Fused::fitting(16_384, plan).expect("it fits");
        device_against_twin(engine, &stage, &what, &buffers);
    }
    let tiles = plan.steps().div_ceil(TILE);
    in_tiles(traces, plan, tiles, |stage, buffers| {
        device_against_twin(engine, stage, &format!("in tiles, {what}"), buffers)
    });
}

#[test]
fn the_fused_stages_give_what_the_separate_ones_give() {
    let Some(engine) = engine() else { return };
    for (rows, steps) in [(70, 500), (3, 2049), (2, 4096)] {
        let traces = traces(rows, steps);
        for (convention, order) in
            Convention::ALL.into_iter().flat_map(|c| [(c, 1), (c, 2), (c, 3)])
        {
            let settings = Settings { convention, order, ..Settings::default() };
            let plan = DfaPlan::new(steps, &settings).expect("fits");
            let bytes = engine.gpu().limits.max_compute_workgroup_storage_size;
            assert!(Fused::fitting(bytes, &plan).is_some());
            let once =
                dfa::chain::measure_batch(&engine, traces.values(), &plan).expect("measured");
            let apart =
                dfa::chain::measure_separately(&engine, traces.values(), &plan).expect("measured");
            let tolerance = if order == 1 { 1e-6 } else { 1e-5 };
            for (a, b) in once.fluctuations.iter().zip(&apart.fluctuations) {
                let close = (a - b).abs() <= tolerance * b.abs() || (a.is_nan() && b.is_nan());
                assert!(close, "{convention:?}, order {order}, {steps} samples: {a} {b}");
            }
        }
    }
}

#[test]
fn each_stage_is_its_twin_at_every_number_of_rows() {
    let Some(engine) = engine() else { return };
    let plan = plan(40, &[4, 7, 33], Convention::HalfOverlap);
    for rows in straddling(64).into_iter().chain(straddling(32)) {
        each_stage(&engine, &traces(rows, 40), &plan);
    }
}

#[test]
fn each_stage_is_its_twin_at_every_length() {
    let Some(engine) = engine() else { return };
    // Lengths about a block, and block counts about the lanes of `profile`.
    for steps in [17, 31, 32, 33, 103, 32 * 63, 32 * 64, 32 * 64 + 1, 32 * 199 + 5] {
        let plan = plan(steps, &[4, 7, 9, 16], Convention::HalfOverlap);
        each_stage(&engine, &traces(3, steps), &plan);
        for plan in higher(&plan) {
            each_stage(&engine, &traces(3, steps), &plan);
        }
    }
}

#[test]
fn windows_of_many_pieces_are_their_twins() {
    let Some(engine) = engine() else { return };
    // More than 32 pieces, exactly 32, and starts that are no multiple of 32.
    let plan = plan(5000, &[5, 31, 32, 33, 1023, 1024, 1025, 2500], Convention::HalfOverlap);
    each_stage(&engine, &traces(3, 5000), &plan);
    for plan in higher(&plan) {
        each_stage(&engine, &traces(3, 5000), &plan);
    }
}

#[test]
fn window_counts_straddle_the_lanes() {
    let Some(engine) = engine() else { return };
    for count in straddling(32) {
        // `count` windows of 4 samples, fewer of 5 and 6.
        let steps = (4 * count).max(6);
        each_stage(&engine, &traces(2, steps), &plan(steps, &[4, 5, 6], Convention::Forward));
    }
}

#[test]
fn the_grid_goes_on_beyond_65_535_groups() {
    let Some(engine) = engine() else { return };
    // 65,540 groups of `profile` and three times as many of `fluctuation`; 6 samples each.
    let rows = 65_540;
    each_stage(&engine, &traces(rows, 6), &plan(6, &[4, 5, 6], Convention::Forward));
}

#[test]
fn the_grid_of_many_lanes_goes_on_too() {
    let Some(engine) = engine() else { return };
    // `detrend` and `exponent` have 64 lanes a group: 65,535 groups hold 4,194,240 of them.
    let beyond = 65_535 * 64 + 100;
    let plan = plan(6, &[4, 5, 6], Convention::Forward);
    let seven: Vec<f32> = noise::white(7 * 1009, 3, 0).iter().map(|x| 1.5 + x.abs()).collect();
    let values = |count: usize| seven.iter().copied().cycle().take(count).collect::<Vec<f32>>();
    let rows = beyond / 3 + 1;
    let shape = words(&[Shape::new(rows, &plan)]);
    device_against_twin(
        &engine,
        &Detrend(Trend::Line),
        "beyond",
        &[
            shape,
            words(&SizeRecord::table(&plan)),
            words(&values(rows * 6)),
            words(&values(rows)),
            nothing::<Rest>(rows * 3),
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
        for case in Case::all() {
            let plan = reference.plan(case);
            let measured = path.measure(&reference.traces, &plan).expect("measured");
            let expected = reference.fluctuations(case);
            let what = format!("device, {} {case:?}", reference.name);
            println!("{what}: F {:.1e}", common::largest(&measured.fluctuations, &expected));
            assert_close(&what, &measured.fluctuations, &expected, common::single(case.order)[0]);
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
    // The exponents of all rows together, for what they share.
    let (mut found, mut exact) = ([vec![], vec![]], [vec![], vec![]]);
    let [single, exponents, stderrs] = common::single(plan.order());
    let fast = Path::Cpu.measure(traces, plan).expect("measured").exponents;
    for (row, fast) in fast.iter().enumerate() {
        let exponent = &measured.exponents[row];
        assert_eq!(exponent.status, fast.status, "{what}, row {row}");
        match exponent.status {
            Status::Constant | Status::NoFluctuation => {
                assert!(measured.row(row).iter().all(|f| *f == 0.0))
            }
            Status::NonFinite => assert!(measured.row(row).iter().all(|f| f.is_nan())),
            _ => {
                let expected = oracle::fluctuations(traces.row(row), plan);
                let what = format!("{what}, row {row}");
                assert_close(&what, measured.row(row), &expected, single);
                let fit = dfa::fit(plan, &expected);
                found[0].push(exponent.alpha);
                exact[0].push(fit.alpha);
                found[1].push(exponent.stderr);
                exact[1].push(fit.stderr);
            }
        }
    }
    assert_close(what, &found[0], &exact[0], exponents);
    assert_close(what, &found[1], &exact[1], stderrs);
}

#[test]
fn a_buffer_on_the_device_is_measured_where_it_lies() {
    let Some(engine) = engine() else { return };
    let traces = traces(9, 256);
    let plan = plan(256, &[8, 16, 32, 64], Convention::HalfOverlap);
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
    let params = Shape::new(1, &plan(40, &[4, 7, 33], Convention::Forward));
    let shape = engine.uniform("shape", &params).expect("a buffer");
    let parts = [shape.as_entire_buffer_binding()];
    let params = bytemuck::bytes_of(&params);
    let dispatch = Dispatch { stage: &dfa::profile::Profile, params, parts: &parts };
    let error = engine.submit(&[dispatch]).expect_err("refused");
    assert!(error.to_string().contains("dfa/profile"), "{error}");
    let much = engine.empty("too much", 1 << 60).expect_err("refused");
    assert!(much.to_string().contains("too much"), "{much}");
}

/// An engine on a device of its own that binds at most `bytes` at once.
fn narrow(bytes: u64) -> Option<Arc<Engine>> {
    let gpu = common::adapter()?;
    let limits = wgpu::Limits { max_storage_buffer_binding_size: bytes, ..gpu.adapter.limits() };
    let asked = wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
    let (device, queue) = pollster::block_on(gpu.adapter.request_device(&asked)).expect("opened");
    Some(Arc::new(Engine::new(Gpu { device, queue, limits, ..gpu.clone() })))
}

#[test]
fn the_limits_that_every_device_has_are_enough() {
    let (Some(gpu), Some(wide)) = (common::adapter(), engine()) else { return };
    // 16 KiB of workgroup memory, bindings of 128 MiB, 256 lanes, 65,535 groups.
    let limits = wgpu::Limits::default();
    assert_eq!(limits.max_compute_workgroup_storage_size, 16_384);
    let asked = wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
    let (device, queue) = pollster::block_on(gpu.adapter.request_device(&asked)).expect("opened");
    let engine = Engine::new(Gpu { device, queue, limits, ..gpu.clone() });
    // Fused on both; on the adapter's own alone; on neither.
    for (rows, steps, order) in [(70, 500, 1), (3, 4096, 1), (3, 4096, 3)] {
        let traces = traces(rows, steps);
        let settings = Settings { order, ..Settings::default() };
        let plan = DfaPlan::new(steps, &settings).expect("fits");
        let measured =
            dfa::chain::measure_batch(&engine, traces.values(), &plan).expect("measured");
        against_oracle(&format!("{steps}, order {order}"), &measured, &traces, &plan);
        let own = dfa::chain::measure_batch(&wide, traces.values(), &plan).expect("measured");
        for (a, b) in measured.fluctuations.iter().zip(&own.fluctuations) {
            assert!((a - b).abs() <= 1e-6 * b.abs() || (a.is_nan() && b.is_nan()), "{a} {b}");
        }
    }
}

#[test]
fn more_traces_than_a_binding_holds_go_in_batches() {
    let (Some(narrow), Some(wide)) = (narrow(64 << 10), engine()) else { return };
    assert_eq!(narrow.gpu().largest_binding(), 64 << 10);
    let plan = DfaPlan::new(500, &Settings::default()).expect("fits");
    let at_once = dfa::chain::batch_rows(64 << 10, &plan).expect("fits");
    // Whole batches, and one row in the last.
    for rows in [2 * at_once, 3 * at_once + 1] {
        let traces = traces(rows, 500);
        let cut = Path::Gpu(narrow.clone()).measure(&traces, &plan).expect("measured");
        let whole = Path::Gpu(wide.clone()).measure(&traces, &plan).expect("measured");
        against_oracle("in batches", &cut, &traces, &plan);
        let bits = |m: &Measured| m.fluctuations.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&cut), bits(&whole), "{rows} rows, {at_once} at once");
    }
}

#[test]
fn a_trace_that_no_binding_holds_goes_in_pieces() {
    let (Some(narrow), Some(wide)) = (narrow(64 << 10), engine()) else { return };
    let bits = |m: &Measured| m.fluctuations.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
    // 16,384 samples fill a binding.
    for (steps, order) in [(16_384, 1), (16_385, 1), (70_001, 1), (50_000, 3)] {
        for convention in Convention::ALL {
            // Of 2,521 from both ends, two that start in one tile end in two pieces, the front one in
            // the later.
            let windows = vec![16, 65, 2047, 2521, 4100, 9001];
            let plan = DfaPlan::new(steps, &Settings { windows, order, convention });
            let plan = plan.expect("fits");
            let traces = traces(2, steps);
            let cut = Path::Gpu(narrow.clone()).measure(&traces, &plan).expect("measured");
            assert!(cut.notes.is_empty(), "{:?}", cut.notes);
            against_oracle(&format!("{steps} in pieces, {plan:?}"), &cut, &traces, &plan);
            let whole = Path::Gpu(wide.clone()).measure(&traces, &plan).expect("measured");
            assert_eq!(bits(&cut), bits(&whole), "{steps}, {convention:?}");
        }
    }
    // Where they lie already.
    let plan = plan(40_000, &[16, 64, 9001], Convention::HalfOverlap);
    let traces = traces(1, 40_000);
    let buffer = wide.upload("recorded", traces.values()).expect("a buffer");
    let part = buffer.as_entire_buffer_binding();
    let whole = dfa::chain::measure_buffer(&wide, part, 1, &plan).expect("measured");
    let buffer = narrow.upload("recorded", traces.values()).expect("a buffer");
    let part = buffer.as_entire_buffer_binding();
    let cut = dfa::chain::measure_buffer(&narrow, part.clone(), 1, &plan).expect("measured");
    assert_eq!(bits(&cut), bits(&whole));
    // What float32 does not resolve is read back from all pieces: the CPU's number to the bit.
    let ramp: Vec<f32> = (0..40_000).map(|t| t as f32 + traces.row(0)[t]).collect();
    narrow.gpu().queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&ramp));
    let settings = Settings { windows: vec![16, 64, 9001], order: 2, ..Settings::default() };
    let plan = DfaPlan::new(40_000, &settings).expect("fits");
    let found = dfa::chain::measure_buffer(&narrow, part, 1, &plan).expect("measured");
    let ramp = Traces::new(ramp, 40_000).expect("one trace");
    let expected = Path::Cpu.measure(&ramp, &plan).expect("measured");
    assert_eq!((found.unresolved, bits(&found)), (1, bits(&expected)));
}

#[test]
fn a_trace_whose_nodes_no_binding_holds_is_measured_on_the_cpu() {
    let Some(engine) = narrow(64 << 10) else { return };
    // 52 tiles of 64 nodes of five words are 66,560 bytes.
    let steps = 51 * TILE + 1;
    let plan = plan(steps, &[16, 64, 256], Convention::Forward);
    let traces = traces(1, steps);
    let measured = Path::Gpu(engine.clone()).measure(&traces, &plan).expect("measured");
    against_oracle("goes to the CPU", &measured, &traces, &plan);
    assert!(measured.notes[0].contains("66560"), "{:?}", measured.notes);
    let error = dfa::chain::batch_rows(engine.gpu().largest_binding(), &plan).expect_err("refused");
    assert!(error.remedy_text().is_some_and(|text| text.contains("--device cpu")));
    // What goes past the plan is refused by the device itself, and that is an error too.
    let plan = DfaPlan::new(16_384, &Settings::default()).expect("fits");
    let buffer = engine.upload("recorded", &vec![0.5f32; 2 * 16_384]).expect("a buffer");
    let whole = buffer.as_entire_buffer_binding();
    assert!(dfa::chain::measure_buffer(&engine, whole.clone(), 2, &plan).is_err());
    assert!(dfa::chain::measure_buffer(&engine, whole, 1, &plan).is_ok());
}

#[test]
fn f32_results_of_the_twins_are_the_devices_too() {
    // Rung 4 in one figure: device and twins side by side on the references.
    let Some(engine) = engine() else { return };
    let path = Path::Gpu(engine);
    let [main, _] = Reference::all();
    let plan = main.plan(Case::FORWARD);
    let device = path.measure(&main.traces, &plan).expect("measured").fluctuations;
    let twin = widen(&twins(&main.traces, &plan).fluctuations);
    println!("device against twins: F {:.1e}", common::largest(&device, &twin));
    assert_close("device against twins", &device, &twin, &tolerances::DEVICE_CHAIN);
}

//! The engine's boundary: batches and cuts change no bit, and every fault becomes a note while the
//! CPU gives the numbers.
//!
//! Place in the flow: beside `tests/stages.rs`, rung 4 of the rungs of trust; any adapter will do.
//! The faults are the device's own: memory that it has not, a binding that it refuses, a device
//! that is gone. Faults in the middle of the work are injected in `src/analysis/dfa/fallback.rs`.

mod common;

use std::sync::Arc;

use common::{adapter, engine};
use noisescope::analysis::dfa::chain::{measure_batch, measure_separately};
use noisescope::analysis::dfa::{Convention, DfaPlan, Measured, Path, Settings, profile};
use noisescope::error::Result;
use noisescope::gpu::engine::{Dispatch, Part};
use noisescope::gpu::{Engine, Gpu};
use noisescope::signal::{Traces, noise};

fn pink(rows: usize, steps: usize) -> Traces {
    let values = (0..rows as u64).flat_map(|row| noise::pink(steps, 5, row)).collect();
    Traces::new(values, steps).expect("whole traces")
}

/// F and exponents as bits.
fn bits(measured: &Measured) -> Vec<u64> {
    let exponents = measured.exponents.iter().flat_map(|e| [e.alpha, e.intercept, e.stderr]);
    measured.fluctuations.iter().copied().chain(exponents).map(f64::to_bits).collect()
}

/// An engine on a device of its own with these limits.
fn own(gpu: &Gpu, limits: wgpu::Limits) -> Arc<Engine> {
    let asked = wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
    let (device, queue) = pollster::block_on(gpu.adapter.request_device(&asked)).expect("opened");
    Arc::new(Engine::new(Gpu { device, queue, limits, ..gpu.clone() }))
}

/// Holds the numbers of `measured` to those of the CPU.
#[track_caller]
fn right(measured: &Measured, traces: &Traces, plan: &DfaPlan) {
    let expected = Path::Cpu.measure(traces, plan).expect("measured");
    let tolerances = common::single(plan.order());
    let what = "against the CPU";
    common::assert_close(what, &measured.fluctuations, &expected.fluctuations, tolerances[0]);
    let alphas = |m: &Measured| m.exponents.iter().map(|e| e.alpha).collect::<Vec<_>>();
    common::assert_close(what, &alphas(measured), &alphas(&expected), tolerances[1]);
}

#[test]
fn neither_a_second_run_nor_another_batch_changes_a_bit() {
    let (Some(gpu), Some(wide)) = (adapter(), engine()) else { return };
    // Under the limits that every device has, 500 samples fit into workgroup memory, 4096 do not.
    for engine in [wide, own(gpu, wgpu::Limits::default())] {
        for (steps, order) in [(500, 1), (4096, 1), (9000, 1), (500, 3), (9000, 3)] {
            let traces = pink(50, steps);
            let settings = Settings { order, ..Settings::default() };
            let plan = DfaPlan::new(steps, &settings).expect("fits");
            let by_path = Path::Gpu(engine.clone()).measure(&traces, &plan).expect("measured");
            assert!(by_path.notes.is_empty(), "{:?}", by_path.notes);
            type Measure = fn(&Engine, &[f32], &DfaPlan) -> Result<Measured>;
            let mut whole: Vec<[Vec<u64>; 4]> = Vec::new();
            for measure in [measure_batch as Measure, measure_separately] {
                let runs = [50, 50, 7, 1].map(|rows| {
                    let mut all = Measured::default();
                    for batch in traces.values().chunks(rows * steps) {
                        let found = measure(&engine, batch, &plan).expect("measured");
                        all.fluctuations.extend(found.fluctuations);
                        all.exponents.extend(found.exponents);
                    }
                    bits(&all)
                });
                assert!(runs.iter().all(|run| *run == runs[0]), "{steps}, order {order}");
                whole.push(runs);
            }
            assert_eq!(bits(&by_path), whole[0][0]);
        }
    }
}

#[test]
fn a_long_trace_cut_into_many_submissions_has_the_right_numbers() {
    let Some(engine) = engine() else { return };
    // 90 sizes read two million samples each, times the order: more than one submission takes.
    let steps = 1 << 20;
    let traces = pink(1, steps);
    let windows = (1..=90).map(|i| 300 * i + 7).collect();
    let settings = Settings { windows, order: 3, convention: Convention::HalfOverlap };
    let plan = DfaPlan::new(steps, &settings).expect("fits");
    let measured = Path::Gpu(engine).measure(&traces, &plan).expect("measured");
    assert!(measured.notes.is_empty(), "{:?}", measured.notes);
    right(&measured, &traces, &plan);
}

#[test]
fn a_binding_too_small_is_an_error_that_names_the_stage() {
    let Some(engine) = engine() else { return };
    let params = [1u32, 32, 3, 3, 1, 0, 0, 0, 0, 0, 0, 0];
    // The parameters in a buffer of four words instead of twelve.
    let shape = engine.uniform("shape", &[1u32, 32, 3, 3]).expect("a buffer");
    let other = engine.empty("other", 256).expect("a buffer");
    let parts: Vec<Part<'_>> = [&shape, &other, &other, &other, &other]
        .map(wgpu::Buffer::as_entire_buffer_binding)
        .to_vec();
    let params = bytemuck::bytes_of(&params);
    let refused = engine.submit(&[Dispatch { stage: &profile::Profile, params, parts: &parts }]);
    let error = refused.expect_err("refused");
    assert!(error.to_string().contains("refused the work"), "{error}");
    assert!(error.to_string().contains("dfa/profile"), "{error}");
    // The engine goes on.
    let read: Vec<u32> = engine.read(&other).expect("read");
    assert_eq!(read, [0; 64]);
}

#[test]
fn without_memory_the_cpu_measures() {
    let Some(gpu) = adapter() else { return };
    // wgpu refuses memory beyond a share of what the driver has to give: the least share at which
    // the device opens, so that little has to be taken before it refuses.
    let starved = (1..=100).find_map(|percent| {
        let mut asked = wgpu::InstanceDescriptor::new_without_display_handle();
        asked.backends = gpu.info.backend.into();
        asked.memory_budget_thresholds.for_resource_creation = Some(percent);
        let instance = wgpu::Instance::new(asked);
        let found = pollster::block_on(instance.enumerate_adapters(gpu.info.backend.into()));
        let adapter = found.into_iter().find(|found| found.get_info() == gpu.info)?;
        let limits = adapter.limits();
        let asked =
            wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
        let (device, queue) = pollster::block_on(adapter.request_device(&asked)).ok()?;
        Some(Engine::new(Gpu { instance, adapter, device, queue, limits, ..gpu.clone() }))
    });
    let engine = Arc::new(starved.expect("a device opens with all its memory"));
    // Taken in pieces, and never written.
    let mut taken = Vec::new();
    let mut bytes = engine.gpu().largest_binding();
    let refused = loop {
        match engine.empty("hoard", bytes) {
            Ok(buffer) if taken.len() < 2000 => taken.push(buffer),
            Ok(_) => break None,
            // Down to what the smallest batch needs.
            Err(_) if bytes > 256 => bytes = (bytes / 4).max(256),
            Err(error) => break Some(error),
        }
    };
    let Some(error) = refused else {
        println!("this driver tells of no memory budget: skipped");
        return;
    };
    assert!(error.to_string().contains("no memory left"), "{error}");
    assert!(error.to_string().contains("hoard"), "{error}");
    let traces = pink(20, 500);
    let plan = DfaPlan::new(500, &Settings::default()).expect("fits");
    let measured = Path::Gpu(engine).measure(&traces, &plan).expect("measured");
    right(&measured, &traces, &plan);
    println!("notes: {:?}", measured.notes);
    assert_eq!(measured.notes.len(), 1, "{:?}", measured.notes);
    assert!(measured.notes[0].contains("all 20 traces"), "{:?}", measured.notes);
}

#[test]
fn a_lost_device_leaves_all_to_the_cpu() {
    let Some(gpu) = adapter() else { return };
    let engine = own(gpu, gpu.adapter.limits());
    let traces = pink(20, 500);
    let plan = DfaPlan::new(500, &Settings::default()).expect("fits");
    let path = Path::Gpu(engine.clone());
    assert!(path.measure(&traces, &plan).expect("measured").notes.is_empty());
    engine.gpu().device.destroy();
    let measured = path.measure(&traces, &plan).expect("measured");
    right(&measured, &traces, &plan);
    println!("notes: {:?}", measured.notes);
    assert_eq!(measured.notes.len(), 1, "{:?}", measured.notes);
    assert!(measured.notes[0].contains("all 20 traces"), "{:?}", measured.notes);
}

#[test]
#[cfg(target_os = "linux")]
fn refused_memory_is_an_error_and_the_engine_goes_on() {
    const ALONE: &str = "NOISESCOPE_STARVED";
    if std::env::var_os(ALONE).is_none() {
        // The address space of a process of its own bounds what a software adapter has.
        let Some(gpu) = adapter().filter(|gpu| !gpu.description.kind.is_hardware()) else { return };
        println!("starving {}", gpu.description);
        let this = std::env::current_exe().expect("a file");
        let name = "refused_memory_is_an_error_and_the_engine_goes_on";
        let status = std::process::Command::new("sh")
            .args(["-c", "ulimit -v 16777216; exec \"$0\" --exact \"$1\" --nocapture"])
            .args([this.as_os_str(), name.as_ref()])
            .env(ALONE, "1")
            .status()
            .expect("a shell");
        assert!(status.success());
        return;
    }
    let engine = engine().expect("an adapter, as before");
    let bytes = engine.gpu().largest_binding();
    let mut taken = Vec::new();
    let error = loop {
        match engine.empty("hoard", bytes) {
            Ok(buffer) => taken.push(buffer),
            Err(error) => break error,
        }
        assert!((taken.len() as u64) * bytes < 17 << 30, "more than the process may have");
    };
    assert!(error.to_string().contains("no memory left"), "{error}");
    assert!(error.to_string().contains("hoard"), "{error}");
    drop(taken);
    engine.wait().expect("it answers");
    let traces = pink(20, 500);
    let plan = DfaPlan::new(500, &Settings::default()).expect("fits");
    let measured = Path::Gpu(engine).measure(&traces, &plan).expect("measured");
    right(&measured, &traces, &plan);
    assert!(measured.notes.is_empty(), "{:?}", measured.notes);
}

#[test]
fn long_windows_are_measured_where_the_separate_stages_refuse_them() {
    let Some(engine) = engine() else { return };
    let software = !engine.gpu().description.kind.is_hardware();
    let steps = 1 << 18;
    let traces = pink(1, steps);
    let settings = Settings { windows: vec![16, 1000, 30_000, 60_000], ..Settings::default() };
    let plan = DfaPlan::new(steps, &settings).expect("fits");
    let measured = Path::Gpu(engine.clone()).measure(&traces, &plan).expect("measured");
    right(&measured, &traces, &plan);
    assert!(measured.notes.is_empty(), "{:?}", measured.notes);
    assert_eq!(measure_separately(&engine, traces.values(), &plan).is_err(), software);
}

#[test]
fn more_sizes_than_a_software_adapter_takes_go_to_the_cpu() {
    let Some(engine) = engine() else { return };
    let software = !engine.gpu().description.kind.is_hardware();
    let traces = pink(1, 9000);
    for (sizes, noted) in [(900, false), (1000, software)] {
        let windows = (8..8 + sizes).collect();
        let plan = DfaPlan::new(9000, &Settings { windows, ..Settings::default() }).expect("fits");
        let measured = Path::Gpu(engine.clone()).measure(&traces, &plan).expect("measured");
        right(&measured, &traces, &plan);
        assert_eq!(measured.notes.len(), usize::from(noted), "{:?}", measured.notes);
    }
}

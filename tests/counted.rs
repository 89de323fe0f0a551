//! What a batch hands to a device: launches, the bytes that each binds, bytes on the way.
//!
//! Place in the flow: beside `tests/engine.rs`, any adapter will do. An engine made for measuring
//! counts what is really submitted; here that is held to what the documents say.

mod common;

use common::adapter;
use noisescope::analysis::dfa::block::{BLOCK, TILE, TILE_NODES};
use noisescope::analysis::dfa::chain::{measure_batch, measure_buffer, measure_separately};
use noisescope::analysis::dfa::params::{ExponentRecord, Mark, Seen, Shape, SizeRecord, Weight};
use noisescope::analysis::dfa::summary::Trend;
use noisescope::analysis::dfa::{DfaPlan, Settings, tiles};
use noisescope::gpu::count::{Counted, Launch};
use noisescope::gpu::{Engine, Gpu};
use noisescope::signal::noise;

fn pink(rows: usize, steps: usize) -> Vec<f32> {
    (0..rows as u64).flat_map(|row| noise::pink(steps, 5, row)).collect()
}

fn plan(steps: usize) -> DfaPlan {
    DfaPlan::new(steps, &Settings::default()).expect("fits")
}

/// Bytes of the tables of a plan: window sizes, weights of the fit.
fn tables(plan: &DfaPlan) -> [u64; 2] {
    [size_of_val(&*SizeRecord::table(plan)) as u64, size_of_val(&*Weight::table(plan)) as u64]
}

const SHAPE: u64 = Shape::SIZE as u64;

/// F(n) and exponents.
fn results(rows: u64, plan: &DfaPlan) -> u64 {
    4 * rows * plan.sizes().len() as u64 + 16 * rows
}

/// What each launch binds: its stage, bytes to read, bytes to write.
fn bound(counted: &Counted) -> Vec<(&'static str, u64, u64)> {
    let of = |launch: &Launch| (launch.stage, launch.read(), launch.written());
    counted.launches.iter().map(of).collect()
}

#[test]
fn a_batch_from_workgroup_memory_is_one_launch_that_binds_its_traces_once() {
    let Some(gpu) = adapter() else { return };
    let engine = Engine::timing(gpu.clone());
    // Every device has the workgroup memory for 500 samples.
    let (rows, steps, plan) = (7, 500, plan(500));
    let [sizes, weights] = tables(&plan);
    let samples = 4 * rows * steps;
    measure_batch(&engine, &pink(rows as usize, steps as usize), &plan).expect("measured");
    let counted = engine.counted();
    let read = SHAPE + sizes + weights + samples;
    assert_eq!(bound(&counted), [("dfa/fused", read, results(rows, &plan))]);
    assert_eq!(counted.launches[0].bytes("traces"), samples);
    assert_eq!(u64::from(ExponentRecord::SIZE), 16);
    assert_eq!(counted.submissions, 1);
    assert_eq!((counted.uploaded, counted.fetched), (read, results(rows, &plan)));
    assert_eq!(engine.counted(), Counted::default(), "each is counted once");

    // Of traces on the device nothing but tables is uploaded; a part of a buffer counts as the part.
    let buffer = engine.upload("traces", &pink(rows as usize, steps as usize)).expect("uploaded");
    engine.counted();
    measure_buffer(&engine, buffer.as_entire_buffer_binding(), 3, &plan).expect("measured");
    let counted = engine.counted();
    assert_eq!(counted.launches[0].bytes("traces"), 4 * 3 * steps);
    assert_eq!(counted.uploaded, SHAPE + sizes + weights);
    assert_eq!(counted.fetched, results(3, &plan));
}

#[test]
fn the_separate_stages_are_four_launches() {
    let Some(gpu) = adapter() else { return };
    let engine = Engine::timing(gpu.clone());
    let (rows, steps, plan) = (3, 500u64, plan(500));
    let [sizes, weights] = tables(&plan);
    measure_separately(&engine, &pink(3, 500), &plan).expect("measured");
    let counted = engine.counted();
    let samples = 4 * rows * steps;
    let levels = 4 * rows * steps.div_ceil(BLOCK as u64);
    let marks = rows * u64::from(Mark::SIZE);
    let residuals = 8 * rows * plan.windows() as u64;
    let f = 4 * rows * plan.sizes().len() as u64;
    let expected = [
        ("dfa/profile", SHAPE + samples, samples + levels + marks),
        ("dfa/detrend", SHAPE + sizes + samples + levels, residuals),
        ("dfa/fluctuation", SHAPE + sizes + residuals + marks, f),
        ("dfa/exponent", SHAPE + weights + f + marks, 16 * rows),
    ];
    assert_eq!(bound(&counted), expected);
    assert_eq!(counted.submissions, 1);
    assert_eq!(counted.uploaded, SHAPE + sizes + weights + samples);
    assert_eq!(counted.fetched, results(rows, &plan));
}

#[test]
fn traces_in_tiles_are_five_launches_of_which_one_reads_all_samples() {
    let Some(gpu) = adapter() else { return };
    let engine = Engine::timing(gpu.clone());
    // Beyond any workgroup memory: 120,000 bytes of samples.
    let (rows, steps, plan) = (2, 30_000u64, plan(30_000));
    let [sizes, weights] = tables(&plan);
    measure_batch(&engine, &pink(2, 30_000), &plan).expect("measured");
    let counted = engine.counted();
    let samples = 4 * rows * steps;
    let tiles_of = steps.div_ceil(TILE as u64);
    let views = rows * tiles_of * u64::from(Seen::SIZE);
    let nodes = 4 * rows * tiles_of * (TILE_NODES * tiles::record(Trend::Line)) as u64;
    let marks = rows * u64::from(Mark::SIZE);
    let f = 4 * rows * plan.sizes().len() as u64;
    let sums = 2 * f * tiles_of;
    let expected = [
        ("dfa/tiles", SHAPE + sizes + samples, views + nodes + sums),
        ("dfa/crown", SHAPE + views, nodes + marks),
        ("dfa/across", SHAPE + sizes + 2 * samples + views + nodes + marks, sums),
        ("dfa/fluctuation", SHAPE + sizes + sums + marks, f),
        ("dfa/exponent", SHAPE + weights + f + marks, 16 * rows),
    ];
    assert_eq!(bound(&counted), expected);
    assert_eq!(counted.submissions, 1);
    // A parameter block for each.
    assert_eq!(counted.uploaded, 5 * SHAPE + sizes + weights + samples);
    assert_eq!(counted.fetched, results(rows, &plan));
}

#[test]
fn a_trace_in_pieces_is_still_read_once() {
    let Some(gpu) = adapter() else { return };
    // Four tiles to a binding: 30,000 samples lie in four pieces.
    let binding = (4 * 4 * TILE) as u64;
    let limits =
        wgpu::Limits { max_storage_buffer_binding_size: binding, ..wgpu::Limits::default() };
    let asked = wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
    let (device, queue) = pollster::block_on(gpu.adapter.request_device(&asked)).expect("opened");
    let engine = Engine::timing(Gpu { device, queue, limits, ..gpu.clone() });
    measure_batch(&engine, &pink(1, 30_000), &plan(30_000)).expect("measured");
    let counted = engine.counted();
    let read: Vec<u64> = counted.launches.iter().map(|launch| launch.bytes("traces")).collect();
    assert_eq!(read.iter().sum::<u64>(), 4 * 30_000);
    assert_eq!(read.iter().filter(|&&bytes| bytes > 0).count(), 4);
    assert!(counted.launches.iter().flat_map(|l| &l.bound).all(|bound| bound.bytes <= binding));
    // This device was opened without a clock, and is counted all the same.
    assert_eq!(engine.laps().expect("asked"), None);
}

#[test]
fn an_engine_that_is_not_for_measuring_counts_nothing() {
    let Some(engine) = common::engine() else { return };
    measure_batch(&engine, &pink(1, 500), &plan(500)).expect("measured");
    assert_eq!(engine.counted(), Counted::default());
}

#[test]
fn copies_are_timed_and_leave_what_they_copied() {
    let Some(gpu) = adapter() else { return };
    let engine = Engine::new(gpu.clone());
    let values: Vec<f32> = pink(1, 50_000);
    let bytes: &[u8] = bytemuck::cast_slice(&values);
    let staged = engine.stage(bytes).expect("staged");
    let size = bytes.len() as u64;
    let there = engine.empty("there", 2 * size).expect("a buffer");
    let landing = engine.landing(size).expect("a buffer");
    let up = engine.time_copies((&staged, size), &there, 3).expect("copied");
    let down = engine.time_copies((&there, size), &landing, 1).expect("copied");
    assert!(engine.landed(&landing).expect("landed") == bytes, "other bytes came back");
    let clocks = wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS;
    for time in [up, down] {
        assert!(time.host > 0.0, "{time:?}");
        assert!(time.device.is_none_or(|device| device > 0.0), "{time:?}");
        assert!(gpu.device.features().contains(clocks) || time.device.is_none(), "{time:?}");
    }
    // To a place behind, and no further than the buffer reaches.
    engine.copy((&staged, size), &there, [size]).expect("copied");
    assert!(engine.copy((&staged, size), &there, [size + 4]).is_err());
    let read: Vec<f32> = engine.read(&there).expect("read");
    assert_eq!(read, [values.as_slice(), &values].concat());
}

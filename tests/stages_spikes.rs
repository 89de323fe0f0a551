//! The stages of spikes on a device: each alone against its twin, then the doors against the plain
//! definition on the CPU.
//!
//! Place in the flow: rungs 3 and 4 of the rungs of trust, as `tests/stages.rs` for the DFA.

mod common;

use common::device_against_twin::device_against_twin;
use common::spikes::{activations, same_spikes, trains};
use common::{engine, nothing, words};
use noisescope::analysis::spikes::chunk::Chunk;
use noisescope::analysis::spikes::count::Count;
use noisescope::analysis::spikes::intervals::{Intervals, Spaced};
use noisescope::analysis::spikes::statistics::{Counted, Statistics};
use noisescope::analysis::spikes::threshold::Threshold;
use noisescope::analysis::spikes::{self, Path, Tally};
use noisescope::gpu::Engine;
use noisescope::gpu::engine::Part;
use noisescope::signal::SpikeTrains;

/// Each stage alone on `steps` steps of `units` units that follow `start` others, on what the twins
/// before it wrote. State is as other steps left it.
fn each_stage(engine: &Engine, units: usize, steps: usize, start: u32, window: u32) {
    let chunk = Chunk::new(units as u32, steps as u32, start, window, 0.25);
    let what = format!("{units} units, {steps} steps from {start} in windows of {window}");
    let block = words(&[chunk]);
    let values = words(&activations(units, steps));
    let bits = nothing::<u32>(chunk.words() * units);
    let bits = device_against_twin(engine, &Threshold, &what, &[block.clone(), values, bits]);
    let counts = nothing::<u32>(chunk.windows as usize * units);
    let bits = bits[2].clone();
    let counts = device_against_twin(engine, &Count, &what, &[block.clone(), bits.clone(), counts]);
    let counted = |unit: usize| Counted {
        open: (start % window).saturating_sub(unit as u32),
        spikes: unit as u32,
        squares: [u32::MAX - 5, unit as u32],
    };
    let counted: Vec<Counted> = (0..units).map(counted).collect();
    let buffers = [block.clone(), counts[2].clone(), words(&counted)];
    device_against_twin(engine, &Statistics, &what, &buffers);
    let spaced = |unit: usize| match start {
        0 => Spaced::default(),
        _ => Spaced {
            spikes: 2,
            first: 1,
            last: if unit.is_multiple_of(2) { start } else { 1 },
            previous: start - 1,
            squares: [u32::MAX, unit as u32],
        },
    };
    let spaced: Vec<Spaced> = (0..units).map(spaced).collect();
    let ratios: Vec<u32> =
        (0..4 * units).map(|at| if at % 2 == 0 { u32::MAX - 7 } else { 3 }).collect();
    device_against_twin(engine, &Intervals, &what, &[block, bits, words(&spaced), ratios]);
}

#[test]
fn each_stage_is_its_twin() {
    let Some(engine) = engine() else { return };
    for units in [1, 63, 64, 65, 199, 1029] {
        each_stage(&engine, units, 70, 0, 10);
    }
    for steps in [1, 31, 32, 33, 96, 1000] {
        for (start, window) in [(0, 1), (0, 32), (7, 10), (100, 100), (2000, 999), (5, 4000)] {
            each_stage(&engine, 67, steps, start, window);
        }
    }
    // Squares of counts and of intervals beyond 32 bits.
    each_stage(&engine, 9, 64, 3_000_000, 3_000_010);
}

#[test]
fn the_grid_goes_on_beyond_65_535_groups() {
    let Some(engine) = engine() else { return };
    each_stage(&engine, 65_535 * 64 + 100, 3, 10, 2);
}

#[test]
fn a_device_counts_what_the_cpu_counts() {
    let Some(engine) = engine() else { return };
    for (units, steps) in [(67, 3000), (5000, 500), (1, 20_000)] {
        let activations = activations(units, steps);
        let windows = [1, 32, 100, 333];
        let [mut host, mut device, mut where_they_lie] =
            [None, Some(engine.clone()), Some(engine.clone())]
                .map(|engine| Tally::new(engine, units, &windows, 0.25).expect("made"));
        // Batches of a length that nothing divides; and parts of a buffer behind something else.
        let shifted = [vec![9.0; 64], activations.clone()].concat();
        let buffer = engine.upload("recorded", &shifted).expect("a buffer");
        for batch in activations.chunks(217 * units) {
            host.add(batch).expect("added");
            device.add(batch).expect("added");
        }
        let part =
            |bytes| Part { buffer: &buffer, offset: 256, size: std::num::NonZeroU64::new(bytes) };
        let bytes = 4 * activations.len() as u64;
        assert!(where_they_lie.add_part(part(bytes - 4), steps).is_err(), "too short");
        where_they_lie.add_part(part(bytes), steps).expect("added");
        let expected = host.finish().expect("finished");
        for tally in [device, where_they_lie] {
            let found = tally.finish().expect("finished");
            assert_eq!(found.len(), units);
            for (unit, (found, expected)) in found.iter().zip(&expected).enumerate() {
                same_spikes(&format!("unit {unit} of {units}"), found, expected);
            }
        }
    }
}

#[test]
fn trains_on_a_device_have_the_statistics_of_the_definition() {
    let Some(engine) = engine() else { return };
    let path = Path::Gpu(engine);
    let windows = [1, 10, 100];
    for (units, steps) in [(67, 3000), (3, 40_001)] {
        let trains = trains(&activations(units, steps), units);
        let expected = spikes::measure(&trains, &windows).expect("they fit");
        let found = path.measure(&trains, &windows).expect("measured");
        assert_eq!(found.note, None);
        for (unit, (found, expected)) in found.statistics.iter().zip(&expected).enumerate() {
            same_spikes(&format!("unit {unit}"), found, expected);
        }
        assert!(path.measure(&trains, &[steps / 2 + 1]).is_err());
        let again = path.measure(&trains, &windows).expect("measured");
        assert_eq!(again.statistics, found.statistics, "to the bit");
    }
    let several = SpikeTrains::new(vec![0, 2, 1, 0, 1, 1], 6).expect("a train");
    let found = path.measure(&several, &[2]).expect("measured");
    assert_eq!(found.statistics, spikes::measure(&several, &[2]).expect("measured"));
    assert!(found.note.is_some_and(|note| note.contains("the CPU counts them")));
}

#[test]
fn a_million_units_go_in_one_pass() {
    let Some(engine) = engine() else { return };
    let (units, steps) = (1_000_003, 12);
    let batch = activations(units, steps);
    let statistics = |engine| {
        let mut tally = Tally::new(engine, units, &[5], 0.0).expect("made");
        (0..3).for_each(|_| tally.add(&batch).expect("added"));
        tally.finish().expect("finished")
    };
    let (found, expected) = (statistics(Some(engine)), statistics(None));
    for (unit, (found, expected)) in found.iter().zip(&expected).enumerate() {
        same_spikes(&format!("unit {unit}"), found, expected);
    }
    assert_eq!(found[1].spikes, 36, "always on");
}

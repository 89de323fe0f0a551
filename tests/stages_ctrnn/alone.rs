//! Each stage alone on a device against its twin, and the noise to the bit.

use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::gpu::Engine;
use noisescope::gpu::stage::{Binding, Bound, Stage};
use noisescope::models::ctrnn::histogram::HistogramStage;
use noisescope::models::ctrnn::moments::{Moment, MomentsStage, Sample};
use noisescope::models::ctrnn::simulate::{Simulate, Simulation, fours_of, readout_of};
use noisescope::models::ctrnn::{Bins, Ensemble, Weights};
use noisescope::signal::philox::Philox;

use super::common::device_against_twin::{apart, device_against_twin, on_device};
use super::common::poisoned::Poisoned;
use super::common::{self, engine, nothing, words};
use super::{ALL, LEVELS, SITES, ensemble, network, noise, scattered};

/// What the stage is given: `rows` rows from the third on, of 2 drives and 5 realisations.
fn given(weights: &Weights, rows: usize, [first, cut, end]: [usize; 3]) -> [Vec<u32>; 8] {
    let Weights { inputs, units, outputs, .. } = *weights;
    let (small, quads) = Simulate::fitting(16 << 10, weights.sizes()).expect("it fits");
    assert!(small.words <= Simulate::SMALL.words);
    let simulation = Simulation {
        rows: rows as u32,
        first_row: 3,
        draws: 10,
        realisations: 5,
        quads,
        first: first as u32,
        steps: (end - first) as u32,
        all_steps: end as u32,
        kept_from: cut as u32,
        ..Simulation::of(weights, noise(), 9)
    };
    let levels: Vec<f32> = (0..rows.div_ceil(10) + 1).map(|at| LEVELS[at % 3]).collect();
    [
        words(&[simulation]),
        words(&levels),
        words(&scattered(2 * end * inputs)),
        words(&weights.bias),
        words(&fours_of(weights)),
        words(&readout_of(weights)),
        words(&scattered(rows * units)),
        nothing::<f32>(rows * (end - cut) * outputs),
    ]
}

/// The stage alone, from step `first` to `end`; outputs from `cut` on.
fn simulate(engine: &Engine, weights: &Weights, rows: usize, steps: [usize; 3]) {
    let Weights { inputs, units, outputs, dynamics, .. } = *weights;
    let what = format!("{inputs} to {units} to {outputs}, {rows} rows, {dynamics:?}");
    device_against_twin(engine, &Simulate::SMALL, &what, &given(weights, rows, steps));
}

#[test]
fn a_simulation_is_its_twin() {
    let Some(engine) = engine() else { return };
    for (at, units) in [1, 5, 31, 50, 64, 65, 128].into_iter().enumerate() {
        for nonlinearity in ALL {
            for site in SITES {
                let weights = network([at % 3 + 1, units, (at + 1) % 3 + 1], nonlinearity, site);
                simulate(&engine, &weights, 37, [3, 5, 9]);
            }
        }
    }
    let weights = network([2, 33, 2], Nonlinearity::Tanh, Site::Inside);
    for rows in [1, 3, 4, 5, 28, 29, 113] {
        simulate(&engine, &weights, rows, [0, 0, 5]);
    }
    for first in 0..5 {
        simulate(&engine, &weights, 9, [first, first, first + 1]);
    }
    simulate(&engine, &network([3, 256, 3], Nonlinearity::Relu, Site::Inside), 5, [0, 1, 3]);
    simulate(&engine, &network([3, 256, 60], Nonlinearity::Relu, Site::Inside), 5, [0, 1, 3]);
}

/// Philox's words, as the shader makes them.
struct Words;

impl Stage for Words {
    fn name(&self) -> &'static str {
        "test/words"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            "override LANES: u32;
            @group(0) @binding(0) var<uniform> key: vec4<u32>;
            @group(0) @binding(1) var<storage, read> counters: array<u32>;
            @group(0) @binding(2) var<storage, read_write> found: array<u32>;
            @group(0) @binding(3) var<storage, read_write> deviates: array<f32>;
            @compute @workgroup_size(LANES)
            fn main(@builtin(global_invocation_id) id: vec3<u32>) {
                let at = 4u * id.x;
                if at >= arrayLength(&found) { return; }
                let counter = vec4(counters[at], counters[at + 1u], counters[at + 2u],
                    counters[at + 3u]);
                let words = philox(counter, key.xy);
                let noise = normals(counter, key.xy);
                for (var word = 0u; word < 4u; word++) {
                    found[at + word] = words[word];
                    deviates[at + word] = noise[word];
                }
            }",
            include_str!("../../shaders/shared/philox.wgsl"),
            include_str!("../../shaders/shared/logarithm.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        64
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("key", &[], 16),
            Binding::read("counters", "u32"),
            Binding::read_write("found", "u32"),
            Binding::read_write("deviates", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, _params: &[u8]) -> [u32; 3] {
        [64, 1, 1]
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let key: [u32; 4] = bound.params(0);
        let noise = Philox { key: [key[0], key[1]] };
        let counters = bound.take::<u32>(1).as_chunks().0.iter();
        let (found, deviates) = (bound.take::<u32>(2), bound.take::<f32>(3));
        let both = found.as_chunks_mut().0.iter_mut().zip(deviates.as_chunks_mut().0);
        for (counter, (found, deviates)) in counters.zip(both) {
            *found = noise.words(*counter);
            *deviates = noise.normals(*counter);
        }
    }
}

#[test]
fn the_noise_is_philoxs_to_the_bit() {
    let Some(engine) = engine() else { return };
    let mut counters: Vec<u32> = (0..16_376).map(|at: u32| at.wrapping_mul(0x9e37_79b9)).collect();
    counters.extend([u32::MAX, u32::MAX, u32::MAX, u32::MAX, 0, 0, 0, 0]);
    for key in [[0, 0], [u32::MAX, u32::MAX], noise().key] {
        let key = vec![key[0], key[1], 0, 0];
        let buffers =
            [key, counters.clone(), nothing::<u32>(counters.len()), nothing::<f32>(counters.len())];
        let mut by_twin = buffers.to_vec();
        Words.twin(&mut Bound::new(by_twin.iter_mut().map(Vec::as_mut_slice)));
        let by_device = on_device(&engine, &Words, &buffers);
        assert_eq!(by_device[2], by_twin[2]);
        let floats = |words: &[u32]| common::widen(bytemuck::cast_slice(words));
        let (found, expected) = (floats(&by_device[3]), floats(&by_twin[3]));
        let apart = common::largest_apart(&found, &expected);
        // Deviates reach 5.8, whose ulp is 4.8e-7; lengths and angles are off by 1e-7 each where a
        // multiply-add is fused.
        println!("deviates: at most {apart:.1e} apart");
        assert!(apart < 2e-6, "{apart}");
        assert!(found.iter().any(|deviate| deviate.abs() > 3.5));
    }
}

#[test]
fn a_network_of_noise_alone_holds_the_noise() {
    let Some(engine) = engine() else { return };
    let mut weights = network([1, 50, 1], Nonlinearity::Relu, Site::Outside);
    weights.dynamics.rate = 1.0;
    for all in [&mut weights.bias, &mut weights.input, &mut weights.recurrent] {
        all.fill(0.0);
    }
    weights.readout = (0..50).map(|unit| f32::from(u8::from(unit == 31))).collect();
    weights.readout_bias = vec![0.0];
    let ensemble = Ensemble {
        drives: &[0.0; 22],
        steps: 11,
        levels: &[1.0, 0.5],
        realisations: 5,
        ..ensemble(&weights, &[], 11)
    };
    let found = ensemble.run(Some(&engine)).expect("simulated");
    let mut at = found.outputs.iter();
    for level in [1.0, 0.5] {
        for draw in 0..10 {
            for step in 0..11 {
                let xi = noise().normals([31, step / 4, draw, 9])[step as usize % 4];
                let z = at.next().expect("an output per step");
                assert!((z - level * xi).abs() < 2e-6, "{draw} {step}: {z} {xi}");
            }
        }
    }
    assert!(at.next().is_none());
}

/// What the two stages of statistics are given: the states of `rows` rows from `first` on, in groups of `realisations`, of `units` units; what is
/// kept is as other states left it.
fn sampled(
    [first, rows]: [usize; 2],
    realisations: usize,
    units: usize,
) -> ([Vec<u32>; 4], [Vec<u32>; 3]) {
    let groups = (first + rows).div_ceil(realisations);
    // From -1 to 1 in steps of a fiftieth, and bins whose edges lie between them.
    let bins = Bins { count: 5, low: -0.81, high: 0.69 };
    let sample = Sample::new([first, rows], realisations, units, Some(bins));
    let (block, state) = (words(&[sample]), words(&scattered(rows * units)));
    let cells = groups * units;
    let counts = (0..cells as u32).map(|cell| cell % 3 * 1000).collect();
    let kept = |cell: usize| match cell % 3 {
        0 => Moment::default(),
        third => Moment { mean: 0.1 * third as f32, second: 3.0 },
    };
    let kept = words(&(0..cells).map(kept).collect::<Vec<_>>());
    let moments = [block.clone(), state.clone(), counts, kept];
    let counts = (0..cells as u32 * 7).map(|cell| cell % 7).collect();
    (moments, [block, state, counts])
}

fn statistics(engine: &Engine, [first, rows]: [usize; 2], realisations: usize, units: usize) {
    let (moments, histograms) = sampled([first, rows], realisations, units);
    let what = format!("{rows} rows from {first} by {realisations}, {units} units");
    device_against_twin(engine, &MomentsStage, &what, &moments);
    device_against_twin(engine, &HistogramStage, &what, &histograms);
}

#[test]
fn statistics_are_their_twins() {
    let Some(engine) = engine() else { return };
    for units in [1, 5, 63, 64, 65, 130] {
        statistics(&engine, [0, 40], 20, units);
    }
    for realisations in [1, 2, 31, 32, 33, 1000] {
        for (first, rows) in [(0, 1), (0, 100), (7, 64), (33, 130), (999, 2)] {
            statistics(&engine, [first, rows], realisations, 3);
        }
    }
}

#[test]
fn the_grids_go_on_beyond_65_535_groups() {
    let Some(engine) = engine() else { return };
    statistics(&engine, [0, 65_537], 1, 64);
    let weights = network([1, 1, 1], Nonlinearity::Relu, Site::Inside);
    let rows = 65_536 * 4 + 2;
    let simulation = Simulation {
        rows,
        draws: 2 * rows,
        realisations: 2 * rows,
        quads: 1,
        steps: 2,
        all_steps: 2,
        kept_from: 1,
        ..Simulation::of(&weights, noise(), 9)
    };
    let buffers = [
        words(&[simulation]),
        words(&[0.5f32]),
        words(&[0.3f32, -0.4]),
        words(&weights.bias),
        words(&fours_of(&weights)),
        words(&readout_of(&weights)),
        words(&scattered(rows as usize)),
        nothing::<f32>(rows as usize),
    ];
    device_against_twin(&engine, &Simulate::SMALL, "many rows", &buffers);
}

/// Whether a change of the shader's text is found.
fn is_found(
    engine: &Engine,
    stage: &'static dyn Stage,
    buffers: &[Vec<u32>],
    [right, wrong]: [&str; 2],
) -> bool {
    let text = stage.source()[0];
    assert_eq!(text.matches(right).count(), 1, "{right}");
    let broken = Poisoned::new(stage, &text.replace(right, wrong));
    let by_device = on_device(engine, &broken, buffers);
    let mut by_twin = buffers.to_vec();
    stage.twin(&mut Bound::new(by_twin.iter_mut().map(Vec::as_mut_slice)));
    apart(stage, buffers, &by_device, &by_twin).is_some()
}

#[test]
fn a_broken_shader_is_found() {
    let Some(engine) = engine() else { return };
    let weights = network([2, 65, 2], Nonlinearity::SoftPlus, Site::Inside);
    let buffers = given(&weights, 37, [3, 5, 9]);
    for change in [
        // The deviates of another row, step or block; another level, drive or weight.
        ["block, draws.w", "block, draws.z"],
        ["past < (time & 3u)", "past < (step & 3u)"],
        ["deviates(unit, time / 4u", "deviates(unit, step / 4u"],
        ["levels_of((rows + simulation.first_row)", "levels_of(rows"],
        ["% simulation.draws / simulation.realisations", "% simulation.draws % 2u"],
        ["weights[four * units + unit]", "weights[four * units + unit + 1u]"],
        // A step too few, no leak, the last partial sum of an output left out.
        ["step < simulation.steps;", "step < simulation.steps - 1u;"],
        ["(1.0 - simulation.rate) * before", "before"],
        ["part < PARTS", "part < PARTS - 1u"],
        ["(1.0 / 5.0 +", "(1.0 / 6.0 +"],
    ] {
        assert!(is_found(&engine, &Simulate::SMALL, &buffers, change), "{change:?}");
    }
    let (moments, histograms) = sampled([7, 64], 20, 3);
    for change in [
        ["(before * share)", "share"],
        ["let away = total / count", "let away = total"],
        ["counts[cell] += rows.y - rows.x", "counts[cell] = rows.y - rows.x"],
    ] {
        assert!(is_found(&engine, &MomentsStage, &moments, change), "{change:?}");
    }
    for change in [["bin = 0u", "bin = 1u"], ["row < rows.y", "row < rows.y - 1u"]] {
        assert!(is_found(&engine, &HistogramStage, &histograms, change), "{change:?}");
    }
}

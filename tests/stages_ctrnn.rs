//! The stages of noisy networks on a device: each alone against its twin, the noise to the bit, the
//! door against the CPU in bits, in numbers and in distribution; and the door on the CPU against
//! plain sums.
//!
//! Place in the flow: rungs 3 and 4 of the rungs of trust, as `tests/stages.rs` for the DFA.

mod common;

use std::sync::Arc;

use common::device_against_twin::{device_against_twin, on_device};
use common::{adapter, engine, nothing, words};
use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::datasets::tasks::Form;
use noisescope::gpu::stage::{Binding, Bound, Stage};
use noisescope::gpu::{Engine, Gpu};
use noisescope::models::ctrnn::advance::{Call, Kept, Row, advance};
use noisescope::models::ctrnn::histogram::HistogramStage;
use noisescope::models::ctrnn::moments::{Moment, MomentsStage, Sample};
use noisescope::models::ctrnn::simulate::{Simulate, Simulation, fours_of, readout_of};
use noisescope::models::ctrnn::{
    Bins, Dynamics, Ensemble, Moments, Sampling, Simulated, Weights, initial,
};
use noisescope::signal::philox::Philox;
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

const ALL: [Nonlinearity; 3] = [Nonlinearity::Relu, Nonlinearity::SoftPlus, Nonlinearity::Tanh];
const SITES: [Site; 2] = [Site::Inside, Site::Outside];
const LEVELS: [f32; 3] = [0.0, 0.25, 1.0];

fn network(
    [inputs, units, outputs]: [usize; 3],
    nonlinearity: Nonlinearity,
    site: Site,
) -> Weights {
    let dynamics = Dynamics { nonlinearity, site, rate: 0.2 };
    let mut weights = initial(&Form::Recurrent, dynamics, [inputs, units, outputs], 7);
    weights.readout_bias = (0..outputs).map(|at| at as f32 - 0.5).collect();
    weights
}

/// Numbers from -1 to 1.
fn scattered(count: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 7919 + 13) % 101) as f32 / 50.0 - 1.0).collect()
}

fn noise() -> Philox {
    Philox::named(1, "test")
}

/// The stage alone: `rows` rows from `first_row` on, of 2 drives and 5 realisations.
fn simulate(engine: &Engine, weights: &Weights, rows: usize, [first, cut, end]: [usize; 3]) {
    let Weights { inputs, units, outputs, dynamics, .. } = *weights;
    let (small, quads) = Simulate::fitting(16 << 10, weights).expect("it fits");
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
    let buffers = [
        words(&[simulation]),
        words(&levels),
        words(&scattered(2 * end * inputs)),
        words(&weights.bias),
        words(&fours_of(weights)),
        words(&readout_of(weights)),
        words(&scattered(rows * units)),
        nothing::<f32>(rows * (end - cut) * outputs),
    ];
    let what = format!("{inputs} to {units} to {outputs}, {rows} rows, {dynamics:?}");
    device_against_twin(engine, &Simulate::SMALL, &what, &buffers);
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
            include_str!("../shaders/shared/philox.wgsl"),
            include_str!("../shaders/shared/logarithm.wgsl"),
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

/// The states of `rows` rows from `first` on, in groups of `realisations`, of `units` units; what is
/// kept is as other states left it.
fn statistics(engine: &Engine, [first, rows]: [usize; 2], realisations: usize, units: usize) {
    let groups = (first + rows).div_ceil(realisations);
    // From -1 to 1 in steps of a fiftieth, and bins whose edges lie between them.
    let bins = Bins { count: 13, low: -0.81, high: 0.75 };
    let sample = Sample::new([first, rows], realisations, units, Some(bins));
    let (block, state) = (words(&[sample]), words(&scattered(rows * units)));
    let cells = groups * units;
    let what = format!("{rows} rows from {first} by {realisations}, {units} units");
    let counts = (0..cells as u32).map(|cell| cell % 3 * 1000).collect();
    let kept = |cell: usize| match cell % 3 {
        0 => Moment::default(),
        third => Moment { mean: 0.1 * third as f32, second: 3.0 },
    };
    let kept = words(&(0..cells).map(kept).collect::<Vec<_>>());
    let buffers = [block.clone(), state.clone(), counts, kept];
    device_against_twin(engine, &MomentsStage, &what, &buffers);
    let counts = (0..cells as u32 * 15).map(|cell| cell % 7).collect();
    device_against_twin(engine, &HistogramStage, &what, &[block, state, counts]);
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

/// Two drives, three levels, all outputs.
fn ensemble<'a>(weights: &'a Weights, drives: &'a [f32], steps: usize) -> Ensemble<'a> {
    Ensemble {
        weights,
        drives,
        steps,
        levels: &LEVELS,
        realisations: 30,
        noise: noise(),
        index: 9,
        outputs_from: 0,
        sampled: None,
    }
}

/// What the door should give on the CPU, by one pass and plain sums.
fn plainly(ensemble: &Ensemble<'_>) -> Simulated {
    let Ensemble { weights, steps, realisations, levels, outputs_from, .. } = *ensemble;
    let Weights { units, outputs, inputs, .. } = *weights;
    let drives = ensemble.drives.len() / (steps * inputs);
    let mut rows = Vec::new();
    for level in levels {
        for drive in 0..drives as u32 {
            let draws = (0..realisations as u32).map(|at| drive * realisations as u32 + at);
            rows.extend(draws.map(|draw| Row { drive, draw, level: *level }));
        }
    }
    let (noise, index, drive) = (ensemble.noise, ensemble.index, ensemble.drives);
    let call = Call { rows: &rows, drive, first: 0, steps, noise, index };
    let mut z = vec![0.0; rows.len() * steps * outputs];
    let mut h = vec![0.0; rows.len() * steps * units];
    let kept = Kept { outputs: Some(&mut z), hidden: Some(&mut h), active: None };
    advance(weights, &call, &mut vec![0.0; rows.len() * units], kept);
    let row = |z: &[f32]| z[outputs_from * outputs..].to_vec();
    let mut found = Simulated {
        outputs: z.chunks_exact(steps * outputs).flat_map(row).collect(),
        ..Simulated::default()
    };
    let Some(Sampling { burn_in, every, bins }) = ensemble.sampled else { return found };
    for group in h.chunks_exact(realisations * steps * units) {
        for unit in 0..units {
            let values: Vec<f32> = group
                .chunks_exact(steps * units)
                .flat_map(|row| {
                    let states = row.chunks_exact(units).skip(burn_in);
                    states.skip(every - 1).step_by(every).map(|h| h[unit])
                })
                .collect();
            let count = values.len() as f64;
            let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
            let second: f64 = values.iter().map(|h| (f64::from(*h) - mean).powi(2)).sum();
            let variance = second / (count - 1.0);
            found.moments.push(Moments { count: values.len() as u64, mean, variance });
            let Some(Bins { count, low, high }) = bins else { continue };
            let edge = |at: usize| match at {
                0 => f32::NEG_INFINITY,
                at if at > count + 1 => f32::INFINITY,
                at => low + (high - low) * (at - 1) as f32 / count as f32,
            };
            found.histograms.extend((0..count + 2).map(|at| {
                let within = |h: &&f32| **h >= edge(at) && **h < edge(at + 1);
                values.iter().filter(within).count() as u32
            }));
        }
    }
    found
}

#[test]
fn the_door_on_the_cpu_is_plain_sums() {
    for (units, realisations, from, burn_in, every) in
        [(7, 30, 0, 0, 1), (64, 1, 17, 3, 5), (33, 130, 40, 39, 1), (1, 65, 3, 20, 4)]
    {
        let weights = network([2, units, 3], Nonlinearity::SoftPlus, Site::Inside);
        let drives = scattered(2 * 40 * 2);
        let bins = Some(Bins { count: 8, low: 0.125, high: 1.125 });
        let ensemble = Ensemble {
            realisations,
            outputs_from: from,
            sampled: Some(Sampling { burn_in, every, bins }),
            ..ensemble(&weights, &drives, 40)
        };
        let (found, expected) = (ensemble.run(None).expect("simulated"), plainly(&ensemble));
        assert_eq!(found.outputs, expected.outputs);
        assert_eq!(found.histograms, expected.histograms);
        assert_eq!(found.moments.len(), expected.moments.len());
        for (found, expected) in found.moments.iter().zip(&expected.moments) {
            assert_eq!(found.count, expected.count);
            assert!((found.mean - expected.mean).abs() < 1e-12, "{found:?} {expected:?}");
            assert!((found.variance - expected.variance).abs() < 1e-12, "{found:?} {expected:?}");
        }
        let again = ensemble.run(None).expect("simulated");
        assert_eq!((again.outputs, again.moments), (found.outputs, found.moments));
        assert!(found.seconds > 0.0 && found.path.contains("CPU"));
    }
}

#[test]
fn the_door_on_a_device_is_the_door_on_the_cpu() {
    let Some(engine) = engine() else { return };
    for (nonlinearity, units) in ALL.into_iter().zip([31, 64, 128]) {
        for site in SITES {
            let weights = network([2, units, 2], nonlinearity, site);
            let drives = scattered(2 * 12 * 2);
            let bins = Some(Bins { count: 10, low: -0.5, high: 1.0 });
            let ensemble = Ensemble {
                outputs_from: 5,
                sampled: Some(Sampling { burn_in: 3, every: 2, bins }),
                ..ensemble(&weights, &drives, 12)
            };
            let what = format!("{units} units, {:?}", weights.dynamics);
            let expected = ensemble.run(None).expect("simulated");
            let found = ensemble.run(Some(&engine)).expect("simulated");
            let apart = common::largest_apart(
                &common::widen(&found.outputs),
                &common::widen(&expected.outputs),
            );
            assert!(
                apart < 1e-5 && found.outputs.len() == expected.outputs.len(),
                "{what}: {apart}"
            );
            assert_eq!(found.moments.len(), 3 * 2 * units);
            for (found, expected) in found.moments.iter().zip(&expected.moments) {
                assert_eq!(found.count, expected.count);
                assert!(
                    (found.mean - expected.mean).abs() < 1e-5,
                    "{what}: {found:?} {expected:?}"
                );
                let apart = (found.variance - expected.variance).abs();
                assert!(apart < 1e-5, "{what}: {found:?} {expected:?}");
            }
            // A state within rounding of an edge may fall on either side.
            let pairs = found.histograms.iter().zip(&expected.histograms);
            let moved: u32 = pairs.map(|(a, b)| a.abs_diff(*b)).sum();
            let all: u32 = expected.histograms.iter().sum();
            assert_eq!(found.histograms.iter().sum::<u32>(), all);
            assert!(moved <= all / 10_000 + 2, "{what}: {moved} of {all} moved");
        }
    }
}

/// An engine on a device of its own with WebGPU's default limits.
fn portable(gpu: &Gpu) -> Arc<Engine> {
    let limits = wgpu::Limits::default();
    let asked = wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
    let (device, queue) = pollster::block_on(gpu.adapter.request_device(&asked)).expect("opened");
    Arc::new(Engine::new(Gpu { device, queue, limits, ..gpu.clone() }))
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn neither_another_run_nor_cuts_nor_batches_nor_limits_change_a_bit() {
    let (Some(gpu), Some(engine)) = (adapter(), engine()) else { return };
    for sizes in [[3, 128, 3], [1, 64, 1], [2, 5, 1]] {
        let weights = network(sizes, Nonlinearity::SoftPlus, Site::Inside);
        let drives = scattered(50 * sizes[0]);
        let whole = Ensemble { realisations: 70, ..ensemble(&weights, &drives, 50) };
        let run = |ensemble: Ensemble<'_>, engine: &Arc<Engine>| {
            bits(&ensemble.run(Some(engine)).expect("simulated").outputs)
        };
        let expected = run(whole, &engine);
        assert_eq!(run(whole, &engine), expected, "a second run");
        assert_eq!(run(whole, &portable(gpu)), expected, "WebGPU's default limits");
        for every in [1, 7] {
            let sampled = Some(Sampling { burn_in: 2, every, bins: None });
            assert_eq!(run(Ensemble { sampled, ..whole }, &engine), expected, "cut by {every}");
        }
        let width = 50 * sizes[2];
        let fewer = run(Ensemble { realisations: 3, levels: &LEVELS[1..2], ..whole }, &engine);
        assert_eq!(fewer, expected[70 * width..73 * width], "other rows beside them");
        let later = run(Ensemble { outputs_from: 49, ..whole }, &engine);
        let last: Vec<u32> =
            expected.chunks_exact(width).flat_map(|row| row[49 * sizes[2]..].to_vec()).collect();
        assert_eq!(later, last, "the last step alone");
    }
}

/// The largest distance between the distributions of two samples (Kolmogorov and Smirnov), in units
/// of what equal ones pass in one of a thousand pairs.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let sorted = |values: &[f32]| {
        let mut values = values.to_vec();
        values.sort_by(f32::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    let share =
        |all: &[f32], x: f32| all.partition_point(|value| *value <= x) as f64 / all.len() as f64;
    let distance = a.iter().chain(&b).map(|x| (share(&a, *x) - share(&b, *x)).abs());
    let (m, n) = (a.len() as f64, b.len() as f64);
    distance.fold(0.0, f64::max) / (1.949 * ((m + n) / (m * n)).sqrt())
}

/// Mean, variance and the standard errors of both.
fn moments(values: &[f32]) -> [f64; 4] {
    let count = values.len() as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
    let power = |p| values.iter().map(|x| (f64::from(*x) - mean).powi(p)).sum::<f64>() / count;
    let variance = power(2);
    let errors = [variance, power(4) - variance * variance].map(|square| (square / count).sqrt());
    [mean, variance, errors[0], errors[1]]
}

#[test]
fn a_long_simulation_has_the_cpus_distribution() {
    let Some(engine) = engine() else { return };
    let (steps, realisations) = (300, 1500);
    for nonlinearity in ALL {
        for site in SITES {
            let weights = network([1, 24, 1], nonlinearity, site);
            let drives = vec![0.3; steps];
            let ensemble = Ensemble {
                levels: &[0.4],
                realisations,
                outputs_from: steps - 1,
                sampled: Some(Sampling { burn_in: steps - 1, every: 1, bins: None }),
                ..ensemble(&weights, &drives, steps)
            };
            let by_device = ensemble.run(Some(&engine)).expect("simulated");
            // Other noise, so that the two are independent.
            let by_cpu = Ensemble { index: 10, ..ensemble }.run(None).expect("simulated");
            for (found, expected) in by_device.moments.iter().zip(&by_cpu.moments) {
                let error = ((found.variance + expected.variance) / realisations as f64).sqrt();
                let off = (found.mean - expected.mean) / error;
                assert!(off.abs() < 4.0, "{:?}: {off}", weights.dynamics);
            }
            let [a, b] = [&by_device.outputs, &by_cpu.outputs].map(|z| moments(z));
            for at in 0..2 {
                let off = (a[at] - b[at]) / a[at + 2].hypot(b[at + 2]);
                assert!(off.abs() < 4.0, "{:?}: {off}", weights.dynamics);
            }
            let distance = apart(&by_device.outputs, &by_cpu.outputs);
            assert!(distance < 1.0, "{:?}: {distance}", weights.dynamics);
        }
    }
    // The statistic finds a shift of a fifth of a standard deviation.
    let normal = |at: u32, shift: f32| noise().normals([at, 0, 0, 0])[0] + shift;
    let [a, b, c]: [Vec<f32>; 3] = [(0, 0.0), (2000, 0.0), (4000, 0.2)]
        .map(|(first, shift)| (first..first + 1500).map(|at| normal(at, shift)).collect());
    assert!(apart(&a, &b) < 1.0 && apart(&a, &c) > 1.0);
}

/// One unit without feedback: mean and variance in closed form.
#[test]
fn a_neuron_has_the_moments_of_theory() {
    let mut weights = initial(
        &Form::Neuron,
        Dynamics { nonlinearity: Nonlinearity::Relu, site: Site::Inside, rate: 0.1 },
        [1, 1, 1],
        1,
    );
    weights.bias = vec![0.2];
    let (mean, variance) = {
        let (normal, z) = (Normal::standard(), 0.2 / 0.5);
        let mean = 0.2 * normal.cdf(z) + 0.5 * normal.pdf(z);
        let square = (0.04 + 0.25) * normal.cdf(z) + 0.2 * 0.5 * normal.pdf(z);
        (mean, 0.1 / 1.9 * (square - mean * mean))
    };
    let drives = [0.0; 160];
    let count = 40_000;
    let ensemble = Ensemble {
        levels: &[0.5],
        realisations: count,
        outputs_from: 160,
        sampled: Some(Sampling { burn_in: 159, every: 1, bins: None }),
        ..ensemble(&weights, &drives, 160)
    };
    for engine in [None, engine()] {
        let found = ensemble.run(engine.as_ref()).expect("simulated");
        let Moments { count: seen, mean: at, variance: spread } = found.moments[0];
        assert_eq!(seen, count as u64);
        assert!(((at - mean) / (variance / count as f64).sqrt()).abs() < 4.0, "{at} {mean}");
        // A sum of some twenty skewed numbers: fourth moment within 4 of the squared variance.
        let error = variance * (3.0 / count as f64).sqrt();
        assert!(((spread - variance) / error).abs() < 4.0, "{spread} {variance}");
        assert!(found.outputs.is_empty() && found.histograms.is_empty());
    }
}

#[test]
fn what_cannot_be_simulated_is_an_error() {
    let weights = network([2, 3, 1], Nonlinearity::Relu, Site::Inside);
    let drives = scattered(2 * 10 * 2);
    let good = ensemble(&weights, &drives, 10);
    let sampling = |burn_in, every, bins| Ensemble {
        sampled: Some(Sampling { burn_in, every, bins }),
        ..good
    };
    let bins = |count, low, high| sampling(0, 1, Some(Bins { count, low, high }));
    let mut fast = weights.clone();
    fast.dynamics.rate = 1.5;
    let mut diverged = weights.clone();
    diverged.recurrent[4] = f32::NAN;
    for (wrong, says) in [
        (Ensemble { realisations: 0, ..good }, "realisations"),
        (Ensemble { levels: &[], ..good }, "levels"),
        (Ensemble { levels: &[0.1, -0.1], ..good }, "found -0.1"),
        (Ensemble { levels: &[f32::NAN], ..good }, "found NaN"),
        (Ensemble { levels: &[f32::INFINITY], ..good }, "found inf"),
        (Ensemble { steps: 0, ..good }, "steps"),
        (Ensemble { steps: 11, ..good }, "found 40 numbers"),
        (Ensemble { drives: &[], ..good }, "found 0 numbers"),
        (Ensemble { outputs_from: 11, ..good }, "outputs_from"),
        (Ensemble { realisations: usize::MAX >> 8, ..good }, "2^31"),
        (Ensemble { weights: &fast, ..good }, "g = dt/tau"),
        (Ensemble { weights: &diverged, ..good }, "finite weights"),
        (sampling(10, 1, None), "burn-in of 10"),
        (sampling(0, 0, None), "every 0"),
        (sampling(3, usize::MAX, None), "every"),
        (bins(0, 0.0, 1.0), "found 0 from"),
        (bins(3, 1.0, 1.0), "from 1 to 1"),
        (bins(3, f32::NEG_INFINITY, 1.0), "bins"),
    ] {
        let error = wrong.run(None).expect_err(says);
        assert!(format!("{error:?} {error}").contains(says), "{error:?} does not say {says}");
    }
    assert!(good.run(None).is_ok());
    let Some(engine) = engine() else { return };
    let large = network([2, 257, 1], Nonlinearity::Relu, Site::Inside);
    let error = Ensemble { weights: &large, ..good }.run(Some(&engine)).expect_err("too large");
    assert!(format!("{error:?}").contains("257 units"), "{error:?}");
    assert!(Ensemble { weights: &large, ..good }.run(None).is_ok());
}

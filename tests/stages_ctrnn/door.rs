//! The door on the CPU against plain sums, on a device against the CPU, and what it refuses.

use std::sync::Arc;

use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::gpu::{Engine, Gpu};
use noisescope::models::ctrnn::advance::{Call, Kept, Row, advance};
use noisescope::models::ctrnn::{Bins, Ensemble, Moments, Sampling, Simulated, Weights};

use super::common::{self, adapter, engine};
use super::{ALL, LEVELS, SITES, ensemble, network, scattered};

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

/// 18,000 rows go in two pieces, of which a level has its part in both.
#[test]
fn pieces_of_rows_are_one_ensemble() {
    let Some(engine) = engine() else { return };
    let weights = network([2, 5, 1], Nonlinearity::Tanh, Site::Outside);
    let drives = scattered(2 * 2 * 6);
    let whole = Ensemble {
        realisations: 3000,
        outputs_from: 4,
        sampled: Some(Sampling { burn_in: 2, every: 2, bins: None }),
        ..ensemble(&weights, &drives, 6)
    };
    let found = whole.run(Some(&engine)).expect("simulated");
    let last = Ensemble { levels: &LEVELS[2..], ..whole }.run(Some(&engine)).expect("simulated");
    assert_eq!(bits(&found.outputs[2 * 2 * 3000 * 2..]), bits(&last.outputs));
    let expected = whole.run(None).expect("simulated");
    for (found, expected) in found.moments.iter().zip(&expected.moments) {
        assert_eq!((found.count, expected.count), (6000, 6000));
        assert!((found.mean - expected.mean).abs() < 1e-5, "{found:?} {expected:?}");
        assert!((found.variance - expected.variance).abs() < 1e-5, "{found:?} {expected:?}");
    }
}

/// 2,000 steps are 150,000 rounds of an invocation's loops, which lavapipe ends after 65,535.
#[test]
fn a_chain_goes_on_where_an_adapter_ends_loops() {
    let Some(engine) = engine() else { return };
    let weights = network([1, 128, 1], Nonlinearity::SoftPlus, Site::Inside);
    let drives = scattered(2000);
    let ensemble = Ensemble {
        realisations: 4,
        outputs_from: 1996,
        sampled: Some(Sampling { burn_in: 1990, every: 10, bins: None }),
        ..ensemble(&weights, &drives, 2000)
    };
    let expected = ensemble.run(None).expect("simulated");
    let found = ensemble.run(Some(&engine)).expect("simulated");
    let [outputs, at] = [&found.outputs, &expected.outputs].map(|outputs| common::widen(outputs));
    let apart = common::largest_apart(&outputs, &at);
    println!("after 2,000 steps: at most {apart:.1e} apart");
    assert!(apart < 1e-5 && outputs.len() == 3 * 4 * 4, "{apart}");
    for (found, expected) in found.moments.iter().zip(&expected.moments) {
        assert!((found.mean - expected.mean).abs() < 1e-5, "{found:?} {expected:?}");
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

//! The continuous-time network: its passes on the CPU against plain formulas in f64, its gradients
//! against finite differences with frozen noise, and the operation against Burn's own tensors.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::datasets::tasks::Form;
use noisescope::models::ctrnn::advance::{Call, Kept, Row, advance};
use noisescope::models::ctrnn::{
    Ctrnn, CtrnnOperation, Dynamics, Sequence, Weights, initial, stepwise,
};
use noisescope::signal::philox::Philox;

const ALL: [Nonlinearity; 3] = [Nonlinearity::Relu, Nonlinearity::SoftPlus, Nonlinearity::Tanh];
const SITES: [Site; 2] = [Site::Inside, Site::Outside];

fn network(units: usize, dynamics: Dynamics) -> Weights {
    initial(&Form::Recurrent, dynamics, [2, units, 3], 5)
}

fn drive(drives: usize, steps: usize, inputs: usize) -> Vec<f32> {
    (0..drives * steps * inputs).map(|at| ((at * 7919 + 13) % 101) as f32 / 50.0 - 1.0).collect()
}

fn rows(count: u32, level: f32) -> Vec<Row> {
    (0..count)
        .map(|row| Row { drive: row % 2, draw: 100 + row, level: level * (row % 3) as f32 })
        .collect()
}

/// Outputs, h and f's values in f64, by the formulas.
fn plain(weights: &Weights, call: &Call<'_>) -> [Vec<f64>; 3] {
    let Weights { inputs, units, outputs, dynamics, .. } = *weights;
    let g = f64::from(dynamics.rate);
    let [mut z, mut all, mut actives] = [Vec::new(), Vec::new(), Vec::new()];
    for row in call.rows {
        let mut h = vec![0.0; units];
        for step in 0..call.steps {
            let u = &call.drive[(row.drive as usize * call.steps + step) * inputs..][..inputs];
            let before = h.clone();
            for unit in 0..units {
                let mut pre = f64::from(weights.bias[unit]);
                for (k, u) in u.iter().enumerate() {
                    pre += f64::from(*u) * f64::from(weights.input[k * units + unit]);
                }
                for (k, h) in before.iter().enumerate() {
                    pre += h * f64::from(weights.recurrent[k * units + unit]);
                }
                let time = (call.first + step) as u32;
                let counter = [unit as u32, time / 4, row.draw, call.index];
                let xi = f64::from(call.noise.normals(counter)[time as usize % 4]);
                let noise = f64::from(row.level) * xi;
                let f = |x| dynamics.nonlinearity.value(x);
                let (active, total) = match dynamics.site {
                    Site::Inside => (f(pre + noise), f(pre + noise)),
                    Site::Outside => (f(pre), f(pre) + noise),
                };
                actives.push(active);
                h[unit] = (1.0 - g) * before[unit] + g * total;
            }
            all.extend_from_slice(&h);
            for output in 0..outputs {
                let weight = |unit: usize| f64::from(weights.readout[unit * outputs + output]);
                let read: f64 = h.iter().enumerate().map(|(unit, h)| h * weight(unit)).sum();
                z.push(read + f64::from(weights.readout_bias[output]));
            }
        }
    }
    [z, all, actives]
}

#[test]
fn the_pass_is_the_formula() {
    for (units, count, steps) in [(1, 1, 1), (5, 17, 9), (50, 3, 6), (64, 16, 5), (67, 33, 4)] {
        for nonlinearity in ALL {
            for site in SITES {
                let weights = network(units, Dynamics { nonlinearity, site, rate: 0.2 });
                let (rows, drive) = (rows(count, 0.3), drive(2, steps, 2));
                let noise = Philox::named(1, "test");
                let call = Call { rows: &rows, drive: &drive, first: 0, steps, noise, index: 3 };
                let many = rows.len() * steps;
                let mut z = vec![f32::NAN; many * 3];
                let mut h = vec![f32::NAN; many * units];
                let mut active = h.clone();
                let mut state = vec![0.0; rows.len() * units];
                let kept =
                    Kept { outputs: Some(&mut z), hidden: Some(&mut h), active: Some(&mut active) };
                advance(&weights, &call, &mut state, kept);
                for (found, exact) in [z, h.clone(), active].iter().zip(plain(&weights, &call)) {
                    assert_eq!(found.len(), exact.len());
                    for (found, exact) in found.iter().zip(exact) {
                        let error = (f64::from(*found) - exact).abs();
                        assert!(error < 3e-6, "{units} {nonlinearity} {site}: {found} {exact}");
                    }
                }
                let last = |row: usize| &h[(row * steps + steps - 1) * units..][..units];
                for (row, state) in state.chunks_exact(units).enumerate() {
                    assert_eq!(state, last(row));
                }
            }
        }
    }
}

#[test]
fn neither_batch_nor_cut_changes_a_bit() {
    let dynamics = Dynamics { nonlinearity: Nonlinearity::Relu, site: Site::Inside, rate: 0.1 };
    let weights = network(19, dynamics);
    let (rows, drive) = (rows(35, 0.5), drive(2, 11, 2));
    let noise = Philox::named(1, "test");
    let run = |rows: &[Row], cuts: &[usize]| {
        let mut state = vec![0.0; rows.len() * 19];
        let mut all = vec![Vec::<f32>::new(); rows.len()];
        for cut in cuts.windows(2) {
            let steps = cut[1] - cut[0];
            let part: Vec<f32> = drive
                .chunks_exact(22)
                .flat_map(|drive| drive[2 * cut[0]..2 * cut[1]].to_vec())
                .collect();
            let mut z = vec![f32::NAN; rows.len() * steps * 3];
            let call = Call { rows, drive: &part, first: cut[0], steps, noise, index: 0 };
            let kept = Kept { outputs: Some(&mut z), ..Kept::default() };
            advance(&weights, &call, &mut state, kept);
            all.iter_mut().zip(z.chunks_exact(steps * 3)).for_each(|(all, z)| all.extend(z));
        }
        all
    };
    let whole = run(&rows, &[0, 11]);
    assert_eq!(whole, run(&rows, &[0, 1, 3, 8, 11]));
    for row in [0, 15, 16, 34] {
        assert_eq!(run(&rows[row..=row], &[0, 11])[0], whole[row], "row {row}");
    }
    assert_ne!(whole[1], whole[4], "two draws of one drive and level");
}

/// A sequence of 18 rows and 21 steps.
fn sequence(dynamics: Dynamics) -> Sequence {
    Sequence {
        dynamics,
        rows: rows(18, 0.4).into(),
        drive: drive(2, 21, 2).into(),
        steps: 21,
        noise: Philox::named(2, "test"),
        index: 9,
    }
}

#[test]
fn the_operation_is_burns_own_tensors() {
    for nonlinearity in ALL {
        for site in SITES {
            let dynamics = Dynamics { nonlinearity, site, rate: 0.3 };
            let weights = network(37, dynamics);
            let device = Device::flex().autodiff();
            let tensors = || {
                let matrix = |values: &[f32], rows: usize| {
                    let data = TensorData::new(values.to_vec(), [rows, 37]);
                    Tensor::<2>::from_data(data, &device).require_grad()
                };
                let bias = TensorData::new(weights.bias.clone(), [37]);
                let bias = Tensor::<1>::from_data(bias, &device).require_grad();
                (bias, matrix(&weights.input, 2), matrix(&weights.recurrent, 37))
            };
            let share = (0..18 * 21 * 37).map(|at| ((at * 31 + 7) % 19) as f32 / 9.0 - 1.0);
            let share = TensorData::new(share.collect::<Vec<_>>(), [18, 21, 37]);
            let results = [true, false].map(|operation| {
                let (bias, input, recurrent) = tensors();
                let hidden = if operation {
                    let (hidden, _) = <burn::backend::Dispatch as CtrnnOperation>::ctrnn_forward(
                        bias.clone().into_dispatch(),
                        input.clone().into_dispatch(),
                        recurrent.clone().into_dispatch(),
                        sequence(dynamics),
                    );
                    Tensor::<3>::from_dispatch(hidden)
                } else {
                    stepwise(bias.clone(), input.clone(), recurrent.clone(), &sequence(dynamics))
                };
                let loss = (hidden.clone() * Tensor::from_data(share.clone(), &device)).sum();
                let gradients = loss.backward();
                let numbers = |data: TensorData| data.try_to_vec::<f32>().expect("floats");
                [
                    numbers(hidden.into_data()),
                    numbers(bias.grad(&gradients).expect("a gradient").into_data()),
                    numbers(input.grad(&gradients).expect("a gradient").into_data()),
                    numbers(recurrent.grad(&gradients).expect("a gradient").into_data()),
                ]
            });
            for (found, expected) in results[0].iter().zip(&results[1]) {
                let largest = expected.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
                for (found, expected) in found.iter().zip(expected) {
                    let error = (found - expected).abs() / largest;
                    assert!(error < 3e-6, "{nonlinearity} {site}: {found} {expected} of {largest}");
                }
            }
        }
    }
}

#[test]
fn gradients_are_slopes_with_frozen_noise() {
    // Smooth functions only: a finite difference across a kink is no slope.
    for nonlinearity in [Nonlinearity::SoftPlus, Nonlinearity::Tanh] {
        for site in SITES {
            let dynamics = Dynamics { nonlinearity, site, rate: 0.3 };
            let mut weights = network(6, dynamics);
            let total = |weights: &Weights| {
                let Sequence { rows, drive, steps, noise, index, .. } = sequence(dynamics);
                let call = Call { rows: &rows, drive: &drive, first: 0, steps, noise, index };
                plain(weights, &call)[0].iter().map(|z| z * z).sum::<f64>()
            };
            let device = Device::flex().autodiff();
            let net = Ctrnn::new(&weights, &Form::Recurrent, &device);
            let z = net.forward(&Form::Recurrent, sequence(dynamics));
            let gradients = (z.clone() * z).sum().backward();
            let gradients = burn::optim::GradientsParams::from_grads(gradients, &net);
            // One step against each gradient: the largest weights of every array.
            let mut adam = noisescope::models::adam::Adam::new(1e-3);
            let mut gradients = gradients;
            let moved = adam.step(net, &mut gradients).valid().weights(&Form::Recurrent, dynamics);
            let arrays: [fn(&mut Weights) -> &mut Vec<f32>; 5] = [
                |w| &mut w.bias,
                |w| &mut w.input,
                |w| &mut w.recurrent,
                |w| &mut w.readout,
                |w| &mut w.readout_bias,
            ];
            let firsts = adam.arrays();
            let mut checked = 0;
            for (array, name) in
                arrays.iter().zip(["bias", "input", "recurrent", "readout.weight", "readout.bias"])
            {
                let first = firsts
                    .iter()
                    .find(|(path, _)| path.starts_with("adam.first") && path.ends_with(name))
                    .unwrap_or_else(|| panic!("{name} among {:?}", firsts.keys()));
                for at in 0..array(&mut weights).len() {
                    let mut shifted = |by: f32| {
                        let old = array(&mut weights)[at];
                        array(&mut weights)[at] = old + by;
                        let total = total(&weights);
                        array(&mut weights)[at] = old;
                        total
                    };
                    let step = 1.0 / 256.0;
                    let slope = (shifted(step) - shifted(-step)) / f64::from(2.0 * step);
                    // Adam's first moment after one step is a tenth of the gradient.
                    let found = 10.0 * f64::from(first.1.values[at]);
                    let error = (found - slope).abs() / slope.abs().max(1.0);
                    assert!(error < 2e-3, "{nonlinearity} {site} {name} {at}: {found} {slope}");
                    checked += 1;
                }
            }
            assert_eq!(checked, 6 + 12 + 36 + 18 + 3);
            assert_ne!(moved, weights);
        }
    }
}

#[test]
fn a_feedforward_network_stays_one() {
    let dynamics = Dynamics { nonlinearity: Nonlinearity::Relu, site: Site::Inside, rate: 1.0 };
    let form = Form::Layers(vec![4, 3]);
    let weights = initial(&form, dynamics, [1, 7, 1], 3);
    let device = Device::flex().autodiff();
    let mut net = Ctrnn::new(&weights, &form, &device);
    let mut adam = noisescope::models::adam::Adam::new(1e-2);
    let sequence = Sequence {
        dynamics,
        rows: (0..8).map(|row| Row { drive: row, draw: row, level: 0.1 }).collect(),
        drive: (0..16).map(|at| (at / 2) as f32 / 4.0 - 1.0).collect(),
        steps: 2,
        noise: Philox::named(1, "test"),
        index: 0,
    };
    for _ in 0..3 {
        let z = net.forward(&form, sequence.clone());
        let gradients = (z.clone() * z).sum().backward();
        let mut gradients = burn::optim::GradientsParams::from_grads(gradients, &net);
        net = adam.step(net, &mut gradients);
    }
    let after = net.valid().weights(&form, dynamics);
    let layer = |unit: usize| usize::from(unit >= 4);
    for (at, (after, before)) in after.recurrent.iter().zip(&weights.recurrent).enumerate() {
        let wired = layer(at / 7) == 0 && layer(at % 7) == 1;
        assert_eq!(*after != 0.0, wired, "{at}");
        assert_eq!(*before != 0.0, wired, "{at}");
    }
    assert!(after.input[4..].iter().chain(&after.readout[..4]).all(|weight| *weight == 0.0));
    assert_ne!(after.recurrent, weights.recurrent);
    // What it computes is two layers of ReLU.
    let call = Call {
        rows: &[Row { drive: 0, draw: 0, level: 0.0 }],
        drive: &[0.7, 0.7],
        first: 0,
        steps: 2,
        noise: Philox::named(1, "test"),
        index: 0,
    };
    let mut z = [0.0; 2];
    let kept = Kept { outputs: Some(&mut z), ..Kept::default() };
    advance(&after, &call, &mut [0.0; 7], kept);
    let first: Vec<f32> =
        (0..4).map(|unit| (after.bias[unit] + 0.7 * after.input[unit]).max(0.0)).collect();
    let second = (4..7).map(|unit| {
        let pre: f32 = (0..4).map(|from| first[from] * after.recurrent[from * 7 + unit]).sum();
        (pre + after.bias[unit]).max(0.0) * after.readout[unit]
    });
    let exact = second.sum::<f32>() + after.readout_bias[0];
    assert!((z[1] - exact).abs() < 1e-6, "{} {exact}", z[1]);
}

//! The LSTM against other codes: Burn's own LSTM, a plain f64 one with finite differences, and a
//! trained network whose traces were computed in float64 elsewhere
//! (`data/reference/lstm_imdb60.npz`).
//!
//! Each comparison runs on the CPU and on the device that users get, our own wgpu device in Burn's
//! hands (a software adapter will do); without an adapter the GPU part prints one line and passes,
//! with `REQUIRE_GPU=1` it fails.

mod common;

use std::sync::OnceLock;

use burn::module::Param;
use burn::nn::{GateController, LstmConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use common::{assert_close, assert_close_by_largest, largest_apart, tolerances, widen};
use noisescope::models;
use noisescope::models::lstm::{Lstm, States};
use noisescope::signal::random::stream;
use rand::distr::{Distribution, Uniform};

/// The CPU, and a wgpu device where there is an adapter.
fn devices() -> Vec<(&'static str, Device)> {
    let mut devices = vec![("CPU", Device::flex())];
    devices.extend(wgpu_device().map(|device| ("wgpu", device)));
    devices
}

/// Our device in Burn's hands, made once: Burn must not be handed the same device twice.
fn wgpu_device() -> Option<Device> {
    static DEVICE: OnceLock<Option<Device>> = OnceLock::new();
    let hand_over = || {
        let gpu = common::adapter()?;
        Some(models::device::on_gpu(gpu).expect("Burn takes the device"))
    };
    DEVICE.get_or_init(hand_over).clone()
}

/// Uniform numbers within ±`limit` from a named stream.
fn random<const D: usize>(name: &str, shape: [usize; D], limit: f32) -> TensorData {
    let uniform = Uniform::new(-limit, limit).unwrap();
    let count = shape.iter().product();
    let values: Vec<f32> = uniform.sample_iter(stream(7, name, count as u64)).take(count).collect();
    TensorData::new(values, shape)
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}

#[test]
fn the_comparison_by_the_largest_rejects_what_is_wrong() {
    let good = [0.5, -1.0, 2.0];
    let by = &tolerances::LSTM_GRADIENTS;
    let passes = |found: &[f32], expected: &[f64]| {
        std::panic::catch_unwind(|| assert_close_by_largest("", found, expected, by)).is_ok()
    };
    assert!(passes(&[0.5, -1.0, 2.0], &good) && passes(&[0.0], &[0.0]));
    for bad in [vec![0.5, -1.0, 2.001], vec![0.5, f32::NAN, 2.0], vec![0.5, -1.0], vec![]] {
        assert!(!passes(&bad, &good) && !passes(&bad, &[]), "{bad:?}");
    }
    assert!(!passes(&[0.5, -1.0, 2.0], &[0.5, -1.0, f64::NAN]));
}

/// Sizes of one comparison.
#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    steps: usize,
    inputs: usize,
    hidden: usize,
}

/// Weights of a case: kernel, recurrent, bias, input and the loss's weight for every hidden value.
/// Rows are of different lengths, after which the loss does not count, and a tenth of the input is
/// dropped.
struct Weights {
    kernel: TensorData,
    recurrent: TensorData,
    bias: TensorData,
    x: TensorData,
    loss: TensorData,
}

impl Weights {
    fn new(case: Case) -> Self {
        let Case { batch, steps, inputs, hidden } = case;
        let limit = 1.5 / (hidden as f32).sqrt();
        let length = |row: usize| steps - row * steps / (2 * batch);
        let counts = |at: usize| at / hidden % steps < length(at / (steps * hidden));
        let kept = |at: usize| if at % 10 == 9 { 0.0 } else { 1.0 / 0.9 };
        let scaled = |data: TensorData, by: &dyn Fn(usize) -> f32| {
            let values = data.iter::<f32>().enumerate().map(|(at, value)| value * by(at));
            TensorData::new(values.collect::<Vec<f32>>(), data.shape().clone())
        };
        let loss = random("loss", [batch, steps, hidden], 1.0);
        Self {
            kernel: random("kernel", [inputs, 4 * hidden], 0.8),
            recurrent: random("recurrent", [hidden, 4 * hidden], limit),
            bias: random("bias", [4 * hidden], 0.5),
            x: scaled(random("x", [batch, steps, inputs], 1.0), &kept),
            loss: scaled(loss, &|at| if counts(at) { 1.0 } else { 0.0 }),
        }
    }
}

/// Hidden states, and the gradients for x, kernel, recurrent and bias.
struct Answer {
    hidden: Vec<f32>,
    gradients: [Vec<f32>; 4],
}

/// What the gradients of an [`Answer`] belong to.
const GRADIENTS: [&str; 4] = ["dx", "dW", "dU", "db"];

fn ours(weights: &Weights, device: &Device) -> Answer {
    let device = device.clone().autodiff();
    let lstm = Lstm::from_weights(
        Tensor::from_data(weights.kernel.clone(), &device),
        Tensor::from_data(weights.recurrent.clone(), &device),
        Tensor::from_data(weights.bias.clone(), &device),
    );
    let x = Tensor::<3>::from_data(weights.x.clone(), &device).require_grad();
    let hidden = lstm.forward(x.clone());
    let loss = hidden.clone() * Tensor::from_data(weights.loss.clone(), &device);
    let gradients = loss.sum().backward();
    Answer {
        hidden: values(&hidden),
        gradients: [
            values(&x.grad(&gradients).unwrap()),
            values(&lstm.kernel.grad(&gradients).unwrap()),
            values(&lstm.recurrent.grad(&gradients).unwrap()),
            values(&lstm.bias.grad(&gradients).unwrap()),
        ],
    }
}

/// The same of `burn::nn::Lstm` on the CPU: four gates apart, and two biases, of which the second
/// is zero.
fn of_burn(weights: &Weights, case: Case) -> Answer {
    let device = Device::flex().autodiff();
    let units = case.hidden;
    let mut lstm = LstmConfig::new(case.inputs, units, true).init(&device);
    let kernel = Tensor::<2>::from_data(weights.kernel.clone(), &device);
    let recurrent = Tensor::<2>::from_data(weights.recurrent.clone(), &device);
    let bias = Tensor::<1>::from_data(weights.bias.clone(), &device);
    let set = |gate: &mut GateController, order: usize| {
        let columns = order * units..(order + 1) * units;
        let of_gate = |matrix: &Tensor<2>| {
            Param::from_tensor(matrix.clone().slice_dim(1, columns.clone()).detach())
        };
        gate.input_transform.weight = of_gate(&kernel);
        gate.hidden_transform.weight = of_gate(&recurrent);
        let bias = bias.clone().slice_dim(0, columns.clone()).detach();
        gate.hidden_transform.bias = Some(Param::from_tensor(bias.zeros_like()));
        gate.input_transform.bias = Some(Param::from_tensor(bias));
    };
    set(&mut lstm.input_gate, 0);
    set(lstm.forget_gate.as_mut().unwrap(), 1);
    set(&mut lstm.cell_gate, 2);
    set(&mut lstm.output_gate, 3);
    let x = Tensor::<3>::from_data(weights.x.clone(), &device).require_grad();
    let (hidden, _) = lstm.forward(x.clone(), None);
    let loss = hidden.clone() * Tensor::from_data(weights.loss.clone(), &device);
    let gradients = loss.sum().backward();
    let forget = lstm.forget_gate.as_ref().unwrap();
    let gates = [&lstm.input_gate, forget, &lstm.cell_gate, &lstm.output_gate];
    let together = |of: &dyn Fn(&GateController) -> Tensor<2>| {
        values(&Tensor::cat(gates.iter().map(|gate| of(gate)).collect(), 1))
    };
    Answer {
        hidden: values(&hidden),
        gradients: [
            values(&x.grad(&gradients).unwrap()),
            together(&|gate| gate.input_transform.weight.grad(&gradients).unwrap()),
            together(&|gate| gate.hidden_transform.weight.grad(&gradients).unwrap()),
            together(&|gate| {
                let bias = gate.input_transform.bias.as_ref().unwrap();
                bias.grad(&gradients).unwrap().unsqueeze()
            }),
        ],
    }
}

#[test]
fn values_and_gradients_equal_those_of_burn() {
    let devices = devices();
    let mut worst = vec![[0.0f64; 5]; devices.len()];
    for hidden in [1, 5, 60, 64, 100, 256, 512] {
        for steps in [1, 2, 31, 500] {
            for batch in [1, 3, 128] {
                let small = steps <= 31 && batch <= 3;
                let for_a_shader = small && (hidden <= 100 || (steps <= 2 && batch == 3));
                // Burn's own takes minutes and gigabytes for all: of the long and wide ones, the
                // published size.
                let long_and_wide = steps == 500 && batch == 128 && hidden != 60;
                if long_and_wide || (hidden == 512 && !for_a_shader) {
                    continue;
                }
                let devices = if for_a_shader { &devices[..] } else { &devices[..1] };
                let case = Case { batch, steps, inputs: 7, hidden };
                let weights = Weights::new(case);
                let expected = of_burn(&weights, case);
                for ((name, device), worst) in devices.iter().zip(&mut worst) {
                    let found = ours(&weights, device);
                    let what = format!("{name} {case:?}");
                    let hidden = [&found.hidden, &expected.hidden].map(|values| widen(values));
                    assert_close(&what, &hidden[0], &hidden[1], &tolerances::LSTM_STATES);
                    worst[0] = worst[0].max(largest_apart(&hidden[0], &hidden[1]));
                    for which in 0..4 {
                        let apart = assert_close_by_largest(
                            &format!("{what}, {}", GRADIENTS[which]),
                            &found.gradients[which],
                            &widen(&expected.gradients[which]),
                            &tolerances::LSTM_GRADIENTS,
                        );
                        worst[which + 1] = worst[which + 1].max(apart);
                    }
                }
            }
        }
    }
    for ((name, _), worst) in devices.iter().zip(&worst) {
        println!("{name}: hidden, dx, dW, dU, db differ by at most {worst:?}");
    }
}

#[test]
fn gradients_equal_finite_differences_in_f64() {
    let case = Case { batch: 2, steps: 6, inputs: 3, hidden: 4 };
    let weights = Weights::new(case);
    let data = [&weights.x, &weights.kernel, &weights.recurrent, &weights.bias]
        .map(|data| data.iter::<f64>().collect::<Vec<f64>>());
    let of_loss: Vec<f64> = weights.loss.iter::<f64>().collect();
    let answers = devices().map_each(|device| ours(&weights, device));
    for which in 0..4 {
        let expected: Vec<f64> = (0..data[which].len())
            .map(|at| {
                let moved = |step: f64| {
                    let mut data = data.clone();
                    data[which][at] += step;
                    plain_loss(case, &data, &of_loss)
                };
                (moved(1e-5) - moved(-1e-5)) / 2e-5
            })
            .collect();
        for (name, found) in &answers {
            let what = format!("{name}, {}", GRADIENTS[which]);
            let (found, by) = (&found.gradients[which], &tolerances::LSTM_DIFFERENCES);
            let apart = assert_close_by_largest(&what, found, &expected, by);
            println!("{what} differs from finite differences by {apart:.1e}");
        }
    }
}

/// The weighted sum of all hidden states, in f64, written as the formulas stand.
fn plain_loss(case: Case, [x, kernel, recurrent, bias]: &[Vec<f64>; 4], weight: &[f64]) -> f64 {
    let Case { batch, steps, inputs, hidden } = case;
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let mut loss = 0.0;
    for row in 0..batch {
        let (mut h, mut c) = (vec![0.0; hidden], vec![0.0; hidden]);
        for step in 0..steps {
            let place = row * steps + step;
            let z: Vec<f64> = (0..4 * hidden)
                .map(|column| {
                    let at = |matrix: &[f64], row: usize| matrix[row * 4 * hidden + column];
                    let of_input: f64 =
                        (0..inputs).map(|k| x[place * inputs + k] * at(kernel, k)).sum();
                    let of_state: f64 = (0..hidden).map(|k| h[k] * at(recurrent, k)).sum();
                    bias[column] + of_input + of_state
                })
                .collect();
            for unit in 0..hidden {
                let new = sigmoid(z[unit]) * z[2 * hidden + unit].tanh();
                c[unit] = sigmoid(z[hidden + unit]) * c[unit] + new;
                h[unit] = sigmoid(z[3 * hidden + unit]) * c[unit].tanh();
                loss += weight[place * hidden + unit] * h[unit];
            }
        }
    }
    loss
}

trait MapEach {
    fn map_each<T>(self, of: impl Fn(&Device) -> T) -> Vec<(&'static str, T)>;
}

impl MapEach for Vec<(&'static str, Device)> {
    fn map_each<T>(self, of: impl Fn(&Device) -> T) -> Vec<(&'static str, T)> {
        self.into_iter().map(|(name, device)| (name, of(&device))).collect()
    }
}

/// Every activation of [`Weights`] on `device`: gates, cell, hidden.
fn recorded(weights: &Weights, device: &Device) -> [Vec<f32>; 3] {
    let lstm = Lstm::from_weights(
        Tensor::from_data(weights.kernel.clone(), device),
        Tensor::from_data(weights.recurrent.clone(), device),
        Tensor::from_data(weights.bias.clone(), device),
    );
    let States { gates, cell, hidden } = lstm.record(Tensor::from_data(weights.x.clone(), device));
    [values(&gates), values(&cell), values(&hidden)]
}

#[test]
fn the_shader_equals_its_twin() {
    let Some(device) = wgpu_device() else { return };
    for (batch, steps, hidden) in [(2, 5, 60), (1, 3, 256), (2, 3, 257), (1, 2, 512)] {
        let case = Case { batch, steps, inputs: 4, hidden };
        let weights = Weights::new(case);
        let (found, expected) = (recorded(&weights, &device), recorded(&weights, &Device::flex()));
        for (found, expected) in found.iter().zip(&expected) {
            let (found, expected) = (widen(found), widen(expected));
            let by = &tolerances::LSTM_DEVICE_STATES;
            assert_close(&format!("{case:?}"), &found, &expected, by);
            let apart = largest_apart(&found, &expected);
            println!("{case:?}: shader and twin differ by {apart:.1e}");
        }
        let (found, expected) = (ours(&weights, &device), ours(&weights, &Device::flex()));
        for (which, of) in GRADIENTS.iter().enumerate() {
            let what = format!("{case:?}, {of}");
            let (found, expected) = (&found.gradients[which], &expected.gradients[which]);
            let by = &tolerances::LSTM_DEVICE_GRADIENTS;
            assert_close_by_largest(&what, found, &widen(expected), by);
        }
    }
}

#[test]
fn a_trained_network_gives_the_reference_traces() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/reference/lstm_imdb60.npz");
    let mut file = npyz::npz::NpzArchive::open(path).unwrap();
    let ids = file.by_name("ids").unwrap().unwrap();
    let shape: Vec<usize> = ids.shape().iter().map(|size| *size as usize).collect();
    let ids = TensorData::new(ids.into_vec::<i32>().unwrap(), shape);
    let mut array = |name: &str| {
        let array = file.by_name(name).unwrap().unwrap_or_else(|| panic!("no {name}"));
        let shape: Vec<usize> = array.shape().iter().map(|size| *size as usize).collect();
        let order = array.order();
        let values = array.into_vec::<f32>().unwrap();
        if order == npyz::Order::C {
            return TensorData::new(values, shape);
        }
        // Column after column: the weights were transposed views when they were saved.
        let values = (0..values.len())
            .map(|at| values[at % shape[1] * shape[0] + at / shape[1]])
            .collect::<Vec<f32>>();
        TensorData::new(values, shape)
    };
    let embedding = array("embedding");
    let weights = ["kernel_ifgo", "recurrent_ifgo"].map(&mut array);
    let bias = array("bias_ifgo");
    let names = ["i", "f", "candidate", "o", "cell", "hidden"];
    // Stored as [rows, units, steps].
    let expected = names.map(|name| {
        let traces = Tensor::<3>::from_data(array(&format!("trace_{name}")), &Device::flex());
        values(&traces.swap_dims(1, 2))
    });
    for (name, device) in devices() {
        let [kernel, recurrent] =
            weights.clone().map(|weights| Tensor::<2>::from_data(weights, &device));
        let units = recurrent.dims()[0];
        let lstm = Lstm::from_weights(kernel, recurrent, Tensor::from_data(bias.clone(), &device));
        let embedding = Param::from_tensor(Tensor::<2>::from_data(embedding.clone(), &device));
        let ids = Tensor::<2, Int>::from_data(ids.clone(), &device);
        let x = burn::tensor::module::embedding(embedding.val(), ids);
        let States { gates, cell, hidden } = lstm.record(x);
        let mut found: Vec<Tensor<3>> = (0..4)
            .map(|gate| gates.clone().slice_dim(2, gate * units..(gate + 1) * units))
            .collect();
        found.extend([cell, hidden]);
        for ((quantity, found), expected) in names.iter().zip(&found).zip(&expected) {
            let what = format!("{name}: {quantity}");
            let (found, expected) = (widen(&values(found)), widen(expected));
            assert_close(&what, &found, &expected, &tolerances::LSTM_REFERENCE);
            let apart = largest_apart(&found, &expected);
            println!("{what} differs from the reference by at most {apart:.1e}");
        }
    }
}

#[test]
fn two_runs_agree_to_the_bit_with_any_number_of_threads() {
    let case = Case { batch: 43, steps: 9, inputs: 5, hidden: 20 };
    let weights = Weights::new(case);
    let with_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ours(&weights, &Device::flex()))
    };
    let first = with_threads(1);
    for threads in [1, 2, 5] {
        let again = with_threads(threads);
        assert!(first.hidden == again.hidden && first.gradients == again.gradients);
    }
    if let Some(device) = wgpu_device() {
        let small = Weights::new(Case { batch: 3, steps: 5, inputs: 5, hidden: 20 });
        let (first, again) = (ours(&small, &device), ours(&small, &device));
        assert!(first.hidden == again.hidden && first.gradients == again.gradients, "wgpu");
    }
}

#[test]
fn vanishing_gradients_become_zero_and_never_denormal() {
    // Forget gates near 0.12 and a loss at the last of 120 steps: the gradient shrinks past 1e-38.
    let (steps, hidden) = (120, 12);
    for (name, device) in devices() {
        let device = device.autodiff();
        let width = 4 * hidden;
        let bias = (0..width).map(|at| if at / hidden == 1 { -2.0 } else { 0.0f32 }).collect();
        let lstm = Lstm::from_weights(
            Tensor::from_data(random("kernel", [3, width], 0.3), &device),
            Tensor::from_data(random("recurrent", [hidden, width], 0.1), &device),
            Tensor::from_data(TensorData::new(bias, [width]), &device),
        );
        let x = Tensor::<3>::from_data(random("x", [2, steps, 3], 1.0), &device).require_grad();
        let last = lstm.forward(x.clone()).slice_dim(1, steps - 1..steps);
        let gradients = last.sum().backward();
        let found = values(&x.grad(&gradients).unwrap());
        let zeros = found.iter().filter(|value| **value == 0.0).count();
        let smallest =
            found.iter().filter(|value| **value != 0.0).fold(1.0f32, |s, v| s.min(v.abs()));
        println!(
            "{name}: {zeros} of {} gradients are zero, the smallest other {smallest:e}",
            found.len()
        );
        assert!(found.iter().all(|value| !value.is_subnormal()), "{name}: denormal gradients");
        assert!(zeros > 0 && smallest < 1e-25, "{name}: the case did not vanish");
    }
}

#[test]
fn an_empty_batch_and_a_nan_go_through() {
    let lstm = Lstm::new(3, 4, 1, &Device::flex());
    assert_eq!(lstm.forward(Tensor::zeros([0, 5, 3], &Device::flex())).dims(), [0, 5, 4]);
    for (name, device) in devices() {
        let lstm = Lstm::new(3, 4, 1, &device);
        let mut x = vec![0.1f32; 30];
        x[15] = f32::NAN;
        let hidden =
            values(&lstm.forward(Tensor::from_data(TensorData::new(x, [2, 5, 3]), &device)));
        assert!(hidden[..20].iter().all(|value| value.is_finite()), "{name}");
        assert!(hidden[20..].iter().all(|value| value.is_nan()), "{name}: a NaN input must show");
    }
}

#[test]
fn a_cell_far_beyond_where_tanh_is_flat_is_recorded_as_one_and_a_nan_as_a_nan() {
    // All gates open and the candidate at ±1: C grows by 1 a step, past 44, where e²ˣ overflows.
    let (steps, hidden) = (120, 2);
    for (name, device) in devices() {
        let bias = [30.0, 30.0, 30.0, 30.0, 30.0, -30.0, 30.0, 30.0];
        let lstm = Lstm::from_weights(
            Tensor::ones([1, 8], &device),
            Tensor::zeros([hidden, 8], &device),
            Tensor::from_data(TensorData::new(bias.to_vec(), [8]), &device),
        );
        let mut x = vec![0.0f32; 2 * steps];
        x[2 * steps - 1] = f32::NAN;
        let x = Tensor::from_data(TensorData::new(x, [2, steps, 1]), &device);
        let cell = values(&lstm.record(x).cell);
        let (numbers, last) = cell.split_last_chunk::<2>().expect("two units");
        assert!(last.iter().all(|value| value.is_nan()), "{name}: {last:?} must be NaN");
        assert!(numbers.iter().all(|value| value.is_finite() && value.abs() <= 1.0), "{name}");
        for (step, pair) in numbers[..2 * steps].chunks(2).enumerate().skip(15) {
            assert_eq!(pair, [1.0, -1.0], "{name}: step {step}");
        }
    }
}

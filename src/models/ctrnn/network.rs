//! The network as a Burn module: initial weights by form, forward over trials.
//!
//! Place in the flow: floor 3. On the CPU a pass is the operation of [`super::operation`]; elsewhere
//! it is written out in Burn's tensors, step by step, with the same noise from the host.
//!
//! | form | W | U | readout |
//! |---|---|---|---|
//! | recurrent | normal, sd 0.9 / √N: spectral radius about 0.9 | uniform within ±1/√I | uniform within ±1/√N, c = 0 |
//! | neuron | uniform within ±0.5 | 0 | z = h |
//! | layers | blocks from layer to layer, He's uniform ±√(6 / from) | to the first layer, ±√(6 / I) | from the last layer, ±1/√last |
//!
//! b is uniform within ±1/√I, so that kinks lie all over the range of the input; a neuron hears
//! half of the level that it is to hold, ±a quarter. A feedforward network is the same model at g = 1 whose other weights are zero and stay zero.

use burn::backend::Dispatch;
use burn::module::{Module, Param};
use burn::tensor::activation::{relu, softplus, tanh};
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_distr::{Distribution, Normal};

use super::operation::{CtrnnOperation, Sequence};
use super::weights::{Dynamics, Weights};
use crate::analysis::noise::{Nonlinearity, Site};
use crate::datasets::tasks::Form;
use crate::signal::philox::STEPS_PER_BLOCK;
use crate::signal::random;

/// The spectral radius that a recurrent network starts at, about.
const RADIUS: f32 = 0.9;

/// Which weights a form has, 1 or 0 each.
struct Wiring {
    input: Vec<f32>,
    recurrent: Vec<f32>,
    readout: Vec<f32>,
}

impl Wiring {
    fn of(form: &Form, [inputs, units, outputs]: [usize; 3]) -> Self {
        let Form::Layers(layers) = form else {
            return Self {
                input: vec![1.0; inputs * units],
                recurrent: vec![1.0; units * units],
                readout: vec![1.0; units * outputs],
            };
        };
        let layer: Vec<usize> =
            layers.iter().enumerate().flat_map(|(at, &units)| vec![at; units]).collect();
        let number = |yes: bool| f32::from(u8::from(yes));
        let last = layers.len() - 1;
        Self {
            input: (0..inputs * units).map(|at| number(layer[at % units] == 0)).collect(),
            recurrent: (0..units * units)
                .map(|at| number(layer[at / units] + 1 == layer[at % units]))
                .collect(),
            readout: (0..units * outputs).map(|at| number(layer[at / outputs] == last)).collect(),
        }
    }
}

/// Fresh weights, from the streams `model/…` of `seed`; sizes are inputs, units, outputs.
///
/// # Panics
/// A neuron is one unit and one output; layers add up to the units.
pub fn initial(form: &Form, dynamics: Dynamics, sizes: [usize; 3], seed: u64) -> Weights {
    let [inputs, units, outputs] = sizes;
    let uniform = |name: &str, count: usize, limit: f32| -> Vec<f32> {
        let mut stream = random::stream(seed, name, 0);
        (0..count).map(|_| stream.random_range(-limit..limit)).collect()
    };
    let root = |count: usize| 1.0 / (count as f32).sqrt();
    let mut weights = Weights {
        dynamics,
        inputs,
        units,
        outputs,
        bias: uniform("model/bias", units, root(inputs)),
        input: uniform("model/input", inputs * units, root(inputs)),
        recurrent: {
            let normal = Normal::new(0.0, RADIUS * root(units)).expect("a finite width");
            let mut stream = random::stream(seed, "model/recurrent", 0);
            (0..units * units).map(|_| normal.sample(&mut stream)).collect()
        },
        readout: uniform("model/readout", units * outputs, root(units)),
        readout_bias: vec![0.0; outputs],
    };
    match form {
        Form::Recurrent => {}
        Form::Neuron { level } => {
            assert_eq!([units, outputs], [1, 1], "a neuron is its own output");
            weights.recurrent = uniform("model/recurrent", 1, 0.5);
            let part = uniform("model/bias", 1, 0.25)[0];
            weights.bias = vec![(0.5 + part - weights.recurrent[0]) * level];
            weights.input.fill(0.0);
            weights.readout.fill(1.0);
        }
        Form::Layers(layers) => {
            assert_eq!(layers.iter().sum::<usize>(), units, "layers add up to the units");
            let he = |from: usize| (6.0 / from as f32).sqrt();
            let wiring = Wiring::of(form, sizes);
            weights.input = uniform("model/input", inputs * units, he(inputs));
            weights.recurrent = uniform("model/recurrent", units * units, 1.0);
            let before = layers.iter().flat_map(|&units| vec![he(units); units]);
            for (row, limit) in weights.recurrent.chunks_exact_mut(units).zip(before) {
                row.iter_mut().for_each(|weight| *weight *= limit);
            }
            let last = layers[layers.len() - 1];
            weights.readout = uniform("model/readout", units * outputs, root(last));
            for (weights, wired) in [
                (&mut weights.input, wiring.input),
                (&mut weights.recurrent, wiring.recurrent),
                (&mut weights.readout, wiring.readout),
            ] {
                weights.iter_mut().zip(wired).for_each(|(weight, wired)| *weight *= wired);
            }
        }
    }
    weights
}

/// V and c.
#[derive(Module, Debug)]
struct Readout {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

/// The network that learns; shapes as in [`Weights`].
#[derive(Module, Debug)]
pub struct Ctrnn {
    bias: Param<Tensor<1>>,
    input: Param<Tensor<2>>,
    recurrent: Param<Tensor<2>>,
    /// None where a unit is its own output.
    readout: Option<Readout>,
}

impl Ctrnn {
    /// A network with these weights, for tasks of this form.
    pub fn new(weights: &Weights, form: &Form, device: &Device) -> Self {
        weights.check();
        let vector = |values: &[f32]| {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            Param::from_tensor(Tensor::<1>::from_data(data, device))
        };
        let matrix = |values: &[f32], columns: usize| {
            let data = TensorData::new(values.to_vec(), [values.len() / columns, columns]);
            Param::from_tensor(Tensor::<2>::from_data(data, device))
        };
        let readout = || Readout {
            weight: matrix(&weights.readout, weights.outputs),
            bias: vector(&weights.readout_bias),
        };
        Self {
            bias: match form {
                Form::Neuron { level } => vector(&[weights.bias[0] + weights.recurrent[0] * level]),
                _ => vector(&weights.bias),
            },
            input: matrix(&weights.input, weights.units),
            recurrent: matrix(&weights.recurrent, weights.units),
            readout: (!matches!(form, Form::Neuron { .. })).then(readout),
        }
    }

    /// b: what is learned, but of a neuron, which learns what it hears at its level.
    fn bias(&self, form: &Form) -> Tensor<1> {
        match form {
            Form::Neuron { level } => self.bias.val() - self.recurrent.val().reshape([1]) * *level,
            _ => self.bias.val(),
        }
    }

    /// The weights as plain numbers, of a network for tasks of this form.
    pub fn weights(&self, form: &Form, dynamics: Dynamics) -> Weights {
        fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
            tensor.into_data().try_to_vec().expect("networks compute in f32")
        }
        let [inputs, units] = self.input.dims();
        let (readout, readout_bias) = match &self.readout {
            Some(readout) => (numbers(readout.weight.val()), numbers(readout.bias.val())),
            None => (vec![1.0], vec![0.0]),
        };
        Weights {
            dynamics,
            inputs,
            units,
            outputs: readout_bias.len(),
            bias: numbers(self.bias(form)),
            input: numbers(self.input.val()),
            recurrent: numbers(self.recurrent.val()),
            readout,
            readout_bias,
        }
    }

    /// The outputs `[rows, steps, O]` of `sequence`. Trainable: gradients reach the weights that
    /// `form` has.
    pub fn forward(&self, form: &Form, sequence: Sequence) -> Tensor<3> {
        let [inputs, units] = self.input.dims();
        let outputs = self.readout.as_ref().map_or(1, |readout| readout.bias.dims()[0]);
        let device = self.bias.val().device();
        let wiring = Wiring::of(form, [inputs, units, outputs]);
        let wired = |weights: &Param<Tensor<2>>, wired: Vec<f32>| match form {
            Form::Layers(_) => {
                let data = TensorData::new(wired, weights.dims());
                weights.val() * Tensor::from_data(data, &device)
            }
            _ => weights.val(),
        };
        let input = wired(&self.input, wiring.input);
        let recurrent = wired(&self.recurrent, wiring.recurrent);
        let hidden = if device == Device::flex() || device == Device::flex().autodiff() {
            let (hidden, _) = <Dispatch as CtrnnOperation>::ctrnn_forward(
                self.bias(form).into_dispatch(),
                input.into_dispatch(),
                recurrent.into_dispatch(),
                sequence,
            );
            Tensor::from_dispatch(hidden)
        } else {
            stepwise(self.bias(form), input, recurrent, &sequence)
        };
        let Some(readout) = &self.readout else { return hidden };
        let [rows, steps, _] = hidden.dims();
        let weight = wired(&readout.weight, wiring.readout);
        let read = hidden.reshape([rows * steps, units]).matmul(weight);
        (read + readout.bias.val().unsqueeze()).reshape([rows, steps, outputs])
    }
}

/// h of every step, `[rows, steps, N]`, in Burn's own tensors: the path of devices other than the
/// CPU, and what the operation is held to.
pub fn stepwise(
    bias: Tensor<1>,
    input: Tensor<2>,
    recurrent: Tensor<2>,
    sequence: &Sequence,
) -> Tensor<3> {
    let ([inputs, units], device) = (input.dims(), bias.device());
    let Sequence { dynamics, rows, drive, steps, noise, index } = sequence;
    let place = |values: Vec<f32>, width: usize| {
        Tensor::<2>::from_data(TensorData::new(values, [rows.len(), width]), &device)
    };
    let mut hidden = place(vec![0.0; rows.len() * units], units);
    let mut all = Vec::with_capacity(*steps);
    let mut deviates = vec![0.0; rows.len() * STEPS_PER_BLOCK * units];
    for step in 0..*steps {
        if step.is_multiple_of(STEPS_PER_BLOCK) {
            for (row, deviates) in rows.iter().zip(deviates.chunks_exact_mut(4 * units)) {
                noise.fill([(step / STEPS_PER_BLOCK) as u32, row.draw, *index], deviates);
                deviates.iter_mut().for_each(|deviate| *deviate *= row.level);
            }
        }
        let of_row = |row: usize| (row * STEPS_PER_BLOCK + step % STEPS_PER_BLOCK) * units;
        let xi = (0..rows.len()).flat_map(|row| deviates[of_row(row)..][..units].to_vec());
        let xi = place(xi.collect(), units);
        let from = |drive: u32| (drive as usize * steps + step) * inputs;
        let u = rows.iter().flat_map(|row| drive[from(row.drive)..][..inputs].to_vec());
        let pre = place(u.collect(), inputs).matmul(input.clone())
            + hidden.clone().matmul(recurrent.clone())
            + bias.clone().unsqueeze();
        let f = |x: Tensor<2>| match dynamics.nonlinearity {
            Nonlinearity::Relu => relu(x),
            Nonlinearity::SoftPlus => softplus(x, 1.0),
            Nonlinearity::Tanh => tanh(x),
        };
        let total = match dynamics.site {
            Site::Inside => f(pre + xi),
            Site::Outside => f(pre) + xi,
        };
        hidden = hidden * (1.0 - dynamics.rate) + total * dynamics.rate;
        all.push(hidden.clone());
    }
    Tensor::stack(all, 1)
}

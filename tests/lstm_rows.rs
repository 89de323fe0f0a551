//! The rows of a batch know nothing of each other, at the published length and batch and at every
//! size: forward and backward a row has the same bits among 128 as among few, wherever it stands,
//! and the weights' gradients of all rows are the sums over groups of rows, each run alone.
//!
//! On the CPU. `tests/lstm.rs` holds the values themselves to Burn's, which is too slow for most of
//! these sizes.

mod common;

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use common::{assert_close_by_largest, tolerances, widen};
use noisescope::models::lstm::{Lstm, States};
use noisescope::signal::noise;

/// Reviews, tokens and components.
const ROWS: usize = 128;
const STEPS: usize = 500;
const INPUTS: usize = 2;

/// Together all rows; their edges are no multiples of the 16 rows that are computed together.
const GROUPS: [Range<usize>; 5] = [0..3, 3..62, 62..65, 65..125, 125..128];

/// A layer with an input `[ROWS, STEPS, INPUTS]`, and the loss's weight for every hidden value.
struct Case {
    hidden: usize,
    kernel: Vec<f32>,
    recurrent: Vec<f32>,
    bias: Vec<f32>,
    x: Vec<f32>,
    loss: Vec<f32>,
}

/// What comes of some rows.
struct Answer {
    /// Gates, cell, hidden and dx: `[rows, STEPS, ...]`.
    of_rows: [Vec<f32>; 4],
    /// dW, dU and db, summed over the rows.
    of_weights: [Vec<f32>; 3],
}

impl Case {
    fn new(hidden: usize) -> Self {
        let random = |count: usize, index: u64, scale: f32| {
            noise::white(count, 7, index).iter().map(|x| scale * x).collect::<Vec<f32>>()
        };
        Self {
            hidden,
            kernel: random(INPUTS * 4 * hidden, 0, 0.5),
            recurrent: random(hidden * 4 * hidden, 1, 0.8 / (hidden as f32).sqrt()),
            bias: random(4 * hidden, 2, 0.3),
            x: random(ROWS * STEPS * INPUTS, 3, 1.0),
            // Mostly of one sign, so that the weights' gradients are no small differences.
            loss: random(ROWS * STEPS * hidden, 4, 1.0).iter().map(|x| 1.0 + x).collect(),
        }
    }

    /// Runs `rows` as a batch of their own.
    fn run(&self, rows: Range<usize>) -> Answer {
        let (device, units, width) = (Device::flex().autodiff(), self.hidden, 4 * self.hidden);
        let matrix = |values: &[f32], height: usize| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [height, width]), &device)
        };
        let lstm = Lstm::from_weights(
            matrix(&self.kernel, INPUTS),
            matrix(&self.recurrent, units),
            matrix(&self.bias, 1).squeeze_dim(0),
        );
        let part = |values: &[f32], width: usize| {
            let some = values[rows.start * STEPS * width..rows.end * STEPS * width].to_vec();
            Tensor::<3>::from_data(TensorData::new(some, [rows.len(), STEPS, width]), &device)
        };
        let x = part(&self.x, INPUTS).require_grad();
        let States { gates, cell, hidden } = lstm.record(x.clone());
        let gradients = (hidden.clone() * part(&self.loss, units)).sum().backward();
        Answer {
            of_rows: [gates, cell, hidden, x.grad(&gradients).expect("dx")].map(values),
            of_weights: [
                values(lstm.kernel.grad(&gradients).expect("dW")),
                values(lstm.recurrent.grad(&gradients).expect("dU")),
                values(lstm.bias.grad(&gradients).expect("db")),
            ],
        }
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("32-bit floats")
}

#[test]
fn rows_are_alone_in_their_batch_and_the_weights_gradients_are_sums_over_them() {
    for hidden in [1, 5, 60, 64, 100, 256] {
        let case = Case::new(hidden);
        let all = case.run(0..ROWS);
        let mut sums = all.of_weights.each_ref().map(|values| vec![0.0f64; values.len()]);
        for rows in GROUPS {
            let few = case.run(rows.clone());
            let names = ["gates", "cell", "hidden", "dx"];
            for ((name, all), few) in names.iter().zip(&all.of_rows).zip(&few.of_rows) {
                let width = all.len() / ROWS;
                let all = &all[rows.start * width..rows.end * width];
                let same = all.iter().zip(few).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same && all.len() == few.len(), "{hidden} units, {name} of rows {rows:?}");
            }
            for (sums, few) in sums.iter_mut().zip(&few.of_weights) {
                sums.iter_mut().zip(few).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
        for ((name, all), sums) in ["dW", "dU", "db"].iter().zip(&all.of_weights).zip(&sums) {
            assert!(widen(all).iter().any(|value| value.abs() > 1e-3), "{name} is a gradient");
            let what = format!("{hidden} units, {name}");
            let apart = assert_close_by_largest(&what, all, sums, &tolerances::LSTM_GRADIENTS);
            println!("{what}: all rows and the groups' sum differ by {apart:.1e} of the largest");
        }
    }
}

//! From an LSTM's states to classes: which step is read, and the fresh weights of what reads it.
//!
//! Place in the flow: floor 3, between [`lstm`](super::lstm) and the logits of
//! [`sentiment`](super::sentiment) and [`series`](super::series).

use burn::module::Param;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::signal::random;

/// Where the classification is read off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// The state after the last step, padding included: the paper's network.
    AfterPadding,
    /// The state at the last real token, or sample of a series: learns at once.
    #[default]
    LastToken,
}

impl Readout {
    /// The states `[B, H]` that are read of `hidden` `[B, T, H]`, whose rows have `lengths` real
    /// steps.
    pub fn of(self, hidden: Tensor<3>, lengths: &[usize]) -> Tensor<2> {
        let [rows, steps, units] = hidden.dims();
        let step = |row: usize| match self {
            Self::AfterPadding => steps - 1,
            Self::LastToken => lengths[row] - 1,
        };
        let index = |row| i32::try_from(row * steps + step(row));
        let read: Vec<i32> =
            (0..rows).map(|row| index(row).expect("a batch has fewer than 2^31 steps")).collect();
        let read = Tensor::<1, Int>::from_data(TensorData::new(read, [rows]), &hidden.device());
        hidden.reshape([rows * steps, units]).select(0, read)
    }
}

/// A matrix of `shape`, uniform within ±`limit`, from the stream `name` of `seed`.
pub(super) fn uniform(
    seed: u64,
    name: &str,
    shape: [usize; 2],
    limit: f32,
    device: &Device,
) -> Param<Tensor<2>> {
    let mut stream = random::stream(seed, name, 0);
    let value = |_| stream.random_range(-limit..limit);
    let values: Vec<f32> = (0..shape[0] * shape[1]).map(value).collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

/// The weights `[H, C]` from `hidden` units to `classes` logits: Glorot-uniform, from the stream
/// `model/dense` of `seed`.
pub(super) fn dense(hidden: usize, classes: usize, seed: u64, device: &Device) -> Param<Tensor<2>> {
    let limit = (6.0 / (hidden + classes) as f32).sqrt();
    uniform(seed, "model/dense", [hidden, classes], limit, device)
}

//! The continuous-time network over a whole sequence as ONE operation of Burn on the CPU, with its
//! own backward pass.
//!
//! Place in the flow: floor 3, between [`super::network`] and the passes of [`super::advance`] and
//! [`super::backward`]. Step by step with Burn's tensors the same pass takes several times as long
//! (`cargo bench --bench ctrnn`); on a GPU that is what is done, and the definition that
//! this operation is held to.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::TensorData;

use super::advance::{Call, Kept, Row, advance};
use super::backward::{Saved, backward};
use super::weights::{Dynamics, Weights};
use crate::signal::philox::Philox;

/// What a pass is given beside the weights.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// What the network is.
    pub dynamics: Dynamics,
    /// The rows.
    pub rows: Arc<[Row]>,
    /// u of every drive, `[drives, steps, I]`.
    pub drive: Arc<[f32]>,
    /// Steps.
    pub steps: usize,
    /// The stream of noise.
    pub noise: Philox,
    /// The last of the noise's counters.
    pub index: u32,
}

/// The network's pass; formulas are those of [`super::advance`].
#[backend_extension(Flex, Autodiff)]
pub trait CtrnnOperation: Backend {
    /// b `[N]`, U `[I, N]` and W `[N, N]` to h and f's values, `[rows, steps, N]` each. Only h
    /// carries a gradient.
    fn ctrnn_forward(
        bias: FloatTensor<Self>,
        input: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        sequence: Sequence,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients for b, U and W from the one for h, and from what
    /// [`ctrnn_forward`](Self::ctrnn_forward) was given and gave.
    fn ctrnn_backward(
        grad_hidden: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        active: FloatTensor<Self>,
        sequence: Sequence,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl CtrnnOperation for Flex {
    fn ctrnn_forward(
        bias: FloatTensor<Self>,
        input: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        sequence: Sequence,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let device = bias.device();
        let [inputs, units] = input.shape().dims();
        let [bias, input, recurrent] =
            [bias, input, recurrent].map(|tensor| tensor.to_contiguous().storage().to_vec());
        let weights = Weights { bias, input, ..bare(&sequence, inputs, units, recurrent) };
        let Sequence { rows, drive, steps, noise, index, .. } = sequence;
        let states = rows.len() * steps * units;
        let (mut hidden, mut active) = (vec![0.0; states], vec![0.0; states]);
        let call = Call { rows: &rows, drive: &drive, first: 0, steps, noise, index };
        let kept = Kept { outputs: None, hidden: Some(&mut hidden), active: Some(&mut active) };
        advance(&weights, &call, &mut vec![0.0; rows.len() * units], kept);
        let tensor = |values| {
            Self::float_from_data(TensorData::new(values, [rows.len(), steps, units]), &device)
        };
        (tensor(hidden), tensor(active))
    }

    fn ctrnn_backward(
        grad_hidden: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        active: FloatTensor<Self>,
        sequence: Sequence,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let device = recurrent.device();
        let [units, _] = recurrent.shape().dims();
        let inputs = sequence.inputs();
        let [grad_hidden, recurrent, hidden, active] =
            [grad_hidden, recurrent, hidden, active].map(|tensor| tensor.to_contiguous());
        let weights = bare(&sequence, inputs, units, recurrent.storage().to_vec());
        let saved = Saved {
            rows: &sequence.rows,
            drive: &sequence.drive,
            steps: sequence.steps,
            hidden: hidden.storage(),
            active: active.storage(),
            grad_hidden: grad_hidden.storage(),
        };
        let found = backward(&weights, saved);
        let tensor = |data| Self::float_from_data(data, &device);
        (
            tensor(TensorData::new(found.bias, [units])),
            tensor(TensorData::new(found.input, [inputs, units])),
            tensor(TensorData::new(found.recurrent, [units, units])),
        )
    }
}

impl Sequence {
    /// I.
    fn inputs(&self) -> usize {
        let drives = self.rows.iter().map(|row| row.drive as usize + 1).max().unwrap_or(1);
        self.drive.len() / (drives * self.steps)
    }
}

/// Weights of W alone, without outputs.
fn bare(sequence: &Sequence, inputs: usize, units: usize, recurrent: Vec<f32>) -> Weights {
    Weights {
        dynamics: sequence.dynamics,
        inputs,
        units,
        outputs: 0,
        bias: Vec::new(),
        input: Vec::new(),
        recurrent,
        readout: Vec::new(),
        readout_bias: Vec::new(),
    }
}

/// The backward pass as a node of Burn's graph.
#[derive(Debug)]
struct ThroughTime;

impl<B: CtrnnOperation> Backward<B, 3> for ThroughTime {
    /// W, h, f's values; and what the pass was given.
    type State = ([FloatTensor<B>; 3], Sequence);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad_hidden = grads.consume::<B>(&ops.node);
        let ([recurrent, hidden, active], sequence) = ops.state;
        let (bias, input, recurrent) =
            B::ctrnn_backward(grad_hidden, recurrent, hidden, active, sequence);
        for (parent, grad) in ops.parents.into_iter().zip([bias, input, recurrent]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, grad);
            }
        }
    }
}

impl<B: CtrnnOperation, C: CheckpointStrategy> CtrnnOperation for Autodiff<B, C> {
    fn ctrnn_forward(
        bias: FloatTensor<Self>,
        input: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        sequence: Sequence,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (bias, bias_node) = bias.into_parts();
        let (input, input_node) = input.into_parts();
        let (recurrent, recurrent_node) = recurrent.into_parts();
        let (hidden, active) = B::ctrnn_forward(bias, input, recurrent.clone(), sequence.clone());
        let prepared = ThroughTime
            .prepare::<C>([bias_node, input_node, recurrent_node])
            .compute_bound()
            .stateful();
        let active_out = <Self as burn::backend::AutodiffBackend>::from_inner(active.clone());
        let hidden = match prepared {
            OpsKind::Tracked(tracked) => {
                tracked.finish(([recurrent, hidden.clone(), active], sequence), hidden)
            }
            OpsKind::UnTracked(untracked) => untracked.finish(hidden),
        };
        (hidden, active_out)
    }

    fn ctrnn_backward(
        _grad_hidden: FloatTensor<Self>,
        _recurrent: FloatTensor<Self>,
        _hidden: FloatTensor<Self>,
        _active: FloatTensor<Self>,
        _sequence: Sequence,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        panic!("no second derivative: the backward pass runs on the inner backend");
    }
}

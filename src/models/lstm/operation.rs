//! The LSTM as ONE operation of Burn, with its own backward pass.
//!
//! Place in the flow: floor 3, between [`Lstm`](super::Lstm) and the two stages. Written with
//! Burn's tensors step by step, the recurrence does some thirty small operations per time step, and
//! each slice's gradient fills a whole `[B, T, 4H]` tensor: time and memory grow with T². Here a
//! sequence is one node of the graph. Kept for the backward pass: 6 floats per unit and step (4
//! gates, C, h), the input and the weights.
//!
//! | backend | where it runs |
//! |---|---|
//! | `Flex` | the twins in `forward` and `backward`, on the CPU |
//! | `Cube` | `shaders/lstm/*.wgsl`, in Burn's own stream |
//! | `Autodiff<B>` | either, with the backward pass registered |

use super::backward::{Saved, backward};
use super::forward::{Written, forward};
use super::packing::Weights;
use super::sizes::Sizes;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::TensorData;

/// The layer over a whole sequence; formulas and shapes are those of stages `lstm/forward` and
/// `lstm/backward`.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait LstmOperation: Backend {
    /// x `[B, T, E]`, kernel `[E, 4H]`, recurrent `[H, 4H]` and bias `[4H]` to hidden `[B, T, H]`,
    /// cell C `[B, T, H]` and activated gates `[B, T, 4H]`. Only hidden carries a gradient; the
    /// others are for reading.
    fn lstm_forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients for x, kernel, recurrent and bias from the one for hidden, from the input and
    /// from what [`lstm_forward`](Self::lstm_forward) gave.
    fn lstm_backward(
        grad_hidden: FloatTensor<Self>,
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell: FloatTensor<Self>,
        gates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Sizes of a call by the shapes `[B, T, E]` and `[H, 4H]`; panics on what is not float32.
pub(super) fn sizes_of(x: &impl TensorMetadata, recurrent: &impl TensorMetadata) -> Sizes {
    assert_eq!(x.dtype(), burn::tensor::DType::F32, "the LSTM works in 32-bit floats");
    let [batch, steps, inputs] = x.shape().dims();
    let [hidden, width] = recurrent.shape().dims();
    assert_eq!(width, 4 * hidden, "recurrent weights are [H, 4H]");
    Sizes { batch, steps, inputs, hidden }
}

impl LstmOperation for Flex {
    fn lstm_forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, device) = (sizes_of(&x, &recurrent), x.device());
        let [x, kernel, recurrent, bias] =
            [x, kernel, recurrent, bias].map(|tensor| tensor.to_contiguous());
        let states = sizes.batch * sizes.steps * sizes.hidden;
        let [mut gates, mut cell, mut hidden] = [4, 1, 1].map(|width| vec![0.0; width * states]);
        let weights = Weights {
            kernel: kernel.storage(),
            recurrent: recurrent.storage(),
            bias: bias.storage(),
        };
        let written = Written { gates: &mut gates, cell: &mut cell, hidden: &mut hidden };
        forward(sizes, x.storage(), weights, written);
        let tensor = |values, width| {
            let shape = [sizes.batch, sizes.steps, width];
            Self::float_from_data(TensorData::new(values, shape), &device)
        };
        (tensor(hidden, sizes.hidden), tensor(cell, sizes.hidden), tensor(gates, 4 * sizes.hidden))
    }

    fn lstm_backward(
        grad_hidden: FloatTensor<Self>,
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell: FloatTensor<Self>,
        gates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, device) = (sizes_of(&x, &recurrent), x.device());
        let [grad_hidden, x, kernel, recurrent, hidden, cell, gates] =
            [grad_hidden, x, kernel, recurrent, hidden, cell, gates]
                .map(|tensor| tensor.to_contiguous());
        let weights =
            Weights { kernel: kernel.storage(), recurrent: recurrent.storage(), bias: &[] };
        let saved = Saved {
            x: x.storage(),
            hidden: hidden.storage(),
            cell: cell.storage(),
            gates: gates.storage(),
            grad_hidden: grad_hidden.storage(),
        };
        let mut grad_x = vec![0.0; sizes.batch * sizes.steps * sizes.inputs];
        let of_weights = backward(sizes, saved, weights, &mut grad_x);
        let (width, shape) = (4 * sizes.hidden, [sizes.batch, sizes.steps, sizes.inputs]);
        let tensor = |data| Self::float_from_data(data, &device);
        (
            tensor(TensorData::new(grad_x, shape)),
            tensor(TensorData::new(of_weights.kernel, [sizes.inputs, width])),
            tensor(TensorData::new(of_weights.recurrent, [sizes.hidden, width])),
            tensor(TensorData::new(of_weights.bias, [width])),
        )
    }
}

/// The backward pass as a node of Burn's graph.
#[derive(Debug)]
struct Recurrence;

impl<B: LstmOperation> Backward<B, 4> for Recurrence {
    /// x, kernel, recurrent, hidden, cell, gates.
    type State = [FloatTensor<B>; 6];

    fn backward(
        self,
        ops: Ops<Self::State, 4>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad_hidden = grads.consume::<B>(&ops.node);
        let [x, kernel, recurrent, hidden, cell, gates] = ops.state;
        let (x, kernel, recurrent, bias) =
            B::lstm_backward(grad_hidden, x, kernel, recurrent, hidden, cell, gates);
        for (parent, grad) in ops.parents.into_iter().zip([x, kernel, recurrent, bias]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, grad);
            }
        }
    }
}

impl<B: LstmOperation, C: CheckpointStrategy> LstmOperation for Autodiff<B, C> {
    fn lstm_forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, x_node) = x.into_parts();
        let (kernel, kernel_node) = kernel.into_parts();
        let (recurrent, recurrent_node) = recurrent.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let (hidden, cell, gates) =
            B::lstm_forward(x.clone(), kernel.clone(), recurrent.clone(), bias);
        let prepared = Recurrence
            .prepare::<C>([x_node, kernel_node, recurrent_node, bias_node])
            .compute_bound()
            .stateful();
        let constant = |tensor: &FloatTensor<B>| {
            <Self as burn::backend::AutodiffBackend>::from_inner(tensor.clone())
        };
        let (cell_out, gates_out) = (constant(&cell), constant(&gates));
        let hidden = match prepared {
            OpsKind::Tracked(tracked) => {
                let state = [x, kernel, recurrent, hidden.clone(), cell, gates];
                tracked.finish(state, hidden)
            }
            OpsKind::UnTracked(untracked) => untracked.finish(hidden),
        };
        (hidden, cell_out, gates_out)
    }

    fn lstm_backward(
        _grad_hidden: FloatTensor<Self>,
        _x: FloatTensor<Self>,
        _kernel: FloatTensor<Self>,
        _recurrent: FloatTensor<Self>,
        _hidden: FloatTensor<Self>,
        _cell: FloatTensor<Self>,
        _gates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        panic!("the LSTM has no second derivative: its backward pass runs on the inner backend");
    }
}

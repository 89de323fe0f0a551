//! The LSTM's recurrence as ONE operation of Burn, with its own backward pass.
//!
//! Place in the flow: floor 3, between [`Lstm`](super::Lstm) and the two stages. Written with
//! Burn's tensors step by step, the recurrence does some thirty small operations per time step, and
//! each slice's gradient fills a whole `[B, T, 4H]` tensor: time and memory grow with T². Here a
//! sequence is one node of the graph. Kept for the backward pass: 6 floats per unit and step (4
//! gates, C, h) and U.
//!
//! | backend | where it runs |
//! |---|---|
//! | `Flex` | the twins in `forward` and `backward`, on the CPU |
//! | `Cube` | `shaders/lstm/*.wgsl`, in Burn's own stream |
//! | `Autodiff<B>` | either, with the backward pass registered |

use super::Sizes;
use super::backward::{Saved, backward};
use super::forward::forward;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::TensorData;

/// The recurrence over a whole sequence; formulas and shapes are those of stages `lstm/forward` and
/// `lstm/backward`.
#[backend_extension(Cube, Flex, Autodiff)]
pub trait LstmOperation: Backend {
    /// `projected` `[B, T, 4H]` and `recurrent` `[H, 4H]` to hidden `[B, T, H]`, cell C `[B, T, H]`
    /// and activated gates `[B, T, 4H]`. Only hidden carries a gradient; the others are for
    /// reading.
    fn lstm_forward(
        projected: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients for `projected` and `recurrent` from the one for hidden and from what
    /// [`lstm_forward`](Self::lstm_forward) gave.
    fn lstm_backward(
        grad_hidden: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell: FloatTensor<Self>,
        gates: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Sizes of a call by the shape `[B, T, 4H]`; panics on what is not float32 or no multiple of four.
pub(super) fn sizes_of(gates: &impl TensorMetadata) -> Sizes {
    assert_eq!(gates.dtype(), burn::tensor::DType::F32, "the LSTM works in 32-bit floats");
    let [batch, steps, width] = gates.shape().dims();
    assert!(width.is_multiple_of(4), "the last axis holds four gates, it is {width} long");
    Sizes { batch, steps, hidden: width / 4 }
}

/// `tensor` to be written in place: without a copy where nobody else holds its buffer, as in
/// training. (A contiguous tensor shares its buffer with what `to_contiguous` gives, so the former
/// has to go first.)
fn owned(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let contiguous = tensor.to_contiguous();
    drop(tensor);
    contiguous
}

impl LstmOperation for Flex {
    fn lstm_forward(
        projected: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let sizes = sizes_of(&projected);
        let device = projected.device();
        let mut gates = owned(projected);
        let recurrent = recurrent.to_contiguous();
        let state = || vec![0.0f32; sizes.batch * sizes.steps * sizes.hidden];
        let (mut hidden, mut cell) = (state(), state());
        forward(sizes, gates.storage_mut(), recurrent.storage(), &mut hidden, &mut cell);
        let shape = [sizes.batch, sizes.steps, sizes.hidden];
        let tensor = |values| Self::float_from_data(TensorData::new(values, shape), &device);
        (tensor(hidden), tensor(cell), gates)
    }

    fn lstm_backward(
        grad_hidden: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        cell: FloatTensor<Self>,
        gates: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let sizes = sizes_of(&gates);
        let device = gates.device();
        let [grad_hidden, hidden, cell, recurrent] =
            [grad_hidden, hidden, cell, recurrent].map(|tensor| tensor.to_contiguous());
        let mut gates = owned(gates);
        let saved = Saved {
            recurrent: recurrent.storage(),
            hidden: hidden.storage(),
            cell: cell.storage(),
            grad_hidden: grad_hidden.storage(),
        };
        let recurrent = backward(sizes, gates.storage_mut(), saved);
        let shape = [sizes.hidden, 4 * sizes.hidden];
        (gates, Self::float_from_data(TensorData::new(recurrent, shape), &device))
    }
}

/// The backward pass as a node of Burn's graph.
#[derive(Debug)]
struct Recurrence;

impl<B: LstmOperation> Backward<B, 2> for Recurrence {
    /// hidden, cell, gates, recurrent.
    type State = [FloatTensor<B>; 4];

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad_hidden = grads.consume::<B>(&ops.node);
        let [hidden, cell, gates, recurrent] = ops.state;
        let (grad_projected, grad_recurrent) =
            B::lstm_backward(grad_hidden, hidden, cell, gates, recurrent);
        let [projected, recurrent] = ops.parents;
        for (parent, grad) in [(projected, grad_projected), (recurrent, grad_recurrent)] {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, grad);
            }
        }
    }
}

impl<B: LstmOperation, C: CheckpointStrategy> LstmOperation for Autodiff<B, C> {
    fn lstm_forward(
        projected: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (projected, projected_node) = projected.into_parts();
        let (recurrent, recurrent_node) = recurrent.into_parts();
        let (hidden, cell, gates) = B::lstm_forward(projected, recurrent.clone());
        let prepared =
            Recurrence.prepare::<C>([projected_node, recurrent_node]).compute_bound().stateful();
        let constant = |tensor: &FloatTensor<B>| {
            <Self as burn::backend::AutodiffBackend>::from_inner(tensor.clone())
        };
        let (cell_out, gates_out) = (constant(&cell), constant(&gates));
        let hidden = match prepared {
            OpsKind::Tracked(tracked) => {
                tracked.finish([hidden.clone(), cell, gates, recurrent], hidden)
            }
            OpsKind::UnTracked(untracked) => untracked.finish(hidden),
        };
        (hidden, cell_out, gates_out)
    }

    fn lstm_backward(
        _grad_hidden: FloatTensor<Self>,
        _hidden: FloatTensor<Self>,
        _cell: FloatTensor<Self>,
        _gates: FloatTensor<Self>,
        _recurrent: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        panic!("the LSTM has no second derivative: its backward pass runs on the inner backend");
    }
}

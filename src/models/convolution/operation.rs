//! Convolution with ReLU, and the maximum of each 2 × 2, as operations of Burn with their own
//! backward passes.
//!
//! Place in the flow: floor 3, between [`rectified`](super::rectified), [`halved`](super::halved)
//! and the passes.
//!
//! | backend | where it runs |
//! |---|---|
//! | `Flex` | `passes` and `pool`, on the CPU |
//! | `Cube` | Burn's own kernels |
//! | `Autodiff<B>` | either, with the backward pass registered; nothing is computed for pictures that want no gradient |

use super::layout::Sizes;
use super::{passes, pool};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::{ActivationOps, FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Cube, Flex, TensorMetadata, backend_extension};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, IntDType, TensorData};

/// Both operations; shapes and formulas are those of [`super::rectified`] and [`super::halved`].
#[backend_extension(Cube, Flex, Autodiff)]
pub trait ConvolutionOperation: Backend {
    /// Pictures `[B, I, H, W]`, weight `[O, I, 3, 3]` and bias `[O]` to `[B, O, H, W]`, none of it
    /// negative.
    fn rectified_convolution(
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The gradient of the pictures from that of the output, and from the output.
    fn convolution_input_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The gradients of weight and bias, likewise.
    fn convolution_weight_gradients(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Maps `[B, C, H, W]` to `[B, C, H / 2, W / 2]`.
    fn pooled(maps: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of the maps from that of the output, and from the output.
    fn pooled_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        maps: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Sizes of a call by the shapes `[B, I, H, W]` and `[O, I, 3, 3]`; panics on what is not float32.
fn sizes_of(pictures: &impl TensorMetadata, weight: &impl TensorMetadata) -> Sizes {
    assert_eq!(pictures.dtype(), DType::F32, "the convolution works in 32-bit floats");
    let [_, from, height, width] = pictures.shape().dims();
    let [to, inputs, 3, 3] = weight.shape().dims() else { panic!("weights are [O, I, 3, 3]") };
    assert_eq!(from, inputs, "as many channels as the weights take");
    Sizes { from, to, height, width }
}

/// Height and width of maps `[B, C, H, W]`.
fn sides(maps: &impl TensorMetadata) -> [usize; 2] {
    let [_, _, height, width] = maps.shape().dims();
    [height, width]
}

impl ConvolutionOperation for Flex {
    fn rectified_convolution(
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (sizes, device) = (sizes_of(&pictures, &weight), pictures.device());
        let batch = pictures.shape()[0];
        let [pictures, weight, bias] = [pictures, weight, bias].map(|one| one.to_contiguous());
        let values = passes::forward(sizes, pictures.storage(), weight.storage(), bias.storage());
        let shape = [batch, sizes.to, sizes.height, sizes.width];
        Self::float_from_data(TensorData::new(values, shape), &device)
    }

    fn convolution_input_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (sizes, device) = (sizes_of(&pictures, &weight), pictures.device());
        let shape = pictures.shape();
        let [gradient, output, weight] = [gradient, output, weight].map(|one| one.to_contiguous());
        let [gradient, output, weight] = [&gradient, &output, &weight].map(|one| one.storage());
        let values = passes::input_gradient(sizes, gradient, output, weight);
        Self::float_from_data(TensorData::new(values, shape), &device)
    }

    fn convolution_weight_gradients(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, device) = (sizes_of(&pictures, &weight), pictures.device());
        let all = [gradient, output, pictures].map(|one| one.to_contiguous());
        let [gradient, output, pictures] = [&all[0], &all[1], &all[2]].map(|one| one.storage());
        let (of_weight, bias) = passes::weight_gradients(sizes, gradient, output, pictures);
        (
            Self::float_from_data(TensorData::new(of_weight, weight.shape()), &device),
            Self::float_from_data(TensorData::new(bias, [sizes.to]), &device),
        )
    }

    fn pooled(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([batch, channels, height, width], device) = (maps.shape().dims(), maps.device());
        let maps = maps.to_contiguous();
        let values = pool::forward(maps.storage(), [height, width]);
        let shape = [batch, channels, height / 2, width / 2];
        Self::float_from_data(TensorData::new(values, shape), &device)
    }

    fn pooled_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        maps: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (shape, sides, device) = (maps.shape(), sides(&maps), maps.device());
        let all = [gradient, maps, output].map(|one| one.to_contiguous());
        let [gradient, maps, output] = [&all[0], &all[1], &all[2]].map(|one| one.storage());
        let values = pool::gradient(gradient, maps, output, sides);
        Self::float_from_data(TensorData::new(values, shape), &device)
    }
}

fn same() -> ConvOptions<2> {
    ConvOptions::new([1, 1], [1, 1], [1, 1], 1)
}

const TWO: [usize; 2] = [2, 2];

impl ConvolutionOperation for Cube {
    fn rectified_convolution(
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::relu(Self::conv2d(pictures, weight, Some(bias), same()))
    }

    fn convolution_input_gradient(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let gradient = Self::relu_backward(output, gradient);
        Self::conv2d_x_backward(pictures, weight, gradient, same())
    }

    fn convolution_weight_gradients(
        gradient: FloatTensor<Self>,
        output: FloatTensor<Self>,
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let gradient = Self::relu_backward(output, gradient);
        let channels = weight.shape()[0];
        let of = [0, 2, 3].into_iter().fold(gradient.clone(), Self::float_sum_dim);
        let weight = Self::conv2d_weight_backward(pictures, weight, gradient, same());
        (weight, Self::float_reshape(of, [channels].into()))
    }

    fn pooled(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::max_pool2d(maps, TWO, TWO, [0, 0], [1, 1], false)
    }

    fn pooled_gradient(
        gradient: FloatTensor<Self>,
        _output: FloatTensor<Self>,
        maps: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (none, one) = ([0, 0], [1, 1]);
        let found =
            Self::max_pool2d_with_indices(maps.clone(), TWO, TWO, none, one, false, IntDType::I32);
        let indices = found.indices;
        Self::max_pool2d_with_indices_backward(maps, TWO, TWO, none, one, false, gradient, indices)
            .x_grad
    }
}

/// The convolution's backward pass as a node of Burn's graph.
#[derive(Debug)]
struct Convolved;

impl<B: ConvolutionOperation> Backward<B, 3> for Convolved {
    /// Output, pictures, weight.
    type State = [FloatTensor<B>; 3];

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [output, pictures, weight] = ops.state;
        let [of_pictures, of_weight, of_bias] = ops.parents;
        if let Some(parent) = of_pictures {
            let [gradient, output] = [&gradient, &output].map(Clone::clone);
            let [pictures, weight] = [&pictures, &weight].map(Clone::clone);
            let found = B::convolution_input_gradient(gradient, output, pictures, weight);
            grads.register::<B>(parent.id, found);
        }
        if of_weight.is_some() || of_bias.is_some() {
            let (weight, bias) =
                B::convolution_weight_gradients(gradient, output, pictures, weight);
            for (parent, found) in [(of_weight, weight), (of_bias, bias)] {
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, found);
                }
            }
        }
    }
}

/// The maximum's.
#[derive(Debug)]
struct Pooled;

impl<B: ConvolutionOperation> Backward<B, 1> for Pooled {
    /// Output, maps.
    type State = [FloatTensor<B>; 2];

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let ([output, maps], [parent]) = (ops.state, ops.parents);
        if let Some(parent) = parent {
            grads.register::<B>(parent.id, B::pooled_gradient(gradient, output, maps));
        }
    }
}

const NO_SECOND: &str = "the convolution has no second derivative";

impl<B: ConvolutionOperation, C: CheckpointStrategy> ConvolutionOperation for Autodiff<B, C> {
    fn rectified_convolution(
        pictures: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (pictures, pictures_node) = pictures.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let output = B::rectified_convolution(pictures.clone(), weight.clone(), bias);
        let nodes = [pictures_node, weight_node, bias_node];
        match Convolved.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(tracked) => tracked.finish([output.clone(), pictures, weight], output),
            OpsKind::UnTracked(untracked) => untracked.finish(output),
        }
    }

    fn convolution_input_gradient(
        _gradient: FloatTensor<Self>,
        _output: FloatTensor<Self>,
        _pictures: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        panic!("{NO_SECOND}: its backward pass runs on the inner backend")
    }

    fn convolution_weight_gradients(
        _gradient: FloatTensor<Self>,
        _output: FloatTensor<Self>,
        _pictures: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        panic!("{NO_SECOND}: its backward pass runs on the inner backend")
    }

    fn pooled(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        let (maps, node) = maps.into_parts();
        let output = B::pooled(maps.clone());
        match Pooled.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(tracked) => tracked.finish([output.clone(), maps], output),
            OpsKind::UnTracked(untracked) => untracked.finish(output),
        }
    }

    fn pooled_gradient(
        _gradient: FloatTensor<Self>,
        _output: FloatTensor<Self>,
        _maps: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        panic!("{NO_SECOND}: its backward pass runs on the inner backend")
    }
}

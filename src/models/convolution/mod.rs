//! Convolution of 3 × 3 that keeps the size, with its ReLU, and the maximum of each 2 × 2: one
//! operation of Burn each.
//!
//! Place in the flow: floor 3, under the classifiers of pictures. On the CPU Burn's own convolution
//! writes each neighbourhood out and computes the gradient of pictures that nobody asked for;
//! `passes` reads neighbourhoods where they lie. On a GPU both operations are Burn's.
//!
//! | file | |
//! |---|---|
//! | `operation` | the operations for CPU, GPU and autodiff |
//! | `passes` | the convolution's three passes on the CPU |
//! | `layout` | pictures and weights as the passes read them |
//! | `pool` | the maximum's two passes on the CPU |

mod layout;
mod operation;
mod passes;
mod pool;

use burn::backend::Dispatch;
use burn::tensor::Tensor;
pub use operation::ConvolutionOperation;

/// What the ReLU leaves of pictures `[B, I, H, W]` convolved with `weight` `[O, I, 3, 3]` over a
/// border of zeros, plus `bias` `[O]`: `[B, O, H, W]`. Trainable.
pub fn rectified(pictures: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as ConvolutionOperation>::rectified_convolution(
        pictures.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
}

/// The largest of each 2 × 2 of maps `[B, C, H, W]`, an odd last row or column left out: `[B, C, H
/// / 2, W / 2]`. The gradient goes to the first of equals. Trainable.
pub fn halved(maps: Tensor<4>) -> Tensor<4> {
    let halved = <Dispatch as ConvolutionOperation>::pooled(maps.into_dispatch());
    Tensor::from_dispatch(halved)
}

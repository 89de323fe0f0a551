//! The LSTM: one layer over whole sequences, trainable, with every gate and unit recorded.
//!
//! Place in the flow: floor 3. `batches --Lstm::forward--> hidden states --readout--> loss` in
//! training, `batches --Lstm::record--> States --recording--> traces` in analysis.
//!
//! ```text
//! x [B, T, E] --one operation--> h and C [B, T, H], gates [B, T, 4H]
//! ```
//!
//! One bias, gate order i, f, candidate, o, states zero at the start of every row: Keras's LSTM.
//! PyTorch's and Burn's have two biases, whose sum an optimiser moves twice as fast.
//!
//! | file | |
//! |---|---|
//! | `operation` | the layer as one operation of Burn, for CPU, GPU and autodiff |
//! | `forward`, `backward` | the two stages: formula, declaration, twin |
//! | `packing` | the twins' weights as their products read them |
//! | `kernels` | the stages in Burn's stream on a GPU |
//! | `initial` | the weights to start from |
//! | `sizes` | sizes of a call, and rows per call on a device |

mod backward;
mod forward;
mod initial;
mod kernels;
mod operation;
mod packing;
mod sizes;

pub use super::activations::SMALLEST_GRADIENT;
pub use backward::BackwardStage;
pub use forward::ForwardStage;
pub use operation::LstmOperation;
pub use sizes::{
    MOST_UNITS, ROWS_PER_GROUP, UNITS_AT_ONCE, UNITS_PER_LANE, loop_rounds, rows_per_call,
};

use burn::backend::Dispatch;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// Stage `lstm/forward`.
pub static FORWARD: ForwardStage = ForwardStage;
/// Stage `lstm/backward`.
pub static BACKWARD: BackwardStage = BackwardStage;

/// One LSTM layer, see the head of this module.
#[derive(Module, Debug)]
pub struct Lstm {
    /// W, `[E, 4H]`: from the input to the four gates.
    pub kernel: Param<Tensor<2>>,
    /// U, `[H, 4H]`: from the hidden state before to the four gates.
    pub recurrent: Param<Tensor<2>>,
    /// b, `[4H]`.
    pub bias: Param<Tensor<1>>,
}

/// What [`Lstm::record`] gives: every activation of every step.
#[derive(Clone, Debug)]
pub struct States {
    /// `[B, T, 4H]`: i, f, candidate, o after their activation functions.
    pub gates: Tensor<3>,
    /// `[B, T, H]`: tanh(C).
    pub cell: Tensor<3>,
    /// `[B, T, H]`: h = o tanh(C).
    pub hidden: Tensor<3>,
}

impl Lstm {
    /// A layer of `hidden` units over `inputs` components, with Keras's initial weights under
    /// `seed`.
    ///
    /// Layers that should differ in one network take different seeds.
    pub fn new(inputs: usize, hidden: usize, seed: u64, device: &Device) -> Self {
        let width = 4 * hidden;
        let kernel = TensorData::new(initial::glorot_uniform(inputs, width, seed), [inputs, width]);
        let recurrent = TensorData::new(initial::orthogonal(hidden, width, seed), [hidden, width]);
        let bias = TensorData::new(initial::forget_one(hidden), [width]);
        Self::from_weights(
            Tensor::from_data(kernel, device),
            Tensor::from_data(recurrent, device),
            Tensor::from_data(bias, device),
        )
    }

    /// A layer with given weights: kernel `[E, 4H]`, recurrent `[H, 4H]`, bias `[4H]`; gate order
    /// i, f, candidate, o.
    ///
    /// # Panics
    ///
    /// Where the three shapes do not belong together.
    pub fn from_weights(kernel: Tensor<2>, recurrent: Tensor<2>, bias: Tensor<1>) -> Self {
        let [hidden, width] = recurrent.dims();
        assert_eq!(width, 4 * hidden, "recurrent weights are [H, 4H]");
        assert_eq!(kernel.dims()[1], width, "the kernel is [E, 4H] with the recurrent weights' H");
        assert_eq!(bias.dims(), [width], "the bias is [4H]");
        Self {
            kernel: Param::from_tensor(kernel),
            recurrent: Param::from_tensor(recurrent),
            bias: Param::from_tensor(bias),
        }
    }

    /// The hidden states `[B, T, H]` of `x` `[B, T, E]`. Trainable: gradients reach `x` and the
    /// weights.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.run(x).0
    }

    /// Every activation over `x` `[B, T, E]`, from the same pass as [`forward`](Self::forward). Use
    /// it on a device without autodiff, where nothing is kept for a backward pass.
    pub fn record(&self, x: Tensor<3>) -> States {
        let (hidden, cell, gates) = self.run(x);
        States { gates, cell: within(cell, FLAT).tanh(), hidden }
    }

    /// Hidden states, C itself, and gates.
    fn run(&self, x: Tensor<3>) -> (Tensor<3>, Tensor<3>, Tensor<3>) {
        let (hidden, cell, gates) = <Dispatch as LstmOperation>::lstm_forward(
            x.into_dispatch(),
            self.kernel.val().into_dispatch(),
            self.recurrent.val().into_dispatch(),
            self.bias.val().into_dispatch(),
        );
        (Tensor::from_dispatch(hidden), Tensor::from_dispatch(cell), Tensor::from_dispatch(gates))
    }
}

/// Beyond ±15 tanh is ±1 to the last bit of 32. The shaders hold their argument there, and so does
/// [`Lstm::record`] before Burn's tanh: C grows by up to 1 per step, and a driver that takes
/// `(e²ˣ − 1) / (e²ˣ + 1)` overflows at 44 and makes infinity over infinity of it, a NaN.
const FLAT: f32 = 15.0;

/// `x` held within ±`limit`. By comparisons and not by `clamp`, which may turn a NaN into a limit
/// and so hide it.
fn within(x: Tensor<3>, limit: f32) -> Tensor<3> {
    let (above, below) = (x.clone().greater_elem(limit), x.clone().lower_elem(-limit));
    x.mask_fill(above, limit).mask_fill(below, -limit)
}

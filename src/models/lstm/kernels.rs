//! The two stages in Burn's stream on a GPU: cubecl's wgpu runtime runs our WGSL between its own
//! kernels.
//!
//! Place in the flow: floor 3, under the LSTM's operation, for the backend `Cube`. cubecl takes
//! text as it is, sets no pipeline constant and clears no workgroup memory; it binds every buffer
//! read-write.

use super::operation::{LstmOperation, sizes_of};
use super::sizes::{MOST_UNITS, Parameters, Sizes};
use super::{BACKWARD, FORWARD};
use crate::gpu::stage::Stage;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Cube, TensorMetadata};
use burn::cubecl::ir::{UIntKind, metadata::Info};
use burn::cubecl::prelude::*;
use burn::cubecl::server::KernelArguments;
use burn::cubecl::{CubeKernel, PrecompiledSource};
use burn::tensor::{FloatDType, s};
use burn_cubecl::kernel::into_contiguous;

impl LstmOperation for Cube {
    fn lstm_forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        recurrent: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, device) = (sizes_of(&x, &recurrent), x.device());
        let Sizes { batch, steps, inputs, hidden: units } = sizes;
        let x = Self::float_reshape(x, [batch * steps, inputs].into());
        let bias = Self::float_reshape(bias, [1, 4 * units].into());
        let projected = Self::float_add(Self::float_matmul(x, kernel), bias);
        let empty = |width: usize| {
            Self::float_empty([batch, steps, width].into(), &device, FloatDType::F32)
        };
        let (hidden, cell, gates) = (empty(units), empty(units), empty(4 * units));
        let tensors = [
            into_contiguous(projected),
            by_gates(recurrent, [0, 2, 1]),
            hidden.clone(),
            cell.clone(),
            gates.clone(),
        ];
        launch(&FORWARD, sizes, &tensors);
        (hidden, cell, gates)
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
        let sizes = sizes_of(&x, &recurrent);
        let Sizes { batch, steps, inputs, hidden: units } = sizes;
        let grad_z = Self::float_empty(gates.shape(), &gates.device(), FloatDType::F32);
        let tensors = [
            into_contiguous(grad_hidden),
            into_contiguous(cell),
            into_contiguous(gates),
            by_gates(recurrent, [2, 0, 1]),
            grad_z.clone(),
        ];
        launch(&BACKWARD, sizes, &tensors);
        let flat = Self::float_reshape(grad_z.clone(), [batch * steps, 4 * units].into());
        let grad_bias = Self::float_sum_dim(flat.clone(), 0);
        let grad_x = Self::float_matmul(flat, Self::float_swap_dims(kernel, 0, 1));
        (
            Self::float_reshape(grad_x, [batch, steps, inputs].into()),
            product_over_steps(x, grad_z.clone()),
            product_over_steps(step_before(hidden), grad_z),
            Self::float_reshape(grad_bias, [4 * units].into()),
        )
    }
}

/// U `[H, 4H]` with its axes from, gate, to in the order that a shader reads.
fn by_gates(recurrent: FloatTensor<Cube>, order: [usize; 3]) -> FloatTensor<Cube> {
    let [units, _] = recurrent.shape().dims();
    let apart = Cube::float_reshape(recurrent, [units, 4, units].into());
    into_contiguous(Cube::float_permute(apart, &order))
}

/// h of the step before, zero at the first.
fn step_before(hidden: FloatTensor<Cube>) -> FloatTensor<Cube> {
    let [batch, steps, units] = hidden.shape().dims();
    let zeros = Cube::float_zeros([batch, 1, units].into(), &hidden.device(), FloatDType::F32);
    if steps == 1 {
        return zeros;
    }
    Cube::float_cat(vec![zeros, Cube::float_slice(hidden, &s![.., ..steps - 1])], 1)
}

/// The sum over rows and steps of `left` `[B, T, K]`, transposed, times dz: `[K, 4H]`.
///
/// The result is small and the sum long (64,000 terms at the paper's sizes), so that as one product
/// it would keep a handful of workgroups busy: the rows are cut in groups, one product each, which
/// are then added.
fn product_over_steps(left: FloatTensor<Cube>, grad_z: FloatTensor<Cube>) -> FloatTensor<Cube> {
    let [batch, steps, columns] = left.shape().dims();
    let [_, _, width] = grad_z.shape().dims();
    let groups = (1..=batch.min(16)).rev().find(|count| batch.is_multiple_of(*count)).unwrap_or(1);
    let long = batch / groups * steps;
    let left = Cube::float_reshape(left, [groups, long, columns].into());
    let grad_z = Cube::float_reshape(grad_z, [groups, long, width].into());
    let products = Cube::float_matmul(Cube::float_swap_dims(left, 1, 2), grad_z);
    Cube::float_reshape(Cube::float_sum_dim(products, 0), [columns, width].into())
}

fn parameters(sizes: Sizes) -> Parameters {
    assert!(
        sizes.hidden <= MOST_UNITS,
        "on a GPU the LSTM has at most {MOST_UNITS} units, asked for {}",
        sizes.hidden
    );
    let [batch, steps, hidden] = [sizes.batch, sizes.steps, sizes.hidden]
        .map(|size| u32::try_from(size).expect("a size of a tensor fits in 32 bits"));
    Parameters { batch, steps, hidden }
}

/// Puts `stage` on the stream of the tensors' device: binding 0 is the parameter block, then
/// `tensors`.
fn launch(stage: &'static dyn Stage, sizes: Sizes, tensors: &[FloatTensor<Cube>]) {
    let (client, parameters) = (&tensors[0].client, parameters(sizes));
    let bytes = bytemuck::bytes_of(&parameters);
    let mut arguments =
        KernelArguments::new().with_buffer(client.create_from_slice(bytes).binding());
    for tensor in tensors {
        arguments = arguments.with_buffer(tensor.handle.clone().binding());
    }
    let [x, y, z] = stage.groups(bytes);
    client.launch(Box::new(StageKernel(stage)), CubeCount::Static(x, y, z), arguments);
}

/// A stage as cubecl takes a kernel.
struct StageKernel(&'static dyn Stage);

impl KernelMetadata for StageKernel {
    fn id(&self) -> KernelId {
        // All that changes the text. "Unchecked" leaves out naga's guard on every loop: ours are
        // bounded.
        KernelId::new::<Self>().info((self.0.name(), self.0.lanes())).mode(ExecutionMode::Unchecked)
    }

    fn address_type(&self) -> ElemType {
        ElemType::UInt(UIntKind::U32)
    }
}

impl CubeKernel for StageKernel {
    fn define(&self) -> KernelDefinition {
        let lanes = CubeDim::new_1d(self.0.lanes());
        let settings = KernelSettings::new(lanes.0, ExecutionMode::Unchecked, AddressType::U32);
        KernelDefinition { body: Scope::root(settings.clone()), settings, info: Info::default() }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        let lanes = format!("const LANES: u32 = {}u;", self.0.lanes());
        let source = self.0.source().concat().replacen("override LANES: u32;", &lanes, 1);
        Some(PrecompiledSource { source, entrypoint_name: "main".to_string(), lang: "wgsl" })
    }
}

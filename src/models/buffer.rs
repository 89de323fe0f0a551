//! The buffer behind a tensor: how our stages get at what Burn computed, without a copy.
//!
//! Place in the flow: floor 3, for whoever measures states on the device that the network ran on.
//!
//! # Why this is safe
//! Burn lays tensors into parts of larger wgpu buffers, hands a part on when its tensor is dropped,
//! and may move what lies in it to another page. Three things keep a part where it is, all in one
//! closure so that none can be forgotten:
//!
//! - `get_resource` runs and submits what is queued on the tensor's stream and on the caller's, so
//!   that our work, submitted later to the same queue, sees it: nothing has to wait;
//! - the resource that it gives holds the allocation: cubecl neither frees nor reuses nor moves it
//!   as long as that lives;
//! - what Burn puts there afterwards is submitted later than our work, and so runs later.
//!
//! The part may be bound next to others of the same buffer, so a stage declares it `read_write`.

use burn::backend::Cube;
use burn::cubecl::wgpu::{AutoCompiler, WgpuServer};
use burn::tensor::{DType, Tensor};
use burn_cubecl::kernel::into_contiguous;

use crate::error::{Error, Result};
use crate::gpu::engine::Part;

/// Gives `submit` the part of a wgpu buffer in which `tensor` lies, row-major `f32`. It is good
/// until `submit` returns, by when all work on it has to be in the device's queue.
///
/// # Errors
/// The tensor does not live on a wgpu device, a kernel that should have filled it failed, or
/// `submit` fails.
pub fn with_buffer<T>(tensor: Tensor<3>, submit: impl FnOnce(Part<'_>) -> Result<T>) -> Result<T> {
    let no_buffer = |cause: String| {
        Error::new("expected a tensor in a buffer of a GPU, found none")
            .remedy("run with --device cpu")
            .because(cause)
    };
    let tensor =
        tensor.try_into_primitive::<Cube>().map_err(|cause| no_buffer(format!("{cause:?}")))?;
    let tensor = into_contiguous(tensor);
    assert_eq!(tensor.dtype, DType::F32, "networks compute in f32");
    let held = tensor
        .client
        .get_resource::<WgpuServer<AutoCompiler>>(tensor.handle.clone())
        .map_err(|cause| no_buffer(cause.to_string()))?;
    let resource = held.resource();
    let size = 4 * tensor.meta.num_elements() as u64;
    submit(Part {
        buffer: &resource.buffer,
        offset: resource.offset,
        size: std::num::NonZeroU64::new(size),
    })
}

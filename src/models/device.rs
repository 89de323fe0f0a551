//! The device that networks live on: our own wgpu device handed to Burn, or Burn's CPU backend.

use burn::tensor::Device;
use burn::tensor::wgpu::WgpuSetup;

use crate::error::{Error, Result};
use crate::gpu::device::Gpu;

/// Burn's CPU backend, `flex`.
pub fn cpu() -> Device {
    Device::flex()
}

/// Registers our wgpu device with Burn, so that tensors and stages share one device and queue. Call
/// it once per [`Gpu`]: Burn does not notice a device that is registered twice.
///
/// # Errors
/// Burn's runtime refuses the device.
pub fn on_gpu(gpu: &Gpu) -> Result<Device> {
    let setup = WgpuSetup {
        instance: gpu.instance.clone(),
        adapter: gpu.adapter.clone(),
        device: gpu.device.clone(),
        queue: gpu.queue.clone(),
        backend: gpu.info.backend,
    };
    Device::wgpu_options().setup(setup).init().map_err(|cause| {
        Error::new(format!("Burn cannot use the adapter {}", gpu.description))
            .remedy("run on the CPU with --device cpu")
            .because(cause)
    })
}

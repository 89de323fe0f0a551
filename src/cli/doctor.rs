//! `noisescope doctor`: the adapters of this machine, their limits, what each `--device` would take.

use super::show;
use crate::error::Result;
use crate::gpu::device::{Choice, Description, adapters, open};

/// What to do on a machine without a hardware GPU.
const NO_HARDWARE: &str = "\
no hardware GPU was found. If this machine has one, install its driver with Vulkan support (NVIDIA
in a container: NVIDIA_DRIVER_CAPABILITIES must contain `graphics`). A software adapter, slow but
enough for tests: apt-get install mesa-vulkan-drivers (Debian, Ubuntu), dnf install
mesa-vulkan-drivers (Fedora); WARP is part of Windows.";

/// Prints what there is, what would be taken and why, and what is missing.
pub fn doctor() -> Result<()> {
    let threads = rayon::current_num_threads();
    show(&format!("noisescope {}, {threads} threads\n", env!("CARGO_PKG_VERSION")));
    let adapters = adapters();
    for (number, adapter) in adapters.iter().enumerate() {
        show(&description(number, adapter));
    }
    if adapters.is_empty() {
        show("no GPU adapter: networks run on Burn's CPU backend, measures on the fast CPU path\n");
    }
    for choice in [Choice::Auto, Choice::Gpu, Choice::Cpu] {
        let comes_to = match open(choice) {
            Ok(opened) => opened.reason,
            Err(error) => format!("error: {error}"),
        };
        show(&format!("--device {:<5} {comes_to}", choice.to_string()));
    }
    if !adapters.iter().any(|adapter| adapter.kind.is_hardware()) {
        show(&format!("\n{NO_HARDWARE}"));
    }
    Ok(())
}

fn description(number: usize, adapter: &Description) -> String {
    let rows = [
        ("kind", adapter.kind.to_string()),
        ("backend", adapter.backend.clone()),
        ("driver", adapter.driver.clone()),
        ("largest binding", format!("{} MiB", adapter.largest_binding >> 20)),
        ("workgroup", format!("{} invocations", adapter.invocations)),
        ("workgroup memory", format!("{} KiB", adapter.workgroup_memory >> 10)),
    ];
    let mut text = format!("adapter {number}: {}\n", adapter.name);
    for (name, value) in rows {
        text += &format!("  {name:<18} {value}\n");
    }
    text
}

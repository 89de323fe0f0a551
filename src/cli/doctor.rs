//! `noisescope doctor`: the adapters of this machine, their limits, and what each `--device` would take.

use crate::error::Result;
use crate::gpu::device::{Choice, adapters, open};

/// Prints what there is, what would be taken and why, and what is missing.
pub fn doctor() -> Result<()> {
    println!("noisescope {}, {} threads", env!("CARGO_PKG_VERSION"), rayon::current_num_threads());
    let adapters = adapters();
    if adapters.is_empty() {
        println!(
            "\nno GPU adapter: networks run on Burn's CPU backend, measures on the fast CPU path"
        );
    }
    for (number, adapter) in adapters.iter().enumerate() {
        println!("\nadapter {number}: {}", adapter.name);
        println!("  kind               {}", adapter.kind);
        println!("  backend            {}", adapter.backend);
        println!("  driver             {}", adapter.driver);
        println!("  largest binding    {} MiB", adapter.largest_binding >> 20);
        println!("  workgroup          {} invocations", adapter.invocations);
        println!("  workgroup memory   {} KiB", adapter.workgroup_memory >> 10);
    }
    println!();
    for choice in [Choice::Auto, Choice::Gpu, Choice::Cpu] {
        match open(choice) {
            Ok(opened) => println!("--device {:<5} {}", choice.to_string(), opened.reason),
            Err(error) => println!("--device {:<5} error: {error}", choice.to_string()),
        }
    }
    if !adapters.iter().any(|adapter| adapter.kind.is_hardware()) {
        println!(
            "\nno hardware GPU was found. If this machine has one, install its driver with Vulkan support\n\
             (NVIDIA in a container: NVIDIA_DRIVER_CAPABILITIES must contain `graphics`). A software\n\
             adapter, slow but enough for tests: apt-get install mesa-vulkan-drivers (Debian, Ubuntu),\n\
             dnf install mesa-vulkan-drivers (Fedora); WARP is part of Windows."
        );
    }
    Ok(())
}

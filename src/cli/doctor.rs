//! `noisescope doctor`: the adapters of this machine, their limits, what each `--device` would
//! take, and how fast a device is.

use super::args::Doctor;
use super::show;
use crate::error::{Error, Result};
use crate::experiments::throughput::{self, FromHost};
use crate::gpu::device::{Choice, Description, adapters, open};

/// What to do on a machine without a hardware GPU.
const NO_HARDWARE: &str = "\
no hardware GPU was found. If this machine has one, install its driver with Vulkan support (NVIDIA
in a container: NVIDIA_DRIVER_CAPABILITIES must contain `graphics`). A software adapter, slow but
enough for tests: apt-get install mesa-vulkan-drivers (Debian, Ubuntu), dnf install
mesa-vulkan-drivers (Fedora); WARP is part of Windows.";

/// Prints what there is, what would be taken and why, and what is missing; with `--bench` how fast
/// the device is.
pub fn doctor(options: &Doctor) -> Result<()> {
    if !options.json {
        describe();
    }
    if options.bench {
        bench(options.json)?;
    }
    Ok(())
}

fn bench(json: bool) -> Result<()> {
    let Some(gpu) = open(Choice::Gpu)?.gpu else { return Ok(()) };
    let found = throughput::measure(&gpu)?;
    if json {
        let text = serde_json::to_string_pretty(&found);
        show(&text.map_err(|cause| Error::new("cannot write the bench as JSON").because(cause))?);
        return Ok(());
    }
    show(&format!("\nbench of {}", found.device));
    let rows = [
        ("copy", format!("{:.1} GB/s, read and written", found.copy_bytes_per_second / 1e9)),
        (
            "DFA",
            format!(
                "{:.0} traces/s of {} samples, {} sizes, order 1 ({} at a time, {:.2} ms)",
                found.traces_per_second,
                found.samples,
                found.sizes,
                found.traces,
                1e3 * found.dfa_seconds
            ),
        ),
        ("share of the floor", format!("{:.1} % of one read at that speed", 100.0 * found.share)),
    ];
    for (name, value) in rows {
        show(&format!("  {name:<19} {value}"));
    }
    from_host(&found.from_host);
    Ok(())
}

/// The steps of the way from host memory, and whose clock timed them.
fn from_host(found: &FromHost) {
    let mebibytes = found.bytes as f64 / f64::from(1 << 20);
    show(&format!("\n{} such traces from host memory ({mebibytes:.1} MiB)", found.traces));
    let row = |name: &str, seconds: f64, how: &str| {
        show(&format!("  {name:<19} {:>8.2} ms  {how}", 1e3 * seconds));
    };
    row("upload", found.upload_seconds, "host's clock");
    match &found.stages {
        Some(laps) => laps.iter().for_each(|lap| row(lap.stage, lap.seconds, "device's clock")),
        None => {
            show("  stages              not known: the device has no clock (timestamp queries)")
        }
    }
    row("readback", found.readback_seconds, "host's clock");
    row("one batch", found.one_batch_seconds, "host's clock, one step after the other");
    row("overlapped", found.overlapped_seconds, "host's clock, as `--device gpu` measures");
}

fn describe() {
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

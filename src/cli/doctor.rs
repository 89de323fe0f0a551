//! `noisescope doctor`: the adapters of this machine, their limits, what each `--device` would
//! take, and how fast a device is.

use super::args::Doctor;
use super::show;
use crate::error::{Error, Result};
use crate::experiments::throughput::{self, Batch, FromHost, LaunchBytes, Seconds, Throughput};
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
    show(&format!("\nbench of {}, {}", found.device, found.driver));
    resident(&found);
    from_host(&found.from_host);
    Ok(())
}

/// Bandwidth and the DFA of traces on the device.
fn resident(bench: &Throughput) {
    let (found, copy) = (&bench.resident, &bench.copy);
    let rate = |seconds: f64| 2e-9 * bench.copy_bytes as f64 / seconds;
    show(&format!(
        "\n{} traces of {} samples on the device ({:.1} MiB), {} sizes, order {}",
        found.traces,
        bench.samples,
        mebibytes(found.bytes),
        bench.windows.len(),
        bench.order
    ));
    if found.traces < found.wanted {
        show(&format!("  the device has no memory for {}", found.wanted));
    }
    show(&format!(
        "  {:<19} {:.1} GB/s, read and written ({:.1} to {:.1}; {}'s clock)",
        "copy",
        rate(copy.median),
        rate(copy.most),
        rate(copy.least),
        copy.clock
    ));
    row("floor", &format!("{:>9.3} ms", 1e3 * found.floor_seconds), "one read at that speed");
    timed("DFA", &found.seconds, &format!("{} batches", found.batches));
    match &found.stages_seconds {
        Some(stages) => timed("of that, stages", stages, "the rest lies between them"),
        None => {
            show("  of that, stages     not known: the device has no clock (timestamp queries)")
        }
    }
    timed("DFA, to the host", &found.host_seconds, "with F(n) and exponents read back");
    let stages = found.stages_times_floor.map(|times| format!("; {times:.2} by the stages alone"));
    show(&format!(
        "  {:<19} {:.2} times the floor{}; {:.1} % of it reached; {:.0} traces/s",
        "throughput",
        found.times_floor,
        stages.unwrap_or_default(),
        100.0 * found.share,
        found.traces_per_second
    ));
    batch(&found.batch);
}

/// What one batch hands over.
fn batch(batch: &Batch) {
    let bound = |launch: &LaunchBytes| {
        format!("{} ({} bytes to read, {} to write)", launch.stage, launch.read, launch.written)
    };
    let launches: Vec<String> = batch.launches.iter().map(bound).collect();
    show(&format!(
        "  {:<19} of {} traces: {} of stages, {} bytes of traces bound per sample",
        "batch",
        batch.traces,
        counted(batch.launches.len(), "launch", "launches"),
        batch.trace_bytes_per_sample
    ));
    for launch in launches {
        show(&format!("  {:<19} {launch}", ""));
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The steps of the way from host memory, and whose clock timed them.
fn from_host(found: &FromHost) {
    let size = mebibytes(found.bytes as u64);
    show(&format!("\n{} such traces from host memory ({size:.1} MiB)", found.traces));
    timed("staging", &found.staging, "the host's copy");
    timed("upload", &found.upload, "the device's copy from there");
    match &found.stages {
        Some(stages) => stages.iter().for_each(|stage| timed(stage.stage, &stage.seconds, "")),
        None => {
            show("  stages              not known: the device has no clock (timestamp queries)")
        }
    }
    timed("readback", &found.readback, "the device's copy of F(n) and exponents");
    timed("landing", &found.landing, "the host's copy of them");
    timed("one batch", &found.one_batch, "one step after the other");
    timed(
        "in batches",
        &found.in_batches,
        "as `--device gpu` measures: the host stages the next meanwhile",
    );
}

/// A time with its spread: median, least, most.
fn timed(name: &str, found: &Seconds, what: &str) {
    let Seconds { median, least, most, clock, .. } = found;
    let [median, least, most] = [median, least, most].map(|seconds| 1e3 * seconds);
    let what = if what.is_empty() { String::new() } else { format!("; {what}") };
    let spread = format!("({least:.3} to {most:.3}; {clock}'s clock{what})");
    row(name, &format!("{median:>9.3} ms"), &spread);
}

fn row(name: &str, value: &str, what: &str) {
    show(&format!("  {name:<19} {value}  {what}"));
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
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

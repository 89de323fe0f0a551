//! Speed of the DFA: the oracle, the fast CPU path and the GPU path, traces per second.
//!
//! Place in the flow: `cargo bench --bench dfa`, or `cargo bench --bench dfa -- 4096 1000000` for
//! some lengths. Each figure is the median of nine runs on the same machine, in CPU time where one
//! thread works (twins are run once); the ratios are what travels. `NOISESCOPE_DEVICE=auto|gpu|cpu` chooses the device
//! (default `gpu`). With `NOISESCOPE_PEERS=python` (an interpreter with numpy and crosci, see
//! `benches/peers.py`) crosci measures the same traces in the same run.
//!
//! Beside them the growth with the length of a trace, per sample, on the CPU and on the device:
//! 10^7 and 10^8 samples only where they are named as arguments (`-- 500 4096 10000000`), for they
//! take minutes on a small machine, and 10^8 more memory than its device may have.
//!
//! The last table is stage by stage: device, twin and CPU over traces × samples × sizes, with the
//! bytes that each has bound and its share of the floor, which is moving those bytes once at the
//! speed of a copy on the device in the same run. `NOISESCOPE_BENCH_JSON=FILE` writes it as JSON.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use noisescope::analysis::dfa::chain::{measure_batch, measure_separately, rows_on};
use noisescope::analysis::dfa::params::{ExponentRecord, Mark, Seen, Shape, SizeRecord, Weight};
use noisescope::analysis::dfa::summary::Trend;
use noisescope::analysis::dfa::{
    Convention, DfaPlan, Path, Settings, across, block, crown, detrend, exponent, fluctuation,
    fused, oracle, profile, tiles,
};
use noisescope::experiments::throughput::{StageSeconds, by_stage, copy_bandwidth};
use noisescope::gpu::count::Launch;
use noisescope::gpu::engine::Lap;
use noisescope::gpu::stage::{Bound, Stage};
use noisescope::gpu::{Choice, Engine, device};
use noisescope::signal::{Traces, noise};
use serde::Serialize;

/// Steps and rows of each case: about the same number of samples.
const CASES: &[(usize, usize)] = &[(500, 2048), (4096, 256), (65_536, 16), (1_000_000, 1)];

/// The same where only the growth with the length is measured, and only where they are asked for.
const LONG: &[(usize, usize)] = &[(10_000_000, 1), (100_000_000, 1)];

/// Runs of the stages on the device.
const RUNS: usize = 5;

/// The lengths given as arguments.
fn wanted() -> Vec<usize> {
    std::env::args().filter_map(|word| word.parse().ok()).collect()
}

/// All, or those whose steps were given as arguments.
fn cases() -> Vec<(usize, usize)> {
    let wanted = wanted();
    let chosen = |case: &&(usize, usize)| wanted.is_empty() || wanted.contains(&case.0);
    CASES.iter().filter(chosen).copied().collect()
}

fn main() {
    let name = std::env::var("NOISESCOPE_DEVICE").unwrap_or_else(|_| "gpu".into());
    let choice: Choice = name.parse().expect("NOISESCOPE_DEVICE is auto, gpu or cpu");
    let gpu = match device::open(choice) {
        Ok(opened) => {
            println!("{}", opened.reason);
            opened.gpu.map(|gpu| Path::Gpu(Arc::new(Engine::new(gpu))))
        }
        Err(error) => {
            println!("no device: {error:?}");
            None
        }
    };
    println!("seconds per trace, 20 log-spaced windows 8..N/4, one after the other");
    println!("{} threads on the CPU", rayon::current_num_threads());
    for (steps, rows) in cases() {
        let traces = pink(steps, rows);
        let plan = plan(steps, &windows(steps, 20), 1);
        let few = rows.min(8);
        let by_oracle = thread_seconds(|| {
            for row in 0..few {
                black_box(oracle::fluctuations(traces.row(row), &plan));
            }
        }) / few as f64;
        report(steps, rows, "oracle, one thread", by_oracle, by_oracle);
        let alone = one_thread(|| thread_seconds(|| run(&Path::Cpu, &traces, &plan))) / rows as f64;
        report(steps, rows, "fast, one thread", alone, by_oracle);
        let fast = seconds(|| run(&Path::Cpu, &traces, &plan)) / rows as f64;
        report(steps, rows, "fast, all threads", fast, by_oracle);
        if let Some(gpu) = gpu.as_ref().filter(|gpu| takes(gpu, &plan)) {
            let device = seconds(|| run(gpu, &traces, &plan)) / rows as f64;
            report(steps, rows, "device", device, by_oracle);
        }
        if let Some(peer) = peer(&traces, &plan) {
            report(steps, rows, "crosci, one thread", peer, by_oracle);
            println!("            fast, one thread, takes 1/{:.1} of crosci's time", peer / alone);
        }
    }
    by_length(gpu.as_ref());
    growth();
    if let Some(gpu) = &gpu {
        growth_on(gpu);
    }
    stage_by_stage(gpu.as_ref());
}

/// Whether the device measures with `plan`, and not the CPU in its place.
fn takes(path: &Path, plan: &DfaPlan) -> bool {
    let Path::Gpu(engine) = path else { return false };
    let refused = rows_on(engine.gpu(), plan).err();
    if let Some(error) = &refused {
        println!("not on the device: {error}");
    }
    refused.is_none()
}

/// One line of the table of stages.
#[derive(Serialize)]
struct Row {
    traces: usize,
    samples: usize,
    sizes: usize,
    /// `"device"`, `"twin"` (one thread) or `"cpu"` (all threads).
    path: &'static str,
    /// A stage, or `"DFA"` for all of it, from and to host memory.
    what: &'static str,
    /// `"device"` (timestamp queries) or `"host"`.
    clock: &'static str,
    seconds: f64,
    /// What is bound for the stage ([`bytes`], [`through`]); of the DFA, the traces.
    bytes: usize,
    /// On the device, time of moving `bytes` at the speed of a copy, over `seconds`.
    share_of_floor: Option<f64>,
}

/// The whole table, as JSON has it.
#[derive(Serialize)]
struct Table {
    adapter: Option<String>,
    threads: usize,
    copy_bytes_per_second: Option<f64>,
    rows: Vec<Row>,
}

fn stage_by_stage(path: Option<&Path>) {
    let engine = path.and_then(|path| match path {
        Path::Gpu(engine) => Some(engine),
        Path::Cpu => None,
    });
    let copy = engine.map(|engine| {
        let buffer = engine.empty("traces", 64 << 20).expect("64 MiB");
        copy_bandwidth(engine, &buffer).expect("copied")
    });
    let mut rows: Vec<Row> = Vec::new();
    for (steps, count) in cases() {
        let traces = pink(steps, count);
        for sizes in [20, 80] {
            let plan = plan(steps, &windows(steps, sizes), 1);
            let mut buffers = buffers(&traces, &plan);
            let all = size_of_val(traces.values());
            let mut add = |path, what: &'static str, clock, seconds: f64, bytes: usize| {
                let share_of_floor =
                    copy.filter(|_| path == "device").map(|copy| bytes as f64 / copy / seconds);
                let (traces, sizes) = (count, plan.sizes().len());
                let samples = steps;
                rows.push(Row {
                    traces,
                    samples,
                    sizes,
                    path,
                    what,
                    clock,
                    seconds,
                    bytes,
                    share_of_floor,
                });
            };
            for stage in STAGES {
                buffers.insert("shape", words(&shape(*stage, count, &plan)));
                let start = Instant::now();
                twin(*stage, &mut buffers);
                let bytes = bytes(*stage, &buffers);
                add("twin", stage.name(), "host", start.elapsed().as_secs_f64(), bytes);
            }
            add("cpu", "DFA", "host", seconds(|| run(&Path::Cpu, &traces, &plan)), all);
            let (Some(path), Some(engine)) = (path, engine) else { continue };
            if !takes(path, &plan) {
                continue;
            }
            add("device", "DFA", "host", seconds(|| run(path, &traces, &plan)), all);
            let timing = Engine::timing(engine.gpu().clone());
            for measure in [measure_batch, measure_separately] {
                let run = || measure(&timing, traces.values(), &plan);
                if let Err(error) = run() {
                    println!("not on the device: {error}");
                    continue;
                }
                timing.laps().expect("read");
                timing.counted();
                let runs: Option<Vec<Vec<Lap>>> = (0..RUNS)
                    .map(|_| {
                        run().expect("measured as before");
                        timing.laps().expect("read")
                    })
                    .collect();
                let launches = timing.counted().launches;
                for StageSeconds { stage, seconds } in by_stage(&runs.unwrap_or_default()) {
                    // A submission that is cut binds the same again.
                    let bound = launches.iter().filter(|launch| launch.stage == stage).map(through);
                    let bytes = bound.max().expect("it was launched");
                    add("device", stage, "device", seconds.median, bytes);
                }
            }
        }
    }
    println!(
        "stage by stage, twins once, the device's median of {RUNS}; bytes bound (for dfa/across without \
         the traces, of which it reads only the ends of windows); share of moving them once at the \
         speed of a copy"
    );
    for row in &rows {
        let share = row.share_of_floor.map_or("".into(), |share| format!("{:>7.2} %", 1e2 * share));
        println!(
            "N = {:>7}, {:>4} traces, {:>2} sizes  {:<6} {:<16} {:.2e} s ({}'s clock) {:>7.1} MB {share}",
            row.samples,
            row.traces,
            row.sizes,
            row.path,
            row.what,
            row.seconds,
            row.clock,
            row.bytes as f64 * 1e-6
        );
    }
    let adapter = engine.map(|engine| engine.gpu().description.to_string());
    let threads = rayon::current_num_threads();
    let table = Table { adapter, threads, copy_bytes_per_second: copy, rows };
    if let (Some(adapter), Some(copy)) = (&table.adapter, copy) {
        println!("{adapter}: a copy moves {:.1} GB/s, read and written", copy * 1e-9);
    }
    if let Some(file) = std::env::var_os("NOISESCOPE_BENCH_JSON") {
        let text = serde_json::to_string_pretty(&table).expect("JSON");
        std::fs::write(&file, text).expect("NOISESCOPE_BENCH_JSON is a file that can be written");
        println!("written to {}", file.display());
    }
}

/// The stages of order 1, in the order in which each finds what those before it wrote.
const STAGES: &[&dyn Stage] = &[
    &profile::Profile,
    &detrend::Detrend(Trend::Line),
    &fluctuation::Fluctuation,
    &exponent::Exponent,
    &fused::Fused::small(Trend::Line),
    &tiles::Tiles(Trend::Line),
    &crown::Crown(Trend::Line),
    &across::Across(Trend::Line),
];

/// The parameters of a stage: those that work on tiles take their number.
fn shape(stage: &dyn Stage, rows: usize, plan: &DfaPlan) -> [Shape; 1] {
    let tiled = stage.bindings().iter().any(|binding| binding.name == "nodes");
    [if tiled { Shape::tiled(rows, plan) } else { Shape::new(rows, plan) }]
}

fn words<T: bytemuck::Pod>(values: &[T]) -> Vec<u32> {
    bytemuck::cast_slice(values).to_vec()
}

/// The buffers of all stages by the names of their bindings, as words.
fn buffers(traces: &Traces, plan: &DfaPlan) -> HashMap<&'static str, Vec<u32>> {
    let (rows, tiles) = (traces.rows(), plan.steps().div_ceil(block::TILE));
    let nodes = tiles * block::TILE_NODES * tiles::record(Trend::Line);
    let empty = |words: usize| vec![0; words];
    HashMap::from([
        ("shape", words(&[Shape::new(rows, plan)])),
        ("sizes", words(&SizeRecord::table(plan))),
        ("weights", words(&Weight::table(plan))),
        ("traces", words(traces.values())),
        ("heads", words(traces.values())),
        ("tails", words(traces.values())),
        ("profile", empty(traces.values().len())),
        ("levels", empty(rows * plan.steps().div_ceil(block::BLOCK))),
        ("marks", empty(rows * Mark::SIZE as usize / 4)),
        ("residuals", empty(2 * rows * plan.windows())),
        ("views", empty(rows * tiles * Seen::SIZE as usize / 4)),
        ("nodes", empty(rows * nodes)),
        ("sums", empty(2 * rows * tiles * plan.sizes().len())),
        ("fluctuations", empty(rows * plan.sizes().len())),
        ("exponents", empty(rows * ExponentRecord::SIZE as usize / 4)),
    ])
}

/// What `dfa/across` has bound of the traces, of which it reads at most 126 samples per window: its
/// bytes are counted without, so that its share of the floor is an estimate from below.
const HARDLY_READ: [&str; 2] = ["heads", "tails"];

/// Bytes that the twin of `stage` has bound and goes through.
fn bytes(stage: &dyn Stage, buffers: &HashMap<&str, Vec<u32>>) -> usize {
    let names = stage.bindings().iter().map(|binding| binding.name);
    names.filter(|name| !HARDLY_READ.contains(name)).map(|name| 4 * buffers[name].len()).sum()
}

/// Bytes that a launch on the device has bound and goes through, as it was submitted.
fn through(launch: &Launch) -> usize {
    let bound = launch.bound.iter().filter(|bound| !HARDLY_READ.contains(&bound.name));
    bound.map(|bound| bound.bytes as usize).sum()
}

/// Runs the twin of `stage` on its buffers.
fn twin(stage: &dyn Stage, buffers: &mut HashMap<&'static str, Vec<u32>>) {
    let names = stage.bindings().iter().map(|binding| binding.name);
    let mut bound: Vec<Vec<u32>> =
        names.clone().map(|name| std::mem::take(buffers.entry(name).or_default())).collect();
    stage.twin(&mut Bound::new(bound.iter_mut().map(Vec::as_mut_slice)));
    buffers.extend(names.zip(bound));
}

/// Time for more window sizes on a device, and by the separate stages alone.
fn growth_on(path: &Path) {
    let Path::Gpu(engine) = path else { return };
    println!(
        "device, 20, 40, 80 sizes, from one read; 20 sizes by separate stages: microseconds per trace"
    );
    for (steps, rows) in cases() {
        if !takes(path, &plan(steps, &windows(steps, 20), 1)) {
            continue;
        }
        let traces = pink(steps, rows);
        let time = |count, work: &dyn Fn(&DfaPlan)| {
            let plan = plan(steps, &windows(steps, count), 1);
            1e6 * seconds(|| work(&plan)) / rows as f64
        };
        let fused = [20, 40, 80].map(|count| time(count, &|plan| run(path, &traces, plan)));
        print!("N = {steps:>7}  sizes {:.0} {:.0} {:.0}", fused[0], fused[1], fused[2]);
        let separately = |plan: &DfaPlan| measure_separately(engine, traces.values(), plan);
        match separately(&plan(steps, &windows(steps, 20), 1)) {
            Ok(_) => {
                let separate = time(20, &|plan| drop(black_box(separately(plan))));
                println!("  separate {separate:.0}");
            }
            Err(error) => println!("  not separately: {error}"),
        }
    }
}

/// Time per sample for longer traces, from and to host memory: the same at every length if the work is
/// linear in the samples. Long ones once, without a warm-up.
fn by_length(path: Option<&Path>) {
    println!("20 sizes, nanoseconds per sample: CPU, all threads; device; both from host memory");
    let wanted = wanted();
    let long = LONG.iter().filter(|case| wanted.contains(&case.0));
    for &(steps, rows) in cases().iter().chain(long) {
        let (traces, plan) = (pink(steps, rows), plan(steps, &windows(steps, 20), 1));
        let time = |path: &Path| {
            let work = || run(path, &traces, &plan);
            let seconds = if LONG.contains(&(steps, rows)) { once(work) } else { seconds(work) };
            1e9 * seconds / (steps * rows) as f64
        };
        print!("N = {steps:>9}, {rows:>4} traces  CPU {:>7.2}", time(&Path::Cpu));
        match path.filter(|path| takes(path, &plan)) {
            Some(path) => println!("  device {:>7.2}", time(path)),
            None => println!(),
        }
    }
}

/// Time for more window sizes and higher orders, one thread.
fn growth() {
    println!("one thread, 20, 40, 80 sizes and order 1, 2, 3: microseconds per trace");
    for (steps, rows) in cases() {
        let traces = pink(steps, rows);
        let time = |count, order| {
            let plan = plan(steps, &windows(steps, count), order);
            let all = one_thread(|| thread_seconds(|| run(&Path::Cpu, &traces, &plan)));
            1e6 * all / rows as f64
        };
        let sizes = [20, 40, 80].map(|count| time(count, 1));
        let orders = [2, 3].map(|order| time(20, order));
        println!(
            "N = {steps:>7}  sizes {:.1} {:.1} {:.1}  orders 2, 3 {:.1} {:.1}",
            sizes[0], sizes[1], sizes[2], orders[0], orders[1]
        );
    }
}

fn pink(steps: usize, rows: usize) -> Traces {
    let values = (0..rows as u64).flat_map(|row| noise::pink(steps, 1, row)).collect();
    Traces::new(values, steps).expect("whole traces")
}

fn plan(steps: usize, windows: &[usize], order: usize) -> DfaPlan {
    let windows = windows.to_vec();
    let settings = Settings { windows, order, convention: Convention::Forward };
    DfaPlan::new(steps, &settings).expect("the windows fit")
}

/// Panics where a device fails and the CPU would measure in its place: that would be another time.
fn run(path: &Path, traces: &Traces, plan: &DfaPlan) {
    let measured = black_box(path.measure(traces, plan).expect("measured"));
    assert!(measured.notes.is_empty(), "{:?}", measured.notes);
}

fn one_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    one.install(work)
}

/// Seconds per trace of crosci, where an interpreter was named.
fn peer(traces: &Traces, plan: &DfaPlan) -> Option<f64> {
    let python = std::env::var_os("NOISESCOPE_PEERS")?;
    let sizes: Vec<String> = plan.sizes().iter().map(|size| size.size.to_string()).collect();
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers.py"))
        .args([traces.steps().to_string(), sizes.join(",")])
        .env("OMP_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("NOISESCOPE_PEERS is a python");
    let samples: Vec<u8> = traces.values().iter().flat_map(|x| x.to_le_bytes()).collect();
    child.stdin.take().expect("piped").write_all(&samples).expect("written");
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn report(steps: usize, rows: usize, name: &str, seconds: f64, oracle: f64) {
    println!(
        "N = {steps:>7}, {rows:>4} traces  {name:<20} {seconds:.2e} s  {:>9.0} traces/s  \
         {:>6.1} x oracle",
        1.0 / seconds,
        oracle / seconds
    );
}

/// Time of one run.
fn once(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// Median of nine runs after one to warm up, of the wall's time.
fn seconds(work: impl FnMut()) -> f64 {
    let start = Instant::now();
    median(work, || start.elapsed().as_secs_f64())
}

/// The same in time of this thread alone, where the system tells (Linux): other work on the machine
/// counts less.
fn thread_seconds(work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let own = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds * 1e-9)
    };
    median(work, || own().unwrap_or_else(|| start.elapsed().as_secs_f64()))
}

fn median(mut work: impl FnMut(), clock: impl Fn() -> f64) -> f64 {
    work();
    // A clock may tick every few milliseconds.
    let once = Instant::now();
    work();
    let repeats = (0.1 / once.elapsed().as_secs_f64()).ceil().max(1.0) as u32;
    let mut times: Vec<f64> = (0..9)
        .map(|_| {
            let start = clock();
            (0..repeats).for_each(|_| work());
            (clock() - start) / f64::from(repeats)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[4]
}

/// `count` sizes from 8 to a quarter of the trace, equal ones once.
fn windows(steps: usize, count: u32) -> Vec<usize> {
    let ratio = (steps as f64 / 32.0).ln() / f64::from(count - 1);
    let mut windows: Vec<usize> =
        (0..count).map(|i| (8.0 * (ratio * f64::from(i)).exp()).round() as usize).collect();
    windows.dedup();
    windows
}

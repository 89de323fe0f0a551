//! Speed of the DFA: the oracle, the fast CPU path and the GPU path, traces per second.
//!
//! Place in the flow: `cargo bench --bench dfa`. Each figure is the median of several runs on the
//! same machine; the ratios are what travels. `NOISESCOPE_DEVICE=auto|gpu|cpu` chooses the device
//! (default `gpu`).

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use noisescope::analysis::dfa::{DfaPlan, Overlap, Path, Settings, oracle};
use noisescope::gpu::{Choice, Engine, device};
use noisescope::signal::{Traces, noise};

/// Steps and rows of each case: about the same number of samples.
const CASES: &[(usize, usize)] = &[(500, 2048), (4096, 256), (65_536, 16), (1_000_000, 1)];

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
    for &(steps, rows) in CASES {
        let pink: Vec<f32> = (0..rows as u64).flat_map(|row| noise::pink(steps, 1, row)).collect();
        let traces = Traces::new(pink, steps).expect("whole traces");
        let settings = Settings { windows: windows(steps), overlap: Overlap::None };
        let plan = DfaPlan::new(steps, &settings).expect("the windows fit");
        let few = rows.min(8);
        let by_oracle = seconds(|| {
            for row in 0..few {
                black_box(oracle::fluctuations(traces.row(row), &plan));
            }
        }) / few as f64;
        report(steps, rows, "oracle, one thread", by_oracle, by_oracle);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
        let run = |path: &Path| {
            black_box(path.measure(&traces, &plan).expect("measured"));
        };
        let alone = seconds(|| one.install(|| run(&Path::Cpu))) / rows as f64;
        report(steps, rows, "fast, one thread", alone, by_oracle);
        let fast = seconds(|| run(&Path::Cpu)) / rows as f64;
        report(steps, rows, "fast, all threads", fast, by_oracle);
        if let Some(gpu) = &gpu {
            report(steps, rows, "device", seconds(|| run(gpu)) / rows as f64, by_oracle);
        }
    }
}

fn report(steps: usize, rows: usize, name: &str, seconds: f64, oracle: f64) {
    println!(
        "N = {steps:>7}, {rows:>4} traces  {name:<20} {seconds:.2e} s  {:>9.0} traces/s  \
         {:>6.1} x oracle",
        1.0 / seconds,
        oracle / seconds
    );
}

/// Median of five runs after one to warm up.
fn seconds(mut work: impl FnMut()) -> f64 {
    work();
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[2]
}

/// 20 sizes from 8 to a quarter of the trace.
fn windows(steps: usize) -> Vec<usize> {
    let ratio = (steps as f64 / 32.0).ln() / 19.0;
    let mut windows: Vec<usize> =
        (0..20).map(|i| (8.0 * (ratio * f64::from(i)).exp()).round() as usize).collect();
    windows.dedup();
    windows
}

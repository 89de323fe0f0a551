//! Speed of the spike statistics, seconds per train.
//!
//! Place in the flow: `cargo bench --bench spikes`. Trains of coins per bin; Fano factors of three
//! windows, CV, CV2 and LV. Each figure is the median of several runs on the same machine. For
//! trains of 2,000 bins elephant's windowed Fano factor takes 2.4e-2 s, numpy's on an array of
//! counts 4.3e-6 s. Then the units of networks, shown pictures: the pass forward beside the
//! statistics of all units, where `--device auto` computes.

use std::hint::black_box;
use std::time::Instant;

use noisescope::analysis::spikes;
use noisescope::datasets::images::{CLASSES, Part};
use noisescope::experiments::machine::Machine;
use noisescope::experiments::spike_trains::{Order, Presentation, Settings, Viewing};
use noisescope::gpu::Choice;
use noisescope::models::images::{Architecture, Classifier};
use noisescope::progress::Silent;
use noisescope::signal::{SpikeTrains, random};
use rand::RngExt;

/// Bins, trains and the chance of a spike per bin.
const CASES: &[(usize, usize, f32)] =
    &[(2000, 4096, 0.02), (2000, 4096, 0.3), (100_000, 64, 0.02), (10_000_000, 1, 0.02)];

fn main() {
    let threads = rayon::current_num_threads();
    println!("seconds per train, Fano of windows 50, 100, 250, CV, CV2, LV");
    for &(bins, rows, p) in CASES {
        let mut generator = random::stream(1, "bench/spikes", 0);
        let counts = (0..rows * bins).map(|_| u32::from(generator.random::<f32>() < p)).collect();
        let trains = SpikeTrains::new(counts, bins).expect("whole trains");
        let run = || {
            black_box(spikes::measure(&trains, &[50, 100, 250]).expect("measured"));
        };
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
        let alone = one.install(|| seconds(run)) / rows as f64;
        let together = seconds(run) / rows as f64;
        println!(
            "N = {bins:>8}, p = {p:4}, {rows:>4} trains  one thread {alone:.2e} s  {threads} \
             threads {together:.2e} s"
        );
    }
    networks();
}

/// Pictures shown to a network.
const PICTURES: usize = 1_280;

/// Seconds of the pass forward and of the statistics, per batch of 128 pictures.
fn networks() {
    let machine = Machine::open(Choice::Auto).expect("a machine");
    println!("seconds per batch of 128 pictures; {}", machine.reason);
    for (architecture, shape) in [
        (Architecture::Mlp, [1, 28, 28]),
        (Architecture::Cnn, [1, 28, 28]),
        (Architecture::Cnn, [3, 32, 32]),
    ] {
        let mut generator = random::stream(1, "bench/pictures", 0);
        let pixels = (0..PICTURES * shape.iter().product::<usize>()).map(|_| generator.random());
        let labels = (0..PICTURES).map(|at| (at % CLASSES) as u8).collect();
        let part = &Part { shape, pixels: pixels.collect(), labels };
        let settings = &Settings::default();
        let network = &Classifier::new(architecture, shape, 1, &machine.device);
        let presentation = &Presentation::new(Order::Shuffled, &part.labels, settings, 1);
        let viewing = Viewing { network, architecture, part, presentation, settings, kept: 0 };
        let mut times: Vec<[f64; 2]> = (0..5)
            .map(|_| viewing.record(&machine, &mut Silent).expect("recorded"))
            .map(|found| [found.seconds.pictures + found.seconds.forward, found.seconds.statistics])
            .collect();
        times.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let [forward, statistics] = times[2].map(|seconds| seconds / (PICTURES / 128) as f64);
        let units: usize = architecture.layers(shape).iter().map(|(_, units)| units).sum();
        println!(
            "{architecture:?} on {shape:?}, {units:>6} units  forward {forward:.2e} s  statistics \
             {statistics:.2e} s  ratio {:.3}",
            statistics / forward
        );
    }
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

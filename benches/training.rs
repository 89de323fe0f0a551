//! Time of training on the CPU backend: the LSTM layer alone, and whole epochs of the published
//! sizes.
//!
//! `cargo bench --bench training`. Wall time, median of the repeats; nothing here passes or fails.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor, TensorData};
use noisescope::datasets;
use noisescope::models::checkpoint::Metadata;
use noisescope::models::lstm::Lstm;
use noisescope::models::sentiment::{Readout, Reviewing, Sentiment, Settings as Model};
use noisescope::models::training::{Keeping, Settings, train};
use noisescope::progress::Silent;

/// As in the program, see Cargo.toml.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 128;
const STEPS: usize = 500;
const INPUTS: usize = 32;

fn main() {
    let device = Device::flex();
    for hidden in [60, 256] {
        layer(hidden, &device.clone().autodiff());
        epoch(hidden, &device.clone().autodiff());
    }
}

/// Forward and backward of the layer, batch 128, 500 steps, 32 inputs.
fn layer(hidden: usize, device: &Device) {
    let lstm = Lstm::new(INPUTS, hidden, 1, device);
    let values: Vec<f32> = (0..BATCH * STEPS * INPUTS).map(|i| (i % 97) as f32 * 1e-3).collect();
    let x = Tensor::<3>::from_data(TensorData::new(values, [BATCH, STEPS, INPUTS]), device);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        let start = Instant::now();
        let output = lstm.forward(x.clone().require_grad());
        let loss = output.slice_dim(1, STEPS - 1..STEPS).powi_scalar(2).sum();
        times[0].push(start.elapsed());
        let start = Instant::now();
        let gradients = loss.backward();
        std::hint::black_box(lstm.recurrent.grad(&gradients).expect("tracked").to_data());
        times[1].push(start.elapsed());
    }
    let [forward, backward] = times.map(median);
    println!("hidden {hidden:>3}: layer forward {forward:.0?}, backward {backward:.0?}");
}

/// Steps of the published training from the first one on: reviews padded to 500, validation left
/// out.
fn epoch(hidden: usize, device: &Device) {
    let batches = 5;
    let reviews = datasets::Settings { reviews: Some(BATCH * batches + 1), ..Default::default() };
    let corpus = datasets::load(&reviews, 1).expect("built in");
    let training: Vec<usize> = (0..BATCH * batches).collect();
    let settings = Settings { epochs: 3, batch: BATCH, steps: STEPS, ..Settings::default() };
    let lesson = Reviewing {
        corpus: &corpus,
        training: &training,
        validation: &[BATCH * batches],
        settings: &settings,
        readout: Readout::AfterPadding,
        seed: 1,
        rows_at_once: usize::MAX,
    };
    let model = Model { hidden, ..Model::default() };
    let network = Sentiment::new(&model, corpus.vocabulary, 1, device);
    let folder = std::env::temp_dir().join(format!("noisescope-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let origin = Metadata::new();
    let keeping = Keeping { folder: &folder, resume: false, origin: &origin };
    let trained = train(&lesson, network, &settings, keeping, device, &mut Silent);
    std::fs::remove_dir_all(&folder).expect("removed");
    for epoch in trained.expect("trained").history {
        let step = Duration::from_secs_f64(epoch.seconds / batches as f64);
        println!("hidden {hidden:>3}: epoch {}, {step:.0?} per training step", epoch.epoch);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

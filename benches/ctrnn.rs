//! Speed of noisy recurrent networks: many realisations simulated, and a training step.
//!
//! `cargo bench --bench ctrnn`: a network of 64 ReLU units, 1,024 rows of 200 steps, the outputs of
//! all steps kept, on the CPU and on a GPU (a software adapter where there is none; then that is
//! what it says), in steps of a row per second; then a training step, forward and backward without
//! an optimiser, of 64 rows of 60 steps, as one operation of Burn's and step by step in Burn's own
//! tensors. With `NOISESCOPE_PEERS=python` (an interpreter with torch, see `benches/ctrnn.py`)
//! PyTorch has its turns between ours, so that all meet the same machine. Wall time; nothing here
//! passes or fails.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor, TensorData};
use noisescope::analysis::noise::{Nonlinearity, Site};
use noisescope::datasets::tasks::Form;
use noisescope::gpu::{Choice, Engine, device};
use noisescope::models::ctrnn::advance::Row;
use noisescope::models::ctrnn::{Ctrnn, Dynamics, Ensemble, Sequence, Weights, initial, stepwise};
use noisescope::signal::philox::Philox;

/// As in the program, see Cargo.toml.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 3] = [2, 64, 2];
const ROWS: usize = 1024;
const STEPS: usize = 200;
const BATCH: usize = 64;
const LENGTH: usize = 60;
const RATE: f32 = 0.1;
const LEVEL: f32 = 0.5;
/// Turns of everyone, one after the other.
const TURNS: usize = 7;

fn main() {
    let dynamics = Dynamics { nonlinearity: Nonlinearity::Relu, site: Site::Inside, rate: RATE };
    let weights = initial(&Form::Recurrent, dynamics, SIZES, 1);
    // On a machine that others use, too, one thread may be the faster.
    let all = std::thread::available_parallelism().expect("known").get();
    let mut peers = [1, all].map(PyTorch::start);
    simulation(&weights, &mut peers);
    training(&weights, &mut peers);
    peers.into_iter().flatten().for_each(PyTorch::end);
}

/// Numbers from 0 to 1.
fn scattered(count: usize) -> Vec<f32> {
    (0..count).map(|at| (at * 7919 % 101) as f32 / 100.0).collect()
}

fn simulation(weights: &Weights, peers: &mut [Option<PyTorch>; 2]) {
    let drives = scattered(STEPS * SIZES[0]);
    let ensemble = Ensemble {
        weights,
        drives: &drives,
        steps: STEPS,
        levels: &[LEVEL],
        realisations: ROWS,
        noise: Philox::named(1, "bench"),
        index: 0,
        outputs_from: 0,
        sampled: None,
    };
    let opened = device::open(Choice::Gpu).map(|opened| opened.gpu).ok().flatten();
    let engine = opened.as_ref().map(|gpu| Arc::new(Engine::new(gpu.clone())));
    let run = |engine: Option<&Arc<Engine>>| {
        let begun = Instant::now();
        black_box(ensemble.run(engine).expect("simulated"));
        begun.elapsed()
    };
    let mut times = [const { Vec::new() }; 4];
    // The first turn compiles and warms caches.
    for turn in 0..=TURNS {
        let [alone, together] = turns(peers, "simulate");
        let device = engine.as_ref().map(|engine| run(Some(engine)));
        let found = [Some(run(None)), alone, together, device];
        for (times, found) in times.iter_mut().zip(found).filter(|_| turn > 0) {
            times.extend(found);
        }
    }
    println!("{ROWS} rows of {STEPS} steps, {} units: row-steps per second", SIZES[1]);
    let [cpu, alone, together, device] = &times;
    speed("all cores of the CPU", cpu, cpu);
    speed("PyTorch, one thread", alone, cpu);
    speed("PyTorch, a thread per core", together, cpu);
    let Some(gpu) = opened else { return };
    speed(&gpu.description.to_string(), device, cpu);
    let engine = Arc::new(Engine::timing(gpu));
    ensemble.run(Some(&engine)).expect("simulated");
    if let Ok(Some(laps)) = engine.laps() {
        let on_device: f64 = laps.iter().map(|lap| lap.seconds).sum();
        println!("    {} launches, {on_device:.3} s of the device's own clock", laps.len());
    }
    let [inputs, units, outputs] = SIZES;
    let given = units + units * (inputs + units) + (units + 1) * outputs + STEPS * inputs;
    let kept = ROWS * STEPS * outputs;
    let state = ROWS * units;
    println!(
        "    bytes: {} to the device, {} back, a state of {} that stays there",
        4 * given,
        4 * kept,
        4 * state
    );
}

/// One line: how fast, and by how much faster than the first.
fn speed(who: &str, times: &[Duration], first: &[Duration]) {
    if times.is_empty() {
        return;
    }
    let [time, first] = [times, first].map(|times| median(times).as_secs_f64());
    let per_second = (ROWS * STEPS) as f64 / time;
    println!("  {who}: {per_second:.3e} ({:.1} ms; {:.2} x the CPU's)", time * 1e3, first / time);
}

fn training(weights: &Weights, peers: &mut [Option<PyTorch>; 2]) {
    let device = Device::flex().autodiff();
    let rows = (0..BATCH as u32).map(|row| Row { drive: row, draw: row, level: LEVEL });
    let sequence = Sequence {
        dynamics: weights.dynamics,
        rows: rows.collect(),
        drive: scattered(BATCH * LENGTH * SIZES[0]).into(),
        steps: LENGTH,
        noise: Philox::named(1, "bench"),
        index: 0,
    };
    let matrix = |values: &[f32], columns: usize| {
        let data = TensorData::new(values.to_vec(), [values.len() / columns, columns]);
        Tensor::<2>::from_data(data, &device)
    };
    let [_, units, outputs] = SIZES;
    let targets = matrix(&scattered(BATCH * LENGTH * outputs), outputs);
    let readout = matrix(&weights.readout, outputs);
    let network = Ctrnn::new(weights, &Form::Recurrent, &device);
    let by_operation = || {
        let z = network.forward(&Form::Recurrent, sequence.clone());
        loss(z.reshape([BATCH * LENGTH, outputs]), &targets)
    };
    // The same network written out: only the recurrence differs.
    let [input, recurrent] = [&weights.input, &weights.recurrent].map(|w| matrix(w, units));
    let bias = Tensor::<1>::from_data(TensorData::new(weights.bias.clone(), [units]), &device);
    let one_by_one = || {
        let [input, recurrent, readout] =
            [&input, &recurrent, &readout].map(|weights| weights.clone().require_grad());
        let hidden = stepwise(bias.clone().require_grad(), input, recurrent, &sequence);
        loss(hidden.reshape([BATCH * LENGTH, units]).matmul(readout), &targets)
    };
    let mut times = [const { Vec::new() }; 4];
    for turn in 0..=TURNS {
        let [alone, together] = turns(peers, "train");
        let ours = Some(seconds_of(by_operation));
        let found = [ours, alone, together, Some(seconds_of(one_by_one))];
        for (times, found) in times.iter_mut().zip(found).filter(|_| turn > 0) {
            times.extend(found);
        }
    }
    println!("a training step, {BATCH} rows of {LENGTH} steps, {units} units");
    let ours = median(&times[0]).as_secs_f64();
    let who = [
        "one operation",
        "PyTorch, one thread",
        "PyTorch, a thread per core",
        "step by step in Burn's tensors",
    ];
    for (who, times) in who.iter().zip(&times).filter(|(_, times)| !times.is_empty()) {
        let time = median(times).as_secs_f64();
        println!("  {who}: {:.1} ms ({:.2} x the operation's)", time * 1e3, time / ours);
    }
}

/// What a pass forward to the loss and the one backward take.
fn seconds_of(loss: impl Fn() -> Tensor<1>) -> Duration {
    let begun = Instant::now();
    black_box(loss().backward());
    begun.elapsed()
}

/// Squared distances from `targets`, as tasks are judged.
fn loss(z: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
    (z - targets.clone()).powi_scalar(2).mean()
}

/// A turn of each, where there is one.
fn turns(peers: &mut [Option<PyTorch>; 2], work: &str) -> [Option<Duration>; 2] {
    peers.each_mut().map(|peer| peer.as_mut().map(|peer| peer.turn(work)))
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

/// `benches/ctrnn.py` at work.
struct PyTorch {
    child: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl PyTorch {
    fn start(threads: usize) -> Option<Self> {
        let [inputs, units, outputs] = SIZES;
        let sizes = [inputs, units, outputs, ROWS, STEPS, BATCH, LENGTH, threads];
        let mut child = Command::new(std::env::var_os("NOISESCOPE_PEERS")?)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ctrnn.py"))
            .args(sizes.map(|size| size.to_string()))
            .args([RATE, LEVEL].map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("NOISESCOPE_PEERS is a python");
        let ask = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped")).lines();
        Some(Self { child, ask, answers })
    }

    fn turn(&mut self, work: &str) -> Duration {
        writeln!(self.ask, "{work}").expect("it listens");
        let line = self.answers.next().expect("it answers").expect("text");
        // Its threads spin for a while before they sleep.
        std::thread::sleep(Duration::from_millis(300));
        Duration::from_secs_f64(line.parse().expect("seconds"))
    }

    fn end(mut self) {
        drop(self.ask);
        self.child.wait().expect("it ends");
    }
}

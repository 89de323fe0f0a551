//! Time of a training step of the classifiers of pictures: 128 pictures, forward, backward, Adam.
//!
//! `cargo bench --bench pictures`, on the CPU; `-- gpu` on a GPU (a software adapter where there is
//! none). With `NOISESCOPE_PEERS=python` (an interpreter with torch, see `benches/pictures.py`)
//! PyTorch does three steps after three of ours, so that both meet the same machine. Wall time;
//! nothing here passes or fails.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use noisescope::datasets::images::{CLASSES, Part};
use noisescope::gpu::Choice;
use noisescope::models::adam::Adam;
use noisescope::models::device::on_gpu;
use noisescope::models::images::{Architecture, Classifier};
use noisescope::models::training::Judged;
use noisescope::signal::random;
use rand::RngExt;

/// As in the program, see Cargo.toml.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 128;
/// Steps in a row before the other side has its turn.
const TURN: usize = 3;
const TURNS: usize = 4;

fn main() {
    let device = if std::env::args().any(|argument| argument == "gpu") {
        let opened = noisescope::gpu::device::open(Choice::Gpu).expect("an adapter");
        println!("{}", opened.reason);
        on_gpu(&opened.gpu.expect("a GPU was asked for")).expect("Burn takes the device")
    } else {
        Device::flex()
    };
    for (architecture, shape) in [
        (Architecture::Mlp, [1, 28, 28]),
        (Architecture::Mlp, [3, 32, 32]),
        (Architecture::Cnn, [1, 28, 28]),
        (Architecture::Cnn, [3, 32, 32]),
    ] {
        steps(architecture, shape, &device.clone().autodiff());
    }
}

fn steps(architecture: Architecture, shape: [usize; 3], device: &Device) {
    let mut peer = PyTorch::start(architecture, shape);
    let mut generator = random::stream(1, "bench/pictures", 0);
    let pixels = (0..BATCH * shape.iter().product::<usize>()).map(|_| generator.random());
    let classes: Vec<usize> = (0..BATCH).map(|at| at * 7 % CLASSES).collect();
    let labels = classes.iter().map(|&class| class as u8).collect();
    let part = &Part { shape, pixels: pixels.collect(), labels };
    let all: Vec<usize> = (0..BATCH).collect();
    let mut network = Classifier::new(architecture, shape, 1, device);
    let mut adam = Adam::new(1e-3);
    let (mut parts, mut theirs) = ([const { Vec::new() }; 5], Vec::new());
    for _ in 0..TURNS {
        for _ in 0..TURN {
            let began = Instant::now();
            let logits = network.logits(network.pictures(part, &all));
            let judged = Judged::of_classes(logits, &classes);
            device.sync().expect("the device works");
            parts[0].push(began.elapsed());
            let then = Instant::now();
            let gradients = judged.loss.backward();
            device.sync().expect("the device works");
            parts[1].push(then.elapsed());
            let then = Instant::now();
            let mut gradients = GradientsParams::from_grads(gradients, &network);
            network = adam.step(network, &mut gradients);
            device.sync().expect("the device works");
            parts[2].push(then.elapsed());
            parts[3].push(began.elapsed());
            let then = Instant::now();
            let resting = network.valid();
            drop(resting.record(resting.pictures(part, &all)));
            device.sync().expect("the device works");
            parts[4].push(then.elapsed());
        }
        theirs.extend(peer.iter_mut().flat_map(|peer| (0..TURN).map(|_| peer.step())));
        if peer.is_some() {
            // Its threads spin for a while before they sleep.
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    let [forward, backward, adam, step, record] = parts.map(|times| milliseconds(&times));
    println!(
        "{architecture:?} on {shape:?}: step {step:.1} ms (forward {forward:.1}, backward \
         {backward:.1}, Adam {adam:.1}); recording {record:.1} ms"
    );
    if let Some(peer) = peer {
        let theirs = milliseconds(&theirs);
        println!("    PyTorch's step {theirs:.1} ms, ours / PyTorch's {:.2}", step / theirs);
        peer.end();
    }
}

/// The median.
fn milliseconds(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// `benches/pictures.py` at work.
struct PyTorch {
    child: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl PyTorch {
    fn start(architecture: Architecture, [channels, height, width]: [usize; 3]) -> Option<Self> {
        let threads = std::thread::available_parallelism().expect("known").get();
        let convolutions = usize::from(architecture == Architecture::Cnn);
        let sizes = [convolutions, channels, height, width, BATCH, threads];
        let mut child = Command::new(std::env::var_os("NOISESCOPE_PEERS")?)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/pictures.py"))
            .args(sizes.map(|size| size.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("NOISESCOPE_PEERS is a python");
        let ask = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut peer = Self { child, ask, answers };
        for _ in 0..TURN {
            peer.step();
        }
        Some(peer)
    }

    fn step(&mut self) -> Duration {
        self.ask.write_all(b"\n").expect("it listens");
        let line = self.answers.next().expect("it answers").expect("text");
        Duration::from_secs_f64(line.parse().expect("seconds"))
    }

    fn end(mut self) {
        drop(self.ask);
        self.child.wait().expect("it ends");
    }
}

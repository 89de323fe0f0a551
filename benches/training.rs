//! Time and memory of training on the CPU backend, at the published sizes: 128 reviews of 500 steps,
//! 32 inputs.
//!
//! `cargo bench --bench training`: the LSTM layer alone, then whole training steps as the program
//! does them, from initial weights on and with reviews of 230 tokens padded to 500. With
//! `NOISESCOPE_PEERS=python` (an interpreter with torch, see `benches/pytorch.py`) PyTorch does
//! three steps after three of ours, so that both meet the same machine. `-- 60` takes one hidden
//! size, `-- gpu` times the layer on a GPU (a software adapter where there is none), `-- memory`
//! trains 2,000 steps at 256 units and says the most memory that the process held. Wall time; nothing here passes or fails.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor, TensorData};
use noisescope::datasets::{Corpus, Review};
use noisescope::gpu::Choice;
use noisescope::models::checkpoint::Metadata;
use noisescope::models::device::on_gpu;
use noisescope::models::lstm::Lstm;
use noisescope::models::sentiment::{Readout, Reviewing, Sentiment, Settings as Model};
use noisescope::models::training::{Keeping, Settings, train};
use noisescope::progress::Observer;

/// As in the program, see Cargo.toml.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 128;
const STEPS: usize = 500;
const INPUTS: usize = 32;
const VOCABULARY: usize = 5000;
/// Steps in a row before the other side has its turn. The first of them pays for the idle time
/// before it, in which the allocator gives its memory back.
const TURN: usize = 3;
/// Tokens of a review before its padding.
const TOKENS: usize = 230;

fn asked(word: &str) -> bool {
    std::env::args().any(|argument| argument == word)
}

/// The hidden sizes that were asked for, else the published one and a large one.
fn chosen() -> Vec<usize> {
    let sizes = [60, 256];
    let chosen: Vec<usize> = sizes.into_iter().filter(|size| asked(&size.to_string())).collect();
    if chosen.is_empty() { sizes.to_vec() } else { chosen }
}

fn main() {
    let device = Device::flex().autodiff();
    if asked("gpu") {
        let opened = noisescope::gpu::device::open(Choice::Gpu).expect("an adapter");
        println!("{}", opened.reason);
        let gpu = on_gpu(&opened.gpu.expect("a GPU was asked for")).expect("Burn takes the device");
        chosen().into_iter().for_each(|hidden| layer(hidden, &gpu.clone().autodiff()));
        return;
    }
    if asked("memory") {
        training(256, 4 * STEPS, 2, &device, &mut Watch::new(None));
        println!("hidden 256, {} steps: at most {:.2} GiB", 4 * STEPS, most_gibibytes());
        return;
    }
    for hidden in chosen() {
        layer(hidden, &device);
        let mut watch = Watch::new(PyTorch::start(hidden));
        training(hidden, STEPS, 4 * TURN, &device, &mut watch);
        watch.report(hidden);
    }
}

/// Forward and backward of the layer.
fn layer(hidden: usize, device: &Device) {
    let lstm = Lstm::new(INPUTS, hidden, 1, device);
    let values: Vec<f32> = (0..BATCH * STEPS * INPUTS).map(|i| (i % 97) as f32 * 1e-3).collect();
    let x = Tensor::<3>::from_data(TensorData::new(values, [BATCH, STEPS, INPUTS]), device);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..7 {
        let start = Instant::now();
        let output = lstm.forward(x.clone().require_grad());
        let loss = output.slice_dim(1, STEPS - 1..STEPS).powi_scalar(2).sum();
        device.sync().expect("the device works");
        times[0].push(start.elapsed());
        let start = Instant::now();
        let gradients = loss.backward();
        std::hint::black_box(lstm.recurrent.grad(&gradients).expect("tracked"));
        device.sync().expect("the device works");
        times[1].push(start.elapsed());
    }
    let [forward, backward] = times.map(|times| spread(&times));
    println!("hidden {hidden:>3}: layer forward {forward}, backward {backward}");
}

/// `batches` steps of the published training from initial weights on, without dropout.
fn training(hidden: usize, steps: usize, batches: usize, device: &Device, watch: &mut Watch) {
    let token = |at: usize| (1 + at * 7919 % (VOCABULARY - 1)) as u16;
    let review = |at: usize| Review {
        tokens: (at * TOKENS..(at + 1) * TOKENS).map(token).collect(),
        label: at.is_multiple_of(2),
        place: at,
    };
    let reviews = (0..=BATCH * batches).map(review).collect();
    let source = "made up".to_owned();
    let corpus = Corpus { source, synthetic: true, vocabulary: VOCABULARY, reviews };
    let training: Vec<usize> = (0..BATCH * batches).collect();
    let settings = Settings { epochs: 1, batch: BATCH, steps, dropout: 0.0, ..Settings::default() };
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
    let trained = train(&lesson, network, &settings, keeping, device, watch);
    std::fs::remove_dir_all(&folder).expect("removed");
    trained.expect("trained");
}

/// Times each step, and gives PyTorch its turns.
struct Watch {
    since: Instant,
    ours: Vec<Duration>,
    peer: Option<PyTorch>,
    theirs: Vec<Duration>,
}

impl Watch {
    fn new(peer: Option<PyTorch>) -> Self {
        Self { since: Instant::now(), ours: Vec::new(), peer, theirs: Vec::new() }
    }

    fn report(self, hidden: usize) {
        println!("hidden {hidden:>3}: training step {}", spread(&self.ours));
        println!("            one by one {}", milliseconds(&self.ours));
        if let Some(peer) = self.peer {
            let [ours, theirs] = [&self.ours, &self.theirs].map(|times| median(times));
            println!("            PyTorch's {}", spread(&self.theirs));
            println!("            one by one {}", milliseconds(&self.theirs));
            println!("            ours / PyTorch's {:.2}", ours.div_duration_f64(theirs));
            peer.end();
        }
    }
}

impl Observer for Watch {
    fn begin(&mut self, _: &str, _: u64) {
        self.since = Instant::now();
    }
    fn advance(&mut self, _: u64, _: &str) {
        self.ours.push(self.since.elapsed());
        if let Some(peer) = self.peer.as_mut().filter(|_| self.ours.len().is_multiple_of(TURN)) {
            self.theirs.extend((0..TURN).map(|_| peer.step()));
            // Its threads spin for a while before they sleep.
            std::thread::sleep(Duration::from_millis(300));
        }
        self.since = Instant::now();
    }
    fn finish(&mut self, _: &str) {}
    fn note(&mut self, _: &str) {}
    fn stopping(&self) -> bool {
        false
    }
}

/// `benches/pytorch.py` at work.
struct PyTorch {
    child: Child,
    ask: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl PyTorch {
    fn start(hidden: usize) -> Option<Self> {
        let threads = std::thread::available_parallelism().expect("known").get();
        let sizes = [VOCABULARY, INPUTS, hidden, STEPS, BATCH, TOKENS, threads];
        let mut child = Command::new(std::env::var_os("NOISESCOPE_PEERS")?)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/pytorch.py"))
            .args(sizes.map(|size| size.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("NOISESCOPE_PEERS is a python");
        let ask = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut peer = Self { child, ask, answers };
        // Until what it loads late is loaded and its memory is its own.
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

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

fn spread(times: &[Duration]) -> String {
    let least = times.iter().min().expect("some");
    format!("median {}, least {}", milliseconds(&[median(times)]), milliseconds(&[*least]))
}

fn milliseconds(times: &[Duration]) -> String {
    let each = times.iter().map(|time| format!("{:.0}", time.as_secs_f64() * 1e3));
    each.collect::<Vec<_>>().join(" ") + " ms"
}

/// The most memory that the process has held, where the system says (Linux).
fn most_gibibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |kibibytes| kibibytes / f64::from(1 << 20))
}

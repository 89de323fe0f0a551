//! The machine an experiment runs on: one device for the network, one path for the measures, one
//! name for both.

use std::sync::Arc;

use burn::tensor::Device;

use super::outcome;
use crate::analysis::dfa;
use crate::error::{Error, Result};
use crate::gpu::device::{self, Choice};
use crate::gpu::engine::Engine;
use crate::models;

/// An opened machine.
pub struct Machine {
    /// Where tensors live, without autodiff.
    pub device: Device,
    /// How traces are measured.
    pub path: dfa::Path,
    /// What the report says of it.
    pub record: outcome::Device,
    /// What was taken and why, in one line.
    pub reason: String,
    /// Whether recorded states go through host memory though they could be measured on the device
    /// where they lie. Never so unless set: for the test that both give the same bits.
    pub through_host: bool,
    /// The largest storage binding of the device, bytes.
    largest_binding: u64,
}

impl Machine {
    /// Opens what `choice` asks for: `auto` takes a hardware GPU or else the CPU.
    ///
    /// # Errors
    /// A GPU was asked for and there is none, or it cannot be opened.
    pub fn open(choice: Choice) -> Result<Self> {
        let device::Opened { gpu, reason } = device::open(choice)?;
        let Some(gpu) = gpu else {
            let record = outcome::Device {
                name: processor(),
                backend: "cpu".to_owned(),
                kind: "cpu".to_owned(),
                driver: String::new(),
            };
            return Ok(Self {
                device: models::device::cpu(),
                path: dfa::Path::Cpu,
                record,
                reason,
                through_host: false,
                largest_binding: u64::MAX,
            });
        };
        let record = outcome::Device {
            name: gpu.description.name.clone(),
            backend: gpu.description.backend.clone(),
            kind: gpu.description.kind.to_string(),
            driver: gpu.description.driver.clone(),
        };
        let largest_binding = gpu.largest_binding();
        let device = models::device::on_gpu(&gpu)?;
        let path = dfa::Path::Gpu(Arc::new(Engine::new(gpu)));
        Ok(Self { device, path, record, reason, through_host: false, largest_binding })
    }

    /// The engine of the device that networks live on, where that is a GPU.
    pub fn engine(&self) -> Option<&Arc<Engine>> {
        match &self.path {
            dfa::Path::Gpu(engine) => Some(engine),
            dfa::Path::Cpu => None,
        }
    }

    /// Refuses an embedding that the device cannot hold in one binding.
    ///
    /// # Errors
    /// `vocabulary × components` numbers are more than the device binds.
    pub fn check_table(&self, vocabulary: usize, components: usize) -> Result<()> {
        let bytes = 4 * vocabulary as u64 * components as u64;
        if bytes <= self.largest_binding {
            return Ok(());
        }
        let what = format!(
            "expected an embedding of at most {} MiB, found {} MiB ({vocabulary} ids of {components})",
            self.largest_binding >> 20,
            bytes >> 20
        );
        Err(Error::new(what)
            .at("model.embedding")
            .remedy("take fewer components or ids (corpus.vocabulary), or --device cpu"))
    }

    /// Refuses an LSTM of `hidden` units over `steps` steps that a software adapter would not go
    /// through: lavapipe ends the loops of an invocation after [`SOFTWARE_ROUNDS`] rounds in all,
    /// without an error, and what follows is wrong.
    ///
    /// # Errors
    /// It is a software adapter, and the loops are longer.
    pub fn check_loops(&self, steps: usize, hidden: usize) -> Result<()> {
        let software = |engine: &&Arc<Engine>| !engine.gpu().description.kind.is_hardware();
        let rounds = models::lstm::loop_rounds(steps, hidden);
        if rounds <= SOFTWARE_ROUNDS || self.engine().filter(software).is_none() {
            return Ok(());
        }
        let what = format!(
            "expected at most {SOFTWARE_ROUNDS} rounds of an invocation's loops on a software \
             adapter, which ends longer ones without an error; {hidden} units over {steps} steps \
             take {rounds}"
        );
        Err(Error::new(what)
            .at("model.hidden")
            .remedy("compute on the CPU (--device cpu), or take fewer units or steps"))
    }

    /// Reviews of `steps` tokens that an LSTM of `hidden` units over `inputs` components takes in
    /// one call on this machine.
    pub fn rows_at_once(&self, steps: usize, hidden: usize, inputs: usize) -> usize {
        models::lstm::rows_per_call(steps, hidden, inputs, self.largest_binding)
    }
}

/// Rounds of an invocation's loops that every software adapter goes through: Mesa's
/// `LP_MAX_TGSI_LOOP_ITERATIONS`, which all loops share.
const SOFTWARE_ROUNDS: usize = 65_535;

/// The versions of what computes, as Cargo.lock fixes them.
pub fn libraries() -> Vec<(String, String)> {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let version = |name: &str| {
        let entry = format!("\nname = \"{name}\"\nversion = \"");
        let (_, rest) = LOCK.split_once(&entry)?;
        Some((name.to_owned(), rest.split('"').next()?.to_owned()))
    };
    ["burn", "burn-flex", "cubecl", "wgpu", "naga"]
        .iter()
        .filter_map(|name| version(name))
        .collect()
}

/// The processor's name, as Linux gives it, and the threads in use.
fn processor() -> String {
    let threads = rayon::current_num_threads();
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    format!("{model}, {threads} threads")
}

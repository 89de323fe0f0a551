//! Runs stages on a device: pipelines kept, buffers made, results read back.
//!
//! Place in the flow: `analysis` and `models` declare stages and lay out buffers; the engine
//! compiles each stage once per device, dispatches it and gives the numbers back. It checks what it
//! is asked: a refusal of the driver or of wgpu's validation becomes an [`Error`] that names the
//! stage.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};

use bytemuck::Pod;
use serde::Serialize;

use super::caught::caught;
use super::count::{Counted, Launch, Ledger};
use super::device::Gpu;
use super::stage::{Access, Binding, Stage};
use crate::error::{Error, Result};

/// What a pipeline was made for: the place of a stage's texts in memory, of which a stage may have
/// several, and its words of workgroup memory.
type Key = (usize, Option<u32>);

/// A device with the pipelines compiled on it. `Send + Sync`; share it in an `Arc`.
pub struct Engine {
    gpu: Gpu,
    pipelines: Mutex<HashMap<Key, Arc<Pipeline>>>,
    laps: Option<Mutex<Vec<Laps>>>,
    ledger: Ledger,
}

struct Pipeline {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

/// The stages of a submission, and the buffer with the ticks at which each began and ended.
struct Laps {
    stages: Vec<&'static str>,
    ticks: wgpu::Buffer,
}

/// What one stage took on the device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lap {
    /// The stage's name.
    pub stage: &'static str,
    /// Seconds.
    pub seconds: f64,
    /// Seconds between the first submission asked for and the beginning of this stage, by the
    /// device's clock.
    pub began: f64,
}

/// Buffers on their way back to the host: see [`Engine::fetch`].
pub struct Fetched {
    staging: wgpu::Buffer,
    submission: wgpu::SubmissionIndex,
    mapped: Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
}

/// One binding of a dispatch: a buffer, or a part of one.
pub type Part<'a> = wgpu::BufferBinding<'a>;

/// One stage to run: what is bound, the bytes of its parameter block first.
pub struct Dispatch<'a> {
    /// The stage.
    pub stage: &'a dyn Stage,
    /// The bytes that binding 0 holds, for the number of workgroups.
    pub params: &'a [u8],
    /// The bindings in order.
    pub parts: &'a [Part<'a>],
}

impl Engine {
    /// An engine on `gpu`, with nothing compiled yet.
    pub fn new(gpu: Gpu) -> Self {
        Self { gpu, pipelines: Mutex::default(), laps: None, ledger: Ledger::default() }
    }

    /// One that takes the time of every stage by timestamp queries, where the device has them
    /// ([`Engine::laps`]), and counts what it hands over ([`Engine::counted`]). For measuring;
    /// [`Engine::new`] is spared both.
    pub fn timing(gpu: Gpu) -> Self {
        let queries = gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let ledger = Ledger::kept();
        Self { laps: queries.then(Mutex::default), ledger, ..Self::new(gpu) }
    }

    /// The device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// A uniform buffer holding `params`.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn uniform<T: Pod>(&self, label: &str, params: &T) -> Result<wgpu::Buffer> {
        self.filled(label, bytemuck::bytes_of(params), wgpu::BufferUsages::UNIFORM)
    }

    /// A storage buffer holding `values`.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn upload<T: Pod>(&self, label: &str, values: &[T]) -> Result<wgpu::Buffer> {
        self.filled(label, bytemuck::cast_slice(values), wgpu::BufferUsages::STORAGE)
    }

    /// A storage buffer of `bytes` bytes (a multiple of 4), zeroed.
    ///
    /// # Errors
    /// The device has no memory left.
    pub fn empty(&self, label: &str, bytes: u64) -> Result<wgpu::Buffer> {
        self.buffer(label, bytes, wgpu::BufferUsages::STORAGE)
    }

    fn filled(&self, label: &str, bytes: &[u8], usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        let buffer = self.buffer(label, bytes.len() as u64, usage)?;
        self.checked(&format!("fill the buffer `{label}`"), || {
            self.gpu.queue.write_buffer(&buffer, 0, bytes);
        })?;
        self.ledger.uploaded(buffer.size());
        Ok(buffer)
    }

    fn buffer(&self, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        let copies = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        self.checked(&format!("make the buffer `{label}` of {bytes} bytes"), || {
            self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage: usage | copies,
                mapped_at_creation: false,
            })
        })
    }

    /// Submits `dispatches` in order, each seeing what those before it wrote. Does not wait.
    ///
    /// # Errors
    /// A stage does not compile, or the bindings are not what it declares.
    pub fn submit(&self, dispatches: &[Dispatch<'_>]) -> Result<()> {
        let device = &self.gpu.device;
        let mut encoder = self.checked("record", || {
            device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
        })?;
        let queries = self.queries(dispatches.len())?;
        for (number, dispatch) in dispatches.iter().enumerate() {
            let stage = dispatch.stage;
            let pipeline = self.pipeline(stage)?;
            let [x, y, z] = stage.groups(dispatch.params);
            let most = self.gpu.limits.max_compute_workgroups_per_dimension;
            if [x, y, z].iter().any(|&groups| groups > most) {
                return Err(Error::new(format!(
                    "expected at most {most} workgroups per dimension, found {x} x {y} x {z}"
                ))
                .at(stage.name())
                .remedy("cut the work into smaller batches"));
            }
            self.checked(&format!("run {}", stage.name()), || {
                let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some(stage.name()),
                    layout: &pipeline.layout,
                    entries: &entries(dispatch.parts),
                });
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some(stage.name()),
                    timestamp_writes: queries.as_ref().map(|query_set| {
                        let begin = 2 * number as u32;
                        wgpu::ComputePassTimestampWrites {
                            query_set,
                            beginning_of_pass_write_index: Some(begin),
                            end_of_pass_write_index: Some(begin + 1),
                        }
                    }),
                });
                pass.set_pipeline(&pipeline.pipeline);
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups(x, y, z);
            })?;
        }
        let names: Vec<_> = dispatches.iter().map(|dispatch| dispatch.stage.name()).collect();
        let doing = format!("submit {}", names.join(", "));
        if let (Some(laps), Some(queries)) = (&self.laps, queries) {
            let count = 2 * names.len() as u32;
            let usage = wgpu::BufferUsages::QUERY_RESOLVE;
            let ticks = self.buffer("ticks", u64::from(count) * 8, usage)?;
            encoder.resolve_query_set(&queries, 0..count, &ticks, 0);
            let mut laps = laps.lock().unwrap_or_else(PoisonError::into_inner);
            laps.push(Laps { stages: names, ticks });
        }
        self.checked(&doing, || self.gpu.queue.submit([encoder.finish()]))?;
        self.ledger.submitted(dispatches.iter().map(|some| Launch::of(some.stage, some.parts)));
        Ok(())
    }

    /// Room for the times of `stages` stages, on an engine that takes them.
    fn queries(&self, stages: usize) -> Result<Option<wgpu::QuerySet>> {
        if self.laps.is_none() {
            return Ok(None);
        }
        self.checked("make timestamp queries", || {
            Some(self.gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("laps"),
                ty: wgpu::QueryType::Timestamp,
                count: 2 * stages as u32,
            }))
        })
    }

    /// What each stage took that was submitted since this was last asked, in order. None on an
    /// engine or a device that takes no times ([`Engine::timing`]), or whose clock ran backwards.
    /// Waits.
    ///
    /// # Errors
    /// The device was lost or has no memory left.
    pub fn laps(&self) -> Result<Option<Vec<Lap>>> {
        let Some(laps) = &self.laps else { return Ok(None) };
        let laps = std::mem::take(&mut *laps.lock().unwrap_or_else(PoisonError::into_inner));
        let period = f64::from(self.gpu.queue.get_timestamp_period()) * 1e-9;
        let mut all = Vec::new();
        let mut first = None;
        for Laps { stages, ticks } in laps {
            let ticks: Vec<u64> = self.read(&ticks)?;
            for (stage, ticks) in stages.into_iter().zip(ticks.as_chunks::<2>().0) {
                let first = *first.get_or_insert(ticks[0]);
                let Some(taken) = ticks[1].checked_sub(ticks[0]) else { return Ok(None) };
                let began = ticks[0].cast_signed().wrapping_sub(first.cast_signed());
                let [seconds, began] = [taken as f64 * period, began as f64 * period];
                all.push(Lap { stage, seconds, began });
            }
        }
        Ok(Some(all))
    }

    /// What was handed over since this was last asked, by an engine that counts
    /// ([`Engine::timing`]); else nothing.
    pub fn counted(&self) -> Counted {
        self.ledger.take()
    }

    /// Waits for all that was submitted.
    ///
    /// # Errors
    /// The device was lost.
    pub fn wait(&self) -> Result<()> {
        self.poll(wgpu::PollType::wait_indefinitely())
    }

    /// Waits as `until` says: the one place that does.
    fn poll(&self, until: wgpu::PollType) -> Result<()> {
        match caught(|| self.gpu.device.poll(until)) {
            Ok(Ok(_status)) => Ok(()),
            Ok(Err(error)) => Err(self.lost().because(error)),
            Err(panic) => Err(self.lost().because(panic)),
        }
    }

    /// Whether not even a word can be written. wgpu makes no error of a loss, but of what is done
    /// with what a lost device made; and of its callback a device has one, which is Burn's.
    fn is_lost(&self) -> bool {
        let (_, found) = self.scoped(|| {
            let word = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("word"),
                size: 4,
                usage: wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            self.gpu.queue.write_buffer(&word, 0, &[0; 4]);
        });
        found.is_some_and(|error| !matches!(error, wgpu::Error::OutOfMemory { .. }))
    }

    pub(super) fn lost(&self) -> Error {
        Error::new("the device stopped answering")
            .at(&self.gpu.description)
            .remedy("run again with --device cpu, and check the driver's log")
    }

    /// Waits for all that was submitted and reads `buffer` back.
    ///
    /// # Errors
    /// The device was lost or has no memory left.
    pub fn read<T: Pod>(&self, buffer: &wgpu::Buffer) -> Result<Vec<T>> {
        self.read_parts(&[buffer.as_entire_buffer_binding()])
    }

    /// The same of parts of buffers, one after the other.
    ///
    /// # Errors
    /// The device was lost or has no memory left.
    pub fn read_parts<T: Pod>(&self, parts: &[Part<'_>]) -> Result<Vec<T>> {
        // Bytes need not be aligned for T.
        Ok(bytemuck::pod_collect_to_vec(&self.take(self.fetch(parts)?)?))
    }

    /// Begins to read `parts` back as they are after what was submitted before. Does not wait; other
    /// work may be submitted before [`Engine::take`].
    ///
    /// # Errors
    /// The device was lost or has no memory left.
    pub fn fetch(&self, parts: &[Part<'_>]) -> Result<Fetched> {
        let device = &self.gpu.device;
        let bytes = |part: &Part<'_>| {
            part.size.map_or(part.buffer.size() - part.offset, std::num::NonZeroU64::get)
        };
        let (send, mapped) = channel();
        let (staging, submission) = self.checked("read back", || {
            let staging = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("read back"),
                size: parts.iter().map(bytes).sum(),
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            });
            let mut encoder =
                device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut at = 0;
            for part in parts {
                let size = bytes(part);
                encoder.copy_buffer_to_buffer(part.buffer, part.offset, &staging, at, size);
                at += size;
            }
            let submission = self.gpu.queue.submit([encoder.finish()]);
            staging.map_async(wgpu::MapMode::Read, .., move |result| {
                // Whoever no longer waits has no use for it.
                let _ = send.send(result);
            });
            (staging, submission)
        })?;
        self.ledger.fetched(staging.size());
        Ok(Fetched { staging, submission, mapped })
    }

    /// Waits for what was fetched and gives its bytes, part after part. Work submitted later
    /// goes on.
    ///
    /// # Errors
    /// The device was lost.
    pub fn take(&self, fetched: Fetched) -> Result<Vec<u8>> {
        let Fetched { staging, submission, mapped } = fetched;
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: None };
        self.poll(wait)?;
        mapped
            .recv()
            .map_err(|error| self.lost().because(error))?
            .map_err(|error| self.lost().because(error))?;
        let view = staging.get_mapped_range(..).map_err(|error| self.lost().because(error))?;
        Ok(view.to_vec())
    }

    /// The pipeline of `stage`, compiled unless that was done before.
    fn pipeline(&self, stage: &dyn Stage) -> Result<Arc<Pipeline>> {
        // A thread that panicked while compiling has inserted nothing.
        let mut pipelines = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (stage.source().as_ptr().addr(), stage.words());
        if let Some(pipeline) = pipelines.get(&key) {
            return Ok(pipeline.clone());
        }
        let made =
            self.checked(&format!("compile {}", stage.name()), || self.make_pipeline(stage))?;
        let made = Arc::new(made);
        pipelines.insert(key, made.clone());
        Ok(made)
    }

    fn make_pipeline(&self, stage: &dyn Stage) -> Pipeline {
        let device = &self.gpu.device;
        let label = Some(stage.name());
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label,
            source: wgpu::ShaderSource::Wgsl(sized(stage).into()),
        });
        let entries: Vec<_> = stage.bindings().iter().enumerate().map(layout_entry).collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label,
            entries: &entries,
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let lanes = [("LANES", f64::from(stage.lanes()))];
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: if stage.words().is_some() { &[] } else { &lanes },
                ..Default::default()
            },
            cache: None,
        });
        Pipeline { pipeline, layout }
    }

    /// Does `work` and turns what wgpu found wrong with it into an error.
    pub(super) fn checked<T>(&self, doing: &str, work: impl FnOnce() -> T) -> Result<T> {
        let (done, found) = self.scoped(work);
        let place = format!("{}, {doing}", self.gpu.description);
        match found {
            None => Ok(done),
            Some(error @ wgpu::Error::OutOfMemory { .. }) => {
                Err(Error::new("the device has no memory left")
                    .at(place)
                    .remedy("measure fewer traces at a time, or compute with --device cpu")
                    .because(reason(error)))
            }
            Some(_) if self.is_lost() => Err(self.lost()),
            Some(error) => Err(Error::new("the device refused the work")
                .at(place)
                .remedy("this is a defect: please report it; meanwhile --device cpu")
                .because(reason(error))),
        }
    }

    /// Does `work`, and gives what wgpu found wrong with it: memory that is not there first, for
    /// the rest may follow from that.
    fn scoped<T>(&self, work: impl FnOnce() -> T) -> (T, Option<wgpu::Error>) {
        let device = &self.gpu.device;
        // Innermost first out.
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let done = work();
        let memory = pollster::block_on(memory.pop());
        let validation = pollster::block_on(validation.pop());
        let internal = pollster::block_on(internal.pop());
        (done, memory.or(validation).or(internal))
    }
}

/// What wgpu found wrong, without the heading that says it a second time.
fn reason(error: wgpu::Error) -> wgpu::ErrorSource {
    match error {
        wgpu::Error::OutOfMemory { source }
        | wgpu::Error::Validation { source, .. }
        | wgpu::Error::Internal { source, .. } => source,
    }
}

/// The WGSL of a stage: its own file first, so that error lines stay true, then what it shares.
pub fn assemble(stage: &dyn Stage) -> String {
    stage.source().join("\n")
}

/// The same for a device: where two overrides would size arrays both are written into the text, for
/// wgpu 30 refuses such a module ("depends on a type which has not been processed yet").
fn sized(stage: &dyn Stage) -> String {
    let text = assemble(stage);
    let Some(words) = stage.words() else { return text };
    [("WORDS", words), ("LANES", stage.lanes())].into_iter().fold(text, |text, (name, value)| {
        let constant = format!("const {name}: u32 = {value}u;");
        text.replacen(&format!("override {name}: u32;"), &constant, 1)
    })
}

fn layout_entry((index, binding): (usize, &Binding)) -> wgpu::BindGroupLayoutEntry {
    let ty = match binding.access {
        Access::Uniform => wgpu::BufferBindingType::Uniform,
        Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
        Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
    };
    wgpu::BindGroupLayoutEntry {
        binding: index as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}

fn entries<'a>(parts: &[Part<'a>]) -> Vec<wgpu::BindGroupEntry<'a>> {
    let resource = |part: &Part<'a>| wgpu::BindingResource::Buffer(part.clone());
    let entry =
        |(index, part)| wgpu::BindGroupEntry { binding: index as u32, resource: resource(part) };
    parts.iter().enumerate().map(entry).collect()
}

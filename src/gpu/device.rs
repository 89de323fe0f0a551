//! Adapters and the one wgpu device of a run.
//!
//! Place in the flow: a setting or flag gives a [`Choice`], [`open`] takes an adapter and says why
//! in one sentence; our engine runs its stages on the [`Gpu`], and `models/device.rs` hands the
//! same device to Burn.
//!
//! The device is asked for everything that its adapter offers (limits and features), as cubecl asks
//! for it: cubecl reads what it may use off the adapter, not off the device that it is handed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::caught::caught;
use crate::error::{Error, Result};

/// Where to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// A hardware GPU where there is one, else the CPU. Never a software adapter: it is slower than
    /// the CPU path.
    #[default]
    Auto,
    /// A hardware GPU, else a software adapter, else an error.
    Gpu,
    /// The CPU.
    Cpu,
}

impl Choice {
    /// The names, as typed.
    pub const NAMES: [&'static str; 3] = ["auto", "gpu", "cpu"];
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Self::Auto),
            "gpu" => Ok(Self::Gpu),
            "cpu" => Ok(Self::Cpu),
            _ => Err(Error::new(format!("expected a device, found `{name}`"))
                .remedy(format!("choose one of {}", Self::NAMES.join(", ")))),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES[*self as usize])
    }
}

/// What an adapter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A GPU of its own.
    Discrete,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A GPU of the host, seen from a virtual machine; or one whose driver does not say.
    Virtual,
    /// A program that computes on the CPU: lavapipe, SwiftShader, WARP.
    Software,
}

impl Kind {
    /// Whether it is a GPU rather than a program.
    pub fn is_hardware(self) -> bool {
        self != Self::Software
    }

    fn of(info: &wgpu::AdapterInfo) -> Self {
        // Some software adapters call themselves something else than `Cpu`.
        let name = info.name.to_lowercase();
        let software = ["llvmpipe", "swiftshader", "microsoft basic render driver", "softpipe"];
        match info.device_type {
            _ if software.iter().any(|software| name.contains(software)) => Self::Software,
            wgpu::DeviceType::DiscreteGpu => Self::Discrete,
            wgpu::DeviceType::IntegratedGpu => Self::Integrated,
            wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => Self::Virtual,
            wgpu::DeviceType::Cpu => Self::Software,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discrete => "discrete GPU",
            Self::Integrated => "integrated GPU",
            Self::Virtual => "virtual GPU",
            Self::Software => "software adapter",
        })
    }
}

/// An adapter, described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// As its driver names it.
    pub name: String,
    /// `"vulkan"`, `"metal"`, `"dx12"`.
    pub backend: String,
    /// What it is.
    pub kind: Kind,
    /// Driver and its version.
    pub driver: String,
    /// The most bytes that one storage binding may have.
    pub largest_binding: u64,
    /// Invocations per workgroup.
    pub invocations: u32,
    /// Workgroup memory, bytes.
    pub workgroup_memory: u32,
}

impl Description {
    fn of(adapter: &wgpu::Adapter) -> Self {
        let (info, limits) = (adapter.get_info(), adapter.limits());
        Self {
            kind: Kind::of(&info),
            backend: info.backend.to_str().to_owned(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            name: info.name,
            largest_binding: largest_binding(&limits),
            invocations: limits.max_compute_invocations_per_workgroup,
            workgroup_memory: limits.max_compute_workgroup_storage_size,
        }
    }
}

impl fmt::Display for Description {
    /// `NVIDIA H100 (discrete GPU, vulkan)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.kind, self.backend)
    }
}

/// An open device. Cheap to clone: every part is a handle.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// The wgpu instance.
    pub instance: wgpu::Instance,
    /// The adapter taken.
    pub adapter: wgpu::Adapter,
    /// The device.
    pub device: wgpu::Device,
    /// Its only queue.
    pub queue: wgpu::Queue,
    /// The adapter, described.
    pub description: Description,
    /// The adapter as wgpu describes it (its backend is what Burn asks for).
    pub info: wgpu::AdapterInfo,
    /// The limits asked for: all that the adapter has.
    pub limits: wgpu::Limits,
}

impl Gpu {
    /// The most bytes that one storage binding of this device may have.
    pub fn largest_binding(&self) -> u64 {
        largest_binding(&self.limits)
    }
}

/// A binding is part of a buffer, so it is bound by both limits: the one home of that fact.
fn largest_binding(limits: &wgpu::Limits) -> u64 {
    limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
}

/// What a [`Choice`] came to.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The device; none where the CPU computes.
    pub gpu: Option<Gpu>,
    /// What was taken and why, in one sentence without a full stop.
    pub reason: String,
}

/// Every adapter of this machine, hardware first.
pub fn adapters() -> Vec<Description> {
    let instance = instance();
    sorted(&instance).iter().map(|(description, _)| description.clone()).collect()
}

/// Takes an adapter and opens its device.
///
/// # Errors
/// [`Choice::Gpu`] on a machine without any adapter, or with one that its driver does not open.
pub fn open(choice: Choice) -> Result<Opened> {
    if choice == Choice::Cpu {
        return Ok(Opened { gpu: None, reason: "computing on the CPU, as asked".into() });
    }
    let instance = instance();
    let found = sorted(&instance);
    let hardware = found.first().is_some_and(|(description, _)| description.kind.is_hardware());
    let Some((description, adapter)) = found.into_iter().next() else {
        return match choice {
            Choice::Gpu => Err(Error::new("expected a GPU, found no adapter at all").remedy(
                "install the GPU's driver; for a software adapter on Debian or Ubuntu: apt-get \
                 install mesa-vulkan-drivers; or compute with --device cpu",
            )),
            _ => Ok(Opened { gpu: None, reason: "computing on the CPU: no GPU was found".into() }),
        };
    };
    if !hardware && choice == Choice::Auto {
        let reason = format!(
            "computing on the CPU: no GPU was found, only {description}, which is slower (take it \
             with --device gpu)"
        );
        return Ok(Opened { gpu: None, reason });
    }
    let reason = if hardware {
        format!("computing on {description}")
    } else {
        format!("computing on {description}: a GPU was asked for and no hardware was found")
    };
    let gpu = open_device(instance, adapter, description);
    or_the_cpu(choice, gpu.map(|gpu| Opened { gpu: Some(gpu), reason }))
}

/// Who left the choice to us has the CPU where the device does not open.
fn or_the_cpu(choice: Choice, opened: Result<Opened>) -> Result<Opened> {
    opened.or_else(|error| match choice {
        Choice::Auto => Ok(Opened { gpu: None, reason: format!("computing on the CPU: {error}") }),
        _ => Err(error),
    })
}

fn open_device(
    instance: wgpu::Instance,
    adapter: wgpu::Adapter,
    description: Description,
) -> Result<Gpu> {
    let limits = adapter.limits();
    // Experimental features need `unsafe` to ask for and are used by nobody here.
    let features = adapter
        .features()
        .difference(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS)
        .difference(wgpu::Features::all_experimental_mask());
    let asked = wgpu::DeviceDescriptor {
        label: Some("noisescope"),
        required_features: features,
        required_limits: limits.clone(),
        experimental_features: wgpu::ExperimentalFeatures::disabled(),
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        trace: wgpu::Trace::Off,
    };
    let refused = || {
        Error::new("the driver did not open the device")
            .at(&description)
            .remedy("check the driver with vulkaninfo, or compute with --device cpu")
    };
    let (device, queue) = caught(|| pollster::block_on(adapter.request_device(&asked)))
        .map_err(|panic| refused().because(panic))?
        .map_err(|error| refused().because(error))?;
    let info = adapter.get_info();
    Ok(Gpu { instance, adapter, device, queue, description, info, limits })
}

fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    wgpu::Instance::new(descriptor)
}

/// Adapters that can compute: discrete, integrated, virtual, software.
fn sorted(instance: &wgpu::Instance) -> Vec<(Description, wgpu::Adapter)> {
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let mut described: Vec<_> = found
        .into_iter()
        .filter(|adapter| {
            let flags = adapter.get_downlevel_capabilities().flags;
            flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
        })
        .map(|adapter| (Description::of(&adapter), adapter))
        .collect();
    described.sort_by_key(|(description, _)| description.kind as u8);
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_and_writes_its_name() {
        for name in Choice::NAMES {
            assert_eq!(name.parse::<Choice>().expect("a name").to_string(), name);
            let json = format!("\"{name}\"");
            let read: Choice = serde_json::from_str(&json).expect("a name");
            assert_eq!(serde_json::to_string(&read).expect("JSON"), json);
        }
        assert!("cuda".parse::<Choice>().expect_err("unknown").remedy_text().is_some());
    }

    #[test]
    fn a_binding_is_no_larger_than_a_buffer() {
        let limits = |binding, buffer| wgpu::Limits {
            max_storage_buffer_binding_size: binding,
            max_buffer_size: buffer,
            ..Default::default()
        };
        assert_eq!(largest_binding(&limits(1 << 31, 1 << 28)), 1 << 28);
        assert_eq!(largest_binding(&limits(1 << 27, 1 << 30)), 1 << 27);
    }

    #[test]
    fn a_device_that_does_not_open_is_an_error_only_where_it_was_asked_for() {
        let refused = |choice| or_the_cpu(choice, Err(Error::new("the driver did not open it")));
        assert!(refused(Choice::Gpu).is_err());
        let opened = refused(Choice::Auto).expect("the CPU");
        assert_eq!(opened.reason, "computing on the CPU: the driver did not open it");
        assert!(opened.gpu.is_none());
    }

    #[test]
    fn the_cpu_needs_no_adapter() {
        let opened = open(Choice::Cpu).expect("the CPU");
        assert!(opened.gpu.is_none() && opened.reason.contains("CPU"));
    }
}

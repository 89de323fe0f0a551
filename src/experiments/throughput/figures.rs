//! What a measurement of speed is said in: seconds with their spread and clock, launches and bytes.
//!
//! Place in the flow: under [`super::measure`].

use serde::Serialize;

use crate::gpu::Gpu;
use crate::gpu::copies::CopyTime;
use crate::gpu::count::{Counted, Launch};

/// Seconds of one thing, from several runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seconds {
    /// Median.
    pub median: f64,
    /// Of the fastest run.
    pub least: f64,
    /// Of the slowest run.
    pub most: f64,
    /// Number of runs.
    pub runs: usize,
    /// `"device"` (timestamp queries) or `"host"`.
    pub clock: &'static str,
}

impl Seconds {
    /// By the device's clock. Panics where there are no runs, as the others do.
    pub fn of_device(runs: Vec<f64>) -> Self {
        Self::of(runs, "device")
    }

    /// By the host's clock.
    pub fn of_host(runs: Vec<f64>) -> Self {
        Self::of(runs, "host")
    }

    /// By the device's clock where every run has such a time, else by the host's.
    pub fn of_copies(runs: &[CopyTime]) -> Self {
        match runs.iter().map(|run| run.device).collect::<Option<Vec<_>>>() {
            Some(runs) => Self::of_device(runs),
            None => Self::of_host(runs.iter().map(|run| run.host).collect()),
        }
    }

    fn of(mut runs: Vec<f64>, clock: &'static str) -> Self {
        runs.sort_by(f64::total_cmp);
        let (half, last) = (runs.len() / 2, runs.len() - 1);
        let median = 0.5 * (runs[half] + runs[last - half]);
        Self { median, least: runs[0], most: runs[last], runs: runs.len(), clock }
    }
}

/// What is read from the adapter and decides how traces are cut. All else is within what every
/// WebGPU device promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// The most bytes of one storage binding.
    pub largest_binding: u64,
    /// The most bytes of one buffer.
    pub largest_buffer: u64,
    /// Workgroup memory, bytes.
    pub workgroup_memory: u32,
    /// Invocations per workgroup.
    pub invocations: u32,
    /// Workgroups along one dimension of the grid.
    pub groups: u32,
}

impl Limits {
    /// Of the device of `gpu`.
    pub fn of(gpu: &Gpu) -> Self {
        Self {
            largest_binding: gpu.largest_binding(),
            largest_buffer: gpu.limits.max_buffer_size,
            workgroup_memory: gpu.limits.max_compute_workgroup_storage_size,
            invocations: gpu.limits.max_compute_invocations_per_workgroup,
            groups: gpu.limits.max_compute_workgroups_per_dimension,
        }
    }
}

/// What was handed to the device for one batch, counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Batch {
    /// Traces.
    pub traces: usize,
    /// Submissions of stages.
    pub submissions: usize,
    /// The stages in order.
    pub launches: Vec<LaunchBytes>,
    /// Bytes of traces that stages are given to read, per sample: 4 where the traces are bound once.
    pub trace_bytes_per_sample: f64,
    /// Bytes from the host, tables and parameters among them.
    pub uploaded: u64,
    /// Bytes to the host.
    pub fetched: u64,
}

/// One launch: the bytes that are bound. A stage touches no more than these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LaunchBytes {
    /// The stage's name.
    pub stage: &'static str,
    /// Bound for reading alone.
    pub read: u64,
    /// Bound for writing.
    pub written: u64,
}

impl Batch {
    /// Of `counted`, which was all of one batch of `traces` traces of `samples` samples.
    pub fn of(counted: &Counted, traces: usize, samples: usize) -> Self {
        let launches = counted.launches.iter().map(|launch| LaunchBytes {
            stage: launch.stage,
            read: launch.read(),
            written: launch.written(),
        });
        let of_traces =
            |launch: &Launch| ["traces", "heads", "tails"].map(|name| launch.bytes(name));
        let read: u64 = counted.launches.iter().flat_map(of_traces).sum();
        Self {
            traces,
            submissions: counted.submissions,
            launches: launches.collect(),
            trace_bytes_per_sample: read as f64 / (traces * samples) as f64,
            uploaded: counted.uploaded,
            fetched: counted.fetched,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_median_and_its_ends() {
        let odd = Seconds::of_device(vec![3.0, 1.0, 8.0]);
        assert_eq!((odd.least, odd.median, odd.most, odd.runs), (1.0, 3.0, 8.0, 3));
        assert_eq!(Seconds::of_host(vec![4.0, 1.0, 2.0, 8.0]).median, 3.0);
    }

    #[test]
    fn one_copy_without_the_devices_clock_leaves_the_hosts() {
        let timed = CopyTime { device: Some(1.0), host: 2.0 };
        let untimed = CopyTime { device: None, host: 4.0 };
        let both = Seconds::of_copies(&[timed, timed]);
        assert_eq!((both.median, both.clock), (1.0, "device"));
        let one = Seconds::of_copies(&[timed, untimed]);
        assert_eq!((one.median, one.clock), (3.0, "host"));
    }
}

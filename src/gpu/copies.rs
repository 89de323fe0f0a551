//! Copies between buffers, timed: within the device, from the host's staging and back to it.
//!
//! Place in the flow: for measuring speed (`experiments/throughput.rs`). The engine's own way of
//! filling a buffer hides its copy in the submission that follows; here staging is explicit, so that
//! what the host does and what the device does have a time each.

use std::sync::mpsc::channel;
use std::time::Instant;

use super::Engine;
use crate::error::Result;

/// Seconds of one copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CopyTime {
    /// By the device's clock (timestamp queries around the copies); none where it has no such clock
    /// for copies, or that ran backwards.
    pub device: Option<f64>,
    /// By the host's clock, from submission until the device is done.
    pub host: f64,
}

impl Engine {
    /// A buffer in the host's memory that holds `bytes` (a multiple of 4) for a copy to the device.
    ///
    /// # Errors
    /// There is no memory left.
    pub fn stage(&self, bytes: &[u8]) -> Result<wgpu::Buffer> {
        let usage = wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC;
        let staging = self.bare("staging", bytes.len() as u64, usage, true)?;
        let view = staging.get_mapped_range_mut(..);
        view.map_err(|error| self.lost().because(error))?.copy_from_slice(bytes);
        staging.unmap();
        Ok(staging)
    }

    /// A buffer of `bytes` bytes in the host's memory for a copy from the device.
    ///
    /// # Errors
    /// There is no memory left.
    pub fn landing(&self, bytes: u64) -> Result<wgpu::Buffer> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        self.bare("landing", bytes, usage, false)
    }

    fn bare(
        &self,
        label: &str,
        size: u64,
        usage: wgpu::BufferUsages,
        mapped_at_creation: bool,
    ) -> Result<wgpu::Buffer> {
        let asked = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation };
        self.checked(&format!("make the buffer `{label}` of {size} bytes"), || {
            self.gpu().device.create_buffer(&asked)
        })
    }

    /// What was copied into a [`landing`](Self::landing). Waits for all that was submitted.
    ///
    /// # Errors
    /// The device was lost.
    pub fn landed(&self, landing: &wgpu::Buffer) -> Result<Vec<u8>> {
        let (send, mapped) = channel();
        landing.map_async(wgpu::MapMode::Read, .., move |result| {
            // Whoever no longer waits has no use for it.
            let _ = send.send(result);
        });
        self.wait()?;
        mapped
            .recv()
            .map_err(|error| self.lost().because(error))?
            .map_err(|error| self.lost().because(error))?;
        let view = landing.get_mapped_range(..).map_err(|error| self.lost().because(error))?;
        let bytes = view.to_vec();
        drop(view);
        landing.unmap();
        Ok(bytes)
    }

    /// Copies the first `bytes` bytes of `from` to each place of `to` (byte offsets). Does not wait.
    ///
    /// # Errors
    /// One of them is too short.
    pub fn copy(
        &self,
        (from, bytes): (&wgpu::Buffer, u64),
        to: &wgpu::Buffer,
        places: impl IntoIterator<Item = u64>,
    ) -> Result<()> {
        self.checked("copy", || {
            let mut encoder = self.gpu().device.create_command_encoder(&Default::default());
            for place in places {
                encoder.copy_buffer_to_buffer(from, 0, to, place, bytes);
            }
            self.gpu().queue.submit([encoder.finish()]);
        })
    }

    /// Copies the first `bytes` bytes of `from` to the beginning of `to`, so many `times` in one
    /// submission, each copy after the one before. Waits.
    ///
    /// # Errors
    /// One of them is too short; the device was lost or has no memory left.
    pub fn time_copies(
        &self,
        (from, bytes): (&wgpu::Buffer, u64),
        to: &wgpu::Buffer,
        times: u32,
    ) -> Result<CopyTime> {
        let device = &self.gpu().device;
        let has_clock = device.features().contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let ticks = self.bare("ticks", 16, usage, false)?;
        self.wait()?;
        let start = Instant::now();
        self.checked("copy", || {
            let mut encoder = device.create_command_encoder(&Default::default());
            let queries = has_clock.then(|| {
                device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("copies"),
                    ty: wgpu::QueryType::Timestamp,
                    count: 2,
                })
            });
            if let Some(queries) = &queries {
                encoder.write_timestamp(queries, 0);
            }
            for _ in 0..times {
                encoder.copy_buffer_to_buffer(from, 0, to, 0, bytes);
            }
            if let Some(queries) = &queries {
                encoder.write_timestamp(queries, 1);
                encoder.resolve_query_set(queries, 0..2, &ticks, 0);
            }
            self.gpu().queue.submit([encoder.finish()]);
        })?;
        self.wait()?;
        let host = start.elapsed().as_secs_f64() / f64::from(times);
        if !has_clock {
            return Ok(CopyTime { device: None, host });
        }
        let ticks: Vec<u64> = self.read(&ticks)?;
        let period = f64::from(self.gpu().queue.get_timestamp_period()) * 1e-9;
        let taken = ticks[1].checked_sub(ticks[0]).filter(|&taken| taken > 0);
        let device = taken.map(|taken| taken as f64 * period / f64::from(times));
        Ok(CopyTime { device, host })
    }
}

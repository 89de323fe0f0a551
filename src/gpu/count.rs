//! What was handed to a device, counted: launches, the bytes that each binds, bytes on the way.
//!
//! Place in the flow: an [`Engine`](super::Engine) made for measuring keeps a [`Ledger`]; benches and
//! tests read it, so that what is said of launches and bytes is what was submitted.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::stage::{Access, Stage};

/// All that was handed over since this was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Submissions of stages.
    pub submissions: usize,
    /// The stages in order of submission.
    pub launches: Vec<Launch>,
    /// Bytes from the host into buffers, parameters and tables among them.
    pub uploaded: u64,
    /// Bytes from buffers to the host.
    pub fetched: u64,
}

/// One stage that was launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Launch {
    /// Its name.
    pub stage: &'static str,
    /// What was bound, in order.
    pub bound: Vec<BoundBytes>,
}

/// What one binding of a launch spans. A stage touches no more than that, and may touch less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoundBytes {
    /// The variable in the shader.
    pub name: &'static str,
    /// Whether the stage may write to it.
    pub written: bool,
    /// Bytes.
    pub bytes: u64,
}

impl Launch {
    /// Bytes bound for reading alone.
    pub fn read(&self) -> u64 {
        self.sum(|bound| !bound.written)
    }

    /// Bytes bound for writing.
    pub fn written(&self) -> u64 {
        self.sum(|bound| bound.written)
    }

    /// Bytes bound as `name`; 0 where nothing is.
    pub fn bytes(&self, name: &str) -> u64 {
        self.sum(|bound| bound.name == name)
    }

    fn sum(&self, which: impl Fn(&BoundBytes) -> bool) -> u64 {
        self.bound.iter().filter(|bound| which(bound)).map(|bound| bound.bytes).sum()
    }

    pub(super) fn of(stage: &dyn Stage, parts: &[wgpu::BufferBinding<'_>]) -> Self {
        let bindings = stage.bindings().iter().zip(parts);
        let bound = bindings.map(|(binding, part)| BoundBytes {
            name: binding.name,
            written: binding.access == Access::ReadWrite,
            bytes: part.size.map_or(part.buffer.size() - part.offset, u64::from),
        });
        Self { stage: stage.name(), bound: bound.collect() }
    }
}

/// Where an engine writes down what it hands over; one that is not for measuring keeps none.
#[derive(Default)]
pub(super) struct Ledger(Option<Mutex<Counted>>);

impl Ledger {
    pub(super) fn kept() -> Self {
        Self(Some(Mutex::default()))
    }

    pub(super) fn submitted(&self, launches: impl Iterator<Item = Launch>) {
        self.with(|counted| {
            counted.submissions += 1;
            counted.launches.extend(launches);
        });
    }

    pub(super) fn uploaded(&self, bytes: u64) {
        self.with(|counted| counted.uploaded += bytes);
    }

    pub(super) fn fetched(&self, bytes: u64) {
        self.with(|counted| counted.fetched += bytes);
    }

    pub(super) fn take(&self) -> Counted {
        let mut taken = Counted::default();
        self.with(|counted| taken = std::mem::take(counted));
        taken
    }

    fn with(&self, work: impl FnOnce(&mut Counted)) {
        if let Some(counted) = &self.0 {
            // Sums and lists stay whole whoever panics beside them.
            work(&mut counted.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

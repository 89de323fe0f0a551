//! One batch of recorded states: measured on the device where they lie, or by way of host memory.
//!
//! Place in the flow: what the network recorded in, one quantity's readings out. The device's way
//! is taken where network and measures share a device; it gives the bits of the host's DFA
//! (`tests/no_trip.rs`).

use std::cell::OnceCell;
use std::ops::Deref;

use burn::tensor::Tensor;

use super::settings::Quantity;
use crate::analysis::dfa::{DfaPlan, Path};
use crate::error::Result;
use crate::experiments::machine::Machine;
use crate::experiments::readings::Readings;
use crate::models::{buffer, checkpoint, lstm};
use crate::recording::{self, Extent, OnDevice};
use crate::signal::Traces;

/// The states of one batch, `[batch, steps, columns]`.
pub(super) struct Recorded {
    /// Embedded input, gates, cell, hidden.
    tensors: [Tensor<3>; 4],
    /// Their values, of those that were asked for in host memory.
    values: [OnceCell<Vec<f32>>; 4],
}

impl Recorded {
    pub(super) fn new(input: Tensor<3>, states: lstm::States) -> Self {
        let tensors = [input, states.gates, states.cell, states.hidden];
        Self { tensors, values: Default::default() }
    }

    /// Which tensor holds `quantity`, and where in it.
    fn place(&self, quantity: Quantity) -> (usize, Extent) {
        let units = self.tensors[3].dims()[2];
        // Gates lie side by side in the order i, f, candidate, o.
        let (tensor, first, units) = match quantity {
            Quantity::Input => (0, 0, self.tensors[0].dims()[2]),
            Quantity::I => (1, 0, units),
            Quantity::F => (1, units, units),
            Quantity::Candidate => (1, 2 * units, units),
            Quantity::O => (1, 3 * units, units),
            Quantity::Cell => (2, 0, units),
            Quantity::Hidden => (3, 0, units),
        };
        (tensor, Extent::new(self.tensors[tensor].dims(), first, units))
    }

    /// The traces of `quantity`, in host memory.
    pub(super) fn traces(&self, quantity: Quantity) -> Traces {
        let (tensor, extent) = self.place(quantity);
        let read = || checkpoint::array_of(self.tensors[tensor].clone()).values;
        recording::traces::of(self.values[tensor].get_or_init(read), &extent)
    }

    /// Measures `quantity`, whose `traces` in host memory are looked at only where they are needed.
    /// What the device fails on goes through host memory, and the notes say so.
    ///
    /// # Errors
    /// The traces have another length than the plan.
    pub(super) fn measure(
        &self,
        quantity: Quantity,
        traces: &impl Deref<Target = Traces>,
        machine: &Machine,
        plan: &DfaPlan,
    ) -> Result<Readings> {
        let (tensor, extent) = self.place(quantity);
        let through_host = || Readings::of(traces, &extent, &machine.path, plan);
        let Path::Gpu(engine) = &machine.path else { return through_host() };
        if machine.through_host {
            return through_host();
        }
        let tensor = self.tensors[tensor].clone();
        let recorded = buffer::with_buffer(tensor, |states| OnDevice::new(engine, states, &extent));
        let readings =
            recorded.and_then(|recorded| Readings::on_device(engine, &recorded, &extent, plan));
        readings.or_else(|error| {
            let mut readings = through_host()?;
            readings.unit.notes.push(format!("{error}: some states went through host memory"));
            Ok(readings)
        })
    }
}

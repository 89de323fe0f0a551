//! A network as plain numbers: what the passes on the CPU and the stages on a GPU read.
//!
//! Place in the flow: floor 3, between the Burn module of [`super::network`], which learns them, and
//! [`super::advance`] and the stages, which step them.

use serde::{Deserialize, Serialize};

use super::super::products::{Line, floats_mut, zeros};
use crate::analysis::noise::{Nonlinearity, Site};
use crate::error::{Error, Result};

/// What a network is beside its weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dynamics {
    /// f.
    pub nonlinearity: Nonlinearity,
    /// Where the noise is added.
    pub site: Site,
    /// g = dt/tau, above 0, at most 1.
    pub rate: f32,
}

impl Dynamics {
    /// # Errors
    /// The rate is out of range.
    pub fn check(self) -> Result<()> {
        if self.rate > 0.0 && self.rate <= 1.0 {
            return Ok(());
        }
        Err(Error::new(format!("expected g = dt/tau above 0, at most 1, found {}", self.rate))
            .at("model.rate")
            .remedy("set model.rate (--rate); 0.1 is the default"))
    }
}

/// The weights of one network; every array is row-major, from × to.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// What the network is.
    pub dynamics: Dynamics,
    /// I.
    pub inputs: usize,
    /// N.
    pub units: usize,
    /// O.
    pub outputs: usize,
    /// b, `[N]`.
    pub bias: Vec<f32>,
    /// U, `[I, N]`.
    pub input: Vec<f32>,
    /// W, `[N, N]`.
    pub recurrent: Vec<f32>,
    /// V, `[N, O]`.
    pub readout: Vec<f32>,
    /// c, `[O]`.
    pub readout_bias: Vec<f32>,
}

impl Weights {
    /// # Panics
    /// An array has another length than the sizes say.
    pub fn check(&self) {
        let Self { inputs, units, outputs, .. } = *self;
        for (array, length, name) in [
            (&self.bias, units, "b"),
            (&self.input, inputs * units, "U"),
            (&self.recurrent, units * units, "W"),
            (&self.readout, units * outputs, "V"),
            (&self.readout_bias, outputs, "c"),
        ] {
            assert_eq!(array.len(), length, "{name} of {inputs} inputs, {units} units");
        }
    }

    /// I, N and O.
    pub fn sizes(&self) -> [usize; 3] {
        [self.inputs, self.units, self.outputs]
    }

    /// Numbers that a unit's input is a weighted sum of: one, u and h.
    pub(super) fn depth(&self) -> usize {
        1 + self.inputs + self.units
    }

    /// (b; U; W) in panels of `width` columns, `[panel][depth][width]`, the rest zero.
    pub(super) fn pack(&self, width: usize) -> Vec<Line> {
        let (depth, panels) = (self.depth(), self.units.div_ceil(width));
        let mut packed = zeros(panels * depth * width);
        let rows = [&self.bias, &self.input, &self.recurrent];
        let rows = rows.iter().flat_map(|rows| rows.chunks_exact(self.units));
        for (row, values) in rows.enumerate() {
            for (panel, values) in values.chunks(width).enumerate() {
                let place = (panel * depth + row) * width;
                floats_mut(&mut packed)[place..][..values.len()].copy_from_slice(values);
            }
        }
        packed
    }

    /// Wᵀ in panels of `width` columns, `[panel][padded to][width]`, units padded to whole panels,
    /// the rest zero.
    pub(super) fn pack_transposed(&self, width: usize) -> Vec<Line> {
        let padded = self.units.next_multiple_of(width);
        let mut packed = zeros(padded * padded);
        for (from, row) in self.recurrent.chunks_exact(self.units).enumerate() {
            for (to, value) in row.iter().enumerate() {
                let place = (from / width * padded + to) * width + from % width;
                floats_mut(&mut packed)[place] = *value;
            }
        }
        packed
    }

    /// Vᵀ, `[O][padded]`, the rest zero.
    pub(super) fn pack_readout(&self, padded: usize) -> Vec<Line> {
        let mut packed = zeros(self.outputs * padded);
        for (unit, row) in self.readout.chunks_exact(self.outputs.max(1)).enumerate() {
            for (output, value) in row.iter().enumerate() {
                floats_mut(&mut packed)[output * padded + unit] = *value;
            }
        }
        packed
    }
}

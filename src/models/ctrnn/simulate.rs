//! Stage `ctrnn/simulate`: many realisations of a network's noise, some steps on.
//!
//! Place in the flow: floor 3. [`super::chain`] dispatches it again and again, the state staying on
//! the device; its twin is [`advance`], the CPU path.
//!
//! # What it computes
//! Bindings: `simulation`, `levels`, `drive` (drives × all steps × inputs), `bias` (units),
//! `weights` (see [`fours_of`]), `readout` (V, c below it: (units + 1) × outputs) → `state` (rows ×
//! units), stepped on by `steps` steps, and of those from `kept_from` on `outputs` (rows × (all
//! steps − `kept_from`) × outputs), each at its place. Formulas and the order of summation of a
//! unit's input are those of [`advance`]; an output is summed in [`PARTS`] parts, each of every
//! eighth unit, and then by part, and c first. Row `first_row + i` is that of
//! [`Ensemble`](super::Ensemble).
//!
//! The noise is drawn in the shader, by `shared/philox.wgsl`: whole numbers equal the twin's to the
//! bit, deviates to rounding. softplus and tanh are the arithmetic of `models/activations.rs`, so
//! that no driver's `exp` enters. What differs is rounding: whether a multiply-add is fused, and
//! 2.5 ulp of a division or root.

use bytemuck::{Pod, Zeroable};

use super::advance::{Call, Kept, Row, advance};
use super::weights::{Dynamics, Weights};
use crate::analysis::noise::{Nonlinearity, Site};
use crate::gpu::stage::{Binding, Bound, Stage, grid};
use crate::signal::philox::{Philox, ROUNDS, STEPS_PER_BLOCK};

pub use super::super::activations::{LN_2_HIGH, LN_2_LOW, SMALLEST_GRADIENT};

/// Invocations per workgroup: each has a unit of a quad of rows.
pub const LANES: u32 = 256;

/// Partial sums of an output.
pub const PARTS: u32 = 8;

/// The most quads of rows per workgroup: of very small networks no more rows go together, so that
/// there are workgroups enough.
const MOST_QUADS: u32 = 16;

/// What `nonlinearity` and `site` say in the shader; tanh and outside are the rest.
pub const RELU: u32 = 0;
/// See [`RELU`].
pub const SOFTPLUS: u32 = 1;
/// See [`RELU`].
pub const INSIDE: u32 = 0;

/// The parameter block.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct Simulation {
    /// Rows of this dispatch.
    pub rows: u32,
    /// The number of the first.
    pub first_row: u32,
    /// Drives times realisations: rows of a level.
    pub draws: u32,
    /// Realisations per level and drive.
    pub realisations: u32,
    /// N.
    pub units: u32,
    /// I.
    pub inputs: u32,
    /// O.
    pub outputs: u32,
    /// Quads of rows per workgroup, see [`Simulate::fitting`].
    pub quads: u32,
    /// The number of the first step.
    pub first: u32,
    /// Steps of this dispatch.
    pub steps: u32,
    /// Steps in all.
    pub all_steps: u32,
    /// The first step whose outputs are kept.
    pub kept_from: u32,
    /// f, see [`RELU`].
    pub nonlinearity: u32,
    /// Where the noise is added, see [`RELU`].
    pub site: u32,
    /// g.
    pub rate: f32,
    /// The noise's key.
    pub key: [u32; 2],
    /// The last of the noise's counters.
    pub index: u32,
}

impl Simulation {
    const FIELDS: &[(&str, u32)] = &[
        ("rows", 0),
        ("first_row", 4),
        ("draws", 8),
        ("realisations", 12),
        ("units", 16),
        ("inputs", 20),
        ("outputs", 24),
        ("quads", 28),
        ("first", 32),
        ("steps", 36),
        ("all_steps", 40),
        ("kept_from", 44),
        ("nonlinearity", 48),
        ("site", 52),
        ("rate", 56),
        ("key_low", 60),
        ("key_high", 64),
        ("index", 68),
    ];

    /// What the network and its noise say; no rows and no steps yet.
    pub fn of(weights: &Weights, noise: Philox, index: u32) -> Self {
        let Weights { dynamics, inputs, units, outputs, .. } = *weights;
        let [inputs, units, outputs] = [inputs, units, outputs].map(|number| number as u32);
        let nonlinearity = match dynamics.nonlinearity {
            Nonlinearity::Relu => RELU,
            Nonlinearity::SoftPlus => SOFTPLUS,
            Nonlinearity::Tanh => SOFTPLUS + 1,
        };
        let site = match dynamics.site {
            Site::Inside => INSIDE,
            Site::Outside => INSIDE + 1,
        };
        let (rate, key) = (dynamics.rate, noise.key);
        Self { inputs, units, outputs, nonlinearity, site, rate, key, index, ..Self::default() }
    }

    fn dynamics(&self) -> Dynamics {
        Dynamics {
            nonlinearity: match self.nonlinearity {
                RELU => Nonlinearity::Relu,
                SOFTPLUS => Nonlinearity::SoftPlus,
                _ => Nonlinearity::Tanh,
            },
            site: if self.site == INSIDE { Site::Inside } else { Site::Outside },
            rate: self.rate,
        }
    }
}

/// Groups of four numbers that a unit hears: u, then h, the last filled up.
fn fours(weights: &Weights) -> usize {
    (weights.inputs + weights.units).div_ceil(4)
}

/// U and W as the shader reads them, `[fours, N, 4]`: to each unit from four numbers that it hears;
/// the rest zero.
pub fn fours_of(weights: &Weights) -> Vec<f32> {
    let units = weights.units;
    let mut found = vec![0.0; fours(weights) * units * 4];
    let rows = weights.input.chunks_exact(units).chain(weights.recurrent.chunks_exact(units));
    for (from, row) in rows.enumerate() {
        for (to, weight) in row.iter().enumerate() {
            found[(from / 4 * units + to) * 4 + from % 4] = *weight;
        }
    }
    found
}

/// V, and c below it.
pub fn readout_of(weights: &Weights) -> Vec<f32> {
    [&weights.readout[..], &weights.readout_bias].concat()
}

/// The stage.
pub struct Simulate {
    /// Workgroup memory, in vectors of four words.
    pub words: u32,
}

impl Simulate {
    /// With what WebGPU's default limits hold.
    pub const SMALL: Self = Self { words: 1024 };

    /// The stage for a network of `[inputs, units, outputs]` on a device that gives a workgroup
    /// `bytes` of memory, and the quads of rows that a workgroup takes; none where not even one has
    /// room.
    pub fn fitting(bytes: u32, [inputs, units, outputs]: [usize; 3]) -> Option<(Self, u32)> {
        let (fours, units) = ((inputs + units).div_ceil(4) as u32, units as u32);
        let room = bytes / 16;
        // Now, after the step, and partial sums of outputs.
        let quad = 8 * fours + outputs as u32 * PARTS;
        let quads = (LANES / units).min(room / quad).min(MOST_QUADS);
        let words = room.min(quads * quad + fours * units);
        (quads > 0).then_some((Self { words }, quads))
    }

    /// Rounds that the loops of one invocation take per step, at the most.
    pub(super) fn rounds_per_step(weights: &Weights, quads: u32) -> usize {
        let (quads, lanes, parts) = (quads as usize, LANES as usize, PARTS as usize);
        let Weights { inputs, units, outputs, .. } = *weights;
        let noise = ROUNDS * 4 / STEPS_PER_BLOCK + 1;
        let hearing = (quads * inputs).div_ceil(lanes);
        let summing = (quads * outputs * parts).div_ceil(lanes) * (1 + units.div_ceil(parts));
        let writing = (quads * outputs).div_ceil(lanes) * (1 + parts + 4);
        1 + noise + fours(weights) + hearing + summing + writing
    }
}

impl Stage for Simulate {
    fn name(&self) -> &'static str {
        "ctrnn/simulate"
    }

    fn source(&self) -> &'static [&'static str] {
        &[
            include_str!("../../../shaders/ctrnn/simulate.wgsl"),
            include_str!("../../../shaders/shared/philox.wgsl"),
            include_str!("../../../shaders/shared/logarithm.wgsl"),
        ]
    }

    fn lanes(&self) -> u32 {
        LANES
    }

    fn words(&self) -> Option<u32> {
        Some(self.words)
    }

    fn bindings(&self) -> &'static [Binding] {
        const BINDINGS: &[Binding] = &[
            Binding::uniform("simulation", Simulation::FIELDS, 72),
            Binding::read("levels", "f32"),
            Binding::read("drive", "f32"),
            Binding::read("bias", "f32"),
            Binding::read_records("weights", &[("of_unit", 0)], 16),
            Binding::read("readout", "f32"),
            Binding::read_write("state", "f32"),
            Binding::read_write("outputs", "f32"),
        ];
        BINDINGS
    }

    fn groups(&self, params: &[u8]) -> [u32; 3] {
        let simulation: Simulation = bytemuck::pod_read_unaligned(params);
        grid(simulation.rows.div_ceil(4 * simulation.quads))
    }

    fn twin(&self, bound: &mut Bound<'_>) {
        let simulation: Simulation = bound.params(0);
        let (levels, drive): (&[f32], &[f32]) = (bound.take(1), bound.take(2));
        let (bias, fours, readout) = (bound.take(3), bound.take(4), bound.take(5));
        let weights = weights_of(&simulation, bias, fours, readout);
        let (state, outputs) = (bound.take(6), bound.take(7));
        let end = simulation.first + simulation.steps;
        let cut = simulation.kept_from.clamp(simulation.first, end);
        let rows: Vec<Row> = (0..simulation.rows)
            .map(|row| {
                let number = simulation.first_row + row;
                let draw = number % simulation.draws;
                let level = levels[(number / simulation.draws) as usize];
                Row { drive: draw / simulation.realisations, draw, level }
            })
            .collect();
        let run = Run { simulation, weights: &weights, rows: &rows, drive };
        run.through(simulation.first..cut, state, None);
        run.through(cut..end, state, Some(outputs));
    }
}

/// The weights that a device was given.
fn weights_of(simulation: &Simulation, bias: &[f32], fours: &[f32], readout: &[f32]) -> Weights {
    let [inputs, units, outputs] =
        [simulation.inputs, simulation.units, simulation.outputs].map(|number| number as usize);
    let weight = |from: usize, to: usize| fours[(from / 4 * units + to) * 4 + from % 4];
    let heard = |range: std::ops::Range<usize>| -> Vec<f32> {
        range.flat_map(|from| (0..units).map(move |to| weight(from, to))).collect()
    };
    let (readout, readout_bias) = readout.split_at(units * outputs);
    Weights {
        dynamics: simulation.dynamics(),
        inputs,
        units,
        outputs,
        bias: bias[..units].to_vec(),
        input: heard(0..inputs),
        recurrent: heard(inputs..inputs + units),
        readout: readout.to_vec(),
        readout_bias: readout_bias[..outputs].to_vec(),
    }
}

/// The twin at work.
struct Run<'a> {
    simulation: Simulation,
    weights: &'a Weights,
    rows: &'a [Row],
    drive: &'a [f32],
}

impl Run<'_> {
    /// Steps the rows through `times`; `outputs` are all that are kept.
    fn through(&self, times: std::ops::Range<u32>, state: &mut [f32], outputs: Option<&mut [f32]>) {
        if times.is_empty() {
            return;
        }
        let Simulation { all_steps, kept_from, index, key, .. } = self.simulation;
        let Weights { inputs, outputs: wide, .. } = *self.weights;
        let [begin, end] = [times.start, times.end].map(|time| time as usize);
        let per_drive = all_steps as usize * inputs;
        let drives = self.drive.chunks_exact(per_drive.max(1)).filter(|_| inputs > 0);
        let drive: Vec<f32> =
            drives.flat_map(|drive| &drive[begin * inputs..end * inputs]).copied().collect();
        let steps = end - begin;
        let noise = Philox { key };
        let call = Call { rows: self.rows, drive: &drive, first: begin, steps, noise, index };
        let width = steps * wide;
        let mut z = vec![0.0; outputs.as_ref().map_or(0, |_| self.rows.len() * width)];
        let kept = Kept { outputs: outputs.is_some().then_some(&mut z[..]), ..Kept::default() };
        advance(self.weights, &call, state, kept);
        let Some(outputs) = outputs.filter(|_| width > 0) else { return };
        let row = (all_steps - kept_from) as usize * wide;
        let place = (begin - kept_from as usize) * wide;
        for (outputs, z) in outputs.chunks_exact_mut(row).zip(z.chunks_exact(width)) {
            outputs[place..][..width].copy_from_slice(z);
        }
    }
}

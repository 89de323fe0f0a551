//! The sizes of one call of the recurrence, and how many rows of a batch fit in one call on a
//! device.
//!
//! Place in the flow: floor 3, under the LSTM's operation; plain data, no device.

use crate::gpu::stage::{Access, Binding, Layout, grid};
use bytemuck::{Pod, Zeroable};

/// Most hidden units of the shaders, whose workgroup memory has that size (`MOST_UNITS` there). The
/// CPU has no such limit.
pub const MOST_UNITS: usize = 512;

/// Lanes of one workgroup of either shader: the most that every device has. 240 of them work at 60
/// units.
pub(crate) const LANES: u32 = 256;

/// Rows of the batch that one workgroup of either shader takes (`ROWS_PER_GROUP` there): a read of U
/// serves them all.
pub const ROWS_PER_GROUP: usize = 4;

/// Units that one lane of either shader takes at most.
pub const UNITS_PER_LANE: usize = MOST_UNITS / LANES as usize;

/// Units whose dz lies in workgroup memory at once in `lstm/backward`.
pub const UNITS_AT_ONCE: usize = 128;

/// Sizes of one call: rows of the batch, time steps, hidden units. It is also the parameter block
/// of the two shaders, so its fields are their fields.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct Parameters {
    /// Rows of the batch, B.
    pub batch: u32,
    /// Time steps, T.
    pub steps: u32,
    /// Hidden units, H.
    pub hidden: u32,
}

/// Sizes of one call as the CPU counts: as [`Parameters`], and the components E of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub batch: usize,
    pub steps: usize,
    pub inputs: usize,
    pub hidden: usize,
}

impl Sizes {
    /// True where there is nothing to compute.
    pub(crate) fn is_empty(self) -> bool {
        self.batch * self.steps * self.hidden == 0
    }

    /// Numbers that a gate's z is a weighted sum of: one, x and h.
    pub(crate) fn depth(self) -> usize {
        1 + self.inputs + self.hidden
    }

    /// Panics where a buffer does not have `width` numbers per row and step. Whoever calls made the
    /// buffers, so that would be a defect.
    pub(crate) fn check(self, width: usize, buffers: &[&[f32]]) {
        let length = self.batch * self.steps * width;
        assert!(buffers.iter().all(|buffer| buffer.len() == length), "buffers are [B, T, {width}]");
    }
}

impl Parameters {
    /// The block as the shaders declare it.
    pub(crate) const BINDING: Binding = Binding {
        name: "parameters",
        access: Access::ReadWrite,
        layout: Layout::Struct(&[("batch", 0), ("steps", 4), ("hidden", 8)], 12),
    };

    /// U for the shaders: four gates to each pair of units.
    pub(crate) const fn weights(name: &'static str) -> Binding {
        let layout = Layout::Records(&[("of_gates", 0)], 16);
        Binding { name, access: Access::ReadWrite, layout }
    }

    /// One workgroup per [`ROWS_PER_GROUP`] rows.
    pub(crate) fn groups(bytes: &[u8]) -> [u32; 3] {
        let batch = bytemuck::pod_read_unaligned::<Self>(bytes).batch;
        grid(batch.div_ceil(ROWS_PER_GROUP as u32))
    }
}

/// The sizes of a twin, whose input is projected already: 4H components, and a kernel that is the
/// identity.
impl From<Parameters> for Sizes {
    fn from(parameters: Parameters) -> Self {
        let [batch, steps, hidden] =
            [parameters.batch, parameters.steps, parameters.hidden].map(|size| size as usize);
        Self { batch, steps, inputs: 4 * hidden, hidden }
    }
}

/// How many rows of a batch one call may have on a device that binds at most `max_binding_bytes` at
/// once: the largest tensor of a call is the wider of the gates `[rows, steps, 4 hidden]` and the
/// input `[rows, steps, inputs]`, in 32-bit floats. At least 1, since a row cannot be cut; a device
/// too small even for that says so itself.
///
/// lavapipe binds 128 MiB, which is 279 rows of 500 steps at 60 units and 32 rows at 512 units (16
/// where the input has 4,096 components); a hardware GPU usually binds 2 GiB.
pub fn rows_per_call(steps: usize, hidden: usize, inputs: usize, max_binding_bytes: u64) -> usize {
    let widest = (4 * hidden).max(inputs).max(1) as u64;
    let row_bytes = (size_of::<f32>() as u64) * widest * (steps.max(1) as u64);
    usize::try_from(max_binding_bytes / row_bytes).unwrap_or(usize::MAX).max(1)
}

/// Rounds, at most, that the loops of one invocation of either shader go through in a call of
/// `steps` steps of `hidden` units: what a driver that ends long loops counts.
pub fn loop_rounds(steps: usize, hidden: usize) -> usize {
    let own = hidden.div_ceil(LANES as usize);
    let passes = hidden.div_ceil(UNITS_AT_ONCE);
    let of_units = own * (hidden + 2 * ROWS_PER_GROUP);
    // In `lstm/backward`, dz is handed over by four gates of each unit, in passes.
    let of_passes = passes * (1 + UNITS_PER_LANE * 6);
    steps * (1 + UNITS_PER_LANE + of_units + of_passes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_grow_with_steps_and_units() {
        assert_eq!(loop_rounds(500, 60), 500 * (1 + 2 + 68 + 13));
        assert_eq!(loop_rounds(1, 512), 1 + 2 + 2 * (512 + 8) + 4 * 13);
    }

    #[test]
    fn a_call_fits_in_one_binding() {
        let lavapipe = 128 << 20;
        assert_eq!(rows_per_call(500, 60, 32, lavapipe), 279);
        assert_eq!(rows_per_call(500, 512, 32, lavapipe), 32);
        assert_eq!(rows_per_call(1_000_000, 512, 32, lavapipe), 1);
        for (steps, hidden, inputs) in [(500, 60, 241), (500, 512, 4096), (7, 1, 1), (7, 1, 5)] {
            let rows = rows_per_call(steps, hidden, inputs, lavapipe);
            let bytes = |rows: usize, width: usize| (4 * rows * steps * width) as u64;
            assert!(bytes(rows, 4 * hidden) <= lavapipe && bytes(rows, inputs) <= lavapipe);
            let more = bytes(rows + 1, (4 * hidden).max(inputs));
            assert!(more > lavapipe, "one more row would not fit: {more}");
        }
    }
}

//! A stage: one compute shader and its CPU twin, declared in one place.
//!
//! A shader `shaders/dfa/profile.wgsl` pairs with `src/analysis/dfa/profile.rs`: same folder, same
//! stem. The Rust file declares the stage; a stage without a twin does not compile. The twin adds
//! in the shader's order (partial sums per lane, then the same tree), so that device and twin agree
//! to the bit where the device rounds as IEEE 754 says, and to a few ulp elsewhere.

use bytemuck::Pod;

/// One compute shader with its CPU twin.
pub trait Stage: Sync {
    /// Shader path without folder `shaders/` and ending, which is also pass label, test name and
    /// table row: `"dfa/profile"`.
    fn name(&self) -> &'static str;
    /// WGSL texts in order: the stage's own file first (so that error lines stay true), then what
    /// it shares.
    fn source(&self) -> &'static [&'static str];
    /// Invocations per workgroup: the value of the shader's `override LANES`, and the only place it
    /// is written.
    fn lanes(&self) -> u32;
    /// Words of workgroup memory, where the shader has an `override WORDS`: its value.
    fn words(&self) -> Option<u32> {
        None
    }
    /// The bindings of group 0, in `@binding` order.
    fn bindings(&self) -> &'static [Binding];
    /// Workgroups to dispatch for the parameter block `params` (the bytes of binding 0).
    fn groups(&self, params: &[u8]) -> [u32; 3];
    /// Computes on the CPU what the shader computes, in the shader's order of summation.
    fn twin(&self, bound: &mut Bound<'_>);
}

/// The most workgroups that every device takes along one dimension of the grid.
pub const WIDEST_GRID: u32 = 65_535;

/// A grid of at least `groups` workgroups, in two dimensions beyond 65,535. The shader numbers them
/// `group.y * groups.x + group.x` and leaves out those past its last.
pub fn grid(groups: u32) -> [u32; 3] {
    let rows = groups.div_ceil(WIDEST_GRID).max(1);
    [groups.div_ceil(rows), rows, 1]
}

/// What a shader may do with a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// `var<uniform>`: a small block of parameters.
    Uniform,
    /// `var<storage, read>`.
    Read,
    /// `var<storage, read_write>`.
    ReadWrite,
}

/// The type of what is bound, as WGSL lays it out; `tests/shaders.rs` holds it against the parsed
/// shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A run-time sized array of this WGSL scalar: `"f32"` or `"u32"`.
    Array(&'static str),
    /// A struct: its fields (name, byte offset) in order, and its size in bytes.
    Struct(&'static [(&'static str, u32)], u32),
    /// A run-time sized array of structs: one struct's fields (name, byte offset), and the stride
    /// in bytes.
    Records(&'static [(&'static str, u32)], u32),
}

/// One binding of a stage: the WGSL variable's name, its access and its layout.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The WGSL variable's name.
    pub name: &'static str,
    /// How the shader uses it.
    pub access: Access,
    /// What lies in it.
    pub layout: Layout,
}

impl Binding {
    /// A parameter block (`var<uniform>`) with these `(field, byte offset)` pairs and size.
    pub const fn uniform(
        name: &'static str,
        fields: &'static [(&'static str, u32)],
        size: u32,
    ) -> Self {
        Self { name, access: Access::Uniform, layout: Layout::Struct(fields, size) }
    }

    /// A read-only array of `scalar`.
    pub const fn read(name: &'static str, scalar: &'static str) -> Self {
        Self { name, access: Access::Read, layout: Layout::Array(scalar) }
    }

    /// A read-only array of structs with these `(field, byte offset)` pairs and stride.
    pub const fn read_records(
        name: &'static str,
        fields: &'static [(&'static str, u32)],
        stride: u32,
    ) -> Self {
        Self { name, access: Access::Read, layout: Layout::Records(fields, stride) }
    }

    /// A read-write array of structs with these `(field, byte offset)` pairs and stride.
    pub const fn read_write_records(
        name: &'static str,
        fields: &'static [(&'static str, u32)],
        stride: u32,
    ) -> Self {
        Self { name, access: Access::ReadWrite, layout: Layout::Records(fields, stride) }
    }

    /// A read-write array of `scalar`.
    pub const fn read_write(name: &'static str, scalar: &'static str) -> Self {
        Self { name, access: Access::ReadWrite, layout: Layout::Array(scalar) }
    }
}

/// What a twin works on: the same buffers, in the same order, as its shader.
///
/// Buffers are words of 32 bits, so that they can be seen as `f32`, `u32` or a parameter block.
pub struct Bound<'a>(Vec<Option<&'a mut [u32]>>);

impl<'a> Bound<'a> {
    /// Binds `buffers` in `@binding` order.
    pub fn new(buffers: impl IntoIterator<Item = &'a mut [u32]>) -> Self {
        Self(buffers.into_iter().map(Some).collect())
    }

    /// Takes buffer `binding` as a slice of `T`; panics where it is absent, taken already or of the
    /// wrong size: a twin that asks for that is a defect.
    pub fn take<T: Pod>(&mut self, binding: usize) -> &'a mut [T] {
        let words = self.0[binding].take().expect("a twin takes each of its bindings once");
        bytemuck::cast_slice_mut(words)
    }

    /// Takes buffer `binding` as one parameter block.
    pub fn params<T: Pod>(&mut self, binding: usize) -> T {
        self.take::<T>(binding)[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_holds_every_group_and_no_dimension_is_too_wide() {
        for groups in [0, 1, 65_535, 65_536, 131_070, 131_071, 1 << 31] {
            let [x, y, z] = grid(groups);
            assert!(x <= WIDEST_GRID && y <= WIDEST_GRID && z == 1);
            let held = u64::from(x) * u64::from(y);
            assert!(held >= u64::from(groups) && held < u64::from(groups) + u64::from(y));
        }
    }
}

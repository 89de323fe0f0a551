// dfa/exponent: the line through ln F against ln n. One invocation per trace.
// Twin and reasons: src/analysis/dfa/exponent.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weights: array<Weight>;            // sizes
@group(0) @binding(2) var<storage, read> fluctuations: array<f32>;          // rows * sizes
@group(0) @binding(3) var<storage, read> marks: array<Mark>;                // rows
@group(0) @binding(4) var<storage, read_write> exponents: array<Exponent>;  // rows

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = (group.y * groups.x + group.x) * LANES + lane;
    if row >= shape.rows {
        return;
    }
    exponents[row] = fitted(row * shape.sizes, marks[row].status);
}

// dfa/fused: all of the DFA of a short trace from one read of it. One workgroup per trace.
// Twin and reasons: src/analysis/dfa/fused.rs

override LANES: u32;
override WORDS: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;         // sizes
@group(0) @binding(2) var<storage, read> weights: array<Weight>;           // sizes
@group(0) @binding(3) var<storage, read> traces: array<f32>;               // rows * steps
@group(0) @binding(4) var<storage, read_write> fluctuations: array<f32>;   // rows * sizes
@group(0) @binding(5) var<storage, read_write> exponents: array<Exponent>; // rows

var<workgroup> memory: array<f32, WORDS>;
var<workgroup> magnitudes: array<u32, LANES>;
var<workgroup> changes: array<u32, LANES>;
var<workgroup> partial: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.y * groups.x + group.x;
    if row >= shape.rows {
        return;
    }
    begin = 0u;
    samples = shape.steps;
    let seen = read_in(row * shape.steps, lane);
    let status = status_of(seen.magnitude, seen.change);
    let exponent = unit_of(seen.magnitude);
    grow(exponent, status == DEFINED, lane);

    // A team per size, several sizes at a time.
    var round = 0u;
    while round < shape.sizes {
        let team = team_of(round);
        let place = round + lane / team;
        let sum = sum_of(place, team, lane);
        if lane % team == 0u && place < shape.sizes {
            let fluctuation = average(sum, sizes[place]);
            fluctuations[row * shape.sizes + place] = bitcast<f32>(exponent << 23u) * fluctuation;
        }
        round += LANES / team;
    }
    storageBarrier();
    workgroupBarrier();
    if lane == 0u {
        exponents[row] = fitted(row * shape.sizes, status);
    }
}

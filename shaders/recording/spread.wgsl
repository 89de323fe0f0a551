// recording/spread: the standard deviation over time of each trace. One workgroup per trace.
// Twin and order of summation: src/recording/spread.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<storage, read> traces: array<f32>;        // reviews * units * steps
@group(0) @binding(2) var<storage, read_write> spreads: array<f32>; // reviews * units

var<workgroup> sums: array<f32, LANES>;

// The sum of what the lanes hold; all lanes get it.
fn total(lane: u32, held: f32) -> f32 {
    sums[lane] = held;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            sums[lane] += sums[lane + half];
        }
        workgroupBarrier();
    }
    let sum = sums[0];
    workgroupBarrier();
    return sum;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.y * groups.x + group.x;
    if row >= extent.reviews * extent.units {
        return;
    }
    let start = row * extent.steps;
    let origin = traces[start];
    var sum = 0.0;
    for (var i = lane; i < extent.steps; i += LANES) {
        sum += traces[start + i] - origin;
    }
    let mean = total(lane, sum) / f32(extent.steps);
    var squares = 0.0;
    for (var i = lane; i < extent.steps; i += LANES) {
        let distance = traces[start + i] - origin - mean;
        squares += distance * distance;
    }
    let variance = total(lane, squares) / f32(extent.steps);
    if lane == 0u {
        spreads[row] = sqrt(variance);
    }
}

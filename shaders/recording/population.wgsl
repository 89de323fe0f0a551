// recording/population: the mean over the units of a review, step by step. One invocation per
// review and step. Twin and order of summation: src/recording/population.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<storage, read> traces: array<f32>;      // reviews * units * steps
@group(0) @binding(2) var<storage, read_write> means: array<f32>; // reviews * steps

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = (group.y * groups.x + group.x) * LANES + lane;
    if place >= extent.reviews * extent.steps {
        return;
    }
    let first = place / extent.steps * extent.units * extent.steps + place % extent.steps;
    var sum = 0.0;
    for (var unit = 0u; unit < extent.units; unit++) {
        sum += traces[first + unit * extent.steps];
    }
    means[place] = sum * extent.share;
}

// ctrnn/histogram: a unit's states over the rows of a group, counted in equal bins. One invocation
// per group and unit, so that nothing needs an atomic.
// Twin: src/models/ctrnn/histogram.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> sampled: Sample;
@group(0) @binding(1) var<storage, read> state: array<f32>;        // rows * units
@group(0) @binding(2) var<storage, read_write> counts: array<u32>; // groups * units * (bins + 2)

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = (group.y * groups.x + group.x) * LANES + lane;
    let units = sampled.units;
    if place >= groups_sampled() * units {
        return;
    }
    let rows = rows_of_group(place / units);
    let cell = sampled.first_row / sampled.realisations * units + place;
    let own = cell * (sampled.bins + 2u);
    for (var row = rows.x; row < rows.y; row++) {
        let h = state[row * units + place % units];
        var bin = sampled.bins + 1u;
        if h < sampled.low {
            bin = 0u;
        } else if h < sampled.high {
            bin = 1u + min(u32((h - sampled.low) * sampled.per_unit), sampled.bins - 1u);
        }
        counts[own + bin]++;
    }
}

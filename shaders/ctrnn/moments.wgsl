// ctrnn/moments: mean and sum of squared distances of a unit's states over the rows of a group,
// merged into what is kept. One invocation per group and unit.
// Twin, and errors: src/models/ctrnn/moments.rs

override LANES: u32;

// States that are added up before they are added to the sum.
const ROWS_AT_ONCE: u32 = 32u;

struct Moment {
    mean: f32,
    second: f32,
}

@group(0) @binding(0) var<uniform> sampled: Sample;
@group(0) @binding(1) var<storage, read> state: array<f32>;           // rows * units
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;    // groups * units
@group(0) @binding(3) var<storage, read_write> moments: array<Moment>; // groups * units

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
    let unit = place % units;
    let count = f32(rows.y - rows.x);
    let first = state[rows.x * units + unit];
    var total = 0.0;
    for (var begin = rows.x; begin < rows.y; begin += ROWS_AT_ONCE) {
        var sum = 0.0;
        for (var row = begin; row < min(begin + ROWS_AT_ONCE, rows.y); row++) {
            sum += state[row * units + unit] - first;
        }
        total += sum;
    }
    let away = total / count;
    var second = 0.0;
    for (var begin = rows.x; begin < rows.y; begin += ROWS_AT_ONCE) {
        var sum = 0.0;
        for (var row = begin; row < min(begin + ROWS_AT_ONCE, rows.y); row++) {
            let apart = (state[row * units + unit] - first) - away;
            sum += apart * apart;
        }
        second += sum;
    }
    let cell = sampled.first_row / sampled.realisations * units + place;
    let kept = moments[cell];
    let before = f32(counts[cell]);
    let share = count / (before + count);
    let apart = (first + away) - kept.mean;
    counts[cell] += rows.y - rows.x;
    moments[cell] =
        Moment(kept.mean + apart * share, kept.second + (second + apart * apart * (before * share)));
}

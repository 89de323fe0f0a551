// The recurrence of the LSTM, forward. Twin, formulas and order of summation:
// src/models/lstm/forward.rs
//
// One workgroup per row of the batch goes through all time steps: rows are independent, so nothing
// has to wait for another workgroup. Per step, lanes share out the 4H gates (each sums over the
// hidden state in workgroup memory; neighbouring lanes read neighbouring columns of U), then the H
// units.

// Lanes of a workgroup; set from Rust.
override LANES: u32;

// Most hidden units: 12 KiB of workgroup memory, of 16 KiB that every device has.
const MOST_UNITS: u32 = 512u;

struct Parameters {
    batch: u32,
    steps: u32,
    hidden: u32,
}

// All read_write: in Burn's stream two tensors may lie in one buffer, which must not be bound both
// ways.
@group(0) @binding(0) var<storage, read_write> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> projected: array<f32>;
@group(0) @binding(2) var<storage, read_write> recurrent: array<f32>;
@group(0) @binding(3) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(4) var<storage, read_write> cell: array<f32>;
@group(0) @binding(5) var<storage, read_write> gates: array<f32>;

var<workgroup> sizes: Parameters;
var<workgroup> activated: array<f32, 4u * MOST_UNITS>;
var<workgroup> hidden_now: array<f32, MOST_UNITS>;
var<workgroup> cell_now: array<f32, MOST_UNITS>;

// x held within ±limit. By comparison and not by clamp(), which may turn a NaN into a limit and so
// hide it.
fn within(x: f32, limit: f32) -> f32 {
    let below = select(x, limit, x > limit);
    return select(below, -limit, below < -limit);
}

// Beyond these limits both are flat in 32 bits, and exp would overflow.
fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(-within(x, 80.0)));
}

fn squash(x: f32) -> f32 {
    return tanh(within(x, 15.0));
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if lane == 0u {
        sizes = parameters;
    }
    // The barriers below stand in loops: what bounds those must be seen to be the same for all
    // lanes.
    let shape = workgroupUniformLoad(&sizes);
    let row = group.y * groups.x + group.x;
    if row >= shape.batch {
        return;
    }
    let units = shape.hidden;
    let width = 4u * units;
    for (var unit = lane; unit < units; unit += LANES) {
        hidden_now[unit] = 0.0;
        cell_now[unit] = 0.0;
    }
    workgroupBarrier();
    for (var step = 0u; step < shape.steps; step++) {
        let place = row * shape.steps + step;
        for (var column = lane; column < width; column += LANES) {
            var z = projected[place * width + column];
            for (var unit = 0u; unit < units; unit++) {
                z = fma(hidden_now[unit], recurrent[unit * width + column], z);
            }
            var gate: f32;
            if column / units == 2u {
                gate = squash(z);
            } else {
                gate = sigmoid(z);
            }
            activated[column] = gate;
            gates[place * width + column] = gate;
        }
        workgroupBarrier();
        for (var unit = lane; unit < units; unit += LANES) {
            let added = activated[unit] * activated[2u * units + unit];
            let c = fma(activated[units + unit], cell_now[unit], added);
            let h = activated[3u * units + unit] * squash(c);
            cell_now[unit] = c;
            hidden_now[unit] = h;
            cell[place * units + unit] = c;
            hidden[place * units + unit] = h;
        }
        workgroupBarrier();
    }
}

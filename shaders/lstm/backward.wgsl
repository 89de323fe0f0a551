// The recurrence of the LSTM, backward: dz of every step. Twin and formulas:
// src/models/lstm/backward.rs
//
// One workgroup per row of the batch goes through the time steps from the last to the first. Per
// step, lanes share out the H units (dz from dh and dC), then dh of the step before: each unit's
// sum over the 4H gates is cut in two halves, so that twice as many lanes work. U comes transposed,
// so that neighbouring lanes read neighbouring numbers. dU is a matrix product afterwards and not
// made here.

// Lanes of a workgroup; set from Rust.
override LANES: u32;

// Most hidden units: 14 KiB of workgroup memory, of 16 KiB that every device has.
const MOST_UNITS: u32 = 512u;

// Smaller gradients become zero, as in the twin.
const SMALLEST_GRADIENT: f32 = 1e-30;

struct Parameters {
    batch: u32,
    steps: u32,
    hidden: u32,
}

// All read_write: in Burn's stream two tensors may lie in one buffer, which must not be bound both
// ways.
@group(0) @binding(0) var<storage, read_write> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> grad_hidden: array<f32>;
@group(0) @binding(2) var<storage, read_write> cell: array<f32>;
@group(0) @binding(3) var<storage, read_write> gates: array<f32>;
@group(0) @binding(4) var<storage, read_write> transposed: array<f32>;
@group(0) @binding(5) var<storage, read_write> grad_z: array<f32>;

var<workgroup> sizes: Parameters;
var<workgroup> grad_z_now: array<f32, 4u * MOST_UNITS>;
var<workgroup> grad_hidden_halves: array<f32, 2u * MOST_UNITS>;
var<workgroup> grad_cell_now: array<f32, MOST_UNITS>;

// x held within ±limit. By comparison and not by clamp(), which may turn a NaN into a limit and so
// hide it.
fn within(x: f32, limit: f32) -> f32 {
    let below = select(x, limit, x > limit);
    return select(below, -limit, below < -limit);
}

fn squash(x: f32) -> f32 {
    return tanh(within(x, 15.0));
}

fn flush(x: f32) -> f32 {
    return select(x, 0.0, abs(x) < SMALLEST_GRADIENT);
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
        grad_hidden_halves[unit] = 0.0;
        grad_hidden_halves[units + unit] = 0.0;
        grad_cell_now[unit] = 0.0;
    }
    workgroupBarrier();
    for (var left = shape.steps; left > 0u; left--) {
        let step = left - 1u;
        let place = row * shape.steps + step;
        for (var unit = lane; unit < units; unit += LANES) {
            let i = gates[place * width + unit];
            let f = gates[place * width + units + unit];
            let candidate = gates[place * width + 2u * units + unit];
            let o = gates[place * width + 3u * units + unit];
            let squashed = squash(cell[place * units + unit]);
            var cell_before = 0.0;
            if step > 0u {
                cell_before = cell[(place - 1u) * units + unit];
            }
            let carried = grad_hidden_halves[unit] + grad_hidden_halves[units + unit];
            let dh = flush(grad_hidden[place * units + unit] + carried);
            let dc = grad_cell_now[unit] + dh * o * (1.0 - squashed * squashed);
            let grads = array<f32, 4>(
                flush(dc * candidate * (i * (1.0 - i))),
                flush(dc * cell_before * (f * (1.0 - f))),
                flush(dc * i * (1.0 - candidate * candidate)),
                flush(dh * squashed * (o * (1.0 - o))),
            );
            grad_cell_now[unit] = flush(dc * f);
            for (var gate = 0u; gate < 4u; gate++) {
                let column = gate * units + unit;
                grad_z_now[column] = grads[gate];
                grad_z[place * width + column] = grads[gate];
            }
        }
        workgroupBarrier();
        for (var lane_of_two = lane; lane_of_two < 2u * units; lane_of_two += LANES) {
            let first = (lane_of_two / units) * 2u * units;
            let unit = lane_of_two % units;
            var sum = 0.0;
            for (var column = first; column < first + 2u * units; column++) {
                sum = fma(grad_z_now[column], transposed[column * units + unit], sum);
            }
            grad_hidden_halves[lane_of_two] = sum;
        }
        workgroupBarrier();
    }
}

// The recurrence of the LSTM, backward: dz of every step. Twin and formulas:
// src/models/lstm/backward.rs
//
// One workgroup per 4 rows of the batch goes through the time steps from the last to the first. A
// lane has a unit: it makes dz of its four gates in all four rows, then dh of the step before, for
// which the lanes hand each other dz through workgroup memory, BLOCK units at a time. U comes as
// (from, to, gate) with the roles of the units exchanged, so that it is read once for four rows, 16
// bytes at a time, neighbouring lanes side by side. The weights' gradients are matrix products
// afterwards and not made here.

// Lanes of a workgroup; set from Rust.
override LANES: u32;

// Most hidden units.
const MOST_UNITS: u32 = 512u;

// Units of one lane: LANES * UNITS_PER_LANE is MOST_UNITS.
const UNITS_PER_LANE: u32 = 2u;

// A vec4 of states: one of each row. Loops over rows run to this constant, and leave early, so that
// a compiler can unroll them and keep the vectors in registers.
const ROWS_PER_GROUP: u32 = 4u;

// Units whose dz is in workgroup memory at once: 8 KiB, of 16 KiB that every device has.
const UNITS_AT_ONCE: u32 = 128u;

// Smaller gradients become zero, as in the twin.
const SMALLEST_GRADIENT: f32 = 1e-30;

struct Parameters {
    batch: u32,
    steps: u32,
    hidden: u32,
}

// U's weights for the four gates of one unit, from one other.
struct Weights {
    of_gates: vec4<f32>,
}

// All read_write: in Burn's stream two tensors may lie in one buffer, which must not be bound both
// ways.
@group(0) @binding(0) var<storage, read_write> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> grad_hidden: array<f32>;
@group(0) @binding(2) var<storage, read_write> cell: array<f32>;
@group(0) @binding(3) var<storage, read_write> gates: array<f32>;
@group(0) @binding(4) var<storage, read_write> transposed: array<Weights>;
@group(0) @binding(5) var<storage, read_write> grad_z: array<f32>;

var<workgroup> sizes: Parameters;
var<workgroup> grad_z_now: array<vec4<f32>, 4u * UNITS_AT_ONCE>;

// x held within ±limit. By comparison and not by clamp(), which may turn a NaN into a limit and so
// hide it.
fn within(x: vec4<f32>, limit: f32) -> vec4<f32> {
    let below = select(x, vec4(limit), x > vec4(limit));
    return select(below, vec4(-limit), below < vec4(-limit));
}

fn squash(x: vec4<f32>) -> vec4<f32> {
    return tanh(within(x, 15.0));
}

fn flush(x: vec4<f32>) -> vec4<f32> {
    return select(x, vec4(0.0), abs(x) < vec4(SMALLEST_GRADIENT));
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
    let first_row = (group.y * groups.x + group.x) * ROWS_PER_GROUP;
    if first_row >= shape.batch {
        return;
    }
    let rows = min(ROWS_PER_GROUP, shape.batch - first_row);
    let units = shape.hidden;
    // What a step hands to the one before it, of each of the lane's units.
    var carried: array<vec4<f32>, UNITS_PER_LANE>;
    var grad_cell: array<vec4<f32>, UNITS_PER_LANE>;
    // By unit and gate.
    var grads: array<vec4<f32>, 4u * UNITS_PER_LANE>;
    for (var left = shape.steps; left > 0u; left--) {
        let step = left - 1u;
        for (var own = 0u; own < UNITS_PER_LANE; own++) {
            let unit = own * LANES + lane;
            if unit >= units {
                continue;
            }
            var i: vec4<f32>;
            var f: vec4<f32>;
            var candidate: vec4<f32>;
            var o: vec4<f32>;
            var c: vec4<f32>;
            var cell_before: vec4<f32>;
            var dh: vec4<f32>;
            for (var row = 0u; row < ROWS_PER_GROUP; row++) {
                if row >= rows {
                    break;
                }
                let place = (first_row + row) * shape.steps + step;
                i[row] = gates[place * 4u * units + unit];
                f[row] = gates[(place * 4u + 1u) * units + unit];
                candidate[row] = gates[(place * 4u + 2u) * units + unit];
                o[row] = gates[(place * 4u + 3u) * units + unit];
                c[row] = cell[place * units + unit];
                dh[row] = grad_hidden[place * units + unit];
                if step > 0u {
                    cell_before[row] = cell[(place - 1u) * units + unit];
                }
            }
            let squashed = squash(c);
            dh = flush(dh + carried[own]);
            let dc = grad_cell[own] + dh * o * (1.0 - squashed * squashed);
            grad_cell[own] = flush(dc * f);
            carried[own] = vec4(0.0);
            let of_i = flush(dc * candidate * (i * (1.0 - i)));
            let of_f = flush(dc * cell_before * (f * (1.0 - f)));
            let of_candidate = flush(dc * i * (1.0 - candidate * candidate));
            let of_o = flush(dh * squashed * (o * (1.0 - o)));
            grads[own * 4u] = of_i;
            grads[own * 4u + 1u] = of_f;
            grads[own * 4u + 2u] = of_candidate;
            grads[own * 4u + 3u] = of_o;
            for (var row = 0u; row < ROWS_PER_GROUP; row++) {
                if row >= rows {
                    break;
                }
                let place = ((first_row + row) * shape.steps + step) * 4u;
                grad_z[place * units + unit] = of_i[row];
                grad_z[(place + 1u) * units + unit] = of_f[row];
                grad_z[(place + 2u) * units + unit] = of_candidate[row];
                grad_z[(place + 3u) * units + unit] = of_o[row];
            }
        }
        for (var first = 0u; first < units; first += UNITS_AT_ONCE) {
            let count = min(UNITS_AT_ONCE, units - first);
            workgroupBarrier();
            for (var own = 0u; own < UNITS_PER_LANE; own++) {
                let at = own * LANES + lane - first;
                // Below the first it wraps around and is beyond the last.
                if at < count {
                    for (var gate = 0u; gate < 4u; gate++) {
                        grad_z_now[at * 4u + gate] = grads[own * 4u + gate];
                    }
                }
            }
            workgroupBarrier();
            for (var own = 0u; own < UNITS_PER_LANE; own++) {
                let unit = own * LANES + lane;
                if unit >= units {
                    continue;
                }
                var sum = carried[own];
                for (var other = 0u; other < count; other++) {
                    let weights = transposed[(first + other) * units + unit].of_gates;
                    sum = fma(vec4(weights.x), grad_z_now[other * 4u], sum);
                    sum = fma(vec4(weights.y), grad_z_now[other * 4u + 1u], sum);
                    sum = fma(vec4(weights.z), grad_z_now[other * 4u + 2u], sum);
                    sum = fma(vec4(weights.w), grad_z_now[other * 4u + 3u], sum);
                }
                carried[own] = sum;
            }
        }
    }
}

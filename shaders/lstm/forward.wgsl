// The recurrence of the LSTM, forward. Twin, formulas and order of summation:
// src/models/lstm/forward.rs
//
// One workgroup per 4 rows of the batch goes through all time steps: rows are independent, so
// nothing has to wait for another workgroup. A lane has a unit: it sums all four gates of all four
// rows, so that U, which comes as (from, to, gate), is read once for four rows, 16 bytes at a time,
// neighbouring lanes side by side, and gates need not be exchanged. The hidden state of the step
// before is in workgroup memory.

// Lanes of a workgroup; set from Rust.
override LANES: u32;

// Most hidden units: 8 KiB of workgroup memory, of 16 KiB that every device has.
const MOST_UNITS: u32 = 512u;

// Units of one lane: LANES * UNITS_PER_LANE is MOST_UNITS.
const UNITS_PER_LANE: u32 = 2u;

// A vec4 of states: one of each row. Loops over rows run to this constant, and leave early, so that
// a compiler can unroll them and keep the vectors in registers.
const ROWS_PER_GROUP: u32 = 4u;

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
@group(0) @binding(1) var<storage, read_write> projected: array<f32>;
@group(0) @binding(2) var<storage, read_write> recurrent: array<Weights>;
@group(0) @binding(3) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(4) var<storage, read_write> cell: array<f32>;
@group(0) @binding(5) var<storage, read_write> gates: array<f32>;

var<workgroup> sizes: Parameters;
var<workgroup> hidden_now: array<vec4<f32>, MOST_UNITS>;

// x held within ±limit. By comparison and not by clamp(), which may turn a NaN into a limit and so
// hide it.
fn within(x: vec4<f32>, limit: f32) -> vec4<f32> {
    let below = select(x, vec4(limit), x > vec4(limit));
    return select(below, vec4(-limit), below < vec4(-limit));
}

// Beyond these limits both are flat in 32 bits, and exp would overflow.
fn sigmoid(x: vec4<f32>) -> vec4<f32> {
    return 1.0 / (1.0 + exp(-within(x, 80.0)));
}

fn squash(x: vec4<f32>) -> vec4<f32> {
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
    let first_row = (group.y * groups.x + group.x) * ROWS_PER_GROUP;
    if first_row >= shape.batch {
        return;
    }
    let rows = min(ROWS_PER_GROUP, shape.batch - first_row);
    let units = shape.hidden;
    var cell_now: array<vec4<f32>, UNITS_PER_LANE>;
    var hidden_next: array<vec4<f32>, UNITS_PER_LANE>;
    for (var unit = lane; unit < units; unit += LANES) {
        hidden_now[unit] = vec4(0.0);
    }
    workgroupBarrier();
    for (var step = 0u; step < shape.steps; step++) {
        for (var own = 0u; own < UNITS_PER_LANE; own++) {
            let unit = own * LANES + lane;
            if unit >= units {
                continue;
            }
            // By gate, of each row.
            var z: array<vec4<f32>, 4>;
            for (var row = 0u; row < ROWS_PER_GROUP; row++) {
                if row >= rows {
                    break;
                }
                let place = ((first_row + row) * shape.steps + step) * 4u;
                z[0][row] = projected[place * units + unit];
                z[1][row] = projected[(place + 1u) * units + unit];
                z[2][row] = projected[(place + 2u) * units + unit];
                z[3][row] = projected[(place + 3u) * units + unit];
            }
            for (var other = 0u; other < units; other++) {
                let weights = recurrent[other * units + unit].of_gates;
                let h = hidden_now[other];
                z[0] = fma(vec4(weights.x), h, z[0]);
                z[1] = fma(vec4(weights.y), h, z[1]);
                z[2] = fma(vec4(weights.z), h, z[2]);
                z[3] = fma(vec4(weights.w), h, z[3]);
            }
            let i = sigmoid(z[0]);
            let f = sigmoid(z[1]);
            let candidate = squash(z[2]);
            let o = sigmoid(z[3]);
            let c = fma(f, cell_now[own], i * candidate);
            let h = o * squash(c);
            cell_now[own] = c;
            hidden_next[own] = h;
            for (var row = 0u; row < ROWS_PER_GROUP; row++) {
                if row >= rows {
                    break;
                }
                let place = (first_row + row) * shape.steps + step;
                cell[place * units + unit] = c[row];
                hidden[place * units + unit] = h[row];
                gates[place * 4u * units + unit] = i[row];
                gates[(place * 4u + 1u) * units + unit] = f[row];
                gates[(place * 4u + 2u) * units + unit] = candidate[row];
                gates[(place * 4u + 3u) * units + unit] = o[row];
            }
        }
        workgroupBarrier();
        for (var own = 0u; own < UNITS_PER_LANE; own++) {
            let unit = own * LANES + lane;
            if unit < units {
                hidden_now[unit] = hidden_next[own];
            }
        }
        workgroupBarrier();
    }
}

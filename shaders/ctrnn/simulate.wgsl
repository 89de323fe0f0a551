// ctrnn/simulate: many rows of one network under noise, some steps on. Twin, formulas and order of
// summation: src/models/ctrnn/simulate.rs
//
// One workgroup takes `quads` quads of rows. A lane has a unit of a quad: it sums the unit's input
// in four rows at once, so that a weight is read once for four rows, and keeps h of the four in a
// register, beside their noise of four steps. What units hear, u and h of every row, is in workgroup
// memory twice, now and after the step, so that one barrier per step is enough; behind it lie as many
// weights as there is room for, the rest is read from storage.

override LANES: u32;

// Workgroup memory, in vectors of four words.
override WORDS: u32;

// Partial sums of an output.
const PARTS: u32 = 8u;

const RELU: u32 = 0u;
const SOFTPLUS: u32 = 1u;
const INSIDE: u32 = 0u;
const SMALLEST_GRADIENT: f32 = 1e-30;
const LOG2_E: f32 = 1.442695;
// ln 2 in two parts: a product of the first with a whole number below 512 is exact.
const LN_2_HIGH: f32 = 0.69314575;
const LN_2_LOW: f32 = 1.4286068e-6;

struct Simulation {
    rows: u32,
    first_row: u32,
    draws: u32,
    realisations: u32,
    units: u32,
    inputs: u32,
    outputs: u32,
    quads: u32,
    first: u32,
    steps: u32,
    all_steps: u32,
    kept_from: u32,
    nonlinearity: u32,
    site: u32,
    rate: f32,
    key_low: u32,
    key_high: u32,
    index: u32,
}

// The weights to one unit from four of what it hears.
struct Four {
    of_unit: vec4<f32>,
}

@group(0) @binding(0) var<uniform> simulation: Simulation;
@group(0) @binding(1) var<storage, read> levels: array<f32>;
@group(0) @binding(2) var<storage, read> drive: array<f32>;         // drives * all_steps * inputs
@group(0) @binding(3) var<storage, read> bias: array<f32>;          // units
@group(0) @binding(4) var<storage, read> weights: array<Four>;      // fours * units
@group(0) @binding(5) var<storage, read> readout: array<f32>;       // (units + 1) * outputs
@group(0) @binding(6) var<storage, read_write> state: array<f32>;   // rows * units
@group(0) @binding(7) var<storage, read_write> outputs: array<f32>; // rows * kept * outputs

var<workgroup> memory: array<vec4<f32>, WORDS>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let rows_before = (group.y * groups.x + group.x) * 4u * simulation.quads;
    if rows_before >= simulation.rows {
        return;
    }
    let units = simulation.units;
    let inputs = simulation.inputs;
    let fours = (inputs + units + 3u) / 4u;
    let heard = simulation.quads * 4u * fours; // of one time
    let items = simulation.quads * simulation.outputs * PARTS;
    let begin_of_weights = 2u * heard + items;
    let cached = min(fours, (WORDS - begin_of_weights) / units);
    for (var at = lane; at < 2u * heard; at += LANES) {
        memory[at] = vec4(0.0);
    }
    for (var at = lane; at < cached * units; at += LANES) {
        memory[begin_of_weights + at] = weights[at].of_unit;
    }
    workgroupBarrier();

    let quad = lane / units;
    let unit = lane % units;
    let busy = quad < simulation.quads;
    let rows = rows_of(rows_before + 4u * quad);
    let draws = (rows + simulation.first_row) % simulation.draws;
    let level = levels_of((rows + simulation.first_row) / simulation.draws);
    let noisy = any(level != vec4(0.0));
    let own_bias = bias[unit];
    var h = vec4(0.0);
    var noise: mat4x4<f32>;
    if busy {
        h = state_of(rows, unit);
        memory[quad * 4u * fours + inputs + unit] = h;
    }
    hear(rows_before, 0u, 0u, fours, lane);
    workgroupBarrier();
    for (var step = 0u; step < simulation.steps; step++) {
        let time = simulation.first + step;
        let now = (step & 1u) * heard;
        let next = heard - now;
        if busy {
            if noisy && (step == 0u || (time & 3u) == 0u) {
                noise = deviates(unit, time / 4u, draws);
                for (var past = 0u; past < (time & 3u); past++) {
                    noise = later(noise);
                }
            }
            var pre = vec4(own_bias);
            let begin = now + quad * 4u * fours;
            for (var four = 0u; four < cached; four++) {
                pre = add(memory[begin_of_weights + four * units + unit], begin + 4u * four, pre);
            }
            for (var four = cached; four < fours; four++) {
                pre = add(weights[four * units + unit].of_unit, begin + 4u * four, pre);
            }
            h = stepped(h, pre, level * noise[0]);
            noise = later(noise);
            memory[next + quad * 4u * fours + inputs + unit] = h;
        }
        if step + 1u < simulation.steps {
            hear(rows_before, step + 1u, next, fours, lane);
        }
        workgroupBarrier();
        if time >= simulation.kept_from {
            for (var item = lane; item < items; item += LANES) {
                memory[2u * heard + item] = part(item, next, fours);
            }
            workgroupBarrier();
            for (var at = lane; at < items / PARTS; at += LANES) {
                write_output(rows_before, at, 2u * heard, time - simulation.kept_from);
            }
        }
    }
    if busy {
        for (var row = 0u; row < 4u; row++) {
            if rows_before + 4u * quad + row < simulation.rows {
                state[rows[row] * units + unit] = h[row];
            }
        }
    }
}

// Four rows from `row` on, those behind the last being the last.
fn rows_of(row: u32) -> vec4<u32> {
    return min(vec4(row) + vec4(0u, 1u, 2u, 3u), vec4(simulation.rows - 1u));
}

fn levels_of(at: vec4<u32>) -> vec4<f32> {
    return vec4(levels[at.x], levels[at.y], levels[at.z], levels[at.w]);
}

fn state_of(rows: vec4<u32>, unit: u32) -> vec4<f32> {
    let at = rows * simulation.units + unit;
    return vec4(state[at.x], state[at.y], state[at.z], state[at.w]);
}

// u of a step for all quads, into the memory from `place` on.
fn hear(rows_before: u32, step: u32, place: u32, fours: u32, lane: u32) {
    let inputs = simulation.inputs;
    for (var at = lane; at < simulation.quads * inputs; at += LANES) {
        let rows = rows_of(rows_before + at / inputs * 4u) + simulation.first_row;
        let drives = rows % simulation.draws / simulation.realisations;
        let begin = (drives * simulation.all_steps + simulation.first + step) * inputs + at % inputs;
        let u = vec4(drive[begin.x], drive[begin.y], drive[begin.z], drive[begin.w]);
        memory[place + at / inputs * 4u * fours + at % inputs] = u;
    }
}

// The noise of a unit in four rows, of four steps; the second to fourth of them come first then.
fn deviates(unit: u32, block: u32, draws: vec4<u32>) -> mat4x4<f32> {
    let key = vec2(simulation.key_low, simulation.key_high);
    return transpose(mat4x4(
        normals(vec4(unit, block, draws.x, simulation.index), key),
        normals(vec4(unit, block, draws.y, simulation.index), key),
        normals(vec4(unit, block, draws.z, simulation.index), key),
        normals(vec4(unit, block, draws.w, simulation.index), key),
    ));
}

fn later(noise: mat4x4<f32>) -> mat4x4<f32> {
    return mat4x4(noise[1], noise[2], noise[3], noise[0]);
}

// sum, and what is heard through four weights, one after the other.
fn add(weights: vec4<f32>, begin: u32, sum: vec4<f32>) -> vec4<f32> {
    var more = fma(vec4(weights.x), memory[begin], sum);
    more = fma(vec4(weights.y), memory[begin + 1u], more);
    more = fma(vec4(weights.z), memory[begin + 2u], more);
    return fma(vec4(weights.w), memory[begin + 3u], more);
}

// h after a step.
fn stepped(before: vec4<f32>, pre: vec4<f32>, noise: vec4<f32>) -> vec4<f32> {
    var total: vec4<f32>;
    if simulation.site == INSIDE {
        total = value(pre + noise);
    } else {
        total = value(pre) + noise;
    }
    let h = fma(vec4(simulation.rate), total, (1.0 - simulation.rate) * before);
    return select(h, vec4(0.0), abs(h) < vec4(SMALLEST_GRADIENT));
}

// One of the partial sums of an output: every eighth unit.
fn part(item: u32, place: u32, fours: u32) -> vec4<f32> {
    let outputs = simulation.outputs;
    let begin = place + item / PARTS / outputs * 4u * fours + simulation.inputs;
    var sum = vec4(0.0);
    for (var unit = item % PARTS; unit < simulation.units; unit += PARTS) {
        let weight = readout[unit * outputs + item / PARTS % outputs];
        sum = fma(vec4(weight), memory[begin + unit], sum);
    }
    return sum;
}

fn write_output(rows_before: u32, at: u32, parts: u32, step: u32) {
    let wide = simulation.outputs;
    let output = at % wide;
    var z = vec4(readout[simulation.units * wide + output]);
    for (var part = 0u; part < PARTS; part++) {
        z += memory[parts + at * PARTS + part];
    }
    let first = rows_before + at / wide * 4u;
    let kept = simulation.all_steps - simulation.kept_from;
    for (var row = 0u; row < 4u; row++) {
        if first + row < simulation.rows {
            outputs[((first + row) * kept + step) * wide + output] = z[row];
        }
    }
}

// f.
fn value(x: vec4<f32>) -> vec4<f32> {
    // By comparisons that a NaN fails: max would lose it.
    let positive = select(x, vec4(0.0), x < vec4(0.0));
    if simulation.nonlinearity == RELU {
        return positive;
    }
    if simulation.nonlinearity == SOFTPLUS {
        let exponential = exponential_of(-at_most(abs(x), 87.0));
        let y = fma(exponential.power, exponential.less_one, exponential.power);
        let s = y / (2.0 + y);
        let q = s * s;
        let series = q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0
            + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * (1.0 / 13.0))))));
        return positive + fma(series, 2.0 * s, 2.0 * s);
    }
    let exponential = exponential_of(2.0 * at_most(abs(x), 10.0));
    let less_one = fma(exponential.power, exponential.less_one, exponential.power - 1.0);
    let ratio = less_one / (less_one + 2.0);
    return select(ratio, -ratio, x < vec4(0.0));
}

fn at_most(x: vec4<f32>, limit: f32) -> vec4<f32> {
    return select(x, vec4(limit), x > vec4(limit));
}

// e^x = power * (1 + less_one).
struct Exponential {
    power: vec4<f32>,
    less_one: vec4<f32>,
}

// For |x| <= 87; drivers owe `exp` only 3 + 2 |x| ulp. Twin: src/models/activations.rs
fn exponential_of(x: vec4<f32>) -> Exponential {
    let n = round(x * LOG2_E);
    let r = fma(-n, vec4(LN_2_LOW), fma(-n, vec4(LN_2_HIGH), x));
    let series = 0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0
        + r * (1.0 / 720.0 + r * (1.0 / 5040.0)))));
    let power = bitcast<vec4<f32>>((vec4<i32>(n) + 127) << vec4(23u));
    return Exponential(power, fma(series * r, r, r));
}

// dfa/fused: all of the DFA of a short trace from one read of it, order 1. One workgroup per trace.
// Twin and reasons: src/analysis/dfa/fused.rs

override LANES: u32;
override WORDS: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;         // sizes
@group(0) @binding(2) var<storage, read> weights: array<Weight>;           // sizes
@group(0) @binding(3) var<storage, read> traces: array<f32>;               // rows * steps
@group(0) @binding(4) var<storage, read_write> fluctuations: array<f32>;   // rows * sizes
@group(0) @binding(5) var<storage, read_write> exponents: array<Exponent>; // rows

// Lanes that work on one size together: the workgroup of `dfa/fluctuation`, and its order.
const TEAM: u32 = 32u;

// Windows that a lane adds up before it adds them to its total.
const RUN: u32 = 32u;

// Pieces folded into a group before groups are folded into the window.
const GROUP: u32 = 32u;

// The profile, `steps` words; then, a word for each block: levels, sums, means, slopes, residuals.
var<workgroup> memory: array<f32, WORDS>;
var<workgroup> magnitudes: array<u32, LANES>;
var<workgroup> changes: array<u32, LANES>;
var<workgroup> partial: array<f32, LANES>;

fn profile_at(at: u32) -> f32 {
    return memory[at];
}

fn level_at(block: u32) -> f32 {
    return memory[shape.steps + block];
}

// The residual of the window `start .. end`.
fn residual_of(start: u32, end: u32, blocks: u32) -> f32 {
    let level = level_over(start / BLOCK, (end - 1u) / BLOCK);
    var total = EMPTY;
    var group = EMPTY;
    var pieces = 0u;
    var at = start;
    while at < end {
        let block = at / BLOCK;
        let border = min((block + 1u) * BLOCK, shape.steps);
        let next = min(border, end);
        var piece = EMPTY;
        if at % BLOCK == 0u && next == border {
            let place = shape.steps + blocks + block;
            piece = Block(
                f32(next - at),
                memory[place],
                memory[place + blocks],
                memory[place + 2u * blocks],
                memory[place + 3u * blocks],
            );
        } else {
            var before = 0.0;
            if at % BLOCK != 0u {
                before = memory[at - 1u];
            }
            piece = leaf(at, next - at, before);
        }
        group = merge(group, tilted(piece, level_at(block) - level));
        pieces++;
        if pieces == GROUP {
            total = merge(total, group);
            group = EMPTY;
            pieces = 0u;
        }
        at = next;
    }
    return merge(total, group).residual;
}

// What one window of `size` samples adds to the sum: its residual, or its root mean square.
fn contribution(residual: f32, size: u32) -> f32 {
    if shape.roots == 0u {
        return residual;
    }
    return sqrt(residual / f32(size));
}

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
    let begin = row * shape.steps;
    let blocks = (shape.steps + BLOCK - 1u) / BLOCK;

    // The only read of the trace.
    let first = bitcast<u32>(traces[begin]);
    var magnitude = 0u;
    var change = 0u;
    for (var i = lane; i < shape.steps; i += LANES) {
        let x = traces[begin + i];
        let bits = bitcast<u32>(x);
        magnitude = max(magnitude, bits & 0x7fffffffu);
        change |= bits ^ first;
        memory[i] = x;
    }
    magnitudes[lane] = magnitude;
    changes[lane] = change;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            magnitudes[lane] = max(magnitudes[lane], magnitudes[lane + half]);
            changes[lane] |= changes[lane + half];
        }
        workgroupBarrier();
    }
    let status = status_of(magnitudes[0], changes[0]);
    let exponent = unit_of(magnitudes[0]);
    let scale = bitcast<f32>((254u - exponent) << 23u);
    let unit = bitcast<f32>(exponent << 23u);

    // Each block is integrated from zero about a level of its own, and summarised.
    for (var block = lane; block < blocks; block += LANES) {
        let from_sample = block * BLOCK;
        let end = min(from_sample + BLOCK, shape.steps);
        let place = shape.steps + block;
        if status != DEFINED {
            for (var i = from_sample; i < end; i++) {
                memory[i] = 0.0;
            }
            for (var k = 0u; k < 5u; k++) {
                memory[place + k * blocks] = 0.0;
            }
            continue;
        }
        let origin = memory[from_sample] * scale;
        var sum = 0.0;
        for (var i = from_sample; i < end; i++) {
            sum += memory[i] * scale - origin;
        }
        let level = origin + sum * (1.0 / f32(BLOCK));
        var risen = 0.0;
        for (var i = from_sample; i < end; i++) {
            risen += memory[i] * scale - level;
            memory[i] = risen;
        }
        let whole = leaf(from_sample, end - from_sample, 0.0);
        memory[place] = level;
        memory[place + blocks] = whole.sum;
        memory[place + 2u * blocks] = whole.mean;
        memory[place + 3u * blocks] = whole.slope;
        memory[place + 4u * blocks] = whole.residual;
    }
    workgroupBarrier();

    // A team per size, several sizes at a time.
    let member = lane % TEAM;
    for (var round = 0u; round < shape.sizes; round += LANES / TEAM) {
        let place = round + lane / TEAM;
        var total = 0.0;
        if place < shape.sizes {
            let size = sizes[place];
            var run = 0.0;
            var added = 0u;
            for (var number = member; number < size.count; number += TEAM) {
                let start = start_of(size, number);
                run += contribution(residual_of(start, start + size.size, blocks), size.size);
                added++;
                if added == RUN {
                    total += run;
                    run = 0.0;
                    added = 0u;
                }
            }
            total += run;
        }
        partial[lane] = total;
        workgroupBarrier();
        for (var half = TEAM / 2u; half > 0u; half /= 2u) {
            if member < half {
                partial[lane] += partial[lane + half];
            }
            workgroupBarrier();
        }
        if member == 0u && place < shape.sizes {
            let size = sizes[place];
            var fluctuation = partial[lane] / f32(size.count);
            if shape.roots == 0u {
                fluctuation = sqrt(fluctuation / f32(size.size));
            }
            fluctuations[row * shape.sizes + place] = unit * fluctuation;
        }
    }
    storageBarrier();
    workgroupBarrier();
    if lane == 0u {
        exponents[row] = fitted(row * shape.sizes, status);
    }
}

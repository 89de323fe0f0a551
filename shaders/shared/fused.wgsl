// All of the DFA of a short trace from one read of it: the body of `dfa/fused` and
// `dfa/fused_higher`, which say what a stretch of profile is summarised by (`Summary`, `NOTHING`,
// `leaf`, `tilted`, `joined`, `rest`) and how a node keeps it (`keep`, `kept`). One workgroup per
// trace. Twin: src/analysis/dfa/tree.rs; reasons: src/analysis/dfa/fused.rs

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

// The profile, `steps` words; then the nodes of a tree over its blocks, the first words of all nodes,
// their second words and so on. Node `i` of the lowest level is block i; of each level above, the
// pair 2i, 2i + 1 of the level below, where both are there. They lie in order: every node between
// its two halves.
var<workgroup> memory: array<f32, WORDS>;
var<workgroup> magnitudes: array<u32, LANES>;
var<workgroup> changes: array<u32, LANES>;
var<workgroup> partial: array<f32, LANES>;

fn profile_at(at: u32) -> f32 {
    return memory[at];
}

fn blocks_of_trace() -> u32 {
    return (shape.steps + BLOCK - 1u) / BLOCK;
}

// The first word of the node of `level` that begins with `block`: the level it is integrated about.
fn place_of(level: u32, block: u32) -> u32 {
    return shape.steps + 2u * block + (1u << level) - 1u;
}

// Words from one word of a node to the next.
fn apart() -> u32 {
    return 2u * blocks_of_trace();
}

// The sample behind that node.
fn end_of(level: u32, block: u32) -> u32 {
    return min((block + (1u << level)) * BLOCK, shape.steps);
}

fn node(level: u32, block: u32) -> Summary {
    let count = end_of(level, block) - block * BLOCK;
    return kept(place_of(level, block) + apart(), apart(), f32(count));
}

// Near the mean over the window, so that no steep line has to be carried along: that of the largest
// node inside, or the mean of the two blocks at its ends.
fn level_of_window(start: u32, end: u32) -> f32 {
    let first = (start + BLOCK - 1u) / BLOCK;
    var last = end / BLOCK;
    if end == shape.steps {
        last = blocks_of_trace();
    }
    if last <= first {
        let left = memory[place_of(0u, start / BLOCK)];
        return 0.5 * (left + memory[place_of(0u, (end - 1u) / BLOCK)]);
    }
    // What divides the blocks between the two ends by the highest power of two.
    let high = firstLeadingBit(first ^ last);
    let middle = (last >> high) << high;
    if last - middle > middle - first {
        return memory[place_of(firstLeadingBit(last - middle), middle)];
    }
    let level = firstLeadingBit(middle - first);
    return memory[place_of(level, middle - (1u << level))];
}

// What is left of the window `start .. end` without its polynomial.
fn residual_of(start: u32, end: u32) -> f32 {
    let window_level = level_of_window(start, end);
    let blocks = blocks_of_trace();
    var total = NOTHING;
    var at = start;
    while at < end {
        let block = at / BLOCK;
        var level = 0u;
        var next = end_of(0u, block);
        var piece = NOTHING;
        if at % BLOCK == 0u && next <= end {
            // The largest node that begins here and ends inside.
            var wider = end_of(1u, block);
            while block % (2u << level) == 0u && block + (2u << level) <= blocks && wider <= end {
                level++;
                next = wider;
                wider = end_of(level + 1u, block);
            }
            piece = node(level, block);
        } else {
            next = min(next, end);
            var before = 0.0;
            if at % BLOCK != 0u {
                before = memory[at - 1u];
            }
            piece = leaf(at, next - at, before);
        }
        let tilt = memory[place_of(level, block)] - window_level;
        total = joined(total, tilted(piece, tilt));
        at = next;
    }
    return rest(total);
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
    let blocks = blocks_of_trace();

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
        var level = 0.0;
        if status == DEFINED {
            let origin = memory[from_sample] * scale;
            var sum = 0.0;
            for (var i = from_sample; i < end; i++) {
                sum += memory[i] * scale - origin;
            }
            level = origin + sum * (1.0 / f32(BLOCK));
            var risen = 0.0;
            for (var i = from_sample; i < end; i++) {
                risen += memory[i] * scale - level;
                memory[i] = risen;
            }
        } else {
            for (var i = from_sample; i < end; i++) {
                memory[i] = 0.0;
            }
        }
        let place = place_of(0u, block);
        memory[place] = level;
        keep(place + apart(), apart(), leaf(from_sample, end - from_sample, 0.0));
    }
    workgroupBarrier();

    // Pairs, pairs of pairs and so on, each about the mean of its halves' levels.
    for (var level = 1u; (blocks >> level) > 0u; level++) {
        for (var i = lane; i < (blocks >> level); i += LANES) {
            let left = i << level;
            let right = left + (1u << (level - 1u));
            let level_left = memory[place_of(level - 1u, left)];
            let level_right = memory[place_of(level - 1u, right)];
            let mean = 0.5 * (level_left + level_right);
            let whole = joined(
                tilted(node(level - 1u, left), level_left - mean),
                tilted(node(level - 1u, right), level_right - mean),
            );
            let place = place_of(level, left);
            memory[place] = mean;
            keep(place + apart(), apart(), whole);
        }
        workgroupBarrier();
    }

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
                run += contribution(residual_of(start, start + size.size), size.size);
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

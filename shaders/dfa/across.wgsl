// dfa/across: the windows of a long trace that go beyond the tile in which they start. One invocation
// per trace, size and tile. Twin and reasons: src/analysis/dfa/across.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;     // sizes
@group(0) @binding(2) var<storage, read> heads: array<f32>;            // the piece with the windows' starts
@group(0) @binding(3) var<storage, read> tails: array<f32>;            // the piece with their ends
@group(0) @binding(4) var<storage, read> views: array<Seen>;           // rows * tiles
@group(0) @binding(5) var<storage, read> nodes: array<f32>;            // rows * tiles * TILE_NODES * NODE
@group(0) @binding(6) var<storage, read> marks: array<Mark>;           // rows
@group(0) @binding(7) var<storage, read_write> sums: array<vec2<f32>>; // rows * sizes * tiles

// The profile of a piece of at most a block.
var<private> profile: array<f32, BLOCK>;

fn profile_at(at: u32) -> f32 {
    return profile[at];
}

fn word_at(at: u32) -> f32 {
    return nodes[at];
}

// Nodes are read alone here.
fn put(at: u32, value: f32) {}

// Sample `at` of trace `row`, in its unit.
fn sample_at(row: u32, at: u32, scale: f32) -> f32 {
    let place = row * shape.steps + at;
    if at / TILE_SAMPLES < shape.head + shape.piece {
        return heads[place - shape.head * TILE_SAMPLES] * scale;
    }
    return tails[place - shape.tail * TILE_SAMPLES] * scale;
}

// Puts the profile of the samples `from_sample .. end` into `profile` and gives its level.
fn integrate(row: u32, from_sample: u32, end: u32, scale: f32) -> f32 {
    let origin = sample_at(row, from_sample, scale);
    var sum = 0.0;
    for (var at = from_sample; at < end; at++) {
        sum += sample_at(row, at, scale) - origin;
    }
    let level = origin + sum * (1.0 / f32(BLOCK));
    var risen = 0.0;
    for (var at = from_sample; at < end; at++) {
        risen += sample_at(row, at, scale) - level;
        profile[at - from_sample] = risen;
    }
    return level;
}

// In the unit of the trace.
fn ratio_at(row: u32, level: u32, block: u32) -> f32 {
    if level > TILE_LEVEL {
        return 1.0;
    }
    return ratio_of(views[row * shape.tiles + block / (TILE_SAMPLES / BLOCK)], marks[row]);
}

// Near the mean over the window: that of the largest node inside, or of the samples at its ends.
fn level_of_window(row: u32, start: u32, end: u32, scale: f32) -> f32 {
    let first = (start + 2u * BLOCK - 1u) / (2u * BLOCK);
    var last = end / (2u * BLOCK);
    if end == shape.steps {
        last = blocks_of_trace() / 2u;
    }
    if last <= first {
        return 0.5 * (sample_at(row, start, scale) + sample_at(row, end - 1u, scale));
    }
    let largest = largest_between(first, last);
    let level = largest.x + 1u;
    let block = 2u * largest.y;
    return nodes[place_in_nodes(row, level, block)] * ratio_at(row, level, block);
}

// What is left of the window `start .. end` of trace `row` without its polynomial, and the doubt.
fn residual_of(row: u32, start: u32, end: u32) -> vec2<f32> {
    let scale = bitcast<f32>((254u << 23u) - bitcast<u32>(marks[row].unit));
    let window_level = level_of_window(row, start, end, scale);
    let blocks = blocks_of_trace();
    var total = NOTHING;
    var leaned = 0.0;
    var at = start;
    while at < end {
        let block = at / BLOCK;
        var level = 0u;
        var next = min((block + 1u) * BLOCK, end);
        var wider = end_in_trace(1u, block);
        // The largest node that begins here and ends inside.
        while at == block * BLOCK && block % (2u << level) == 0u
            && block + (2u << level) <= blocks && wider <= end {
            level++;
            next = wider;
            wider = end_in_trace(level + 1u, block);
        }
        var piece = NOTHING;
        var own_level = 0.0;
        if level > 0u {
            let place = place_in_nodes(row, level, block);
            let ratio = ratio_at(row, level, block);
            piece = scaled(kept(place, 1u, f32(next - at)), ratio);
            own_level = nodes[place] * ratio;
        } else {
            own_level = integrate(row, at, next, scale);
            piece = leaf(0u, next - at, 0.0);
            leaned += lean(piece);
        }
        total = joined(total, tilted(piece, own_level - window_level));
        at = next;
    }
    return rest(total, leaned);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = (group.y * groups.x + group.x) * LANES + lane;
    if index >= shape.rows * shape.sizes * shape.span {
        return;
    }
    let tile = shape.first + index % shape.span;
    let place = index / shape.span % shape.sizes;
    let row = index / shape.span / shape.sizes;
    let mark = marks[row];
    if mark.status != DEFINED {
        return;
    }
    let size = sizes[place];
    let begin = tile * TILE_SAMPLES;
    let at = (row * shape.sizes + place) * shape.tiles + tile;
    var total = sums[at];
    // What lies inside the tile is brought to the unit of the trace once.
    if shape.tail == shape.head {
        let ratio = ratio_of(views[row * shape.tiles + tile], mark);
        total *= select(ratio * ratio, ratio, shape.roots == 1u);
    }
    for (var behind = 0u; behind < 2u; behind++) {
        let found = starts(size, behind, begin, min(begin + TILE_SAMPLES, shape.steps));
        for (var number = found.inside; number < found.end; number++) {
            let start = start_of(size, number);
            let last = (start + size.size - 1u) / TILE_SAMPLES;
            if last >= shape.tail && last < shape.tail + shape.piece {
                total += contribution(residual_of(row, start, start + size.size), size.size);
            }
        }
    }
    sums[at] = total;
}

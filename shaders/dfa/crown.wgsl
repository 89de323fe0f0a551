// dfa/crown: the tree over the tiles of each trace, and what its tiles have shown. One workgroup per
// trace. Twin and reasons: src/analysis/dfa/crown.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> views: array<Seen>;        // rows * tiles
@group(0) @binding(2) var<storage, read_write> nodes: array<f32>;   // rows * tiles * TILE_NODES * NODE
@group(0) @binding(3) var<storage, read_write> marks: array<Mark>;  // rows

var<workgroup> magnitudes: array<u32, LANES>;
var<workgroup> changes: array<u32, LANES>;

fn word_at(at: u32) -> f32 {
    return nodes[at];
}

fn put(at: u32, value: f32) {
    nodes[at] = value;
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
    let tiles = row * shape.tiles;
    let first = views[tiles].first;
    var magnitude = 0u;
    var change = 0u;
    for (var i = lane; i < shape.tiles; i += LANES) {
        let seen = views[tiles + i];
        magnitude = max(magnitude, seen.magnitude);
        change |= seen.change | (seen.first ^ first);
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
    let unit = bitcast<f32>(unit_of(magnitudes[0]) << 23u);
    let mark = Mark(status_of(magnitudes[0], changes[0]), unit);
    if lane == 0u {
        marks[row] = mark;
    }

    let blocks = blocks_of_trace();
    for (var level = TILE_LEVEL + 1u; (blocks >> level) > 0u; level++) {
        for (var i = lane; i < (blocks >> level); i += LANES) {
            let left = half_of(row, level - 1u, i << level, mark);
            let right = half_of(row, level - 1u, (i << level) + (1u << (level - 1u)), mark);
            let mean = 0.5 * (left.level + right.level);
            let whole = joined(
                tilted(left.piece, left.level - mean),
                tilted(right.piece, right.level - mean),
            );
            keep(place_in_nodes(row, level, i << level), 1u, mean, whole);
        }
        storageBarrier();
        workgroupBarrier();
    }
}

// A node in the unit of the trace.
struct Half {
    level: f32,
    piece: Summary,
}

fn half_of(row: u32, level: u32, block: u32, mark: Mark) -> Half {
    let place = place_in_nodes(row, level, block);
    let count = f32(end_in_trace(level, block) - block * BLOCK);
    var ratio = 1.0;
    if level == TILE_LEVEL {
        ratio = ratio_of(views[row * shape.tiles + block / (TILE_SAMPLES / BLOCK)], mark);
    }
    return Half(word_at(place) * ratio, scaled(kept(place, 1u, count), ratio));
}

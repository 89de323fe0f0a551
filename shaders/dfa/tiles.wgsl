// dfa/tiles: the windows inside each tile of a long trace, from one read of it, and the tree over the
// tile for what comes after. One workgroup per tile. Twin and reasons: src/analysis/dfa/tiles.rs

override LANES: u32;
override WORDS: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;     // sizes
@group(0) @binding(2) var<storage, read> traces: array<f32>;           // rows * steps, or a piece of one
@group(0) @binding(3) var<storage, read_write> views: array<Seen>;     // rows * tiles
@group(0) @binding(4) var<storage, read_write> nodes: array<f32>;      // rows * tiles * TILE_NODES * NODE
@group(0) @binding(5) var<storage, read_write> sums: array<vec2<f32>>; // rows * sizes * tiles

var<workgroup> memory: array<f32, WORDS>;
var<workgroup> magnitudes: array<u32, LANES>;
var<workgroup> changes: array<u32, LANES>;
var<workgroup> partial: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * groups.x + group.x;
    if index >= shape.rows * shape.span {
        return;
    }
    let row = index / shape.span;
    let tile = shape.first + index % shape.span;
    begin = tile * TILE_SAMPLES;
    samples = min(TILE_SAMPLES, shape.steps - begin);
    let seen = read_in(row * shape.steps + begin - shape.head * TILE_SAMPLES, lane);
    if lane == 0u {
        views[row * shape.tiles + tile] = seen;
    }
    grow(unit_of(seen.magnitude), is_finite(seen.magnitude), lane);

    // The nodes above the blocks, which lie at odd places; where there is none, zeros.
    for (var i = lane; i < TILE_NODES; i += LANES) {
        let place = ((row * shape.tiles + tile) * TILE_NODES + i) * NODE;
        let inside = is_node(2u * i + 1u, blocks_of_stretch());
        for (var word = 0u; word < NODE; word++) {
            var value = 0.0;
            if inside {
                value = memory[samples + 2u * i + 1u + word * apart()];
            }
            nodes[place + word] = value;
        }
    }

    var round = 0u;
    while round < shape.sizes {
        let team = team_of(round);
        let place = round + lane / team;
        let sum = sum_of(place, team, lane);
        if lane % team == 0u && place < shape.sizes {
            sums[(row * shape.sizes + place) * shape.tiles + tile] = sum;
        }
        round += LANES / team;
    }
}

// Whether a node lies at `place` of a tree over `blocks` blocks.
fn is_node(place: u32, blocks: u32) -> bool {
    // Before it in its level lie all places whose lowest bit that is not set is as low.
    let level = firstTrailingBit(~place);
    let first = place + 1u - (1u << level);
    return first / 2u + (1u << level) <= blocks;
}

// What the stages of a trace measured in tiles know of them. Twins: src/analysis/dfa/block.rs,
// src/analysis/dfa/tiles.rs

// Samples of a tile: 64 blocks.
const TILE_SAMPLES: u32 = 2048u;

// Nodes kept of a tile: those of two blocks and more, and room for one above the tile.
const TILE_NODES: u32 = 64u;

// The level of the node that is a whole tile.
const TILE_LEVEL: u32 = 6u;

// What the unit of a tile is in the unit of its trace, which is no smaller: a power of two, or 0.
fn ratio_of(seen: Seen, mark: Mark) -> f32 {
    let exponent = 127u + unit_of(seen.magnitude);
    let whole = bitcast<u32>(mark.unit) >> 23u;
    return bitcast<f32>((max(exponent, whole) - whole) << 23u);
}

// The first word of the node of `level`, 1 or more, that begins with `block` of trace `row`.
fn place_in_nodes(row: u32, level: u32, block: u32) -> u32 {
    return (row * shape.tiles * TILE_NODES + block + (1u << (level - 1u)) - 1u) * NODE;
}

// The sample behind that node.
fn end_in_trace(level: u32, block: u32) -> u32 {
    return min((block + (1u << level)) * BLOCK, shape.steps);
}

fn blocks_of_trace() -> u32 {
    return (shape.steps + BLOCK - 1u) / BLOCK;
}

// spikes/statistics: sums over the windows of each unit. One invocation per unit.
// Twin, and why sums: src/analysis/spikes/statistics.rs

override LANES: u32;

struct Counted {
    open: u32,
    spikes: u32,
    squares_low: u32,
    squares_high: u32,
}

@group(0) @binding(0) var<uniform> chunk: Chunk;
@group(0) @binding(1) var<storage, read> counts: array<u32>;             // windows * units
@group(0) @binding(2) var<storage, read_write> counted: array<Counted>; // units

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let unit = (group.y * groups.x + group.x) * LANES + lane;
    if unit >= chunk.units {
        return;
    }
    var record = counted[unit];
    var squares = vec2(record.squares_low, record.squares_high);
    let first = chunk.start / chunk.window;
    for (var at = 0u; at < chunk.windows; at++) {
        record.open += counts[at * chunk.units + unit];
        if (first + at + 1u) * chunk.window <= chunk.start + chunk.steps {
            record.spikes += record.open;
            squares = add(squares, square(record.open));
            record.open = 0u;
        }
    }
    record.squares_low = squares.x;
    record.squares_high = squares.y;
    counted[unit] = record;
}

// spikes/count: the spikes of each unit in each window. One invocation per window and unit.
// Twin: src/analysis/spikes/count.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> chunk: Chunk;
@group(0) @binding(1) var<storage, read> bits: array<u32>;         // words * units
@group(0) @binding(2) var<storage, read_write> counts: array<u32>; // windows * units

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = (group.y * groups.x + group.x) * LANES + lane;
    if place >= chunk.windows * chunk.units {
        return;
    }
    let unit = place % chunk.units;
    // The part of the window that lies in the chunk, in steps from its beginning.
    let begin = (chunk.start / chunk.window + place / chunk.units) * chunk.window;
    let first = max(begin, chunk.start) - chunk.start;
    let end = min(begin + chunk.window, chunk.start + chunk.steps) - chunk.start;
    let last = (end - 1u) / BITS;
    var count = 0u;
    for (var word = first / BITS; word <= last; word++) {
        var wanted = 0xffffffffu;
        if word == first / BITS {
            wanted = wanted << (first % BITS);
        }
        if word == last {
            wanted &= 0xffffffffu >> (BITS - 1u - (end - 1u) % BITS);
        }
        count += countOneBits(bits[word * chunk.units + unit] & wanted);
    }
    counts[place] = count;
}

// spikes/threshold: which units are active, packed as bits. One invocation per unit and 32 steps.
// Twin and the order of floats: src/analysis/spikes/threshold.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> chunk: Chunk;
@group(0) @binding(1) var<storage, read_write> activations: array<u32>; // steps * units
@group(0) @binding(2) var<storage, read_write> bits: array<u32>;        // words * units

// The bits of infinity.
const INFINITE: u32 = 0x7f800000u;

// Floats by their bits, in the order of their values as whole numbers.
fn order(word: u32) -> u32 {
    return select(word | 0x80000000u, ~word, word >= 0x80000000u);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = (group.y * groups.x + group.x) * LANES + lane;
    if place >= words() * chunk.units {
        return;
    }
    let first = place / chunk.units * BITS;
    let steps = min(chunk.steps - first, BITS);
    var source = first * chunk.units + place % chunk.units;
    var word = 0u;
    for (var step = 0u; step < steps; step++) {
        let activation = activations[source];
        let number = (activation & 0x7fffffffu) <= INFINITE;
        if number && order(activation) > chunk.threshold {
            word |= 1u << step;
        }
        source += chunk.units;
    }
    bits[place] = word;
}

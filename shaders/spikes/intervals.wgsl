// spikes/intervals: sums over the intervals between the spikes of each unit. One invocation per
// unit. Twin, and why whole numbers: src/analysis/spikes/intervals.rs

override LANES: u32;

struct Spaced {
    spikes: u32,
    first: u32,
    last: u32,
    previous: u32,
    squares_low: u32,
    squares_high: u32,
}

@group(0) @binding(0) var<uniform> chunk: Chunk;
@group(0) @binding(1) var<storage, read> bits: array<u32>;            // words * units
@group(0) @binding(2) var<storage, read_write> spaced: array<Spaced>; // units
@group(0) @binding(3) var<storage, read_write> ratios: array<u32>;    // units * 4

// A ratio in fixed point, and the largest float below 1.
const ONE: f32 = 4294967296.0;
const BELOW_ONE: f32 = 0.99999994;

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
    var record = spaced[unit];
    var squares = vec2(record.squares_low, record.squares_high);
    var sum = vec2(ratios[4u * unit], ratios[4u * unit + 1u]);
    var sum_of_squares = vec2(ratios[4u * unit + 2u], ratios[4u * unit + 3u]);
    for (var word = 0u; word < words(); word++) {
        var left = bits[word * chunk.units + unit];
        record.spikes += countOneBits(left);
        while left != 0u {
            let now = chunk.start + word * BITS + firstTrailingBit(left) + 1u;
            left &= left - 1u;
            if record.last == 0u {
                record.first = now;
            } else {
                let interval = now - record.last;
                squares = add(squares, square(interval));
                if record.previous != 0u {
                    let change = max(interval, record.previous) - min(interval, record.previous);
                    let quotient = f32(change) / f32(interval + record.previous);
                    let ratio = min(quotient, BELOW_ONE);
                    sum = add(sum, vec2(u32(ratio * ONE), 0u));
                    sum_of_squares = add(sum_of_squares, vec2(u32(ratio * ratio * ONE), 0u));
                }
                record.previous = interval;
            }
            record.last = now;
        }
    }
    record.squares_low = squares.x;
    record.squares_high = squares.y;
    spaced[unit] = record;
    ratios[4u * unit] = sum.x;
    ratios[4u * unit + 1u] = sum.y;
    ratios[4u * unit + 2u] = sum_of_squares.x;
    ratios[4u * unit + 3u] = sum_of_squares.y;
}

// dfa/profile: each trace integrated in blocks, about levels. One workgroup per trace.
// Twin and reasons: src/analysis/dfa/profile.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> traces: array<f32>;        // rows * steps
@group(0) @binding(2) var<storage, read_write> profile: array<f32>; // rows * steps
@group(0) @binding(3) var<storage, read_write> levels: array<f32>;  // rows * ceil(steps / BLOCK)
@group(0) @binding(4) var<storage, read_write> marks: array<Mark>;  // rows

var<workgroup> magnitudes: array<u32, LANES>;
var<workgroup> changes: array<u32, LANES>;

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
    let start = row * shape.steps;

    // The largest magnitude, as bits: for floats without their sign the order of bits is the order
    // of values, and what is not finite sorts last. WGSL may assume that no NaN occurs, so a float
    // test proves nothing.
    let first = bitcast<u32>(traces[start]);
    var magnitude = 0u;
    var change = 0u;
    for (var i = lane; i < shape.steps; i += LANES) {
        let bits = bitcast<u32>(traces[start + i]);
        magnitude = max(magnitude, bits & 0x7fffffffu);
        change |= bits ^ first;
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
    magnitude = magnitudes[0];
    change = changes[0];

    let status = status_of(magnitude, change);
    let exponent = unit_of(magnitude);
    let scale = bitcast<f32>((254u - exponent) << 23u);
    if lane == 0u {
        marks[row] = Mark(status, bitcast<f32>(exponent << 23u));
    }

    let blocks = (shape.steps + BLOCK - 1u) / BLOCK;
    for (var block = lane; block < blocks; block += LANES) {
        let begin = start + block * BLOCK;
        let end = min(begin + BLOCK, start + shape.steps);
        if status != DEFINED {
            levels[row * blocks + block] = 0.0;
            for (var i = begin; i < end; i++) {
                profile[i] = 0.0;
            }
            continue;
        }
        // A level near the mean of the block; of a constant block its very value. Powers of two
        // only: devices may round a division as they like, and fuse an exact product without
        // consequence.
        let origin = traces[begin] * scale;
        var sum = 0.0;
        for (var i = begin; i < end; i++) {
            sum += traces[i] * scale - origin;
        }
        let level = origin + sum * (1.0 / f32(BLOCK));
        levels[row * blocks + block] = level;
        var risen = 0.0;
        for (var i = begin; i < end; i++) {
            risen += traces[i] * scale - level;
            profile[i] = risen;
        }
    }
}

// dfa/detrend: the residual of every window from its line. One invocation per window.
// Twin and reasons: src/analysis/dfa/detrend.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;    // sizes
@group(0) @binding(2) var<storage, read> profile: array<f32>;         // rows * steps
@group(0) @binding(3) var<storage, read> levels: array<f32>;          // rows * ceil(steps / BLOCK)
@group(0) @binding(4) var<storage, read_write> residuals: array<f32>; // rows * windows

// Pieces folded into a group before groups are folded into the window.
const GROUP: u32 = 32u;

// `count` samples from `begin`, all within one block, whose profile before them is `before` and
// whose level lies `tilt` above the window's. Two passes: line first, then distances from it.
fn leaf(begin: u32, count: u32, before: f32, tilt: f32) -> Block {
    let samples = f32(count);
    let centre = (samples - 1.0) * 0.5;
    var sum = 0.0;
    var moment = 0.0;
    for (var i = 0u; i < count; i++) {
        let p = profile[begin + i] - before;
        sum += p;
        moment += (f32(i) - centre) * p;
    }
    let mean = sum / samples;
    let slope = moment / max(spread(samples), 0.5); // of one sample: 0
    var residual = 0.0;
    for (var i = 0u; i < count; i++) {
        let distance = profile[begin + i] - before - mean - slope * (f32(i) - centre);
        residual += distance * distance;
    }
    let last = profile[begin + count - 1u] - before;
    // A level is a line through the profile: it tilts the block and leaves the residual.
    return Block(
        samples,
        last + tilt * samples,
        mean + tilt * (samples + 1.0) * 0.5,
        slope + tilt,
        residual,
    );
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group_id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = (group_id.y * groups.x + group_id.x) * LANES + lane;
    if index >= shape.rows * shape.windows {
        return;
    }
    let window = window_at(index);
    let row_begin = window.row * shape.steps;
    let row_levels = window.row * ((shape.steps + BLOCK - 1u) / BLOCK);
    var total = EMPTY;
    var group = EMPTY;
    var pieces = 0u;
    var at = window.start;
    while at < window.end {
        let next = min((at / BLOCK + 1u) * BLOCK, window.end);
        var before = 0.0;
        if at % BLOCK != 0u {
            before = profile[row_begin + at - 1u];
        }
        let tilt = levels[row_levels + at / BLOCK] - window.level;
        group = merge(group, leaf(row_begin + at, next - at, before, tilt));
        pieces++;
        if pieces == GROUP {
            total = merge(total, group);
            group = EMPTY;
            pieces = 0u;
        }
        at = next;
    }
    residuals[index] = merge(total, group).residual;
}

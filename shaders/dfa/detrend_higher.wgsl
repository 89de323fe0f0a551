// dfa/detrend_higher: the residual of every window from its parabola or cubic. One invocation per
// window. Twin and reasons: src/analysis/dfa/detrend_higher.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;    // sizes
@group(0) @binding(2) var<storage, read> profile: array<f32>;         // rows * steps
@group(0) @binding(3) var<storage, read> levels: array<f32>;          // rows * ceil(steps / BLOCK)
@group(0) @binding(4) var<storage, read_write> residuals: array<f32>; // rows * windows

// Pieces folded into a group before groups are folded into the window.
const GROUP: u32 = 32u;

fn level_at(at: u32) -> f32 {
    return levels[at];
}

// The four polynomials at sample i of `count`.
fn polynomials(i: u32, count: f32) -> vec4<f32> {
    let square = count * count;
    let u = (2.0 * f32(i) + 1.0 - count) / count;
    return vec4(
        1.0,
        u,
        u * u - (square - 1.0) / (3.0 * square),
        u * (u * u - (3.0 * square - 7.0) / (5.0 * square)),
    );
}

// `count` samples from `begin`, all within one block, whose profile before them is `before` and
// whose level lies `tilt` above the window's. Two passes: polynomial first, then distances from it.
fn leaf(begin: u32, count: u32, before: f32, tilt: f32) -> Stretch {
    let samples = f32(count);
    var moments = vec4(0.0);
    for (var i = 0u; i < count; i++) {
        moments += polynomials(i, samples) * (profile[begin + i] - before);
    }
    let squares = mean_squares(samples);
    let bends = divide(moments.yzw / samples, squares.yzw);
    let coefficients = vec4(moments.x / samples, bends);
    var residual = 0.0;
    for (var i = 0u; i < count; i++) {
        let fitted = dot(polynomials(i, samples), coefficients);
        let distance = profile[begin + i] - before - fitted;
        residual += distance * distance;
    }
    let last = profile[begin + count - 1u] - before;
    // A level is a line through the profile: it tilts the stretch and leaves the residual.
    let raised = vec4(tilt * (samples + 1.0) * 0.5, tilt * samples * 0.5, 0.0, 0.0);
    return Stretch(samples, last + tilt * samples, residual, coefficients + raised);
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
    let row = index / shape.windows;
    let number = index % shape.windows;
    var place = 0u;
    while place + 1u < shape.sizes && sizes[place + 1u].first <= number {
        place++;
    }
    let size = sizes[place];
    let start = start_of(size, number - size.first);
    let end = start + size.size;

    let row_begin = row * shape.steps;
    let row_levels = row * ((shape.steps + BLOCK - 1u) / BLOCK);
    let level = level_over(row_levels + start / BLOCK, row_levels + (end - 1u) / BLOCK);
    var total = NO_STRETCH;
    var group = NO_STRETCH;
    var pieces = 0u;
    var at = start;
    while at < end {
        let next = min((at / BLOCK + 1u) * BLOCK, end);
        var before = 0.0;
        if at % BLOCK != 0u {
            before = profile[row_begin + at - 1u];
        }
        let tilt = levels[row_levels + at / BLOCK] - level;
        group = join(group, leaf(row_begin + at, next - at, before, tilt));
        pieces++;
        if pieces == GROUP {
            total = join(total, group);
            group = NO_STRETCH;
            pieces = 0u;
        }
        at = next;
    }
    residuals[index] = settled(join(total, group));
}

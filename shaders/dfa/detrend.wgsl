// dfa/detrend: the residual of every window from its polynomial. One invocation per window.
// Twin and reasons: src/analysis/dfa/detrend.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;          // sizes
@group(0) @binding(2) var<storage, read> profile: array<f32>;               // rows * steps
@group(0) @binding(3) var<storage, read> levels: array<f32>;                // rows * ceil(steps / BLOCK)
@group(0) @binding(4) var<storage, read_write> residuals: array<vec2<f32>>; // rows * windows

// Pieces folded into a group before groups are folded into the window.
const GROUP: u32 = 32u;

fn level_at(at: u32) -> f32 {
    return levels[at];
}

fn profile_at(at: u32) -> f32 {
    return profile[at];
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
    var total = NOTHING;
    var group = NOTHING;
    // Pieces of blocks that go beyond the window, whose levels have what lies there.
    var leaned = 0.0;
    var pieces = 0u;
    var at = start;
    while at < end {
        let next = min((at / BLOCK + 1u) * BLOCK, end);
        var before = 0.0;
        if at % BLOCK != 0u {
            before = profile[row_begin + at - 1u];
        }
        let tilt = levels[row_levels + at / BLOCK] - level;
        let piece = leaf(row_begin + at, next - at, before);
        if next - at < BLOCK {
            leaned += lean(piece);
        }
        group = joined(group, tilted(piece, tilt));
        pieces++;
        if pieces == GROUP {
            total = joined(total, group);
            group = NOTHING;
            pieces = 0u;
        }
        at = next;
    }
    residuals[index] = rest(joined(total, group), leaned);
}

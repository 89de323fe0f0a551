// dfa/fluctuation: root mean square of the residuals of one size. One workgroup per trace and size.
// Twin and reasons: src/analysis/dfa/fluctuation.rs

override LANES: u32;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sizes: array<WindowSize>;       // sizes
@group(0) @binding(2) var<storage, read> residuals: array<vec2<f32>>;    // rows * windows
@group(0) @binding(3) var<storage, read> marks: array<Mark>;             // rows
@group(0) @binding(4) var<storage, read_write> fluctuations: array<f32>; // rows * sizes

// Terms that a lane adds up before it adds them to its total.
const RUN: u32 = 32u;

var<workgroup> partial: array<vec2<f32>, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * groups.x + group.x;
    if index >= shape.rows * shape.sizes {
        return;
    }
    let row = index / shape.sizes;
    let size = sizes[index % shape.sizes];
    // One term per window, or what the windows of each tile add up to.
    let tiled = shape.tiles > 0u;
    let begin = select(row * shape.windows + size.first, index * shape.tiles, tiled);
    let terms = select(size.count, shape.tiles, tiled);

    var total = vec2(0.0);
    var run = vec2(0.0);
    var added = 0u;
    for (var i = lane; i < terms; i += LANES) {
        let term = residuals[begin + i];
        run += select(contribution(term, size.size), term, vec2(tiled));
        added++;
        if added == RUN {
            total += run;
            run = vec2(0.0);
            added = 0u;
        }
    }
    partial[lane] = total + run;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            partial[lane] += partial[lane + half];
        }
        workgroupBarrier();
    }
    if lane == 0u {
        let mark = marks[row];
        let fluctuation = mark.unit * average(partial[0], size);
        fluctuations[index] = select(0.0, fluctuation, mark.status == DEFINED);
    }
}

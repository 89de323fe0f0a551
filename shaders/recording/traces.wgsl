// recording/traces: states, review x step x column, turned into traces, (review, unit) x step.
// One workgroup per tile of 32 steps and 32 units. Twin and reasons: src/recording/traces.rs

override LANES: u32;

// Steps and units of a tile.
const TILE: u32 = 32u;

@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<storage, read_write> states: array<u32>; // reviews * steps * width
@group(0) @binding(2) var<storage, read_write> traces: array<u32>; // reviews * units * steps

// A column more than a tile has: lanes that read along the steps then meet different banks.
var<workgroup> tile: array<u32, TILE * (TILE + 1u)>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let across = (extent.units + TILE - 1u) / TILE;
    let along = (extent.steps + TILE - 1u) / TILE;
    let place = group.y * groups.x + group.x;
    let review = place / (across * along);
    if review >= extent.reviews {
        return;
    }
    let first_unit = place % across * TILE;
    let first_step = place / across % along * TILE;

    // Neighbouring lanes read neighbouring units.
    for (var at = lane; at < TILE * TILE; at += LANES) {
        let step = first_step + at / TILE;
        let unit = first_unit + at % TILE;
        if step < extent.steps && unit < extent.units {
            let state = (review * extent.steps + step) * extent.width + extent.first + unit;
            tile[at / TILE * (TILE + 1u) + at % TILE] = states[state];
        }
    }
    workgroupBarrier();
    // Neighbouring lanes write neighbouring steps.
    for (var at = lane; at < TILE * TILE; at += LANES) {
        let unit = first_unit + at / TILE;
        let step = first_step + at % TILE;
        if step < extent.steps && unit < extent.units {
            let sample = (review * extent.units + unit) * extent.steps + step;
            traces[sample] = tile[at % TILE * (TILE + 1u) + at / TILE];
        }
    }
}

// Which states a stage of statistics takes. Twin: `Sample` in src/models/ctrnn/moments.rs

struct Sample {
    rows: u32,
    first_row: u32,
    realisations: u32,
    units: u32,
    bins: u32,
    low: f32,
    high: f32,
    per_unit: f32,
}

// Groups, pairs of a level and a drive, of which a row lies among the states.
fn groups_sampled() -> u32 {
    let last = (sampled.first_row + sampled.rows - 1u) / sampled.realisations;
    return last - sampled.first_row / sampled.realisations + 1u;
}

// The first row of the `at`th of them among the states, and the one behind its last.
fn rows_of_group(at: u32) -> vec2<u32> {
    let group = sampled.first_row / sampled.realisations + at;
    let begin = max(group * sampled.realisations, sampled.first_row) - sampled.first_row;
    let end = (group + 1u) * sampled.realisations - sampled.first_row;
    return vec2(begin, min(end, sampled.rows));
}

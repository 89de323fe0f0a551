// A stretch of time of all units; the same block as src/analysis/spikes/chunk.rs.
struct Chunk {
    units: u32,
    steps: u32,
    start: u32,
    window: u32,
    windows: u32,
    threshold: u32,
}

// Steps of a word.
const BITS: u32 = 32u;

fn words() -> u32 {
    return (chunk.steps + BITS - 1u) / BITS;
}

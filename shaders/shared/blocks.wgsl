// How profiles are cut. Twin: `BLOCK` in src/analysis/dfa/block.rs.

// Samples per block of the stored profile. Each block is integrated from zero about a level of its
// own.
const BLOCK: u32 = 32u;

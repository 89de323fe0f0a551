// What `dfa/profile` found out about a trace before integrating it. Twin: `Mark` in
// src/analysis/dfa/params.rs, with the same numbers.

struct Mark {
    status: u32, // one of the values below
    unit: f32,   // a power of two: what 1.0 of the stored profile is in the unit of the trace
}

const DEFINED: u32 = 0u;
const CONSTANT: u32 = 1u;
const NON_FINITE: u32 = 2u;
const NO_FLUCTUATION: u32 = 3u;

// What `dfa/profile` found out about a trace before integrating it. Twin: `Mark` in
// src/analysis/dfa/params.rs, with the same numbers.

struct Mark {
    status: u32, // one of the values below
    unit: f32,   // a power of two: what 1.0 of the stored profile is in the unit of the trace
}

// What the samples of a part of a trace show.
struct Seen {
    magnitude: u32, // the largest, as the bits of a float without its sign
    change: u32,    // bits in which a sample differs from the first
    first: u32,     // the bits of the first sample
}

const DEFINED: u32 = 0u;
const CONSTANT: u32 = 1u;
const NON_FINITE: u32 = 2u;
const UNRESOLVED: u32 = 3u;

// By the bits: WGSL may assume that no NaN occurs, so a float test proves nothing.
fn is_finite(magnitude: u32) -> bool {
    return magnitude < 0x7f800000u;
}

// What the largest magnitude (bits of a float without its sign) and the bits that change say of a
// trace. Devices flush what is denormal.
fn status_of(magnitude: u32, change: u32) -> u32 {
    if !is_finite(magnitude) {
        return NON_FINITE;
    }
    if change == 0u || magnitude == 0u {
        return CONSTANT;
    }
    if magnitude < 0x00800000u {
        return UNRESOLVED;
    }
    return DEFINED;
}

// The exponent bits of the power of two that brings the trace to magnitudes below 2, which is exact:
// squares neither overflow nor vanish, and the answer does not depend on the unit of the trace.
fn unit_of(magnitude: u32) -> u32 {
    return clamp(magnitude >> 23u, 1u, 253u);
}

// Counter-based normal deviates: Philox4x32-10 and Box and Muller's transform. What is computed and
// why: src/signal/philox.rs, its twin.

const MULTIPLIER_A: u32 = 0xd2511f53u;
const MULTIPLIER_C: u32 = 0xcd9e8d57u;
const WEYL_A: u32 = 0x9e3779b9u;
const WEYL_B: u32 = 0xbb67ae85u;
const ROUNDS: u32 = 10u;

// High word of a product of 32 bits: WGSL has the low one only.
fn high(a: u32, b: u32) -> u32 {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 16u);
    let other = a0 * b1 + (middle & 0xffffu);
    return a1 * b1 + (middle >> 16u) + (other >> 16u);
}

fn philox(counter: vec4<u32>, start: vec2<u32>) -> vec4<u32> {
    var words = counter;
    var key = start;
    for (var round = 0u; round < ROUNDS; round++) {
        words = vec4(
            high(MULTIPLIER_C, words.z) ^ words.y ^ key.x,
            MULTIPLIER_C * words.z,
            high(MULTIPLIER_A, words.x) ^ words.w ^ key.y,
            MULTIPLIER_A * words.x,
        );
        key += vec2(WEYL_A, WEYL_B);
    }
    return words;
}

// The middle of one of 2^23 equal parts of (0, 1), exact.
fn within_one(word: u32) -> f32 {
    return f32(2u * (word >> 9u) + 1u) * (1.0 / 16777216.0);
}

// A pair of deviates of a pair of words.
fn polar(length: u32, angle: u32) -> vec2<f32> {
    let log = logarithm(within_one(length));
    let radius = sqrt(-2.0 * (log.exponent * LN_2 + log.mantissa));
    let turn = within_one(angle);
    let quarter = u32(4.0 * turn + 0.5);
    let theta = (turn - f32(quarter) * 0.25) * 6.2831853;
    let square = theta * theta;
    let series = -1.0 / 6.0
        + square * (1.0 / 120.0 + square * (-1.0 / 5040.0 + square * (1.0 / 362880.0)));
    let sine = theta + theta * (square * series);
    let cosine = 1.0 + square
        * (-0.5 + square * (1.0 / 24.0 + square * (-1.0 / 720.0 + square * (1.0 / 40320.0))));
    var pair = vec2(cosine, sine);
    if (quarter & 1u) != 0u {
        pair = pair.yx;
    }
    if ((quarter + 1u) & 2u) != 0u {
        pair.x = -pair.x;
    }
    if (quarter & 2u) != 0u {
        pair.y = -pair.y;
    }
    return radius * pair;
}

// The deviates of four consecutive steps at the counter [unit, step / 4, draw, index].
fn normals(counter: vec4<u32>, key: vec2<u32>) -> vec4<f32> {
    let words = philox(counter, key);
    return vec4(polar(words.x, words.y), polar(words.z, words.w));
}

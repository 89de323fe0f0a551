// The line through ln F against ln n. For stages with the bindings `shape`, `weights` and
// `fluctuations`. Twin: `src/analysis/dfa/exponent.rs`.

// What the least-squares line needs of one size, made on the host in f64.
struct Weight {
    slope: f32,     // weight of ln F in the slope; they add up to 0
    intercept: f32, // weight of ln F in the value at ln n = 0; they add up to 1
    abscissa: f32,  // ln n
    error: f32,     // 1 / sqrt((sizes - 2) * sum of (ln n - mean)^2), the same for every size
}

struct Exponent {
    alpha: f32,
    intercept: f32,
    stderr: f32,
    status: u32, // where it is not DEFINED, the three numbers are 0
}

// ln F relative to 2^reference: small numbers keep their digits.
fn ordinate(fluctuation: f32, reference: f32) -> f32 {
    let log = logarithm(fluctuation);
    return (log.exponent - reference) * LN_2 + log.mantissa;
}

// The line through the fluctuations from `begin` on, of a trace of status `known`.
fn fitted(begin: u32, known: u32) -> Exponent {
    var status = known;
    for (var i = 0u; i < shape.sizes; i++) {
        // Zero, denormal, not finite or negative, read off the bits.
        let bits = bitcast<u32>(fluctuations[begin + i]);
        if status == DEFINED && (bits < 0x00800000u || bits >= 0x7f800000u) {
            status = UNRESOLVED;
        }
    }
    if status != DEFINED {
        return Exponent(0.0, 0.0, 0.0, status);
    }

    let reference = logarithm(fluctuations[begin]).exponent;
    var alpha = 0.0;
    var intercept = 0.0;
    for (var i = 0u; i < shape.sizes; i++) {
        let y = ordinate(fluctuations[begin + i], reference);
        alpha += weights[i].slope * y;
        intercept += weights[i].intercept * y;
    }
    var scatter = 0.0;
    for (var i = 0u; i < shape.sizes; i++) {
        let y = ordinate(fluctuations[begin + i], reference);
        let distance = y - intercept - alpha * weights[i].abscissa;
        scatter += distance * distance;
    }
    let stderr = sqrt(scatter) * weights[0].error;
    return Exponent(alpha, intercept + reference * LN_2, stderr, status);
}

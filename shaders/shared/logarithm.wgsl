// A natural logarithm with a known error: drivers owe `log` only about 1e-6. Twin: `Logarithm` in
// src/signal/logarithm.rs.

const LN_2: f32 = 0.693147180559945;

// x = mantissa * 2^exponent, mantissa from sqrt(1/2) to sqrt(2).
struct Logarithm {
    exponent: f32,
    mantissa: f32, // ln of the mantissa
}

// Of a normal positive `x`. ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172: five terms of
// the series leave less than 2e-9.
fn logarithm(x: f32) -> Logarithm {
    let bits = bitcast<u32>(x);
    var exponent = f32(bits >> 23u) - 127.0;
    var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f800000u);
    if m > 1.4142135 {
        m *= 0.5;
        exponent += 1.0;
    }
    let s = (m - 1.0) / (m + 1.0);
    let q = s * s;
    let series = q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0))));
    return Logarithm(exponent, 2.0 * (s + s * series));
}

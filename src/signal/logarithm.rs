//! Twin of `shaders/shared/logarithm.wgsl`: a natural logarithm with a known error.
//!
//! Place in the flow: `dfa/exponent` takes `ln F` with it, [`super::philox`] its
//! normal deviates. Drivers owe `log` only an absolute
//! error of about 1e-6 near 1 and may differ among themselves; this one is arithmetic, so it is the
//! same everywhere. The exponent is kept apart: differences of logarithms are then exact in it.

/// `ln 2`.
pub const LN_2: f32 = std::f32::consts::LN_2;

/// `x = mantissa · 2^exponent`, mantissa from `sqrt(1/2)` to `sqrt(2)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logarithm {
    /// The power of two.
    pub exponent: f32,
    /// `ln` of the mantissa.
    pub mantissa: f32,
}

/// Of a normal positive `x`.
pub fn logarithm(x: f32) -> Logarithm {
    let bits = x.to_bits();
    let mut exponent = (bits >> 23) as f32 - 127.0;
    let mut m = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    if m > std::f32::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1.0;
    }
    let s = (m - 1.0) / (m + 1.0);
    let q = s * s;
    let series = q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0))));
    Logarithm { exponent, mantissa: 2.0 * (s + s * series) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm_to_the_last_digits() {
        let mut x = 1e-37f32;
        while x < 1e37 {
            let log = logarithm(x);
            let error = f64::from(log.exponent) * std::f64::consts::LN_2 + f64::from(log.mantissa)
                - f64::from(x).ln();
            assert!(error.abs() < 6e-8, "{x}: {error}");
            x *= 1.003_7;
        }
        assert_eq!(logarithm(1.0), Logarithm { exponent: 0.0, mantissa: 0.0 });
    }
}

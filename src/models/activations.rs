//! The logistic function and the hyperbolic tangent over whole vectors.
//!
//! Place in the flow: floor 3, under the recurrent networks' passes on the CPU.
//!
//! Both stand on `eʳ − 1` for `|r| <= ln 2 / 2` as Taylor's polynomial of degree 7 (its remainder
//! is below 1.3e-8 relative) and on `eˣ = 2ⁿ eʳ`, `n = round(x / ln 2)`, `ln 2` in two parts.
//!
//! | function | formula | largest error met against f64 | held by the test |
//! |---|---|---|---|
//! | [`sigmoid`] | `1 / (1 + e⁻ˣ)`, x held in ±87 | 2.6 ulp | 4 ulp |
//! | [`tanh`] | `(e²ʸ − 1) / (e²ʸ − 1 + 2)`, y = min(abs x, 10), then x's sign | 2.6 ulp | 4 ulp |
//! | [`softplus`] | `max(x, 0) + 2 atanh(y / (2 + y))`, y = e^(−abs x), abs x held at 87 | see test | 4 ulp |
//! | [`softplus_slope`] | `1 − e⁻ᵃ` of a = softplus(x) | see test | 4 ulp |
//!
//! None overflows, neither gives a denormal number, and a NaN stays a NaN (the limits are
//! selections by a comparison that a NaN fails; `min` and `max` would lose it, differently on each
//! processor).

use pulp::Simd;

/// What is smaller than this in a gradient is set to zero: far below what any optimiser can use and
/// far above 1.2e-38, under which processors take a hundred times as long (gradients that vanish
/// through 270 steps of padding did: PyTorch's step took 1,100 ms in place of 140).
pub const SMALLEST_GRADIENT: f32 = 1e-30;

/// `ln 2` in two parts: a product of this with a whole number below 512 is exact.
pub const LN_2_HIGH: f32 = 0.693_145_75;
/// The rest of it.
pub const LN_2_LOW: f32 = 1.428_606_8e-6;

/// `2ⁿ` and `eʳ − 1` with `x = n ln 2 + r`; for `|x| <= 87`.
#[inline(always)]
fn split_exponential<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    // Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits.
    let magic = simd.splat_f32s(12_582_912.0);
    let shifted = simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), magic);
    let minus_n = simd.sub_f32s(magic, shifted);
    let r = simd.mul_add_e_f32s(minus_n, simd.splat_f32s(LN_2_HIGH), x);
    let r = simd.mul_add_e_f32s(minus_n, simd.splat_f32s(LN_2_LOW), r);
    let mut sum = simd.splat_f32s(1.0 / 5040.0);
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        sum = simd.mul_add_e_f32s(sum, r, simd.splat_f32s(coefficient));
    }
    let less_one = simd.mul_add_e_f32s(simd.mul_f32s(sum, r), r, r);
    let bits = simd.add_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(127));
    let power = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
    (simd.transmute_f32s_u32s(power), less_one)
}

#[inline(always)]
fn at_most<S: Simd>(simd: S, x: S::f32s, limit: f32) -> S::f32s {
    let limit = simd.splat_f32s(limit);
    simd.select_f32s(simd.greater_than_f32s(x, limit), limit, x)
}

/// `1 / (1 + e⁻ˣ)`, see the table above.
#[inline(always)]
pub(super) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let negative = at_most(simd, simd.neg_f32s(x), 87.0);
    let lowest = simd.splat_f32s(-87.0);
    let negative = simd.select_f32s(simd.less_than_f32s(negative, lowest), lowest, negative);
    let (power, less_one) = split_exponential(simd, negative);
    let one = simd.splat_f32s(1.0);
    let exponential = simd.mul_add_e_f32s(power, less_one, power);
    simd.div_f32s(one, simd.add_f32s(one, exponential))
}

/// `tanh x`, see the table above.
#[inline(always)]
pub(super) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let sign = simd.splat_f32s(-0.0);
    let size = at_most(simd, simd.abs_f32s(x), 10.0);
    let (power, less_one) = split_exponential(simd, simd.add_f32s(size, size));
    let less_one = simd.mul_add_e_f32s(power, less_one, simd.sub_f32s(power, simd.splat_f32s(1.0)));
    let ratio = simd.div_f32s(less_one, simd.add_f32s(less_one, simd.splat_f32s(2.0)));
    simd.or_f32s(ratio, simd.and_f32s(sign, x))
}

/// `ln(1 + eˣ)`, see the table above.
#[inline(always)]
pub(super) fn softplus<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (zero, two) = (simd.splat_f32s(0.0), simd.splat_f32s(2.0));
    let (power, less_one) =
        split_exponential(simd, simd.neg_f32s(at_most(simd, simd.abs_f32s(x), 87.0)));
    let y = simd.mul_add_e_f32s(power, less_one, power);
    let s = simd.div_f32s(y, simd.add_f32s(two, y));
    let q = simd.mul_f32s(s, s);
    let mut sum = simd.splat_f32s(1.0 / 13.0);
    for coefficient in [1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0] {
        sum = simd.mul_add_e_f32s(sum, q, simd.splat_f32s(coefficient));
    }
    let s = simd.add_f32s(s, s);
    let log = simd.mul_add_e_f32s(simd.mul_f32s(sum, q), s, s);
    // By a comparison that a NaN fails.
    simd.add_f32s(simd.select_f32s(simd.less_than_f32s(x, zero), zero, x), log)
}

/// The slope of softplus where its value is `active`, which is not negative: `1 − e⁻ᵃ`.
#[inline(always)]
pub(super) fn softplus_slope<S: Simd>(simd: S, active: S::f32s) -> S::f32s {
    let (power, less_one) = split_exponential(simd, simd.neg_f32s(at_most(simd, active, 87.0)));
    let one = simd.splat_f32s(1.0);
    simd.sub_f32s(simd.sub_f32s(one, power), simd.mul_f32s(power, less_one))
}

/// `x`, or zero where `|x|` is below [`SMALLEST_GRADIENT`]; a NaN stays.
#[inline(always)]
pub(super) fn flush<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let tiny = simd.less_than_f32s(simd.abs_f32s(x), simd.splat_f32s(SMALLEST_GRADIENT));
    simd.select_f32s(tiny, simd.splat_f32s(0.0), x)
}

#[cfg(test)]
mod tests {

    use super::*;
    use pulp::{Arch, WithSimd};

    #[derive(Clone, Copy)]
    enum Function {
        Sigmoid,
        Tanh,
        SoftPlus,
        Slope,
    }

    impl Function {
        fn exact(self, x: f64) -> f64 {
            match self {
                Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                Self::Tanh => x.tanh(),
                Self::SoftPlus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
                Self::Slope => -(-x).exp_m1(),
            }
        }
    }

    struct Apply<'a>(&'a mut [f32], Function);

    impl WithSimd for Apply<'_> {
        type Output = ();

        fn with_simd<S: Simd>(self, simd: S) {
            for x in S::as_mut_simd_f32s(self.0).0 {
                *x = match self.1 {
                    Function::Sigmoid => sigmoid(simd, *x),
                    Function::Tanh => tanh(simd, *x),
                    Function::SoftPlus => softplus(simd, *x),
                    Function::Slope => softplus_slope(simd, *x),
                };
            }
        }
    }

    fn worst_ulp(inputs: &[f32], function: Function) -> f64 {
        let mut found = inputs.to_vec();
        Arch::new().dispatch(Apply(&mut found, function));
        let mut worst = 0.0f64;
        for (&x, &y) in inputs.iter().zip(&found) {
            let exact = function.exact(f64::from(x));
            let size = (exact.abs() as f32).max(f32::MIN_POSITIVE);
            let ulp = f64::from(f32::from_bits(size.to_bits() + 1) - size);
            assert!(y.is_finite() && !y.is_subnormal(), "{x}: {y}");
            worst = worst.max((f64::from(y) - exact).abs() / ulp);
        }
        worst
    }

    #[test]
    fn within_four_ulp_of_f64_over_the_whole_range() {
        let lines = (0..1_000_000).map(|i| (i as f32 - 500_000.0) * 1.7e-4);
        let powers = (0..400_000).flat_map(|i| {
            let size = 10f32.powf(i as f32 / 400_000.0 * 30.0 - 28.0);
            [size, -size]
        });
        let inputs: Vec<f32> = lines.chain(powers).filter(|x| x.abs() < 85.0).collect();
        let inputs = &inputs[..inputs.len() / 16 * 16];
        let values: Vec<f32> = inputs.iter().copied().filter(|x| *x >= 0.0).collect();
        let values = &values[..values.len() / 16 * 16];
        let largest = [
            worst_ulp(inputs, Function::Sigmoid),
            worst_ulp(inputs, Function::Tanh),
            worst_ulp(inputs, Function::SoftPlus),
            worst_ulp(values, Function::Slope),
        ];
        println!("largest errors in ulp: sigmoid, tanh, softplus, its slope: {largest:.2?}");
        assert!(largest.iter().all(|error| *error < 4.0), "{largest:?}");
    }

    #[test]
    fn extremes_saturate_and_a_nan_stays() {
        let extremes = [f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 0.0, -0.0, f32::NAN, 100.0];
        let mut found: Vec<f32> = extremes.iter().copied().cycle().take(16).collect();
        Arch::new().dispatch(Apply(&mut found, Function::Tanh));
        assert_eq!(&found[..6], &[1.0, -1.0, 1.0, -1.0, 0.0, -0.0]);
        assert!(found[6].is_nan() && found[7] == 1.0);
        let mut found: Vec<f32> = extremes.iter().copied().cycle().take(16).collect();
        Arch::new().dispatch(Apply(&mut found, Function::Sigmoid));
        assert!(found[0] == 1.0 && found[1] < 1e-37 && found[4] == 0.5 && found[6].is_nan());
    }
}

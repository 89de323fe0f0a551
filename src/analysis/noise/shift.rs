//! How far noise moves means, without what their sampling adds.
//!
//! Place in the flow: means of a simulation in independent parts, and those without noise, in; the
//! root mean square of the true shifts, with its standard error, out.
//!
//! # Formula
//! With `d_b` the distance of part `b`'s `N` means from those without noise, `B` parts and
//! `G_ab = Σ_i d_ai d_bi / N`,
//!
//! `S = Σ_{a ≠ b} G_ab / (B (B-1))`.
//!
//! The noise of two parts is independent, so `E S` is the mean of the squared true shifts, whatever
//! a mean's sampling error, which in the plain mean square comes on top (with `v_i` the variance of
//! mean `i` over parts, `S` is the mean square of the whole less `Σ v_i / (B N)`). The standard
//! error of `S` is that of the jackknife over parts (Efron & Stein, Ann. Stat. 9, 586, 1981), which
//! on average is no smaller than the true one; how units vary together, and how fast they forget,
//! is in it.
//! `rms = √max(S, 0)`, and `error` is what one standard error of `S` adds to that or takes from it,
//! whichever is more: where there is a shift the standard error of `rms`, where there is none what
//! would have been seen all the same.

use super::{checked_finite, checked_length};
use crate::error::{Error, Result};

/// A root mean square of shifts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// `√max(S, 0)`.
    pub rms: f64,
    /// The larger of `√(rms² + SE) - rms` and `rms - √max(rms² - SE, 0)`, SE the standard error of
    /// `S`.
    pub error: f64,
}

/// The shift from `still` `[N]` of means in independent `parts`, `[B][N]`.
///
/// # Errors
/// Fewer than three parts, no means, lengths that do not fit, means that are no numbers.
pub fn shift(parts: &[Vec<f64>], still: &[f64]) -> Result<Shift> {
    if parts.len() < 3 || still.is_empty() {
        let what = format!("a shift of {} means from {} parts", still.len(), parts.len());
        return Err(Error::new(what).remedy("give one mean or more, of three parts or more"));
    }
    checked_finite("mean without noise", still)?;
    for part in parts {
        checked_length("means of a part", part.len(), still.len())?;
        checked_finite("mean", part)?;
    }
    let count = parts.len() as f64;
    let apart = |part: &Vec<f64>| part.iter().zip(still).map(|(a, b)| a - b).collect();
    let apart: Vec<Vec<f64>> = parts.iter().map(apart).collect();
    // What each part shares with all others.
    let shared = |(place, part): (usize, &Vec<f64>)| {
        let others = apart.iter().enumerate().filter(|(other, _)| *other != place);
        let product = |other: &Vec<f64>| part.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        others.map(|(_, other)| product(other)).sum::<f64>() / still.len() as f64
    };
    let shared: Vec<f64> = apart.iter().enumerate().map(shared).collect();
    let all: f64 = shared.iter().sum();
    let square = all / (count * (count - 1.0));
    let without = |shared: &f64| (all - 2.0 * shared) / ((count - 1.0) * (count - 2.0));
    let apart = shared.iter().map(|shared| (without(shared) - square).powi(2)).sum::<f64>();
    let error = ((count - 1.0) / count * apart).sqrt();
    let rms = square.max(0.0).sqrt();
    let reach = |error: f64| ((rms * rms + error).max(0.0).sqrt() - rms).abs();
    Ok(Shift { rms, error: reach(error).max(reach(-error)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::philox::Philox;

    /// Means in 8 parts of `units` units, each with standard deviation `sd` about `shift`.
    fn parts(units: usize, shift: f64, sd: f64, index: u32) -> Vec<Vec<f64>> {
        let noise = Philox::named(1, "test/shift");
        let part = |part: u32| {
            let mean = |unit: u32| shift + sd * f64::from(noise.normals([unit, part, 0, index])[0]);
            (0..units as u32).map(mean).collect()
        };
        (0..8).map(part).collect()
    }

    #[test]
    fn sampling_is_no_shift_and_a_shift_is_found() {
        for units in [1, 20] {
            let (mut plain, mut null, mut known, mut inside) = (0.0, 0.0, 0.0, [0, 0]);
            for index in 0..400 {
                let still = vec![0.5; units];
                let of = |by: f64| {
                    let parts = parts(units, 0.5 + by, 1.0, index);
                    shift(&parts, &still).expect("means")
                };
                let parts = parts(units, 0.0, 1.0, index);
                let mean = |unit: usize| parts.iter().map(|part| part[unit]).sum::<f64>() / 8.0;
                let square: f64 = (0..units).map(|unit| mean(unit).powi(2)).sum();
                plain += square / units as f64 / 400.0;
                let (none, some) = (of(0.0), of(2.0));
                null += none.rms.powi(2) / 400.0;
                known += some.rms.powi(2) / 400.0;
                inside[0] += usize::from(none.rms <= 4.0 * none.error);
                inside[1] += usize::from((some.rms - 2.0).abs() <= 4.0 * some.error);
            }
            // A plain mean square has the variance of a mean of 8 in it.
            assert!((plain - 0.125).abs() < 0.03, "{units}: {plain}");
            assert!(null < 0.6 * plain, "{units}: {null} {plain}");
            assert!((known - 4.0).abs() < 4.0 * 2.0 * 2.0 * (0.125 / 400.0f64).sqrt(), "{known}");
            assert!(inside.iter().all(|many| *many >= 396), "{units}: {inside:?}");
        }
    }

    #[test]
    fn the_error_is_that_of_repeated_runs() {
        for (by, allowed) in [(0.0, [1.0, 4.0]), (2.0, [0.85, 1.25])] {
            let squares: Vec<(f64, f64)> = (0..400)
                .map(|index| {
                    let found = shift(&parts(10, by, 1.0, index), &[0.0; 10]).expect("means");
                    (found.rms.powi(2), (found.rms + found.error).powi(2) - found.rms.powi(2))
                })
                .collect();
            let mean = squares.iter().map(|one| one.0).sum::<f64>() / 400.0;
            let spread = squares.iter().map(|one| (one.0 - mean).powi(2)).sum::<f64>() / 399.0;
            let error = squares.iter().map(|one| one.1.powi(2)).sum::<f64>() / 400.0;
            // A square below 0 counts as 0, which narrows the spread where there is no shift.
            let ratio = (error / spread).sqrt();
            assert!(ratio > allowed[0] && ratio < allowed[1], "{by}: {ratio}");
        }
    }

    #[test]
    fn means_that_do_not_vary_have_no_error() {
        let found = shift(&vec![vec![1.0, 3.0]; 3], &[0.0, 0.0]).expect("means");
        assert_eq!((found.rms, found.error), (5f64.sqrt(), 0.0));
        assert!(shift(&vec![vec![1.0]; 2], &[0.0]).is_err());
        assert!(shift(&vec![vec![1.0, 2.0]; 3], &[0.0]).is_err());
        assert!(shift(&vec![vec![f64::NAN]; 3], &[0.0]).is_err());
    }
}

//! The Fano factor: the variance of spike counts against their mean.
//!
//! Place in the flow: counts in windows in, one number out; the windows are laid by
//! [`super::measure`].

/// The Fano factor `var(c) / mean(c)` of `m` counts, with the population variance (`ddof = 0`);
/// `None` for fewer than two counts and where all are 0.
///
/// No unit. Of the windows of one train it is the Fano factor of that window; of the whole counts
/// of many trains, repetitions of one trial, that across trials (elephant's `fanofactor`). Computed
/// as `(m·Σc² - (Σc)²) / (m·Σc)` from whole numbers, so that equal counts give exactly 0: exact as
/// long as `m` times the largest count is below 2^64.
///
/// Fano, Phys. Rev. 72, 26 (1947).
pub fn fano_factor(counts: impl IntoIterator<Item = u64>) -> Option<f64> {
    let (mut m, mut sum, mut squares) = (0u128, 0u128, 0u128);
    for count in counts {
        m += 1;
        sum += u128::from(count);
        squares += u128::from(count) * u128::from(count);
    }
    let defined = m >= 2 && sum > 0;
    defined.then(|| (m * squares - sum * sum) as f64 / (m * sum) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_worked_out_by_hand() {
        // Mean 2, squared distances 1, 1, 0, 4, 4.
        assert_eq!(fano_factor([1, 3, 2, 0, 4]), Some(1.0));
        assert_eq!(fano_factor([7, 7, 7]), Some(0.0));
        assert_eq!(fano_factor([0, 0]), None);
        assert_eq!(fano_factor([5]), None);
        assert_eq!(fano_factor([]), None);
        let large = 1 << 56;
        assert_eq!(fano_factor([0, 2 * large]), Some(large as f64));
    }
}

//! The Fano factor: the variance of spike counts against their mean.
//!
//! Place in the flow: counts in windows in, one number out; the windows are laid by
//! [`super::measure`].

/// Sums over the spike counts of some windows: whole numbers, exact as long as the windows times
/// the largest count are below 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Windows, `m`.
    pub windows: u128,
    /// Spikes in them, `Σc`.
    pub spikes: u128,
    /// The sum of the squared counts, `Σc²`.
    pub squares: u128,
}

impl FromIterator<u64> for Counts {
    fn from_iter<T: IntoIterator<Item = u64>>(counts: T) -> Self {
        counts.into_iter().map(u128::from).fold(Self::default(), |sums, count| Self {
            windows: sums.windows + 1,
            spikes: sums.spikes + count,
            squares: sums.squares + count * count,
        })
    }
}

impl Counts {
    /// `m·Σc² - (Σc)²`.
    fn spread(&self) -> f64 {
        (self.windows * self.squares - self.spikes * self.spikes) as f64
    }

    /// The variance of the counts, `ddof = 1`; `None` for fewer than two windows.
    pub fn variance(&self) -> Option<f64> {
        let pairs = self.windows * self.windows.saturating_sub(1);
        (pairs > 0).then(|| self.spread() / pairs as f64)
    }

    /// The Fano factor, `ddof = 0`: see [`fano_factor`].
    pub fn fano(&self) -> Option<f64> {
        let defined = self.windows >= 2 && self.spikes > 0;
        defined.then(|| self.spread() / (self.windows * self.spikes) as f64)
    }

    /// The Fano factor with the variance of [`Counts::variance`]: of many windows of a coin of
    /// chance `p` per bin its expectation is `1 - p`.
    pub fn fano_unbiased(&self) -> Option<f64> {
        let mean = self.spikes as f64 / self.windows as f64;
        self.variance().filter(|_| self.spikes > 0).map(|variance| variance / mean)
    }
}

/// The Fano factor `var(c) / mean(c)` of `m` counts, with the population variance (`ddof = 0`);
/// `None` for fewer than two counts and where all are 0.
///
/// No unit. Of the windows of one train it is the Fano factor of that window; of the whole counts
/// of many trains, repetitions of one trial, that across trials (elephant's `fanofactor`). Computed
/// as `(m·Σc² - (Σc)²) / (m·Σc)` from whole numbers, so that equal counts give exactly 0.
///
/// Fano, Phys. Rev. 72, 26 (1947).
pub fn fano_factor(counts: impl IntoIterator<Item = u64>) -> Option<f64> {
    counts.into_iter().collect::<Counts>().fano()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_worked_out_by_hand() {
        // Mean 2, squared distances 1, 1, 0, 4, 4.
        assert_eq!(fano_factor([1, 3, 2, 0, 4]), Some(1.0));
        let counts: Counts = [1, 3, 2, 0, 4].into_iter().collect();
        assert_eq!((counts.variance(), counts.fano_unbiased()), (Some(2.5), Some(1.25)));
        let one: Counts = [7].into_iter().collect();
        assert_eq!((one.variance(), one.fano_unbiased()), (None, None));
        assert_eq!(fano_factor([7, 7, 7]), Some(0.0));
        assert_eq!(fano_factor([0, 0]), None);
        assert_eq!(fano_factor([5]), None);
        assert_eq!(fano_factor([]), None);
        let large = 1 << 56;
        assert_eq!(fano_factor([0, 2 * large]), Some(large as f64));
    }
}

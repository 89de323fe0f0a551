//! Intervals between spikes: CV, CV2 and LV.
//!
//! Place in the flow: the bins that hold spikes, and how many, in; three numbers out. Formulas and
//! the rule for several spikes in a bin: [`super`].

/// Measures of the intervals of one train; `None` where undefined. No units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Irregularity {
    /// The coefficient of variation, `sd / mean` with the population's sd.
    pub cv: Option<f64>,
    /// CV2 of Holt, Softky, Koch and Douglas, J. Neurophysiol. 75, 1806 (1996).
    pub cv2: Option<f64>,
    /// LV of Shinomoto, Shima and Tanji, Neural Comput. 15, 2823 (2003).
    pub lv: Option<f64>,
}

/// The measures of a train whose bins `active` (in order) hold spikes, `counts[bin]` of them each.
///
/// `k` spikes of one bin make `k - 1` intervals of 0, and the last of them the next one. Sums of
/// intervals are whole numbers and exact below 2^32 bins.
pub fn measure(active: &[usize], counts: &[u32]) -> Irregularity {
    let zeros = |bin: usize| u64::from(counts[bin]) - 1;
    let mut intervals = active.first().map_or(0, |&bin| zeros(bin));
    let (mut squares, mut ratios) = (0u128, Ratios::default());
    let mut previous = (intervals > 0).then_some(0);
    // Two intervals of 0 in a row have no ratio; one stands between two others.
    let mut both_zero = intervals > 1;
    for pair in active.windows(2) {
        let (distance, zeros) = ((pair[1] - pair[0]) as u64, zeros(pair[1]));
        if let Some(previous) = previous {
            ratios.add(previous, distance);
        }
        if zeros > 0 {
            ratios.add(distance, 0);
        }
        both_zero |= zeros > 1;
        previous = Some(if zeros > 0 { 0 } else { distance });
        intervals += 1 + zeros;
        squares += u128::from(distance) * u128::from(distance);
    }
    // The sum of all intervals: from the first spike to the last.
    let sum = active.first().zip(active.last()).map_or(0, |(first, last)| (last - first) as u128);
    if intervals < 2 || sum == 0 {
        return Irregularity::default();
    }
    let spread = (u128::from(intervals) * squares - sum * sum) as f64;
    let pairs = (intervals - 1) as f64;
    let local = |value: f64| (!both_zero).then_some(value);
    Irregularity {
        cv: Some(spread.sqrt() / sum as f64),
        cv2: local(2.0 * ratios.sum / pairs),
        lv: local(3.0 * ratios.squares / pairs),
    }
}

/// Sums over neighbouring intervals of `r = │a - b│ / (a + b)`.
#[derive(Default)]
struct Ratios {
    sum: f64,
    squares: f64,
}

impl Ratios {
    fn add(&mut self, a: u64, b: u64) {
        let ratio = a.abs_diff(b) as f64 / (a + b) as f64;
        self.sum += ratio;
        self.squares += ratio * ratio;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[u32]) -> Irregularity {
        let active: Vec<usize> = (0..counts.len()).filter(|&bin| counts[bin] > 0).collect();
        measure(&active, counts)
    }

    /// The formulas, word by word, with an interval for every two consecutive spikes.
    fn plainly(counts: &[u32]) -> [f64; 3] {
        let times = counts.iter().enumerate().flat_map(|(i, &n)| (0..n).map(move |_| i as f64));
        let times: Vec<f64> = times.collect();
        let intervals: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let middle = mean(&intervals);
        let squares: Vec<f64> = intervals.iter().map(|i| (i - middle).powi(2)).collect();
        let pairs = intervals.windows(2).map(|p| (p[1] - p[0]).abs() / (p[1] + p[0]));
        let ratios: Vec<f64> = pairs.collect();
        let ratios_squared: Vec<f64> = ratios.iter().map(|r| r * r).collect();
        [mean(&squares).sqrt() / middle, 2.0 * mean(&ratios), 3.0 * mean(&ratios_squared)]
    }

    #[test]
    fn several_spikes_in_a_bin_are_intervals_of_zero() {
        for counts in [
            &[1, 0, 0, 1, 1, 0, 1][..],
            &[2, 0, 1, 0, 0, 1],
            &[0, 1, 0, 2, 0, 2, 1],
            &[2, 2, 2],
            &[0, 1, 0, 2, 0],
        ] {
            let found = of(counts);
            for (found, expected) in [found.cv, found.cv2, found.lv].iter().zip(plainly(counts)) {
                let found = found.expect("defined");
                assert!((found - expected).abs() < 1e-14, "{counts:?}: {found} {expected}");
            }
        }
    }

    #[test]
    fn three_spikes_in_a_bin_leave_only_cv() {
        for counts in [&[3, 0, 1][..], &[1, 0, 3], &[1, 0, 0, 4, 1]] {
            let found = of(counts);
            let expected = plainly(counts);
            assert!((found.cv.expect("defined") - expected[0]).abs() < 1e-14, "{counts:?}");
            assert!(expected[1].is_nan() && found.cv2.is_none() && found.lv.is_none());
        }
    }

    #[test]
    fn too_few_intervals_or_none_that_last_are_undefined() {
        for counts in [&[0, 0, 0][..], &[0, 1, 0], &[1, 0, 1], &[0, 2, 0], &[0, 5, 0], &[]] {
            assert_eq!(of(counts), Irregularity::default(), "{counts:?}");
        }
    }
}

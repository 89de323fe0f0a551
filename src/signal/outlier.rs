//! A sample that makes most of a trace's variance, as an artefact does.
//!
//! Place in the flow: samples of one trace in, [`Outlier`] out, for whoever flags traces. Beside such a
//! sample the others count for little in every measure of second order: F(n) is that of a single
//! pulse, and coloured noise looks white.

/// The smallest share of the variance that makes a sample an outlier.
const SHARE: f64 = 0.5;

/// One sample with most of the variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlier {
    /// Its place, from 0.
    pub at: usize,
    /// Its part of the sum of squared distances from the mean.
    pub share: f64,
}

impl Outlier {
    /// What is found of `samples`, as far as they are finite; none where no sample has half of the
    /// variance.
    pub fn find(samples: &[f32]) -> Option<Self> {
        let finite = || {
            let numbered = samples.iter().enumerate().filter(|(_, x)| x.is_finite());
            numbered.map(|(at, &x)| (at, f64::from(x)))
        };
        let mean = finite().map(|(_, x)| x).sum::<f64>() / finite().count() as f64;
        let square = |x: f64| (x - mean).powi(2);
        let (mut total, mut largest, mut at) = (0.0, 0.0, 0);
        for (place, x) in finite() {
            let square = square(x);
            total += square;
            if square > largest {
                (largest, at) = (square, place);
            }
        }
        let share = largest / total;
        (share >= SHARE).then_some(Self { at, share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::noise;

    #[test]
    fn one_large_sample_is_found_and_noise_is_not() {
        for mut samples in [noise::white(2000, 1, 0), noise::brownian(2000, 1, 0)] {
            assert_eq!(Outlier::find(&samples), None);
            samples[700] = 5e4;
            samples[3] = f32::NAN;
            let found = Outlier::find(&samples).expect("an artefact");
            assert!(found.at == 700 && found.share > 0.9, "{found:?}");
        }
        assert_eq!(Outlier::find(&[]), None);
        assert_eq!(Outlier::find(&[1.5; 9]), None);
    }
}

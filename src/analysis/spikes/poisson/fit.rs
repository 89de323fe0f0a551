//! Goodness of fit: whole histograms of window counts and of inter-spike intervals against models.
//!
//! Place in the flow: a kept [`Train`] in, four p values out. Formulas: [`super`]. The models are
//! public, for figures that draw them over a histogram.

use statrs::distribution::{Binomial, ContinuousCDF, Discrete, Poisson};

use super::{Train, chance, chi_squared};

/// The smallest expected number in a cell of Pearson's test; Cochran, Biometrics 10, 417 (1954).
pub const SMALLEST_EXPECTED: f64 = 5.0;

/// p values of one unit; `None` for one that is dead or always on, and where fewer than three cells
/// are left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fits {
    /// Window counts against Poisson of their mean.
    pub poisson: Option<f64>,
    /// Window counts against binomial of their mean.
    pub binomial: Option<f64>,
    /// Intervals against exponential of the train's rate.
    pub exponential: Option<f64>,
    /// Intervals against geometric of the train's rate.
    pub geometric: Option<f64>,
}

impl Fits {
    /// Of the whole windows of a train, of `window` steps each.
    ///
    /// # Panics
    /// The window is empty.
    pub fn of(train: &Train, window: usize) -> Self {
        let counts = train.counts(window);
        let steps = counts.len() * window;
        let spikes: Vec<usize> = train.spikes().take_while(|&step| step < steps).collect();
        let Some(p) = chance(spikes.len() as f64, steps as f64) else { return Self::default() };
        let counts = histogram(counts.into_iter());
        let intervals = histogram(spikes.windows(2).map(|pair| pair[1] - pair[0] - 1));
        Self {
            poisson: pearson(&counts, poisson(window as f64 * p)),
            binomial: pearson(&counts, binomial(window, p)),
            exponential: pearson(&intervals, exponential(p)),
            geometric: pearson(&intervals, geometric(p)),
        }
    }
}

/// How often each of the numbers 0, 1, ... to the largest occurs.
pub fn histogram(numbers: impl Iterator<Item = usize>) -> Vec<u64> {
    let mut histogram = Vec::new();
    for number in numbers {
        if number >= histogram.len() {
            histogram.resize(number + 1, 0);
        }
        histogram[number] += 1;
    }
    histogram
}

/// The chance of each count for a Poisson variable of mean `mean`, above 0.
pub fn poisson(mean: f64) -> impl Fn(usize) -> f64 {
    let model = Poisson::new(mean).expect("a mean above 0");
    move |count| model.pmf(count as u64)
}

/// The chance of each count of `window` steps with a spike at each by chance `p`, 0 to 1.
pub fn binomial(window: usize, p: f64) -> impl Fn(usize) -> f64 {
    let model = Binomial::new(p, window as u64).expect("a chance of 0 to 1");
    move |count| model.pmf(count as u64)
}

/// The chance of an interval of `k + 1` steps, `p (1 - p)^k`, where each step has a spike by chance
/// `p`.
pub fn geometric(p: f64) -> impl Fn(usize) -> f64 {
    move |k| p * (k as f64 * (-p).ln_1p()).exp()
}

/// The chance that an exponential time of `rate` per step ends in step `k + 1`,
/// `exp(-rate k) - exp(-rate (k + 1))`.
pub fn exponential(rate: f64) -> impl Fn(usize) -> f64 {
    geometric(-(-rate).exp_m1())
}

/// The p value of Pearson's test that a histogram of the numbers 0, 1, ... comes from a model of
/// the chance of each, with one parameter estimated; `None` for fewer than three cells.
///
/// Cells are runs of neighbouring numbers, begun at 0 and each ended as soon as
/// [`SMALLEST_EXPECTED`] is expected in it and in what lies above; the last has all that is left.
fn pearson(histogram: &[u64], model: impl Fn(usize) -> f64) -> Option<f64> {
    let total = histogram.iter().sum::<u64>() as f64;
    // Expected and seen: in the cell, and above all closed ones.
    let (mut expected, mut seen) = (0.0, 0.0);
    let (mut expected_left, mut seen_left) = (total, total);
    let (mut cells, mut statistic) = (1, 0.0);
    let term = |expected: f64, seen: f64| (seen - expected).powi(2) / expected;
    for number in 0.. {
        expected += total * model(number);
        seen += histogram.get(number).map_or(0.0, |&seen| seen as f64);
        if expected_left - expected < SMALLEST_EXPECTED {
            break;
        }
        if expected >= SMALLEST_EXPECTED {
            statistic += term(expected, seen);
            cells += 1;
            expected_left -= expected;
            seen_left -= seen;
            (expected, seen) = (0.0, 0.0);
        }
    }
    statistic += term(expected_left, seen_left);
    (cells >= 3).then(|| chi_squared(f64::from(cells - 2)).sf(statistic))
}

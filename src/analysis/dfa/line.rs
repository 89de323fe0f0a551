//! The straight line of `ln F` against `ln n`, whose slope is `alpha`.
//!
//! Place in the flow: made with a [`super::DfaPlan`] on the host in f64; the stage
//! [`super::exponent`] reads its weights, every path's fluctuations can be given to [`Line::fit`].

use super::{Exponent, Status};

/// Ordinary least squares on `ln n` as weights: the exponent is `Σ slope·ln F`, the intercept
/// `Σ intercept·ln F`.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// `ln n` of each size.
    pub abscissa: Vec<f64>,
    /// Weight of each `ln F` in the slope; they add up to 0.
    pub slope: Vec<f64>,
    /// Weight of each `ln F` in the value at `ln n = 0`; they add up to 1.
    pub intercept: Vec<f64>,
    /// `Σ (ln n - mean)²`.
    pub spread: f64,
}

impl Line {
    /// Over all `sizes`.
    pub fn through(sizes: &[usize]) -> Self {
        let abscissa: Vec<f64> = sizes.iter().map(|&size| (size as f64).ln()).collect();
        let count = abscissa.len() as f64;
        let mean = abscissa.iter().sum::<f64>() / count;
        let spread = abscissa.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        let slope: Vec<f64> = abscissa.iter().map(|x| (x - mean) / spread).collect();
        let intercept = slope.iter().map(|weight| 1.0 / count - mean * weight).collect();
        Self { abscissa, slope, intercept, spread }
    }

    /// The exponent of fluctuations `F(n)`, one per size, by ordinary least squares in f64. Also for
    /// fluctuations that were pooled: average `F²` over traces and take the root first.
    ///
    /// Undefined where an `F` is not finite or is 0.
    pub fn fit(&self, fluctuations: &[f64]) -> Exponent {
        if fluctuations.iter().any(|f| !f.is_finite()) {
            return Exponent::undefined(Status::NonFinite);
        }
        if fluctuations.contains(&0.0) {
            return Exponent::undefined(Status::NoFluctuation);
        }
        let ordinates: Vec<f64> = fluctuations.iter().map(|f| f.ln()).collect();
        let weigh =
            |weights: &[f64]| weights.iter().zip(&ordinates).map(|(w, y)| w * y).sum::<f64>();
        let (alpha, intercept) = (weigh(&self.slope), weigh(&self.intercept));
        let pairs = self.abscissa.iter().zip(&ordinates);
        let scatter: f64 = pairs.map(|(x, y)| (y - intercept - alpha * x).powi(2)).sum();
        let freedom = (ordinates.len() - 2) as f64;
        let stderr = (scatter / freedom / self.spread).sqrt();
        Exponent { alpha, intercept, stderr, status: Status::Defined }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_has_its_exponent() {
        let line = Line::through(&[9, 31, 100]);
        let exponent = line.fit(&[9.0, 31.0, 100.0].map(|n: f64| 0.3 * n.powf(0.75)));
        assert!((exponent.alpha - 0.75).abs() < 1e-14);
        assert!((exponent.intercept - 0.3f64.ln()).abs() < 1e-13 && exponent.stderr < 1e-14);
        assert_eq!(line.fit(&[1.0, 0.0, 1.0]).status, Status::NoFluctuation);
        assert_eq!(line.fit(&[1.0, f64::NAN, 1.0]).status, Status::NonFinite);
    }
}

//! Local slopes: the exponent over a part of the sizes, and how it changes with the size.
//!
//! Place in the flow: the `F(n)` of one trace in, slopes out. A power law has one slope
//! everywhere, an AR(1) falls from 1.5 to 0.5; [`super::crossover`] tests for a change.

use serde::Serialize;

use crate::analysis::dfa::{DfaPlan, Line};

/// The least ratio of the largest to the smallest size of a local slope: half a decade.
pub const SPAN: f64 = 3.162_277_660_168_379_5;

/// The fewest sizes of a local slope.
pub const FEWEST: usize = 3;

/// The exponent over neighbouring sizes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LocalSlope {
    /// Geometric mean of the sizes, in samples.
    pub window: f64,
    /// Slope of the ordinary least-squares line of `ln F` on `ln n` over them; not finite where an
    /// `F` is 0 or not finite.
    pub alpha: f64,
}

/// The slope over every shortest run of neighbouring sizes that spans [`SPAN`] and has [`FEWEST`]
/// sizes; over all sizes where these span less.
///
/// Neighbouring slopes share sizes, and even those that do not are correlated: the `F(n)` of a
/// trace see the same samples. Panics where the number of fluctuations is not the plan's.
pub fn local_slopes(plan: &DfaPlan, fluctuations: &[f64]) -> Vec<LocalSlope> {
    let x = &plan.line().abscissa;
    let sizes: Vec<usize> = plan.sizes().iter().map(|size| size.size).collect();
    assert_eq!(x.len(), fluctuations.len(), "one fluctuation per size of the plan");
    let y: Vec<f64> = fluctuations.iter().map(|f| (f / fluctuations[0]).ln()).collect();
    let span = SPAN.ln().min(x[x.len() - 1] - x[0]) - 1e-9;
    (0..x.len())
        .map_while(|first| {
            let reached = (first..x.len()).find(|&last| x[last] - x[first] >= span)?;
            let last = reached.max(first + FEWEST - 1);
            (last < x.len()).then(|| {
                let line = Line::through(&sizes[first..=last]);
                let mean = line.abscissa.iter().sum::<f64>() / line.abscissa.len() as f64;
                let rise = line.slope.iter().zip(&y[first..=last]).map(|(w, y)| w * y);
                LocalSlope { window: mean.exp(), alpha: rise.sum() }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::Settings;

    #[test]
    fn a_bent_law_has_its_two_slopes() {
        let windows: Vec<usize> = vec![8, 16, 32, 64, 128, 256, 512];
        let plan =
            DfaPlan::new(4096, &Settings { windows: windows.clone(), ..Settings::default() })
                .expect("the windows fit");
        let bent = |n: usize| {
            let n = n as f64;
            if n <= 64.0 { n.powf(0.5) } else { 8.0 * (n / 64.0).powf(1.5) }
        };
        let f: Vec<f64> = windows.iter().map(|&n| bent(n)).collect();
        let found = local_slopes(&plan, &f);
        // Octaves: half a decade is reached by the third size.
        assert_eq!(found.len(), 5);
        assert!((found[0].alpha - 0.5).abs() < 1e-12 && (found[0].window - 16.0).abs() < 1e-9);
        assert!((found[4].alpha - 1.5).abs() < 1e-12 && (found[2].alpha - 1.0).abs() < 1e-12);
        let narrow =
            DfaPlan::new(100, &Settings { windows: vec![10, 11, 12, 13], ..Settings::default() })
                .expect("the windows fit");
        assert_eq!(local_slopes(&narrow, &[1.0, 1.1, 1.2, 1.3]).len(), 1);
    }
}

//! Crossover: do the fluctuations of a trace follow one power law, or two that meet at a knee?
//!
//! Place in the flow: a [`DfaPlan`] gives a [`Null`], once for all traces of a length; the `F(n)`
//! of one trace give a [`Crossover`], which [`super::verdict`] reads.
//!
//! # Why not ordinary least squares
//! The `F(n)` of one trace see the same samples: their errors are strongly correlated, are larger
//! at large sizes, and small windows bend `F` by themselves. Ordinary least squares with an
//! information criterion takes all three for structure and finds a crossover nearly everywhere.
//!
//! # Formula
//! With `x = ln n`, `y = ln F(n)` and `m(n)`, `Σ` the mean and the covariance matrix of `ln F` over
//! self-similar Gaussian traces of the same length and windows and of the exponent that the trace
//! seems to have, two models of `y - m`:
//!
//! `one law: c + a·x`,   `two laws: c + a·x + b·max(0, x - ln k)`,
//!
//! the knee `k` any size with [`SIDE`] sizes and a factor of 2 on either side. Both by generalised
//! least squares with the covariance `Σ + TOLERANCE²·I`; `χ²` is what is left. The evidence is the
//! difference of the Bayesian information criterion (Schwarz, Ann. Stat. 6, 461, 1978), two
//! parameters (`b`, `k`) for `s` sizes:
//!
//! `evidence = χ²(one) - min over k of χ²(two) - 2·ln s`.
//!
//! `m` and `Σ` are simulated ([`crate::signal::fractional`], exact covariance) at exponents from
//! 0.1 to 1.9 and interpolated at the measured slope.
//!
//! # How to read it
//! Evidence above 2 is called positive, above 6 strong (Kass & Raftery, J. Am. Stat. Assoc. 90,
//! 773, 1995). [`TOLERANCE`] says how straight a law has to be: without it a bend of a percent
//! would become a crossover in a long enough trace. An AR(1) has a crossover too (1.5 to 0.5), as
//! has a sum of two noises; what it is made of the test does not say.
//!
//! # Long traces
//! Up to [`LONGEST`] samples the plan is simulated as it is. Beyond, in traces of that
//! length: the bend of small windows at the true sizes (where they are larger than a quarter, the
//! power law goes on), scatter at sizes divided so that `N/n` is kept, which for self-similar noise
//! keeps it too; sizes that would fall below [`SMALLEST_SCALED`] scatter as that one with the
//! square root of their number of windows, far below [`TOLERANCE`].

use rayon::prelude::*;
use serde::Serialize;

use crate::analysis::dfa::simulated::{self, LONGEST};
use crate::analysis::dfa::{DfaPlan, Settings};
use crate::error::Result;

/// How far `ln F` of every size may lie from a power law that is still taken for one: 1 percent.
pub const TOLERANCE: f64 = 0.01;

/// Sizes on either side of a knee, itself included.
pub const SIDE: usize = 3;

/// The smallest size whose scatter stands for that of a larger one.
pub const SMALLEST_SCALED: f64 = 8.0;

/// Exponents simulated: from 0.1 in steps of 0.15 to 1.9.
const EXPONENTS: usize = 13;
const LOWEST: f64 = 0.1;
const STEP: f64 = 0.15;

/// The best pair of laws of one trace, and what speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Crossover {
    /// The size at which the laws meet, in samples.
    pub window: f64,
    /// Exponent at smaller sizes.
    pub below: f64,
    /// Exponent at larger sizes.
    pub above: f64,
    /// Standard error of `above - below` where the knee is known.
    pub stderr: f64,
    /// Bayesian information criterion of one law less that of two: positive for two.
    pub evidence: f64,
}

/// What self-similar noise looks like under one plan.
#[derive(Clone, Debug)]
pub struct Null {
    abscissa: Vec<f64>,
    weights: Vec<f64>,
    looks: Vec<Look>,
}

/// `ln F` of the noise of one exponent.
#[derive(Clone, Debug)]
struct Look {
    alpha: f64,
    /// Mean slope, as the plan's line measures it.
    slope: f64,
    mean: Vec<f64>,
    /// Row-major.
    covariance: Vec<f64>,
}

impl Null {
    /// Simulates traces for `plan`; the same arguments give the same numbers.
    ///
    /// # Errors
    /// None that a valid plan could cause; passes on those of the plan that long traces are
    /// simulated with.
    pub fn new(plan: &DfaPlan, seed: u64) -> Result<Self> {
        let scaled = Scaled::new(plan)?;
        let steps = scaled.plan.steps();
        let count = (1_310_720 / steps).clamp(160, 640);
        let line = plan.line();
        let alphas: Vec<f64> = (0..EXPONENTS).map(|i| LOWEST + STEP * i as f64).collect();
        let stream = (seed, "controls/crossover");
        let found = simulated::fluctuations(&scaled.plan, &alphas, count, stream);
        let look = |(found, alpha): (Vec<f64>, f64)| {
            let (mean, covariance) = scaled.moments(&found, alpha);
            let slope = line.slope.iter().zip(&mean).map(|(w, y)| w * y).sum();
            Look { alpha, slope, mean, covariance }
        };
        let looks = found.into_par_iter().zip(alphas).map(look).collect();
        Ok(Self { abscissa: line.abscissa.clone(), weights: line.slope.clone(), looks })
    }

    /// The best pair of laws for the `F(n)` of one trace; none where an `F` is 0 or not finite, or
    /// where no size can be a knee.
    ///
    /// Panics where the number of fluctuations is not the plan's.
    pub fn test(&self, fluctuations: &[f64]) -> Option<Crossover> {
        let x = &self.abscissa;
        assert_eq!(x.len(), fluctuations.len(), "one fluctuation per size of the plan");
        // Ratios first: the same numbers to the last digit whatever the unit of the trace.
        let y: Vec<f64> = fluctuations.iter().map(|f| (f / fluctuations[0]).ln()).collect();
        if y.iter().any(|y| !y.is_finite()) {
            return None;
        }
        let look = self.at(self.weights.iter().zip(&y).map(|(w, y)| w * y).sum());
        let root = cholesky(look.covariance)?;
        let bent: Vec<f64> = y.iter().zip(&look.mean).map(|(y, m)| y - m).collect();
        let mut basis = vec![whiten(&root, &vec![1.0; x.len()])];
        let length = norm(&basis[0]);
        basis[0].iter_mut().for_each(|v| *v /= length);
        let line = reject(whiten(&root, x), &basis);
        basis.push(line.iter().map(|v| v / norm(&line)).collect());
        let rest = reject(whiten(&root, &bent), &basis);
        let last = x.len() - 1;
        let knees = (SIDE - 1..x.len().saturating_sub(SIDE - 1))
            .filter(|&k| (x[k] - x[0]).min(x[last] - x[k]) >= std::f64::consts::LN_2);
        let tried = knees.map(|k| {
            let hinge: Vec<f64> =
                (0..x.len()).map(|i| if i > k { x[i] - x[k] } else { 0.0 }).collect();
            let white = reject(whiten(&root, &hinge), &basis);
            let length = norm(&white);
            let along = dot(&white, &rest) / length;
            (k, hinge, along, length)
        });
        let (k, hinge, along, length) = tried.max_by(|a, b| a.2.abs().total_cmp(&b.2.abs()))?;
        let change = along / length;
        let left: Vec<f64> = bent.iter().zip(&hinge).map(|(y, h)| y - change * h).collect();
        let tilt = dot(&whiten(&root, &left), &basis[1]) / norm(&line);
        Some(Crossover {
            window: x[k].exp(),
            below: look.alpha + tilt,
            above: look.alpha + tilt + change,
            stderr: 1.0 / length,
            evidence: along * along - 2.0 * (x.len() as f64).ln(),
        })
    }

    /// The look of the noise whose measured slope is `slope`, held to the ends.
    fn at(&self, slope: f64) -> Look {
        let above = self.looks.partition_point(|look| look.slope < slope);
        let above = above.clamp(1, self.looks.len() - 1);
        let (low, high) = (&self.looks[above - 1], &self.looks[above]);
        let share = ((slope - low.slope) / (high.slope - low.slope)).clamp(0.0, 1.0);
        let mix = |a: f64, b: f64| a + share * (b - a);
        let both = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| mix(*a, *b)).collect();
        Look {
            alpha: mix(low.alpha, high.alpha),
            slope,
            mean: both(&low.mean, &high.mean),
            covariance: both(&low.covariance, &high.covariance),
        }
    }
}

/// The plan that is simulated for a plan, and where its sizes are found.
struct Scaled {
    plan: DfaPlan,
    /// For each size of the full plan the simulated one that bends alike: itself, or the largest,
    /// and `ln` of the full size over it.
    bend: Vec<(usize, f64)>,
    /// For each size of the full plan the simulated one that scatters alike, and the ratio of the
    /// standard deviations.
    scatter: Vec<(usize, f64)>,
}

impl Scaled {
    fn new(plan: &DfaPlan) -> Result<Self> {
        let sizes: Vec<usize> = plan.sizes().iter().map(|size| size.size).collect();
        let steps = plan.steps();
        let same: Vec<usize> = (0..sizes.len()).collect();
        if steps <= LONGEST {
            let bend = same.iter().map(|&i| (i, 0.0)).collect();
            let scatter = same.iter().map(|&i| (i, 1.0)).collect();
            return Ok(Self { plan: plan.clone(), bend, scatter });
        }
        let largest = sizes.last().map_or(1, |&last| last) as f64;
        let (shortening, factor) = simulated::reduction(steps, largest);
        let divided: Vec<f64> = sizes.iter().map(|&size| size as f64 / factor).collect();
        let stands = |size: f64| size.max(SMALLEST_SCALED.min(sizes[0] as f64)).round() as usize;
        let fits = |size: &usize| *size <= LONGEST / 4;
        let mut windows: Vec<usize> = sizes.iter().copied().filter(fits).collect();
        windows.extend(divided.iter().map(|&size| stands(size)));
        // Where the power law goes on from, if no size of the plan is among the small ones.
        windows.extend([512, LONGEST / 4]);
        windows.sort_unstable();
        windows.dedup();
        let place = |size: usize| windows.partition_point(|&n| n < size).min(windows.len() - 1);
        let bend = sizes
            .iter()
            .map(|&size| (place(size), (size as f64 / windows[place(size)] as f64).ln()))
            .collect();
        let scatter = divided
            .iter()
            .map(|&size| {
                let stand = stands(size);
                let fewer = (size / stand as f64).min(1.0);
                (place(stand), (fewer * factor / shortening).sqrt())
            })
            .collect();
        let (order, convention) = (plan.order(), plan.convention());
        let plan = DfaPlan::new(LONGEST, &Settings { windows, order, convention })?;
        Ok(Self { plan, bend, scatter })
    }

    /// Mean and covariance matrix of `ln F` at the sizes of the full plan, from simulated `F`.
    fn moments(&self, found: &[f64], alpha: f64) -> (Vec<f64>, Vec<f64>) {
        let columns = self.plan.sizes().len();
        let rows = (found.len() / columns) as f64;
        let logarithms: Vec<f64> = found.iter().map(|f| f.ln()).collect();
        let mean_of = |values: &[f64], value: &dyn Fn(&[f64]) -> f64| {
            values.chunks_exact(columns).map(value).sum::<f64>() / rows
        };
        let means: Vec<f64> = (0..columns).map(|i| mean_of(&logarithms, &|y| y[i])).collect();
        let squares: Vec<f64> =
            (0..columns).map(|i| mean_of(found, &|f| f[i] * f[i]).ln() / 2.0).collect();
        let of = |i: usize, j: usize| {
            let product = |y: &[f64]| (y[i] - means[i]) * (y[j] - means[j]);
            mean_of(&logarithms, &product) * rows / (rows - 1.0)
        };
        let mean = self
            .bend
            .iter()
            .zip(&self.scatter)
            // What the logarithm's mean lacks is a variance: it goes with the square of the ratio.
            .map(|(&(at, further), &(like, ratio))| {
                squares[at] + alpha * further + (means[like] - squares[like]) * ratio * ratio
            })
            .collect();
        let covariance = self
            .scatter
            .iter()
            .enumerate()
            .flat_map(|(row, &(i, left))| {
                self.scatter.iter().enumerate().map(move |(column, &(j, right))| {
                    let straight = if row == column { TOLERANCE * TOLERANCE } else { 0.0 };
                    of(i, j) * left * right + straight
                })
            })
            .collect();
        (mean, covariance)
    }
}

/// The lower triangle `L` of `matrix = L·Lᵀ`, row-major; none where it is not positive definite.
fn cholesky(mut matrix: Vec<f64>) -> Option<Vec<f64>> {
    let size = matrix.len().isqrt();
    for row in 0..size {
        for column in 0..=row {
            let dot: f64 =
                (0..column).map(|k| matrix[row * size + k] * matrix[column * size + k]).sum();
            let left = matrix[row * size + column] - dot;
            matrix[row * size + column] = if row > column {
                left / matrix[column * size + column]
            } else if left > 0.0 {
                left.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(matrix)
}

/// `L⁻¹·vector`: errors of covariance `L·Lᵀ` become independent ones of variance 1.
fn whiten(root: &[f64], vector: &[f64]) -> Vec<f64> {
    let size = vector.len();
    let mut white: Vec<f64> = Vec::with_capacity(size);
    for (row, value) in vector.iter().enumerate() {
        let known = dot(&root[row * size..][..row], &white);
        white.push((value - known) / root[row * size + row]);
    }
    white
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

/// `vector` without its parts along the orthonormal `basis`.
fn reject(mut vector: Vec<f64>, basis: &[Vec<f64>]) -> Vec<f64> {
    for unit in basis {
        let along = dot(&vector, unit);
        vector.iter_mut().zip(unit).for_each(|(v, u)| *v -= along * u);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dfa::fast;
    use crate::signal::Traces;
    use crate::signal::fractional::Fractional;

    fn plan(steps: usize) -> DfaPlan {
        let largest = steps / 4;
        let mut windows: Vec<usize> =
            (0..).map(|i| (10.0 * 1.3f64.powi(i)) as usize).take_while(|&n| n <= largest).collect();
        windows.dedup();
        DfaPlan::new(steps, &Settings { windows, ..Settings::default() }).expect("they fit")
    }

    #[test]
    fn whitening_is_the_inverse_of_the_root() {
        let matrix = vec![4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let root = cholesky(matrix.clone()).expect("positive definite");
        // Column i of the matrix, whitened, is row i of the root.
        for i in 0..3 {
            let white = whiten(&root, &matrix[3 * i..3 * i + 3]);
            for (j, value) in white.iter().enumerate() {
                let expected = if j <= i { root[3 * i + j] } else { 0.0 };
                assert!((value - expected).abs() < 1e-14, "{i} {j}");
            }
        }
        assert!(cholesky(vec![1.0, 2.0, 2.0, 1.0]).is_none());
    }

    #[test]
    fn a_bent_curve_gives_its_knee_and_a_straight_one_none() {
        let plan = plan(4096);
        let null = Null::new(&plan, 3).expect("a plan");
        let look = null.at(1.0);
        let x = &null.abscissa;
        let knee = x.len() / 2;
        let curve = |below: f64, above: f64| -> Vec<f64> {
            let bend = |i: usize| {
                let from = x[i] - x[knee];
                (look.mean[i] + from * ((if from < 0.0 { below } else { above }) - look.alpha))
                    .exp()
            };
            (0..x.len()).map(bend).collect()
        };
        let found = null.test(&curve(0.6, 1.4)).expect("room for a knee");
        assert!((found.window - x[knee].exp()).abs() < 1e-9, "{found:?}");
        assert!((found.below - 0.6).abs() < 0.05 && (found.above - 1.4).abs() < 0.05, "{found:?}");
        assert!(found.evidence > 6.0);
        let straight = null.test(&curve(1.0, 1.0)).expect("room for a knee");
        assert!(straight.evidence < -5.0, "{straight:?}");
        let mut broken = curve(1.0, 1.0);
        broken[3] = 0.0;
        assert!(null.test(&broken).is_none());
    }

    #[test]
    fn a_long_plan_scatters_and_bends_as_the_reduced_one_says() {
        let steps = 4 * LONGEST;
        let plan = plan(steps);
        let alpha = LOWEST + 4.0 * STEP;
        let null = Null::new(&plan, 3).expect("a plan");
        let look = &null.looks[4];
        assert!((look.alpha - alpha).abs() < 1e-12);
        let maker = Fractional::new(steps, alpha);
        let samples = (0..150).flat_map(|i| maker.pair(5, "test", i)).flatten().collect();
        let found = fast::fluctuations(&Traces::new(samples, steps).expect("whole"), &plan);
        let sizes = plan.sizes().len();
        for i in 0..sizes {
            let logarithms: Vec<f64> = found.chunks_exact(sizes).map(|f| f[i].ln()).collect();
            let count = logarithms.len() as f64;
            let mean = logarithms.iter().sum::<f64>() / count;
            let square = logarithms.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / count;
            let expected = (look.covariance[i * sizes + i] - TOLERANCE * TOLERANCE).sqrt();
            let base = mean - look.mean[i];
            // Two simulations of 300 and 160 traces; four standard errors, and the tolerance.
            assert!(base.abs() < 0.4 * expected + TOLERANCE / 2.0, "{i}: {base} {expected}");
            let off = (square.sqrt() - expected).abs();
            assert!(off < 0.3 * expected + TOLERANCE / 2.0, "{i}: {} {expected}", square.sqrt());
        }
    }
}

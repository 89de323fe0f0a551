//! The plan of a DFA: window sizes, starts and fit weights as plain data, made once and used by
//! every path.
//!
//! Place in the flow: a settings file gives [`Settings`]; [`DfaPlan`] checks them against the
//! length of the traces and lays out every window; the oracle, the fast path and the stages all
//! read the same plan.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The smallest window: a line through 3 samples or fewer leaves next to nothing of them.
pub const SMALLEST_WINDOW: usize = 4;

/// The fewest window sizes: a slope through 2 points has no error.
pub const FEWEST_SIZES: usize = 3;

/// How the windows of one size lie on the trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// One after the other from the first sample.
    None,
    /// A start every `n / 2` samples, up to the last window that fits.
    #[default]
    Half,
    /// As nolds 0.6 and neurokit2 0.2 do: a start every `n / 2` samples below `N - n`, so that the
    /// last window is left out where `N - n` is a multiple of `n / 2`. For comparison with those
    /// libraries.
    HalfNolds,
}

/// The settings of a DFA, as a settings file holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Window sizes in samples, strictly increasing.
    pub windows: Vec<usize>,
    /// How windows lie.
    pub overlap: Overlap,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            windows: vec![10, 12, 14, 17, 21, 25, 30, 36, 43, 52, 62, 74, 89, 107, 125],
            overlap: Overlap::Half,
        }
    }
}

/// All windows of one size: window `w` covers the samples `w * stride .. w * stride + size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Samples per window, `n`.
    pub size: usize,
    /// Samples from one start to the next.
    pub stride: usize,
    /// Number of windows.
    pub count: usize,
    /// Windows of all smaller sizes together: where this size's windows begin in a list of all.
    pub first: usize,
}

/// A checked plan for traces of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct DfaPlan {
    steps: usize,
    sizes: Vec<WindowSize>,
    line: Line,
}

/// Ordinary least squares on `ln n` as weights: the exponent is `Σ slope·ln F`, the intercept
/// `Σ intercept·ln F`. Made in f64 on the host.
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

impl DfaPlan {
    /// Lays out the windows of `settings` on traces of `steps` samples.
    ///
    /// # Errors
    /// Fewer than 3 sizes, a size below 4, sizes that do not increase, or a size that no window of
    /// the trace has. The error names `dfa.windows`, what was found and what fits.
    pub fn new(steps: usize, settings: &Settings) -> Result<Self> {
        let windows = &settings.windows;
        let wrong =
            |what: String, remedy: String| Err(Error::new(what).at("dfa.windows").remedy(remedy));
        if windows.len() < FEWEST_SIZES {
            return wrong(
                format!("expected at least {FEWEST_SIZES} window sizes, found {}", windows.len()),
                format!("give sizes between {SMALLEST_WINDOW} and {steps}; 10 or more are usual"),
            );
        }
        if windows[0] < SMALLEST_WINDOW {
            return wrong(
                format!(
                    "expected windows of at least {SMALLEST_WINDOW} samples, found {}",
                    windows[0]
                ),
                format!("start at {SMALLEST_WINDOW} or above; 10 is usual"),
            );
        }
        if let Some(pair) = windows.windows(2).find(|pair| pair[0] >= pair[1]) {
            return wrong(
                format!("expected increasing sizes, found {} after {}", pair[1], pair[0]),
                "sort the sizes and leave out repeated ones".into(),
            );
        }
        let mut sizes = Vec::with_capacity(windows.len());
        let mut first = 0;
        for &size in windows {
            let (stride, count) = layout(steps, size, settings.overlap);
            if count == 0 {
                return wrong(
                    format!("expected windows that fit into {steps} samples, found {size}"),
                    format!(
                        "leave out the sizes from {size} on, or give longer traces; a quarter of \
                         the trace, here {}, is the usual largest",
                        steps / 4
                    ),
                );
            }
            sizes.push(WindowSize { size, stride, count, first });
            first += count;
        }
        Ok(Self { steps, line: Line::new(windows), sizes })
    }

    /// Samples per trace.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The windows, size by size.
    pub fn sizes(&self) -> &[WindowSize] {
        &self.sizes
    }

    /// Windows of all sizes together, per trace.
    pub fn windows(&self) -> usize {
        self.sizes.last().map_or(0, |last| last.first + last.count)
    }

    /// The fit of `ln F` on `ln n`.
    pub fn line(&self) -> &Line {
        &self.line
    }
}

impl Line {
    fn new(windows: &[usize]) -> Self {
        let abscissa: Vec<f64> = windows.iter().map(|&size| (size as f64).ln()).collect();
        let count = abscissa.len() as f64;
        let mean = abscissa.iter().sum::<f64>() / count;
        let spread = abscissa.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        let slope: Vec<f64> = abscissa.iter().map(|x| (x - mean) / spread).collect();
        let intercept = slope.iter().map(|weight| 1.0 / count - mean * weight).collect();
        Self { abscissa, slope, intercept, spread }
    }
}

/// Stride and number of the windows of `size` samples on `steps`; 0 windows where none fits.
fn layout(steps: usize, size: usize, overlap: Overlap) -> (usize, usize) {
    let half = (size / 2).max(1);
    match (overlap, steps.checked_sub(size)) {
        (_, None) => (half, 0),
        (Overlap::None, Some(_)) => (size, steps / size),
        (Overlap::Half, Some(room)) => (half, room / half + 1),
        (Overlap::HalfNolds, Some(room)) => (half, room.div_ceil(half)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(steps: usize, windows: &[usize], overlap: Overlap) -> Result<DfaPlan> {
        DfaPlan::new(steps, &Settings { windows: windows.to_vec(), overlap })
    }

    #[test]
    fn windows_lie_as_the_convention_says() {
        let counts = |overlap| {
            let plan = plan(20, &[4, 5, 8], overlap).expect("fits");
            plan.sizes().iter().map(|s| (s.stride, s.count, s.first)).collect::<Vec<_>>()
        };
        assert_eq!(counts(Overlap::None), [(4, 5, 0), (5, 4, 5), (8, 2, 9)]);
        assert_eq!(counts(Overlap::Half), [(2, 9, 0), (2, 8, 9), (4, 4, 17)]);
        // range(0, 16, 2), range(0, 15, 2), range(0, 12, 4).
        assert_eq!(counts(Overlap::HalfNolds), [(2, 8, 0), (2, 8, 8), (4, 3, 16)]);
    }

    #[test]
    fn every_window_lies_inside_the_trace() {
        for overlap in [Overlap::None, Overlap::Half, Overlap::HalfNolds] {
            for steps in 16..90 {
                let plan = plan(steps, &[4, 7, 15], overlap).expect("fits");
                for size in plan.sizes() {
                    assert!((size.count - 1) * size.stride + size.size <= steps);
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_remedy() {
        for (steps, windows) in
            [(500, vec![8, 9]), (500, vec![3, 8, 16]), (500, vec![8, 16, 16]), (15, vec![4, 8, 16])]
        {
            let error = plan(steps, &windows, Overlap::None).expect_err("refused");
            assert!(error.to_string().starts_with("dfa.windows: expected"), "{error}");
            assert!(error.remedy_text().is_some());
        }
        // The library's convention has no window where the size is the length.
        assert!(plan(16, &[4, 8, 16], Overlap::HalfNolds).is_err());
        assert!(plan(16, &[4, 8, 16], Overlap::Half).is_ok());
    }

    #[test]
    fn the_weights_recover_a_line() {
        let plan = plan(500, &[4, 9, 31, 100], Overlap::None).expect("fits");
        let line = plan.line();
        let values: Vec<f64> = line.abscissa.iter().map(|x| 0.75 * x - 2.0).collect();
        let dot = |w: &[f64]| w.iter().zip(&values).map(|(w, y)| w * y).sum::<f64>();
        assert!((dot(&line.slope) - 0.75).abs() < 1e-14);
        assert!((dot(&line.intercept) + 2.0).abs() < 1e-13);
    }

    #[test]
    fn the_settings_are_read_in_kebab_case() {
        let read: Settings =
            serde_json::from_str(r#"{"windows":[8,16,32],"overlap":"half-nolds"}"#).expect("read");
        assert_eq!(read.overlap, Overlap::HalfNolds);
        let default = Settings::default();
        assert!(DfaPlan::new(500, &default).is_ok());
    }
}

//! The plan of a DFA: order, convention, window sizes and starts as plain data, made once and used
//! by every path.
//!
//! Place in the flow: a settings file gives [`Settings`]; [`DfaPlan`] checks them against the
//! length of the traces and lays out every window; the oracle, the fast path and the stages all
//! read the same plan.

use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::line::Line;
use crate::error::{Error, Result};

/// The fewest window sizes: a slope through 2 points has no error.
pub const FEWEST_SIZES: usize = 3;

/// The orders that every path offers.
pub const ORDERS: std::ops::RangeInclusive<usize> = 1..=3;

/// How the windows of one size lie on the trace, and how their residuals become one `F(n)`: the
/// conventions of published codes by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convention {
    /// One after the other from the first sample, root of the mean squared residual over all (Peng
    /// 1994; nolds with `overlap=False`, fathon, neurodsp, neurokit2 with `overlap=False`).
    Forward,
    /// As many windows again, counted from the last sample (Kantelhardt 2001; MFDFA,
    /// `fathon(revSeg=True)`).
    BothEnds,
    /// A start every `n / 2` samples, up to the last window that fits.
    #[default]
    HalfOverlap,
    /// As nolds 0.6 and neurokit2 0.2 do: a start every `n / 2` samples below `N - n`, so that the
    /// last window is left out where `N - n` is a multiple of `n / 2`.
    HalfOverlapNolds,
    /// Windows as [`Convention::Forward`], `F` the mean of the windows' root mean squares (Hardstone
    /// 2012; crosci and the Neurophysiological Biomarker Toolbox without overlap, cardio-rs).
    MeanRms,
    /// Windows as [`Convention::HalfOverlap`], `F` the mean of their root mean squares (crosci and the
    /// Neurophysiological Biomarker Toolbox as they come).
    HalfOverlapMeanRms,
}

impl Convention {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Forward,
        Self::BothEnds,
        Self::HalfOverlap,
        Self::HalfOverlapNolds,
        Self::MeanRms,
        Self::HalfOverlapMeanRms,
    ];

    /// Its name in settings, flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::BothEnds => "both-ends",
            Self::HalfOverlap => "half-overlap",
            Self::HalfOverlapNolds => "half-overlap-nolds",
            Self::MeanRms => "mean-rms",
            Self::HalfOverlapMeanRms => "half-overlap-mean-rms",
        }
    }

    /// In words, to follow "windows of n samples".
    pub fn describe(self) -> &'static str {
        match self {
            Self::Forward => {
                "side by side from the first sample, F(n) the root of the mean squared residual over \
                 all windows and samples"
            }
            Self::BothEnds => {
                "side by side from the first sample and again from the last, F(n) the root of the \
                 mean squared residual over all windows and samples"
            }
            Self::HalfOverlap => {
                "every n/2 samples up to the last that fits, F(n) the root of the mean squared \
                 residual over all windows and samples"
            }
            Self::HalfOverlapNolds => {
                "every n/2 samples, the last possible one left out as nolds does, F(n) the root of \
                 the mean squared residual over all windows and samples"
            }
            Self::MeanRms => {
                "side by side from the first sample, F(n) the mean of the windows' root mean squared \
                 residuals"
            }
            Self::HalfOverlapMeanRms => {
                "every n/2 samples up to the last that fits, F(n) the mean of the windows' root mean \
                 squared residuals"
            }
        }
    }

    /// Whether `F` is the mean of the windows' roots, not the root of the mean of squares.
    pub fn averages_roots(self) -> bool {
        matches!(self, Self::MeanRms | Self::HalfOverlapMeanRms)
    }
}

impl FromStr for Convention {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or_else(|| {
            Error::new(format!("expected a convention, found `{text}`"))
                .remedy(format!("choose one of {}", Self::ALL.map(Self::name).join(", ")))
        })
    }
}

/// The settings of a DFA, as a settings file holds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Window sizes in samples, strictly increasing.
    pub windows: Vec<usize>,
    /// Degree of the polynomial that is taken out of each window: 1, 2 or 3.
    pub order: usize,
    /// How windows lie and are averaged.
    pub convention: Convention,
}

impl Default for Settings {
    fn default() -> Self {
        Self { windows: Self::windows_for(500), order: 1, convention: Convention::default() }
    }
}

impl Settings {
    /// Window sizes for traces of `steps` samples: 10 and on by a factor of 1.2 as far as a quarter
    /// of the trace, which is the last. For a trace of fewer than 56 they are too few for a line.
    pub fn windows_for(steps: usize) -> Vec<usize> {
        let last = steps / 4;
        // None so near to the last that the two measure the same.
        let near = last as f64 / 1.2f64.sqrt();
        let sizes = (0..).map(|k| 10.0 * 1.2f64.powi(k)).take_while(|&size| size < near);
        sizes.map(|size| size.round() as usize).chain([last]).collect()
    }
}

/// All windows of one size.
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
    /// How many of them are counted from the first sample: window `w` below that starts at `w *
    /// stride`, the others at `back + (w - front) * stride`.
    pub front: usize,
    /// Start of the first of the others.
    pub back: usize,
}

impl WindowSize {
    /// The first sample of window `w`.
    pub fn start(&self, w: usize) -> usize {
        if w < self.front { w * self.stride } else { self.back + (w - self.front) * self.stride }
    }
}

/// A checked plan for traces of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct DfaPlan {
    steps: usize,
    order: usize,
    convention: Convention,
    sizes: Vec<WindowSize>,
    line: Line,
}

impl DfaPlan {
    /// Lays out the windows of `settings` on traces of `steps` samples.
    ///
    /// # Errors
    /// An order other than 1, 2, 3; fewer than 3 sizes, a size below the order and 3, sizes that do
    /// not increase, or a size that no window of the trace has. The error names the setting, what was
    /// found and what fits.
    pub fn new(steps: usize, settings: &Settings) -> Result<Self> {
        let Settings { windows, order, convention } = settings;
        if !ORDERS.contains(order) {
            return Err(Error::new(format!("expected an order of 1, 2 or 3, found {order}"))
                .at("dfa.order")
                .remedy("1 is usual; 2 and 3 take out trends of higher degree"));
        }
        let wrong =
            |what: String, remedy: String| Err(Error::new(what).at("dfa.windows").remedy(remedy));
        // A polynomial of degree m through m + 2 samples or fewer leaves next to nothing of them.
        let smallest = order + 3;
        if windows.len() < FEWEST_SIZES {
            let found = windows.len();
            return wrong(
                format!("expected at least {FEWEST_SIZES} window sizes, found {found}"),
                if steps < smallest + FEWEST_SIZES {
                    format!("a trace of {steps} samples is too short: record some hundred")
                } else {
                    format!("give sizes between {smallest} and {steps}; 10 or more are usual")
                },
            );
        }
        if windows[0] < smallest {
            return wrong(
                format!(
                    "expected windows of at least {smallest} samples at order {order}, found {}",
                    windows[0]
                ),
                format!("start at {smallest} or above; 10 is usual"),
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
            let Some(laid) = layout(steps, size, *convention, first) else {
                return wrong(
                    format!("expected windows that fit into {steps} samples, found {size}"),
                    format!(
                        "leave out the sizes from {size} on, or give longer traces; a quarter of \
                         the trace, here {}, is the usual largest",
                        steps / 4
                    ),
                );
            };
            first += laid.count;
            sizes.push(laid);
        }
        let line = Line::through(windows);
        Ok(Self { steps, order: *order, convention: *convention, sizes, line })
    }

    /// Samples per trace.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Degree of the polynomial that is taken out of each window.
    pub fn order(&self) -> usize {
        self.order
    }

    /// How windows lie and are averaged.
    pub fn convention(&self) -> Convention {
        self.convention
    }

    /// The windows, size by size.
    pub fn sizes(&self) -> &[WindowSize] {
        &self.sizes
    }

    /// Windows of all sizes together, per trace.
    pub fn windows(&self) -> usize {
        self.sizes.last().map_or(0, |last| last.first + last.count)
    }

    /// The fit of `ln F` on `ln n` over all sizes.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// The sizes from `from` to `to` samples, both included: their places among this plan's, and a
    /// plan of these alone. A fit range apart from the window range, `alpha1` and `alpha2` of one
    /// measurement: fit `fluctuations[places]` with the smaller plan.
    ///
    /// # Errors
    /// Fewer than 3 of the plan's sizes lie in the range.
    pub fn within(&self, from: usize, to: usize) -> Result<(Range<usize>, Self)> {
        let sizes: Vec<usize> = self.sizes.iter().map(|size| size.size).collect();
        let first = sizes.partition_point(|&size| size < from);
        let places = first..sizes.partition_point(|&size| size <= to).max(first);
        if places.len() < FEWEST_SIZES {
            let [least, most] = [sizes[0], sizes[sizes.len() - 1]];
            return Err(Error::new(format!(
                "expected at least {FEWEST_SIZES} window sizes in the fit range {from}..{to}, found \
                 {} of the {} from {least} to {most}",
                places.len(),
                sizes.len()
            ))
            .at("dfa.fit")
            .remedy("widen the range, or give more window sizes"));
        }
        let Self { steps, order, convention, .. } = *self;
        let windows = sizes[places.clone()].to_vec();
        Ok((places, Self::new(steps, &Settings { windows, order, convention })?))
    }
}

impl DfaPlan {
    /// The same sizes, as far as they have a window, on a piece of `steps` samples of a trace; none
    /// where none has. There may be too few for a line.
    pub fn for_piece(&self, steps: usize) -> Option<Self> {
        let mut sizes = Vec::new();
        let mut first = 0;
        for size in &self.sizes {
            let Some(laid) = layout(steps, size.size, self.convention, first) else { break };
            first += laid.count;
            sizes.push(laid);
        }
        let line = self.line.clone();
        (!sizes.is_empty()).then_some(Self { steps, sizes, line, ..*self })
    }
}

/// The windows of `size` samples on `steps`; none where none fits.
fn layout(steps: usize, size: usize, convention: Convention, first: usize) -> Option<WindowSize> {
    let room = steps.checked_sub(size)?;
    let half = (size / 2).max(1);
    let whole = steps / size;
    let (stride, front, behind) = match convention {
        Convention::Forward | Convention::MeanRms => (size, whole, 0),
        Convention::BothEnds => (size, whole, whole),
        Convention::HalfOverlap | Convention::HalfOverlapMeanRms => (half, room / half + 1, 0),
        Convention::HalfOverlapNolds => (half, room.div_ceil(half), 0),
    };
    let back = steps - whole * size;
    (front > 0).then_some(WindowSize { size, stride, count: front + behind, first, front, back })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(steps: usize, windows: &[usize], convention: Convention) -> Result<DfaPlan> {
        let windows = windows.to_vec();
        DfaPlan::new(steps, &Settings { windows, convention, ..Settings::default() })
    }

    #[test]
    fn windows_lie_as_the_convention_says() {
        let counts = |convention| {
            let plan = plan(20, &[4, 5, 8], convention).expect("fits");
            plan.sizes().iter().map(|s| (s.stride, s.count, s.first)).collect::<Vec<_>>()
        };
        assert_eq!(counts(Convention::Forward), [(4, 5, 0), (5, 4, 5), (8, 2, 9)]);
        assert_eq!(counts(Convention::MeanRms), counts(Convention::Forward));
        assert_eq!(counts(Convention::HalfOverlap), [(2, 9, 0), (2, 8, 9), (4, 4, 17)]);
        // range(0, 16, 2), range(0, 15, 2), range(0, 12, 4).
        assert_eq!(counts(Convention::HalfOverlapNolds), [(2, 8, 0), (2, 8, 8), (4, 3, 16)]);
        assert_eq!(counts(Convention::BothEnds), [(4, 10, 0), (5, 8, 10), (8, 4, 18)]);
        let plan = plan(20, &[4, 5, 8], Convention::BothEnds).expect("fits");
        let starts: Vec<usize> = (0..4).map(|w| plan.sizes()[2].start(w)).collect();
        assert_eq!(starts, [0, 8, 4, 12]);
    }

    #[test]
    fn every_window_lies_inside_the_trace() {
        for convention in Convention::ALL {
            for steps in 16..90 {
                let plan = plan(steps, &[4, 7, 15], convention).expect("fits");
                for size in plan.sizes() {
                    assert!((0..size.count).all(|w| size.start(w) + size.size <= steps));
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_remedy() {
        for (steps, windows) in
            [(500, vec![8, 9]), (500, vec![3, 8, 16]), (500, vec![8, 16, 16]), (15, vec![4, 8, 16])]
        {
            let error = plan(steps, &windows, Convention::Forward).expect_err("refused");
            assert!(error.to_string().starts_with("dfa.windows: expected"), "{error}");
            assert!(error.remedy_text().is_some());
        }
        let settings = Settings { order: 4, ..Settings::default() };
        let error = DfaPlan::new(500, &settings).expect_err("refused");
        assert!(error.to_string().starts_with("dfa.order: expected"), "{error}");
        let settings = Settings { order: 3, windows: vec![5, 8, 16], ..Settings::default() };
        assert!(DfaPlan::new(500, &settings).is_err(), "a cubic through five samples");
        // The library's convention has no window where the size is the length.
        assert!(plan(16, &[4, 8, 16], Convention::HalfOverlapNolds).is_err());
        assert!(plan(16, &[4, 8, 16], Convention::HalfOverlap).is_ok());
    }

    #[test]
    fn a_fit_range_takes_the_sizes_inside_it() {
        let plan = plan(500, &[4, 9, 31, 50, 100], Convention::Forward).expect("fits");
        let (places, part) = plan.within(9, 60).expect("three sizes");
        assert_eq!((places, part.sizes().len(), part.sizes()[0].size), (1..4, 3, 9));
        assert_eq!(plan.within(1, 1000).expect("all"), (0..5, plan.clone()));
        let error = plan.within(10, 60).expect_err("two sizes");
        assert!(error.to_string().starts_with("dfa.fit: expected"), "{error}");
        assert!(plan.within(60, 10).is_err());
    }

    #[test]
    fn the_settings_are_read_in_kebab_case() {
        let read: Settings =
            serde_json::from_str(r#"{"windows":[8,16,32],"convention":"both-ends"}"#)
                .expect("read");
        assert_eq!((read.convention, read.order), (Convention::BothEnds, 1));
        for convention in Convention::ALL {
            assert_eq!(convention.name().parse::<Convention>().expect("known"), convention);
            let quoted = format!("\"{}\"", convention.name());
            assert_eq!(serde_json::to_string(&convention).expect("JSON"), quoted);
        }
        assert!("much".parse::<Convention>().is_err());
    }

    #[test]
    fn windows_reach_a_quarter_of_the_trace() {
        let default = Settings::default();
        assert!(DfaPlan::new(500, &default).is_ok());
        let published = [10, 12, 14, 17, 21, 25, 30, 36, 43, 52, 62, 74, 89, 107, 125];
        assert_eq!(default.windows, published);
        assert_eq!(Settings::windows_for(900)[13..], [107, 128, 154, 185, 225]);
        for steps in 56..3_000 {
            let settings =
                Settings { windows: Settings::windows_for(steps), ..Settings::default() };
            let plan = DfaPlan::new(steps, &settings).expect("fits");
            assert_eq!(plan.sizes().last().expect("sizes").size, steps / 4);
        }
        let short = Settings { windows: Settings::windows_for(47), ..Settings::default() };
        assert!(DfaPlan::new(47, &short).is_err());
    }
}

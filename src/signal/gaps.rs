//! Gaps and flat runs: samples that are no numbers, and stretches that do not move.
//!
//! Place in the flow: floor 1, between a recording and its measure: what is missing is found by
//! place, and a [`Policy`] says what becomes of it; the measures then read finite [`Run`]s only.
//! Nothing here compares a sample with a threshold: multiplied by a number or shifted, a trace
//! has the same gaps and flat runs, as long as `f32` holds its samples exactly.

use std::borrow::Cow;
use std::str::FromStr;

use serde::Serialize;

use crate::error::{Error, Result};

/// Consecutive samples of a trace: `len` of them from sample `start` on (from 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first sample.
    pub start: usize,
    /// How many, at least 1.
    pub len: usize,
}

impl Run {
    /// The sample after the last.
    pub fn end(&self) -> usize {
        self.start + self.len
    }

    /// These samples of `samples`; panics where it is shorter.
    pub fn of<'a>(&self, samples: &'a [f32]) -> &'a [f32] {
        &samples[self.start..self.end()]
    }
}

/// The maximal runs of samples for which `like` holds, in order.
fn runs(samples: &[f32], like: impl Fn(f32) -> bool) -> Vec<Run> {
    let mut found: Vec<Run> = Vec::new();
    for (at, _) in samples.iter().enumerate().filter(|(_, x)| like(**x)) {
        match found.last_mut() {
            Some(last) if last.end() == at => last.len += 1,
            _ => found.push(Run { start: at, len: 1 }),
        }
    }
    found
}

/// The gaps of a trace: its runs of samples that are NaN or infinite, in order; none where it has
/// none.
pub fn gaps(samples: &[f32]) -> Vec<Run> {
    runs(samples, |x| !x.is_finite())
}

/// The segments of a trace: its runs of finite samples, in order, what lies between its gaps.
pub fn segments(samples: &[f32]) -> Vec<Run> {
    runs(samples, f32::is_finite)
}

/// What becomes of gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// A gap is an error that names its place.
    #[default]
    Error,
    /// The trace is taken apart: its segments are measured, each for itself, and nothing is made
    /// up.
    Split,
    /// A gap between finite samples becomes the straight line between its neighbours. Gaps at the
    /// ends of the trace have one neighbour only and are cut off: a value held there would be a
    /// flat run that nobody recorded.
    Interpolate,
}

impl Policy {
    /// The word by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Split => "split",
            Self::Interpolate => "interpolate",
        }
    }
}

impl FromStr for Policy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "error" => Ok(Self::Error),
            "split" => Ok(Self::Split),
            "interpolate" => Ok(Self::Interpolate),
            other => Err(Error::new(format!("expected what becomes of gaps, found `{other}`"))
                .remedy("choose one of error, split, interpolate")),
        }
    }
}

/// A trace whose gaps were dealt with: all `segments` of `samples` are finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Mended<'a> {
    /// The trace, as long as it was; a copy only where samples were interpolated. Outside the
    /// segments stands what stood there.
    pub samples: Cow<'a, [f32]>,
    /// What may be measured, in order; none where no sample is finite. Under
    /// [`Policy::Interpolate`] one, from the first finite sample to the last.
    pub segments: Vec<Run>,
    /// The gaps that were found.
    pub gaps: Vec<Run>,
    /// Samples that were made up.
    pub interpolated: usize,
}

impl Policy {
    /// Deals with the gaps of `samples`.
    ///
    /// Interpolation is in f64, rounded to `f32` once. It makes a trace smoother than it was: a
    /// long gap is a straight line, and short windows inside it fluctuate less. Splitting leaves
    /// the samples alone and loses windows that are longer than the segments.
    ///
    /// # Errors
    /// Under [`Policy::Error`], a sample is not finite; the caller names the trace with
    /// [`Error::at`].
    pub fn apply(self, samples: &[f32]) -> Result<Mended<'_>> {
        let (gaps, segments) = (gaps(samples), segments(samples));
        let mut mended =
            Mended { samples: Cow::Borrowed(samples), segments, gaps, interpolated: 0 };
        match (self, mended.gaps.first()) {
            (_, None) | (Self::Split, _) => {}
            (Self::Error, Some(first)) => {
                let missing: usize = mended.gaps.iter().map(|gap| gap.len).sum();
                let what = format!(
                    "expected finite samples, found {} at sample {} (from 0), {missing} of {} in \
                     all",
                    samples[first.start],
                    first.start,
                    samples.len()
                );
                let remedy = "measure what lies between the gaps with --nan split, or fill them \
                              with --nan interpolate";
                return Err(Error::new(what).remedy(remedy));
            }
            (Self::Interpolate, Some(_)) => mended.interpolate(),
        }
        Ok(mended)
    }
}

impl Mended<'_> {
    /// Fills the gaps between segments, and makes one segment of them.
    fn interpolate(&mut self) {
        let (Some(&first), Some(&last)) = (self.segments.first(), self.segments.last()) else {
            return;
        };
        for pair in self.segments.windows(2) {
            let (before, after) = (pair[0].end() - 1, pair[1].start);
            let samples = self.samples.to_mut();
            let [from, to] = [before, after].map(|at| f64::from(samples[at]));
            let share = 1.0 / (after - before) as f64;
            for (sample, place) in samples[before + 1..after].iter_mut().zip(1u32..) {
                *sample = (from + (to - from) * (share * f64::from(place))) as f32;
                self.interpolated += 1;
            }
        }
        self.segments = vec![Run { start: first.start, len: last.end() - first.start }];
    }
}

/// The chance below which a run is not put down to chance.
///
/// Small, because samples that hang together repeat in longer runs than `q^(L-1)` says; a signal
/// that was held is far below it.
const CHANCE: f64 = 1e-4;

/// The flat runs of a trace: stretches of equal consecutive samples.
///
/// A window of the DFA that lies wholly inside a flat run has no fluctuation at all, so that flat
/// runs lower F(n) at the small windows and raise alpha. What is worth a flag depends on the
/// smallest window, `shortest`, and on the trace itself, because coarse data repeat values
/// legitimately: [`Flat::is_notable`] where the longest run holds a window, `L >= shortest`, and
///
/// - chance would hardly make it: elsewhere the trace repeats a sample with a frequency `q`, and
///   among `N` samples a run of `L` then comes up with a chance of at most `N·q^(L-1)`: below 1e-4.
///   Something held the signal: a saturated amplifier, clipping, a lead that fell off;
/// - or more than half of the samples lie in runs of `shortest` or more: then most of the smallest
///   windows say nothing. An oversampled trace, a unit that is silent most of the time.
///
/// Heart beats in 1/128 s pass: of 1/f noise in steps of up to one standard deviation none of 20
/// traces of 16,384 samples is flagged, in steps of two standard deviations nearly all. Those are
/// flat: round less. A rectified unit of a network is flagged for its silences, which are runs like
/// those of a clipped recording. A constant is flagged, and has no exponent. Samples are equal or
/// not, whatever the unit; NaN and infinities end a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flat {
    /// The longest run of equal samples (the first of them); none where no sample is finite.
    pub longest: Option<Run>,
    /// The share of all samples that lie in runs of at least `shortest`, 0 to 1.
    pub share: f64,
    /// The length from which a run counts, in samples.
    pub shortest: usize,
    /// The chance `q` that a sample repeats the one before it, the longest run left aside.
    pub repeats: f64,
    /// Samples of the trace.
    pub samples: usize,
}

impl Flat {
    /// The flat runs of `samples` with regard to a smallest window of `shortest` samples.
    pub fn find(samples: &[f32], shortest: usize) -> Self {
        let mut longest: Option<Run> = None;
        let (mut flat, mut equal) = (0, 0);
        let mut start = 0;
        while start < samples.len() {
            let value = samples[start];
            let len = samples[start..].iter().take_while(|x| **x == value).count().max(1);
            if value.is_finite() {
                equal += len - 1;
                flat += if len >= shortest { len } else { 0 };
                if longest.is_none_or(|run| len > run.len) {
                    longest = Some(Run { start, len });
                }
            }
            start += len;
        }
        let within = longest.map_or(0, |run| run.len - 1);
        let pairs = samples.len().saturating_sub(1) - within;
        Self {
            longest,
            share: flat as f64 / samples.len().max(1) as f64,
            shortest,
            repeats: (equal - within) as f64 / pairs.max(1) as f64,
            samples: samples.len(),
        }
    }

    /// True where flat runs are worth a flag, by the rule of [`Flat`].
    pub fn is_notable(&self) -> bool {
        let Some(run) = self.longest.filter(|run| run.len >= self.shortest.max(2)) else {
            return false;
        };
        let chance = self.samples as f64 * self.repeats.powf((run.len - 1) as f64);
        chance < CHANCE || self.share > 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::noise;

    const GAP: f32 = f32::NAN;

    fn run(start: usize, len: usize) -> Run {
        Run { start, len }
    }

    #[test]
    fn gaps_and_segments_share_out_the_trace() {
        let samples = [GAP, 1.0, 2.0, f32::INFINITY, GAP, 3.0, f32::NEG_INFINITY];
        assert_eq!(gaps(&samples), [run(0, 1), run(3, 2), run(6, 1)]);
        assert_eq!(segments(&samples), [run(1, 2), run(5, 1)]);
        assert_eq!(run(1, 2).of(&samples), [1.0, 2.0]);
        assert!(gaps(&[1.0]).is_empty() && gaps(&[]).is_empty() && segments(&[GAP]).is_empty());
    }

    #[test]
    fn a_gap_is_an_error_that_names_its_place() {
        let error = Policy::Error.apply(&[1.0, GAP, 2.0, GAP, GAP]).expect_err("a gap");
        let said = error.to_string();
        assert!(said.contains("NaN at sample 1") && said.contains("3 of 5"), "{said}");
        assert!(error.remedy_text().is_some_and(|remedy| remedy.contains("--nan split")));
        let whole = [1.0, 2.0];
        for policy in [Policy::Error, Policy::Split, Policy::Interpolate] {
            let mended = policy.apply(&whole).expect("nothing to mend");
            assert!(matches!(mended.samples, Cow::Borrowed(_)));
            assert_eq!(mended.segments, [run(0, 2)]);
        }
    }

    #[test]
    fn splitting_keeps_every_sample() {
        let samples = [GAP, 1.0, 2.0, GAP, 4.0];
        let mended = Policy::Split.apply(&samples).expect("split");
        assert!(matches!(mended.samples, Cow::Borrowed(_)));
        assert_eq!(mended.segments, [run(1, 2), run(4, 1)]);
        assert_eq!((mended.gaps.len(), mended.interpolated), (2, 0));
        assert!(Policy::Split.apply(&[GAP; 3]).expect("split").segments.is_empty());
    }

    #[test]
    fn interpolation_is_a_line_between_neighbours_and_cuts_the_ends() {
        let samples = [GAP, 1.0, GAP, GAP, GAP, 5.0, f32::INFINITY, 4.0, GAP];
        let mended = Policy::Interpolate.apply(&samples).expect("filled");
        assert_eq!(mended.segments, [run(1, 7)]);
        assert_eq!(mended.segments[0].of(&mended.samples), [1.0, 2.0, 3.0, 4.0, 5.0, 4.5, 4.0]);
        assert_eq!((mended.interpolated, mended.samples.len()), (4, 9));
        let largest = [f32::MAX, GAP, f32::MIN];
        let mended = Policy::Interpolate.apply(&largest).expect("filled");
        assert_eq!(mended.samples[1], 0.0, "no overflow between the largest numbers");
        let mended = Policy::Interpolate.apply(&[GAP; 2]).expect("nothing to hold on to");
        assert!(mended.segments.is_empty() && mended.interpolated == 0);
    }

    #[test]
    fn policies_are_typed_by_name() {
        assert_eq!("split".parse::<Policy>().expect("a policy"), Policy::Split);
        assert!("zero".parse::<Policy>().is_err());
    }

    #[test]
    fn runs_are_found_with_place_share_and_repeats() {
        let samples = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, GAP, GAP, GAP, GAP, 3.0, 0.0, -0.0];
        let flat = Flat::find(&samples, 3);
        assert_eq!(flat.longest, Some(run(3, 3)));
        assert!((flat.share - 3.0 / 13.0).abs() < 1e-15);
        assert!((flat.repeats - 2.0 / 10.0).abs() < 1e-15, "{}", flat.repeats);
        let none = Flat::find(&[GAP, f32::INFINITY, f32::INFINITY], 2);
        assert_eq!((none.longest, none.share, none.is_notable()), (None, 0.0, false));
        assert_eq!(Flat::find(&[], 2).longest, None);
        let constant = Flat::find(&[7.0; 20], 8);
        assert!(constant.is_notable() && constant.share == 1.0);
    }

    /// Whether `samples` are flagged for windows from 8 samples on.
    fn flagged(samples: &[f32]) -> bool {
        let flat = Flat::find(samples, 8);
        // Another unit: the same flag.
        let scaled: Vec<f32> = samples.iter().map(|x| x * 2f32.powi(-40)).collect();
        assert_eq!(Flat::find(&scaled, 8), flat);
        flat.is_notable()
    }

    #[test]
    fn a_signal_that_was_held_is_flagged() {
        let steps = 4096;
        let mut dropped = noise::pink(steps, 1, 0);
        assert!(!flagged(&dropped));
        dropped[1000..1010].fill(0.0);
        assert!(flagged(&dropped));
        assert_eq!(Flat::find(&dropped, 8).longest, Some(run(1000, 10)));
        assert!(!Flat::find(&dropped, 11).is_notable(), "no window lies inside it");
        let sine = |i: usize| (i as f32 / 20.0).sin().clamp(-0.95, 0.95);
        assert!(flagged(&(0..steps).map(sine).collect::<Vec<_>>()), "clipped");
        // Half of the trace in dropouts of 100 samples.
        let mut dropped = noise::white(steps, 1, 0);
        dropped.chunks_exact_mut(200).for_each(|chunk| chunk[..100].fill(0.0));
        assert!(flagged(&dropped));
    }

    #[test]
    fn coarse_data_may_repeat_themselves() {
        let steps = 16_384;
        // Heart beats in steps of 1/128 s: a spread of that many steps; how many of 20 are flagged.
        for (spread, expected) in [(3.0, 0..=0), (2.0, 0..=0), (1.0, 0..=0), (0.5, 15..=20)] {
            let beats = |index| -> Vec<f32> {
                let noise = noise::pink(steps, 2, index);
                noise.iter().map(|x| (100.0 + x * spread).round() / 128.0).collect()
            };
            let found = (0..20).filter(|&index| flagged(&beats(index))).count();
            println!("a spread of {spread} steps: {found} of 20 flagged");
            assert!(expected.contains(&found), "{spread}: {found}");
        }
        // Every sample ten times, and a unit that is active in one step of twelve.
        let white = noise::white(steps / 10, 3, 0);
        assert!(flagged(&white.iter().flat_map(|x| [*x; 10]).collect::<Vec<_>>()));
        let white = noise::white(steps, 4, 0);
        assert!(flagged(&white.iter().map(|x| (x - 1.4).max(0.0)).collect::<Vec<_>>()));
    }
}

//! Window sizes and fit ranges as they are typed: in samples, as a share of the trace, or in seconds
//! where the rate is known.
//!
//! Place in the flow: the flags of `noisescope analyze` are parsed into these; [`super::ruler`] asks
//! them for samples, trace length by trace length.

use std::str::FromStr;

use crate::error::{Error, Result};

/// The most sizes of a range: a table of as many for every trace is still small.
const MOST_SIZES: usize = 1000;

/// A length of time, as typed: `8` samples, `0.5s`, `N/8`, or `N`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    /// In samples.
    Samples(usize),
    /// In seconds.
    Seconds(f64),
    /// The trace's length divided by this.
    Part(usize),
}

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let positive = |text: &str| text.trim().parse().ok().filter(|&n| n > 0);
        if let Some(part) = text.strip_prefix('N') {
            let divisor = if part.is_empty() { Some("1") } else { part.strip_prefix('/') };
            return divisor.and_then(positive).map(Self::Part);
        }
        match text.strip_suffix('s') {
            None => positive(text).map(Self::Samples),
            Some(number) => {
                let seconds: f64 = number.trim().parse().ok()?;
                (seconds.is_finite() && seconds > 0.0).then_some(Self::Seconds(seconds))
            }
        }
    }

    /// In samples, for a trace of `steps` samples at `rate` samples per second.
    ///
    /// # Errors
    /// It is in seconds and there is no rate.
    pub fn samples(self, steps: usize, rate: Option<f64>) -> Result<usize> {
        match (self, rate) {
            (Self::Samples(samples), _) => Ok(samples),
            (Self::Part(divisor), _) => Ok(steps / divisor),
            (Self::Seconds(seconds), Some(rate)) => Ok((seconds * rate).round() as usize),
            (Self::Seconds(seconds), None) => {
                Err(Error::new(format!("expected samples, found {seconds} seconds and no rate"))
                    .remedy("give the sampling rate with --rate HZ, or leave out the s"))
            }
        }
    }
}

/// Window sizes, as typed: `8,10,14`, `FROM..TO:COUNT` or `FROM..TO:COUNT/octave`, log-spaced.
#[derive(Clone, Debug, PartialEq)]
pub enum Windows {
    /// These sizes.
    List(Vec<Span>),
    /// Sizes spaced evenly in ln n, rounded, equal ones once.
    Range {
        /// The smallest.
        from: Span,
        /// The largest; a quarter of the trace where it is not typed.
        to: Span,
        /// How close.
        spacing: Spacing,
    },
}

/// How close log-spaced sizes lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spacing {
    /// This many sizes, the ends included, before equal ones are left out.
    Count(usize),
    /// This many for each doubling from the smallest on, as far as the largest allows.
    PerOctave(usize),
}

impl Default for Windows {
    fn default() -> Self {
        Self::Range { from: Span::Samples(8), to: Span::Part(4), spacing: Spacing::Count(20) }
    }
}

impl FromStr for Windows {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = || {
            Error::new(format!("expected window sizes, found `{text}`")).at("--windows").remedy(
                "give a list such as 8,10,14,20, or a range such as 8..1024:20, 0.1s..30s:20 or 16..N/8:4/octave",
            )
        };
        let span = |text: &str| Span::parse(text).ok_or_else(refuse);
        let Some((from, rest)) = text.split_once("..") else {
            return Ok(Self::List(text.split(',').map(span).collect::<Result<_>>()?));
        };
        let (to, count) = rest.split_once(':').unwrap_or((rest, "20"));
        let to = if to.trim().is_empty() { Span::Part(4) } else { span(to)? };
        let (count, per_octave) = match count.split_once('/') {
            None => (count, false),
            Some((count, "octave")) => (count, true),
            Some(_) => return Err(refuse()),
        };
        let (from, count) = (span(from)?, count.trim().parse().map_err(|_| refuse())?);
        let falling = match (from, to) {
            (Span::Samples(from), Span::Samples(to)) => to <= from,
            (Span::Seconds(from), Span::Seconds(to)) => to <= from,
            _ => false,
        };
        if count < if per_octave { 1 } else { 2 } || falling {
            return Err(refuse());
        }
        let spacing = if per_octave { Spacing::PerOctave(count) } else { Spacing::Count(count) };
        Ok(Self::Range { from, to, spacing })
    }
}

impl Windows {
    /// The sizes in samples for traces of `steps` samples.
    ///
    /// # Errors
    /// They are in seconds and there is no rate.
    pub fn sizes(&self, steps: usize, rate: Option<f64>) -> Result<Vec<usize>> {
        match self {
            Self::List(sizes) => sizes.iter().map(|size| size.samples(steps, rate)).collect(),
            Self::Range { from, to, spacing } => {
                let from = from.samples(steps, rate)?;
                let to = to.samples(steps, rate)?.max(from);
                let octaves = (to as f64 / from as f64).log2();
                let (last, step) = match *spacing {
                    Spacing::Count(count) => (count - 1, octaves / (count - 1) as f64),
                    // A last size that rounding alone puts beyond the end is in.
                    Spacing::PerOctave(count) => {
                        ((octaves * count as f64 + 1e-9) as usize, 1.0 / count as f64)
                    }
                };
                if last >= MOST_SIZES {
                    return Err(Error::new(format!(
                        "expected at most {MOST_SIZES} window sizes, found {}",
                        last.saturating_add(1)
                    ))
                    .at("--windows")
                    .remedy("space them more widely: 20 to 80 sizes show all that a trace holds"));
                }
                let size = |i: usize| (from as f64 * (i as f64 * step).exp2()).round() as usize;
                let mut sizes: Vec<usize> = (0..=last).map(size).collect();
                sizes.dedup();
                Ok(sizes)
            }
        }
    }
}

/// A range of window sizes over which an exponent is fitted, as typed: `FROM..TO`, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitRange {
    /// The smallest size.
    pub from: Span,
    /// The largest.
    pub to: Span,
}

impl FromStr for FitRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let ends = text
            .split_once("..")
            .and_then(|(from, to)| Some(Self { from: Span::parse(from)?, to: Span::parse(to)? }));
        ends.ok_or_else(|| {
            Error::new(format!("expected a range of window sizes, found `{text}`"))
                .at("--fit")
                .remedy("give one such as 4..16, or several: --fit 4..16 --fit 16..64")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_typed_as_a_list_or_a_range() {
        let sizes = |text: &str| text.parse::<Windows>().and_then(|w| w.sizes(4096, Some(100.0)));
        assert_eq!(sizes("8,10,14").expect("a list"), [8, 10, 14]);
        assert_eq!(sizes("8,0.1s").expect("a list"), [8, 10]);
        let range = sizes("8..1024:20").expect("a range");
        assert_eq!((range.len(), range[0], range[19]), (20, 8, 1024));
        assert_eq!(sizes("8..:20").expect("to a quarter"), range);
        assert_eq!(sizes("8..N/4:20").expect("the same"), range);
        assert_eq!(sizes("8,N/4,N").expect("the whole trace"), [8, 1024, 4096]);
        assert_eq!(sizes("0.08s..10.24s:20").expect("in seconds"), range);
        let octaves = sizes("8..70:2/octave").expect("two per octave");
        assert_eq!(octaves, [8, 11, 16, 23, 32, 45, 64]);
        assert_eq!(sizes("8..64:1/octave").expect("the end is in"), [8, 16, 32, 64]);
        assert_eq!(Windows::default().sizes(4096, None).expect("sizes"), range);
        for wrong in [
            "",
            "eight",
            "8..4:20",
            "0..8:3",
            "8..16:1",
            "8;9",
            "-1s..4s",
            "1s..1s",
            "8..N/0",
            "8..N4",
            "8..64:0/octave",
            "8..64:2/decade",
            "8..64:1001",
            "8..64:18446744073709551615",
            "8..64:99999999999/octave",
        ] {
            assert!(sizes(wrong).is_err(), "{wrong}");
        }
        let error = "1s..4s".parse::<Windows>().expect("typed").sizes(4096, None);
        assert!(error.expect_err("no rate").remedy_text().is_some_and(|r| r.contains("--rate")));
    }

    #[test]
    fn fit_ranges_are_typed_with_two_ends() {
        let range: FitRange = "4..16".parse().expect("a range");
        assert_eq!(range, FitRange { from: Span::Samples(4), to: Span::Samples(16) });
        for wrong in ["4", "4..", "a..b", "0..3"] {
            assert!(wrong.parse::<FitRange>().is_err(), "{wrong}");
        }
    }
}

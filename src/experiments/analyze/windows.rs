//! Window sizes and fit ranges as they are typed: in samples, as a share of the trace, or in seconds
//! where the rate is known.
//!
//! Place in the flow: the flags of `noisescope analyze` are parsed into these; [`super::ruler`] asks
//! them for samples, trace length by trace length.

use std::str::FromStr;

use crate::error::{Error, Result};

/// A length of time, as typed: `8` samples, `0.5s`, or `N/8`.
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
        if let Some(divisor) = text.strip_prefix("N/") {
            return positive(divisor).map(Self::Part);
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

/// Window sizes, as typed: `8,10,14` or `FROM..TO:COUNT`, log-spaced.
#[derive(Clone, Debug, PartialEq)]
pub enum Windows {
    /// These sizes.
    List(Vec<Span>),
    /// `count` sizes spaced evenly in ln n from `from` to `to`, rounded, equal ones once.
    Range {
        /// The smallest.
        from: Span,
        /// The largest; a quarter of the trace where it is not typed.
        to: Span,
        /// How many, before equal ones are left out.
        count: usize,
    },
}

impl Default for Windows {
    fn default() -> Self {
        Self::Range { from: Span::Samples(8), to: Span::Part(4), count: 20 }
    }
}

impl FromStr for Windows {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refuse = || {
            Error::new(format!("expected window sizes, found `{text}`")).at("--windows").remedy(
                "give a list such as 8,10,14,20, or a range such as 8..1024:20 or 0.1s..30s:20",
            )
        };
        let span = |text: &str| Span::parse(text).ok_or_else(refuse);
        let Some((from, rest)) = text.split_once("..") else {
            return Ok(Self::List(text.split(',').map(span).collect::<Result<_>>()?));
        };
        let (to, count) = rest.split_once(':').unwrap_or((rest, "20"));
        let to = if to.trim().is_empty() { Span::Part(4) } else { span(to)? };
        let (from, count) = (span(from)?, count.trim().parse().map_err(|_| refuse())?);
        let falling = match (from, to) {
            (Span::Samples(from), Span::Samples(to)) => to <= from,
            (Span::Seconds(from), Span::Seconds(to)) => to <= from,
            _ => false,
        };
        if count < 2 || falling {
            return Err(refuse());
        }
        Ok(Self::Range { from, to, count })
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
            Self::Range { from, to, count } => {
                let from = from.samples(steps, rate)?;
                let to = to.samples(steps, rate)?;
                let ends = [from as f64, to.max(from) as f64].map(f64::ln);
                let place = |i: usize| i as f64 / (count - 1) as f64;
                let size = |i| (ends[0] + (ends[1] - ends[0]) * place(i)).exp().round() as usize;
                let mut sizes: Vec<usize> = (0..*count).map(size).collect();
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
        assert_eq!(sizes("0.08s..10.24s:20").expect("in seconds"), range);
        assert_eq!(Windows::default().sizes(4096, None).expect("sizes"), range);
        for wrong in
            ["", "eight", "8..4:20", "0..8:3", "8..16:1", "8;9", "-1s..4s", "1s..1s", "8..N/0"]
        {
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

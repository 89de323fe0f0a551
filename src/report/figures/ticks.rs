//! Where the ticks of an axis stand and how they are written.
//!
//! Place in the flow: ranges of the data -> axes -> `frame`. An axis is linear in what it is given;
//! the logarithmic ones are given log10 of the value and have its value written at the ticks.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::report::numbers::fixed;

/// Letters of a tick of the upper axis that have room.
const ROOM: usize = 4;

/// One axis: its ends, its ticks, its name with the unit.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Left or lower end, finite.
    pub low: f64,
    /// Right or upper end, finite and above `low`.
    pub high: f64,
    /// Where the ticks stand, and what is written there.
    pub ticks: Vec<(f64, String)>,
    /// Name and unit.
    pub name: String,
}

impl Axis {
    /// An axis with a tick at each multiple of a 1-2-5 step, at most about `ticks` of them.
    pub fn linear(low: f64, high: f64, ticks: usize, name: &str) -> Self {
        let step = step((high - low) / ticks.max(1) as f64);
        Self::stepped(low, high, step, name)
    }

    /// As [`Axis::linear`], with ticks on whole numbers only.
    pub fn whole(low: f64, high: f64, ticks: usize, name: &str) -> Self {
        let step = step((high - low) / ticks.max(1) as f64).max(1.0);
        Self::stepped(low, high, step, name)
    }

    fn stepped(low: f64, high: f64, step: f64, name: &str) -> Self {
        let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let first = (low / step - 1e-9).ceil();
        let last = (high / step + 1e-9).floor();
        let ticks = (0..=(last - first).clamp(0.0, 100.0) as usize)
            .map(|place| (first + place as f64) * step)
            .filter(|&tick| tick <= high + 1e-9 * step)
            .map(|tick| (tick, fixed(tick, decimals).replace('-', "\u{2212}")))
            .collect();
        Self { low, high, ticks, name: name.into() }
    }

    /// An axis of log10 of a value; `low` and `high` are such logarithms.
    pub fn logarithmic(low: f64, high: f64, name: &str) -> Self {
        let within = |tick: &(f64, String)| tick.0 >= low - 1e-9 && tick.0 <= high + 1e-9;
        let decades = (low.floor() as i32)..=(high.ceil() as i32);
        let mantissas: &[u32] = match high - low {
            narrow if narrow <= 0.7 => &[1, 2, 3, 4, 5, 6, 8],
            middle if middle <= 2.5 => &[1, 2, 5],
            wide if wide <= 3.0 => &[1, 3],
            _ => &[1],
        };
        let stride = (((high - low) / 6.0).ceil() as i32).max(1);
        let ticks = decades
            .filter(|decade| decade.rem_euclid(stride) == 0)
            .flat_map(|decade| mantissas.iter().map(move |&mantissa| (mantissa, decade)))
            .map(|(mantissa, decade)| {
                (f64::from(mantissa).log10() + f64::from(decade), power(mantissa, decade))
            })
            .filter(within)
            .collect();
        Self { low, high, ticks, name: name.into() }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|tick| tick.0).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.0 == *value);
        tick.map(|tick| tick.1.clone()).unwrap_or_default()
    }
}

/// `0.02`, `500`, `2·10⁻⁵`.
fn power(mantissa: u32, decade: i32) -> String {
    if (-3..=4).contains(&decade) {
        let value = f64::from(mantissa) * 10f64.powi(decade);
        return fixed(value, (-decade).max(0) as usize);
    }
    let raised: String = decade.to_string().chars().map(superscript).collect();
    if mantissa == 1 { format!("10{raised}") } else { format!("{mantissa}·10{raised}") }
}

fn superscript(character: char) -> char {
    match character {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => other.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(other),
    }
}

/// The 1-2-5 step at or above `least`; 1 where that is no positive number.
fn step(least: f64) -> f64 {
    if !least.is_finite() || least <= 0.0 {
        return 1.0;
    }
    let decade = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * decade)
        .find(|&step| step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

/// The smallest and largest finite value, with a margin of a share of their distance on both sides,
/// and of `least` where they are equal. `None` where no value is finite.
pub(super) fn range(
    values: impl Iterator<Item = f64>,
    margin: f64,
    least: f64,
) -> Option<(f64, f64)> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        return None;
    }
    let margin = if high > low { margin * (high - low) } else { least };
    Some((low - margin, high + margin))
}

/// The upper axis from `low` to `high`, in the unit in which its ticks are short.
pub(super) fn upwards((low, high): (f64, f64), logarithmic: bool, name: &str) -> Axis {
    let axis = |shift: i32| match logarithmic {
        true => {
            let by = f64::from(shift);
            let axis = Axis::logarithmic(low - by, high - by, "");
            Axis {
                low,
                high,
                ticks: axis.ticks.into_iter().map(|(at, words)| (at + by, words)).collect(),
                name: name.to_owned(),
            }
        }
        false => {
            let unit = 10f64.powi(shift);
            let axis = Axis::linear(low / unit, high / unit, 6, "");
            Axis {
                low,
                high,
                ticks: axis.ticks.into_iter().map(|(at, words)| (at * unit, words)).collect(),
                name: name.to_owned(),
            }
        }
    };
    let plain = axis(0);
    if plain.ticks.iter().all(|(_, words)| words.chars().count() <= ROOM) {
        return plain;
    }
    if logarithmic && plain.ticks.iter().all(|(at, _)| (at - at.round()).abs() < 1e-9) {
        // Powers of ten alone need no unit beside them.
        let short = |(at, words): (f64, String)| match words.chars().count() > ROOM {
            true => (at, power_of_ten(at.round() as i32)),
            false => (at, words),
        };
        return Axis { ticks: plain.ticks.into_iter().map(short).collect(), ..plain };
    }
    let thousands = match logarithmic {
        true => (0.5 * (low + high) / 3.0).round(),
        false => (low.abs().max(high.abs()).log10() / 3.0).floor(),
    };
    let shift = 3 * thousands.clamp(-90.0, 90.0) as i32;
    match shift {
        0 => plain,
        shift => Axis { name: format!("{name} ({})", power_of_ten(shift)), ..axis(shift) },
    }
}

/// `10⁻³`.
fn power_of_ten(exponent: i32) -> String {
    let raised = exponent.to_string();
    let letter = |letter: char| match letter.to_digit(10) {
        Some(1) => '¹',
        Some(2) => '²',
        Some(3) => '³',
        Some(digit) => char::from_u32(0x2070 + digit).unwrap_or(letter),
        None => '⁻',
    };
    format!("10{}", raised.chars().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, written)| written.as_str()).collect()
    }

    #[test]
    fn long_ticks_give_way_to_a_unit() {
        let words = |axis: &Axis| axis.ticks.iter().map(|tick| tick.1.clone()).collect::<Vec<_>>();
        let small = upwards((0.0, 0.0151), false, "shift");
        assert_eq!((small.name.as_str(), words(&small)[1].as_str()), ("shift (10⁻³)", "5"));
        assert!((small.ticks[1].0 - 0.005).abs() < 1e-12);
        let loss = upwards((-3.4, -1.6), true, "loss");
        assert_eq!(loss.name, "loss (10⁻³)");
        assert_eq!(words(&loss), ["0.5", "1", "2", "5", "10", "20"]);
        let wide = upwards((-7.4, 2.0), true, "loss");
        let words: Vec<&str> = wide.ticks.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!((wide.name.as_str(), words), ("loss", vec!["10⁻⁶", "10⁻⁴", "0.01", "1", "100"]));
        let plain = upwards((0.0, 1.0), false, "loss");
        assert_eq!((plain.name.as_str(), power_of_ten(-12).as_str()), ("loss", "10⁻¹²"));
    }

    #[test]
    fn ticks_stand_on_round_values() {
        let windows = Axis::logarithmic(0.95, 2.15, "n");
        assert_eq!(written(&windows), ["10", "20", "50", "100"]);
        let small = Axis::logarithmic(-6.5, -0.5, "F");
        assert_eq!(written(&small), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1"]);
        let beta = Axis::linear(-0.6, 1.3, 5, "beta");
        assert_eq!(written(&beta), ["−0.5", "0.0", "0.5", "1.0"]);
        let epochs = Axis::whole(0.5, 3.5, 6, "epoch");
        assert_eq!(written(&epochs), ["1", "2", "3"]);
    }

    #[test]
    fn a_range_survives_what_is_not_a_number() {
        assert_eq!(range([f64::NAN, f64::INFINITY].into_iter(), 0.1, 1.0), None);
        assert_eq!(range([2.0, f64::NAN].into_iter(), 0.1, 1.0), Some((1.0, 3.0)));
        let wide = Axis::linear(0.0, 1e-300, 5, "x");
        assert!(wide.ticks.len() < 10);
    }
}

//! Numbers as they are shown: one way to write each kind, for text and page alike.
//!
//! Place in the flow: under every rendering of the report. What is not finite is never written as a
//! number.

/// Said where there is no number.
pub(super) const UNDEFINED: &str = "undefined";

/// The number, if it is one.
pub(super) fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// `0.833`; without a sign where all digits shown are zero.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_string();
    }
    let written = format!("{value:.decimals$}");
    match written.strip_prefix('-') {
        Some(digits) if digits.chars().all(|digit| matches!(digit, '0' | '.')) => digits.into(),
        _ => written,
    }
}

/// [`fixed`] with three decimals, or `undefined`.
pub(super) fn exponent(value: Option<f64>) -> String {
    value.map_or_else(|| UNDEFINED.to_string(), |value| fixed(value, 3))
}

/// `0.833 ± 0.132`; the mean alone where there is no spread, `undefined` where there is no mean.
pub(super) fn spread(mean: Option<f64>, sd: Option<f64>) -> String {
    match (finite(mean), finite(sd)) {
        (Some(mean), Some(sd)) => format!("{} ± {}", fixed(mean, 3), fixed(sd, 3)),
        (mean, _) => exponent(mean),
    }
}

/// `12,000`.
pub(super) fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// `1 trace`, `1,000 traces`.
pub(super) fn several(how_many: usize, what: &str) -> String {
    format!("{} {what}{}", count(how_many), if how_many == 1 { "" } else { "s" })
}

/// `87.2 %`, of a share.
pub(super) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{} %", fixed(100.0 * share, 1)) } else { UNDEFINED.into() }
}

/// `12.3 s`, `4 min 05 s`, `1 h 02 min`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return UNDEFINED.to_string();
    }
    if seconds < 59.95 {
        return format!("{} s", fixed(seconds, 1));
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours} h {minutes:02} min")
    } else {
        format!("{minutes} min {rest:02} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_one_way() {
        assert_eq!(fixed(-0.0004, 3), "0.000");
        assert_eq!(fixed(-0.0006, 3), "-0.001");
        assert_eq!(fixed(f64::NAN, 3), UNDEFINED);
        assert_eq!(spread(Some(0.8334), Some(0.132)), "0.833 ± 0.132");
        assert_eq!(spread(Some(0.8334), None), "0.833");
        assert_eq!(spread(None, Some(0.1)), UNDEFINED);
        assert_eq!(spread(Some(f64::INFINITY), Some(0.1)), UNDEFINED);
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percent(0.8719), "87.2 %");
        assert_eq!(duration(59.96), "1 min 00 s");
        assert_eq!(duration(3725.0), "1 h 02 min");
        assert_eq!(duration(2.34), "2.3 s");
    }
}

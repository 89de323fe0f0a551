//! EDF and EDF+: recordings of EEG, ECG and their like, in physical units.
//!
//! Place in the flow: one of the readers behind [`recordings::open`](super::open).
//!
//! A header of fixed ASCII fields (256 bytes, then 256 per signal, field by field over all
//! signals), then records of little-endian 16-bit samples, signal after signal; Kemp et al. 1992 and 2003,
//! <https://www.edfplus.info/specs/edf.html>. A sample in physical units is
//! `(digital - digital minimum) · (physical maximum - physical minimum) / (digital maximum -
//! digital minimum) + physical minimum`. Signals of annotations are left out. In a discontinuous
//! file (EDF+D) time has gaps that a trace cannot show; it is refused.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use super::file::File;
use super::runs::{Kind, Runs};
use super::source::{Rows, Source};
use super::{Options, listed};
use crate::error::{Error, Result};

/// Bytes of the header, and of it for each signal.
const HEADER: usize = 256;
/// The longest header: of 9,999 signals.
const LONGEST_HEADER: u64 = 10_000 * HEADER as u64;
const REMEDY: &str = "copy the file again if it is damaged; else write it anew with an EDF tool";

/// A signal as the header describes it.
#[derive(Clone)]
struct Signal {
    label: String,
    /// Its place among the signals of the file.
    place: usize,
    /// Samples per record, and those of the signals before it.
    samples: usize,
    before: usize,
}

/// What the header says of the records.
#[derive(Clone, Copy)]
struct Records {
    /// Bytes of the header.
    header: usize,
    count: usize,
    seconds: f64,
    /// Samples of all signals in one record.
    samples: usize,
}

/// Signals of one rate, and how their samples become physical units.
struct Channels {
    records: Records,
    /// Samples of each signal per record.
    samples: usize,
    signals: Vec<(Signal, Scale)>,
}

/// The physical value of a sample: `(digital - least) · step + physical`.
#[derive(Clone, Copy)]
struct Scale {
    least: f64,
    step: f64,
    physical: f64,
}

/// True where `head` begins as an EDF file does: version 0, then fixed fields without line breaks.
pub(super) fn is_edf(head: &[u8]) -> bool {
    let fixed = &head[..head.len().min(HEADER)];
    fixed.len() > 88 && fixed.starts_with(b"0       ") && !fixed.contains(&b'\n')
}

/// The ASCII field of `length` bytes at `start`; Latin letters are let through.
fn field(bytes: &[u8], start: usize, length: usize) -> String {
    let field = bytes.get(start..start + length).unwrap_or_default();
    let text: String = field.iter().map(|&byte| char::from(byte)).collect();
    text.trim_matches([' ', '\0']).to_owned()
}

/// The number in a field.
fn number<T: FromStr>(file: &File, name: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| {
        file.error_at("header", format!("expected a number as {name}, found {text:?}"), REMEDY)
    })
}

/// Field `offset` of the header (of `width` bytes per signal) for the signal at `place` of `count`.
fn of_signal(bytes: &[u8], count: usize, place: usize, offset: usize, width: usize) -> String {
    field(bytes, HEADER + count * offset + place * width, width)
}

/// Opens the channels of `file`: those that `options` name, or all; one source for each rate.
pub(super) fn open(file: &Arc<File>, options: &Options) -> Result<Vec<Source>> {
    let bytes = file.head(LONGEST_HEADER)?;
    let (records, signals, total) = header(file, &bytes)?;
    let mut all: Vec<Channels> = Vec::new();
    for signal in choose(file, &signals, options)? {
        let scaled = (signal.clone(), scale(file, &bytes, total, signal)?);
        match all.iter_mut().find(|channels| channels.samples == signal.samples) {
            Some(channels) => channels.signals.push(scaled),
            None => {
                let samples = signal.samples;
                all.push(Channels { records, samples, signals: vec![scaled] });
            }
        }
    }
    let source = |channels: Channels| {
        let rate = channels.samples as f64 / records.seconds;
        let (rows, steps) = (channels.rows(), channels.steps());
        let description = format!("{}: EDF, {rows} × {steps} at {rate} Hz", file.label);
        Source { file: Arc::clone(file), description, rate: Some(rate), traces: Box::new(channels) }
    };
    Ok(all.into_iter().map(source).collect())
}

impl Rows for Channels {
    fn rows(&self) -> usize {
        self.signals.len()
    }

    fn steps(&self) -> usize {
        self.samples * self.records.count
    }

    fn name(&self, row: usize) -> String {
        self.signals[row].0.label.clone()
    }

    fn read(&self, file: &File, rows: Range<usize>, into: &mut [f32]) -> Result<()> {
        let mut content = file.content();
        let Records { header, count, samples, .. } = self.records;
        let mut runs = Runs::new(&mut **content, Kind::I16, false, header as u64, count * samples);
        // In the order of the file, which is best read from front to back.
        let mut signals: Vec<_> = self.signals[rows].iter().enumerate().collect();
        signals.sort_by_key(|(_, (signal, _))| signal.before);
        for record in 0..count {
            for &(row, (signal, scale)) in &signals {
                let into = &mut into[row * self.steps() + record * self.samples..];
                let from = record * samples + signal.before;
                let read = runs.read(from..from + self.samples, |place, values| {
                    for (to, &value) in into[place..].iter_mut().zip(values) {
                        let digital = f64::from(value) - scale.least;
                        *to = (digital * scale.step + scale.physical) as f32;
                    }
                });
                read.map_err(|error| file.damaged(error))?;
            }
        }
        Ok(())
    }
}

/// Reads the header and holds it against the length of the file; gives the records, the signals
/// that are no annotations, and the number of all signals.
fn header(file: &File, bytes: &[u8]) -> Result<(Records, Vec<Signal>, usize)> {
    if bytes.len() < HEADER {
        return Err(file.wrong_length("header", "at least 256", file.length));
    }
    if field(bytes, 192, 44).starts_with("EDF+D") {
        let what = "expected a continuous recording, found EDF+D (discontinuous)";
        let remedy = "its time has gaps: cut it into continuous EDF files with an EDF tool";
        return Err(file.error_at("header", what, remedy));
    }
    let total: usize = number(file, "the number of signals", &field(bytes, 252, 4))?;
    let size: usize = number(file, "the bytes of the header", &field(bytes, 184, 8))?;
    let expected = HEADER * (total + 1);
    if total == 0 || size != expected {
        let what =
            format!("expected a header of {expected} bytes for {total} signals, found {size}");
        return Err(file.error_at("header", what, REMEDY));
    }
    if bytes.len() < size {
        return Err(file.wrong_length("header", format!("at least {size}"), file.length));
    }
    let mut signals = Vec::new();
    let mut before = 0usize;
    for place in 0..total {
        let label = of_signal(bytes, total, place, 0, 16);
        let text = of_signal(bytes, total, place, 216, 8);
        let samples: usize = number(file, &format!("the samples per record of {label}"), &text)?;
        if label != "EDF Annotations" {
            signals.push(Signal { label, place, samples, before });
        }
        // Eight digits and 9,999 signals: no overflow.
        before += samples;
    }
    let count = field(bytes, 236, 8);
    let seconds = field(bytes, 244, 8);
    let seconds: f64 = number(file, "the seconds of a record", &seconds)?;
    let timed = seconds > 0.0 && seconds.is_finite();
    if !timed && !signals.is_empty() {
        let what = format!("expected a record of more than 0 seconds, found {seconds}");
        return Err(file.error_at("header", what, REMEDY));
    }
    let count = count_of(file, size, before, &count)?;
    Ok((Records { header: size, count, seconds, samples: before }, signals, total))
}

/// The number of records of `samples` samples behind a header of `size` bytes: the field `count`,
/// held against the length of the file.
fn count_of(file: &File, size: usize, samples: usize, count: &str) -> Result<usize> {
    let found = usize::try_from(file.length).map_or(usize::MAX, |length| length - size);
    if found == 0 {
        return Err(file.error_at("header", "expected records of samples, found none", REMEDY));
    }
    // -1 stands there while the recording goes on, and stays there after a crash.
    let count = if count == "-1" {
        found / (2 * samples).max(1)
    } else {
        number(file, "the number of records", count)?
    };
    let claimed = count.checked_mul(2 * samples);
    if claimed == Some(found) {
        return Ok(count);
    }
    let claimed = claimed.and_then(|claimed| claimed.checked_add(size));
    let claimed = claimed.map_or("too many".to_owned(), |claimed| claimed.to_string());
    Err(file.wrong_length("", claimed, file.length))
}

/// The signals that `options` name, in their order, or all that have samples.
fn choose<'a>(file: &File, signals: &'a [Signal], options: &Options) -> Result<Vec<&'a Signal>> {
    let plain = |label: &str| label.trim().trim_end_matches('.').to_lowercase();
    let all = || listed(&signals.iter().map(|signal| signal.label.as_str()).collect::<Vec<_>>());
    let remedy = "give --channels labels as they stand in the file, or leave it out to take all";
    let missing =
        |wanted: &str| file.error(format!("expected a channel {wanted}, found {}", all()), remedy);
    let chosen: Vec<&Signal> = match &options.channels {
        None => signals.iter().filter(|signal| signal.samples > 0).collect(),
        Some(wanted) => {
            let find = |wanted: &String| {
                let exact = signals.iter().find(|signal| signal.label == wanted.trim());
                let near = || signals.iter().find(|signal| plain(&signal.label) == plain(wanted));
                let numbered = || signals.get(wanted.parse::<usize>().ok()?.checked_sub(1)?);
                exact.or_else(near).or_else(numbered).ok_or_else(|| missing(wanted))
            };
            wanted.iter().map(find).collect::<Result<_>>()?
        }
    };
    if let Some(signal) = chosen.iter().find(|signal| signal.samples == 0) {
        return Err(file.error_at(&signal.label, "expected samples, found none", remedy));
    }
    if chosen.is_empty() {
        let what = "expected a channel with samples, found annotations alone";
        return Err(file.error(what, super::FORMS));
    }
    Ok(chosen)
}

/// How the samples of `signal` become physical units, from the header `bytes` of `total` signals.
fn scale(file: &File, bytes: &[u8], total: usize, signal: &Signal) -> Result<Scale> {
    let value = |name: &str, offset: usize| -> Result<f64> {
        let text = of_signal(bytes, total, signal.place, offset, 8);
        let value: f64 = number(file, &format!("the {name} of {}", signal.label), &text)?;
        if value.is_finite() { Ok(value) } else { Err(bad_range(file, signal)) }
    };
    let (physical, physical_most) =
        (value("physical minimum", 104)?, value("physical maximum", 112)?);
    let (least, digital_most) = (value("digital minimum", 120)?, value("digital maximum", 128)?);
    let step = (physical_most - physical) / (digital_most - least);
    if step.is_finite() && step != 0.0 {
        Ok(Scale { least, step, physical })
    } else {
        Err(bad_range(file, signal))
    }
}

fn bad_range(file: &File, signal: &Signal) -> Error {
    let what = "expected a physical and a digital range, found minimum and maximum alike";
    let remedy = "name the other channels with --channels, or correct the header";
    file.error_at(&format!("channel {}", signal.label), what, remedy)
}

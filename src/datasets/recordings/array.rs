//! An array as a file describes it, and its samples as traces.
//!
//! Place in the flow: below [`numpy`](super::numpy) and [`safetensors`](super::safetensors), which
//! read the description.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::file::File;
use super::runs::{Kind, Runs};
use super::source::{Rows, Source};
use super::{Options, listed};
use crate::datasets::content::ReadSeek;
use crate::error::{Error, Result};

/// What a header says of an array.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) big_endian: bool,
    /// True where the first axis is the fastest.
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
}

impl Layout {
    /// Bytes of all samples; none where they are more than a machine can address.
    pub(super) fn bytes(&self) -> Option<u64> {
        let size = self.kind.size() as u64;
        let bytes = self.shape.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(axis))?;
        usize::try_from(bytes).ok().map(|_| bytes)
    }

    /// Why this can be no traces, if it cannot.
    pub(super) fn unfit(&self, options: &Options) -> Option<Unfit> {
        if self.shape.is_empty() {
            return Some(Unfit::new("a single number"));
        }
        if self.shape.contains(&0) {
            return Some(Unfit::new(format!("an empty array of shape {}", self.size())));
        }
        if self.shape.len() > 3 {
            return Some(Unfit::new(format!("an array of {} axes", self.shape.len())));
        }
        let time = self.time_axis(options).filter(|&time| self.shape[time] == 1)?;
        // A column vector, most often: as many traces as samples help nobody.
        let longest = (0..self.shape.len()).max_by_key(|&axis| self.shape[axis])?;
        let found = format!("1 sample in time (axis {time} of {})", self.size());
        let remedy = if longest == time {
            "give a recording of more than one sample".to_owned()
        } else {
            format!("say which axis is time: --axis {longest}")
        };
        Some(Unfit { found, remedy })
    }

    /// The shape, as `3 × 400`.
    pub(super) fn size(&self) -> String {
        self.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ")
    }

    /// The array as the source `part` (empty for the only one) of `file`, its samples from byte
    /// `start` on. The length of the file has been held against [`Layout::bytes`], and
    /// [`Layout::unfit`] found nothing.
    pub(super) fn source(
        self,
        file: &Arc<File>,
        part: &str,
        start: u64,
        options: &Options,
    ) -> Result<Source> {
        let Some(time) = self.time_axis(options) else {
            let axis = options.axis.unwrap_or(-1);
            let what = format!("expected a time axis of {}, found axis {axis}", self.size());
            let remedy = format!("give --axis from 0 to {}, or leave it out", self.shape.len() - 1);
            return Err(file.error_at(part, what, remedy));
        };
        let shape: std::result::Result<Vec<usize>, _> =
            self.shape.iter().map(|&axis| usize::try_from(axis)).collect();
        let shape = shape.map_err(|_| {
            file.error_at(part, "expected an array that fits in memory", "cut it into smaller ones")
        })?;
        let name = file.name(part);
        let description = format!("{name}: array {} of {}", self.size(), self.kind.name());
        let traces = Box::new(Array { layout: self, shape, time, part: part.to_owned(), start });
        Ok(Source { file: Arc::clone(file), description, rate: None, traces })
    }

    /// The axis that is time; none where there is no such axis.
    fn time_axis(&self, options: &Options) -> Option<usize> {
        let axis = options.axis.unwrap_or(-1);
        let axes = self.shape.len();
        let time = if axis < 0 { axis.checked_add_unsigned(axes)? } else { axis };
        usize::try_from(time).ok().filter(|&time| time < axes)
    }
}

/// What makes an array no traces.
pub(super) struct Unfit {
    /// What was found in the place of traces.
    pub(super) found: String,
    remedy: String,
}

impl Unfit {
    /// An array of something else than traces.
    pub(super) fn new(found: impl Into<String>) -> Self {
        let remedy = "save the traces alone, as an array of float32 with time as its last axis";
        Self { found: found.into(), remedy: remedy.to_owned() }
    }

    /// The error where these traces were asked for, at `part` of `file` (empty for all of it).
    pub(super) fn error(self, file: &File, part: &str) -> Error {
        let what = format!("expected traces (numbers on 1 to 3 axes), found {}", self.found);
        file.error_at(part, what, self.remedy)
    }
}

/// The traces of an array: with time as the fastest axis and the others in C order before it.
struct Array {
    layout: Layout,
    shape: Vec<usize>,
    time: usize,
    /// The array's name in its file; empty for the only one.
    part: String,
    /// The byte of the first sample.
    start: u64,
}

/// An axis of an array in its file.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    size: usize,
    /// How far apart its neighbours are among the samples of all traces, one trace after another: 1
    /// for time.
    stride: usize,
}

impl Rows for Array {
    fn rows(&self) -> usize {
        self.others().map(|axis| self.shape[axis]).product()
    }

    fn steps(&self) -> usize {
        self.shape[self.time]
    }

    fn longer_axis(&self) -> Option<usize> {
        let longest = (0..self.shape.len()).max_by_key(|&axis| self.shape[axis])?;
        (self.shape[longest] > self.steps()).then_some(longest)
    }

    fn name(&self, row: usize) -> String {
        let mut index: Vec<String> = Vec::with_capacity(2);
        let mut rest = row;
        for axis in self.others().rev() {
            index.insert(0, (rest % self.shape[axis]).to_string());
            rest /= self.shape[axis];
        }
        let index = index.join(",");
        let separator = if self.part.is_empty() || index.is_empty() { "" } else { ":" };
        format!("{}{separator}{index}", self.part)
    }

    fn read(&self, file: &File, rows: Range<usize>, into: &mut [f32]) -> Result<()> {
        let mut content = file.content();
        self.scatter(&mut **content, rows.start, into).map_err(|error| file.damaged(error))
    }
}

impl Array {
    /// The axes that are not time.
    fn others(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.shape.len()).filter(|&axis| axis != self.time)
    }

    /// The axes, slowest in the file first; neighbours that are one evenly spaced axis are one.
    fn axes(&self) -> Vec<Axis> {
        let mut axes = vec![Axis { size: self.steps(), stride: 1 }; self.shape.len()];
        let mut stride = self.steps();
        for axis in self.others().rev() {
            axes[axis] = Axis { size: self.shape[axis], stride };
            stride *= self.shape[axis];
        }
        if self.layout.fortran {
            axes.reverse();
        }
        axes.retain(|axis| axis.size > 1);
        let mut joined: Vec<Axis> = Vec::with_capacity(axes.len());
        for axis in axes {
            match joined.last_mut() {
                Some(slower) if slower.stride == axis.stride * axis.size => {
                    *slower = Axis { size: slower.size * axis.size, stride: axis.stride };
                }
                _ => joined.push(axis),
            }
        }
        joined
    }

    /// Reads the traces from `row` on that `into` has room for.
    fn scatter(&self, content: &mut dyn ReadSeek, row: usize, into: &mut [f32]) -> io::Result<()> {
        let Layout { kind, big_endian, .. } = self.layout;
        let count = self.shape.iter().product();
        let mut runs = Runs::new(content, kind, big_endian, self.start, count);
        let mut axes = self.axes();
        // Time has more than one sample, so there is an axis.
        let Some(fastest) = axes.pop() else { return Ok(()) };
        let (first, end) = (row * self.steps(), row * self.steps() + into.len());
        let mut index = vec![0; axes.len()];
        for number in 0..axes.iter().map(|axis| axis.size).product() {
            // The samples of this run that are wanted, as places on the fastest axis.
            let base: usize =
                index.iter().zip(&axes).map(|(index, axis)| index * axis.stride).sum();
            let place =
                |at: usize| at.saturating_sub(base).div_ceil(fastest.stride).min(fastest.size);
            let wanted = place(first)..place(end);
            let from = number * fastest.size;
            let to = base + wanted.start * fastest.stride;
            runs.read(from + wanted.start..from + wanted.end, |place, values| {
                let into = &mut into[to - first + place * fastest.stride..];
                if fastest.stride == 1 {
                    into[..values.len()].copy_from_slice(values);
                } else {
                    let into = into.iter_mut().step_by(fastest.stride);
                    into.zip(values).for_each(|(to, &value)| *to = value);
                }
            })?;
            // The next run: the last index turns fastest.
            for (index, axis) in index.iter_mut().zip(&axes).rev() {
                *index = (*index + 1) % axis.size;
                if *index > 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Says in each source what was left out of its file.
pub(super) fn mention(sources: &mut [Source], left_out: &[String]) {
    if !left_out.is_empty() {
        let left_out = listed(left_out);
        for source in sources {
            source.description += &format!("; left out of the file: {left_out}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: &[u64], fortran: bool, time: usize) -> Array {
        let kind = Kind::F32;
        Array {
            layout: Layout { kind, big_endian: false, fortran, shape: shape.to_vec() },
            shape: shape.iter().map(|&axis| axis as usize).collect(),
            time,
            part: String::new(),
            start: 8,
        }
    }

    #[test]
    fn any_axis_of_either_order_can_be_time() {
        let bytes: Vec<u8> = (0..26u8).flat_map(|x| (f32::from(x) - 2.0).to_le_bytes()).collect();
        // Element (i, j, k) of 2 × 3 × 4 is 12 i + 4 j + k in C order, i + 2 j + 6 k in Fortran's.
        for (fortran, strides) in [(false, [12, 4, 1]), (true, [1, 2, 6])] {
            for time in 0..3 {
                let array = array(&[2, 3, 4], fortran, time);
                let others: Vec<usize> = array.others().collect();
                let mut expected = Vec::new();
                for one in 0..array.shape[others[0]] {
                    for two in 0..array.shape[others[1]] {
                        assert_eq!(
                            array.name(expected.len() / array.steps()),
                            format!("{one},{two}")
                        );
                        let base = one * strides[others[0]] + two * strides[others[1]];
                        expected.extend(
                            (0..array.steps()).map(|step| (base + step * strides[time]) as f32),
                        );
                    }
                }
                let rows = array.rows();
                for (from, to) in
                    (0..rows).flat_map(|from| (from + 1..=rows).map(move |to| (from, to)))
                {
                    let mut into = vec![f32::NAN; (to - from) * array.steps()];
                    let mut content = io::Cursor::new(bytes.clone());
                    array.scatter(&mut content, from, &mut into).expect("readable");
                    assert_eq!(
                        into,
                        expected[from * array.steps()..to * array.steps()],
                        "{fortran} {time} {from}..{to}"
                    );
                }
            }
        }
    }

    #[test]
    fn axes_that_are_one_are_read_as_one() {
        let axes = |shape: &[u64], fortran, time| array(shape, fortran, time).axes();
        assert_eq!(axes(&[7, 5, 4], false, 2), [Axis { size: 140, stride: 1 }]);
        assert_eq!(axes(&[9, 1], false, 0), [Axis { size: 9, stride: 1 }]);
        assert_eq!(axes(&[5, 9], true, 1), axes(&[9, 5], false, 0));
        let two = [Axis { size: 9, stride: 1 }, Axis { size: 20, stride: 9 }];
        assert_eq!(axes(&[9, 5, 4], false, 0), two);
    }

    #[test]
    fn sizes_beyond_the_machine_are_no_size() {
        let layout = |shape: &[u64]| Layout {
            kind: Kind::F64,
            big_endian: false,
            fortran: false,
            shape: shape.to_vec(),
        };
        assert_eq!(layout(&[1 << 63]).bytes(), None);
        assert_eq!(layout(&[1 << 32, 1 << 32]).bytes(), None);
        assert_eq!(layout(&[3, 5]).bytes(), Some(120));
    }
}

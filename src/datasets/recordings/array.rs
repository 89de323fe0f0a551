//! An array as a file describes it, and its samples as traces.
//!
//! Place in the flow: below [`numpy`](super::numpy) and [`safetensors`](super::safetensors), which
//! read the description; the bytes of the samples come from there too.

use half::{bf16, f16};

use super::{File, Options, Recording, listed};
use crate::error::{Error, Result};
use crate::signal::Traces;

/// The type of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F64,
    F32,
    F16,
    Bf16,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl Kind {
    /// Bytes per sample.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The name, as NumPy has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F64 => "float64",
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::Bool => "bool",
        }
    }
}

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
    pub(super) fn bytes(&self) -> Option<usize> {
        let size = self.kind.size() as u64;
        let bytes = self.shape.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(axis))?;
        usize::try_from(bytes).ok()
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

    /// The samples `bytes` as the recording `part` (empty for the only one) of `file`. `bytes` has
    /// been held against [`Layout::bytes`], and [`Layout::unfit`] found nothing.
    pub(super) fn recording(
        &self,
        file: &File,
        part: &str,
        bytes: &[u8],
        options: &Options,
    ) -> Result<Recording> {
        let mut shape = Vec::with_capacity(3);
        for &axis in &self.shape {
            // No axis is longer than the file, which is in memory.
            shape.push(usize::try_from(axis).map_err(|_| Error::new("the array is too large"))?);
        }
        let Some(time) = self.time_axis(options) else {
            let axis = options.axis.unwrap_or(-1);
            let what = format!("expected a time axis of {}, found axis {axis}", self.size());
            let remedy = format!("give --axis from 0 to {}, or leave it out", shape.len() - 1);
            return Err(file.error_at(part, what, remedy));
        };
        let values = samples(self.kind, self.big_endian, bytes);
        let (indices, values) = rows(&shape, self.fortran, time, values);
        let names = indices.iter().map(|index| {
            let index: Vec<String> = index.iter().map(usize::to_string).collect();
            let parts = [part.to_owned(), index.join(",")];
            file.name(
                &parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(":"),
            )
        });
        let source = format!("{}: array {} of {}", file.name(part), self.size(), self.kind.name());
        let names = names.collect();
        Ok(Recording { source, names, rate: None, traces: Traces::new(values, shape[time])? })
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

/// Says in each recording what was left out of its file.
pub(super) fn mention(recordings: &mut [Recording], left_out: &[String]) {
    if !left_out.is_empty() {
        let left_out = listed(left_out.iter().map(String::as_str));
        for recording in recordings {
            recording.source += &format!("; left out of the file: {left_out}");
        }
    }
}

/// The samples `bytes`, in their order, as `f32`.
fn samples(kind: Kind, big_endian: bool, bytes: &[u8]) -> Vec<f32> {
    macro_rules! each {
        ($type:ty, $to:expr) => {{
            const SIZE: usize = size_of::<$type>();
            let (words, _) = bytes.as_chunks::<SIZE>();
            let read = if big_endian { <$type>::from_be_bytes } else { <$type>::from_le_bytes };
            words.iter().map(|&word| $to(read(word))).collect()
        }};
    }
    match kind {
        Kind::F64 => each!(f64, |x| x as f32),
        Kind::F32 => each!(f32, |x| x),
        Kind::F16 => each!(f16, f16::to_f32),
        Kind::Bf16 => each!(bf16, bf16::to_f32),
        Kind::I8 => each!(i8, f32::from),
        Kind::I16 => each!(i16, f32::from),
        Kind::I32 => each!(i32, |x| x as f32),
        Kind::I64 => each!(i64, |x| x as f32),
        Kind::U8 => each!(u8, f32::from),
        Kind::U16 => each!(u16, f32::from),
        Kind::U32 => each!(u32, |x| x as f32),
        Kind::U64 => each!(u64, |x| x as f32),
        Kind::Bool => each!(u8, |x| f32::from(u8::from(x != 0))),
    }
}

/// The samples with `time` as the fastest axis and the others in C order before it, and the index
/// of each row on those others.
fn rows(
    shape: &[usize],
    fortran: bool,
    time: usize,
    values: Vec<f32>,
) -> (Vec<Vec<usize>>, Vec<f32>) {
    let mut strides = vec![1; shape.len()];
    let mut stride = 1;
    let order: Vec<usize> = (0..shape.len()).collect();
    for &axis in
        order.iter().rev().map(|axis| if fortran { &order[order.len() - 1 - axis] } else { axis })
    {
        strides[axis] = stride;
        stride *= shape[axis];
    }
    let others: Vec<usize> = (0..shape.len()).filter(|&axis| axis != time).collect();
    let count = others.iter().map(|&axis| shape[axis]).product();
    let indices: Vec<Vec<usize>> = (0..count)
        .map(|row| {
            let mut rest: usize = row;
            let mut index = vec![0; others.len()];
            for (place, &axis) in others.iter().enumerate().rev() {
                index[place] = rest % shape[axis];
                rest /= shape[axis];
            }
            index
        })
        .collect();
    if !fortran && time + 1 == shape.len() {
        return (indices, values);
    }
    let mut turned = Vec::with_capacity(values.len());
    for index in &indices {
        let start: usize = index.iter().zip(&others).map(|(i, &axis)| i * strides[axis]).sum();
        turned.extend((0..shape[time]).map(|step| values[start + step * strides[time]]));
    }
    (indices, turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_axis_of_either_order_can_be_time() {
        let values: Vec<f32> = (0..24u8).map(f32::from).collect();
        // In C order, element (i, j, k) of 2 × 3 × 4 is 12 i + 4 j + k.
        let (indices, turned) = rows(&[2, 3, 4], false, 1, values.clone());
        assert_eq!(indices[5], [1, 1]);
        assert_eq!(turned[15..18], [13.0, 17.0, 21.0]);
        // In Fortran order it is i + 2 j + 6 k.
        let (indices, turned) = rows(&[2, 3, 4], true, 2, values.clone());
        assert_eq!(indices[4], [1, 1]);
        assert_eq!(turned[16..20], [3.0, 9.0, 15.0, 21.0]);
        let (_, turned) = rows(&[2, 3, 4], true, 0, values.clone());
        assert_eq!(turned[..4], [0.0, 1.0, 6.0, 7.0]);
        assert_eq!(rows(&[24], true, 0, values.clone()), (vec![vec![]], values));
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

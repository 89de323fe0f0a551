//! Samples of any type as `f32`, run by run.
//!
//! Place in the flow: below [`array`](super::array) and [`edf`](super::edf), which know where in a
//! file the samples of a trace lie.

use std::io::{self, SeekFrom};
use std::ops::Range;

use half::{bf16, f16};

use crate::datasets::content::ReadSeek;

/// Samples read at once: a jump within them costs nothing, a longer one is a seek.
const WINDOW: usize = 16 << 10;

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

    /// The samples `bytes` as `f32`, rounded to nearest, as many as `into` holds.
    fn convert(self, big_endian: bool, bytes: &[u8], into: &mut [f32]) {
        macro_rules! each {
            ($type:ty, $to:expr) => {{
                let (words, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                let pairs = into.iter_mut().zip(words);
                if big_endian {
                    pairs.for_each(|(to, &word)| *to = $to(<$type>::from_be_bytes(word)));
                } else {
                    pairs.for_each(|(to, &word)| *to = $to(<$type>::from_le_bytes(word)));
                }
            }};
        }
        match self {
            Self::F64 => each!(f64, |x| x as f32),
            Self::F32 => each!(f32, |x| x),
            Self::F16 => each!(f16, f16::to_f32),
            Self::Bf16 => each!(bf16, bf16::to_f32),
            Self::I8 => each!(i8, f32::from),
            Self::I16 => each!(i16, f32::from),
            Self::I32 => each!(i32, |x| x as f32),
            Self::I64 => each!(i64, |x| x as f32),
            Self::U8 => each!(u8, f32::from),
            Self::U16 => each!(u16, f32::from),
            Self::U32 => each!(u32, |x| x as f32),
            Self::U64 => each!(u64, |x| x as f32),
            Self::Bool => each!(u8, |x| f32::from(u8::from(x != 0))),
        }
    }
}

/// Samples of one type, one after another in a file; read run by run, best from front to back.
pub(super) struct Runs<'a> {
    content: &'a mut dyn ReadSeek,
    kind: Kind,
    big_endian: bool,
    /// The byte of the first sample.
    start: u64,
    /// Number of samples.
    count: usize,
    bytes: Vec<u8>,
    /// The samples that were read last, and which they are.
    values: Vec<f32>,
    window: Range<usize>,
}

impl<'a> Runs<'a> {
    /// `count` samples in `content`, from byte `start` on.
    pub(super) fn new(
        content: &'a mut dyn ReadSeek,
        kind: Kind,
        big_endian: bool,
        start: u64,
        count: usize,
    ) -> Self {
        let most = WINDOW.min(count);
        let (bytes, values) = (vec![0; most * kind.size()], vec![0.0; most]);
        Self { content, kind, big_endian, start, count, bytes, values, window: 0..0 }
    }

    /// Gives `take` the samples `run`, piece by piece, and the place of each piece in the run.
    pub(super) fn read(
        &mut self,
        run: Range<usize>,
        mut take: impl FnMut(usize, &[f32]),
    ) -> io::Result<()> {
        let mut at = run.start;
        while at < run.end {
            if !self.window.contains(&at) {
                self.fill(at)?;
            }
            let end = run.end.min(self.window.end);
            let values = &self.values[at - self.window.start..end - self.window.start];
            take(at - run.start, values);
            at = end;
        }
        Ok(())
    }

    /// Reads the samples from `at` on.
    fn fill(&mut self, at: usize) -> io::Result<()> {
        let size = self.kind.size();
        let end = self.count.min(at + WINDOW);
        let bytes = &mut self.bytes[..(end - at) * size];
        // Empty until the reading has gone well.
        self.window = 0..0;
        self.content.seek(SeekFrom::Start(self.start + (at * size) as u64))?;
        self.content.read_exact(bytes)?;
        self.kind.convert(self.big_endian, bytes, &mut self.values);
        self.window = at..end;
        Ok(())
    }
}

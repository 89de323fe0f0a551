//! Samples of any type as `f32`, run by run.
//!
//! Place in the flow: below [`array`](super::array) and [`edf`](super::edf), which know where in a
//! file the samples of a trace lie.

use std::io::{self, BufReader, Read, SeekFrom};

use half::{bf16, f16};

use crate::datasets::content::ReadSeek;

/// Bytes read at once: a jump within them costs nothing, a longer one is a seek.
const PIECE: usize = 64 << 10;

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

/// Reads runs of samples of one type, best from the front to the back of a file.
pub(super) struct Runs<'a> {
    reader: BufReader<&'a mut dyn ReadSeek>,
    kind: Kind,
    big_endian: bool,
    /// Where the reader is.
    at: u64,
    bytes: Vec<u8>,
}

impl<'a> Runs<'a> {
    pub(super) fn new(
        content: &'a mut dyn ReadSeek,
        kind: Kind,
        big_endian: bool,
    ) -> io::Result<Self> {
        let at = content.seek(SeekFrom::Start(0))?;
        let reader = BufReader::with_capacity(PIECE, content);
        Ok(Self { reader, kind, big_endian, at, bytes: vec![0; PIECE] })
    }

    /// Fills `into` with the samples from byte `at` on.
    pub(super) fn read(&mut self, at: u64, into: &mut [f32]) -> io::Result<()> {
        // Neither is beyond the largest file, 2^63 bytes.
        self.reader.seek_relative(at.wrapping_sub(self.at) as i64)?;
        self.at = at;
        let size = self.kind.size();
        for piece in into.chunks_mut(PIECE / size) {
            let bytes = &mut self.bytes[..piece.len() * size];
            self.reader.read_exact(bytes)?;
            self.at += bytes.len() as u64;
            self.kind.convert(self.big_endian, bytes, piece);
        }
        Ok(())
    }
}

//! Tensors of a `.safetensors` file.
//!
//! Place in the flow: one of the readers behind [`recordings::open`](super::open). The crate of the
//! format checks that the tensors fill the file exactly.

use std::sync::Arc;

use ::safetensors::Dtype;
use ::safetensors::tensor::Metadata;

use super::array::{Layout, Unfit, mention};
use super::file::File;
use super::runs::Kind;
use super::source::Source;
use super::{Options, clean, listed};
use crate::error::Result;

/// The longest header read, as in the crate of the format.
const LONGEST_HEADER: u64 = 100_000_000;

/// Opens the tensors of `file`: the one that `options` name, or all that can be traces.
pub(super) fn open(file: &Arc<File>, options: &Options) -> Result<Vec<Source>> {
    let (start, metadata) = header(file)?;
    // The crate gives them in no order.
    let mut tensors: Vec<_> = metadata.tensors().into_iter().collect();
    tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut sources = Vec::new();
    let mut left_out = Vec::new();
    for (name, tensor) in &tensors {
        if options.tensor.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let shape: Vec<u64> = tensor.shape.iter().map(|&axis| axis as u64).collect();
        let layout = kind_of(tensor.dtype).map(|kind| Layout {
            kind,
            big_endian: false,
            fortran: false,
            shape,
        });
        let layout = layout.and_then(|layout| match layout.unfit(options) {
            Some(found) => Err(found),
            None => Ok(layout),
        });
        match layout {
            Ok(layout) => {
                let (from, to) = tensor.data_offsets;
                if layout.bytes() != Some((to - from) as u64) {
                    let claimed = format!("the {} bytes of", layout.size());
                    return Err(file.wrong_length(name, claimed, (to - from) as u64));
                }
                sources.push(layout.source(file, name, start + from as u64, options)?);
            }
            Err(found) if options.tensor.is_some() => return Err(found.error(file, name)),
            Err(found) => left_out.push(format!("{} ({})", clean(name), found.found)),
        }
    }
    if sources.is_empty() {
        let all: Vec<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
        return Err(match &options.tensor {
            Some(wanted) => file.error(
                format!("expected a tensor named {wanted}, found {}", listed(&all)),
                "give --tensor one of these names, or leave it out to take all",
            ),
            None if all.is_empty() => Unfit::new("no tensor").error(file, ""),
            None => Unfit::new(format!("only {}", listed(&left_out))).error(file, ""),
        });
    }
    mention(&mut sources, &left_out);
    Ok(sources)
}

/// Where the samples begin, and what the header says of them; they fill the file.
fn header(file: &File) -> Result<(u64, Metadata)> {
    let error = |what: String| {
        let remedy = "copy the file again if it was cut short; else write it anew";
        file.error(what, remedy)
    };
    let claimed = file.head(8)?.try_into().map(u64::from_le_bytes).unwrap_or(u64::MAX);
    let most = LONGEST_HEADER.min(file.length.saturating_sub(8));
    if claimed > most {
        let what = format!("expected a header of at most {most} bytes, found a claim of {claimed}");
        return Err(error(what));
    }
    let start = 8 + claimed;
    let head = file.head(start)?;
    // The crate checks that each tensor has the bytes of its shape, and begins where another ends.
    let metadata: Metadata =
        serde_json::from_slice(head.get(8..).unwrap_or_default()).map_err(|cause| {
            error("expected tensors that fill the file as its header says".to_owned())
                .because(cause)
        })?;
    if start.checked_add(metadata.data_len() as u64) != Some(file.length) {
        let what = format!(
            "expected tensors that fill the file as its header says, found {} bytes for {}",
            file.length - start,
            metadata.data_len()
        );
        return Err(error(what));
    }
    Ok((start, metadata))
}

fn kind_of(dtype: Dtype) -> std::result::Result<Kind, Unfit> {
    Ok(match dtype {
        Dtype::F64 => Kind::F64,
        Dtype::F32 => Kind::F32,
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::Bf16,
        Dtype::I8 => Kind::I8,
        Dtype::I16 => Kind::I16,
        Dtype::I32 => Kind::I32,
        Dtype::I64 => Kind::I64,
        Dtype::U8 => Kind::U8,
        Dtype::U16 => Kind::U16,
        Dtype::U32 => Kind::U32,
        Dtype::U64 => Kind::U64,
        Dtype::BOOL => Kind::Bool,
        other => return Err(Unfit::new(format!("the type {other:?}"))),
    })
}

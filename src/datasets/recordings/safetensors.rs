//! Tensors of a `.safetensors` file.
//!
//! Place in the flow: one of the readers behind [`recordings::read`](super::read). The crate of the
//! format checks that the tensors fill the file exactly.

use ::safetensors::{Dtype, SafeTensors};

use super::array::{Kind, Layout, Unfit, mention};
use super::{File, Options, Recording, clean, listed};
use crate::error::Result;

/// Reads the tensors of `bytes`: the one that `options` name, or all that can be traces.
pub(super) fn read(file: &File, bytes: &[u8], options: &Options) -> Result<Vec<Recording>> {
    let content = SafeTensors::deserialize(bytes).map_err(|error| {
        let what = "expected tensors that fill the file as its header says";
        let remedy = "copy the file again if it was cut short; else write it anew";
        file.error(what, remedy).because(error)
    })?;
    // The crate gives them in no order.
    let mut tensors = content.tensors();
    tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut recordings = Vec::new();
    let mut left_out = Vec::new();
    for (name, tensor) in &tensors {
        if options.tensor.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let shape: Vec<u64> = tensor.shape().iter().map(|&axis| axis as u64).collect();
        let layout = kind_of(tensor.dtype()).map(|kind| Layout {
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
                if layout.bytes() != Some(tensor.data().len()) {
                    let claimed = format!("the {} bytes of", layout.size());
                    return Err(file.wrong_length(name, claimed, tensor.data().len()));
                }
                recordings.push(layout.recording(file, name, tensor.data(), options)?);
            }
            Err(found) if options.tensor.is_some() => return Err(found.error(file, name)),
            Err(found) => left_out.push(format!("{} ({})", clean(name), found.found)),
        }
    }
    if recordings.is_empty() {
        let all = listed(tensors.iter().map(|(name, _)| name.as_str()));
        return Err(match &options.tensor {
            Some(wanted) => file.error(
                format!("expected a tensor named {wanted}, found {all}"),
                "give --tensor one of these names, or leave it out to take all",
            ),
            None => {
                let found = listed(left_out.iter().map(String::as_str));
                let found =
                    if found.is_empty() { "no tensor".to_owned() } else { format!("only {found}") };
                Unfit::new(found).error(file, "")
            }
        });
    }
    mention(&mut recordings, &left_out);
    Ok(recordings)
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

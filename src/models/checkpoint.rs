//! Weights on disk: named arrays in a safetensors file, written whole or not at all.
//!
//! A checkpoint is a file in the safetensors format (Hugging Face; a JSON header, then raw
//! little-endian values), so that weights can be opened elsewhere with one line. Names are the
//! module's path (`lstm.recurrent`); the header's metadata carries what a resumed run needs to
//! know.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::error::{Error, Result};
use crate::files::write_whole;

/// One named array: its shape and row-major values.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// Row-major values, as many as the product of `shape`.
    pub values: Vec<f32>,
}

/// Arrays by name.
pub type Arrays = BTreeMap<String, Array>;

/// Strings that travel in the file's header, as JSON under the name `noisescope`.
pub type Metadata = BTreeMap<String, String>;

const ENTRY: &str = "noisescope";

/// Reads a tensor back from its device.
pub fn array_of<const D: usize>(tensor: Tensor<D>) -> Array {
    let data = tensor.into_data();
    let values = data.as_slice::<f32>().expect("networks compute in f32").to_vec();
    Array { shape: data.shape().to_vec(), values }
}

/// The float parameters of `module`, by path.
pub fn parameters<M: Module>(module: &M) -> Arrays {
    #[derive(Default)]
    struct Gather {
        path: Vec<String>,
        arrays: Arrays,
    }
    impl ModuleVisitor for Gather {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.arrays.insert(self.path.join("."), array_of(param.val()));
        }
    }
    let mut gather = Gather::default();
    module.visit(&mut gather);
    gather.arrays
}

/// `module` with its float parameters replaced by those of `arrays`.
///
/// # Errors
/// A parameter is missing or has another shape.
pub fn with_parameters<M: Module>(module: M, arrays: &Arrays) -> Result<M> {
    struct Replace<'a> {
        path: Vec<String>,
        arrays: &'a Arrays,
        error: Option<Error>,
    }
    impl ModuleMapper for Replace<'_> {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.join(".");
            let shape = param.val().dims().to_vec();
            match self.arrays.get(&name) {
                Some(array) if array.shape == shape => param.map(|old| {
                    let data = TensorData::new(array.values.clone(), shape);
                    let tensor = Tensor::from_data(data, &old.device());
                    tensor.set_require_grad(old.is_require_grad())
                }),
                found => {
                    let found = found.map_or("none".into(), |array| format!("{:?}", array.shape));
                    let what =
                        format!("expected weights `{name}` of shape {shape:?}, found {found}");
                    self.error.get_or_insert_with(|| Error::new(what));
                    param
                }
            }
        }
    }
    let mut replace = Replace { path: Vec::new(), arrays, error: None };
    let module = module.map(&mut replace);
    match replace.error {
        Some(error) => {
            Err(error.remedy("give model settings that agree with the ones it was trained with"))
        }
        None => Ok(module),
    }
}

/// Writes a checkpoint, whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, arrays: &Arrays, metadata: &Metadata) -> Result<()> {
    let views = arrays.iter().map(|(name, array)| {
        let bytes = bytemuck::cast_slice(&array.values);
        let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes);
        (name.as_str(), view.expect("an array holds as many values as its shape says"))
    });
    // One entry: the format's map is written in no fixed order, and equal runs leave equal files.
    let metadata = serde_json::to_string(metadata).expect("strings by strings");
    let metadata = HashMap::from([(ENTRY.to_owned(), metadata)]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|cause| {
        Error::new("cannot encode the checkpoint").at(path.display()).because(cause)
    })?;
    write_whole(path, &bytes)
}

/// Reads a checkpoint.
///
/// # Errors
/// The file is missing, is no safetensors file, or holds something other than `f32`.
pub fn read(path: &Path) -> Result<(Arrays, Metadata)> {
    let bytes =
        std::fs::read(path).map_err(|cause| Error::file("read the checkpoint", path, cause))?;
    let broken = |cause: safetensors::SafeTensorError| {
        Error::new("expected a checkpoint (a safetensors file)")
            .at(path.display())
            .remedy("give a file that noisescope wrote, such as best.safetensors of a run folder")
            .because(cause)
    };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
    let entry = header.metadata().as_ref().and_then(|metadata| metadata.get(ENTRY));
    let metadata = entry.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
    let mut arrays = Arrays::new();
    for (name, view) in tensors.tensors() {
        if view.dtype() != Dtype::F32 {
            let what = format!("expected f32 values in `{name}`, found {:?}", view.dtype());
            return Err(Error::new(what).at(path.display()).remedy("convert the weights to f32"));
        }
        let values = bytemuck::pod_collect_to_vec(view.data());
        arrays.insert(name, Array { shape: view.shape().to_vec(), values });
    }
    Ok((arrays, metadata))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_as_it_went() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weights.safetensors");
        let array = Array { shape: vec![2, 3], values: vec![1.0, -0.0, 3e-40, f32::MAX, 5.0, 6.0] };
        let arrays = Arrays::from([("a.b".to_owned(), array)]);
        let metadata: Metadata =
            (0..9).map(|number| (number.to_string(), "a \"word\"".to_owned())).collect();
        write(&path, &arrays, &metadata).expect("written");
        let bytes = std::fs::read(&path).expect("read");
        for _ in 0..9 {
            write(&path, &arrays, &metadata).expect("written");
            assert!(std::fs::read(&path).expect("read") == bytes, "equal contents, equal files");
        }
        assert_eq!(read(&path).expect("read"), (arrays, metadata));
        std::fs::write(&path, b"no checkpoint").expect("written");
        assert!(read(&path).is_err());
    }
}

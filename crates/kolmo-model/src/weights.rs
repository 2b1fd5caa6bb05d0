//! Weights in and out, by name: `blocks.0.attention.output`, `norm.gain`, ...
//!
//! The names are the paths of the fields; projections are stored as `[d_in, d_out]`.

use std::collections::BTreeMap;

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::TensorData,
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{error::ModelError, gpt::Gpt};

/// Tensors on the host, by name.
pub type NamedTensors = BTreeMap<String, HostTensor>;

/// A tensor on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// Values, row by row.
    pub values: Vec<f32>,
}

impl HostTensor {
    /// Copies `tensor` to the host.
    ///
    /// # Errors
    /// A device that does not give it back; `name` says which tensor it was.
    pub fn read<const D: usize>(name: &str, tensor: Tensor<D>) -> Result<Self, ModelError> {
        let shape = tensor.dims().to_vec();
        let values = tensor
            .try_into_vec_as::<f32>()
            .map_err(|error| ModelError::Read {
                what: name.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self { shape, values })
    }
}

/// All weights of `model`.
///
/// # Errors
/// A device that does not give a tensor back.
pub fn read(model: &Gpt) -> Result<NamedTensors, ModelError> {
    struct Reader {
        path: Path,
        tensors: Result<NamedTensors, ModelError>,
    }
    impl ModuleVisitor for Reader {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let name = self.path.name();
            if let Ok(tensors) = &mut self.tensors {
                match HostTensor::read(&name, param.val()) {
                    Ok(tensor) => {
                        tensors.insert(name, tensor);
                    }
                    Err(error) => self.tensors = Err(error),
                }
            }
        }
    }
    let mut reader = Reader {
        path: Path::default(),
        tensors: Ok(NamedTensors::new()),
    };
    model.visit(&mut reader);
    reader.tensors
}

/// `model` with its weights replaced by `tensors`, which must be all of them and of the same shapes.
///
/// # Errors
/// A weight that is missing, has another shape, or that the model does not have.
pub fn write(model: Gpt, tensors: NamedTensors) -> Result<Gpt, ModelError> {
    struct Writer {
        path: Path,
        tensors: NamedTensors,
        problem: Option<String>,
    }
    impl ModuleMapper for Writer {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.name();
            let shape = param.val().dims();
            let Some(tensor) = self.tensors.remove(&name) else {
                self.problem.get_or_insert(format!("{name} is missing"));
                return param;
            };
            if tensor.shape != shape || tensor.values.len() != shape.iter().product::<usize>() {
                let problem = format!("{name} is {:?}, not {shape:?}", tensor.shape);
                self.problem.get_or_insert(problem);
                return param;
            }
            param.map(|old| {
                let data = TensorData::new(tensor.values, shape);
                let new = Tensor::from_data(data, &old.device());
                new.set_require_grad(old.is_require_grad())
            })
        }
    }
    let mut writer = Writer {
        path: Path::default(),
        tensors,
        problem: None,
    };
    let model = model.map(&mut writer);
    let unknown = writer.tensors.keys().next();
    let unknown = unknown.map(|name| format!("the model has no {name}"));
    match writer.problem.or(unknown) {
        Some(problem) => Err(ModelError::Weights(problem)),
        None => Ok(model),
    }
}

/// The bytes of a safetensors file with `tensors`.
///
/// # Errors
/// Tensors that the format cannot hold.
pub fn to_safetensors(tensors: &NamedTensors) -> Result<Vec<u8>, ModelError> {
    let problem = |error: safetensors::SafeTensorError| ModelError::Weights(error.to_string());
    let bytes: Vec<(&String, &HostTensor, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let bytes = tensor.values.iter().flat_map(|v| v.to_le_bytes());
            (name, tensor, bytes.collect())
        })
        .collect();
    let views = bytes.iter().map(|(name, tensor, bytes)| {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
        view.map(|view| (*name, view))
    });
    let views = views.collect::<Result<Vec<_>, _>>().map_err(problem)?;
    safetensors::serialize(views, None).map_err(problem)
}

/// The 32-bit floating-point tensors of a safetensors file; whole numbers are left out.
///
/// # Errors
/// Bytes that are no safetensors file, and floating-point tensors of another width.
pub fn from_safetensors(bytes: &[u8]) -> Result<NamedTensors, ModelError> {
    let file = SafeTensors::deserialize(bytes);
    let file = file.map_err(|error| ModelError::Weights(error.to_string()))?;
    let other = file
        .iter()
        .find(|(_, view)| matches!(view.dtype(), Dtype::F16 | Dtype::BF16 | Dtype::F64));
    if let Some((name, view)) = other {
        let problem = format!("{name} is of type {:?}, not F32", view.dtype());
        return Err(ModelError::Weights(problem));
    }
    let tensors = file.iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    let host = tensors.map(|(name, view)| {
        let chunks = view.data().chunks_exact(4);
        let values = chunks.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let tensor = HostTensor {
            shape: view.shape().to_vec(),
            values: values.collect(),
        };
        (name.to_owned(), tensor)
    });
    Ok(host.collect())
}

/// Where a visit of the model's fields is.
#[derive(Debug, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// Goes into the field `name`.
    pub fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    /// Comes back from the field entered last.
    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// The path, joined by dots.
    pub fn name(&self) -> String {
        self.0.join(".")
    }
}

#[cfg(test)]
mod tests {
    use kolmo_world::random::Streams;

    use super::*;
    use kolmo_config::ModelConfig;

    fn model(seed: u64) -> Gpt {
        let config = ModelConfig::default();
        Gpt::new(&config, 31, &Streams::new(seed), &Device::flex()).unwrap()
    }

    #[test]
    fn weights_survive_a_file() {
        let weights = read(&model(1)).unwrap();
        assert!(
            weights.contains_key("blocks.1.feed_forward.down"),
            "{:?}",
            weights.keys()
        );
        let bytes = to_safetensors(&weights).unwrap();
        let copy = write(model(2), from_safetensors(&bytes).unwrap()).unwrap();
        assert_eq!(read(&copy).unwrap(), weights);
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let weights = read(&model(1)).unwrap();
        let refusal = |change: fn(&mut NamedTensors)| {
            let mut changed = weights.clone();
            change(&mut changed);
            write(model(2), changed).unwrap_err().to_string()
        };
        assert!(refusal(|w| drop(w.remove("head"))).contains("head is missing"));
        assert!(refusal(|w| w.get_mut("norm.gain").unwrap().shape = vec![3]).contains("norm.gain"));
        let stray = |w: &mut NamedTensors| {
            let gain = w["norm.gain"].clone();
            w.insert("extra".to_owned(), gain);
        };
        assert!(refusal(stray).contains("no extra"));
        assert!(from_safetensors(b"nonsense").is_err());
    }
}

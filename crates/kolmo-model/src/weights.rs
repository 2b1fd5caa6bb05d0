//! Weights in and out, by name: `blocks.0.attention.output`, `norm.gain`, ...
//!
//! The names are the paths of the fields; projections are stored as `[d_in, d_out]`.

use std::collections::BTreeMap;

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::TensorData,
};
use kolmo_config::{Kind, ParameterSpec};
use kolmo_world::random::Streams;
use rand_distr::{Distribution, StandardNormal};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{error::ModelError, parametrisation::EMBEDDING_DEVIATION};

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
pub fn read<M: Module>(model: &M) -> Result<NamedTensors, ModelError> {
    struct Reader {
        path: Path,
        tensors: Result<NamedTensors, ModelError>,
    }
    impl ModuleVisitor for Reader {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, container: &str) {
            self.path.exit(container);
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
pub fn write<M: Module>(model: M, tensors: NamedTensors) -> Result<M, ModelError> {
    struct Writer {
        path: Path,
        tensors: NamedTensors,
        problem: Option<String>,
    }
    impl ModuleMapper for Writer {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, container: &str) {
            self.path.exit(container);
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

/// `tensors` with room for the vocabulary of `specs`: new tokens have in the embedding and in the output layer the mean
/// of the others, which Hewitt (2021) found to disturb what a model says the least, and a little noise of `streams` in the embedding, to be
/// told apart.
pub fn grow_vocabulary(tensors: &mut NamedTensors, specs: &[ParameterSpec], streams: &Streams) {
    for spec in specs {
        let Some(tensor) = tensors.get_mut(&spec.name) else {
            continue;
        };
        match spec.kind {
            Kind::Embedding | Kind::TiedEmbedding => add_rows(tensor, spec.shape[0], streams),
            Kind::Output => add_columns(tensor, spec.shape[1]),
            Kind::Hidden | Kind::Vector { .. } | Kind::OutputVector { .. } => (),
        }
    }
}

/// Makes rows of new tokens, so many with the old ones.
fn add_rows(table: &mut HostTensor, vocabulary: usize, streams: &Streams) {
    let [rows, width] = table.shape[..] else {
        return;
    };
    let stream = streams.stream("initialisation/new_tokens");
    let mean: Vec<f32> = (0..width)
        .map(|k| {
            let column = table.values.iter().skip(k).step_by(width);
            (column.map(|x| f64::from(*x)).sum::<f64>() / rows as f64) as f32
        })
        .collect();
    for token in rows..vocabulary {
        let mut random = stream.at(token as u64);
        table.values.extend(mean.iter().map(|mean| {
            let z: f64 = StandardNormal.sample(&mut random);
            mean + (EMBEDDING_DEVIATION * z) as f32
        }));
    }
    table.shape = vec![rows.max(vocabulary), width];
}

/// Makes columns of new tokens, so many with the old ones.
fn add_columns(table: &mut HostTensor, vocabulary: usize) {
    let [rows, columns] = table.shape[..] else {
        return;
    };
    if columns >= vocabulary {
        return;
    }
    let values = table.values.chunks_exact(columns).flat_map(|row| {
        let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / columns as f64;
        let new = std::iter::repeat_n(mean as f32, vocabulary - columns);
        row.iter().copied().chain(new)
    });
    table.values = values.collect();
    table.shape = vec![rows, vocabulary];
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

/// Where a visit of the model's fields is. Which [`Model`](crate::Model) it is, of all there could be, is no part of the path.
#[derive(Debug, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// Goes into the field `name` of a `container`, as Burn calls it.
    pub fn enter(&mut self, name: &str, container: &str) {
        if !Self::is_choice(container) {
            self.0.push(name.to_owned());
        }
    }

    /// Comes back from the field entered last.
    pub fn exit(&mut self, container: &str) {
        if !Self::is_choice(container) {
            self.0.pop();
        }
    }

    /// Of an enum Burn enters the variant.
    fn is_choice(container: &str) -> bool {
        container.starts_with("Enum:")
    }

    /// The path, joined by dots.
    pub fn name(&self) -> String {
        self.0.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LanguageModel, Model};
    use kolmo_config::{ModelConfig, Transformer};

    fn model(seed: u64) -> Model {
        let config = ModelConfig::default();
        Model::new(&config, 31, &Streams::new(seed), &Device::flex()).unwrap()
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
    fn new_tokens_are_the_mean_of_the_others_and_change_nothing_else() {
        use kolmo_kernels::Tokens;
        let device = Device::flex();
        for tied_embeddings in [false, true] {
            let config = ModelConfig::gpt(Transformer {
                tied_embeddings,
                ..Transformer::default()
            });
            let build =
                |vocabulary| Model::new(&config, vocabulary, &Streams::new(1), &device).unwrap();
            let grow = |tensors: &mut NamedTensors, seed| {
                grow_vocabulary(tensors, &config.specs(34), &Streams::new(seed));
            };
            let small = build(31);
            let mut tensors = read(&small).unwrap();
            grow(&mut tensors, 1);
            let large = write(build(34), tensors.clone()).unwrap();
            let logits = |model: &Model| -> Vec<f32> {
                let tokens = Tokens::new(vec![1, 2, 30], [1, 3], &device);
                let last = model.forward(&tokens).narrow(1, 2, 1);
                last.try_into_vec_as::<f32>().unwrap()
            };
            let (before, after) = (logits(&small), logits(&large));
            for (before, after) in before.iter().zip(&after) {
                assert!((before - after).abs() < 1e-5);
            }
            let mean = before.iter().sum::<f32>() / 31.0;
            for new in &after[31..] {
                let near = if tied_embeddings { 0.5 } else { 1e-5 };
                assert!((new - mean).abs() < near, "{new} {mean}");
            }
            let rows = &tensors["embedding.weight"].values;
            assert_ne!(rows[31 * 64..32 * 64], rows[32 * 64..33 * 64]);
            grow(&mut tensors, 2);
            assert_eq!(tensors, read(&large).unwrap());
        }
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

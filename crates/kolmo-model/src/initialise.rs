//! Draws the weights that a model begins with.

use burn::{
    module::{ModuleMapper, Param},
    prelude::*,
    tensor::TensorData,
};
use kolmo_world::random::{Stream, Streams};
use rand_distr::{Distribution, StandardNormal};

use crate::{
    gpt::Gpt,
    parametrisation::{Parametrisation, Start},
    weights::Path,
};

/// Draws the weights of `model`, each as `parametrisation` has it.
pub(crate) fn initialise(model: Gpt, parametrisation: Parametrisation, streams: &Streams) -> Gpt {
    model.map(&mut Initialise {
        path: Path::default(),
        parametrisation,
        streams,
    })
}

struct Initialise<'a> {
    path: Path,
    parametrisation: Parametrisation,
    streams: &'a Streams,
}

impl ModuleMapper for Initialise<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let shape = param.val().dims();
        let deviation = match self.parametrisation.start(&name, shape[0]) {
            Start::Normal(deviation) => deviation,
            Start::Scaled(1.0) => return param,
            Start::Scaled(factor) => {
                return param.map(|tensor| {
                    let has_gradient = tensor.is_require_grad();
                    (tensor.detach() * factor).set_require_grad(has_gradient)
                });
            }
        };
        let stream = self.streams.stream(&format!("initialisation/{name}"));
        let values = normal(&stream, deviation, shape.iter().product());
        param.map(|tensor| {
            let drawn = Tensor::from_data(TensorData::new(values, shape), &tensor.device());
            drawn.set_require_grad(tensor.is_require_grad())
        })
    }
}

/// So many numbers from a normal distribution of this deviation.
pub(crate) fn normal(stream: &Stream, deviation: f64, count: usize) -> Vec<f32> {
    let mut random = stream.at(0);
    let draw = |_| {
        let z: f64 = StandardNormal.sample(&mut random);
        (deviation * z) as f32
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kolmo_config::ModelConfig;

    #[test]
    fn weights_have_the_deviation_they_should() {
        let config = ModelConfig {
            layers: 2,
            ..ModelConfig::default()
        };
        let model = Gpt::new(&config, 1000, &Streams::new(1), &Device::flex()).unwrap();
        let deviation = |weight: &Param<Tensor<2>>| -> f64 {
            let square: f32 = weight.val().square().mean().into_scalar();
            f64::from(square).sqrt()
        };
        let block = &model.blocks[1];
        for (weight, expected) in [
            (&model.embedding.weight, 0.02),
            (&block.attention.query_key_value, 0.125),
            (&block.attention.output, 0.0625),
            (&block.feed_forward.up, 0.125),
            (&block.feed_forward.down, 0.03125),
        ] {
            let n = weight.val().shape().num_elements() as f64;
            let error = 1.0 / (2.0 * n).sqrt();
            let ratio = deviation(weight) / expected;
            assert!((ratio - 1.0).abs() < 4.0 * error, "{ratio}");
        }
    }
}

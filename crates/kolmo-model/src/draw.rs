//! Draws the weights that a model begins with, as its architecture describes them.

use burn::{module::Param, prelude::*, tensor::TensorData};
use kolmo_config::{Architecture, ParameterSpec};
use kolmo_world::random::{Stream, Streams};
use rand_distr::{Distribution, StandardNormal};

use crate::{
    error::ModelError,
    parametrisation::{Parametrisation, Start},
};

/// Gives the parameters of a model one after another, in the order of [`Architecture::specs`]: a model is built from them,
/// and knows no shape by itself. Each has draws of its own, from the stream `initialisation/<name>`, so that every device
/// starts from the same weights.
pub struct Draw<'a> {
    specs: std::vec::IntoIter<ParameterSpec>,
    parametrisation: Parametrisation,
    streams: &'a Streams,
    device: &'a Device,
}

impl<'a> Draw<'a> {
    /// The parameters of `architecture` for `vocabulary` tokens, on `device`.
    ///
    /// # Errors
    /// Sizes that cannot be, see [`Architecture::check`].
    pub fn new(
        architecture: &dyn Architecture,
        vocabulary: usize,
        streams: &'a Streams,
        device: &'a Device,
    ) -> Result<Self, ModelError> {
        architecture.check()?;
        let specs = architecture.specs(vocabulary);
        Ok(Self {
            parametrisation: Parametrisation::new(architecture, &specs),
            specs: specs.into_iter(),
            streams,
            device,
        })
    }

    /// The device.
    pub fn device(&self) -> &Device {
        self.device
    }

    /// The next parameter, which is to be a field called `field`.
    ///
    /// # Errors
    /// [`ModelError::Description`] where the architecture describes another one.
    pub fn parameter<const D: usize>(
        &mut self,
        field: &str,
    ) -> Result<Param<Tensor<D>>, ModelError> {
        let other = |what: &str| {
            let problem = format!("the model has a {field} with {D} axes, where there is {what}");
            ModelError::Description(problem)
        };
        let spec = self.specs.next().ok_or_else(|| other("nothing"))?;
        let ParameterSpec { name, shape, .. } = &spec;
        let is_named = name.rsplit('.').next() == Some(field);
        let shape = <[usize; D]>::try_from(&shape[..]).ok().filter(|_| is_named);
        let shape = shape.ok_or_else(|| other(&format!("{name} of {:?}", spec.shape)))?;
        let count = shape.iter().product();
        let values = match self.parametrisation.start(&spec) {
            Start::Normal(deviation) => {
                let stream = self.streams.stream(&format!("initialisation/{name}"));
                normal(&stream, deviation, count)
            }
            Start::Constant(value) => vec![value as f32; count],
        };
        let tensor = Tensor::from_data(TensorData::new(values, shape), self.device);
        Ok(Param::from_tensor(tensor))
    }

    /// Ends it: every parameter has been taken.
    ///
    /// # Errors
    /// [`ModelError::Description`] where one is left.
    pub fn finish(mut self) -> Result<(), ModelError> {
        match self.specs.next() {
            Some(spec) => {
                let problem = format!("the model has no {}", spec.name);
                Err(ModelError::Description(problem))
            }
            None => Ok(()),
        }
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
    use crate::{Model, weights};
    use kolmo_config::ModelConfig;

    #[test]
    fn weights_have_the_deviation_they_should() {
        let config = ModelConfig::default();
        let model = Model::new(&config, 1000, &Streams::new(1), &Device::flex()).unwrap();
        let weights = weights::read(&model).unwrap();
        for (name, expected) in [
            ("embedding.weight", 0.02),
            ("blocks.1.attention.query_key_value", 0.125),
            ("blocks.1.attention.output", 0.0625),
            ("blocks.1.feed_forward.up", 0.125),
            ("blocks.1.feed_forward.down", 0.03125),
        ] {
            let values = &weights[name].values;
            let n = values.len() as f64;
            let square: f64 = values.iter().map(|x| f64::from(*x).powi(2)).sum();
            let error = 1.0 / (2.0 * n).sqrt();
            let ratio = (square / n).sqrt() / expected;
            assert!((ratio - 1.0).abs() < 4.0 * error, "{name}: {ratio}");
        }
    }

    #[test]
    fn a_model_that_is_not_as_it_is_described_is_refused() {
        let (streams, device) = (Streams::new(1), Device::flex());
        let draw = || Draw::new(&*ModelConfig::default(), 31, &streams, &device).unwrap();
        let error = draw().parameter::<1>("weight").unwrap_err().to_string();
        assert!(error.contains("embedding.weight of [31, 64]"), "{error}");
        let error = draw().parameter::<2>("table").unwrap_err().to_string();
        assert!(error.contains("a table with 2 axes"), "{error}");
        let error = draw().finish().unwrap_err().to_string();
        assert!(error.contains("no embedding.weight"), "{error}");
    }
}

//! What every architecture says about itself.

use super::parameter::ParameterSpec;
use crate::error::ConfigError;

/// An architecture with its sizes. It is the only one who knows them: what sweeps, reports and training need of a model,
/// they ask here.
pub trait Architecture {
    /// The name in files: the value of `model.arch`.
    fn name(&self) -> &'static str;

    /// Checks the sizes.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`], with the key, the value and the valid range.
    fn check(&self) -> Result<(), ConfigError>;

    /// Width of the activations: `model.d_model`.
    fn width(&self) -> usize;

    /// Makes it as wide as that, all else that goes with the width included.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for a width that cannot be.
    fn set_width(&mut self, width: usize) -> Result<(), ConfigError>;

    /// Width at which the learning rate was found, for it to hold at this one: the maximal update parametrisation, see
    /// `kolmo_model::Parametrisation`. Without it the standard one.
    fn base_width(&self) -> Option<usize>;

    /// Drops keys that change nothing as the others are: who compares configurations then finds the same models equal.
    fn drop_idle_keys(&mut self);

    /// Drops the sizes in which the models of a ladder may differ; what is left they have in common, or they are not one ladder.
    fn drop_sizes(&mut self);

    /// Every parameter, in the order in which the model holds them, for a vocabulary of `vocabulary` tokens.
    fn specs(&self, vocabulary: usize) -> Vec<ParameterSpec>;

    /// Useful floating-point operations of training on one token, in rows of `time` tokens, beyond what its parameters
    /// take: what mixes tokens.
    fn mixing_flops(&self, time: usize) -> f64;

    /// Floats that training keeps of each position for the backward pass, and has in flight, estimated; without logits.
    fn kept_floats(&self) -> u64;

    /// Floats of a position in the largest tensor of a layer on a GPU, in rows of `time` tokens; without logits.
    fn widest_floats(&self, time: usize) -> u64;

    /// Number of parameters, all told, for a vocabulary of `vocabulary` tokens.
    fn parameters(&self, vocabulary: usize) -> u64 {
        self.specs(vocabulary)
            .iter()
            .map(ParameterSpec::count)
            .sum()
    }

    /// Parameters that there are for each token: of the embedding table and, where it is not the same one, the output layer.
    fn embedding_parameters(&self, vocabulary: usize) -> u64 {
        let specs = self.specs(vocabulary).into_iter();
        let of_tokens = specs.filter(|spec| spec.kind.is_of_tokens());
        of_tokens.map(|spec| spec.count()).sum()
    }

    /// Useful floating-point operations of training on one token, in rows of `time` tokens, additions and
    /// multiplications counted one by one.
    ///
    /// Six for every parameter but those of an embedding table that is only looked up: two in the forward pass,
    /// four in the backward pass. And those of [mixing](Self::mixing_flops) tokens. What a kernel computes beyond the
    /// causal mask, or a second time, is not useful.
    fn training_flops_per_token(&self, vocabulary: usize, time: usize) -> f64 {
        let specs = self.specs(vocabulary).into_iter();
        let multiplied = specs.filter(|spec| spec.kind.is_multiplied());
        let parameters: u64 = multiplied.map(|spec| spec.count()).sum();
        6.0 * parameters as f64 + self.mixing_flops(time)
    }
}

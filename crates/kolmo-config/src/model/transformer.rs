//! What the transformers have in common: sizes, attention, an embedding table and an output layer.
//!
//! One of them is a [`Style`]: its norm and its feed-forward layer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{architecture::Architecture, parameter::ParameterSpec};
use crate::error::ConfigError;

/// The sizes of a transformer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Transformer {
    /// Width d of the residual stream.
    pub d_model: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Attention heads; d_model / heads is the width of a head and must be even.
    pub heads: usize,
    /// Whether the output layer is the embedding table again.
    pub tied_embeddings: bool,
    /// Width at which the learning rate was found, for it to hold at this one: the maximal update parametrisation,
    /// see `kolmo_model::Parametrisation`. Without it the standard one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mup_base_width: Option<usize>,
}

impl Default for Transformer {
    fn default() -> Self {
        Self {
            d_model: 64,
            layers: 2,
            heads: 4,
            tied_embeddings: false,
            mup_base_width: None,
        }
    }
}

/// Weights, gradients and both moments of so many are 1.6 terabytes, more than one device has.
const MOST_PARAMETERS: u64 = 100_000_000_000;

/// What a transformer has of its own.
pub trait Style {
    /// The name in files.
    const NAME: &'static str;

    /// The vectors of a norm, each with what it begins at.
    const NORM: &'static [(&'static str, f32)];

    /// The matrices of the feed-forward layer, for activations of width `d`.
    fn feed_forward(d: usize) -> Vec<ParameterSpec>;

    /// The sizes.
    fn sizes(&self) -> &Transformer;

    /// The sizes, to be changed.
    fn sizes_mut(&mut self) -> &mut Transformer;
}

impl<S: Style> Architecture for S {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.sizes().check()?;
        let (layers, parameters) = (self.sizes().layers, self.parameters(0));
        if parameters > MOST_PARAMETERS {
            let valid = format!(
                "a width at which the blocks of model.layers = {layers} have at most \
                 {MOST_PARAMETERS} parameters: these would have {parameters}"
            );
            return Err(ConfigError::invalid("model.d_model", self.width(), valid));
        }
        Ok(())
    }

    fn width(&self) -> usize {
        self.sizes().d_model
    }

    /// Heads stay as wide as they are.
    fn set_width(&mut self, width: usize) -> Result<(), ConfigError> {
        let head = self.sizes().head_width();
        if !width.is_multiple_of(head) {
            let valid = format!("a multiple of {head}, the width of a head, which stays the same");
            return Err(ConfigError::invalid("model.d_model", width, valid));
        }
        let sizes = self.sizes_mut();
        (sizes.d_model, sizes.heads) = (width, width / head);
        self.check()
    }

    fn base_width(&self) -> Option<usize> {
        self.sizes().mup_base_width
    }

    /// At the base width both parametrisations are one.
    fn drop_idle_keys(&mut self) {
        let sizes = self.sizes_mut();
        sizes.mup_base_width = sizes.mup_base_width.filter(|base| *base != sizes.d_model);
    }

    fn drop_sizes(&mut self) {
        // All fields, so that a new one has to be sorted.
        let Transformer {
            d_model,
            layers,
            heads,
            tied_embeddings: _,
            mup_base_width: _,
        } = self.sizes_mut();
        (*d_model, *layers, *heads) = (0, 0, 0);
    }

    fn specs(&self, vocabulary: usize) -> Vec<ParameterSpec> {
        let sizes = self.sizes();
        let (d, tied) = (sizes.d_model, sizes.tied_embeddings);
        let norm = |of: String| {
            let vectors = S::NORM.iter();
            vectors.map(move |(name, start)| (format!("{of}.{name}"), *start))
        };
        let vectors =
            |of: String| norm(of).map(|(name, start)| ParameterSpec::vector(&name, d, start));
        let feed_forward = S::feed_forward(d);
        let table = ParameterSpec::embedding("embedding.weight", [vocabulary, d], tied);
        let mut specs = vec![table];
        for block in 0..sizes.layers {
            let named = |name: &str| format!("blocks.{block}.{name}");
            specs.extend(vectors(named("attention_norm")));
            let projection = named("attention.query_key_value");
            specs.push(ParameterSpec::hidden(&projection, [d, 3 * d]));
            let output = ParameterSpec::hidden(&named("attention.output"), [d, d]);
            specs.push(output.to_residual());
            specs.extend(vectors(named("feed_forward_norm")));
            specs.extend(feed_forward.iter().map(|matrix| ParameterSpec {
                name: format!("{}.{}", named("feed_forward"), matrix.name),
                ..matrix.clone()
            }));
        }
        let last = norm("norm".to_owned());
        specs.extend(last.map(|(name, start)| ParameterSpec::last_vector(&name, d, start, tied)));
        if !tied {
            specs.push(ParameterSpec::output("head", [d, vocabulary]));
        }
        specs
    }

    /// Of attention: a query meets (time + 1) / 2 keys on average, with 2d operations each for the scores and for the mix of
    /// values, and twice as many backward.
    fn mixing_flops(&self, time: usize) -> f64 {
        let sizes = self.sizes();
        6.0 * (sizes.layers * sizes.d_model * (time + 1)) as f64
    }

    /// From measurements, which it meets within a third.
    fn kept_floats(&self) -> u64 {
        /// Floats of d that a block keeps of a position.
        const KEPT: u64 = 32;
        let sizes = self.sizes();
        (sizes.layers * sizes.d_model) as u64 * KEPT
    }

    /// Scores of every head, or the inner values of the feed-forward layer.
    fn widest_floats(&self, time: usize) -> u64 {
        let sizes = self.sizes();
        (sizes.heads * time).max(4 * sizes.d_model) as u64
    }
}

impl Transformer {
    /// Width of a head, d / heads.
    pub fn head_width(&self) -> usize {
        self.d_model / self.heads
    }

    fn check(&self) -> Result<(), ConfigError> {
        const WIDEST: usize = 1 << 14;
        for (key, value, most) in [
            ("model.d_model", self.d_model, WIDEST),
            ("model.layers", self.layers, 256),
            ("model.heads", self.heads, 256),
            // Absent is as good as one that can be.
            (
                "model.mup_base_width",
                self.mup_base_width.unwrap_or(1),
                WIDEST,
            ),
        ] {
            if !(1..=most).contains(&value) {
                return Err(ConfigError::invalid(key, value, format!("1 to {most}")));
            }
        }
        if !self.d_model.is_multiple_of(2 * self.heads) {
            let heads = self.heads;
            let valid = format!(
                "a multiple of 2 x model.heads = {}, so that rotary positions pair the halves of a head",
                2 * heads
            );
            return Err(ConfigError::invalid("model.d_model", self.d_model, valid));
        }
        Ok(())
    }
}

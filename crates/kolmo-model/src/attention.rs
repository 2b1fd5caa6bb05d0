//! Causal self-attention with rotary positions.

use burn::{module::Param, prelude::*, tensor::activation::softmax};

use crate::{config::ModelConfig, rotary::Positions};

/// Multi-head attention without biases.
#[derive(Module, Debug)]
pub struct Attention {
    /// Projection to queries, keys and values, `[d, 3d]`; inside each third, heads are contiguous.
    pub query_key_value: Param<Tensor<2>>,
    /// Projection of the heads' outputs, `[d, d]`.
    pub output: Param<Tensor<2>>,
    heads: usize,
}

impl Attention {
    /// Attention with weights of zero.
    pub fn new(config: &ModelConfig, device: &Device) -> Self {
        let d = config.d_model;
        Self {
            query_key_value: Param::from_tensor(Tensor::zeros([d, 3 * d], device)),
            output: Param::from_tensor(Tensor::zeros([d, d], device)),
            heads: config.heads,
        }
    }

    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// `[batch, time, d]` to the same shape.
    pub fn forward(&self, x: Tensor<3>, positions: &Positions) -> Tensor<3> {
        let [batch, time, d] = x.dims();
        let head = d / self.heads;
        let projected = linear(x, self.query_key_value.val());
        let part = |k: usize| {
            let part = projected.clone().narrow(2, k * d, d);
            let part = part.reshape([batch, time, self.heads, head]);
            part.swap_dims(1, 2)
        };
        let query = positions.rotate(part(0)) / (head as f64).sqrt();
        let key = positions.rotate(part(1));
        let scores = query.matmul(key.swap_dims(2, 3));
        let attention = softmax(positions.hide_future(scores), 3);
        let mixed = attention.matmul(part(2)).swap_dims(1, 2);
        linear(mixed.reshape([batch, time, d]), self.output.val())
    }
}

/// x W for x of `[batch, time, d_in]` and W of `[d_in, d_out]`, as one matrix product.
pub(crate) fn linear(x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let [batch, time, d_in] = x.dims();
    let [_, d_out] = weight.dims();
    let y = x.reshape([batch * time, d_in]).matmul(weight);
    y.reshape([batch, time, d_out])
}

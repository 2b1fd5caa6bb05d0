//! Cross-entropy, summed by role.

use burn::{
    prelude::*,
    tensor::{Int, TensorData, activation::log_softmax},
};
use kolmo_world::{Batch, document::Role};

/// A batch on a device.
#[derive(Debug, Clone)]
pub struct DeviceBatch {
    /// Tokens read, `[rows, length]`.
    pub inputs: Tensor<2, Int>,
    /// Tokens to predict, `[rows · length, 1]`.
    targets: Tensor<2, Int>,
    /// One-hot roles, zero beyond the end of a row, `[rows · length, roles]`.
    roles: Tensor<2>,
    /// Tokens that count.
    tokens: u64,
}

impl DeviceBatch {
    /// Copies `batch` to `device`.
    pub fn new(batch: &Batch, device: &Device) -> Self {
        let ints = |tokens: &[u32], shape: [usize; 2]| {
            let tokens: Vec<i32> = tokens.iter().map(|t| *t as i32).collect();
            Tensor::from_data(TensorData::new(tokens, shape), device)
        };
        let positions = batch.rows * batch.length;
        let mut roles = vec![0f32; positions * Role::ALL.len()];
        for (place, role) in batch.roles.iter().enumerate() {
            if let Some(role) = role {
                roles[place * Role::ALL.len() + *role as usize] = 1.0;
            }
        }
        let roles = TensorData::new(roles, [positions, Role::ALL.len()]);
        Self {
            inputs: ints(&batch.inputs, [batch.rows, batch.length]),
            targets: ints(&batch.targets, [positions, 1]),
            roles: Tensor::from_data(roles, device),
            tokens: batch.tokens,
        }
    }
}

/// The loss of a batch.
#[derive(Debug, Clone)]
pub struct Loss {
    /// What is minimised: mean over the tokens that count, nats per token.
    pub mean: Tensor<1>,
    /// Sums by role in the order of [`Role::ALL`], nats, `[roles]`.
    pub by_role: Tensor<1>,
}

/// The loss of `logits`, `[rows, length, vocabulary]`, on `batch`.
pub fn loss(logits: Tensor<3>, batch: &DeviceBatch) -> Loss {
    let [rows, length, vocabulary] = logits.dims();
    let log_probabilities = log_softmax(logits.reshape([rows * length, vocabulary]), 1);
    let nats = log_probabilities.gather(1, batch.targets.clone()).neg();
    let by_role = nats.transpose().matmul(batch.roles.clone());
    let by_role = by_role.reshape([Role::ALL.len()]);
    Loss {
        mean: by_role.clone().sum() / batch.tokens as f64,
        by_role,
    }
}

#[cfg(test)]
mod tests {
    use kolmo_world::{World, WorldConfig};

    use super::*;

    #[test]
    fn roles_split_the_loss_and_padding_costs_nothing() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let batch = world.batch(0, 8);
        let device = Device::flex();
        // Uniform predictions cost ln V a token, whatever its role.
        let vocabulary = world.vocabulary().len();
        let logits = Tensor::zeros([batch.rows, batch.length, vocabulary], &device);
        let loss = loss(logits, &DeviceBatch::new(&batch, &device));
        let nats = (vocabulary as f64).ln();
        let sums = loss.by_role.try_into_vec_as::<f32>().unwrap();
        for role in Role::ALL {
            let count = batch.roles.iter().filter(|r| **r == Some(role)).count() as f64;
            assert!((f64::from(sums[role as usize]) - nats * count).abs() < 1e-3);
        }
        let mean: f32 = loss.mean.into_scalar();
        assert!((f64::from(mean) - nats).abs() < 1e-5);
    }
}

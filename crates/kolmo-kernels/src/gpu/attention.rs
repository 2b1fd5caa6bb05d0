//! Causal attention with rotary positions, in nothing but products of matrices, one softmax and a few kernels
//! that turn and lay out.

use burn::{prelude::*, tensor::TensorData};

use super::by_hand;
use crate::rotary::Tables;

/// What attention knows of positions, as factors and summands.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// Of queries, keys and values themselves, `[3, 1, 1, time, 2, head / 2]`: the cosines, for queries divided by
    /// √head; one for values.
    straight: Tensor<6>,
    /// Of the other halves of their heads: minus and plus the sines likewise; nothing for values.
    across: Tensor<6>,
    /// Added to scores, `[1, 1, time, time]`: far below every score where a query must not look. Finite, so that a
    /// row of hidden scores can never be 0/0.
    future: Tensor<4>,
}

const HIDDEN: f32 = -1e9;

impl Turn {
    /// For `time` positions and heads of twice `half`.
    pub fn new(tables: &Tables, (time, half): (usize, usize), device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let shape = [3, 1, 1, time, 2, half];
        let scale = 1.0 / (2.0 * half as f32).sqrt();
        let (mut straight, mut across) = (Vec::new(), Vec::new());
        for scale in [Some(scale), Some(1.0), None] {
            for (cos, sin) in tables.cos.chunks(half).zip(tables.sin.chunks(half)) {
                for sign in [-1.0, 1.0] {
                    straight.extend(cos.iter().map(|cos| scale.map_or(1.0, |scale| scale * cos)));
                    across.extend(
                        sin.iter()
                            .map(|sin| sign * scale.map_or(0.0, |scale| scale * sin)),
                    );
                }
            }
        }
        let future = (0..time * time).map(|k| if k % time > k / time { HIDDEN } else { 0.0 });
        let future = TensorData::new(future.collect::<Vec<f32>>(), [1, 1, time, time]);
        Self {
            straight: Tensor::from_data(TensorData::new(straight, shape), &device),
            across: Tensor::from_data(TensorData::new(across, shape), &device),
            future: Tensor::from_data(future, &device),
        }
    }
}

/// `qkv` is `[batch, time, 3d]`; gives `[batch, time, d]`.
pub(crate) fn attention(qkv: Tensor<3>, heads: usize, turn: &Turn) -> Tensor<3> {
    by_hand(
        [qkv.into()],
        |[qkv]| {
            let qkv = qkv.tensor::<3>();
            let [batch, time, width] = qkv.dims();
            let half = width / (6 * heads);
            // Parts first, then heads: each part is one piece of memory once turned.
            let qkv = qkv.reshape([batch, time, 3, heads, 2, half]);
            let qkv = qkv.permute([2, 0, 3, 1, 4, 5]);
            let turned = qkv.clone().flip([4]) * turn.across.clone() + qkv * turn.straight.clone();
            let part = |k: usize| {
                let part = turned.clone().narrow(0, k, 1);
                part.reshape([batch, heads, time, 2 * half])
            };
            let [query, key, value] = [0, 1, 2].map(part);
            let scores = query.clone().matmul(key.clone().swap_dims(2, 3)) + turn.future.clone();
            let above = scores.clone() - scores.max_dim(3);
            let weights = above.exp();
            let weights = weights.clone() / weights.sum_dim(3);
            let mixed = weights.clone().matmul(value.clone());
            let mixed = mixed.swap_dims(1, 2).reshape([batch, time, width / 3]);
            (mixed, (query, key, value, weights, turn.clone()))
        },
        |(query, key, value, weights, turn), gradient| {
            let [batch, heads, time, head] = query.dims();
            let gradient = gradient.tensor::<3>().reshape([batch, time, heads, head]);
            let gradient = gradient.swap_dims(1, 2);
            let dvalue = weights.clone().swap_dims(2, 3).matmul(gradient.clone());
            let dweights = gradient.matmul(value.swap_dims(2, 3)) * weights.clone();
            let dscores = dweights.clone() - weights * dweights.sum_dim(3);
            let dquery = dscores.clone().matmul(key);
            let dkey = dscores.swap_dims(2, 3).matmul(query);
            let parts = [dquery, dkey, dvalue];
            let parts = parts.map(|part| part.reshape([1, batch, heads, time, 2, head / 2]));
            let parts = Tensor::cat(parts.into(), 0);
            // Turned back: the sines change their sign.
            let dqkv = parts.clone() * turn.straight - parts.flip([4]) * turn.across;
            let dqkv = dqkv.permute([1, 3, 0, 2, 4, 5]);
            [dqkv.reshape([batch, time, 3 * heads * head]).into()]
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        attention::plain,
        reference::{check_nan, compare, numbers},
        rotary::Positions,
    };

    fn turn(positions: &Positions, time: usize, half: usize) -> Turn {
        Turn::new(positions.tables(), (time, half), &Device::flex())
    }

    proptest! {
        #[test]
        fn attention_is_its_plain_body(
            batch in 1usize..3, time in 1usize..20, heads in 1usize..4, half in 1usize..10,
            size in prop_oneof![Just(1.0f32), Just(6.0f32)], seed: u64,
        ) {
            let shape = [batch, time, heads * 6 * half];
            let positions = Positions::new(time, 2 * half, &Device::flex().autodiff());
            let turn = turn(&positions, time, half);
            compare(
                &[numbers(shape.iter().product(), seed, size)],
                &|x| attention(x[0].clone().reshape(shape), heads, &turn).reshape([-1]),
                &|x| plain(x[0].clone().reshape(shape), heads, &positions).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let positions = Positions::new(19, 6, &Device::flex());
        let turn = turn(&positions, 19, 3);
        check_nan(&[numbers(19 * 3 * 12, 1, 1.0)], &|x| {
            attention(x[0].clone().reshape([1, 19, 36]), 2, &turn).reshape([-1])
        });
    }
}

//! Attention of one new token to those before it, whose keys and values are kept: what a model that writes token by token
//! needs, in place of reading all again for each.

use burn::{prelude::*, tensor::activation::softmax};

use crate::rotary::Positions;

/// The keys and values of a layer so far, room for all to come included: `[batch, heads, room, head]`.
#[derive(Debug, Clone)]
pub struct KeyValues {
    keys: Tensor<4>,
    values: Tensor<4>,
}

impl KeyValues {
    /// Of nothing yet, with room for so many tokens.
    pub fn new([batch, heads, room, head]: [usize; 4], device: &Device) -> Self {
        let zeros = || Tensor::zeros([batch, heads, room, head], device);
        Self {
            keys: zeros(),
            values: zeros(),
        }
    }

    /// Attention of the token at `place` to itself and those before it, from its `qkv`, `[batch, 1, 3d]`, which is kept as well. Gives
    /// the heads' outputs, `[batch, 1, d]`: those of [`attention`](crate::attention()) at that place.
    ///
    /// It takes the tensors and gives them back, for of what has one owner Burn copies nothing to write into it.
    pub fn attend(self, qkv: Tensor<3>, place: usize, positions: &Positions) -> (Tensor<3>, Self) {
        let [batch, heads, _, head] = self.keys.dims();
        let d = heads * head;
        let part = |k: usize| {
            let part = qkv.clone().narrow(2, k * d, d);
            part.reshape([batch, heads, 1, head])
        };
        let query = positions.rotate_at(part(0), place) / (head as f64).sqrt();
        let key = positions.rotate_at(part(1), place);
        let here = [0..batch, 0..heads, place..place + 1, 0..head];
        let keys = self.keys.slice_assign(here.clone(), key);
        let values = self.values.slice_assign(here, part(2));
        let seen = |all: &Tensor<4>| all.clone().narrow(2, 0, place + 1);
        let weights = softmax(query.matmul(seen(&keys).swap_dims(2, 3)), 3);
        let mixed = weights.matmul(seen(&values)).reshape([batch, 1, d]);
        (mixed, Self { keys, values })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;
    use crate::attention;

    #[test]
    fn token_by_token_is_all_at_once() {
        let device = Device::flex();
        let (batch, time, heads, head) = (3, 7, 2, 6);
        let d = heads * head;
        let positions = Positions::new(time, head, &device);
        let qkv: Tensor<3> = Tensor::random([batch, time, 3 * d], Distribution::Default, &device);
        let expected = attention(qkv.clone(), heads, &positions);
        let mut kept = KeyValues::new([batch, heads, time, head], &device);
        for place in 0..time {
            let (found, next) = kept.attend(qkv.clone().narrow(1, place, 1), place, &positions);
            kept = next;
            let apart = (found - expected.clone().narrow(1, place, 1)).abs().max();
            let apart = apart.into_scalar::<f32>();
            assert!(apart < 1e-5, "{place}: {apart}");
        }
    }
}

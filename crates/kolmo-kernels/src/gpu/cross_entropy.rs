//! Cross-entropy, split by role.

use burn::{prelude::*, tensor::IndexingUpdateOp};

use super::{by_hand, long::product_over_rows};
use crate::cross_entropy::{Loss, OnDevice};

/// Of `logits`, `[positions, vocabulary]`; a token's loss counts `weight` in the mean.
pub(crate) fn cross_entropy(logits: Tensor<2>, targets: &OnDevice, weight: f32) -> Loss {
    let [positions, _] = logits.dims();
    let ids = targets.ids.clone().inner().reshape([positions, 1]);
    let roles = targets.roles.clone().inner();
    let one_hot = targets.one_hot.clone().inner();
    let [_, count] = one_hot.dims();
    let mut sums = None;
    let mean = by_hand(
        [logits.into()],
        |[logits]| {
            let logits = logits.tensor::<2>();
            let max = logits.clone().max_dim(1);
            let log_sum = (logits.clone() - max.clone()).exp().sum_dim(1).log() + max;
            let nats = log_sum.clone() - logits.clone().gather(1, ids.clone());
            // One column a role; the row of a position without one is zero. No sum over what one is broadcast to
            // the other: merged with what is before it, it is of other values in Burn 0.22.1.
            let one_hot = one_hot.select(0, roles).cast(logits.dtype());
            let by_role = product_over_rows(nats, one_hot.clone()).reshape([count]);
            sums = Some(by_role.clone());
            let mean = by_role.sum_dim(0) * weight;
            (mean, (logits, log_sum, ids, one_hot, weight))
        },
        |(logits, log_sum, ids, one_hot, weight), gradient| {
            let counts = one_hot.sum_dim(1);
            let weights = counts * gradient.tensor::<1>().unsqueeze::<2>() * weight;
            let gradient = (logits - log_sum).exp() * weights.clone();
            let gradient = gradient.scatter(1, ids, weights * -1.0, IndexingUpdateOp::Add);
            [gradient.into()]
        },
    );
    let sums = sums.unwrap_or_else(|| unreachable!("the forward pass was made"));
    Loss { mean, sums }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        cross_entropy::{Output, plain, tests::targets},
        reference::{check_nan, compare, numbers},
    };

    proptest! {
        #[test]
        fn the_loss_is_its_plain_body(
            time in 1usize..20, vocabulary in 2usize..60,
            size in prop_oneof![Just(1.0f32), Just(9.0f32)], seed: u64,
        ) {
            let device = Device::flex();
            let targets = targets(time, vocabulary, seed);
            let there = targets.there(&device);
            let logits = |x: &Tensor<1>| x.clone().reshape([time, vocabulary]);
            // Logits themselves: a hidden state times the table of which each token has its own.
            let table = |x: &Tensor<1>| {
                let table = Tensor::<2>::eye(vocabulary, &x.device().without_autodiff());
                Output::Own(table.cast(x.dtype()))
            };
            let as_plain = |x: &Tensor<1>| plain(logits(x).unsqueeze(), table(x), &targets);
            let inputs = [numbers(time * vocabulary, seed, size)];
            compare(
                &inputs,
                &|x| cross_entropy(logits(&x[0]), &there, targets.weight).mean,
                &|x| as_plain(&x[0]).mean,
            )
            .map_err(TestCaseError::fail)?;
            // And the sums by role, which have no gradient.
            let x = Tensor::<1>::from_floats(inputs[0].as_slice(), &device);
            let host = |x: Tensor<1>| x.into_data().try_to_vec::<f32>().unwrap();
            let found = host(cross_entropy(logits(&x), &there, targets.weight).sums);
            for (found, expected) in found.iter().zip(host(as_plain(&x).sums)) {
                prop_assert!((found - expected).abs() <= 1e-5 * expected.abs().max(0.1));
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let mut targets = targets(4, 9, 1);
        targets.which = vec![Some(0); 4];
        let there = targets.there(&Device::flex());
        check_nan(&[numbers(36, 1, 1.0)], &|x| {
            cross_entropy(x[0].clone().reshape([4, 9]), &there, targets.weight).mean
        });
    }
}

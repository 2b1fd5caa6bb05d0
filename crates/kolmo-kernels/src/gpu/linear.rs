//! Products with weights, whose gradients fill a card.

use burn::prelude::*;

use super::{by_hand, long::product_over_rows};

/// x W, for x of `[batch, time, d_in]` and W of `[d_in, d_out]`: `[batch, time, d_out]`.
pub(crate) fn linear(x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let [batch, time, d_in] = x.dims();
    let [_, d_out] = weight.dims();
    let y = product(x.reshape([batch * time, d_in]), weight);
    y.reshape([batch, time, d_out])
}

/// x W, for x of `[positions, d_in]` and W of `[d_in, d_out]`: `[positions, d_out]`.
pub(crate) fn product(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    by_hand(
        [x.into(), weight.into()],
        |[x, weight]| {
            let (x, weight) = (x.tensor::<2>(), weight.tensor::<2>());
            (x.clone().matmul(weight.clone()), (x, weight))
        },
        |(x, weight), gradient| {
            let gradient = gradient.tensor::<2>();
            let dx = gradient.clone().matmul(weight.transpose());
            [dx.into(), product_over_rows(x, gradient).into()]
        },
    )
}

/// x Wᵀ, for x of `[positions, d]` and W of `[vocabulary, d]`: `[positions, vocabulary]`.
pub(crate) fn product_with_transposed(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    by_hand(
        [x.into(), weight.into()],
        |[x, weight]| {
            let (x, weight) = (x.tensor::<2>(), weight.tensor::<2>());
            (x.clone().matmul(weight.clone().transpose()), (x, weight))
        },
        |(x, weight), gradient| {
            let gradient = gradient.tensor::<2>();
            let dx = gradient.clone().matmul(weight);
            [dx.into(), product_over_rows(gradient, x).into()]
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        linear::plain,
        reference::{check_nan, compare, numbers},
    };

    proptest! {
        #[test]
        fn products_are_their_plain_bodies(
            batch in 1usize..40, time in 1usize..10, d_in in 1usize..20, d_out in 1usize..20, seed: u64,
        ) {
            let inputs = [numbers(batch * time * d_in, seed, 1.0), numbers(d_in * d_out, seed ^ 1, 1.0)];
            let three = |x: &Tensor<1>| x.clone().reshape([batch, time, d_in]);
            let two = |x: &Tensor<1>| x.clone().reshape([batch * time, d_in]);
            compare(
                &inputs,
                &|x| linear(three(&x[0]), x[1].clone().reshape([d_in, d_out])).reshape([-1]),
                &|x| plain(three(&x[0]), x[1].clone().reshape([d_in, d_out])).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
            let table = |x: &Tensor<1>| x.clone().reshape([d_out, d_in]);
            compare(
                &inputs,
                &|x| product_with_transposed(two(&x[0]), table(&x[1])).reshape([-1]),
                &|x| two(&x[0]).matmul(table(&x[1]).transpose()).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let inputs = [numbers(12, 1, 1.0), numbers(20, 2, 1.0)];
        let two = |x: &Tensor<1>| x.clone().reshape([3, 4]);
        check_nan(&inputs, &|x| {
            product(two(&x[0]), x[1].clone().reshape([4, 5])).reshape([-1])
        });
        check_nan(&inputs, &|x| {
            product_with_transposed(two(&x[0]), x[1].clone().reshape([5, 4])).reshape([-1])
        });
    }
}

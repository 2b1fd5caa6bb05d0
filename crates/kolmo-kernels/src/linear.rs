//! Linear layers, with what comes before or after them.

use burn::prelude::*;

use crate::{
    flex::{Values, fused, is_flex},
    gpu::{self, is_gpu},
    product::{Matrix, add_product, product},
};

/// x W, for x of `[batch, time, d_in]` and W of `[d_in, d_out]`: `[batch, time, d_out]`.
pub fn linear(x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    if is_gpu(&x.device()) {
        return gpu::linear::linear(x, weight);
    }
    if !is_flex(&x.device()) {
        return plain(x, weight);
    }
    fused(
        [x.into(), weight.into()],
        |[x, weight], _| {
            let ([batch, time, _], [_, d_out]) = (x.shape(), weight.shape());
            let y = product(rows(&x), matrix(&weight));
            (Values::new(y, [batch, time, d_out]), (x, weight))
        },
        |(x, weight), gradient| gradients(&x, &weight, &gradient),
    )
}

/// `residual` + x W, in one pass; shapes as of [`linear`], `residual` as its result.
pub fn linear_add(residual: Tensor<3>, x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    if is_gpu(&x.device()) {
        return residual + gpu::linear::linear(x, weight);
    }
    if !is_flex(&x.device()) {
        return residual + plain(x, weight);
    }
    fused(
        [residual.into(), x.into(), weight.into()],
        |[mut residual, x, weight], _| {
            add_product(residual.get_mut(), rows(&x), matrix(&weight));
            (residual, (x, weight))
        },
        |(x, weight), gradient| {
            let [dx, dweight] = gradients(&x, &weight, &gradient);
            [gradient, dx, dweight]
        },
    )
}

/// As one matrix product.
pub(crate) fn plain(x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let [batch, time, d_in] = x.dims();
    let [_, d_out] = weight.dims();
    let y = x.reshape([batch * time, d_in]).matmul(weight);
    y.reshape([batch, time, d_out])
}

fn gradients(x: &Values, weight: &Values, gradient: &Values) -> [Values; 2] {
    let dx = product(rows(gradient), matrix(weight).transposed());
    let dweight = product(rows(x).transposed(), rows(gradient));
    [
        Values::new(dx, x.shape::<3>()),
        Values::new(dweight, weight.shape::<2>()),
    ]
}

/// `[batch, time, width]` as a matrix of batch · time rows.
pub(crate) fn rows(x: &Values) -> Matrix<'_> {
    let [batch, time, width] = x.shape();
    Matrix::new(x.get(), batch * time, width)
}

pub(crate) fn matrix(weight: &Values) -> Matrix<'_> {
    let [down, right] = weight.shape();
    Matrix::new(weight.get(), down, right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{check_nan, compare, numbers};

    proptest! {
        #[test]
        fn products_with_and_without_a_residual_are_their_plain_bodies(
            batch in 1usize..4, time in 1usize..6, d_in in 1usize..50, d_out in 1usize..50, seed: u64,
        ) {
            let inputs = [
                numbers(batch * time * d_in, seed, 1.0),
                numbers(d_in * d_out, seed ^ 1, 1.0),
                numbers(batch * time * d_out, seed ^ 2, 1.0),
            ];
            let x = |x: &[Tensor<1>]| x[0].clone().reshape([batch, time, d_in]);
            let weight = |x: &[Tensor<1>]| x[1].clone().reshape([d_in, d_out]);
            let residual = |x: &[Tensor<1>]| x[2].clone().reshape([batch, time, d_out]);
            compare(
                &inputs[..2],
                &|i| linear(x(i), weight(i)).reshape([-1]),
                &|i| plain(x(i), weight(i)).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
            compare(
                &inputs,
                &|i| linear_add(residual(i), x(i), weight(i)).reshape([-1]),
                &|i| (residual(i) + plain(x(i), weight(i))).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let inputs = [
            numbers(12, 1, 1.0),
            numbers(20, 2, 1.0),
            numbers(15, 3, 1.0),
        ];
        check_nan(&inputs, &|i| {
            let (x, weight) = (
                i[0].clone().reshape([1, 3, 4]),
                i[1].clone().reshape([4, 5]),
            );
            linear_add(i[2].clone().reshape([1, 3, 5]), x, weight).reshape([-1])
        });
    }
}

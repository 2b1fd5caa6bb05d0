//! LayerNorm and RMSNorm over the last axis.

use burn::prelude::*;

use super::{by_hand, long::sum_of_positions};

pub(crate) fn layer_norm(
    x: Tensor<3>,
    gain: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f32,
) -> Tensor<3> {
    by_hand(
        [x.into(), gain.into(), bias.into()],
        |[x, gain, bias]| {
            let [gain, bias] = [gain, bias].map(|x| x.tensor::<1>().unsqueeze::<3>());
            let x = x.tensor::<3>();
            let mean = x.clone().mean_dim(2);
            let centred = x.clone() - mean.clone();
            let variance = (centred.clone() * centred.clone()).mean_dim(2);
            let scale = (variance + epsilon).sqrt().recip();
            let y = centred * scale.clone() * gain.clone() + bias;
            (y, (x, gain, mean, scale))
        },
        |(x, gain, mean, scale), gradient| {
            let gradient = gradient.tensor::<3>();
            let normalised = (x - mean) * scale.clone();
            let inner = gradient.clone() * gain;
            let along = (inner.clone() * normalised.clone()).mean_dim(2);
            let dx = (inner.clone() - inner.mean_dim(2) - normalised.clone() * along) * scale;
            let dgain = sum_of_positions(gradient.clone() * normalised);
            [dx.into(), dgain.into(), sum_of_positions(gradient).into()]
        },
    )
}

pub(crate) fn rms_norm(x: Tensor<3>, gain: Tensor<1>, epsilon: f32) -> Tensor<3> {
    by_hand(
        [x.into(), gain.into()],
        |[x, gain]| {
            let gain = gain.tensor::<1>().unsqueeze::<3>();
            let x = x.tensor::<3>();
            let mean_square = (x.clone() * x.clone()).mean_dim(2);
            let scale = (mean_square + epsilon).sqrt().recip();
            let y = x.clone() * scale.clone() * gain.clone();
            (y, (x, gain, scale))
        },
        |(x, gain, scale), gradient| {
            let gradient = gradient.tensor::<3>();
            let normalised = x * scale.clone();
            let inner = gradient.clone() * gain;
            let along = (inner.clone() * normalised.clone()).mean_dim(2);
            let dx = (inner - normalised.clone() * along) * scale;
            [dx.into(), sum_of_positions(gradient * normalised).into()]
        },
    )
}

#[cfg(test)]
mod tests {
    use burn::tensor::module;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        norm::{plain_rms_norm, tests::inputs},
        reference::{check_nan, compare},
    };

    const EPSILON: f32 = 1e-5;

    proptest! {
        #[test]
        fn both_are_their_plain_bodies(rows in 1usize..6, d in 2usize..70, seed: u64) {
            let inputs = inputs(rows, d, seed);
            let three = |x: &Tensor<1>| x.clone().reshape([rows, 1, d]);
            compare(
                &inputs,
                &|x| layer_norm(three(&x[0]), x[1].clone(), x[2].clone(), EPSILON).reshape([-1]),
                &|x| {
                    let bias = Some(x[2].clone());
                    module::layer_norm(three(&x[0]), x[1].clone(), bias, EPSILON.into()).reshape([-1])
                },
            )
            .map_err(TestCaseError::fail)?;
            compare(
                &inputs[..2],
                &|x| rms_norm(three(&x[0]), x[1].clone(), EPSILON).reshape([-1]),
                &|x| plain_rms_norm(three(&x[0]), x[1].clone(), EPSILON).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let inputs = inputs(3, 37, 5);
        let three = |x: &Tensor<1>| x.clone().reshape([3, 1, 37]);
        check_nan(&inputs, &|x| {
            layer_norm(three(&x[0]), x[1].clone(), x[2].clone(), EPSILON).reshape([-1])
        });
        check_nan(&inputs[..2], &|x| {
            rms_norm(three(&x[0]), x[1].clone(), EPSILON).reshape([-1])
        });
    }
}

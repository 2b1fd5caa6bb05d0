//! GELU, and SiLU with a gate: one kernel forward, one backward.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::prelude::*;

use super::by_hand;
use crate::activation::plain_gelu;

/// The density of the standard normal at 0.
const DENSITY_AT_0: f64 = 0.398_942_280_401_432_7;

pub(crate) fn gelu(x: Tensor<3>) -> Tensor<3> {
    by_hand(
        [x.into()],
        |[x]| {
            let x = x.tensor();
            (plain_gelu(x.clone()), x)
        },
        |x, gradient| {
            // Φ(x) + x φ(x)
            let below = (x.clone() * FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
            let density = (x.clone() * x.clone() * -0.5).exp() * DENSITY_AT_0;
            [(gradient.tensor() * (below + x * density)).into()]
        },
    )
}

pub(crate) fn swiglu(gate: Tensor<3>, up: Tensor<3>) -> Tensor<3> {
    by_hand(
        [gate.into(), up.into()],
        |[gate, up]| {
            let (gate, up) = (gate.tensor(), up.tensor());
            let y = gate.clone() * sigmoid(gate.clone()) * up.clone();
            (y, (gate, up))
        },
        |(gate, up), gradient| {
            let gradient = gradient.tensor();
            let sigmoid = sigmoid(gate.clone());
            let silu = gate * sigmoid.clone();
            let slope = silu.clone() * (sigmoid.clone() * -1.0 + 1.0) + sigmoid;
            let dgate = gradient.clone() * up * slope;
            [dgate.into(), (gradient * silu).into()]
        },
    )
}

fn sigmoid(x: Tensor<3>) -> Tensor<3> {
    ((x * -1.0).exp() + 1.0).recip()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        activation::plain_swiglu,
        reference::{check_nan, compare, numbers},
    };

    proptest! {
        #[test]
        fn both_are_their_plain_bodies(rows in 1usize..5, d in 1usize..70, size in 0.01f32..12.0, seed: u64) {
            let inputs = [1, 2].map(|k| numbers(rows * d, seed ^ k, size));
            let three = |x: &Tensor<1>| x.clone().reshape([1, rows, d]);
            compare(
                &inputs[..1],
                &|x| gelu(three(&x[0])).reshape([-1]),
                &|x| plain_gelu(three(&x[0])).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
            compare(
                &inputs,
                &|x| swiglu(three(&x[0]), three(&x[1])).reshape([-1]),
                &|x| plain_swiglu(three(&x[0]), three(&x[1])).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let inputs = [1, 2].map(|seed| numbers(33, seed, 3.0));
        let three = |x: &Tensor<1>| x.clone().reshape([1, 1, 33]);
        check_nan(&inputs[..1], &|x| gelu(three(&x[0])).reshape([-1]));
        check_nan(&inputs, &|x| {
            swiglu(three(&x[0]), three(&x[1])).reshape([-1])
        });
    }
}

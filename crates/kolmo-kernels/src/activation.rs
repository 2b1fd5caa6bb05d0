//! GELU, and SiLU with a gate.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::{prelude::*, tensor::activation::silu};
use multiversion::multiversion;

use crate::{
    flex::{Values, fused, is_flex},
    gpu::{self, is_gpu},
    simd,
};

/// x Φ(x), with Φ the distribution function of the standard normal (Hendrycks & Gimpel 2016).
pub fn gelu(x: Tensor<3>) -> Tensor<3> {
    if is_gpu(&x.device()) {
        return gpu::activation::gelu(x);
    }
    if !is_flex(&x.device()) {
        return plain_gelu(x);
    }
    fused(
        [x.into()],
        |[mut x], tracked| {
            let shape = x.shape::<3>();
            if !tracked {
                gelu_in_place(x.get_mut());
                return (x.clone(), x);
            }
            let mut y = vec![0.0; x.get().len()];
            gelu_and_slope(x.get_mut(), &mut y);
            (Values::new(y, shape), x)
        },
        |mut slope, gradient| {
            multiply(slope.get_mut(), gradient.get());
            [slope]
        },
    )
}

/// silu(gate) · up, with silu(x) = x / (1 + e⁻ˣ): SwiGLU between its projections (Shazeer 2020).
pub fn swiglu(gate: Tensor<3>, up: Tensor<3>) -> Tensor<3> {
    if is_gpu(&gate.device()) {
        return gpu::activation::swiglu(gate, up);
    }
    if !is_flex(&gate.device()) {
        return plain_swiglu(gate, up);
    }
    fused(
        [gate.into(), up.into()],
        |[mut gate, mut up], _| {
            let mut y = vec![0.0; gate.get().len()];
            swiglu_and_slopes(gate.get_mut(), up.get_mut(), &mut y);
            (Values::new(y, gate.shape::<3>()), (gate, up))
        },
        |(mut slope_gate, mut slope_up), gradient| {
            multiply(slope_gate.get_mut(), gradient.get());
            multiply(slope_up.get_mut(), gradient.get());
            [slope_gate, slope_up]
        },
    )
}

/// Not Burn's: the gradient of that one is exact on flex alone, and elsewhere that of an approximation
/// by tanh with constants of five digits, so that no two kinds of device train alike.
pub(crate) fn plain_gelu(x: Tensor<3>) -> Tensor<3> {
    let twice = (x.clone() * FRAC_1_SQRT_2).erf() + 1.0;
    x * twice * 0.5
}

pub(crate) fn plain_swiglu(gate: Tensor<3>, up: Tensor<3>) -> Tensor<3> {
    silu(gate) * up
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn gelu_in_place(x: &mut [f32]) {
    for x in x {
        *x *= simd::normal(*x).0;
    }
}

/// y = gelu(x), and x becomes gelu'(x): the two share what is slow.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn gelu_and_slope(x: &mut [f32], y: &mut [f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        let (below, density) = simd::normal(*x);
        *y = *x * below;
        *x = x.mul_add(density, below);
    }
}

/// y = silu(gate) · up, and gate and up become the slopes of y in them.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn swiglu_and_slopes(gate: &mut [f32], up: &mut [f32], y: &mut [f32]) {
    for ((gate, up), y) in gate.iter_mut().zip(up).zip(y) {
        let sigmoid = simd::sigmoid(*gate);
        let silu = *gate * sigmoid;
        *y = silu * *up;
        *gate = *up * silu.mul_add(1.0 - sigmoid, sigmoid);
        *up = silu;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn multiply(x: &mut [f32], by: &[f32]) {
    for (x, by) in x.iter_mut().zip(by) {
        *x *= by;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{check_nan, compare, numbers};

    proptest! {
        #[test]
        fn gelu_is_its_plain_body(rows in 1usize..5, d in 1usize..70, size in 0.01f32..12.0, seed: u64) {
            let x = numbers(rows * d, seed, size);
            let shape = [1, rows, d];
            let flat = |y: Tensor<3>| y.reshape([-1]);
            compare(
                &[x],
                &|x| flat(gelu(x[0].clone().reshape(shape))),
                &|x| flat(plain_gelu(x[0].clone().reshape(shape))),
            )
            .map_err(TestCaseError::fail)?;
        }

        #[test]
        fn swiglu_is_its_plain_body(rows in 1usize..5, d in 1usize..70, size in 0.01f32..12.0, seed: u64) {
            let inputs = [1, 2].map(|k| numbers(rows * d, seed ^ k, size));
            let shape = [rows, 1, d];
            let three = |x: &Tensor<1>| x.clone().reshape(shape);
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

//! LayerNorm and RMSNorm over the last axis.

use burn::{prelude::*, tensor::module};
use multiversion::multiversion;

use crate::{
    flex::{Values, fused, is_flex},
    gpu::{self, is_gpu},
    simd,
    vector::dispatch,
};

mod abreast;

use abreast::{LayerForward, RmsForward};

/// (x − mean) / √(variance + ε) · gain + bias over the last axis (Ba, Kiros & Hinton 2016), for x of
/// `[batch, time, d]`, gain and bias of `[d]`.
pub fn layer_norm(x: Tensor<3>, gain: Tensor<1>, bias: Tensor<1>, epsilon: f32) -> Tensor<3> {
    if is_gpu(&x.device()) {
        return gpu::norm::layer_norm(x, gain, bias, epsilon);
    }
    if !is_flex(&x.device()) {
        return module::layer_norm(x, gain, Some(bias), epsilon.into());
    }
    fused(
        [x.into(), gain.into(), bias.into()],
        |[x, gain, bias], _| {
            let shape = x.shape::<3>();
            let mut y = vec![0.0; x.get().len()];
            let mut rows = vec![(0.0, 0.0); shape[0] * shape[1]];
            layer_norm_forward(LayerForward {
                x: x.get(),
                gain: gain.get(),
                bias: bias.get(),
                epsilon,
                y: &mut y,
                rows: &mut rows,
            });
            (Values::new(y, shape), (x, gain, rows))
        },
        |(x, gain, rows), gradient| {
            let shape = x.shape::<3>();
            let mut dx = vec![0.0; x.get().len()];
            let [mut dgain, mut dbias] = [(); 2].map(|()| vec![0.0; shape[2]]);
            let values = (x.get(), gain.get(), gradient.get());
            layer_norm_backward(values, &rows, (&mut dx, &mut dgain, &mut dbias));
            [
                Values::new(dx, shape),
                Values::new(dgain, [shape[2]]),
                Values::new(dbias, [shape[2]]),
            ]
        },
    )
}

/// x / √(mean square + ε) · gain over the last axis (Zhang & Sennrich 2019), for x of `[batch, time, d]`,
/// gain of `[d]`.
pub fn rms_norm(x: Tensor<3>, gain: Tensor<1>, epsilon: f32) -> Tensor<3> {
    if is_gpu(&x.device()) {
        return gpu::norm::rms_norm(x, gain, epsilon);
    }
    if !is_flex(&x.device()) {
        return plain_rms_norm(x, gain, epsilon);
    }
    fused(
        [x.into(), gain.into()],
        |[x, gain], _| {
            let shape = x.shape::<3>();
            let mut y = vec![0.0; x.get().len()];
            let mut scales = vec![0.0; shape[0] * shape[1]];
            rms_norm_forward(RmsForward {
                x: x.get(),
                gain: gain.get(),
                epsilon,
                y: &mut y,
                scales: &mut scales,
            });
            (Values::new(y, shape), (x, gain, scales))
        },
        |(x, gain, scales), gradient| {
            let shape = x.shape::<3>();
            let mut dx = vec![0.0; x.get().len()];
            let mut dgain = vec![0.0; shape[2]];
            let values = (x.get(), gain.get(), gradient.get());
            rms_norm_backward(values, &scales, (&mut dx, &mut dgain));
            [Values::new(dx, shape), Values::new(dgain, [shape[2]])]
        },
    )
}

pub(crate) fn plain_rms_norm(x: Tensor<3>, gain: Tensor<1>, epsilon: f32) -> Tensor<3> {
    let mean_square = x.clone().square().mean_dim(2);
    let scale = (mean_square + epsilon).sqrt().recip();
    x * scale * gain.unsqueeze::<3>()
}

fn layer_norm_forward(of: LayerForward<'_>) {
    match abreast::serves(of.gain.len()) {
        true => dispatch(of),
        false => layer_norm_by_row(of),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn layer_norm_by_row<'a>(of: LayerForward<'a>) {
    let LayerForward {
        x,
        gain,
        bias,
        epsilon,
        y,
        rows,
    } = of;
    let d = gain.len();
    let width = d as f32;
    for ((x, y), row) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)).zip(rows) {
        let mean = simd::sum(x, |x| x) / width;
        let variance = simd::sum(x, |x| (x - mean) * (x - mean)) / width;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for (((y, x), gain), bias) in y.iter_mut().zip(x).zip(gain).zip(bias) {
            *y = ((x - mean) * scale).mul_add(*gain, *bias);
        }
        *row = (mean, scale);
    }
}

fn layer_norm_backward(
    values: (&[f32], &[f32], &[f32]),
    rows: &[(f32, f32)],
    into: (&mut [f32], &mut [f32], &mut [f32]),
) {
    match abreast::serves(values.1.len()) {
        true => dispatch(abreast::LayerBackward { values, rows, into }),
        false => layer_norm_backward_by_row(values, rows, into),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn layer_norm_backward_by_row(
    (x, gain, gradient): (&[f32], &[f32], &[f32]),
    rows: &[(f32, f32)],
    (dx, dgain, dbias): (&mut [f32], &mut [f32], &mut [f32]),
) {
    let d = gain.len();
    let width = d as f32;
    let values = x.chunks_exact(d).zip(gradient.chunks_exact(d));
    for (((x, gradient), dx), &(mean, scale)) in values.zip(dx.chunks_exact_mut(d)).zip(rows) {
        // x normalised and the gradient of that, both kept in dx until their sums are known.
        for k in 0..d {
            let normalised = (x[k] - mean) * scale;
            dgain[k] = gradient[k].mul_add(normalised, dgain[k]);
            dbias[k] += gradient[k];
            dx[k] = gradient[k] * gain[k];
        }
        let mean_gradient = simd::sum(dx, |g| g) / width;
        let along = simd::sum2(dx, x, |g, x| g * (x - mean)) * scale / width;
        for (dx, x) in dx.iter_mut().zip(x) {
            let normalised = (x - mean) * scale;
            *dx = scale * (-along).mul_add(normalised, *dx - mean_gradient);
        }
    }
}

fn rms_norm_forward(of: RmsForward<'_>) {
    match abreast::serves(of.gain.len()) {
        true => dispatch(of),
        false => rms_norm_by_row(of),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn rms_norm_by_row<'a>(of: RmsForward<'a>) {
    let RmsForward {
        x,
        gain,
        epsilon,
        y,
        scales,
    } = of;
    let d = gain.len();
    for ((x, y), scale) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)).zip(scales) {
        *scale = 1.0 / (simd::sum(x, |x| x * x) / d as f32 + epsilon).sqrt();
        for ((y, x), gain) in y.iter_mut().zip(x).zip(gain) {
            *y = x * *scale * gain;
        }
    }
}

fn rms_norm_backward(
    values: (&[f32], &[f32], &[f32]),
    scales: &[f32],
    into: (&mut [f32], &mut [f32]),
) {
    match abreast::serves(values.1.len()) {
        true => dispatch(abreast::RmsBackward {
            values,
            scales,
            into,
        }),
        false => rms_norm_backward_by_row(values, scales, into),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn rms_norm_backward_by_row(
    (x, gain, gradient): (&[f32], &[f32], &[f32]),
    scales: &[f32],
    (dx, dgain): (&mut [f32], &mut [f32]),
) {
    let d = gain.len();
    let values = x.chunks_exact(d).zip(gradient.chunks_exact(d));
    for (((x, gradient), dx), &scale) in values.zip(dx.chunks_exact_mut(d)).zip(scales) {
        for k in 0..d {
            dgain[k] = gradient[k].mul_add(x[k] * scale, dgain[k]);
            dx[k] = gradient[k] * gain[k];
        }
        let along = simd::sum2(dx, x, |g, x| g * x) * scale * scale / d as f32;
        for (dx, x) in dx.iter_mut().zip(x) {
            *dx = scale * (-along).mul_add(*x, *dx);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{check_nan, compare, numbers};

    const EPSILON: f32 = 1e-5;

    pub(crate) fn inputs(rows: usize, d: usize, seed: u64) -> [Vec<f32>; 3] {
        let [gain, bias] = [1, 2].map(|k| numbers(d, seed ^ k, 1.5));
        // Apart by at least one: where all of a row are nearly equal, float32 does not know their differences.
        let x = numbers(rows * d, seed, 0.5)
            .into_iter()
            .zip([1.0, -1.0].into_iter().cycle());
        [x.map(|(x, sign)| x + sign).collect(), gain, bias]
    }

    proptest! {
        #[test]
        fn layer_norm_is_its_plain_body(rows in 1usize..40, d in 2usize..70, seed: u64) {
            let three = |x: &Tensor<1>| x.clone().reshape([rows, 1, d]);
            compare(
                &inputs(rows, d, seed),
                &|x| layer_norm(three(&x[0]), x[1].clone(), x[2].clone(), EPSILON).reshape([-1]),
                &|x| {
                    let bias = Some(x[2].clone());
                    module::layer_norm(three(&x[0]), x[1].clone(), bias, EPSILON.into()).reshape([-1])
                },
            )
            .map_err(TestCaseError::fail)?;
        }

        #[test]
        fn rms_norm_is_its_plain_body(rows in 1usize..40, d in 1usize..70, seed: u64) {
            let three = |x: &Tensor<1>| x.clone().reshape([1, rows, d]);
            compare(
                &inputs(rows, d, seed)[..2],
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

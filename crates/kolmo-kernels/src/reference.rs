//! For tests: an operation against its plain body in double precision, forward and every gradient.

use burn::{
    prelude::*,
    tensor::{DType, TensorCreationOptions, TensorData},
};

/// The largest relative error allowed.
const BOUND: f64 = 1e-5;

/// Numbers from -`size` to `size`, another sequence for every seed.
pub fn numbers(count: usize, seed: u64, size: f32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| size * next()).collect()
}

/// An operation of flattened tensors, with a flattened result.
pub type Flattened<'a> = &'a dyn Fn(&[Tensor<1>]) -> Tensor<1>;

/// Holds `fused` on float32 against `plain` on float64: the result, and the gradient of its weighted sum in
/// each of `inputs`. Gives the first that is further off than it may be.
pub fn compare(
    inputs: &[Vec<f32>],
    fused: Flattened<'_>,
    plain: Flattened<'_>,
) -> Result<(), String> {
    let found = run(inputs, fused, DType::F32);
    let expected = run(inputs, plain, DType::F64);
    for (k, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found.len(), expected.len());
        let difference: f64 = found
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b).powi(2))
            .sum();
        let size: f64 = expected.iter().map(|b| b * b).sum();
        // What is far below one is what is left of terms of about one that cancel: no float32 knows it better.
        let error = (difference / size.max(1e-2 * expected.len() as f64)).sqrt();
        if error.is_nan() || error > BOUND {
            let what = match k {
                0 => "the result".to_owned(),
                k => format!("the gradient of input {}", k - 1),
            };
            return Err(format!("{what} is off by {error:.1e} of {size:.1e}"));
        }
    }
    Ok(())
}

fn run(inputs: &[Vec<f32>], operation: Flattened<'_>, dtype: DType) -> Vec<Vec<f64>> {
    let device = Device::flex().autodiff();
    let tensor = |values: &Vec<f32>| {
        let data = TensorData::new(values.clone(), [values.len()]).convert_dtype(dtype);
        Tensor::<1>::from_data(
            data,
            TensorCreationOptions::new(device.clone()).with_dtype(dtype),
        )
    };
    let inputs: Vec<_> = inputs.iter().map(|x| tensor(x).require_grad()).collect();
    let y = operation(&inputs);
    let weights = numbers(y.dims()[0], 99, 1.0);
    let gradients = (y.clone() * tensor(&weights)).sum().backward();
    let mut all = vec![host(y.inner())];
    for input in &inputs {
        let gradient = input.grad(&gradients);
        all.push(gradient.map_or(Vec::new(), host));
    }
    all
}

fn host(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_to_vec().unwrap()
}

/// Whether every number of the result of `fused` is one, and none is when any single one of `inputs` is not.
pub fn check_nan(inputs: &[Vec<f32>], fused: Flattened<'_>) {
    let device = Device::flex();
    let run = |inputs: &[Vec<f32>]| {
        let tensor = |x: &Vec<f32>| Tensor::from_floats(x.as_slice(), &device);
        host(fused(&inputs.iter().map(tensor).collect::<Vec<_>>()))
    };
    assert!(run(inputs).iter().all(|y| y.is_finite()));
    for k in 0..inputs.len() {
        let mut broken = inputs.to_vec();
        let middle = broken[k].len() / 2;
        broken[k][middle] = f32::NAN;
        let nans = run(&broken).iter().filter(|y| y.is_nan()).count();
        assert!(nans > 0, "input {k} is not a number, and nobody sees it");
    }
}

//! The output layer with its cross-entropy, split by role.

use burn::{
    prelude::*,
    tensor::{Int, TensorData, activation::log_softmax},
};
use multiversion::multiversion;

use crate::{
    flex::{Values, fused, is_flex},
    gpu::{self, is_gpu},
    product::{Matrix, add_product, store_product},
    simd,
};

/// What is to be predicted at each position of a batch.
#[derive(Debug, Clone)]
pub struct Targets {
    /// Tokens, `[batch · time]`.
    pub ids: Vec<u32>,
    /// The role of each, below `roles`; none where nothing is to be predicted.
    pub which: Vec<Option<u16>>,
    /// Number of roles.
    pub roles: usize,
    /// What one token's loss counts in the mean: 1 / tokens of the whole batch, of which this may be a part.
    pub weight: f32,
    /// The same where the model is; none for flex, which reads the above.
    pub on_device: Option<OnDevice>,
}

/// What is to be predicted, on a device.
#[derive(Debug, Clone)]
pub struct OnDevice {
    /// Tokens, `[batch · time]`.
    pub ids: Tensor<1, Int>,
    /// The role of each, or [`Targets::roles`] for none, `[batch · time]`.
    pub roles: Tensor<1, Int>,
    /// One row a role, one in its own column and zero elsewhere, and a row of zeros for none,
    /// `[roles + 1, roles]`. Always the same, so it is made once.
    pub one_hot: Tensor<2>,
}

/// The loss of a batch.
#[derive(Debug, Clone)]
pub struct Loss {
    /// What is minimised: Σ loss · weight, nats, `[1]`.
    pub mean: Tensor<1>,
    /// Sums by role, nats, `[roles]`; not part of the graph.
    pub sums: Tensor<1>,
}

/// The output layer.
#[derive(Debug, Clone)]
pub enum Output {
    /// A table of its own, `[d, vocabulary]`.
    Own(Tensor<2>),
    /// The embedding table, `[vocabulary, d]`.
    Tied(Tensor<2>),
}

/// Cross-entropy of the softmax of `hidden`, `[batch, time, d]`, times the output layer.
///
/// # Panics
/// If a token is beyond the vocabulary.
pub fn cross_entropy(hidden: Tensor<3>, output: Output, targets: &Targets) -> Loss {
    if is_gpu(&hidden.device()) {
        let [batch, time, d] = hidden.dims();
        let hidden = hidden.reshape([batch * time, d]);
        let logits = match output {
            Output::Own(weight) => gpu::linear::product(hidden, weight),
            Output::Tied(table) => gpu::linear::product_with_transposed(hidden, table),
        };
        let there = targets.there(&logits.device());
        return gpu::cross_entropy::cross_entropy(logits, &there, targets.weight);
    }
    if !is_flex(&hidden.device()) {
        return plain(hidden, output, targets);
    }
    let (weight, tied) = match output {
        Output::Own(weight) => (weight, false),
        Output::Tied(weight) => (weight, true),
    };
    let device = hidden.device().without_autodiff();
    let mut sums = Vec::new();
    let mean = fused(
        [hidden.into(), weight.into()],
        |[hidden, weight], tracked| {
            let mut pass = Pass::new(&hidden, &weight, tied, targets, tracked);
            pass.run();
            let mean: f64 = pass.sums.iter().sum::<f64>() * f64::from(targets.weight);
            sums = pass.sums.iter().map(|sum| *sum as f32).collect();
            let kept = tracked.then(|| {
                let dhidden = Values::new(pass.dhidden, hidden.shape::<3>());
                (dhidden, Values::new(pass.dweight, weight.shape::<2>()))
            });
            (Values::new(vec![mean as f32], [1]), kept)
        },
        |kept, gradient| {
            let Some((mut dhidden, mut dweight)) = kept else {
                unreachable!("a backward pass of what was tracked");
            };
            let scale = gradient.get()[0];
            // Of a sum it is one, and the gradients are what they are already.
            if scale != 1.0 {
                multiply(dhidden.get_mut(), scale);
                multiply(dweight.get_mut(), scale);
            }
            [dhidden, dweight]
        },
    );
    let sums = Tensor::from_data(TensorData::new(sums, [targets.roles]), &device);
    Loss { mean, sums }
}

pub(crate) fn plain(hidden: Tensor<3>, output: Output, targets: &Targets) -> Loss {
    let logits = logits(hidden, output);
    let [positions, _] = logits.dims();
    let dtype = logits.dtype();
    let there = targets.there(&logits.device());
    let log_probabilities = log_softmax(logits, 1);
    let nats = log_probabilities.gather(1, there.ids.reshape([positions, 1]));
    // One column a role; the row of a position without one is zero.
    let one_hot = there.one_hot.select(0, there.roles);
    let sums = nats.neg().transpose().matmul(one_hot.cast(dtype));
    let sums = sums.reshape([targets.roles]);
    Loss {
        mean: sums.clone().sum() * targets.weight,
        sums: sums.inner(),
    }
}

/// `[batch · time, vocabulary]`.
fn logits(hidden: Tensor<3>, output: Output) -> Tensor<2> {
    let [batch, time, d] = hidden.dims();
    let hidden = hidden.reshape([batch * time, d]);
    hidden.matmul(match output {
        Output::Own(weight) => weight,
        Output::Tied(weight) => weight.transpose(),
    })
}

impl Targets {
    /// Ids and roles, `roles` for none.
    pub fn values(&self) -> Vec<i32> {
        let none = self.roles as i32;
        let roles = self.which.iter().map(|role| role.map_or(none, i32::from));
        self.ids.iter().map(|id| *id as i32).chain(roles).collect()
    }

    /// [`OnDevice::one_hot`] of so many roles.
    pub fn one_hot(roles: usize, device: &Device) -> Tensor<2> {
        let values = (0..(roles + 1) * roles).map(|k| f32::from(k / roles == k % roles));
        let values = TensorData::new(values.collect::<Vec<f32>>(), [roles + 1, roles]);
        Tensor::from_data(values, device)
    }

    pub(crate) fn there(&self, device: &Device) -> OnDevice {
        self.on_device.clone().unwrap_or_else(|| {
            let positions = self.ids.len();
            let values = TensorData::new(self.values(), [2 * positions]);
            let values = Tensor::<1, Int>::from_data(values, device);
            OnDevice {
                ids: values.clone().narrow(0, 0, positions),
                roles: values.narrow(0, positions, positions),
                one_hot: Self::one_hot(self.roles, device),
            }
        })
    }
}

/// ln Σ exp(x), stable; not a number if one of x is not.
pub fn log_sum_exp(x: &[f32]) -> f32 {
    exp_sum(x)
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn exp_sum(x: &[f32]) -> f32 {
    let max = simd::max(x, f32::MIN);
    max + simd::sum(x, |x| simd::exp(x - max)).ln()
}

/// The largest of x, -∞ of none; not a number if one of x is not.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
pub fn largest(x: &[f32]) -> f32 {
    simd::max(x, f32::NEG_INFINITY)
}

/// exp(x − max x) of each, into `into`: in proportion to the probabilities that logits x stand for; not numbers if one of x
/// is none. Summed in f64 they lose nothing more.
pub fn exponentials(x: &[f32], into: &mut Vec<f64>) {
    let max = largest(x);
    into.clear();
    into.resize(x.len(), 0.0);
    exp_into(x, max, into);
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn exp_into(x: &[f32], max: f32, into: &mut [f64]) {
    for (into, x) in into.iter_mut().zip(x) {
        *into = f64::from(simd::exp(x - max));
    }
}

/// The output layer over all positions that count, a chunk at a time.
struct Pass<'a> {
    hidden: &'a [f32],
    output: Matrix<'a>,
    tied: bool,
    targets: &'a Targets,
    tracked: bool,
    d: usize,
    vocabulary: usize,
    sums: Vec<f64>,
    /// `[batch · time, d]`; empty unless tracked.
    dhidden: Vec<f32>,
    /// Of the shape of the weight; empty unless tracked.
    dweight: Vec<f32>,
}

impl<'a> Pass<'a> {
    /// Positions whose logits are there at once.
    const CHUNK: usize = 256;

    fn new(
        hidden: &'a Values,
        weight: &'a Values,
        tied: bool,
        targets: &'a Targets,
        tracked: bool,
    ) -> Self {
        let [_, _, d] = hidden.shape();
        let [down, right] = weight.shape();
        let matrix = Matrix::new(weight.get(), down, right);
        let size = |values: &Values| if tracked { values.get().len() } else { 0 };
        Self {
            hidden: hidden.get(),
            output: if tied { matrix.transposed() } else { matrix },
            tied,
            targets,
            tracked,
            d,
            vocabulary: if tied { down } else { right },
            sums: vec![0.0; targets.roles],
            dhidden: vec![0.0; size(hidden)],
            dweight: vec![0.0; size(weight)],
        }
    }

    fn run(&mut self) {
        let which = self.targets.which.iter().enumerate();
        let counts: Vec<usize> = which.filter_map(|(k, role)| role.map(|_| k)).collect();
        let mut rows = Vec::with_capacity(Self::CHUNK * self.d);
        let mut logits = vec![0.0; counts.len().min(Self::CHUNK) * self.vocabulary];
        let mut drows = vec![0.0; counts.len().min(Self::CHUNK) * self.d];
        for places in counts.chunks(Self::CHUNK) {
            rows.clear();
            for place in places {
                rows.extend_from_slice(&self.hidden[place * self.d..][..self.d]);
            }
            let logits = &mut logits[..places.len() * self.vocabulary];
            let rows = Matrix::new(&rows, places.len(), self.d);
            store_product(logits, rows, self.output);
            for (place, logits) in places.iter().zip(logits.chunks_exact_mut(self.vocabulary)) {
                let target = self.targets.ids[*place] as usize;
                let nats = to_gradient(logits, target, self.targets.weight, self.tracked);
                if let Some(role) = self.targets.which[*place] {
                    self.sums[role as usize] += nats;
                }
            }
            if !self.tracked {
                continue;
            }
            let logits = Matrix::new(logits, places.len(), self.vocabulary);
            let drows = &mut drows[..places.len() * self.d];
            store_product(drows, logits, self.output.transposed());
            for (place, row) in places.iter().zip(drows.chunks_exact(self.d)) {
                self.dhidden[place * self.d..][..self.d].copy_from_slice(row);
            }
            if self.tied {
                add_product(&mut self.dweight, logits.transposed(), rows);
            } else {
                add_product(&mut self.dweight, rows.transposed(), logits);
            }
        }
    }
}

/// The loss of `target`, nats; and `logits` become its gradient times `weight`, if `gradient`.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn to_gradient(logits: &mut [f32], target: usize, weight: f32, gradient: bool) -> f64 {
    let max = simd::max(logits, f32::MIN);
    let at_target = logits[target] - max;
    if !gradient {
        let sum = simd::sum(logits, |x| simd::exp(x - max));
        return f64::from(sum.ln() - at_target);
    }
    let sum = simd::exp_sum(logits, max);
    let scale = weight / sum;
    for x in logits.iter_mut() {
        *x *= scale;
    }
    logits[target] -= weight;
    f64::from(sum.ln() - at_target)
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn multiply(x: &mut [f32], by: f32) {
    for x in x {
        *x *= by;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{check_nan, compare, numbers};

    pub(crate) fn targets(positions: usize, vocabulary: usize, seed: u64) -> Targets {
        let at_random = |k: usize, below: u64| {
            (seed ^ (k as u64 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_003 % below
        };
        let which = |k| (k == 0 || at_random(k, 4) > 0).then(|| at_random(k + 77, 3) as u16);
        Targets {
            ids: (0..positions)
                .map(|k| at_random(k + 5, vocabulary as u64) as u32)
                .collect(),
            which: (0..positions).map(which).collect(),
            roles: 3,
            weight: 0.3,
            on_device: None,
        }
    }

    proptest! {
        #[test]
        fn the_loss_is_its_plain_body(
            time in prop_oneof![1usize..5, 250usize..270],
            d in 1usize..20,
            vocabulary in 2usize..60,
            tied: bool,
            size in prop_oneof![Just(1.0f32), Just(9.0f32)],
            seed: u64,
        ) {
            let targets = targets(time, vocabulary, seed);
            let output = |x: &Tensor<1>| match tied {
                true => Output::Tied(x.clone().reshape([vocabulary, d])),
                false => Output::Own(x.clone().reshape([d, vocabulary])),
            };
            let hidden = |x: &Tensor<1>| x.clone().reshape([1, time, d]);
            let inputs = [numbers(time * d, seed, size), numbers(d * vocabulary, seed ^ 1, 1.0)];
            compare(
                &inputs,
                &|x| cross_entropy(hidden(&x[0]), output(&x[1]), &targets).mean,
                &|x| plain(hidden(&x[0]), output(&x[1]), &targets).mean,
            )
            .map_err(TestCaseError::fail)?;
            // And the sums by role, which have no gradient.
            let device = Device::flex().autodiff();
            let [h, w] = inputs.each_ref().map(|x| Tensor::<1>::from_floats(x.as_slice(), &device));
            let sums = |loss: Loss| loss.sums.into_data().try_to_vec::<f32>().unwrap();
            let found = sums(cross_entropy(hidden(&h), output(&w), &targets));
            let expected = sums(plain(hidden(&h), output(&w), &targets));
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert!((found - expected).abs() <= 1e-5 * expected.abs().max(0.1));
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let mut targets = targets(4, 9, 1);
        targets.which = vec![Some(0); 4];
        check_nan(&[numbers(20, 1, 1.0), numbers(45, 2, 1.0)], &|x| {
            let output = Output::Own(x[1].clone().reshape([5, 9]));
            cross_entropy(x[0].clone().reshape([1, 4, 5]), output, &targets).mean
        });
    }

    #[test]
    fn the_logarithm_of_a_sum_is_stable() {
        let x = [1000.0f32, 999.0, -1000.0];
        let expected = 1000.0 + (1.0 + (-1.0f64).exp()).ln();
        assert!((f64::from(log_sum_exp(&x)) - expected).abs() < 1e-4);
        assert!(log_sum_exp(&[0.0, f32::NAN]).is_nan());
    }
}

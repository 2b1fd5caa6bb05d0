//! AdamW on all parameters at once, with the gradients of several shards summed and clipped as a whole.

use burn::prelude::*;
use multiversion::multiversion;

use crate::{
    flat,
    flex::{Input, Values, is_flex},
    workers::Workers,
};

/// What one update is made with (Loshchilov & Hutter 2019).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// The global norm gradients are clipped to.
    pub clip_norm: f64,
    /// Updates made, this one counted.
    pub step: u64,
}

/// A parameter, or on a device that is not flex all of them [joined](flat::join), and the running means of its
/// gradient and of the square of that, flattened, `[n]`.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The parameter.
    pub value: Tensor<1>,
    /// The first moment.
    pub first: Tensor<1>,
    /// The second moment.
    pub second: Tensor<1>,
    /// What the learning rate is multiplied by; weight decay is not.
    pub factor: Factor,
    /// What weight decay is multiplied by.
    pub decay: Factor,
}

/// A factor of the learning rate or of weight decay.
#[derive(Debug, Clone)]
pub enum Factor {
    /// The same for all values of a slot. With 1 an update has the bits it has without one.
    All(f64),
    /// One for each value, `[n]`, where parameters with different ones are [joined](flat::join). Not on flex.
    Each(Box<Tensor<1>>),
}

/// The gradient of all parameters, in as many parts as there are slots.
#[derive(Debug)]
pub struct Gradient {
    parts: Vec<Tensor<1>>,
    norm_squared: Tensor<1>,
}

/// Values that one thread takes at a time, and that one partial sum of a norm is of.
const CHUNK: usize = 1 << 14;

impl Gradient {
    /// Sums the gradients of `shards`, each of which has one tensor a parameter, in the order of the shards. On
    /// a device that is not flex it joins them, so that few kernels are launched from here on.
    ///
    /// # Panics
    /// If there is no shard, or they have not the same parameters.
    pub fn sum(mut shards: Vec<Vec<Tensor<1>>>, workers: &Workers) -> Self {
        let device = shards[0][0].device();
        if !is_flex(&device) {
            let shards = shards.into_iter();
            return Self::plain_sum(shards.map(|shard| vec![flat::join(shard)]).collect());
        }
        let others = shards.split_off(1);
        let mut parts: Vec<Values> = shards.remove(0).into_iter().map(values).collect();
        let others: Vec<Vec<Values>> = others
            .into_iter()
            .map(|shard| shard.into_iter().map(values).collect())
            .collect();
        let mut jobs: Vec<(&mut [f32], Vec<&[f32]>)> = Vec::new();
        for (k, part) in parts.iter_mut().enumerate() {
            for (c, chunk) in part.get_mut().chunks_mut(CHUNK).enumerate() {
                let range = c * CHUNK..c * CHUNK + chunk.len();
                let others = others.iter().map(|shard| &shard[k].get()[range.clone()]);
                jobs.push((chunk, others.collect()));
            }
        }
        let squares = workers.map(jobs, |(sum, others)| sum_squares(sum, &others));
        let norm_squared: f64 = squares.iter().sum();
        Self {
            parts: parts.into_iter().map(Values::tensor).collect(),
            norm_squared: Tensor::from_floats([norm_squared as f32], &device),
        }
    }

    pub(crate) fn plain_sum(shards: Vec<Vec<Tensor<1>>>) -> Self {
        let mut shards = shards.into_iter();
        let mut parts = shards.next().unwrap_or_default();
        for shard in shards {
            for (sum, part) in parts.iter_mut().zip(shard) {
                *sum = sum.clone() + part;
            }
        }
        let squares = parts.iter().map(|part| part.clone().square().sum());
        let norm_squared = squares.reduce(|sum, square| sum + square);
        let norm_squared = norm_squared.unwrap_or_else(|| unreachable!("a model has parameters"));
        Self {
            parts,
            norm_squared,
        }
    }

    /// The square of its global norm, on the device, `[1]`.
    pub fn norm_squared(&self) -> Tensor<1> {
        self.norm_squared.clone()
    }
}

impl Update {
    /// Updates `slots` with `gradient`, slot by slot.
    ///
    /// # Panics
    /// If the gradient is not of the same parameters, or slots on flex have more than one factor.
    pub fn apply(&self, slots: Vec<Slot>, gradient: Gradient, workers: &Workers) -> Vec<Slot> {
        assert_eq!(slots.len(), gradient.parts.len());
        if !is_flex(&gradient.norm_squared.device()) {
            return self.plain_apply(slots, gradient);
        }
        let norm_squared: f32 = gradient.norm_squared.into_scalar();
        let norm = f64::from(norm_squared).sqrt();
        let clip = if norm > self.clip_norm {
            self.clip_norm / norm
        } else {
            1.0
        };
        let gradient: Vec<Values> = gradient.parts.into_iter().map(values).collect();
        let mut slots: Vec<([f64; 2], [Values; 3])> = slots
            .into_iter()
            .map(|slot| {
                let (Factor::All(factor), Factor::All(decay)) = (slot.factor, slot.decay) else {
                    unreachable!("nothing is joined on flex");
                };
                let tensors = [slot.value, slot.first, slot.second];
                ([factor, decay], tensors.map(values))
            })
            .collect();
        let mut jobs = Vec::new();
        for ((factors, slot), gradient) in slots.iter_mut().zip(&gradient) {
            let numbers = Numbers::new(self, *factors, clip);
            let [value, first, second] = slot.each_mut().map(|x| x.get_mut().chunks_mut(CHUNK));
            let gradient = gradient.get().chunks(CHUNK);
            let chunks = value.zip(first).zip(second).zip(gradient);
            jobs.extend(chunks.map(|chunk| (numbers, chunk)));
        }
        workers.map(jobs, |(numbers, (((value, first), second), gradient))| {
            update(numbers, value, first, second, gradient);
        });
        let slots = slots.into_iter().map(|([factor, decay], slot)| {
            let [value, first, second] = slot.map(Values::tensor);
            Slot {
                value,
                first,
                second,
                factor: Factor::All(factor),
                decay: Factor::All(decay),
            }
        });
        slots.collect()
    }

    pub(crate) fn plain_apply(&self, slots: Vec<Slot>, gradient: Gradient) -> Vec<Slot> {
        // Where the norm is not a number, nothing is.
        let norm = gradient.norm_squared.sqrt();
        let clip = (norm.clone() / self.clip_norm).clamp_min(1.0).recip();
        let clip = clip + norm * 0.0;
        // Nothing is held longer than it is needed, and seldom more than one number at once: fusion then makes
        // few kernels of it even where one binds no more than nine buffers.
        let clips = std::iter::repeat_n(clip, slots.len());
        let slots = slots.into_iter().zip(gradient.parts).zip(clips);
        let slots = slots.map(|((slot, gradient), clip)| {
            let factor = |of: &Factor| match of {
                Factor::All(factor) => *factor,
                Factor::Each(_) => 1.0,
            };
            let numbers = Numbers::new(self, [factor(&slot.factor), factor(&slot.decay)], 1.0);
            let gradient = gradient * clip;
            let first = slot.first * numbers.beta_1 + gradient.clone() * numbers.rest_1;
            let second = slot.second * numbers.beta_2 + gradient.square() * numbers.rest_2;
            let root = second.clone().sqrt() * numbers.root_scale + numbers.epsilon;
            let mut change = first.clone() / root * (numbers.rate / numbers.keep);
            if let Factor::Each(factors) = &slot.factor {
                change = change * factors.as_ref().clone();
            }
            let value = match &slot.decay {
                Factor::All(_) => (slot.value - change) * numbers.keep,
                Factor::Each(decays) => {
                    let lost = decays.as_ref().clone() * (1.0 - numbers.keep);
                    slot.value.clone() - slot.value * lost - change * numbers.keep
                }
            };
            Slot {
                value,
                first,
                second,
                factor: slot.factor,
                decay: slot.decay,
            }
        });
        slots.collect()
    }
}

/// The numbers of an update that are the same for all values of a slot.
#[derive(Clone, Copy)]
struct Numbers {
    clip: f32,
    beta_1: f32,
    /// 1 - β₁
    rest_1: f32,
    beta_2: f32,
    rest_2: f32,
    /// 1 / √(1 - β₂ᵗ)
    root_scale: f32,
    epsilon: f32,
    /// Learning rate · factor / (1 - β₁ᵗ)
    rate: f32,
    /// 1 - learning rate · weight decay · its factor
    keep: f32,
}

impl Numbers {
    fn new(update: &Update, [factor, decay]: [f64; 2], clip: f64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(update.step as f64);
        Self {
            clip: clip as f32,
            beta_1: update.beta_1 as f32,
            rest_1: (1.0 - update.beta_1) as f32,
            beta_2: update.beta_2 as f32,
            rest_2: (1.0 - update.beta_2) as f32,
            root_scale: (1.0 / correction(update.beta_2).sqrt()) as f32,
            epsilon: update.epsilon as f32,
            rate: (update.learning_rate * factor / correction(update.beta_1)) as f32,
            keep: (1.0 - update.learning_rate * update.weight_decay * decay) as f32,
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn update(f: Numbers, value: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32]) {
    let moments = first.iter_mut().zip(second).zip(gradient);
    for (value, ((first, second), gradient)) in value.iter_mut().zip(moments) {
        let gradient = gradient * f.clip;
        *first = *first * f.beta_1 + gradient * f.rest_1;
        *second = *second * f.beta_2 + gradient * gradient * f.rest_2;
        let root = second.sqrt() * f.root_scale + f.epsilon;
        *value = *value * f.keep - *first / root * f.rate;
    }
}

/// Adds `others` to `sum`, one after another; gives the sum of its squares.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma", "x86_64+avx2+fma"))]
fn sum_squares(sum: &mut [f32], others: &[&[f32]]) -> f64 {
    for other in others {
        for (sum, other) in sum.iter_mut().zip(*other) {
            *sum += other;
        }
    }
    let mut squares = [0.0f64; 8];
    let (chunks, rest) = sum.as_chunks::<8>();
    for chunk in chunks {
        for (square, x) in squares.iter_mut().zip(chunk) {
            *square += f64::from(*x) * f64::from(*x);
        }
    }
    for (square, x) in squares.iter_mut().zip(rest) {
        *square += f64::from(*x) * f64::from(*x);
    }
    squares.iter().sum()
}

fn values(tensor: Tensor<1>) -> Values {
    Input::from(tensor).into_values()
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use proptest::prelude::*;

    use super::*;
    use crate::reference::numbers;

    fn tensor(values: Vec<f32>) -> Tensor<1> {
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), &Device::flex())
    }

    fn host(x: &Tensor<1>) -> Vec<f32> {
        x.to_data().try_to_vec().unwrap()
    }

    fn update(step: u64, clip_norm: f64) -> Update {
        Update {
            learning_rate: 1e-2,
            beta_1: 0.9,
            beta_2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
            clip_norm,
            step,
        }
    }

    /// AdamW as it is written down, in double precision, each value with its factors of the learning rate and of the decay.
    fn by_the_book(
        u: &Update,
        [factors, decays]: [&[f32]; 2],
        state: [&[f32]; 3],
        gradient: &[f64],
    ) -> [Vec<f64>; 3] {
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let clip = (u.clip_norm / norm).min(1.0);
        let mut all = [(); 3].map(|()| Vec::new());
        for (k, gradient) in gradient.iter().enumerate() {
            let [value, first, second] = state.map(|x| f64::from(x[k]));
            let g = gradient * clip;
            let first = u.beta_1 * first + (1.0 - u.beta_1) * g;
            let second = u.beta_2 * second + (1.0 - u.beta_2) * g * g;
            let first_hat = first / (1.0 - u.beta_1.powf(u.step as f64));
            let second_hat = second / (1.0 - u.beta_2.powf(u.step as f64));
            let value = value - u.learning_rate * u.weight_decay * f64::from(decays[k]) * value;
            let rate = u.learning_rate * f64::from(factors[k]);
            all[0].push(value - rate * first_hat / (second_hat.sqrt() + u.epsilon));
            all[1].push(first);
            all[2].push(second);
        }
        all
    }

    proptest! {
        #[test]
        fn updates_are_those_of_the_book_on_every_path(
            count in prop_oneof![1usize..40, CHUNK - 2..CHUNK + 3],
            shards in 1usize..4,
            step in 1u64..50,
            clip_norm in prop_oneof![Just(0.5), Just(f64::INFINITY)],
            factor in prop_oneof![Just(1.0f32), 0.01f32..20.0],
            decay in prop_oneof![Just(1.0f32), 0.0f32..2.0],
            seed: u64,
        ) {
            let update = update(step, clip_norm);
            let [value, first] = [1, 2].map(|k| numbers(count, seed ^ k, 1.0));
            let second: Vec<f32> = first.iter().map(|x| x * x + 1e-3).collect();
            let parts: Vec<Vec<f32>> = (0..shards)
                .map(|k| numbers(count, seed ^ (k as u64 + 10), 1.0))
                .collect();
            let sum: Vec<f64> = (0..count)
                .map(|k| parts.iter().map(|part| f64::from(part[k])).sum())
                .collect();
            let slot = |[factor, decay]: [Factor; 2]| Slot {
                value: tensor(value.clone()),
                first: tensor(first.clone()),
                second: tensor(second.clone()),
                factor,
                decay,
            };
            let gradients = || parts.iter().map(|part| vec![tensor(part.clone())]).collect();
            let plain = |factors: [Factor; 2]| {
                update.plain_apply(vec![slot(factors)], Gradient::plain_sum(gradients()))
            };
            let workers = Workers::new(2).unwrap();
            let gradient = Gradient::sum(gradients(), &workers);
            let both = || [factor, decay].map(|factor| Factor::All(factor.into()));
            let fused = update.apply(vec![slot(both())], gradient, &workers);
            let all = [factor, decay].map(|factor| vec![factor; count]);
            // One after another, as those of joined parameters.
            let each = [(1.0, factor), (0.0, decay)].map(|(other, factor)| {
                let factors = (0..count).map(|k| if k < count / 3 { other } else { factor });
                factors.collect::<Vec<f32>>()
            });
            let joined = each.clone().map(|each| Factor::Each(Box::new(tensor(each))));
            for (slots, factors) in [(fused, &all), (plain(both()), &all), (plain(joined), &each)] {
                let factors = factors.each_ref().map(|factors| &factors[..]);
                let expected = by_the_book(&update, factors, [&value, &first, &second], &sum);
                let found = [&slots[0].value, &slots[0].first, &slots[0].second].map(host);
                for (found, expected) in found.iter().zip(&expected) {
                    for (found, expected) in found.iter().zip(expected) {
                        let error = (f64::from(*found) - expected).abs();
                        prop_assert!(error < 1e-6 * expected.abs().max(1.0), "{found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_bits_do_not_depend_on_the_threads() {
        let run = |threads: usize| {
            let workers = Workers::new(threads).unwrap();
            let count = 3 * CHUNK + 5;
            let shards =
                (0..3).map(|k| vec![tensor(numbers(count, k, 1.0)), tensor(numbers(7, k, 1.0))]);
            let gradient = Gradient::sum(shards.collect(), &workers);
            let norm = host(&gradient.norm_squared());
            let slots = [count, 7].map(|n| Slot {
                value: tensor(numbers(n, 8, 1.0)),
                first: tensor(vec![0.0; n]),
                second: tensor(vec![0.0; n]),
                factor: Factor::All(1.0),
                decay: Factor::All(1.0),
            });
            let slots = update(1, 1.0).apply(slots.into(), gradient, &workers);
            (
                norm,
                slots
                    .iter()
                    .map(|slot| host(&slot.value))
                    .collect::<Vec<_>>(),
            )
        };
        assert!(run(1) == run(2) && run(1) == run(3));
    }

    #[test]
    fn a_gradient_that_is_no_number_is_seen() {
        let workers = Workers::new(1).unwrap();
        let shards = || {
            vec![
                vec![tensor(vec![1.0, f32::NAN])],
                vec![tensor(vec![1.0, 2.0])],
            ]
        };
        let slot = Slot {
            value: tensor(vec![1.0; 2]),
            first: tensor(vec![0.0; 2]),
            second: tensor(vec![0.0; 2]),
            factor: Factor::All(1.0),
            decay: Factor::All(1.0),
        };
        for gradient in [
            Gradient::sum(shards(), &workers),
            Gradient::plain_sum(shards()),
        ] {
            assert!(host(&gradient.norm_squared())[0].is_nan());
            let slots = update(1, 1.0).apply(vec![slot.clone()], gradient, &workers);
            assert!(host(&slots[0].value)[1].is_nan());
        }
    }
}

//! AdamW on many parameters at once.

use burn::prelude::*;
use multiversion::multiversion;

use crate::{
    factor::Factor,
    flex::Values,
    gradient::{CHUNK, Clip, SMALL, values},
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
    /// Updates made, this one counted.
    pub step: u64,
}

/// A parameter, or on a device that is not flex all of them [joined](crate::flat::join), and the running means of its
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

impl Update {
    /// Updates `slots` with their `gradients`, clipped by `clip`.
    ///
    /// # Panics
    /// If there are not as many gradients, or slots on flex have more than one factor.
    pub fn apply(
        &self,
        slots: Vec<Slot>,
        gradients: Vec<Tensor<1>>,
        clip: &Clip,
        workers: &Workers,
    ) -> Vec<Slot> {
        assert_eq!(slots.len(), gradients.len());
        match clip {
            Clip::Host(clip) => self.fused(slots, gradients, *clip, workers),
            Clip::Device(_) => self.plain(slots, gradients, clip),
        }
    }

    fn fused(
        &self,
        slots: Vec<Slot>,
        gradients: Vec<Tensor<1>>,
        clip: f64,
        workers: &Workers,
    ) -> Vec<Slot> {
        let gradients: Vec<Values> = gradients.into_iter().map(values).collect();
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
        let count: usize = gradients.iter().map(|gradient| gradient.get().len()).sum();
        let mut jobs = Vec::new();
        for ((factors, slot), gradient) in slots.iter_mut().zip(&gradients) {
            let numbers = Numbers::new(self, *factors, clip);
            let [value, first, second] = slot.each_mut().map(|x| x.get_mut().chunks_mut(CHUNK));
            let gradient = gradient.get().chunks(CHUNK);
            let chunks = value.zip(first).zip(second).zip(gradient);
            jobs.extend(chunks.map(|chunk| (numbers, chunk)));
        }
        let one = |(numbers, (((value, first), second), gradient))| {
            update(numbers, value, first, second, gradient);
        };
        workers.map_unless(count < SMALL, jobs, one);
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

    fn plain(&self, slots: Vec<Slot>, gradients: Vec<Tensor<1>>, clip: &Clip) -> Vec<Slot> {
        // Nothing is held longer than it is needed, and seldom more than one number at once: fusion then makes
        // few kernels of it even where one binds no more than nine buffers.
        let clips = std::iter::repeat_n(clip.clone(), slots.len());
        let slots = slots.into_iter().zip(gradients).zip(clips);
        let slots = slots.map(|((slot, gradient), clip)| {
            let factor = |of: &Factor| match of {
                Factor::All(factor) => *factor,
                Factor::Each(_) => 1.0,
            };
            let numbers = Numbers::new(self, [factor(&slot.factor), factor(&slot.decay)], 1.0);
            let gradient = clip.apply(gradient);
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

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use proptest::prelude::*;

    use super::*;
    use crate::{gradient::Gradient, reference::numbers};

    fn tensor(values: Vec<f32>) -> Tensor<1> {
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), &Device::flex())
    }

    fn host(x: &Tensor<1>) -> Vec<f32> {
        x.to_data().try_to_vec().unwrap()
    }

    fn update(step: u64) -> Update {
        Update {
            learning_rate: 1e-2,
            beta_1: 0.9,
            beta_2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.1,
            step,
        }
    }

    /// AdamW as it is written down, in double precision, each value with its factors of the learning rate and of the decay.
    fn by_the_book(
        u: &Update,
        clip_norm: f64,
        [factors, decays]: [&[f32]; 2],
        state: [&[f32]; 3],
        gradient: &[f64],
    ) -> [Vec<f64>; 3] {
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let clip = (clip_norm / norm).min(1.0);
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
            let update = update(step);
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
                let (parts, clip) = Gradient::plain_sum(gradients()).plain_clip(clip_norm);
                update.plain(vec![slot(factors)], parts, &clip)
            };
            let workers = Workers::new(2).unwrap();
            let (sums, clip) = Gradient::sum(gradients(), &workers).clip(clip_norm);
            let both = || [factor, decay].map(|factor| Factor::All(factor.into()));
            let fused = update.apply(vec![slot(both())], sums, &clip, &workers);
            let all = [factor, decay].map(|factor| vec![factor; count]);
            // One after another, as those of joined parameters.
            let each = [(1.0, factor), (0.0, decay)].map(|(other, factor)| {
                let factors = (0..count).map(|k| if k < count / 3 { other } else { factor });
                factors.collect::<Vec<f32>>()
            });
            let joined = each.clone().map(|each| Factor::Each(Box::new(tensor(each))));
            for (slots, factors) in [(fused, &all), (plain(both()), &all), (plain(joined), &each)] {
                let factors = factors.each_ref().map(|factors| &factors[..]);
                let expected = by_the_book(&update, clip_norm, factors, [&value, &first, &second], &sum);
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
            let (parts, clip) = gradient.clip(1.0);
            let slots = update(1).apply(slots.into(), parts, &clip, &workers);
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
        let gradients = [
            Gradient::sum(shards(), &workers),
            Gradient::plain_sum(shards()),
        ];
        for gradient in gradients {
            assert!(host(&gradient.norm_squared())[0].is_nan());
        }
        for (parts, clip) in [
            Gradient::sum(shards(), &workers).clip(1.0),
            Gradient::plain_sum(shards()).plain_clip(1.0),
        ] {
            let slots = update(1).apply(vec![slot.clone()], parts, &clip, &workers);
            assert!(host(&slots[0].value)[1].is_nan());
        }
    }
}

//! A batch as a device reads it, in shards for the cores of a CPU.

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_kernels::{
    RowNumbers, Tokens,
    cross_entropy::{OnDevice, Targets},
    is_flex,
};
use kolmo_world::{Batch, document::Role};

/// Rows of a batch, ready to be read.
#[derive(Debug, Clone)]
pub struct Shard {
    /// Tokens to read, `[rows, length]`.
    pub tokens: Tokens,
    /// Tokens to predict, with the part of the loss of each: see [`Parts`].
    pub targets: Targets,
}

/// How the loss of a batch is split: by role, and each of those by the frequency class of the document's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    classes: usize,
}

impl Parts {
    /// By role, and by so many classes, at least one.
    pub fn new(classes: usize) -> Self {
        Self {
            classes: classes.max(1),
        }
    }

    /// Number of parts.
    pub fn count(self) -> usize {
        self.classes * Role::ALL.len()
    }

    /// The part of the tokens of `role` in documents of a class.
    pub fn part(self, class: usize, role: Role) -> usize {
        class.min(self.classes - 1) * Role::ALL.len() + role as usize
    }
}

/// The device that batches go to.
#[derive(Debug, Clone)]
pub struct Destination {
    device: Device,
    parts: Parts,
    /// Of the parts. Always the same, so they are copied there once.
    one_hot: Tensor<2>,
    /// Of the table that tokens are looked up in, likewise.
    rows: RowNumbers,
}

impl Destination {
    /// `device`, that of the model. The loss is split by role alone.
    pub fn new(device: &Device) -> Self {
        Self::by_class(device, Parts::new(1))
    }

    /// The same with the loss split into `parts`.
    pub fn by_class(device: &Device, parts: Parts) -> Self {
        Self {
            device: device.clone(),
            parts,
            one_hot: Targets::one_hot(parts.count(), device),
            rows: RowNumbers::default(),
        }
    }

    /// The device itself.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// `batch` in at most `count` shards of about as many tokens each; `classes` has the class of each row, the first of all
/// rows if it is empty.
///
/// On a CPU rows of like length come together and are cut to the longest of their shard, so that little is
/// computed for positions where nothing is to be predicted. A GPU has the whole batch as one shard, always of
/// the same shape, and copied in one piece.
pub fn shards(batch: &Batch, classes: &[u16], count: usize, to: &Destination) -> Vec<Shard> {
    let device = &to.device;
    if !is_flex(device) {
        return vec![whole(batch, classes, to)];
    }
    let length = |row: &usize| batch.document(*row).len();
    let mut rows: Vec<usize> = (0..batch.rows).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(length(row)));
    let total: usize = rows.iter().map(length).sum();
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); count.clamp(1, batch.rows.max(1))];
    let most = parts.len() - 1;
    let mut before = 0;
    for row in rows {
        // The shard that the row's middle falls into.
        let middle = before + length(&row) / 2;
        parts[(middle * (most + 1) / total.max(1)).min(most)].push(row);
        before += length(&row);
    }
    parts.retain(|rows| !rows.is_empty());
    let shards = parts.iter().map(|rows| part(batch, rows, classes, to));
    shards.collect()
}

fn part(batch: &Batch, rows: &[usize], classes: &[u16], to: &Destination) -> Shard {
    let lengths = rows.iter().map(|row| batch.document(*row).len());
    let length = lengths.max().unwrap_or(0).max(1).min(batch.length);
    let places = || {
        let starts = rows.iter().map(|row| row * batch.length);
        starts.flat_map(|start| start..start + length)
    };
    let inputs = places().map(|place| batch.inputs[place]).collect();
    Shard {
        tokens: Tokens::new(inputs, [rows.len(), length], &to.device),
        targets: Targets {
            ids: places().map(|place| batch.targets[place]).collect(),
            which: places()
                .map(|place| which(batch, classes, to.parts, place))
                .collect(),
            ..targets(batch, to.parts)
        },
    }
}

fn whole(batch: &Batch, classes: &[u16], to: &Destination) -> Shard {
    let positions = batch.rows * batch.length;
    let mut targets = Targets {
        ids: batch.targets.clone(),
        which: (0..positions)
            .map(|place| which(batch, classes, to.parts, place))
            .collect(),
        ..targets(batch, to.parts)
    };
    let inputs = batch.inputs.iter().map(|id| *id as i32);
    let all: Vec<i32> = inputs.chain(targets.values()).collect();
    let all = Tensor::<2, Int>::from_data(TensorData::new(all, [3, positions]), &to.device);
    let part = |k: usize| all.clone().narrow(0, k, 1).reshape([positions]);
    targets.on_device = Some(OnDevice {
        ids: part(1),
        roles: part(2),
        one_hot: to.one_hot.clone(),
    });
    Shard {
        tokens: Tokens::on_device(part(0).reshape([batch.rows, batch.length]), &to.rows),
        targets,
    }
}

/// The part that the token at `place` of the batch belongs to.
fn which(batch: &Batch, classes: &[u16], parts: Parts, place: usize) -> Option<u16> {
    let class = classes.get(place / batch.length).copied().unwrap_or(0);
    batch.roles[place].map(|role| parts.part(class.into(), role) as u16)
}

fn targets(batch: &Batch, parts: Parts) -> Targets {
    Targets {
        ids: Vec::new(),
        which: Vec::new(),
        roles: parts.count(),
        weight: (1.0 / batch.tokens.max(1) as f64) as f32,
        on_device: None,
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::ModelConfig;
    use kolmo_model::{LanguageModel, Model, weights};
    use kolmo_world::{World, WorldConfig, random::Streams};

    use super::*;

    #[test]
    fn every_row_is_in_one_shard_and_little_of_it_is_padding() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let batch = world.batch(0, 61);
        let device = Device::flex();
        let there = Destination::new(&device);
        for count in [1, 2, 7, 61, 100] {
            let shards = shards(&batch, &[], count, &there);
            // With as many as rows, a long one can leave its neighbour nothing.
            let least = if count > 7 { 55 } else { count };
            assert!((least..=count.min(61)).contains(&shards.len()));
            let rows: usize = shards.iter().map(|shard| shard.tokens.shape()[0]).sum();
            assert_eq!(rows, 61);
            let counting = |shard: &Shard| shard.targets.which.iter().flatten().count();
            let tokens: usize = shards.iter().map(counting).sum();
            assert_eq!(tokens as u64, batch.tokens);
            if count == 7 {
                for shard in &shards {
                    let mean = tokens as f64 / 7.0;
                    let length = shard.tokens.shape()[1] as f64;
                    assert!((counting(shard) as f64 - mean).abs() <= length);
                }
            }
        }
    }

    #[test]
    fn roles_and_classes_split_the_loss_and_padding_costs_nothing() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let batch = world.batch(0, 8);
        let device = Device::flex();
        // An output layer of zeros: uniform predictions cost ln V a token, whatever its role.
        let vocabulary = world.vocabulary().len();
        let config = ModelConfig::default();
        let model = Model::new(&config, vocabulary, &Streams::new(1), &device).unwrap();
        let mut tensors = weights::read(&model).unwrap();
        tensors.get_mut("head").unwrap().values.fill(0.0);
        let model = weights::write(model, tensors).unwrap();
        let nats = (vocabulary as f64).ln();
        // Rows of two classes, and one that is in neither of the first two.
        let classes = [0, 1, 2, 0, 1, 1, 0, 0];
        let parts = Parts::new(3);
        let mut all = vec![0.0; parts.count()];
        let mut mean = 0.0;
        for shard in shards(&batch, &classes, 3, &Destination::by_class(&device, parts)) {
            let loss = model.loss(&shard.tokens, &shard.targets);
            mean += f64::from(loss.mean.into_scalar::<f32>());
            let sums = loss.sums.try_into_vec_as::<f32>().unwrap();
            for (all, sum) in all.iter_mut().zip(sums) {
                *all += f64::from(sum);
            }
        }
        for role in Role::ALL {
            for class in 0..3 {
                let rows = (0..8).filter(|row| usize::from(classes[*row]) == class);
                let roles = rows.flat_map(|row| &batch.roles[row * batch.length..][..batch.length]);
                let count = roles.filter(|r| **r == Some(role)).count() as f64;
                assert!((all[parts.part(class, role)] - nats * count).abs() < 1e-3);
            }
        }
        assert!((mean - nats).abs() < 1e-5);
    }
}

//! A batch as a device reads it, in shards for the cores of a CPU.

use burn::{
    prelude::*,
    tensor::{Int, TensorData},
};
use kolmo_kernels::{
    Tokens,
    cross_entropy::{OnDevice, Targets},
    is_flex,
};
use kolmo_world::{Batch, document::Role};

/// Rows of a batch, ready to be read.
#[derive(Debug, Clone)]
pub struct Shard {
    /// Tokens to read, `[rows, length]`.
    pub tokens: Tokens,
    /// Tokens to predict, with their roles in the order of [`Role::ALL`].
    pub targets: Targets,
}

/// The device that batches go to.
#[derive(Debug, Clone)]
pub struct Destination {
    device: Device,
    /// Of the roles. Always the same, so they are copied there once.
    one_hot: Tensor<2>,
}

impl Destination {
    /// `device`, that of the model.
    pub fn new(device: &Device) -> Self {
        Self {
            device: device.clone(),
            one_hot: Targets::one_hot(Role::ALL.len(), device),
        }
    }

    /// The device itself.
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// `batch` in at most `count` shards of about as many tokens each.
///
/// On a CPU rows of like length come together and are cut to the longest of their shard, so that little is
/// computed for positions where nothing is to be predicted. A GPU has the whole batch as one shard, always of
/// the same shape, and copied in one piece.
pub fn shards(batch: &Batch, count: usize, to: &Destination) -> Vec<Shard> {
    let device = &to.device;
    if !is_flex(device) {
        return vec![whole(batch, to)];
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
    let parts = parts.iter();
    parts.map(|rows| part(batch, rows, device)).collect()
}

fn part(batch: &Batch, rows: &[usize], device: &Device) -> Shard {
    let lengths = rows.iter().map(|row| batch.document(*row).len());
    let length = lengths.max().unwrap_or(0).max(1).min(batch.length);
    let places = || {
        let starts = rows.iter().map(|row| row * batch.length);
        starts.flat_map(|start| start..start + length)
    };
    let inputs = places().map(|place| batch.inputs[place]).collect();
    Shard {
        tokens: Tokens::new(inputs, [rows.len(), length], device),
        targets: Targets {
            ids: places().map(|place| batch.targets[place]).collect(),
            which: places().map(|place| role(batch, place)).collect(),
            ..targets(batch)
        },
    }
}

fn whole(batch: &Batch, to: &Destination) -> Shard {
    let positions = batch.rows * batch.length;
    let mut targets = Targets {
        ids: batch.targets.clone(),
        which: (0..positions).map(|place| role(batch, place)).collect(),
        ..targets(batch)
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
        tokens: Tokens::on_device(part(0).reshape([batch.rows, batch.length])),
        targets,
    }
}

fn role(batch: &Batch, place: usize) -> Option<u8> {
    batch.roles[place].map(|role| role as u8)
}

fn targets(batch: &Batch) -> Targets {
    Targets {
        ids: Vec::new(),
        which: Vec::new(),
        roles: Role::ALL.len(),
        weight: (1.0 / batch.tokens.max(1) as f64) as f32,
        on_device: None,
    }
}

#[cfg(test)]
mod tests {
    use kolmo_config::ModelConfig;
    use kolmo_kernels::Positions;
    use kolmo_model::Gpt;
    use kolmo_world::{World, WorldConfig, random::Streams};

    use super::*;

    #[test]
    fn every_row_is_in_one_shard_and_little_of_it_is_padding() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let batch = world.batch(0, 61);
        let device = Device::flex();
        let there = Destination::new(&device);
        for count in [1, 2, 7, 61, 100] {
            let shards = shards(&batch, count, &there);
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
    fn roles_split_the_loss_and_padding_costs_nothing() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let batch = world.batch(0, 8);
        let device = Device::flex();
        // An output layer of zeros: uniform predictions cost ln V a token, whatever its role.
        let vocabulary = world.vocabulary().len();
        let config = ModelConfig::default();
        let mut model = Gpt::new(&config, vocabulary, &Streams::new(1), &device).unwrap();
        model.head = model.head.map(|head| head.map(|head| head.zeros_like()));
        let positions = Positions::new(batch.length, config.head_width(), &device);
        let nats = (vocabulary as f64).ln();
        let mut all = [0.0; Role::ALL.len()];
        let mut mean = 0.0;
        for shard in shards(&batch, 3, &Destination::new(&device)) {
            let loss = model.loss(&shard.tokens, &shard.targets, &positions);
            mean += f64::from(loss.mean.into_scalar::<f32>());
            let sums = loss.sums.try_into_vec_as::<f32>().unwrap();
            for (all, sum) in all.iter_mut().zip(sums) {
                *all += f64::from(sum);
            }
        }
        for role in Role::ALL {
            let count = batch.roles.iter().filter(|r| **r == Some(role)).count() as f64;
            assert!((all[role as usize] - nats * count).abs() < 1e-3);
        }
        assert!((mean - nats).abs() < 1e-5);
    }
}

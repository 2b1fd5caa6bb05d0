//! Looking tokens up in a table.

use burn::{
    prelude::*,
    tensor::{Int, TensorData, module},
};

use crate::{
    flex::{Values, fused, is_flex},
    gpu::{self, is_gpu},
};

pub use crate::gpu::embedding::RowNumbers;

/// Tokens to read, `[batch, time]`.
#[derive(Debug, Clone)]
pub struct Tokens {
    shape: [usize; 2],
    ids: Ids,
}

/// Where they are.
#[derive(Debug, Clone)]
enum Ids {
    /// For flex.
    Host(Vec<u32>),
    /// For any other device.
    Device(Box<Tensor<2, Int>>, RowNumbers),
}

impl Tokens {
    /// `ids`, row by row, `[batch, time]`.
    ///
    /// # Panics
    /// If there are fewer or more.
    pub fn new(ids: Vec<u32>, shape: [usize; 2], device: &Device) -> Self {
        assert_eq!(ids.len(), shape[0] * shape[1]);
        if is_flex(device) {
            let ids = Ids::Host(ids);
            return Self { shape, ids };
        }
        let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
        let ids = Tensor::from_data(TensorData::new(ids, shape), device);
        Self::on_device(ids, &RowNumbers::default())
    }

    /// Those of a tensor that is on a device already, with the numbers of the rows that one table has for all batches.
    pub fn on_device(ids: Tensor<2, Int>, rows: &RowNumbers) -> Self {
        Self {
            shape: ids.dims(),
            ids: Ids::Device(Box::new(ids), rows.clone()),
        }
    }

    /// `[batch, time]`.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }
}

/// Row `tokens[b, t]` of `table`, `[vocabulary, d]`: `[batch, time, d]`.
///
/// # Panics
/// If a token is beyond the table.
pub fn embedding(table: Tensor<2>, tokens: &Tokens) -> Tensor<3> {
    let ids = match &tokens.ids {
        Ids::Device(ids, rows) if is_gpu(&table.device()) => {
            return gpu::embedding::embedding(table, Tensor::clone(ids), rows);
        }
        Ids::Device(ids, _) => return module::embedding(table, Tensor::clone(ids)),
        Ids::Host(ids) => ids,
    };
    let [batch, time] = tokens.shape;
    fused(
        [table.into()],
        |[table], tracked| {
            let [vocabulary, d] = table.shape();
            let mut rows = Vec::with_capacity(batch * time * d);
            for id in ids {
                rows.extend_from_slice(&table.get()[*id as usize * d..][..d]);
            }
            let ids = if tracked { ids.clone() } else { Vec::new() };
            (Values::new(rows, [batch, time, d]), (ids, vocabulary))
        },
        |(ids, vocabulary), gradient| {
            let [_, _, d] = gradient.shape();
            let mut table = vec![0.0; vocabulary * d];
            for (id, row) in ids.into_iter().zip(gradient.get().chunks_exact(d)) {
                let sums = &mut table[id as usize * d..][..d];
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            [Values::new(table, [vocabulary, d])]
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{check_nan, compare, numbers};

    proptest! {
        #[test]
        fn looking_up_is_its_plain_body(
            ids in proptest::collection::vec(0u32..7, 1..40), d in 1usize..40, seed: u64,
        ) {
            let shape = [1, ids.len()];
            let tokens = Tokens::new(ids.clone(), shape, &Device::flex());
            let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
            let device = Device::flex().autodiff();
            let there = Tensor::<2, Int>::from_data(TensorData::new(ids, shape), &device);
            let table = |x: &[Tensor<1>]| x[0].clone().reshape([7, d]);
            compare(
                &[numbers(7 * d, seed, 1.0)],
                &|x| embedding(table(x), &tokens).reshape([-1]),
                &|x| module::embedding(table(x), there.clone()).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let tokens = Tokens::new(vec![0, 1, 2, 1], [2, 2], &Device::flex());
        check_nan(&[numbers(15, 1, 1.0)], &|x| {
            embedding(x[0].clone().reshape([3, 5]), &tokens).reshape([-1])
        });
    }
}

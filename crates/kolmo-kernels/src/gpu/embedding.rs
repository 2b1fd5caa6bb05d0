//! Looking tokens up in a table, with a gradient that fills a card.

use std::sync::{Arc, OnceLock};

use burn::{
    prelude::*,
    tensor::{Int, TensorData, module},
};

use super::{by_hand, long::product_over_rows};

/// Above as many values one-hot rows of all positions take too much memory, a gibibyte.
const MOST: usize = 1 << 28;

/// The numbers of the rows of a table, `[1, vocabulary]`, made when they are first needed and shared by all clones.
#[derive(Debug, Clone, Default)]
pub struct RowNumbers(Arc<OnceLock<Tensor<2, Int>>>);

impl RowNumbers {
    fn of(&self, vocabulary: usize, device: &Device) -> Tensor<2, Int> {
        let make = || {
            let numbers = (0..vocabulary as i32).collect::<Vec<_>>();
            Tensor::from_data(TensorData::new(numbers, [1, vocabulary]), device)
        };
        let numbers = self.0.get_or_init(make).clone();
        match numbers.dims() == [1, vocabulary] {
            true => numbers,
            // Those of another table.
            false => make(),
        }
    }
}

/// Row `ids[b, t]` of `table`, `[vocabulary, d]`: `[batch, time, d]`.
///
/// Burn's gradient of the table is one thread a column, which walks all positions. As a product of one-hot rows with the gradient
/// it is more arithmetic, by all threads.
pub(crate) fn embedding(table: Tensor<2>, ids: Tensor<2, Int>, rows: &RowNumbers) -> Tensor<3> {
    let ([batch, time], [vocabulary, _]) = (ids.dims(), table.dims());
    let positions = batch * time;
    let device = table.device();
    if !device.is_autodiff() || positions * vocabulary > MOST {
        return module::embedding(table, ids);
    }
    let ids = ids.inner();
    let rows = rows.of(vocabulary, &device.without_autodiff());
    by_hand(
        [table.into()],
        |[table]| {
            let found = module::embedding(table.tensor(), ids.clone());
            (found, (ids.reshape([positions, 1]), rows))
        },
        |(ids, rows), gradient| {
            let gradient = gradient.tensor::<3>();
            let [batch, time, d] = gradient.dims();
            let one_hot = ids.equal(rows).float().cast(gradient.dtype());
            let gradient = gradient.reshape([batch * time, d]);
            [product_over_rows(one_hot, gradient).into()]
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{check_nan, compare, numbers};

    fn ids(ids: &[i32], device: &Device) -> Tensor<2, Int> {
        Tensor::from_data(TensorData::new(ids.to_vec(), [1, ids.len()]), device)
    }

    proptest! {
        #[test]
        fn looking_up_is_its_plain_body(
            tokens in proptest::collection::vec(0i32..7, 1..400), d in 1usize..20, seed: u64,
        ) {
            let ids = ids(&tokens, &Device::flex().autodiff());
            let rows = RowNumbers::default();
            let table = |x: &[Tensor<1>]| x[0].clone().reshape([7, d]);
            compare(
                &[numbers(7 * d, seed, 1.0)],
                &|x| embedding(table(x), ids.clone(), &rows).reshape([-1]),
                &|x| module::embedding(table(x), ids.clone()).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn one_set_of_numbers_serves_tables_of_other_sizes() {
        let rows = RowNumbers::default();
        for vocabulary in [3usize, 5, 3] {
            let device = Device::flex();
            let found = rows.of(vocabulary, &device).into_data();
            let expected: Vec<i32> = (0..vocabulary as i32).collect();
            assert_eq!(
                found.convert::<i32>().try_to_vec::<i32>().unwrap(),
                expected
            );
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let ids = ids(&[0, 1, 2, 1], &Device::flex());
        check_nan(&[numbers(15, 1, 1.0)], &|x| {
            embedding(
                x[0].clone().reshape([3, 5]),
                ids.clone(),
                &RowNumbers::default(),
            )
            .reshape([-1])
        });
    }
}

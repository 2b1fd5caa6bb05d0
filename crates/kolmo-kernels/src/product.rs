//! Products of matrices, on one thread.

// The one place where kolmo calls a library by pointers.
#![allow(unsafe_code)]

mod thin;

/// A matrix in a slice, with the distance of its neighbours in a column and in a row.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    down: usize,
    right: usize,
}

impl<'a> Matrix<'a> {
    /// Of `rows` · `columns` values, row by row.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self {
            values: &values[..rows * columns],
            rows,
            columns,
            down: columns,
            right: 1,
        }
    }

    /// Its transpose, without moving a value.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            down: self.right,
            right: self.down,
            ..self
        }
    }
}

/// `a b`, row by row.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let count = a.rows * b.columns;
    let mut into = Vec::with_capacity(count);
    if a.columns == 0 {
        into.resize(count, 0.0);
        return into;
    }
    let room = into.spare_capacity_mut().as_mut_ptr().cast();
    // SAFETY: the vector has room for `count` values, which nobody reads before they are written.
    unsafe { multiply(room, false, a, b) };
    // SAFETY: `count` fit, and with `add` false and at least one column of `a` all of them were written.
    unsafe { into.set_len(count) };
    into
}

/// `into = a b`.
///
/// # Panics
/// If `into` is of another size.
pub(crate) fn store_product(into: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!(into.len(), a.rows * b.columns);
    if a.columns == 0 {
        into.fill(0.0);
    } else {
        // SAFETY: the slice has as many values, as asserted above, and is borrowed for writing.
        unsafe { multiply(into.as_mut_ptr(), false, a, b) };
    }
}

/// `into += a b`.
///
/// # Panics
/// If `into` is of another size.
pub(crate) fn add_product(into: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!(into.len(), a.rows * b.columns);
    // SAFETY: the slice has as many values, as asserted above, and is borrowed for writing.
    unsafe { multiply(into.as_mut_ptr(), true, a, b) };
}

/// `into = a b`, or `into += a b` if `add`, row by row.
///
/// # Safety
/// `into` must have room for `a.rows` · `b.columns` values that nobody else reads or writes meanwhile, and must hold them if `add`.
///
/// # Panics
/// If the columns of `a` are not as many as the rows of `b`.
unsafe fn multiply(into: *mut f32, add: bool, a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!(a.columns, b.rows);
    if thin::serves(a, b) {
        // SAFETY: the caller vouches for `into`, and the columns of `a` are the rows of `b`.
        unsafe { thin::Product::run(into, add, a, b) };
        return;
    }
    // SAFETY: `a` and `b` hold what their sizes and distances say (`Matrix::new` checks it, `transposed` swaps both), nobody else
    // can write to them while they are borrowed, and the caller vouches for `into`.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            into,
            1,
            b.columns as isize,
            add,
            a.values.as_ptr(),
            a.right as isize,
            a.down as isize,
            b.values.as_ptr(),
            b.right as isize,
            b.down as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(count: usize, seed: u32) -> Vec<f32> {
        // Small integers: sums of their products are exact.
        let value = |k: usize| ((k as u32).wrapping_mul(2_654_435_761) ^ seed) >> 7;
        (0..count).map(|k| (value(k) % 9) as f32 - 4.0).collect()
    }

    proptest! {
        #[test]
        fn products_are_sums_of_products(
            m in 0usize..40, k in 0usize..40, n in prop_oneof![0usize..40, 60usize..100],
            a_turned: bool, b_turned: bool, seed: u32,
        ) {
            let (a_values, b_values) = (values(m * k, seed), values(k * n, seed ^ 1));
            let a = match a_turned {
                false => Matrix::new(&a_values, m, k),
                true => Matrix::new(&a_values, k, m).transposed(),
            };
            let b = match b_turned {
                false => Matrix::new(&b_values, k, n),
                true => Matrix::new(&b_values, n, k).transposed(),
            };
            let at = |m: &Matrix<'_>, i: usize, j: usize| m.values[i * m.down + j * m.right];
            let mut expected = Vec::new();
            for i in 0..m {
                for j in 0..n {
                    expected.push((0..k).map(|x| at(&a, i, x) * at(&b, x, j)).sum::<f32>());
                }
            }
            let found = product(a, b);
            prop_assert_eq!(&found, &expected);
            let mut sum = found;
            add_product(&mut sum, a, b);
            let doubled: Vec<f32> = expected.iter().map(|x| 2.0 * x).collect();
            prop_assert_eq!(&sum, &doubled);
            store_product(&mut sum, a, b);
            prop_assert_eq!(&sum, &expected);
        }
    }
}

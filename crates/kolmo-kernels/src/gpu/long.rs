//! Sums over all positions of a batch, in parts.
//!
//! A GPU computes tiles of a result side by side, each by one workgroup that takes all of its terms. Where the result is small
//! and the terms are many, as in the gradient of a weight, a few workgroups have all the work. So such a sum is cut along its
//! terms: first the sum of each part, then their sum.

use burn::prelude::*;

/// Workgroups that a product is cut up for: about two for each multiprocessor of a large card.
const WORKGROUPS: usize = 264;

/// Width and height of the tile that a workgroup computes of a product.
const TILE: usize = 64;

/// Fewer terms than this are no part: to sum the parts would cost more than they bring.
const TERMS: usize = 64;

/// Parts that a tensor is cut into before all of it is summed. Where it does not come apart into a quarter of as many, its end is
/// summed for itself: a workgroup has 32 of them.
const ROWS: usize = 1024;

/// Sums side by side that are of a megabyte at least eight workgroups, if one computes 256 with vectors of four values.
const SUMS: usize = 8192;

/// Fewer rows than this are no part of a sum over rows. Where as many sums of so many values are more than there is, all is less than
/// a megabyte.
const FEW_ROWS: usize = 8;

/// The largest divisor of `count` that is at most `most`, at least one: so many parts are of one size.
fn divisor(count: usize, most: usize) -> usize {
    let mut candidates = (1..=most.min(count)).rev();
    candidates
        .find(|parts| count.is_multiple_of(*parts))
        .unwrap_or(1)
}

/// Parts for a product with a result of `down` × `right` and as many `terms`.
fn parts(terms: usize, down: usize, right: usize) -> usize {
    let tiles = down.div_ceil(TILE) * right.div_ceil(TILE);
    divisor(terms, (WORKGROUPS / tiles).min(terms / TERMS))
}

/// xᵀ y, summed over the rows of both: x is `[rows, down]` and y `[rows, right]`.
pub fn product_over_rows(x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
    let ([rows, down], [_, right]) = (x.dims(), y.dims());
    let parts = parts(rows, down, right);
    if parts == 1 {
        return x.transpose().matmul(y);
    }
    // The axis that is cut is the first, so no value moves.
    let x = x.reshape([parts, rows / parts, down]);
    let y = y.reshape([parts, rows / parts, right]);
    let products = x.swap_dims(1, 2).matmul(y);
    products.sum_dim(0).reshape([down, right])
}

/// Parts for the sum of `rows` vectors of `d` values: enough for many workgroups, and where that leaves the sum of the parts as long as a
/// part, so much the better.
fn parts_of_rows(rows: usize, d: usize) -> usize {
    divisor(rows, (SUMS / d).max(rows.isqrt()).min(rows / FEW_ROWS))
}

/// Over batch and time, for x of `[batch, time, d]`.
pub fn sum_of_positions(x: Tensor<3>) -> Tensor<1> {
    let [batch, time, d] = x.dims();
    let rows = batch * time;
    let parts = parts_of_rows(rows, d);
    let sums = x.reshape([parts, rows / parts, d]).sum_dim(1);
    match parts {
        1 => sums.reshape([d]),
        _ => sums.sum_dim(0).reshape([d]),
    }
}

/// Of the squares of all values, `[1]`.
pub fn sum_of_squares(x: Tensor<1>) -> Tensor<1> {
    let [count] = x.dims();
    let parts = divisor(count, ROWS.min(count / TERMS));
    if 4 * parts >= ROWS || count < ROWS * TERMS {
        return squares_in_parts(x, parts);
    }
    // Both begin where a buffer may.
    let whole = count / ROWS * ROWS;
    let end = x.clone().narrow(0, whole, count - whole);
    squares_in_parts(x.narrow(0, 0, whole), ROWS) + squares_in_parts(end, 1)
}

fn squares_in_parts(x: Tensor<1>, parts: usize) -> Tensor<1> {
    let [count] = x.dims();
    let rows = x.reshape([parts, count / parts]);
    let sums = (rows.clone() * rows).sum_dim(1);
    match parts {
        1 => sums.reshape([1]),
        _ => sums.sum_dim(0).reshape([1]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference::{compare, numbers};

    proptest! {
        #[test]
        fn sums_in_parts_are_the_sums(
            batch in 1usize..50, time in 1usize..20, down in 1usize..10, right in 1usize..10, seed: u64,
        ) {
            let rows = batch * time;
            let inputs = [numbers(rows * down, seed, 1.0), numbers(rows * right, seed ^ 1, 1.0)];
            let matrix = |x: &Tensor<1>, width: usize| x.clone().reshape([rows, width]);
            let three = |x: &Tensor<1>| x.clone().reshape([batch, time, down]);
            compare(
                &inputs,
                &|x| product_over_rows(matrix(&x[0], down), matrix(&x[1], right)).reshape([-1]),
                &|x| matrix(&x[0], down).transpose().matmul(matrix(&x[1], right)).reshape([-1]),
            )
            .map_err(TestCaseError::fail)?;
            compare(
                &inputs[..1],
                &|x| sum_of_positions(three(&x[0])),
                &|x| matrix(&x[0], down).sum_dim(0).reshape([down]),
            )
            .map_err(TestCaseError::fail)?;
            compare(
                &inputs[..1],
                &|x| sum_of_squares(x[0].clone()),
                &|x| x[0].clone().square().sum(),
            )
            .map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn squares_of_what_does_not_come_apart_are_summed_with_its_end() {
        // 64 times a prime number.
        let count = 64 * 1031;
        assert_eq!(divisor(count, ROWS), 64);
        let values: Vec<f32> = (0..count).map(|k| (k % 7) as f32).collect();
        let expected: f32 = values.iter().map(|value| value * value).sum();
        let x = Tensor::<1>::from_floats(&values[..], &Device::flex());
        // Whole numbers below 2²⁴ are exact.
        assert_eq!(sum_of_squares(x).into_scalar::<f32>(), expected);
    }

    #[test]
    fn sums_of_a_megabyte_and_more_are_many_side_by_side() {
        for (batch, time, d) in [
            (256, 16, 64),
            (16, 128, 256),
            (2, 2048, 64),
            (1, 1 << 15, 8),
            (8, 1024, 768),
        ] {
            let parts = parts_of_rows(batch * time, d);
            assert!(parts * d >= SUMS, "{batch}, {time}, {d}: {parts}");
            assert_eq!(batch * time % parts, 0);
        }
        // What is little is summed at once.
        assert_eq!(parts_of_rows(15, 64), 1);
        assert_eq!(parts_of_rows(1, 1), 1);
    }

    #[test]
    fn parts_are_alike_and_fill_a_card() {
        // Model of 64/2 and one of 768/12: weights of attention, and an embedding table of 1024 tokens.
        assert_eq!(parts(4096, 64, 192), 64);
        assert_eq!(parts(4096, 64, 64), 64);
        assert_eq!(parts(4096, 1024, 64), 16);
        assert_eq!(parts(512 * 104, 768, 2304), 1);
        // Where there is no divisor near, fewer; and few terms are one part.
        assert_eq!(parts(2 * 2003, 64, 64), 2);
        assert_eq!(parts(127, 64, 64), 1);
        for (terms, down, right) in [
            (4096, 64, 192),
            (2048, 256, 1024),
            (1300, 24, 72),
            (1, 1, 1),
        ] {
            let parts = parts(terms, down, right);
            assert_eq!(terms % parts, 0);
            assert!(parts == 1 || terms / parts >= TERMS);
        }
    }
}

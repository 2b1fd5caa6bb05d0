//! Products with a matrix that fits a core's first cache: nothing is copied into panels, and a few rows of the result stay in
//! registers from the first term to the last.
//!
//! A sum is made of one term after another, each rounded once, whatever the vectors of the machine are.

use super::Matrix;
use crate::{
    simd::LANES,
    vector::{Task, Vector},
};

/// Whether it is the faster way: the right side is small, or it is long and the result is small.
pub(super) fn serves(a: Matrix<'_>, b: Matrix<'_>) -> bool {
    /// Values of the smaller of the two, the right side and the result.
    const MOST: usize = 1 << 13;
    let small = (b.rows * b.columns).min(a.rows * b.columns);
    small <= MOST && (b.right == 1 || b.rows * b.columns <= MOST)
}

/// `a b`, stored or added.
pub(super) struct Product<'a> {
    /// Room for `a.rows` · `b.columns` values, which are there if `add`.
    into: *mut f32,
    add: bool,
    a: Matrix<'a>,
    /// Row by row.
    b: &'a [f32],
    columns: usize,
}

impl<'a> Product<'a> {
    /// Computes it.
    ///
    /// # Safety
    /// `into` must have room for `a.rows` · `b.columns` values that nobody else reads or writes meanwhile, and must hold them if `add`.
    pub unsafe fn run(into: *mut f32, add: bool, a: Matrix<'a>, b: Matrix<'a>) {
        let turned: Vec<f32>;
        let values = if b.right == 1 {
            b.values
        } else {
            let row = |k: usize| (0..b.columns).map(move |c| b.values[k * b.down + c * b.right]);
            turned = (0..b.rows).flat_map(row).collect();
            &turned
        };
        crate::vector::dispatch(Product {
            into,
            add,
            a,
            b: values,
            columns: b.columns,
        });
    }
}

impl Task for Product<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let blocks = self.columns.div_ceil(LANES);
        let mut block = 0;
        while block < blocks {
            // Sums that fit the registers, with what they are made of.
            let done = match (V::MANY, blocks - block) {
                (true, 4..) => self.columns::<V, 4, 6>(block),
                (true, 3) => self.columns::<V, 3, 8>(block),
                (true, 2) => self.columns::<V, 2, 12>(block),
                (true, _) => self.columns::<V, 1, 16>(block),
                (false, _) => self.columns::<V, 1, 6>(block),
            };
            block += done;
        }
    }
}

impl Product<'_> {
    /// `BLOCKS` vectors of every row of the result, from the `block`th on, `ROWS` rows at a time.
    #[inline(always)]
    fn columns<V: Vector, const BLOCKS: usize, const ROWS: usize>(&self, block: usize) -> usize {
        let last = (block + BLOCKS) * LANES;
        if last > self.columns {
            self.rows::<V, BLOCKS, ROWS, true>(block);
        } else {
            self.rows::<V, BLOCKS, ROWS, false>(block);
        }
        BLOCKS
    }

    #[inline(always)]
    fn rows<V: Vector, const BLOCKS: usize, const ROWS: usize, const PART: bool>(
        &self,
        block: usize,
    ) {
        let mut row = 0;
        while row + ROWS <= self.a.rows {
            self.tile::<V, BLOCKS, ROWS, PART>(row, block);
            row += ROWS;
        }
        while row + 4 <= self.a.rows {
            self.tile::<V, BLOCKS, 4, PART>(row, block);
            row += 4;
        }
        while row < self.a.rows {
            self.tile::<V, BLOCKS, 1, PART>(row, block);
            row += 1;
        }
    }

    /// `ROWS` rows of the result, `BLOCKS` vectors of each; the last one is no whole one if `PART`.
    #[inline(always)]
    fn tile<V: Vector, const BLOCKS: usize, const ROWS: usize, const PART: bool>(
        &self,
        row: usize,
        block: usize,
    ) {
        let (depth, width) = (self.a.columns, self.columns);
        let first = block * LANES;
        // Values of the last vector.
        let rest = width - first - (BLOCKS - 1) * LANES;
        let is_part = |b: usize| PART && b + 1 == BLOCKS;
        assert!(row + ROWS <= self.a.rows && depth * width <= self.b.len());
        let mut sums = [[V::zero(); BLOCKS]; ROWS];
        // SAFETY: whoever made this vouches for room for the whole result, `row` is one of its rows, asserted above, and `first` lies
        // in a row, since `block` is one of its blocks.
        let into = unsafe { self.into.add(row * width + first) };
        if self.add {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (b, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: row `row` + r is one of the result, asserted above; its vectors end with it, or the last one is a part of
                    // `rest` values that does; and with `add` all of them are there.
                    *sum = unsafe {
                        let from = into.add(r * width + b * LANES);
                        load::<V>(from, is_part(b).then_some(rest))
                    };
                }
            }
        }
        let mut right = self.b.as_ptr().wrapping_add(first);
        // Every fourth row has a pointer of its own, so that no address waits for another.
        let down = self.a.down;
        let from = self.a.values.as_ptr().wrapping_add(row * down);
        let mut left: [*const f32; ROWS] =
            std::array::from_fn(|r| from.wrapping_add(r / 4 * 4 * down));
        let steps = [0, down, 2 * down, 3 * down];
        for _ in 0..depth {
            let mut vectors = [V::zero(); BLOCKS];
            for (b, vector) in vectors.iter_mut().enumerate() {
                // SAFETY: row k < depth of the right side has `width` values, asserted above, with which its vectors end, or the last
                // one is a part of `rest` values that does.
                *vector = unsafe {
                    let from = right.wrapping_add(b * LANES);
                    load::<V>(from, is_part(b).then_some(rest))
                };
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: row `row` + r, asserted above, and column k < depth of the left side, which holds what its sizes and
                // distances say.
                let x = unsafe { *left[r / 4 * 4].wrapping_add(steps[r % 4]) };
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = sum.add_product(x, vector);
                }
            }
            right = right.wrapping_add(width);
            for left in left.iter_mut().step_by(4) {
                *left = left.wrapping_add(self.a.right);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (b, sum) in sums.iter().enumerate() {
                // SAFETY: row `row` + r is one of the result, asserted above, and its vectors end with it, or the last one is a part of
                // `rest` values that does.
                unsafe {
                    let to = into.add(r * width + b * LANES);
                    if is_part(b) {
                        sum.store_part(to, rest)
                    } else {
                        sum.store(&mut *to.cast())
                    }
                }
            }
        }
    }
}

/// Sixteen values, or the first of them and zeros where they are only a `part`.
///
/// # Safety
/// There must be so many values at `from`.
#[inline(always)]
unsafe fn load<V: Vector>(from: *const f32, part: Option<usize>) -> V {
    // SAFETY: the caller vouches for so many values.
    unsafe {
        match part {
            Some(count) => V::load_part(from, count),
            None => V::load(&*from.cast()),
        }
    }
}

//! Rows of a matrix turned into lanes of vectors, and back.

use super::Vector;
use crate::simd::{self, LANES, Lanes};

/// Sixteen rows of a matrix, on the way to or from one row a lane.
pub(crate) struct Block {
    /// Length of a row.
    length: usize,
    /// The same, padded to whole vectors.
    width: usize,
    /// `[lane, width]`; zero beyond a row.
    rows: Vec<f32>,
}

impl Block {
    /// For rows of `length`.
    pub fn new(length: usize) -> Self {
        let width = length.next_multiple_of(LANES);
        Self {
            length,
            width,
            rows: vec![0.0; width * LANES],
        }
    }

    /// Room for the values of the rows, `[width, lane]`.
    pub fn lanes(&self) -> Vec<Lanes> {
        vec![[0.0; LANES]; self.width]
    }

    /// At most sixteen rows, one after another; the lanes of those that are missing become zero.
    #[inline(always)]
    pub fn read<V: Vector>(&mut self, from: &[f32], into: &mut [Lanes]) {
        let width = self.width;
        let into = into.as_flattened_mut();
        // Whole rows of whole vectors are in place.
        let is_in_place = from.len() == LANES * width;
        if !is_in_place {
            let mut from = from.chunks_exact(self.length);
            for row in self.rows.chunks_exact_mut(width) {
                match from.next() {
                    Some(from) => simd::copy(from, &mut row[..self.length]),
                    None => row.fill(0.0),
                }
            }
        }
        let from = if is_in_place { from } else { &self.rows };
        for column in (0..width).step_by(LANES) {
            V::transpose(&from[column..], width, &mut into[column * LANES..], LANES);
        }
    }

    /// The reverse of [`read`](Self::read), of as many rows as `into` has room for.
    #[inline(always)]
    pub fn write<V: Vector>(&mut self, from: &[Lanes], into: &mut [f32]) {
        let width = self.width;
        let from = from.as_flattened();
        let is_in_place = into.len() == LANES * width;
        {
            let rows = if is_in_place {
                &mut *into
            } else {
                &mut self.rows[..]
            };
            for column in (0..width).step_by(LANES) {
                V::transpose(&from[column * LANES..], LANES, &mut rows[column..], width);
            }
        }
        if !is_in_place {
            let rows = self.rows.chunks_exact(width);
            for (row, into) in rows.zip(into.chunks_exact_mut(self.length)) {
                simd::copy(&row[..self.length], into);
            }
        }
    }
}

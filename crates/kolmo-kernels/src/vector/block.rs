//! Rows of a matrix turned into lanes of vectors, and back.

use super::Vector;
use crate::simd::{self, LANES, Lanes};

/// `from`, `[rows, columns]`, as `[columns, rows]`; both whole vectors.
#[inline(always)]
pub(crate) fn transpose<V: Vector>(
    from: &[f32],
    (rows, columns): (usize, usize),
    into: &mut [f32],
) {
    for row in (0..rows).step_by(LANES) {
        for column in (0..columns).step_by(LANES) {
            let from = &from[row * columns + column..];
            V::transpose(from, columns, &mut into[column * rows + row..], rows);
        }
    }
}

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

    /// The rows, to be filled in.
    #[inline(always)]
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let length = self.length;
        let rows = self.rows.chunks_exact_mut(self.width);
        rows.map(move |row| &mut row[..length])
    }

    /// The rows.
    #[inline(always)]
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        let rows = self.rows.chunks_exact(self.width);
        rows.map(|row| &row[..self.length])
    }

    /// The rows, one a lane, `[width, lane]`.
    #[inline(always)]
    pub fn write_lanes<V: Vector>(&self, into: &mut [f32]) {
        transpose::<V>(&self.rows, (LANES, self.width), into);
    }

    /// Lanes, `[width, lane]`, become the rows.
    #[inline(always)]
    pub fn read_lanes<V: Vector>(&mut self, from: &[f32]) {
        transpose::<V>(from, (self.width, LANES), &mut self.rows);
    }

    /// At most sixteen rows, one after another, as lanes; the lanes of rows that are missing become zero.
    #[inline(always)]
    pub fn read<V: Vector>(&mut self, from: &[f32], into: &mut [Lanes]) {
        let into = into.as_flattened_mut();
        // Whole rows of whole vectors are in place.
        if from.len() == self.rows.len() {
            return transpose::<V>(from, (LANES, self.width), into);
        }
        let mut from = from.chunks_exact(self.length);
        for row in self.rows_mut() {
            match from.next() {
                Some(from) => simd::copy(from, row),
                None => row.fill(0.0),
            }
        }
        self.write_lanes::<V>(into);
    }

    /// The reverse of [`read`](Self::read), of as many rows as `into` has room for.
    #[inline(always)]
    pub fn write<V: Vector>(&mut self, from: &[Lanes], into: &mut [f32]) {
        let from = from.as_flattened();
        if into.len() == self.rows.len() {
            return transpose::<V>(from, (self.width, LANES), into);
        }
        self.read_lanes::<V>(from);
        for (row, into) in self.rows().zip(into.chunks_exact_mut(self.length)) {
            simd::copy(row, into);
        }
    }
}

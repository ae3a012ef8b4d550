// SPDX-License-Identifier: Apache-2.0
//! The arithmetic of a round, in plain loops.

use super::len;
use crate::{
    work::{digest, dot, fill_row, Matrix},
    Class, Hash,
};
use alloc::{vec, vec::Vec};

/// The arithmetic of a round.
pub trait Product {
    /// Writes the digests of all cells of round `round`, whose seed is `seed`, row by row: m · n bytes.
    ///
    /// Must give the same answer every time for the same seed, as sampled rounds are computed again.
    fn digests(&mut self, class: Class, round: u32, seed: &Hash, out: &mut [u8]);
}

/// The honest product.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Reference {
    /// All rows of one input, `count` rows of k bytes.
    pub fn input(seed: &Hash, matrix: Matrix, class: Class) -> Vec<u8> {
        let count = match matrix {
            Matrix::A => class.m(),
            Matrix::B => class.n(),
        };
        let k = len(class.k());
        let mut rows = vec![0; len(count) * k];
        for (row, out) in (0u32..).zip(rows.chunks_exact_mut(k)) {
            fill_row(seed, matrix, row, out);
        }
        rows
    }
}

impl Product for Reference {
    fn digests(&mut self, class: Class, _round: u32, seed: &Hash, out: &mut [u8]) {
        let k = len(class.k());
        let a = Self::input(seed, Matrix::A, class);
        let b = Self::input(seed, Matrix::B, class);
        let cells = a
            .chunks_exact(k)
            .flat_map(|row| b.chunks_exact(k).map(move |column| dot(row, column)));
        for (out, cell) in out.iter_mut().zip(cells) {
            *out = digest(cell);
        }
    }
}

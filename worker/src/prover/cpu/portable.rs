// SPDX-License-Identifier: Apache-2.0
//! The path for any machine: dot products of whole rows, as the compiler vectorises them.

use super::{
    block::Sums,
    kernel::{digest_all, Rows},
    panel::{bytes, bytes_mut, Step, COLUMNS, COLUMNS_U32},
};
use compute_proof::{
    opening::Leaf,
    work::{fill_row, Matrix},
    Hash,
};

/// Fills rows of A, the first of which is row `first`.
pub fn fill_rows(seed: &Hash, first: u32, rows: &mut Rows) {
    for (index, row) in (first..).zip(rows.bytes.chunks_exact_mut(rows.depth)) {
        fill_row(seed, Matrix::A, index, row);
    }
}

/// Fills a panel with the rows `first ..` of B as they are, one after the other.
pub fn fill(seed: &Hash, first: u32, panel: &mut [Step]) {
    let panel = bytes_mut(panel);
    let k = panel.len() / COLUMNS;
    for (row, out) in (first..first + COLUMNS_U32).zip(panel.chunks_exact_mut(k)) {
        fill_row(seed, Matrix::B, row, out);
    }
}

/// Digests of the products of all rows with a panel.
pub fn multiply(rows: &Rows, panel: &[Step], sums: &mut Sums, digests: &mut [Leaf]) {
    for (sums, row) in sums.iter_mut().zip(rows.bytes.chunks_exact(rows.depth)) {
        for (sum, column) in sums.iter_mut().zip(bytes(panel).chunks_exact(rows.depth)) {
            *sum = dot(row, column);
        }
    }
    digest_all(sums, digests);
}

/// Dot product of two rows whose length is a multiple of 32. Products of two bytes fit an int16, and 32 at a time are unrolled:
/// so the compiler finds the instructions that multiply int16.
#[inline(never)]
fn dot(a: &[u8], b: &[u8]) -> i32 {
    let parts = a.as_chunks::<32>().0.iter().zip(b.as_chunks::<32>().0);
    parts.fold(0, |sum: i32, (a, b)| {
        let mut part = 0;
        for (a, b) in a.iter().zip(b) {
            part += i32::from(i16::from(a.cast_signed()) * i16::from(b.cast_signed()));
        }
        sum.wrapping_add(part)
    })
}

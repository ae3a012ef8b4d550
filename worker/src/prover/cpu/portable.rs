// SPDX-License-Identifier: Apache-2.0
//! The path for any machine: dot products of whole rows, as the compiler vectorises them.

use super::{
    block::Sums,
    kernel::{digest_all, Rows},
    panel::Line,
};
use compute_proof::{opening::Leaf, work::dot};

/// Stores a row of B as it is, one after the other.
pub fn pack(row: &[u8], column: usize, panel: &mut [Line]) {
    let lines = row.len() / 64;
    for (line, bytes) in panel.iter_mut().skip(column * lines).zip(row.as_chunks().0) {
        line.0 = *bytes;
    }
}

/// Digests of the products of all rows with a panel.
pub fn multiply(rows: &Rows, panel: &[Line], sums: &mut Sums, digests: &mut [Leaf]) {
    for (sums, row) in sums.iter_mut().zip(rows.bytes.chunks_exact(rows.k)) {
        for (sum, column) in sums.iter_mut().zip(panel.chunks_exact(rows.k / 64)) {
            let parts = row.as_chunks::<64>().0.iter().zip(column);
            *sum = parts.map(|(row, line)| dot(row, &line.0)).sum();
        }
    }
    digest_all(sums, digests);
}

// SPDX-License-Identifier: Apache-2.0
//! AVX2: both factors widened to int16, multiplied and added in pairs to int32 by `vpmaddwd`.
//!
//! Exact: a pair of products is at most 2^15 in magnitude, and k ≤ 2^15 keeps every sum within 2^29.
//! (`vpmaddubsw`, which would need no widening, saturates.)

use super::{
    block::Sums,
    kernel::{digest_all, Rows, DEPTH},
    panel::{Line, COLUMNS},
};
use compute_proof::opening::Leaf;
use std::arch::x86_64::{
    _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_epi32,
    _mm256_storeu_si256, _mm_loadu_si128,
};

/// Bytes of k that one instruction takes.
const GROUP: usize = 2;
/// Columns at a time: two vectors of eight int32.
const WIDTH: usize = 16;
/// Rows at a time: with two vectors, half of the 16 registers are sums.
const HEIGHT: usize = 4;

/// Digests of the products of all rows (a multiple of four) with a panel.
#[target_feature(enable = "avx2")]
pub fn multiply(rows: &Rows, panel: &[Line], sums: &mut Sums, digests: &mut [Leaf]) {
    sums.fill([0; COLUMNS]);
    let pairs_per_row = rows.k / GROUP;
    for (depth, part) in panel.chunks_exact(DEPTH).enumerate() {
        let steps: &[[Line; GROUP]] = part.as_chunks().0;
        let four_rows = rows.pairs.chunks_exact(HEIGHT * pairs_per_row);
        for (pairs, sums) in four_rows.zip(sums.as_chunks_mut::<HEIGHT>().0) {
            let row = |index: usize| {
                let start = index * pairs_per_row + depth * DEPTH / GROUP;
                &pairs[start..start + DEPTH / GROUP]
            };
            let rows = [row(0), row(1), row(2), row(3)];
            tile::<0>(rows, steps, sums);
            tile::<1>(rows, steps, sums);
            tile::<2>(rows, steps, sums);
            tile::<3>(rows, steps, sums);
        }
    }
    digest_all(sums, digests);
}

/// Adds the products of four rows with columns `16 · TILE ..` of a part of a panel to `sums`.
#[target_feature(enable = "avx2")]
fn tile<const TILE: usize>(
    rows: [&[i32]; HEIGHT],
    steps: &[[Line; GROUP]],
    sums: &mut [[i32; COLUMNS]; HEIGHT],
) {
    let [r0, r1, r2, r3] = rows;
    // SAFETY: eight int32 are the 32 bytes that are read.
    let mut acc = sums.each_ref().map(|sums| {
        [0, 8].map(|at| unsafe { _mm256_loadu_si256(sums[TILE * WIDTH + at..][..8].as_ptr().cast()) })
    });
    for ((((step, r0), r1), r2), r3) in steps.iter().zip(r0).zip(r1).zip(r2).zip(r3) {
        let bytes = &step[TILE / 2].0[TILE % 2 * 32..][..32];
        // SAFETY: `bytes` are 32, and 16 are read from 0 and from 16.
        let b = [0, 16]
            .map(|at| unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(bytes[at..][..16].as_ptr().cast())) });
        for (acc, pair) in acc.iter_mut().zip([r0, r1, r2, r3]) {
            let a = _mm256_set1_epi32(*pair);
            for (acc, b) in acc.iter_mut().zip(b) {
                *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, b));
            }
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        for (acc, at) in acc.iter().zip([0, 8]) {
            // SAFETY: eight int32 are the 32 bytes that are written.
            unsafe { _mm256_storeu_si256(sums[TILE * WIDTH + at..][..8].as_mut_ptr().cast(), *acc) };
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! AVX-VNNI: `vpdpbusd` on vectors of 32 bytes, for processors without AVX-512.
//!
//! B is packed as b + 128, and what that adds is taken off at the end: exact, as [`super::avx512`] says.

use super::{
    block::Sums,
    kernel::{digest_all, in_fours, Rows, FOUR},
    panel::{Step, COLUMNS, GROUP},
};
use compute_proof::opening::Leaf;
use std::arch::x86_64::{
    _mm256_dpbusd_avx_epi32, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
};

/// Columns at a time: two vectors of eight int32.
const WIDTH: usize = 16;

/// Digests of the products of all rows (a multiple of four) with a panel.
#[target_feature(enable = "avx2,avxvnni")]
pub fn multiply(rows: &Rows, panel: &[Step], sums: &mut Sums, digests: &mut [Leaf]) {
    in_fours(&rows.bytes, rows, panel, sums, |four, steps, sums| {
        for line in 0..COLUMNS / WIDTH {
            tile(four, steps, line, sums);
        }
    });
    rows.take_excess(sums);
    digest_all(sums, digests);
}

/// Adds the products of four rows with the columns of one line of a part of a panel to `sums`.
#[target_feature(enable = "avx2,avxvnni")]
fn tile(rows: [&[[u8; GROUP]]; FOUR], steps: &[Step], line: usize, sums: &mut [[i32; COLUMNS]; FOUR]) {
    let mut acc = [[_mm256_setzero_si256(); 2]; FOUR];
    for (acc, sums) in acc.iter_mut().zip(&*sums) {
        for (acc, sums) in acc.iter_mut().zip(sums[line * WIDTH..].as_chunks::<8>().0) {
            // SAFETY: eight int32 are the 32 bytes that are read.
            *acc = unsafe { _mm256_loadu_si256(sums.as_ptr().cast()) };
        }
    }
    let [r0, r1, r2, r3] = rows;
    for ((((step, r0), r1), r2), r3) in steps.iter().zip(r0).zip(r1).zip(r2).zip(r3) {
        let halves = step[line].0.as_chunks::<8>().0;
        let mut b = [_mm256_setzero_si256(); 2];
        for (b, half) in b.iter_mut().zip(halves) {
            // SAFETY: eight words are the 32 bytes that are read.
            *b = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
        }
        for (acc, group) in acc.iter_mut().zip([r0, r1, r2, r3]) {
            let a = _mm256_set1_epi32(i32::from_le_bytes(*group));
            for (acc, b) in acc.iter_mut().zip(b) {
                *acc = _mm256_dpbusd_avx_epi32(*acc, b, a);
            }
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        for (acc, sums) in acc.iter().zip(sums[line * WIDTH..].as_chunks_mut::<8>().0) {
            // SAFETY: eight int32 are the 32 bytes that are written.
            unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), *acc) };
        }
    }
}

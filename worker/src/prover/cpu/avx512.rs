// SPDX-License-Identifier: Apache-2.0
//! AVX-512 VNNI: `vpdpbusd` multiplies four unsigned bytes by four signed ones and adds the sum to an int32.
//!
//! B is packed as b + 128, so a kernel's sum is `Σ a·(b + 128) = Y + 128·Σ a`, and the second part is taken
//! off at the end. Exact: |a| ≤ 128, b + 128 ≤ 255 and k ≤ 2^15 keep every partial sum below 2^30, and the
//! instruction doesn't saturate.

use super::{
    block::Sums,
    kernel::{digest_all, Rows, DEPTH},
    panel::{Line, COLUMNS},
};
use compute_proof::opening::Leaf;
use std::arch::x86_64::{
    __m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512,
    _mm512_storeu_si512,
};

/// Bytes of k that one instruction takes.
const GROUP: usize = 4;
/// Vectors of 16 columns in a panel.
const VECTORS: usize = COLUMNS / 16;
/// Rows at a time: with four vectors, 16 of the 32 registers are sums, enough to hide the latency.
const HEIGHT: usize = 4;

/// Digests of the products of all rows (a multiple of four) with a panel.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn multiply(rows: &Rows, panel: &[Line], sums: &mut Sums, digests: &mut [Leaf]) {
    sums.fill([0; COLUMNS]);
    for (depth, part) in panel.chunks_exact(DEPTH).enumerate() {
        let steps: &[[Line; VECTORS]] = part.as_chunks().0;
        let four_rows = rows.bytes.chunks_exact(HEIGHT * rows.k);
        for (rows_bytes, sums) in four_rows.zip(sums.as_chunks_mut::<HEIGHT>().0) {
            let row = |index: usize| {
                let start = index * rows.k + depth * DEPTH;
                rows_bytes[start..start + DEPTH].as_chunks::<GROUP>().0
            };
            tile([row(0), row(1), row(2), row(3)], steps, sums);
        }
    }
    for (sums, excess) in sums.iter_mut().zip(&rows.excess) {
        for sum in sums {
            *sum = sum.wrapping_sub(*excess);
        }
    }
    digest_all(sums, digests);
}

/// Adds the products of four rows with a part of a panel to `sums`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn tile(rows: [&[[u8; GROUP]]; HEIGHT], steps: &[[Line; VECTORS]], sums: &mut [[i32; COLUMNS]; HEIGHT]) {
    let mut acc = [[_mm512_setzero_si512(); VECTORS]; HEIGHT];
    for (acc, sums) in acc.iter_mut().zip(&*sums) {
        for (acc, sums) in acc.iter_mut().zip(sums.as_chunks::<16>().0) {
            // SAFETY: 16 int32 are the 64 bytes that are read.
            *acc = unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) };
        }
    }
    let [r0, r1, r2, r3] = rows;
    for ((((step, r0), r1), r2), r3) in steps.iter().zip(r0).zip(r1).zip(r2).zip(r3) {
        // SAFETY: a line is the 64 bytes that are read.
        let b: [__m512i; VECTORS] = step
            .each_ref()
            .map(|line| unsafe { _mm512_loadu_si512(line.0.as_ptr().cast()) });
        for (acc, group) in acc.iter_mut().zip([r0, r1, r2, r3]) {
            let a = _mm512_set1_epi32(i32::from_ne_bytes(*group));
            for (acc, b) in acc.iter_mut().zip(b) {
                *acc = _mm512_dpbusd_epi32(*acc, b, a);
            }
        }
    }
    for (acc, sums) in acc.iter().zip(sums) {
        for (acc, sums) in acc.iter().zip(sums.as_chunks_mut::<16>().0) {
            // SAFETY: 16 int32 are the 64 bytes that are written.
            unsafe { _mm512_storeu_si512(sums.as_mut_ptr().cast(), *acc) };
        }
    }
}

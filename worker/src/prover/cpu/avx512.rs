// SPDX-License-Identifier: Apache-2.0
//! AVX-512 VNNI: `vpdpbusd` multiplies four unsigned bytes by four signed ones and adds the sum to an int32.
//!
//! B is packed as b + 128, so a kernel's sum is `Σ a·(b + 128) = Y + 128·Σ a`, and the second part is taken
//! off at the end. Exact: |a| ≤ 128, b + 128 ≤ 255 and k ≤ 2^15 keep every partial sum below 2^30, and the
//! instruction doesn't saturate.

use super::{
    block::Sums,
    kernel::{digest_all, in_fours, Rows, FOUR},
    panel::{self, Step, COLUMNS, GROUP, LINES},
    stream::{self, Lanes, MOST},
};
use compute_proof::{opening::Leaf, Hash};
use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_rol_epi32, _mm512_set1_epi32,
    _mm512_setzero_si512, _mm512_storeu_si512, _mm512_xor_si512,
};

// SAFETY, for all of it: only the functions below use these vectors, and they are compiled for AVX-512.
impl Lanes for __m512i {
    const COUNT: usize = MOST;

    #[inline(always)]
    fn load(words: &[u32; MOST]) -> Self {
        // SAFETY: 16 words are the 64 bytes that are read.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, words: &mut [u32]) {
        // SAFETY: 16 words are the 64 bytes that are written.
        unsafe { _mm512_storeu_si512(words[..MOST].as_mut_ptr().cast(), self) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_add_epi32(self, other) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_xor_si512(self, other) }
    }

    #[inline(always)]
    fn rotate<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_rol_epi32::<LEFT>(self) }
    }
}

/// Fills a panel with the rows `first ..` of B, `flip` xored into every word.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn fill(seed: &Hash, first: u32, flip: u32, panel: &mut [Step]) {
    panel::fill::<__m512i>(seed, first, flip, panel);
}

/// Fills rows of A, the first of which is row `first`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn fill_rows(seed: &Hash, first: u32, rows: &mut Rows) {
    stream::fill_rows::<__m512i>(seed, first, rows);
}

/// Sums each row.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn sum(rows: &mut Rows) {
    rows.sum();
}

/// Digests of finished sums.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn digest(sums: &Sums, digests: &mut [Leaf]) {
    digest_all(sums, digests);
}

/// Digests of the products of all rows (a multiple of four) with a panel.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn multiply(rows: &Rows, panel: &[Step], sums: &mut Sums, digests: &mut [Leaf]) {
    in_fours(&rows.bytes, rows, panel, sums, |four, steps, sums| {
        tile(four, steps, sums)
    });
    rows.take_excess(sums);
    digest_all(sums, digests);
}

/// Adds the products of four rows with a part of a panel to `sums`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn tile(rows: [&[[u8; GROUP]]; FOUR], steps: &[Step], sums: &mut [[i32; COLUMNS]; FOUR]) {
    let mut acc = [[_mm512_setzero_si512(); LINES]; FOUR];
    for (acc, sums) in acc.iter_mut().zip(&*sums) {
        for (acc, sums) in acc.iter_mut().zip(sums.as_chunks::<16>().0) {
            // SAFETY: 16 int32 are the 64 bytes that are read.
            *acc = unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) };
        }
    }
    let [r0, r1, r2, r3] = rows;
    for ((((step, r0), r1), r2), r3) in steps.iter().zip(r0).zip(r1).zip(r2).zip(r3) {
        let b = step.each_ref().map(|line| <__m512i as Lanes>::load(&line.0));
        for (acc, group) in acc.iter_mut().zip([r0, r1, r2, r3]) {
            let a = _mm512_set1_epi32(i32::from_le_bytes(*group));
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

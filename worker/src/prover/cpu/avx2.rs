// SPDX-License-Identifier: Apache-2.0
//! AVX2: both factors widened to int16, multiplied and added in pairs to int32 by `vpmaddwd`.
//!
//! Exact: a pair of products is at most 2^15 in magnitude, and k ≤ 2^15 keeps every sum within 2^29.
//! (`vpmaddubsw`, which would need no widening, saturates.)

use super::{
    block::Sums,
    kernel::{digest_all, in_fours, Rows, FOUR},
    panel::{self, Step, COLUMNS, GROUP},
    stream::{self, Lanes, MOST},
};
use compute_proof::{opening::Leaf, Hash};
use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_hadd_epi32, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_or_si256, _mm256_permute4x64_epi64, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_slli_epi32, _mm256_srli_epi32, _mm256_storeu_si256, _mm256_xor_si256, _mm_loadu_si128,
};

/// Columns at a time: two vectors, in which each column has two sums, of its even and its odd pairs.
const WIDTH: usize = 8;

// SAFETY, for all of it: only the functions below use these vectors, and they are compiled for AVX2.
impl Lanes for __m256i {
    const COUNT: usize = 8;

    #[inline(always)]
    fn load(words: &[u32; MOST]) -> Self {
        // SAFETY: eight words are the 32 bytes that are read.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, words: &mut [u32]) {
        // SAFETY: eight words are the 32 bytes that are written.
        unsafe { _mm256_storeu_si256(words[..8].as_mut_ptr().cast(), self) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm256_add_epi32(self, other) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm256_xor_si256(self, other) }
    }

    #[inline(always)]
    fn rotate<const LEFT: i32, const RIGHT: i32>(self) -> Self {
        // SAFETY: as above.
        unsafe { _mm256_or_si256(_mm256_slli_epi32::<LEFT>(self), _mm256_srli_epi32::<RIGHT>(self)) }
    }
}

/// Fills a panel with the rows `first ..` of B, `flip` xored into every word.
#[target_feature(enable = "avx2")]
pub fn fill(seed: &Hash, first: u32, flip: u32, panel: &mut [Step]) {
    panel::fill::<__m256i>(seed, first, flip, panel);
}

/// Fills rows of A, the first of which is row `first`.
#[target_feature(enable = "avx2")]
pub fn fill_rows(seed: &Hash, first: u32, rows: &mut Rows) {
    stream::fill_rows::<__m256i>(seed, first, rows);
}

/// Sums each row.
#[target_feature(enable = "avx2")]
pub fn sum(rows: &mut Rows) {
    rows.sum();
}

/// Widens the rows to int16.
#[target_feature(enable = "avx2")]
pub fn widen(rows: &mut Rows) {
    rows.wide.clear();
    rows.wide
        .extend(rows.bytes.iter().map(|byte| i16::from(byte.cast_signed())));
}

/// Digests of the products of all rows (a multiple of four) with a panel.
#[target_feature(enable = "avx2")]
pub fn multiply(rows: &Rows, panel: &[Step], sums: &mut Sums, digests: &mut [Leaf]) {
    in_fours(&rows.wide, rows, panel, sums, |four, steps, sums| {
        for first in (0..COLUMNS).step_by(WIDTH) {
            tile(four, steps, first, sums);
        }
    });
    digest_all(sums, digests);
}

/// Adds the products of four rows with the columns `first ..` of a part of a panel to `sums`.
#[target_feature(enable = "avx2")]
fn tile(rows: [&[[i16; GROUP]]; FOUR], steps: &[Step], first: usize, sums: &mut [[i32; COLUMNS]; FOUR]) {
    let [r0, r1, r2, r3] = rows;
    let mut acc = [[_mm256_setzero_si256(); 2]; FOUR];
    for ((((step, r0), r1), r2), r3) in steps.iter().zip(r0).zip(r1).zip(r2).zip(r3) {
        let words: &[u32] = &step[first / 16].0[first % 16..][..WIDTH];
        // SAFETY: four words are the 16 bytes that are read.
        let b = [0, 4]
            .map(|at| unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(words[at..][..4].as_ptr().cast())) });
        for (acc, group) in acc.iter_mut().zip([r0, r1, r2, r3]) {
            // SAFETY: four int16 are the eight bytes that are read.
            let a = _mm256_set1_epi64x(unsafe { group.as_ptr().cast::<i64>().read_unaligned() });
            for (acc, b) in acc.iter_mut().zip(b) {
                *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(a, b));
            }
        }
    }
    for ([low, high], sums) in acc.into_iter().zip(sums) {
        // Adds the two sums of each column; that leaves them in the order 0 1 4 5 2 3 6 7.
        let both = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(low, high));
        let sums = &mut sums[first..][..WIDTH];
        // SAFETY: eight int32 are the 32 bytes that are read and written.
        unsafe {
            let before = _mm256_loadu_si256(sums.as_ptr().cast());
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_add_epi32(before, both));
        }
    }
}

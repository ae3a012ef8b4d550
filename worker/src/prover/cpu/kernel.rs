// SPDX-License-Identifier: Apache-2.0
//! The instruction sets that there is a path for, and the choice between them.

#[cfg(target_arch = "x86_64")]
use super::{amx, avx2, avx512, avxvnni};
use super::{
    block::Sums,
    panel::{Step, COLUMNS, GROUP},
    portable,
};
use compute_proof::{opening::Leaf, work::digest, Hash};
use std::fmt;

/// A way to multiply on this kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// AMX: `tdpbssd`, a tile by a tile.
    AmxInt8,
    /// AVX-512 VNNI: `vpdpbusd`, four multiply-accumulates a lane.
    Avx512Vnni,
    /// AVX-VNNI: the same on half as long vectors.
    AvxVnni,
    /// AVX2: int8 widened to int16, `vpmaddwd`.
    Avx2,
    /// Plain loops, on any machine.
    Portable,
}

impl Path {
    /// All paths, the likely fastest first.
    pub const ALL: [Self; 5] = [
        Self::AmxInt8,
        Self::Avx512Vnni,
        Self::AvxVnni,
        Self::Avx2,
        Self::Portable,
    ];

    /// Those that this machine has the instructions for.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|path| path.is_available())
    }

    /// Whether this machine has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            // Its inputs and digests are made by AVX-512.
            Self::AmxInt8 => Self::Avx512Vnni.is_available() && amx::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::AmxInt8 | Self::Avx512Vnni | Self::AvxVnni | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// The backend's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AmxInt8 => "cpu-amx-int8",
            Self::Avx512Vnni => "cpu-avx512-vnni",
            Self::AvxVnni => "cpu-avx-vnni",
            Self::Avx2 => "cpu-avx2",
            Self::Portable => "cpu-portable",
        }
    }

    /// Bytes of k that the kernel takes at a time: so much of a panel, or of the columns that are multiplied at once, stays in the
    /// first cache while all rows of a block pass over it.
    pub const fn depth(self) -> usize {
        match self {
            Self::AmxInt8 => 512,
            Self::Avx512Vnni | Self::AvxVnni | Self::Avx2 => 256,
            // All of k: whole rows.
            Self::Portable => usize::MAX,
        }
    }

    /// What is xored into every word of B: `vpdpbusd` takes its first factor unsigned, b + 128.
    pub const fn flip(self) -> u32 {
        match self {
            Self::Avx512Vnni | Self::AvxVnni => 0x8080_8080,
            Self::AmxInt8 | Self::Avx2 | Self::Portable => 0,
        }
    }

    /// Fills a panel with the rows `first ..` of B, each a column, in the form that the kernel takes.
    pub(super) fn fill(self, seed: &Hash, first: u32, panel: &mut [Step]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Cpu` of this path exists only where `is_available` found these features.
            Self::AmxInt8 | Self::Avx512Vnni => unsafe { avx512::fill(seed, first, self.flip(), panel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::AvxVnni | Self::Avx2 => unsafe { avx2::fill(seed, first, self.flip(), panel) },
            _ => portable::fill(seed, first, panel),
        }
    }

    /// Fills rows of A, the first of which is row `first`.
    pub(super) fn fill_rows(self, seed: &Hash, first: u32, rows: &mut Rows) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::AmxInt8 | Self::Avx512Vnni => unsafe { avx512::fill_rows(seed, first, rows) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::AvxVnni | Self::Avx2 => unsafe { avx2::fill_rows(seed, first, rows) },
            _ => portable::fill_rows(seed, first, rows),
        }
    }

    /// Derives from the bytes of the rows what else the kernel needs.
    pub(super) fn prepare(self, rows: &mut Rows) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::Avx512Vnni => unsafe { avx512::sum(rows) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::AvxVnni => unsafe { avx2::sum(rows) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::Avx2 => unsafe { avx2::widen(rows) },
            _ => {}
        }
    }

    /// Digests of the products of all rows with a panel. `sums` is working memory; all three are equally
    /// high.
    pub(super) fn multiply(self, rows: &Rows, panel: &[Step], sums: &mut Sums, digests: &mut [Leaf]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::AmxInt8 => unsafe { amx::multiply(rows, panel, sums, digests) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::Avx512Vnni => unsafe { avx512::multiply(rows, panel, sums, digests) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::AvxVnni => unsafe { avxvnni::multiply(rows, panel, sums, digests) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as in `fill`.
            Self::Avx2 => unsafe { avx2::multiply(rows, panel, sums, digests) },
            _ => portable::multiply(rows, panel, sums, digests),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The rows of a block, and what a path derives from them.
pub struct Rows {
    /// How many.
    pub height: usize,
    /// Bytes of each that stand together: a kernel takes so many of k at a time. k is a multiple.
    pub depth: usize,
    /// The first `depth` bytes of all rows, one row after the other, then the next of all.
    pub bytes: Vec<u8>,
    /// For VNNI: 128 times the sum of each row, which b + 128 adds to every product.
    pub excess: Vec<i32>,
    /// For AVX2: the rows, widened to int16.
    pub wide: Vec<i16>,
}

impl Rows {
    /// Memory for `height` rows of `k` bytes, for a path.
    pub fn new(path: Path, k: usize, height: usize) -> Self {
        Self {
            height,
            depth: path.depth().min(k),
            bytes: vec![0; k * height],
            excess: vec![0; height],
            wide: Vec::new(),
        }
    }

    /// For each depth its part of all rows.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.height * self.depth)
    }

    /// Sums each row. Inlined as [`digest_all`] is.
    #[inline(always)]
    pub fn sum(&mut self) {
        let Self {
            height,
            depth,
            bytes,
            excess,
            ..
        } = self;
        excess.fill(0);
        for part in bytes.chunks_exact(*height * *depth) {
            for (excess, row) in excess.iter_mut().zip(part.chunks_exact(*depth)) {
                *excess += 128 * row.iter().map(|byte| i32::from(byte.cast_signed())).sum::<i32>();
            }
        }
    }

    /// Takes what b + 128 added off the finished sums.
    #[inline(always)]
    pub fn take_excess(&self, sums: &mut Sums) {
        for (sums, excess) in sums.iter_mut().zip(&self.excess) {
            for sum in sums {
                *sum = sum.wrapping_sub(*excess);
            }
        }
    }
}

/// Rows that the vector kernels take at a time: then half of the registers are sums, enough to hide the latency.
pub const FOUR: usize = 4;

/// Computes the sums of all rows (a multiple of four) with a panel: `tile` adds to the sums of four rows their products with a part of it, each
/// row in groups of the elements that the kernel multiplies. Inlined as [`digest_all`] is.
#[inline(always)]
pub fn in_fours<T>(
    elements: &[T],
    rows: &Rows,
    panel: &[Step],
    sums: &mut Sums,
    tile: impl Fn([&[[T; GROUP]]; FOUR], &[Step], &mut [[i32; COLUMNS]; FOUR]),
) {
    sums.fill([0; COLUMNS]);
    let parts = elements.chunks_exact(rows.height * rows.depth);
    for (part, steps) in parts.zip(panel.chunks_exact(rows.depth / GROUP)) {
        let four_rows = part.chunks_exact(FOUR * rows.depth);
        for (four, sums) in four_rows.zip(sums.as_chunks_mut::<FOUR>().0) {
            let row = |index: usize| four[index * rows.depth..][..rows.depth].as_chunks::<GROUP>().0;
            tile([row(0), row(1), row(2), row(3)], steps, sums);
        }
    }
}

/// Digests of finished sums. Inlined into each kernel, so that it is vectorised with the kernel's
/// instructions.
#[inline(always)]
pub fn digest_all(sums: &Sums, digests: &mut [Leaf]) {
    for (sums, leaf) in sums.iter().zip(digests) {
        for (sum, out) in sums.iter().zip(leaf) {
            *out = digest(*sum);
        }
    }
}

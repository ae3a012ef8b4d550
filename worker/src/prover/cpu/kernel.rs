// SPDX-License-Identifier: Apache-2.0
//! The instruction sets that there is a path for, and the choice between them.

#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use super::{
    block::Sums,
    panel::{pack, Line},
    portable,
};
use compute_proof::{opening::Leaf, work::digest};
use std::{fmt, str::FromStr};

/// Bytes of k that a kernel takes at a time: a panel's part of it, 16 KiB, stays in the first cache while all
/// rows of a block pass over it. k is a multiple of it in every class.
pub const DEPTH: usize = 256;

/// A way to multiply on this kind of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// AVX-512 VNNI: `vpdpbusd`, four multiply-accumulates a lane.
    Avx512Vnni,
    /// AVX2: int8 widened to int16, `vpmaddwd`.
    Avx2,
    /// Plain loops, on any machine.
    Portable,
}

impl Path {
    /// All paths, the likely fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512Vnni, Self::Avx2, Self::Portable];

    /// Those that this machine has the instructions for.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|path| path.is_available())
    }

    /// Whether this machine has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512Vnni | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// The backend's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512Vnni => "cpu-avx512-vnni",
            Self::Avx2 => "cpu-avx2",
            Self::Portable => "cpu-portable",
        }
    }

    /// Packs a row of B as column `column` of a panel.
    pub fn pack(self, row: &[u8], column: usize, panel: &mut [Line]) {
        match self {
            // `vpdpbusd` takes its first factor unsigned: b + 128.
            Self::Avx512Vnni => pack::<4>(row, column, 0x80, panel),
            Self::Avx2 => pack::<2>(row, column, 0, panel),
            Self::Portable => portable::pack(row, column, panel),
        }
    }

    /// Derives from the bytes of the rows what else the kernel needs.
    pub fn prepare(self, rows: &mut Rows) {
        match self {
            Self::Avx512Vnni => rows.sum(),
            Self::Avx2 => rows.widen(),
            Self::Portable => {}
        }
    }

    /// Digests of the products of all rows with a panel. `sums` is working memory; all three are equally
    /// high.
    pub fn multiply(self, rows: &Rows, panel: &[Line], sums: &mut Sums, digests: &mut [Leaf]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Cpu` of this path exists only where `is_available` found these features.
            Self::Avx512Vnni => unsafe { avx512::multiply(rows, panel, sums, digests) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 => unsafe { avx2::multiply(rows, panel, sums, digests) },
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512Vnni | Self::Avx2 => portable::multiply(rows, panel, sums, digests),
            Self::Portable => portable::multiply(rows, panel, sums, digests),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a path.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("unknown backend: one of cpu-avx512-vnni, cpu-avx2, cpu-portable")]
pub struct UnknownPath;

impl FromStr for Path {
    type Err = UnknownPath;

    fn from_str(name: &str) -> Result<Self, UnknownPath> {
        Self::ALL
            .into_iter()
            .find(|path| path.name() == name)
            .ok_or(UnknownPath)
    }
}

/// The rows of a block, and what a path derives from them.
pub struct Rows {
    /// Bytes a row.
    pub k: usize,
    /// The rows, one after the other.
    pub bytes: Vec<u8>,
    /// For AVX-512 VNNI: 128 times the sum of each row, which b + 128 adds to every product.
    pub excess: Vec<i32>,
    /// For AVX2: two neighbours of a row, each widened to int16, in one i32.
    pub pairs: Vec<i32>,
}

impl Rows {
    /// Memory for `height` rows of `k` bytes.
    pub fn new(k: usize, height: usize) -> Self {
        Self {
            k,
            bytes: vec![0; k * height],
            excess: vec![0; height],
            pairs: Vec::new(),
        }
    }

    fn sum(&mut self) {
        for (excess, row) in self.excess.iter_mut().zip(self.bytes.chunks_exact(self.k)) {
            *excess = 128 * row.iter().map(|byte| i32::from(byte.cast_signed())).sum::<i32>();
        }
    }

    fn widen(&mut self) {
        let pairs = self.bytes.as_chunks::<2>().0.iter().map(|pair| {
            let [[a, b], [c, d]] = pair.map(|byte| i16::from(byte.cast_signed()).to_ne_bytes());
            i32::from_ne_bytes([a, b, c, d])
        });
        self.pairs.clear();
        self.pairs.extend(pairs);
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

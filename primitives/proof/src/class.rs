// SPDX-License-Identifier: Apache-2.0
//! The shapes of a round: how large the product of each class is.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::{fmt, str::FromStr};
use scale_info::TypeInfo;

/// Cells, and so bytes of cell digests, in one leaf of a round's Merkle tree.
pub const LEAF_CELLS: u32 = 64;

/// A class of work: the shape of the product `Y = A · Bᵀ` that a round computes.
///
/// `A` is m × k and `B` is n × k, both of int8, with m = n. Encoded as one byte, the index of protocol
/// section 3.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Class {
    /// 64 × 64 × 256: tests and development chains.
    #[codec(index = 0)]
    Xs,
    /// 1024 × 1024 × 4096: CPUs and small devices.
    #[codec(index = 1)]
    S,
    /// 4096 × 4096 × 8192: small GPUs.
    #[codec(index = 2)]
    M,
    /// 8192 × 8192 × 16384: data-centre GPUs.
    #[codec(index = 3)]
    L,
    /// 16384 × 16384 × 32768: the largest.
    #[codec(index = 4)]
    Xl,
}

impl Class {
    /// All classes, smallest first.
    pub const ALL: [Self; 5] = [Self::Xs, Self::S, Self::M, Self::L, Self::Xl];

    /// The one byte that stands for the class in commitments and encodings.
    pub const fn index(self) -> u8 {
        match self {
            Self::Xs => 0,
            Self::S => 1,
            Self::M => 2,
            Self::L => 3,
            Self::Xl => 4,
        }
    }

    /// Base-2 logarithms of (m = n, k).
    const fn logs(self) -> (u32, u32) {
        match self {
            Self::Xs => (6, 8),
            Self::S => (10, 12),
            Self::M => (12, 13),
            Self::L => (13, 14),
            Self::Xl => (14, 15),
        }
    }

    /// Rows of `A` and of the product.
    pub const fn m(self) -> u32 {
        1 << self.logs().0
    }

    /// Rows of the transposed `B`, columns of the product. Equal to [`Self::m`] in every class.
    pub const fn n(self) -> u32 {
        self.m()
    }

    /// Depth of the product: bytes in a row of `A` and of `B`. A multiple of 256.
    pub const fn k(self) -> u32 {
        1 << self.logs().1
    }

    /// Multiply-accumulates of one round, m · n · k.
    pub const fn macs(self) -> u64 {
        1 << (2 * self.logs().0 + self.logs().1)
    }

    /// Multiply-accumulates of `rounds` rounds. Cannot overflow: at most 2^43 · 2^32.
    pub fn work(self, rounds: u32) -> u128 {
        u128::from(self.macs()) * u128::from(rounds)
    }

    /// Leaves of a round's tree in one row of the product, n / 64.
    pub const fn leaves_per_row(self) -> u32 {
        self.n() / LEAF_CELLS
    }

    /// Leaves of a round's tree, m · n / 64: a power of two.
    pub const fn leaves(self) -> u32 {
        self.m() * self.leaves_per_row()
    }

    /// Nodes in the path from a leaf to the round's root, excluding the leaf and the root.
    pub const fn leaf_path_len(self) -> usize {
        match self {
            Self::Xs => 6,
            Self::S => 14,
            Self::M => 18,
            Self::L => 20,
            Self::Xl => 22,
        }
    }

    /// The name by which users call the class: `xs`, `s`, `m`, `l`, `xl`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xs => "xs",
            Self::S => "s",
            Self::M => "m",
            Self::L => "l",
            Self::Xl => "xl",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Neither an index nor a name of a [`Class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownClass;

impl fmt::Display for UnknownClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown class of work: one of xs, s, m, l, xl (0 to 4)")
    }
}

impl core::error::Error for UnknownClass {}

impl TryFrom<u8> for Class {
    type Error = UnknownClass;

    fn try_from(index: u8) -> Result<Self, UnknownClass> {
        Self::ALL
            .into_iter()
            .find(|class| class.index() == index)
            .ok_or(UnknownClass)
    }
}

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(name: &str) -> Result<Self, UnknownClass> {
        Self::ALL
            .into_iter()
            .find(|class| class.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownClass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_those_of_the_protocol() {
        let shapes = Class::ALL.map(|c| (c.index(), c.m(), c.n(), c.k(), c.macs()));
        assert_eq!(
            shapes,
            [
                (0, 64, 64, 256, 1 << 20),
                (1, 1024, 1024, 4096, 1 << 32),
                (2, 4096, 4096, 8192, 1 << 37),
                (3, 8192, 8192, 16384, 1 << 40),
                (4, 16384, 16384, 32768, 1 << 43),
            ]
        );
    }

    #[test]
    fn derived_sizes_agree_with_the_shape() {
        for class in Class::ALL {
            let (m, n, k) = (u64::from(class.m()), u64::from(class.n()), u64::from(class.k()));
            assert_eq!(class.macs(), m * n * k);
            assert_eq!(u64::from(class.leaves()), m * n / 64);
            assert_eq!(1u64 << class.leaf_path_len(), m * n / 64);
            assert_eq!(k % 256, 0);
            assert_eq!(class.work(u32::MAX), u128::from(m * n * k) * u128::from(u32::MAX));
        }
    }

    #[test]
    fn index_name_and_encoding_round_trip_and_nothing_else_is_a_class() {
        for class in Class::ALL {
            assert_eq!(Class::try_from(class.index()), Ok(class));
            assert_eq!(class.name().parse(), Ok(class));
            assert_eq!(class.encode(), [class.index()]);
        }
        assert_eq!("XL".parse(), Ok(Class::Xl));
        for index in 5..=u8::MAX {
            assert_eq!(Class::try_from(index), Err(UnknownClass));
            assert!(Class::decode(&mut &[index][..]).is_err());
        }
        assert_eq!("xxl".parse::<Class>(), Err(UnknownClass));
    }
}

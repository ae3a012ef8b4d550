// SPDX-License-Identifier: Apache-2.0
//! What a device must compute: its key, the seeds of its rounds, the inputs, the cells, the commitment.

use crate::{
    hash::{keyed, Hash},
    Class,
};
use chacha20::{
    cipher::{
        consts::U4, generic_array::GenericArray, BlockSizeUser, KeyIvInit, StreamCipher, StreamCipherCore,
    },
    ChaCha8, ChaChaCore,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most rounds that one commitment may claim.
pub const MAX_ROUNDS: u32 = 65_536;

/// Stands for `root_0` and `root_-1`, and pads the top tree.
pub const ZERO: Hash = [0; 32];

/// Who works: an asset and the account that proves for it.
///
/// Everything that a device computes hangs on both, so no work can be shared between identities.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Device {
    /// Id of the asset.
    pub asset: u64,
    /// Public key of the account that proves for the asset.
    pub prover: [u8; 32],
}

/// `D = kh(challenge, LE64(asset) ‖ 0^24 ‖ prover)`: the key of a device's work in one census.
pub fn device_key(challenge: &Hash, device: &Device) -> Hash {
    let mut message = [0; 64];
    let (asset, prover) = message.split_at_mut(32);
    asset[..8].copy_from_slice(&device.asset.to_le_bytes());
    prover.copy_from_slice(&device.prover);
    keyed(challenge, &message)
}

/// `seed_t = kh(D, LE32(t) ‖ 0^28 ‖ root_{t-2})`: the seed of round `round` (counted from 1).
///
/// `previous_root` is the root two rounds earlier, `root_{t-2}`: [`ZERO`] for rounds 1 and 2.
pub fn round_seed(d: &Hash, round: u32, previous_root: &Hash) -> Hash {
    let mut message = [0; 64];
    message[..4].copy_from_slice(&round.to_le_bytes());
    message[32..].copy_from_slice(previous_root);
    keyed(d, &message)
}

/// `kh(D, LE32(T) ‖ class ‖ 0^27 ‖ top)`: what a device commits to on chain.
pub fn commitment(d: &Hash, rounds: u32, class: Class, top: &Hash) -> Hash {
    let mut message = [0; 64];
    message[..4].copy_from_slice(&rounds.to_le_bytes());
    message[4] = class.index();
    message[32..].copy_from_slice(top);
    keyed(d, &message)
}

/// Nodes in the path from a round's root to `top`; `None` unless 1 ≤ `rounds` ≤ [`MAX_ROUNDS`].
pub fn top_path_len(rounds: u32) -> Option<usize> {
    if !(1..=MAX_ROUNDS).contains(&rounds) {
        return None;
    }
    // At most 16, as rounds ≤ 2^16.
    usize::try_from(rounds.next_power_of_two().trailing_zeros()).ok()
}

/// Which of a round's two inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// The left factor, m × k.
    A,
    /// The right factor, stored transposed, n × k.
    B,
}

impl Matrix {
    /// Nonce of a row's key stream: words `(row, 0x41 or 0x42, 0)`, little-endian.
    pub fn nonce(self, row: u32) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&row.to_le_bytes());
        nonce[4] = match self {
            Self::A => 0x41,
            Self::B => 0x42,
        };
        nonce
    }
}

/// Writes the first `out.len()` bytes of a row of a round's input, to be read as int8.
///
/// Byte `64·b + x` is byte `x` of the ChaCha8 block with key `seed`, counter `b` (word 12 of the state) and
/// the nonce of [`Matrix`] (words 13 to 15).
pub fn fill_row(seed: &Hash, matrix: Matrix, row: u32, out: &mut [u8]) {
    out.fill(0);
    ChaCha8::new(seed.into(), &matrix.nonce(row).into()).apply_keystream(out);
}

/// Blocks of key stream that [`cell`] handles at a time; k is a multiple of their bytes in every class.
const STRIDE: usize = 4;

type Core = ChaChaCore<U4>;
type Blocks = [GenericArray<u8, <Core as BlockSizeUser>::BlockSize>; STRIDE];

/// The cell `Y[row][column]` of a round: the dot product of row `row` of `A` and row `column` of `B`.
///
/// Regenerates both rows, 2k bytes of key stream, without allocating. Exact: a product of two int8 is at most
/// 2^14 in magnitude and k ≤ 2^15, so every partial sum stays within 2^29 and the wrapping additions never
/// wrap. (They are wrapping only so that builds with overflow checks still vectorise the loop.)
pub fn cell(seed: &Hash, class: Class, row: u32, column: u32) -> i32 {
    let mut a = Core::new(seed.into(), &Matrix::A.nonce(row).into());
    let mut b = Core::new(seed.into(), &Matrix::B.nonce(column).into());
    let mut a_blocks = Blocks::default();
    let mut b_blocks = Blocks::default();
    let mut sum = 0i32;
    for _ in 0..class.k() / 256 {
        a.write_keystream_blocks(&mut a_blocks);
        b.write_keystream_blocks(&mut b_blocks);
        for (a_block, b_block) in a_blocks.iter().zip(&b_blocks) {
            sum = sum.wrapping_add(dot(a_block, b_block));
        }
    }
    sum
}

/// Dot product of two equally long rows of int8 bytes, exact for at most 2^16 of them.
#[inline]
pub fn dot(a: &[u8], b: &[u8]) -> i32 {
    a.iter().zip(b).fold(0i32, |sum, (x, y)| {
        sum.wrapping_add(i32::from(x.cast_signed()) * i32::from(y.cast_signed()))
    })
}

/// Digest of a cell: `((Y · 0x9E3779B1) mod 2^32) >> 24`.
///
/// The odd multiplier moves every bit of `Y`, the lowest included, into the byte that is kept.
#[inline]
pub fn digest(y: i32) -> u8 {
    let [high, ..] = y.cast_unsigned().wrapping_mul(0x9E37_79B1).to_be_bytes();
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn chacha8_meets_its_known_answer() {
        let mut out = [0; 32];
        ChaCha8::new(&[0; 32].into(), &[0; 12].into()).apply_keystream(&mut out);
        assert_eq!(
            out,
            hex!("3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e")
        );
    }

    #[test]
    fn cell_is_the_dot_product_of_the_rows_that_fill_row_writes() {
        let seed = [9; 32];
        for class in Class::ALL {
            let k = usize::try_from(class.k()).unwrap();
            let (mut a, mut b) = (vec![0; k], vec![0; k]);
            let (row, column) = (class.m() - 1, class.n() / 3);
            fill_row(&seed, Matrix::A, row, &mut a);
            fill_row(&seed, Matrix::B, column, &mut b);
            assert_eq!(cell(&seed, class, row, column), dot(&a, &b));
        }
    }

    #[test]
    fn dot_is_exact_at_the_extremes() {
        let k = 1 << 16;
        assert_eq!(dot(&vec![0x80; k], &vec![0x80; k]), 1 << 30);
        assert_eq!(dot(&vec![0x80; k], &vec![0x7f; k]), -128 * 127 * (1 << 16));
    }

    #[test]
    fn neighbouring_cells_never_share_a_digest() {
        for y in -100_000..100_000 {
            assert_ne!(digest(y), digest(y + 1));
        }
    }

    #[test]
    fn digest_is_the_top_byte_of_the_product() {
        assert_eq!(digest(0), 0);
        assert_eq!(digest(1), 0x9e);
        assert_eq!(digest(-1), 0x61);
        assert_eq!(digest(116_781), 160);
    }

    #[test]
    fn top_path_len_is_the_logarithm_rounded_up_within_the_limits() {
        let lens = [0, 1, 2, 3, 4, 5, 8, 9, 65_535, 65_536, 65_537, u32::MAX].map(top_path_len);
        let some = [0, 1, 2, 2, 3, 3, 4, 16, 16].map(Some);
        assert_eq!(lens[0], None);
        assert_eq!(lens[1..10], some);
        assert_eq!(lens[10..], [None, None]);
    }
}

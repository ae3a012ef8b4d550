// SPDX-License-Identifier: Apache-2.0
//! SHA-256d shares: how a miner shows its hashrate to a chain, and how the chain counts it.
//!
//! Any Stratum miner can be the device, an ASIC too: it hashes 80-byte block headers, as it always does. The header's previous
//! block is the census's challenge and its coinbase carries the device's key, so a hash belongs to one device and one census
//! and can't be prepared, shared or replayed. A [`Share`] is what of a header its miner chose; the rest is rebuilt.
//!
//! | bytes of the header | what |
//! |---|---|
//! | 0..4 | version, little-endian: [`VERSION`] with the share's 16 bits under [`VERSION_MASK`] (BIP 320) |
//! | 4..36 | the challenge, as it is |
//! | 36..68 | SHA-256d of the coinbase, the only transaction: the Merkle root |
//! | 68..72 | ntime, little-endian: seconds of Unix time |
//! | 72..76 | [`NBITS`], little-endian |
//! | 76..80 | nonce, little-endian |
//!
//! | bytes of the coinbase | what |
//! |---|---|
//! | 0..4 | version 1, little-endian |
//! | 4..41 | one input, of no transaction: `01`, 32 zeros, `ffffffff` |
//! | 41..90 | its script of 48 bytes: `30`, `"ERGN"`, the device's key, extranonce1 (4), extranonce2 (8) |
//! | 90..94 | sequence `ffffffff` |
//! | 94..105 | one output of nothing to nobody: `01`, eight zeros, `01`, `6a` (`OP_RETURN`) |
//! | 105..109 | lock time 0 |
//!
//! # How much was hashed
//!
//! A hash, read as a little-endian integer, is uniform below 2^256. So the K smallest of N hashes are order statistics, and
//! `(K - 1) · 2^256 / h_K` is an unbiased estimate of N whatever N is, without any difficulty to agree on; its relative error
//! is `1/√(K - 2)`, 12.7% for K = 64. Only the true K smallest count the most: to withhold one makes the K-th larger, and the estimate
//! lower.

use crate::{hash::Hash, work::device_key, Device};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::{fmt, ops::RangeInclusive};
use primitive_types::{U256, U512};
use scale_info::TypeInfo;
use sha2::{Digest, Sha256};

#[cfg(test)]
mod tests;

/// K: shares in a proof.
pub const SHARES: u32 = 64;

/// Version of every header but for the bits under [`VERSION_MASK`].
pub const VERSION: u32 = 0x2000_0000;

/// The bits of the version that a miner may roll (BIP 320).
pub const VERSION_MASK: u32 = 0x1fff_e000;

/// The least difficulty there is, 1, in Bitcoin's compact form. It decides nothing; miners show it.
pub const NBITS: u32 = 0x1d00_ffff;

/// Seconds that a share's time may be ahead of the chain's, as in Bitcoin.
pub const MAX_TIME_AHEAD: u32 = 7_200;

/// Bytes of a coinbase before the extranonces: Stratum's `coinb1`.
pub const COINBASE_PREFIX_LEN: usize = 78;

/// Bytes of a coinbase after the extranonces: Stratum's `coinb2`.
pub const COINBASE_SUFFIX_LEN: usize = 19;

/// Bytes of a coinbase.
pub const COINBASE_LEN: usize = COINBASE_PREFIX_LEN + 4 + 8 + COINBASE_SUFFIX_LEN;

/// Up to the device's key: version, input, length of the script, `"ERGN"`.
const COINBASE_HEAD: [u8; 46] = {
    let mut head = [0; 46];
    head[0] = 1;
    head[4] = 1;
    let mut at = 37;
    while at < 41 {
        head[at] = 0xff;
        at += 1;
    }
    head[41] = 48;
    (head[42], head[43], head[44], head[45]) = (b'E', b'R', b'G', b'N');
    head
};

/// Sequence, output, lock time.
const COINBASE_SUFFIX: [u8; COINBASE_SUFFIX_LEN] = [
    0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x6a, 0, 0, 0, 0,
];

/// What a miner chose of a header. 22 bytes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Share {
    /// As in the coinbase: the server's part, one a connection.
    pub extranonce1: [u8; 4],
    /// As in the coinbase: the miner's part.
    pub extranonce2: [u8; 8],
    /// Seconds of Unix time.
    pub ntime: u32,
    /// The header's nonce.
    pub nonce: u32,
    /// The 16 bits of the version under [`VERSION_MASK`].
    pub version_bits: u16,
}

impl Share {
    /// The header's version.
    pub fn version(&self) -> u32 {
        VERSION | u32::from(self.version_bits) << 13
    }
}

/// Why shares are no proof. The number is a share's, from 0.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum SharesError {
    /// They are not [`SHARES`]. Found before any of them is hashed.
    Count,
    /// A share's time is before the census opened, or too far ahead. Found before any of them is hashed.
    Time(u32),
    /// A share's hash is not larger than that of the share before.
    Order(u32),
    /// So many hashes that no number of them is kept: there never were.
    Overflow,
}

impl fmt::Display for SharesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => write!(f, "a proof has {SHARES} shares"),
            Self::Time(share) => write!(f, "the time of share {share} is not within the census"),
            Self::Order(share) => write!(f, "the hash of share {share} is not above the one before"),
            Self::Overflow => write!(f, "the shares stand for more hashes than can be counted"),
        }
    }
}

impl core::error::Error for SharesError {}

/// SHA-256 of SHA-256.
pub fn sha256d(bytes: &[u8]) -> Hash {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// What stands before and after the extranonces in a device's coinbase: Stratum's `coinb1` and `coinb2`.
///
/// `key` is the device's in this census ([`device_key`]).
pub fn coinbase_parts(key: &Hash) -> ([u8; COINBASE_PREFIX_LEN], [u8; COINBASE_SUFFIX_LEN]) {
    let mut prefix = [0; COINBASE_PREFIX_LEN];
    let (head, rest) = prefix.split_at_mut(COINBASE_HEAD.len());
    head.copy_from_slice(&COINBASE_HEAD);
    rest.copy_from_slice(key);
    (prefix, COINBASE_SUFFIX)
}

/// A device's coinbase: a transaction of one input and one output, well-formed, and spending nothing.
pub fn coinbase(key: &Hash, extranonce1: &[u8; 4], extranonce2: &[u8; 8]) -> [u8; COINBASE_LEN] {
    let (prefix, suffix) = coinbase_parts(key);
    let mut coinbase = [0; COINBASE_LEN];
    let parts: [&[u8]; 4] = [&prefix, extranonce1, extranonce2, &suffix];
    for (byte, from) in coinbase.iter_mut().zip(parts.into_iter().flatten()) {
        *byte = *from;
    }
    coinbase
}

/// The header that a share stands for, under the Merkle root of its coinbase.
pub fn header(challenge: &Hash, merkle_root: &Hash, share: &Share) -> [u8; 80] {
    let mut header = [0; 80];
    header[..4].copy_from_slice(&share.version().to_le_bytes());
    header[4..36].copy_from_slice(challenge);
    header[36..68].copy_from_slice(merkle_root);
    header[68..72].copy_from_slice(&share.ntime.to_le_bytes());
    header[72..76].copy_from_slice(&NBITS.to_le_bytes());
    header[76..].copy_from_slice(&share.nonce.to_le_bytes());
    header
}

/// The hash of a share of the device with this key: SHA-256d of its header, read as a little-endian integer.
///
/// Six compressions of SHA-256.
pub fn share_hash(key: &Hash, challenge: &Hash, share: &Share) -> U256 {
    let merkle_root = sha256d(&coinbase(key, &share.extranonce1, &share.extranonce2));
    U256::from_little_endian(&sha256d(&header(challenge, &merkle_root, share)))
}

/// How many hashes it takes, on average, for the [`SHARES`]-th smallest to be `largest`: `(K - 1) · 2^256 / largest`, rounded
/// down. `None` if that is 2^128 or more.
pub fn estimate(largest: U256) -> Option<u128> {
    let hashes = (U512::from(SHARES - 1) << 256).checked_div(largest.into())?;
    u128::try_from(hashes).ok()
}

/// Counts the hashes that a device made in a census, by the [`SHARES`] smallest of them in increasing order.
///
/// `times` are the seconds of Unix time that a share may name: from the census's opening to [`MAX_TIME_AHEAD`] after now.
pub fn verify(
    device: &Device,
    challenge: &Hash,
    times: &RangeInclusive<u32>,
    shares: &[Share],
) -> Result<u128, SharesError> {
    let numbered = || (0u32..).zip(shares);
    if u32::try_from(shares.len()) != Ok(SHARES) {
        return Err(SharesError::Count);
    }
    if let Some((number, _)) = numbered().find(|(_, share)| !times.contains(&share.ntime)) {
        return Err(SharesError::Time(number));
    }
    let key = device_key(challenge, device);
    let mut largest = None;
    for (number, share) in numbered() {
        let hash = Some(share_hash(&key, challenge, share));
        if hash <= largest {
            return Err(SharesError::Order(number));
        }
        largest = hash;
    }
    largest.and_then(estimate).ok_or(SharesError::Overflow)
}

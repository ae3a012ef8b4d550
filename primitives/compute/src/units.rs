// SPDX-License-Identifier: Apache-2.0
//! Typed ids and the units of the books.

use codec::{CompactAs, Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// One asset: one device, one NFT. The NFT's item id is the same number. Never reused.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    CompactAs,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct AssetId(pub u64);

impl From<u64> for AssetId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl From<AssetId> for u64 {
    fn from(id: AssetId) -> Self {
        id.0
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The running number of a census, from 1. Zero means "none yet".
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    CompactAs,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct CensusIndex(pub u32);

impl From<u32> for CensusIndex {
    fn from(index: u32) -> Self {
        Self(index)
    }
}

impl fmt::Display for CensusIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A salted hash of the vendor's device UUID.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct HardwareId(pub [u8; 32]);

/// Verified work in plain int8 multiply-accumulates (for hashrate assets: in hashes).
pub type Work = u128;

/// Verified work per second.
pub type WorkRate = u128;

/// 1 CU, the unit in which matrix work is shown: 10^12 multiply-accumulates.
pub const COMPUTE_UNIT: Work = 1_000_000_000_000;

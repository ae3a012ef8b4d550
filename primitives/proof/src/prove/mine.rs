// SPDX-License-Identifier: Apache-2.0
//! A miner in plain loops, the yardstick of faster ones.

use crate::{
    hashrate::{share_hash, Share, SHARES},
    work::device_key,
    Device, Hash,
};
use alloc::{collections::BTreeMap, vec::Vec};

/// Tries the nonces below `hashes` under one coinbase, and returns the [`SHARES`] smallest hashes in increasing order: a proof of
/// so many hashes, where there are enough.
pub fn mine(device: &Device, challenge: &Hash, ntime: u32, hashes: u32) -> Vec<Share> {
    let key = device_key(challenge, device);
    let mut smallest = BTreeMap::new();
    for nonce in 0..hashes {
        let share = Share {
            extranonce1: [0; 4],
            extranonce2: [0; 8],
            ntime,
            nonce,
            version_bits: 0,
        };
        smallest.insert(share_hash(&key, challenge, &share), share);
        if u32::try_from(smallest.len()).is_ok_and(|count| count > SHARES) {
            smallest.pop_last();
        }
    }
    smallest.into_values().collect()
}

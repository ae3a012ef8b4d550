// SPDX-License-Identifier: Apache-2.0
//! The smallest hashes of a census, from all miners of the asset.

#[cfg(test)]
mod tests;

use compute_proof::hashrate::{estimate, Share, SHARES};
use primitive_types::U256;
use std::collections::BTreeMap;

/// The [`SHARES`] smallest hashes seen, each once. Takes O(log K) a share, and no more memory than K shares.
#[derive(Clone, Debug, Default)]
pub struct Best(BTreeMap<U256, Share>);

/// As many as there can be: widening.
const CAPACITY: usize = SHARES as usize;

impl Best {
    /// Keeps a share if its hash is among the smallest and not there yet. Says whether it was kept.
    pub fn offer(&mut self, hash: U256, share: Share) -> bool {
        if self.0.len() >= CAPACITY && self.0.last_key_value().is_some_and(|(last, _)| hash >= *last) {
            return false;
        }
        if self.0.insert(hash, share).is_some() {
            return false;
        }
        if self.0.len() > CAPACITY {
            self.0.pop_last();
        }
        true
    }

    /// Drops shares older than the census's opening, in seconds of Unix time. Says whether there were any.
    pub fn not_before(&mut self, opened: u32) -> bool {
        let before = self.0.len();
        self.0.retain(|_, share| share.ntime >= opened);
        self.0.len() < before
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hashes and shares, in increasing order.
    pub fn iter(&self) -> impl Iterator<Item = (&U256, &Share)> {
        self.0.iter()
    }

    /// The shares in increasing order of their hashes.
    pub fn shares(&self) -> Vec<Share> {
        self.0.values().copied().collect()
    }

    /// The K-th smallest hash; `None` as long as there are fewer.
    pub fn largest(&self) -> Option<U256> {
        (self.0.len() >= CAPACITY)
            .then(|| self.0.last_key_value().map(|(hash, _)| *hash))
            .flatten()
    }

    /// The hashes that these stand for; `None` as long as they are too few.
    pub fn hashes(&self) -> Option<u128> {
        self.largest().and_then(estimate)
    }
}

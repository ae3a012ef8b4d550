// SPDX-License-Identifier: Apache-2.0
//! What someone could do who knew the opening seed before committing: compute the sampled cells and nothing
//! else.
//!
//! It is why the chain draws the opening seed after the last commit, and it yields an opening of any class
//! and any number of rounds within milliseconds: benchmarks of verification and tests of its error paths
//! start from one.

use super::{LeafProof, Opening, RoundStore};
use crate::{
    class::LEAF_CELLS,
    hash::{keyed, node, Hash, NODE_KEY},
    opening::LEAF_LEN,
    sample::{draw, Position},
    work::{cell, digest, ZERO},
    Claim, Class, Device,
};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use core::convert::Infallible;

/// A claim of `rounds` rounds and its valid opening under a known seed, with no more work than eight cells;
/// `None` unless 1 ≤ `rounds` ≤ [`MAX_ROUNDS`](crate::MAX_ROUNDS).
pub fn open_with_known_seed(
    challenge: &Hash,
    device: &Device,
    class: Class,
    rounds: u32,
    open_seed: &Hash,
) -> Option<(Claim, Opening)> {
    let mut store = RoundStore::new(challenge, device, class);
    let positions = draw(open_seed, store.device_key(), class, rounds)?;
    let tree = |round: u32, seed: &Hash| {
        let sampled: Vec<_> = positions
            .iter()
            .filter(|position| position.round == round)
            .collect();
        (!sampled.is_empty()).then(|| SparseTree::new(seed, class, &sampled))
    };
    for round in 1..=rounds {
        let root = tree(round, &store.next_seed()).map_or(ZERO, |tree| tree.root());
        store.push(root).ok()?;
    }
    let opening = store.open::<Infallible>(open_seed, |round, seed, leaves| {
        let tree = tree(round, seed);
        Ok(leaves
            .iter()
            .filter_map(|leaf| tree.as_ref()?.leaf(*leaf))
            .collect())
    });
    Some((store.claim(), opening.ok()?))
}

/// A round's tree in which only the sampled leaves are real; every other node is zero.
struct SparseTree {
    leaves: BTreeMap<u32, [u8; LEAF_LEN]>,
    /// Nodes that lie above a sampled leaf, a map a layer, lowest first.
    layers: Vec<BTreeMap<u32, Hash>>,
}

impl SparseTree {
    fn new(seed: &Hash, class: Class, sampled: &[&Position]) -> Self {
        let mut leaves = BTreeMap::<u32, [u8; LEAF_LEN]>::new();
        for position in sampled {
            let leaf = leaves.entry(position.leaf_index(class)).or_insert([0; LEAF_LEN]);
            let value = digest(cell(seed, class, position.row, position.column));
            for (_, out) in (0u32..)
                .zip(leaf)
                .filter(|(at, _)| *at == position.column % LEAF_CELLS)
            {
                *out = value;
            }
        }
        let lowest = leaves
            .iter()
            .map(|(index, leaf)| (*index, keyed(seed, leaf)))
            .collect();
        let mut layers: Vec<BTreeMap<u32, Hash>> = vec![lowest];
        for _ in 0..class.leaf_path_len() {
            let above = layers.last().map(Self::parents).unwrap_or_default();
            layers.push(above);
        }
        Self { leaves, layers }
    }

    fn parents(layer: &BTreeMap<u32, Hash>) -> BTreeMap<u32, Hash> {
        let at = |index: u32| layer.get(&index).unwrap_or(&ZERO);
        layer
            .keys()
            .map(|index| (index / 2, node(&NODE_KEY, at(index & !1), at(index | 1))))
            .collect()
    }

    fn root(&self) -> Hash {
        self.layers
            .last()
            .and_then(|layer| layer.get(&0))
            .copied()
            .unwrap_or(ZERO)
    }

    fn leaf(&self, index: u32) -> Option<LeafProof> {
        let (_, below_root) = self.layers.split_last()?;
        let path = (0u32..)
            .zip(below_root)
            .map(|(level, layer)| layer.get(&((index >> level) ^ 1)).copied().unwrap_or(ZERO))
            .collect();
        Some(LeafProof {
            leaf: *self.leaves.get(&index)?,
            path,
        })
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The tree over the cell digests of one round.

use super::LeafProof;
use crate::{
    hash::{keyed, Hash, NODE_KEY},
    merkle::Tree,
    opening::LEAF_LEN,
};
use alloc::vec::Vec;

/// A round's digests and the tree over them, whole in memory: two bytes a cell.
#[derive(Clone, Debug)]
pub struct RoundTree {
    digests: Vec<u8>,
    tree: Tree,
}

impl RoundTree {
    /// The tree over `digests`, which are a multiple of 64 bytes, for the round of `seed`.
    pub fn new(seed: &Hash, digests: Vec<u8>) -> Self {
        let leaves = digests
            .chunks_exact(LEAF_LEN)
            .map(|leaf| keyed(seed, leaf))
            .collect();
        Self {
            digests,
            tree: Tree::new(&NODE_KEY, leaves),
        }
    }

    /// The round's root.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Digests of all cells, row by row.
    pub fn digests(&self) -> &[u8] {
        &self.digests
    }

    /// Leaf `index` and its path; `None` where there is no such leaf.
    pub fn leaf(&self, index: u32) -> Option<LeafProof> {
        let at = usize::try_from(index).ok()?;
        Some(LeafProof {
            leaf: *self.digests.as_chunks().0.get(at)?,
            path: self.tree.path(index)?,
        })
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Binary Merkle trees, as the verifier sees them: a leaf, its index and the path to the root.

use crate::hash::{node, Hash};

/// Root that `start` leads to at `index`, through the siblings of `path` (32 bytes each, lowest first).
///
/// Bit l of `index` says on which side the node at level l stands: 0 left, 1 right.
pub fn fold(node_key: &Hash, start: Hash, index: u32, path: &[Hash]) -> Hash {
    let mut index = index;
    let mut at = start;
    for sibling in path {
        at = match index & 1 {
            0 => node(node_key, &at, sibling),
            _ => node(node_key, sibling, &at),
        };
        index >>= 1;
    }
    at
}

#[cfg(feature = "prove")]
pub use tree::Tree;

#[cfg(feature = "prove")]
mod tree {
    use crate::{
        hash::{keyed_many, Hash},
        work::ZERO,
    };
    use alloc::vec::Vec;

    /// A whole tree in memory: 64 bytes a leaf.
    #[derive(Clone, Debug)]
    pub struct Tree {
        /// Lowest layer first; each half as long as the one before, the last of length 1.
        layers: Vec<Vec<Hash>>,
    }

    impl Tree {
        /// The tree over `leaves`, padded with zero hashes to a power of two (at least 1).
        pub fn new(node_key: &Hash, mut leaves: Vec<Hash>) -> Self {
            leaves.resize(leaves.len().next_power_of_two(), ZERO);
            let mut layers = Vec::new();
            while leaves.len() > 1 {
                let mut above = alloc::vec![ZERO; leaves.len() / 2];
                keyed_many(node_key, leaves.as_flattened().as_chunks().0, &mut above);
                layers.push(core::mem::replace(&mut leaves, above));
            }
            layers.push(leaves);
            Self { layers }
        }

        /// The root.
        pub fn root(&self) -> Hash {
            self.layers
                .last()
                .and_then(|top| top.first())
                .copied()
                .unwrap_or(ZERO)
        }

        /// Siblings from leaf `index` up to the root, lowest first; `None` where there is no such leaf.
        pub fn path(&self, index: u32) -> Option<Vec<Hash>> {
            let mut index = usize::try_from(index).ok()?;
            let mut path = Vec::with_capacity(self.layers.len());
            let (_, below_root) = self.layers.split_last()?;
            if index >= self.layers.first()?.len() {
                return None;
            }
            for layer in below_root {
                path.push(*layer.get(index ^ 1)?);
                index >>= 1;
            }
            Some(path)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::{hash::TOP_KEY, merkle::fold};

        #[test]
        fn every_path_folds_to_the_root_and_only_at_its_own_index() {
            for count in 1u8..=17 {
                let leaves: Vec<Hash> = (1..=count).map(|i| [i; 32]).collect();
                let tree = Tree::new(&TOP_KEY, leaves.clone());
                for (index, leaf) in (0u32..).zip(&leaves) {
                    let path = tree.path(index).unwrap();
                    assert_eq!(
                        path.len(),
                        usize::from(count).next_power_of_two().ilog2() as usize
                    );
                    assert_eq!(fold(&TOP_KEY, *leaf, index, &path), tree.root());
                    if !path.is_empty() {
                        assert_ne!(fold(&TOP_KEY, *leaf, index ^ 1, &path), tree.root());
                    }
                }
                assert_eq!(tree.path(u32::from(count).next_power_of_two()), None);
            }
        }

        #[test]
        fn a_tree_of_one_leaf_is_that_leaf() {
            assert_eq!(Tree::new(&TOP_KEY, vec![[5; 32]]).root(), [5; 32]);
        }
    }
}

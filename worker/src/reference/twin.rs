// SPDX-License-Identifier: Apache-2.0
//! A prover for tests: the reference, of which a test puts what it wants in place of the roots or the leaves.

use super::ReferenceProver;
use crate::prover::{one_by_one, Prover, ProverError};
use compute_proof::{
    prove::{LeafProof, Product, Reference, RoundTree},
    Class, Hash,
};
use std::time::Duration;

type Root = dyn FnMut(Class, &Hash) -> Result<Hash, ProverError> + Send;
type Bend = dyn FnMut(&mut [Hash]) + Send;
type Leaves = dyn FnMut(Class, &Hash, &[u32]) -> Result<Vec<LeafProof>, ProverError> + Send;

pub struct ProverTwin {
    name: &'static str,
    root: Box<Root>,
    leaves: Box<Leaves>,
    /// How many rounds it takes at a time, and what becomes of their roots.
    overlapping: Option<(u32, Box<Bend>)>,
}

impl ProverTwin {
    /// The reference under another name.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            root: Box::new(|class, seed| ReferenceProver.root(class, seed)),
            leaves: Box::new(|class, seed, indices| ReferenceProver.leaves(class, seed, indices)),
            overlapping: None,
        }
    }

    /// Of whose rounds in XS `bend` changes the digests: so it is consistent with itself.
    pub fn bent(name: &'static str, bend: impl Fn(&mut [u8]) + Clone + Send + 'static) -> Self {
        let tree = move |seed: &Hash| {
            let mut digests = digests(seed);
            bend(&mut digests);
            RoundTree::new(seed, digests)
        };
        let of_leaves = tree.clone();
        Self::new(name)
            .with_root(move |_, seed| Ok(tree(seed).root()))
            .with_leaves(move |class, seed, indices| {
                let tree = of_leaves(seed);
                let leaf = |index: &u32| {
                    tree.leaf(*index)
                        .ok_or(ProverError::NoLeaf { class, index: *index })
                };
                indices.iter().map(leaf).collect()
            })
    }

    pub fn with_root(
        self,
        root: impl FnMut(Class, &Hash) -> Result<Hash, ProverError> + Send + 'static,
    ) -> Self {
        Self {
            root: Box::new(root),
            ..self
        }
    }

    pub fn with_leaves(
        self,
        leaves: impl FnMut(Class, &Hash, &[u32]) -> Result<Vec<LeafProof>, ProverError> + Send + 'static,
    ) -> Self {
        Self {
            leaves: Box::new(leaves),
            ..self
        }
    }

    /// Takes `most` rounds at a time, and bends the roots of those that it takes together.
    pub fn overlapping(self, most: u32, bend: impl FnMut(&mut [Hash]) + Send + 'static) -> Self {
        Self {
            overlapping: Some((most, Box::new(bend))),
            ..self
        }
    }
}

/// The digests of a round in XS.
pub fn digests(seed: &Hash) -> Vec<u8> {
    let mut digests = vec![0; 64 * 64];
    Reference.digests(Class::Xs, 0, seed, &mut digests);
    digests
}

impl Prover for ProverTwin {
    fn name(&self) -> &'static str {
        self.name
    }

    fn threads(&self) -> usize {
        1
    }

    fn at_once(&self) -> u32 {
        self.overlapping.as_ref().map_or(1, |(most, _)| *most)
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        (self.root)(class, seed)
    }

    fn roots(
        &mut self,
        class: Class,
        key: &Hash,
        first: u32,
        before: [Hash; 2],
        count: u32,
    ) -> Result<Vec<Hash>, ProverError> {
        let mut roots = one_by_one(self, class, key, first, before, count)?;
        if let Some((_, bend)) = &mut self.overlapping {
            bend(&mut roots);
        }
        Ok(roots)
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        (self.leaves)(class, seed, indices)
    }

    fn time_product(&mut self, class: Class, seed: &Hash) -> Result<Duration, ProverError> {
        ReferenceProver.time_product(class, seed)
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The reference prover as a device: slow and right, for tests.

use crate::engine::Rounds;
use compute_proof::{
    prove::{LeafProof, Product, Reference, RoundTree},
    Class, Hash,
};

/// The honest plain loops.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceRounds;

fn tree(class: Class, round: u32, seed: &Hash) -> RoundTree {
    let cells = usize::try_from(u64::from(class.m()) * u64::from(class.n())).expect("tests use XS");
    let mut digests = vec![0; cells];
    Reference.digests(class, round, seed, &mut digests);
    RoundTree::new(seed, digests)
}

impl Rounds for ReferenceRounds {
    fn root(&mut self, class: Class, round: u32, seed: &Hash) -> Result<Hash, String> {
        Ok(tree(class, round, seed).root())
    }

    fn leaves(
        &mut self,
        class: Class,
        round: u32,
        seed: &Hash,
        indices: &[u32],
    ) -> Result<Vec<LeafProof>, String> {
        let tree = tree(class, round, seed);
        indices
            .iter()
            .map(|index| tree.leaf(*index).ok_or_else(|| format!("no leaf {index}")))
            .collect()
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The reference prover as a backend: slow and right, for tests.

pub mod twin;

use crate::prover::{Prover, ProverError};
use compute_proof::{
    prove::{LeafProof, Product, Reference, RoundTree},
    Class, Hash,
};
use std::time::Duration;

/// The honest plain loops.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceProver;

fn tree(class: Class, seed: &Hash) -> RoundTree {
    let cells = usize::try_from(u64::from(class.m()) * u64::from(class.n())).expect("tests use XS");
    let mut digests = vec![0; cells];
    Reference.digests(class, 0, seed, &mut digests);
    RoundTree::new(seed, digests)
}

impl Prover for ReferenceProver {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn threads(&self) -> usize {
        1
    }

    fn root(&mut self, class: Class, seed: &Hash) -> Result<Hash, ProverError> {
        Ok(tree(class, seed).root())
    }

    fn leaves(&mut self, class: Class, seed: &Hash, indices: &[u32]) -> Result<Vec<LeafProof>, ProverError> {
        let tree = tree(class, seed);
        indices
            .iter()
            .map(|index| {
                tree.leaf(*index)
                    .ok_or(ProverError::NoLeaf { class, index: *index })
            })
            .collect()
    }

    fn time_product(&mut self, _: Class, _: &Hash) -> Result<Duration, ProverError> {
        Err(ProverError::Unavailable("yardstick"))
    }
}

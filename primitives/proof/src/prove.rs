// SPDX-License-Identifier: Apache-2.0
//! The reference prover (feature `prove`): plain loops that every faster backend must match byte for byte.
//!
//! It comes in two halves, so that backends share all but the arithmetic:
//!
//! - [`RoundStore`] is the chain of rounds: it hands out seeds, keeps the round roots and nothing else, and
//!   lays an opening out from leaves that a backend recomputes.
//! - [`Product`] is the arithmetic of one round, down to the digests of its cells; [`RoundTree`] the tree
//!   over them. [`Reference`] is the honest product. Tests put cheating ones in its place.

mod known_seed;
mod mine;
mod reference;
mod store;
mod tree;

pub use known_seed::open_with_known_seed;
pub use mine::mine;
pub use reference::{Product, Reference};
pub use store::{LeafProof, OpenError, Opening, RoundStore, StoreError};
pub use tree::RoundTree;

use crate::{Class, Device, Hash};
use alloc::{vec, vec::Vec};
use core::convert::Infallible;

/// Computes `rounds` rounds and returns their roots.
///
/// # Errors
/// [`StoreError::TooManyRounds`] if `rounds` is above [`MAX_ROUNDS`](crate::MAX_ROUNDS).
pub fn prove<P: Product>(
    product: &mut P,
    challenge: &Hash,
    device: &Device,
    class: Class,
    rounds: u32,
) -> Result<RoundStore, StoreError> {
    let mut store = RoundStore::new(challenge, device, class);
    for _ in 0..rounds {
        let root = tree(product, class, store.rounds() + 1, &store.next_seed()).root();
        store.push(root)?;
    }
    Ok(store)
}

/// Opens what `prove` computed, recomputing each sampled round once.
///
/// # Errors
/// As [`RoundStore::open`]; [`OpenError::Root`] if `product` no longer yields what it yielded before.
pub fn open<P: Product>(
    product: &mut P,
    store: &RoundStore,
    open_seed: &Hash,
) -> Result<Opening, OpenError<Infallible>> {
    store.open(open_seed, |round, seed, leaves| {
        let tree = tree(product, store.class(), round, seed);
        Ok(leaves.iter().filter_map(|leaf| tree.leaf(*leaf)).collect())
    })
}

fn tree<P: Product>(product: &mut P, class: Class, round: u32, seed: &Hash) -> RoundTree {
    let mut digests: Vec<u8> = vec![0; len(class.m()) * len(class.n())];
    product.digests(class, round, seed, &mut digests);
    RoundTree::new(seed, digests)
}

/// A size in elements. Where memory can be addressed by 32 bits, every shape's rows and depths fit.
const fn len(size: u32) -> usize {
    const { assert!(usize::BITS >= u32::BITS) };
    size as usize
}

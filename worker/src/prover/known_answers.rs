// SPDX-License-Identifier: Apache-2.0
//! What every backend must get right on this very machine before it is used.

use super::{before, Prover, ProverError};
use compute_proof::{
    prove::RoundStore,
    work::{cell, digest},
    Class, Device, Hash,
};

/// The commitment of the protocol's known answers: asset 7, prover AA…AA, challenge 00 01 … 1f, four rounds
/// of class XS.
pub const COMMITMENT: Hash = [
    0x88, 0xd3, 0x30, 0x90, 0xcf, 0xdc, 0x76, 0x24, 0xae, 0x1e, 0x7a, 0x95, 0x70, 0x23, 0x8a, 0x1d, 0x79,
    0xe0, 0x98, 0xf3, 0xcd, 0x2e, 0x5b, 0x70, 0x9b, 0xe1, 0xfb, 0x4e, 0x4c, 0xe1, 0x36, 0x5a,
];

/// Rounds of class XS.
const ROUNDS: u32 = 4;

/// Runs the known answers: the four rounds of class XS whole, one by one and as a census computes them, and one leaf in each corner of a round of
/// class S.
///
/// # Errors
/// [`ProverError::KnownAnswers`], or the backend's own.
pub fn check(prover: &mut dyn Prover) -> Result<(), ProverError> {
    let backend = prover.name();
    let failed = |what| Err(ProverError::KnownAnswers { backend, what });
    if commitment(prover)? != COMMITMENT {
        return failed("the commitment of four rounds of class xs");
    }
    if commitment_at_once(prover)? != COMMITMENT {
        return failed("the commitment of four rounds of class xs at once");
    }
    let (class, seed) = (Class::S, COMMITMENT);
    let last_row = class.leaves() - class.leaves_per_row();
    let corners = [0, class.leaves_per_row() - 1, last_row, class.leaves() - 1];
    let proofs = prover.leaves(class, &seed, &corners)?;
    for (index, proof) in corners.iter().zip(&proofs) {
        let (row, first) = (
            index / class.leaves_per_row(),
            64 * (index % class.leaves_per_row()),
        );
        let right = (first..)
            .zip(&proof.leaf)
            .all(|(column, found)| digest(cell(&seed, class, row, column)) == *found);
        if !right {
            return failed("a leaf of class s");
        }
    }
    match proofs.len() == corners.len() {
        true => Ok(()),
        false => failed("the number of leaves of class s"),
    }
}

/// The commitment that the backend arrives at for the known answers, round by round.
///
/// # Errors
/// The backend's.
pub fn commitment(prover: &mut dyn Prover) -> Result<Hash, ProverError> {
    let mut store = store();
    for _ in 0..ROUNDS {
        let root = prover.root(Class::Xs, &store.next_seed())?;
        push(&mut store, root);
    }
    Ok(store.claim().commitment)
}

/// The same, of rounds that overlap where the backend has them overlap.
fn commitment_at_once(prover: &mut dyn Prover) -> Result<Hash, ProverError> {
    let mut store = store();
    let key = *store.device_key();
    for root in prover.roots(Class::Xs, &key, 1, before(&store), ROUNDS)? {
        push(&mut store, root);
    }
    Ok(store.claim().commitment)
}

/// No rounds yet.
fn store() -> RoundStore {
    let mut challenge = [0; 32];
    for (byte, value) in challenge.iter_mut().zip(0u8..) {
        *byte = value;
    }
    let device = Device {
        asset: 7,
        prover: [0xAA; 32],
    };
    RoundStore::new(&challenge, &device, Class::Xs)
}

/// Adds a round.
fn push(store: &mut RoundStore, root: Hash) {
    // They are far below the limit; a store that refused one would end in another commitment.
    store.push(root).ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{twin::ProverTwin, ReferenceProver};

    #[test]
    fn rounds_that_overlap_must_be_right_too() {
        // Right round by round; of rounds at once, one is another's.
        let mut mixing = ProverTwin::new("mixing").overlapping(4, |roots| roots.swap(1, 2));
        assert_eq!(commitment(&mut mixing).unwrap(), COMMITMENT);
        assert_eq!(commitment_at_once(&mut ReferenceProver).unwrap(), COMMITMENT);
        match check(&mut mixing) {
            Err(ProverError::KnownAnswers {
                backend: "mixing",
                what,
            }) => assert!(what.contains("at once"), "{what}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_checksum_that_miners_compare_is_the_known_answer() {
        let page = include_str!("../../../docs/mining.md");
        assert!(page.contains(&format!("`{}`", hex::encode(COMMITMENT))));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What every backend must get right on this very machine before it is used.

use super::{before, Prover, ProverError};
use compute_proof::{
    hash::{keyed, NODE_KEY},
    merkle::fold,
    prove::RoundStore,
    work::{cell, digest},
    Class, Device, Hash,
};
use hex_literal::hex;

/// The commitment of the protocol's known answers: asset 7, prover AA…AA, challenge 00 01 … 1f, four rounds
/// of class XS.
pub const COMMITMENT: Hash = hex!("88d33090cfdc7624ae1e7a9570238a1d79e098f3cd2e5b709be1fb4e4ce1365a");

/// Rounds of class XS.
const ROUNDS: u32 = 4;

/// The root of the round of seed [`COMMITMENT`], in every other class.
const ROOTS: [(Class, Hash); 4] = [
    (
        Class::S,
        hex!("b879be61b28df1ffac6d766695fba9fd09c446b3fe0b8e80f5292187f01a1d53"),
    ),
    (
        Class::M,
        hex!("2987710784ba3ed3e6d8ef36e719f150711d170d7deac72f7300f5e902a38695"),
    ),
    (
        Class::L,
        hex!("0624a2c1bd44175c4b90b9bf05043283d9b62c2ecb65d00429ad707b3d6c0d9f"),
    ),
    (
        Class::Xl,
        hex!("982a1b304e2bacf577b001a47d594aff742d3560722676b9f32545d88f2a2c8e"),
    ),
];

/// Runs the known answers: the four rounds of class XS whole, one by one and as a census computes them, and of a round of class S the root and
/// one leaf in each corner.
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
        if known_root(class) != Some(fold(&NODE_KEY, keyed(&seed, &proof.leaf), *index, &proof.path)) {
            return failed("the root of class s");
        }
    }
    match proofs.len() == corners.len() {
        true => Ok(()),
        false => failed("the number of leaves of class s"),
    }
}

/// Computes a whole round of a class other than XS, and compares its root.
///
/// # Errors
/// [`ProverError::KnownAnswers`], or the backend's own.
pub fn check_round(prover: &mut dyn Prover, class: Class) -> Result<(), ProverError> {
    let root = prover.root(class, &COMMITMENT)?;
    match known_root(class).is_none_or(|known| known == root) {
        true => Ok(()),
        false => Err(ProverError::KnownAnswers {
            backend: prover.name(),
            what: "the root of a whole round",
        }),
    }
}

fn known_root(class: Class) -> Option<Hash> {
    ROOTS
        .into_iter()
        .find_map(|(of, root)| (of == class).then_some(root))
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
    fn the_root_of_a_whole_round_is_the_references() {
        check_round(&mut ReferenceProver, Class::S).unwrap();
        let mut wrong = ProverTwin::new("wrong").with_root(|_, _| Ok([1; 32]));
        assert!(matches!(
            check_round(&mut wrong, Class::S),
            Err(ProverError::KnownAnswers { backend: "wrong", .. })
        ));
    }

    #[test]
    fn the_checksum_that_miners_compare_is_the_known_answer() {
        let page = include_str!("../../../docs/mining.md");
        assert!(page.contains(&format!("`{}`", hex::encode(COMMITMENT))));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The check before a commit: some rounds are computed again, and leaves of them compared with the protocol's own arithmetic.
//!
//! Which rounds and leaves is drawn afresh each time, when the rounds are there already: no backend can know it beforehand. A round that comes out
//! another the second time shows a device that errs now and then; a leaf that is not what the reference computes, one that errs always, or in a part of
//! its units. Leaves are small whatever the shape: one of class XL takes 64 cells of 65 rows, not 16384 × 16384.

#[cfg(test)]
mod tests;

use crate::prover::{Prover, ProverError};
use compute_proof::{
    class::LEAF_CELLS,
    hash::{keyed, NODE_KEY},
    merkle::fold,
    prove::RoundStore,
    work::{digest, dot, fill_row, Matrix},
    Class, Hash,
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// Rounds that are checked in any case.
const FEWEST_ROUNDS: u64 = 2;

/// Leaves of a round that are compared, while there is time.
const LEAVES: u32 = 16;

/// No further round or leaf is begun after so long: a commit must not miss its block.
pub const BUDGET: Duration = Duration::from_millis(500);

/// What was checked so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Checks that found nothing.
    pub passed: u64,
    /// Checks that found a fault.
    pub failed: u64,
    /// Rounds that were computed again.
    pub rounds: u64,
    /// Leaves of them that were compared with the reference.
    pub leaves: u64,
}

/// What is wrong with the device.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It does not compute a round that it has computed before.
    #[error("round {round}: {error}")]
    Backend {
        /// The round.
        round: u32,
        /// Its error.
        error: ProverError,
    },
    /// It answers with other leaves than it was asked for.
    #[error("round {round}: {found} leaves were computed instead of {asked}")]
    Count {
        /// The round.
        round: u32,
        /// Leaves that were asked for.
        asked: usize,
        /// Leaves that came.
        found: usize,
    },
    /// It computes the round another way the second time.
    #[error("round {round}: computed again, it has another root")]
    Root {
        /// The round.
        round: u32,
    },
    /// It computes a cell as something else than the protocol says.
    #[error("round {round}: cell ({row}, {column}) is not the product of its row and column")]
    Cell {
        /// The round.
        round: u32,
        /// Row of the cell.
        row: u32,
        /// Column of the cell.
        column: u32,
    },
}

/// Checks the rounds of `store` as `chance` draws them, within `budget`, and adds what was done to `checks`.
///
/// # Errors
/// [`Fault`]: the first that is found.
pub fn check(
    prover: &mut dyn Prover,
    store: &RoundStore,
    chance: &Hash,
    budget: Duration,
    checks: &mut Checks,
) -> Result<(), Fault> {
    let begun = Instant::now();
    let mut seen = BTreeSet::new();
    for position in store.positions(chance).into_iter().flatten() {
        let enough = u64::try_from(seen.len()).is_ok_and(|rounds| rounds >= FEWEST_ROUNDS);
        if enough && begun.elapsed() > budget {
            break;
        }
        let round = position.round;
        if !seen.insert(round) {
            continue;
        }
        let drawn = keyed(chance, &round.to_le_bytes());
        let first = position.leaf_index(store.class());
        let result = check_round(
            prover,
            store,
            round,
            &leaves(store.class(), first, &drawn),
            || begun.elapsed() > budget,
        );
        checks.rounds += 1;
        match result {
            Ok(leaves) => checks.leaves += leaves,
            Err(fault) => {
                checks.failed += 1;
                return Err(fault);
            }
        }
    }
    checks.passed += 1;
    Ok(())
}

/// The leaf `first`, and others as `chance` draws them.
fn leaves(class: Class, first: u32, chance: &Hash) -> Vec<u32> {
    let mut leaves = vec![first];
    for number in 1..LEAVES {
        let [a, b, c, d, ..] = keyed(chance, &number.to_le_bytes());
        // The number of leaves is a power of two in every class: none is likelier than another.
        let leaf = u32::from_le_bytes([a, b, c, d]) % class.leaves().max(1);
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
        }
    }
    leaves
}

/// Checks one round. Answers how many of its leaves were compared: the first one at least.
fn check_round(
    prover: &mut dyn Prover,
    store: &RoundStore,
    round: u32,
    leaves: &[u32],
    is_late: impl Fn() -> bool,
) -> Result<u64, Fault> {
    let class = store.class();
    let index = round.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    let (Some(seed), Some(root)) = (
        store.seed(round),
        index.and_then(|index| store.roots().get(index)),
    ) else {
        return Err(Fault::Root { round });
    };
    let proofs = prover
        .leaves(class, &seed, leaves)
        .map_err(|error| Fault::Backend { round, error })?;
    if proofs.len() != leaves.len() {
        return Err(Fault::Count {
            round,
            asked: leaves.len(),
            found: proofs.len(),
        });
    }
    for (leaf, proof) in leaves.iter().zip(&proofs) {
        if fold(&NODE_KEY, keyed(&seed, &proof.leaf), *leaf, &proof.path) != *root {
            return Err(Fault::Root { round });
        }
    }
    let mut compared = 0;
    for (leaf, proof) in leaves.iter().zip(&proofs) {
        if compared > 0 && is_late() {
            break;
        }
        if let Some((row, column)) = first_wrong(class, &seed, *leaf, &proof.leaf) {
            return Err(Fault::Cell { round, row, column });
        }
        compared += 1;
    }
    Ok(compared)
}

/// The first cell of a leaf that is not what the protocol says.
fn first_wrong(class: Class, seed: &Hash, leaf: u32, found: &[u8]) -> Option<(u32, u32)> {
    let (row, strip) = (leaf / class.leaves_per_row(), leaf % class.leaves_per_row());
    // At most 2^15.
    let mut a = vec![0; usize::try_from(class.k()).unwrap_or_default()];
    let mut b = a.clone();
    fill_row(seed, Matrix::A, row, &mut a);
    (strip * LEAF_CELLS..)
        .zip(found)
        .find(|(column, found)| {
            fill_row(seed, Matrix::B, *column, &mut b);
            digest(dot(&a, &b)) != **found
        })
        .map(|(column, _)| (row, column))
}

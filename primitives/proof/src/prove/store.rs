// SPDX-License-Identifier: Apache-2.0
//! The chain of rounds, kept as nothing but their roots.

use crate::{
    hash::{keyed, Hash, NODE_KEY, TOP_KEY},
    merkle::{fold, Tree},
    opening::Leaf,
    sample::{draw, Position, SAMPLES},
    work::{commitment, device_key, round_seed, ZERO},
    Claim, Class, Device, MAX_ROUNDS,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, Encode};
use core::fmt;

/// The roots of the rounds computed so far, and what they hang on.
///
/// 32 bytes a round: all that must outlive a crash between commit and opening ([`Self::from_roots`]).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoundStore {
    d: Hash,
    class: Class,
    roots: Vec<Hash>,
}

/// The rounds' roots cannot be what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// More rounds than a commitment may claim.
    TooManyRounds,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRounds => write!(f, "more than {MAX_ROUNDS} rounds"),
        }
    }
}

impl core::error::Error for StoreError {}

/// A leaf of a round and its path to the round's root, as a backend recomputes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    /// The leaf's 64 digests.
    pub leaf: Leaf,
    /// Siblings up to the root, lowest first.
    pub path: Vec<Hash>,
}

/// What goes on chain: `top` and the samples in the wire format of [`crate::opening`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    /// Root of the tree over the rounds' roots.
    pub top: Hash,
    /// The eight samples.
    pub samples: Vec<u8>,
}

/// An opening could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError<E> {
    /// There is no round to open.
    NoRounds,
    /// The recomputed leaves of a round are not as many as were asked for, or do not lead to the round's
    /// root: the device is faulty, or was when it computed the round first.
    Root {
        /// The round.
        round: u32,
    },
    /// The backend failed.
    Backend(E),
}

impl<E: fmt::Display> fmt::Display for OpenError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRounds => f.write_str("no round to open"),
            Self::Root { round } => write!(f, "round {round}: computed again, it has another root"),
            Self::Backend(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for OpenError<E> {}

impl RoundStore {
    /// No rounds yet, for this device in the census of `challenge`.
    pub fn new(challenge: &Hash, device: &Device, class: Class) -> Self {
        Self {
            d: device_key(challenge, device),
            class,
            roots: Vec::new(),
        }
    }

    /// The rounds whose roots are `roots`, in order from round 1.
    ///
    /// # Errors
    /// [`StoreError::TooManyRounds`] above [`MAX_ROUNDS`].
    pub fn from_roots(
        challenge: &Hash,
        device: &Device,
        class: Class,
        roots: Vec<Hash>,
    ) -> Result<Self, StoreError> {
        match u32::try_from(roots.len()) {
            Ok(rounds) if rounds <= MAX_ROUNDS => Ok(Self {
                roots,
                ..Self::new(challenge, device, class)
            }),
            _ => Err(StoreError::TooManyRounds),
        }
    }

    /// The device key D.
    pub fn device_key(&self) -> &Hash {
        &self.d
    }

    /// The class of the rounds.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Rounds computed so far.
    pub fn rounds(&self) -> u32 {
        // The constructors and `push` keep it within MAX_ROUNDS.
        u32::try_from(self.roots.len()).unwrap_or(MAX_ROUNDS)
    }

    /// The roots, from round 1.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Root of round `round` (from 1); zero for round 0 and -1, as the chain of seeds has it.
    fn root_two_before(&self, round: u32) -> Option<&Hash> {
        match round.checked_sub(3) {
            None => Some(&ZERO),
            Some(index) => self.roots.get(usize::try_from(index).ok()?),
        }
    }

    /// The seed of round `round` (from 1); `None` while the root two rounds before is not there.
    ///
    /// The lag of two lets a backend work at two rounds at once.
    pub fn seed(&self, round: u32) -> Option<Hash> {
        Some(round_seed(&self.d, round, self.root_two_before(round)?))
    }

    /// The seed of the round after the last.
    pub fn next_seed(&self) -> Hash {
        let before = self
            .roots
            .len()
            .checked_sub(2)
            .and_then(|index| self.roots.get(index))
            .unwrap_or(&ZERO);
        round_seed(&self.d, self.rounds() + 1, before)
    }

    /// Adds the root of the next round.
    ///
    /// # Errors
    /// [`StoreError::TooManyRounds`] at [`MAX_ROUNDS`]; the store is unchanged.
    pub fn push(&mut self, root: Hash) -> Result<(), StoreError> {
        if self.rounds() >= MAX_ROUNDS {
            return Err(StoreError::TooManyRounds);
        }
        self.roots.push(root);
        Ok(())
    }

    /// The first `rounds` rounds alone: a worker may commit to fewer rounds than it has computed.
    pub fn truncated(&self, rounds: u32) -> Self {
        let roots = self.roots.iter().zip(0..rounds).map(|(root, _)| *root).collect();
        Self { roots, ..*self }
    }

    /// Root of the tree over the rounds' roots. Hashes them all.
    pub fn top(&self) -> Hash {
        Tree::new(&TOP_KEY, self.roots.clone()).root()
    }

    /// What to commit to. Hashes all roots.
    pub fn claim(&self) -> Claim {
        let commitment = commitment(&self.d, self.rounds(), self.class, &self.top());
        Claim {
            class: self.class,
            rounds: self.rounds(),
            commitment,
        }
    }

    /// The cells that an opening under `open_seed` must show; `None` while there are no rounds.
    pub fn positions(&self, open_seed: &Hash) -> Option<[Position; SAMPLES]> {
        draw(open_seed, &self.d, self.class, self.rounds())
    }

    /// Lays out the opening for `open_seed`.
    ///
    /// `leaves(round, seed, indices)` recomputes a sampled round and returns its leaves at `indices`, in that
    /// order. It is called once for each round that is sampled, in ascending order.
    ///
    /// # Errors
    /// [`OpenError`]: the backend's own, or leaves that don't lead to the root that the round had.
    pub fn open<E>(
        &self,
        open_seed: &Hash,
        mut leaves: impl FnMut(u32, &Hash, &[u32]) -> Result<Vec<LeafProof>, E>,
    ) -> Result<Opening, OpenError<E>> {
        let positions = self.positions(open_seed).ok_or(OpenError::NoRounds)?;
        let mut by_round = BTreeMap::<u32, Vec<u32>>::new();
        for position in &positions {
            by_round
                .entry(position.round)
                .or_default()
                .push(position.leaf_index(self.class));
        }
        let mut proofs = BTreeMap::<(u32, u32), LeafProof>::new();
        for (round, indices) in &by_round {
            let seed = self.seed(*round).ok_or(OpenError::NoRounds)?;
            let found = leaves(*round, &seed, indices).map_err(OpenError::Backend)?;
            if found.len() != indices.len() {
                return Err(OpenError::Root { round: *round });
            }
            for (index, proof) in indices.iter().zip(found) {
                if !self.leads_to_root(*round, &seed, *index, &proof) {
                    return Err(OpenError::Root { round: *round });
                }
                proofs.insert((*round, *index), proof);
            }
        }
        let top = Tree::new(&TOP_KEY, self.roots.clone());
        let mut samples = Vec::new();
        for position in &positions {
            let round = position.round;
            let proof = proofs
                .get(&(round, position.leaf_index(self.class)))
                .ok_or(OpenError::Root { round })?;
            samples.extend_from_slice(&proof.leaf);
            samples.extend_from_slice(proof.path.as_flattened());
            // root_t stands at t - 1 of the top tree, root_{t-2} at t - 3.
            for index in [round.checked_sub(1), round.checked_sub(3)].into_iter().flatten() {
                self.tie(&top, index, &mut samples)
                    .ok_or(OpenError::Root { round })?;
            }
        }
        Ok(Opening {
            top: top.root(),
            samples,
        })
    }

    fn leads_to_root(&self, round: u32, seed: &Hash, index: u32, proof: &LeafProof) -> bool {
        proof.path.len() == self.class.leaf_path_len()
            && self.root(round) == Some(&fold(&NODE_KEY, keyed(seed, &proof.leaf), index, &proof.path))
    }

    fn root(&self, round: u32) -> Option<&Hash> {
        self.roots.get(usize::try_from(round.checked_sub(1)?).ok()?)
    }

    /// Appends root `index` of the top tree and its path.
    fn tie(&self, top: &Tree, index: u32, out: &mut Vec<u8>) -> Option<()> {
        out.extend_from_slice(self.roots.get(usize::try_from(index).ok()?)?);
        out.extend_from_slice(top.path(index)?.as_flattened());
        Some(())
    }
}

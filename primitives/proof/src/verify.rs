// SPDX-License-Identifier: Apache-2.0
//! Verification of an opening: what the chain runs.

use crate::{
    hash::{keyed, NODE_KEY, TOP_KEY},
    merkle,
    opening::{Layout, Sample},
    sample::draw,
    work::{cell, commitment, device_key, digest, round_seed, ZERO},
    Class, Device, Hash, Position,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// What a device claimed when it committed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim {
    /// Shape of every round.
    pub class: Class,
    /// Rounds computed, 1 to [`MAX_ROUNDS`](crate::MAX_ROUNDS).
    pub rounds: u32,
    /// `kh(D, LE32(T) ‖ class ‖ 0^27 ‖ top)`.
    pub commitment: Hash,
}

/// The check that an opening failed. The number is the sample's, from 0.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum VerifyError {
    /// The claim's number of rounds is zero or above the limit.
    Rounds,
    /// The samples are not as long as the claim and the drawn positions fix it. Found before any of them is hashed.
    Length,
    /// `top`, the rounds and the class do not make the claim's commitment for this device and challenge.
    Commitment,
    /// The sampled round's root does not lead to `top`.
    TopPath(u8),
    /// The root two rounds earlier does not lead to `top`.
    PreviousRootPath(u8),
    /// The leaf does not lead to the round's root.
    LeafPath(u8),
    /// The sampled cell's digest is not the one that its row and column give.
    Cell(u8),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rounds => f.write_str("the number of rounds is zero or above the limit"),
            Self::Length => f.write_str("the samples have the wrong length"),
            Self::Commitment => f.write_str("top, rounds and class do not make the commitment"),
            Self::TopPath(s) => write!(f, "sample {s}: the round's root does not lead to top"),
            Self::PreviousRootPath(s) => write!(f, "sample {s}: the previous root does not lead to top"),
            Self::LeafPath(s) => write!(f, "sample {s}: the leaf does not lead to the round's root"),
            Self::Cell(s) => write!(f, "sample {s}: the cell is not the product of its row and column"),
        }
    }
}

impl core::error::Error for VerifyError {}

/// Checks an opening: `Ok` if every sampled cell is what the claimed work yields there.
///
/// `challenge` is the census's, `open_seed` its opening seed; `top` and `samples` are the opening. Nothing is allocated,
/// and no input can make it panic. A prover that skipped a share δ of the cells passes with (1 - δ·255/256)^8.
///
/// # Errors
/// The first check that failed.
pub fn verify(
    device: &Device,
    challenge: &Hash,
    claim: &Claim,
    open_seed: &Hash,
    top: &Hash,
    samples: &[u8],
) -> Result<(), VerifyError> {
    let layout = Layout::new(claim.class, claim.rounds).ok_or(VerifyError::Rounds)?;
    let d = device_key(challenge, device);
    let positions = draw(open_seed, &d, claim.class, claim.rounds).ok_or(VerifyError::Rounds)?;
    if samples.len() != layout.samples_len(&positions) {
        return Err(VerifyError::Length);
    }
    if commitment(&d, claim.rounds, claim.class, top) != claim.commitment {
        return Err(VerifyError::Commitment);
    }
    let mut rest = samples;
    for (number, position) in (0u8..).zip(&positions) {
        let sample = layout
            .take(position.round, &mut rest)
            .ok_or(VerifyError::Length)?;
        verify_sample(&d, claim.class, top, number, position, &sample)?;
    }
    Ok(())
}

fn verify_sample(
    d: &Hash,
    class: Class,
    top: &Hash,
    number: u8,
    position: &Position,
    sample: &Sample<'_>,
) -> Result<(), VerifyError> {
    let Position { round, row, column } = *position;
    // Rounds count from 1, leaves of the top tree from 0: root_t stands at t - 1, root_{t-2} at t - 3.
    if merkle::fold(&TOP_KEY, *sample.round.root, round - 1, sample.round.path) != *top {
        return Err(VerifyError::TopPath(number));
    }
    let previous_root = match &sample.previous {
        Some(tie) => {
            if merkle::fold(&TOP_KEY, *tie.root, round - 3, tie.path) != *top {
                return Err(VerifyError::PreviousRootPath(number));
            }
            tie.root
        }
        None => &ZERO,
    };
    let seed = round_seed(d, round, previous_root);
    let leaf = keyed(&seed, sample.leaf);
    if merkle::fold(&NODE_KEY, leaf, position.leaf_index(class), sample.leaf_path) != *sample.round.root {
        return Err(VerifyError::LeafPath(number));
    }
    if position.digest_in(sample.leaf) != digest(cell(&seed, class, row, column)) {
        return Err(VerifyError::Cell(number));
    }
    Ok(())
}

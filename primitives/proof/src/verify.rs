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
    /// The samples are not as long as the claim and the drawn positions fix it. Found before any of them is
    /// hashed.
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
/// `challenge` is the census's, `open_seed` its opening seed; `top` and `samples` are the opening. Nothing is
/// allocated, and no input can make it panic. A prover that skipped a share δ of the cells passes with (1 -
/// δ·255/256)^8.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hash::tests::CALLS, prove::open_with_known_seed, samples_len, MAX_ROUNDS};

    const CHALLENGE: Hash = [1; 32];
    const OPEN_SEED: Hash = [2; 32];
    const DEVICE: Device = Device {
        asset: 3,
        prover: [4; 32],
    };

    /// Result and number of hashes taken.
    fn hashes(claim: &Claim, top: &Hash, samples: &[u8]) -> (Result<(), VerifyError>, u64) {
        CALLS.with(|calls| calls.set(0));
        let result = verify(&DEVICE, &CHALLENGE, claim, &OPEN_SEED, top, samples);
        (result, CALLS.with(|calls| calls.get()))
    }

    #[test]
    fn wrong_lengths_are_refused_before_anything_of_the_opening_is_hashed() {
        // The device key, the key of the draw and the eight draws; nothing of top or samples.
        const OF_THE_DRAW: u64 = 10;
        for class in Class::ALL {
            let (claim, opening) = open_with_known_seed(&CHALLENGE, &DEVICE, class, 700, &OPEN_SEED).unwrap();
            let right = opening.samples.len();
            for len in [0, 1, right - 32, right - 1, right + 1, right + 32, 1 << 20] {
                let mut samples = opening.samples.clone();
                samples.resize(len, 0);
                let refused = (Err(VerifyError::Length), OF_THE_DRAW);
                assert_eq!(hashes(&claim, &opening.top, &samples), refused);
            }
            let wrong = Claim {
                commitment: [0; 32],
                ..claim
            };
            let refused = (Err(VerifyError::Commitment), OF_THE_DRAW + 1);
            assert_eq!(hashes(&wrong, &opening.top, &opening.samples), refused);
        }
    }

    #[test]
    fn numbers_of_rounds_out_of_range_are_refused_before_any_hashing() {
        for rounds in [0, MAX_ROUNDS + 1, u32::MAX] {
            let claim = Claim {
                class: Class::S,
                rounds,
                commitment: [0; 32],
            };
            assert_eq!(
                hashes(&claim, &[0; 32], &[0; 14_848]),
                (Err(VerifyError::Rounds), 0)
            );
        }
    }

    #[test]
    fn a_full_opening_takes_as_many_hashes_as_its_paths_are_long() {
        for class in Class::ALL {
            let (claim, opening) =
                open_with_known_seed(&CHALLENGE, &DEVICE, class, MAX_ROUNDS, &OPEN_SEED).unwrap();
            let d = device_key(&CHALLENGE, &DEVICE);
            let positions = draw(&OPEN_SEED, &d, class, MAX_ROUNDS).unwrap();
            assert_eq!(
                samples_len(class, MAX_ROUNDS, &positions),
                Some(opening.samples.len())
            );
            // Each sample: its seed, its leaf, the leaf path and two paths of 16.
            let each = 2 + u64::try_from(class.leaf_path_len()).unwrap() + 2 * 16;
            assert_eq!(
                hashes(&claim, &opening.top, &opening.samples),
                (Ok(()), 11 + 8 * each)
            );
        }
    }

    #[test]
    fn errors_name_the_check_and_the_sample() {
        assert_eq!(
            VerifyError::LeafPath(3).to_string(),
            "sample 3: the leaf does not lead to the round's root"
        );
        assert_eq!(VerifyError::Cell(7).encode(), [6, 7]);
        assert_eq!(VerifyError::max_encoded_len(), 2);
    }
}

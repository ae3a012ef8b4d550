// SPDX-License-Identifier: Apache-2.0
//! Openings that are not openings: truncated, oversized, mutated, random. None panics, none passes.

mod common;

use common::{check, opening, seed, CHALLENGE, DEVICE};
use compute_proof::{
    draw,
    opening::Layout,
    prove::{open_with_known_seed, Opening, Reference},
    samples_len, verify, Claim, Class, Hash, VerifyError, MAX_ROUNDS, MAX_SAMPLES_LEN,
};

const OPEN_SEED: Hash = [0x33; 32];

/// A stream of numbers that is the same in every run.
struct Numbers(blake3::OutputReader);

impl Numbers {
    fn new(number: u64) -> Self {
        Self(blake3::Hasher::new_keyed(&seed(7, number)).finalize_xof())
    }

    fn below(&mut self, limit: usize) -> usize {
        let mut word = [0; 8];
        self.0.fill(&mut word);
        usize::try_from(u64::from_le_bytes(word) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill(&mut bytes);
        bytes
    }
}

/// Which check must fail when byte `at` of the samples is changed.
fn expected(claim: &Claim, at: usize) -> VerifyError {
    let d = compute_proof::device_key(&CHALLENGE, &DEVICE);
    let layout = Layout::new(claim.class, claim.rounds).unwrap();
    let mut start = 0;
    for (number, position) in (0u8..).zip(draw(&OPEN_SEED, &d, claim.class, claim.rounds).unwrap()) {
        let root = start + 64 + 32 * layout.leaf_path;
        let previous_root = root + 32 * (1 + layout.top_path);
        let end = start + layout.sample_len(position.round);
        if at < end {
            return match at {
                _ if at < root => VerifyError::LeafPath(number),
                _ if at < previous_root => VerifyError::TopPath(number),
                _ => VerifyError::PreviousRootPath(number),
            };
        }
        start = end;
    }
    panic!("{at} is past the samples")
}

#[test]
fn every_flipped_byte_fails_the_check_that_covers_it() {
    for rounds in [1, 2, 3, 5] {
        let (store, real) = opening(&mut Reference, rounds, &OPEN_SEED);
        let claim = store.claim();
        for at in 0..real.samples.len() {
            let mut cheat = real.clone();
            cheat.samples[at] ^= 1 << (at % 8);
            assert_eq!(
                check(&claim, &OPEN_SEED, &cheat),
                Err(expected(&claim, at)),
                "T = {rounds}, byte {at}"
            );
        }
        for at in 0..32 {
            let mut cheat = real.clone();
            cheat.top[at] ^= 1;
            assert_eq!(check(&claim, &OPEN_SEED, &cheat), Err(VerifyError::Commitment));
        }
    }
}

#[test]
fn every_truncation_and_extension_is_refused_for_its_length() {
    let (store, real) = opening(&mut Reference, 5, &OPEN_SEED);
    let claim = store.claim();
    for len in 0..real.samples.len() {
        let samples = real.samples[..len].to_vec();
        assert_eq!(
            check(&claim, &OPEN_SEED, &Opening { samples, ..real }),
            Err(VerifyError::Length)
        );
    }
    for more in [1, 31, 32, 64, 1_000, 100_000] {
        let mut samples = real.samples.clone();
        samples.resize(real.samples.len() + more, 0);
        assert_eq!(
            check(&claim, &OPEN_SEED, &Opening { samples, ..real }),
            Err(VerifyError::Length)
        );
    }
}

#[test]
fn random_openings_of_random_claims_are_refused_without_panic() {
    for number in 0..12_000 {
        let mut numbers = Numbers::new(number);
        let class = Class::ALL[numbers.below(5)];
        let rounds = match numbers.below(4) {
            0 => u32::try_from(numbers.below(6)).unwrap(),
            1 => MAX_ROUNDS - 2 + u32::try_from(numbers.below(5)).unwrap(),
            2 => u32::MAX - u32::try_from(numbers.below(3)).unwrap(),
            _ => u32::try_from(numbers.below(70_000)).unwrap(),
        };
        let claim = Claim {
            class,
            rounds,
            commitment: seed(8, number),
        };
        let d = compute_proof::device_key(&CHALLENGE, &DEVICE);
        let right = draw(&OPEN_SEED, &d, class, rounds).and_then(|at| samples_len(class, rounds, &at));
        // Half of them as long as they should be.
        let len = match (right, numbers.below(2)) {
            (Some(right), 0) => right,
            _ => numbers.below(20_000),
        };
        let (top, samples) = (seed(9, number), numbers.bytes(len));
        let expected = match right {
            None => VerifyError::Rounds,
            Some(right) if right != len => VerifyError::Length,
            Some(_) => VerifyError::Commitment,
        };
        assert_eq!(
            verify(&DEVICE, &CHALLENGE, &claim, &OPEN_SEED, &top, &samples),
            Err(expected)
        );
        // The same bytes under a commitment that fits them reach the checks of the samples.
        let commitment = compute_proof::commitment(&d, rounds, class, &top);
        let result = verify(
            &DEVICE,
            &CHALLENGE,
            &Claim { commitment, ..claim },
            &OPEN_SEED,
            &top,
            &samples,
        );
        let expected = if expected == VerifyError::Commitment {
            VerifyError::TopPath(0)
        } else {
            expected
        };
        assert_eq!(result, Err(expected));
    }
}

#[test]
fn mutated_openings_are_refused_without_panic() {
    let cases: Vec<(Claim, Opening)> = [
        (Class::Xs, 1),
        (Class::S, 2),
        (Class::M, 3),
        (Class::L, 300),
        (Class::Xl, 700),
    ]
    .into_iter()
    .map(|(class, rounds)| open_with_known_seed(&CHALLENGE, &DEVICE, class, rounds, &OPEN_SEED).unwrap())
    .collect();
    for (claim, real) in &cases {
        assert_eq!(check(claim, &OPEN_SEED, real), Ok(()));
    }
    for number in 0..4_000 {
        let mut numbers = Numbers::new(1 << 32 | number);
        let (claim, real) = &cases[numbers.below(cases.len())];
        let mut samples = real.samples.clone();
        let at = numbers.below(samples.len());
        match numbers.below(4) {
            0 => samples.truncate(at),
            1 => samples.extend(real.samples[at..].to_vec()),
            2 => samples.rotate_left(1 + at % (real.samples.len() - 1)),
            _ => {
                let end = at + 1 + numbers.below(samples.len() - at);
                let noise = numbers.bytes(end - at);
                samples[at..end].copy_from_slice(&noise);
            }
        }
        if samples == real.samples {
            continue;
        }
        let result = check(
            claim,
            &OPEN_SEED,
            &Opening {
                top: real.top,
                samples: samples.clone(),
            },
        );
        if samples.len() == real.samples.len() {
            assert!(!matches!(result, Ok(()) | Err(VerifyError::Length)), "{result:?}");
        } else {
            assert_eq!(result, Err(VerifyError::Length));
        }
    }
}

#[test]
fn the_longest_opening_verifies_at_its_stated_length() {
    // No sample in the first two of 65,536 rounds: the usual case.
    let (claim, real) = open_with_known_seed(&CHALLENGE, &DEVICE, Class::Xl, MAX_ROUNDS, &OPEN_SEED).unwrap();
    assert_eq!(real.samples.len(), usize::try_from(MAX_SAMPLES_LEN).unwrap());
    assert_eq!(check(&claim, &OPEN_SEED, &real), Ok(()));
}

// SPDX-License-Identifier: Apache-2.0
//! Properties over random inputs.

mod common;

use codec::{Decode, Encode};
use compute_proof::{
    draw,
    prove::{open, open_with_known_seed, prove, OpenError, Opening, Reference, RoundStore},
    samples_len, verify,
    work::digest,
    Class, Device, MAX_ROUNDS,
};
use proptest::prelude::*;

fn any_class() -> impl Strategy<Value = Class> {
    proptest::sample::select(Class::ALL.to_vec())
}

fn any_device() -> impl Strategy<Value = Device> {
    (any::<u64>(), any::<[u8; 32]>()).prop_map(|(asset, prover)| Device { asset, prover })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn honest_work_verifies(
        challenge: [u8; 32], device in any_device(), open_seed: [u8; 32], rounds in 1u32..12, flip: proptest::sample::Index,
    ) {
        let store = prove(&mut Reference, &challenge, &device, Class::Xs, rounds).unwrap();
        let opening = open(&mut Reference, &store, &open_seed).unwrap();
        let claim = store.claim();
        let check = |samples: &[u8]| verify(&device, &challenge, &claim, &open_seed, &opening.top, samples);
        prop_assert_eq!(check(&opening.samples), Ok(()));
        let len = samples_len(Class::Xs, rounds, &store.positions(&open_seed).unwrap());
        prop_assert_eq!(len, Some(opening.samples.len()));

        let mut flipped = opening.samples.clone();
        let bit = flip.index(8 * flipped.len());
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(check(&flipped).is_err());
    }

    #[test]
    fn any_class_and_any_number_of_rounds_verifies(
        challenge: [u8; 32], device in any_device(), open_seed: [u8; 32], class in any_class(), rounds in 1u32..3_000,
    ) {
        let (claim, opening) = open_with_known_seed(&challenge, &device, class, rounds, &open_seed).unwrap();
        prop_assert_eq!(verify(&device, &challenge, &claim, &open_seed, &opening.top, &opening.samples), Ok(()));
    }

    #[test]
    fn drawn_positions_are_within_the_work(
        open_seed: [u8; 32], d: [u8; 32], class in any_class(), rounds in 1..=MAX_ROUNDS,
    ) {
        for position in draw(&open_seed, &d, class, rounds).unwrap() {
            prop_assert!((1..=rounds).contains(&position.round));
            prop_assert!(position.row < class.m() && position.column < class.n());
            prop_assert!(position.leaf_index(class) < class.leaves());
        }
    }

    #[test]
    fn digests_tell_neighbours_apart(y: i32, step in 1i32..32) {
        prop_assert_ne!(digest(y), digest(y.wrapping_add(step)));
    }

    #[test]
    fn what_is_stored_survives(roots: Vec<[u8; 32]>, challenge: [u8; 32], device in any_device(), class in any_class()) {
        let store = RoundStore::from_roots(&challenge, &device, class, roots.clone()).unwrap();
        prop_assert_eq!(RoundStore::decode(&mut &store.encode()[..]), Ok(store.clone()));
        let mut pushed = RoundStore::new(&challenge, &device, class);
        for root in roots {
            pushed.push(root).unwrap();
        }
        prop_assert_eq!(pushed, store);
    }

    #[test]
    fn random_bytes_never_panic_when_read_as_an_opening(
        bytes: Vec<u8>, top: [u8; 32], class in any_class(), rounds: u32, device in any_device(),
    ) {
        let claim = compute_proof::Claim { class, rounds, commitment: top };
        prop_assert!(verify(&device, &top, &claim, &top, &top, &bytes).is_err());
    }
}

#[test]
fn digests_of_small_differences_differ_up_to_32() {
    // The multiplier is 2^32 over the golden ratio: the first multiples that come within 2^24 of zero are far
    // off.
    for step in 1..=32 {
        assert!((-1000..1000).all(|y| digest(y) != digest(y + step)), "{step}");
    }
}

#[test]
fn a_truncated_store_is_the_store_of_fewer_rounds() {
    let (challenge, device) = (common::CHALLENGE, common::DEVICE);
    let whole = prove(&mut Reference, &challenge, &device, Class::Xs, 6).unwrap();
    for rounds in 0..=6 {
        let fewer = prove(&mut Reference, &challenge, &device, Class::Xs, rounds).unwrap();
        assert_eq!(whole.truncated(rounds), fewer);
    }
    assert_eq!(whole.truncated(9), whole);
}

#[test]
fn seeds_follow_the_roots_with_a_lag_of_two() {
    let store = prove(&mut Reference, &common::CHALLENGE, &common::DEVICE, Class::Xs, 4).unwrap();
    assert_eq!(store.seed(5).unwrap(), store.next_seed());
    assert!(store.seed(6).is_some(), "round 6 needs root 4 only");
    assert_eq!(store.seed(7), None);
    assert_eq!(store.truncated(2).seed(4), store.seed(4));
}

#[test]
fn a_store_refuses_more_rounds_than_a_commitment_may_claim() {
    let max = usize::try_from(MAX_ROUNDS).unwrap();
    let (challenge, device) = (common::CHALLENGE, common::DEVICE);
    assert!(RoundStore::from_roots(&challenge, &device, Class::Xs, vec![[1; 32]; max + 1]).is_err());
    let mut full = RoundStore::from_roots(&challenge, &device, Class::Xs, vec![[1; 32]; max]).unwrap();
    let before = full.clone();
    assert!(full.push([1; 32]).is_err());
    assert_eq!(full, before);
    for rounds in [0, MAX_ROUNDS + 1] {
        assert_eq!(
            open_with_known_seed(&challenge, &device, Class::Xs, rounds, &[0; 32]),
            None
        );
    }
}

#[test]
fn a_device_that_computes_otherwise_the_second_time_is_told_so() {
    let store = prove(&mut Reference, &common::CHALLENGE, &common::DEVICE, Class::Xs, 3).unwrap();
    let mut faulty = common::Approximate(|a: &[u8], b: &[u8]| compute_proof::work::dot(a, b) ^ 1);
    let first = store
        .positions(&[5; 32])
        .unwrap()
        .iter()
        .map(|position| position.round)
        .min()
        .unwrap();
    assert_eq!(
        open(&mut faulty, &store, &[5; 32]),
        Err(OpenError::Root { round: first })
    );

    let none = store.truncated(0);
    assert_eq!(open(&mut Reference, &none, &[5; 32]), Err(OpenError::NoRounds));
    let failing = store.open(&[5; 32], |_, _, _| Err("device lost"));
    assert_eq!(failing, Err(OpenError::Backend("device lost")));
    let lazy = store.open::<()>(&[5; 32], |_, _, _| Ok(Vec::new()));
    assert_eq!(lazy, Err(OpenError::Root { round: first }));
}

#[test]
fn an_opening_encodes_as_top_and_length_prefixed_samples() {
    let opening = Opening {
        top: [7; 32],
        samples: vec![1, 2, 3],
    };
    let mut expected = vec![7; 32];
    expected.extend([3 << 2, 1, 2, 3]);
    assert_eq!(opening.encode(), expected);
}

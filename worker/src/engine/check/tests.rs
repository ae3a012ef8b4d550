// SPDX-License-Identifier: Apache-2.0
use super::*;
use crate::{
    prover::cpu::Cpu,
    reference::{
        twin::{digests, ProverTwin},
        ReferenceProver,
    },
};
use compute_proof::{prove::RoundTree, Device};

const DEVICE: Device = Device {
    asset: 7,
    prover: [0xAA; 32],
};

fn store(prover: &mut impl Prover, class: Class, rounds: u32) -> RoundStore {
    let mut store = RoundStore::new(&[1; 32], &DEVICE, class);
    for _ in 0..rounds {
        let root = prover.root(class, &store.next_seed()).unwrap();
        store.push(root).unwrap();
    }
    store
}

fn run(prover: &mut impl Prover, store: &RoundStore, chance: u8) -> (Result<(), Fault>, Checks) {
    let mut checks = Checks::default();
    let result = check(prover, store, &[chance; 32], BUDGET, &mut checks);
    (result, checks)
}

#[test]
fn an_honest_device_passes_whatever_is_drawn() {
    let store = store(&mut ReferenceProver, Class::Xs, 5);
    for chance in 0..8 {
        let (result, checks) = run(&mut ReferenceProver, &store, chance);
        result.unwrap();
        assert_eq!((checks.passed, checks.failed), (1, 0));
        assert!(checks.rounds >= 2 && checks.leaves >= checks.rounds, "{checks:?}");
    }
}

#[test]
fn larger_shapes_are_checked_by_their_leaves() {
    let mut cpu = Cpu::fastest(None).unwrap();
    let store = store(&mut cpu, Class::S, 2);
    let (result, checks) = run(&mut cpu, &store, 1);
    result.unwrap();
    assert!(checks.leaves >= 2, "{checks:?}");
}

#[test]
fn a_device_that_is_wrong_in_an_eighth_of_its_units_is_found_out_and_the_cell_named() {
    // The last eight rows of each round, as if their unit were broken.
    let mut liar = ProverTwin::bent("liar", |digests| {
        digests[56 * 64..].iter_mut().for_each(|digest| *digest ^= 1);
    });
    let store = store(&mut liar, Class::Xs, 6);
    for chance in 0..8 {
        let (result, checks) = run(&mut liar, &store, chance);
        assert!(
            matches!(
                result,
                Err(Fault::Cell {
                    row: 56..,
                    column: 0,
                    ..
                })
            ),
            "{result:?}"
        );
        assert_eq!((checks.passed, checks.failed), (0, 1));
    }
}

#[test]
fn a_device_that_erred_once_is_found_out_when_that_round_is_drawn() {
    let mut store = store(&mut ReferenceProver, Class::Xs, 1);
    // The round of a moment in which a bit flipped.
    let seed = store.next_seed();
    let mut flipped = digests(&seed);
    flipped[0] ^= 0x80;
    store.push(RoundTree::new(&seed, flipped).root()).unwrap();
    let found = (0..16)
        .filter(|chance| {
            let (result, _) = run(&mut ReferenceProver, &store, *chance);
            matches!(result, Err(Fault::Root { round: 2 }))
        })
        .count();
    // Eight rounds are drawn of two.
    assert!(found >= 14, "{found}");
}

#[test]
fn a_device_that_does_other_work_than_it_was_asked_for_is_found_out() {
    let mut liar = ProverTwin::bent("liar", |digests| digests.fill(0));
    let store = store(&mut liar, Class::Xs, 3);
    let (result, _) = run(&mut liar, &store, 0);
    assert!(matches!(result, Err(Fault::Cell { .. })), "{result:?}");
}

#[test]
fn a_device_that_answers_nothing_or_fails_is_found_out() {
    let store = store(&mut ReferenceProver, Class::Xs, 2);
    let mut silent = ProverTwin::new("silent").with_leaves(|_, _, _| Ok(Vec::new()));
    let (result, _) = run(&mut silent, &store, 0);
    assert!(matches!(result, Err(Fault::Count { found: 0, .. })), "{result:?}");
    let mut gone =
        ProverTwin::new("gone").with_leaves(|_, _, _| Err(ProverError::Unavailable("card any more")));
    let (result, _) = run(&mut gone, &store, 0);
    assert!(result.unwrap_err().to_string().contains("no card any more"));
}

#[test]
fn out_of_time_two_rounds_and_a_leaf_of_each_are_checked_nevertheless() {
    let store = store(&mut ReferenceProver, Class::Xs, 40);
    let mut checks = Checks::default();
    check(
        &mut ReferenceProver,
        &store,
        &[3; 32],
        Duration::ZERO,
        &mut checks,
    )
    .unwrap();
    assert_eq!((checks.rounds, checks.leaves), (2, 2));
}

#[test]
fn every_leaf_can_be_drawn() {
    let mut drawn = BTreeSet::new();
    for chance in 0..100 {
        let leaves = leaves(Class::Xs, 5, &[chance; 32]);
        assert!(leaves.len() > 8 && leaves[0] == 5);
        drawn.extend(leaves);
    }
    assert_eq!(drawn, (0..Class::Xs.leaves()).collect());
}

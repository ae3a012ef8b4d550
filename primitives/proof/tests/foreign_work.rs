// SPDX-License-Identifier: Apache-2.0
//! Real work that is not the work claimed: another's, another census's, another class's, too little, in
//! another order.

mod common;

use common::{check, opening, seed, Kept, Skipping, CHALLENGE, DEVICE};
use compute_proof::{
    commitment, device_key,
    hash::{keyed, TOP_KEY},
    merkle::Tree,
    opening::Layout,
    prove::{open, prove, Opening, Product, Reference, RoundStore, RoundTree},
    verify,
    work::{round_seed, ZERO},
    Claim, Class, Device, Hash, VerifyError,
};

const OPEN_SEED: Hash = [0x33; 32];

fn is_length_or_commitment(result: Result<(), VerifyError>) -> bool {
    matches!(result, Err(VerifyError::Length | VerifyError::Commitment))
}

#[test]
fn one_flipped_cell_is_found_when_it_is_drawn() {
    let (honest, _) = opening(&mut Reference, 3, &OPEN_SEED);
    for target in honest.positions(&OPEN_SEED).unwrap() {
        // The flipped cell changes the later seeds, but not which cells are drawn.
        struct Flip(compute_proof::Position);
        impl Product for Flip {
            fn digests(&mut self, class: Class, round: u32, seed: &Hash, out: &mut [u8]) {
                Reference.digests(class, round, seed, out);
                if round == self.0.round {
                    out[usize::try_from(self.0.row * 64 + self.0.column).unwrap()] ^= 1;
                }
            }
        }
        let (store, cheat) = opening(&mut Flip(target), 3, &OPEN_SEED);
        let result = check(&store.claim(), &OPEN_SEED, &cheat);
        assert!(matches!(result, Err(VerifyError::Cell(_))), "{result:?}");
    }
}

#[test]
fn a_proof_of_another_device_or_census_is_refused() {
    let others = [
        Device { asset: 43, ..DEVICE },
        Device {
            prover: [0x23; 32],
            ..DEVICE
        },
    ];
    for rounds in [1, 2, 5] {
        let (store, real) = opening(&mut Reference, rounds, &OPEN_SEED);
        let claim = store.claim();
        assert_eq!(check(&claim, &OPEN_SEED, &real), Ok(()));
        for other in others {
            let result = verify(&other, &CHALLENGE, &claim, &OPEN_SEED, &real.top, &real.samples);
            assert!(is_length_or_commitment(result), "{result:?}");
        }
        let result = verify(&DEVICE, &[0x12; 32], &claim, &OPEN_SEED, &real.top, &real.samples);
        assert!(is_length_or_commitment(result), "{result:?}");
    }
}

#[test]
fn committing_to_the_roots_of_another_device_is_refused() {
    let mut product = Kept::new(Reference);
    let victim = prove(&mut product, &CHALLENGE, &DEVICE, Class::Xs, 4).unwrap();
    let thief = Device { asset: 43, ..DEVICE };
    let d = device_key(&CHALLENGE, &thief);
    let claim = Claim {
        commitment: commitment(&d, 4, Class::Xs, &victim.top()),
        ..victim.claim()
    };
    // The thief shows the victim's leaves at the thief's positions: everything ties, but the leaves' keys are
    // not its own.
    let shown = lay_out(&victim, &thief, 4, &OPEN_SEED, |round| {
        tree(&mut product, round, &victim.seed(round).unwrap())
    });
    let result = verify(&thief, &CHALLENGE, &claim, &OPEN_SEED, &shown.top, &shown.samples);
    assert_eq!(result, Err(VerifyError::LeafPath(0)));
}

#[test]
fn rounds_computed_without_the_roots_before_them_are_refused() {
    // All seeds known at once: such work could be spread and cached at will.
    struct Unchained(Hash);
    impl Product for Unchained {
        fn digests(&mut self, class: Class, round: u32, _seed: &Hash, out: &mut [u8]) {
            Reference.digests(class, round, &round_seed(&self.0, round, &ZERO), out);
        }
    }
    let mut product = Unchained(device_key(&CHALLENGE, &DEVICE));
    let mut rejected = 0;
    for number in 0..200 {
        let open_seed = seed(4, number);
        let (store, cheat) = opening(&mut product, 6, &open_seed);
        match check(&store.claim(), &open_seed, &cheat) {
            Err(VerifyError::Cell(_)) => rejected += 1,
            // All eight samples fall into the first two rounds once in (1/3)^8.
            Ok(()) => assert!(store
                .positions(&open_seed)
                .unwrap()
                .iter()
                .all(|position| position.round <= 2)),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(rejected >= 198, "{rejected}");
}

#[test]
fn leaves_keyed_with_a_seed_off_the_chain_are_refused() {
    let d = device_key(&CHALLENGE, &DEVICE);
    let seed_of = |round| round_seed(&d, round, &ZERO);
    let mut product = Kept::new(Reference);
    let roots = (1..=6)
        .map(|round| tree(&mut product, round, &seed_of(round)).root())
        .collect();
    let store = RoundStore::from_roots(&CHALLENGE, &DEVICE, Class::Xs, roots).unwrap();
    let shown = lay_out(&store, &DEVICE, 6, &OPEN_SEED, |round| {
        tree(&mut product, round, &seed_of(round))
    });
    let result = check(&store.claim(), &OPEN_SEED, &shown);
    assert!(matches!(result, Err(VerifyError::LeafPath(_))), "{result:?}");
}

#[test]
fn rounds_inflated_after_the_fact_are_refused() {
    for rounds in [1, 2, 3, 5] {
        let (store, real) = opening(&mut Reference, rounds, &OPEN_SEED);
        for inflated in [rounds + 1, 2 * rounds, 1000, 65_536] {
            let claim = Claim {
                rounds: inflated,
                ..store.claim()
            };
            let result = check(&claim, &OPEN_SEED, &real);
            assert!(
                is_length_or_commitment(result),
                "{rounds} → {inflated}: {result:?}"
            );
        }
        let claim = Claim {
            rounds: 65_537,
            ..store.claim()
        };
        assert_eq!(check(&claim, &OPEN_SEED, &real), Err(VerifyError::Rounds));
    }
}

#[test]
fn a_commitment_to_more_rounds_than_were_computed_is_refused() {
    // Four real rounds, claimed as eight: the rest of the tree is padding, or the same rounds over again.
    let mut product = Kept::new(Reference);
    let real = prove(&mut product, &CHALLENGE, &DEVICE, Class::Xs, 4).unwrap();
    let padded = real.roots().iter().copied().chain([ZERO; 4]).collect();
    let repeated = real.roots().iter().chain(real.roots()).copied().collect();
    for roots in [padded, repeated] {
        let store = RoundStore::from_roots(&CHALLENGE, &DEVICE, Class::Xs, roots).unwrap();
        let shown = lay_out(&store, &DEVICE, 8, &OPEN_SEED, |round| {
            let computed = (round - 1) % 4 + 1;
            tree(&mut product, computed, &real.seed(computed).unwrap())
        });
        let result = check(&store.claim(), &OPEN_SEED, &shown);
        assert!(matches!(result, Err(VerifyError::LeafPath(_))), "{result:?}");
    }
}

#[test]
fn a_proof_of_another_class_is_refused() {
    for rounds in [1, 2, 5] {
        let (store, real) = opening(&mut Reference, rounds, &OPEN_SEED);
        for class in [Class::S, Class::M, Class::L, Class::Xl] {
            let claim = Claim {
                class,
                ..store.claim()
            };
            assert_eq!(check(&claim, &OPEN_SEED, &real), Err(VerifyError::Length));
            // Filled up to the right length it is not what was committed to.
            let positions = compute_proof::draw(&OPEN_SEED, store.device_key(), class, rounds).unwrap();
            let mut samples = real.samples.clone();
            samples.resize(compute_proof::samples_len(class, rounds, &positions).unwrap(), 0);
            assert_eq!(
                check(&claim, &OPEN_SEED, &Opening { samples, ..real }),
                Err(VerifyError::Commitment)
            );
        }
    }
}

#[test]
fn a_root_of_small_rounds_does_not_pass_for_a_large_one() {
    // Commit to class S over roots of XS rounds: the shown leaves and paths can't lead to them.
    let store = prove(&mut Reference, &CHALLENGE, &DEVICE, Class::Xs, 2).unwrap();
    let d = *store.device_key();
    let claim = Claim {
        class: Class::S,
        rounds: 2,
        commitment: commitment(&d, 2, Class::S, &store.top()),
    };
    let positions = compute_proof::draw(&OPEN_SEED, &d, Class::S, 2).unwrap();
    let mut samples = Vec::new();
    for position in positions {
        let tree = tree(
            &mut Reference,
            position.round,
            &store.seed(position.round).unwrap(),
        );
        let leaf = tree.leaf(position.leaf_index(Class::S) % 64).unwrap();
        samples.extend_from_slice(&leaf.leaf);
        samples.extend_from_slice(leaf.path.as_flattened());
        samples.extend_from_slice(&[0; 8 * 32]);
        samples.extend_from_slice(&store.roots()[usize::try_from(position.round - 1).unwrap()]);
        samples.extend_from_slice(&store.roots()[usize::try_from(2 - position.round).unwrap()]);
    }
    let result = check(
        &claim,
        &OPEN_SEED,
        &Opening {
            top: store.top(),
            samples,
        },
    );
    assert_eq!(result, Err(VerifyError::LeafPath(0)));
}

#[test]
fn bytes_moved_between_paths_are_refused() {
    let (store, real) = opening(&mut Reference, 5, &OPEN_SEED);
    let layout = Layout::new(Class::Xs, 5).unwrap();
    // The first sample's leaf path loses its last sibling to the end of its root path: the length stays
    // right.
    let mut samples = real.samples.clone();
    let start = 64 + 32 * (layout.leaf_path - 1);
    let end = 64 + 32 * (layout.leaf_path + 1 + layout.top_path);
    samples[start..end].rotate_left(32);
    let result = check(&store.claim(), &OPEN_SEED, &Opening { samples, ..real });
    assert_eq!(result, Err(VerifyError::TopPath(0)));
}

#[test]
fn a_node_of_a_rounds_tree_does_not_pass_for_a_node_of_the_top_tree() {
    // The two kinds of tree have keys of their own: the same children have different parents.
    let leaves = vec![[1; 32], [2; 32]];
    assert_ne!(
        Tree::new(&TOP_KEY, leaves.clone()).root(),
        Tree::new(&compute_proof::hash::NODE_KEY, leaves).root()
    );
    assert_ne!(
        keyed(&TOP_KEY, &[0; 64]),
        keyed(&compute_proof::hash::NODE_KEY, &[0; 64])
    );
}

#[test]
fn an_opening_for_another_seed_is_refused() {
    let (store, real) = opening(&mut Reference, 5, &OPEN_SEED);
    for number in 0..50 {
        let result = check(&store.claim(), &seed(5, number), &real);
        // The first sample may fall into the same round by chance: then its root fits and its leaf doesn't.
        let refused = matches!(
            result,
            Err(VerifyError::Length | VerifyError::TopPath(0) | VerifyError::LeafPath(0))
        );
        assert!(refused, "{result:?}");
    }
}

#[test]
fn a_prover_that_skips_everything_never_passes() {
    let mut product = Kept::new(Skipping(|_, _, _| false));
    let store = prove(&mut product, &CHALLENGE, &DEVICE, Class::Xs, 4).unwrap();
    for number in 0..2_000 {
        let open_seed = seed(6, number);
        let cheat = open(&mut product, &store, &open_seed).unwrap();
        assert!(matches!(
            check(&store.claim(), &open_seed, &cheat),
            Err(VerifyError::Cell(_))
        ));
    }
}

fn tree(product: &mut impl Product, round: u32, seed: &Hash) -> RoundTree {
    let mut digests = vec![0; 64 * 64];
    product.digests(Class::Xs, round, seed, &mut digests);
    RoundTree::new(seed, digests)
}

/// An opening over the roots of `store`, at the positions of `device`, with the leaves of whatever tree is
/// given for a round: what a cheat sends who does not care whether they lead anywhere.
fn lay_out(
    store: &RoundStore,
    device: &Device,
    rounds: u32,
    open_seed: &Hash,
    mut tree: impl FnMut(u32) -> RoundTree,
) -> Opening {
    let d = device_key(&CHALLENGE, device);
    let top = Tree::new(&TOP_KEY, store.roots().to_vec());
    let mut samples = Vec::new();
    for position in compute_proof::draw(open_seed, &d, Class::Xs, rounds).unwrap() {
        let proof = tree(position.round).leaf(position.leaf_index(Class::Xs)).unwrap();
        samples.extend_from_slice(&proof.leaf);
        samples.extend_from_slice(proof.path.as_flattened());
        for index in [position.round.checked_sub(1), position.round.checked_sub(3)]
            .into_iter()
            .flatten()
        {
            samples.extend_from_slice(&store.roots()[usize::try_from(index).unwrap()]);
            samples.extend_from_slice(top.path(index).unwrap().as_flattened());
        }
    }
    Opening {
        top: top.root(),
        samples,
    }
}

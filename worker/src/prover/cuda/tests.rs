// SPDX-License-Identifier: Apache-2.0
//! The kernels and the backend against the reference, byte for byte, on the emulated card; and everything that can fail.

mod cards;
mod failures;
mod kernels;

use super::{
    card::{Arg, Launch},
    emulator::{kernels, run, Emulator, Fault, Logged},
    plan::{group, groups, Step},
    *,
};
use crate::prover::{fresh_seed, open};
use compute_proof::{
    hash::node,
    merkle::fold,
    prove::{Product, Reference, RoundStore, RoundTree},
    verify,
    work::{cell, digest, fill_row, round_seed, Matrix, ZERO},
    Device,
};
use std::collections::BTreeSet;

const HOPPER: (u32, u32) = (9, 0);

fn seed(number: u8) -> Hash {
    keyed(&[number; 32], b"cuda")
}

/// The sensors of a card are found by it.
#[test]
fn a_card_has_the_identity_that_nvml_writes() {
    let bytes = std::array::from_fn(|index| u8::try_from(index).unwrap() + 0xa0);
    assert_eq!(card::uuid(bytes), "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf");
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    let cuda = Cuda::new(&emulator.platform(), 0, Route::Wgmma).unwrap();
    let uuid = "GPU-00000000-0000-0000-0000-000000000000";
    assert_eq!(cuda.uuid().as_deref(), Some(uuid));
}

fn reference(class: Class, seed: &Hash) -> RoundTree {
    let mut digests = vec![0; size(class.m()) * size(class.n())];
    Reference.digests(class, 1, seed, &mut digests);
    RoundTree::new(seed, digests)
}

fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    std::array::from_fn(|i| u32::from_le_bytes(bytes[4 * i..4 * i + 4].try_into().unwrap()))
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Every route, each on a card that has it.
fn routes() -> impl Iterator<Item = (Emulator, Cuda)> {
    Route::ALL.into_iter().filter_map(|route| {
        let emulator = Emulator::new(HOPPER)?;
        let cuda = Cuda::unchecked(&emulator.platform(), 0, route);
        Some((emulator, cuda))
    })
}

#[test]
fn every_route_computes_the_references_xs_rounds() {
    for (_, mut cuda) in routes() {
        for seed in (0..4).map(seed).chain([fresh_seed()]) {
            let expected = reference(Class::Xs, &seed);
            assert_eq!(
                cuda.root(Class::Xs, &seed).unwrap(),
                expected.root(),
                "{}",
                cuda.name()
            );
            let indices = [0, 63, 17, 17, 40];
            let leaves = cuda.leaves(Class::Xs, &seed, &indices).unwrap();
            assert_eq!(leaves, indices.map(|index| expected.leaf(index).unwrap()));
        }
    }
}

/// The kernels of class S are those of every larger class.
#[test]
fn every_route_computes_the_references_s_round() {
    let seed = fresh_seed();
    let expected = reference(Class::S, &seed);
    let indices = [0, 1, 511, 512, 8191, 8192, 16383, 12345];
    for (_, mut cuda) in routes() {
        let leaves = cuda.leaves(Class::S, &seed, &indices).unwrap();
        assert_eq!(
            leaves,
            indices.map(|index| expected.leaf(index).unwrap()),
            "{}",
            cuda.name()
        );
        for (index, proof) in indices.iter().zip(&leaves) {
            let root = fold(&NODE_KEY, keyed(&seed, &proof.leaf), *index, &proof.path);
            assert_eq!(root, expected.root());
        }
        assert!(cuda.leaves(Class::S, &seed, &[16384]).is_err());
    }
}

/// Class XL is too much for an emulator, but its first and its last tile are not.
#[test]
fn the_corner_tiles_of_the_largest_class_are_right() {
    let seed = fresh_seed();
    let class = Class::Xl;
    for (emulator, cuda) in routes() {
        if matches!(cuda.route, Route::CublasLt) {
            continue;
        }
        emulator.fails(Fault::Free(1 << 34));
        let mut card = emulator.open(0, Stream::Side).unwrap();
        for program in cuda.route.programs() {
            card.load(*program).unwrap();
        }
        let plan = Plan::new(&mut *card, cuda.route, class).unwrap();
        let slot = Slot::Odd;
        card.upload(plan.seed_at(slot), &seed).unwrap();
        let [Step::Launch(product)] = &plan.product(slot)[..] else {
            panic!("one kernel")
        };
        let inputs = plan.inputs(slot);
        assert_eq!(u64::from(inputs.blocks) * 256, 1 << 24);
        let (height, width) = match cuda.route {
            Route::Fp16 => (128, 128),
            _ => (128, 256),
        };
        assert_eq!(product.blocks, (class.m() / height) * (class.n() / width));
        // Two blocks of key stream fill a row: the first and last rows of A, then those of B.
        let per_row = class.k() / 64 / 256;
        let b = class.m() * per_row;
        for rows in [0..height, class.m() - height..class.m()] {
            run(&inputs, rows.start * per_row..rows.end * per_row);
        }
        for rows in [0..width, class.n() - width..class.n()] {
            run(&inputs, b + rows.start * per_row..b + rows.end * per_row);
        }
        run(product, 0..1);
        run(product, product.blocks - 1..product.blocks);
        card.finish().unwrap();
        for (row, column) in [
            (0, 0),
            (height - 1, width - 64),
            (class.m() - height, class.n() - width),
            (class.m() - 1, class.n() - 64),
            (class.m() - 57, class.n() - 128),
        ] {
            let mut leaf: Leaf = [0; 64];
            let at = u64::from(row) * u64::from(class.n()) + u64::from(column);
            card.download(plan.digests_at(slot).after(at), &mut leaf).unwrap();
            for (column, found) in (column..).zip(leaf) {
                let expected = digest(cell(&seed, class, row, column));
                assert_eq!(found, expected, "{} ({row}, {column})", cuda.route);
            }
        }
    }
}

#[test]
fn the_tree_of_the_largest_class_has_one_root_and_stays_within_its_memory() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    emulator.fails(Fault::Free(1 << 34));
    let mut card = emulator.open(0, Stream::Side).unwrap();
    for class in Class::ALL {
        let plan = Plan::new(&mut *card, Route::Mma, class).unwrap();
        let launches = plan.tree(Slot::Even, 5);
        let mut count = class.leaves();
        for launch in &launches {
            let Some(Arg::Number(width)) = launch.args.last() else {
                panic!("{launch:?}")
            };
            assert!((2..=512).contains(width) && launch.shared == width / 2 * 32);
            assert_eq!(launch.blocks * width, count);
            count = launch.blocks;
        }
        assert_eq!(count, 1);
        let last = launches.last().unwrap();
        let to = match last.kernel {
            "leaves" => last.args[2],
            _ => last.args[1],
        };
        assert_eq!(to, Arg::Memory(plan.root_at(5)));
    }
    // Over digests that are all zero but one.
    card.load(super::source::Program::Rounds).unwrap();
    let class = Class::M;
    let plan = Plan::new(&mut *card, Route::Mma, class).unwrap();
    card.upload(plan.seed_at(Slot::Odd), &seed(1)).unwrap();
    card.upload(plan.digests_at(Slot::Odd).after(64 * 99_999), &[7])
        .unwrap();
    for launch in plan.tree(Slot::Odd, 0) {
        run(&launch, 0..launch.blocks);
    }
    let mut leaves = vec![keyed(&seed(1), &[0; 64]); size(class.leaves())];
    let mut one = [0; 64];
    one[0] = 7;
    leaves[99_999] = keyed(&seed(1), &one);
    let mut root = [0; 32];
    card.download(plan.root_at(0), &mut root).unwrap();
    assert_eq!(root, Tree::new(&NODE_KEY, leaves).root());
}

#[test]
fn a_batch_is_the_chain_of_rounds() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    let mut cuda = Cuda::new(&emulator.platform(), 0, Route::Wgmma).unwrap();
    let key = seed(3);
    let roots = cuda.roots(Class::Xs, &key, 1, [ZERO, ZERO], 70).unwrap();
    let mut before = [ZERO, ZERO];
    for (round, root) in (1..).zip(&roots) {
        let expected = reference(Class::Xs, &round_seed(&key, round, &before[0])).root();
        assert_eq!(*root, expected, "round {round}");
        before = [before[1], *root];
    }
    assert_eq!(roots.len(), 70);
    // From the middle.
    let again = cuda.roots(Class::Xs, &key, 12, [roots[9], roots[10]], 3).unwrap();
    assert_eq!(again, roots[11..14]);
    assert!(cuda
        .roots(Class::Xs, &key, 1, [ZERO, ZERO], 0)
        .unwrap()
        .is_empty());
    assert_eq!(emulator.opened.load(std::sync::atomic::Ordering::Relaxed), 1);
}

/// What a stream may rely on, replayed from the log: everything before it in its own stream, and what it waited for.
#[test]
fn no_kernel_of_a_batch_reads_or_writes_what_another_stream_may_still_use() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    emulator.fails(Fault::Idles);
    emulator.fails(Fault::Free(1 << 34));
    let mut cuda = Cuda::unchecked(&emulator.platform(), 0, Route::Mma);
    cuda.roots(Class::Xl, &seed(1), 1, [ZERO, ZERO], 5).unwrap();
    let log = emulator.log.lock().unwrap().clone();
    let launches: Vec<(usize, Stream, Launch)> = log
        .iter()
        .enumerate()
        .filter_map(|(at, logged)| match logged {
            Logged::Launch(stream, launch) => Some((at, *stream, launch.clone())),
            _ => None,
        })
        .collect();
    // Whether `earlier` is over before `later` begins: in one stream, or by a chain of events.
    let done = |earlier: usize, from: Stream, later: usize, to: Stream| {
        let mut known = vec![(from, earlier)];
        for (at, logged) in log.iter().enumerate().take(later).skip(earlier) {
            let Logged::Wait(stream, event) = logged else {
                continue;
            };
            let signalled = log[..at]
                .iter()
                .rposition(|logged| matches!(logged, Logged::Signal(_, signalled) if signalled == event));
            let Some(signal) = signalled else { continue };
            let Logged::Signal(source, _) = log[signal] else {
                continue;
            };
            if known
                .iter()
                .any(|(stream, since)| *stream == source && *since <= signal)
            {
                known.push((*stream, at));
            }
        }
        known
            .iter()
            .any(|(stream, since)| *stream == to && *since <= later)
    };
    // Which arguments a kernel writes to; it reads the others.
    let written = |launch: &Launch| match launch.kernel {
        "seed" => vec![3],
        "inputs" => vec![1, 2],
        "leaves" | "product_s8" => vec![2],
        "nodes" => vec![1],
        other => panic!("{other}"),
    };
    let mut checked = 0;
    for (index, (later_at, to, later)) in launches.iter().enumerate() {
        for (earlier_at, from, earlier) in &launches[..index] {
            for (i, a) in earlier.args.iter().enumerate() {
                for (j, b) in later.args.iter().enumerate() {
                    let writes = written(earlier).contains(&i) || written(later).contains(&j);
                    if !matches!(a, Arg::Memory(_)) || a != b || !writes {
                        continue;
                    }
                    assert!(
                        done(*earlier_at, *from, *later_at, *to),
                        "{} at {later_at} does not wait for {} at {earlier_at}",
                        later.kernel,
                        earlier.kernel
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 50, "{checked}");
    // And it does overlap: a round's inputs are drawn before the product of the round before is waited for.
    let positions = |kernel: &str| -> Vec<usize> {
        launches
            .iter()
            .filter(|(_, _, launch)| launch.kernel == kernel)
            .map(|(at, ..)| *at)
            .collect()
    };
    let (inputs, leaves) = (positions("inputs"), positions("leaves"));
    assert!(inputs
        .iter()
        .skip(1)
        .zip(&leaves)
        .all(|(inputs, leaves)| inputs < leaves));
}

#[test]
fn the_protocols_known_answers_are_met_and_a_census_is_proven_and_opened() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    let platform = emulator.platform();
    let mut cuda = Cuda::new(&platform, 0, Route::Wgmma).unwrap();
    assert_eq!(
        known_answers::commitment(&mut cuda).unwrap(),
        known_answers::COMMITMENT
    );
    let (challenge, open_seed) = (seed(1), seed(2));
    let device = Device {
        asset: 7,
        prover: [3; 32],
    };
    let mut store = RoundStore::new(&challenge, &device, Class::Xs);
    let key = *store.device_key();
    for root in cuda.roots(Class::Xs, &key, 1, [ZERO, ZERO], 9).unwrap() {
        store.push(root).unwrap();
    }
    let opening = open(&mut cuda, &store, &open_seed).unwrap();
    let checked = verify(
        &device,
        &challenge,
        &store.claim(),
        &open_seed,
        &opening.top,
        &opening.samples,
    );
    checked.unwrap();
}

#[test]
fn the_fastest_route_is_one_that_the_card_has_and_that_is_right() {
    let Some(emulator) = Emulator::new((8, 6)) else {
        return;
    };
    emulator.fails(Fault::Missing(Library::CublasLt));
    let cuda = Cuda::fastest(&emulator.platform(), 0).unwrap();
    assert!(matches!(cuda.route, Route::Mma | Route::Fp16));
    assert_eq!(cuda.threads(), 1);
    let error = Cuda::new(&emulator.platform(), 0, Route::Wgmma).err().unwrap();
    assert!(error.to_string().contains("Hopper"), "{error}");
    assert!(error.to_string().contains("8.6"), "{error}");
    let error = Cuda::new(&emulator.platform(), 0, Route::CublasLt).err().unwrap();
    assert!(error.to_string().contains("cuBLASLt"), "{error}");
}

#[test]
fn a_route_that_hangs_is_passed_over_and_the_last_one_that_does_is_a_loss() {
    let Some(emulator) = Emulator::new(HOPPER) else {
        return;
    };
    emulator.fails(Fault::Missing(Library::CublasLt));
    for route in [Route::Wgmma, Route::Fp16] {
        emulator.fails(Fault::Hangs(route));
    }
    let cuda = Cuda::fastest(&emulator.platform(), 0).unwrap();
    assert_eq!(cuda.route, Route::Mma);
    emulator.fails(Fault::Hangs(Route::Mma));
    let error = Cuda::fastest(&emulator.platform(), 0).err().unwrap();
    assert!(error.to_string().contains("cuda-wgmma did not end"), "{error}");
    let ProverError::Cuda(error) = error else {
        panic!("{error}")
    };
    assert!(error.may_pass_here() && !error.is_loss());
}

#[test]
fn a_card_that_does_not_say_what_it_is_leaves_the_others_their_numbers() {
    let emulator = Emulator::with(&[HOPPER, (8, 6)]);
    emulator.fails(Fault::Mute(0));
    let platform = emulator.platform();
    let error = |index| {
        let error = Cuda::new(&platform, index, Route::Wgmma).err().unwrap();
        error.to_string()
    };
    assert!(error(0).contains("describe itself"), "{}", error(0));
    assert!(error(1).contains("8.6"), "{}", error(1));
    assert!(error(2).contains("the driver knows 2"), "{}", error(2));
    let listed: Vec<usize> = platform.cards().unwrap().iter().map(|card| card.index).collect();
    assert_eq!(listed, [1]);
}

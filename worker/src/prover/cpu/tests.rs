// SPDX-License-Identifier: Apache-2.0
//! Every path against the reference, byte for byte.

use super::{panel::size, *};
use crate::{
    prover::{fresh_seed, open},
    reference::twin::ProverTwin,
};
use compute_proof::{
    hash::keyed,
    merkle::fold,
    prove::{self, Product, Reference, RoundStore, RoundTree},
    verify,
    work::{cell, digest, fill_row, Matrix},
    Claim, Device,
};
use serde_json::Value;

/// Each path that this machine has, on one thread and on three.
fn paths() -> impl Iterator<Item = Cpu> {
    Path::available()
        .flat_map(|path| [1, 3].map(|threads| Cpu::unchecked(path, NonZeroUsize::new(threads)).unwrap()))
}

fn seed(number: u8) -> Hash {
    keyed(&[number; 32], b"parity")
}

fn reference(class: Class, seed: &Hash) -> RoundTree {
    let mut digests = vec![0; size(class.m()) * size(class.n())];
    Reference.digests(class, 1, seed, &mut digests);
    RoundTree::new(seed, digests)
}

#[test]
fn the_machine_has_at_least_one_path_and_the_fastest_is_one_of_them() {
    let fastest = Cpu::fastest(NonZeroUsize::new(1)).unwrap();
    assert!(Path::available().any(|path| path.name() == fastest.name()));
    assert_eq!(fastest.threads(), 1);
}

#[test]
fn every_path_fills_rows_and_panels_with_the_key_stream() {
    let (k, height, first) = (1024, 64, 4032);
    let stream = |seed: &Hash, matrix, row: u32| {
        let mut bytes = vec![0; k];
        fill_row(seed, matrix, row, &mut bytes);
        bytes
    };
    for path in Path::available() {
        let seed = fresh_seed();
        let mut rows = kernel::Rows::new(path, k, height);
        path.fill_rows(&seed, first, &mut rows);
        let mut panel = vec![[panel::Line([0; 16]); panel::LINES]; k / panel::GROUP];
        path.fill(&seed, first, &mut panel);
        for (at, row) in (0..64).zip(first..) {
            let of_row: Vec<u8> = rows
                .parts()
                .flat_map(|part| &part[at * rows.depth..][..rows.depth])
                .copied()
                .collect();
            assert_eq!(of_row, stream(&seed, Matrix::A, row), "{path} row {row} of A");
            let of_column: Vec<u8> = match path {
                Path::Portable => panel::bytes(&panel)[at * k..][..k].to_vec(),
                _ => panel
                    .iter()
                    .flat_map(|step| (step[at / 16].0[at % 16] ^ path.flip()).to_le_bytes())
                    .collect(),
            };
            assert_eq!(of_column, stream(&seed, Matrix::B, row), "{path} row {row} of B");
        }
    }
}

#[test]
fn blocks_divide_every_round_and_leave_many_threads_enough() {
    for class in Class::ALL {
        for threads in [0, 1, 2, 3, 16, 100, 1 << 20, usize::MAX] {
            let blocking = Blocking::new(class, threads);
            assert_eq!(blocking.count() * blocking.leaves(), class.leaves());
            assert!(blocking.leaves().is_power_of_two());
            let height = class.m() / blocking.count();
            assert!((32..=256).contains(&height), "{class} {threads}: {height}");
        }
    }
    assert_eq!(Blocking::new(Class::M, 1).count(), 16);
    assert_eq!(Blocking::new(Class::M, 16).count(), 128);
}

#[test]
fn every_path_computes_the_references_xs_rounds() {
    for mut cpu in paths() {
        for seed in (0..20).map(seed).chain([fresh_seed()]) {
            let expected = reference(Class::Xs, &seed);
            assert_eq!(
                cpu.root(Class::Xs, &seed).unwrap(),
                expected.root(),
                "{}",
                cpu.name()
            );
            let indices = [0, 63, 17, 17, 40];
            let leaves = cpu.leaves(Class::Xs, &seed, &indices).unwrap();
            assert_eq!(
                leaves,
                indices.map(|index| expected.leaf(index).unwrap()),
                "{}",
                cpu.name()
            );
        }
    }
}

#[test]
fn every_path_computes_the_references_s_round() {
    let seed = fresh_seed();
    let expected = reference(Class::S, &seed);
    let indices = [0, 1, 15, 16, 8191, 8192, 16383, 12345];
    // Few blocks, and more threads than blocks.
    for (path, threads) in Path::available().flat_map(|path| [(path, 1), (path, 40)]) {
        let mut cpu = Cpu::new(path, NonZeroUsize::new(threads)).expect("the path passes the known answers");
        assert_eq!(cpu.root(Class::S, &seed).unwrap(), expected.root(), "{path}");
        let leaves = cpu.leaves(Class::S, &seed, &indices).unwrap();
        assert_eq!(
            leaves,
            indices.map(|index| expected.leaf(index).unwrap()),
            "{path}"
        );
    }
}

#[test]
fn every_path_computes_the_references_cells_in_a_block_of_larger_classes() {
    // One block of rows, the highest and the lowest there are, against the first and the last panel; the others take the same way.
    for (class, threads) in [(Class::M, 1), (Class::M, 16), (Class::L, 16)] {
        let panels = [0, class.n() / 64 - 1];
        let seed = fresh_seed();
        for path in Path::available() {
            let k = size(class.k());
            let blocking = Blocking::new(class, threads);
            let number = blocking.count() - 1;
            let first_row = class.m() - class.m() / blocking.count();
            let (mut block, mut products) = (Block::new(path, blocking), Products::new(blocking));
            block.generate(&seed, number);
            for panel_number in panels {
                let mut panel = vec![[panel::Line([0; 16]); panel::LINES]; k / panel::GROUP];
                path.fill(&seed, panel_number * 64, &mut panel);
                // A diagonal of the block's digests.
                let digests = block.digests(&panel, &mut products);
                for (offset, leaf) in (0..).zip(digests) {
                    let column = offset % 64;
                    let expected = digest(cell(&seed, class, first_row + offset, panel_number * 64 + column));
                    assert_eq!(leaf[size(column)], expected, "{path} {class} row {offset}");
                }
            }
        }
    }
}

#[test]
fn every_path_is_exact_at_the_extremes() {
    // All bytes -128 or 127: the largest sums there are, at the largest depth.
    for path in Path::available() {
        let k = size(Class::Xl.k());
        for (a, b) in [(0x80u8, 0x80u8), (0x80, 0x7f), (0x7f, 0x80), (0x7f, 0x7f)] {
            let mut rows = kernel::Rows::new(path, k, 32);
            rows.bytes.fill(a);
            path.prepare(&mut rows);
            let word = u32::from_ne_bytes([b; 4]) ^ path.flip();
            let panel = vec![[panel::Line([word; 16]); panel::LINES]; k / panel::GROUP];
            let (mut sums, mut digests) = (vec![[0; 64]; 32], vec![[0; 64]; 32]);
            path.multiply(&rows, &panel, &mut sums, &mut digests);
            let y = i32::from(a.cast_signed()) * i32::from(b.cast_signed()) * (1 << 15);
            assert!(sums.iter().flatten().all(|sum| *sum == y), "{path} {a} {b}");
            assert!(
                digests.iter().flatten().all(|found| *found == digest(y)),
                "{path} {a} {b}"
            );
        }
    }
}

#[test]
fn rounds_and_openings_are_the_references_and_verify() {
    let (challenge, open_seed) = (seed(1), seed(2));
    let device = Device {
        asset: 77,
        prover: seed(3),
    };
    let expected = prove::prove(&mut Reference, &challenge, &device, Class::Xs, 7).unwrap();
    let expected_opening = prove::open(&mut Reference, &expected, &open_seed).unwrap();
    for mut cpu in paths() {
        let mut store = RoundStore::new(&challenge, &device, Class::Xs);
        for _ in 0..7 {
            let root = cpu.root(Class::Xs, &store.next_seed()).unwrap();
            store.push(root).unwrap();
        }
        assert_eq!(store, expected);
        let opening = open(&mut cpu, &store, &open_seed).unwrap();
        assert_eq!(opening, expected_opening);
        let claim: Claim = store.claim();
        assert_eq!(
            verify(
                &device,
                &challenge,
                &claim,
                &open_seed,
                &opening.top,
                &opening.samples
            ),
            Ok(())
        );
    }
}

#[test]
fn the_vectors_of_whole_works_are_met() {
    let bytes = |value: &Value| hex::decode(value.as_str().unwrap()).unwrap();
    let hash = |value: &Value| -> Hash { bytes(value).try_into().unwrap() };
    let mut cpu = Cpu::fastest(None).unwrap();
    for text in [
        include_str!("../../../../primitives/proof/vectors/xs-5.json"),
        include_str!("../../../../primitives/proof/vectors/s-3.json"),
        include_str!("../../../../primitives/proof/vectors/m-1.json"),
    ] {
        let vector: Value = serde_json::from_str(text).unwrap();
        let class: Class = vector["shape"].as_str().unwrap().parse().unwrap();
        let device = Device {
            asset: vector["asset"].as_str().unwrap().parse().unwrap(),
            prover: hash(&vector["prover"]),
        };
        let mut store = RoundStore::new(&hash(&vector["challenge"]), &device, class);
        for root in vector["roots"].as_array().unwrap() {
            store.push(cpu.root(class, &store.next_seed()).unwrap()).unwrap();
            assert_eq!(store.roots().last(), Some(&hash(root)));
        }
        let opening = open(&mut cpu, &store, &hash(&vector["open_seed"])).unwrap();
        assert_eq!(opening.top, hash(&vector["top"]));
        assert_eq!(opening.samples, bytes(&vector["samples"]));
    }
}

#[test]
fn leaves_past_the_last_are_refused() {
    let mut cpu = Cpu::unchecked(Path::Portable, NonZeroUsize::new(1)).unwrap();
    let refused = cpu.leaves(Class::Xs, &seed(1), &[0, 64]);
    assert!(
        matches!(
            refused,
            Err(ProverError::NoLeaf {
                class: Class::Xs,
                index: 64
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn leaves_lead_to_the_root_at_their_index() {
    let mut cpu = Cpu::fastest(None).unwrap();
    let (class, seed) = (Class::S, fresh_seed());
    let root = cpu.root(class, &seed).unwrap();
    let indices: Vec<u32> = (0..class.leaves()).step_by(997).collect();
    for (index, proof) in indices.iter().zip(cpu.leaves(class, &seed, &indices).unwrap()) {
        assert_eq!(
            fold(&NODE_KEY, keyed(&seed, &proof.leaf), *index, &proof.path),
            root
        );
    }
}

#[test]
fn a_backend_that_computes_wrongly_does_not_pass_the_known_answers() {
    for wrong in [Class::Xs, Class::S] {
        let [mut for_roots, mut for_leaves] = [(); 2].map(|()| Cpu::fastest(None).unwrap());
        let mut faulty = ProverTwin::new("faulty")
            .with_root(move |class, seed| {
                let mut root = for_roots.root(class, seed)?;
                root[31] ^= u8::from(class == wrong);
                Ok(root)
            })
            .with_leaves(move |class, seed, indices| {
                let mut leaves = for_leaves.leaves(class, seed, indices)?;
                for proof in &mut leaves {
                    proof.leaf[63] ^= u8::from(class == wrong);
                }
                Ok(leaves)
            });
        let refused = known_answers::check(&mut faulty);
        assert!(
            matches!(
                refused,
                Err(ProverError::KnownAnswers {
                    backend: "faulty",
                    ..
                })
            ),
            "{refused:?}"
        );
    }
}

/// That of XL takes half a minute: `ergon-worker bench --shape xl` compares it on a card.
#[test]
fn whole_rounds_of_larger_classes_have_the_known_roots() {
    let mut cpu = Cpu::fastest(None).unwrap();
    for class in [Class::S, Class::M, Class::L] {
        known_answers::check_round(&mut cpu, class).unwrap();
    }
}

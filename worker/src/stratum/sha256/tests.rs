// SPDX-License-Identifier: Apache-2.0

use super::*;
use compute_proof::hashrate::sha256d;
use hex_literal::hex;
use proptest::prelude::*;

/// Bitcoin's first block, which nobody here made.
const FIRST_BLOCK: [u8; 80] = hex!(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc8
     1bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
);

/// Nonces whose hashes have at most `highest` in their highest bytes, by the protocol's own SHA-256d.
fn expected(mut header: [u8; 80], begin: u32, batches: u32, highest: u32) -> Vec<u32> {
    (0..batches * STEP)
        .map(|offset| begin.wrapping_add(offset))
        .filter(|nonce| {
            header[76..].copy_from_slice(&nonce.to_le_bytes());
            let [.., a, b, c, d] = sha256d(&header);
            u32::from_le_bytes([a, b, c, d]) <= highest
        })
        .collect()
}

fn scanned(engine: Engine, head: &Head, begin: u32, batches: u32, highest: u32) -> Vec<u32> {
    let mut found = Vec::new();
    engine.scan(head, begin, batches, highest, &mut |nonce| found.push(nonce));
    found
}

#[test]
fn the_first_block_of_bitcoin_is_found() {
    let head = Head::new(&FIRST_BLOCK);
    assert_eq!(head.midstate, GENESIS.midstate, "{:08x?}", head.midstate);
    assert_eq!(head.last, GENESIS.last);
    for engine in Engine::available() {
        assert!(engine.is_right(), "{engine}");
        let begin = GENESIS_NONCE - 800;
        assert_eq!(scanned(engine, &head, begin, 200, 0), [GENESIS_NONCE], "{engine}");
    }
}

#[test]
fn an_engine_that_is_wrong_is_told_from_one_that_is_right() {
    let mut wrong = GENESIS;
    wrong.last[0] ^= 1;
    for engine in Engine::available() {
        assert_eq!(scanned(engine, &wrong, GENESIS_NONCE & !7, 1, 0), [0; 0]);
    }
}

#[test]
fn a_scan_goes_around_at_the_end_of_the_nonces() {
    for engine in Engine::available() {
        let found = scanned(engine, &GENESIS, u32::MAX - 7, 2, u32::MAX);
        let all: Vec<u32> = (0..16u32)
            .map(|offset| (u32::MAX - 7).wrapping_add(offset))
            .collect();
        assert_eq!(found, all, "{engine}");
    }
}

#[test]
fn the_fastest_engine_is_there_and_measures_itself() {
    let engine = Engine::fastest();
    assert!(engine.is_available());
    assert!(engine.hashes_per_second(Duration::from_millis(20)) > 10_000);
    assert!(sha2_per_second(Duration::from_millis(20)) > 10_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_engine_finds_what_the_protocol_finds(
        header in prop::array::uniform32(any::<u8>()),
        rest in prop::collection::vec(any::<u8>(), 48),
        begin: u32,
        highest in 0u32..1 << 28,
    ) {
        let header: [u8; 80] = [&header[..], &rest].concat().try_into().unwrap();
        let expected = expected(header, begin, 32, highest);
        for engine in Engine::available() {
            let found = scanned(engine, &Head::new(&header), begin, 32, highest);
            prop_assert_eq!(&found, &expected, "{}", engine);
        }
    }
}
